//! The side-by-side view: opening it, searching, going from change to change.

use super::{layers, next_generation, submit};
use crate::{
    revision::Node,
    tui::{
        action::Action,
        app::App,
        event::Effect,
        layer::{DiffLayer, Layer, Missing, Purpose, Subject},
        pending::Progress,
        widget::memo::DiffKey,
    },
    worker::{Job, Work},
};

/// Opens the side-by-side view.
pub fn open_diff(app: &mut App, node: Node) -> Vec<Effect> {
    let Some(history) = app.snapshot.history.clone() else { return Vec::new() };
    let generation = next_generation(app);
    let mut layer = DiffLayer::new(Subject::Objects(node), generation);
    let mut effects = submit(Job::Compare { generation, history: history.clone(), node });
    match super::enabled::can_build(app) {
        Ok(()) => {
            layer.building = Some(Progress::new(app.now.mono));
            effects.extend(submit(Job::Objects { generation, history, node }));
        }
        Err(reason) => {
            layer.subject = Subject::Scripts(node);
            layer.missing = Some(Missing::Early(reason.into_owned()));
        }
    }
    app.layers.push(Layer::Diff(Box::new(layer)));
    effects
}

/// Asks for the objects of open views that could not be asked for when they were opened: the server
/// answers by now.
pub fn build_what_waits(app: &mut App) -> Vec<Effect> {
    let waits = |layer: &Layer| matches!(layer, Layer::Diff(diff) if matches!(diff.missing, Some(Missing::Early(_))));
    if !app.layers.iter().any(waits) || super::enabled::can_build(app).is_err() {
        return Vec::new();
    }
    let Some(history) = app.snapshot.history.clone() else { return Vec::new() };
    let mut effects = Vec::new();
    for layer in app.layers.iter_mut().filter(|layer| waits(layer)) {
        let Layer::Diff(diff) = layer else { continue };
        let Some(node) = diff.subject.node() else { continue };
        diff.missing = None;
        diff.building = Some(Progress::new(app.now.mono));
        let (generation, history) = (diff.generation, history.clone());
        effects.extend(submit(Job::Objects { generation, history, node }));
        app.dirty = true;
    }
    effects
}

/// Opens the side-by-side view of all changes, at one of its parts.
pub fn open_changes(app: &mut App, part: Option<usize>) {
    let Some(changes) = &app.pending.changes else { return };
    let mut layer = DiffLayer::new(Subject::Changes, 0);
    layer.objects = Some(std::sync::Arc::clone(&changes.objects));
    layer.go_to = part.filter(|part| *part > 0);
    app.layers.push(Layer::Diff(Box::new(layer)));
}

/// On a screen of another size scripts may stand in another way, as another text.
pub(super) fn resized(app: &mut App) {
    for layer in &mut app.layers {
        if let Layer::Diff(diff) = layer {
            diff.look_again(app.size.0);
        }
    }
}

/// Scrolls the side-by-side view sideways.
pub fn scroll_sideways(app: &mut App, right: bool) {
    if let Some(Layer::Diff(diff)) = app.layers.last_mut() {
        diff.hscroll = diff.hscroll.saturating_add_signed(if right { 8 } else { -8 }).min(2_000);
    }
}

/// Which match to go to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The first one from the top of the screen on.
    Here,
    Next,
    Previous,
}

/// Goes to a match of the search: opens the fold that hides it, and scrolls it into sight.
pub(super) fn look(app: &mut App, which: Look) {
    let Some(key) = app.hits.diff_key.clone() else { return };
    let (page, width) = (app.hits.page.max(1), app.size.0);
    let diff = app.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Diff(diff) => Some(diff),
        _ => None,
    });
    let Some(diff) = diff else { return };
    let Some(doc) = diff.doc(width).cloned() else { return };
    let all = diff.found.len();
    if all == 0 {
        return;
    }
    let mut key = DiffKey { unfold_all: diff.unfold_all, unfolded: diff.unfolded.clone(), ..key };
    diff.at = match which {
        Look::Next => (diff.at + 1) % all,
        Look::Previous => (diff.at + all - 1) % all,
        Look::Here => {
            let view = app.memo.diff_view(&doc, &key);
            let top =
                view.layout.at(diff.scroll).and_then(|(item, _)| view.folds.items().get(item));
            let row = top.map_or(0, crate::present::diff::fold::Item::row);
            diff.found.iter().position(|hit| hit.row >= row).unwrap_or(0)
        }
    };
    let row = diff.found[diff.at].row;
    diff.unfolded.insert(row);
    key.unfolded.insert(row);
    let view = app.memo.diff_view(&doc, &key);
    let line = view.layout.top(view.folds.item_of(row));
    if line < diff.scroll || line + 1 >= diff.scroll + page {
        let last = view.layout.height().saturating_sub(page);
        diff.scroll = line.saturating_sub(page / 3).min(last);
    }
}

