//! New revision files: `revision`, `merge`; from a template, never over an existing file.

use std::path::{Path, PathBuf};

use super::{History, RevisionId};
use crate::code::{Code, Diagnose};

/// What a new revision shall be.
#[derive(Clone, Debug, Default)]
pub struct NewRevision {
    /// Message.
    pub message: String,
    /// Parent(s) as specs; empty means the single head (`head`).
    pub heads: Vec<String>,
    /// Allow a parent that is not a head.
    pub splice: bool,
    /// Labels.
    pub branch_labels: Vec<String>,
    /// Dependencies as specs.
    pub depends_on: Vec<String>,
    /// The id; random when none.
    pub id: Option<RevisionId>,
    /// Now.
    pub created: Option<jiff::Timestamp>,
    /// Text of the up body, empty for a blank one.
    pub up: String,
    /// Text of the down body.
    pub down: String,
}

/// Why no file was written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct WriteError {
    /// The stable code.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnose for WriteError {
    fn code(&self) -> Code {
        self.code
    }
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// Resolves parents and dependencies against the history and writes the file (temporary file, fsync,
/// rename; an existing file is never replaced). `name_template` is `limbeck.toml`'s `file_template`.
/// Returns the path.
pub fn write(
    folder: &Path,
    history: &History,
    rows: &[RevisionId],
    new: &NewRevision,
    name_template: &str,
) -> Result<PathBuf, WriteError> {
    let _ = (folder, history, rows, new, name_template);
    todo!("helper B")
}
