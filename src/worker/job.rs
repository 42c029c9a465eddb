//! What the interface can ask for: a closed set.

use std::sync::Arc;

use super::pending::{Changes, Terms};
use crate::{
    engine::verdict::Verdict,
    plan::rename::Rename,
    revision::{Direction, History, Node, RevisionId, write::NewRevision},
};

/// A run of the migrate lane; counts from 1 in a session of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u32);

/// What can be read again. Each kind has one slot: while one is being read, any number of requests
/// for the same kind become one more reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refresh {
    /// The revision files.
    History,
    /// The version rows and the states of all revisions.
    Overview,
    /// Sessions, locks, settings.
    Activity,
    /// The audit table.
    Record,
    /// Whether the server runs.
    Server,
    /// The tail of the server's log.
    Log,
    /// What models and database differ in.
    Changes,
    /// How large the tables are.
    Tables,
    /// Who wrote the revision files.
    Origins,
}

impl Refresh {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::History,
        Self::Overview,
        Self::Activity,
        Self::Record,
        Self::Server,
        Self::Log,
        Self::Changes,
        Self::Tables,
        Self::Origins,
    ];
}

/// Longer work that tells its stages and can be stopped; one of each sort at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Comparing models and database.
    Changes,
    /// Proving a choice of changes and writing the revision.
    Write,
    /// Building the schema before and after a revision.
    Objects,
}

/// What a run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// `upgrade SPEC`
    Upgrade(String),
    /// `downgrade SPEC`
    Downgrade(String),
    /// `stamp SPEC…`
    Stamp {
        /// The targets.
        specs: Vec<String>,
        /// Forget the rows that are there first.
        purge: bool,
    },
    /// `resolve ID`: a person's word on the statement in doubt of a revision. Runs nothing.
    Settle {
        /// The revision.
        id: RevisionId,
        /// The word.
        verdict: Verdict,
    },
}

impl Run {
    /// The command as it would be typed.
    pub fn command(&self) -> String {
        match self {
            Self::Upgrade(spec) => format!("upgrade {spec}"),
            Self::Downgrade(spec) => format!("downgrade {spec}"),
            Self::Stamp { specs, purge } => {
                let purge = if *purge { " --purge" } else { "" };
                format!("stamp {}{purge}", specs.join(" "))
            }
            Self::Settle { id, verdict } => {
                let word = match verdict {
                    Verdict::Done => "--done",
                    Verdict::Redo => "--redo",
                };
                format!("resolve {id} {word}")
            }
        }
    }

    /// The direction of the scripts; none when none run.
    pub fn direction(&self) -> Option<Direction> {
        match self {
            Self::Upgrade(_) => Some(Direction::Up),
            Self::Downgrade(_) => Some(Direction::Down),
            Self::Stamp { .. } | Self::Settle { .. } => None,
        }
    }
}

/// What can be done with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAction {
    /// Start it, creating it first if needed. Where server programs are missing, the answer is an
    /// offer to download them.
    Start,
    /// Download the server programs, then start it. The user was asked.
    Download,
    /// Stop it.
    Stop,
    /// Stop and start.
    Restart,
}

impl ServerAction {
    /// The verb in its `-ing` form, for progress.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Start => "starting",
            Self::Download => "downloading",
            Self::Stop => "stopping",
            Self::Restart => "restarting",
        }
    }
}

/// One request to the worker.
#[derive(Clone, Debug)]
pub enum Job {
    /// Read something again.
    Refresh(Refresh),
    /// See whether files came or went, and read the history again if so. Costs one look at each
    /// folder.
    Glance,
    /// Change the database: one at a time, on a connection of its own.
    Run {
        /// Its number.
        id: JobId,
        /// What it does.
        run: Run,
    },
    /// Stop a run: the current revision is rolled back.
    Cancel(JobId),
    /// End a run after the current revision.
    Pause(JobId),
    /// Start or stop the server.
    Server(ServerAction),
    /// Cancel the query of a backend, or terminate it.
    Signal {
        /// Backend pid.
        pid: i32,
        /// Terminate instead of cancel.
        terminate: bool,
    },
    /// Write a new revision file.
    Create(Box<NewRevision>),
    /// Look a run over before it is confirmed.
    Review {
        /// Comes back with the answer; only the newest counts.
        generation: u64,
        /// What would run.
        run: Run,
        /// The revisions.
        history: Arc<History>,
        /// Version rows.
        rows: Vec<RevisionId>,
    },
    /// Lay the graph out.
    Layout {
        /// Comes back with the answer; only the newest counts.
        generation: u64,
        /// The revisions.
        history: Arc<History>,
        /// Version rows: branches that hold them come first.
        rows: Vec<RevisionId>,
        /// Revisions that only the database knows; true for version rows.
        orphans: Vec<(RevisionId, bool)>,
        /// Only revisions that this filter shows; empty shows all.
        filter: String,
    },
    /// Find out what a run to a revision would run.
    Mark {
        /// Comes back with the answer; only the newest counts.
        generation: u64,
        /// The revisions.
        history: Arc<History>,
        /// Version rows.
        rows: Vec<RevisionId>,
        /// The target.
        node: Node,
        /// Up or down.
        direction: Direction,
    },
    /// Plan a choice of changes, both ways.
    Plan {
        /// Comes back with the answer; only the newest counts.
        generation: u64,
        /// The changes.
        changes: Arc<Changes>,
        /// Which of them.
        chosen: Vec<bool>,
        /// How it is written.
        terms: Terms,
    },
    /// Write the SQL of a choice to a file for the editor.
    Draft {
        /// The changes.
        changes: Arc<Changes>,
        /// Which of them.
        chosen: Vec<bool>,
        /// How it is written.
        terms: Terms,
        /// What was edited before.
        edited: Option<Arc<str>>,
    },
    /// Read what the editor gave back.
    ReadDraft,
    /// Prove a choice of changes, and write the revision that makes them.
    Write {
        /// The changes.
        changes: Arc<Changes>,
        /// Which of them.
        chosen: Vec<bool>,
        /// How it is written.
        terms: Terms,
        /// The SQL as the user edited it, instead of what is made from the changes.
        edited: Option<Arc<str>>,
        /// Its message, parents and date; the scripts are made from the changes.
        revision: Box<NewRevision>,
    },
    /// Build the schema before and after a revision, and compare them object by object.
    Objects {
        /// Comes back with the answer; only the newest counts.
        generation: u64,
        /// The revisions.
        history: Arc<History>,
        /// Which one.
        node: Node,
    },
    /// These objects of the database are those of the models under another name: compare so from
    /// now on.
    Renames(Vec<Rename>),
    /// Stop longer work.
    Stop(Work),
    /// Compare the up script of a revision with its down script.
    Compare {
        /// Comes back with the answer; only the newest counts.
        generation: u64,
        /// The revisions.
        history: Arc<History>,
        /// Which one.
        node: Node,
    },
}
