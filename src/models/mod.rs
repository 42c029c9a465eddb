//! The declared schema: SQL files that are built in a scratch database, in whatever order they
//! stand.
//!
//! Statements run in the order of the files; what fails because something is not there yet is tried
//! again after the others, until nothing moves. The output of `pg_dump` works as it is. Rows are of
//! no interest: the data of COPY is skipped, and a failed INSERT is only a warning.
//!
//! Nothing here makes a database or reads one: the caller hands in a connection to a scratch
//! database and looks at the result.

mod bodies;
mod build;
mod files;
mod program;
mod roles;
mod statement;
mod subscription;

use std::path::PathBuf;

use crate::code::{Code, Diagnose};

pub use self::{
    build::{Built, Options, build},
    files::{File, read},
    program::{run, sqlalchemy},
};

/// Something about one place of a model that is wrong or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as it is shown.
    pub path: PathBuf,
    /// 1-based line; 0 when the whole file is meant.
    pub line: u32,
    /// One sentence: PostgreSQL's own where it comes from there.
    pub message: String,
    /// More about it, from PostgreSQL.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The stable code.
    pub code: Code,
}

impl Fault {
    /// A fault without detail and hint.
    pub fn new(code: Code, path: &std::path::Path, line: u32, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
            detail: None,
            hint: None,
            code,
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.display();
        match self.line {
            0 => write!(f, "{path}: {}", self.message)?,
            line => write!(f, "{path}:{line}: {}", self.message)?,
        }
        match &self.detail {
            Some(detail) => write!(f, " ({})", detail.trim_end_matches('.')),
            None => Ok(()),
        }
    }
}

/// The models cannot be read or built.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// These places are wrong; at least one.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Fault>),
    /// The connection to the scratch database failed.
    #[error("the connection to the scratch database failed: {0}")]
    Lost(#[from] tokio_postgres::Error),
}

impl From<Fault> for ModelError {
    fn from(fault: Fault) -> Self {
        Self::Faults(vec![fault])
    }
}

impl Diagnose for ModelError {
    fn code(&self) -> Code {
        match self {
            Self::Faults(faults) => faults.first().map_or(Code::Sql, |fault| fault.code),
            Self::Lost(_) => Code::ConnLost,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Faults(faults) => faults.iter().find_map(|fault| fault.hint.clone()),
            Self::Lost(_) => None,
        }
    }
}
