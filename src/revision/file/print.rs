//! Writing a revision file.

use std::fmt::Write as _;

use super::{Key, Revision, Section};

/// The longest message or value that a header holds, in characters.
const LONGEST: usize = 2000;

/// Prints a revision as a file: what [`parse`](super::parse) reads back as the same revision.
pub fn print(revision: &Revision) -> String {
    let mut out = header(revision);
    let script = &revision.script;
    let mut sections: Vec<(&str, &Section)> =
        script.up.iter().map(|section| ("up", section)).collect();
    sections.extend(script.down.iter().flatten().map(|section| ("down", section)));
    // The order of the file is kept.
    sections.sort_by_key(|(_, section)| section.body.start);
    for (word, section) in sections {
        out.push('\n');
        out.push_str(&marker(word, section));
        let body = script.body(section).trim_matches('\n');
        if !body.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\n{body}\n");
        }
    }
    out
}

/// The first comment block.
pub(super) fn header(revision: &Revision) -> String {
    let ids: Vec<&str> = revision.down.iter().map(super::RevisionId::as_str).collect();
    let created = revision.created.map(|at| at.to_string()).unwrap_or_default();
    let mut out = format!("-- {}\n--\n", message_line(&revision.message));
    for key in Key::ALL {
        let value = match key {
            Key::RevisionId => revision.id.as_str().to_owned(),
            Key::Revises => ids.join(", "),
            Key::CreateDate => created.clone(),
            Key::BranchLabels => revision.branch_labels.join(", "),
            Key::DependsOn => revision.depends_on.join(", "),
        };
        let _ = writeln!(
            out,
            "{}",
            format!("-- {}: {}", key.as_str(), comment_safe(&value)).trim_end()
        );
    }
    out
}

fn marker(word: &str, section: &Section) -> String {
    let option = if section.transactional { "" } else { " transaction:false" };
    format!("-- migrate:{word}{option}\n")
}

/// A message as the first line of a file. One that would read as a key of the header or as a marker
/// is put in quotes: it stays a message.
pub(crate) fn message_line(message: &str) -> String {
    let line = comment_safe(message);
    let key = Key::split(&line).is_some();
    if key || super::section::is_marker(&format!("-- {line}")) {
        format!("\"{line}\"")
    } else {
        line
    }
}

/// Makes any text fit for the rest of a comment line: control characters and line separators become
/// blanks, and it is cut where it is longer than anybody reads.
pub fn comment_safe(text: &str) -> String {
    let line: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    line.trim().to_owned()
}
