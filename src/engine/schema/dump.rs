//! The outside judge: what `pg_dump` says of a database, in a form that can be compared.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Serialize;
use tokio::process::Command;

use super::super::Error;
use crate::{code::Code, config::Connection, pg::statement::mask_secrets, schema::sql::ident};

/// A `pg_dump` that fits a server.
#[derive(Clone, Debug)]
pub(super) struct Dumper(PathBuf);

/// One entry that two dumps do not have alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// `pg_dump`'s own heading: name, type, schema, owner.
    pub heading: String,
    /// Its text in the result; none where it is not there.
    pub got: Option<String>,
    /// Its text where the plan should have led.
    pub wanted: Option<String>,
}

/// A dump, taken apart into its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dump {
    /// As it came.
    pub(super) text: String,
    /// Text of the entries by heading; several of one heading are put together.
    entries: BTreeMap<String, Vec<String>>,
}

impl Dumper {
    /// The first of the programs that is new enough for a server of this version.
    pub(super) async fn find(programs: &[PathBuf], version: u32) -> Option<Self> {
        for program in programs {
            if major(program).await.is_some_and(|major| major >= version / 10_000) {
                return Some(Self(program.clone()));
            }
        }
        None
    }

    /// Dumps the schema of a database, but for `without`: schemas, and tables as schema and name.
    pub(super) async fn dump(
        &self,
        connection: &Connection,
        without: &[(String, Option<String>)],
    ) -> Result<Dump, Error> {
        let mut command = Command::new(&self.0);
        command.arg("--schema-only").arg("--no-password");
        for (schema, table) in without {
            match table {
                None => command.arg(format!("--exclude-schema={}", pattern(schema))),
                Some(table) => {
                    command.arg(format!("--exclude-table={}.{}", pattern(schema), pattern(table)))
                }
            };
        }
        command
            .envs(connection.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let wrong = |why: String| Error::new(Code::File, format!("`pg_dump` failed: {why}"));
        let output = command.output().await.map_err(|e| wrong(e.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(wrong(said.trim().lines().next().unwrap_or_default().to_owned()));
        }
        Ok(Dump::parse(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// A name that matches only itself in `pg_dump`'s patterns.
fn pattern(name: &str) -> String {
    let quoted = ident(name);
    if quoted.starts_with('"') { quoted } else { format!("\"{quoted}\"") }
}

/// The major version of a `pg_dump`; none where it cannot be run.
async fn major(program: &Path) -> Option<u32> {
    let mut command = Command::new(program);
    let output = command.arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
    let text = String::from_utf8(output.await.ok()?.stdout).ok()?;
    let version = text.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

impl Dump {
    /// Takes a dump apart. What the order of the entries brings with it is taken out: settings
    /// stand with the entries that they are for.
    fn parse(text: &str) -> Self {
        let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut heading: Option<&str> = None;
        let mut body: Vec<&str> = Vec::new();
        let mut method = String::new();
        let mut close = |heading: &mut Option<&str>, body: &mut Vec<&str>, method: &str| {
            if let Some(heading) = heading.take() {
                let text = normal(heading, body, method);
                entries.entry(heading.to_owned()).or_default().push(text);
            }
            body.clear();
        };
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            let begins = line == "--"
                && lines.get(at + 1).is_some_and(|next| next.starts_with("-- Name: "))
                && lines.get(at + 2) == Some(&"--");
            if begins {
                close(&mut heading, &mut body, &method);
                heading = Some(lines[at + 1].trim_start_matches("-- "));
                at += 3;
                continue;
            }
            at += 1;
            if let Some(value) = line.strip_prefix("SET default_table_access_method = ") {
                // It stands after the entry before and is for those that follow.
                close(&mut heading, &mut body, &method);
                value.trim_end_matches(';').clone_into(&mut method);
            } else if !line.starts_with("SET default_tablespace = ") {
                body.push(line);
            }
        }
        close(&mut heading, &mut body, &method);
        for texts in entries.values_mut() {
            texts.sort();
        }
        Self { text: text.to_owned(), entries }
    }

    /// The entries that differ from those of `wanted`.
    pub(super) fn differences(&self, wanted: &Self) -> Vec<Entry> {
        let mut headings: Vec<&String> = self.entries.keys().chain(wanted.entries.keys()).collect();
        headings.sort();
        headings.dedup();
        let text = |dump: &Self, heading: &str| dump.entries.get(heading).map(|t| t.join("\n"));
        headings
            .into_iter()
            .map(|heading| Entry {
                heading: heading.clone(),
                got: text(self, heading),
                wanted: text(wanted, heading),
            })
            .filter(|entry| entry.got != entry.wanted)
            .map(|mut entry| {
                for text in [&mut entry.got, &mut entry.wanted].into_iter().flatten() {
                    *text = mask_secrets(text).into_owned();
                }
                entry
            })
            .collect()
    }
}

/// The text of an entry without what only the order of columns, or of grants, decides: the server
/// can only append columns, and prints some lists in their order.
fn normal(heading: &str, body: &[&str], method: &str) -> String {
    let kind = heading.split("; Type: ").nth(1).and_then(|rest| rest.split(';').next());
    let mut lines: Vec<&str> = body.to_vec();
    while lines.last().is_some_and(|line| {
        line.is_empty()
            || *line == "--"
            || line.starts_with("\\unrestrict ")
            || *line == "-- PostgreSQL database dump complete"
    }) {
        lines.pop();
    }
    match kind {
        Some("TABLE" | "FOREIGN TABLE" | "ACL" | "DEFAULT ACL") => {
            let mut lines: Vec<&str> =
                lines.iter().map(|line| line.trim_end_matches(',')).collect();
            lines.retain(|line| !line.is_empty());
            lines.sort_unstable();
            let uses = if kind == Some("TABLE") && !matches!(method, "" | "heap") {
                format!("\nUSING {method}")
            } else {
                String::new()
            };
            lines.join("\n") + &uses
        }
        Some("STATISTICS" | "PUBLICATION TABLE") => {
            let text = lines.join(" ");
            let mut words: Vec<&str> =
                text.split(|c: char| c.is_whitespace() || ",();".contains(c)).collect();
            words.retain(|word| !word.is_empty());
            words.sort_unstable();
            words.join(" ")
        }
        _ => lines.join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: &str, body: &str) -> String {
        format!("--\n-- Name: {name}; Type: {kind}; Schema: public; Owner: me\n--\n\n{body}\n\n\n")
    }

    fn headings(a: &str, b: &str) -> Vec<String> {
        let entries = Dump::parse(a).differences(&Dump::parse(b));
        entries.into_iter().map(|e| e.heading.split(';').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_order_of_entries_and_columns_does_not_count() {
        let t = entry("t", "TABLE", "CREATE TABLE t (\n    a integer,\n    b text\n);");
        let turned = entry("t", "TABLE", "CREATE TABLE t (\n    b text,\n    a integer\n);");
        let v = entry("v", "VIEW", "CREATE VIEW v AS\n SELECT a,\n    b\n   FROM t;");
        let set = "SET default_tablespace = '';\n\n";
        assert_eq!(headings(&format!("{t}{set}{v}"), &format!("{v}{turned}")), [""; 0]);
    }

    #[test]
    fn all_else_counts() {
        let v = entry("v", "VIEW", "CREATE VIEW v AS\n SELECT a,\n    b\n   FROM t;");
        let turned = entry("v", "VIEW", "CREATE VIEW v AS\n SELECT b,\n    a\n   FROM t;");
        assert_eq!(headings(&v, &turned), ["Name: v"]);
        let t = entry("t", "TABLE", "CREATE TABLE t (\n    a integer\n);");
        assert_eq!(headings(&t, &format!("{t}{v}")), ["Name: v"]);
        let method = "SET default_table_access_method = other;\n\n";
        assert_eq!(headings(&format!("{v}{method}{t}"), &format!("{v}{t}")), ["Name: t"]);
    }
}
