//! The audit table: what ran, when, by whom, how it ended.

use std::time::Duration;

use super::{
    Error, Options, fault,
    link::{Handle, duration, rows, string, text, timestamp},
    tables::{self, Names},
};
use crate::{
    pg::ident::quote_literal,
    revision::{Direction, RevisionId},
};

/// One entry of `limbeck.history`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Groups the entries of one run.
    pub run: String,
    /// Revision.
    pub revision: RevisionId,
    /// Message.
    pub message: String,
    /// Up or down; none for stamp, adopt, …
    pub direction: Option<Direction>,
    /// `applied`, `reverted`, `failed`, `cancelled`, `stamped`, `adopted`, …
    pub state: String,
    /// When it began, by the server's clock.
    pub started: Option<jiff::Timestamp>,
    /// How long it took.
    pub took: Option<Duration>,
    /// Session user, os user and host.
    pub by: String,
    /// Error text with SQLSTATE.
    pub error: Option<String>,
}

/// Reads the newest entries; none when there is no audit table that this role may read.
pub(super) async fn read(
    client: &Handle,
    options: &Options,
    limit: u32,
) -> Result<Vec<Entry>, Error> {
    let names = Names::new(options);
    let facts = tables::facts(client, &names).await?;
    if !facts.history || !facts.history_readable {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT run, revision, pg_catalog.left(message, 200), direction, state, \
           (pg_catalog.date_part('epoch', started) * 1000000)::bigint, \
           (pg_catalog.date_part('epoch', duration) * 1000000)::bigint, \
           by_session_user || COALESCE(' (' || os_user || COALESCE('@' || host, '') || ')', ''), \
           CASE WHEN error IS NOT NULL THEN COALESCE(sqlstate || ': ', '') || pg_catalog.left(error, 500) END \
         FROM {} WHERE version_table = {} ORDER BY id DESC LIMIT {limit}",
        names.history, names.own
    );
    let found = rows(client, &sql).await.map_err(|e| fault::plain(&e))?;
    Ok(found
        .iter()
        .map(|row| Entry {
            run: string(row, 0),
            revision: RevisionId::new(string(row, 1)),
            message: string(row, 2),
            direction: match text(row, 3) {
                Some("up") => Some(Direction::Up),
                Some("down") => Some(Direction::Down),
                _ => None,
            },
            state: string(row, 4),
            started: timestamp(row, 5),
            took: duration(row, 6),
            by: string(row, 7),
            error: text(row, 8).map(str::to_owned),
        })
        .collect())
}

/// A revision as it was applied.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its id.
    pub id: RevisionId,
    /// Its message.
    pub message: String,
    /// What it revised.
    pub parents: Vec<RevisionId>,
    /// The file it stood in.
    pub file: String,
    /// Its scripts; none when they were too long to keep, or there was none.
    pub up: Option<String>,
    /// The way down.
    pub down: Option<String>,
}

/// Reads what was applied last of a revision; its id or the beginning of it, when no other has that.
pub(super) async fn recorded(
    client: &Handle,
    options: &Options,
    id: &str,
) -> Result<Option<Recorded>, Error> {
    let names = Names::new(options);
    let facts = tables::facts(client, &names).await?;
    if !facts.history || !facts.history_readable || id.is_empty() {
        return Ok(None);
    }
    let id = quote_literal(id);
    let sql = format!(
        "SELECT DISTINCT ON (revision) revision, message, \
           pg_catalog.array_to_string(parents, pg_catalog.chr(10)), file, up_sql, down_sql \
         FROM {} WHERE version_table = {} AND revision ^@ {id} AND file IS NOT NULL \
         ORDER BY revision, up_sql IS NULL, id DESC",
        names.history, names.own
    );
    let found = rows(client, &sql).await.map_err(|e| fault::plain(&e))?;
    let [row] = &found[..] else { return Ok(None) };
    Ok(Some(Recorded {
        id: RevisionId::new(string(row, 0)),
        message: string(row, 1),
        parents: string(row, 2).lines().map(RevisionId::new).collect(),
        file: string(row, 3),
        up: text(row, 4).map(str::to_owned),
        down: text(row, 5).map(str::to_owned),
    }))
}
