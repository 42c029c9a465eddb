//! One transaction: begin in a known session, swap the version rows, run statements, record, commit.
//!
//! The usual unit is a revision. A dry run and `single_transaction` chain several in one transaction;
//! a revision with a non-transactional section is cut into several units that record their steps.

use std::{
    collections::BTreeSet,
    fmt::Write,
    time::{Duration, Instant},
};

use futures_util::future::join;
use tokio_postgres::SimpleQueryMessage;

use super::{
    Error,
    audit::{self, Course},
    event::Event,
    exec,
    link::string,
    prepare::{Job, Step},
    run::{Runner, cancelled},
    session::{CLEAN, settings},
    tables::Names,
    watch::watched,
};
use crate::{
    code::Code,
    pg::{ident::quote_literal, statement::summary},
    revision::{Direction, RowOp},
};

/// What runs in one go.
#[derive(Clone, Debug)]
pub(super) struct Unit<'j> {
    pub(super) job: &'j Job<'j>,
    pub(super) steps: Vec<&'j Step>,
    /// In a clean session; otherwise with the settings that earlier statements of a section made.
    pub(super) clean: bool,
    /// Swaps the version rows and writes the audit row.
    pub(super) moves: bool,
    /// Writes step rows, for a revision that is applied in several transactions.
    pub(super) record: bool,
}

impl<'j> Unit<'j> {
    /// A whole revision.
    pub(super) fn whole(job: &'j Job<'j>) -> Self {
        let steps = job.parts.iter().flat_map(|part| &part.steps).collect();
        Self { job, steps, clean: true, moves: true, record: false }
    }
}

/// How a chain of units ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    /// A dry run: the caller rolls back.
    Open,
}

/// What was going on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase<'j> {
    Begin,
    Statement(&'j Step),
    Constraints,
    Finish,
}

/// Why a chain of units did not go through.
#[derive(Debug)]
pub(super) enum Fault<'j> {
    /// The server, or the way to it.
    Server { error: tokio_postgres::Error, job: &'j Job<'j>, phase: Phase<'j>, xid: Option<String> },
    /// Our own refusal.
    Ours(Error),
}

