//! A run from connection to report: who is allowed to, what is to do, one revision after the other.

use std::time::{Duration, Instant};

use super::{
    Aftermath, Control, Engine, Error, Report,
    audit::{self, Course},
    describe::reason,
    event::{Blocker, Event},
    fault, gate, journal,
    link::{Conn, rows, string},
    lock,
    prepare::{self, Job},
    report::Done,
    sections::commits_itself,
    session::{CLEAN, vigil},
    state::{self, State, named},
    tables::{self, Facts, Names},
    unit::{End, Fault, Unit},
    verify,
    watch::Watch,
};
use crate::{
    code::Code,
    pg::ident::quote_literal,
    revision::{Direction, Plan, RevisionId, target},
};
use tokio_postgres::Client;

/// A run under way.
pub(super) struct Runner<'a> {
    pub(super) engine: &'a Engine,
    pub(super) control: &'a Control,
    pub(super) names: Names,
    pub(super) facts: Facts,
    pub(super) conn: Conn,
    /// Looks at the first connection from outside; a server that is full has none to spare.
    pub(super) observer: Option<Conn>,
    pub(super) run: String,
    /// Whether the runners' lock was taken.
    locked: bool,
    /// Cleans the session and sets what must stay set in it between transactions.
    pub(super) fresh: String,
    pub(super) blockers: Vec<Blocker>,
    /// The version rows, as committed.
    pub(super) rows: Vec<RevisionId>,
    pub(super) done: Vec<Done>,
}

/// A run that was asked to stop.
pub(super) fn cancelled(message: &str) -> Error {
    Error::new(Code::Cancelled, message)
}

impl<'a> Runner<'a> {
    /// Connects and judges the server; nothing is written.
    pub(super) async fn start(engine: &'a Engine, control: &'a Control) -> Result<Self, Error> {
        engine.history.check()?;
        let conn = engine.link.open("migrate").await?;
        control.emit(Event::Connected { pid: conn.pid });
        let names = Names::new(&engine.options);
        let facts = tables::facts(&conn.client, &names).await?;
        facts.check()?;
        tables::check_format(&conn.client, &names, &facts).await?;
        Ok(Self {
            engine,
            control,
            names,
            facts,
            conn,
            observer: None,
            run: audit::run_id(),
            locked: false,
            fresh: CLEAN.to_owned(),
            blockers: Vec::new(),
            rows: Vec::new(),
            done: Vec::new(),
        })
    }

    /// Reads where the database stands.
    pub(super) async fn state(&mut self) -> Result<State, Error> {
        let state = state::read(&self.conn.client, &self.names, &self.facts).await?;
        self.rows.clone_from(&state.rows);
        Ok(state)
    }

    /// Refuses a database that another tool manages, unless the settings name its table.
    pub(super) async fn refuse_foreign(&self) -> Result<(), Error> {
        if self.facts.managed {
            return Ok(());
        }
        for table in &self.facts.alembic {
            let found = rows(&self.conn.client, &format!("SELECT 1 FROM {table} LIMIT 1")).await;
            // What cannot be read is taken for used.
            if found.is_ok_and(|rows| rows.is_empty()) {
                continue;
            }
            return Err(Error::new(
                Code::Settings,
                format!("this database is managed by Alembic (`{table}`), and limbeck has no version table in it"),
            )
            .with_state("nothing was changed")
            .with_hint(format!(
                "set `version_table = {}` in limbeck.toml to go on from where it is (Alembic can go \
                 on too); or record it in a table of limbeck's own with `limbeck stamp`",
                toml::Value::String(table.to_string())
            )));
        }
        Ok(())
    }

    /// A watch over the migrating connection, and its client.
    pub(super) fn split(&mut self) -> (Watch<'_>, &Client) {
        let Self { engine, control, conn, observer, blockers, .. } = self;
        let timeout = engine.options.lock_timeout;
        // Twice before `lock_timeout` fires, so that the blocker is known when it does.
        let every = if timeout.is_zero() {
            Duration::from_secs(1)
        } else {
            timeout.mul_f64(0.4).clamp(Duration::from_millis(20), Duration::from_secs(1))
        };
        let watch = Watch {
            control,
            notices: &mut conn.notices,
            pid: conn.pid,
            cancel: &conn.cancel,
            observer: observer.as_ref(),
            every,
            blockers,
        };
        (watch, &conn.client)
    }

