//! The reverse of the last run: found, checked to be exactly that, and asked about.

use std::collections::BTreeSet;

use crate::{
    revision::{Direction, Node, target},
    tui::{
        action::Reason,
        app::App,
        progress::{JobView, Phase},
    },
    worker::Run,
};

/// Whether there is something to take back; whether one run can do it is found out when it is asked for.
pub fn possible(app: &App) -> Result<(), Reason> {
    let job = app.runs.last().ok_or("nothing was run yet")?;
    if job.is_running() {
        return Err(format!("job {} is running", job.id.0).into());
    }
    let changed = match &job.run {
        Run::Stamp { .. } => matches!(job.outcome, Some(Ok(_))),
        _ => job.plan.iter().any(|one| matches!(one.phase, Phase::Done(_))),
    };
    if changed { Ok(()) } else { Err("the last job changed nothing".into()) }
}

/// The run that takes back what the last one did, or why there is none.
pub fn proposed(app: &App) -> Result<Run, Reason> {
    possible(app)?;
    let job = app.runs.last().ok_or("nothing was run yet")?;
    if let Run::Stamp { .. } = &job.run {
        let rows = &job.rows_before;
        let specs = match rows.as_slice() {
            [] => vec!["base".to_owned()],
            rows => rows.iter().map(ToString::to_string).collect(),
        };
        return Ok(Run::Stamp { specs, purge: true });
    }
    reverse(app, job)
}

fn reverse(app: &App, job: &JobView) -> Result<Run, Reason> {
    let history = app.snapshot.history.as_ref().ok_or("the files are being read")?;
    let graph = history.graph();
    let done: Vec<_> = job.plan.iter().filter(|one| matches!(one.phase, Phase::Done(_))).collect();
    let up = match done.first() {
        Some(one) => one.planned.direction == Direction::Up,
        None => return Err("the last job changed nothing".into()),
    };
    let wanted: Option<BTreeSet<Node>> =
        done.iter().map(|one| graph.find(one.planned.id.as_str())).collect();
    let wanted = wanted.ok_or("a revision of the last job has no file any more")?;
    let rows = app.snapshot.rows();
    let n = done.len();
    let mut specs: Vec<String> = job.rows_before.iter().map(ToString::to_string).collect();
    let sign = if up { '-' } else { '+' };
    specs.push(if up { "base" } else { "heads" }.to_owned());
    specs.push(format!("{sign}{n}"));
    // With several branches a step must say on which.
    let ends = if up { rows.to_vec() } else { job.rows_before.clone() };
    specs.extend(ends.iter().map(|id| format!("{id}@{sign}{n}")));
    let exact = specs.into_iter().find(|spec| {
        let plan = if up {
            target::downgrade(graph, rows, spec)
        } else {
            target::upgrade(graph, rows, spec)
        };
        plan.is_ok_and(|plan| {
            plan.moves.len() == n
                && plan.moves.iter().all(|one| one.node.is_some_and(|node| wanted.contains(&node)))
        })
    });
    match exact {
        Some(spec) if up => Ok(Run::Downgrade(spec)),
        Some(spec) => Ok(Run::Upgrade(spec)),
        None => Err("no single command takes back exactly what the last job did".into()),
    }
}
