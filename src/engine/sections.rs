//! Revisions with non-transactional sections: statement by statement, each exactly once.
//!
//! What can run in a transaction does, with its step row in it. What cannot gets a `started` row
//! before and a `done` row after; when a run ends in between, the next one looks at the catalog
//! (`probe`) to find out what became of it.

use std::time::{Duration, Instant};

use super::{
    Aftermath, Error,
    audit::Course,
    event::Event,
    fault,
    prepare::{Job, Part, Step},
    probe::{self, Outcome},
    run::Runner,
    session::settings,
    state::{self, StepRow},
    unit::{Phase, Unit, step_row},
};
use crate::{
    code::Code,
    pg::statement::{Transactionality, transactionality},
    revision::RowOp,
};

impl Runner<'_> {
    /// Applies a revision in several transactions, from wherever the last try ended.
    pub(super) async fn sections(&mut self, job: &Job<'_>) -> Result<(), Error> {
        // A lost connection that had committed leaves a new session: from the top, with the step
        // rows to say what is done.
        loop {
            let pid = self.conn.pid;
            let outcome = self.sections_once(job).await;
            match outcome {
                Ok(true) => return Ok(()),
                Ok(false) => debug_assert_ne!(pid, self.conn.pid, "only a new session starts over"),
                Err(error) => return Err(self.partly(job, error).await),
            }
        }
    }

    /// True when the revision is done, false when a new session has to go on.
    async fn sections_once(&mut self, job: &Job<'_>) -> Result<bool, Error> {
        self.still_there(job).await?;
        let steps = self.steps(job).await?;
        let pid = self.conn.pid;
        let last = job.parts.len() - 1;
        let mut moved = false;
        for (position, part) in job.parts.iter().enumerate() {
            if part.transactional {
                let done = part.steps.iter().all(|step| row(&steps, step).is_some_and(|r| r.done));
                moved = position == last;
                if done && !moved && !part.steps.is_empty() {
                    continue;
                }
                let steps = if done { Vec::new() } else { part.steps.iter().collect() };
                let unit = [Unit { job, steps, clean: true, moves: moved, record: !moved }];
                self.attempts(&unit, "").await?;
            } else {
                self.loose(job, part, &steps).await?;
            }
            if self.conn.pid != pid && !moved {
                return Ok(false);
            }
        }
        if !moved {
            let unit = [Unit { job, steps: Vec::new(), clean: true, moves: true, record: false }];
            self.attempts(&unit, "").await?;
        }
        Ok(true)
    }

    /// A non-transactional section.
    async fn loose(&mut self, job: &Job<'_>, part: &Part, steps: &[StepRow]) -> Result<(), Error> {
        let options = &self.engine.options;
        let session = settings(options, self.conn.version, false, false);
        let fresh = format!("{}; {session}", self.fresh);
        self.conn.client.batch_execute(&fresh).await.map_err(|e| fault::plain(&e))?;
        let pid = self.conn.pid;
        let major = self.conn.version / 10_000;
        for step in &part.steps {
            self.going_on()?;
            let known = row(steps, step);
            let text = job.text(step);
            // Session settings died with the session of the first try.
            if known.is_some_and(|row| row.done) && !is_setting(text) {
                continue;
            }
            if transactionality(text, major) == Transactionality::Allowed {
                let unit =
                    [Unit { job, steps: vec![step], clean: false, moves: false, record: true }];
                match self.attempts(&unit, "").await {
                    // A procedure that commits by itself: then without a transaction around it.
                    Err(error) if commits_itself(&error) => {
                        self.alone(job, step, known).await?;
                    }
                    other => other?,
                }
            } else {
                self.alone(job, step, known).await?;
            }
            if self.conn.pid != pid {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A statement that cannot run in a transaction.
    async fn alone(
        &mut self,
        job: &Job<'_>,
        step: &Step,
        known: Option<&StepRow>,
    ) -> Result<(), Error> {
        let text = job.text(step);
        if let Some(row) = known.filter(|row| !row.done) {
            self.control.emit(Event::Remark(format!(
                "statement {} of `{}` was interrupted: looking what became of it",
                step.number, job.revision.id
            )));
            match probe::look(&self.conn.client, text, row.note.as_deref()).await? {
                Outcome::Done => {
                    self.mark(job, step, "done", None).await?;
                    return Ok(());
                }
                Outcome::Again(cleanup) => self.clean_up(cleanup).await?,
                Outcome::Instead(other) => {
                    self.conn.client.batch_execute(&other).await.map_err(|e| {
                        self.describe(&e, job, Phase::Statement(step), Duration::ZERO, 1)
                    })?;
                    self.mark(job, step, "done", None).await?;
                    return Ok(());
                }
                Outcome::Unknown => {
                    return Err(Error::new(
                        Code::Ambiguous,
                        format!(
                            "statement {} of `{}` ({}:{}) was interrupted, and its outcome cannot be found out",
                            step.number,
                            job.revision.id,
                            job.revision.path.display(),
                            step.statement.line
                        ),
                    )
                    .with_hint(format!(
                        "look at the database: if the statement took effect, run `limbeck resolve {0} \
                         --done`, if not `limbeck resolve {0} --redo`; then the same command goes on",
                        job.revision.id
                    )));
                }
            }
        } else {
            // What an earlier tool or hand has left would make `IF NOT EXISTS` a lie.
            let stale = probe::stale(&self.conn.client, text).await?;
            self.clean_up(stale).await?;
        }
        let note = probe::note(&self.conn.client, text).await?;
        self.mark(job, step, "started", note.as_deref()).await?;
        let began = Instant::now();
        let Err(error) = self.step(job, step).await else {
            return self.mark(job, step, "done", None).await;
        };
        if fault::lost(&error) {
            let made = Error::new(
                Code::ConnLost,
                format!(
                    "the connection was lost in statement {} of `{}`",
                    step.number, job.revision.id
                ),
            )
            .with_hint("run the same command again: it looks what became of the statement");
            return Err(made);
        }
        let made = self.describe(&error, job, Phase::Statement(step), began.elapsed(), 1);
        // The server said no: what it left behind can be told now, so nothing is in doubt later.
        let left = match probe::look(&self.conn.client, text, note.as_deref()).await {
            Ok(Outcome::Again(cleanup)) => cleanup,
            _ => Vec::new(),
        };
        if !self.control.cancel.is_cancelled() {
            drop(self.clean_up(left).await);
        }
        let forget = format!(
            "DELETE FROM {} WHERE version_table = {} AND revision = {} AND n = {}",
            self.names.step,
            self.names.own,
            crate::pg::ident::quote_literal(job.revision.id.as_str()),
            step.number
        );
        if probe::certain(text) {
            drop(self.conn.client.simple_query(&forget).await);
        }
        let course = Course {
            started: Some(format!(
                "pg_catalog.clock_timestamp() - '{} ms'::interval",
                began.elapsed().as_millis()
            )),
            tries: 1,
            done: step.number - 1,
            all: job.statements,
            sqlstate: fault::sqlstate(&error).map(str::to_owned),
            error: Some(made.message.clone()),
            ..Course::default()
        };
        self.note_failure(job, &course, &made).await;
        Err(made)
    }

    async fn clean_up(&mut self, statements: Vec<String>) -> Result<(), Error> {
        for statement in statements {
            self.control.emit(Event::Remark(format!("cleaning up: {statement}")));
            self.conn.client.batch_execute(&statement).await.map_err(|e| fault::plain(&e))?;
        }
        Ok(())
    }

    async fn mark(
        &mut self,
        job: &Job<'_>,
        step: &Step,
        state: &str,
        note: Option<&str>,
    ) -> Result<(), Error> {
        let sql = format!(
            "BEGIN READ WRITE; SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; \
             SET LOCAL synchronous_commit = on; {}; COMMIT",
            step_row(&self.names, job, step, state, note)
        );
        self.conn.client.batch_execute(&sql).await.map_err(|e| fault::plain(&e))
    }

    /// The version rows must be where this revision starts from before its first part commits.
    async fn still_there(&mut self, job: &Job<'_>) -> Result<(), Error> {
        let rows = state::version_rows(&self.conn.client, &self.names)
            .await
            .map_err(|e| fault::plain(&e))?;
        let fits = job.rows.iter().all(|op| match op {
            RowOp::Insert(id) => !rows.contains(id),
            RowOp::Delete(id) | RowOp::Update { from: id, .. } => rows.contains(id),
        });
        if fits {
            return Ok(());
        }
        Err(Error::new(
            Code::HeadMoved,
            format!("the version rows were changed before `{}` began", job.revision.id),
        )
        .with_hint("look where the database is with `limbeck current`, then run the command again"))
    }

    /// The step rows, checked against the file.
    async fn steps(&mut self, job: &Job<'_>) -> Result<Vec<StepRow>, Error> {
        let state = state::read(&self.conn.client, &self.names, &self.facts).await?;
        let rows = state.steps.get(&job.revision.id).cloned().unwrap_or_default();
        for found in &rows {
            let same = job
                .parts
                .iter()
                .flat_map(|part| &part.steps)
                .find(|step| step.number == found.number)
                .is_some_and(|step| job.sha(step) == found.sha);
            if !same {
                return Err(Error::new(
                    Code::PartialChanged,
                    format!(
                        "statement {} of {} has run already and was changed since",
                        found.number,
                        job.revision.path.display()
                    ),
                )
                .with_hint(
                    "restore the statements that have run; those that have not may be changed",
                ));
            }
        }
        Ok(rows)
    }

    /// Says how much of the revision is kept.
    async fn partly(&mut self, job: &Job<'_>, error: Error) -> Error {
        let rows = state::read(&self.conn.client, &self.names, &self.facts).await.ok();
        let steps = rows.map(|mut state| state.steps.remove(&job.revision.id).unwrap_or_default());
        let doubtful = matches!(error.code, Code::Ambiguous | Code::CommitUnknown);
        let after = match &steps {
            _ if doubtful => Aftermath::Unknown,
            Some(steps) if steps.is_empty() => Aftermath::RolledBack,
            _ => Aftermath::Partly,
        };
        let what = match steps {
            Some(steps) => {
                let done = steps.iter().filter(|step| step.done).count();
                let doubt: Vec<String> = steps
                    .iter()
                    .filter(|step| !step.done)
                    .map(|step| format!(", statement {} is in doubt", step.number))
                    .collect();
                if steps.is_empty() {
                    "rolled back".to_owned()
                } else {
                    format!(
                        "partly applied: {done} of {} statements of `{}` are kept{}, and the same \
                         command goes on after them",
                        job.statements,
                        job.revision.id,
                        doubt.concat()
                    )
                }
            }
            None => {
                format!("`{}` may be partly applied; the same command goes on", job.revision.id)
            }
        };
        self.placed(error, after, &what)
    }
}

fn row<'r>(rows: &'r [StepRow], step: &Step) -> Option<&'r StepRow> {
    rows.iter().find(|row| row.number == step.number)
}

/// `SET` and `RESET` last as long as their session.
fn is_setting(text: &str) -> bool {
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    word.eq_ignore_ascii_case("set") || word.eq_ignore_ascii_case("reset")
}

pub(super) fn commits_itself(error: &Error) -> bool {
    error.failure.as_ref().is_some_and(|f| f.sqlstate.as_deref() == Some("2D000"))
}
