//! Fresh readings of files and database: what each changes in what is shown.

use std::sync::Arc;

use super::{clock, graph, pending, screens, toast_about};
use crate::{
    engine::{self, Overview},
    revision::History,
    server::{Kind, State},
    tui::{
        app::{About, App, Tone},
        event::Effect,
        layer::{Accept, Layer},
    },
    worker::{Job, Part, Refresh},
};

/// Takes a fresh reading in.
pub fn fresh(app: &mut App, part: Part) -> Vec<Effect> {
    let kind = part.kind();
    app.polls[kind as usize].outstanding = false;
    app.dirty = true;
    match part {
        Part::History(history) => {
            app.incoming = Some(history);
            graph::relayout(app, true)
        }
        Part::Overview(outcome) => overview(app, outcome),
        Part::Activity(outcome) => {
            match outcome {
                Ok(activity) => {
                    app.database.session =
                        app.database.session.min(activity.sessions.len().saturating_sub(1));
                    app.database.lock =
                        app.database.lock.min(activity.locks.len().saturating_sub(1));
                    app.snapshot.activity = Some(activity);
                    app.snapshot.activity_error = None;
                    super::trouble::select_wanted(app);
                }
                Err(error) => {
                    app.snapshot.activity = None;
                    app.snapshot.activity_error = Some(error);
                }
            }
            Vec::new()
        }
        Part::Record(outcome) => {
            match outcome {
                Ok(record) => {
                    app.snapshot.record = Some(record);
                    app.snapshot.record_error = None;
                }
                Err(error) => app.snapshot.record_error = Some(error),
            }
            let last = screens::job_lines(app).saturating_sub(1);
            app.jobs.selected = app.jobs.selected.min(last);
            Vec::new()
        }
        Part::Origins(found) => {
            app.snapshot.origins = found;
            Vec::new()
        }
        Part::Changes(outcome) => pending::compared(app, outcome),
        Part::Tables(outcome) => {
            match outcome {
                Ok(found) => {
                    app.database.table = app.database.table.min(found.len().saturating_sub(1));
                    app.snapshot.tables = Some(found);
                    app.snapshot.tables_error = None;
                }
                // What was read before is worth more than nothing.
                Err(error) => app.snapshot.tables_error = Some(error),
            }
            Vec::new()
        }
        Part::Server(outcome) => server(app, outcome),
        Part::Log(outcome) => {
            match outcome {
                Ok(lines) => {
                    app.snapshot.log = Some(lines);
                    app.snapshot.log_error = None;
                }
                Err(error) => app.snapshot.log_error = Some(error),
            }
            Vec::new()
        }
    }
}

fn overview(
    app: &mut App,
    outcome: Result<(Arc<History>, Arc<Overview>), Arc<engine::Error>>,
) -> Vec<Effect> {
    match outcome {
        Ok((history, overview)) => {
            // States belong to nodes: those of another history would land on wrong rows.
            let ours = app.snapshot.history.as_ref().is_some_and(|h| Arc::ptr_eq(h, &history));
            if app.running().is_some() {
                return Vec::new();
            }
            if !ours {
                // Faster than the layout of its history: it is not told again until it changes.
                app.early = Some((history, overview));
                return Vec::new();
            }
            let moved = app.snapshot.overview.as_ref().is_some_and(|o| o.rows != overview.rows);
            app.snapshot.overview = Some(overview);
            let back = app.snapshot.overview_error.take().is_some();
            graph::rebuild(app);
            let mut effects = graph::relayout(app, false);
            effects.extend(pending::database_read(app, moved, back));
            effects
        }
        Err(error) => {
            app.snapshot.overview_error = Some(error);
            Vec::new()
        }
    }
}

fn server(
    app: &mut App,
    outcome: Result<Arc<crate::server::Status>, Arc<engine::Error>>,
) -> Vec<Effect> {
    let was_up = matches!(
        app.snapshot.server.as_ref().map(|status| &status.state),
        Some(State::Running { .. })
    );
    let status = match outcome {
        Ok(status) => status,
        Err(error) => {
            app.snapshot.server_error = Some(error);
            return Vec::new();
        }
    };
    // Only at the opening: who ends a server while the interface is open may mean it.
    let opening = app.snapshot.server.is_none();
    app.snapshot.server_error = None;
    app.snapshot.server = Some(Arc::clone(&status));
    let is_up = matches!(status.state, State::Running { .. });
    let mut effects = Vec::new();
    if is_up && !was_up && app.server_action.is_none() {
        effects.push(clock::ask(app, Refresh::Overview));
        effects.push(clock::ask(app, Refresh::Record));
    }
    if was_up && !is_up {
        app.snapshot.activity = None;
        effects.push(clock::ask(app, Refresh::Overview));
    }
    let ours = status.kind == Kind::Local
        && app.config.connection.is_none()
        && !app.autostart_done
        && app.server_action.is_none();
    let why = match status.state {
        State::Absent => Some("this project has no database yet: creating a local one"),
        State::Stopped if status.killed && opening => {
            Some("the database server ended without being stopped: starting it again")
        }
        _ => None,
    };
    if let Some(text) = why.filter(|_| ours) {
        toast_about(app, About::Server, Tone::Info, text);
        effects.extend(screens::start_server(app));
    }
    effects
}

