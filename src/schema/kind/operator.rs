//! Operators.
//!
//! A shell operator, which PostgreSQL makes for a commutator or negator that is not there yet, is
//! none: its turn comes when it is defined.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::schema::{Found, Key, KindId, Obj, Snapshot, Step, object::Address, sql::ident};

/// An operator.
#[derive(Debug)]
pub struct Operator;

/// Attributes of an operator; functions are written as `regproc` prints them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The function that computes it.
    pub function: String,
    /// The operator that gives the same with its arguments exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commutator: Option<Partner>,
    /// The operator that gives the contrary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negator: Option<Partner>,
    /// Estimates how many rows a condition selects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restrict: Option<String>,
    /// Estimates how many rows a join gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
    /// Can serve hash joins.
    pub hashes: bool,
    /// Can serve merge joins.
    pub merges: bool,
}

/// Another operator, for arguments that follow from the operator's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Partner {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

impl Partner {
    /// As it stands in `CREATE OPERATOR`.
    fn sql(&self) -> String {
        format!("OPERATOR({}.{})", ident(&self.schema), self.name)
    }
}

impl Operator {
    /// The key of an operator; a missing left argument is `NONE`.
    fn key(schema: &str, name: &str, left: &str, right: &str) -> Key {
        Key::routine(Self::ID, schema, name, format!("{left}, {right}"))
    }
}

impl Kind for Operator {
    type Spec = Spec;

