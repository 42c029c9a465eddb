//! What indexes have alike, whether they stand alone or back a constraint: storage, statistics
//! targets, and their place under an index of the partitioned table.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use tokio_postgres::Row;

use super::{Constraint, Cx, ForeignKey, Index, Partition, Table, index};
use crate::schema::{
    Key, Object, Options, Step,
    sql::{ident, literal, option_changes, option_list, options, qualified},
};

/// Names of PostgreSQL hold this many bytes at most.
const NAME_BYTES: usize = 63;

/// Where and how an index is stored.
#[derive(Clone, Debug, Default, PartialEq, Hash, Serialize)]
pub struct Storage {
    /// Storage parameters.
    pub options: Options,
    /// Its tablespace; none for that of the database.
    pub tablespace: Option<String>,
    /// Statistics targets of its columns (of expressions, that is), by number from 1.
    pub statistics: BTreeMap<i32, i32>,
}

/// That an index stands for one of a partitioned table on one of its partitions. PostgreSQL makes
/// it together with that one, or when the partition is attached, and drops it with it.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Attached {
    /// The index of the partitioned table, or the constraint that it backs.
    pub to: Key,
    /// What PostgreSQL calls it by itself, if nothing else has the name.
    pub generated: String,
}

/// Columns that [`Backing::read`] takes, of `x` (`pg_index`) and `i` (`pg_class` of the index).
/// Only columns that are expressions have statistics targets.
pub(super) const COLUMNS: &str = "i.reloptions::text[],
     CASE WHEN i.reltablespace <> 0 THEN
       (SELECT s.spcname::text FROM pg_tablespace s WHERE s.oid = i.reltablespace) END,
     CASE WHEN x.indexprs IS NOT NULL THEN
       ARRAY(SELECT a.attnum::int4 FROM pg_attribute a
              WHERE a.attrelid = i.oid AND a.attstattarget >= 0 ORDER BY a.attnum) END,
     CASE WHEN x.indexprs IS NOT NULL THEN
       ARRAY(SELECT a.attstattarget::int4 FROM pg_attribute a
              WHERE a.attrelid = i.oid AND a.attstattarget >= 0 ORDER BY a.attnum) END,
     CASE WHEN h.inhrelid IS NOT NULL THEN
       ARRAY(SELECT coalesce(ta.attname, ia.attname)::text FROM pg_attribute ia
               LEFT JOIN pg_attribute ta ON ta.attrelid = x.indrelid AND ta.attnum > 0
                     AND ta.attnum = x.indkey[ia.attnum - 1]
              WHERE ia.attrelid = i.oid ORDER BY ia.attnum) END,
     pin.nspname::text, pi.relname::text, ptn.nspname::text, pt.relname::text, pc.conname::text,
     -- The places of its table and of its table's partitions, as schema, name, parent's both.
     ARRAY(SELECT unnest(ARRAY[cn.nspname, c.relname, hn.nspname, hc.relname])::text
             FROM pg_inherits hp
             JOIN pg_class c ON c.oid = hp.inhrelid
             JOIN pg_namespace cn ON cn.oid = c.relnamespace
             JOIN pg_class hc ON hc.oid = hp.inhparent
             JOIN pg_namespace hn ON hn.oid = hc.relnamespace
            WHERE x.indrelid IN (hp.inhrelid, hp.inhparent) AND c.relispartition)";

/// How [`COLUMNS`] get at the index that `x` is attached to.
pub(super) const JOINS: &str = "LEFT JOIN pg_inherits h ON h.inhrelid = x.indexrelid
     LEFT JOIN pg_index px ON px.indexrelid = h.inhparent
     LEFT JOIN pg_class pi ON pi.oid = h.inhparent
     LEFT JOIN pg_namespace pin ON pin.oid = pi.relnamespace
     LEFT JOIN pg_class pt ON pt.oid = px.indrelid
     LEFT JOIN pg_namespace ptn ON ptn.oid = pt.relnamespace
     LEFT JOIN pg_constraint pc ON pc.conindid = h.inhparent AND pc.contype IN ('p', 'u', 'x')";