/// A history is laid out: it is shown from now on.
pub fn laid_out(
    app: &mut App,
    generation: u64,
    history: &Arc<History>,
    layout: Arc<crate::present::lanes::Layout>,
) -> Vec<Effect> {
    if generation != app.layout_wanted {
        return Vec::new();
    }
    let old = app.snapshot.history.clone();
    let changed = !old.as_ref().is_some_and(|old| Arc::ptr_eq(old, history));
    let mut selected = app.selected_row().and_then(|row| graph::row_id(app, row));
    let mut effects = Vec::new();
    if changed {
        if let (Some(old), Some(overview)) = (&old, &app.snapshot.overview) {
            let moved = carry_over(old, history, overview);
            app.snapshot.overview = Some(Arc::new(moved));
        }
        close_stale(app, old.as_deref(), history);
        app.graph.would_run = None;
        app.graph.marks_wanted = None;
        app.incoming = None;
        app.snapshot.history = Some(Arc::clone(history));
        effects.push(clock::ask(app, Refresh::Overview));
        effects.push(clock::ask(app, Refresh::Origins));
    }
    app.snapshot.layout = Some(layout);
    let mut seen = None;
    if let Some(path) = &app.select_when_seen
        && let Some(found) = history.revisions().iter().find(|r| same_file(&r.path, path))
    {
        selected = Some(found.id.clone());
        app.graph.moved = true;
        app.select_when_seen = None;
        seen = selected.as_ref().map(ToString::to_string);
    }
    if let Some(id) = app.select_id_when_seen.take() {
        selected = Some(id);
    }
    graph::rebuild_keeping(app, selected);
    if let Some((of, early)) = app.early.take()
        && Arc::ptr_eq(&of, history)
    {
        effects.extend(overview(app, Ok((of, early))));
    }
    effects.extend(seen.map(|id| pending::seen(app, id)).unwrap_or_default());
    effects
}

fn same_file(shown: &std::path::Path, written: &std::path::Path) -> bool {
    shown == written || (shown.file_name().is_some() && shown.file_name() == written.file_name())
}

/// The states of an overview for the nodes of another history, by id.
fn carry_over(old: &History, new: &History, overview: &Overview) -> Overview {
    let graph = new.graph();
    let states: Vec<_> = graph
        .nodes()
        .map(|node| {
            old.graph()
                .find(graph.id(node).as_str())
                .and_then(|before| overview.states.get(before.index()))
                .cloned()
                .unwrap_or_default()
        })
        .collect();
    let pending = states.iter().filter(|state| !state.applied).count();
    Overview { states, pending, ..overview.clone() }
}

/// Layers that name a node of an older history: moved along where the revision is still there,
/// closed where it is not.
fn close_stale(app: &mut App, old: Option<&History>, new: &Arc<History>) {
    let mut effects = Vec::new();
    app.layers.retain_mut(|layer| match layer {
        Layer::Diff(diff) => {
            let Some(node) = diff.subject.node() else { return true };
            let Some(old) = old else { return false };
            match new.graph().find(old.graph().id(node).as_str()) {
                Some(node) => {
                    diff.subject = diff.subject.of(node);
                    diff.generation += 1_000_000_000;
                    let objects = diff.objects.is_some() || diff.building.is_some();
                    effects.push((diff.generation, node, objects));
                    true
                }
                None => false,
            }
        }
        Layer::Confirm(confirm) => !matches!(confirm.accept, Accept::Run(_) | Accept::Merge),
        _ => true,
    });
    for (generation, node, objects) in effects {
        app.compare_again.push(Job::Compare { generation, history: Arc::clone(new), node });
        if objects {
            app.compare_again.push(Job::Objects { generation, history: Arc::clone(new), node });
        }
    }
}
