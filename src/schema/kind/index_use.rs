//! What a table does with one of its indexes: `CLUSTER ON`, `REPLICA IDENTITY USING INDEX`. Both
//! are objects of their own, for they need the index as the index needs the table.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Constraint, Cx, Index, Kind, relation::relation_key};
use crate::schema::{Found, Key, KindId, Obj, Step, sql::ident};

/// The index that `CLUSTER` goes by.
#[derive(Debug)]
pub struct Cluster;

/// The index that identifies the rows of a table for logical replication.
#[derive(Debug)]
pub struct ReplicaIdentity;

/// Attributes of a use of an index.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The index, or the constraint that it backs.
    pub index: Key,
}

/// The indexes for which `flag` of `pg_index` is set.
fn query(flag: &str) -> Cow<'static, str> {
    format!(
        "SELECT t.relkind::text, n.nspname::text, t.relname::text, i.relname::text, c.conname::text
           FROM pg_index x
           JOIN pg_class i ON i.oid = x.indexrelid
           JOIN pg_class t ON t.oid = x.indrelid
           JOIN pg_namespace n ON n.oid = t.relnamespace
           LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('p', 'u', 'x')
          WHERE {flag} AND t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
    )
    .into()
}

fn read(row: &Row, id: KindId) -> Result<Found<Spec>, tokio_postgres::Error> {
    let (schema, table): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
    let index = match row.try_get(4)? {
        Some(constraint) => Constraint::key(schema, table, constraint),
        None => Index::key(schema, row.try_get(3)?),
    };
    let key = Key::in_schema(id, schema, table);
    Ok(Found::nowhere(key, Spec { index: index.clone() })
        .parent(relation_key(row.try_get(0)?, schema, table))
        .needs([index]))
}

fn alter_table(it: Obj<'_, Spec>, what: &str) -> Step {
    Step::new(&it.key, format!("ALTER TABLE {} {what}", it.key.sql()))
}

/// Whether the index that is used stays as it is; what goes takes its use along.
fn stays(it: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    cx.new.contains(&it.spec.index) && !cx.fresh(&it.spec.index)
}

/// Whether the old index must be let go of before the new one is there: it has the new one's name, or
/// goes before one of its columns changes.
fn lets_go_first(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let changes = |key: &Key| match (cx.old.get(key), cx.new.get(key)) {
        (Some(was), Some(now)) => !was.spec.same(now.spec.as_ref()),
        _ => false,
    };
    let goes = |index: &Key| !cx.new.contains(index);
    old.spec.index.base_name() == new.spec.index.base_name()
        || goes(&old.spec.index)
            && cx.old.get(&old.spec.index).is_some_and(|index| index.needs.iter().any(changes))
}

impl Kind for Cluster {
    type Spec = Spec;

    const ID: KindId = KindId("cluster");
    const CATALOG: &'static str = "pg_index";
    const WEIGHT: u16 = 165;
    const DIES_WITH_PARENT: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        query("x.indisclustered")
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        read(row, Self::ID)
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TABLE", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { index } = new.spec;
        vec![alter_table(new, &format!("CLUSTER ON {}", ident(index.base_name())))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        if lets_go_first(old, new, cx) {
            Alter::Replace
        } else {
            Alter::InPlace(Self::create(new, cx))
        }
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let needed = stays(old, cx);
        needed.then(|| alter_table(old, "SET WITHOUT CLUSTER")).into_iter().collect()
    }
}

impl Kind for ReplicaIdentity {
    type Spec = Spec;

    const ID: KindId = KindId("replica identity");
    const CATALOG: &'static str = "pg_index";
    const WEIGHT: u16 = 166;
    const DIES_WITH_PARENT: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        query("x.indisreplident AND t.relreplident = 'i'")
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        read(row, Self::ID)
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TABLE", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { index } = new.spec;
        let name = ident(index.base_name());
        vec![alter_table(new, &format!("REPLICA IDENTITY USING INDEX {name}"))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        if lets_go_first(old, new, cx) {
            Alter::Replace
        } else {
            Alter::InPlace(Self::create(new, cx))
        }
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        // A table whose identity was an index that went has none, which is not the default.
        vec![alter_table(old, "REPLICA IDENTITY DEFAULT")]
    }
}
