//! The text of a new revision file.
//!
//! A project may put a `template.sql.txt` into its folder of revisions. Its placeholders are
//! `{message}`, `{id}`, `{parents}`, `{date}`, `{labels}`, `{depends_on}`, `{up}` and `{down}`;
//! any other braces are text.

use std::{fs, io, path::Path};

use jiff::Timestamp;

use super::WriteError;
use crate::{
    code::Code,
    revision::{
        RevisionId,
        file::{self, comment_safe, message_line},
    },
};

/// The name of a project's own template, in its folder of revisions.
const NAME: &str = "template.sql.txt";

const DEFAULT: &str = "\
-- {message}
--
-- Revision ID: {id}
-- Revises: {parents}
-- Create Date: {date}
-- Branch Labels: {labels}
-- Depends On: {depends_on}

-- migrate:up

{up}

-- migrate:down

{down}
";

/// What goes into a template.
pub(super) struct Fields<'a> {
    pub(super) message: &'a str,
    pub(super) id: &'a RevisionId,
    pub(super) down: &'a [RevisionId],
    pub(super) created: Option<Timestamp>,
    pub(super) labels: &'a [String],
    pub(super) depends_on: &'a [String],
    pub(super) up: &'a str,
    pub(super) down_body: &'a str,
}

/// Reads the project's own template, when there is one.
pub(super) fn custom(folder: &Path) -> Result<Option<String>, WriteError> {
    let path = folder.join(NAME);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WriteError::io("read", &path, &error)),
    }
}

/// Fills a template and reads the result back: it must be the revision that was asked for.
pub(super) fn render(custom: Option<&str>, fields: &Fields<'_>) -> Result<String, WriteError> {
    let text = without_empty_sections(&fill(custom.unwrap_or(DEFAULT), fields));
    let same = file::parse(Path::new(NAME), text.as_bytes()).map(|read| {
        read.id == *fields.id
            && read.down == fields.down
            && read.branch_labels == fields.labels
            && read.depends_on == fields.depends_on
    });
    let why = match same {
        Ok(true) => return Ok(text),
        Ok(false) => "its header says something else than was asked for".to_owned(),
        Err(error) => format!("on line {}, {}", error.line, error.problem),
    };
    let hint = if custom.is_some() {
        "compare `template.sql.txt` with the file that `limbeck revision` writes without it"
    } else {
        "look at the SQL and the message that were given"
    };
    Err(WriteError::new(Code::BadHeader, format!("the new file would not be right: {why}"), hint))
}

/// Drops a marker that another one of the same direction follows with nothing between: a body that
/// begins with a marker of its own (`-- migrate:up transaction:false`) replaces the template's.
fn without_empty_sections(text: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for line in text.lines() {
        for marker in ["-- migrate:up", "-- migrate:down"] {
            let filled = out.iter().rposition(|l| !l.trim().is_empty());
            if line.starts_with(marker)
                && let Some(at) = filled
                && out[at].trim_end() == marker
            {
                out.truncate(at);
            }
        }
        out.push(line);
    }
    let mut text = out.join("\n");
    text.push('\n');
    text
}

/// One pass over the template: what is filled in is never looked at again.
fn fill(template: &str, fields: &Fields<'_>) -> String {
    let mut out = String::new();
    for line in template.split_inclusive('\n') {
        let start = out.len();
        let mut empty = false;
        let mut rest = line;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let field =
                rest.find('}').and_then(|close| Some((value(&rest[1..close], fields)?, close)));
            if let Some((value, close)) = field {
                empty |= value.is_empty();
                out.push_str(&value);
                rest = &rest[close + 1..];
            } else {
                out.push('{');
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        // A key without a value is left out; `Revises:` stays, for "none" is worth saying.
        let filled = out[start..].trim_end().to_owned();
        let key = empty && filled.starts_with("--") && filled.ends_with(':');
        let body = empty && filled.is_empty();
        out.truncate(start);
        if key && !filled.contains("Revises") || body {
            continue;
        }
        out.push_str(&filled);
        out.push('\n');
    }
    squeeze(&out)
}

/// At most one blank line in a row, none at the end: where a body is empty the template has several.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    let mut bodies = false;
    for line in text.lines() {
        bodies |= line.starts_with("-- migrate:");
        let is_blank = line.is_empty();
        if !(is_blank && blank && !bodies) {
            out.push_str(line);
            out.push('\n');
        }
        blank = is_blank;
    }
    let end = out.trim_end().len();
    out.truncate(end);
    out.push('\n');
    out
}

fn value(name: &str, fields: &Fields<'_>) -> Option<String> {
    Some(match name {
        "message" => message_line(fields.message),
        "id" => fields.id.to_string(),
        "parents" => {
            let ids: Vec<&str> = fields.down.iter().map(RevisionId::as_str).collect();
            ids.join(", ")
        }
        // Whole seconds: the date is for people, and the clock's nanoseconds say nothing.
        "date" => fields.created.map(|at| format!("{at:.0}")).unwrap_or_default(),
        "labels" => comment_safe(&fields.labels.join(", ")),
        "depends_on" => comment_safe(&fields.depends_on.join(", ")),
        "up" => fields.up.trim_matches('\n').trim_end().to_owned(),
        "down" => fields.down_body.trim_matches('\n').trim_end().to_owned(),
        _ => return None,
    })
}
