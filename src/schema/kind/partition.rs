//! A table's place in a partitioned table: an object of its own, so that a partition comes and
//! goes, and changes its bounds, without being made again.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Constraint, Cx, ForeignKey, Kind, Response, Slot, Table, backing,
    index_tree,
};
use crate::schema::{Found, Key, KindId, Obj, Step};

/// A table's place in a partitioned table.
#[derive(Debug)]
pub struct Partition;

/// Attributes of a partition's place.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The partitioned table.
    pub parent: Key,
    /// `FOR VALUES …` or `DEFAULT`.
    pub bound: String,
}

impl Partition {
    /// The key of a partition's place.
    pub fn key(schema: &str, partition: &str, parent: &Key) -> Key {
        Key::on(Self::ID, schema, partition, parent.sql())
    }
}

impl Kind for Partition {
    type Spec = Spec;

    const ID: KindId = KindId("partition");
    const CATALOG: &'static str = "pg_inherits";
    const WEIGHT: u16 = 105;
    const DIES_WITH_PARENT: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        // One that is being detached concurrently is as good as detached.
        let pending = if version >= 14_00_00 { "AND NOT i.inhdetachpending" } else { "" };
        format!(
            "SELECT cn.nspname::text, c.relname::text, pn.nspname::text, p.relname::text,
                    pg_get_expr(c.relpartbound, c.oid),
                    ARRAY(SELECT k.conname::text FROM pg_constraint k
                           WHERE k.conrelid = c.oid AND k.contype = 'c' AND NOT k.conislocal
                           ORDER BY k.conname)
               FROM pg_inherits i
               JOIN pg_class c ON c.oid = i.inhrelid
               JOIN pg_namespace cn ON cn.oid = c.relnamespace
               JOIN pg_class p ON p.oid = i.inhparent
               JOIN pg_namespace pn ON pn.oid = p.relnamespace
              WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
                {pending}
                AND cn.nspname !~ '^pg_' AND cn.nspname <> 'information_schema'"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let (schema, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let parent = Table::key(row.try_get(2)?, row.try_get(3)?);
        let key = Self::key(schema, name, &parent);
        let spec = Spec { parent: parent.clone(), bound: row.try_get(4)? };
        // A table that is attached must have the checks of the whole one already.
        let checks: Vec<&str> = row.try_get(5)?;
        let checks = checks.into_iter().map(|check| Constraint::key(schema, name, check));
        Ok(Found::nowhere(key, spec)
            .parent(Table::key(schema, name))
            .needs([parent])
            .wishes(checks))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TABLE", it.key.relation_sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { parent, bound } = new.spec;
        let child = new.key.relation_sql();
        let sql = format!("ALTER TABLE ONLY {} ATTACH PARTITION {child} {bound}", parent.sql());
        vec![Step::new(&new.key, sql)]
    }

    fn shares(it: Obj<'_, Spec>) -> Option<Slot> {
        let Spec { parent, bound: _ } = it.spec;
        Some(Slot::new("bounds", [parent.schema()?, parent.base_name()]))
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        let Some(table) = &new.parent else { return Vec::new() };
        let whole = &new.spec.parent;
        let mut found = index_tree::in_the_way(table, whole, cx);
        if cx.old.contains(table) {
            let (schema, name) = (whole.schema().unwrap_or_default(), whole.base_name());
            let keys = cx.new.on_relation::<ForeignKey>(schema, name);
            found.extend(keys.flat_map(|key| ForeignKey::alike_on(key, table, cx)));
        }
        found
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { parent: _, bound: _ } = new.spec;
        Alter::Replace
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let child = old.key.relation_sql();
        let sql = format!("ALTER TABLE ONLY {} DETACH PARTITION {child}", old.spec.parent.sql());
        let mut steps = vec![Step::new(&old.key, sql)];
        steps.extend(backing::left_behind(&old.key, cx));
        steps
    }

    fn respond(_: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }
}
