//! Functions and procedures, window functions among them; aggregates are a kind of their own.
//!
//! The text is that of `pg_get_functiondef`, without the name. Most changes are made in place,
//! which no dependent notices; what `CREATE OR REPLACE` refuses is known here, so that a plan does
//! not find out when it runs.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Cx, GrantTarget, Kind, MaterializedView, Response, Slot, Table,
    View, relation::rename,
};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    mention::mentions,
    object::Address,
    sql::{ident, qualified},
};

/// Functions.
pub type Function = Routine<false>;
/// Procedures.
pub type Procedure = Routine<true>;

/// A function or a procedure.
#[derive(Debug)]
pub struct Routine<const PROCEDURE: bool>;

/// Attributes of a function or a procedure.
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of its own")]
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// What follows the name in `pg_get_functiondef`, from the parenthesis on.
    pub definition: String,
    /// Arguments of all modes, in order.
    pub arguments: Vec<Argument>,
    /// How many of the last input arguments have defaults.
    pub defaults: i32,
    /// An argument of a polymorphic type has a default, whose own type counts then.
    pub polymorphic_default: bool,
    /// The result, of which there are `returns_set`; none for a procedure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returns: Option<String>,
    /// It returns a set.
    pub returns_set: bool,
    /// It is a window function.
    pub window: bool,
    /// `i`, `s` or `v`.
    pub volatility: String,
    /// Its body is parsed when it is made (`BEGIN ATOMIC`, `RETURN`), and depends on what it uses.
    pub standard_body: bool,
    /// The result as it stands in a definition; empty for a procedure.
    pub result: String,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Argument {
    /// Its name, if it has one.
    pub name: String,
    /// `i` in, `o` out, `b` both, `v` variadic, `t` column of the result.
    pub mode: String,
    /// Its type.
    pub r#type: String,
}

impl Argument {
    fn is_input(&self) -> bool {
        matches!(self.mode.as_str(), "i" | "b" | "v")
    }

    fn is_output(&self) -> bool {
        matches!(self.mode.as_str(), "o" | "b" | "t")
    }
}

/// The types of the input arguments of `p`, separated by ", ": what tells overloads apart.
pub(super) const ARGUMENT_TYPES: &str =
    "array_to_string(ARRAY(SELECT format_type(u.t, NULL) FROM unnest(p.proargtypes)
        WITH ORDINALITY u(t, i) ORDER BY u.i), ', ')";

impl<const PROCEDURE: bool> Routine<PROCEDURE> {
    /// The key of the routine with this name and these input types, separated by ", ".
    pub fn key(schema: &str, name: &str, args: &str) -> Key {
        Key::routine(Self::ID, schema, name, args)
    }

    const NOUN: &str = if PROCEDURE { "PROCEDURE" } else { "FUNCTION" };
}

impl<const PROCEDURE: bool> Kind for Routine<PROCEDURE> {
    type Spec = Spec;

    const ID: KindId = KindId(if PROCEDURE { "procedure" } else { "function" });
    const CATALOG: &'static str = "pg_proc";
    const WEIGHT: u16 = 60;

