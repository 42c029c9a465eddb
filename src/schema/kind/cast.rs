//! Casts between types. They have no name, no schema and no owner.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::schema::{Found, Key, KindId, Name, Obj, Step, object::Address};

/// A cast.
#[derive(Debug)]
pub struct Cast;

/// Attributes of a cast.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// The function that converts, with its arguments' types, as `regprocedure` prints it; none
    /// where the bytes stay as they are or the text form is read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Goes through the text form.
    pub inout: bool,
    /// Where it is applied unasked.
    pub context: Context,
}

/// Where a cast is applied without being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// Nowhere.
    Explicit,
    /// When a value is assigned to a column.
    Assignment,
    /// Everywhere.
    Implicit,
}

impl Kind for Cast {
    type Spec = Spec;

    const ID: KindId = KindId("cast");
    const CATALOG: &'static str = "pg_cast";
    const WEIGHT: u16 = 45;

    fn query(version: u32) -> Cow<'static, str> {
        // A range type comes with a cast to its multirange type.
        let own = if version >= 140_000 {
            "AND NOT EXISTS (SELECT 1 FROM pg_range g
                              WHERE g.rngtypid = c.castsource AND g.rngmultitypid = c.casttarget)"
        } else {
            ""
        };
        format!(
            "SELECT c.tableoid, c.oid, format_type(c.castsource, NULL), format_type(c.casttarget, NULL),
                    nullif(c.castfunc, 0)::regprocedure::text, c.castmethod = 'i', c.castcontext::text
               FROM pg_cast c WHERE c.oid >= 16384 {own}"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let key = Key::new(Self::ID, Name::Pair(row.try_get(2)?, row.try_get(3)?));
        let context = match row.try_get(6)? {
            "i" => Context::Implicit,
            "a" => Context::Assignment,
            _ => Context::Explicit,
        };
        let spec = Spec { function: row.try_get(4)?, inout: row.try_get(5)?, context };
        Ok(Found::new(at, key, spec))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = match it.key.name() {
            Name::Pair(source, target) => format!("({source} AS {target})"),
            _ => it.key.sql(),
        };
        Call::new("CAST", name)
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { function, inout, context } = new.spec;
        let how = match function {
            Some(function) => format!("WITH FUNCTION {function}"),
            None if *inout => "WITH INOUT".to_owned(),
            None => "WITHOUT FUNCTION".to_owned(),
        };
        let context = match context {
            Context::Explicit => "",
            Context::Assignment => " AS ASSIGNMENT",
            Context::Implicit => " AS IMPLICIT",
        };
        vec![Step::new(&new.key, format!("CREATE {} {how}{context}", Self::address(new)))]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { function: _, inout: _, context: _ } = new.spec;
        Alter::Replace
    }
}
