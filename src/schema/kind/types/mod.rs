//! Types: enums, composite types, domains, ranges, base types and shells.
//!
//! They are one kind, since they share one namespace and one row of the catalog: an enum whose name
//! goes to a composite type is then one changed object, which columns can be led over to, and not
//! a type that goes while columns still use it.
//!
//! Array types and multirange types are no objects: their addresses stand for their type's. Row
//! types of tables belong to their tables.

mod base;
mod composite;
mod domain;
mod enumeration;
mod range;

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

pub use self::{
    base::Base,
    composite::{Attribute, Composite},
    domain::Domain,
    enumeration::Enum,
    range::Range,
};
use super::{
    Alter, Call, Cause, Cx, GrantTarget, Kind, Response, Slot, Swap, lineage,
    shared::{rebuild_or_let_go, rename},
};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, qualified},
};

/// A type.
#[derive(Debug)]
pub struct Type;

/// Attributes of a type.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
#[serde(tag = "sort", rename_all = "kebab-case")]
pub enum Spec {
    /// A list of labels.
    Enum(Enum),
    /// A row of attributes.
    Composite(Composite),
    /// Another type, constrained.
    Domain(Domain),
    /// Ranges of another type, and their multiranges.
    Range(Range),
    /// A type made of functions in C.
    Base(Base),
    /// A name that stands for a type to come.
    Shell,
}

impl Type {
    /// The key of the type with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }

    /// Whether values of this type, or of types made of it, are stored in columns of `old`.
    pub(super) fn stored(key: &Key, cx: &Cx<'_>) -> bool {
        Self::below_or_above(
            key,
            |used| cx.old.dependents(used).map(|object| &object.key),
            |used| {
                // What stands on a composite type is an attribute; the type itself needs it too.
                used.kind() == super::Column::ID
                    && cx
                        .old
                        .get(used)
                        .and_then(|o| o.parent.as_ref())
                        .is_some_and(|p| p.kind() != Self::ID)
            },
        )
    }

    /// Whether this is a type that the two schemas have in different forms, or one made of such.
    pub(super) fn is_changed(key: &Key, cx: &Cx<'_>) -> bool {
        let needs = |used: &Key| cx.old.get(used).into_iter().flat_map(|object| &object.needs);
        key.kind() == Self::ID
            && Self::below_or_above(key, needs, |used| {
                let of = |schema: &'_ crate::schema::Snapshot| schema.get(used).cloned();
                used.kind() == Self::ID
                    && of(cx.old)
                        .zip(of(cx.new))
                        .is_some_and(|(a, b)| !a.spec.same(b.spec.as_ref()))
            })
    }

