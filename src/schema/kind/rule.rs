//! Rewrite rules of tables and views, except the one that is a view's query.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind, relation::relation_key, trigger::Fires};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A rule.
#[derive(Debug)]
pub struct Rule;

/// Attributes of a rule.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `INSERT`, `UPDATE`, `DELETE`, `SELECT`.
    pub event: String,
    /// What follows the relation's name: condition and actions.
    pub action: String,
    /// When it fires.
    pub fires: Fires,
}

/// The event and what follows the relation's name in what `pg_get_ruledef` prints. Name and
/// relation are as the server quotes them.
fn parts(definition: &str, name: &str, relation: &str) -> (String, String) {
    let text = definition.trim_end().trim_end_matches(';');
    let head = format!("CREATE RULE {name} AS");
    let rest = text.strip_prefix(&head).unwrap_or(text).trim_start();
    let rest = rest.strip_prefix("ON ").unwrap_or(rest);
    let (event, rest) = rest.split_once(" TO ").unwrap_or((rest, ""));
    let action = rest.strip_prefix(relation).unwrap_or(rest);
    (event.to_owned(), action.to_owned())
}

impl Kind for Rule {
    type Spec = Spec;

    const ID: KindId = KindId("rule");
    const CATALOG: &'static str = "pg_rewrite";
    const WEIGHT: u16 = 170;
    const DIES_WITH_PARENT: bool = true;
    const DETACHABLE: bool = true;
    const PINS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT w.tableoid, w.oid, n.nspname::text, c.relname::text, w.rulename::text,
                c.relkind::text, pg_get_ruledef(w.oid), w.ev_enabled::text,
                quote_ident(w.rulename), quote_ident(n.nspname) || '.' || quote_ident(c.relname)
           FROM pg_rewrite w
           JOIN pg_class c ON c.oid = w.ev_class
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE w.rulename <> '_RETURN' AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, relation, name): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let (event, action) = parts(row.try_get(6)?, row.try_get(8)?, row.try_get(9)?);
        let spec = Spec { event, action, fires: Fires::read(row.try_get(7)?) };
        Ok(Found::new(at, Key::on(Self::ID, schema, relation, name), spec).parent(relation_key(
            row.try_get(5)?,
            schema,
            relation,
        )))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = ident(it.key.base_name());
        Call::new("RULE", format!("{name} ON {}", it.key.relation_sql()))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let mut steps = vec![define("CREATE", new)];
        steps.extend(state(new, Fires::Origin));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { event, action, fires: _ } = new.spec;
        let mut steps = Vec::new();
        if *event != old.spec.event || *action != old.spec.action {
            // Replaced, it fires as it did.
            steps.push(define("CREATE OR REPLACE", new));
        }
        steps.extend(state(new, old.spec.fires));
        Alter::InPlace(steps)
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}

fn define(verb: &str, it: Obj<'_, Spec>) -> Step {
    let Spec { event, action, fires: _ } = it.spec;
    let (name, relation) = (ident(it.key.base_name()), it.key.relation_sql());
    let space = if action.starts_with(char::is_whitespace) { "" } else { " " };
    Step::new(
        &it.key,
        format!("{verb} RULE {name} AS\n    ON {event} TO {relation}{space}{action}"),
    )
}

/// What makes it fire as it should, when it fires as `now`.
fn state(it: Obj<'_, Spec>, now: Fires) -> Option<Step> {
    let (relation, name) = (it.key.relation_sql(), ident(it.key.base_name()));
    let fires = it.spec.fires;
    let sql = format!("ALTER TABLE {relation} {} RULE {name}", fires.verb());
    (fires != now).then(|| Step::new(&it.key, sql))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_taken_apart() {
        let (event, action) = parts(
            "CREATE RULE \"r TO x\" AS\n    ON UPDATE TO public.v\n   WHERE (new.a > 1) DO \
             INSTEAD  UPDATE public.t SET a = new.a;",
            "\"r TO x\"",
            "public.v",
        );
        assert_eq!(event, "UPDATE");
        assert_eq!(action, "\n   WHERE (new.a > 1) DO INSTEAD  UPDATE public.t SET a = new.a");
    }
}
