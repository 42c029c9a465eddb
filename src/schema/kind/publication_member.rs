//! What a publication publishes: single tables, and all tables of a schema (15 and later).
//!
//! A membership goes by itself when its table, schema or publication goes.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cause, Change, Cx, Kind, Namespace, Publication, Response, Table};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, ident_list},
};

/// A table in a publication.
#[derive(Debug)]
pub struct PublicationTable;

/// How a publication publishes a table.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct TableSpec {
    /// The only columns (15 and later), sorted by their position; none is all.
    pub columns: Option<Vec<String>>,
    /// The only rows (15 and later).
    pub filter: Option<String>,
}

impl Kind for PublicationTable {
    type Spec = TableSpec;

    const ID: KindId = KindId("publication table");
    const CATALOG: &'static str = "pg_publication_rel";
    const WEIGHT: u16 = 193;
    const DIES_WITH_PARENT: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        let (columns, filter) = if version >= 150_000 {
            (
                "(SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
                   WHERE a.attrelid = m.prrelid AND a.attnum = ANY (m.prattrs))",
                "pg_get_expr(m.prqual, m.prrelid)",
            )
        } else {
            ("NULL::text[]", "NULL::text")
        };
        format!(
            "SELECT m.tableoid, m.oid, n.nspname::text, c.relname::text, p.pubname::text,
                    {columns}, {filter}
               FROM pg_publication_rel m
               JOIN pg_publication p ON p.oid = m.prpubid
               JOIN pg_class c ON c.oid = m.prrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<TableSpec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, table, publication): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let spec = TableSpec { columns: row.try_get(5)?, filter: row.try_get(6)? };
        Ok(Found::new(at, Key::on(Self::ID, schema, table, publication), spec)
            .parent(Publication::key(publication)))
    }

    fn address(it: Obj<'_, TableSpec>) -> Call {
        let name = format!("{} TABLE {}", ident(it.key.base_name()), it.key.relation_sql());
        Call::new("PUBLICATION", name)
    }

    fn create(new: Obj<'_, TableSpec>, _: &Cx<'_>) -> Vec<Step> {
        vec![add(new)]
    }

    fn alter(old: Obj<'_, TableSpec>, new: Obj<'_, TableSpec>, _: &Cx<'_>) -> Alter {
        Alter::InPlace(vec![remove(old), add(new)])
    }

    fn drop(old: Obj<'_, TableSpec>, cx: &Cx<'_>) -> Vec<Step> {
        let (schema, table) =
            (old.key.schema().unwrap_or_default(), old.key.relation().unwrap_or_default());
        let stays = cx.new.contains(&Table::key(schema, table));
        if stays { vec![remove(old)] } else { Vec::new() }
    }

    fn respond(
        old: Obj<'_, TableSpec>,
        new: Obj<'_, TableSpec>,
        cause: &Cause<'_>,
        _: &Cx<'_>,
    ) -> Response {
        match cause.change {
            // A column in the filter cannot change its type; one in the list can.
            Change::Retyped { .. } if old.spec.filter.is_none() => Response::Stay,
            Change::Reshaped => Response::Stay,
            // A column that it no longer names: its own change comes before the drop.
            Change::Gone if old.spec != new.spec => Response::Stay,
            _ => Response::Rebuild,
        }
    }
}

fn add(it: Obj<'_, TableSpec>) -> Step {
    let TableSpec { columns, filter } = it.spec;
    let columns =
        columns.as_ref().map(|names| format!(" ({})", ident_list(names))).unwrap_or_default();
    let filter = filter.as_ref().map(|text| format!(" WHERE ({text})")).unwrap_or_default();
    // Tables that inherit from it are members themselves, each by itself.
    let table = format!("ONLY {}{columns}{filter}", it.key.relation_sql());
    let publication = ident(it.key.base_name());
    Step::new(&it.key, format!("ALTER PUBLICATION {publication} ADD TABLE {table}"))
}

fn remove(it: Obj<'_, TableSpec>) -> Step {
    let publication = ident(it.key.base_name());
    let table = it.key.relation_sql();
    Step::new(&it.key, format!("ALTER PUBLICATION {publication} DROP TABLE ONLY {table}"))
}

/// A schema in a publication.
#[derive(Debug)]
pub struct PublicationSchema;

/// How a publication publishes a schema: there is one way.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct SchemaSpec {}

impl Kind for PublicationSchema {
    type Spec = SchemaSpec;

    const ID: KindId = KindId("publication schema");
    const CATALOG: &'static str = "pg_publication_namespace";
    const WEIGHT: u16 = 194;
    const DIES_WITH_PARENT: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        if version < 150_000 {
            return "SELECT 0::oid, 0::oid, ''::text, ''::text WHERE false".into();
        }
        "SELECT m.tableoid, m.oid, n.nspname::text, p.pubname::text
           FROM pg_publication_namespace m
           JOIN pg_publication p ON p.oid = m.pnpubid
           JOIN pg_namespace n ON n.oid = m.pnnspid"
            .into()
    }

    fn read(row: &Row) -> Result<Found<SchemaSpec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, publication): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
        Ok(Found::new(at, Key::in_schema(Self::ID, schema, publication), SchemaSpec {})
            .parent(Publication::key(publication)))
    }

    fn address(it: Obj<'_, SchemaSpec>) -> Call {
        let schema = ident(it.key.schema().unwrap_or_default());
        let name = format!("{} TABLES IN SCHEMA {schema}", ident(it.key.base_name()));
        Call::new("PUBLICATION", name)
    }

    fn create(new: Obj<'_, SchemaSpec>, _: &Cx<'_>) -> Vec<Step> {
        vec![change(new, "ADD")]
    }

    fn alter(_: Obj<'_, SchemaSpec>, _: Obj<'_, SchemaSpec>, _: &Cx<'_>) -> Alter {
        Alter::InPlace(Vec::new())
    }

    fn drop(old: Obj<'_, SchemaSpec>, cx: &Cx<'_>) -> Vec<Step> {
        let stays = cx.new.contains(&Namespace::key(old.key.schema().unwrap_or_default()));
        if stays { vec![change(old, "DROP")] } else { Vec::new() }
    }
}

fn change(it: Obj<'_, SchemaSpec>, verb: &str) -> Step {
    let (publication, schema) =
        (ident(it.key.base_name()), ident(it.key.schema().unwrap_or_default()));
    let sql = format!("ALTER PUBLICATION {publication} {verb} TABLES IN SCHEMA {schema}");
    Step::new(&it.key, sql)
}
