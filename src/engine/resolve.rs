//! A lost connection: finding out what became of the transaction.
//!
//! A commit whose answer was lost is neither done nor undone until the server says so, and
//! `pg_xact_status` says exactly that, also after a crash.

use std::time::{Duration, Instant};

use super::{
    Error,
    event::Event,
    fault, lock,
    prepare::Job,
    run::{Runner, cancelled},
    state, tables, unit,
};
use crate::code::Code;

/// How long a server may take to come back (a restart, a failover).
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a transaction that nobody drives any more may stay undecided.
const UNDECIDED: Duration = Duration::from_secs(70);

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
                    .with_hint("run the same command again: nothing of this revision was kept");
            runner.placed(made, "the server rolls it back")
        };
        let Some(xid) = xid else { return Err(rolled_back(self)) };
        self.control.emit(Event::Resolving { index: job.index });
        let old = self.conn.pid;
        match self.fate(xid, old).await {
            Fate::Committed => {
                self.control.emit(Event::Remark(format!(
                    "the connection was lost while `{id}` was being committed; the server says it is"
                )));
                self.reconnected(job, old).await
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
                made.done = self.done.iter().map(|done| done.id.clone()).collect();
                Err(made)
            }
        }
    }

    /// Connects anew until the server answers, then asks until the transaction is decided.
    async fn fate(&mut self, xid: &str, old: i32) -> Fate {
        let began = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut last = String::from("the server does not answer");
        let mut reached = false;
        loop {
            let limit = if reached { UNDECIDED } else { PATIENCE };
            if began.elapsed() > limit {
                return Fate::Unknown(last);
            }
            match self.engine.link.open("migrate").await {
                Err(error) => last = error.message,
                Ok(conn) => {
                    self.conn = conn;
                    reached = true;
                    match unit::xact_status(&self.conn.client, xid).await.as_deref() {
                        Ok("committed") => return Fate::Committed,
                        Ok("aborted") => return Fate::Aborted,
                        Ok("in progress") => {
                            "the server still has the transaction open".clone_into(&mut last);
                            self.end_orphan(xid, old).await;
                        }
                        // Too old to be remembered: something else is wrong.
                        Ok(other) => return Fate::Unknown(format!("its status is `{other}`")),
                        // A number the server never gave out, or lost in a crash.
                        Err(error) if fault::sqlstate(error) == Some("22023") => {
                            return Fate::Aborted;
                        }
                        Err(error) => last = fault::connection(error).message,
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
    async fn reconnected(&mut self, job: &Job<'_>, old: i32) -> Result<(), Error> {
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
        if job.transactional() && rows != job.after(&self.rows) && rows != self.rows {
            let made = Error::new(
                Code::HeadMoved,
                format!(
                    "`{}` is applied, and another runner has gone on from there",
                    job.revision.id
                ),
            )
            .with_hint("look where the database is with `limbeck current`");
            return Err(self.placed(made, "committed"));
        }
        if self.control.cancel.is_cancelled() {
            return Err(self.placed(cancelled("the run was cancelled"), "committed"));
        }
        if !options.allow_pooler {
            self.observer = self.engine.link.open("observer").await.ok();
        }
        Ok(())
    }
}