    /// Whether something is true of a type or of what it leads to, type by type.
    fn below_or_above<'a, I: Iterator<Item = &'a Key>>(
        key: &'a Key,
        leads: impl Fn(&'a Key) -> I,
        is: impl Fn(&Key) -> bool,
    ) -> bool {
        let mut types = vec![key];
        let mut at = 0;
        while let Some(used) = types.get(at).copied() {
            if is(used) {
                return true;
            }
            if used.kind() == Self::ID {
                for next in leads(used) {
                    if !types.contains(&next) {
                        types.push(next);
                    }
                }
            }
            at += 1;
        }
        false
    }

    /// Whether columns store the type within others - arrays, rows, ranges -, where PostgreSQL
    /// does not look when a domain becomes stricter.
    pub(super) fn is_within(domain: &Key, cx: &Cx<'_>) -> bool {
        let array = |text: &str| text.ends_with("[]");
        cx.old.dependents(domain).any(|object| {
            let parent = object.parent.as_ref();
            if let Some(column) = cx.old.typed::<super::Column>(&object.key) {
                return match parent {
                    Some(composite) if composite.kind() == Self::ID => Self::stored(composite, cx),
                    _ if array(&column.spec.r#type) => true,
                    Some(table) => lineage::rows_are_stored(cx, table),
                    None => false,
                };
            }
            match cx.old.typed::<Self>(&object.key).map(|it| it.spec) {
                Some(Spec::Domain(over)) if !array(&over.base) => Self::is_within(&object.key, cx),
                Some(_) => Self::stored(&object.key, cx),
                None => false,
            }
        })
    }
}

impl Kind for Type {
    type Spec = Spec;

    const ID: KindId = KindId("type");
    const CATALOG: &'static str = "pg_type";
    const WEIGHT: u16 = 40;

    fn query(version: u32) -> Cow<'static, str> {
        // Multiranges came with 14, and with them functions for subscripts of base types.
        let (multirange, subscript) = if version >= 140_000 {
            ("g.rngmultitypid", "t.typsubscript")
        } else {
            ("NULL::oid", "0::oid")
        };
        // From 17 on a domain's NOT NULL is a constraint with a name.
        let unnamed = version < 170_000;
        format!(
            "SELECT t.tableoid, t.oid, n.nspname::text AS schema, t.typname::text AS name,
                    r.rolname::text AS owner,
                    coalesce(t.typacl, acldefault('T', t.typowner))::text[] AS acl,
                    CASE WHEN t.typisdefined THEN t.typtype::text ELSE 'p' END AS sort,
                    parts.classes, parts.oids,
                    (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
                       FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
                    attributes.names AS attribute_names, attributes.types AS attribute_types,
                    attributes.collations AS attribute_collations,
                    format_type(t.typbasetype, t.typtypmod) AS base_type,
                    (SELECT quote_ident(cn.nspname) || '.' || quote_ident(c.collname)
                       FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
                      WHERE c.oid = t.typcollation AND t.typcollation <> b.typcollation) AS collation,
                    CASE WHEN t.typdefaultbin IS NULL THEN quote_literal(t.typdefault)
                         ELSE pg_get_expr(t.typdefaultbin, 'pg_type'::regclass) END AS default_value,
                    t.typnotnull AND {unnamed} AS not_null,
                    format_type(g.rngsubtype, NULL) AS subtype,
                    CASE WHEN NOT o.opcdefault
                         THEN quote_ident(opcn.nspname) || '.' || quote_ident(o.opcname) END AS subtype_opclass,
                    (SELECT quote_ident(cn.nspname) || '.' || quote_ident(c.collname)
                       FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace
                      WHERE c.oid = g.rngcollation AND g.rngcollation <> st.typcollation) AS subtype_collation,
                    nullif(g.rngcanonical::oid, 0)::regproc::text AS canonical,
                    nullif(g.rngsubdiff::oid, 0)::regproc::text AS subtype_diff,
                    m.typname::text AS multirange, mn.nspname::text AS multirange_schema,
                    t.typinput::text AS input, t.typoutput::text AS output,
                    nullif(t.typreceive::oid, 0)::regproc::text AS receive,
                    nullif(t.typsend::oid, 0)::regproc::text AS send,
                    nullif(t.typmodin::oid, 0)::regproc::text AS typmod_in,
                    nullif(t.typmodout::oid, 0)::regproc::text AS typmod_out,
                    nullif(t.typanalyze::oid, 0)::regproc::text AS analyze_function,
                    nullif({subscript}::oid, 0)::regproc::text AS subscript,
                    -- Those that have the type in their signature.
                    ARRAY(SELECT f.oid FROM pg_proc f
                           WHERE f.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, g.rngcanonical)
                             AND (t.typtype = 'b' OR g.rngcanonical <> 0)) AS circular,
                    'pg_proc'::regclass::oid AS functions,
                    t.typlen, t.typbyval, t.typalign::text AS typalign, t.typstorage::text AS typstorage,
                    t.typcategory::text AS typcategory, t.typispreferred, t.typdelim::text AS typdelim,
                    t.typcollation <> 0 AS collatable,
                    CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END AS element
               FROM pg_type t
               JOIN pg_namespace n ON n.oid = t.typnamespace
               JOIN pg_roles r ON r.oid = t.typowner
               LEFT JOIN pg_class k ON k.oid = t.typrelid
               LEFT JOIN pg_type b ON b.oid = t.typbasetype
               LEFT JOIN pg_range g ON g.rngtypid = t.oid
               LEFT JOIN pg_type m ON m.oid = {multirange}
               LEFT JOIN pg_namespace mn ON mn.oid = m.typnamespace
               LEFT JOIN pg_type st ON st.oid = g.rngsubtype
               LEFT JOIN pg_opclass o ON o.oid = g.rngsubopc
               LEFT JOIN pg_namespace opcn ON opcn.oid = o.opcnamespace
               CROSS JOIN LATERAL (
                    SELECT array_agg(d.classid) AS classes, array_agg(d.objid) AS oids
                      FROM pg_depend d
                     WHERE d.refclassid = 'pg_type'::regclass AND d.deptype = 'i'
                       AND d.refobjid IN (t.oid, {multirange})
                       AND d.classid IN ('pg_type'::regclass, 'pg_class'::regclass, 'pg_proc'::regclass)
                    ) parts
               CROSS JOIN LATERAL (
                    SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names,
                           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types,
                           array_agg(CASE WHEN c.oid IS NULL THEN NULL
                                          ELSE quote_ident(cn.nspname) || '.' || quote_ident(c.collname) END
                                     ORDER BY a.attnum) AS collations
                      FROM pg_attribute a
                      JOIN pg_type at ON at.oid = a.atttypid
                      LEFT JOIN pg_collation c ON c.oid = a.attcollation AND a.attcollation <> at.typcollation
                      LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace
                     WHERE a.attrelid = k.oid AND k.relkind = 'c' AND a.attnum > 0 AND NOT a.attisdropped
                    ) attributes
              WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND (t.typtype IN ('b', 'd', 'e', 'r', 'p') OR k.relkind = 'c')
                -- Arrays are made with their elements' type, even when they have another name.
                AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get("tableoid")?, row.try_get("oid")?);
        let key = Self::key(row.try_get("schema")?, row.try_get("name")?);
        let spec = match row.try_get("sort")? {
            "e" => Spec::Enum(Enum::read(row)?),
            "c" => Spec::Composite(Composite::read(row)?),
            "d" => Spec::Domain(Domain::read(row)?),
            "r" => Spec::Range(Range::read(row)?),
            "b" => Spec::Base(Base::read(row)?),
            _ => Spec::Shell,
        };
        let (functions, circular): (u32, Vec<u32>) =
            (row.try_get("functions")?, row.try_get("circular")?);
        let classes: Option<Vec<u32>> = row.try_get("classes")?;
        let oids: Option<Vec<u32>> = row.try_get("oids")?;
        let mut found =
            Found::new(at, key, spec).owner(row.try_get("owner")?).acl(row.try_get("acl")?);
        for (class, oid) in classes.unwrap_or_default().into_iter().zip(oids.unwrap_or_default()) {
            found = found.also(Some(Address::new(class, oid)));
        }
        Ok(found.takes(circular.into_iter().map(|oid| Address::new(functions, oid))))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let noun = if matches!(it.spec, Spec::Domain(_)) { "DOMAIN" } else { "TYPE" };
        Call::new(noun, it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'T', on: format!("TYPE {}", it.key.sql()), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let name = new.key.sql();
        let sql = match new.spec {
            Spec::Enum(it) => it.create(&name),
            Spec::Composite(it) => it.create(&name),
            Spec::Domain(it) => it.create(&name),
            Spec::Range(it) => it.create(&new.key),
            Spec::Base(it) => it.create(&name),
            Spec::Shell => format!("CREATE TYPE {name}"),
        };
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        match (old.spec, new.spec) {
            (Spec::Enum(a), Spec::Enum(b)) => Enum::alter(&new.key, a, b),
            (Spec::Composite(a), Spec::Composite(b)) => Composite::alter(&new.key, a, b, cx),
            (Spec::Domain(a), Spec::Domain(b)) => Domain::alter(&new.key, a, b, cx),
            (Spec::Range(a), Spec::Range(b)) => Range::alter(&new.key, a, b),
            (Spec::Base(a), Spec::Base(b)) => Base::alter(&new.key, a, b),
            (
                Spec::Enum(_)
                | Spec::Composite(_)
                | Spec::Domain(_)
                | Spec::Range(_)
                | Spec::Base(_)
                | Spec::Shell,
                _,
            ) => Alter::Replace,
        }
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let call = Self::address(old);
        // Its own functions take or give its values: neither can go before the other.
        let with = if circular(old.spec) { " CASCADE" } else { "" };
        vec![Step::new(&old.key, format!("DROP {call}{with}"))]
    }

    fn respond(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        match (rebuild_or_let_go::<Self>(old, new, cause, cx), old.spec, new.spec) {
            (Response::Rebuild, Spec::Domain(a), Spec::Domain(b)) if !a.is_over(&cause.old.key) => {
                a.detach(&new.key, b)
            }
            (response, ..) => response,
        }
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        let name = [it.key.schema().unwrap_or_default(), it.key.base_name()];
        // The names of array types are taken by nobody: PostgreSQL gives them another when needed.
        let mut slots = vec![Slot::new("type", name)];
        match it.spec {
            Spec::Composite(_) => slots.push(Slot::new("relation", name)),
            Spec::Range(range) => {
                slots
                    .extend(range.multirange_name(&it.key).map(|(s, n)| Slot::new("type", [s, n])));
            }
            Spec::Enum(_) | Spec::Domain(_) | Spec::Base(_) | Spec::Shell => {}
        }
        slots
    }

    fn swap(old: Obj<'_, Spec>, new: Obj<'_, Spec>, temporary: &str, _: &Cx<'_>) -> Option<Swap> {
        if circular(old.spec) {
            return None;
        }
        let call = Self::address(old);
        let mut aside =
            vec![Step::new(&old.key, format!("ALTER {call} RENAME TO {}", ident(temporary)))];
        if let Spec::Range(range) = old.spec {
            aside.extend(range.parts_aside(&old.key, temporary));
        }
        let schema = old.key.schema().unwrap_or_default();
        let gone = format!("DROP {} {}", call.noun, qualified(schema, temporary));
        let mut drop = Step::new(&old.key, gone);
        if let (Spec::Composite(was), Spec::Composite(is)) = (old.spec, new.spec) {
            let lost: Vec<_> = was.lost(is).map(|name| Composite::values(name, &old.key)).collect();
            if !lost.is_empty() {
                drop = drop.loses(lost.join(" and "));
            }
        }
        Some(Swap { aside, drop: vec![drop], ..Swap::default() })
    }

    fn names_within(it: Obj<'_, Spec>) -> Vec<String> {
        match it.spec {
            Spec::Enum(it) => it.labels.clone(),
            _ => Vec::new(),
        }
    }

    fn rename_within(it: Obj<'_, Spec>, from: &str, to: &str) -> Option<Step> {
        match it.spec {
            Spec::Enum(_) => Some(Enum::rename_value(&it.key, from, to)),
            _ => None,
        }
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let mut steps = rename(&it.key, &Self::address(it), to);
        if let Spec::Range(range) = it.spec {
            steps.extend(range.follow(&it.key, to));
        }
        Some(steps)
    }

    fn stub(new: Obj<'_, Spec>, _: &Cx<'_>) -> Option<Vec<Step>> {
        circular(new.spec)
            .then(|| vec![Step::new(&new.key, format!("CREATE TYPE {}", new.key.sql()))])
    }
}

/// Whether it needs functions that need it.
fn circular(spec: &Spec) -> bool {
    match spec {
        Spec::Base(_) | Spec::Range(Range { canonical: Some(_), .. }) => true,
        Spec::Range(_) | Spec::Enum(_) | Spec::Composite(_) | Spec::Domain(_) | Spec::Shell => {
            false
        }
    }
}
