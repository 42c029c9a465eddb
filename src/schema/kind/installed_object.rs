//! Rights on what comes with the server or with an extension, where they differ from those that
//! it came with (`pg_init_privs`): an extension's function that only some may call, a system
//! function that more may call.
//!
//! The object itself is not ours. Its owner is whoever installed it, which differs from database
//! to database and is not compared: in the rights here the owner's name is the empty one.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Extension, GrantTarget, Kind};
use crate::schema::{
    Acl, Found, Key, KindId, Name, Obj, Step,
    fact::Fact,
    grant::{self, About},
};

/// The rights on an object that was installed.
#[derive(Debug)]
pub struct InstalledObject;

/// What differs from the rights it came with.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The letter of `acldefault`.
    pub class: String,
    /// The column, as SQL, when it is one.
    pub column: Option<String>,
    /// Its rights.
    pub rights: Acl,
    /// The rights it came with.
    pub initial: Fact<Acl>,
    /// Who owns it here.
    pub owner: Fact<String>,
}

/// Everything with rights: class letter, catalog and row, what GRANT calls it, column, owner, and
/// rights, none where the list is absent.
const ALL: &str = "
    SELECT CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS class, c.tableoid AS cat, c.oid, 0 AS sub,
           CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS noun,
           relnamespace AS ns, format('%I.%I', n.nspname, relname) AS name, NULL::name AS col,
           relowner AS owner, relacl AS acl
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'c', c.tableoid, c.oid, attnum, 'TABLE', relnamespace,
           format('%I.%I', n.nspname, relname), attname, relowner, attacl
      FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
      JOIN pg_namespace n ON n.oid = relnamespace
     WHERE attacl IS NOT NULL AND NOT attisdropped
    UNION ALL
    SELECT 'f', p.tableoid, p.oid, 0, CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
           pronamespace, format('%I.%I(%s)', n.nspname, proname, oidvectortypes(proargtypes)), NULL,
           proowner, proacl
      FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
    UNION ALL
    SELECT 'T', t.tableoid, t.oid, 0, 'TYPE', typnamespace, format('%I.%I', n.nspname, typname),
           NULL, typowner, typacl
      FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
    UNION ALL
    SELECT 'n', tableoid, oid, 0, 'SCHEMA', oid, quote_ident(nspname), NULL, nspowner, nspacl
      FROM pg_namespace
    UNION ALL
    SELECT 'l', tableoid, oid, 0, 'LANGUAGE', NULL, quote_ident(lanname), NULL, lanowner, lanacl
      FROM pg_language
    UNION ALL
    SELECT 'F', tableoid, oid, 0, 'FOREIGN DATA WRAPPER', NULL, quote_ident(fdwname), NULL,
           fdwowner, fdwacl
      FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'S', tableoid, oid, 0, 'FOREIGN SERVER', NULL, quote_ident(srvname), NULL, srvowner,
           srvacl
      FROM pg_foreign_server";

impl Kind for InstalledObject {
    type Spec = Spec;

    const ID: KindId = KindId("installed object");
    const CATALOG: &'static str = "pg_init_privs";
    const WEIGHT: u16 = 200;
    const DIES_WITH_PARENT: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        // What is part of the server itself has an OID below 16384; of that, only `pg_catalog` and
        // languages are ours to speak of, as for a dump.
        format!(
            "SELECT o.class, o.noun, o.name, quote_ident(o.col), r.rolname::text, o.acl::text[],
                    base.acl, e.extname::text
               FROM ({ALL}) o
               JOIN pg_roles r ON r.oid = o.owner
               LEFT JOIN pg_init_privs i
                 ON i.classoid = o.cat AND i.objoid = o.oid AND i.objsubid = o.sub
               LEFT JOIN pg_depend d ON d.classid = o.cat AND d.objid = o.oid AND d.objsubid = 0
                AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
               LEFT JOIN pg_extension e ON e.oid = d.refobjid
              CROSS JOIN LATERAL (
                    SELECT coalesce(i.initprivs, acldefault(o.class::\"char\", o.owner))::text[]) base (acl)
              WHERE o.acl IS NOT NULL
                AND NOT (o.acl::text[] @> base.acl AND o.acl::text[] <@ base.acl)
                AND (e.oid IS NOT NULL
                     OR o.oid < 16384 AND (o.class = 'l' OR o.ns = 'pg_catalog'::regnamespace))"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let (noun, name): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
        let column: Option<String> = row.try_get(3)?;
        let owner: String = row.try_get(4)?;
        let acl = |at| {
            let items: Vec<String> = row.try_get(at)?;
            Ok::<_, tokio_postgres::Error>(grant::with_owner(&Acl::parse(&items), &owner, ""))
        };
        let spec = Spec {
            class: row.try_get(0)?,
            rights: acl(5)?,
            initial: Fact(acl(6)?),
            column: column.clone(),
            owner: Fact(owner.clone()),
        };
        let name = match &column {
            Some(column) => format!("{name}.{column}"),
            None => name.to_owned(),
        };
        let noun = if column.is_some() { "COLUMN" } else { noun };
        let key = Key::new(Self::ID, Name::Pair(noun.to_owned(), name));
        let found = Found::nowhere(key, spec);
        Ok(match row.try_get::<_, Option<&str>>(7)? {
            Some(extension) => found.parent(Extension::key(extension)),
            None => found,
        })
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("INSTALLED", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        change(new, &new.spec.initial, &new.spec.rights, cx)
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { class: _, column: _, rights, initial: _, owner: _ } = new.spec;
        Alter::InPlace(change(new, &old.spec.rights, rights, cx))
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        change(old, &old.spec.rights, &old.spec.initial, cx)
    }
}

fn change(it: Obj<'_, Spec>, from: &Acl, to: &Acl, cx: &Cx<'_>) -> Vec<Step> {
    let Spec { class, column, owner, .. } = it.spec;
    let Name::Pair(noun, name) = it.key.name() else { return Vec::new() };
    let on = match column {
        Some(column) => {
            let table = name.strip_suffix(column.as_str()).unwrap_or(name).trim_end_matches('.');
            format!("TABLE {table}")
        }
        None => format!("{noun} {name}"),
    };
    let class = class.chars().next().unwrap_or_default();
    let on = GrantTarget { class, on, column: column.clone() };
    let about = About { on: &on, owner: Some(owner), version: cx.old.version, prefix: "" };
    let named = |acl: &Acl| grant::with_owner(acl, "", owner);
    let from = named(from);
    let statements = grant::changes(about, &from, &from, &named(to));
    statements.into_iter().map(|sql| Step::new(&it.key, sql)).collect()
}
