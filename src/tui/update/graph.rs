//! The graph screen: its rows, moving in it, what would run, and the runs it asks for.

use super::{confirm, diff, layers, next_generation, toast, toast_about};
use crate::{
    present::lanes,
    revision::{Direction, Node, RevisionId},
    tui::{
        action::Action,
        app::{About, App, Pane, Row, Screen, Tone, WouldRun},
        event::Effect,
        layer::Purpose,
    },
    worker::{Job, Run, event::Marks},
};

/// Asks for a new layout when history, version rows or filter differ from those of the last one.
pub fn relayout(app: &mut App, force: bool) -> Vec<Effect> {
    let Some(history) = app.incoming.clone().or_else(|| app.snapshot.history.clone()) else {
        return Vec::new();
    };
    let rows = app.snapshot.rows().to_vec();
    let orphans: Vec<(RevisionId, bool)> = match &app.snapshot.overview {
        Some(overview) if app.graph.filter.is_empty() => {
            overview.orphans.iter().map(|orphan| (orphan.id.clone(), orphan.current)).collect()
        }
        _ => Vec::new(),
    };
    let wanted = (rows.clone(), orphans.clone(), app.graph.filter.clone());
    if !force && app.layout_for.as_ref() == Some(&wanted) {
        return Vec::new();
    }
    app.layout_for = Some(wanted);
    let generation = next_generation(app);
    app.layout_wanted = generation;
    let filter = app.graph.filter.clone();
    vec![Effect::Submit(Job::Layout { generation, history, rows, orphans, filter })]
}

/// Builds the list's rows from layout and overview; the selection stays on its revision.
pub fn rebuild(app: &mut App) {
    let selected = app.selected_row().and_then(|row| row_id(app, row));
    rebuild_keeping(app, selected);
}

/// The same, for when the nodes have changed: `selected` is the revision that was selected.
pub fn rebuild_keeping(app: &mut App, selected: Option<RevisionId>) {
    app.graph.anchor = None;
    app.graph.rows = match &app.snapshot.layout {
        Some(layout) => layout
            .items()
            .iter()
            .enumerate()
            .map(|(lane, item)| match item {
                lanes::Item::Revision(node) => Row::Revision { node: *node, lane },
                lanes::Item::Orphan(index) => Row::Orphan(*index),
            })
            .collect(),
        None => Vec::new(),
    };
    let found = selected.and_then(|id| row_of(app, &id));
    app.graph.selected = match found {
        Some(index) if app.graph.moved => index,
        _ if !app.graph.moved => here(app).or(found).unwrap_or(0),
        _ => app.graph.selected.min(app.graph.rows.len().saturating_sub(1)),
    };
    app.dirty = true;
}

/// The id of a row.
pub fn row_id(app: &App, row: Row) -> Option<RevisionId> {
    match row {
        Row::Revision { node, .. } => {
            let history = app.snapshot.history.as_ref()?;
            (node.index() < history.revisions().len()).then(|| history.graph().id(node).clone())
        }
        Row::Orphan(index) => Some(app.snapshot.overview.as_ref()?.orphans.get(index)?.id.clone()),
    }
}

/// The row of an id: a revision's, or that of one whose file is missing.
fn row_of(app: &App, id: &RevisionId) -> Option<usize> {
    let node = app.snapshot.history.as_ref().and_then(|history| history.graph().find(id.as_str()));
    app.graph.rows.iter().position(|row| match (row, node) {
        (Row::Revision { node: shown, .. }, Some(node)) => *shown == node,
        (Row::Orphan(_), _) => row_id(app, *row).as_ref() == Some(id),
        _ => false,
    })
}

/// The first row that the database is at, from the top.
fn here(app: &App) -> Option<usize> {
    let overview = app.snapshot.overview.as_ref()?;
    app.graph.rows.iter().position(|row| match row {
        Row::Revision { node, .. } => overview.states.get(node.index()).is_some_and(|s| s.current),
        Row::Orphan(_) => false,
    })
}

fn select(app: &mut App, index: usize) {
    let last = app.graph.rows.len().saturating_sub(1);
    let index = index.min(last);
    if index != app.graph.selected {
        app.graph.selected = index;
        app.graph.detail_scroll = 0;
        app.graph.would_run = None;
        app.graph.marks_wanted = None;
    }
    app.graph.moved = true;
    app.dirty = true;
}

/// The rows of the range, from the top; the selected one alone without one.
pub fn range(app: &App) -> &[Row] {
    let selected = app.graph.selected;
    let (from, to) = match app.graph.anchor {
        Some(anchor) => (anchor.min(selected), anchor.max(selected)),
        None => (selected, selected),
    };
    app.graph.rows.get(from..to + 1).unwrap_or_default()
}