    /// Takes the lock; false when another runner has it and that is fine. Behind a pooler that the
    /// caller allows there is no lock to be had: it would stay with one of the pool's sessions.
    pub(super) async fn lock(&mut self) -> Result<bool, Error> {
        let options = &self.engine.options;
        if !options.allow_pooler {
            if !lock::acquire(&self.conn.client, &self.names, options, self.control).await? {
                return Ok(false);
            }
            self.locked = true;
            self.observe().await?;
            self.keep_vigil().await;
        }
        // Whoever had it before us may have made the tables.
        self.facts = tables::facts(&self.conn.client, &self.names).await?;
        self.facts.check()?;
        Ok(true)
    }

    /// Opens the observer, and uses it to find out whether a transaction pooler stands between.
    async fn observe(&mut self) -> Result<(), Error> {
        self.observer = self.engine.link.open("observer").await.ok();
        let Some(observer) = &self.observer else { return Ok(()) };
        let probe = "SELECT pg_catalog.current_setting('limbeck.run', true), \
                     pg_catalog.pg_backend_pid()::text";
        let mark = format!(
            "SELECT pg_catalog.set_config('limbeck.run', {}, false)",
            quote_literal(&self.run)
        );
        let client = &self.conn.client;
        let seen = async {
            let _ = rows(client, &mark).await?;
            let before = rows(client, probe).await?;
            // While the observer holds a backend in a transaction, a pooler must give us another.
            let other = rows(&observer.client, &format!("BEGIN; {probe}")).await?;
            let after = rows(client, probe).await?;
            observer.client.batch_execute("ROLLBACK").await?;
            Ok::<_, tokio_postgres::Error>((before, other, after))
        };
        let (before, other, after) = seen.await.map_err(|e| fault::plain(&e))?;
        let text = |found: &[tokio_postgres::SimpleQueryRow], column| {
            found.first().map(|row| string(row, column)).unwrap_or_default()
        };
        let shared = text(&other, 0) == self.run
            || text(&before, 1) == text(&other, 1)
            || text(&before, 1) != text(&after, 1)
            || text(&after, 0) != self.run;
        if shared {
            self.return_lock().await;
            return Err(Error::new(
                Code::Pooler,
                "a transaction pooler stands between: session locks and settings do not hold",
            )
            .with_state("nothing was changed")
            .with_hint(
                "connect to the server itself (often port 5432) or to a pool in session mode; or let \
                 `--pooler` run what fits in transactions, without the runners' lock",
            ));
        }
        Ok(())
    }

    /// Sets what must stay set in both sessions for as long as they are ours; not behind a pooler, where
    /// it would stay with a session that others use. Systems that lack a setting do without them all.
    pub(super) async fn keep_vigil(&mut self) {
        let vigil = vigil(self.conn.version);
        if self.conn.client.batch_execute(&vigil).await.is_ok() {
            self.fresh = format!("{CLEAN}; {vigil}");
        }
        if let Some(observer) = &self.observer {
            drop(observer.client.batch_execute(&vigil).await);
        }
    }

    /// Behind a pooler the lock stays with whichever of its sessions took it, and would shut out
    /// every other runner for as long as that lives. Each session that is held open in a transaction
    /// forces the pool to show another one, until the right one has been asked.
    async fn return_lock(&self) {
        if lock::release(&self.conn.client, &self.names).await {
            return;
        }
        let mut held = Vec::new();
        while held.len() < 32 {
            let next = async {
                let conn = self.engine.link.open("observer").await.ok()?;
                conn.client.batch_execute("BEGIN").await.ok()?;
                Some(conn)
            };
            // A pool that is used up lets its clients wait.
            let Ok(Some(conn)) = tokio::time::timeout(Duration::from_secs(2), next).await else {
                return;
            };
            if lock::release(&conn.client, &self.names).await {
                return;
            }
            held.push(conn);
        }
    }

