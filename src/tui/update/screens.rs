//! Movement on every screen, and the actions of the database and jobs screens.

use std::sync::Arc;

use super::{confirm, diff, graph, layers, submit, toast};
use crate::{
    engine::{self, activity::SessionRow, record::Entry},
    tui::{
        action::Action,
        app::{App, Pane, Screen, Section, Tone},
        event::Effect,
        layer::{ErrorLayer, Layer, Purpose, Scope},
        pending::PendingPane,
        progress::JobView,
        recovery::{Attempt, Case},
    },
    worker::{Job, Run, ServerAction},
};

/// Moves by an action, wherever the focus is.
pub fn movement(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.hits.page.max(1) as isize;
    let by = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::HalfDown => (page / 2).max(1),
        Action::HalfUp => -(page / 2).max(1),
        Action::PageDown => (page - 1).max(1),
        Action::PageUp => -(page - 1).max(1),
        Action::First => isize::MIN / 2,
        Action::Last => isize::MAX / 2,
        Action::Left | Action::Right => {
            sideways(app, action == Action::Right);
            return Vec::new();
        }
        Action::ScrollLeft | Action::ScrollRight => {
            scroll_sideways(app, action == Action::ScrollRight);
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    scroll(app, by);
    Vec::new()
}

/// Moves by rows, wherever the focus is; below zero is up.
pub fn scroll(app: &mut App, by: isize) {
    app.dirty = true;
    if layers::scroll(app, by) {
        return;
    }
    match app.screen {
        Screen::Graph => graph::scroll(app, by),
        Screen::Pending => super::pending::scroll(app, by),
        Screen::Database => {
            let rows = |app: &App| match (app.database.section, app.snapshot.activity.as_ref()) {
                (Section::Sessions, Some(activity)) => activity.sessions.len(),
                (Section::Locks, Some(activity)) => activity.locks.len(),
                (Section::Settings, Some(activity)) => activity.settings.len(),
                (Section::Tables, _) => {
                    app.snapshot.tables.as_ref().map_or(0, |tables| tables.len())
                }
                (Section::Log, _) => app.log_lines().len(),
                _ => 0,
            };
            let last = rows(app).saturating_sub(1);
            let section = if app.database.log_only { Section::Log } else { app.database.section };
            let lines = app.log_lines().len();
            let state = &mut app.database;
            match section {
                Section::Sessions => state.session = moved(state.session, by, last),
                Section::Locks => state.lock = moved(state.lock, by, last),
                Section::Settings => state.setting = moved(state.setting, by, last),
                Section::Log => {
                    let all = lines;
                    state.log_back = moved(state.log_back, -by, all.saturating_sub(app.hits.page));
                }
                Section::Tables => state.table = moved(state.table, by, last),
                Section::Server | Section::Pool => {}
            }
        }
        Screen::Jobs => {
            let last = job_lines(app).saturating_sub(1);
            app.jobs.selected = moved(app.jobs.selected, by, last);
            app.jobs.back = 0;
        }
    }
}

fn moved(at: usize, by: isize, last: usize) -> usize {
    at.min(last).saturating_add_signed(by).min(last)
}

fn sideways(app: &mut App, right: bool) {
    if app.diff().is_some() {
        diff::scroll_sideways(app, right);
        return;
    }
    match app.screen {
        Screen::Graph if app.wide() => {
            app.graph.pane = if right { Pane::Detail } else { Pane::List };
        }
        Screen::Graph => scroll_sideways(app, right),
        Screen::Pending => super::pending::sideways(app, right),
        Screen::Database => section(app, right),
        Screen::Jobs => {}
    }
}

fn scroll_sideways(app: &mut App, right: bool) {
    if app.diff().is_some() {
        diff::scroll_sideways(app, right);
    } else if app.screen == Screen::Graph {
        let by = if right { 2 } else { -2 };
        let widest = app.snapshot.layout.as_ref().map_or(0, |_| 400);
        app.graph.hscroll = app.graph.hscroll.saturating_add_signed(by).min(widest);
    }
}

fn section(app: &mut App, forward: bool) {
    let all = Section::ALL;
    let at = all.iter().position(|s| *s == app.database.section).unwrap_or(0);
    let next = if forward { at + 1 } else { at + all.len() - 1 } % all.len();
    app.database.section = all[next];
    app.database.log_only = false;
}

/// One step back, always the least destructive one.
pub fn back(app: &mut App) {
    if let Some(Layer::Diff(diff)) = app.layers.last_mut()
        && !diff.search.is_empty()
    {
        diff.look_for("", app.size.0);
        return;
    }
    if app.layers.pop().is_some() {
        return;
    }
    match app.screen {
        Screen::Graph => {
            if app.graph.would_run.take().is_some() || app.graph.anchor.take().is_some() {
            } else if app.graph.pane != Pane::List {
                app.graph.pane = Pane::List;
            } else if !app.toasts.iter().all(|toast| toast.until.is_none()) {
                app.toasts.retain(|toast| toast.until.is_none());
            } else if !app.graph.filter.is_empty() {
                app.graph.filter.clear();
                app.refilter = true;
            }
        }
        Screen::Pending if app.pending.pane != PendingPane::List => {
            app.pending.pane = PendingPane::List;
        }
        Screen::Database if app.database.log_only => app.database.log_only = false,
        Screen::Database if !app.database.log_filter.is_empty() => app.database.log_filter.clear(),
        Screen::Pending | Screen::Database | Screen::Jobs => {
            app.toasts.retain(|toast| toast.until.is_none());
        }
    }
}

/// The session that `x` and `X` mean: the selected one, or that of the selected lock.
pub fn selected_session(app: &App) -> Option<&SessionRow> {
    let activity = app.snapshot.activity.as_ref()?;
    match app.database.section {
        Section::Sessions => activity.sessions.get(app.database.session),
        Section::Locks => {
            let lock = activity.locks.get(app.database.lock)?;
            activity.sessions.iter().find(|session| session.pid == lock.pid)
        }
        _ => None,
    }
}

/// Starts the server.
pub fn start_server(app: &mut App) -> Vec<Effect> {
    server_action(app, ServerAction::Start)
}

/// Begins a server action.
pub fn server_action(app: &mut App, action: ServerAction) -> Vec<Effect> {
    app.autostart_done = true;
    app.server_action = Some((action, action.doing().to_owned(), app.now.mono));
    app.dirty = true;
    submit(Job::Server(action))
}

/// The actions of the database screen.
pub fn database(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::ServerToggle => {
            if app.snapshot.server_up() {
                confirm::server(app, ServerAction::Stop);
            } else {
                return start_server(app);
            }
        }
        Action::ServerRestart => confirm::server(app, ServerAction::Restart),
        Action::FollowLog => {
            app.database.log_only = !app.database.log_only;
            app.database.log_back = 0;
            if app.database.log_only {
                app.database.section = Section::Log;
            }
        }
        Action::CancelQuery | Action::TerminateBackend => {
            if let Some(session) = selected_session(app).cloned() {
                confirm::signal(app, &session, action == Action::TerminateBackend);
            }
        }
        Action::Connect => return layers::open_palette(app, Scope::Profiles),
        Action::SortTables => super::tables::sort(app),
        Action::DatabaseCopy => return super::copy::open(app),
        Action::FilterLog => {
            app.database.section = Section::Log;
            layers::open_prompt(app, Purpose::Log);
        }
        Action::NextSection => section(app, true),
        Action::PreviousSection => section(app, false),
        _ => {}
    }
    Vec::new()
}

