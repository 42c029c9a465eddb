//! What the server is doing: sessions, locks, settings.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Error, fault,
    link::{Handle, duration, number, rows, string, text, truth},
};
use crate::pg::statement::mask_secrets;

/// A snapshot of the server's activity in our database.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// Client sessions: blocked ones first, then those that block them, then by age of the query.
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

/// Settings worth a look before a migration, with what they mean for it.
const SETTINGS: [(&str, &str); 14] = [
    ("lock_timeout", "the role's; runs set their own"),
    ("statement_timeout", "the role's; runs set their own"),
    ("idle_in_transaction_session_timeout", "ends idle holders of locks"),
    ("deadlock_timeout", "before deadlocks are looked for"),
    ("max_connections", ""),
    ("max_locks_per_transaction", "many partitions need more"),
    ("max_prepared_transactions", ""),
    ("maintenance_work_mem", "memory of an index build"),
    ("max_parallel_maintenance_workers", "processes of an index build"),
    ("work_mem", ""),
    ("shared_buffers", ""),
    ("wal_level", ""),
    ("synchronous_commit", "revisions set it on"),
    ("default_transaction_read_only", "when on, nothing can be run"),
];

/// Reads the snapshot.
pub(super) async fn read(client: &Handle) -> Result<Activity, Error> {
    let names: Vec<String> = SETTINGS.iter().map(|(name, _)| format!("'{name}'")).collect();
    let sql = format!(
        "SELECT 'a', a.pid, a.usename, a.application_name, \
           COALESCE(pg_catalog.host(a.client_addr), 'local'), COALESCE(a.state, ''), \
           (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() \
             - COALESCE(a.state_change, a.backend_start)) * 1000000)::bigint, \
           CASE WHEN a.state = 'active' THEN a.wait_event_type END, pg_catalog.left(a.query, 1000), \
           pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(a.pid), ' '), \
           a.application_name LIKE 'limbeck%' \
         FROM pg_catalog.pg_stat_activity a \
         WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() \
           AND a.backend_type IN ('client backend', 'autovacuum worker', 'parallel worker', \
             'logical replication worker') \
         ORDER BY pg_catalog.cardinality(pg_catalog.pg_blocking_pids(a.pid)) = 0, \
           a.state IS DISTINCT FROM 'active', a.state_change NULLS LAST, a.pid LIMIT 500; \
         SELECT 'l', pg_catalog.format('%I.%I', n.nspname, c.relname), \
           pg_catalog.regexp_replace(l.mode, 'Lock$', ''), l.pid, l.granted, \
           (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start) * 1000000)::bigint \
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'relation' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
           AND l.database = (SELECT oid FROM pg_catalog.pg_database \
             WHERE datname = pg_catalog.current_database()) \
           AND n.nspname NOT IN ('pg_catalog', 'pg_toast') \
         ORDER BY l.granted, a.xact_start NULLS LAST, 2, l.pid LIMIT 500; \
         SELECT 's', name, pg_catalog.current_setting(name), source \
         FROM pg_catalog.pg_settings WHERE name IN ({}); \
         SELECT 'p', gid FROM pg_catalog.pg_prepared_xacts \
         WHERE database = pg_catalog.current_database() ORDER BY prepared LIMIT 20",
        names.join(", ")
    );
    let mut activity = Activity::default();
    let mut prepared = Vec::new();
    for row in rows(client, &sql).await.map_err(|e| fault::plain(&e))? {
        match text(&row, 0) {
            Some("a") => activity.sessions.push(SessionRow {
                pid: number(Some(&row), 1).unwrap_or(0),
                user: string(&row, 2),
                app: string(&row, 3),
                client: string(&row, 4),
                state: string(&row, 5),
                age: duration(&row, 6).unwrap_or_default(),
                wait: text(&row, 7).map(str::to_owned),
                query: mask_secrets(&string(&row, 8)).into_owned(),
                blocked_by: string(&row, 9).split(' ').filter_map(|p| p.parse().ok()).collect(),
                ours: truth(&row, 10),
            }),
            Some("l") => activity.locks.push(LockRow {
                relation: string(&row, 1),
                mode: string(&row, 2),
                pid: number(Some(&row), 3).unwrap_or(0),
                granted: truth(&row, 4),
                age: duration(&row, 5).unwrap_or_default(),
            }),
            Some("p") => prepared.push(string(&row, 1)),
            _ => {
                let name = string(&row, 1);
                let remark = SETTINGS.iter().find(|(n, _)| *n == name).map_or("", |(_, r)| *r);
                let source = string(&row, 3);
                let note = match (remark, source.as_str()) {
                    ("", source) => source.to_owned(),
                    (remark, "default") => remark.to_owned(),
                    (remark, source) => format!("{source}; {remark}"),
                };
                activity.settings.push(SettingRow { name, value: string(&row, 2), note });
            }
        }
    }
    // Who is waited for stands right below those who wait.
    let waited_for: BTreeSet<i32> =
        activity.sessions.iter().flat_map(|row| row.blocked_by.iter().copied()).collect();
    activity
        .sessions
        .sort_by_key(|row| (row.blocked_by.is_empty(), !waited_for.contains(&row.pid)));
    activity.settings.sort_by_key(|row| SETTINGS.iter().position(|(name, _)| *name == row.name));
    if !prepared.is_empty() {
        activity.settings.push(SettingRow {
            name: "prepared transactions".into(),
            value: prepared.len().to_string(),
            note: format!("hold their locks until they are ended: {}", prepared.join(", ")),
        });
    }
    Ok(activity)
}

/// Cancels or ends a backend of this server.
pub(super) async fn signal(client: &Handle, pid: i32, terminate: bool) -> Result<bool, Error> {
    let function = if terminate { "pg_terminate_backend" } else { "pg_cancel_backend" };
    let sql = format!(
        "SELECT pg_catalog.{function}(pid) FROM pg_catalog.pg_stat_activity WHERE pid = {pid}"
    );
    let found = rows(client, &sql).await.map_err(|e| fault::plain(&e))?;
    Ok(found.first().is_some_and(|row| truth(row, 0)))
}
