//! That a sequence goes with a column (`OWNED BY`), apart from the sequence: the column's default
//! needs the sequence, and this needs the column.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Column, Cx, Kind, Sequence, Table};
use crate::schema::{Found, Key, KindId, Obj, Object, Snapshot, Step};

/// A column's ownership of a sequence.
#[derive(Debug)]
pub struct OwnedBy;

/// Attributes of an ownership.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The column that owns the sequence.
    pub column: Key,
}

impl OwnedBy {
    /// Who owns a sequence.
    pub fn of<'a>(sequence: &Object, schema: &'a Snapshot) -> Option<Obj<'a, Spec>> {
        let key = Key::in_schema(Self::ID, sequence.key.schema()?, sequence.key.base_name());
        schema.typed::<Self>(&key)
    }
}

impl Spec {
    /// The table of the column.
    pub fn table(&self) -> Key {
        let schema = self.column.schema().unwrap_or_default();
        Table::key(schema, self.column.relation().unwrap_or_default())
    }

    /// Whether the plan drops the column, and the sequence with it if it is not let go before.
    pub(super) fn column_goes(&self, cx: &Cx<'_>) -> bool {
        [&self.column, &self.table()].into_iter().any(|key| !cx.new.contains(key) || cx.fresh(key))
    }
}

impl Kind for OwnedBy {
    type Spec = Spec;

    const ID: KindId = KindId("owned by");
    const CATALOG: &'static str = "pg_depend";
    const WEIGHT: u16 = 112;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT n.nspname::text, c.relname::text, tn.nspname::text, t.relname::text, a.attname::text
           FROM pg_sequence s
           JOIN pg_class c ON c.oid = s.seqrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_depend d ON d.classid = c.tableoid AND d.objid = c.oid AND d.objsubid = 0
                AND d.refclassid = c.tableoid AND d.deptype = 'a'
           JOIN pg_class t ON t.oid = d.refobjid
           JOIN pg_namespace tn ON tn.oid = t.relnamespace
           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
          WHERE c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let (schema, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let column = Column::key(row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let spec = Spec { column };
        let needs = [spec.column.clone(), spec.table()];
        Ok(Found::nowhere(Key::in_schema(Self::ID, schema, name), spec)
            .parent(Sequence::key(schema, name))
            .needs(needs))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("SEQUENCE", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { column } = new.spec;
        vec![owned_by(new, &column.sql())]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        Alter::InPlace(Self::create(new, cx))
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let sequence = Sequence::key(old.key.schema().unwrap_or_default(), old.key.base_name());
        let stays = cx.new.contains(&sequence) && !cx.fresh(&sequence);
        stays.then(|| owned_by(old, "NONE")).into_iter().collect()
    }
}

fn owned_by(it: Obj<'_, Spec>, whom: &str) -> Step {
    Step::new(&it.key, format!("ALTER SEQUENCE {} OWNED BY {whom}", it.key.sql()))
}
