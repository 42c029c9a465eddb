//! Transforms: how values of a type are handed to functions in a language.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cause, Cx, Kind, Response, shared::rebuild_or_let_go};
use crate::schema::{Found, Key, KindId, Name, Obj, Step, object::Address};

/// A transform.
#[derive(Debug)]
pub struct Transform;

/// Attributes of a transform; functions are written as `regprocedure` prints them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Converts what a function is called with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_sql: Option<String>,
    /// Converts what it returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_sql: Option<String>,
}

impl Kind for Transform {
    type Spec = Spec;

    const ID: KindId = KindId("transform");
    const CATALOG: &'static str = "pg_transform";
    const WEIGHT: u16 = 65;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT t.tableoid, t.oid, format_type(t.trftype, NULL), quote_ident(l.lanname),
                nullif(t.trffromsql::oid, 0)::regprocedure::text,
                nullif(t.trftosql::oid, 0)::regprocedure::text
           FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
          WHERE t.oid >= 16384"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let key = Key::new(Self::ID, Name::Pair(row.try_get(2)?, row.try_get(3)?));
        let spec = Spec { from_sql: row.try_get(4)?, to_sql: row.try_get(5)? };
        Ok(Found::new(at, key, spec))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = match it.key.name() {
            Name::Pair(of, language) => format!("FOR {of} LANGUAGE {language}"),
            _ => it.key.sql(),
        };
        Call::new("TRANSFORM", name)
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        vec![Step::new(&new.key, definition("CREATE", new))]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        Alter::InPlace(vec![Step::new(&new.key, definition("CREATE OR REPLACE", new))])
    }

    fn respond(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        rebuild_or_let_go::<Self>(old, new, cause, cx)
    }
}

fn definition(verb: &str, it: Obj<'_, Spec>) -> String {
    let Spec { from_sql, to_sql } = it.spec;
    let functions: Vec<_> = [("FROM SQL", from_sql), ("TO SQL", to_sql)]
        .into_iter()
        .filter_map(|(word, f)| Some(format!("{word} WITH FUNCTION {}", f.as_ref()?)))
        .collect();
    format!("{verb} {} ({})", Transform::address(it), functions.join(", "))
}
