//! Conversions between encodings.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind, shared::rename};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::literal};

/// A conversion between two encodings.
#[derive(Debug)]
pub struct Conversion;

/// Attributes of a conversion.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The encoding it reads.
    pub from: String,
    /// The encoding it writes.
    pub to: String,
    /// The function, as `regproc` prints it.
    pub function: String,
    /// The one that is used for these encodings in its schema.
    pub default: bool,
}

impl Kind for Conversion {
    type Spec = Spec;

    const ID: KindId = KindId("conversion");
    const CATALOG: &'static str = "pg_conversion";
    const WEIGHT: u16 = 70;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT c.tableoid, c.oid, n.nspname::text, c.conname::text, r.rolname::text,
                pg_encoding_to_char(c.conforencoding)::text, pg_encoding_to_char(c.contoencoding)::text,
                c.conproc::text, c.condefault
           FROM pg_conversion c
           JOIN pg_namespace n ON n.oid = c.connamespace
           JOIN pg_roles r ON r.oid = c.conowner
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, name): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
        let spec = Spec {
            from: row.try_get(5)?,
            to: row.try_get(6)?,
            function: row.try_get(7)?,
            default: row.try_get(8)?,
        };
        Ok(Found::new(at, Key::in_schema(Self::ID, schema, name), spec).owner(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("CONVERSION", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { from, to, function, default } = new.spec;
        let default = if *default { "DEFAULT " } else { "" };
        let sql = format!(
            "CREATE {default}CONVERSION {} FOR {} TO {} FROM {function}",
            new.key.sql(),
            literal(from),
            literal(to)
        );
        vec![Step::new(&new.key, sql)]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { from: _, to: _, function: _, default: _ } = new.spec;
        Alter::Replace
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(rename(&it.key, &Self::address(it), to))
    }
}
