//! Materialized views. Their rows are derived, so they are dropped and made again without asking;
//! their indexes come back because they stand on them.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cx, GrantTarget, Kind, Slot, Swap,
    relation::{aside, rename},
    table::Replica,
    view::{ALSO, also, query_text, with},
};
use crate::schema::{
    Found, Key, KindId, Obj, Options, Step,
    object::Address,
    sql::{ident, option_changes, options},
};

/// A materialized view.
#[derive(Debug)]
pub struct MaterializedView;

/// Attributes of a materialized view.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The query, as `pg_get_viewdef` prints it, without the semicolon; names its columns.
    pub query: String,
    /// Storage parameters, those of the TOAST table with `toast.` before them.
    pub options: Options,
    /// The access method; none for the server's usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The tablespace; none for the database's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tablespace: Option<String>,
    /// What identifies its rows for logical replication.
    pub replica: Replica,
    /// It has been filled since it was made.
    pub populated: bool,
}

impl MaterializedView {
    /// The key of the materialized view with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for MaterializedView {
    type Spec = Spec;

    const ID: KindId = KindId("materialized view");
    const CATALOG: &'static str = "pg_class";
    const WEIGHT: u16 = 131;
    const PINS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        format!(
            "SELECT c.tableoid, c.oid, n.nspname::text, c.relname::text, r.rolname::text,
                    coalesce(c.relacl, acldefault('r', c.relowner))::text[],
                    pg_get_viewdef(c.oid),
                    coalesce(c.reloptions::text[], '{{}}')
                      || ARRAY(SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o
                                WHERE t.oid = c.reltoastrelid),
                    nullif(m.amname, 'heap')::text, s.spcname::text, c.relispopulated,
                    c.relreplident::text, {ALSO}
               FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_roles r ON r.oid = c.relowner
               LEFT JOIN pg_am m ON m.oid = c.relam
               LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
              WHERE c.relkind = 'm'
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            query: query_text(row.try_get(6)?),
            options: options(row.try_get(7)?),
            method: row.try_get(8)?,
            tablespace: row.try_get(9)?,
            populated: row.try_get(10)?,
            replica: Replica::read(row.try_get(11)?),
        };
        let found = Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec)
            .owner(row.try_get(4)?)
            .acl(row.try_get(5)?);
        also(found, row, 12)
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("MATERIALIZED VIEW", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'r', on: format!("TABLE {}", it.key.sql()), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { query, options, method, tablespace, replica: _, populated } = new.spec;
        let mut sql = format!("CREATE MATERIALIZED VIEW {}", new.key.sql());
        if let Some(method) = method {
            sql += &format!(" USING {}", ident(method));
        }
        sql += &with(options);
        if let Some(tablespace) = tablespace {
            sql += &format!(" TABLESPACE {}", ident(tablespace));
        }
        sql += &format!(" AS\n{query}");
        if !populated {
            sql += "\nWITH NO DATA";
        }
        let mut steps = vec![Step::new(&new.key, sql)];
        steps.extend(identity(new, Replica::Default));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { query, options, method, tablespace, replica: _, populated } = new.spec;
        // Only PostgreSQL 15 and later can change the access method.
        if *query != old.spec.query || (*method != old.spec.method && cx.version() < 150_000) {
            return Alter::Replace;
        }
        let alter = format!("ALTER {}", Self::address(new));
        let mut texts: Vec<_> = option_changes(&old.spec.options, options)
            .into_iter()
            .map(|change| format!("{alter} {change}"))
            .collect();
        if *method != old.spec.method {
            let method = method.as_deref().unwrap_or("heap");
            texts.push(format!("{alter} SET ACCESS METHOD {}", ident(method)));
        }
        if *tablespace != old.spec.tablespace {
            let tablespace = tablespace.as_deref().unwrap_or("pg_default");
            texts.push(format!("{alter} SET TABLESPACE {}", ident(tablespace)));
        }
        if *populated != old.spec.populated {
            let no_data = if *populated { "" } else { " WITH NO DATA" };
            texts.push(format!("REFRESH {}{no_data}", Self::address(new)));
        }
        let mut steps: Vec<_> = texts.into_iter().map(|sql| Step::new(&new.key, sql)).collect();
        steps.extend(identity(new, old.spec.replica));
        Alter::InPlace(steps)
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        let name = [it.key.schema().unwrap_or_default(), it.key.base_name()];
        vec![Slot::new("relation", name), Slot::new("type", name)]
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(rename(&Self::address(it), &it.key, to))
    }

    fn swap(old: Obj<'_, Spec>, _: Obj<'_, Spec>, temporary: &str, _: &Cx<'_>) -> Option<Swap> {
        Some(aside(&Self::address(old), &old.key, temporary))
    }
}

/// What gives it its replica identity, when that is `now`. Only `ALTER TABLE` knows the clause.
fn identity(it: Obj<'_, Spec>, now: Replica) -> Option<Step> {
    let replica = it.spec.replica;
    let sql = format!("ALTER TABLE {} REPLICA IDENTITY {}", it.key.sql(), replica.sql());
    (replica != now).then(|| Step::new(&it.key, sql))
}