    /// Runs jobs one after the other.
    pub(super) async fn apply(&mut self, jobs: &[Job<'_>]) -> Result<bool, Error> {
        for job in jobs {
            if self.control.pause.is_cancelled() {
                return Ok(true);
            }
            self.going_on()
                .map_err(|e| self.placed(e, Aftermath::Untouched, "nothing was half done"))?;
            let began = Instant::now();
            if job.transactional() {
                let unit = [Unit::whole(job)];
                self.journal(job).await;
                self.attempts(&unit, "").await?;
            } else {
                self.control.emit(Event::RevisionStarted { index: job.index, attempt: 1 });
                self.journal(job).await;
                self.sections(job).await?;
            }
            self.finished(job, began.elapsed());
            self.control
                .emit(Event::RevisionFinished { index: job.index, elapsed: began.elapsed() });
            self.relock(job).await?;
        }
        Ok(false)
    }

    /// All jobs in one transaction.
    pub(super) async fn apply_together(&mut self, jobs: &[Job<'_>]) -> Result<(), Error> {
        if let Some(job) = jobs.iter().find(|job| !job.transactional()) {
            return Err(Error::new(
                Code::NeedsNoTx,
                format!(
                    "{} has a section outside of transactions, so not everything fits in one",
                    job.revision.path.display()
                ),
            )
            .with_state("nothing was changed")
            .with_hint("run it without `--single-transaction`"));
        }
        let units: Vec<Unit<'_>> = jobs.iter().map(Unit::whole).collect();
        if units.is_empty() {
            return Ok(());
        }
        self.attempts(&units, "").await?;
        for job in jobs {
            self.finished(job, Duration::ZERO);
        }
        Ok(())
    }

    fn finished(&mut self, job: &Job<'_>, took: Duration) {
        self.rows = job.after(&self.rows);
        self.done.push(Done {
            id: job.revision.id.clone(),
            message: job.revision.message.clone(),
            direction: job.direction,
            took,
        });
    }

    /// A crumb for people; the database itself knows better, so a read-only folder stops nothing.
    async fn journal(&self, job: &Job<'_>) {
        if let Some(path) = &self.engine.options.journal
            && let Err(error) = journal::write(path, &self.run, job).await
        {
            self.control.emit(Event::Remark(error.message));
        }
    }

    /// A script that takes or lets go of advisory locks may have kept one, or let go of ours.
    async fn relock(&mut self, job: &Job<'_>) -> Result<(), Error> {
        let text = job.revision.script.text.to_ascii_lowercase();
        let options = &self.engine.options;
        let suspect = ["advisory", "discard"].iter().any(|word| text.contains(word));
        if options.allow_pooler || !suspect {
            return Ok(());
        }
        if lock::leave_only_ours(&self.conn.client, &self.names).await? {
            return Ok(());
        }
        lock::acquire(&self.conn.client, &self.names, options, self.control).await?;
        let rows = state::version_rows(&self.conn.client, &self.names).await;
        if rows.map_err(|e| fault::plain(&e))? != self.rows {
            return Err(self.placed(
                Error::new(
                    Code::HeadMoved,
                    format!(
                        "`{}` gave the runners' lock away, and another runner went on",
                        job.revision.id
                    ),
                )
                .with_hint("do not call `pg_advisory_unlock_all()` in a revision"),
                Aftermath::Committed,
                "nothing was half done",
            ));
        }
        Ok(())
    }

    /// Runs units until they go through, the tries are used up, or there is no use in trying again.
    pub(super) async fn attempts<'j>(
        &mut self,
        units: &'j [Unit<'j>],
        prelude: &str,
    ) -> Result<(), Error> {
        let (began, of) = (Instant::now(), self.engine.options.lock_tries.max(1));
        let mut waited = Duration::ZERO;
        let mut delay = Duration::from_millis(400);
        let announced = units.len() == 1 && units[0].moves && units[0].job.transactional();
        for attempt in 1.. {
            if announced {
                self.control.emit(Event::RevisionStarted { index: units[0].job.index, attempt });
            }
            let tried = Instant::now();
            let fault = match self.try_units(units, End::Commit, prelude, attempt, waited).await {
                Ok(()) => return Ok(()),
                Err(fault) => fault,
            };
            if let Fault::Server { error, job, xid, .. } = &fault
                && fault::lost(error)
            {
                return self.resolve(units, job, error, xid.as_deref()).await;
            }
            self.rollback().await;
            if let Fault::Server { error, job, .. } = &fault
                && attempt < of
                && !self.control.cancel.is_cancelled()
                && let Some(state) = fault::sqlstate(error)
                && fault::RETRIABLE.contains(&state)
            {
                let pause = lock::jittered(delay);
                self.control.emit(Event::Retrying {
                    index: job.index,
                    attempt,
                    of,
                    reason: reason(state, &self.blockers),
                    delay: pause,
                });
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.control.cancel.cancelled() => {}
                }
                delay = (delay * 2).min(Duration::from_secs(30));
                waited = began.elapsed();
                if let Err(error) = self.going_on() {
                    return Err(self.placed(error, Aftermath::RolledBack, "rolled back"));
                }
                continue;
            }
            return Err(self.failed(fault, units, attempt, waited, tried.elapsed()).await);
        }
        Ok(())
    }

    /// Ends what is open. A late cancel may hit the ROLLBACK itself: then once more.
    pub(super) async fn rollback(&mut self) {
        for _ in 0..3 {
            if self.conn.client.batch_execute("ROLLBACK").await.is_ok() {
                break;
            }
        }
    }

    /// Describes a fault after the rollback, and writes it down where that is possible.
    async fn failed(
        &mut self,
        fault: Fault<'_>,
        units: &[Unit<'_>],
        attempt: u32,
        waited: Duration,
        took: Duration,
    ) -> Error {
        let (error, job, state) = match fault {
            Fault::Ours(error) => (error, units[0].job, None),
            Fault::Server { error, job, phase, .. } => {
                let state = fault::sqlstate(&error).map(str::to_owned);
                (self.describe(&error, job, phase, took, attempt), job, state)
            }
        };
        let step = error.failure.as_ref().map_or(0, |f| f.statement);
        let course = Course {
            started: Some(format!(
                "pg_catalog.clock_timestamp() - '{} ms'::interval",
                took.as_millis()
            )),
            lock_wait: waited,
            tries: attempt,
            done: step.saturating_sub(1),
            all: job.statements,
            sqlstate: state,
            error: Some(error.message.clone()),
        };
        // A procedure that commits by itself is begun once more without a transaction, in this session
        // as it is: nothing has failed.
        if units[0].clean || !commits_itself(&error) {
            self.note_failure(job, &course, &error).await;
        }
        // A unit of a larger revision is placed by whoever knows the rest of it.
        if job.transactional() {
            self.placed(error, Aftermath::RolledBack, "rolled back")
        } else {
            error
        }
    }

    /// Writes an audit row of a failure; that it fails too is no further error. What the user
    /// cancelled did not fail.
    pub(super) async fn note_failure(&mut self, job: &Job<'_>, course: &Course, error: &Error) {
        let (direction, _) = audit::words(job.direction);
        let cancelled = error.code == Code::Cancelled && self.control.cancel.is_cancelled();
        let entry = audit::Entry {
            run: &self.run,
            actor: &self.engine.options.actor,
            direction,
            state: if cancelled { "cancelled" } else { "failed" },
        };
        let sql = format!(
            "{CLEAN}; BEGIN; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '5s'; \
             SET LOCAL synchronous_commit = off; {}; \
             COMMIT",
            audit::insert(&self.names, entry, job.revision, course)
        );
        if self.conn.client.batch_execute(&sql).await.is_err() {
            self.rollback().await;
        }
    }

    /// Adds where the database is, and what had been done before.
    pub(super) fn placed(&self, mut error: Error, after: Aftermath, what: &str) -> Error {
        error.done = self.done.iter().map(|done| done.id.clone()).collect();
        error.state = Some(format!("{what}; the database is at {}", named(&self.rows)));
        error.aftermath = after;
        error
    }

    /// Gives the lock back where it was taken: the server warns of one that this session does not hold.
    async fn unlock(&self) {
        if self.locked {
            lock::release(&self.conn.client, &self.names).await;
        }
    }

    /// The end of a run: the lock goes back, the report is made.
    pub(super) async fn report(self, before: Vec<RevisionId>, paused: bool) -> Report {
        self.unlock().await;
        Report { done: self.done, before, after: self.rows, paused, ..Report::default() }
    }
}

