//! Asking the catalog what became of an interrupted non-transactional statement.

use tokio_postgres::Client;

use super::{
    Error, fault,
    link::{rows, string, text, truth},
};
use crate::pg::{
    ident::quote_literal,
    statement::{Probe, probe},
};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took effect.
    Done,
    /// It did not; run it again after these statements.
    Again(Vec<String>),
    /// It was half done; this statement finishes it.
    Instead(String),
    /// Nobody can tell.
    Unknown,
}

/// An index as the catalog has it.
struct Index {
    name: String,
    oid: String,
    valid: bool,
    /// Somebody is building it now.
    building: bool,
}

/// Whether an error from the server means that nothing was kept but what [`look`] finds.
pub(super) fn certain(statement: &str) -> bool {
    let word: String = statement.chars().take_while(char::is_ascii_alphabetic).collect();
    !(word.eq_ignore_ascii_case("call") || word.eq_ignore_ascii_case("do"))
}

/// Facts to note before the statement runs, for [`look`] to compare with: which indexes the table has,
/// for what is there already is not this statement's work; and whether the object exists.
pub(super) async fn note(client: &Client, statement: &str) -> Result<Option<String>, Error> {
    match probe(statement) {
        Some(Probe::CreateIndex { table, .. }) => {
            let found = indexes(client, &table, None).await?;
            Ok(Some(found.iter().map(|i| i.oid.as_str()).collect::<Vec<_>>().join(" ")))
        }
        Some(Probe::Exists { what, name, drop: false }) => {
            Ok(exists(client, &what, &name).await?.filter(|there| *there).map(|_| THERE.to_owned()))
        }
        _ => Ok(None),
    }
}

/// The note on an object that was there before the statement that makes it.
const THERE: &str = "there";

/// What must be removed before the statement runs for the first time: an invalid index of its name.
pub(super) async fn stale(client: &Client, statement: &str) -> Result<Vec<String>, Error> {
    let Some(Probe::CreateIndex { name: Some(name), table }) = probe(statement) else {
        return Ok(Vec::new());
    };
    let found = indexes(client, &table, Some(&name)).await?;
    Ok(found.iter().filter(|i| !i.valid && !i.building).map(drop_index).collect())
}

/// Looks what became of a statement that was started and never heard of again.
pub(super) async fn look(
    client: &Client,
    statement: &str,
    note: Option<&str>,
) -> Result<Outcome, Error> {
    let Some(probe) = probe(statement) else { return Ok(Outcome::Unknown) };
    Ok(match probe {
        Probe::CreateIndex { name, table } => {
            if name.is_none() && note.is_none() {
                return Ok(Outcome::Unknown);
            }
            let known: Vec<&str> = note.unwrap_or_default().split(' ').collect();
            let found = indexes(client, &table, name.as_deref()).await?;
            let new: Vec<&Index> =
                found.iter().filter(|i| !known.contains(&i.oid.as_str())).collect();
            match new[..] {
                [index] if index.valid => Outcome::Done,
                _ if new.iter().any(|i| i.valid) => Outcome::Unknown,
                _ => Outcome::Again(new.into_iter().map(drop_index).collect()),
            }
        }
        Probe::DropIndex { name } => {
            let sql = format!("SELECT pg_catalog.to_regclass({}) IS NULL", quote_literal(&name));
            if yes(client, &sql).await? { Outcome::Done } else { Outcome::Again(Vec::new()) }
        }
        Probe::Reindex { what, name } => Outcome::Again(leftovers(client, &what, &name).await?),
        Probe::Detach { parent, partition } => detach(client, &parent, &partition).await?,
        Probe::Exists { what, name, drop } => match exists(client, &what, &name).await? {
            None => Outcome::Unknown,
            Some(there) if there == drop || note == Some(THERE) => Outcome::Again(Vec::new()),
            Some(_) => Outcome::Done,
        },
        Probe::Repeatable => Outcome::Again(Vec::new()),
    })
}

