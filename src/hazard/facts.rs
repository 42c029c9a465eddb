//! What is known about the database that statements are judged for: the version of its server, and
//! the schema before they run. Without a schema every question is answered with "unknown", and the
//! worse case counts.

use crate::{
    pg::words::normal_name,
    schema::{
        Key, Kind as _, Snapshot,
        kind::{
            Column, ColumnDefault, Constraint, DomainConstraint, ForeignKey, Index,
            MaterializedView, Partition, Table, Type, types,
        },
    },
};

/// The oldest supported version, which counts when none is known.
const OLDEST: u32 = 13;

/// What is known.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    schema: Option<&'a Snapshot>,
    /// Major version of the server.
    pub major: u32,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        Self { schema: None, major: OLDEST }
    }
}

impl<'a> Facts<'a> {
    /// Nothing but the version.
    pub fn of_version(major: u32) -> Self {
        Self { schema: None, major }
    }

    /// The schema before the statements run.
    pub fn of(schema: &'a Snapshot) -> Self {
        Self { schema: Some(schema), major: (schema.version / 10_000).max(OLDEST) }
    }

    /// A relation by its name in SQL: where it stands as the key of a table.
    fn place(&self, name: &str) -> Option<(String, String)> {
        let mut parts = normal_name(name);
        let base = parts.pop()?;
        if let Some(schema) = parts.pop() {
            return Some((schema, base));
        }
        // Without its schema it is looked for in `public`, then anywhere.
        let known = self.schema?;
        let there = |schema: &str| {
            let relation = |key: Key| known.contains(&key);
            relation(Table::key(schema, &base))
        };
        if there("public") {
            return Some(("public".to_owned(), base));
        }
        let mut found = known.of_kind::<Table>().filter(|table| table.key.base_name() == base);
        let schema = found.next().and_then(|table| table.key.schema().map(str::to_owned));
        Some((schema.unwrap_or_else(|| "public".to_owned()), base))
    }

    fn table(&self, name: &str) -> Option<(&'a Snapshot, String, String)> {
        let known = self.schema?;
        let (schema, table) = self.place(name)?;
        known.contains(&Table::key(&schema, &table)).then_some((known, schema, table))
    }

    /// Whether the schema is known and has no table or materialized view of this name.
    pub fn lacks(&self, name: &str) -> bool {
        let Some(known) = self.schema else { return false };
        let Some((schema, base)) = self.place(name) else { return false };
        !known.contains(&Table::key(&schema, &base))
            && !known.contains(&Key::in_schema(MaterializedView::ID, &schema, &base))
    }

    /// The type of a column.
    pub fn column_type(&self, table: &str, column: &str) -> Option<&'a str> {
        let (known, schema, table) = self.table(table)?;
        let column = known.typed::<Column>(&Column::key(&schema, &table, &plain(column)))?;
        Some(&column.spec.r#type)
    }

    /// Whether a column is NOT NULL.
    pub fn not_null(&self, table: &str, column: &str) -> Option<bool> {
        let (known, schema, table) = self.table(table)?;
        let column = known.typed::<Column>(&Column::key(&schema, &table, &plain(column)))?;
        Some(column.spec.not_null.as_ref().is_some_and(|it| it.valid))
    }

    /// Whether a column has a default.
    pub fn has_default(&self, table: &str, column: &str) -> Option<bool> {
        let (known, schema, table) = self.table(table)?;
        let key = Key::on(ColumnDefault::ID, schema, table, plain(column));
        Some(known.contains(&key))
    }

    /// Whether a valid check says that a column is not null.
    pub fn proves_not_null(&self, table: &str, column: &str) -> bool {
        let Some((known, schema, table)) = self.table(table) else { return false };
        known
            .on_relation::<Constraint>(&schema, &table)
            .filter(|it| it.spec.state.validated && it.spec.state.enforced)
            .any(|it| says_not_null(&it.spec.definition, column))
    }

    /// Whether a check names a column that a new type has tested again: one that is not valid stays so.
    pub fn checked(&self, table: &str, column: &str) -> bool {
        let Some((known, schema, table)) = self.table(table) else { return false };
        let column = plain(column);
        known
            .on_relation::<Constraint>(&schema, &table)
            .filter(|it| it.spec.state.validated && it.spec.state.enforced)
            .filter(|it| it.spec.definition.starts_with("CHECK"))
            .any(|it| normal_name(&it.spec.definition).contains(&column))
    }

    /// Whether a table is partitioned.
    pub fn partitioned(&self, table: &str) -> bool {
        self.table(table).is_some_and(|(known, schema, table)| {
            known
                .typed::<Table>(&Table::key(&schema, &table))
                .is_some_and(|it| it.spec.partition_by.is_some())
        })
    }