/// Runs `upgrade` or `downgrade`.
pub(super) async fn run(
    engine: &Engine,
    direction: Direction,
    spec: &str,
    control: &Control,
) -> Result<Report, Error> {
    let mut runner = Runner::start(engine, control).await?;
    runner.refuse_foreign().await?;
    let major = runner.conn.version / 10_000;

    // Judged once before anything is written or waited for …
    let state = runner.state().await?;
    let (plan, _) = judge(&runner, &state, direction, spec)?;
    prepare::jobs(&engine.history, &plan, major)?;
    let unaudited = !verify::adoptable(engine.history.graph(), &state).is_empty();
    if plan.moves.is_empty() && (!unaudited || engine.options.dry_run) {
        control.emit(Event::Planned(Vec::new()));
        return Ok(runner.report(state.rows, false).await);
    }
    if !runner.lock().await? {
        return Ok(Report::skipped(state.rows));
    }
    // … and again under the lock: another runner may just have done it.
    let state = runner.state().await?;
    let (plan, remarks) = judge(&runner, &state, direction, spec)?;
    let jobs = prepare::jobs(&engine.history, &plan, major)?;
    if engine.options.allow_pooler && !engine.options.dry_run {
        refuse_loose(&jobs)?;
    }
    for job in &jobs {
        let table = runner.names.version.to_string();
        prepare::check_lengths(&job.rows, runner.facts.widest, &table)?;
    }
    for remark in remarks {
        control.emit(Event::Remark(remark));
    }
    let losses = gate::losses(&runner.conn.client, &jobs, &engine.options, major).await?;
    if engine.options.losses == gate::Losses::Refuse
        && let Err(error) = gate::refuse(&losses)
    {
        runner.unlock().await;
        return Err(error);
    }
    for loss in losses.iter().filter(|loss| !loss.accepted) {
        control.emit(Event::Remark(format!("data is lost: {loss}")));
    }
    let before = state.rows.clone();
    control.emit(Event::Planned(jobs.iter().map(Job::shown).collect()));
    if engine.options.dry_run {
        return runner.dry_run(&jobs, before).await;
    }
    runner.facts = tables::ensure(&runner.conn.client, &runner.names, runner.facts.clone()).await?;
    runner.adopt(&state).await?;
    let paused = if engine.options.single_transaction {
        runner.apply_together(&jobs).await?;
        false
    } else {
        runner.apply(&jobs).await?
    };
    Ok(runner.report(before, paused).await)
}

/// Behind a transaction pooler there is no session to run statements outside of transactions in.
fn refuse_loose(jobs: &[Job<'_>]) -> Result<(), Error> {
    let Some(job) = jobs.iter().find(|job| !job.transactional()) else { return Ok(()) };
    Err(Error::new(
        Code::Pooler,
        format!(
            "{} has a section outside of transactions, which needs a session of its own",
            job.revision.path.display()
        ),
    )
    .with_state("nothing was changed")
    .with_hint("run it without `--pooler`, on a connection to the server itself"))
}

/// Plans, and refuses what must not run.
fn judge(
    runner: &Runner<'_>,
    state: &State,
    direction: Direction,
    spec: &str,
) -> Result<(Plan, Vec<String>), Error> {
    let history = &runner.engine.history;
    verify::ahead(history, state)?;
    let graph = history.graph();
    let plan = match direction {
        Direction::Up => target::upgrade(graph, &state.rows, spec),
        Direction::Down => target::downgrade(graph, &state.rows, spec),
    }
    .map_err(|e| Error::from(e).with_state("nothing was changed"))?;
    let remarks = verify::check(history, state, direction, &plan)?;
    Ok((plan, remarks))
}
