//! What is to be done with each statement of a model.

use std::borrow::Cow;

use super::{roles, subscription};
use crate::pg::{
    split::{SplitError, Statement, split},
    words::Words,
};

/// One statement of a file, as it is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item<'a> {
    /// 1-based line in the file.
    pub(super) line: u32,
    /// The text to run.
    pub(super) text: Cow<'a, str>,
    /// What to do with it.
    pub(super) sort: Sort,
}

/// What to do with a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// It is part of the schema.
    Schema,
    /// It changes the session for what follows in its file.
    Setting,
    /// It changes rows: its failure matters little.
    Rows,
    /// It makes this role, for the whole server.
    Role(String),
    /// A block of code that speaks of roles, and may make some.
    Code,
    /// Left out; with what the user should know, if anything.
    Skip(Option<&'static str>),
}

const CLUSTER: &str = "it concerns the whole server and is left out of the scratch database";
const COPY: &str = "the rows of COPY are left out: the schema alone is looked at";

/// Splits a file. psql commands that `pg_dump` writes are left out, with a remark each.
pub(super) fn items<'a>(
    text: &'a str,
    remarks: &mut Vec<(u32, String)>,
) -> Result<Vec<Item<'a>>, SplitError> {
    let mut blanked: Option<String> = None;
    let statements = loop {
        match split(blanked.as_deref().unwrap_or(text)) {
            Ok(statements) => break statements,
            Err(SplitError::PsqlMeta { command, line }) if is_harmless(&command) => {
                if command.starts_with("\\c") {
                    remarks.push((line, format!("`{}` is left out", command.trim_end())));
                }
                blanked = Some(without_line(blanked.as_deref().unwrap_or(text), line));
            }
            Err(error) => return Err(error),
        }
    };
    // Offsets are the same in the blanked text.
    Ok(statements.iter().map(|statement| item(text, statement)).collect())
}

/// psql commands that change nothing that matters here.
fn is_harmless(command: &str) -> bool {
    let word = command.split_ascii_whitespace().next().unwrap_or_default();
    matches!(
        word,
        "\\connect"
            | "\\c"
            | "\\echo"
            | "\\qecho"
            | "\\encoding"
            | "\\timing"
            | "\\pset"
            | "\\x"
            | "\\restrict"
            | "\\unrestrict"
    ) || (word == "\\set" && command.split_ascii_whitespace().nth(1) == Some("ON_ERROR_STOP"))
}

/// The text with the psql command on this line replaced by blanks, byte for byte.
fn without_line(text: &str, line: u32) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, piece) in (1..).zip(text.split_inclusive('\n')) {
        match (number == line).then(|| piece.find('\\')).flatten() {
            Some(at) => {
                out.push_str(&piece[..at]);
                let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
                out.extend(piece[at..].bytes().map(blank));
            }
            None => out.push_str(piece),
        }
    }
    out
}

fn item<'a>(text: &'a str, statement: &Statement) -> Item<'a> {
    let text = &text[statement.range.clone()];
    let (sort, text) = classify(text);
    Item { line: statement.line, text, sort }
}

fn classify(text: &str) -> (Sort, Cow<'_, str>) {
    let mut words = Words::new(text);
    let first = words.peek_text().to_ascii_lowercase();
    let as_is = |sort| (sort, Cow::Borrowed(text));
    as_is(match first.as_str() {
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release"
        | "lock" | "discard" | "analyze" | "analyse" | "vacuum" | "reindex" | "checkpoint"
        | "listen" | "unlisten" | "notify" => Sort::Skip(None),
        "prepare" if words.accept("prepare transaction") => Sort::Skip(None),
        "set" => return setting(text, words),
        "reset" => Sort::Setting,
        "select" if text.to_ascii_lowercase().contains("set_config") => Sort::Setting,
        "insert" | "update" | "delete" | "merge" | "truncate" => Sort::Rows,
        "copy" => Sort::Skip(Some(COPY)),
        "do" if roles::spoken_of(text) => Sort::Code,
        "reassign" => Sort::Skip(Some(CLUSTER)),
        "grant" | "revoke" if !words.contains("on") => Sort::Skip(Some(CLUSTER)),
        "grant" | "revoke" if words.contains("on database") || words.contains("on tablespace") => {
            Sort::Skip(Some(CLUSTER))
        }
        "create" if words.accept("create role") || words.accept("create group") => role(words),
        "create" if words.accept("create user") && !words.at("mapping") => role(words),
        "create" if words.accept("create subscription") => {
            return (Sort::Schema, subscription::unconnected(text));
        }
        "comment" if words.accept("comment on") && of_cluster(&mut words) => {
            Sort::Skip(Some(CLUSTER))
        }
        "security" if words.find(&["on"]).is_some() && of_cluster(&mut words) => {
            Sort::Skip(Some(CLUSTER))
        }
        "create" | "alter" | "drop" => {
            words.advance();
            if of_cluster(&mut words) { Sort::Skip(Some(CLUSTER)) } else { Sort::Schema }
        }
        _ => Sort::Schema,
    })
}

