//! Event triggers. They fire on what a plan does as on anything else, so they are made last and
//! dropped first.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind, trigger::Fires};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, literal},
};

/// An event trigger.
#[derive(Debug)]
pub struct EventTrigger;

/// Attributes of an event trigger.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `ddl_command_end`.
    pub event: String,
    /// The commands it is for; empty for all.
    pub tags: Vec<String>,
    /// The function, as SQL.
    pub function: String,
    /// When it fires.
    pub fires: Fires,
}

impl Kind for EventTrigger {
    type Spec = Spec;

    const ID: KindId = KindId("event trigger");
    const CATALOG: &'static str = "pg_event_trigger";
    const WEIGHT: u16 = 800;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT e.tableoid, e.oid, e.evtname::text, r.rolname::text, e.evtevent::text,
                coalesce(e.evttags, '{}'),
                quote_ident(n.nspname) || '.' || quote_ident(p.proname), e.evtenabled::text
           FROM pg_event_trigger e
           JOIN pg_roles r ON r.oid = e.evtowner
           JOIN pg_proc p ON p.oid = e.evtfoid
           JOIN pg_namespace n ON n.oid = p.pronamespace"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            event: row.try_get(4)?,
            tags: row.try_get(5)?,
            function: row.try_get(6)?,
            fires: Fires::read(row.try_get(7)?),
        };
        let key = Key::global(Self::ID, row.try_get::<_, String>(2)?);
        Ok(Found::new(at, key, spec).owner(row.try_get(3)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("EVENT TRIGGER", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { event, tags, function, fires: _ } = new.spec;
        let mut sql = format!("CREATE {} ON {}", Self::address(new), ident(event));
        if !tags.is_empty() {
            let tags: Vec<_> = tags.iter().map(|tag| literal(tag)).collect();
            sql += &format!("\n    WHEN TAG IN ({})", tags.join(", "));
        }
        sql += &format!("\n    EXECUTE FUNCTION {function}()");
        let mut steps = vec![Step::new(&new.key, sql)];
        steps.extend(state(new, Fires::Origin));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { event, tags, function, fires: _ } = new.spec;
        let same =
            *event == old.spec.event && *tags == old.spec.tags && *function == old.spec.function;
        if same {
            Alter::InPlace(state(new, old.spec.fires).into_iter().collect())
        } else {
            Alter::Replace
        }
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}

/// What makes it fire as it should, when it fires as `now`.
fn state(it: Obj<'_, Spec>, now: Fires) -> Option<Step> {
    let sql = format!("ALTER {} {}", EventTrigger::address(it), it.spec.fires.verb());
    (it.spec.fires != now).then(|| Step::new(&it.key, sql))
}
