//! Constraints of domains: checks, and from PostgreSQL 17 on NOT NULL, which has a name there.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cause, Change, Column, Cx, Kind, Response, Type};
use crate::schema::{Found, Key, KindId, Obj, Run, Step, object::Address, sql::ident, step::Group};

/// A constraint of a domain.
#[derive(Debug)]
pub struct DomainConstraint;

/// Attributes of a constraint of a domain.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `CHECK ((VALUE > 0))` or `NOT NULL`, without `NOT VALID`.
    pub definition: String,
    /// Values stored before it was added are known to satisfy it.
    pub validated: bool,
}

impl DomainConstraint {
    /// The key of the constraint with this name on a domain.
    pub fn key(schema: &str, domain: &str, name: &str) -> Key {
        Key::on(Self::ID, schema, domain, name)
    }
}

impl Kind for DomainConstraint {
    type Spec = Spec;

    const ID: KindId = KindId("domain constraint");
    const CATALOG: &'static str = "pg_constraint";
    const WEIGHT: u16 = 41;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;
    const DETACHABLE: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT c.tableoid, c.oid, n.nspname::text, t.typname::text, c.conname::text,
                pg_get_constraintdef(c.oid), c.convalidated
           FROM pg_constraint c
           JOIN pg_type t ON t.oid = c.contypid
           JOIN pg_namespace n ON n.oid = t.typnamespace
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, domain): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
        let (definition, validated): (&str, bool) = (row.try_get(5)?, row.try_get(6)?);
        let definition = match definition.strip_suffix(" NOT VALID") {
            Some(rest) if !validated => rest,
            _ => definition,
        };
        let spec = Spec { definition: definition.to_owned(), validated };
        Ok(Found::new(at, Self::key(schema, domain, row.try_get(4)?), spec)
            .parent(Type::key(schema, domain)))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = ident(it.key.base_name());
        Call::new("CONSTRAINT", format!("{name} ON DOMAIN {}", it.key.relation_sql()))
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let Spec { definition, validated } = new.spec;
        let text = format!("CONSTRAINT {} {definition}", ident(new.key.base_name()));
        let add = format!("ADD {text}");
        if !validated {
            return vec![Step::new(&new.key, format!("{} {add} NOT VALID", domain(new)))];
        }
        // Adding a check reads all tables that use the domain while nobody can write to them;
        // validating it afterwards does not. NOT NULL has no such form.
        let parent = new.parent.as_ref();
        if parent.is_some_and(|p| cx.careful(p) && used(p, cx)) && definition.starts_with("CHECK") {
            return vec![
                Step::new(&new.key, format!("{} {add} NOT VALID", domain(new))),
                validate(new),
            ];
        }
        vec![Step::clause(&new.key, domain(new), Group::Alone, add).suffix(format!("\n    {text}"))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { definition, validated } = new.spec;
        if *definition == old.spec.definition && *validated {
            let online = new.parent.as_ref().is_some_and(|p| cx.careful(p) && used(p, cx));
            let step = validate(new);
            return Alter::InPlace(vec![if online { step } else { step.run(Run::Together) }]);
        }
        Alter::Replace
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        // PostgreSQL refuses to look at values within others: the domain is exchanged.
        let stricter = new.spec.validated
            && cx.old.typed::<Self>(&new.key).is_none_or(|old| {
                !old.spec.validated || old.spec.definition != new.spec.definition
            });
        new.parent
            .iter()
            .filter(|domain| stricter && Type::is_within(domain, cx))
            .cloned()
            .collect()
    }

    fn respond(_: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        // Made again it would be as good as a stricter one.
        let within = || new.parent.as_ref().is_some_and(|domain| Type::is_within(domain, cx));
        match cause.change {
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
            _ if new.spec.validated && within() => Response::RebuildParent,
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
        }
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let name = ident(old.key.base_name());
        vec![Step::new(&old.key, format!("{} DROP CONSTRAINT {name}", domain(old)))]
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let (from, to) = (ident(it.key.base_name()), ident(to.base_name()));
        let sql = format!("{} RENAME CONSTRAINT {from} TO {to}", domain(it));
        Some(vec![Step::new(&it.key, sql)])
    }
}

fn domain(it: Obj<'_, Spec>) -> String {
    format!("ALTER DOMAIN {}", it.key.relation_sql())
}

/// Reads what is stored under locks that let others write, once the constraint is committed.
fn validate(it: Obj<'_, Spec>) -> Step {
    let name = ident(it.key.base_name());
    let sql = format!("{} VALIDATE CONSTRAINT {name}", domain(it));
    Step::new(&it.key, sql).run(Run::NewTransaction).late()
}

/// Whether columns are of the domain.
fn used(domain: &Key, cx: &Cx<'_>) -> bool {
    cx.old.dependents(domain).any(|it| it.key.kind() == Column::ID)
}
