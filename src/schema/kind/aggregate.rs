//! Aggregate functions: normal, ordered-set and hypothetical-set ones.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cx, GrantTarget, Kind, Slot,
    relation::rename,
    routine::{ARGUMENT_TYPES, marks, same_arguments, slot},
};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{literal, qualified},
};

/// An aggregate function.
#[derive(Debug)]
pub struct Aggregate;

/// Attributes of an aggregate function.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The arguments as they stand in its definition, with names: `*`, `integer`,
    /// `double precision ORDER BY anyelement`.
    pub arguments: String,
    /// The same as `COMMENT ON` takes them.
    pub identity: String,
    /// `n` normal, `o` ordered-set, `h` hypothetical-set.
    pub sort: String,
    /// What it returns.
    pub returns: String,
    /// `u` unsafe, `r` restricted, `s` safe.
    pub parallel: String,
    /// The state and its functions.
    pub state: State,
    /// The same for use as a moving aggregate in a window.
    pub moving: Option<State>,
    /// Makes one state of two.
    pub combine: Option<String>,
    /// Makes bytes of a state.
    pub serial: Option<String>,
    /// Makes a state of bytes.
    pub deserial: Option<String>,
    /// The operator that an index can answer a minimum or maximum with.
    pub sort_operator: Option<String>,
}

/// A state of an aggregate function.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct State {
    /// Its type.
    pub r#type: String,
    /// Takes one more row in.
    pub step: String,
    /// Takes a row out again, for moving aggregates.
    pub inverse: Option<String>,
    /// Its size in bytes as the planner should guess it; 0 for the usual guess.
    pub space: i32,
    /// Makes the result of it.
    pub last: Option<String>,
    /// The last function gets the arguments' types too.
    pub extra: bool,
    /// What the last function does to the state: `r` reads, `s` shares, `w` writes.
    pub modify: String,
    /// Where it starts.
    pub initial: Option<String>,
}

impl State {
    fn read(row: &Row, from: usize) -> Result<Option<Self>, tokio_postgres::Error> {
        let Some(step) = row.try_get(from)? else { return Ok(None) };
        Ok(Some(Self {
            step,
            r#type: row.try_get(from + 1)?,
            inverse: row.try_get(from + 2)?,
            space: row.try_get(from + 3)?,
            last: row.try_get(from + 4)?,
            extra: row.try_get(from + 5)?,
            modify: row.try_get(from + 6)?,
            initial: row.try_get(from + 7)?,
        }))
    }

    /// Its clauses; `m` is `M` for those of a moving aggregate, `usual` what the last function
    /// does unless it is said.
    fn clauses(&self, m: &str, usual: &str) -> Vec<String> {
        let Self { r#type, step, inverse, space, last, extra, modify, initial } = self;
        let mut out = vec![format!("{m}SFUNC = {step}"), format!("{m}STYPE = {type}")];
        if let Some(inverse) = inverse {
            out.push(format!("MINVFUNC = {inverse}"));
        }
        if *space != 0 {
            out.push(format!("{m}SSPACE = {space}"));
        }
        if let Some(last) = last {
            out.push(format!("{m}FINALFUNC = {last}"));
        }
        if *extra {
            out.push(format!("{m}FINALFUNC_EXTRA"));
        }
        if modify != usual {
            let word = match modify.as_str() {
                "r" => "READ_ONLY",
                "s" => "SHAREABLE",
                _ => "READ_WRITE",
            };
            out.push(format!("{m}FINALFUNC_MODIFY = {word}"));
        }
        if let Some(initial) = initial {
            out.push(format!("{m}INITCOND = {}", literal(initial)));
        }
        out
    }
}

impl Aggregate {
    /// The key of the aggregate with this name and these types, separated by ", ".
    pub fn key(schema: &str, name: &str, args: &str) -> Key {
        Key::routine(Self::ID, schema, name, args)
    }
}

/// A function by name, none for 0: what `regproc` prints finds it again.
fn function(column: &str) -> String {
    format!("CASE WHEN {column}::oid <> 0 THEN {column}::regproc::text END")
}

impl Kind for Aggregate {
    type Spec = Spec;

    const ID: KindId = KindId("aggregate");
    const CATALOG: &'static str = "pg_proc";
    const WEIGHT: u16 = 65;