/// What [`COLUMNS`] say.
pub(super) struct Backing {
    pub(super) storage: Storage,
    pub(super) attached: Option<Attached>,
    /// The places of its table and of its table's partitions: what is attached is so in a place, and
    /// what is not might be taken for what is to be attached when the table takes it.
    pub(super) places: Vec<Key>,
}

impl Backing {
    /// Reads [`COLUMNS`], which start at `from`, of an index on `table`; `label` is what PostgreSQL
    /// ends the names of such indexes with.
    pub(super) fn read(
        row: &Row,
        from: usize,
        table: &str,
        label: &str,
    ) -> Result<Self, tokio_postgres::Error> {
        let numbers: Option<Vec<i32>> = row.try_get(from + 2)?;
        let targets: Option<Vec<i32>> = row.try_get(from + 3)?;
        let storage = Storage {
            options: options(row.try_get(from)?),
            tablespace: row.try_get(from + 1)?,
            statistics: numbers.into_iter().flatten().zip(targets.into_iter().flatten()).collect(),
        };
        let text = |at| row.try_get::<_, Option<String>>(from + at);
        let columns: Option<Vec<String>> = row.try_get(from + 4)?;
        let whole = match (text(7)?, text(8)?) {
            (Some(schema), Some(table)) => Some((schema, table)),
            _ => None,
        };
        let to = match (&whole, text(9)?, text(5)?, text(6)?) {
            (Some((schema, table)), Some(name), ..) => Some(Constraint::key(schema, table, &name)),
            (_, None, Some(schema), Some(name)) => Some(Index::key(&schema, &name)),
            _ => None,
        };
        let attached = to.zip(columns).map(|(to, columns)| {
            let columns = if label == "pkey" { Vec::new() } else { columns };
            Attached { to, generated: generated_name(table, &columns, label) }
        });
        let names: Vec<String> = row.try_get(from + 10)?;
        let place = |names: &[String]| match names {
            [schema, table, above, whole] => {
                Some(Partition::key(schema, table, &Table::key(above, whole)))
            }
            _ => None,
        };
        let places = names.chunks(4).filter_map(place).collect();
        Ok(Self { storage, attached, places })
    }
}

impl Storage {
    /// `definition` with the storage parameters and `tablespace` in their place: before a WHERE.
    /// The tablespace of an index follows a word other than that of a constraint.
    pub(super) fn within(&self, definition: &str, tablespace: &str) -> String {
        let (head, tail) =
            definition.split_at(top_level(definition, " WHERE ").unwrap_or(definition.len()));
        let mut out = head.to_owned();
        if !self.options.is_empty() {
            out.push_str(&format!(" WITH ({})", option_list(&self.options)));
        }
        if let Some(name) = &self.tablespace {
            out.push_str(&format!(" {tablespace} {}", ident(name)));
        }
        out.push_str(tail);
        out
    }

    /// The statistics targets of a new index (`ALTER INDEX …`), which has none yet.
    pub(super) fn targets(&self, key: &Key, index: &str) -> Vec<Step> {
        let none = Self { statistics: BTreeMap::new(), ..self.clone() };
        self.changes(&none, key, index)
    }

    /// What leads here from `old`, in place.
    pub(super) fn changes(&self, old: &Self, key: &Key, index: &str) -> Vec<Step> {
        let Self { options, tablespace, statistics } = self;
        let mut clauses = option_changes(&old.options, options);
        if *tablespace != old.tablespace {
            let name = tablespace.as_deref().unwrap_or("pg_default");
            clauses.push(format!("SET TABLESPACE {}", ident(name)));
        }
        for (column, target) in statistics {
            if old.statistics.get(column) != Some(target) {
                clauses.push(format!("ALTER COLUMN {column} SET STATISTICS {target}"));
            }
        }
        for column in old.statistics.keys().filter(|c| !statistics.contains_key(*c)) {
            clauses.push(format!("ALTER COLUMN {column} SET STATISTICS -1"));
        }
        let steps = clauses.iter().map(|c| Step::new(key, format!("ALTER INDEX {index} {c}")));
        steps.collect()
    }
}

