//! The part of `verify` that looks at rows: a revision runs up and down where tables hold a few
//! made-up ones, and what it does not say it changes must be there after each way.
//!
//! Hand-written scripts may do anything, so this judges only what cannot be meant: a table and a
//! column that are the same before and after, of a table that no statement of the script writes to.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::{Bench, rehearse::go};
use crate::{
    catalog::{
        Scratch,
        rows::{self, Contents, TableName},
    },
    engine::{Engine, Error, fault},
    pg::{
        ident::unquote_ident,
        lex::{Lexer, TokenKind},
    },
    revision::{Direction, Revision, Script},
    schema::{
        Key, Snapshot,
        diff::{Delta, diff},
        kind::{Column, Table},
    },
};

/// Whether a script has to do with tables that are there, as far as its words tell.
pub(super) fn concerns(script: &Script, before: &Snapshot) -> bool {
    let said = Said::of(script, &[Direction::Up, Direction::Down]);
    before.of_kind::<Table>().any(|table| said.names.contains(table.key.base_name()))
}

/// What became of rows.
#[derive(Debug)]
pub(super) enum Survival {
    /// These many tables kept what they held.
    Kept(usize),
    /// Rows or values are gone.
    Lost(Direction, Vec<String>),
    /// The made-up rows do not fit what the script asks of them.
    Unfit(Direction, String),
    /// A statement fails when there are rows, whatever is in them.
    Failed(Direction, String),
}

/// A revision that is tried with rows.
pub(super) struct Trial<'a> {
    pub(super) bench: &'a Bench,
    pub(super) revision: &'a Revision,
    /// The target of the downgrade that undoes it alone, if there is one.
    pub(super) back: Option<&'a str>,
    /// The schema that it starts from, and the one that it leads to.
    pub(super) before: &'a Snapshot,
    pub(super) after: &'a Snapshot,
}

impl Trial<'_> {
    /// Tries it in `copy`, which holds what was before, by `engine`, which works there.
    pub(super) async fn run(&self, copy: &Scratch, engine: &Engine) -> Result<Survival, Error> {
        let ways = [Direction::Up, Direction::Down];
        let said = Said::of(&self.revision.script, &ways[..=usize::from(self.back.is_some())]);
        let session = copy.open().await?;
        let client = &session.client;
        if rows::seed(client, &self.tables(&said)).await.map_err(|e| fault::plain(&e))?.is_empty() {
            return Ok(Survival::Kept(0));
        }
        let mut held = Vec::new();
        for (table, columns) in self.shared(&said) {
            let seen = look(client, &table, &columns).await?;
            held.extend(seen.filter(|seen| seen.rows > 0).map(|seen| (table, columns, seen)));
        }
        let ways = [(Direction::Up, Some(self.revision.id.as_str())), (Direction::Down, self.back)];
        for (direction, spec) in ways {
            let Some(spec) = spec else { continue };
            if let Err(error) = go(self.bench, engine, direction, spec).await? {
                let state = error.failure.as_ref().and_then(|f| f.sqlstate.as_deref());
                let fate = if state.is_some_and(super::rows::of_rows) {
                    Survival::Unfit
                } else {
                    Survival::Failed
                };
                return Ok(fate(direction, error.to_string()));
            }
            let mut lost = Vec::new();
            for (table, columns, before) in &held {
                let after = look(client, table, columns).await?;
                lost.extend(missing(table, columns, before, after.as_ref()));
            }
            if !lost.is_empty() {
                return Ok(Survival::Lost(direction, lost));
            }
        }
        Ok(Survival::Kept(held.len()))
    }

    /// The tables that get rows: those that it names.
    fn tables(&self, said: &Said) -> Vec<TableName> {
        let named = self.before.of_kind::<Table>().filter_map(|table| {
            let (schema, name) = (table.key.schema()?.to_owned(), table.key.base_name().to_owned());
            said.names.contains(&name).then_some(TableName { schema, name })
        });
        named.collect()
    }

    /// The tables to look at, with the columns that are the same before and after.
    fn shared(&self, said: &Said) -> BTreeMap<TableName, Vec<String>> {
        let deltas = diff(self.before, self.after);
        // Labels of a type may be called otherwise afterwards, and are the same values.
        let changed: BTreeSet<&Key> = deltas.iter().map(Delta::key).collect();
        let mut shared: BTreeMap<TableName, Vec<String>> = BTreeMap::new();
        for column in self.before.of_kind::<Column>() {
            let (Some(schema), Some(name)) = (column.key.schema(), column.key.relation()) else {
                continue;
            };
            let table = Table::key(schema, name);
            let stays = self.before.contains(&table) && self.after.contains(&table);
            if !stays || !said.may_lose(name) {
                continue;
            }
            let table = TableName { schema: schema.to_owned(), name: name.to_owned() };
            let columns = shared.entry(table.clone()).or_default();
            let same =
                self.after.typed::<Column>(&column.key).is_some_and(|c| c.spec == column.spec);
            let type_changes = column
                .needs
                .iter()
                .any(|need| changed.contains(need) && *need != Table::key(schema, name));
            if same && !type_changes {
                columns.push(column.key.base_name().to_owned());
            }
        }
        shared
    }
}

