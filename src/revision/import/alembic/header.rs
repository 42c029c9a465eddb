//! What a file of Alembic says about itself, read as Python would without running it.

use std::path::PathBuf;

/// What a file says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: String,
    pub(super) down: Vec<String>,
    pub(super) branch_labels: Vec<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) message: String,
    pub(super) created: Option<jiff::Timestamp>,
    pub(super) path: PathBuf,
}

/// The header of a file; none when it is no revision.
pub(super) fn header(text: &str) -> Option<Header> {
    let mut id = assigned(text, "revision");
    let doc = docstring(text);
    let created = doc.lines().find_map(|line| line.strip_prefix("Create Date:")).and_then(|date| {
        let date: jiff::civil::DateTime = date.trim().get(..19)?.replace(' ', "T").parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    let message: Vec<&str> = doc
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty() && !line.starts_with("Revision ID:"))
        .collect();
    Some(Header {
        id: id.pop()?,
        down: assigned(text, "down_revision"),
        branch_labels: assigned(text, "branch_labels"),
        depends_on: assigned(text, "depends_on"),
        message: message.join(" "),
        created,
        path: PathBuf::new(),
    })
}

/// The text between the quotes at the beginning of a file.
fn docstring(text: &str) -> &str {
    for quotes in ["\"\"\"", "'''"] {
        let Some((before, rest)) = text.split_once(quotes) else { continue };
        let code = |line: &str| !line.trim().is_empty() && !line.starts_with('#');
        if before.lines().any(code) {
            continue;
        }
        return rest.split_once(quotes).map_or("", |(doc, _)| doc).trim_start();
    }
    ""
}

/// The strings in what a name is set to at the beginning of a line, with or without its type.
fn assigned(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (kind, value) = rest.split_once('=')?;
        let kind = kind.trim();
        (kind.is_empty() || kind.starts_with(':')).then_some(value)
    });
    let Some(value) = value else { return Vec::new() };
    let mut value = value.to_owned();
    // A tuple may go on over several lines.
    let open = |value: &str| {
        value.matches(['(', '[', '{']).count() > value.matches([')', ']', '}']).count()
    };
    while open(&value) {
        let Some(line) = lines.next() else { break };
        value.push_str(line);
    }
    strings(&value)
}

/// The quoted strings of a line of Python, up to a comment.
fn strings(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find(['"', '\'', '#']) {
        let quote = &rest[at..=at];
        if quote == "#" {
            break;
        }
        let Some((string, after)) = rest[at + 1..].split_once(quote) else { break };
        found.push(string.to_owned());
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_python_would() {
        let text = "# made by hand\n\"\"\"billing: accounts,\nand more\n\nRevision ID: a9\nCreate Date: 2024-06-04 11:00:01.123456\n\n\"\"\"\nfrom alembic import op\n\nrevision: str = 'a9'  # 'not this'\ndown_revision: Union[str, Sequence[str], None] = (\n    \"b1\",\n    'c2',\n)\nbranch_labels = (\"billing\",)\ndepends_on = None\nrevision_notes = 'x'\n";
        let header = header(text).unwrap();
        assert_eq!(header.id, "a9");
        assert_eq!(header.down, ["b1", "c2"]);
        assert_eq!(header.branch_labels, ["billing"]);
        assert_eq!(header.depends_on, [""; 0]);
        assert_eq!(header.message, "billing: accounts, and more");
        assert_eq!(header.created.unwrap().to_string(), "2024-06-04T11:00:01Z");
        assert_eq!(super::header("import os\n"), None);
    }
}
