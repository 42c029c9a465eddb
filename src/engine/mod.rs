//! The verbs: upgrade, downgrade, stamp, status. The only place that changes a user's database.

pub mod activity;
mod audit;
pub mod control;
mod describe;
pub mod doctor;
mod dry;
pub mod error;
pub mod event;
mod exec;
mod fault;
pub mod gate;
mod journal;
pub mod link;
mod lock;
pub mod migrator;
pub mod offline;
pub mod overview;
mod prepare;
mod probe;
pub mod project;
pub mod record;
pub mod report;
mod resolve;
mod run;
pub mod schema;
mod sections;
mod session;
pub mod sizes;
mod stamp;
mod state;
mod tables;
mod unit;
pub mod verdict;
mod verify;
pub mod wait;
mod watch;

use std::sync::Arc;

pub use control::Control;
pub use error::{Aftermath, Error};
pub use event::Event;
pub use gate::{Loss, Losses};
pub use link::Link;
pub use migrator::Migrator;
pub use overview::Overview;
pub use project::Project;
#[cfg(feature = "server")]
pub use project::Start;
pub use report::Report;

use crate::{
    pg::ident::QualifiedName,
    revision::{Direction, History, Plan, target},
};

/// How a run behaves; built from the settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version table.
    pub version_table: QualifiedName,
    /// Schema of `history`, `step`, `meta`.
    pub schema: String,
    /// `search_path` of revisions; none leaves the role's.
    pub search_path: Option<String>,
    /// `lock_timeout` of a try.
    pub lock_timeout: std::time::Duration,
    /// `statement_timeout`; zero is none.
    pub statement_timeout: std::time::Duration,
    /// Tries on 55P03, 40P01, 40001.
    pub lock_tries: u32,
    /// How long to wait for another runner.
    pub runner_wait: std::time::Duration,
    /// What to do when another runner holds the lock.
    pub if_locked: IfLocked,
    /// How long to try to reach the server again when the connection broke during a COMMIT: as long as
    /// a restart or a failover takes.
    pub reconnect_wait: std::time::Duration,
    /// Run everything, then roll back.
    pub dry_run: bool,
    /// All revisions in one transaction.
    pub single_transaction: bool,
    /// Go on behind a transaction pooler; the compare-and-swap of the version rows protects alone.
    pub allow_pooler: bool,
    /// A file that gets a line before each revision, synced to disk.
    pub journal: Option<std::path::PathBuf>,
    /// What happens when the way up would lose data that the files do not accept.
    pub losses: Losses,
    /// Rules whose losses are accepted this once.
    pub allow: Vec<String>,
    /// Who runs it, for the audit table.
    pub actor: Actor,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version_table: QualifiedName { schema: "limbeck".into(), name: "version".into() },
            schema: "limbeck".into(),
            search_path: None,
            lock_timeout: std::time::Duration::from_secs(2),
            statement_timeout: std::time::Duration::ZERO,
            lock_tries: 10,
            runner_wait: std::time::Duration::from_mins(1),
            if_locked: IfLocked::Wait,
            reconnect_wait: std::time::Duration::from_secs(30),
            dry_run: false,
            single_transaction: false,
            allow_pooler: false,
            journal: None,
            losses: Losses::Tell,
            allow: Vec::new(),
            actor: Actor::default(),
        }
    }
}

/// What to do when another runner holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfLocked {
    /// Wait up to `runner_wait`.
    Wait,
    /// Fail with `LOCK_HELD`.
    Fail,
    /// Do nothing, successfully.
    Skip,
}

/// Who runs it; the library cannot know, the command line can.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// Operating-system user.
    pub os_user: Option<String>,
    /// Host name.
    pub host: Option<String>,
    /// "limbeck 0.1.0", or the application that embeds it.
    pub app: String,
    /// Git commit of the project, where known.
    pub git_commit: Option<String>,
}

/// A history, a way to the database, and how to behave: what every verb needs.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The revisions.
    pub history: Arc<History>,
    /// The database.
    pub link: Link,
    /// Behaviour.
    pub options: Options,
}

