//! Collations. Their version says what they were made with, not what they are: it is not compared.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind, Swap, shared::rename};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, literal, qualified},
};

/// A collation.
#[derive(Debug)]
pub struct Collation;

/// Attributes of a collation.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `libc`, `icu` or `builtin`.
    pub provider: String,
    /// Strings that differ in bytes are never equal.
    pub deterministic: bool,
    /// The one locale of all; else `collate` and `ctype` say two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The locale that sorts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collate: Option<String>,
    /// The locale that tells letters from digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctype: Option<String>,
    /// Rules added to those of the locale; from PostgreSQL 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
}

impl Collation {
    /// The key of the collation with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for Collation {
    type Spec = Spec;

    const ID: KindId = KindId("collation");
    const CATALOG: &'static str = "pg_collation";
    const WEIGHT: u16 = 25;

    fn query(version: u32) -> Cow<'static, str> {
        let locale = match version {
            170_000.. => "c.colllocale",
            150_000.. => "c.colliculocale",
            _ => "NULL",
        };
        let rules = if version >= 160_000 { "c.collicurules" } else { "NULL" };
        format!(
            "SELECT c.tableoid, c.oid, n.nspname::text, c.collname::text, r.rolname::text,
                    CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
                    c.collisdeterministic, {locale}::text, c.collcollate::text, c.collctype::text,
                    {rules}::text
               FROM pg_collation c
               JOIN pg_namespace n ON n.oid = c.collnamespace
               JOIN pg_roles r ON r.oid = c.collowner
              WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND c.collencoding IN (-1, (SELECT encoding FROM pg_database
                                             WHERE datname = current_database()))"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let locale: Option<String> = row.try_get(7)?;
        let (collate, ctype): (Option<String>, Option<String>) = (row.try_get(8)?, row.try_get(9)?);
        let (locale, collate, ctype) = match (locale, collate, ctype) {
            (Some(locale), _, _) => (Some(locale), None, None),
            (None, Some(collate), Some(ctype)) if collate == ctype => (Some(collate), None, None),
            (None, collate, ctype) => (None, collate, ctype),
        };
        let spec = Spec {
            provider: row.try_get(5)?,
            deterministic: row.try_get(6)?,
            locale,
            collate,
            ctype,
            rules: row.try_get(10)?,
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec).owner(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("COLLATION", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { provider, deterministic, locale, collate, ctype, rules } = new.spec;
        let mut options = vec![format!("provider = {provider}")];
        if !deterministic {
            options.push("deterministic = false".to_owned());
        }
        let named =
            [("locale", locale), ("lc_collate", collate), ("lc_ctype", ctype), ("rules", rules)];
        for (name, value) in named {
            options.extend(value.as_ref().map(|v| format!("{name} = {}", literal(v))));
        }
        let sql = format!("CREATE COLLATION {} ({})", new.key.sql(), options.join(", "));
        vec![Step::new(&new.key, sql)]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { provider: _, deterministic: _, locale: _, collate: _, ctype: _, rules: _ } =
            new.spec;
        Alter::Replace
    }

    fn swap(old: Obj<'_, Spec>, _: Obj<'_, Spec>, temporary: &str, _: &Cx<'_>) -> Option<Swap> {
        let schema = old.key.schema().unwrap_or_default();
        let aside = format!("ALTER {} RENAME TO {}", Self::address(old), ident(temporary));
        let drop = format!("DROP COLLATION {}", qualified(schema, temporary));
        Some(Swap {
            aside: vec![Step::new(&old.key, aside)],
            drop: vec![Step::new(&old.key, drop)],
            ..Swap::default()
        })
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(rename(&it.key, &Self::address(it), to))
    }
}
