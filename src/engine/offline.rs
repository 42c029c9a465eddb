//! `--sql`: a script for psql that does what a run would do, guarded against the wrong database.

mod stamp;

use std::fmt::Write;

pub use self::stamp::stamp_script;

use super::{
    Error, Options, audit,
    audit::{Course, Entry},
    prepare::{self, Job},
    session::search_path,
    tables::{self, Names},
};
use crate::{
    pg::ident::{quote_ident, quote_literal},
    revision::{Direction, History, Node, RowOp, target},
};

/// The server version for which statements are judged, for none is at hand: the oldest supported,
/// which refuses the most.
const MAJOR: u32 = 13;

/// Writes the script of `A:B` (or `B` from base).
///
/// Each revision is a transaction that first compares and swaps the version rows; in a database that
/// is somewhere else it fails before anything is changed.
pub fn script(
    history: &History,
    direction: Direction,
    range: &str,
    options: &Options,
) -> Result<String, Error> {
    history.check()?;
    let plan = target::offline(history.graph(), direction, range)?;
    let jobs = prepare::jobs(history, &plan, MAJOR).map_err(|e| Error { state: None, ..e })?;
    let names = Names::new(options);
    if names.version.name == "alembic_version" {
        for job in &jobs {
            prepare::check_lengths(&job.rows, Some(32), &names.version.to_string())
                .map_err(|e| Error { state: None, ..e })?;
        }
    }
    let verb = match direction {
        Direction::Up => "upgrade",
        Direction::Down => "downgrade",
    };
    let mut out = begin(&format!("{verb} {range}"));
    if jobs.is_empty() {
        let _ = writeln!(out, "-- nothing to do");
        return Ok(out);
    }
    prologue(&mut out, &names, options);
    if direction == Direction::Up {
        untouched(&mut out, &names, history, &jobs);
    }
    let run = audit::run_id();
    for job in &jobs {
        revision(&mut out, &names, options, &run, job);
    }
    Ok(out)
}

/// The first lines: which command it was, and what psql and the session must be set to.
fn begin(command: &str) -> String {
    let command: String = command.chars().filter(|c| !c.is_control()).collect();
    // Without a transaction around it, only psql itself can stop after a guard that failed.
    format!(
        "-- limbeck {command} --sql\n\
         -- run it with psql; a database that is somewhere else is refused\n\
         \\set ON_ERROR_STOP on\n\n\
         SET standard_conforming_strings = on;\n\
         SET client_encoding = 'UTF8';\n\n"
    )
}

/// Our tables, where they are not there yet.
fn prologue(out: &mut String, names: &Names, options: &Options) {
    let _ = writeln!(out, "BEGIN;");
    let _ = writeln!(out, "SET LOCAL client_min_messages = warning;");
    let mut schemas = vec![names.schema.as_str(), names.version.schema.as_str()];
    schemas.dedup();
    for schema in schemas.into_iter().filter(|schema| *schema != "public") {
        let _ = writeln!(out, "CREATE SCHEMA IF NOT EXISTS {};", quote_ident(schema));
    }
    let facts = tables::Facts::default();
    for statement in facts.missing(names) {
        if !statement.starts_with("CREATE SCHEMA") {
            let _ = writeln!(out, "{statement};");
        }
    }
    let _ = writeln!(out, "COMMIT;");
    // As a block: psql would print the row of a SELECT.
    let set = search_path(options, false);
    let set = set.strip_prefix("SELECT ").unwrap_or(&set);
    let _ = writeln!(out, "DO $limbeck$ BEGIN PERFORM {set}; END $limbeck$;\n");
}

