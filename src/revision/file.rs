//! One revision file: header, `-- migrate:up`, `-- migrate:down`.

use std::{ops::Range, path::PathBuf, sync::Arc};

use super::RevisionId;
use crate::pg::split::{SplitError, Statement};

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Towards the heads.
    Up,
    /// Towards the base.
    Down,
}

/// A stretch of a script between two markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// False for `transaction:false`.
    pub transactional: bool,
    /// Bytes of the body in [`Script::text`].
    pub body: Range<usize>,
    /// 1-based line of the file on which the body begins.
    pub line: u32,
}

/// The text of a revision file (BOM removed, LF line ends: this is what runs) and its sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The normalised text of the whole file.
    pub text: Arc<str>,
    /// What upgrades, in order.
    pub up: Vec<Section>,
    /// What downgrades, in order; none when the file has no `down` (irreversible).
    pub down: Option<Vec<Section>>,
}

/// SHA-256 over the bodies of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// Over the exact text, in hex.
    pub exact: String,
    /// Over the tokens without comments and blanks, in hex.
    pub semantic: String,
}

impl Script {
    /// The sections of a direction; none when there is no `down`.
    pub fn sections(&self, direction: Direction) -> Option<&[Section]> {
        match direction {
            Direction::Up => Some(&self.up),
            Direction::Down => self.down.as_deref(),
        }
    }

    /// The body of a section.
    pub fn body(&self, section: &Section) -> &str {
        &self.text[section.body.clone()]
    }

    /// All bodies of a direction joined, for people to read (trimmed; empty when there is nothing).
    pub fn readable(&self, direction: Direction) -> String {
        let _ = direction;
        todo!("helper B")
    }

    /// The checksums of a direction; none when there is no `down`.
    pub fn checksum(&self, direction: Direction) -> Option<Checksum> {
        let _ = direction;
        todo!("helper B")
    }

    /// The statements of a section; ranges are offsets in [`Script::text`], lines are lines of the file.
    pub fn statements(&self, section: &Section) -> Result<Vec<Statement>, SplitError> {
        let _ = section;
        todo!("helper B")
    }
}

/// A revision as its file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// The first line of the file, without `--`.
    pub message: String,
    /// Parents in declared order; none for a base.
    pub down: Vec<RevisionId>,
    /// Ids or branch labels.
    pub depends_on: Vec<String>,
    /// Labels declared here.
    pub branch_labels: Vec<String>,
    /// `Create Date`.
    pub created: Option<jiff::Timestamp>,
    /// Where it came from, as it should be shown: relative to the project when below it.
    pub path: PathBuf,
    /// Its text.
    pub script: Script,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {problem}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// 1-based line, 0 when the whole file is meant.
    pub line: u32,
    /// The stable code.
    pub code: crate::code::Code,
    /// One sentence.
    pub problem: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Reads a revision file.
pub fn parse(path: &std::path::Path, bytes: &[u8]) -> Result<Revision, FileError> {
    let _ = (path, bytes);
    todo!("helper B")
}
