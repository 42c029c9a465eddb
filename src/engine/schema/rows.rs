//! The part of the proof that looks at rows: the tables that a plan touches get a few made-up ones in
//! a copy of the scratch database, and what is kept must hold them after the plan and after the way
//! back.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::{Bench, Comparison, run::Stumble};
use crate::{
    catalog::{
        Scratch,
        rows::{self, Contents, TableName},
    },
    engine::{Error, fault},
    plan::{Plan, Rename, Section, Statement},
    revision::Direction,
    schema::{
        Key, Snapshot,
        kind::{Column, Table},
    },
};

/// What became of rows.
#[derive(Debug)]
pub(super) enum Seen {
    /// These many tables kept what they held; with what could not be looked at.
    Kept(usize, Vec<String>),
    /// Rows or values are gone that the plan did not say it would destroy.
    Lost(Direction, Vec<String>),
    /// A statement fails when there are rows, and not for what is in them.
    Failed(Direction, Stumble),
}

/// Rows in a copy of the old schema.
struct Rows<'a> {
    client: &'a Client,
    /// The tables that have rows, as they are called in the old schema, with the columns that are
    /// looked at and what they held.
    held: BTreeMap<TableName, (Vec<String>, Contents)>,
    renames: &'a [Rename],
    /// Tables that had to be emptied on the way.
    emptied: BTreeSet<TableName>,
    notes: Vec<String>,
}

/// Tries both ways with rows in `copy`, which holds the old schema and is used up. `old` is that
/// schema under the names that it has there.
pub(super) async fn prove(
    bench: &Bench,
    copy: Scratch,
    tables: &[TableName],
    old: &Snapshot,
    comparison: &Comparison,
) -> Result<Seen, Error> {
    bench.stage("trying the plan with rows");
    let (up, down) = (&comparison.up, &comparison.down);
    let session = copy.open().await?;
    let client = &session.client;
    let quiet = "SET synchronous_commit = off; SET client_min_messages = error; \
                 SET check_function_bodies = off; SET statement_timeout = 0; SET lock_timeout = 0";
    client.batch_execute(quiet).await.map_err(|e| fault::plain(&e))?;
    let seeded = rows::seed(client, tables).await.map_err(|e| fault::plain(&e))?;
    let mut rows = Rows {
        client,
        held: BTreeMap::new(),
        renames: &comparison.renames,
        emptied: BTreeSet::new(),
        notes: Vec::new(),
    };
    rows.remember(seeded, old, comparison).await?;
    let seen = rows.both_ways(up, down).await?;
    drop(session);
    copy.remove().await;
    Ok(seen)
}

/// The tables of the old schema that plans are about.
pub(super) fn touched<'a>(
    old: &Snapshot,
    new: &Snapshot,
    plans: impl IntoIterator<Item = &'a Plan>,
) -> Vec<TableName> {
    let keys = plans.into_iter().flat_map(|plan| &plan.statements).flat_map(|s| &s.keys);
    // An index is called by a name of its own; its table is what it stands on.
    let parent = |key: &Key| {
        let object = old.get(key).or_else(|| new.get(key));
        object.and_then(|object| object.parent.clone())
    };
    let tables: BTreeSet<TableName> = keys
        .flat_map(|key| [Some(key.clone()), parent(key)])
        .flatten()
        .filter_map(|key| {
            let name = key.relation().unwrap_or(key.base_name());
            let table = TableName { schema: key.schema()?.to_owned(), name: name.to_owned() };
            old.contains(&Table::key(&table.schema, &table.name)).then_some(table)
        })
        .collect();
    tables.into_iter().collect()
}

