//! How a table that cannot change in place is exchanged: a new one is made beside it, takes the
//! rows over, and the old one goes. This is how a plain table comes to be partitioned.

use super::{Spec, Table};
use crate::schema::{
    Key, Obj, Snapshot, Step, cast,
    kind::{Column, Cx, Identity, Kind, Partition, Swap, Type, backing, lineage},
    sql::{ident, literal, qualified},
};

/// The exchange of a table.
pub(super) fn swap(
    old: Obj<'_, Spec>,
    new: Obj<'_, Spec>,
    temporary: &str,
    cx: &Cx<'_>,
) -> Option<Swap> {
    if old.spec.foreign.is_some() || new.spec.foreign.is_some() {
        return None;
    }
    let key = &new.key;
    let (schema, name) = (key.schema()?, key.base_name());
    let aside = qualified(schema, temporary);
    let mut renames = Vec::new();
    // The new one takes its place in the whole, where there is room for one only, and each that is
    // exchanged takes its own rows over; what happens to the columns of a parent meanwhile must not
    // happen to rows that are still to be carried over.
    let mut severs: Vec<Key> = Vec::new();
    for (link, parent) in lineage::links(cx.old, key) {
        if link.key.kind() == Partition::ID {
            let (whole, part) = (parent.sql(), key.sql());
            let sql = format!("ALTER TABLE ONLY {whole} DETACH PARTITION {part}");
            renames.push(Step::new(key, sql));
            // The new one's indexes have the same names.
            renames.extend(backing::detached(key, key, cx, &|_| true));
        } else if Table::is_kept(cx, parent) {
            let sql = format!("ALTER TABLE {} NO INHERIT {}", key.sql(), parent.sql());
            renames.push(Step::new(key, sql));
        } else {
            continue;
        }
        severs.push(parent.clone());
    }
    let rename = format!("ALTER TABLE {} RENAME TO {}", key.sql(), ident(temporary));
    renames.push(Step::new(key, rename));
    let mut carry = Vec::new();
    let columns = columns(&aside, old, new, cx);
    if !columns.is_empty() {
        carry.push(Step::new(key, columns));
    }
    for identity in cx.old.on_relation::<Identity>(schema, name) {
        // The new table's sequence may want the name of the old one's.
        let sequence = qualified(schema, &identity.spec.sequence);
        let kept = sequence_aside(&identity.spec.sequence);
        let sql = format!("ALTER SEQUENCE {sequence} RENAME TO {}", ident(&kept));
        renames.push(Step::new(key, sql));
        if let Some(after) = cx.new.typed::<Identity>(&identity.key) {
            carry.push(Step::new(
                key,
                format!(
                    "SELECT pg_catalog.setval({}, last_value, is_called) FROM {}",
                    literal(&qualified(schema, &after.spec.sequence)),
                    qualified(schema, &kept)
                ),
            ));
        }
    }
    let lost: Vec<_> = cx
        .old
        .on_relation::<Column>(schema, name)
        .filter(|c| c.spec.generated.is_none() && !cx.new.contains(&c.key))
        .map(|c| format!("the values of {}", c.key))
        .collect();
    let mut drop = Step::new(key, format!("DROP TABLE {aside}"));
    if !lost.is_empty() {
        drop = drop.loses(lost.join(" and "));
    }
    Some(Swap {
        aside: renames,
        carry,
        carry_after: places(cx.new, key),
        carry_before: emptied(cx, key),
        severs,
        drop: vec![drop],
    })
}

/// Whether a partition that goes gives its rows to the table that stands for its parent.
pub(super) fn is_emptied(table: &Key, cx: &Cx<'_>) -> bool {
    let (schema, name) = (table.schema().unwrap_or_default(), table.base_name());
    cx.old.on_relation::<Partition>(schema, name).any(|link| {
        let parent = &link.spec.parent;
        let exchanged = cx.old.typed::<Table>(parent).zip(cx.new.typed::<Table>(parent));
        match exchanged {
            Some((a, b)) => {
                (cx.built)(parent) && Table::must_be_replaced(parent, a.spec, b.spec, cx)
            }
            None => is_emptied(parent, cx),
        }
    })
}

/// `INSERT … SELECT` of the columns that both tables have; empty when they share none.
fn columns(aside: &str, old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> String {
    let (schema, name) = (new.key.schema().unwrap_or_default(), new.key.base_name());
    let mut shared: Vec<_> = cx
        .new
        .on_relation::<Column>(schema, name)
        .filter(|column| column.spec.generated.is_none())
        .filter_map(|column| Some((column, cx.old.typed::<Column>(&column.key)?)))
        .collect();
    if shared.is_empty() {
        return String::new();
    }
    shared.sort_by_key(|(column, _)| column.ordinal);
    let names: Vec<_> = shared.iter().map(|(c, _)| ident(c.key.base_name())).collect();
    let values: Vec<_> = shared
        .iter()
        .map(|(new, old)| {
            let column = ident(new.key.base_name());
            let (from, to) = (&old.spec.r#type, &new.spec.r#type);
            if from == to && old.needs.iter().any(|need| Type::is_changed(need, cx)) {
                return cast::through_text(&column, to);
            }
            cast::using(&column, from, to, &|name| Column::below_domain(name, cx)).unwrap_or(column)
        })
        .collect();
    let always = cx.new.on_relation::<Identity>(schema, name).any(|i| i.spec.always);
    let overriding = if always { "\n    OVERRIDING SYSTEM VALUE" } else { "" };
    // Heirs keep their rows; partitions give theirs if they go with the whole.
    let only = if old.spec.partition_by.is_some() { "" } else { "ONLY " };
    format!(
        "INSERT INTO {} ({}){overriding}\n    SELECT {} FROM {only}{aside}",
        new.key.sql(),
        names.join(", "),
        values.join(", ")
    )
}

/// The places of all partitions below a table.
fn places(schema: &Snapshot, table: &Key) -> Vec<Key> {
    let mut found = Vec::new();
    for (place, child) in lineage::partitions(schema, table) {
        found.push(place.key.clone());
        found.extend(places(schema, &child));
    }
    found
}

/// The tables of all partitions below a table that go.
fn emptied(cx: &Cx<'_>, table: &Key) -> Vec<Key> {
    let mut found = Vec::new();
    for (_, child) in lineage::partitions(cx.old, table) {
        if !cx.new.contains(&child) {
            found.extend(emptied(cx, &child));
            found.push(child);
        }
    }
    found
}

/// The name of an old identity's sequence while the new one has its name.
fn sequence_aside(name: &str) -> String {
    let mut end = name.len().min(50);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_old", &name[..end])
}