/// Moves the selection.
pub fn go(app: &mut App, index: usize) {
    select(app, index);
}

/// Selects a revision, wherever its row is.
pub fn go_to(app: &mut App, node: Node) -> bool {
    let found = app
        .graph
        .rows
        .iter()
        .position(|row| matches!(row, Row::Revision { node: n, .. } if *n == node));
    match found {
        Some(index) => {
            select(app, index);
            true
        }
        None => false,
    }
}

/// The version row that the selected revision belongs to: itself, or one above it.
pub fn row_below(app: &App) -> Option<RevisionId> {
    let history = app.snapshot.history.as_ref()?;
    let rows = app.snapshot.rows();
    if let [only] = rows {
        return Some(only.clone());
    }
    let above = history.graph().descendants(&[app.selected_node()?]);
    let mut fitting = rows
        .iter()
        .filter(|row| history.graph().find(row.as_str()).is_some_and(|n| above[n.index()]));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => None,
    }
}

/// Whether the database stands at the selected revision.
fn stands_here(app: &App) -> bool {
    let (Some(history), Some(node)) = (&app.snapshot.history, app.selected_node()) else {
        return false;
    };
    app.snapshot.rows().contains(history.graph().id(node))
}

/// The spec of `>` and `<`: relative, and with the branch when there are several.
fn step_spec(app: &App, direction: Direction) -> Option<String> {
    let count = app.count.unwrap_or(1);
    let history = app.snapshot.history.as_ref()?;
    let rows = app.snapshot.rows();
    match direction {
        Direction::Down if rows.len() > 1 => Some(format!("{}@-{count}", row_below(app)?)),
        Direction::Down => Some(format!("-{count}")),
        Direction::Up => {
            let graph = history.graph();
            let branched = rows.len() > 1 || graph.heads().len() > 1;
            match app.selected_node() {
                Some(node) if branched && !app.snapshot.applied(node) => {
                    Some(format!("{}@+{count}", graph.id(node)))
                }
                _ => Some(format!("+{count}")),
            }
        }
    }
}

/// Asks what an upgrade or downgrade to the selected revision would run; or takes the marks away.
fn would_run(app: &mut App) -> Vec<Effect> {
    let (Some(history), Some(node)) = (app.snapshot.history.clone(), app.selected_node()) else {
        return Vec::new();
    };
    if app.graph.would_run.as_ref().is_some_and(|mark| mark.target == node) {
        app.graph.would_run = None;
        app.toasts.retain(|toast| toast.about != About::Marks);
        return Vec::new();
    }
    let direction = if app.snapshot.applied(node) { Direction::Down } else { Direction::Up };
    let generation = next_generation(app);
    app.graph.marks_wanted = Some(generation);
    let rows = app.snapshot.rows().to_vec();
    vec![Effect::Submit(Job::Mark { generation, history, rows, node, direction })]
}

/// The answer has come: rows are marked, if they are still asked for.
pub fn marked(
    app: &mut App,
    generation: u64,
    node: Node,
    direction: Direction,
    outcome: Result<Marks, String>,
) {
    if app.graph.marks_wanted != Some(generation) || app.selected_node() != Some(node) {
        return;
    }
    app.graph.marks_wanted = None;
    match outcome {
        Ok(Marks { nodes, count }) => {
            let word = if direction == Direction::Up { "upgrade" } else { "downgrade" };
            let text = match count {
                0 => "the database is there already".to_owned(),
                1 => format!("the {word} to {} runs 1 revision", app.short_node(node)),
                n => format!("the {word} to {} runs {n} revisions", app.short_node(node)),
            };
            app.graph.would_run = Some(WouldRun { target: node, direction, nodes, count });
            toast_about(app, About::Marks, Tone::Info, text);
        }
        Err(reason) => toast_about(app, About::Marks, Tone::Warn, reason),
    }
}

/// The next or previous row worth going to: with a filter any, without one the next pending one.
fn hit(app: &mut App, forward: bool) {
    let n = app.graph.rows.len();
    if n == 0 {
        return;
    }
    let wanted = |app: &App, index: usize| match app.graph.rows[index] {
        Row::Revision { node, .. } => !app.graph.filter.is_empty() || !app.snapshot.applied(node),
        Row::Orphan(_) => true,
    };
    let found = (1..=n)
        .map(|step| {
            if forward {
                (app.graph.selected + step) % n
            } else {
                (app.graph.selected + n - step % n) % n
            }
        })
        .find(|index| wanted(app, *index));
    match found {
        Some(index) => select(app, index),
        None => toast(app, Tone::Info, "nothing is pending"),
    }
}

