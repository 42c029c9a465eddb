//! Migrations of other tools, as what a revision is made of: an id, a message, SQL up and down, and
//! whether it runs in a transaction. Pure but for reading files.

mod alembic;
mod body;
mod tools;

use std::path::{Path, PathBuf};

pub use tools::{Tool, detect, read};

/// What another tool has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The tool.
    pub tool: Tool,
    /// Its migrations, in the order in which it runs them.
    pub migrations: Vec<Foreign>,
    /// The table that says where a database stands, if limbeck can go on with it; as SQL writes it.
    pub version_table: Option<String>,
    /// Its models, where they can go on to be limbeck's.
    pub models: Option<PathBuf>,
}

/// A migration of another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What the tool calls it: digits in the order of the migrations, or an id.
    pub version: String,
    /// Its name in words.
    pub message: String,
    /// SQL that runs it.
    pub up: String,
    /// SQL that undoes it; none when the tool has none.
    pub down: Option<String>,
    /// The file it comes from.
    pub path: PathBuf,
    /// The versions that it follows, where the tool knows more than an order; none follows the one
    /// before.
    pub parents: Option<Vec<String>>,
    /// Labels of a branch.
    pub branch_labels: Vec<String>,
    /// What must run before beside its parents.
    pub depends_on: Vec<String>,
    /// When it was made, if that is known from more than its version.
    pub created: Option<jiff::Timestamp>,
}

/// Why migrations cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ImportError {
    /// One sentence.
    pub message: String,
    /// The file, when it is one.
    pub path: Option<PathBuf>,
    /// 1-based line in it; 0 for the whole file.
    pub line: u32,
    /// What to do.
    pub hint: String,
}

impl ImportError {
    fn at(path: &Path, line: u32, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), hint.into());
        Self { message, path: Some(path.to_owned()), line, hint }
    }
}