/// Refuses a database that has any of these revisions, or one above them, already.
fn untouched(out: &mut String, names: &Names, history: &History, jobs: &[Job<'_>]) {
    let graph = history.graph();
    let planned: Vec<Node> = jobs.iter().map(|job| job.node).collect();
    let above = graph.descendants(&planned);
    let ids: Vec<String> = graph
        .nodes()
        .filter(|node| above[node.index()])
        .map(|node| quote_literal(graph.id(node).as_str()))
        .collect();
    raise(
        out,
        &format!(
            "EXISTS (SELECT FROM {} WHERE version_num IN ({}))",
            names.version,
            ids.join(", ")
        ),
        "some of these revisions are applied here already",
        names,
    );
    let _ = writeln!(out);
}

/// A block that ends the script when `condition` holds.
fn raise(out: &mut String, condition: &str, message: &str, names: &Names) {
    let text = quote_literal(&format!("limbeck: {message}; the database is at %"));
    let _ = writeln!(
        out,
        "DO {quote}\nBEGIN\n  IF {condition} THEN\n    RAISE EXCEPTION {text},\n      (SELECT \
         COALESCE(string_agg(version_num::text, ', ' ORDER BY version_num), 'base') FROM {table});\n  \
         END IF;\nEND\n{quote};",
        quote = dollar_quote(condition),
        table = names.version,
    );
}

/// A dollar quote that the text does not hold.
fn dollar_quote(text: &str) -> String {
    (0..=text.len())
        .map(|n| if n == 0 { "$limbeck$".to_owned() } else { format!("$limbeck{n}$") })
        .find(|quote| !text.contains(quote.as_str()))
        .unwrap_or_else(|| "$limbeck$".to_owned())
}

fn revision(out: &mut String, names: &Names, options: &Options, run: &str, job: &Job<'_>) {
    let (word, _) = audit::words(job.direction);
    // Ids and messages come from files; a line end in one would end the comment.
    let title: String = format!("{word} {} {}", job.revision.id, job.revision.message)
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    let _ = writeln!(out, "-- {}\n", title.trim_end());
    let last = job.parts.len().saturating_sub(1);
    if job.transactional() {
        let _ = writeln!(out, "BEGIN;");
        swap(out, names, &job.rows);
        for step in job.parts.iter().flat_map(|part| &part.steps) {
            statement(out, job, step);
        }
        record(out, names, options, run, job);
        let _ = writeln!(out, "COMMIT;\n");
        return;
    }
    let mut recorded = false;
    for (position, part) in job.parts.iter().enumerate() {
        if part.transactional {
            recorded = position == last;
            let _ = writeln!(out, "BEGIN;");
            if recorded {
                swap(out, names, &job.rows);
            } else {
                look(out, names, &job.rows);
            }
            for step in &part.steps {
                statement(out, job, step);
            }
            if recorded {
                record(out, names, options, run, job);
            }
            let _ = writeln!(out, "COMMIT;\n");
        } else {
            look(out, names, &job.rows);
            for step in &part.steps {
                statement(out, job, step);
            }
        }
    }
    if !recorded {
        let _ = writeln!(out, "BEGIN;");
        swap(out, names, &job.rows);
        record(out, names, options, run, job);
        let _ = writeln!(out, "COMMIT;\n");
    }
}

fn statement(out: &mut String, job: &Job<'_>, step: &prepare::Step) {
    let _ = writeln!(out, "{};", job.text(step));
    if let Some(data) = &step.statement.copy_data {
        let data = &job.revision.script.text[data.clone()];
        let end = if data.is_empty() || data.ends_with('\n') { "" } else { "\n" };
        let _ = writeln!(out, "{data}{end}\\.");
    }
}

/// The version rows are as this revision expects them, or the script ends.
fn look(out: &mut String, names: &Names, ops: &[RowOp]) {
    let table = &names.version;
    for op in ops {
        let (id, not) = match op {
            RowOp::Insert(id) => (id, ""),
            RowOp::Delete(id) | RowOp::Update { from: id, .. } => (id, "NOT "),
        };
        let literal = quote_literal(id.as_str());
        let condition = format!("{not}EXISTS (SELECT FROM {table} WHERE version_num = {literal})");
        raise(out, &condition, "this script does not fit here", names);
    }
}

/// Compares and swaps the version rows.
fn swap(out: &mut String, names: &Names, ops: &[RowOp]) {
    look(out, names, ops);
    for op in ops {
        let _ = writeln!(out, "{};", super::unit::swap(&names.version.to_string(), op));
    }
}

fn record(out: &mut String, names: &Names, options: &Options, run: &str, job: &Job<'_>) {
    let (direction, state) = audit::words(job.direction);
    let entry = Entry { run, actor: &options.actor, direction, state };
    let course =
        Course { done: job.statements, all: job.statements, tries: 1, ..Course::default() };
    let _ = writeln!(out, "{};", audit::insert(names, entry, job.revision, &course));
}
