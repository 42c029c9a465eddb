//! NOT NULL: a flag up to PostgreSQL 17, a named constraint from 18 on.

use serde::Serialize;

use super::{Column, Spec, named_not_null};
use crate::schema::{
    Key, Obj, Run, Step,
    fact::Fact,
    kind::{Cx, Table, lineage},
    sql::{ident, literal, qualified},
    step::Group,
};

/// NOT NULL of a column. Up to PostgreSQL 17 all attributes are as in a plain `NOT NULL`.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct NotNull {
    /// The constraint's name, where it is not the one that PostgreSQL gives.
    pub name: Option<String>,
    /// Declared on this table, not only by a parent.
    pub local: bool,
    /// Not passed on to children.
    pub no_inherit: bool,
    /// All rows are known to satisfy it.
    pub valid: bool,
    /// The comment on the constraint.
    pub comment: Option<String>,
    /// It is there only because a parent has it; of a partition that makes no difference.
    pub inherited: Fact<bool>,
}

impl NotNull {
    /// As a column's definition has it; empty for one that cannot be written there.
    pub(super) fn inline(&self, column: &Key, cx: &Cx<'_>) -> String {
        if !self.valid {
            return String::new();
        }
        // While the old table stands aside its constraint has the name that would be given.
        let table = lineage::table_of(column);
        let taken = cx.version() >= 18_00_00 && cx.old.contains(&table) && cx.fresh(&table);
        let given = || taken.then(|| self.real_name(column));
        let name = self.name.clone().or_else(given);
        let name = name.map(|n| format!(" CONSTRAINT {}", ident(&n)));
        format!("{} NOT NULL{}", name.unwrap_or_default(), self.no_inherit())
    }

    /// As a constraint of the table, without `NOT VALID`.
    pub(super) fn constraint(&self, column: &str) -> String {
        let name = self.name.as_ref().map(|n| format!("CONSTRAINT {} ", ident(n)));
        format!("{}NOT NULL {}{}", name.unwrap_or_default(), ident(column), self.no_inherit())
    }

    fn no_inherit(&self) -> &'static str {
        if self.no_inherit { " NO INHERIT" } else { "" }
    }

    /// The name that it has, given or not.
    pub(super) fn real_name(&self, column: &Key) -> String {
        let table = column.relation().unwrap_or_default();
        self.name.clone().unwrap_or_else(|| format!("{table}_{}_not_null", column.base_name()))
    }
}

/// The steps from one state to the other.
pub(super) fn steps(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
    if cx.version() >= 18_00_00 {
        return named_not_null::steps(old, new, cx);
    }
    if led(new, cx) {
        return Vec::new();
    }
    match (&old.spec.not_null, &new.spec.not_null) {
        (None, Some(_)) => set(new, cx),
        (Some(_), None) => {
            let clause = format!("ALTER COLUMN {} DROP NOT NULL", ident(new.key.base_name()));
            let mut steps =
                vec![Step::clause(&new.key, head(&new.key, cx), Group::AlterColumn, clause)];
            below(&new.key, cx, &mut steps);
            steps
        }
        _ => Vec::new(),
    }
}

/// The statement that gives the constraint its comment, or takes it away.
pub(super) fn comment(column: &Key, old: Option<&NotNull>, new: Option<&NotNull>) -> Option<Step> {
    let new = new?;
    let was = old.and_then(|old| old.comment.as_ref());
    (was != new.comment.as_ref()).then(|| {
        let text = new.comment.as_ref().map_or_else(|| "NULL".to_owned(), |text| literal(text));
        let (name, table) = (ident(&new.real_name(column)), column.relation_sql());
        Step::new(column, format!("COMMENT ON CONSTRAINT {name} ON {table} IS {text}"))
    })
}

/// Whether a parent that stays above makes the change for this column too.
fn led(new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let partition = !new.spec.heir;
    partition
        && lineage::led(cx, new.object, |above| {
            let of = |schema: &crate::schema::Snapshot| {
                schema.typed::<Column>(above).map(|c| c.spec.not_null.is_some())
            };
            let goal = Some(new.spec.not_null.is_some());
            of(cx.new) == goal && of(cx.old) != goal
        })
        .is_some()
}

