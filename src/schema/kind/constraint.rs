//! Constraints of tables: primary keys, unique and exclusion constraints with the index that backs
//! them, and checks. Foreign keys are a kind of their own, for they come after all others; NOT NULL
//! is the column's, and a domain's checks are the domain's.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Column, Cx, Index, Inheritance, Kind, Partition, Response, Slot,
    Table,
    backing::{self, Attached, Backing, Storage, without_options},
    constraint_state::{State, enforced},
    index_tree::{self, Maker},
};
use crate::schema::{
    Found, Key, KindId, Obj, Object, Step,
    fact::Fact,
    object::Address,
    sql::{ident, qualified},
    step::{Group, Run},
};

/// A constraint of a table.
#[derive(Debug)]
pub struct Constraint;

/// Attributes of a constraint.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// What it is.
    pub sort: Sort,
    /// `pg_get_constraintdef` without what the other attributes say.
    pub definition: String,
    /// When it is checked.
    #[serde(flatten)]
    pub state: State,
    /// It has it from the tables it inherits from only.
    pub inherited: bool,
    /// Its table is partitioned.
    pub partitioned: bool,
    /// Its index; none for a check.
    pub index: Option<Backed>,
}

/// What a constraint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// PRIMARY KEY.
    Primary,
    /// UNIQUE.
    Unique,
    /// CHECK.
    Check,
    /// EXCLUDE.
    Exclusion,
}

/// The index of a constraint.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Backed {
    /// How it is stored.
    pub storage: Storage,
    /// The comment on the index; the one on the constraint is the object's own.
    pub comment: Option<String>,
    /// Whether it is in use: that of a partitioned table is not before all partitions have one.
    pub valid: bool,
    /// The partitioned table's, which it is part of.
    pub attached: Option<Attached>,
    /// Its table is a partition.
    pub on_partition: Fact<bool>,
}

impl Constraint {
    /// The key of a constraint.
    pub fn key(schema: &str, table: &str, name: &str) -> Key {
        Key::on(Self::ID, schema, table, name)
    }
}

impl Kind for Constraint {
    type Spec = Spec;

