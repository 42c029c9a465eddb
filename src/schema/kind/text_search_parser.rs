//! Text search parsers. They have no owner and no rights.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Call, Cx, Kind};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A text search parser.
#[derive(Debug)]
pub struct TextSearchParser;

/// Attributes of a text search parser; nothing changes them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The function that starts parsing, as SQL.
    pub start: String,
    /// The function that gets the next token, as SQL.
    pub token: String,
    /// The function that ends parsing, as SQL.
    pub end: String,
    /// The function that lists the types of tokens, as SQL.
    pub lextypes: String,
    /// The function that makes headlines, as SQL.
    pub headline: Option<String>,
}

impl TextSearchParser {
    /// The key of the parser with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for TextSearchParser {
    type Spec = Spec;

    const ID: KindId = KindId("text search parser");
    const CATALOG: &'static str = "pg_ts_parser";
    const WEIGHT: u16 = 70;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT t.tableoid, t.oid, n.nspname::text, t.prsname::text,
                t.prsstart::text,
                t.prstoken::text,
                t.prsend::text,
                t.prslextype::text,
                nullif(t.prsheadline::oid, 0)::regproc::text
           FROM pg_ts_parser t JOIN pg_namespace n ON n.oid = t.prsnamespace
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            start: row.try_get(4)?,
            token: row.try_get(5)?,
            end: row.try_get(6)?,
            lextypes: row.try_get(7)?,
            headline: row.try_get(8)?,
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TEXT SEARCH PARSER", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { start, token, end, lextypes, headline } = new.spec;
        let parts = [
            Some(format!("START = {start}")),
            Some(format!("GETTOKEN = {token}")),
            Some(format!("END = {end}")),
            Some(format!("LEXTYPES = {lextypes}")),
            headline.as_ref().map(|f| format!("HEADLINE = {f}")),
        ];
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