    /// Whether a partitioned table has a DEFAULT partition.
    pub fn default_partition(&self, table: &str) -> Option<bool> {
        let (known, schema, table) = self.table(table)?;
        let parent = Table::key(&schema, &table);
        let default = known
            .of_kind::<Partition>()
            .any(|it| it.spec.parent == parent && it.spec.bound == "DEFAULT");
        Some(default)
    }

    /// The table of an index, as SQL.
    pub fn table_of_index(&self, index: &str) -> Option<String> {
        let known = self.schema?;
        let mut parts = normal_name(index);
        let base = parts.pop()?;
        let schema = parts.pop().unwrap_or_else(|| "public".to_owned());
        let index = known.get(&Index::key(&schema, &base))?;
        index.parent.as_ref().map(Key::sql)
    }

    /// The columns of an index as it is defined, in order; none when they are not plain.
    pub fn index_columns(&self, index: &str) -> Option<Vec<String>> {
        let known = self.schema?;
        let mut parts = normal_name(index);
        let base = parts.pop()?;
        let schema = parts.pop().unwrap_or_else(|| "public".to_owned());
        let index = known.typed::<Index>(&Index::key(&schema, &base))?;
        listed(&index.spec.definition)
    }

    /// Whether some index or constraint of a table begins with these columns, in any order.
    pub fn indexed(&self, table: &str, columns: &[String]) -> Option<bool> {
        let (known, schema, table) = self.table(table)?;
        let owner = Table::key(&schema, &table);
        let begins = |found: Option<Vec<String>>| {
            found.is_some_and(|found| {
                found.len() >= columns.len()
                    && columns.iter().all(|c| found[..columns.len()].contains(c))
            })
        };
        let indexes = known
            .of_kind::<Index>()
            .filter(|it| it.object.parent.as_ref() == Some(&owner))
            .any(|it| begins(listed(&it.spec.definition)));
        let keys = known
            .on_relation::<Constraint>(&schema, &table)
            .filter(|it| it.spec.index.is_some())
            .any(|it| begins(listed(&it.spec.definition)));
        Some(indexes || keys)
    }

    /// Whether other tables reference this one.
    pub fn referenced(&self, table: &str) -> Vec<String> {
        let Some((known, schema, table)) = self.table(table) else { return Vec::new() };
        let target = Table::key(&schema, &table);
        let mut found: Vec<String> = known
            .of_kind::<ForeignKey>()
            .filter(|it| it.object.needs.contains(&target))
            .map(|it| it.key.relation_sql())
            .filter(|name| *name != target.sql())
            .collect();
        found.dedup();
        found
    }

    /// Whether a type is a domain with constraints.
    pub fn constrained_domain(&self, name: &str) -> bool {
        let Some(known) = self.schema else { return false };
        let mut parts = normal_name(name);
        let Some(base) = parts.pop() else { return false };
        let schema = parts.pop();
        known.of_kind::<Type>().any(|it| {
            let types::Spec::Domain(domain) = it.spec else { return false };
            it.key.base_name() == base
                && schema.as_deref().is_none_or(|schema| it.key.schema() == Some(schema))
                && (domain.not_null
                    || it.key.schema().is_some_and(|schema| {
                        known.on_relation::<DomainConstraint>(schema, &base).next().is_some()
                    }))
        })
    }
}

/// An identifier as the server reads it.
fn plain(identifier: &str) -> String {
    normal_name(identifier).pop().unwrap_or_default()
}

/// The names in the first parentheses of a definition, when they are nothing but names.
fn listed(definition: &str) -> Option<Vec<String>> {
    let inner = definition.split_once('(')?.1;
    let mut columns = Vec::new();
    for part in inner.split_once(')')?.0.split(',') {
        let names = normal_name(part);
        match names.as_slice() {
            // An operator class, an order.
            [name, ..] if !part.contains('(') => columns.push(name.clone()),
            _ => return None,
        }
    }
    Some(columns)
}

/// Whether a check's text says that a column is not null, whatever else it says with AND.
pub(super) fn says_not_null(text: &str, column: &str) -> bool {
    let column = plain(column);
    let words: Vec<&str> =
        text.split(['(', ')', ' ', '\n', '\t']).filter(|w| !w.is_empty()).collect();
    let lower = |word: &str| word.to_ascii_lowercase();
    !words.iter().any(|word| word.eq_ignore_ascii_case("or"))
        && words.windows(4).any(|four| {
            plain(four[0]) == column
                && [(1, "is"), (2, "not"), (3, "null")]
                    .iter()
                    .all(|(at, word)| lower(four[*at]) == *word)
        })
}