    const ID: KindId = KindId("constraint");
    const CATALOG: &'static str = "pg_constraint";
    const WEIGHT: u16 = 120;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;
    const DETACHABLE: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        format!(
            "SELECT c.tableoid, c.oid, n.nspname::text, t.relname::text, c.conname::text,
                    c.contype::text, pg_get_constraintdef(c.oid),
                    c.condeferrable, c.condeferred, c.convalidated, {enforced},
                    NOT c.conislocal, t.relkind = 'p',
                    i.tableoid, i.oid, id.description, x.indisvalid, {columns}
               FROM pg_constraint c
               JOIN pg_class t ON t.oid = c.conrelid
               JOIN pg_namespace n ON n.oid = t.relnamespace
               LEFT JOIN pg_index x ON x.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
               LEFT JOIN pg_class i ON i.oid = x.indexrelid
               LEFT JOIN pg_description id ON id.objoid = i.oid AND id.classoid = i.tableoid AND id.objsubid = 0
               {joins}
              WHERE c.contype IN ('p', 'u', 'c', 'x') AND t.relkind IN ('r', 'p', 'f')
                AND t.relpersistence <> 't'
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            enforced = enforced(version),
            columns = backing::COLUMNS,
            joins = backing::JOINS,
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, table, name): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let sort = match row.try_get(5)? {
            "p" => Sort::Primary,
            "u" => Sort::Unique,
            "x" => Sort::Exclusion,
            _ => Sort::Check,
        };
        let index = match (row.try_get(13)?, row.try_get(14)?) {
            (Some(class), Some(object)) => Some(Address::new(class, object)),
            _ => None,
        };
        let definition = State::strip(row.try_get(6)?);
        let mut wishes = Vec::new();
        let backed = if index.is_some() {
            let Backing { storage, attached, places } =
                Backing::read(row, 17, table, sort.label())?;
            let own =
                |place: &Key| place.schema() == Some(schema) && place.relation() == Some(table);
            let on_partition = Fact(places.iter().any(own));
            wishes = places;
            let (comment, valid) = (row.try_get(15)?, row.try_get(16)?);
            Some(Backed { storage, comment, valid, attached, on_partition })
        } else {
            None
        };
        let attached = backed.as_ref().and_then(|b| b.attached.as_ref()).map(|a| a.to.clone());
        let spec = Spec {
            sort,
            definition: match sort {
                Sort::Exclusion => without_options(definition),
                _ => definition.to_owned(),
            },
            state: State::read(row, 7)?,
            inherited: row.try_get(11)?,
            partitioned: row.try_get(12)?,
            index: backed,
        };
        Ok(Found::new(at, Self::key(schema, table, name), spec)
            .parent(Table::key(schema, table))
            .also(index)
            .needs(attached)
            .wishes(wishes))
    }

    fn folds(it: Obj<'_, Spec>) -> bool {
        it.spec.is_folded()
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = ident(it.key.base_name());
        Call::new("CONSTRAINT", format!("{name} ON {}", it.key.relation_sql()))
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let spec = new.spec;
        let attached = spec.index.as_ref().and_then(|index| index.attached.as_ref());
        let mut steps = match attached.map(|attached| (attached, index_tree::maker(new.object, cx)))
        {
            Some((attached, Maker::Server)) => made_by_itself(new, attached, cx),
            Some((attached, Maker::Itself)) => {
                let mut steps = added(new, cx);
                // The index that it is made of may be attached already.
                if adopted(new, cx).is_none_or(|index| index.spec.attached.is_none()) {
                    steps.push(index_tree::attach(new.object, attached));
                }
                steps
            }
            _ if spec.inherited && !needed_before(new, cx) => return Vec::new(),
            _ => added(new, cx),
        };
        if let Some(Backed { storage, comment, .. }) = &spec.index {
            steps.extend(storage.targets(&new.key, &index_sql(new)));
            if comment.is_some() {
                steps.push(backing::comment(&new.key, &index_sql(new), comment.as_ref()));
            }
        }
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { state, inherited, index, .. } = new.spec;
        let was = old.spec;
        if is_replaced(was, new.spec)
            || index.is_some() && index_tree::must_be_replaced(old.object, new.object, cx)
        {
            return Alter::Replace;
        }
        let mut steps = Vec::new();
        if was.state != *state && !*inherited {
            steps.push(validate(&new.key, cx));
        }
        if was.inherited && !*inherited && index.is_none() && still_below(new, cx) {
            // Merges with the inherited one while there is one.
            steps.extend(added(new, cx));
        }
        if !was.inherited && *inherited && index.is_none() && merges_only(new, cx) {
            return Alter::Replace;
        }
        if let (Some(was), Some(index)) = (&was.index, index) {
            let Backed { storage, comment, .. } = index;
            steps.extend(storage.changes(&was.storage, &new.key, &index_sql(new)));
            if was.comment != *comment {
                steps.push(backing::comment(&new.key, &index_sql(new), comment.as_ref()));
            }
            steps.extend(index_tree::joins(old.object, new.object, cx));
        }
        Alter::InPlace(steps)
    }

    fn goes_along(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<Key> {
        index_tree::goes_along(old.object, cx)
    }

    fn freed_by(old: Obj<'_, Spec>, need: &Key, cx: &Cx<'_>) -> Option<Key> {
        index_tree::freed_by(old.object, need, cx)
    }

    fn held_by(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<Key> {
        index_tree::held_by(old.object, cx)
    }

    fn ahead_of(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        index_tree::ahead_of(new.object, cx).into_iter().collect()
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        // What is inherited goes with what it is inherited from.
        if old.spec.comes_from_parent() { Vec::new() } else { vec![dropped(&old.key)] }
    }

    fn respond(old: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            // PostgreSQL makes primary keys and unique constraints again by itself. It does the
            // same with the others, but their text may mean nothing with the new type.
            Change::Retyped { compatible: false } if !old.spec.inherited => match old.spec.sort {
                Sort::Check | Sort::Exclusion => Response::Rebuild,
                Sort::Primary | Sort::Unique => Response::Stay,
            },
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        let schema = it.key.schema().unwrap_or_default();
        let (table, name) = (it.key.relation().unwrap_or_default(), it.key.base_name());
        let mut slots = vec![Slot::new("constraint", [schema, table, name])];
        if it.spec.index.is_some() {
            slots.push(Slot::new("relation", [schema, name]));
        }
        slots
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(vec![renamed(&it.key, to)])
    }
}

impl Spec {
    /// Whether it is built in the statement that builds its table. On a partition it would be taken
    /// for a part of the whole table's when the partition takes its place; one that not all
    /// partitions have part in can only be made when they are there.
    pub(super) fn is_folded(&self) -> bool {
        self.index.as_ref().is_none_or(|index| {
            index.attached.is_none() && !*index.on_partition && (index.valid || !self.partitioned)
        })
    }

    /// Whether it comes and goes with that of a parent of its table.
    pub(super) fn comes_from_parent(&self) -> bool {
        self.inherited || self.index.as_ref().is_some_and(|i| i.attached.is_some())
    }
}

impl Sort {
    /// What PostgreSQL ends the names of such indexes with.
    fn label(self) -> &'static str {
        match self {
            Self::Primary => "pkey",
            Self::Exclusion => "excl",
            Self::Unique | Self::Check => "key",
        }
    }
}

