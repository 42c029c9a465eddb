//! Generated columns: what they are computed from, and how they follow the columns they read.
//!
//! PostgreSQL refuses to change the type of a column that a generated one reads. From 17 on the
//! generated one may let go of it for that time (`SET EXPRESSION`); else it is made again, which
//! loses nothing but its place.

use serde::Serialize;

use super::{Column, Spec, table};
use crate::schema::{
    Key, Obj, Snapshot, Step, cast,
    kind::{Constraint, Cx, Publication, PublicationSchema, PublicationTable, constraint, lineage},
    sql::ident,
    step::Group,
};

/// `GENERATED ALWAYS AS (…)`.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Generated {
    /// The expression, as `pg_get_expr` prints it.
    pub expression: String,
    /// Computed when it is read (18 and later), not when it is written.
    pub r#virtual: bool,
}

/// Computes a column from something else.
pub(super) fn set(column: Obj<'_, Spec>, expression: &str) -> Step {
    let name = ident(column.key.base_name());
    let clause = format!("ALTER COLUMN {name} SET EXPRESSION AS ({expression})");
    Step::clause(&column.key, table(column), Group::Alone, clause)
}

/// Whether `SET EXPRESSION` will do: PostgreSQL has it from 17 on, and refuses it for a virtual
/// column that a check or a publication might look at.
pub(super) fn settable(column: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    if cx.version() < 17_00_00 {
        return false;
    }
    if !column.spec.generated.as_ref().is_some_and(|g| g.r#virtual) {
        return true;
    }
    let (schema, table) =
        (column.key.schema().unwrap_or_default(), column.key.relation().unwrap_or_default());
    let looked_at = |of: &Snapshot| {
        let mut constraints = of.on_relation::<Constraint>(schema, table);
        constraints.any(|it| it.spec.sort == constraint::Sort::Check)
            || of.on_relation::<PublicationTable>(schema, table).next().is_some()
            || of.of_kind::<PublicationSchema>().any(|it| it.key.schema() == Some(schema))
            || of.of_kind::<Publication>().any(|it| it.spec.all_tables)
    };
    !looked_at(cx.old) && !looked_at(cx.new)
}

/// Whether the new type of a generated column cannot be had in place: its values do not become it
/// by themselves, or what it is computed from changes at the same time.
pub(super) fn must_be_made_again(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    if new.spec.generated.is_none() {
        return false;
    }
    let base = |name: &str| Column::below_domain(name, cx);
    cast::using("", &old.spec.r#type, &new.spec.r#type, &base).is_some()
        || old.needs.iter().any(|key| {
            let old = cx.old.typed::<Column>(key);
            let new = cx.new.typed::<Column>(key);
            old.zip(new).is_some_and(|(old, new)| retypes(old, new))
        })
}

/// Whether a generated column lets go of `base` while the type of that changes, and takes it up
/// again. Said only where nothing else can happen to it meanwhile.
pub(super) fn lets_go(old: Obj<'_, Spec>, new: Obj<'_, Spec>, base: &Key, cx: &Cx<'_>) -> bool {
    let whole = lineage::table_of(&old.key);
    let on_table = |key: &Key| *key == whole;
    let by_itself = |key: &Key| {
        let (Some(was), Some(is)) = (cx.old.typed::<Column>(key), cx.new.typed::<Column>(key))
        else {
            return false;
        };
        lineage::table_of(key) == whole
            && if key == base {
                retypes(was, is)
            } else {
                !retypes(was, is) && was.needs.iter().all(on_table)
            }
    };
    old.needs.contains(base)
        && !retypes(old, new)
        && is_virtual(old).is_some()
        && is_virtual(old) == is_virtual(new)
        && settable(new, cx)
        && old.needs.iter().all(|key| on_table(key) || by_itself(key))
}

/// What generated columns do before the type of a column changes, and after.
pub(super) fn around(column: &Key, cx: &Cx<'_>) -> (Vec<Step>, Vec<Step>) {
    let (schema, table) = (column.schema().unwrap_or_default(), column.relation());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for new in cx.new.on_relation::<Column>(schema, table.unwrap_or_default()) {
        if let (Some(old), Some(generated)) =
            (cx.old.typed::<Column>(&new.key), &new.spec.generated)
            && lets_go(old, new, column, cx)
        {
            before.push(set(new, &format!("NULL::{}", new.spec.r#type)));
            after.push(set(new, &generated.expression));
        }
    }
    (before, after)
}

fn retypes(old: Obj<'_, Spec>, new: Obj<'_, Spec>) -> bool {
    old.spec.r#type != new.spec.r#type || old.spec.collation != new.spec.collation
}

fn is_virtual(column: Obj<'_, Spec>) -> Option<bool> {
    column.spec.generated.as_ref().map(|g| g.r#virtual)
}
