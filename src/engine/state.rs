//! What the database says about itself: version rows, the audit table, half-done work.

use std::{collections::BTreeMap, fmt::Write};

use tokio_postgres::Client;

use super::{
    Error,
    link::{duration, number, rows, string, text, timestamp},
    tables::{Facts, Names, foreign},
};
use crate::revision::{Direction, RevisionId};

/// The newest word of the audit table on one revision.
#[derive(Clone, Debug, Default)]
pub(super) struct Audited {
    /// `applied`, `reverted`, `stamped`, …; empty when there were only failures.
    pub(super) state: String,
    pub(super) message: Option<String>,
    pub(super) up_exact: Option<String>,
    pub(super) up_semantic: Option<String>,
    pub(super) down_exact: Option<String>,
    pub(super) down_semantic: Option<String>,
    pub(super) at: Option<jiff::Timestamp>,
    pub(super) by: Option<String>,
    pub(super) took: Option<std::time::Duration>,
    /// What it revised then.
    pub(super) parents: Vec<RevisionId>,
    /// The error of the last try, when nothing succeeded since.
    pub(super) failed: Option<String>,
    /// When the last try was cancelled, in the same way.
    pub(super) cancelled: Option<jiff::Timestamp>,
}

impl Audited {
    /// The revision counts as applied.
    pub(super) fn applied(&self) -> bool {
        APPLIED.contains(&self.state.as_str())
    }
}

/// The words of the audit table for a revision that counts as applied.
pub(super) const APPLIED: [&str; 5] = ["applied", "stamped", "adopted", "baselined", "repaired"];

/// A started or done statement of a non-transactional revision.
#[derive(Clone, Debug)]
pub(super) struct StepRow {
    pub(super) direction: Direction,
    pub(super) number: usize,
    pub(super) sha: String,
    pub(super) done: bool,
    pub(super) note: Option<String>,
}

/// Everything a run needs to know about where the database stands.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Version rows, sorted.
    pub(super) rows: Vec<RevisionId>,
    pub(super) audit: BTreeMap<RevisionId, Audited>,
    pub(super) steps: BTreeMap<RevisionId, Vec<StepRow>>,
}

/// Reads the state; absent and unreadable tables count as empty.
pub(super) async fn read(client: &Client, names: &Names, facts: &Facts) -> Result<State, Error> {
    let mut sql = String::new();
    if facts.managed && facts.readable {
        let _ = write!(sql, "SELECT 'v', version_num FROM {}; ", names.version);
    }
    if facts.history && facts.history_readable {
        // The newest success and, when later, the newest try that came to nothing of each revision.
        let _ = write!(
            sql,
            "SELECT DISTINCT ON (revision, state IN ('failed', 'cancelled')) 'h', revision, state, \
               pg_catalog.left(message, 200), up_exact, up_semantic, down_exact, down_semantic, \
               (pg_catalog.date_part('epoch', COALESCE(finished, started)) * 1000000)::bigint, \
               by_session_user || COALESCE(' (' || os_user || ')', ''), \
               (pg_catalog.date_part('epoch', duration) * 1000000)::bigint, \
               CASE WHEN state IN ('failed', 'cancelled') THEN pg_catalog.left(COALESCE(error, ''), 500) END, id, \
               pg_catalog.array_to_string(parents, pg_catalog.chr(10)) \
             FROM {} WHERE version_table = {} \
             ORDER BY revision, state IN ('failed', 'cancelled'), id DESC; ",
            names.history, names.own
        );
    }
    if facts.step && facts.step_readable {
        let _ = write!(
            sql,
            "SELECT 'p', revision, direction, n, sha, state, note FROM {} \
             WHERE version_table = {} ORDER BY revision, direction, n; ",
            names.step, names.own
        );
    }
    let mut state = State::default();
    if sql.is_empty() {
        return Ok(state);
    }
    let mut newest: BTreeMap<RevisionId, u64> = BTreeMap::new();
    for row in rows(client, &sql).await.map_err(|e| foreign(&e, names))? {
        let id = RevisionId::new(string(&row, 1));
        match text(&row, 0) {
            Some("v") => state.rows.push(id),
            Some("h") => {
                let order: u64 = number(Some(&row), 12).unwrap_or(0);
                if let Some(error) = text(&row, 11) {
                    // Successes come first (false sorts before true).
                    if newest.get(&id).is_none_or(|success| *success < order) {
                        let entry = state.audit.entry(id).or_default();
                        if text(&row, 2) == Some("cancelled") {
                            entry.cancelled = timestamp(&row, 8);
                        } else {
                            entry.failed = Some(error.to_owned());
                        }
                    }
                    continue;
                }
                newest.insert(id.clone(), order);
                let own = |column| text(&row, column).map(str::to_owned);
                let entry = Audited {
                    state: string(&row, 2),
                    message: own(3),
                    up_exact: own(4),
                    up_semantic: own(5),
                    down_exact: own(6),
                    down_semantic: own(7),
                    at: timestamp(&row, 8),
                    by: own(9),
                    took: duration(&row, 10),
                    parents: string(&row, 13).lines().map(RevisionId::new).collect(),
                    failed: None,
                    cancelled: None,
                };
                state.audit.insert(id, entry);
            }
            _ => {
                let direction = match text(&row, 2) {
                    Some("down") => Direction::Down,
                    _ => Direction::Up,
                };
                state.steps.entry(id).or_default().push(StepRow {
                    direction,
                    number: number(Some(&row), 3).unwrap_or(0),
                    sha: string(&row, 4),
                    done: text(&row, 5) == Some("done"),
                    note: text(&row, 6).map(str::to_owned),
                });
            }
        }
    }
    state.rows.sort();
    Ok(state)
}

/// The version rows alone, sorted.
pub(super) async fn version_rows(
    client: &Client,
    names: &Names,
) -> Result<Vec<RevisionId>, tokio_postgres::Error> {
    let found = rows(client, &format!("SELECT version_num FROM {}", names.version)).await?;
    let mut ids: Vec<RevisionId> =
        found.iter().map(|row| RevisionId::new(string(row, 0))).collect();
    ids.sort();
    Ok(ids)
}

/// Revisions as a list for a message: `a`, `b`; "base" when there are none.
pub(super) fn named<'a>(ids: impl IntoIterator<Item = &'a RevisionId>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| format!("`{id}`")).collect();
    if ids.is_empty() { "base".into() } else { ids.join(", ") }
}
