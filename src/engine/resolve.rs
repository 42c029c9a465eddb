//! A lost connection: finding out what became of the transaction.
//!
//! A commit whose answer was lost is neither done nor undone until the server says so, and
//! `pg_xact_status` says exactly that, also after a crash.

use std::time::{Duration, Instant};

use super::{
    Aftermath, Error,
    event::Event,
    fault,
    link::{rows, string, truth},
    lock,
    prepare::Job,
    run::{Runner, cancelled},
    state, tables,
    unit::Unit,
};
use crate::{code::Code, pg::ident::quote_literal, revision::RevisionId};

/// How long a transaction that nobody drives any more may stay undecided.
const UNDECIDED: Duration = Duration::from_secs(70);

/// What became of the transaction, as far as one server can tell at one moment.
enum Answer {
    Kept,
    Gone,
    Open,
    Standby,
}

enum Fate {
    Committed,
    Aborted,
    /// Why it cannot be told.
    Unknown(String),
}

impl Runner<'_> {
    /// Settles a lost transaction. Well when it was committed: then there is a new connection with
    /// the lock, and the run goes on. `xid` is none when the COMMIT had not been sent.
    pub(super) async fn resolve(
        &mut self,
        units: &[Unit<'_>],
        job: &Job<'_>,
        error: &tokio_postgres::Error,
        xid: Option<&str>,
    ) -> Result<(), Error> {
        let id = &job.revision.id;
        let why = fault::connection(error);
        let why = match error.as_db_error() {
            Some(db) => db.message().to_owned(),
            None => why.message,
        };
        let rolled_back = |runner: &Self| {
            let made =
                Error::new(Code::ConnLost, format!("the connection was lost in `{id}`: {why}"))
                    .with_hint(if job.transactional() {
                        "run the same command again: nothing of this revision was kept"
                    } else {
                        "run the same command again: it goes on where this one stopped"
                    });
            runner.placed(made, Aftermath::RolledBack, "the server rolls it back")
        };
        let Some(xid) = xid else { return Err(rolled_back(self)) };
        self.control.emit(Event::Resolving { index: job.index });
        let old = self.conn.pid;
        match self.fate(units, xid, old).await {
            Fate::Committed => {
                self.control.emit(Event::Remark(format!(
                    "the connection was lost while `{id}` was being committed; the server says it is"
                )));
                self.reconnected(units, old).await
            }
            Fate::Aborted => Err(rolled_back(self)),
            Fate::Unknown(reason) => {
                let mut made = Error::new(
                    Code::CommitUnknown,
                    format!("the connection was lost while `{id}` was being committed, and what became of it cannot be found out: {reason}"),
                )
                .with_state(format!(
                    "the database is before or after `{id}` (transaction {xid}), never in between"
                ))
                .with_hint(
                    "when the server is back, `limbeck current` shows which; running the same \
                     command again is safe either way",
                );
                made.aftermath = Aftermath::Unknown;
                made.done = self.done.iter().map(|done| done.id.clone()).collect();
                Err(made)
            }
        }
    }

    /// Connects anew until the server answers, then asks until the transaction is decided.
    async fn fate(&mut self, units: &[Unit<'_>], xid: &str, old: i32) -> Fate {
        let began = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut last = String::from("the server does not answer");
        let patience = self.engine.options.reconnect_wait;
        let mut reached = false;
        loop {
            let limit = if reached { patience.max(UNDECIDED) } else { patience };
            if began.elapsed() > limit {
                return Fate::Unknown(last);
            }
            match self.engine.link.open("migrate").await {
                Err(error) => last = error.message,
                Ok(conn) => {
                    self.conn = conn;
                    match self.ask(units, xid).await {
                        Ok(Answer::Kept) => return Fate::Committed,
                        Ok(Answer::Gone) => return Fate::Aborted,
                        Ok(Answer::Open) => {
                            reached = true;
                            "the server still has the transaction open".clone_into(&mut last);
                            self.end_orphan(xid, old).await;
                        }
                        Ok(Answer::Standby) => {
                            "the server that answers is a standby".clone_into(&mut last);
                        }
                        Err(error) => last = fault::connection(&error).message,
                    }
                }
            }
            if self.control.cancel.is_cancelled() {
                return Fate::Unknown("cancelled while asking".into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// What the server at hand knows of the transaction.
    ///
    /// That its number was committed is not enough: a standby that was promoted without the last
    /// transactions gives their numbers to others. What counts is the row that it wrote itself.
    async fn ask(&self, units: &[Unit<'_>], xid: &str) -> Result<Answer, tokio_postgres::Error> {
        let client = &self.conn.client;
        let number: u64 = xid.parse().unwrap_or(0);
        let standby = rows(client, "SELECT pg_catalog.pg_is_in_recovery()").await?;
        if standby.first().is_some_and(|row| truth(row, 0)) {
            // It may not know yet what its primary has committed.
            return Ok(Answer::Standby);
        }
        let status = format!("SELECT pg_catalog.pg_xact_status('{number}'::pg_catalog.xid8)");
        let status = match rows(client, &status).await {
            Ok(found) => found.first().map(|row| string(row, 0)).unwrap_or_default(),
            // A number that this server has not given out yet.
            Err(error) if fault::sqlstate(&error) == Some("22023") => return Ok(Answer::Gone),
            Err(error) => return Err(error),
        };
        match status.as_str() {
            "in progress" => return Ok(Answer::Open),
            "aborted" => return Ok(Answer::Gone),
            _ => {}
        }
        match rows(client, &self.trace(units, xid)).await {
            Ok(found) if found.is_empty() => Ok(Answer::Gone),
            Ok(_) => Ok(Answer::Kept),
            // A role that may write to the table and not read it has only the number to go by.
            Err(error) if fault::sqlstate(&error) == Some("42501") && status == "committed" => {
                Ok(Answer::Kept)
            }
            Err(error) => Err(error),
        }
    }

    /// A query for the row that the transaction wrote last.
    fn trace(&self, units: &[Unit<'_>], xid: &str) -> String {
        let names = &self.names;
        match units.iter().rfind(|unit| unit.record && !unit.moves) {
            Some(unit) => format!(
                "SELECT 1 FROM {} WHERE version_table = {} AND revision = {} AND n = {} AND state = 'done'",
                names.step,
                names.own,
                quote_literal(unit.job.revision.id.as_str()),
                unit.steps.last().map_or(0, |step| step.number)
            ),
            None => format!(
                "SELECT 1 FROM {} WHERE run = {} AND xid = {} LIMIT 1",
                names.history,
                quote_literal(&self.run),
                quote_literal(xid)
            ),
        }
    }

    /// Our old backend waits for a client that will not speak again; ending it decides the matter
    /// (one in the middle of its commit finishes that first).
    async fn end_orphan(&self, xid: &str, old: i32) {
        let xid: u64 = xid.parse().unwrap_or(0);
        let sql = format!(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
             WHERE pid = {old} AND backend_xid = ('{xid}'::numeric % 4294967296)::text::xid \
               AND state LIKE 'idle in transaction%'"
        );
        drop(self.conn.client.simple_query(&sql).await);
    }

    /// Takes the lock on the new connection and makes sure that nobody went on in between.
    async fn reconnected(&mut self, units: &[Unit<'_>], old: i32) -> Result<(), Error> {
        self.observer = None;
        self.control.emit(Event::Connected { pid: self.conn.pid });
        let options = &self.engine.options;
        if !options.allow_pooler {
            lock::evict(&self.conn.client, &self.names, old).await;
            lock::acquire(&self.conn.client, &self.names, options, self.control).await?;
        }
        self.facts = tables::facts(&self.conn.client, &self.names).await?;
        self.facts.check()?;
        let rows = state::version_rows(&self.conn.client, &self.names)
            .await
            .map_err(|e| fault::plain(&e))?;
        let expected = units
            .iter()
            .filter(|unit| unit.moves)
            .fold(self.rows.clone(), |rows: Vec<RevisionId>, unit| unit.job.after(&rows));
        if rows != expected {
            let id = units.last().map(|unit| unit.job.revision.id.to_string()).unwrap_or_default();
            let made = Error::new(
                Code::HeadMoved,
                format!("`{id}` is applied, and another runner has gone on from there"),
            )
            .with_hint("look where the database is with `limbeck current`");
            return Err(self.placed(made, Aftermath::Committed, "committed"));
        }
        if self.control.cancel.is_cancelled() {
            let error = cancelled("the run was cancelled");
            return Err(self.placed(error, Aftermath::Committed, "committed"));
        }
        if !options.allow_pooler {
            self.observer = self.engine.link.open("observer").await.ok();
            self.keep_vigil().await;
        }
        Ok(())
    }
}