impl Runner<'_> {
    /// Runs units in one transaction, once. After a fault the transaction is still open.
    pub(super) async fn try_units<'j>(
        &mut self,
        units: &'j [Unit<'j>],
        end: End,
        prelude: &str,
        tries: u32,
        waited: Duration,
    ) -> Result<(), Fault<'j>> {
        let several = units.len() > 1 || end == End::Open;
        let mut took = Vec::new();
        for (position, unit) in units.iter().enumerate() {
            let began = Instant::now();
            let (job, first, last) = (unit.job, position == 0, position + 1 == units.len());
            if several {
                self.control.emit(Event::RevisionStarted { index: job.index, attempt: tries });
            }
            let server =
                |phase, xid: Option<String>| move |error| Fault::Server { error, job, phase, xid };
            let xid = self.begin(unit, first, if first { prelude } else { "" }).await.map_err(
                |broken| match broken {
                    Begin::Server(error) => server(Phase::Begin, None)(error),
                    Begin::Ours(error) => Fault::Ours(error),
                },
            )?;
            self.going_on().map_err(Fault::Ours)?;
            for step in &unit.steps {
                self.step(job, step).await.map_err(server(Phase::Statement(step), None))?;
                self.going_on().map_err(Fault::Ours)?;
            }
            let course = Course {
                tries,
                lock_wait: waited,
                done: job.statements,
                all: job.statements,
                ..Course::default()
            };
            let commit = last && end == End::Commit;
            self.finish(unit, &xid, course, commit).await.map_err(|(phase, error)| {
                let sent = matches!(phase, Phase::Finish) && commit;
                server(phase, sent.then(|| xid.clone()))(error)
            })?;
            took.push((job, began.elapsed()));
            if end == End::Open {
                self.announce(job, began.elapsed());
            }
        }
        if several && end == End::Commit {
            for (job, elapsed) in took {
                self.announce(job, elapsed);
            }
        }
        Ok(())
    }

    fn announce(&self, job: &Job<'_>, elapsed: Duration) {
        self.control.emit(Event::RevisionFinished { index: job.index, elapsed });
    }

    /// Fails when a cancel was asked for.
    pub(super) fn going_on(&self) -> Result<(), Error> {
        if self.control.cancel.is_cancelled() {
            return Err(cancelled("the run was cancelled"));
        }
        Ok(())
    }

    /// Opens the transaction (or goes on in it) and swaps the version rows; returns the xid.
    async fn begin(
        &mut self,
        unit: &Unit<'_>,
        first: bool,
        prelude: &str,
    ) -> Result<String, Begin> {
        let ops: &[RowOp] = if unit.moves { &unit.job.rows } else { &[] };
        let mut sql = String::new();
        // A pooler may give the transaction another session than the one cleaned before it.
        let pooled = self.engine.options.allow_pooler;
        if first {
            sql.push_str("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ");
        }
        if pooled || !first {
            sql.push_str(CLEAN);
            sql.push_str("; ");
        }
        if unit.clean {
            let options = &self.engine.options;
            sql.push_str(&settings(options, self.conn.version, true, true));
        } else {
            let lock = self.engine.options.lock_timeout.as_millis();
            let _ = write!(sql, "SET LOCAL lock_timeout = {lock}");
        }
        sql.push_str("; ");
        sql.push_str(prelude);
        for op in ops {
            sql.push_str(&swap(&self.names.version.to_string(), op));
            sql.push_str("; ");
        }
        sql.push_str("SELECT pg_catalog.pg_current_xact_id()::text");

        let clean = first && unit.clean && !pooled;
        let fresh = self.fresh.clone();
        let (watch, client) = self.split();
        let messages = watched(watch, async {
            if clean {
                // Both are on their way before the first answer: one round trip.
                let (cleaned, begun) =
                    join(client.batch_execute(&fresh), client.simple_query(&sql)).await;
                cleaned.and(begun)
            } else {
                client.simple_query(&sql).await
            }
        })
        .await
        .map_err(Begin::Server)?;

        let mut counts = Vec::new();
        let mut xid = String::new();
        for message in &messages {
            match message {
                SimpleQueryMessage::CommandComplete(count) => counts.push(*count),
                SimpleQueryMessage::Row(row) => xid = string(row, 0),
                _ => {}
            }
        }
        // The last answer is the xid's, those before it are the swaps'.
        let swaps = &counts[counts.len().saturating_sub(ops.len() + 1)..];
        for (op, count) in ops.iter().zip(swaps) {
            if *count != 1 {
                return Err(Begin::Ours(head_moved(op, *count)));
            }
        }
        Ok(xid)
    }

    /// One statement with its events.
    pub(super) async fn step(
        &mut self,
        job: &Job<'_>,
        step: &Step,
    ) -> Result<(), tokio_postgres::Error> {
        let text = job.text(step);
        self.control.emit(Event::StatementStarted {
            index: job.index,
            statement: step.number,
            line: step.statement.line,
            summary: summary(text, 120),
        });
        let data = step.statement.copy_data.clone().map(|range| &job.revision.script.text[range]);
        let began = Instant::now();
        let (watch, client) = self.split();
        let rows = watched(watch, exec::run(client, text, data)).await?;
        self.control.emit(Event::StatementFinished {
            index: job.index,
            statement: step.number,
            elapsed: began.elapsed(),
            rows,
        });
        Ok(())
    }

    /// Checks what is deferred, records, and commits.
    async fn finish(
        &mut self,
        unit: &Unit<'_>,
        xid: &str,
        course: Course,
        commit: bool,
    ) -> Result<(), (Phase<'static>, tokio_postgres::Error)> {
        let constraints = if unit.clean {
            "RESET SESSION AUTHORIZATION; RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE"
        } else {
            "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; \
             SET CONSTRAINTS ALL IMMEDIATE"
        };
        let record = self.record(unit, xid, course, commit);
        let (watch, client) = self.split();
        let (checked, recorded) = watched(watch, async {
            // When the first fails, the second stops at its first command: nothing is committed.
            join(client.batch_execute(constraints), client.simple_query(&record)).await
        })
        .await;
        match (checked, recorded) {
            (Ok(()), Ok(_)) => Ok(()),
            // The connection may break between the two, with the second on its way.
            (Err(error), _) if !super::fault::lost(&error) => Err((Phase::Constraints, error)),
            (Err(error), _) | (Ok(()), Err(error)) => Err((Phase::Finish, error)),
        }
    }

    fn record(&self, unit: &Unit<'_>, xid: &str, mut course: Course, commit: bool) -> String {
        let (job, names) = (unit.job, &self.names);
        let (direction, state) = audit::words(job.direction);
        let id = quote_literal(job.revision.id.as_str());
        // A script may have traded durability for speed; whether it is applied must be as durable as it is.
        let mut sql =
            "SET LOCAL search_path TO pg_catalog; SET LOCAL synchronous_commit = on; ".to_owned();
        // Ends the transaction with an error when the script has ended ours, or taken the rows away.
        let rows =
            if unit.moves { still(&names.version.to_string(), &job.rows) } else { "true".into() };
        let _ = write!(
            sql,
            "SELECT 1 / CASE WHEN pg_current_xact_id_if_assigned()::text = '{xid}' AND {rows} \
             THEN 1 ELSE 0 END; "
        );
        if unit.record {
            sql.push_str(&steps_done(names, job, &unit.steps));
        }
        if unit.moves {
            if !job.transactional() {
                course.started = Some(format!(
                    "COALESCE((SELECT min(at) FROM {} WHERE version_table = {} AND revision = {id}), \
                     transaction_timestamp())",
                    names.step, names.own
                ));
            }
            let entry = audit::Entry {
                run: &self.run,
                actor: &self.engine.options.actor,
                direction,
                state,
            };
            sql.push_str(&audit::insert(names, entry, job.revision, &course));
            sql.push_str("; ");
            if !job.transactional() {
                let _ = write!(
                    sql,
                    "DELETE FROM {} WHERE version_table = {} AND revision = {id}; ",
                    names.step, names.own
                );
            }
        }
        if commit {
            sql.push_str("COMMIT");
        }
        sql
    }
}

