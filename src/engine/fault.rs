//! From the server's error to ours: what it means, where in the file it points, what to do next.

use tokio_postgres::error::{DbError, ErrorPosition};

use super::{
    Error,
    error::Failure,
    prepare::{Job, Step},
};
use crate::{code::Code, db, pg::statement::mask_secrets};

/// SQLSTATEs after which the whole transaction is worth another try.
pub(super) const RETRIABLE: [&str; 3] = ["55P03", "40P01", "40001"];

/// The SQLSTATE, when the server sent one.
pub(super) fn sqlstate(error: &tokio_postgres::Error) -> Option<&str> {
    error.code().map(tokio_postgres::error::SqlState::code)
}

/// Tells whether the connection is gone with this error: nothing more can be said on it.
pub(super) fn lost(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::Severity;

    let severity = error.as_db_error().and_then(DbError::parsed_severity);
    db::lost(error).is_some() || matches!(severity, Some(Severity::Fatal | Severity::Panic))
}

/// The code of an SQLSTATE, where it does not depend on what was going on.
pub(super) fn code(sqlstate: &str) -> Code {
    match sqlstate {
        "55P03" => Code::DdlLockTimeout,
        "40P01" | "40001" => Code::Deadlock,
        "57014" => Code::Cancelled,
        "53100" => Code::DiskFull,
        "42501" => Code::Privilege,
        "25006" => Code::ReadOnly,
        "57P01" | "57P02" | "57P03" => Code::Shutdown,
        "3D000" | "53300" => Code::Connect,
        _ if sqlstate.starts_with("28") => Code::Auth,
        _ if sqlstate.starts_with("08") => Code::ConnLost,
        _ => Code::Sql,
    }
}

/// What to do about an SQLSTATE, where that can be said in general.
fn advice(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "53100" => "make room on the server's disk, then run the same command again",
        "42501" => "run it as a role that has this right, or have it granted",
        "25006" => "connect to the primary, or to a role without `default_transaction_read_only`",
        "2D000" => {
            "a procedure or DO block that commits cannot run in a transaction: put it in a section \
             of its own, `-- migrate:up transaction:false`"
        }
        "25001" => "put it in a section of its own, `-- migrate:up transaction:false`",
        "55P04" => "add the enum value in a revision of its own, before the one that uses it",
        "53300" => "wait until other clients have left, or raise `max_connections`",
        _ => return None,
    })
}

/// An error of a query of our own.
pub(super) fn plain(error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(db) => {
            let state = db.code().code();
            let mut made = Error::new(code(state), first_line(db));
            made.hint = db.hint().map(str::to_owned).or_else(|| advice(state).map(str::to_owned));
            made.more.extend(db.detail().map(str::to_owned));
            made
        }
        None => connection(error),
    }
}

/// An error of a connection, without what was going on.
pub(super) fn connection(error: &tokio_postgres::Error) -> Error {
    if error.as_db_error().is_some() {
        return plain(error);
    }
    let cause = std::error::Error::source(error).map(|e| format!(": {e}")).unwrap_or_default();
    Error::new(Code::ConnLost, format!("the connection to the database was lost: {error}{cause}"))
}

/// An error of opening a connection: nothing was lost, for there never was one.
pub(super) fn opening(error: &tokio_postgres::Error) -> Error {
    if error.as_db_error().is_some() {
        return plain(error);
    }
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), describe);
    Error::new(Code::Connect, format!("no connection to the database: {cause}"))
        .with_hint("check that the server runs, and its host and port")
}