    const ID: KindId = KindId("operator");
    const CATALOG: &'static str = "pg_operator";
    const WEIGHT: u16 = 66;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT o.tableoid, o.oid, n.nspname::text, o.oprname::text, r.rolname::text,
                CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,
                CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END,
                o.oprcode::text, cn.nspname::text, c.oprname::text, nn.nspname::text, g.oprname::text,
                nullif(o.oprrest::oid, 0)::regproc::text, nullif(o.oprjoin::oid, 0)::regproc::text,
                o.oprcanhash, o.oprcanmerge
           FROM pg_operator o
           JOIN pg_namespace n ON n.oid = o.oprnamespace
           JOIN pg_roles r ON r.oid = o.oprowner
           LEFT JOIN pg_operator c ON c.oid = o.oprcom
           LEFT JOIN pg_namespace cn ON cn.oid = c.oprnamespace
           LEFT JOIN pg_operator g ON g.oid = o.oprnegate
           LEFT JOIN pg_namespace nn ON nn.oid = g.oprnamespace
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND o.oprcode <> 0"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let key = Self::key(row.try_get(2)?, row.try_get(3)?, row.try_get(5)?, row.try_get(6)?);
        let partner = |at: usize| -> Result<Option<Partner>, tokio_postgres::Error> {
            let (schema, name): (Option<_>, Option<_>) = (row.try_get(at)?, row.try_get(at + 1)?);
            Ok(schema.zip(name).map(|(schema, name)| Partner { schema, name }))
        };
        let spec = Spec {
            function: row.try_get(7)?,
            commutator: partner(8)?,
            negator: partner(10)?,
            restrict: row.try_get(12)?,
            join: row.try_get(13)?,
            hashes: row.try_get(14)?,
            merges: row.try_get(15)?,
        };
        Ok(Found::new(at, key, spec).owner(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let (left, right) = arguments(&it.key);
        Call::new("OPERATOR", format!("{} ({left}, {right})", name(&it.key)))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { function, commutator, negator, restrict, join, hashes, merges } = new.spec;
        let (left, right) = arguments(&new.key);
        let argument = |text: &str| (text != "NONE").then(|| text.to_owned());
        let mut options: Vec<_> = [
            ("FUNCTION", Some(function.clone())),
            ("LEFTARG", argument(&left)),
            ("RIGHTARG", argument(&right)),
            ("COMMUTATOR", commutator.as_ref().map(Partner::sql)),
            ("NEGATOR", negator.as_ref().map(Partner::sql)),
            ("RESTRICT", restrict.clone()),
            ("JOIN", join.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} = {}", value?)))
        .collect();
        if *hashes {
            options.push("HASHES".to_owned());
        }
        if *merges {
            options.push("MERGES".to_owned());
        }
        let options = options.join(",\n    ");
        let sql = format!("CREATE OPERATOR {} (\n    {options}\n)", name(&new.key));
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { function, commutator, negator, restrict, join, hashes, merges } = new.spec;
        let old = old.spec;
        // From 17 on these can be set, but never taken back.
        let settable = cx.version() >= 170_000;
        let flag = |before: bool, after: bool| before == after || (after && settable);
        if *function != old.function || !flag(old.hashes, *hashes) || !flag(old.merges, *merges) {
            return Alter::Replace;
        }
        let (left, right) = arguments(&new.key);
        let commuted = |p: &Partner| Self::key(&p.schema, &p.name, &right, &left);
        let negated = |p: &Partner| Self::key(&p.schema, &p.name, &left, &right);
        let links = [
            ("COMMUTATOR", link(old.commutator.as_ref(), commutator.as_ref(), &commuted, cx)),
            ("NEGATOR", link(old.negator.as_ref(), negator.as_ref(), &negated, cx)),
        ];
        let mut options = Vec::new();
        for (word, link) in links {
            match link {
                Link::Done => {}
                Link::Set(partner) if settable => options.push(format!("{word} = {partner}")),
                Link::Set(_) | Link::Clear => return Alter::Replace,
            }
        }
        for (word, before, after) in
            [("RESTRICT", &old.restrict, restrict), ("JOIN", &old.join, join)]
        {
            if before != after {
                options.push(format!("{word} = {}", after.as_deref().unwrap_or("NONE")));
            }
        }
        for (word, before, after) in
            [("HASHES", old.hashes, *hashes), ("MERGES", old.merges, *merges)]
        {
            if before != after {
                options.push(word.to_owned());
            }
        }
        if options.is_empty() {
            return Alter::InPlace(Vec::new());
        }
        let sql = format!("ALTER {} SET ({})", Self::address(new), options.join(", "));
        Alter::InPlace(vec![Step::new(&new.key, sql)])
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        if it.key.base_name() != to.base_name() {
            return None;
        }
        let schema = ident(to.schema()?);
        let sql = format!("ALTER {} SET SCHEMA {schema}", Self::address(it));
        Some(vec![Step::new(&it.key, sql)])
    }
}

/// What is to be done about a commutator or negator.
enum Link {
    /// Nothing: PostgreSQL sees to it when the other one is made or dropped.
    Done,
    /// It must be set.
    Set(String),
    /// It must be taken back, which PostgreSQL cannot.
    Clear,
}

/// Dropping an operator takes back the links to it, making one sets them on both sides.
fn link(
    old: Option<&Partner>,
    new: Option<&Partner>,
    key: &dyn Fn(&Partner) -> Key,
    cx: &Cx<'_>,
) -> Link {
    let in_schema = |schema: &Snapshot, partner: &Partner| schema.contains(&key(partner));
    match (old, new) {
        (old, new) if old == new => Link::Done,
        (Some(old), _) if in_schema(cx.new, old) => Link::Clear,
        (_, Some(new)) if in_schema(cx.old, new) => Link::Set(new.sql()),
        _ => Link::Done,
    }
}

/// Schema and name as SQL; an operator's name is never quoted.
fn name(key: &Key) -> String {
    format!("{}.{}", ident(key.schema().unwrap_or_default()), key.base_name())
}

/// The types of both arguments.
fn arguments(key: &Key) -> (String, String) {
    let crate::schema::Name::Routine { args, .. } = key.name() else {
        return (String::new(), String::new());
    };
    let mut quoted = false;
    let comma = args.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == ',' && !quoted).then_some(at)
    });
    let (left, right) = args.split_at(comma.unwrap_or(args.len()));
    (left.to_owned(), right.trim_start_matches([',', ' ']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_with_commas_in_their_names() {
        let check = |left: &str, right: &str| {
            let key = Operator::key("public", "+", left, right);
            assert_eq!(arguments(&key), (left.to_owned(), right.to_owned()));
        };
        check("integer", "integer");
        check("NONE", "double precision");
        check("s.\"a, \"\"b\"", "s.\", c\"");
    }
}
