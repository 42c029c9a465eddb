//! A table's place under a parent that it inherits from: an object of its own, so that a table can
//! come under a parent and leave it without being made again.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cause, Change, Cx, Kind, Response, Table, backing};
use crate::schema::{Found, Key, KindId, Obj, Step};

/// A table's place under a parent that it inherits from.
#[derive(Debug)]
pub struct Inheritance;

/// Attributes of an heir's place.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The parent.
    pub parent: Key,
    /// The parents before this one, in order.
    pub after: Vec<Key>,
}

impl Inheritance {
    fn key(schema: &str, child: &str, parent: &Key) -> Key {
        Key::on(Self::ID, schema, child, parent.sql())
    }

    /// Whether it must be attached again. PostgreSQL appends: it can stay when all that it comes
    /// after was before it already, in this order. Who moves behind it is attached again by itself.
    pub(super) fn moves(old: &[Key], new: &[Key]) -> bool {
        let mut before = old.iter();
        !new.iter().all(|parent| before.any(|was| was == parent))
    }
}

impl Kind for Inheritance {
    type Spec = Spec;

    const ID: KindId = KindId("inheritance");
    const CATALOG: &'static str = "pg_inherits";
    const WEIGHT: u16 = 105;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT cn.nspname::text, c.relname::text, pn.nspname::text, p.relname::text,
                i.inhseqno::int4,
                ARRAY(SELECT bn.nspname::text FROM pg_inherits b JOIN pg_class bp ON bp.oid = b.inhparent
                        JOIN pg_namespace bn ON bn.oid = bp.relnamespace
                       WHERE b.inhrelid = i.inhrelid AND b.inhseqno < i.inhseqno ORDER BY b.inhseqno),
                ARRAY(SELECT bp.relname::text FROM pg_inherits b JOIN pg_class bp ON bp.oid = b.inhparent
                       WHERE b.inhrelid = i.inhrelid AND b.inhseqno < i.inhseqno ORDER BY b.inhseqno)
           FROM pg_inherits i
           JOIN pg_class c ON c.oid = i.inhrelid
           JOIN pg_namespace cn ON cn.oid = c.relnamespace
           JOIN pg_class p ON p.oid = i.inhparent
           JOIN pg_namespace pn ON pn.oid = p.relnamespace
          WHERE NOT c.relispartition AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
            AND cn.nspname !~ '^pg_' AND cn.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let (schema, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let parent = Table::key(row.try_get(2)?, row.try_get(3)?);
        let (schemas, names): (Vec<&str>, Vec<&str>) = (row.try_get(5)?, row.try_get(6)?);
        let after: Vec<Key> = schemas.iter().zip(names).map(|(s, n)| Table::key(s, n)).collect();
        // PostgreSQL appends: the parents before this one come first.
        let before: Vec<Key> = after.iter().map(|p| Self::key(schema, name, p)).collect();
        let key = Self::key(schema, name, &parent);
        let spec = Spec { parent: parent.clone(), after };
        Ok(Found::nowhere(key, spec)
            .parent(Table::key(schema, name))
            .needs([parent])
            .needs(before)
            .ordinal(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TABLE", it.key.relation_sql())
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        // The statement that makes a table names its parents itself.
        if new.parent.as_ref().is_some_and(|table| cx.fresh(table)) {
            return Vec::new();
        }
        let child = new.key.relation_sql();
        let sql = format!("ALTER TABLE {child} INHERIT {}", new.spec.parent.sql());
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { parent: _, after } = new.spec;
        let table = new.parent.as_ref();
        if table.is_some_and(|table| Table::must_be_made_again(cx, table)) {
            Alter::ReplaceParent
        } else if Self::moves(&old.spec.after, after) {
            Alter::Replace
        } else {
            Alter::InPlace(Vec::new())
        }
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let child = old.key.relation_sql();
        let sql = format!("ALTER TABLE {child} NO INHERIT {}", old.spec.parent.sql());
        let mut steps = vec![Step::new(&old.key, sql)];
        steps.extend(backing::left_behind(&old.key, cx));
        steps
    }

    fn respond(_: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        match cause.change {
            // One that it comes after is attached again: so must it be, to stay behind.
            Change::Replaced if cause.old.key.kind() == Self::ID => {
                let first = cause.old.spec::<Spec>().map(|spec| &spec.parent);
                if first.is_some_and(|first| new.spec.after.contains(first)) {
                    Response::Rebuild
                } else {
                    Response::Stay
                }
            }
            Change::Gone if cause.old.key.kind() == Self::ID => Response::Stay,
            // Columns that come from the parent alone would be the table's own once it is let go.
            Change::Replaced | Change::Swapped if only_inherits(new, cx) => Response::RebuildParent,
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }
}

/// Whether the table has columns that it does not declare.
fn only_inherits(new: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let table = new.parent.as_ref().and_then(|table| cx.new.typed::<Table>(table));
    table.is_some_and(|table| !table.spec.inherited.is_empty())
}
