//! Revisions of Alembic. Their headers are read from the files; their SQL is what Alembic itself
//! prints (`alembic upgrade base:heads --sql`), since only Python knows what a Python file does.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Foreign, ImportError};
use crate::{
    pg::{split::split, statement},
    revision::Direction,
};

/// The settings file that makes a folder one of Alembic's.
pub(super) const SETTINGS: &str = "alembic.ini";

/// The folder of Alembic's files in a project, if it has one.
pub(super) fn folder(root: &Path) -> Option<PathBuf> {
    let settings = fs::read_to_string(root.join(SETTINGS)).ok()?;
    let value = |key: &str| {
        settings.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().replace("%(here)s/", ""))
        })
    };
    let named = value("version_locations").filter(|value| !value.contains([' ', ',', ':', ';']));
    let folder = match named {
        Some(folder) => root.join(folder),
        None => root.join(value("script_location")?).join("versions"),
    };
    folder.is_dir().then_some(folder)
}

/// Reads the revisions of a folder, parents before children.
pub(super) fn read(folder: &Path, root: &Path) -> Result<Vec<Foreign>, ImportError> {
    let headers = headers(folder)?;
    let up = print(root, &["upgrade", "base:heads", "--sql"])?;
    let ups = sections(&up.text, Direction::Up).map_err(|line| unsplit(folder, line))?;
    if let Some(why) = up.failed {
        let last = ups.last().and_then(|section| headers.get(&section.id));
        let path = last.map_or(folder, |header| header.path.as_path());
        return Err(ImportError::at(
            path,
            0,
            format!("Alembic cannot print its SQL: {why}"),
            "`alembic upgrade base:heads --sql` must work: what it asks the database for, write as SQL",
        ));
    }
    let mut downs = downs(folder, root, &headers)?;
    let mut found = Vec::with_capacity(ups.len());
    for Section { id, sql } in ups {
        let Some(header) = headers.get(&id) else {
            return Err(ImportError::at(
                folder,
                0,
                format!("Alembic runs `{id}`, which is in no file here"),
                "`--from DIR` names the folder that holds it",
            ));
        };
        found.push(Foreign {
            message: header.message.clone(),
            up: sql,
            down: downs.remove(&id),
            path: header.path.clone(),
            parents: Some(header.down.clone()),
            branch_labels: header.branch_labels.clone(),
            depends_on: header.depends_on.clone(),
            created: header.created,
            version: id,
        });
    }
    Ok(found)
}

/// The way down from each head, by revision. Alembic prints it for one head at a time, and some
/// revisions have none.
fn downs(
    folder: &Path,
    root: &Path,
    headers: &HashMap<String, Header>,
) -> Result<HashMap<String, String>, ImportError> {
    let parents: HashSet<&String> = headers.values().flat_map(|header| &header.down).collect();
    let mut found = HashMap::new();
    for head in headers.keys().filter(|id| !parents.contains(id)) {
        let printed = print(root, &["downgrade", &format!("{head}:base"), "--sql"])?;
        let mut ways =
            sections(&printed.text, Direction::Down).map_err(|line| unsplit(folder, line))?;
        if printed.failed.is_some() {
            // The last one is cut short.
            ways.pop();
        }
        for Section { id, sql } in ways {
            found.entry(id).or_insert(sql);
        }
    }
    Ok(found)
}

fn unsplit(folder: &Path, line: u32) -> ImportError {
    ImportError::at(
        folder,
        0,
        format!("what Alembic prints is no SQL at its line {line}"),
        "look at `alembic upgrade base:heads --sql`",
    )
}

/// What a file says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Header {
    id: String,
    down: Vec<String>,
    branch_labels: Vec<String>,
    depends_on: Vec<String>,
    message: String,
    created: Option<jiff::Timestamp>,
    path: PathBuf,
}

fn headers(folder: &Path) -> Result<HashMap<String, Header>, ImportError> {
    let failed = |path: &Path, error: std::io::Error| {
        let hint = "check the folder and its rights";
        ImportError::at(path, 0, format!("cannot read it: {error}"), hint)
    };
    let mut found = HashMap::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))?.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        if let Some(header) = header(&text) {
            found.insert(header.id.clone(), Header { path, ..header });
        }
    }
    if found.is_empty() {
        return Err(ImportError::at(
            folder,
            0,
            "it holds no revisions of Alembic",
            "`--from DIR` names another folder, `--tool NAME` another tool",
        ));
    }
    Ok(found)
}