/// Opens the first fold in sight.
fn open_fold(app: &mut App) {
    let (page, folds) = (app.hits.page, app.hits.diff_folds.clone());
    let Some(Layer::Diff(diff)) = app.layers.last_mut() else { return };
    let sight = diff.scroll..diff.scroll + page;
    match folds.iter().find(|(line, _)| sight.contains(line)) {
        Some((_, row)) => {
            diff.unfolded.insert(*row);
        }
        None => super::toast(app, crate::tui::app::Tone::Info, "no fold is in sight"),
    }
}

/// The actions of the side-by-side view.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let searching = app.diff().is_some_and(|diff| !diff.search.is_empty());
    let action = match action {
        Action::NextMatch | Action::PreviousMatch if searching => {
            let next = action == Action::NextMatch;
            look(app, if next { Look::Next } else { Look::Previous });
            return Vec::new();
        }
        Action::DiffCopy => return super::copy::open(app),
        Action::NextMatch => Action::NextHunk,
        Action::PreviousMatch => Action::PreviousHunk,
        Action::Search => {
            layers::open_prompt(app, Purpose::Search);
            return Vec::new();
        }
        Action::OpenFold => {
            open_fold(app);
            return Vec::new();
        }
        Action::NextPart if app.hits.diff_parts.is_empty() => Action::NextHunk,
        Action::PreviousPart if app.hits.diff_parts.is_empty() => Action::PreviousHunk,
        other => other,
    };
    let facts = crate::tui::view::revision::shows_facts(app);
    let hunks = app.hits.diff_hunks.clone();
    let (parts, part) = (app.hits.diff_parts.clone(), app.hits.diff_part);
    let last = app.hits.diff_rows.saturating_sub(app.hits.page.min(app.hits.diff_rows));
    let width = app.size.0;
    let Some(Layer::Diff(diff)) = app.layers.last_mut() else { return Vec::new() };
    match action {
        Action::NextPart => {
            if let Some(next) = parts.get(part + 1) {
                diff.scroll = (*next).min(last);
            }
        }
        Action::PreviousPart => {
            // First to the beginning of this one.
            let own = parts.get(part).copied().unwrap_or(0);
            let before = parts.get(part.saturating_sub(1)).copied().unwrap_or(0);
            diff.scroll = if diff.scroll > own { own } else { before }.min(last);
        }
        Action::FlipView => diff.flip(width),
        Action::StopBuilding => {
            if let Some(progress) = &mut diff.building {
                progress.stopping = true;
                return submit(Job::Stop(Work::Objects));
            }
        }
        Action::NextHunk => {
            if let Some(next) = hunks.iter().find(|row| **row > diff.scroll + 1) {
                diff.scroll = next.saturating_sub(1).min(last);
            }
        }
        Action::PreviousHunk => {
            if let Some(next) = hunks.iter().rev().find(|row| **row <= diff.scroll) {
                diff.scroll = next.saturating_sub(1).min(last);
            } else {
                diff.scroll = 0;
            }
        }
        Action::Fold => {
            diff.unfold_all = !diff.unfold_all;
            diff.unfolded.clear();
        }
        Action::Wrap => {
            diff.wrap = !diff.wrap;
            diff.hscroll = 0;
        }
        Action::SplitView => {
            diff.split = Some(!diff.beside(width));
            diff.scroll = 0;
            diff.look_again(width);
        }
        Action::Swap => diff.swap = !diff.swap,
        Action::DiffFacts => diff.facts = Some(!facts),
        Action::DiffEdit => {
            let node = diff.subject.node();
            if let (Some(history), Some(node)) = (&app.snapshot.history, node) {
                let path = app.config.root.join(&history.revision(node).path);
                return vec![Effect::Edit(path, 1)];
            }
        }
        _ => {}
    }
    Vec::new()
}
