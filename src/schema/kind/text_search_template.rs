//! Text search templates. They have no owner and no rights.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Call, Cx, Kind};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A text search template.
#[derive(Debug)]
pub struct TextSearchTemplate;

/// Attributes of a text search template; nothing changes them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The function that initializes a dictionary, as SQL.
    pub init: Option<String>,
    /// The function that looks a token up, as SQL.
    pub lexize: String,
}

impl TextSearchTemplate {
    /// The key of the template with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for TextSearchTemplate {
    type Spec = Spec;

    const ID: KindId = KindId("text search template");
    const CATALOG: &'static str = "pg_ts_template";
    const WEIGHT: u16 = 71;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT t.tableoid, t.oid, n.nspname::text, t.tmplname::text,
                nullif(t.tmplinit::oid, 0)::regproc::text,
                t.tmpllexize::text
           FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec { init: row.try_get(4)?, lexize: row.try_get(5)? };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TEXT SEARCH TEMPLATE", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { init, lexize } = new.spec;
        let parts =
            [init.as_ref().map(|f| format!("INIT = {f}")), Some(format!("LEXIZE = {lexize}"))];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let sql = format!("CREATE {} ({})", Self::address(new), parts.join(", "));
        vec![Step::new(&new.key, sql)]
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let call = Self::address(it);
        let sql = if it.key.schema() == to.schema() {
            format!("ALTER {call} RENAME TO {}", ident(to.base_name()))
        } else {
            format!("ALTER {call} SET SCHEMA {}", ident(to.schema().unwrap_or_default()))
        };
        Some(vec![Step::new(&it.key, sql)])
    }
}