/// `ALTER TABLE` of the table that a constraint stands on.
pub(super) fn table(key: &Key) -> String {
    format!("ALTER TABLE {}", key.relation_sql())
}

/// Drops a constraint.
pub(super) fn dropped(key: &Key) -> Step {
    let clause = format!("DROP CONSTRAINT {}", ident(key.base_name()));
    Step::clause(key, table(key), Group::DropConstraint, clause)
}

/// Renames a constraint.
pub(super) fn renamed(from: &Key, to: &Key) -> Step {
    let (old, new) = (ident(from.base_name()), ident(to.base_name()));
    Step::new(from, format!("{} RENAME CONSTRAINT {old} TO {new}", table(from)))
}

/// Validates a constraint, in a transaction of its own where others work with the table.
pub(super) fn validate(key: &Key, cx: &Cx<'_>) -> Step {
    let clause = format!("VALIDATE CONSTRAINT {}", ident(key.base_name()));
    let step = Step::clause(key, table(key), Group::Alone, clause);
    let relation = Table::key(key.schema().unwrap_or_default(), key.relation().unwrap_or_default());
    if cx.careful(&relation) { step.run(Run::NewTransaction).late() } else { step }
}

fn index_sql(it: Obj<'_, Spec>) -> String {
    qualified(it.key.schema().unwrap_or_default(), it.key.base_name())
}

fn relation(key: &Key) -> &str {
    key.relation().unwrap_or_default()
}

/// Whether a table must have a check of its parent's before it comes to stand under it.
fn needed_before(new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let (schema, table) = (new.key.schema().unwrap_or_default(), relation(&new.key));
    let attached = cx.new.on_relation::<Partition>(schema, table).any(|at| cx.fresh(&at.key));
    let made = cx.fresh(&Table::key(schema, table));
    attached
        || !made && cx.new.on_relation::<Inheritance>(schema, table).any(|at| cx.fresh(&at.key))
}

/// Whether a table stays under a parent that had a check of this name.
fn still_below(new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let (schema, table) = (new.key.schema().unwrap_or_default(), relation(&new.key));
    let had = |parent: &Key| {
        let (schema, table) = (parent.schema().unwrap_or_default(), parent.base_name());
        cx.old.contains(&Constraint::key(schema, table, new.key.base_name()))
    };
    let partition = cx.old.on_relation::<Partition>(schema, table);
    let heir = cx.old.on_relation::<Inheritance>(schema, table);
    partition
        .map(|at| (at.object, &at.spec.parent))
        .chain(heir.map(|at| (at.object, &at.spec.parent)))
        .any(|(place, parent)| had(parent) && cx.new.contains(&place.key))
}

/// Whether a check that is to be the parent's only would stay the table's own too, if it were there
/// when the parent gets it. On a partition it would not.
fn merges_only(new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let (schema, table) = (new.key.schema().unwrap_or_default(), relation(&new.key));
    cx.new.on_relation::<Partition>(schema, table).next().is_none() && !still_below(new, cx)
}

