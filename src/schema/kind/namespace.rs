//! Schemas. `public` is one like others: an empty database has it too.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, GrantTarget, Kind};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A schema.
#[derive(Debug)]
pub struct Namespace;

/// Attributes of a schema: it has none but its owner and rights.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {}

impl Namespace {
    /// The key of the schema with this name.
    pub fn key(name: &str) -> Key {
        Key::global(Self::ID, name)
    }
}

impl Kind for Namespace {
    type Spec = Spec;

    const ID: KindId = KindId("schema");
    const CATALOG: &'static str = "pg_namespace";
    const WEIGHT: u16 = 10;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT n.tableoid, n.oid, n.nspname::text, r.rolname::text,
                coalesce(n.nspacl, acldefault('n', n.nspowner))::text[]
           FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let name: String = row.try_get(2)?;
        Ok(Found::new(at, Self::key(&name), Spec {}).owner(row.try_get(3)?).acl(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("SCHEMA", ident(it.key.base_name()))
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'n', on: Self::address(it).to_string(), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        vec![Step::new(&new.key, format!("CREATE {}", Self::address(new)))]
    }

    fn alter(_: Obj<'_, Spec>, _: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        Alter::InPlace(Vec::new())
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}
