//! Who stands under whom: what tables, columns and their parts ask about parents and children.
//!
//! PostgreSQL carries a change of a parent's column down to its children. Only the topmost table
//! that changes gets a statement then; the others have it done to them ("led"), as long as they
//! stay under that parent while the plan runs.

use super::{
    Column, Cx, Inheritance, Kind, Partition, Table, Type, foreign_key, inheritance, partition,
};
use crate::schema::{Key, Object, Snapshot};

/// The places of a table under its parents.
pub(super) fn links<'a>(
    schema: &'a Snapshot,
    child: &'a Key,
) -> impl Iterator<Item = (&'a Object, &'a Key)> {
    let (within, name) = (child.schema().unwrap_or_default(), child.base_name());
    let partition = schema.on_relation::<Partition>(within, name);
    let inheritance = schema.on_relation::<Inheritance>(within, name);
    partition
        .map(|link| (link.object, &link.spec.parent))
        .chain(inheritance.map(|link| (link.object, &link.spec.parent)))
}

/// The parents that a table inherits from, in order; not the one it is a partition of.
pub(super) fn parents(schema: &Snapshot, child: &Object) -> Vec<Key> {
    let (within, name) = (child.key.schema().unwrap_or_default(), child.key.base_name());
    let mut links: Vec<_> = schema.on_relation::<Inheritance>(within, name).collect();
    links.sort_by_key(|link| link.ordinal);
    links.into_iter().map(|link| link.spec.parent.clone()).collect()
}

/// The tables under a parent, with their places.
pub(super) fn children<'a>(
    schema: &'a Snapshot,
    parent: &Key,
) -> impl Iterator<Item = (&'a Object, Key)> + use<'a> {
    let parent = parent.clone();
    schema.dependents(&parent.clone()).filter_map(move |link| {
        let above = match link.spec::<partition::Spec>() {
            Some(place) => &place.parent,
            None => &link.spec::<inheritance::Spec>()?.parent,
        };
        let child = Table::key(link.key.schema()?, link.key.relation()?);
        (*above == parent).then_some((link.as_ref(), child))
    })
}

/// The partitions of a table, with their places.
pub(super) fn partitions<'a>(
    schema: &'a Snapshot,
    whole: &Key,
) -> impl Iterator<Item = (&'a Object, Key)> + use<'a> {
    children(schema, whole).filter(|(place, _)| place.key.kind() == Partition::ID)
}

/// Whether a place is in both schemas, the same, and both tables are kept.
fn stays(cx: &Cx<'_>, link: &Object, parent: &Key, child: &Key) -> bool {
    let same = |other: &std::sync::Arc<Object>| other.spec.same(link.spec.as_ref());
    cx.old.get(&link.key).is_some_and(same)
        && cx.new.get(&link.key).is_some_and(same)
        && !(cx.built)(&link.key)
        && Table::is_kept(cx, parent)
        && Table::is_kept(cx, child)
}

/// The place under a parent that a table leaves, for good or for a while.
pub(super) fn left(cx: &Cx<'_>, child: &Key, parent: &Key) -> Option<Key> {
    let leaves = |link: &Object| !cx.new.contains(&link.key) || (cx.built)(&link.key);
    links(cx.old, child)
        .find(|(link, above)| *above == parent && leaves(link))
        .map(|(link, _)| link.key.clone())
}

/// Whether a parent that has the column in the new schema stays above the table all the while, and
/// so gives it what it has in the old schema or is going to get.
pub(super) fn has_standing_parent(cx: &Cx<'_>, child: &Key, column: &str) -> bool {
    let (within, name) = (child.schema().unwrap_or_default(), child.base_name());
    cx.old.on_relation::<Inheritance>(within, name).any(|old| {
        let parent = &old.spec.parent;
        let (schema, table) = (parent.schema().unwrap_or_default(), parent.base_name());
        let above = Column::key(schema, table, column);
        let stays = cx
            .new
            .typed::<Inheritance>(&old.key)
            .is_some_and(|new| !Inheritance::moves(&old.spec.after, &new.spec.after));
        stays && cx.new.contains(&above) && Table::is_kept(cx, parent)
    })
}

/// The columns of parents that a column comes from.
pub(super) fn parent_columns(column: &Object) -> impl Iterator<Item = &Key> {
    column.needs.iter().filter(|need| {
        need.kind() == Column::ID
            && need.base_name() == column.key.base_name()
            && (need.schema(), need.relation()) != (column.key.schema(), column.key.relation())
    })
}

/// The table that a column stands on.
pub(super) fn table_of(column: &Key) -> Key {
    Table::key(column.schema().unwrap_or_default(), column.relation().unwrap_or_default())
}

/// The columns of parents that are kept above this one all the while.
pub(super) fn standing<'a>(cx: &Cx<'_>, column: &'a Object) -> impl Iterator<Item = &'a Key> {
    let child = table_of(&column.key);
    parent_columns(column).filter(move |above| {
        let parent = table_of(above);
        links(cx.old, &child).any(|(link, its)| *its == parent && stays(cx, link, &parent, &child))
    })
}

/// The column of a parent, kept above this one all the while, that makes `does` true.
pub(super) fn led<'a>(
    cx: &Cx<'_>,
    column: &'a Object,
    does: impl Fn(&Key) -> bool,
) -> Option<&'a Key> {
    standing(cx, column).find(|above| does(above))
}