/// What is left to do for a constraint that PostgreSQL makes together with the partitioned
/// table's, or when the partition is attached: its name, its storage.
fn made_by_itself(new: Obj<'_, Spec>, attached: &Attached, cx: &Cx<'_>) -> Vec<Step> {
    let schema = new.key.schema().unwrap_or_default();
    let mut steps: Vec<_> =
        attached.rename(&new.key, schema, new.key.base_name()).into_iter().collect();
    let above = cx.new.typed::<Constraint>(&attached.to);
    let theirs = above.and_then(|it| it.spec.index.as_ref()).map(|i| i.storage.clone());
    if let (Some(theirs), Some(own)) = (theirs, &new.spec.index) {
        let from = Storage { statistics: own.storage.statistics.clone(), ..theirs };
        steps.extend(own.storage.changes(&from, &new.key, &index_sql(new)));
    }
    steps
}

/// Whether an attribute changes that makes another constraint of it.
pub(super) fn is_replaced(was: &Spec, now: &Spec) -> bool {
    let Spec { sort, definition, state, inherited: _, partitioned, index } = now;
    let other_index = match (&was.index, index) {
        (Some(was), Some(index)) => {
            *partitioned
                && (was.valid && !index.valid || was.storage.options != index.storage.options)
        }
        _ => false,
    };
    was.sort != *sort
        || was.definition != *definition
        || was.partitioned != *partitioned
        || was.state != *state && State { validated: true, ..was.state } != *state
        || other_index
}

/// The statements that add a constraint.
fn added(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
    let Spec { sort, definition, state, .. } = new.spec;
    let name = ident(new.key.base_name());
    let body = match &new.spec.index {
        Some(index) => index.storage.within(definition, "USING INDEX TABLESPACE"),
        None => definition.clone(),
    };
    let head = table(&new.key);
    let careful = new.parent.as_ref().is_some_and(|table| cx.careful(table));
    if let Some(index) = adopted(new, cx) {
        let mut steps = vec![using_index(new, index.key.base_name())];
        let storage = new.spec.index.as_ref().map(|i| &i.storage);
        let changes = storage.map(|s| s.changes(&index.spec.storage, &new.key, &index_sql(new)));
        steps.extend(changes.into_iter().flatten());
        return steps;
    }
    if careful && let Some(steps) = concurrently(new) {
        return steps;
    }
    if careful && *sort == Sort::Check && state.enforced && state.validated && !new.spec.inherited {
        let clause = format!("ADD CONSTRAINT {name} {body}{} NOT VALID", state.timing());
        let add = Step::clause(&new.key, head, Group::AddConstraint, clause);
        return vec![add, validate(&new.key, cx)];
    }
    let text = format!("CONSTRAINT {name} {body}{}", state.suffix());
    if new.spec.index.is_some() && index_tree::alone(new.object, cx) {
        let only = format!("ALTER TABLE ONLY {}", new.key.relation_sql());
        return vec![Step::clause(&new.key, only, Group::AddConstraint, format!("ADD {text}"))];
    }
    let step = Step::clause(&new.key, head, Group::AddConstraint, format!("ADD {text}"));
    let apart = state.not_valid() || repeats(new, cx) || finds_not_null(new, cx);
    vec![if apart { step } else { step.inside(text) }]
}

/// Whether a primary key finds NOT NULL of a column that only a parent declares: written with the
/// table it would declare it once more, where that is a constraint of its own (PostgreSQL 18).
fn finds_not_null(new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let only_above = |key: &Key| {
        cx.new.typed::<Column>(key).is_some_and(|column| {
            column.spec.heir && column.spec.not_null.as_ref().is_some_and(|it| !it.local)
        })
    };
    new.spec.sort == Sort::Primary && cx.version() >= 18_00_00 && new.needs.iter().any(only_above)
}

/// Whether another constraint of the table has the same index: in one `CREATE TABLE` PostgreSQL would
/// make one of both.
fn repeats(new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let index = |spec: &Spec| {
        let definition =
            spec.definition.strip_prefix("PRIMARY KEY").map(|it| format!("UNIQUE{it}"));
        (definition.unwrap_or_else(|| spec.definition.clone()), spec.state)
    };
    let rank = |it: Obj<'_, Spec>| (it.spec.sort != Sort::Primary, it.key.clone());
    new.spec.index.is_some()
        && cx
            .new
            .on_relation::<Constraint>(new.key.schema().unwrap_or_default(), relation(&new.key))
            .any(|it| {
                it.spec.index.is_some() && rank(it) < rank(new) && index(it.spec) == index(new.spec)
            })
}

