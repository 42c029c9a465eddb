//! The engine's error: what happened, where, what state the database is in, what to do next.

use std::path::PathBuf;

use crate::{
    code::{Code, Diagnose},
    revision::{Direction, RevisionId},
};

/// A statement that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The revision.
    pub revision: RevisionId,
    /// Its direction.
    pub direction: Direction,
    /// 1-based statement of `of`; 0 when none was running.
    pub statement: usize,
    /// All statements of the revision.
    pub of: usize,
    /// File, 1-based line and column (characters) the server's position points at.
    pub path: PathBuf,
    /// 1-based line.
    pub line: u32,
    /// 1-based column in characters.
    pub column: u32,
    /// That line of the file, for the caret.
    pub excerpt: String,
    /// SQLSTATE.
    pub sqlstate: Option<String>,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// Where inside functions (CONTEXT).
    pub context: Option<String>,
}

/// What a verb that failed has left in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aftermath {
    /// Nothing was written.
    #[default]
    Untouched,
    /// The revision under way was rolled back.
    RolledBack,
    /// Some statements of a revision outside of transactions are kept; the next run goes on after them.
    Partly,
    /// The revision under way is committed; what came after it failed.
    Committed,
    /// A commit or a statement may have taken effect or not.
    Unknown,
}

/// An error of any verb.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// One sentence, no final period.
    pub message: String,
    /// What state the database is in now: "nothing was changed", "rolled back; the database is at 7f3a91c0".
    pub state: Option<String>,
    /// The same as a fact.
    pub aftermath: Aftermath,
    /// The next command.
    pub hint: Option<String>,
    /// The failed statement.
    pub failure: Option<Box<Failure>>,
    /// More of the same (all problems of a folder), one line each.
    pub more: Vec<String>,
    /// What had been committed before.
    pub done: Vec<RevisionId>,
}

impl Error {
    /// A plain error.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            state: None,
            aftermath: Aftermath::default(),
            hint: None,
            failure: None,
            more: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Adds the next command.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the state of the database.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

impl Diagnose for Error {
    fn code(&self) -> Code {
        self.code
    }
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl From<crate::revision::target::TargetError> for Error {
    fn from(error: crate::revision::target::TargetError) -> Self {
        Self { hint: error.hint, ..Self::new(error.code, error.message) }
    }
}

impl From<crate::db::ConnectError> for Error {
    fn from(error: crate::db::ConnectError) -> Self {
        Self { hint: error.hint, ..Self::new(error.code, error.message) }
    }
}

#[cfg(feature = "server")]
impl From<crate::server::ServerError> for Error {
    fn from(error: crate::server::ServerError) -> Self {
        let more = error.detail.map(|d| d.lines().map(str::to_owned).collect()).unwrap_or_default();
        Self { hint: error.hint, more, ..Self::new(error.code, error.message) }
    }
}

impl From<crate::revision::history::HistoryError> for Error {
    fn from(error: crate::revision::history::HistoryError) -> Self {
        let mut problems = error.0.into_iter();
        let Some(first) = problems.next() else {
            return Self::new(Code::File, "the history has problems");
        };
        Self {
            hint: first.hint,
            more: problems.map(|p| p.message).collect(),
            ..Self::new(first.code, first.message)
        }
    }
}
