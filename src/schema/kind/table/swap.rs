//! How a table that cannot change in place is exchanged: a new one is made beside it, takes the
//! rows over, and the old one goes. This is how a plain table comes to be partitioned.

use super::{Spec, Table};
use crate::schema::{
    Key, Obj, Snapshot, Step, cast,
    kind::{
        Column, Cx, Identity, Kind, Partition, Swap, Type, backing, carry, lineage, relation,
        succession,
    },
    sql::{ident, qualified},
};

/// The exchange of a table.
pub(super) fn swap(
    old: Obj<'_, Spec>,
    new: Obj<'_, Spec>,
    temporary: &str,
    cx: &Cx<'_>,
) -> Option<Swap> {
    let key = &new.key;
    // It has no rows, but columns elsewhere may have its type.
    if old.spec.foreign.is_some() {
        return Some(relation::aside(&Table::address(old), key, temporary));
    }
    if new.spec.foreign.is_some() {
        return None;
    }
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
    carry.extend(rows(&aside, old, new, cx));
    let values = succession::of_exchanged(key, cx);
    renames.extend(values.aside);
    carry.extend(values.carry);
    let lost: Vec<_> = cx
        .old
        .on_relation::<Column>(schema, name)
        .filter(|c| c.spec.generated.is_none() && !cx.new.contains(&c.key))
        .map(|c| format!("the values of {}", c.key))
        .chain(values.lost)
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

/// `INSERT … SELECT` of the columns that both tables have; where they share none, of rows that have
/// the new one's defaults.
fn rows(aside: &str, old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
    let (schema, name) = (new.key.schema().unwrap_or_default(), new.key.base_name());
    let mut shared: Vec<_> = cx
        .new
        .on_relation::<Column>(schema, name)
        .filter(|column| column.spec.generated.is_none())
        .filter_map(|column| Some((column, cx.old.typed::<Column>(&column.key)?)))
        .collect();
    shared.sort_by_key(|(column, _)| column.ordinal);
    let names: Vec<_> = shared.iter().map(|(c, _)| ident(c.key.base_name())).collect();
    let (mut steps, mut again) = (Vec::new(), Vec::new());
    let mut values = Vec::new();
    for (new, old) in &shared {
        let column = ident(new.key.base_name());
        let (from, to) = (&old.spec.r#type, &new.spec.r#type);
        let element = from.trim_end_matches("[]");
        let exchanged =
            |need: &Key| Type::is_changed(need, cx) || need.sql() == element && (cx.built)(need);
        if from == to && old.needs.iter().any(exchanged) {
            let carry = carry::carry(old.object, new.object, &column, to, cx);
            steps.extend(carry.before);
            values.push(carry.expression);
            again.extend(carry.after);
            continue;
        }
        let base = |name: &str| Column::below_domain(name, cx);
        values.push(cast::using(&column, from, to, &base).unwrap_or(column));
    }
    let always = cx.new.on_relation::<Identity>(schema, name).any(|i| i.spec.always);
    let overriding = if always { "\n    OVERRIDING SYSTEM VALUE" } else { "" };
    // Heirs keep their rows; partitions give theirs if they go with the whole.
    let only = if old.spec.partition_by.is_some() { "" } else { "ONLY " };
    let to = new.key.sql();
    let into = if names.is_empty() { to } else { format!("{to} ({})", names.join(", ")) };
    let list = if values.is_empty() { String::new() } else { format!(" {}", values.join(", ")) };
    let sql = format!("INSERT INTO {into}{overriding}\n    SELECT{list} FROM {only}{aside}");
    steps.push(Step::new(&new.key, sql));
    steps.extend(again);
    steps
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
