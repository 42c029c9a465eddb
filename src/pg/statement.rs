//! What can be told about a statement from its words alone.

use std::borrow::Cow;

use super::{
    lex::TokenKind,
    secret,
    split::{Piece, Walk, is_dump_guard},
    words::Words,
};

/// Whether a statement may run inside a transaction block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transactionality {
    /// It may.
    Allowed,
    /// The server refuses it with SQLSTATE 25001.
    Forbidden,
    /// That depends on the object (a partitioned index, say): ask the catalog.
    DependsOnCatalog,
}

/// Tells whether `statement` may run in a transaction on a server of this major version.
///
/// Measured on PostgreSQL 13 to 18; the callers of `PreventInTransactionBlock()` in the server's
/// source are the complete list.
pub fn transactionality(statement: &str, major: u32) -> Transactionality {
    use Transactionality::{Allowed, DependsOnCatalog, Forbidden};
    let forbidden_if = |yes: bool| if yes { Forbidden } else { Allowed };
    let mut words = Words::new(statement);
    let first = words.accept_any(&[
        "create", "drop", "alter", "reindex", "vacuum", "cluster", "discard", "commit", "rollback",
    ]);
    match first {
        Some("create") => {
            if words.accept("database") || words.accept("tablespace") {
                return Forbidden;
            }
            if words.accept("subscription") {
                return forbidden_if(makes_slot(words));
            }
            words.accept("unique");
            forbidden_if(words.accept("index concurrently"))
        }
        Some("drop") => {
            if words.accept("subscription") {
                // Only a subscription with a replication slot needs to be alone.
                return DependsOnCatalog;
            }
            forbidden_if(
                words.accept("database")
                    || words.accept("tablespace")
                    || words.accept("index concurrently"),
            )
        }
        Some("alter") => {
            if words.accept("system") {
                return Forbidden;
            }
            if words.accept("database") {
                words.name();
                return forbidden_if(words.accept("set tablespace"));
            }
            if words.accept("subscription") {
                words.name();
                return forbidden_if(alter_subscription_stands_alone(words, major));
            }
            forbidden_if(detach_concurrently(words).is_some())
        }
        Some("reindex") => match reindex(words) {
            Reindex { concurrently: true, .. }
            | Reindex { what: "schema" | "database" | "system", .. } => Forbidden,
            // A partitioned table or index is done partition by partition, each in its own
            // transaction, since 14.
            _ if major >= 14 => DependsOnCatalog,
            _ => Allowed,
        },
        Some("vacuum") => Forbidden,
        Some("cluster") => {
            words.group();
            words.accept("verbose");
            match words.peek() {
                None => Forbidden,
                // Partitioned tables can be clustered since 15.
                Some(_) if major >= 15 => DependsOnCatalog,
                Some(_) => Allowed,
            }
        }
        Some("discard") => forbidden_if(words.accept("all")),
        Some("commit" | "rollback") => forbidden_if(words.accept("prepared")),
        _ => Allowed,
    }
}

/// Tells whether a CREATE SUBSCRIPTION makes a replication slot: `create_slot` is true unless it or
/// `connect` is switched off (`parse_subscription_options()` of subscriptioncmds.c).
fn makes_slot(mut words: Words<'_>) -> bool {
    if words.find(&["with"]).is_none() {
        return true;
    }
    let options = words.group();
    options_value(options.clone(), "create_slot")
        .or_else(|| options_value(options, "connect"))
        .unwrap_or(true)
}

/// Reads a boolean option of a list `(a, b = false, …)`; none when it is not there.
fn options_value(options: Option<Words<'_>>, name: &str) -> Option<bool> {
    let mut options = options?;
    while let Some(mut option) = options.item() {
        if option.at(name) {
            option.advance();
            option.sign("=");
            let value = option.peek_text().trim_matches('\'').to_ascii_lowercase();
            return Some(!matches!(value.as_str(), "false" | "off" | "0"));
        }
    }
    None
}

