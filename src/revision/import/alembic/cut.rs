//! What Alembic prints, cut into its revisions.

use crate::{
    pg::{
        split::split,
        words::{Words, normal_name},
    },
    revision::Direction,
};

/// The SQL of one revision.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) id: String,
    pub(super) sql: String,
}

/// A part of the script: what comes after the line that names its revision, or before the first.
struct Part<'a> {
    id: Option<String>,
    text: &'a str,
    /// Its first line, from 1.
    line: u32,
}

/// Where Alembic keeps its version when it is told nothing else.
pub(super) const DEFAULT_TABLE: &str = "alembic_version";

/// The table that a script of all revisions makes for Alembic's version, as it is written there.
pub(super) fn version_table(script: &str) -> Option<String> {
    let first = parts(script, Direction::Up).into_iter().next()?;
    let statements = split(first.text).ok()?;
    statements.iter().find_map(|one| made_version_table(&first.text[one.range.clone()]))
}

/// Cuts a script into its revisions, without the statements that keep Alembic's own table. On an
/// error: the line of the script.
pub(super) fn sections(
    script: &str,
    direction: Direction,
    version_table: &str,
) -> Result<Vec<Section>, u32> {
    let mut found = Vec::new();
    // Alembic may leave the transaction for a while (`autocommit_block`).
    let mut outside = false;
    for part in parts(script, direction) {
        let statements = split(part.text).map_err(|error| part.line + error.line() - 1)?;
        let texts = statements.iter().map(|one| &part.text[one.range.clone()]);
        let sql = body(texts, direction, version_table, &mut outside);
        found.extend(part.id.map(|id| Section { id, sql }));
    }
    Ok(found)
}

/// The script at the lines that name revisions.
fn parts(script: &str, direction: Direction) -> Vec<Part<'_>> {
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
    let mut parts = Vec::new();
    let (mut name, mut start, mut first, mut at) = (None, 0, 1, 0);
    for (line, number) in script.split_inclusive('\n').zip(1_u32..) {
        let next = at + line.len();
        if let Some(found) = id(line.trim_end()) {
            parts.push(Part { id: name.replace(found), text: &script[start..at], line: first });
            (start, first) = (next, number + 1);
        }
        at = next;
    }
    parts.push(Part { id: name, text: &script[start..], line: first });
    parts
}

/// The statements of one revision, with the markers of limbeck's where the transaction is left and
/// entered again. `outside` tells where it stands before, and then after.
fn body<'a>(
    statements: impl Iterator<Item = &'a str>,
    direction: Direction,
    version_table: &str,
    outside: &mut bool,
) -> String {
    let short = match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    let mut sql = Vec::new();
    let mut stands_outside = false;
    for statement in statements {
        let words = Words::new(statement);
        if words.at("begin") || words.at("commit") {
            *outside = words.at("commit");
        } else if !keeps_version(statement, version_table) {
            if *outside != stands_outside {
                let options = if *outside { " transaction:false" } else { "" };
                sql.push(format!("-- migrate:{short}{options}"));
                stands_outside = *outside;
            }
            sql.push(format!("{};", statement.trim()));
        }
    }
    let mut sql = sql.join("\n\n");
    if !sql.is_empty() {
        sql.push('\n');
    }
    sql
}

/// The name of the table that a statement makes, if it is made to hold a version.
fn made_version_table(statement: &str) -> Option<String> {
    let mut words = Words::new(statement);
    if !words.accept("create table") {
        return None;
    }
    let name = words.name()?;
    words.group()?.accept("version_num").then_some(name)
}

/// Whether a statement is about the table that Alembic keeps its version in.
fn keeps_version(statement: &str, table: &str) -> bool {
    let verbs = ["create table", "drop table", "insert into", "update", "delete from"];
    let mut words = Words::new(statement);
    words.accept_any(&verbs).is_some()
        && words.name().is_some_and(|name| normal_name(&name) == normal_name(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_alembic_prints_is_cut_into_revisions() {
        let script = "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL\n);\n\n-- Running upgrade  -> a1\n\nCREATE TABLE t (id INT);\n\nINSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING alembic_version.version_num;\n\n-- Running upgrade a1 -> b2\n\nCOMMIT;\n\nCREATE INDEX CONCURRENTLY i ON t (id);\n\nBEGIN;\n\nUPDATE t SET id = 1;\n\nUPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';\n\n-- Running upgrade a1, b2 -> m3\n\nDELETE FROM alembic_version WHERE alembic_version.version_num = 'a1';\n\nCOMMIT;\n";
        let found = sections(script, Direction::Up, DEFAULT_TABLE).unwrap();
        assert_eq!(version_table(script).as_deref(), Some("alembic_version"));
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
        let found = sections(script, Direction::Down, DEFAULT_TABLE).unwrap();
        assert_eq!(found, [Section { id: "m3".into(), sql: "SELECT 1;\n".into() }]);
    }

    #[test]
    fn the_version_table_may_be_called_otherwise() {
        let script = "BEGIN;\nCREATE TABLE \"Ops\".versions (\n version_num VARCHAR(32) NOT NULL);\n-- Running upgrade  -> a1\nCREATE TABLE alembic_version (id INT);\nINSERT INTO \"Ops\".versions (version_num) VALUES ('a1');\nCOMMIT;\n";
        let table = version_table(script).unwrap();
        assert_eq!(table, "\"Ops\".versions");
        let found = sections(script, Direction::Up, &table).unwrap();
        assert_eq!(found[0].sql, "CREATE TABLE alembic_version (id INT);\n");
    }

    #[test]
    fn a_line_that_is_no_sql_is_counted_from_the_top() {
        let script = "BEGIN;\n-- Running upgrade  -> a1\nSELECT 1;\nSELECT 'open;\n";
        assert_eq!(sections(script, Direction::Up, DEFAULT_TABLE), Err(4));
    }
}
