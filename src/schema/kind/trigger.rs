//! Triggers on tables and views, and whether they fire.
//!
//! A trigger on a partitioned table has a clone on each partition; those are made by PostgreSQL
//! and differ in one thing only, whether they fire: see [`PartitionTrigger`].

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind, Table, relation::relation_key, routine::marks};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A trigger.
#[derive(Debug)]
pub struct Trigger;

/// Attributes of a trigger.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// A constraint trigger, which can be deferred.
    pub constraint: bool,
    /// `BEFORE INSERT OR UPDATE OF email`.
    pub events: String,
    /// What follows the relation's name: `FOR EACH ROW EXECUTE FUNCTION public.f()`.
    pub action: String,
    /// When it fires.
    pub fires: Fires,
}

/// When a trigger or a rule fires, by `session_replication_role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fires {
    /// Unless the session replays what another server did; the usual state.
    Origin,
    /// Only when the session does so.
    Replica,
    /// In both.
    Always,
    /// Never.
    Disabled,
}

impl Fires {
    /// Reads `O`, `R`, `A`, `D`.
    pub(super) fn read(letter: &str) -> Self {
        match letter {
            "R" => Self::Replica,
            "A" => Self::Always,
            "D" => Self::Disabled,
            _ => Self::Origin,
        }
    }

    /// `ENABLE REPLICA`, or what else `ALTER TABLE … TRIGGER` takes before the noun.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Origin => "ENABLE",
            Self::Replica => "ENABLE REPLICA",
            Self::Always => "ENABLE ALWAYS",
            Self::Disabled => "DISABLE",
        }
    }
}

impl Serialize for Fires {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Origin => "origin",
            Self::Replica => "replica",
            Self::Always => "always",
            Self::Disabled => "disabled",
        })
    }
}

/// Takes a definition apart: whether it is a constraint trigger, the events, the action. Name and
/// relation are as the server quotes them.
fn parts(definition: &str, name: &str, relation: &str) -> (bool, String, String) {
    let rest = definition.strip_prefix("CREATE ").unwrap_or(definition);
    let (constraint, rest) = match rest.strip_prefix("CONSTRAINT ") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.strip_prefix("TRIGGER ").unwrap_or(rest);
    let rest = rest.strip_prefix(name).unwrap_or(rest).trim_start();
    let on = format!(" ON {relation} ");
    let (events, action) = rest.split_once(&on).unwrap_or((rest, ""));
    (constraint, events.to_owned(), action.to_owned())
}

impl Kind for Trigger {
    type Spec = Spec;

    const ID: KindId = KindId("trigger");
    const CATALOG: &'static str = "pg_trigger";
    const WEIGHT: u16 = 180;
    const DIES_WITH_PARENT: bool = true;
    const DETACHABLE: bool = true;
    const PINS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT t.tableoid, t.oid, n.nspname::text, c.relname::text, t.tgname::text,
                c.relkind::text, pg_get_triggerdef(t.oid, false), t.tgenabled::text,
                'pg_constraint'::regclass::oid, nullif(t.tgconstraint, 0), quote_ident(t.tgname),
                quote_ident(n.nspname) || '.' || quote_ident(c.relname)
           FROM pg_trigger t
           JOIN pg_class c ON c.oid = t.tgrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, relation, name): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let (constraint, events, action) =
            parts(row.try_get(6)?, row.try_get(10)?, row.try_get(11)?);
        let spec = Spec { constraint, events, action, fires: Fires::read(row.try_get(7)?) };
        let class = row.try_get(8)?;
        let object: Option<u32> = row.try_get(9)?;
        Ok(Found::new(at, Key::on(Self::ID, schema, relation, name), spec)
            .parent(relation_key(row.try_get(5)?, schema, relation))
            .also(object.map(|object| Address::new(class, object))))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = ident(it.key.base_name());
        Call::new("TRIGGER", format!("{name} ON {}", it.key.relation_sql()))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let mut steps = vec![define("CREATE", new)];
        steps.extend(state(new, Fires::Origin));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { constraint, events, action, fires: _ } = new.spec;
        let same = *constraint == old.spec.constraint
            && *events == old.spec.events
            && *action == old.spec.action;
        if same {
            return Alter::InPlace(state(new, old.spec.fires).into_iter().collect());
        }
        // Replaced in place, the clones on partitions would fire in the usual way again.
        let table = new.parent.as_ref().and_then(|table| cx.old.typed::<Table>(table));
        let cloned = table.is_some_and(|table| table.spec.partition_by.is_some());
        if *constraint || old.spec.constraint || cloned || cx.version() < 140_000 {
            return Alter::Replace;
        }
        // Replaced, it fires in the usual way again.
        let mut steps = vec![define("CREATE OR REPLACE", new)];
        steps.extend(state(new, Fires::Origin));
        steps.extend(marks(old.object, new.object, &Self::address(new)));
        Alter::InPlace(steps)
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}