/// Why a transaction did not begin.
enum Begin {
    Server(tokio_postgres::Error),
    Ours(Error),
}

/// One change of the version rows, as SQL; it must hit exactly one row.
pub(super) fn swap(table: &str, op: &RowOp) -> String {
    let literal = |id: &crate::revision::RevisionId| quote_literal(id.as_str());
    match op {
        RowOp::Insert(id) => format!("INSERT INTO {table} (version_num) VALUES ({})", literal(id)),
        RowOp::Delete(id) => format!("DELETE FROM {table} WHERE version_num = {}", literal(id)),
        RowOp::Update { from, to } => format!(
            "UPDATE {table} SET version_num = {} WHERE version_num = {}",
            literal(to),
            literal(from)
        ),
    }
}

/// A condition: the version rows are as the changes left them.
fn still(table: &str, ops: &[RowOp]) -> String {
    let mut there = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for op in ops {
        let (new, old) = match op {
            RowOp::Insert(id) => (Some(id), None),
            RowOp::Delete(id) => (None, Some(id)),
            RowOp::Update { from, to } => (Some(to), Some(from)),
        };
        if let Some(old) = old {
            there.remove(old);
            gone.insert(old);
        }
        if let Some(new) = new {
            gone.remove(new);
            there.insert(new);
        }
    }
    let list = |ids: BTreeSet<&crate::revision::RevisionId>| {
        ids.iter().map(|id| quote_literal(id.as_str())).collect::<Vec<_>>().join(", ")
    };
    let mut conditions = Vec::new();
    if !there.is_empty() {
        conditions.push(format!(
            "(SELECT count(*) FROM {table} WHERE version_num IN ({1})) = {0}",
            there.len(),
            list(there)
        ));
    }
    if !gone.is_empty() {
        conditions.push(format!(
            "NOT EXISTS (SELECT 1 FROM {table} WHERE version_num IN ({}))",
            list(gone)
        ));
    }
    if conditions.is_empty() { "true".into() } else { conditions.join(" AND ") }
}

/// Step rows for statements that are done.
fn steps_done(names: &Names, job: &Job<'_>, steps: &[&Step]) -> String {
    steps.iter().flat_map(|step| [step_row(names, job, step, "done", None), "; ".into()]).collect()
}

/// One step row, new or overwritten.
pub(super) fn step_row(
    names: &Names,
    job: &Job<'_>,
    step: &Step,
    state: &str,
    note: Option<&str>,
) -> String {
    let direction = match job.direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    format!(
        "INSERT INTO {step} AS s (version_table, revision, direction, n, sha, state, note) \
         VALUES ({own}, {id}, '{direction}', {n}, '{sha}', '{state}', {note}) \
         ON CONFLICT (version_table, revision, direction, n) DO UPDATE \
         SET sha = excluded.sha, state = excluded.state, note = COALESCE(excluded.note, s.note)",
        step = names.step,
        own = names.own,
        id = quote_literal(job.revision.id.as_str()),
        n = step.number,
        sha = job.sha(step),
        note = note.map_or_else(|| "NULL".into(), quote_literal),
    )
}

fn head_moved(op: &RowOp, count: u64) -> Error {
    let row = match op {
        RowOp::Insert(id) | RowOp::Delete(id) | RowOp::Update { from: id, .. } => id,
    };
    Error::new(
        Code::HeadMoved,
        format!(
            "the version row `{row}` was changed meanwhile by somebody else ({count} rows matched)"
        ),
    )
    .with_hint("look where the database is with `limbeck current`, then run the command again")
}