fn role(mut words: Words<'_>) -> Sort {
    match words.ident() {
        Some(name) => Sort::Role(crate::pg::ident::unquote_ident(name)),
        None => Sort::Schema,
    }
}

/// Whether an object of the whole server comes next.
fn of_cluster(words: &mut Words<'_>) -> bool {
    if words.accept("user") || words.accept("group") {
        return !words.at("mapping");
    }
    words.accept_any(&["database", "role", "tablespace", "system"]).is_some()
}

/// `SET …`, without what belongs to a transaction or to us.
fn setting<'a>(text: &'a str, mut words: Words<'a>) -> (Sort, Cow<'a, str>) {
    words.advance();
    if words.accept("transaction")
        || words.accept("constraints")
        || words.accept("session characteristics")
    {
        return (Sort::Skip(None), Cow::Borrowed(text));
    }
    if !words.accept("local") {
        words.accept("session");
        if words.at("check_function_bodies") {
            return (Sort::Skip(None), Cow::Borrowed(text));
        }
        return (Sort::Setting, Cow::Borrowed(text));
    }
    // The transactions of a file are not kept; what was set for one lasts to the end of the file.
    let skip = words.at("check_function_bodies");
    let sort = if skip { Sort::Skip(None) } else { Sort::Setting };
    (sort, Cow::Owned(format!("SET {}", words.rest())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorts(text: &str) -> Vec<Sort> {
        let items = items(text, &mut Vec::new()).unwrap();
        items.into_iter().map(|item| item.sort).collect()
    }

    #[test]
    fn the_head_of_a_dump() {
        let mut remarks = Vec::new();
        let text = "\\restrict abc\n\nSET check_function_bodies = false;\n\\connect shop\n\
                    SELECT pg_catalog.set_config('search_path', '', false);\n\
                    CREATE TABLE a ();\nCOPY a FROM stdin;\n1\t\\N\n\\.\n\nALTER TABLE a OWNER TO b;";
        let items = items(text, &mut remarks).unwrap();
        let found: Vec<_> = items.iter().map(|i| (i.line, i.sort.clone())).collect();
        let expected = [
            (3, Sort::Skip(None)),
            (5, Sort::Setting),
            (6, Sort::Schema),
            (7, Sort::Skip(Some(COPY))),
            (11, Sort::Schema),
        ];
        assert_eq!(found, expected);
        assert_eq!(remarks, [(4, "`\\connect shop` is left out".to_owned())]);
        assert!(super::items("\\i other.sql\n", &mut Vec::new()).is_err());
    }

    #[test]
    fn what_concerns_the_whole_server_is_left_out() {
        let server = Sort::Skip(Some(CLUSTER));
        for text in [
            "CREATE DATABASE a",
            "ALTER ROLE a SET x = 1",
            "DROP USER a",
            "COMMENT ON ROLE a IS 'x'",
            "COMMENT ON DATABASE a IS 'x'",
            "GRANT a TO b",
            "GRANT CONNECT ON DATABASE a TO b",
            "ALTER SYSTEM SET x = 1",
            "SECURITY LABEL FOR x ON ROLE a IS 'x'",
        ] {
            assert_eq!(sorts(text), std::slice::from_ref(&server), "{text}");
        }
        for text in [
            "CREATE USER MAPPING FOR a SERVER b",
            "DROP USER MAPPING FOR a SERVER b",
            "GRANT SELECT ON a TO b",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO b",
            "COMMENT ON TABLE a IS 'x'",
            "ALTER TABLE a ADD COLUMN role text",
        ] {
            assert_eq!(sorts(text), [Sort::Schema], "{text}");
        }
        assert_eq!(
            sorts("CREATE ROLE \"A\" LOGIN; CREATE USER b"),
            [Sort::Role("A".into()), Sort::Role("b".into())]
        );
    }

    #[test]
    fn settings_of_a_transaction_last_for_the_file() {
        let text = "BEGIN; SET LOCAL search_path = a; SET CONSTRAINTS ALL DEFERRED; COMMIT";
        let items = items(text, &mut Vec::new()).unwrap();
        assert_eq!(items[1].text, "SET search_path = a");
        let sorts: Vec<_> = items.into_iter().map(|item| item.sort).collect();
        assert_eq!(sorts, [Sort::Skip(None), Sort::Setting, Sort::Skip(None), Sort::Skip(None)]);
    }
}