fn define(verb: &str, it: Obj<'_, Spec>) -> Step {
    let Spec { constraint, events, action, fires: _ } = it.spec;
    let constraint = if *constraint { "CONSTRAINT " } else { "" };
    let name = ident(it.key.base_name());
    let relation = it.key.relation_sql();
    Step::new(&it.key, format!("{verb} {constraint}TRIGGER {name} {events} ON {relation} {action}"))
}

/// What makes it fire as it should, when it fires as `now`.
fn state(it: Obj<'_, Spec>, now: Fires) -> Option<Step> {
    (it.spec.fires != now).then(|| switch(&it.key, it.spec.fires))
}

fn switch(key: &Key, fires: Fires) -> Step {
    let (relation, name) = (key.relation_sql(), ident(key.base_name()));
    Step::new(key, format!("ALTER TABLE {relation} {} TRIGGER {name}", fires.verb()))
}

/// The clone of a trigger on a partition, made and dropped by PostgreSQL: only whether it fires is
/// its own.
#[derive(Debug)]
pub struct PartitionTrigger;

/// Attributes of a trigger's clone.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct PartitionSpec {
    /// When it fires.
    pub fires: Fires,
    /// When the trigger that it was cloned from fires.
    pub original: Fires,
}

impl Kind for PartitionTrigger {
    type Spec = PartitionSpec;

    const ID: KindId = KindId("partition trigger");
    const CATALOG: &'static str = "pg_trigger";
    const WEIGHT: u16 = 181;
    const DIES_WITH_PARENT: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        // Until 14, clones are marked as internal; so are those of foreign keys, in all versions.
        let own = if version >= 150_000 { "NOT t.tgisinternal" } else { "t.tgconstraint = 0" };
        format!(
            "SELECT t.tableoid, t.oid, n.nspname::text, c.relname::text, t.tgname::text,
                    c.relkind::text, t.tgenabled::text, o.tgenabled::text
               FROM pg_trigger t
               JOIN pg_trigger o ON o.oid = t.tgparentid
               JOIN pg_class c ON c.oid = t.tgrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE {own} AND c.relpersistence <> 't'
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<PartitionSpec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, relation, name): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let spec = PartitionSpec {
            fires: Fires::read(row.try_get(6)?),
            original: Fires::read(row.try_get(7)?),
        };
        Ok(Found::new(at, Key::on(Self::ID, schema, relation, name), spec).parent(relation_key(
            row.try_get(5)?,
            schema,
            relation,
        )))
    }

    fn address(it: Obj<'_, PartitionSpec>) -> Call {
        let name = ident(it.key.base_name());
        Call::new("TRIGGER", format!("{name} ON {}", it.key.relation_sql()))
    }

    fn create(new: Obj<'_, PartitionSpec>, _: &Cx<'_>) -> Vec<Step> {
        // A clone of a trigger that exists fires as that does; one that was made together with its
        // original fires as usual until the original is switched, which switches both.
        let PartitionSpec { fires, original } = new.spec;
        (fires != original).then(|| switch(&new.key, *fires)).into_iter().collect()
    }

    fn alter(old: Obj<'_, PartitionSpec>, new: Obj<'_, PartitionSpec>, _: &Cx<'_>) -> Alter {
        let PartitionSpec { fires, original } = new.spec;
        // Switching the original has switched it too.
        let follows = fires == original && *original != old.spec.original;
        let step = (!follows).then(|| switch(&new.key, *fires));
        Alter::InPlace(step.into_iter().collect())
    }

    fn drop(_: Obj<'_, PartitionSpec>, _: &Cx<'_>) -> Vec<Step> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_taken_apart() {
        let (constraint, events, action) = parts(
            "CREATE CONSTRAINT TRIGGER \"T 1\" AFTER UPDATE OF a, \"x ON y\" ON public.t FROM \
             public.u DEFERRABLE FOR EACH ROW EXECUTE FUNCTION public.f(' ON public.t ')",
            "\"T 1\"",
            "public.t",
        );
        assert!(constraint);
        assert_eq!(events, "AFTER UPDATE OF a, \"x ON y\"");
        assert_eq!(
            action,
            "FROM public.u DEFERRABLE FOR EACH ROW EXECUTE FUNCTION public.f(' ON public.t ')"
        );
    }
}
