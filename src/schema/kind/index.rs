//! Indexes that back no constraint, on tables and materialized views.
//!
//! An index of a partitioned table is made with those of all partitions in one statement, unless
//! some of these have names or shapes of their own, or others work with the tables meanwhile: then
//! it is made alone, and the partitions' indexes are made one by one and attached.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Constraint, Cx, Kind, Response, Slot,
    backing::{self, Attached, Backing, Storage, top_level, without_options},
    constraint::adoptable,
    index_text,
    index_tree::{self, Maker},
    relation::relation_key,
};
use crate::schema::{
    Found, Key, KindId, Name, Obj, Object, Step,
    object::Address,
    sql::{ident, qualified},
    step::Run,
};

/// An index.
#[derive(Debug)]
pub struct Index;

/// Attributes of an index.
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of its own")]
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// UNIQUE.
    pub unique: bool,
    /// `pg_get_indexdef` from USING on, without storage parameters.
    pub definition: String,
    /// How it is stored.
    pub storage: Storage,
    /// Whether it is in use. One that `CREATE INDEX CONCURRENTLY` has left unfinished is not; one of
    /// a partitioned table is not before all partitions have theirs.
    pub valid: bool,
    /// It has columns in the default order of their type only: it outlives a change of the type.
    pub plain: bool,
    /// Its table is partitioned.
    pub partitioned: bool,
    /// The partitioned table's, which it is part of.
    pub attached: Option<Attached>,
}

impl Index {
    /// The key of an index.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }

    /// Whether an old index becomes that of a new constraint as it is.
    pub(super) fn becomes_constraint(old: &Object, cx: &Cx<'_>) -> bool {
        let constraint = || {
            let (schema, table) = relation(old)?;
            let same_name = Constraint::key(schema, table, old.key.base_name());
            let key = index_tree::successor(old, cx).map_or(&same_name, |it| &it.key);
            Some((cx.old.typed::<Self>(&old.key)?, cx.new.typed::<Constraint>(key)?))
        };
        constraint().is_some_and(|(index, constraint)| adoptable(index, constraint, cx))
    }
}

impl Kind for Index {
    type Spec = Spec;

    const ID: KindId = KindId("index");
    const CATALOG: &'static str = "pg_class";
    const WEIGHT: u16 = 140;
    const DIES_WITH_PARENT: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        format!(
            "SELECT i.tableoid, i.oid, n.nspname::text, i.relname::text,
                    t.relkind::text, tn.nspname::text, t.relname::text,
                    x.indisunique, {definition}, x.indisvalid,
                    x.indexprs IS NULL AND x.indpred IS NULL AND NOT x.indclass::oid[] &&
                      ARRAY(SELECT o.oid FROM pg_opclass o WHERE NOT o.opcdefault),
                    {columns}
               FROM pg_index x
               JOIN pg_class i ON i.oid = x.indexrelid
               JOIN pg_namespace n ON n.oid = i.relnamespace
               JOIN pg_class t ON t.oid = x.indrelid
               JOIN pg_namespace tn ON tn.oid = t.relnamespace
               {plain}
               {joins}
              WHERE t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't'
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND NOT EXISTS (SELECT FROM pg_constraint c
                                 WHERE c.conindid = i.oid AND c.contype IN ('p', 'u', 'x'))",
            definition = index_text::DEFINITION,
            plain = index_text::joins(version),
            columns = backing::COLUMNS,
            joins = backing::JOINS,
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, name): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
        let (relkind, table_schema, table): (&str, &str, &str) =
            (row.try_get(4)?, row.try_get(5)?, row.try_get(6)?);
        let text: &str = row.try_get(8)?;
        let from = top_level(text, " USING ").map_or(0, |at| at + 1);
        let Backing { storage, attached, places } = Backing::read(row, 11, table, "idx")?;
        let above = attached.as_ref().map(|a| a.to.clone());
        let spec = Spec {
            unique: row.try_get(7)?,
            definition: without_options(&text[from..]),
            storage,
            valid: row.try_get(9)?,
            plain: row.try_get(10)?,
            partitioned: relkind == "p",
            attached,
        };
        Ok(Found::new(at, Self::key(schema, name), spec)
            .parent(relation_key(relkind, table_schema, table))
            .needs(above)
            .wishes(places))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("INDEX", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let Spec { storage, valid, partitioned, attached, .. } = new.spec;
        let maker = index_tree::maker(new.object, cx);
        if let Some(attached) = attached
            && maker == Maker::Server
        {
            return made_by_itself(new, attached, cx);
        }
        // One that is left unfinished is nothing to wish for.
        if !*valid && !*partitioned {
            return Vec::new();
        }
        let mut steps = vec![created(new, cx)];
        steps.extend(storage.targets(&new.key, &new.key.sql()));
        let above = attached.as_ref().filter(|_| maker == Maker::Itself);
        steps.extend(above.map(|above| index_tree::attach(new.object, above)));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let was = old.spec;
        if is_replaced(was, new.spec) || index_tree::must_be_replaced(old.object, new.object, cx) {
            return Alter::Replace;
        }
        let Spec { storage, valid, partitioned, .. } = new.spec;
        let mut steps = Vec::new();
        if !was.valid && *valid && !*partitioned {
            let careful = new.parent.as_ref().is_some_and(|table| cx.careful(table));
            steps.push(reindex(new, careful));
        }
        steps.extend(storage.changes(&was.storage, &new.key, &new.key.sql()));
        steps.extend(index_tree::joins(old.object, new.object, cx));
        Alter::InPlace(steps)
    }

