//! States of the database that somebody must deal with, and what goes on after an error. What each means
//! stands in `recovery`; here is which of its ways can be gone now, and going it.

use std::sync::Arc;

use super::{graph, screens};
use crate::{
    code::Code,
    engine::{self, Overview},
    revision::{Direction, History, Node},
    tui::{
        action::Action,
        app::{App, Screen, Section},
        event::Effect,
        layer::{ErrorLayer, Layer},
        recovery::{Attempt, Case, Way},
    },
};

/// One such state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What happened, with names.
    pub what: String,
    /// What it means.
    pub case: Case,
    /// The revision it is about.
    pub node: Option<Node>,
}

/// What the files and the database's state need, the most pressing first.
pub fn all(app: &App) -> Vec<Trouble> {
    let files = app.snapshot.history.as_deref().and_then(broken);
    let database = app.snapshot.overview.as_ref().map(|overview| states(app, overview));
    files.into_iter().chain(database.unwrap_or_default()).collect()
}

/// Revision files that cannot be used.
fn broken(history: &History) -> Option<Trouble> {
    let (first, more) = history.problems().split_first()?;
    let place = match &first.path {
        Some(path) if first.line > 0 => format!("{}:{}: ", path.display(), first.line),
        Some(path) => format!("{}: ", path.display()),
        None => String::new(),
    };
    let what = format!("{place}{}{}", first.message, and_more(more.len()));
    Some(Trouble { what, case: Case::Files, node: None })
}

fn and_more(n: usize) -> String {
    if n == 0 { String::new() } else { format!(" and {n} more") }
}

fn states(app: &App, overview: &Arc<Overview>) -> Vec<Trouble> {
    let mut found = Vec::new();
    let ids = |current: bool| {
        let orphans = overview.orphans.iter().filter(|orphan| orphan.current == current);
        orphans.map(|orphan| app.short(orphan.id.as_str())).collect::<Vec<_>>()
    };
    let ahead = ids(true);
    if !ahead.is_empty() {
        let what = format!("the database is at {}, which no file here has", ahead.join(", "));
        found.push(Trouble { what, case: Case::Ahead, node: None });
    }
    let remarks = app.memo.remarks(overview);
    if let Some((node, count)) = remarks.partial {
        let (done, of) = overview.states[node.index()].partial.unwrap_or_default();
        let name = app.short_node(node);
        let more = and_more(count - 1);
        let what = match begun(app, Some(node)) {
            Direction::Up => format!("{name} stopped after {done} of {of} statements{more}"),
            Direction::Down => {
                format!("undoing {name} stopped after {done} of {of} statements{more}")
            }
        };
        found.push(Trouble { what, case: Case::Interrupted, node: Some(node) });
    }
    if let Some((node, count)) = remarks.edited {
        let (name, more) = (app.short_node(node), and_more(count - 1));
        let what = format!("the file of {name}{more} changed after it was applied");
        found.push(Trouble { what, case: Case::Edited, node: Some(node) });
    }
    if let Some((node, count)) = remarks.skipped {
        let (name, more) = (app.short_node(node), and_more(count - 1));
        let what = format!("{name}{more} was put in below what is applied, and never ran");
        found.push(Trouble { what, case: Case::Skipped, node: Some(node) });
    }
    if let [first, more @ ..] = ids(false).as_slice() {
        let what = format!("{first}{} is applied, and its file is gone", and_more(more.len()));
        found.push(Trouble { what, case: Case::Missing, node: None });
    }
    found
}

/// The direction in which a half-done revision was begun: this one, or the first.
fn begun(app: &App, node: Option<Node>) -> Direction {
    let half = |node: &Node| app.snapshot.state(*node).partial.is_some();
    let overview = app.snapshot.overview.as_ref();
    let first = || overview.and_then(|overview| Some(app.memo.remarks(overview).partial?.0));
    match node.filter(half).or_else(first) {
        // Half of what is applied is being undone.
        Some(node) if app.snapshot.applied(node) => Direction::Down,
        _ => Direction::Up,
    }
}

/// The ways on that can be gone now, the best one first. Where there is none, Esc is what is left: what
/// went wrong must be put right outside of this program.
pub fn ways(
    app: &App,
    case: Case,
    attempt: Attempt,
    node: Option<Node>,
) -> Vec<(Action, &'static str)> {
    let begun = begun(app, node);
    let usable = |way: &Way| {
        let action = way.action(attempt, begun)?;
        let can = match action {
            Action::Edit => app.editor && (node.is_some() || problem(app, case).is_some()),
            Action::Open => node.is_some(),
            // The screen that is open needs no way to it.
            Action::GraphScreen => app.screen != Screen::Graph,
            // The key forbids them where they are allowed.
            Action::AllowChanges => !app.writing && action.enabled(app).is_ok(),
            action => action.enabled(app).is_ok(),
        };
        (can && !app.keymap.label(action).is_empty()).then(|| (action, way.words()))
    };
    let mut found: Vec<_> = case.ways().iter().filter_map(usable).collect();
    // One key means one thing.
    let mut keys = Vec::new();
    found.retain(|(action, _)| {
        let key = app.keymap.label(*action);
        let new = !keys.contains(&key);
        keys.push(key);
        new
    });
    found
}