    fn query(_: u32) -> Cow<'static, str> {
        let f = function;
        format!(
            "SELECT p.tableoid, p.oid, n.nspname::text, p.proname::text, {ARGUMENT_TYPES},
                    r.rolname::text, coalesce(p.proacl, acldefault('f', p.proowner))::text[],
                    pg_get_function_arguments(p.oid), pg_get_function_identity_arguments(p.oid),
                    a.aggkind::text, format_type(p.prorettype, NULL), p.proparallel::text,
                    {}, format_type(a.aggtranstype, NULL), NULL::text, a.aggtransspace,
                    {}, a.aggfinalextra, a.aggfinalmodify::text, a.agginitval,
                    {}, format_type(a.aggmtranstype, NULL), {}, a.aggmtransspace,
                    {}, a.aggmfinalextra, a.aggmfinalmodify::text, a.aggminitval,
                    {}, {}, {},
                    (SELECT 'OPERATOR(' || quote_ident(s.nspname) || '.' || o.oprname || ')'
                       FROM pg_operator o JOIN pg_namespace s ON s.oid = o.oprnamespace
                      WHERE o.oid = a.aggsortop)
               FROM pg_proc p
               JOIN pg_aggregate a ON a.aggfnoid = p.oid
               JOIN pg_namespace n ON n.oid = p.pronamespace
               JOIN pg_roles r ON r.oid = p.proowner
              WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            f("a.aggtransfn"),
            f("a.aggfinalfn"),
            f("a.aggmtransfn"),
            f("a.aggminvtransfn"),
            f("a.aggmfinalfn"),
            f("a.aggcombinefn"),
            f("a.aggserialfn"),
            f("a.aggdeserialfn"),
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, name, args): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let star = |text: String| if text.is_empty() { "*".into() } else { text };
        let state = State::read(row, 12)?.unwrap_or_else(|| State {
            r#type: String::new(),
            step: String::new(),
            inverse: None,
            space: 0,
            last: None,
            extra: false,
            modify: String::new(),
            initial: None,
        });
        let spec = Spec {
            arguments: star(row.try_get(7)?),
            identity: star(row.try_get(8)?),
            sort: row.try_get(9)?,
            returns: row.try_get(10)?,
            parallel: row.try_get(11)?,
            state,
            moving: State::read(row, 20)?,
            combine: row.try_get(28)?,
            serial: row.try_get(29)?,
            deserial: row.try_get(30)?,
            sort_operator: row.try_get(31)?,
        };
        Ok(Found::new(at, Self::key(schema, name, args), spec)
            .owner(row.try_get(5)?)
            .acl(row.try_get(6)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("AGGREGATE", format!("{}({})", name(it), it.spec.identity))
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        // Rights are granted as on a function, which has a plain list of types.
        Some(GrantTarget { class: 'f', on: format!("FUNCTION {}", it.key.sql()), column: None })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec {
            arguments,
            identity: _,
            sort,
            returns: _,
            parallel,
            state,
            moving,
            combine,
            serial,
            deserial,
            sort_operator,
        } = new.spec;
        let usual = if sort == "n" { "r" } else { "w" };
        let mut clauses = state.clauses("", usual);
        for (word, function) in
            [("COMBINEFUNC", combine), ("SERIALFUNC", serial), ("DESERIALFUNC", deserial)]
        {
            if let Some(function) = function {
                clauses.push(format!("{word} = {function}"));
            }
        }
        if let Some(moving) = moving {
            clauses.extend(moving.clauses("M", usual));
        }
        if let Some(operator) = sort_operator {
            clauses.push(format!("SORTOP = {operator}"));
        }
        match parallel.as_str() {
            "s" => clauses.push("PARALLEL = SAFE".into()),
            "r" => clauses.push("PARALLEL = RESTRICTED".into()),
            _ => {}
        }
        if sort == "h" {
            clauses.push("HYPOTHETICAL".into());
        }
        let sql = format!(
            "CREATE OR REPLACE AGGREGATE {}({arguments}) (\n    {}\n)",
            name(new),
            clauses.join(",\n    ")
        );
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        // All but what decides is said anew by `CREATE OR REPLACE`.
        let Spec {
            arguments,
            identity: _,
            sort,
            returns,
            parallel: _,
            state: _,
            moving: _,
            combine: _,
            serial: _,
            deserial: _,
            sort_operator: _,
        } = new.spec;
        let same = *arguments == old.spec.arguments
            && *sort == old.spec.sort
            && *returns == old.spec.returns;
        if !same {
            return Alter::Replace;
        }
        let mut steps = Self::create(new, cx);
        steps.extend(marks(old.object, new.object, &Self::address(new)));
        Alter::InPlace(steps)
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        vec![slot(&it.key)]
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        same_arguments(&it.key, to).then(|| rename(&Self::address(it), &it.key, to))
    }
}

fn name(it: Obj<'_, Spec>) -> String {
    qualified(it.key.schema().unwrap_or_default(), it.key.base_name())
}
