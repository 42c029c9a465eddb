//! Writing the audit table: one row for each thing that happened, in the transaction in which it did.

use crate::{
    pg::{ident::quote_literal, statement::mask_secrets},
    revision::{Direction, Revision, RevisionId},
};

use super::{Actor, tables::Names};

/// Longer scripts are not kept in the audit table: their checksums are.
const LONGEST_STORED: usize = 1 << 20;

/// What an audit row says beyond the revision itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) run: &'a str,
    pub(super) actor: &'a Actor,
    /// `up`, `down`, `stamp`, `adopt`.
    pub(super) direction: &'a str,
    /// `applied`, `reverted`, `failed`, `cancelled`, …
    pub(super) state: &'a str,
}

/// How a run of a revision went.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// An SQL expression for the start; the transaction's when none.
    pub(super) started: Option<String>,
    pub(super) lock_wait: std::time::Duration,
    pub(super) tries: u32,
    pub(super) done: usize,
    pub(super) all: usize,
    pub(super) sqlstate: Option<String>,
    pub(super) error: Option<String>,
}

fn nullable(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".into(), quote_literal)
}

/// `INSERT` of a row for a revision whose file is at hand.
pub(super) fn insert(
    names: &Names,
    entry: Entry<'_>,
    revision: &Revision,
    course: &Course,
) -> String {
    let script = &revision.script;
    let (up, down) = (script.checksum(Direction::Up), script.checksum(Direction::Down));
    let stored = |direction| {
        let text = script.marked(direction);
        let kept = text.len() <= LONGEST_STORED && script.sections(direction).is_some();
        nullable(kept.then(|| mask_secrets(&text)).as_deref())
    };
    let parents: Vec<String> = revision.down.iter().map(|id| quote_literal(id.as_str())).collect();
    let path = revision.path.to_string_lossy();
    row(
        names,
        entry,
        &revision.id,
        &format!("ARRAY[{}]::text[]", parents.join(", ")),
        &[
            nullable(up.as_ref().map(|sum| sum.exact.as_str())),
            nullable(up.as_ref().map(|sum| sum.semantic.as_str())),
            nullable(down.as_ref().map(|sum| sum.exact.as_str())),
            nullable(down.as_ref().map(|sum| sum.semantic.as_str())),
            quote_literal(&path),
            quote_literal(&revision.message),
            stored(Direction::Up),
            stored(Direction::Down),
        ],
        course,
    )
}

/// `INSERT` of a row for a revision that no file knows.
pub(super) fn insert_unknown(names: &Names, entry: Entry<'_>, id: &RevisionId) -> String {
    row(names, entry, id, "'{}'", &std::array::from_fn(|_| "NULL".into()), &Course::default())
}

fn row(
    names: &Names,
    entry: Entry<'_>,
    id: &RevisionId,
    parents: &str,
    file: &[String; 8],
    course: &Course,
) -> String {
    let actor = entry.actor;
    format!(
        "INSERT INTO {history} (version_table, run, revision, parents, direction, state, up_exact, up_semantic, \
           down_exact, down_semantic, file, message, up_sql, down_sql, xid, started, finished, \
           lock_wait, tries, statements_done, statements_all, os_user, host, tool, git_commit, \
           sqlstate, error) \
         VALUES ({own}, {run}, {id}, {parents}, '{direction}', '{state}', {file}, \
           pg_catalog.pg_current_xact_id()::text, {started}, pg_catalog.clock_timestamp(), \
           '{wait} ms', {tries}, {done}, {all}, {os_user}, {host}, {tool}, {commit}, {sqlstate}, \
           {error})",
        history = names.history,
        own = names.own,
        run = quote_literal(entry.run),
        id = quote_literal(id.as_str()),
        direction = entry.direction,
        state = entry.state,
        file = file.join(", "),
        started = course.started.as_deref().unwrap_or("pg_catalog.transaction_timestamp()"),
        wait = course.lock_wait.as_millis(),
        tries = course.tries.max(1),
        done = course.done,
        all = course.all,
        os_user = nullable(actor.os_user.as_deref()),
        host = nullable(actor.host.as_deref()),
        tool = quote_literal(if actor.app.is_empty() { "limbeck" } else { &actor.app }),
        commit = nullable(actor.git_commit.as_deref()),
        sqlstate = nullable(course.sqlstate.as_deref()),
        error = nullable(course.error.as_deref().map(mask_secrets).as_deref()),
    )
}

/// The words of the audit table for a finished revision.
pub(super) fn words(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Up => ("up", "applied"),
        Direction::Down => ("down", "reverted"),
    }
}

/// A random identifier for a run, as a UUID (version 4).
pub(super) fn run_id() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the runs are only told apart less well.
    let _ = getrandom::fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = crate::revision::id::hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
