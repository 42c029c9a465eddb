//! The verbs: upgrade, downgrade, stamp, status. The only place that changes a user's database.

pub mod activity;
pub mod control;
pub mod error;
pub mod event;
pub mod link;
pub mod migrator;
pub mod offline;
pub mod overview;
pub mod project;
pub mod record;
pub mod report;

use std::sync::Arc;

pub use control::Control;
pub use error::Error;
pub use event::Event;
pub use link::Link;
pub use migrator::Migrator;
pub use overview::Overview;
pub use project::Project;
pub use report::Report;

use crate::revision::History;

/// How a run behaves; built from the settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version table.
    pub version_table: crate::pg::ident::QualifiedName,
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
    /// Run everything, then roll back.
    pub dry_run: bool,
    /// All revisions in one transaction.
    pub single_transaction: bool,
    /// Who runs it, for the audit table.
    pub actor: Actor,
}

/// What to do when another runner holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfLocked {
    /// Wait up to `runner_wait`.
    Wait,
    /// Fail with LOCK_HELD.
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
        let _ = (spec, control);
        todo!("helper E")
    }
    /// Runs `downgrade SPEC`.
    pub async fn downgrade(&self, spec: &str, control: &Control) -> Result<Report, Error> {
        let _ = (spec, control);
        todo!("helper E")
    }
    /// Records without running.
    pub async fn stamp(
        &self,
        specs: &[&str],
        purge: bool,
        control: &Control,
    ) -> Result<Report, Error> {
        let _ = (specs, purge, control);
        todo!("helper E")
    }
    /// What the plan would be, without locks and without writing anything.
    pub async fn preview(
        &self,
        direction: crate::revision::Direction,
        spec: &str,
    ) -> Result<crate::revision::Plan, Error> {
        let _ = (direction, spec);
        todo!("helper E")
    }
    /// Version rows, states of all revisions, server facts. Reads only; works on an empty database.
    pub async fn overview(&self) -> Result<Overview, Error> {
        todo!("helper E")
    }
    /// Sessions, locks, settings of the server. Reads only.
    pub async fn activity(&self) -> Result<activity::Activity, Error> {
        todo!("helper E")
    }
    /// The newest `limit` entries of the audit table, newest first; empty when there is none.
    pub async fn record(&self, limit: u32) -> Result<Vec<record::Entry>, Error> {
        let _ = limit;
        todo!("helper E")
    }
    /// Cancels (`pg_cancel_backend`) or terminates a backend; tells whether it was there.
    pub async fn signal_backend(&self, pid: i32, terminate: bool) -> Result<bool, Error> {
        let _ = (pid, terminate);
        todo!("helper E")
    }
}
