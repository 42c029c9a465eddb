//! Operator classes, with the members of their family that belong to them.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cx, Kind,
    operator_family::{Members, for_method},
    shared::rename,
};
use crate::schema::{Found, Key, KindId, Name, Obj, Step, object::Address, sql::ident};

/// An operator class.
#[derive(Debug)]
pub struct OperatorClass;

/// Attributes of an operator class.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The type it is for.
    pub r#type: String,
    /// The one that indexes on the type take by themselves.
    pub default: bool,
    /// Its family as SQL.
    pub family: String,
    /// The type that is stored in the index, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// Its operators and functions.
    #[serde(flatten)]
    pub members: Members,
}

impl Kind for OperatorClass {
    type Spec = Spec;

    const ID: KindId = KindId("operator class");
    const CATALOG: &'static str = "pg_opclass";
    const WEIGHT: u16 = 69;

    fn query(_: u32) -> Cow<'static, str> {
        format!(
            "SELECT c.tableoid, c.oid, n.nspname::text, c.opcname::text, a.amname::text, r.rolname::text,
                    format_type(c.opcintype, NULL), c.opcdefault,
                    quote_ident(fn.nspname) || '.' || quote_ident(f.opfname),
                    CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END,
                    {}
               FROM pg_opclass c
               JOIN pg_namespace n ON n.oid = c.opcnamespace
               JOIN pg_am a ON a.oid = c.opcmethod
               JOIN pg_roles r ON r.oid = c.opcowner
               JOIN pg_opfamily f ON f.oid = c.opcfamily
               JOIN pg_namespace fn ON fn.oid = f.opfnamespace
              WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            Members::columns("pg_opclass", "c.oid", "c.opcfamily")
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let name = Name::ForMethod {
            schema: row.try_get(2)?,
            name: row.try_get(3)?,
            method: row.try_get(4)?,
        };
        let spec = Spec {
            r#type: row.try_get(6)?,
            default: row.try_get(7)?,
            family: row.try_get(8)?,
            storage: row.try_get(9)?,
            members: Members::read(row)?,
        };
        let found = Found::new(at, Key::new(Self::ID, name), spec).owner(row.try_get(5)?);
        Members::claim(row, found)
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("OPERATOR CLASS", for_method(&it.key))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { r#type, default, family, storage, members } = new.spec;
        let Name::ForMethod { method, .. } = new.key.name() else { return Vec::new() };
        let mut items = members.items();
        items.extend(storage.as_ref().map(|s| format!("STORAGE {s}")));
        if items.is_empty() {
            // The grammar asks for something; this says what holds anyway.
            items.push(format!("STORAGE {type}"));
        }
        let (name, method) = (new.key.sql(), ident(method));
        let default = if *default { "DEFAULT " } else { "" };
        let sql = format!(
            "CREATE OPERATOR CLASS {name}\n    \
             {default}FOR TYPE {type} USING {method} FAMILY {family} AS\n    {}",
            items.join(",\n    ")
        );
        vec![Step::new(&new.key, sql)]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { r#type: _, default: _, family: _, storage: _, members: _ } = new.spec;
        Alter::Replace
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(rename(&it.key, &Self::address(it), to))
    }
}
