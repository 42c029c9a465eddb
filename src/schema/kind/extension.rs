//! Extensions. Their members belong to them: the loader leaves those out, and what needs a member
//! needs its extension.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    fact::Fact,
    object::Address,
    sql::{ident, literal},
};

/// An extension.
#[derive(Debug)]
pub struct Extension;

/// Attributes of an extension. Its version is none: what a server installs when nobody says
/// otherwise differs from server to server, and there is mostly no way back from a newer one.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The schema its objects are in.
    pub schema: String,
    /// Whether its objects may move to another schema.
    pub relocatable: Fact<bool>,
    /// Its version, where the server would not install that by itself but can.
    pub version: Fact<Option<String>>,
    /// The comment that `CREATE EXTENSION` gives it.
    pub first_comment: Fact<Option<String>>,
}

impl Extension {
    /// The key of the extension with this name.
    pub fn key(name: &str) -> Key {
        Key::global(Self::ID, name)
    }
}

impl Kind for Extension {
    type Spec = Spec;

    const ID: KindId = KindId("extension");
    const CATALOG: &'static str = "pg_extension";
    const WEIGHT: u16 = 20;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT e.tableoid, e.oid, e.extname::text, n.nspname::text, e.extrelocatable,
                CASE WHEN a.default_version <> e.extversion
                      AND EXISTS (SELECT FROM pg_available_extension_versions v
                                   WHERE v.name = e.extname AND v.version = e.extversion)
                     THEN e.extversion END,
                nullif(a.comment, '')
           FROM pg_extension e
           JOIN pg_namespace n ON n.oid = e.extnamespace
           LEFT JOIN pg_available_extensions a ON a.name = e.extname"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            schema: row.try_get(3)?,
            relocatable: Fact(row.try_get(4)?),
            version: Fact(row.try_get(5)?),
            first_comment: Fact(row.try_get(6)?),
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?), spec))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("EXTENSION", ident(it.key.base_name()))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { schema, relocatable: _, version, first_comment: _ } = new.spec;
        let call = Self::address(new);
        let version =
            version.as_ref().map(|v| format!(" VERSION {}", literal(v))).unwrap_or_default();
        let create = format!("CREATE {call} WITH SCHEMA {}{version}", ident(schema));
        vec![Step::new(&new.key, create)]
    }

    fn first_comment(new: Obj<'_, Spec>) -> Option<String> {
        new.spec.first_comment.0.clone()
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { schema, relocatable: _, version: _, first_comment: _ } = new.spec;
        if !*old.spec.relocatable {
            return Alter::Replace;
        }
        let sql = format!("ALTER {} SET SCHEMA {}", Self::address(new), ident(schema));
        Alter::InPlace(vec![Step::new(&new.key, sql)])
    }
}
