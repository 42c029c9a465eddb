//! The SQL of a migration without what only its tool understands.

use crate::pg::{split::split, statement};

/// A script and whether it runs in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) sql: String,
    pub(super) outside: bool,
}

impl Body {
    /// A script as the tool's file has it.
    pub(super) fn new(sql: &str, outside: bool) -> Self {
        let sql = if outside { sql.to_owned() } else { unwrapped(sql) };
        Self { sql: trimmed(&sql), outside }
    }

    /// The body of a revision's section, with a marker of its own where it runs outside a transaction.
    pub(super) fn section(&self, direction: &str) -> String {
        if self.outside && !self.sql.is_empty() {
            format!("-- migrate:{direction} transaction:false\n\n{}", self.sql)
        } else {
            self.sql.clone()
        }
    }
}

/// A script without the BEGIN and COMMIT around it: a revision is a transaction anyway.
fn unwrapped(sql: &str) -> String {
    let Ok(statements) = split(sql) else { return sql.to_owned() };
    let (Some(first), Some(last)) = (statements.first(), statements.last()) else {
        return sql.to_owned();
    };
    let word = |statement: &crate::pg::split::Statement| {
        statement::semantic_text(&sql[statement.range.clone()]).to_uppercase()
    };
    let begins = |text: &str| matches!(text.split_whitespace().next(), Some("BEGIN" | "START"));
    let ends = |text: &str| matches!(text.split_whitespace().next(), Some("COMMIT" | "END"));
    if statements.len() < 2 || !begins(&word(first)) || !ends(&word(last)) {
        return sql.to_owned();
    }
    let (from, to) = (first.range.clone(), last.range.clone());
    let mut inner = sql[..from.start].to_owned();
    inner.push_str(after_semicolon(&sql[from.end..to.start]));
    inner.push_str(after_semicolon(&sql[to.end..]));
    inner
}

/// What follows a statement, without its semicolon.
fn after_semicolon(rest: &str) -> &str {
    rest.trim_start().strip_prefix(';').unwrap_or(rest)
}

/// Without empty lines at both ends, with a line feed at the end.
fn trimmed(sql: &str) -> String {
    let text = sql.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let from = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let to = lines.iter().rposition(|line| !line.is_empty()).map_or(from, |last| last + 1);
    let mut out = lines[from..to].join("\n");
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_around_everything_goes() {
        for (sql, expected) in [
            ("BEGIN;\nCREATE TABLE a ();\nCOMMIT;\n", "CREATE TABLE a ();\n"),
            ("-- why\nstart transaction;\nSELECT 1;\nend;", "-- why\n\nSELECT 1;\n"),
            ("SELECT 1;\n", "SELECT 1;\n"),
            ("\n\nSELECT 'BEGIN; COMMIT;';\r\n\r\n", "SELECT 'BEGIN; COMMIT;';\n"),
            (
                "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$;",
                "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$;\n",
            ),
            ("", ""),
        ] {
            assert_eq!(Body::new(sql, false).sql, expected, "{sql}");
        }
    }

    #[test]
    fn outside_a_transaction_it_says_so() {
        let body = Body::new("CREATE INDEX CONCURRENTLY i ON t (a);", true);
        assert!(body.section("up").starts_with("-- migrate:up transaction:false\n\nCREATE INDEX"));
        assert_eq!(Body::new("", true).section("down"), "");
    }
}