    fn goes_along(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<Key> {
        index_tree::goes_along(old.object, cx)
    }

    fn freed_by(old: Obj<'_, Spec>, need: &Key, cx: &Cx<'_>) -> Option<Key> {
        index_tree::freed_by(old.object, need, cx)
    }

    fn held_by(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<Key> {
        let stays = Self::becomes_constraint(old.object, cx);
        index_tree::held_by(old.object, cx).filter(|_| !stays)
    }

    fn ahead_of(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        index_tree::ahead_of(new.object, cx).into_iter().collect()
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        if old.spec.attached.is_some() || Self::becomes_constraint(old.object, cx) {
            return Vec::new();
        }
        let careful = old.parent.as_ref().is_some_and(|table| cx.careful(table));
        if careful && !old.spec.partitioned {
            let sql = format!("DROP INDEX CONCURRENTLY {}", old.key.sql());
            return vec![Step::new(&old.key, sql).run(Run::Outside)];
        }
        let cascade = if index_tree::takes_constraints(old.object, cx) { " CASCADE" } else { "" };
        vec![Step::new(&old.key, format!("DROP INDEX {}{cascade}", old.key.sql()))]
    }

    fn respond(old: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            // PostgreSQL makes indexes again by itself, from a text that may mean nothing with the
            // new type.
            Change::Retyped { compatible: false }
                if !old.spec.plain && old.spec.attached.is_none() =>
            {
                Response::Rebuild
            }
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        vec![Slot::new("relation", [it.key.schema().unwrap_or_default(), it.key.base_name()])]
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let name = ident(to.base_name());
        (it.key.schema() == to.schema()).then(|| {
            vec![Step::new(&it.key, format!("ALTER INDEX {} RENAME TO {name}", it.key.sql()))]
        })
    }
}

/// Schema and name of what an index stands on.
fn relation(it: &Object) -> Option<(&str, &str)> {
    match it.parent.as_ref()?.name() {
        Name::InSchema { schema, name } => Some((schema, name)),
        _ => None,
    }
}

/// Whether an attribute changes that makes another index of it.
pub(super) fn is_replaced(was: &Spec, now: &Spec) -> bool {
    let Spec { unique, definition, storage, valid, plain: _, partitioned, attached: _ } = now;
    was.unique != *unique
        || was.definition != *definition
        || was.partitioned != *partitioned
        || (*partitioned && (was.valid && !*valid || was.storage.options != storage.options))
}

fn created(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Step {
    let Spec { unique, definition, storage, partitioned, .. } = new.spec;
    let careful = new.parent.as_ref().is_some_and(|table| cx.careful(table)) && !*partitioned;
    let unique = if *unique { "UNIQUE " } else { "" };
    let concurrently = if careful { "CONCURRENTLY " } else { "" };
    let only = if index_tree::alone(new.object, cx) { "ONLY " } else { "" };
    let (schema, table) = relation(new.object).unwrap_or_default();
    let definition = definition.strip_prefix("USING btree ").unwrap_or(definition);
    let sql = format!(
        "CREATE {unique}INDEX {concurrently}{} ON {only}{} {}",
        ident(new.key.base_name()),
        qualified(schema, table),
        storage.within(definition, "TABLESPACE"),
    );
    let step = Step::new(&new.key, sql);
    if careful { step.run(Run::Outside) } else { step }
}

fn reindex(new: Obj<'_, Spec>, careful: bool) -> Step {
    let name = new.key.sql();
    if careful {
        Step::new(&new.key, format!("REINDEX INDEX CONCURRENTLY {name}")).run(Run::Outside)
    } else {
        Step::new(&new.key, format!("REINDEX INDEX {name}"))
    }
}

/// What is left to do for an index that PostgreSQL makes with the partitioned table's, or when the
/// partition is attached.
fn made_by_itself(new: Obj<'_, Spec>, attached: &Attached, cx: &Cx<'_>) -> Vec<Step> {
    let schema = new.key.schema().unwrap_or_default();
    let mut steps: Vec<_> =
        attached.rename(&new.key, schema, new.key.base_name()).into_iter().collect();
    let theirs = match cx.new.typed::<Index>(&attached.to) {
        Some(above) => above.spec.storage.clone(),
        None => new.spec.storage.clone(),
    };
    let from = Storage { statistics: std::collections::BTreeMap::new(), ..theirs };
    steps.extend(new.spec.storage.changes(&from, &new.key, &new.key.sql()));
    steps
}