    fn query(version: u32) -> Cow<'static, str> {
        let kinds = if PROCEDURE { "= 'p'" } else { "IN ('f', 'w')" };
        let noun = Self::NOUN;
        let standard = if version >= 140_000 { "p.prosqlbody IS NOT NULL" } else { "false" };
        format!(
            "SELECT p.tableoid, p.oid, n.nspname::text, p.proname::text, {ARGUMENT_TYPES},
                    r.rolname::text, coalesce(p.proacl, acldefault('f', p.proowner))::text[],
                    substr(pg_get_functiondef(p.oid),
                           length('CREATE OR REPLACE {noun} ' || quote_ident(n.nspname) || '.'
                                  || quote_ident(p.proname)) + 1),
                    coalesce(p.proargnames, '{{}}'), coalesce(p.proargmodes, '{{}}')::text[],
                    ARRAY(SELECT format_type(u.t, NULL)
                            FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
                                 WITH ORDINALITY u(t, i) ORDER BY u.i),
                    p.pronargdefaults::int4,
                    p.pronargdefaults > 0 AND EXISTS (
                        SELECT FROM unnest(p.proargtypes) u(t) JOIN pg_type y ON y.oid = u.t
                         WHERE y.typtype = 'p'),
                    CASE WHEN p.prokind <> 'p' THEN format_type(p.prorettype, NULL) END,
                    p.proretset, p.prokind = 'w', p.provolatile::text, {standard},
                    CASE WHEN p.prokind <> 'p' THEN pg_get_function_result(p.oid) ELSE '' END,
                    CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN p.prosrc ELSE '' END
               FROM pg_proc p
               JOIN pg_namespace n ON n.oid = p.pronamespace
               JOIN pg_roles r ON r.oid = p.proowner
               JOIN pg_language l ON l.oid = p.prolang
              WHERE p.prokind {kinds}
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                -- A range type is made with functions, which are its own.
                AND NOT EXISTS (SELECT FROM pg_depend d
                                 WHERE d.classid = p.tableoid AND d.objid = p.oid AND d.deptype = 'i')"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, name, args): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let names: Vec<String> = row.try_get(8)?;
        let modes: Vec<String> = row.try_get(9)?;
        let types: Vec<String> = row.try_get(10)?;
        let arguments = types
            .into_iter()
            .enumerate()
            .map(|(at, r#type)| Argument {
                name: names.get(at).cloned().unwrap_or_default(),
                mode: modes.get(at).cloned().unwrap_or_else(|| "i".into()),
                r#type,
            })
            .collect();
        let definition: &str = row.try_get(7)?;
        let spec = Spec {
            definition: definition.trim_end().to_owned(),
            arguments,
            defaults: row.try_get(11)?,
            polymorphic_default: row.try_get(12)?,
            returns: row.try_get(13)?,
            returns_set: row.try_get(14)?,
            window: row.try_get(15)?,
            volatility: row.try_get(16)?,
            standard_body: row.try_get(17)?,
            result: row.try_get(18)?,
        };
        Ok(Found::new(at, Self::key(schema, name, args), spec)
            .owner(row.try_get(5)?)
            .acl(row.try_get(6)?)
            .mentions(mentions(row.try_get(19)?)))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        if !PROCEDURE {
            return Call::new(Self::NOUN, it.key.sql());
        }
        // A bare list of types could also mean all arguments of a procedure, those that are only
        // returned included; with the mode it means those that are given.
        let inputs: Vec<_> = it
            .spec
            .arguments
            .iter()
            .filter(|argument| argument.is_input())
            .map(|argument| format!("IN {}", argument.r#type))
            .collect();
        let name = qualified(it.key.schema().unwrap_or_default(), it.key.base_name());
        Call::new(Self::NOUN, format!("{name}({})", inputs.join(", ")))
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'f', on: Self::address(it).to_string(), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let name = qualified(new.key.schema().unwrap_or_default(), new.key.base_name());
        let definition = &new.spec.definition;
        let sql = format!("CREATE OR REPLACE {} {name}{definition}", Self::NOUN);
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        if !replaceable(old.spec, new.spec) {
            return Alter::Replace;
        }
        let mut steps = Self::create(new, cx);
        steps.extend(marks(old.object, new.object, &Self::address(new)));
        Alter::InPlace(steps)
    }

    fn respond(old: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            // A parsed body pins what it uses, as a view does; anything else depends on whole
            // types, whose parts may change.
            Change::Retyped { .. } | Change::Reshaped if old.spec.standard_body => {
                Response::Rebuild
            }
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        vec![slot(&it.key)]
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        let (schema, name) = (new.key.schema().unwrap_or_default(), new.key.base_name());
        let functions = cx.old.overloads::<Function>(schema, name);
        let procedures = cx.old.overloads::<Procedure>(schema, name);
        functions
            .chain(procedures)
            .filter(|old| !cx.new.contains(&old.key) && ambiguous(old.spec, new.spec))
            .map(|old| old.key.clone())
            .collect()
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        same_arguments(&it.key, to).then(|| rename(&Self::address(it), &it.key, to))
    }

    fn stub(new: Obj<'_, Spec>, _: &Cx<'_>) -> Option<Vec<Step>> {
        let Spec { arguments, defaults, returns, result, volatility, .. } = new.spec;
        // The rows of a relation are a type too: such a function cannot come before it.
        let relations = [Table::ID, View::ID, MaterializedView::ID];
        let types = arguments.iter().map(|a| &a.r#type).chain(returns);
        let rows = types.into_iter().any(|r#type| {
            let element = r#type.strip_suffix("[]").unwrap_or(r#type);
            new.needs.iter().any(|need| relations.contains(&need.kind()) && need.sql() == element)
        });
        if new.spec.window || new.spec.polymorphic_default || rows {
            return None;
        }
        let inputs = arguments.iter().filter(|a| a.is_input()).count();
        let mut input = 0;
        let mut list = Vec::new();
        for Argument { name, mode, r#type } in arguments {
            let word = match mode.as_str() {
                "o" => "OUT ",
                "b" => "INOUT ",
                "v" => "VARIADIC ",
                "t" => continue,
                _ => "",
            };
            input += usize::from(mode != "o");
            let has_default = mode != "o" && input > inputs.saturating_sub(*defaults as usize);
            let default = if has_default { " DEFAULT NULL" } else { "" };
            let name = if name.is_empty() { String::new() } else { format!("{} ", ident(name)) };
            list.push(format!("{word}{name}{type}{default}"));
        }
        let returns = if PROCEDURE { String::new() } else { format!(" RETURNS {result}") };
        let volatility = match volatility.as_str() {
            "i" if !PROCEDURE => " IMMUTABLE",
            "s" if !PROCEDURE => " STABLE",
            _ => "",
        };
        let name = qualified(new.key.schema().unwrap_or_default(), new.key.base_name());
        let sql = format!(
            "CREATE OR REPLACE {} {name}({}){returns} LANGUAGE sql{volatility} AS 'SELECT'",
            Self::NOUN,
            list.join(", ")
        );
        Some(vec![Step::new(&new.key, sql)])
    }
}

/// Whether `CREATE OR REPLACE` accepts the new definition over the old one.
fn replaceable(old: &Spec, new: &Spec) -> bool {
    let Spec {
        definition,
        arguments,
        defaults,
        polymorphic_default,
        returns,
        returns_set,
        window,
        volatility: _,
        standard_body: _,
        result: _,
    } = new;
    let inputs = |spec: &Spec| -> Vec<Argument> {
        spec.arguments.iter().filter(|a| a.is_input()).cloned().collect()
    };
    // A name may be given, not taken away or changed. That an argument became variadic would pass,
    // but calls that were written for the old form would not mean the same.
    let names = inputs(old).iter().zip(inputs(new)).all(|(old, new)| {
        (old.name.is_empty() || old.name == new.name) && (old.mode == "v") == (new.mode == "v")
    });
    let outputs = |arguments: &[Argument]| -> Vec<(String, String)> {
        arguments
            .iter()
            .filter(|a| a.is_output())
            .map(|a| (a.name.clone(), a.r#type.clone()))
            .collect()
    };
    let record = returns.as_deref().is_none_or(|r| r == "record");
    names
        && *window == old.window
        && *returns == old.returns
        && *returns_set == old.returns_set
        && (!record || outputs(arguments) == outputs(&old.arguments))
        && *defaults >= old.defaults
        && !(*polymorphic_default
            && old.polymorphic_default
            && head(definition) != head(&old.definition))
}

/// Whether a call could mean either of two routines of one name, because of arguments that may be
/// left out: PostgreSQL refuses it while both are there.
fn ambiguous(a: &Spec, b: &Spec) -> bool {
    let inputs = |spec: &Spec| -> Vec<String> {
        spec.arguments.iter().filter(|a| a.is_input()).map(|a| a.r#type.clone()).collect()
    };
    let (left, right) = (inputs(a), inputs(b));
    let least = |spec: &Spec, all: &[String]| {
        all.len().saturating_sub(usize::try_from(spec.defaults).unwrap_or_default())
    };
    let least = least(a, &left).max(least(b, &right));
    // Called with as few as both allow: with more, more would have to be alike.
    least <= left.len().min(right.len()) && left[..least] == right[..least]
}

/// The line of a definition that has the arguments and their defaults.
fn head(definition: &str) -> &str {
    definition.split("\n RETURNS ").next().unwrap_or(definition)
}

/// Marks that `CREATE OR REPLACE` forgets: those of extensions that the object depends on.
pub(super) fn marks(
    old: &crate::schema::Object,
    new: &crate::schema::Object,
    call: &Call,
) -> Vec<Step> {
    new.meta
        .extensions
        .iter()
        .filter(|extension| old.meta.extensions.contains(extension))
        .map(|extension| {
            let extension = ident(extension);
            Step::new(&new.key, format!("ALTER {call} DEPENDS ON EXTENSION {extension}"))
        })
        .collect()
}

/// The name that functions, procedures and aggregates share.
pub(super) fn slot(key: &Key) -> Slot {
    let full = key.sql();
    Slot::new("routine", [key.schema().unwrap_or_default(), &full])
}

/// Whether two keys differ in schema and name only.
pub(super) fn same_arguments(a: &Key, b: &Key) -> bool {
    use crate::schema::Name;
    match (a.name(), b.name()) {
        (Name::Routine { args: a, .. }, Name::Routine { args: b, .. }) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function with these arguments, each `mode name type`, and this result.
    fn function(arguments: &[&str], returns: &str) -> Spec {
        let arguments = arguments
            .iter()
            .map(|text| {
                let mut words = text.splitn(3, ' ').map(str::to_owned);
                let mut word = || words.next().unwrap_or_default();
                Argument { mode: word(), name: word(), r#type: word() }
            })
            .collect();
        Spec {
            definition: format!("()\n RETURNS {returns}\nAS 'x'"),
            arguments,
            defaults: 0,
            polymorphic_default: false,
            returns: Some(returns.into()),
            returns_set: false,
            window: false,
            volatility: "v".into(),
            standard_body: false,
            result: returns.into(),
        }
    }

    #[test]
    fn what_replace_accepts() {
        let check = |old: &Spec, new: &Spec, expected: bool| {
            assert_eq!(replaceable(old, new), expected, "{old:?} to {new:?}");
        };
        let plain = function(&["i a integer"], "integer");
        check(&plain, &Spec { definition: "other".into(), ..plain.clone() }, true);
        check(&plain, &function(&["i b integer"], "integer"), false);
        check(&function(&["i  integer"], "integer"), &plain, true);
        check(&plain, &function(&["i  integer"], "integer"), false);
        check(&plain, &function(&["i a integer"], "bigint"), false);
        check(&plain, &Spec { returns_set: true, ..plain.clone() }, false);
        check(&plain, &Spec { window: true, ..plain.clone() }, false);
        check(&function(&["i a text[]"], "integer"), &function(&["v a text[]"], "integer"), false);
    }

    #[test]
    fn calls_that_leave_arguments_out_may_mean_either() {
        let with =
            |arguments: &[&str], defaults| Spec { defaults, ..function(arguments, "integer") };
        let one = with(&["i a integer"], 0);
        assert!(ambiguous(&one, &with(&["i a integer", "i b text"], 1)));
        assert!(ambiguous(&with(&["i a integer", "i b text"], 1), &one));
        assert!(ambiguous(&with(&["i a integer", "o r text"], 1), &with(&["i b text"], 1)));
        assert!(!ambiguous(&one, &with(&["i a integer", "i b text"], 0)));
        assert!(!ambiguous(&one, &with(&["i a bigint", "i b text"], 1)));
    }

    #[test]
    fn defaults_are_added_not_removed() {
        let none = function(&["i a integer"], "integer");
        let one = Spec { defaults: 1, ..none.clone() };
        assert!(replaceable(&none, &one));
        assert!(!replaceable(&one, &none));
        let changed = Spec { definition: "(a anyelement DEFAULT 1)".into(), ..one.clone() };
        assert!(replaceable(&one, &changed));
        let [one, changed] = [one, changed].map(|spec| Spec { polymorphic_default: true, ..spec });
        assert!(!replaceable(&one, &changed));
    }

    #[test]
    fn columns_of_a_result_stay() {
        let table = |columns: &[&str]| function(columns, "record");
        assert!(!replaceable(&table(&["t x integer", "t y text"]), &table(&["t x integer"])));
        assert!(!replaceable(&table(&["o x integer"]), &table(&["o z integer"])));
        // The one column of a result that is no record is not looked at.
        assert!(replaceable(
            &function(&["o x integer"], "integer"),
            &function(&["o z integer"], "integer")
        ));
    }
}
