//! Columns of tables; for views and composite types they carry comments and rights only.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Change, Cx, GrantTarget, Kind, Table};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident, step::Group};

/// A column.
#[derive(Debug)]
pub struct Column;

/// Attributes of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spec {
    /// Its type as `format_type` prints it.
    pub r#type: String,
    /// NOT NULL.
    pub not_null: bool,
}

impl Column {
    /// The key of a column.
    pub fn key(schema: &str, table: &str, name: &str) -> Key {
        Key::on(Self::ID, schema, table, name)
    }
}

impl Kind for Column {
    type Spec = Spec;

    const ID: KindId = KindId("column");
    const CATALOG: &'static str = "pg_attribute";
    const WEIGHT: u16 = 101;
    const DATA: bool = true;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT c.tableoid, c.oid, a.attnum::int4, n.nspname::text, c.relname::text, a.attname::text,
                format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attacl::text[]
           FROM pg_attribute a
           JOIN pg_class c ON c.oid = a.attrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let sub: i32 = row.try_get(2)?;
        let at = Address { class: row.try_get(0)?, object: row.try_get(1)?, sub };
        let (schema, table): (&str, &str) = (row.try_get(3)?, row.try_get(4)?);
        let spec = Spec { r#type: row.try_get(6)?, not_null: row.try_get(7)? };
        Ok(Found::new(at, Self::key(schema, table, row.try_get(5)?), spec)
            .parent(Table::key(schema, table))
            .acl(Some(row.try_get::<_, Option<_>>(8)?.unwrap_or_default()))
            .ordinal(sub))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("COLUMN", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        let on = format!("TABLE {}", it.key.relation_sql());
        Some(GrantTarget { class: 'c', on, column: Some(ident(it.key.base_name())) })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { r#type, not_null } = new.spec;
        let not_null = if *not_null { " NOT NULL" } else { "" };
        let text = format!("{} {}{not_null}", ident(new.key.base_name()), r#type);
        let clause = format!("ADD COLUMN {text}");
        vec![Step::clause(&new.key, table(new), Group::AddColumn, clause).inside(text)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { r#type, not_null } = new.spec;
        let column = ident(new.key.base_name());
        let mut steps = Vec::new();
        let retyped = *r#type != old.spec.r#type;
        if retyped {
            let clause = format!("ALTER COLUMN {column} TYPE {} USING {column}::{0}", r#type);
            steps.push(Step::clause(&new.key, table(new), Group::Alone, clause));
        }
        if *not_null != old.spec.not_null {
            let verb = if *not_null { "SET" } else { "DROP" };
            let clause = format!("ALTER COLUMN {column} {verb} NOT NULL");
            steps.push(Step::clause(&new.key, table(new), Group::AlterColumn, clause));
        }
        if retyped {
            Alter::Around(steps, Change::Retyped { compatible: false })
        } else {
            Alter::InPlace(steps)
        }
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let clause = format!("DROP COLUMN {}", ident(old.key.base_name()));
        vec![
            Step::clause(&old.key, table(old), Group::DropColumn, clause)
                .loses(format!("the values of {}", old.key)),
        ]
    }
}

fn table(it: Obj<'_, Spec>) -> String {
    format!("ALTER TABLE {}", it.key.relation_sql())
}