/// The ways on after an error.
pub fn ways_on(app: &App, layer: &ErrorLayer) -> Vec<(Action, &'static str)> {
    ways(app, layer.case, layer.attempt, meant(app, layer))
}

/// The file of the first problem, for an editor.
fn problem(app: &App, case: Case) -> Option<(std::path::PathBuf, u32)> {
    if case != Case::Files {
        return None;
    }
    let first = app.snapshot.history.as_ref()?.problems().first()?;
    Some((app.config.root.join(first.path.as_ref()?), first.line))
}

/// The revision that an error is about: the one that failed, or the first one that its words name.
fn meant(app: &App, layer: &ErrorLayer) -> Option<Node> {
    let graph = app.snapshot.history.as_ref()?.graph();
    if let Some(failure) = &layer.error.failure {
        return graph.find(failure.revision.as_str());
    }
    if let Some(trouble) = all(app).into_iter().find(|one| one.case == layer.case) {
        return trouble.node;
    }
    let quoted = layer.error.message.split('`').skip(1).step_by(2);
    let named = |word: &str| {
        graph.find(word).or_else(|| {
            let revisions = app.snapshot.history.as_ref()?.revisions();
            let at = revisions.iter().position(|one| one.path.to_str() == Some(word))?;
            graph.find(revisions[at].id.as_str())
        })
    };
    quoted.into_iter().find_map(named)
}

/// Goes on after an error; the revision it is about is selected first.
pub fn go_on(app: &mut App, layer: &ErrorLayer, action: Action) -> Vec<Effect> {
    let node = meant(app, layer);
    let mut effects = Vec::new();
    match (action, node) {
        (Action::Edit, None) => {
            let file = problem(app, layer.case);
            return file.map(|(path, line)| Effect::Edit(path, line)).into_iter().collect();
        }
        (Action::Edit | Action::Open | Action::Settle | Action::StepDown, Some(node)) => {
            effects.extend(super::show(app, Screen::Graph));
            effects.extend(graph::reveal(app, node));
        }
        (Action::DatabaseScreen, _) => {
            app.database.section = match layer.case {
                Case::Server | Case::Shutdown => Section::Log,
                Case::Disk => Section::Tables,
                _ => Section::Sessions,
            };
            app.database.log_only = false;
            app.database.wanted = layer.blocker;
            select_wanted(app);
        }
        _ => {}
    }
    effects.extend(super::act(app, action));
    effects
}

/// Selects the session that somebody wants to see, once it is known.
pub fn select_wanted(app: &mut App) {
    let Some(activity) = &app.snapshot.activity else { return };
    let found = activity.sessions.iter().position(|s| Some(s.pid) == app.database.wanted);
    if let Some(found) = found {
        app.database.session = found;
        app.database.wanted = None;
    }
}

/// Opens what is wrong with the files and the database's state.
pub fn open(app: &mut App) {
    let all = all(app);
    let Some((first, more)) = all.split_first() else { return };
    let mut layer = if first.case == Case::Files {
        files(app)
    } else {
        let error = engine::Error::new(Code::Drift, first.what.clone());
        ErrorLayer::new("what the database needs", Arc::new(error), Attempt::Nothing)
    };
    layer.case = first.case;
    let error = Arc::make_mut(&mut layer.error);
    for one in more {
        error.more.push(one.what.clone());
        error.more.push(format!("  {}", one.case.state()));
    }
    app.layers.push(layer.into());
}

/// All problems of the revision files.
fn files(app: &App) -> ErrorLayer {
    let problems = app.snapshot.history.as_ref().map_or(&[][..], |history| history.problems());
    let place = |problem: &crate::revision::Problem| match &problem.path {
        Some(path) if problem.line > 0 => format!("{}:{}: ", path.display(), problem.line),
        Some(path) => format!("{}: ", path.display()),
        None => String::new(),
    };
    let mut error = engine::Error::new(Code::File, "");
    if let Some((first, more)) = problems.split_first() {
        error.message = format!("{}{}", place(first), first.message);
        error.code = first.code;
        error.hint.clone_from(&first.hint);
        error.more = more
            .iter()
            .flat_map(|problem| {
                let text = format!("{}: {}{}", problem.code, place(problem), problem.message);
                let hint = problem.hint.as_ref().map(|hint| format!("  {hint}"));
                std::iter::once(text).chain(hint)
            })
            .collect();
    }
    let title = super::confirm::count(problems.len(), "problem");
    ErrorLayer::new(title, Arc::new(error), Attempt::Nothing)
}

/// Opens the error of the selected line of the jobs screen.
pub fn of_job(app: &mut App) {
    if let Some(layer) = screens::selected_error(app) {
        app.layers.push(Layer::from(layer));
    }
}
