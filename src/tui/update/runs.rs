//! Runs of revisions, from their beginning to their end.

use std::sync::Arc;

use super::{clock, confirm, graph, log, pending, toast_about};
use crate::{
    engine::{self, Report},
    present::age,
    revision::{Direction, History, Node},
    tui::{
        app::{About, App, LogEnd, Tone},
        event::Effect,
        layer::{Accept, ErrorLayer, Layer},
        progress::{JobView, Stage},
        recovery::Case,
    },
    worker::{Job, JobId, Refresh, Run},
};

/// Begins a run and shows it.
pub fn begin(app: &mut App, run: Run) -> Vec<Effect> {
    let id = app.next_job;
    app.next_job = JobId(id.0 + 1);
    let mut job = JobView::new(id, run.clone(), app.now.mono, app.now.wall);
    job.id_width = app.id_width();
    job.rows_before = app.snapshot.rows().to_vec();
    app.runs.push(job);
    app.jobs.selected = 0;
    app.jobs.back = 0;
    app.graph.would_run = None;
    app.dirty = true;
    vec![Effect::Submit(Job::Run { id, run })]
}

/// Sends the cancel of a run.
pub fn cancel(app: &mut App, id: JobId) -> Vec<Effect> {
    let now = app.now.mono;
    let Some(job) = app.runs.iter_mut().find(|job| job.id == id && job.is_running()) else {
        if app.quit_after_job {
            app.quitting = true;
            return vec![Effect::Quit];
        }
        return Vec::new();
    };
    job.stage = Stage::Cancelling(now);
    job.asked = true;
    app.dirty = true;
    vec![Effect::Submit(Job::Cancel(id))]
}

/// A run has come further.
pub fn progress(app: &mut App, id: JobId, event: engine::Event) {
    let (now, wall) = (app.now.mono, app.now.wall);
    let Some(job) = app.runs.iter_mut().find(|job| job.id == id) else { return };
    app.dirty = true;
    let Some(index) = job.observe(event, now, wall) else { return };
    let planned = job.plan[index].planned.clone();
    let took = match job.plan[index].phase {
        crate::tui::progress::Phase::Done(took) => Some(took),
        _ => None,
    };
    let words: Vec<String> =
        job.plan[index].statements.iter().map(|one| one.summary.clone()).collect();
    let verb = match planned.direction {
        Direction::Up => "upgrade",
        Direction::Down => "downgrade",
    };
    let outcome =
        if words.is_empty() { "COMMIT".to_owned() } else { words.join("; ") + "; COMMIT" };
    let name = app.short(planned.id.as_str());
    log(app, format!("{verb} {name}"), outcome, LogEnd::Done, took);
    let history = app.snapshot.history.clone();
    let found = history.and_then(|h| Some((h.graph().find(planned.id.as_str())?, h)));
    if let Some((node, history)) = found {
        if let Some(line) = app.command_log.back_mut() {
            line.sql = Some(kept(&history, node, planned.direction));
        }
        committed(app, node, planned.direction, took);
    }
}

/// Longest text that the command log keeps of one revision.
const LOGGED: usize = 64 * 1024;

/// The statements of a revision for the command log.
fn kept(history: &History, node: Node, direction: Direction) -> Arc<str> {
    let revision = history.revision(node);
    let text = revision.script.readable(direction);
    if text.len() <= LOGGED {
        return text.trim_end().into();
    }
    let end = (0..=LOGGED).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let rest = (text.len() - end) / 1024;
    format!("{}\n-- and {rest} kB more: {}", &text[..end], revision.path.display()).into()
}