/// The header of a file; none when it is no revision.
fn header(text: &str) -> Option<Header> {
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

/// What Alembic printed, and its last words if it failed.
struct Printed {
    text: String,
    failed: Option<String>,
}

/// Runs the project's own Alembic, or the one that the shell would run.
fn print(root: &Path, args: &[&str]) -> Result<Printed, ImportError> {
    let own = [".venv", "venv", "env"].iter().map(|name| root.join(name).join("bin/alembic"));
    let program = own.into_iter().find(|program| program.is_file());
    let program = program.unwrap_or_else(|| PathBuf::from("alembic"));
    let output = Command::new(&program).args(args).current_dir(root).output().map_err(|error| {
        ImportError::at(
            &root.join(SETTINGS),
            0,
            format!(
                "its SQL is printed by Alembic, but `{}` cannot be run: {error}",
                program.display()
            ),
            "activate its environment first, or put it into .venv",
        )
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let failed = (!output.status.success()).then(|| last.unwrap_or("it said nothing").to_owned());
    Ok(Printed { text: String::from_utf8_lossy(&output.stdout).into_owned(), failed })
}

/// The SQL of one revision.
#[derive(Debug, PartialEq, Eq)]
struct Section {
    id: String,
    sql: String,
}

/// Cuts what Alembic prints into its revisions, without the statements that keep its own table.
/// On an error: the line of the script.
fn sections(script: &str, direction: Direction) -> Result<Vec<Section>, u32> {
    let word = match direction {
        Direction::Up => "upgrade",
        Direction::Down => "downgrade",
    };
    let marker = format!("-- Running {word} ");
    let id = |line: &str| {
        let (from, to) = line.strip_prefix(&marker)?.split_once("->")?;
        let id = if direction == Direction::Up { to } else { from };
        id.split(',').next().map(|id| id.trim().to_owned())
    };
    let mut parts: Vec<(Option<String>, String, u32)> = vec![(None, String::new(), 1)];
    for (line, number) in script.lines().zip(1_u32..) {
        if let Some(id) = id(line) {
            parts.push((Some(id), String::new(), number + 1));
        } else if let Some((_, text, _)) = parts.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    let mut found = Vec::new();
    // Alembic may leave the transaction for a while (`autocommit_block`).
    let mut outside = false;
    for (id, text, first) in parts {
        let mut sql = String::new();
        let mut stands_outside = false;
        for one in split(&text).map_err(|error| first + line_of(&error) - 1)? {
            let statement = &text[one.range.clone()];
            let words = statement::semantic_text(statement).to_uppercase();
            match words.split_whitespace().next() {
                Some("BEGIN") => outside = false,
                Some("COMMIT") => outside = true,
                _ if keeps_version(&words) => {}
                _ => {
                    if outside != stands_outside {
                        let options = if outside { " transaction:false" } else { "" };
                        let short = if direction == Direction::Up { "up" } else { "down" };
                        sql.push_str(&format!("-- migrate:{short}{options}\n\n"));
                        stands_outside = outside;
                    }
                    sql.push_str(statement.trim());
                    sql.push_str(";\n\n");
                }
            }
        }
        if let Some(id) = id {
            sql.truncate(sql.trim_end().len());
            sql.push('\n');
            found.push(Section { id, sql: if sql == "\n" { String::new() } else { sql } });
        }
    }
    Ok(found)
}

fn line_of(error: &crate::pg::split::SplitError) -> u32 {
    match error {
        crate::pg::split::SplitError::Unterminated { line, .. }
        | crate::pg::split::SplitError::PsqlMeta { line, .. } => *line,
    }
}

/// Whether a statement is about the table that Alembic keeps its version in.
fn keeps_version(words: &str) -> bool {
    ["CREATE TABLE", "DROP TABLE", "INSERT INTO", "UPDATE", "DELETE FROM"].iter().any(|verb| {
        let Some(rest) = words.strip_prefix(verb) else { return false };
        let table = rest.trim_start().split([' ', '(', ';']).next().unwrap_or_default();
        table.replace('"', "").rsplit('.').next() == Some("ALEMBIC_VERSION")
    })
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

    #[test]
    fn what_alembic_prints_is_cut_into_revisions() {
        let script = "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL\n);\n\n-- Running upgrade  -> a1\n\nCREATE TABLE t (id INT);\n\nINSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING alembic_version.version_num;\n\n-- Running upgrade a1 -> b2\n\nCOMMIT;\n\nCREATE INDEX CONCURRENTLY i ON t (id);\n\nBEGIN;\n\nUPDATE t SET id = 1;\n\nUPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';\n\n-- Running upgrade a1, b2 -> m3\n\nDELETE FROM alembic_version WHERE alembic_version.version_num = 'a1';\n\nCOMMIT;\n";
        let found = sections(script, Direction::Up).unwrap();
        let found: Vec<(&str, &str)> =
            found.iter().map(|section| (section.id.as_str(), section.sql.as_str())).collect();
        assert_eq!(
            found,
            [
                ("a1", "CREATE TABLE t (id INT);\n"),
                (
                    "b2",
                    "-- migrate:up transaction:false\n\nCREATE INDEX CONCURRENTLY i ON t (id);\n\n-- migrate:up\n\nUPDATE t SET id = 1;\n"
                ),
                ("m3", ""),
            ]
        );
        let script = "BEGIN;\n-- Running downgrade m3 -> a1, b2\nSELECT 1;\nCOMMIT;\n";
        let found = sections(script, Direction::Down).unwrap();
        assert_eq!(found, [Section { id: "m3".into(), sql: "SELECT 1;\n".into() }]);
    }
}
