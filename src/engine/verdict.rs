//! What a person says about a statement whose outcome nobody could find out (AMBIGUOUS).

use super::{Control, Engine, Error, Report, fault, run::Runner};
use crate::{
    code::Code,
    pg::ident::quote_literal,
    revision::{RevisionId, target},
};

/// The person's word on the statement in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It took effect: the next upgrade goes on after it.
    Done,
    /// It did not: the next upgrade runs it again.
    Redo,
}

/// Settles the statement in doubt of a revision, under the runners' lock; runs nothing.
pub(super) async fn settle(
    engine: &Engine,
    spec: &str,
    verdict: Verdict,
    control: &Control,
) -> Result<Report, Error> {
    let mut runner = Runner::start(engine, control).await?;
    if !runner.lock().await? {
        return Ok(Report::skipped(runner.state().await?.rows));
    }
    let state = runner.state().await?;
    let id = named(engine, &state.rows, spec)?;
    let doubt = state.steps.get(&id).and_then(|steps| steps.iter().find(|step| !step.done));
    let Some(doubt) = doubt else {
        return Err(Error::new(Code::BadTarget, format!("no statement of `{id}` is in doubt"))
            .with_state("nothing was changed")
            .with_hint("`limbeck status` shows which revisions are half done"));
    };
    let table = &runner.names.step;
    let row = format!(
        "version_table = {} AND revision = {} AND n = {} AND state = 'started'",
        runner.names.own,
        quote_literal(id.as_str()),
        doubt.number
    );
    let sql = match verdict {
        Verdict::Done => format!("UPDATE {table} SET state = 'done' WHERE {row}"),
        Verdict::Redo => format!("DELETE FROM {table} WHERE {row}"),
    };
    runner.conn.client.batch_execute(&sql).await.map_err(|e| fault::plain(&e))?;
    let rows = state.rows;
    Ok(runner.report(rows, false).await)
}

/// The one revision that a spec names.
fn named(engine: &Engine, rows: &[RevisionId], spec: &str) -> Result<RevisionId, Error> {
    let graph = engine.history.graph();
    match target::resolve(graph, rows, spec)?[..] {
        [node] => Ok(graph.id(node).clone()),
        _ => Err(Error::new(Code::BadTarget, format!("`{spec}` is not one revision"))
            .with_state("nothing was changed")
            .with_hint("name it by its id")),
    }
}
