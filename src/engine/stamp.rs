//! Recording without running: `stamp`, and adopting what another tool has applied.

use super::{
    Aftermath, Control, Engine, Error, Report, audit,
    audit::{Course, Entry},
    event::Event,
    fault, prepare,
    run::Runner,
    session::{CLEAN, settings},
    state::State,
    tables,
    unit::swap,
    verify,
};
use crate::{
    code::Code,
    revision::{Node, RevisionId, target},
};

/// Audit rows go to the server in batches of this many.
const BATCH: usize = 200;

impl Runner<'_> {
    /// Writes `adopt` rows for what stands below the version rows and the audit table has not seen.
    pub(super) async fn adopt(&mut self, state: &State) -> Result<(), Error> {
        let history = &self.engine.history;
        let nodes = verify::adoptable(history.graph(), state);
        if nodes.is_empty() {
            return Ok(());
        }
        let count = match nodes.len() {
            1 => "1 revision was".to_owned(),
            several => format!("{several} revisions were"),
        };
        self.control
            .emit(Event::Remark(format!("{count} applied by another tool: recorded as adopted")));
        let inserts = self.inserts(&nodes, "adopt", "adopted");
        let mut sql = vec!["BEGIN".to_owned()];
        sql.extend(inserts);
        sql.push("COMMIT".into());
        self.batches(&sql).await
    }

    fn inserts(&self, nodes: &[Node], direction: &str, word: &str) -> Vec<String> {
        let history = &self.engine.history;
        let entry =
            Entry { run: &self.run, actor: &self.engine.options.actor, direction, state: word };
        nodes
            .iter()
            .map(|node| {
                audit::insert(&self.names, entry, history.revision(*node), &Course::default())
            })
            .collect()
    }

    async fn batches(&mut self, sql: &[String]) -> Result<(), Error> {
        for batch in sql.chunks(BATCH) {
            if let Err(error) = self.conn.client.batch_execute(&batch.join("; ")).await {
                self.rollback().await;
                let made = match fault::sqlstate(&error) {
                    // The guard's division by zero.
                    Some("22012") => Error::new(
                        Code::HeadMoved,
                        "the version rows were changed meanwhile by somebody else",
                    ),
                    _ => fault::plain(&error),
                };
                return Err(self.placed(made, Aftermath::RolledBack, "rolled back"));
            }
        }
        Ok(())
    }
}

/// Runs `stamp`: version rows by the plan; the audit table then says the same as they do, with the
/// files as they are now.
pub(super) async fn stamp(
    engine: &Engine,
    specs: &[&str],
    purge: bool,
    control: &Control,
) -> Result<Report, Error> {
    let history = &engine.history;
    let graph = history.graph();
    let mut runner = Runner::start(engine, control).await?;
    if !runner.lock().await? {
        return Ok(Report::skipped(runner.state().await?.rows));
    }
    let state = runner.state().await?;
    if !purge {
        verify::ahead(history, &state).map_err(|error| Error {
            hint: Some(format!(
                "`limbeck stamp --purge {}` forgets the unknown rows",
                specs.join(" ")
            )),
            ..error
        })?;
    }
    let plan = target::stamp(graph, &state.rows, specs, purge)
        .map_err(|e| Error::from(e).with_state("nothing was changed"))?;
    let ops: Vec<_> = plan.moves.iter().flat_map(|step| step.rows.clone()).collect();
    prepare::check_lengths(&ops, runner.facts.widest, &runner.names.version.to_string())?;
    let after = plan.after();
    control.emit(Event::Planned(Vec::new()));
    let before = state.rows.clone();
    if engine.options.dry_run {
        let report = runner.report(before, false).await;
        return Ok(Report { after, dry_run: true, ..report });
    }
    runner.facts = tables::ensure(&runner.conn.client, &runner.names, runner.facts.clone()).await?;

    let table = runner.names.version.to_string();
    let mut sql = vec![
        CLEAN.to_owned(),
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE".to_owned(),
        settings(&engine.options, runner.conn.version, true, true),
    ];
    // Nobody else may move a row between our look and our change; readers go on.
    sql.push(format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"));
    sql.push(guard(&table, &before));
    if purge {
        sql.push(format!("DELETE FROM {table}"));
    }
    sql.extend(ops.iter().map(|op| swap(&table, op)));
    sql.extend(changes(&runner, &state, &after));
    let names = &runner.names;
    sql.push(format!("DELETE FROM {} WHERE version_table = {}", names.step, names.own));
    sql.push("COMMIT".into());
    if let Err(error) = runner.batches(&sql).await {
        return Err(match error.hint {
            Some(_) => error,
            None => error.with_hint("nothing was recorded: run the same command again"),
        });
    }
    runner.rows = after;
    Ok(runner.report(before, false).await)
}

/// Ends the transaction with an error when the rows are not as they were read.
fn guard(table: &str, rows: &[RevisionId]) -> String {
    let list: Vec<String> =
        rows.iter().map(|id| crate::pg::ident::quote_literal(id.as_str())).collect();
    let list = if list.is_empty() { "NULL".to_owned() } else { list.join(", ") };
    format!(
        "SELECT 1 / CASE WHEN (SELECT pg_catalog.count(*) FROM {table}) = {n} \
           AND (SELECT pg_catalog.count(*) FROM {table} WHERE version_num IN ({list})) = {n} \
         THEN 1 ELSE 0 END",
        n = rows.len()
    )
}

/// The audit rows after which the audit table agrees with the rows and the files.
fn changes(runner: &Runner<'_>, state: &State, after: &[RevisionId]) -> Vec<String> {
    let history = &runner.engine.history;
    let graph = history.graph();
    let (nodes, _) = verify::placed(graph, after);
    let applied = graph.ancestors(&nodes);
    let fresh: Vec<Node> = graph
        .nodes()
        .filter(|node| applied[node.index()])
        .filter(|node| {
            let revision = history.revision(*node);
            state.audit.get(&revision.id).is_none_or(|audited| {
                !audited.applied() || verify::edit(revision, audited).is_some()
            })
        })
        .collect();
    let mut sql = runner.inserts(&fresh, "stamp", "stamped");
    let entry = Entry {
        run: &runner.run,
        actor: &runner.engine.options.actor,
        direction: "stamp",
        state: "unstamped",
    };
    for (id, _) in state.audit.iter().filter(|(_, audited)| audited.applied()) {
        match graph.find(id.as_str()) {
            Some(node) if applied[node.index()] => {}
            Some(node) => sql.push(audit::insert(
                &runner.names,
                entry,
                history.revision(node),
                &Course::default(),
            )),
            None => sql.push(audit::insert_unknown(&runner.names, entry, id)),
        }
    }
    sql
}
