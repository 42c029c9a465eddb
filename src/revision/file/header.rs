//! The header: the first comment block of a file, and nothing after it.
//!
//! Only the lines at the very top that begin with `--` count, up to the first marker. A comment
//! further down may say `Revises: …` as it likes: whatever put it there cannot change the graph.

use std::path::Path;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{FileError, HeaderLines, RevisionId, no_id, section};
use crate::code::Code;

/// A key of the header; Alembic's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The revision's own id.
    RevisionId,
    /// Its parents.
    Revises,
    /// When it was made.
    CreateDate,
    /// Labels it declares.
    BranchLabels,
    /// What else must be there before it.
    DependsOn,
}

impl Key {
    /// All keys, in the order they are written.
    pub const ALL: [Self; 5] =
        [Self::RevisionId, Self::Revises, Self::CreateDate, Self::BranchLabels, Self::DependsOn];

    /// The key as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevisionId => "Revision ID",
            Self::Revises => "Revises",
            Self::CreateDate => "Create Date",
            Self::BranchLabels => "Branch Labels",
            Self::DependsOn => "Depends On",
        }
    }

    /// Reads `Key: value` from a comment's text; any case will do.
    pub(super) fn split(comment: &str) -> Option<(Self, &str)> {
        let (name, value) = comment.split_once(':')?;
        let name = name.trim();
        let key = Self::ALL.into_iter().find(|key| key.as_str().eq_ignore_ascii_case(name))?;
        Some((key, value.trim()))
    }
}

/// What the header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) id: Option<RevisionId>,
    pub(super) message: String,
    pub(super) down: Vec<RevisionId>,
    pub(super) depends_on: Vec<String>,
    pub(super) branch_labels: Vec<String>,
    pub(super) created: Option<Timestamp>,
    pub(super) lines: HeaderLines,
    /// Offset of the first byte after the block.
    pub(super) end: usize,
}

pub(super) fn parse(path: &Path, text: &str, errors: &mut Vec<FileError>) -> Header {
    let mut header = Header::default();
    let mut seen = [0_u32; Key::ALL.len()];
    let mut bad = |line, problem: String, hint: Option<String>| {
        errors.push(FileError {
            path: path.to_owned(),
            line,
            code: Code::BadHeader,
            problem,
            hint,
        });
    };
    let mut first = true;
    for line in block(text) {
        header.end = line.end;
        let Some((key, value)) = Key::split(line.comment) else {
            if first {
                line.comment.clone_into(&mut header.message);
            }
            first = false;
            continue;
        };
        first = false;
        let number = line.number;
        let before = &mut seen[key as usize];
        if *before > 0 {
            bad(
                number,
                format!("`{}` is here a second time; line {before} has it too", key.as_str()),
                Some("keep one of the two lines".to_owned()),
            );
            continue;
        }
        *before = number;
        match key {
            Key::RevisionId => {
                header.lines.id = number;
                if value.is_empty() {
                    continue;
                }
                if let Some(why) = unusable(value) {
                    bad(
                        number,
                        format!("the revision id `{value}` {why}"),
                        Some(CHARACTERS.to_owned()),
                    );
                }
                header.id = Some(RevisionId::new(value));
            }
            Key::Revises => {
                header.lines.revises = number;
                header.down = list(value).map(RevisionId::new).collect();
            }
            Key::DependsOn => {
                header.lines.depends_on = number;
                header.depends_on = list(value).map(str::to_owned).collect();
            }
            Key::BranchLabels => {
                header.lines.branch_labels = number;
                header.branch_labels = list(value).map(str::to_owned).collect();
            }
            Key::CreateDate if value.is_empty() => {}
            Key::CreateDate => {
                header.created = date(value);
                if header.created.is_none() {
                    bad(
                        number,
                        format!("`{value}` is no date"),
                        Some("write it like `2026-11-22T08:26:00Z`, or leave it out".to_owned()),
                    );
                }
            }
        }
    }
    if header.id.is_none() {
        errors.push(no_id(path, header.lines.id));
    }
    header
}

const CHARACTERS: &str = "use letters, digits, `_` and `.`";

/// Why an id that stands in a list separated by commas cannot be this text. What the grammar of
/// targets forbids is checked where the graph is built.
fn unusable(id: &str) -> Option<&'static str> {
    if id.contains(',') {
        Some("has a comma, which separates ids")
    } else if id.chars().any(char::is_control) {
        Some("has a control character")
    } else {
        None
    }
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Reads a date as leniently as people and tools write it: RFC 3339, Alembic's
/// `2026-11-22 08:26:00.123456` (taken as UTC), or a day alone.
fn date(value: &str) -> Option<Timestamp> {
    let value = value.strip_suffix(" UTC").unwrap_or(value);
    value.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = value.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

/// A line of the header.
struct Line<'a> {
    /// 1-based.
    number: u32,
    /// Offset of the line's first byte.
    start: usize,
    /// Offset after its line end.
    end: usize,
    /// Its text without `--` and blanks around.
    comment: &'a str,
}

/// The lines of the first comment block; blank lines may stand before it.
fn block(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    let mut begun = false;
    (1_u32..)
        .zip(text.split_inclusive('\n'))
        .map_while(move |(number, line)| {
            let here = start;
            start += line.len();
            let trimmed = line.trim();
            if trimmed.is_empty() && !begun {
                return Some(None);
            }
            let comment = trimmed.strip_prefix("--")?;
            if section::is_marker(line) {
                return None;
            }
            begun = true;
            Some(Some(Line { number, start: here, end: start, comment: comment.trim() }))
        })
        .flatten()
}

/// Returns the file with keys of its header set to new values, and every other byte as it was.
///
/// A key that is not there is added after the last key that is. None when the bytes are no text.
pub fn rewrite(bytes: &[u8], changes: &[(Key, &str)]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = &text[skipped..];
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    let mut pending = changes.to_vec();
    let mut last_key_end = None;
    for line in block(body) {
        let raw = &body[line.start..line.end];
        let Some((key, _)) = Key::split(line.comment) else { continue };
        last_key_end = Some(line.end);
        let Some(at) = pending.iter().position(|(wanted, _)| *wanted == key) else { continue };
        let (_, value) = pending.remove(at);
        let colon = line.start + raw.find(':')? + 1;
        let end = line.start + raw.trim_end().len();
        let new = if value.is_empty() { String::new() } else { format!(" {value}") };
        edits.push((colon, end.max(colon), new));
    }
    let line_end = if body.contains("\r\n") { "\r\n" } else { "\n" };
    let at = last_key_end?;
    for (key, value) in pending {
        let own_line = if body[..at].ends_with('\n') { "" } else { line_end };
        edits.push((at, at, format!("{own_line}-- {}: {value}{line_end}", key.as_str())));
    }
    let mut out = text[..skipped].to_owned();
    let mut copied = 0;
    for (from, to, new) in edits {
        out.push_str(&body[copied..from]);
        out.push_str(&new);
        copied = to;
    }
    out.push_str(&body[copied..]);
    Some(out.into_bytes())
}