/// `ALTER SUBSCRIPTION name …`: what talks to the publisher cannot be rolled back
/// (`AlterSubscription()` of subscriptioncmds.c; the options since 17 and 18).
fn alter_subscription_stands_alone(mut words: Words<'_>, major: u32) -> bool {
    if words.accept("refresh") {
        return true;
    }
    if words.accept_any(&["set publication", "add publication", "drop publication"]).is_some() {
        let options = words.find(&["with"]).and_then(|_| words.group());
        return options_value(options, "refresh").unwrap_or(true);
    }
    if words.accept("set") {
        let options = words.group();
        let has = |name| options_value(options.clone(), name).is_some();
        return (major >= 17 && has("failover")) || (major >= 18 && has("two_phase"));
    }
    false
}

/// `REINDEX …` after its first word.
struct Reindex {
    /// index, table, schema, database or system; empty when there is none of them.
    what: &'static str,
    concurrently: bool,
    /// As written; empty when left out, as 16 and later allow for database and system.
    name: String,
}

fn reindex(mut words: Words<'_>) -> Reindex {
    let option = options_value(words.group(), "concurrently");
    let what =
        words.accept_any(&["index", "table", "schema", "database", "system"]).unwrap_or_default();
    let concurrently = words.accept("concurrently") || option == Some(true);
    Reindex { what, concurrently, name: words.name().unwrap_or_default() }
}

/// Parent and partition of `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`, after ALTER.
fn detach_concurrently(mut words: Words<'_>) -> Option<(String, String)> {
    if !words.accept("table") {
        return None;
    }
    words.accept("if exists");
    words.accept("only");
    let parent = words.name()?;
    words.sign("*");
    if !words.accept("detach partition") {
        return None;
    }
    let partition = words.name()?;
    words.accept("concurrently").then_some((parent, partition))
}

/// Tells whether `statement` begins, ends or prepares a transaction (`BEGIN`, `COMMIT`, `ROLLBACK`,
/// `PREPARE TRANSACTION`, …; `SAVEPOINT` and its kin are allowed).
///
/// `TransactionStmt` of gram.y lists them.
pub fn controls_transaction(statement: &str) -> bool {
    let mut words = Words::new(statement);
    let first = words.accept_any(&[
        "begin",
        "start transaction",
        "commit",
        "end",
        "abort",
        "rollback",
        "prepare transaction",
    ]);
    match first {
        None => false,
        Some("rollback") => {
            let _noise = words.accept_any(&["work", "transaction"]);
            !words.at("to")
        }
        Some(_) => true,
    }
}

/// Returns the statement on one line without comments, cut to `width` characters with `…`, and with
/// `PASSWORD '…'` masked.
pub fn summary(statement: &str, width: usize) -> String {
    let mut out = String::new();
    let mut chars = 0;
    let mut blank = false;
    for (token, text) in secret::masked(statement) {
        if token.kind.is_trivia() {
            blank = chars > 0;
            continue;
        }
        // Line ends within quotes become blanks too; the summary is for reading, not for running.
        let lead = blank.then_some(' ');
        for c in lead.into_iter().chain(text.chars()) {
            let c = if c.is_whitespace() { ' ' } else { c };
            if c == ' ' && out.ends_with(' ') {
                continue;
            }
            out.push(c);
            chars += 1;
            if chars > width {
                return shorten(out, width);
            }
        }
        blank = false;
    }
    out
}

/// Cuts a text that is one character too long.
fn shorten(mut text: String, width: usize) -> String {
    let keep = text.char_indices().nth(width.saturating_sub(1)).map_or(0, |(at, _)| at);
    text.truncate(keep);
    text.truncate(text.trim_end().len());
    if width > 0 {
        text.push('…');
    }
    text
}

/// Returns the tokens without comments and blanks, joined by single blanks, words outside quotes in
/// lower case: what must not change for two scripts to mean the same.
///
/// Empty statements do not count, and the last statement has its `;` whether written or not. The
/// data lines of a COPY are kept as they are.
pub fn semantic_text(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut open = false;
    for piece in Walk::new(sql) {
        match piece {
            Piece::Token(token) if token.kind.is_trivia() => {}
            Piece::Token(token) if !open && is_dump_guard(sql, token) => {}
            Piece::Token(token) => {
                if !out.is_empty() {
                    out.push(' ');
                }
                let start = out.len();
                out.push_str(token.text(sql));
                if token.kind == TokenKind::Word {
                    out[start..].make_ascii_lowercase();
                }
                open = true;
            }
            Piece::End { .. } => {
                if std::mem::take(&mut open) {
                    out.push_str(" ;");
                }
            }
            Piece::Data { range, ended } => {
                if ended || !range.is_empty() {
                    out.push('\n');
                    out.push_str(&sql[range]);
                    out.push_str(if ended { "\\." } else { "" });
                }
            }
        }
    }
    if open {
        out.push_str(" ;");
    }
    out
}