/// Whether a database, tablespace or subscription exists; none for other things.
async fn exists(client: &Client, what: &str, name: &str) -> Result<Option<bool>, Error> {
    let (catalog, column) = match what.to_ascii_uppercase().as_str() {
        "DATABASE" => ("pg_database", "datname"),
        "TABLESPACE" => ("pg_tablespace", "spcname"),
        "SUBSCRIPTION" => ("pg_subscription", "subname"),
        _ => return Ok(None),
    };
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.{catalog} WHERE {column} = \
         (pg_catalog.parse_ident({}))[1])",
        quote_literal(name)
    );
    yes(client, &sql).await.map(Some)
}

async fn yes(client: &Client, sql: &str) -> Result<bool, Error> {
    let found = rows(client, sql).await.map_err(|e| fault::plain(&e))?;
    Ok(found.first().is_some_and(|row| truth(row, 0)))
}

/// The indexes of a table, or the one of this name (both as written in the statement).
async fn indexes(client: &Client, table: &str, name: Option<&str>) -> Result<Vec<Index>, Error> {
    let named = name.map_or_else(String::new, |name| {
        format!(" AND c.relname = (pg_catalog.parse_ident({}))[1]", quote_literal(name))
    });
    let sql = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indexrelid, \
           i.indisvalid AND i.indisready AND i.indislive, \
           EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p \
             WHERE p.index_relid = i.indexrelid) \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE i.indrelid = pg_catalog.to_regclass({}){named} ORDER BY i.indexrelid",
        quote_literal(table)
    );
    let found = rows(client, &sql).await.map_err(|e| fault::plain(&e))?;
    Ok(found
        .iter()
        .map(|row| Index {
            name: string(row, 0),
            oid: string(row, 1),
            valid: truth(row, 2),
            building: truth(row, 3),
        })
        .collect())
}

fn drop_index(index: &Index) -> String {
    format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name)
}

/// What an interrupted REINDEX CONCURRENTLY leaves: `…_ccnew` and `…_ccold`, invalid.
async fn leftovers(client: &Client, what: &str, name: &str) -> Result<Vec<String>, Error> {
    let object = quote_literal(name);
    let place = match what.to_ascii_uppercase().as_str() {
        "INDEX" => format!(
            "i.indrelid = (SELECT o.indrelid FROM pg_catalog.pg_index o \
             WHERE o.indexrelid = pg_catalog.to_regclass({object}))"
        ),
        "TABLE" => format!("i.indrelid = pg_catalog.to_regclass({object})"),
        "SCHEMA" => format!("n.nspname = (pg_catalog.parse_ident({object}))[1]"),
        _ => "n.nspname !~ '^pg_'".to_owned(),
    };
    let sql = format!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {place} AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' ORDER BY 1"
    );
    let found = rows(client, &sql).await.map_err(|e| fault::plain(&e))?;
    Ok(found
        .iter()
        .map(|row| format!("DROP INDEX CONCURRENTLY IF EXISTS {}", string(row, 0)))
        .collect())
}

async fn detach(client: &Client, parent: &str, partition: &str) -> Result<Outcome, Error> {
    // The column is not there before 14; a whole-row reference tolerates that.
    let sql = format!(
        "SELECT pg_catalog.to_jsonb(i) ->> 'inhdetachpending' FROM pg_catalog.pg_inherits i \
         WHERE i.inhparent = pg_catalog.to_regclass({}) AND i.inhrelid = pg_catalog.to_regclass({})",
        quote_literal(parent),
        quote_literal(partition)
    );
    let found = rows(client, &sql).await.map_err(|e| fault::plain(&e))?;
    Ok(match found.first() {
        None => Outcome::Done,
        Some(row) if text(row, 0) == Some("true") => {
            Outcome::Instead(format!("ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE"))
        }
        Some(_) => Outcome::Again(Vec::new()),
    })
}
