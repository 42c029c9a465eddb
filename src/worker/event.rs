//! What the worker reports back.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{
    JobId, Origin, Refresh, Review, Scripts, ServerAction, Work,
    pending::{Changes, Planned, Written},
};
use crate::{
    engine::{self, Overview, Report, activity::Activity, record, sizes::TableRow},
    present::{diff::Diff, lanes},
    revision::{Direction, History, Node},
    server,
};

/// A part of the snapshot, freshly read.
#[derive(Clone, Debug)]
pub enum Part {
    /// The revisions.
    History(Arc<History>),
    /// Where the database stands, and the history whose nodes its states belong to.
    Overview(Result<(Arc<History>, Arc<Overview>), Arc<engine::Error>>),
    /// What the server is doing.
    Activity(Result<Arc<Activity>, Arc<engine::Error>>),
    /// What ran before, newest first.
    Record(Result<Arc<Vec<record::Entry>>, Arc<engine::Error>>),
    /// Whether the server runs.
    Server(Result<Arc<server::Status>, Arc<engine::Error>>),
    /// The tail of its log.
    Log(Result<Arc<Vec<String>>, Arc<engine::Error>>),
    /// What models and database differ in.
    Changes(Result<Arc<Changes>, Arc<engine::Error>>),
    /// The largest tables.
    Tables(Result<Arc<Vec<TableRow>>, Arc<engine::Error>>),
    /// Who wrote the revision files, by their paths as they are shown; none without git.
    Origins(Option<Arc<BTreeMap<PathBuf, Origin>>>),
}

impl Part {
    /// The slot it belongs to.
    pub fn kind(&self) -> Refresh {
        match self {
            Self::History(_) => Refresh::History,
            Self::Overview(_) => Refresh::Overview,
            Self::Activity(_) => Refresh::Activity,
            Self::Record(_) => Refresh::Record,
            Self::Server(_) => Refresh::Server,
            Self::Log(_) => Refresh::Log,
            Self::Changes(_) => Refresh::Changes,
            Self::Tables(_) => Refresh::Tables,
            Self::Origins(_) => Refresh::Origins,
        }
    }
}

/// Revisions that a run would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Indexed by node.
    pub nodes: Vec<bool>,
    /// How many.
    pub count: usize,
}

/// How the reading connections are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolFacts {
    /// At most so many.
    pub max: usize,
    /// Open now.
    pub open: usize,
    /// Of them unused.
    pub idle: usize,
    /// Requests that wait for one.
    pub waiting: usize,
}

/// One event of the worker.
#[derive(Clone, Debug)]
pub enum WorkerEvent {
    /// A reading ended and differs from the one before.
    Fresh(Part),
    /// A reading ended and nothing changed.
    Unchanged(Refresh),
    /// The state of the pool changed.
    Pool(PoolFacts),
    /// A run reported progress.
    Progress(JobId, engine::Event),
    /// A run ended.
    Ended(JobId, Result<Report, Arc<engine::Error>>),
    /// A server action reached a stage ("initdb", "starting").
    ServerStage(ServerAction, String),
    /// A start needs server programs that this machine does not have: what would be downloaded,
    /// and from where. Nothing was started.
    DownloadOffered(String),
    /// A server action ended.
    ServerDone(ServerAction, Result<(), Arc<engine::Error>>),
    /// A backend was cancelled or terminated; false when it was gone already.
    Signalled {
        /// Backend pid.
        pid: i32,
        /// Terminated rather than cancelled.
        terminate: bool,
        /// Whether it was there.
        outcome: Result<bool, Arc<engine::Error>>,
    },
    /// A revision file was written.
    Created(Result<PathBuf, Arc<engine::Error>>),
    /// A run was looked over.
    Reviewed {
        /// Which request.
        generation: u64,
        /// What it found.
        review: Arc<Review>,
    },
    /// The graph is laid out.
    LaidOut {
        /// Which request.
        generation: u64,
        /// The history it belongs to.
        history: Arc<History>,
        /// The rows.
        layout: Arc<lanes::Layout>,
    },
    /// What a run to a revision would run, or why it cannot.
    Marked {
        /// Which request.
        generation: u64,
        /// The target.
        node: Node,
        /// Up or down.
        direction: Direction,
        /// The revisions.
        outcome: Result<Marks, String>,
    },
    /// Two scripts are compared.
    Compared {
        /// Which request.
        generation: u64,
        /// Which revision.
        node: Node,
        /// Both of them.
        scripts: Scripts,
    },
    /// The model files changed since they were compared.
    ModelsChanged,
    /// Longer work reached a stage.
    Stage(Work, String),
    /// A choice of changes is planned.
    Planned {
        /// Which request.
        generation: u64,
        /// The scripts.
        planned: Arc<Planned>,
    },
    /// The SQL of a choice stands in a file for the editor.
    Drafted(Result<PathBuf, Arc<engine::Error>>),
    /// What the editor gave back, ready to be drawn.
    DraftRead(Result<Arc<Planned>, Arc<engine::Error>>),
    /// A revision was proved and written, or why not.
    Written(Result<Arc<Written>, Arc<engine::Error>>),
    /// The schema before and after a revision, one part for each object that differs.
    Objects {
        /// Which request.
        generation: u64,
        /// Which revision.
        node: Node,
        /// The objects.
        outcome: Result<Arc<Diff>, Arc<engine::Error>>,
    },
}
