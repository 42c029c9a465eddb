//! Sessions that sit on locks and do nothing, and transactions that nobody ends.

use std::time::Duration;

use tokio_postgres::Client;

use super::{Finding, Kind, Remedy};
use crate::{
    db::lock::{self, LockKey},
    engine::{
        Error, fault,
        link::{duration, rows, string, text},
        tables::Names,
    },
    present::age::age,
    schema::sql::literal,
};

/// What the sessions look like.
pub(super) struct Sessions {
    pub(super) found: Vec<Finding>,
    /// A run is under way.
    pub(super) runner: bool,
}

/// Reads them.
pub(super) async fn look(
    client: &Client,
    names: &Names,
    patience: Duration,
) -> Result<Sessions, Error> {
    let mut found = Vec::new();
    let mut stale = None;
    let holder = lock::holder(client, LockKey::new(&names.version)).await;
    let holder = holder.map_err(|e| fault::plain(&e))?;
    let runner = holder.is_some();
    if let Some(holder) = holder.filter(|h| h.state.starts_with("idle") && h.age >= patience) {
        let (pid, app, user) = (holder.pid, &holder.app, &holder.user);
        stale = Some(pid.to_string());
        found.push(Finding {
            kind: Kind::StaleLock,
            object: format!("session {pid}"),
            what: format!(
                "{app} of {user}@{} has the runners' lock and has been {} for {}",
                holder.client,
                holder.state,
                age(holder.age)
            ),
            mend: terminate(&pid.to_string()),
            otherwise: None,
        });
    }
    let runner = runner && stale.is_none();
    for row in rows(client, &sql(patience)).await.map_err(|e| fault::plain(&e))? {
        let (name, since) = (string(&row, 1), age(duration(&row, 2).unwrap_or_default()));
        if text(&row, 0) == Some("p") {
            let end = |verb: &str| Remedy::Sql(format!("{verb} PREPARED {};", literal(&name)));
            found.push(Finding {
                kind: Kind::PreparedTransaction,
                object: name.clone(),
                what: format!("prepared {since} ago, it keeps its locks until somebody ends it"),
                mend: end("ROLLBACK"),
                otherwise: Some(end("COMMIT")),
            });
        } else if stale.as_ref() != Some(&name) {
            let (who, locks) = (string(&row, 3), string(&row, 4));
            let harm = match locks.as_str() {
                "" => "CREATE INDEX CONCURRENTLY and VACUUM wait for it".to_owned(),
                locks => format!("it holds locks on {locks}"),
            };
            found.push(Finding {
                kind: Kind::IdleTransaction,
                object: format!("session {name}"),
                what: format!("{who} has been idle in a transaction for {since}; {harm}"),
                mend: terminate(&name),
                otherwise: None,
            });
        }
    }
    Ok(Sessions { found, runner })
}

fn terminate(pid: &str) -> Remedy {
    Remedy::Sql(format!("SELECT pg_terminate_backend({pid});"))
}

/// Idle transactions that hold locks on tables or a snapshot, and prepared ones.
fn sql(patience: Duration) -> String {
    let patience = format!("'{} ms'::pg_catalog.interval", patience.as_millis());
    format!(
        "SELECT 's', a.pid, \
           (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.state_change) * 1000000)::bigint, \
           pg_catalog.format('%s of %s@%s', COALESCE(NULLIF(a.application_name, ''), 'a client'), a.usename, \
             COALESCE(pg_catalog.host(a.client_addr), 'local')), \
           (SELECT pg_catalog.string_agg(t.name, ', ' ORDER BY t.name) FROM ( \
              SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name \
              FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
              WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm', 'v', 'S') \
                AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d \
                  WHERE d.datname = pg_catalog.current_database()) \
              ORDER BY 1 LIMIT 5) t) \
         FROM pg_catalog.pg_stat_activity a \
         WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() \
           AND a.state LIKE 'idle in transaction%' \
           AND a.state_change <= pg_catalog.clock_timestamp() - {patience} \
           AND (a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL OR EXISTS (SELECT FROM pg_catalog.pg_locks l \
             WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted)) \
         ORDER BY a.state_change; \
         SELECT 'p', gid, \
           (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - prepared) * 1000000)::bigint \
         FROM pg_catalog.pg_prepared_xacts \
         WHERE database = pg_catalog.current_database() \
           AND prepared <= pg_catalog.clock_timestamp() - {patience} ORDER BY prepared"
    )
}