impl Attached {
    /// The statement that gives what PostgreSQL has made by itself its name, if it is another.
    pub(super) fn rename(&self, key: &Key, schema: &str, name: &str) -> Option<Step> {
        // With digits behind: another was in the way, as it will be again.
        let digits = name.strip_prefix(self.generated.as_str());
        if digits.is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit())) {
            return None;
        }
        let from = qualified(schema, &self.generated);
        Some(Step::new(key, format!("ALTER INDEX {from} RENAME TO {}", ident(name))))
    }
}

/// Whether a table that is a partition stays one, of the same table, so that what it has from that
/// one goes and comes with it.
pub(super) fn keeps_place(cx: &Cx<'_>, schema: &str, table: &str) -> bool {
    cx.old.on_relation::<Partition>(schema, table).any(|place| cx.new.contains(&place.key))
}

/// Drops what a table has kept from a parent that it leaves at `place`, though it shall not have it:
/// until then it could not be dropped. The parent may have dropped it for all before.
pub(super) fn left_behind(place: &Key, cx: &Cx<'_>) -> Vec<Step> {
    let (schema, name) = (place.schema().unwrap_or_default(), place.relation().unwrap_or_default());
    let table = Table::key(schema, name);
    if !Table::is_kept(cx, &table) {
        return Vec::new();
    }
    let leaves = |key: &Key| !cx.new.contains(key) || (cx.built)(key);
    let keys = cx.old.on_relation::<ForeignKey>(schema, name);
    let keys = keys.filter(|it| it.spec.inherited && leaves(&it.key));
    let mut steps: Vec<_> = keys.map(|it| drop_if_there(place, &table, it.object)).collect();
    steps.extend(detached(place, &table, cx, &leaves));
    steps
}

/// Drops the checks and indexes that a table has kept from a parent that it has left, those which
/// `leaves` tells.
pub(super) fn detached(
    about: &Key,
    table: &Key,
    cx: &Cx<'_>,
    leaves: &dyn Fn(&Key) -> bool,
) -> Vec<Step> {
    let (schema, name) = (table.schema().unwrap_or_default(), table.base_name());
    let constraints = cx.old.on_relation::<Constraint>(schema, name);
    let constraints = constraints.filter(|it| it.spec.comes_from_parent() && leaves(&it.key));
    let mut steps: Vec<_> = constraints.map(|it| drop_if_there(about, table, it.object)).collect();
    let attached =
        |it: &&Arc<Object>| it.spec().is_some_and(|index: &index::Spec| index.attached.is_some());
    steps.extend(
        cx.old
            .parts(table)
            .filter(attached)
            .filter(|it| leaves(&it.key))
            .map(|it| Step::new(about, format!("DROP INDEX IF EXISTS {}", it.key.sql()))),
    );
    steps
}

fn drop_if_there(about: &Key, table: &Key, constraint: &Object) -> Step {
    let name = ident(constraint.key.base_name());
    Step::new(about, format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {name}", table.sql()))
}

/// `COMMENT ON INDEX`, for an index that has no object of its own.
pub(super) fn comment(key: &Key, index: &str, text: Option<&String>) -> Step {
    let text = text.map_or_else(|| "NULL".to_owned(), |text| literal(text));
    Step::new(key, format!("COMMENT ON INDEX {index} IS {text}"))
}

/// Takes ` WITH (…)` out of a definition: storage parameters are kept apart.
pub(super) fn without_options(definition: &str) -> String {
    let end = top_level(definition, " WHERE ").unwrap_or(definition.len());
    let Some(from) = top_level(&definition[..end], " WITH (") else { return definition.to_owned() };
    let rest = &definition[from + " WITH".len()..];
    // The parenthesis closes where the text is at its top level again.
    let length = top_level(&rest[1..], "").map_or(rest.len(), |at| at + 1);
    format!("{}{}", &definition[..from], &rest[length..])
}

/// Where `what` stands in SQL text outside of all quotes and parentheses; for the empty string,
/// where the text is at its top level after its first parenthesis.
pub(super) fn top_level(text: &str, what: &str) -> Option<usize> {
    let mut depth = 0_i32;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if what.is_empty() && depth == 0 {
                    return Some(at + 1);
                }
            }
            (None, _) if depth == 0 && !what.is_empty() && text[at..].starts_with(what) => {
                return Some(at);
            }
            (None, '\'' | '"') => quote = Some(c),
            _ => {}
        }
    }
    None
}