/// A line of the jobs list.
#[derive(Clone, Copy, Debug)]
pub enum JobLine<'a> {
    /// A run of this session.
    Run(&'a JobView),
    /// A line of the audit table.
    Past(&'a Entry),
}

/// How many lines the list has.
pub fn job_lines(app: &App) -> usize {
    app.runs.len() + app.snapshot.record.as_ref().map_or(0, |record| record.len())
}

/// A line by its index: runs of this session first, the newest first; then the audit table.
pub fn job_line(app: &App, index: usize) -> Option<JobLine<'_>> {
    let runs = app.runs.len();
    if index < runs {
        return app.runs.get(runs - 1 - index).map(JobLine::Run);
    }
    app.snapshot.record.as_ref()?.get(index - runs).map(JobLine::Past)
}

/// The run whose progress is shown: the selected one, else the newest.
pub fn shown_job(app: &App) -> Option<&JobView> {
    match job_line(app, app.jobs.selected) {
        Some(JobLine::Run(job)) => Some(job),
        _ => app.runs.last(),
    }
}

/// The error of the selected line: what failed, and how.
pub fn selected_error(app: &App) -> Option<ErrorLayer> {
    match job_line(app, app.jobs.selected)? {
        JobLine::Run(job) => ErrorLayer::of_run(job),
        JobLine::Past(entry) => {
            let text = entry.error.as_ref()?;
            let mut lines = text.lines();
            let first = lines.next().unwrap_or_default();
            let mut error = engine::Error::new(crate::code::Code::Sql, first);
            error.more = lines.map(str::to_owned).collect();
            let title = format!("{} {}", entry.state, app.short(entry.revision.as_str()));
            let mut layer = ErrorLayer::new(title, Arc::new(error), Attempt::Past);
            if entry.state == "cancelled" {
                layer.case = Case::Cancelled;
            }
            Some(layer)
        }
    }
}

