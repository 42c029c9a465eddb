//! What the worker reports: fresh readings, progress of runs, ends of everything.

use std::sync::Arc;

use super::{clock, confirm, graph, log, pending, screens, toast, toast_about};
use crate::{
    engine::{self, Overview, Report},
    present::{age, diff::Diff},
    revision::{Direction, History, Node},
    server::{Kind, State},
    tui::{
        app::{About, App, LogEnd, Screen, Tone},
        event::Effect,
        layer::{Accept, ErrorLayer, Layer, Missing, Subject},
        progress::{JobView, Stage},
        recovery::{Attempt, Case},
    },
    worker::{Job, JobId, Part, Refresh, Run, ServerAction, WorkerEvent},
};

/// Takes a report in.
pub fn worker(app: &mut App, event: WorkerEvent) -> Vec<Effect> {
    match event {
        WorkerEvent::Fresh(part) => fresh(app, part),
        WorkerEvent::Unchanged(kind) => {
            app.polls[kind as usize].outstanding = false;
            if kind == Refresh::Changes {
                pending::unchanged(app);
            }
            Vec::new()
        }
        WorkerEvent::Pool(facts) => {
            app.dirty |= app.snapshot.pool != facts && app.screen == Screen::Database;
            app.snapshot.pool = facts;
            Vec::new()
        }
        WorkerEvent::Progress(id, event) => {
            progress(app, id, event);
            Vec::new()
        }
        WorkerEvent::Ended(id, outcome) => ended(app, id, &outcome),
        WorkerEvent::ServerStage(action, stage) => {
            if let Some((running, words, _)) = &mut app.server_action
                && *running == action
            {
                *words = stage;
                app.dirty = true;
            }
            Vec::new()
        }
        WorkerEvent::ServerDone(action, outcome) => server_done(app, action, outcome),
        WorkerEvent::DownloadOffered(package) => {
            app.server_action = None;
            confirm::download(app, &package);
            Vec::new()
        }
        WorkerEvent::Signalled { pid, terminate, outcome } => {
            signalled(app, pid, terminate, outcome);
            vec![clock::ask(app, Refresh::Activity)]
        }
        WorkerEvent::Created(outcome) => created(app, outcome),
        WorkerEvent::Reviewed { generation, review } => {
            confirm::reviewed(app, generation, &review);
            Vec::new()
        }
        WorkerEvent::LaidOut { generation, history, layout } => {
            laid_out(app, generation, &history, layout)
        }
        WorkerEvent::Marked { generation, node, direction, outcome } => {
            graph::marked(app, generation, node, direction, outcome);
            app.dirty = true;
            Vec::new()
        }
        WorkerEvent::Compared { generation, node, comparison } => {
            for layer in &mut app.layers {
                if let Layer::Diff(diff) = layer
                    && diff.generation == generation
                    && diff.subject.node() == Some(node)
                {
                    diff.scripts = Some(Arc::clone(&comparison));
                    let search = std::mem::take(&mut diff.search);
                    diff.look_for(&search);
                    app.dirty = true;
                }
            }
            Vec::new()
        }
        WorkerEvent::Objects { generation, node, outcome } => {
            objects(app, generation, node, &outcome);
            Vec::new()
        }
        WorkerEvent::ModelsChanged => pending::models_changed(app),
        WorkerEvent::Stage(work, words) => {
            pending::stage(app, work, words);
            Vec::new()
        }
        WorkerEvent::Planned { generation, planned } => {
            pending::planned(app, generation, planned);
            Vec::new()
        }
        WorkerEvent::Drafted(outcome) => pending::drafted(app, outcome),
        WorkerEvent::DraftRead(outcome) => pending::draft_read(app, outcome),
        WorkerEvent::Written(outcome) => pending::written(app, outcome),
    }
}

