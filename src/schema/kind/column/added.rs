//! How a column comes to be: by its table's statement, by one of its own, or by that of a parent or
//! type that its table has it from.

use super::{Column, Generated, Spec, table};
use crate::schema::{
    Key, Obj, Step,
    kind::{ColumnDefault, Cx, Table, lineage},
    sql::{fdw_option_list, ident},
    step::Group,
};

/// Who makes a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// A statement of its own, or its table's.
    Own,
    /// The statement that makes its table, which names the parent with this column; or the
    /// statement that adds the column to that parent.
    Above(&'a Key),
    /// The composite type that the table is made of.
    Type,
}

/// Who makes a column of the new schema.
pub(super) fn origin<'a>(new: Obj<'a, Spec>, cx: &Cx<'_>) -> Origin<'a> {
    let table = lineage::table_of(&new.key);
    if cx.new.typed::<Table>(&table).is_some_and(|t| t.spec.of_type.is_some()) {
        return Origin::Type;
    }
    if cx.fresh(&table) {
        let above = lineage::parent_columns(new.object).next();
        return match above {
            Some(above) if !new.spec.local => Origin::Above(above),
            _ => Origin::Own,
        };
    }
    let comes = |above: &Key| !cx.old.contains(above) || (cx.built)(above);
    lineage::led(cx, new.object, comes).map_or(Origin::Own, Origin::Above)
}

/// Makes a column, in its table's statement or by itself.
pub(super) fn add(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Step {
    let Spec {
        r#type,
        collation,
        not_null,
        generated,
        settings: _,
        foreign_options,
        heir: _,
        local: _,
    } = new.spec;
    let mut text = ident(new.key.base_name());
    if origin(new, cx) == Origin::Type {
        text.push_str(" WITH OPTIONS");
    } else {
        text.push(' ');
        text.push_str(r#type);
        if let Some(options) = fdw_option_list(foreign_options) {
            text.push(' ');
            text.push_str(&options);
        }
        if let Some(collation) = collation {
            text.push_str(" COLLATE ");
            text.push_str(collation);
        }
    }
    if let Some(Generated { expression, r#virtual }) = generated {
        let stored = if *r#virtual { "VIRTUAL" } else { "STORED" };
        text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {stored}"));
    }
    // A new heir takes its parent's default up where it says nothing of its own.
    if generated.is_none()
        && new.spec.heir
        && cx.fresh(&lineage::table_of(&new.key))
        && !has_default(cx, &new.key)
        && lineage::parent_columns(new.object).any(|above| has_default(cx, above))
    {
        text.push_str(" DEFAULT NULL");
    }
    if let Some(not_null) = not_null.as_ref().filter(|n| n.local) {
        text.push_str(&not_null.inline(&new.key, cx));
    }
    let clause = format!("ADD COLUMN {text}");
    Step::clause(&new.key, table(new), Group::AddColumn, clause).inside(text)
}

/// Whether a column of the new schema has a default.
fn has_default(cx: &Cx<'_>, column: &Key) -> bool {
    let (schema, table) = (column.schema().unwrap_or_default(), column.relation());
    cx.new.contains(&ColumnDefault::key(schema, table.unwrap_or_default(), column.base_name()))
}

/// Adds the columns of heirs that declare what their parent is about to give them too.
pub(super) fn add_below(column: &Key, cx: &Cx<'_>, steps: &mut Vec<Step>) {
    for below in lineage::columns_below(cx, column) {
        if let Some(child) = cx.new.typed::<Column>(&below)
            && child.spec.heir
            && child.spec.local
            && !cx.old.contains(&below)
        {
            steps.push(add(child, cx));
        }
        add_below(&below, cx, steps);
    }
}

/// What makes a column that came from a parent's as it should be.
pub(super) fn mend(new: Obj<'_, Spec>, above: &Key, cx: &Cx<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let column = ident(new.key.base_name());
    let only = format!("ALTER TABLE ONLY {}", new.key.relation_sql());
    let parent = cx.new.typed::<Column>(above);
    let parent_spec = parent.map(|p| p.spec);
    let parent_not_null = parent_spec.is_some_and(|p| p.not_null.is_some());
    match &new.spec.not_null {
        Some(not_null)
            if cx.version() >= 18_00_00 && not_null.local && not_null.valid && new.spec.heir =>
        {
            let text = not_null.constraint(new.key.base_name());
            let clause = format!("ADD {text}");
            let step = Step::clause(&new.key, table(new), Group::AddConstraint, clause);
            steps.push(step.inside(text));
        }
        Some(_) if !parent_not_null => {
            let clause = format!("ALTER COLUMN {column} SET NOT NULL");
            steps.push(Step::clause(&new.key, only.clone(), Group::AlterColumn, clause));
        }
        None if parent_not_null && cx.version() < 18_00_00 => {
            let clause = format!("ALTER COLUMN {column} DROP NOT NULL");
            steps.push(Step::clause(&new.key, only.clone(), Group::AlterColumn, clause));
        }
        _ => {}
    }
    if has_default(cx, above) && !has_default(cx, &new.key) {
        let clause = format!("ALTER COLUMN {column} DROP DEFAULT");
        steps.push(Step::clause(&new.key, only, Group::AlterColumn, clause));
    }
    let mut settings = new.spec.settings.none();
    if let Some(parent) = parent_spec {
        settings.storage.clone_from(&parent.settings.storage);
        settings.compression.clone_from(&parent.settings.compression);
    }
    steps.extend(new.spec.settings.steps(&new.key, &settings));
    steps
}
