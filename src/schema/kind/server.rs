//! Foreign servers.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, GrantTarget, Kind};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    foreign::ForeignOptions,
    object::Address,
    sql::{fdw_option_changes, fdw_option_list, ident, literal},
};

/// A foreign server.
#[derive(Debug)]
pub struct Server;

/// Attributes of a foreign server.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Its foreign-data wrapper.
    pub wrapper: String,
    /// `TYPE`, which nothing can change.
    pub r#type: Option<String>,
    /// `VERSION`.
    pub version: Option<String>,
    /// Its options.
    pub options: ForeignOptions,
}

impl Server {
    /// The key of the server with this name.
    pub fn key(name: &str) -> Key {
        Key::global(Self::ID, name)
    }
}

impl Kind for Server {
    type Spec = Spec;

    const ID: KindId = KindId("server");
    const CATALOG: &'static str = "pg_foreign_server";
    const WEIGHT: u16 = 76;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT s.tableoid, s.oid, s.srvname::text, r.rolname::text,
                coalesce(s.srvacl, acldefault('S', s.srvowner))::text[],
                w.fdwname::text, s.srvtype, s.srvversion, s.srvoptions
           FROM pg_foreign_server s
           JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
           JOIN pg_roles r ON r.oid = s.srvowner"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            wrapper: row.try_get(5)?,
            r#type: row.try_get(6)?,
            version: row.try_get(7)?,
            options: ForeignOptions::read(row.try_get(8)?),
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?), spec)
            .owner(row.try_get(3)?)
            .acl(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("SERVER", ident(it.key.base_name()))
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'S', on: format!("FOREIGN {}", Self::address(it)), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { wrapper, r#type, version, options } = new.spec;
        let mut words = vec![format!("CREATE {}", Self::address(new))];
        if let Some(text) = r#type {
            words.push(format!("TYPE {}", literal(text)));
        }
        if let Some(text) = version {
            words.push(format!("VERSION {}", literal(text)));
        }
        words.push(format!("FOREIGN DATA WRAPPER {}", ident(wrapper)));
        if let Some(options) = fdw_option_list(options) {
            words.push(options);
        }
        vec![Step::new(&new.key, words.join(" "))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { wrapper, r#type, version, options } = new.spec;
        if *wrapper != old.spec.wrapper || *r#type != old.spec.r#type {
            return Alter::Replace;
        }
        let mut words = vec![format!("ALTER {}", Self::address(new))];
        if *version != old.spec.version {
            let text = version.as_ref().map_or_else(|| "NULL".to_owned(), |text| literal(text));
            words.push(format!("VERSION {text}"));
        }
        if let Some(options) = fdw_option_changes(&old.spec.options, options) {
            words.push(options);
        }
        Alter::InPlace(vec![Step::new(&new.key, words.join(" "))])
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}