/// Masks the text of `PASSWORD '…'` and of passwords in connection strings.
pub fn mask_secrets(sql: &str) -> Cow<'_, str> {
    secret::mask(sql)
}

/// Masks secrets in the options of foreign servers, foreign tables, user mappings and subscriptions;
/// any other statement is left as it is.
pub fn mask_secret_options(sql: &str) -> Cow<'_, str> {
    secret::mask_options(sql)
}

/// What a non-transactional statement does to an index or partition, so that an interrupted one can
/// be recognised when it is resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `CREATE INDEX CONCURRENTLY name ON table`; the name is absent when the server picks it.
    CreateIndex {
        /// Index name as an SQL expression, quoted as written, without schema.
        name: Option<String>,
        /// Table as written (it fixes the index's schema).
        table: String,
    },
    /// `DROP INDEX CONCURRENTLY name`, as written.
    DropIndex {
        /// Index as written.
        name: String,
    },
    /// `REINDEX … CONCURRENTLY`.
    Reindex {
        /// INDEX, TABLE, SCHEMA, DATABASE or SYSTEM.
        what: String,
        /// Object as written; empty when it is left out (DATABASE and SYSTEM, since 16).
        name: String,
    },
    /// `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`.
    Detach {
        /// Parent as written.
        parent: String,
        /// Partition as written.
        partition: String,
    },
    /// `CREATE DATABASE`, `CREATE TABLESPACE`, `CREATE SUBSCRIPTION`, or their DROP.
    Exists {
        /// DATABASE, TABLESPACE or SUBSCRIPTION.
        what: String,
        /// Object as written.
        name: String,
        /// True for DROP.
        drop: bool,
    },
    /// `VACUUM`, `ALTER SYSTEM`, `DISCARD`, …: may be run again.
    Repeatable,
}

/// Recognises the non-transactional statements whose outcome can be probed.
pub fn probe(statement: &str) -> Option<Probe> {
    let mut words = Words::new(statement);
    let first = words.accept_any(&[
        "create",
        "drop",
        "alter",
        "reindex",
        "vacuum",
        "cluster",
        "discard",
        "checkpoint",
    ])?;
    match first {
        "create" => {
            words.accept("unique");
            if words.accept("index concurrently") {
                words.accept("if not exists");
                let name = if words.at("on") { None } else { words.ident().map(str::to_owned) };
                let table = words.accept("on").then(|| {
                    words.accept("only");
                    words.name()
                })??;
                return Some(Probe::CreateIndex { name, table });
            }
            exists(words, false)
        }
        "drop" => {
            if words.accept("index concurrently") {
                words.accept("if exists");
                return Some(Probe::DropIndex { name: words.name()? });
            }
            exists(words, true)
        }
        "alter" => {
            if let Some((parent, partition)) = detach_concurrently(words.clone()) {
                return Some(Probe::Detach { parent, partition });
            }
            if words.accept("subscription") {
                words.name()?;
                // Adding or dropping a publication twice fails; setting and refreshing do not.
                return words.accept_any(&["refresh", "set"]).map(|_| Probe::Repeatable);
            }
            let repeatable = words.accept("system")
                || words.accept("database")
                    && words.name().is_some()
                    && words.accept("set tablespace");
            repeatable.then_some(Probe::Repeatable)
        }
        "reindex" => {
            let Reindex { what, concurrently, name } = reindex(words);
            if what.is_empty() {
                return None;
            }
            Some(if concurrently {
                Probe::Reindex { what: what.to_uppercase(), name }
            } else {
                Probe::Repeatable
            })
        }
        _ => Some(Probe::Repeatable),
    }
}

fn exists(mut words: Words<'_>, drop: bool) -> Option<Probe> {
    let what = words.accept_any(&["database", "tablespace", "subscription"])?.to_uppercase();
    words.accept("if exists");
    Some(Probe::Exists { what, name: words.name()?, drop })
}

#[cfg(test)]
mod tests;
