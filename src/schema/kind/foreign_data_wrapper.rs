//! Foreign-data wrappers.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, GrantTarget, Kind};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    foreign::ForeignOptions,
    object::Address,
    sql::{fdw_option_changes, fdw_option_list, ident},
};

/// A foreign-data wrapper.
#[derive(Debug)]
pub struct ForeignDataWrapper;

/// Attributes of a foreign-data wrapper.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The handler function, as SQL.
    pub handler: Option<String>,
    /// The validator function, as SQL.
    pub validator: Option<String>,
    /// Its options.
    pub options: ForeignOptions,
}

impl ForeignDataWrapper {
    /// The key of the wrapper with this name.
    pub fn key(name: &str) -> Key {
        Key::global(Self::ID, name)
    }
}

impl Kind for ForeignDataWrapper {
    type Spec = Spec;

    const ID: KindId = KindId("foreign-data wrapper");
    const CATALOG: &'static str = "pg_foreign_data_wrapper";
    const WEIGHT: u16 = 75;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT w.tableoid, w.oid, w.fdwname::text, r.rolname::text,
                coalesce(w.fdwacl, acldefault('F', w.fdwowner))::text[],
                nullif(w.fdwhandler, 0)::regproc::text, nullif(w.fdwvalidator, 0)::regproc::text,
                w.fdwoptions
           FROM pg_foreign_data_wrapper w JOIN pg_roles r ON r.oid = w.fdwowner"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            handler: row.try_get(5)?,
            validator: row.try_get(6)?,
            options: ForeignOptions::read(row.try_get(7)?),
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?), spec)
            .owner(row.try_get(3)?)
            .acl(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("FOREIGN DATA WRAPPER", ident(it.key.base_name()))
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'F', on: Self::address(it).to_string(), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { handler, validator, options } = new.spec;
        let mut words = vec![format!("CREATE {}", Self::address(new))];
        if let Some(handler) = handler {
            words.push(format!("HANDLER {handler}"));
        }
        if let Some(validator) = validator {
            words.push(format!("VALIDATOR {validator}"));
        }
        if let Some(options) = fdw_option_list(options) {
            words.push(options);
        }
        vec![Step::new(&new.key, words.join(" "))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { handler, validator, options } = new.spec;
        let mut words = vec![format!("ALTER {}", Self::address(new))];
        for (word, was, now) in
            [("HANDLER", &old.spec.handler, handler), ("VALIDATOR", &old.spec.validator, validator)]
        {
            match now {
                _ if was == now => {}
                Some(function) => words.push(format!("{word} {function}")),
                None => words.push(format!("NO {word}")),
            }
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
