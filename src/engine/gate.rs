//! The gate before data is lost: what a run would take away that its files do not accept, weighed
//! against what is in the database. A table that holds no rows, or is not there, cannot be lost.

use std::{collections::BTreeMap, path::PathBuf};

use tokio_postgres::Client;

use super::{
    Error, Options, fault,
    link::{rows, string},
    prepare::Job,
    session::search_path,
};
use crate::{
    catalog::sizes,
    code::Code,
    hazard::{
        Facts, Size,
        lint::{self, Levels},
        retype,
        rule::Severity,
    },
    pg::{
        ident::quote_literal,
        impact::{self, Name},
        words::normal_name,
    },
    revision::{Direction, RevisionId},
};

/// What happens when a run would lose data that its files do not accept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Losses {
    /// It is remarked.
    #[default]
    Tell,
    /// The run is refused.
    Refuse,
}

/// Data that a run would lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The revision.
    pub revision: RevisionId,
    /// Its file.
    pub path: PathBuf,
    /// 1-based line.
    pub line: u32,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// One sentence.
    pub message: String,
    /// How large the table is.
    pub size: Option<Size>,
    /// The file or the command line accepts it.
    pub accepted: bool,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id: String = self.revision.as_str().chars().take(12).collect();
        write!(f, "{id}: {}", self.message)?;
        match self.size {
            Some(size) => write!(f, " ({})", size.words()),
            None => Ok(()),
        }
    }
}

/// What these jobs would lose, in order.
pub(super) async fn losses(
    client: &Client,
    jobs: &[Job<'_>],
    options: &Options,
    major: u32,
) -> Result<Vec<Loss>, Error> {
    let facts = Facts::of_version(major);
    let levels = Levels { allow: options.allow.clone(), ..Levels::default() };
    let mut made: Vec<(Name, Option<String>)> = Vec::new();
    let mut found = Vec::new();
    for job in jobs.iter().filter(|job| job.direction == Direction::Up) {
        let script = &job.revision.script;
        // What cannot be split was refused before.
        for finding in lint::script(script, &facts, &levels).unwrap_or_default() {
            if finding.direction != Direction::Up || !finding.hazard.loses() {
                continue;
            }
            let column = column_of(&script.text[finding.range.clone()], finding.hazard.action);
            let object = Name::new(&finding.hazard.object);
            let new = made.iter().any(|(name, part)| {
                *name == object && (part.is_none() || *part == column.clone().map(|it| it.0))
            });
            if !new {
                found.push((job, finding, column));
            }
        }
        for part in &job.parts {
            for step in &part.steps {
                let traces = impact::traces(job.text(step));
                made.extend(traces.objects().map(|(name, column)| (Name::new(&name), column)));
            }
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = found.iter().map(|(_, it, _)| it.hazard.object.clone()).collect();
    names.sort();
    names.dedup();
    // A revision that sets its own search_path may mean a table of any schema.
    let anywhere = jobs.iter().any(|job| job.revision.script.text.contains("search_path"));
    let there = place(client, &names, options, anywhere).await?;
    let relations: Vec<(String, String)> = there.values().cloned().collect();
    let sizes = sizes::sizes(client, &relations).await.map_err(|e| fault::plain(&e))?;
    let mut out = Vec::new();
    for (job, finding, column) in found {
        let hazard = finding.hazard;
        let of_table = matches!(
            hazard.rule,
            "drop-column"
                | "drop-table"
                | "truncate"
                | "narrowing-type"
                | "delete-or-update-without-where"
        );
        let mut size = None;
        if of_table && let Some(place) = there.get(&hazard.object) {
            let extent = sizes.get(place);
            if extent.is_some_and(|extent| extent.heap == 0) {
                continue;
            }
            size = extent.map(|extent| Size {
                bytes: extent.bytes,
                rows: extent.rows,
                sessions: extent.sessions,
            });
        } else if of_table {
            continue;
        }
        if hazard.severity < Severity::Danger
            && let Some((column, Some(target))) = &column
            && let Some(old) = type_of(client, &hazard.object, column).await?
            && !retype::judge(&old, target).loses
        {
            continue;
        }
        out.push(Loss {
            revision: job.revision.id.clone(),
            path: job.revision.path.clone(),
            line: finding.line,
            rule: hazard.rule,
            message: hazard.message,
            size,
            accepted: finding.allowed.is_some(),
        });
    }
    Ok(out)
}

/// The column that an action of ALTER TABLE drops or retypes, and its new type.
fn column_of(statement: &str, action: usize) -> Option<(String, Option<String>)> {
    if let Some(Some(column)) = impact::dropped_columns(statement).into_iter().nth(action) {
        return Some((column, None));
    }
    retype::target(statement, action).map(|(column, target)| (column, Some(target)))
}

/// Where relations stand, by their names as written; those that are not there are left out.
async fn place(
    client: &Client,
    names: &[String],
    options: &Options,
    anywhere: bool,
) -> Result<BTreeMap<String, (String, String)>, Error> {
    // For this one query: its statements are one transaction.
    let path = search_path(options, true);
    let list: Vec<String> = names
        .iter()
        .map(|name| {
            let mut parts = normal_name(name);
            let base = parts.pop().unwrap_or_default();
            let plain = if parts.is_empty() { base.as_str() } else { "" };
            format!("({}, {})", quote_literal(name), quote_literal(plain))
        })
        .collect();
    let query = format!(
        "{path}; SELECT 'at', w.name, n.nspname, c.relname \
           FROM (VALUES {}) AS w(name, plain) \
           JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(w.name) \
             OR {anywhere} AND w.plain <> '' AND c.relname = w.plain \
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
        list.join(", ")
    );
    let found = rows(client, &query).await.map_err(|e| fault::plain(&e))?;
    let found = found.iter().filter(|row| string(row, 0) == "at");
    Ok(found.map(|row| (string(row, 1), (string(row, 2), string(row, 3)))).collect())
}

/// The type of a column as it is.
async fn type_of(client: &Client, table: &str, column: &str) -> Result<Option<String>, Error> {
    let column = normal_name(column).pop().unwrap_or_else(|| column.to_owned());
    let query = format!(
        "SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a \
         WHERE a.attrelid = pg_catalog.to_regclass({}) AND a.attname = {} AND NOT a.attisdropped",
        quote_literal(table),
        quote_literal(&column)
    );
    let found = rows(client, &query).await.map_err(|e| fault::plain(&e))?;
    Ok(found.first().map(|row| string(row, 0)))
}

/// Refuses what is not accepted.
pub fn refuse(losses: &[Loss]) -> Result<(), Error> {
    let mut open = losses.iter().filter(|loss| !loss.accepted);
    let Some(first) = open.next() else { return Ok(()) };
    let place = format!("{}:{}", first.path.display(), first.line);
    let mut error = Error::new(Code::DataLoss, format!("data would be lost: {first}, {place}"))
        .with_state("nothing was changed")
        .with_hint(format!(
            "if that is right, say so above the statement: `-- limbeck: allow {0} \"why\"`; or \
             accept it this once with `--allow {0}`",
            first.rule
        ));
    error.more =
        open.map(|loss| format!("{loss}, {}:{}", loss.path.display(), loss.line)).collect();
    Err(error)
}
