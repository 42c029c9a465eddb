//! Policies of row security. Whether a table has row security at all is the table's own matter.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind, relation::relation_key};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, ident_list},
};

/// A policy.
#[derive(Debug)]
pub struct Policy;

/// Attributes of a policy.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE`, `DELETE`.
    pub command: String,
    /// It lets rows pass; a restrictive one must let them pass too.
    pub permissive: bool,
    /// Whom it is for, sorted; empty for PUBLIC.
    pub roles: Vec<String>,
    /// Which rows are seen.
    pub using: Option<String>,
    /// Which rows may be written.
    pub check: Option<String>,
}

impl Kind for Policy {
    type Spec = Spec;

    const ID: KindId = KindId("policy");
    const CATALOG: &'static str = "pg_policy";
    const WEIGHT: u16 = 190;
    const DIES_WITH_PARENT: bool = true;
    const DETACHABLE: bool = true;
    const PINS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT o.tableoid, o.oid, n.nspname::text, c.relname::text, o.polname::text,
                c.relkind::text, o.polcmd::text, o.polpermissive,
                ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.oid = ANY (o.polroles)
                       ORDER BY r.rolname::text),
                pg_get_expr(o.polqual, o.polrelid), pg_get_expr(o.polwithcheck, o.polrelid)
           FROM pg_policy o
           JOIN pg_class c ON c.oid = o.polrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, relation, name): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let command = match row.try_get(6)? {
            "r" => "SELECT",
            "a" => "INSERT",
            "w" => "UPDATE",
            "d" => "DELETE",
            _ => "ALL",
        };
        let spec = Spec {
            command: command.to_owned(),
            permissive: row.try_get(7)?,
            roles: row.try_get(8)?,
            using: row.try_get(9)?,
            check: row.try_get(10)?,
        };
        Ok(Found::new(at, Key::on(Self::ID, schema, relation, name), spec).parent(relation_key(
            row.try_get(5)?,
            schema,
            relation,
        )))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = ident(it.key.base_name());
        Call::new("POLICY", format!("{name} ON {}", it.key.relation_sql()))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { command, permissive, roles, using, check } = new.spec;
        let mut sql = format!("CREATE {}", Self::address(new));
        if !permissive {
            sql += "\n    AS RESTRICTIVE";
        }
        if command != "ALL" {
            sql += &format!("\n    FOR {command}");
        }
        if !roles.is_empty() {
            sql += &format!("\n    TO {}", ident_list(roles));
        }
        sql += &expressions(using.as_deref(), check.as_deref());
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { command, permissive, roles, using, check } = new.spec;
        // An expression can be changed or added, not taken away.
        let taken = (old.spec.using.is_some() && using.is_none())
            || (old.spec.check.is_some() && check.is_none());
        if *command != old.spec.command || *permissive != old.spec.permissive || taken {
            return Alter::Replace;
        }
        let mut sql = format!("ALTER {}", Self::address(new));
        if *roles != old.spec.roles {
            let to = if roles.is_empty() { "PUBLIC".into() } else { ident_list(roles) };
            sql += &format!("\n    TO {to}");
        }
        let using = using.as_deref().filter(|_| *using != old.spec.using);
        let check = check.as_deref().filter(|_| *check != old.spec.check);
        sql += &expressions(using, check);
        Alter::InPlace(vec![Step::new(&new.key, sql)])
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}

fn expressions(using: Option<&str>, check: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(using) = using {
        out += &format!("\n    USING ({using})");
    }
    if let Some(check) = check {
        out += &format!("\n    WITH CHECK ({check})");
    }
    out
}
