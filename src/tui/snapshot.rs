//! What is known of the world outside: read by the worker, replaced part by part, never changed here.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    engine::{
        self, Overview, activity::Activity, overview::RevisionState, record::Entry, sizes::TableRow,
    },
    present::lanes,
    revision::{History, Node, RevisionId},
    server,
    worker::{Origin, event::PoolFacts},
};

/// What is known of the world outside: every part is read by the worker and replaced whole.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The revisions; none while they are being read for the first time.
    pub history: Option<Arc<History>>,
    /// The graph's rows, belonging to `history`.
    pub layout: Option<Arc<lanes::Layout>>,
    /// Where the database stood when it was last reached.
    pub overview: Option<Arc<Overview>>,
    /// Why the last reading of the overview failed.
    pub overview_error: Option<Arc<engine::Error>>,
    /// The server's state.
    pub server: Option<Arc<server::Status>>,
    /// Why it cannot be told.
    pub server_error: Option<Arc<engine::Error>>,
    /// Sessions, locks, settings.
    pub activity: Option<Arc<Activity>>,
    /// Why they could not be read.
    pub activity_error: Option<Arc<engine::Error>>,
    /// What ran before, newest first.
    pub record: Option<Arc<Vec<Entry>>>,
    /// Why it could not be read.
    pub record_error: Option<Arc<engine::Error>>,
    /// Who wrote the revision files; none without git.
    pub origins: Option<Arc<BTreeMap<PathBuf, Origin>>>,
    /// The largest tables, the largest first.
    pub tables: Option<Arc<Vec<TableRow>>>,
    /// Why they could not be read.
    pub tables_error: Option<Arc<engine::Error>>,
    /// The tail of the server's log, oldest first.
    pub log: Option<Arc<Vec<String>>>,
    /// Why it could not be read.
    pub log_error: Option<Arc<engine::Error>>,
    /// The reading connections.
    pub pool: PoolFacts,
}

impl Snapshot {
    /// The state of a node; that of a pending one while nothing is known.
    pub fn state(&self, node: Node) -> RevisionState {
        self.overview
            .as_ref()
            .and_then(|overview| overview.states.get(node.index()))
            .cloned()
            .unwrap_or_default()
    }

    /// Whether a node is applied.
    pub fn applied(&self, node: Node) -> bool {
        self.overview
            .as_ref()
            .and_then(|overview| overview.states.get(node.index()))
            .is_some_and(|state| state.applied)
    }

    /// The version rows; none while nothing is known.
    pub fn rows(&self) -> &[RevisionId] {
        self.overview.as_ref().map_or(&[], |overview| overview.rows.as_slice())
    }

    /// The server accepts connections, as far as is known.
    pub fn server_up(&self) -> bool {
        matches!(
            self.server.as_ref().map(|status| &status.state),
            Some(server::State::Running { .. })
        ) || (self.overview.is_some() && self.overview_error.is_none())
    }
}
