//! Procedural languages that are no part of an extension.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Cx, GrantTarget, Kind, Response,
    shared::{rebuild_or_let_go, rename},
};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address};

/// A procedural language.
#[derive(Debug)]
pub struct Language;

/// Attributes of a language; functions are written as `regproc` prints them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Everybody who has the right may write functions in it, not only superusers.
    pub trusted: bool,
    /// Runs its functions.
    pub handler: String,
    /// Runs `DO` blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<String>,
    /// Checks new functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validator: Option<String>,
}

impl Kind for Language {
    type Spec = Spec;

    const ID: KindId = KindId("language");
    const CATALOG: &'static str = "pg_language";
    const WEIGHT: u16 = 20;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT l.tableoid, l.oid, l.lanname::text, r.rolname::text,
                coalesce(l.lanacl, acldefault('l', l.lanowner))::text[],
                l.lanpltrusted, l.lanplcallfoid::regproc::text,
                nullif(l.laninline, 0)::regproc::text, nullif(l.lanvalidator, 0)::regproc::text
           FROM pg_language l JOIN pg_roles r ON r.oid = l.lanowner
          WHERE l.lanispl AND l.oid >= 16384"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let name: &str = row.try_get(2)?;
        let spec = Spec {
            trusted: row.try_get(5)?,
            handler: row.try_get(6)?,
            inline: row.try_get(7)?,
            validator: row.try_get(8)?,
        };
        Ok(Found::new(at, Key::global(Self::ID, name), spec)
            .owner(row.try_get(3)?)
            .acl(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("LANGUAGE", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'l', on: Self::address(it).to_string(), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        vec![Step::new(&new.key, definition("CREATE", new))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        // Nobody can grant or revoke rights on a language that is not trusted, so that what there
        // was when it still was could not be taken back.
        if new.spec.trusted != old.spec.trusted {
            return Alter::Replace;
        }
        Alter::InPlace(vec![Step::new(&new.key, definition("CREATE OR REPLACE", new))])
    }

    fn respond(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        rebuild_or_let_go::<Self>(old, new, cause, cx)
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(rename(&it.key, &Self::address(it), to))
    }
}

fn definition(verb: &str, it: Obj<'_, Spec>) -> String {
    let Spec { trusted, handler, inline, validator } = it.spec;
    let trusted = if *trusted { "TRUSTED " } else { "" };
    let mut sql = format!("{verb} {trusted}LANGUAGE {} HANDLER {handler}", it.key.sql());
    for (word, function) in [("INLINE", inline), ("VALIDATOR", validator)] {
        if let Some(function) = function {
            sql.extend([" ", word, " ", function]);
        }
    }
    sql
}
