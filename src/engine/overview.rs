//! Where the database stands: rows, states, server facts.

use std::time::Duration;

use crate::revision::RevisionId;

/// The database against the history.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// The server.
    pub server: ServerFacts,
    /// Version rows, sorted.
    pub rows: Vec<RevisionId>,
    /// The version table exists.
    pub managed: bool,
    /// Another tool's version table that could be adopted ("public.alembic_version"), when ours is absent.
    pub adoptable: Option<String>,
    /// One for each node of the graph.
    pub states: Vec<RevisionState>,
    /// Rows, and revisions of the audit table that count as applied, that no file knows.
    pub orphans: Vec<Orphan>,
    /// Nodes not applied.
    pub pending: usize,
}

/// A revision that the database knows and the files do not.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// Its id.
    pub id: RevisionId,
    /// Message, when the audit table has it.
    pub message: Option<String>,
    /// When it was applied.
    pub applied_at: Option<jiff::Timestamp>,
    /// It is a version row itself.
    pub current: bool,
}

/// Facts of the server.
#[derive(Clone, Debug, Default)]
pub struct ServerFacts {
    /// `server_version`, "15.18".
    pub version: String,
    /// `current_database()`.
    pub database: String,
    /// `current_user`.
    pub user: String,
    /// Superuser.
    pub superuser: bool,
    /// Standby.
    pub in_recovery: bool,
    /// Size of the database in bytes.
    pub size: u64,
    /// Time since start.
    pub uptime: Duration,
    /// Round trip of a query.
    pub latency: Duration,
}

/// The state of one revision in the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionState {
    /// Applied (an ancestor of a row, or a row).
    pub applied: bool,
    /// A version row.
    pub current: bool,
    /// The file changed after it was applied.
    pub edited: Option<Edit>,
    /// Non-transactional work was interrupted: statements done, of all.
    pub partial: Option<(usize, usize)>,
    /// The last try failed with this message and nothing was tried since.
    pub failed: Option<String>,
    /// When.
    pub applied_at: Option<jiff::Timestamp>,
    /// By whom (session user, os user).
    pub applied_by: Option<String>,
    /// How long it took.
    pub took: Option<Duration>,
}

/// How a file differs from what was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Comments and blanks only.
    Cosmetic,
    /// The down script only.
    Down,
    /// The up script: an error for `upgrade`.
    Up,
}