fn describe(cause: &dyn std::error::Error) -> String {
    // The system's own words end in "(os error 111)", which helps nobody.
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

fn first_line(db: &DbError) -> String {
    let line = db.message().lines().next().unwrap_or_default();
    mask_secrets(line).trim_end_matches('.').to_owned()
}

/// The error of a statement of a revision: message, and where in the file.
pub(super) fn statement(
    error: &tokio_postgres::Error,
    job: &Job<'_>,
    step: Option<&Step>,
) -> Error {
    let mut made = plain(error);
    made.more.clear();
    let db = error.as_db_error();
    let text = &*job.revision.script.text;
    let start = step.map_or(0, |s| s.statement.range.start);
    let mut at = start;
    let mut line_above = None;
    match db.and_then(DbError::position) {
        Some(ErrorPosition::Original(position)) if step.is_some() => {
            let characters = (*position as usize).saturating_sub(1);
            at = text[start..].char_indices().nth(characters).map_or(start, |(i, _)| start + i);
        }
        _ => {
            line_above = step.and_then(|s| {
                let data = s.statement.copy_data.as_ref()?;
                Some((data.start, copy_line(db?.where_()?)?))
            });
        }
    }
    if let Some((data, line)) = line_above {
        at = data + text[data..].split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
        at = at.min(text.len());
    }
    let (line, column, excerpt) = match step {
        Some(_) => place(text, at),
        None => (0, 0, String::new()),
    };
    made.hint = db
        .and_then(|db| advice(db.code().code()))
        .map(str::to_owned)
        .or(made.hint.filter(|_| db.is_none()));
    made.failure = Some(Box::new(Failure {
        revision: job.revision.id.clone(),
        direction: job.direction,
        statement: step.map_or(0, |s| s.number),
        of: job.statements,
        path: job.revision.path.clone(),
        line,
        column,
        excerpt,
        sqlstate: db.map(|db| db.code().code().to_owned()),
        detail: db.and_then(DbError::detail).map(|t| mask_secrets(t).into_owned()),
        hint: db.and_then(DbError::hint).map(str::to_owned),
        context: db.and_then(context),
    }));
    made
}

/// CONTEXT, with the inner query where the position points into one.
fn context(db: &DbError) -> Option<String> {
    let inner = match db.position() {
        Some(ErrorPosition::Internal { query, .. }) => {
            let query: String = query.chars().take(500).collect();
            Some(format!("in the query `{}`", mask_secrets(&query)))
        }
        _ => None,
    };
    let parts: Vec<String> =
        inner.into_iter().chain(db.where_().map(|t| mask_secrets(t).into_owned())).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// The data line that `COPY account, line 2, column id: "x"` means. The words are translated in
/// other languages; the number after the first comma is not.
fn copy_line(context: &str) -> Option<usize> {
    let rest = context.strip_prefix("COPY ")?.split_once(", ")?.1;
    let digits: String =
        rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|line| *line > 0)
}

/// Lines are quoted up to places this far along them, in characters.
const LONGEST_LINE: u32 = 20_000;

/// Line, column (both from 1, in characters) and the line's text at a byte of `text`.
pub(super) fn place(text: &str, at: usize) -> (u32, u32, String) {
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() as u32 + 1;
    let column = text[start..at].chars().count() as u32 + 1;
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    // What lies far behind the place, and a line of a megabyte, help nobody.
    let shown = if column <= LONGEST_LINE { column as usize + 500 } else { 0 };
    let excerpt: String = text[start..end].chars().take(shown).collect();
    (line, column, masked_in_place(&excerpt))
}

/// A line without its secrets in which everything behind them stays in its column, for the caret.
fn masked_in_place(line: &str) -> String {
    let masked = mask_secrets(line).into_owned();
    let lost = line.chars().count().saturating_sub(masked.chars().count());
    let same = line.chars().rev().zip(masked.chars().rev()).take_while(|(a, b)| a == b).count();
    let at =
        masked.char_indices().rev().nth(same.saturating_sub(1)).map_or(masked.len(), |(i, _)| i);
    let at = if same == 0 { masked.len() } else { at };
    format!("{}{}{}", &masked[..at], " ".repeat(lost), &masked[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "a\nÄÖ x\nb";
        assert_eq!(place(text, text.find('x').unwrap()), (2, 4, "ÄÖ x".into()));
        assert_eq!(place(text, 0), (1, 1, "a".into()));
        assert_eq!(place(text, text.len()), (3, 2, "b".into()));
    }

    #[test]
    fn a_secret_before_the_place_does_not_move_it() {
        let text = "ALTER ROLE me PASSWORD 'topsecret'; SELECT nope;";
        let (_, column, excerpt) = place(text, text.find("nope").unwrap());
        let shown: String = excerpt.chars().skip(column as usize - 1).collect();
        assert_eq!(shown, "nope;");
        assert!(!excerpt.contains("topsecret"), "{excerpt}");
        assert_eq!(masked_in_place("SELECT 1;"), "SELECT 1;");
    }

    #[test]
    fn a_place_far_along_a_line_is_in_its_excerpt() {
        let text = format!("SELECT {}nope, 2", "1 + ".repeat(400));
        let (_, column, excerpt) = place(&text, text.find("nope").unwrap());
        assert!(excerpt[column as usize - 1..].starts_with("nope"), "{excerpt}");
        let (_, _, excerpt) = place(&"x".repeat(1_000_000), 900_000);
        assert_eq!(excerpt, "");
    }

    #[test]
    fn copy_lines_are_found_in_any_language() {
        assert_eq!(copy_line("COPY account, line 2, column id: \"x\""), Some(2));
        assert_eq!(copy_line("COPY konto, Zeile 17"), Some(17));
        assert_eq!(copy_line("COPY t9, row"), None);
        assert_eq!(copy_line("SQL function \"f\""), None);
    }
}
