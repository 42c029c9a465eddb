//! In which order tables become logged and unlogged: a logged table must not refer to an unlogged
//! one at any moment. Where tables refer to each other in a circle, no order will do, and the
//! foreign keys step aside.

use std::collections::HashSet;

use super::Table;
use crate::schema::{
    Key, Object, Snapshot,
    kind::{Column, Cx, ForeignKey, Kind, lineage},
};

/// Whether a table stays and becomes logged (or unlogged).
fn becomes(table: &Key, cx: &Cx<'_>) -> Option<bool> {
    let (old, new) = (cx.old.typed::<Table>(table)?, cx.new.typed::<Table>(table)?);
    (old.spec.unlogged != new.spec.unlogged && Table::is_kept(cx, table))
        .then_some(!new.spec.unlogged)
}

/// The tables that a foreign key refers to: the one it names, and its partitions.
fn targets(key: &Object, schema: &Snapshot) -> Vec<Key> {
    let own = (key.key.schema(), key.key.relation());
    let column = key
        .needs
        .iter()
        .find(|need| need.kind() == Column::ID && (need.schema(), need.relation()) != own);
    let mut tables: Vec<Key> = column.map(lineage::table_of).into_iter().collect();
    let mut at = 0;
    while let Some(table) = tables.get(at).cloned() {
        tables.extend(lineage::partitions(schema, &table).map(|(_, child)| child));
        at += 1;
    }
    tables
}

/// The foreign keys of a table, with what they refer to.
fn keys_of<'a>(
    table: &'a Key,
    schema: &'a Snapshot,
) -> impl Iterator<Item = (&'a Object, Vec<Key>)> {
    let (within, name) = (table.schema().unwrap_or_default(), table.base_name());
    schema.on_relation::<ForeignKey>(within, name).map(|it| (it.object, targets(it.object, schema)))
}

/// The foreign keys that refer to a table or to what it is a partition of, with their tables.
fn keys_to<'a>(table: &Key, schema: &'a Snapshot) -> Vec<(&'a Object, Key)> {
    let mut found = Vec::new();
    let mut next = Some(table);
    while let Some(table) = next {
        for column in schema.parts(table).filter(|o| o.key.kind() == Column::ID) {
            let keys = schema.dependents(&column.key).filter(|o| o.key.kind() == ForeignKey::ID);
            let others = keys.filter(|key| key.parent.as_ref() != Some(table));
            found.extend(others.filter_map(|key| Some((key.as_ref(), key.parent.clone()?))));
        }
        next = lineage::whole(schema, table);
    }
    found.dedup_by(|a, b| a.0.key == b.0.key);
    found
}

/// The tables that change in the same way after this one: what refers to one that becomes logged,
/// what one refers to that becomes unlogged.
pub(super) fn ahead_of(table: &Key, cx: &Cx<'_>) -> Vec<Key> {
    let Some(logged) = becomes(table, cx) else { return Vec::new() };
    let neighbours: Vec<Key> = if logged {
        keys_to(table, cx.old).into_iter().map(|(_, from)| from).collect()
    } else {
        keys_of(table, cx.old).flat_map(|(_, to)| to).collect()
    };
    let in_circle: HashSet<Key> = circles(table, cx).into_iter().map(|(_, other)| other).collect();
    let follows = |other: &Key| other != table && !in_circle.contains(other);
    neighbours.into_iter().filter(follows).filter(|o| becomes(o, cx) == Some(logged)).collect()
}

/// The foreign keys that have to step aside while the table changes.
pub(super) fn in_the_way(table: &Key, cx: &Cx<'_>) -> Vec<Key> {
    let mut found: Vec<Key> = circles(table, cx).into_iter().map(|(key, _)| key).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The foreign keys of a table and to it that lie on a circle of tables which change in one way,
/// each with the table at its other end.
fn circles(table: &Key, cx: &Cx<'_>) -> Vec<(Key, Key)> {
    let Some(logged) = becomes(table, cx) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, targets) in keys_of(table, cx.old) {
        for target in targets {
            if target != *table && reaches(&target, table, logged, cx) {
                found.push((uppermost(key, cx), target));
            }
        }
    }
    for (key, from) in keys_to(table, cx.old) {
        if from != *table && reaches(table, &from, logged, cx) {
            found.push((uppermost(key, cx), from));
        }
    }
    found
}

/// Whether foreign keys lead from one table to another by tables that change in this way.
fn reaches(from: &Key, to: &Key, logged: bool, cx: &Cx<'_>) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![from.clone()];
    while let Some(table) = open.pop() {
        if becomes(&table, cx) != Some(logged) || !seen.insert(table.clone()) {
            continue;
        }
        if table == *to {
            return true;
        }
        open.extend(keys_of(&table, cx.old).flat_map(|(_, targets)| targets));
    }
    false
}

/// The foreign key itself, or the partitioned table's that it comes from.
fn uppermost(key: &Object, cx: &Cx<'_>) -> Key {
    let above = key.needs.iter().find(|need| need.kind() == ForeignKey::ID);
    match above.and_then(|above| cx.old.get(above)) {
        Some(above) => uppermost(above, cx),
        None => key.key.clone(),
    }
}