/// A revision was committed: the graph shows it at once, without asking the database.
fn committed(app: &mut App, node: Node, direction: Direction, took: Option<std::time::Duration>) {
    let (Some(history), Some(overview)) =
        (app.snapshot.history.clone(), app.snapshot.overview.as_mut())
    else {
        return;
    };
    let graph = history.graph();
    let overview = Arc::make_mut(overview);
    if overview.states.len() != graph.len() {
        return;
    }
    let up = direction == Direction::Up;
    let state = &mut overview.states[node.index()];
    state.applied = up;
    (state.failed, state.cancelled) = (None, None);
    (state.partial, state.doubt) = (None, None);
    state.edited = None;
    state.applied_at = up.then_some(app.now.wall);
    state.took = if up { took } else { None };
    let touched = std::iter::once(node)
        .chain(graph.parents(node).iter().copied())
        .chain(graph.dependencies(node).iter().copied());
    for node in touched {
        let applied = overview.states[node.index()].applied;
        let above = graph.all_children(node).iter().any(|c| overview.states[c.index()].applied);
        overview.states[node.index()].current = applied && !above;
    }
    let known = |id: &crate::revision::RevisionId| graph.find(id.as_str()).is_some();
    let mut rows: Vec<_> = overview.rows.iter().filter(|id| !known(id)).cloned().collect();
    rows.extend(
        graph.nodes().filter(|n| overview.states[n.index()].current).map(|n| graph.id(n).clone()),
    );
    rows.sort();
    overview.rows = rows;
    overview.managed = true;
    overview.pending = overview.states.iter().filter(|state| !state.applied).count();
    if !app.graph.moved {
        graph::rebuild(app);
    }
}

/// A run has ended.
pub fn ended(
    app: &mut App,
    id: JobId,
    outcome: &Result<Report, Arc<engine::Error>>,
) -> Vec<Effect> {
    let now = app.now.mono;
    let Some(job) = app.runs.iter_mut().find(|job| job.id == id) else { return Vec::new() };
    job.end(outcome.clone(), now);
    let command = job.run.command();
    let took = job.took.unwrap_or_default();
    let settled = matches!(job.run, Run::Settle { .. });
    let failed = ErrorLayer::of_run(job);
    // Questions about this run have lost their meaning.
    app.layers.retain(|layer| match layer {
        Layer::Confirm(confirm) => {
            !matches!(confirm.accept, Accept::Cancel(j) | Accept::TerminateJob(j) | Accept::CancelAndQuit(j) if j == id)
        }
        _ => true,
    });
    match outcome {
        Ok(report) => {
            let n = report.done.len();
            let words = match (report.paused, n) {
                _ if settled => format!("{command}: the next upgrade goes on from there"),
                (true, n) => {
                    format!("{command}: stopped after {}, as asked", confirm::count(n, "revision"))
                }
                (false, 0) => format!("{command}: nothing to do"),
                (false, n) => format!(
                    "{command}: {} in {}",
                    confirm::count(n, "revision"),
                    age::elapsed(took)
                ),
            };
            let tone = if report.paused { Tone::Info } else { Tone::Good };
            toast_about(app, About::Runs, tone, words);
            if n == 0 && !settled {
                log(app, command, "nothing to do", LogEnd::Done, Some(took));
            }
        }
        Err(error) => {
            if let Some(layer) = failed.filter(|layer| layer.case != Case::Cancelled) {
                log(app, command, error.message.clone(), LogEnd::Failed, Some(took));
                app.layers.push(layer.into());
            } else {
                let words = match error.done.len() {
                    0 => "cancelled; rolled back, nothing changed".to_owned(),
                    n => format!(
                        "cancelled; rolled back, {} before it kept",
                        confirm::count(n, "revision")
                    ),
                };
                toast_about(app, About::Runs, Tone::Info, format!("{command}: {words}"));
                log(app, command, words, LogEnd::Cancelled, Some(took));
            }
        }
    }
    if app.quit_after_job {
        app.quitting = true;
        return vec![Effect::Quit];
    }
    app.dirty = true;
    let mut effects = vec![clock::ask(app, Refresh::Overview), clock::ask(app, Refresh::Record)];
    effects.extend(graph::relayout(app, false));
    // The database is another one now: its differences are, too.
    effects.extend(pending::database_read(app, true, false));
    effects
}
