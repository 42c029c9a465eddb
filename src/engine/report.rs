//! What a run did.

use std::time::Duration;

use crate::revision::{Direction, RevisionId};

/// One revision that ran.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its id.
    pub id: RevisionId,
    /// Its message.
    pub message: String,
    /// Up or down.
    pub direction: Direction,
    /// How long it took.
    pub took: Duration,
}

/// The outcome of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What ran, in order; empty when there was nothing to do.
    pub done: Vec<Done>,
    /// Version rows before, sorted.
    pub before: Vec<RevisionId>,
    /// Version rows after, sorted.
    pub after: Vec<RevisionId>,
    /// It was a dry run: everything was rolled back.
    pub dry_run: bool,
    /// In a dry run: what could not be tried, one line each.
    pub not_tried: Vec<String>,
    /// Ended early by pause.
    pub paused: bool,
    /// Another runner held the lock and `IfLocked::Skip` was set.
    pub skipped: bool,
}

impl Report {
    /// Nothing was done, because another runner is at work; the database is at `rows`.
    pub(super) fn skipped(rows: Vec<RevisionId>) -> Self {
        Self { skipped: true, before: rows.clone(), after: rows, ..Self::default() }
    }
}