/// The half-done revision that a word about its statement in doubt would be about: the selected one, or
/// the first.
pub fn in_doubt(app: &App) -> Option<RevisionId> {
    let history = app.snapshot.history.as_ref()?;
    let overview = app.snapshot.overview.as_ref()?;
    let selected = app.selected_node().filter(|node| app.snapshot.state(*node).doubt.is_some());
    let node = selected.or_else(|| app.memo.remarks(overview).doubt)?;
    Some(history.graph().id(node).clone())
}

/// The actions of this screen.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let selected = app.selected_node();
    let id = |app: &App| {
        let history = app.snapshot.history.as_ref()?;
        Some(history.graph().id(app.selected_node()?).to_string())
    };
    let run = match action {
        Action::UpgradeHere => id(app).map(Run::Upgrade),
        Action::UpgradeHeads => Some(Run::Upgrade("heads".into())),
        Action::StepUp => step_spec(app, Direction::Up).map(Run::Upgrade),
        Action::StepDown => step_spec(app, Direction::Down).map(Run::Downgrade),
        // Where the database stands, going back means to undo what stands there.
        Action::DowngradeHere if stands_here(app) => {
            step_spec(app, Direction::Down).map(Run::Downgrade)
        }
        Action::DowngradeHere => id(app).map(Run::Downgrade),
        Action::DowngradeBase => Some(Run::Downgrade("base".into())),
        Action::Stamp => id(app).map(|id| Run::Stamp { specs: vec![id], purge: false }),
        _ => None,
    };
    if let Some(run) = run {
        return confirm::run(app, run);
    }
    match action {
        Action::Open => {
            if let Some(node) = selected {
                return diff::open_diff(app, node);
            }
        }
        Action::WouldRun => return would_run(app),
        Action::Create => layers::open_prompt(app, Purpose::Message),
        Action::Filter => layers::open_prompt(app, Purpose::Filter),
        Action::Merge => confirm::merge(app),
        Action::Settle => {
            if let Some(id) = in_doubt(app) {
                confirm::settle(app, id);
            }
        }
        Action::FlipScript => {
            app.graph.show_down = !app.graph.show_down;
            app.graph.detail_scroll = 0;
        }
        Action::GoCurrent => {
            let rows: Vec<Node> = app
                .snapshot
                .history
                .as_ref()
                .map(|history| {
                    let rows = app.snapshot.rows().iter();
                    rows.filter_map(|row| history.graph().find(row.as_str())).collect()
                })
                .unwrap_or_default();
            // Again on a current one: on to the next.
            let at = selected.and_then(|node| rows.iter().position(|row| *row == node));
            let next = at.map_or(0, |at| (at + 1) % rows.len());
            let found = rows.get(next).is_some_and(|node| go_to(app, *node));
            if !found {
                toast(app, Tone::Warn, "the current revision is not in this list");
            }
        }
        Action::Parent | Action::OtherParent => {
            if let (Some(history), Some(node)) = (app.snapshot.history.clone(), selected) {
                let graph = history.graph();
                let all: Vec<Node> =
                    graph.parents(node).iter().chain(graph.dependencies(node)).copied().collect();
                let wanted = if action == Action::Parent { all.first() } else { all.get(1) };
                if let Some(parent) = wanted
                    && !go_to(app, *parent)
                {
                    toast(app, Tone::Warn, "the filter hides it");
                }
            }
        }
        Action::NextHit => hit(app, true),
        Action::PreviousHit => hit(app, false),
        Action::Edit => {
            if let (Some(history), Some(node)) = (&app.snapshot.history, selected) {
                let path = app.config.root.join(&history.revision(node).path);
                return vec![Effect::Edit(path, 1)];
            }
        }
        Action::Copy => return super::copy::open(app),
        Action::Range => {
            let begun = app.graph.anchor.take();
            app.graph.anchor = begun.is_none().then_some(app.graph.selected);
        }
        Action::StartServer => return super::screens::start_server(app),
        Action::Problems => super::trouble::open(app),
        _ => {}
    }
    Vec::new()
}

/// Moves in the pane that has the focus, by rows.
pub fn scroll(app: &mut App, by: isize) {
    match app.graph.pane {
        Pane::List => {
            let index = app.graph.selected.saturating_add_signed(by);
            select(app, index);
        }
        Pane::Detail => {
            app.graph.detail_scroll =
                app.graph.detail_scroll.saturating_add_signed(by).min(app.hits.detail_max);
        }
    }
}

/// Shows the graph on a revision.
pub fn reveal(app: &mut App, node: Node) -> Vec<Effect> {
    let mut effects = super::show(app, Screen::Graph);
    if !app.graph.filter.is_empty() && !go_to(app, node) {
        app.graph.filter.clear();
        app.graph.moved = true;
        let id = app.snapshot.history.as_ref().map(|h| h.graph().id(node).clone());
        effects.extend(relayout(app, false));
        app.select_id_when_seen = id;
    } else {
        go_to(app, node);
    }
    effects
}
