//! Whether a new reading says anything new, so that an idle interface draws nothing.

use std::sync::Arc;

use super::pending::Changes;
use crate::{
    engine::{Overview, activity::Activity, record::Entry},
    revision::History,
    schema::{Snapshot, diff},
};

/// Compares two overviews. Round trip times differ always and are left out; the time since start is
/// compared by the minute, for that is how it is shown.
pub fn overview(a: &Overview, b: &Overview) -> bool {
    let (x, y) = (&a.server, &b.server);
    x.version == y.version
        && x.database == y.database
        && x.user == y.user
        && x.superuser == y.superuser
        && x.in_recovery == y.in_recovery
        && x.size >> 20 == y.size >> 20
        && x.uptime.as_secs() / 60 == y.uptime.as_secs() / 60
        && a.rows == b.rows
        && a.managed == b.managed
        && a.adoptable == b.adoptable
        && a.states == b.states
        && a.pending == b.pending
        && a.orphans.len() == b.orphans.len()
        && a.orphans.iter().zip(&b.orphans).all(|(x, y)| {
            x.id == y.id
                && x.message == y.message
                && x.applied_at == y.applied_at
                && x.current == y.current
        })
}

/// Compares two activities; ages by the second.
pub fn activity(a: &Activity, b: &Activity) -> bool {
    a.sessions.len() == b.sessions.len()
        && a.sessions.iter().zip(&b.sessions).all(|(x, y)| {
            x.pid == y.pid
                && x.state == y.state
                && x.wait == y.wait
                && x.query == y.query
                && x.blocked_by == y.blocked_by
                && x.app == y.app
                && x.age.as_secs() == y.age.as_secs()
        })
        && a.locks.len() == b.locks.len()
        && a.locks.iter().zip(&b.locks).all(|(x, y)| {
            x.relation == y.relation
                && x.mode == y.mode
                && x.pid == y.pid
                && x.granted == y.granted
                && x.age.as_secs() == y.age.as_secs()
        })
        && a.settings.len() == b.settings.len()
        && a.settings.iter().zip(&b.settings).all(|(x, y)| x.name == y.name && x.value == y.value)
}

/// Compares two records.
pub fn record(a: &[Entry], b: &[Entry]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| {
            x.run == y.run
                && x.revision == y.revision
                && x.state == y.state
                && x.started == y.started
                && x.took == y.took
                && x.error == y.error
        })
}

/// Compares two histories.
pub fn history(a: &History, b: &History) -> bool {
    a.revisions() == b.revisions() && a.problems() == b.problems()
}

/// Compares two schemas.
pub fn snapshot(a: &Arc<Snapshot>, b: &Arc<Snapshot>) -> bool {
    Arc::ptr_eq(a, b)
        || (a.version == b.version && a.unmanaged == b.unmanaged && diff(a, b).is_empty())
}

/// Compares two comparisons of models and database.
pub fn changes(a: &Changes, b: &Changes) -> bool {
    a.missing == b.missing
        && a.notes == b.notes
        && a.renames == b.renames
        && snapshot(&a.full, &b.full)
        && snapshot(&a.new, &b.new)
}