async fn look(
    client: &Client,
    table: &TableName,
    columns: &[String],
) -> Result<Option<Contents>, Error> {
    rows::look(client, table, columns).await.map_err(|e| fault::plain(&e))
}

/// What a table held and holds no longer, a line each.
fn missing(
    table: &TableName,
    columns: &[String],
    before: &Contents,
    after: Option<&Contents>,
) -> Vec<String> {
    match after {
        None => vec![format!("{table}, or a column of it, cannot be read any more")],
        Some(after) if after.rows < before.rows => {
            vec![format!("{table} had {} rows and has {}", before.rows, after.rows)]
        }
        Some(after) => {
            let all = columns.iter().zip(before.columns.iter().zip(&after.columns));
            let changed = all.filter(|(_, (before, after))| before != after);
            changed.map(|(column, _)| format!("the values of {table}, column {column}")).collect()
        }
    }
}

/// What a script names, and what it changes by itself.
#[derive(Debug, Default)]
struct Said {
    /// All its words.
    names: BTreeSet<String>,
    /// Words of the statements that write rows.
    written: BTreeSet<String>,
    /// Something is called or run that may write anywhere.
    anything: bool,
}

impl Said {
    fn of(script: &Script, ways: &[Direction]) -> Self {
        let mut said = Self::default();
        for way in ways {
            said.read(script, *way);
        }
        said
    }

    fn read(&mut self, script: &Script, direction: Direction) {
        for section in script.sections(direction).unwrap_or_default() {
            let Ok(statements) = script.statements(section) else {
                self.anything = true;
                return;
            };
            for statement in statements {
                self.statement(&script.text[statement.range]);
            }
        }
    }

    fn statement(&mut self, text: &str) {
        let words: Vec<String> = Lexer::new(text)
            .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent))
            .map(|token| unquote_ident(token.text(text)))
            .collect();
        match words.first().map_or("", String::as_str) {
            "do" | "call" | "select" | "execute" | "values" => self.anything = true,
            "update" | "delete" | "insert" | "truncate" | "merge" | "copy" | "with" => {
                self.written.extend(words.iter().cloned());
            }
            _ => {}
        }
        self.names.extend(words);
    }

    /// Whether the script has to do with a table and does not write its rows by a statement.
    fn may_lose(&self, table: &str) -> bool {
        !self.anything && self.names.contains(table) && !self.written.contains(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_answer_for_what_they_write() {
        for (statements, loses) in [
            (&["ALTER TABLE t ADD a int"] as &[_], true),
            (&["ALTER TABLE \"t\" DROP a", "UPDATE u SET a = 1"], true),
            (&["ALTER TABLE u DROP a"], false),
            (&["DROP TABLE t", "CREATE TABLE t ()", "INSERT INTO public.t SELECT 1"], false),
            (&["ALTER TABLE t ADD a int", "WITH x AS (DELETE FROM T) SELECT 1"], false),
            (&["ALTER TABLE t ADD a int", "DO $$ DELETE FROM t $$"], false),
            (&["ALTER TABLE t ADD a int -- UPDATE t"], true),
        ] {
            let mut said = Said::default();
            for statement in statements {
                said.statement(statement);
            }
            assert_eq!(said.may_lose("t"), loses, "{statements:?}");
        }
    }
}
