//! Views. Their columns' comments, rights and defaults are objects of their own.
//!
//! A view is replaced in place as long as its old columns stay as they are at the head of the new
//! ones; nothing that depends on it notices then. PostgreSQL refuses to change a column's type
//! under a view: it steps aside ([`Kind::PINS`]).

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cx, GrantTarget, Kind, Slot, Swap,
    relation::{aside, rename},
};
use crate::schema::{
    Found, Key, KindId, Obj, Options, Step,
    object::Address,
    sql::{ident, option_changes, option_list, options},
};

/// A view.
#[derive(Debug)]
pub struct View;

/// Attributes of a view.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The query, as `pg_get_viewdef` prints it, without the semicolon; names its columns.
    pub query: String,
    /// Its columns: what may change in place depends on them.
    pub columns: Vec<ViewColumn>,
    /// `security_barrier`, `security_invoker`, `check_option`.
    pub options: Options,
}

/// A column of a view.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ViewColumn {
    /// Its name.
    pub name: String,
    /// Its type as `format_type` prints it.
    pub r#type: String,
    /// Its collation as SQL, where it is not the type's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
}

/// The columns of the relation `c` as three arrays.
pub(super) const COLUMNS: &str = "
    ARRAY(SELECT a.attname::text FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
    ARRAY(SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
    ARRAY(SELECT CASE WHEN a.attcollation <> t.typcollation
                      THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END
            FROM pg_attribute a
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_collation co ON co.oid = a.attcollation
            LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)";

/// The addresses that stand for the relation `c` beside its own: its rule, its row type and that
/// one's array type.
pub(super) const ALSO: &str = "
    'pg_rewrite'::regclass::oid,
    (SELECT w.oid FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename = '_RETURN'),
    'pg_type'::regclass::oid, c.reltype,
    (SELECT t.typarray FROM pg_type t WHERE t.oid = c.reltype)";

/// Reads what [`COLUMNS`] selects.
pub(super) fn columns(row: &Row, from: usize) -> Result<Vec<ViewColumn>, tokio_postgres::Error> {
    let names: Vec<String> = row.try_get(from)?;
    let types: Vec<String> = row.try_get(from + 1)?;
    let collations: Vec<Option<String>> = row.try_get(from + 2)?;
    Ok(names
        .into_iter()
        .zip(types)
        .zip(collations)
        .map(|((name, r#type), collation)| ViewColumn { name, r#type, collation })
        .collect())
}

/// Reads what [`ALSO`] selects.
pub(super) fn also<S>(
    mut found: Found<S>,
    row: &Row,
    from: usize,
) -> Result<Found<S>, tokio_postgres::Error> {
    let (rules, types) = (row.try_get(from)?, row.try_get(from + 2)?);
    for (class, at) in [(rules, from + 1), (types, from + 3), (types, from + 4)] {
        let object: Option<u32> = row.try_get(at)?;
        found = found.also(object.map(|object| Address::new(class, object)));
    }
    Ok(found)
}

/// The query without its semicolon.
pub(super) fn query_text(text: &str) -> String {
    text.trim_end().trim_end_matches(';').to_owned()
}

/// A query that has these columns, no rows, and needs nothing but the types.
pub(super) fn empty_query(columns: &[ViewColumn]) -> String {
    let list: Vec<_> = columns
        .iter()
        .map(|ViewColumn { name, r#type, collation }| {
            let collate = collation.as_ref().map(|c| format!(" COLLATE {c}")).unwrap_or_default();
            format!("NULL::{}{collate} AS {}", r#type, ident(name))
        })
        .collect();
    if list.is_empty() { "SELECT".into() } else { format!("SELECT {}", list.join(", ")) }
}

/// Storage parameters or options as they stand after a relation's name; empty without any.
pub(super) fn with(options: &Options) -> String {
    if options.is_empty() { String::new() } else { format!(" WITH ({})", option_list(options)) }
}

impl View {
    /// The key of the view with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for View {
    type Spec = Spec;

    const ID: KindId = KindId("view");
    const CATALOG: &'static str = "pg_class";
    const WEIGHT: u16 = 130;
    const PINS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        format!(
            "SELECT c.tableoid, c.oid, n.nspname::text, c.relname::text, r.rolname::text,
                    coalesce(c.relacl, acldefault('r', c.relowner))::text[],
                    pg_get_viewdef(c.oid), c.reloptions::text[], {COLUMNS}, {ALSO}
               FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace
               JOIN pg_roles r ON r.oid = c.relowner
              WHERE c.relkind = 'v' AND c.relpersistence <> 't'
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            query: query_text(row.try_get(6)?),
            columns: columns(row, 8)?,
            options: options(row.try_get(7)?),
        };
        let found = Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec)
            .owner(row.try_get(4)?)
            .acl(row.try_get(5)?);
        also(found, row, 11)
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("VIEW", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'r', on: format!("TABLE {}", it.key.sql()), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { query, columns: _, options } = new.spec;
        let sql = format!("CREATE OR REPLACE VIEW {}{} AS\n{query}", new.key.sql(), with(options));
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { query, columns, options } = new.spec;
        if !columns.starts_with(&old.spec.columns) {
            return Alter::Replace;
        }
        if *query != old.spec.query || *columns != old.spec.columns {
            return Alter::InPlace(Self::create(new, cx));
        }
        let changes = option_changes(&old.spec.options, options);
        let step = |c| Step::new(&new.key, format!("ALTER VIEW {} {c}", new.key.sql()));
        Alter::InPlace(changes.into_iter().map(step).collect())
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

    fn stub(new: Obj<'_, Spec>, _: &Cx<'_>) -> Option<Vec<Step>> {
        let query = empty_query(&new.spec.columns);
        let sql = format!("CREATE OR REPLACE VIEW {} AS\n{query}", new.key.sql());
        Some(vec![Step::new(&new.key, sql)])
    }
}
