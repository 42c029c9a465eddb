//! `stamp --sql`: the version rows and the audit rows of a stamp, for psql.

use std::fmt::Write;

use super::{begin, prologue, raise};
use crate::{
    engine::{
        Error, Options,
        audit::{self, Course, Entry},
        prepare,
        tables::Names,
        unit, verify,
    },
    pg::ident::quote_literal,
    revision::{History, Plan, RevisionId, target},
};

/// Writes the script that records `SPEC…` (each may be `A:B`; without `A` from base) as applied. In a
/// database that is not at `A` it fails before anything is changed; with `purge` it asks nothing.
pub fn stamp_script(
    history: &History,
    specs: &[&str],
    purge: bool,
    options: &Options,
) -> Result<String, Error> {
    history.check()?;
    let graph = history.graph();
    let plan = match purge {
        true => target::stamp(graph, &[], specs, true)?,
        false => target::offline_stamp(graph, specs)?,
    };
    let names = Names::new(options);
    let ops: Vec<_> = plan.moves.iter().flat_map(|step| step.rows.clone()).collect();
    if names.version.name == "alembic_version" {
        prepare::check_lengths(&ops, Some(32), &names.version.to_string())
            .map_err(|e| Error { state: None, ..e })?;
    }
    let mut out =
        begin(&format!("stamp {}{}", if purge { "--purge " } else { "" }, specs.join(" ")));
    prologue(&mut out, &names, options);
    let _ = writeln!(out, "BEGIN;");
    let _ = writeln!(out, "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE;", names.version);
    if purge {
        let _ = writeln!(out, "DELETE FROM {};", names.version);
    } else {
        exactly(&mut out, &names, &plan.before);
    }
    for op in &ops {
        let _ = writeln!(out, "{};", unit::swap(&names.version.to_string(), op));
    }
    record(&mut out, history, &names, options, &plan);
    let _ = writeln!(out, "DELETE FROM {} WHERE version_table = {};", names.step, names.own);
    let _ = writeln!(out, "COMMIT;");
    Ok(out)
}

/// Refuses a database whose version rows are others than these.
fn exactly(out: &mut String, names: &Names, rows: &[RevisionId]) {
    let (table, n) = (&names.version, rows.len());
    let among = match list(rows) {
        none if none.is_empty() => String::new(),
        some => format!(" OR (SELECT count(*) FROM {table} WHERE version_num IN ({some})) <> {n}"),
    };
    let condition = format!("(SELECT count(*) FROM {table}) <> {n}{among}");
    raise(out, &condition, "this script does not fit here", names);
}

/// Makes the audit table say what the version rows say: `stamped` for what is applied now, `unstamped` for
/// what it took for applied and is not.
fn record(out: &mut String, history: &History, names: &Names, options: &Options, plan: &Plan) {
    let graph = history.graph();
    let (nodes, _) = verify::placed(graph, &plan.after());
    let applied = graph.ancestors(&nodes);
    let run = audit::run_id();
    let entry = Entry { run: &run, actor: &options.actor, direction: "stamp", state: "stamped" };
    let mut ids = Vec::new();
    for node in graph.nodes().filter(|node| applied[node.index()]) {
        let revision = history.revision(node);
        let _ = writeln!(out, "{};", audit::insert(names, entry, revision, &Course::default()));
        ids.push(revision.id.clone());
    }
    let others = match list(&ids) {
        none if none.is_empty() => String::new(),
        some => format!(" AND revision NOT IN ({some})"),
    };
    let _ = writeln!(
        out,
        "INSERT INTO {history} (version_table, run, revision, parents, direction, state, message, xid, finished, tool) \
         SELECT version_table, {run}, revision, parents, 'stamp', 'unstamped', message, \
           pg_catalog.pg_current_xact_id()::text, pg_catalog.clock_timestamp(), {tool} \
         FROM (SELECT DISTINCT ON (revision) * FROM {history} \
           WHERE version_table = {own} AND state <> 'failed' ORDER BY revision, id DESC) AS newest \
         WHERE state IN ({applied}){others};",
        history = names.history,
        run = quote_literal(&run),
        tool = quote_literal(if options.actor.app.is_empty() {
            "limbeck"
        } else {
            &options.actor.app
        }),
        own = names.own,
        applied = crate::engine::state::APPLIED.map(quote_literal).join(", "),
    );
}

fn list(ids: &[RevisionId]) -> String {
    ids.iter().map(|id| quote_literal(id.as_str())).collect::<Vec<_>>().join(", ")
}