impl Rows<'_> {
    /// Looks at the tables that have rows, in the columns that both schemas have alike.
    async fn remember(
        &mut self,
        seeded: Vec<TableName>,
        old: &Snapshot,
        comparison: &Comparison,
    ) -> Result<(), Error> {
        let mut columns: BTreeMap<TableName, Vec<String>> =
            seeded.into_iter().map(|table| (table, Vec::new())).collect();
        for column in old.of_kind::<Column>() {
            let (Some(schema), Some(table)) = (column.key.schema(), column.key.relation()) else {
                continue;
            };
            let table = TableName { schema: schema.to_owned(), name: table.to_owned() };
            let Some(list) = columns.get_mut(&table) else { continue };
            // Values of a type whose own names change are the same values, called otherwise.
            let renamed = |key: &Key| {
                let within = |r: &Rename| matches!(r, Rename::Within { of, .. } if of == key);
                self.renames.iter().any(within)
            };
            if column.needs.iter().any(renamed) {
                continue;
            }
            let then = self.then(&table);
            let name = self.column_then(&then, column.key.base_name());
            let key = Column::key(&then.schema, &then.name, &name);
            let same = comparison.new.snapshot.typed::<Column>(&key);
            if same.is_some_and(|same| same.spec == column.spec) {
                list.push(column.key.base_name().to_owned());
            }
        }
        for (table, columns) in columns {
            let seen = self.look(&table, &columns).await?;
            if let Some(seen) = seen.filter(|seen| seen.rows > 0) {
                self.held.insert(table, (columns, seen));
            }
        }
        Ok(())
    }

    async fn both_ways(mut self, up: &Plan, down: &Plan) -> Result<Seen, Error> {
        for (direction, plan) in [(Direction::Up, up), (Direction::Down, down)] {
            if let Err(stumble) = self.run(plan).await? {
                return Ok(match stumble {
                    Some(stumble) => Seen::Failed(direction, stumble),
                    None => Seen::Kept(0, self.notes),
                });
            }
            let lost = self.lost(direction, plan).await?;
            if !lost.is_empty() {
                return Ok(Seen::Lost(direction, lost));
            }
        }
        Ok(Seen::Kept(self.held.len(), self.notes))
    }

    /// What is gone after a way that did not say so. What it said is not looked at again.
    async fn lost(&mut self, direction: Direction, plan: &Plan) -> Result<Vec<String>, Error> {
        let said: BTreeSet<&Key> = plan
            .statements
            .iter()
            .filter(|statement| !statement.loses.is_empty())
            .flat_map(|statement| &statement.keys)
            .collect();
        let mut lost = Vec::new();
        let mut gone = Vec::new();
        let held: Vec<_> = self.held.iter().map(|(t, h)| (t.clone(), h.clone())).collect();
        for (table, (columns, before)) in held {
            let (now, names) = match direction {
                Direction::Up => {
                    let then = self.then(&table);
                    let names = columns.iter().map(|c| self.column_then(&then, c)).collect();
                    (then, names)
                }
                Direction::Down => (table.clone(), columns.clone()),
            };
            let is_said = |table: &TableName| {
                said.iter().any(|key| {
                    key.schema() == Some(&table.schema)
                        && key.relation().is_none()
                        && key.base_name() == table.name
                })
            };
            if is_said(&table) || is_said(&now) || self.emptied.contains(&table) {
                gone.push(table);
                continue;
            }
            match self.look(&now, &names).await? {
                None => lost.push(format!("table {now} is gone or has lost columns")),
                Some(after) if after.rows != before.rows => {
                    lost.push(format!("{now} had {} rows and has {}", before.rows, after.rows));
                }
                Some(after) => {
                    let all = names.iter().zip(before.columns.iter().zip(&after.columns));
                    let is_said = |name: &str| {
                        said.contains(&Column::key(&now.schema, &now.name, name))
                            || said.contains(&Column::key(&table.schema, &table.name, name))
                    };
                    let changed =
                        all.filter(|(name, (before, after))| before != after && !is_said(name));
                    lost.extend(changed.map(|(name, _)| format!("values of {now}, column {name}")));
                }
            }
        }
        for table in gone {
            self.held.remove(&table);
        }
        Ok(lost)
    }

    /// Runs a plan. Where rows are in the way, as a new constraint may have it, their tables are
    /// emptied; the inner error is none where that could not be done.
    async fn run(&mut self, plan: &Plan) -> Result<Result<(), Option<Stumble>>, Error> {
        let mut number = 0;
        for section in plan.sections() {
            if section.transaction {
                self.batch("BEGIN").await?;
            }
            for statement in section.statements {
                number += 1;
                if let Err(stumble) = self.step(&section, statement, number).await? {
                    let _ = self.client.batch_execute("ROLLBACK").await;
                    return Ok(Err(stumble));
                }
            }
            if section.transaction
                && let Err(error) = self.client.batch_execute("COMMIT").await
            {
                return Ok(Err(Some(Stumble::new(number, "COMMIT", &error)?)));
            }
        }
        Ok(Ok(()))
    }

    async fn step(
        &mut self,
        section: &Section<'_>,
        statement: &Statement,
        number: usize,
    ) -> Result<Result<(), Option<Stumble>>, Error> {
        if section.transaction {
            self.batch("SAVEPOINT limbeck_row").await?;
        }
        let Err(error) = self.client.batch_execute(&statement.sql).await else {
            // Some commands (`ALTER DOMAIN … DROP CONSTRAINT`) leave the server with news that it
            // has not told itself yet, and it refuses to open a savepoint then; closing one tells.
            if section.transaction {
                self.batch("RELEASE SAVEPOINT limbeck_row").await?;
            }
            return Ok(Ok(()));
        };
        let stumble = Stumble::new(number, &statement.sql, &error)?;
        if !of_rows(&stumble.sqlstate) {
            return Ok(Err(Some(stumble)));
        }
        if !section.transaction {
            // What a failed statement leaves behind here is not ours to clear away.
            self.excuse(&stumble);
            return Ok(Err(None));
        }
        self.batch("ROLLBACK TO SAVEPOINT limbeck_row").await?;
        let said = error.as_db_error();
        let mut tables: BTreeSet<TableName> = BTreeSet::new();
        if let Some((schema, name)) = said.and_then(|said| Some((said.schema()?, said.table()?))) {
            tables.insert(TableName { schema: schema.to_owned(), name: name.to_owned() });
        }
        if tables.is_empty() {
            let relations =
                statement.keys.iter().filter_map(|k| Some((k.schema()?, k.relation()?)));
            tables.extend(relations.map(|(schema, name)| TableName {
                schema: schema.to_owned(),
                name: name.to_owned(),
            }));
        }
        let emptied = !tables.is_empty()
            && rows::empty(self.client, &tables).await.map_err(|e| fault::plain(&e))?;
        if !emptied {
            self.excuse(&stumble);
            return Ok(Err(None));
        }
        let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
        let names = names.join(", ");
        self.notes.push(format!("{names} was emptied for statement {number}: {}", stumble.message));
        // What referred to them was emptied along. Where names change on the way a table is not
        // found here, and then not looked at either.
        let held: Vec<TableName> = self.held.keys().cloned().collect();
        for table in held {
            let mut empty = tables.contains(&table);
            for name in [table.clone(), self.then(&table)] {
                self.batch("SAVEPOINT limbeck_look").await?;
                match self.look(&name, &[]).await? {
                    Some(seen) => empty |= seen.rows == 0,
                    None => self.batch("ROLLBACK TO SAVEPOINT limbeck_look").await?,
                }
            }
            if empty {
                self.emptied.insert(table);
            }
        }
        let again = self.client.batch_execute(&statement.sql).await;
        Ok(match again {
            Ok(()) => {
                self.batch("RELEASE SAVEPOINT limbeck_row").await?;
                Ok(())
            }
            Err(error) => {
                let stumble = Stumble::new(number, &statement.sql, &error)?;
                // The rows that are in the way stand elsewhere: in the table that stepped aside.
                if of_rows(&stumble.sqlstate) {
                    self.excuse(&stumble);
                    return Ok(Err(None));
                }
                Err(Some(stumble))
            }
        })
    }

    /// A statement that fails for the rows that were made up says nothing against the plan.
    fn excuse(&mut self, stumble: &Stumble) {
        let Stumble { statement, message, .. } = stumble;
        self.notes.push(format!("statement {statement} fails with made-up rows: {message}"));
    }

    /// What a table of the old schema is called in the new one.
    fn then(&self, table: &TableName) -> TableName {
        let start = Table::key(&table.schema, &table.name);
        let key = self.renames.iter().fold(start, |key, rename| match rename {
            Rename::Object { from, to } if *from == key => to.clone(),
            _ => key,
        });
        let schema = key.schema().unwrap_or_default().to_owned();
        TableName { schema, name: key.base_name().to_owned() }
    }

    /// What a column is called in the new schema; renames of columns know their table by its new
    /// name, as wholes come before their parts.
    fn column_then(&self, table: &TableName, column: &str) -> String {
        let start = Column::key(&table.schema, &table.name, column);
        let key = self.renames.iter().fold(start, |key, rename| match rename {
            Rename::Object { from, to } if *from == key => to.clone(),
            _ => key,
        });
        key.base_name().to_owned()
    }

    async fn look(&self, table: &TableName, columns: &[String]) -> Result<Option<Contents>, Error> {
        rows::look(self.client, table, columns).await.map_err(|e| fault::plain(&e))
    }

    async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await.map_err(|e| fault::plain(&e))
    }
}

/// Data exceptions and violated constraints: another set of rows would do.
pub(super) fn of_rows(sqlstate: &str) -> bool {
    sqlstate.starts_with("22") || sqlstate.starts_with("23")
}
