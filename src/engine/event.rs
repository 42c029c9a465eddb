//! What happens during a run, as facts for an observer.

use std::time::Duration;

pub use crate::db::lock::Holder as Blocker;
use crate::{
    db::Notice,
    revision::{Direction, RevisionId},
};

/// A revision of the plan, for display.
#[derive(Clone, Debug)]
pub struct PlannedMove {
    /// Its id.
    pub id: RevisionId,
    /// Its message.
    pub message: String,
    /// Up or down.
    pub direction: Direction,
    /// How many statements it has.
    pub statements: usize,
    /// All its sections are transactional.
    pub transactional: bool,
}

/// One event of a run.
#[derive(Clone, Debug)]
pub enum Event {
    /// Connected; backend pid of the migrating session.
    Connected {
        /// Backend pid.
        pid: i32,
    },
    /// Another runner holds the lock.
    WaitingForRunner {
        /// Who, where it can be told.
        holder: Option<Blocker>,
        /// Waited so far.
        waited: Duration,
    },
    /// The plan is fixed and begins.
    Planned(Vec<PlannedMove>),
    /// A revision begins; `index` counts from 0 in the plan.
    RevisionStarted {
        /// Index in the plan.
        index: usize,
        /// Which try, from 1.
        attempt: u32,
    },
    /// A statement begins.
    StatementStarted {
        /// Index of the revision.
        index: usize,
        /// 1-based statement.
        statement: usize,
        /// 1-based line in the file.
        line: u32,
        /// The statement on one line, secrets masked.
        summary: String,
    },
    /// A statement ended well.
    StatementFinished {
        /// Index of the revision.
        index: usize,
        /// 1-based statement.
        statement: usize,
        /// How long it took.
        elapsed: Duration,
        /// Rows, where the command tag tells.
        rows: Option<u64>,
    },
    /// The server said something.
    Notice(Notice),
    /// Somebody blocks us (sent again while it lasts, at least once a second).
    Blocked {
        /// Who.
        by: Vec<Blocker>,
        /// For how long.
        waited: Duration,
    },
    /// Nobody blocks us any more.
    Unblocked,
    /// The revision was rolled back and will be tried again.
    Retrying {
        /// Index of the revision.
        index: usize,
        /// The failed try.
        attempt: u32,
        /// All tries.
        of: u32,
        /// In words.
        reason: String,
        /// Pause before the next try.
        delay: Duration,
    },
    /// The connection was lost; finding out what became of the commit.
    Resolving {
        /// Index of the revision.
        index: usize,
    },
    /// A revision is committed (or, in a dry run, went through).
    RevisionFinished {
        /// Index of the revision.
        index: usize,
        /// How long it took.
        elapsed: Duration,
    },
    /// What is being done now, where it is no revision: "reading the database".
    Stage(String),
    /// A fact worth a line: "database is managed by alembic", …
    Remark(String),
}