/// The columns and what follows of a primary key or unique constraint, as a unique index has them;
/// none where no index can be made beforehand.
pub(super) fn as_index(spec: &Spec) -> Option<String> {
    if spec.definition.contains(" WITHOUT OVERLAPS)") {
        return None;
    }
    let (columns, nulls) = match spec.sort {
        Sort::Primary => (spec.definition.strip_prefix("PRIMARY KEY ")?, ""),
        Sort::Unique => match spec.definition.strip_prefix("UNIQUE NULLS NOT DISTINCT ") {
            Some(columns) => (columns, " NULLS NOT DISTINCT"),
            None => (spec.definition.strip_prefix("UNIQUE ")?, ""),
        },
        Sort::Check | Sort::Exclusion => return None,
    };
    Some(format!("{columns}{nulls}"))
}

/// Makes the index while others work, and takes it over.
fn concurrently(new: Obj<'_, Spec>) -> Option<Vec<Step>> {
    let columns = as_index(new.spec).filter(|_| !new.spec.partitioned)?;
    let storage = &new.spec.index.as_ref()?.storage;
    let sql = format!(
        "CREATE UNIQUE INDEX CONCURRENTLY {} ON {} {}",
        ident(new.key.base_name()),
        new.key.relation_sql(),
        storage.within(&columns, "TABLESPACE"),
    );
    let index = using_index(new, new.key.base_name());
    Some(vec![Step::new(&new.key, sql).run(Run::Outside), index])
}

fn using_index(new: Obj<'_, Spec>, index: &str) -> Step {
    let (name, index) = (ident(new.key.base_name()), ident(index));
    let sort = if new.spec.sort == Sort::Primary { "PRIMARY KEY" } else { "UNIQUE" };
    let timing = new.spec.state.timing();
    let clause = format!("ADD CONSTRAINT {name} {sort} USING INDEX {index}{timing}");
    Step::clause(&new.key, table(&new.key), Group::AddConstraint, clause)
}

/// The unique index of the old schema that the constraint is made of: one that has its name, or its
/// place under the whole table's.
fn adopted<'a>(new: Obj<'_, Spec>, cx: &Cx<'a>) -> Option<Obj<'a, super::index::Spec>> {
    let same_name = Index::key(new.key.schema()?, new.key.base_name());
    let key = index_tree::predecessor(new.object, cx).map_or(&same_name, |it| &it.key);
    cx.old.typed::<Index>(key).filter(|index| adoptable(*index, new, cx))
}

/// Whether a constraint is made of an index that is there.
pub(super) fn takes_index(new: &Object, cx: &Cx<'_>) -> bool {
    cx.new.typed::<Constraint>(&new.key).is_some_and(|new| adopted(new, cx).is_some())
}

/// Whether the old index becomes the new constraint's as it is.
pub(super) fn adoptable(
    index: Obj<'_, super::index::Spec>,
    constraint: Obj<'_, Spec>,
    cx: &Cx<'_>,
) -> bool {
    let Some(columns) = as_index(constraint.spec) else { return false };
    let attached = constraint.spec.index.as_ref().and_then(|index| index.attached.as_ref());
    let above = index.spec.attached.as_ref().map(|attached| &attached.to);
    let intact = |key: &Key| key.kind() != Column::ID || !cx.fresh(key);
    !cx.old.contains(&constraint.key)
        && index.parent == constraint.parent
        && index.parent.as_ref().is_some_and(|table| !cx.fresh(table))
        && index.spec.unique
        && index.spec.valid
        && !constraint.spec.partitioned
        && above.is_none_or(|to| !cx.fresh(to) && attached.is_some_and(|now| now.to == *to))
        && index.spec.definition == format!("USING btree {columns}")
        && constraint.needs.iter().all(intact)
        && index.needs.iter().all(intact)
}
