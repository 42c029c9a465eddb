//! The audit table: what ran, when, by whom, how it ended.

use std::time::Duration;

use crate::revision::{Direction, RevisionId};

/// One entry of `limbeck.history`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Groups the entries of one run.
    pub run: String,
    /// Revision.
    pub revision: RevisionId,
    /// Message.
    pub message: String,
    /// Up or down; none for stamp, adopt, …
    pub direction: Option<Direction>,
    /// `applied`, `reverted`, `failed`, `stamped`, `adopted`, …
    pub state: String,
    /// When it began, by the server's clock.
    pub started: Option<jiff::Timestamp>,
    /// How long it took.
    pub took: Option<Duration>,
    /// Session user, os user and host.
    pub by: String,
    /// Error text with SQLSTATE.
    pub error: Option<String>,
}