/// The columns of the same name in the tables that stay under the column's own.
pub(super) fn columns_below(cx: &Cx<'_>, column: &Key) -> Vec<Key> {
    let parent = table_of(column);
    children(cx.old, &parent)
        .filter(|(link, child)| stays(cx, link, &parent, child))
        .map(|(_, child)| {
            let (schema, table) = (child.schema().unwrap_or_default(), child.base_name());
            Column::key(schema, table, column.base_name())
        })
        .collect()
}

/// Whether a table has others under it, in the old schema or the new one.
pub(super) fn has_children(cx: &Cx<'_>, table: &Key) -> bool {
    children(cx.old, table).next().is_some() || children(cx.new, table).next().is_some()
}

/// The table that a table is a partition of.
pub(super) fn whole<'a>(schema: &'a Snapshot, partition: &'a Key) -> Option<&'a Key> {
    let (within, name) = (partition.schema().unwrap_or_default(), partition.base_name());
    schema.on_relation::<Partition>(within, name).map(|place| &place.spec.parent).next()
}

/// Whether a column elsewhere, which stays, has rows of a table as its values: PostgreSQL adds no
/// column with a default to such a table.
pub(super) fn is_row_type(cx: &Cx<'_>, table: &Key) -> bool {
    cx.old.of_kind::<Column>().any(|column| {
        column.parent.as_ref() != Some(table)
            && column.needs.contains(table)
            && cx.new.contains(&column.key)
    })
}

/// Whether a foreign key refers to a table, or to one that it is a partition of.
pub(super) fn is_referred_to(schema: &Snapshot, table: &Key) -> bool {
    let refers = format!("REFERENCES {}(", table.sql());
    // It needs the columns that it refers to.
    let keys = schema.parts(table).flat_map(|part| schema.dependents(&part.key));
    keys.filter_map(|key| key.spec::<foreign_key::Spec>())
        .any(|key| key.definition.contains(&refers))
        || whole(schema, table).is_some_and(|whole| is_referred_to(schema, whole))
}

/// Whether columns elsewhere store rows of a table, whose columns cannot change their types then.
pub(super) fn rows_are_stored(cx: &Cx<'_>, table: &Key) -> bool {
    cx.old.dependents(table).filter(|other| other.key.kind() == Column::ID).any(|other| {
        other.parent.as_ref().is_some_and(|parent| match parent.kind() {
            Type::ID => Type::stored(parent, cx),
            _ => parent != table,
        })
    })
}
