//! Extended statistics.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Cx, Kind, Response, Slot, backing::top_level,
    relation::relation_key,
};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, ident_list},
};

/// A statistics object.
#[derive(Debug)]
pub struct Statistics;

/// Attributes of a statistics object.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `pg_get_statisticsobjdef` after the name: `(ndistinct) ON a, b FROM public.t`. The columns are
    /// sorted by name: PostgreSQL sorts them by their place in the table.
    pub definition: String,
    /// Its target; none for the default.
    pub target: Option<i32>,
    /// It has expressions, whose text may mean nothing when the type of a column changes.
    pub expressions: bool,
}

impl Kind for Statistics {
    type Spec = Spec;

    const ID: KindId = KindId("statistics");
    const CATALOG: &'static str = "pg_statistic_ext";
    const WEIGHT: u16 = 145;
    const DIES_WITH_PARENT: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        let expressions = if version >= 140_000 { "s.stxexprs IS NOT NULL" } else { "false" };
        format!(
            "SELECT s.tableoid, s.oid, n.nspname::text, s.stxname::text, r.rolname::text,
                    t.relkind::text, tn.nspname::text, t.relname::text,
                    pg_get_statisticsobjdef(s.oid), nullif(s.stxstattarget, -1)::int4, {expressions},
                    ARRAY(SELECT a.attname::text FROM unnest(s.stxkeys::int2[]) WITH ORDINALITY k (at, nr)
                            JOIN pg_attribute a ON a.attrelid = s.stxrelid AND a.attnum = k.at
                           ORDER BY k.nr)
               FROM pg_statistic_ext s
               JOIN pg_namespace n ON n.oid = s.stxnamespace
               JOIN pg_roles r ON r.oid = s.stxowner
               JOIN pg_class t ON t.oid = s.stxrelid
               JOIN pg_namespace tn ON tn.oid = t.relnamespace
              WHERE t.relpersistence <> 't'
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let key = Key::in_schema(Self::ID, row.try_get::<_, &str>(2)?, row.try_get::<_, &str>(3)?);
        let (relkind, schema, table): (&str, &str, &str) =
            (row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
        let text: &str = row.try_get(8)?;
        // The name is the first thing that could be in quotes.
        let head = format!("CREATE STATISTICS {} ", key.sql());
        let definition = text.strip_prefix(&head).unwrap_or_else(|| {
            let from = top_level(text, " ON ").or_else(|| text.find(" ("));
            from.map_or(text, |at| &text[at + 1..])
        });
        let columns: Vec<String> = row.try_get(11)?;
        let spec = Spec {
            definition: sorted(definition, &columns),
            target: row.try_get(9)?,
            expressions: row.try_get(10)?,
        };
        Ok(Found::new(at, key, spec)
            .parent(relation_key(relkind, schema, table))
            .owner(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("STATISTICS", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { definition, target, expressions: _ } = new.spec;
        let mut steps =
            vec![Step::new(&new.key, format!("CREATE {} {definition}", Self::address(new)))];
        steps.extend(target.map(|target| set_target(new, target)));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { definition, target, expressions: _ } = new.spec;
        if old.spec.definition != *definition {
            return Alter::Replace;
        }
        let changed = old.spec.target != *target;
        Alter::InPlace(changed.then(|| set_target(new, target.unwrap_or(-1))).into_iter().collect())
    }

    fn respond(old: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            Change::Retyped { compatible: false } if old.spec.expressions => Response::Rebuild,
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        vec![Slot::new("statistics", [it.key.schema().unwrap_or_default(), it.key.base_name()])]
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let (call, mut from) = (Self::address(it), it.key.clone());
        if let (Some(old), Some(new)) = (it.key.schema(), to.schema())
            && old != new
        {
            steps.push(Step::new(&it.key, format!("ALTER {call} SET SCHEMA {}", ident(new))));
            from = Key::in_schema(Self::ID, new, it.key.base_name());
        }
        if it.key.base_name() != to.base_name() {
            let name = ident(to.base_name());
            let sql = format!("ALTER {} {} RENAME TO {name}", call.noun, from.sql());
            steps.push(Step::new(&it.key, sql));
        }
        Some(steps)
    }
}

/// The definition with its columns, which stand before the expressions, sorted by name.
fn sorted(definition: &str, columns: &[String]) -> String {
    let listed = format!("ON {}", ident_list(columns));
    let mut by_name = columns.to_vec();
    by_name.sort_unstable();
    match top_level(definition, &listed) {
        Some(at) if !columns.is_empty() => {
            let (head, rest) = (&definition[..at], &definition[at + listed.len()..]);
            format!("{head}ON {}{rest}", ident_list(&by_name))
        }
        _ => definition.to_owned(),
    }
}

fn set_target(it: Obj<'_, Spec>, target: i32) -> Step {
    Step::new(&it.key, format!("ALTER {} SET STATISTICS {target}", Statistics::address(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_columns_makes_no_difference() {
        let columns = ["c".to_owned(), "A b".to_owned()];
        assert_eq!(
            sorted("(mcv) ON c, \"A b\", (c + 1) FROM public.\"ON c\"", &columns),
            "(mcv) ON \"A b\", c, (c + 1) FROM public.\"ON c\""
        );
        assert_eq!(sorted("ON (c + 1) FROM public.t", &[]), "ON (c + 1) FROM public.t");
    }
}
