//! Defaults of columns, apart from their columns: a default may call a function or use a sequence
//! that needs the table.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cause, Change, Column, Cx, Kind, Response, ViewColumn, lineage};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident, step::Group};

/// The default of a column.
#[derive(Debug)]
pub struct ColumnDefault;

/// Attributes of a default.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The expression, as `pg_get_expr` prints it.
    pub expression: String,
}

impl ColumnDefault {
    /// The key of a column's default.
    pub fn key(schema: &str, table: &str, column: &str) -> Key {
        Key::on(Self::ID, schema, table, column)
    }
}

impl Kind for ColumnDefault {
    type Spec = Spec;

    const ID: KindId = KindId("default");
    const CATALOG: &'static str = "pg_attrdef";
    const WEIGHT: u16 = 110;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;
    const DETACHABLE: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        // A default names no column: without the relation, the server need not open it.
        "SELECT d.tableoid, d.oid, n.nspname::text, c.relname::text, a.attname::text,
                c.relkind = 'v', pg_get_expr(d.adbin, 0)
           FROM pg_attrdef d
           JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
           JOIN pg_class c ON c.oid = d.adrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE a.attgenerated = '' AND NOT a.attisdropped
            AND c.relkind IN ('r', 'p', 'f', 'v') AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, table): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
        let column: &str = row.try_get(4)?;
        let parent = if row.try_get(5)? {
            ViewColumn::key(schema, table, column)
        } else {
            Column::key(schema, table, column)
        };
        let spec = Spec { expression: row.try_get(6)? };
        Ok(Found::new(at, Self::key(schema, table, column), spec).parent(parent))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("COLUMN", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let step = set(new);
        // A column that its parent's statement makes has no element to stand in.
        if new.parent.as_ref().is_some_and(|column| Column::is_made_above(cx, column)) {
            return vec![step];
        }
        let column = Column::key(
            new.key.schema().unwrap_or_default(),
            new.key.relation().unwrap_or_default(),
            new.key.base_name(),
        );
        let table = lineage::table_of(&column);
        if cx.fresh(&column) && !cx.fresh(&table) && lineage::is_row_type(cx, &table) {
            let fill =
                format!("UPDATE {} SET {} = DEFAULT", table.sql(), ident(column.base_name()));
            return vec![step, Step::new(&new.key, fill)];
        }
        vec![step.suffix(format!(" DEFAULT {}", new.spec.expression))]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { expression: _ } = new.spec;
        Alter::InPlace(vec![set(new)])
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let clause = format!("ALTER COLUMN {} DROP DEFAULT", ident(old.key.base_name()));
        vec![Step::clause(&old.key, table(old), Group::AlterColumn, clause)]
    }

    fn respond(_: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            // PostgreSQL would cast the default that stands there, and refuses when it cannot.
            Change::Retyped { compatible: false }
            | Change::Gone
            | Change::Replaced
            | Change::Swapped => Response::Rebuild,
            Change::Retyped { compatible: true } | Change::Reshaped => Response::Stay,
        }
    }
}

/// Each table has its own: a default set on a parent is not carried down.
fn table(it: Obj<'_, Spec>) -> String {
    format!("ALTER TABLE ONLY {}", it.key.relation_sql())
}

fn set(it: Obj<'_, Spec>) -> Step {
    let column = ident(it.key.base_name());
    let clause = format!("ALTER COLUMN {column} SET DEFAULT {}", it.spec.expression);
    Step::clause(&it.key, table(it), Group::AlterColumn, clause)
}