/// The actions of the jobs screen.
pub fn jobs(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::CancelJob => {
            if let Some(id) = app.running().map(|job| job.id) {
                confirm::cancel(app, id);
            }
        }
        Action::TerminateJob => {
            if let Some(id) = app.running().map(|job| job.id) {
                confirm::terminate(app, id);
            }
        }
        Action::PauseJob => {
            let Some(job) = app.runs.iter_mut().rev().find(|job| job.is_running()) else {
                return Vec::new();
            };
            job.pausing = true;
            let id = job.id;
            toast(app, Tone::Info, "it stops after the revision that runs now");
            return submit(Job::Pause(id));
        }
        Action::ResumeJob => {
            if let Some(run) = app.runs.last().map(|job| resumed(&job.run)) {
                return confirm::run(app, run);
            }
        }
        Action::JobDetail => {
            super::trouble::of_job(app);
        }
        Action::CopyError => return super::copy::open(app),
        _ => {}
    }
    Vec::new()
}

/// The same run again. A relative target has moved meanwhile, so it is run as it was asked for.
fn resumed(run: &Run) -> Run {
    run.clone()
}

/// An error with everything that is known about it, as lines of plain text.
pub fn error_text(title: &str, error: &engine::Error) -> String {
    let mut lines = vec![format!("{title}: error[{}]: {}", error.code, error.message)];
    if let Some(failure) = &error.failure {
        lines.push(format!(
            "  at {}:{}:{} (statement {} of {} of {})",
            failure.path.display(),
            failure.line,
            failure.column,
            failure.statement,
            failure.of,
            failure.revision
        ));
        if !failure.excerpt.is_empty() {
            lines.push(format!("  {}", failure.excerpt));
            let indent = failure.column.saturating_sub(1) as usize;
            lines.push(format!("  {}^", " ".repeat(indent.min(failure.excerpt.chars().count()))));
        }
        for (label, value) in [
            ("SQLSTATE", &failure.sqlstate),
            ("DETAIL", &failure.detail),
            ("HINT", &failure.hint),
            ("CONTEXT", &failure.context),
        ] {
            if let Some(value) = value {
                lines.push(format!("  {label}: {value}"));
            }
        }
    }
    lines.extend(error.more.iter().map(|more| format!("  {more}")));
    if let Some(state) = &error.state {
        lines.push(format!("  {state}"));
    }
    if let Some(hint) = &error.hint {
        lines.push(format!("hint: {hint}"));
    }
    lines.join("\n")
}
