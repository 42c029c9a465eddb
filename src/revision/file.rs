//! One revision file: header, `-- migrate:up`, `-- migrate:down`.
//!
//! A file is read in three steps: bytes to text (`text`), the first comment block to a header
//! (`header`), the rest to sections (`section`). Each reports everything wrong that it finds, and
//! a revision whose id is known is still shown, with its problems beside it. What the statements
//! themselves would do wrong is asked for separately ([`Script::check`]).

mod check;
mod header;
mod print;
mod section;
mod text;

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

pub(super) use self::print::message_line;
pub use self::{
    header::{Key, rewrite},
    print::{comment_safe, print},
};
use super::{RevisionId, id::hex};
use crate::pg::{
    split::{self, SplitError, Statement},
    statement::semantic_text,
};

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
        let bodies: Vec<&str> = self
            .sections(direction)
            .unwrap_or_default()
            .iter()
            .map(|section| self.body(section).trim())
            .filter(|body| !body.is_empty())
            .collect();
        bodies.join("\n\n")
    }

    /// All bodies of a direction with the markers that tell them apart; one transaction needs none.
    pub fn marked(&self, direction: Direction) -> String {
        let word = match direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        let bodies: Vec<String> = self
            .sections(direction)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(|(n, section)| {
                let body = self.body(section).trim();
                match (n, section.transactional) {
                    (0, true) => body.to_owned(),
                    (_, true) => format!("-- migrate:{word}\n\n{body}"),
                    (_, false) => format!("-- migrate:{word} transaction:false\n\n{body}"),
                }
            })
            .collect();
        bodies.join("\n\n").trim().to_owned()
    }

    /// The checksums of a direction; none when there is no `down`.
    ///
    /// Blanks around a body do not count even for the exact one: adding a `down` section to a file
    /// must not change its `up`.
    pub fn checksum(&self, direction: Direction) -> Option<Checksum> {
        let sections = self.sections(direction)?;
        let over = |text: &dyn Fn(&str) -> String| {
            let mut hash = Sha256::new();
            for section in sections {
                let text = text(self.body(section).trim());
                // The length keeps two sections apart from one with the same text.
                let head = format!("transaction:{} {}\n", section.transactional, text.len());
                hash.update(head.as_bytes());
                hash.update(text.as_bytes());
            }
            hex(&hash.finalize())
        };
        Some(Checksum { exact: over(&str::to_owned), semantic: over(&semantic_text) })
    }

    /// The statements of a section; ranges are offsets in [`Script::text`], lines are lines of the file.
    pub fn statements(&self, section: &Section) -> Result<Vec<Statement>, SplitError> {
        let lines = section.line.saturating_sub(1);
        let shift =
            |range: Range<usize>| range.start + section.body.start..range.end + section.body.start;
        match split::split(self.body(section)) {
            Ok(mut statements) => {
                for statement in &mut statements {
                    statement.range = shift(statement.range.clone());
                    statement.line += lines;
                    statement.copy_data = statement.copy_data.take().map(shift);
                }
                Ok(statements)
            }
            Err(SplitError::Unterminated { what, line }) => {
                Err(SplitError::Unterminated { what, line: line + lines })
            }
            Err(SplitError::PsqlMeta { command, line }) => {
                Err(SplitError::PsqlMeta { command, line: line + lines })
            }
        }
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
    /// Where its header says what.
    pub lines: HeaderLines,
}

impl Revision {
    /// Gives back what its parts have room for and do not hold: a history may have very many.
    fn shrink(&mut self) {
        self.message.shrink_to_fit();
        self.down.shrink_to_fit();
        self.depends_on.shrink_to_fit();
        self.branch_labels.shrink_to_fit();
        self.script.up.shrink_to_fit();
        if let Some(down) = &mut self.script.down {
            down.shrink_to_fit();
        }
    }
}

/// The lines of a header, 1-based; 0 for a key that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderLines {
    /// `Revision ID`
    pub id: u32,
    /// `Revises`
    pub revises: u32,
    /// `Branch Labels`
    pub branch_labels: u32,
    /// `Depends On`
    pub depends_on: u32,
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

/// Reads a revision file; the first thing wrong with it is the error.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Revision, FileError> {
    let Reading { revision, mut errors } = read(path, bytes);
    match revision {
        Some(revision) if errors.is_empty() => Ok(revision),
        _ if errors.is_empty() => Err(no_id(path, 0)),
        _ => Err(errors.swap_remove(0)),
    }
}

/// What reading a file gave.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The revision, when at least its id could be read.
    pub revision: Option<Revision>,
    /// Everything wrong, by line.
    pub errors: Vec<FileError>,
}

/// Reads a revision file and collects everything that is wrong with it.
pub fn read(path: &Path, bytes: &[u8]) -> Reading {
    let text = match text::decode(path, bytes) {
        Ok(text) => text,
        Err(error) => return Reading { revision: None, errors: vec![error] },
    };
    let mut errors = Vec::new();
    let header = header::parse(path, &text, &mut errors);
    let Some(id) = header.id else {
        // The sections of what may be no revision at all are of no interest.
        return Reading { revision: None, errors };
    };
    let script = section::parse(path, text.into(), header.end, &mut errors);
    errors.sort_by_key(|error| error.line);
    let mut revision = Revision {
        id,
        message: header.message,
        down: header.down,
        depends_on: header.depends_on,
        branch_labels: header.branch_labels,
        created: header.created,
        path: path.to_owned(),
        script,
        lines: header.lines,
    };
    revision.shrink();
    Reading { revision: Some(revision), errors }
}

fn no_id(path: &Path, line: u32) -> FileError {
    FileError {
        path: path.to_owned(),
        line,
        code: crate::code::Code::BadHeader,
        problem: "the first comment block has no `Revision ID`".to_owned(),
        hint: Some(
            "add a line `-- Revision ID: 0123456789ab` to it, or keep files that are no revisions elsewhere".to_owned(),
        ),
    }
}
