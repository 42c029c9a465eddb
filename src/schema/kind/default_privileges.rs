//! Default privileges: what new objects of a role are granted by themselves.
//!
//! Without a schema, an entry stands in the place of what PostgreSQL gives (`acldefault`), and is
//! written as the difference from that; with one, it adds to it, and is written in full. An entry
//! that says what would hold anyway does not exist: PostgreSQL removes it.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, GrantTarget, Kind};
use crate::schema::{
    Acl, Found, Key, KindId, Name, Obj, Snapshot, Step,
    grant::{self, About},
    object::Address,
    sql::ident,
};

/// Default privileges of a role, in one schema or in all, on one sort of objects.
#[derive(Debug)]
pub struct DefaultPrivileges;

/// Attributes of default privileges.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The rights; without a schema, those of PostgreSQL's own default are among them.
    pub rights: Acl,
}

/// Default privileges that a new object may be made under.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    /// The role whose new objects they are for.
    pub role: &'a str,
    /// The schema; none is every schema.
    pub schema: Option<&'a str>,
    /// The rights they give.
    pub rights: &'a Acl,
}

/// The default privileges, of any role, for new objects of the class (a letter of `acldefault`) in
/// the schema, or of a kind that stands in none.
pub fn defaults_in_force<'a>(
    snapshot: &'a Snapshot,
    class: char,
    schema: Option<&'a str>,
) -> impl Iterator<Item = InForce<'a>> {
    snapshot.of_kind::<DefaultPrivileges>().filter_map(move |it| {
        // The key outlives `it` with the snapshot that holds both.
        let Name::ForRole { role, schema: only, objects } = it.object.key.name() else {
            return None;
        };
        let applies = self::class(objects) == class
            && only.as_ref().is_none_or(|only| Some(only.as_str()) == schema);
        applies.then_some(InForce { role, schema: only.as_deref(), rights: &it.spec.rights })
    })
}

/// The word for a letter of `pg_default_acl.defaclobjtype`.
fn word(letter: &str) -> &'static str {
    match letter {
        "r" => "TABLES",
        "S" => "SEQUENCES",
        "f" => "FUNCTIONS",
        "T" => "TYPES",
        "n" => "SCHEMAS",
        _ => "LARGE OBJECTS",
    }
}

/// The letter of `acldefault` for such a word.
fn class(word: &str) -> char {
    match word {
        "TABLES" => 'r',
        "SEQUENCES" => 's',
        "FUNCTIONS" => 'f',
        "TYPES" => 'T',
        "SCHEMAS" => 'n',
        _ => 'L',
    }
}

impl Kind for DefaultPrivileges {
    type Spec = Spec;

    const ID: KindId = KindId("default privileges");
    const CATALOG: &'static str = "pg_default_acl";
    const WEIGHT: u16 = 900;
    const CONCERNS_NEW: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT d.tableoid, d.oid, r.rolname::text, n.nspname::text, d.defaclobjtype::text,
                d.defaclacl::text[]
           FROM pg_default_acl d
           JOIN pg_roles r ON r.oid = d.defaclrole
           LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let objects = word(row.try_get(4)?).to_owned();
        let name = Name::ForRole { role: row.try_get(2)?, schema: row.try_get(3)?, objects };
        let rights: Vec<String> = row.try_get(5)?;
        Ok(Found::new(at, Key::new(Self::ID, name), Spec { rights: Acl::parse(&rights) }))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("DEFAULT PRIVILEGES", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        change(&new.key, &unchanged(&new.key, cx), &new.spec.rights, cx)
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { rights } = new.spec;
        Alter::InPlace(change(&new.key, &old.spec.rights, rights, cx))
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        change(&old.key, &old.spec.rights, &unchanged(&old.key, cx), cx)
    }
}

/// What holds where there is no entry.
fn unchanged(key: &Key, cx: &Cx<'_>) -> Acl {
    match key.name() {
        Name::ForRole { role, schema: None, objects } => {
            grant::by_default(class(objects), role, cx.old.version)
        }
        _ => Acl::default(),
    }
}

fn change(key: &Key, from: &Acl, to: &Acl, cx: &Cx<'_>) -> Vec<Step> {
    let Name::ForRole { role, schema, objects } = key.name() else { return Vec::new() };
    let place = schema.as_ref().map(|s| format!(" IN SCHEMA {}", ident(s))).unwrap_or_default();
    let prefix = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}{place} ", ident(role));
    let on = GrantTarget { class: class(objects), on: objects.clone(), column: None };
    // All entries are the role's own, whoever says them.
    let about = About { on: &on, owner: Some(role), version: cx.old.version, prefix: &prefix };
    let statements = grant::changes(about, from, from, to);
    statements.into_iter().map(|sql| Step::new(key, sql)).collect()
}
