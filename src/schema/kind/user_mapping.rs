//! User mappings: what a role is on a foreign server. They have no owner, comment or rights.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::schema::{
    Found, Key, KindId, Name, Obj, Step,
    foreign::ForeignOptions,
    object::Address,
    sql::{fdw_option_changes, fdw_option_list, ident},
};

/// A user mapping.
#[derive(Debug)]
pub struct UserMapping;

/// Attributes of a user mapping.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Its options; empty for those who may not see them.
    pub options: ForeignOptions,
}

impl UserMapping {
    /// The key of the mapping of a role (none is PUBLIC) on a server.
    pub fn key(role: Option<&str>, server: &str) -> Key {
        let role = role.map_or_else(|| "PUBLIC".to_owned(), ident);
        Key::new(Self::ID, Name::Pair(role, ident(server)))
    }
}

impl Kind for UserMapping {
    type Spec = Spec;

    const ID: KindId = KindId("user mapping");
    const CATALOG: &'static str = "pg_user_mapping";
    const WEIGHT: u16 = 77;

    fn query(_: u32) -> Cow<'static, str> {
        // The view is open to all, the catalog to superusers only.
        "SELECT 'pg_user_mapping'::regclass::oid, m.umid, r.rolname::text, m.srvname::text,
                m.umoptions
           FROM pg_user_mappings m LEFT JOIN pg_roles r ON r.oid = m.umuser"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec { options: ForeignOptions::read(row.try_get(4)?) };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = match it.key.name() {
            Name::Pair(role, server) => format!("FOR {role} SERVER {server}"),
            _ => it.key.sql(),
        };
        Call::new("USER MAPPING", name)
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { options } = new.spec;
        let options = fdw_option_list(options).map(|o| format!(" {o}")).unwrap_or_default();
        vec![Step::new(&new.key, format!("CREATE {}{options}", Self::address(new)))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { options } = new.spec;
        let steps = fdw_option_changes(&old.spec.options, options)
            .map(|options| Step::new(&new.key, format!("ALTER {} {options}", Self::address(new))));
        Alter::InPlace(steps.into_iter().collect())
    }
}