/// The objects before and after a revision are built, or why not: then its scripts are shown.
fn objects(
    app: &mut App,
    generation: u64,
    node: Node,
    outcome: &Result<Arc<Diff>, Arc<engine::Error>>,
) {
    let mut ready = false;
    for layer in &mut app.layers {
        let Layer::Diff(diff) = layer else { continue };
        if diff.generation != generation || diff.subject.node() != Some(node) {
            continue;
        }
        diff.building = None;
        match outcome {
            Ok(objects) => {
                diff.objects = Some(Arc::clone(objects));
                ready |= matches!(diff.subject, Subject::Scripts(_));
                let search = std::mem::take(&mut diff.search);
                diff.look_for(&search);
            }
            Err(error) => {
                diff.missing = Some(Missing::Failed(error.message.clone()));
                if matches!(diff.subject, Subject::Objects(_)) {
                    diff.flip();
                }
            }
        }
        app.dirty = true;
    }
    if ready {
        let key = app.keymap.label(crate::tui::action::Action::FlipView);
        toast(app, Tone::Info, format!("before and after are built: {key} shows them"));
    }
}

fn fresh(app: &mut App, part: Part) -> Vec<Effect> {
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
            app.snapshot.overview_error = None;
            graph::rebuild(app);
            let mut effects = graph::relayout(app, false);
            effects.extend(pending::database_read(app, moved));
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

fn laid_out(
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

fn progress(app: &mut App, id: JobId, event: engine::Event) {
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
    state.partial = None;
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

fn ended(app: &mut App, id: JobId, outcome: &Result<Report, Arc<engine::Error>>) -> Vec<Effect> {
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
    effects.extend(pending::database_read(app, true));
    effects
}

fn server_done(
    app: &mut App,
    action: ServerAction,
    outcome: Result<(), Arc<engine::Error>>,
) -> Vec<Effect> {
    let took = app.server_action.as_ref().map(|(_, _, since)| app.now.mono.saturating_sub(*since));
    app.server_action = None;
    app.dirty = true;
    let (command, words) = match action {
        ServerAction::Start | ServerAction::Download => ("db start", "the database is running"),
        ServerAction::Stop => ("db stop", "the database is stopped"),
        ServerAction::Restart => ("db restart", "the database is running again"),
    };
    match outcome {
        Ok(()) => {
            toast_about(app, About::Server, Tone::Good, words);
            log(app, command, words, LogEnd::Done, took);
        }
        Err(error) => {
            log(app, command, error.message.clone(), LogEnd::Failed, took);
            app.layers.push(ErrorLayer::new(command, error, Attempt::Server).into());
        }
    }
    let mut effects = vec![
        clock::ask(app, Refresh::Server),
        clock::ask(app, Refresh::Overview),
        clock::ask(app, Refresh::Record),
    ];
    if app.screen == Screen::Database {
        effects.push(clock::ask(app, Refresh::Activity));
        effects.push(clock::ask(app, Refresh::Log));
    }
    effects
}

fn signalled(app: &mut App, pid: i32, terminate: bool, outcome: Result<bool, Arc<engine::Error>>) {
    let verb = if terminate { "terminate" } else { "cancel query" };
    let (tone, words) = match outcome {
        Ok(true) if terminate => (Tone::Good, format!("session {pid} was told to end")),
        Ok(true) => (Tone::Good, format!("the query of session {pid} was told to stop")),
        Ok(false) => (Tone::Info, format!("session {pid} was gone already")),
        Err(error) => (Tone::Bad, error.message.clone()),
    };
    let end = if tone == Tone::Bad { LogEnd::Failed } else { LogEnd::Done };
    log(app, format!("{verb} {pid}"), words.clone(), end, None);
    toast(app, tone, words);
}

fn created(app: &mut App, outcome: Result<std::path::PathBuf, Arc<engine::Error>>) -> Vec<Effect> {
    match outcome {
        Ok(path) => {
            let shown = path.strip_prefix(&app.config.root).unwrap_or(&path).display().to_string();
            let key = app.keymap.label(crate::tui::action::Action::Edit);
            toast(app, Tone::Good, format!("created {shown}; {key} opens it"));
            log(app, "revision", shown, LogEnd::Done, None);
            app.select_when_seen = Some(path);
            vec![clock::ask(app, Refresh::History)]
        }
        Err(error) => {
            log(app, "revision", error.message.clone(), LogEnd::Failed, None);
            app.layers.push(ErrorLayer::new("revision", error, Attempt::Create).into());
            Vec::new()
        }
    }
}