impl Engine {
    /// Runs `upgrade SPEC`. Events go to `control`; a cancel there rolls the current revision back.
    pub async fn upgrade(&self, spec: &str, control: &Control) -> Result<Report, Error> {
        run::run(self, Direction::Up, spec, control).await
    }

    /// Runs `downgrade SPEC`.
    pub async fn downgrade(&self, spec: &str, control: &Control) -> Result<Report, Error> {
        run::run(self, Direction::Down, spec, control).await
    }

    /// Records without running. The audit table then agrees with the files as they are.
    pub async fn stamp(
        &self,
        specs: &[&str],
        purge: bool,
        control: &Control,
    ) -> Result<Report, Error> {
        stamp::stamp(self, specs, purge, control).await
    }

    /// Settles the statement in doubt (AMBIGUOUS) of a revision by a person's word; runs nothing.
    pub async fn settle(
        &self,
        spec: &str,
        verdict: verdict::Verdict,
        control: &Control,
    ) -> Result<Report, Error> {
        verdict::settle(self, spec, verdict, control).await
    }

    /// What the plan would be, without locks and without writing anything.
    pub async fn preview(&self, direction: Direction, spec: &str) -> Result<Plan, Error> {
        self.history.check()?;
        let client = self.link.reader().await?;
        let names = tables::Names::new(&self.options);
        let facts = tables::facts(&client, &names).await?;
        let state = state::read(&client, &names, &facts).await?;
        verify::ahead(&self.history, &state)?;
        let graph = self.history.graph();
        Ok(match direction {
            Direction::Up => target::upgrade(graph, &state.rows, spec)?,
            Direction::Down => target::downgrade(graph, &state.rows, spec)?,
        })
    }

    /// The data that the way up to a target would lose, whether the files accept it or not.
    pub async fn losses(&self, spec: &str) -> Result<Vec<Loss>, Error> {
        let plan = self.preview(Direction::Up, spec).await?;
        let client = self.link.reader().await?;
        let facts = tables::facts(&client, &tables::Names::new(&self.options)).await?;
        let major = facts.version / 10_000;
        let jobs = prepare::jobs(&self.history, &plan, major)?;
        gate::losses(&client, &jobs, &self.options, major).await
    }

    /// Version rows, states of all revisions, server facts. Reads only; works on an empty database.
    pub async fn overview(&self) -> Result<Overview, Error> {
        overview::read(self).await
    }

    /// What was left behind, with what mends it; idle sessions count after `patience`. Reads only.
    pub async fn doctor(
        &self,
        patience: std::time::Duration,
    ) -> Result<Vec<doctor::Finding>, Error> {
        doctor::examine(self, patience).await
    }

    /// Whether a target is applied, without locks and on standbys too. Reads only.
    pub async fn standing(&self, spec: &str) -> Result<wait::Standing, Error> {
        wait::look(self, spec).await
    }

    /// Waits until somebody has applied a target, or `patience` is at its end.
    pub async fn wait(
        &self,
        spec: &str,
        patience: std::time::Duration,
        control: &Control,
    ) -> Result<wait::Standing, Error> {
        wait::until(|| self.standing(spec), patience, control).await
    }

    /// Sessions, locks, settings of the server. Reads only.
    pub async fn activity(&self) -> Result<activity::Activity, Error> {
        activity::read(&self.link.reader().await?).await
    }

    /// The largest tables, the largest first. Reads only.
    pub async fn table_sizes(&self) -> Result<Vec<sizes::TableRow>, Error> {
        sizes::read(&self.link.reader().await?).await
    }

    /// The newest `limit` entries of the audit table, newest first; empty when there is none.
    pub async fn record(&self, limit: u32) -> Result<Vec<record::Entry>, Error> {
        record::read(&self.link.reader().await?, &self.options, limit).await
    }

    /// The text of a revision as it was applied, when the audit table has kept it: for a file that is gone.
    pub async fn recorded(&self, id: &str) -> Result<Option<record::Recorded>, Error> {
        record::recorded(&self.link.reader().await?, &self.options, id).await
    }

    /// Cancels (`pg_cancel_backend`) or terminates a backend; tells whether it was there.
    pub async fn signal_backend(&self, pid: i32, terminate: bool) -> Result<bool, Error> {
        activity::signal(&self.link.reader().await?, pid, terminate).await
    }
}
