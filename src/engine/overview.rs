//! Where the database stands: rows, states, server facts.

use std::time::{Duration, Instant};

use super::{
    Engine, Error, fault,
    link::{duration, number, rows, string, truth},
    state,
    tables::{self, Names},
    verify,
};
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
    /// Another tool's version table that could be adopted (`public.alembic_version`), when ours is absent.
    pub adoptable: Option<String>,
    /// One for each node of the graph.
    pub states: Vec<RevisionState>,
    /// Rows, and revisions of the audit table that count as applied, that no file knows.
    pub orphans: Vec<Orphan>,
    /// Nodes not applied.
    pub pending: usize,
    /// The version table is there, but this role may not read it: `rows` and `states` say nothing.
    pub unreadable: bool,
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
    /// Stands below applied revisions and was never applied itself: its file was put in later.
    pub skipped: bool,
    /// The file changed after it was applied.
    pub edited: Option<Edit>,
    /// Non-transactional work was interrupted: statements done, of all.
    pub partial: Option<(usize, usize)>,
    /// The statement, from 1, that was running when that work was interrupted.
    pub doubt: Option<usize>,
    /// The last try failed with this message and nothing was tried since.
    pub failed: Option<String>,
    /// When the last try was cancelled, and nothing was tried since: what it had done was rolled back.
    pub cancelled: Option<jiff::Timestamp>,
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

/// Reads everything in a few round trips; writes nothing.
pub(super) async fn read(engine: &Engine) -> Result<Overview, Error> {
    let client = engine.link.reader().await?;
    let names = Names::new(&engine.options);
    let sent = Instant::now();
    client.simple_query("").await.map_err(|e| fault::connection(&e))?;
    let latency = sent.elapsed();
    let facts = tables::facts(&client, &names).await?;
    tables::check_format(&client, &names, &facts).await?;
    let about = "SELECT pg_catalog.current_setting('server_version'), \
         pg_catalog.current_database(), current_user, \
         (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), \
         CASE WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT') \
           THEN pg_catalog.pg_database_size(pg_catalog.current_database()) END, \
         (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() \
           - pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint";
    let (about, state) =
        futures_util::future::join(rows(&client, about), state::read(&client, &names, &facts))
            .await;
    let (about, state) = (about.map_err(|e| fault::plain(&e))?, state?);
    let mut server = ServerFacts { in_recovery: facts.in_recovery, latency, ..Default::default() };
    if let Some(row) = about.first() {
        // "15.18 (Debian 15.18-1.pgdg120+1)": the first word is the version.
        server.version = string(row, 0).split(' ').take(1).collect();
        server.database = string(row, 1);
        server.user = string(row, 2);
        server.superuser = truth(row, 3);
        server.size = number(Some(row), 4).unwrap_or(0);
        server.uptime = duration(row, 5).unwrap_or_default();
    }

    let history = &engine.history;
    let graph = history.graph();
    let (nodes, unknown) = verify::placed(graph, &state.rows);
    let applied = graph.ancestors(&nodes);
    let mut states = vec![RevisionState::default(); graph.len()];
    for node in verify::skipped(graph, &state, &applied) {
        states[node.index()].skipped = true;
    }
    for node in graph.nodes() {
        let revision = history.revision(node);
        let known = &mut states[node.index()];
        known.applied = applied[node.index()];
        known.current = nodes.contains(&node);
        if let Some(steps) = state.steps.get(&revision.id) {
            let direction = steps.first().map(|step| step.direction);
            let all = direction.and_then(|d| revision.script.sections(d)).map(|sections| {
                sections
                    .iter()
                    .map(|section| revision.script.statements(section).map_or(0, |s| s.len()))
                    .sum()
            });
            let done = steps.iter().filter(|step| step.done).count();
            known.partial = Some((done, all.unwrap_or(done)));
            known.doubt = steps.iter().find(|step| !step.done).map(|step| step.number);
        }
        let Some(audited) = state.audit.get(&revision.id) else { continue };
        known.failed.clone_from(&audited.failed);
        known.cancelled = audited.cancelled;
        if known.applied && audited.applied() {
            known.edited = verify::edit(revision, audited);
            known.applied_at = audited.at;
            known.applied_by.clone_from(&audited.by);
            known.took = audited.took.filter(|_| audited.state == "applied");
        }
    }
    let audited_only = state.audit.iter().filter(|(id, audited)| {
        audited.applied() && graph.find(id.as_str()).is_none() && !unknown.contains(id)
    });
    let orphan = |id: &RevisionId, current| {
        let audited = state.audit.get(id);
        Orphan {
            id: id.clone(),
            message: audited.and_then(|a| a.message.clone()),
            applied_at: audited.and_then(|a| a.at),
            current,
        }
    };
    let orphans = unknown
        .iter()
        .map(|id| orphan(id, true))
        .chain(audited_only.map(|(id, _)| orphan(id, false)))
        .collect();
    let unreadable = facts.managed && !facts.readable;
    Ok(Overview {
        server,
        rows: state.rows,
        managed: facts.managed,
        adoptable: facts.alembic.first().filter(|_| !facts.managed).map(ToString::to_string),
        pending: states.iter().filter(|s| !s.applied).count(),
        states,
        orphans,
        unreadable,
    })
}