/// Makes a column NOT NULL, without holding up others for the time of a scan where that matters.
pub(super) fn set(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
    let Some(not_null) = &new.spec.not_null else { return Vec::new() };
    let (key, column) = (&new.key, ident(new.key.base_name()));
    let table = lineage::table_of(key);
    let careful = cx.careful(&table);
    let head = head(key, cx);
    if cx.version() >= 18_00_00 {
        let constraint = not_null.constraint(key.base_name());
        let add = |suffix: &str| {
            let clause = format!("ADD {constraint}{suffix}");
            Step::clause(key, head.clone(), Group::AddConstraint, clause)
        };
        if !not_null.valid {
            return vec![add(" NOT VALID")];
        }
        if careful {
            let name = ident(&not_null.real_name(key));
            let clause = format!("VALIDATE CONSTRAINT {name}");
            let validate = Step::clause(key, head.clone(), Group::Alone, clause);
            return vec![add(" NOT VALID"), validate.run(Run::NewTransaction)];
        }
        if not_null.name.is_some() || not_null.no_inherit {
            return vec![add("")];
        }
    }
    let plain = Step::clause(
        key,
        head.clone(),
        Group::AlterColumn,
        format!("ALTER COLUMN {column} SET NOT NULL"),
    );
    let has_rows = cx.new.typed::<Table>(&table).is_some_and(|t| t.spec.foreign.is_none());
    if !careful || !has_rows {
        return vec![plain];
    }
    // A valid check proves it, so that SET NOT NULL need not look at the rows under its lock.
    let alone = head.contains(" ONLY ");
    let proof = ident(&proof_name(key));
    let no_inherit = if alone { " NO INHERIT" } else { "" };
    let clause = |clause: String, group| Step::clause(key, head.clone(), group, clause);
    vec![
        clause(
            format!("ADD CONSTRAINT {proof} CHECK ({column} IS NOT NULL){no_inherit} NOT VALID"),
            Group::Alone,
        ),
        clause(format!("VALIDATE CONSTRAINT {proof}"), Group::Alone).run(Run::NewTransaction),
        plain.run(Run::NewTransaction),
        clause(format!("DROP CONSTRAINT {proof}"), Group::Alone),
    ]
}

/// A constraint's name that a person hardly gives, in 63 bytes.
fn proof_name(column: &Key) -> String {
    let mut name = column.base_name().to_owned();
    let mut end = name.len().min(45);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    format!("{name}_limbeck_nn_proof")
}

/// Children that keep NOT NULL when a parent's goes get it again.
fn below(column: &Key, cx: &Cx<'_>, steps: &mut Vec<Step>) {
    for child in lineage::columns_below(cx, column) {
        let Some(child) = cx.new.typed::<Column>(&child) else { continue };
        if child.spec.not_null.is_some() && head(column, cx) != only(column) {
            let table = qualified(
                child.key.schema().unwrap_or_default(),
                child.key.relation().unwrap_or_default(),
            );
            let name = ident(child.key.base_name());
            let sql = format!("ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL");
            steps.push(Step::new(&child.key, sql));
        }
        below(&child.key, cx, steps);
    }
}

fn only(column: &Key) -> String {
    format!("ALTER TABLE ONLY {}", column.relation_sql())
}

/// Up to PostgreSQL 17 each heir of a plain table has NOT NULL by itself; partitions follow their
/// parent.
fn head(column: &Key, cx: &Cx<'_>) -> String {
    let table = lineage::table_of(column);
    let partitioned = cx.new.typed::<Table>(&table).is_some_and(|t| t.spec.partition_by.is_some());
    if cx.version() < 18_00_00 && !partitioned && lineage::has_children(cx, &table) {
        only(column)
    } else {
        format!("ALTER TABLE {}", column.relation_sql())
    }
}
