//! What relations of all kinds have alike: whose key a row of `pg_class` is, how they are renamed.

use super::{Call, MaterializedView, Swap, Table, View};
use crate::schema::{Key, Step, sql::ident};

/// The key of the relation of this `relkind` (as text): table, view or materialized view.
pub(super) fn relation_key(relkind: &str, schema: &str, name: &str) -> Key {
    match relkind {
        "v" => View::key(schema, name),
        "m" => MaterializedView::key(schema, name),
        _ => Table::key(schema, name),
    }
}

/// The exchange of a relation without rows of its own, whose row type columns have.
pub(super) fn aside(call: &Call, key: &Key, temporary: &str) -> Swap {
    let to = Key::in_schema(key.kind(), key.schema().unwrap_or_default(), temporary);
    let drop = Step::new(key, format!("DROP {} {}", call.noun, to.sql()));
    Swap { aside: rename(call, key, &to), drop: vec![drop], ..Swap::default() }
}

/// Moves and renames an object that stands in a schema to the schema and name in `to`.
pub(super) fn rename(call: &Call, from: &Key, to: &Key) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut name = call.name.clone();
    if from.schema() != to.schema()
        && let Some(schema) = to.schema()
    {
        let schema = ident(schema);
        steps.push(Step::new(from, format!("ALTER {call} SET SCHEMA {schema}")));
        let own = from.schema().map(|s| format!("{}.", ident(s))).unwrap_or_default();
        let rest = name.strip_prefix(&own).unwrap_or(&name);
        name = format!("{schema}.{rest}");
    }
    if from.base_name() != to.base_name() {
        let new = ident(to.base_name());
        steps.push(Step::new(from, format!("ALTER {} {name} RENAME TO {new}", call.noun)));
    }
    steps
}
