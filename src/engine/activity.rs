//! What the server is doing: sessions, locks, settings.

use std::time::Duration;

/// A snapshot of the server's activity in our database.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// Client sessions, blocked ones first, then by age of the query.
    pub sessions: Vec<SessionRow>,
    /// Locks on relations, waiting ones first.
    pub locks: Vec<LockRow>,
    /// Settings that matter for migrations.
    pub settings: Vec<SettingRow>,
}

/// One session of `pg_stat_activity`.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Backend pid.
    pub pid: i32,
    /// Role.
    pub user: String,
    /// `application_name`.
    pub app: String,
    /// Client address or "local".
    pub client: String,
    /// `active`, `idle`, `idle in transaction`, …
    pub state: String,
    /// How long in this state.
    pub age: Duration,
    /// Wait event type, when it waits.
    pub wait: Option<String>,
    /// The statement (masked, not yet display-safe).
    pub query: String,
    /// Pids that block it.
    pub blocked_by: Vec<i32>,
    /// It is one of ours.
    pub ours: bool,
}

/// One lock of `pg_locks` on a relation.
#[derive(Clone, Debug)]
pub struct LockRow {
    /// Relation, qualified.
    pub relation: String,
    /// Mode without "Lock".
    pub mode: String,
    /// Backend pid.
    pub pid: i32,
    /// Held or waited for.
    pub granted: bool,
    /// Age of the transaction.
    pub age: Duration,
}

/// One server setting.
#[derive(Clone, Debug)]
pub struct SettingRow {
    /// Name.
    pub name: String,
    /// Value with unit.
    pub value: String,
    /// Where it comes from, or a remark.
    pub note: String,
}