/// The name that PostgreSQL gives to an index of `columns` on `table`, ending with `label`: both
/// names are cut evenly until it fits.
fn generated_name(table: &str, columns: &[String], label: &str) -> String {
    let joined = clip(&columns.join("_"), NAME_BYTES).to_owned();
    let overhead = label.len() + 1 + usize::from(!joined.is_empty());
    let (mut first, mut second) = (table.len(), joined.len());
    while first + second + overhead > NAME_BYTES {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let mut name = clip(table, first).to_owned();
    if !joined.is_empty() {
        name.push('_');
        name.push_str(clip(&joined, second));
    }
    name.push('_');
    name.push_str(label);
    name
}

/// As many whole characters as fit into `bytes`.
fn clip(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_parameters_are_taken_out_and_put_in_again() {
        let storage = Storage {
            options: [("fillfactor".to_owned(), "60".to_owned())].into_iter().collect(),
            tablespace: Some("fast".to_owned()),
            statistics: BTreeMap::new(),
        };
        for (text, without, within) in [
            (
                "USING btree (a) WITH (fillfactor='60')",
                "USING btree (a)",
                "USING btree (a) WITH (fillfactor='60') TABLESPACE fast",
            ),
            (
                "EXCLUDE USING gist (a WITH &&) WITH (fillfactor='60') WHERE ((b <> ' WITH ('::text))",
                "EXCLUDE USING gist (a WITH &&) WHERE ((b <> ' WITH ('::text))",
                "EXCLUDE USING gist (a WITH &&) WITH (fillfactor='60') TABLESPACE fast WHERE ((b <> ' WITH ('::text))",
            ),
            (
                "USING gin (\"a) WITH (\" gin_trgm_ops) INCLUDE (b) WITH (x=')', y=on) WHERE (a)",
                "USING gin (\"a) WITH (\" gin_trgm_ops) INCLUDE (b) WHERE (a)",
                "USING gin (\"a) WITH (\" gin_trgm_ops) INCLUDE (b) WITH (fillfactor='60') TABLESPACE fast WHERE (a)",
            ),
            (
                "USING btree (a) WHERE (f(a) = ' WITH (x)'::text)",
                "USING btree (a) WHERE (f(a) = ' WITH (x)'::text)",
                "USING btree (a) WITH (fillfactor='60') TABLESPACE fast WHERE (f(a) = ' WITH (x)'::text)",
            ),
        ] {
            assert_eq!(without_options(text), without);
            assert_eq!(storage.within(without, "TABLESPACE"), within);
        }
    }

    #[test]
    fn names_are_cut_as_the_server_cuts_them() {
        let name = |table: &str, columns: &[&str], label| {
            let columns: Vec<_> = columns.iter().map(|c| (*c).to_owned()).collect();
            generated_name(table, &columns, label)
        };
        assert_eq!(name("account", &[], "pkey"), "account_pkey");
        assert_eq!(name("account", &["a", "lower"], "idx"), "account_a_lower_idx");
        let (long, other) = ("t".repeat(60), "c".repeat(40));
        let cut = name(&long, &[&other], "idx");
        assert_eq!(cut, format!("{}_{}_idx", &long[..29], &other[..29]));
        assert_eq!(name(&"é".repeat(30), &["x"], "idx"), format!("{}_x_idx", "é".repeat(28)));
    }
}
