//! Tables: plain, partitioned and foreign. Their columns are objects of their own.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, GrantTarget, Kind, Slot};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{option_changes, option_list, options},
};

/// A table.
#[derive(Debug)]
pub struct Table;

/// Attributes of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spec {
    /// Not logged to the WAL.
    pub unlogged: bool,
    /// `PARTITION BY`'s argument (`pg_get_partkeydef`); none for a plain table.
    pub partition_by: Option<String>,
    /// Storage parameters, those of the TOAST table with `toast.` before them.
    pub options: BTreeMap<String, String>,
}

impl Table {
    /// The key of the table with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for Table {
    type Spec = Spec;

    const ID: KindId = KindId("table");
    const CATALOG: &'static str = "pg_class";
    const WEIGHT: u16 = 100;
    const DATA: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT c.tableoid, c.oid, n.nspname::text, c.relname::text, r.rolname::text,
                coalesce(c.relacl, acldefault('r', c.relowner))::text[],
                c.relpersistence = 'u', pg_get_partkeydef(c.oid), c.reloptions::text[]
           FROM pg_class c
           JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_roles r ON r.oid = c.relowner
          WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            unlogged: row.try_get(6)?,
            partition_by: row.try_get(7)?,
            options: options(row.try_get(8)?),
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec)
            .owner(row.try_get(4)?)
            .acl(row.try_get(5)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TABLE", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'r', on: format!("TABLE {}", it.key.sql()), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { unlogged, partition_by, options } = new.spec;
        let unlogged = if *unlogged { "UNLOGGED " } else { "" };
        let mut tail = Vec::new();
        if let Some(key) = partition_by {
            tail.push(format!("PARTITION BY {key}"));
        }
        if !options.is_empty() {
            tail.push(format!("WITH ({})", option_list(options)));
        }
        let head = format!("CREATE {unlogged}TABLE {}", new.key.sql());
        vec![Step::container(&new.key, head, tail.join("\n"))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { unlogged, partition_by, options } = new.spec;
        if *partition_by != old.spec.partition_by {
            return Alter::Replace;
        }
        let mut clauses = option_changes(&old.spec.options, options);
        if *unlogged != old.spec.unlogged {
            clauses.push(format!("SET {}", if *unlogged { "UNLOGGED" } else { "LOGGED" }));
        }
        let table = format!("ALTER TABLE {}", new.key.sql());
        Alter::InPlace(
            clauses.iter().map(|c| Step::new(&new.key, format!("{table} {c}"))).collect(),
        )
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        let name = [it.key.schema().unwrap_or_default(), it.key.base_name()];
        vec![Slot::new("relation", name), Slot::new("type", name)]
    }
}
