//! The screen of changes: choosing, answering, comparing again, writing the revision.

use std::sync::Arc;

use super::{clock, confirm, diff, layers, log, next_generation, submit, toast};
use crate::{
    code::{Class, Code},
    config::Guard,
    engine,
    revision::write::NewRevision,
    tui::{
        action::Action,
        app::{App, LogEnd, Screen, Tone},
        event::Effect,
        layer::{ErrorLayer, Layer, Purpose, Subject},
        pending::{PendingPane, Progress, TreeRow, Writing},
        recovery::Attempt,
    },
    worker::{
        Job, Refresh, Work,
        pending::{Changes, Planned, Written},
    },
};

/// A comparison that is younger than this is not made again when the screen is entered.
const FRESH: std::time::Duration = std::time::Duration::from_secs(5);

/// A comparison was asked for.
pub fn asked(app: &mut App) {
    if app.pending.comparing.is_none() {
        app.pending.comparing = Some(Progress::new(app.now.mono));
    }
    app.pending.stale = false;
}

/// The screen was entered.
pub fn entered(app: &mut App) -> Vec<Effect> {
    let poll = app.polls[Refresh::Changes as usize];
    let young = poll.asked.is_some_and(|asked| app.now.mono < asked + FRESH);
    if poll.outstanding || young || app.pending.writing.is_some() {
        return Vec::new();
    }
    vec![clock::ask(app, Refresh::Changes)]
}

/// Somebody looks at the changes: they are compared again by themselves.
pub fn watched(app: &App) -> bool {
    app.screen == Screen::Pending
        && app.layers.is_empty()
        && app.pending.error.is_none()
        && app.pending.writing.is_none()
        && app.running().is_none()
}

/// Where the database stands was read: on a developer's own, the changes are counted by themselves.
/// It may have `moved`, or be `back` after it could not be reached.
pub fn database_read(app: &mut App, moved: bool, back: bool) -> Vec<Effect> {
    let first = app.polls[Refresh::Changes as usize].asked.is_none();
    // A comparison that could not reach the database says nothing any more. Once is enough: it may be
    // another server that does not answer.
    let error = app.pending.error.as_ref();
    let missed = back && error.is_some_and(|error| error.code.class() == Class::Connection);
    let wanted = if first { app.config.guard == Guard::Dev } else { moved || missed };
    if wanted && app.pending.writing.is_none() {
        vec![clock::ask(app, Refresh::Changes)]
    } else {
        Vec::new()
    }
}

/// The model files changed.
pub fn models_changed(app: &mut App) -> Vec<Effect> {
    if app.pending.writing.is_some() {
        app.pending.stale = true;
        return Vec::new();
    }
    let looked = app.polls[Refresh::Changes as usize].asked.is_some();
    if looked { vec![clock::ask(app, Refresh::Changes)] } else { Vec::new() }
}

/// A comparison ended.
pub fn compared(app: &mut App, outcome: Result<Arc<Changes>, Arc<engine::Error>>) -> Vec<Effect> {
    app.pending.comparing = None;
    app.dirty = true;
    match outcome {
        Ok(changes) => {
            app.pending.take(&changes);
            for layer in &mut app.layers {
                if let Layer::Diff(diff) = layer
                    && diff.subject == Subject::Changes
                {
                    diff.objects = Some(Arc::clone(&changes.objects));
                    diff.look_again(app.size.0);
                }
            }
            replan(app)
        }
        Err(error) if error.code == Code::Cancelled && app.pending.changes.is_some() => {
            toast(app, Tone::Info, "the comparison was stopped; what is shown may be old");
            Vec::new()
        }
        Err(error) => {
            app.pending.error = Some(error);
            Vec::new()
        }
    }
}

/// Nothing changed since the last comparison.
pub fn unchanged(app: &mut App) {
    app.dirty |= app.pending.comparing.take().is_some() && app.screen == Screen::Pending;
}

/// Longer work reached a stage.
pub fn stage(app: &mut App, work: Work, words: String) {
    let now = app.now.mono;
    let progress = match work {
        Work::Changes => app.pending.comparing.as_mut(),
        Work::Write => app.pending.writing.as_mut().map(|writing| &mut writing.progress),
        Work::Objects => app.layers.iter_mut().rev().find_map(|layer| match layer {
            Layer::Diff(diff) => diff.building.as_mut(),
            _ => None,
        }),
    };
    if let Some(progress) = progress {
        progress.reach(words, now);
        app.dirty = true;
    }
}

/// Asks for the plan of the choice.
fn replan(app: &mut App) -> Vec<Effect> {
    let Some(changes) = app.pending.changes.clone() else { return Vec::new() };
    if changes.items.is_empty() && changes.renames.is_empty() {
        app.pending.planned = None;
        app.pending.plan_old = false;
        return Vec::new();
    }
    let generation = next_generation(app);
    app.pending.plan_wanted = generation;
    app.pending.plan_old = true;
    if app.pending.edited().is_some() {
        toast(app, Tone::Warn, "the edited SQL was for another choice: it is given up");
    }
    let (chosen, terms) = (app.pending.chosen.clone(), app.pending.terms.clone());
    submit(Job::Plan { generation, changes, chosen, terms })
}

/// Takes the other form for the table of the selected change.
fn flip_form(app: &mut App) -> Vec<Effect> {
    let state = &mut app.pending;
    let Some(item) = state.item().and_then(|at| state.changes.as_ref()?.items.get(at)) else {
        return Vec::new();
    };
    let whole = item.whole.clone();
    let name = crate::worker::pending::heading(&whole);
    let words = if state.terms.direct.remove(&whole) {
        format!("{name}: the form that lets others work")
    } else {
        state.terms.direct.insert(whole);
        format!("{name}: the direct form, fewer steps and longer locks")
    };
    toast(app, Tone::Info, words);
    replan(app)
}

/// Asks why the risks of the selected change are accepted, or takes that back.
fn ask_accept(app: &mut App) -> Vec<Effect> {
    let state = &mut app.pending;
    let Some(item) = state.item().and_then(|at| state.changes.as_ref()?.items.get(at)) else {
        return Vec::new();
    };
    let key = item.key.clone();
    if state.terms.accepted.remove(&key).is_some() {
        toast(app, Tone::Info, "no longer accepted");
        return replan(app);
    }
    state.asking = Some(key);
    layers::open_prompt(app, Purpose::Accept);
    Vec::new()
}

/// The risks of a change are accepted; one that was off for them is chosen.
pub fn accept(app: &mut App, reason: String) -> Vec<Effect> {
    let Some(changes) = app.pending.changes.clone() else { return Vec::new() };
    let Some(key) = app.pending.asking.take() else { return Vec::new() };
    let Some(index) = changes.items.iter().position(|item| item.key == key) else {
        return Vec::new();
    };
    if reason.is_empty() {
        toast(app, Tone::Warn, "it is accepted with a reason; nothing was changed");
        return Vec::new();
    }
    app.pending.terms.accepted.insert(key.clone(), reason);
    if !app.pending.chosen[index] {
        changes.choose(&mut app.pending.chosen, index);
        app.pending.wishes.insert(key, true);
    }
    toast(app, Tone::Good, format!("accepted: {} says so in the file", changes.items[index].name));
    replan(app)
}

/// The SQL of the choice stands in a file for the editor, or why not.
pub fn drafted(
    app: &mut App,
    outcome: Result<std::path::PathBuf, Arc<engine::Error>>,
) -> Vec<Effect> {
    app.dirty = true;
    match outcome {
        Ok(path) => {
            app.pending.editing = true;
            vec![Effect::Edit(path, 1)]
        }
        Err(error) => refused(app, "the SQL cannot be edited", error),
    }
}

/// The editor returned: what stands in the file now is read, if it was the SQL.
pub fn edited(app: &mut App) -> Vec<Effect> {
    if std::mem::take(&mut app.pending.editing) { submit(Job::ReadDraft) } else { Vec::new() }
}

/// What the editor gave back was read.
pub fn draft_read(app: &mut App, outcome: Result<Arc<Planned>, Arc<engine::Error>>) -> Vec<Effect> {
    app.dirty = true;
    match outcome {
        Ok(planned) => {
            app.pending.planned = Some(planned);
            app.pending.plan_old = false;
            app.pending.sql_scroll = Some(0);
            let key = app.keymap.label(Action::CreateRevision);
            toast(app, Tone::Good, format!("read; {key} proves it and writes the revision"));
            Vec::new()
        }
        Err(error) => refused(app, "the edited SQL cannot be used", error),
    }
}

fn refused(app: &mut App, title: &str, error: Arc<engine::Error>) -> Vec<Effect> {
    app.layers.push(ErrorLayer::new(title, error, Attempt::Draft).into());
    Vec::new()
}

/// The plan of a choice has come.
pub fn planned(app: &mut App, generation: u64, planned: Arc<Planned>) {
    if generation != app.pending.plan_wanted {
        return;
    }
    app.pending.planned = Some(planned);
    app.pending.plan_old = false;
    app.pending.sql_scroll = None;
    app.dirty = true;
}

/// Begins to prove and write the revision of the choice.
pub fn write(app: &mut App, message: String, apply: bool) -> Vec<Effect> {
    let Some(changes) = app.pending.changes.clone() else { return Vec::new() };
    app.pending.writing =
        Some(Writing { progress: Progress::new(app.now.mono), message: message.clone(), apply });
    app.dirty = true;
    submit(Job::Write {
        changes,
        chosen: app.pending.chosen.clone(),
        terms: app.pending.terms.clone(),
        edited: app.pending.edited().cloned(),
        revision: Box::new(NewRevision {
            message,
            heads: parent(app),
            created: Some(app.now.wall),
            ..NewRevision::default()
        }),
    })
}

/// What the new revision stands on: the head, or the selected one of several.
fn parent(app: &App) -> Vec<String> {
    let Some(history) = &app.snapshot.history else { return Vec::new() };
    let graph = history.graph();
    match (graph.heads().as_slice(), app.selected_node()) {
        ([_, _, ..], Some(node)) => vec![graph.id(node).to_string()],
        _ => Vec::new(),
    }
}

/// The revision was written, or why not.
pub fn written(app: &mut App, outcome: Result<Arc<Written>, Arc<engine::Error>>) -> Vec<Effect> {
    let Some(writing) = app.pending.writing.take() else { return Vec::new() };
    app.dirty = true;
    let took = Some(app.now.mono.saturating_sub(writing.progress.since));
    let command = format!("create revision \"{}\"", writing.message);
    let mut effects = match outcome {
        Ok(written) => {
            let path = &written.path;
            let shown = path.strip_prefix(&app.config.root).unwrap_or(path).display().to_string();
            let key = app.keymap.label(Action::Edit);
            let edit = if app.editor { format!("; {key} opens it") } else { String::new() };
            toast(app, Tone::Good, format!("proved, and created {shown}{edit}"));
            for note in &written.notes {
                toast(app, Tone::Warn, note.clone());
            }
            log(app, command, shown, LogEnd::Done, took);
            app.select_when_seen = Some(path.clone());
            app.apply_when_seen = writing.apply;
            app.graph.pane = crate::tui::app::Pane::default();
            let mut effects = super::show(app, Screen::Graph);
            effects.push(clock::ask(app, Refresh::History));
            effects
        }
        Err(error) => {
            log(app, command, error.message.clone(), LogEnd::Failed, took);
            if error.code == Code::Cancelled {
                toast(app, Tone::Info, "stopped: no revision was created");
            } else {
                let title = "no revision was created";
                app.layers.push(ErrorLayer::new(title, error, Attempt::Write).into());
            }
            Vec::new()
        }
    };
    if std::mem::take(&mut app.pending.stale) {
        effects.push(clock::ask(app, Refresh::Changes));
    }
    effects
}

fn select(app: &mut App, row: usize) {
    let last = app.pending.rows.len().saturating_sub(1);
    let row = row.min(last);
    if row != app.pending.selected {
        app.pending.selected = row;
        app.pending.object_scroll = None;
        app.pending.sql_scroll = None;
    }
    app.dirty = true;
}

/// Moves in the pane that has the focus.
pub fn scroll(app: &mut App, by: isize) {
    let (object_max, sql_max, sql_at) = (app.hits.object_max, app.hits.sql_max, app.hits.sql_at);
    match app.pending.pane {
        PendingPane::List => {
            let row = app.pending.selected.saturating_add_signed(by);
            select(app, row);
        }
        PendingPane::Object => {
            let at = app.pending.object_scroll.unwrap_or(app.hits.object_at);
            app.pending.object_scroll = Some(at.saturating_add_signed(by).min(object_max));
        }
        PendingPane::Sql => {
            let at = app.pending.sql_scroll.unwrap_or(sql_at);
            app.pending.sql_scroll = Some(at.saturating_add_signed(by).min(sql_max));
        }
    }
    app.dirty = true;
}

/// Moves the focus to the pane on the left or on the right.
pub fn sideways(app: &mut App, right: bool) {
    use PendingPane::{List, Object, Sql};
    let state = &mut app.pending;
    if state.changes.as_ref().is_none_or(|changes| changes.items.is_empty()) {
        state.pane = List;
        return;
    }
    state.pane = match (state.pane, right) {
        (List, true) | (Sql, false) => Object,
        (Object | Sql, true) => Sql,
        (Object | List, false) => List,
    };
    app.dirty = true;
}

/// A click on a row of the tree.
pub fn click(app: &mut App, row: usize, boxed: bool) -> Vec<Effect> {
    app.pending.pane = PendingPane::List;
    let again = app.pending.selected == row;
    select(app, row);
    match app.pending.rows.get(row) {
        Some(TreeRow::Item(_)) if boxed => toggle(app),
        Some(TreeRow::Group(_) | TreeRow::Unmanaged) if again || boxed => {
            fold(app);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Chooses what is selected, or gives it up.
fn toggle(app: &mut App) -> Vec<Effect> {
    let Some(changes) = app.pending.changes.clone() else { return Vec::new() };
    let range = match app.pending.rows.get(app.pending.selected) {
        Some(TreeRow::Item(index)) => *index..*index + 1,
        Some(TreeRow::Group(group)) => match changes.groups.get(*group) {
            Some(group) => group.items.clone(),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let on = range.clone().any(|index| !app.pending.chosen[index]);
    let before = app.pending.chosen.clone();
    for index in range.clone() {
        if on {
            changes.choose(&mut app.pending.chosen, index);
        } else {
            changes.give_up(&mut app.pending.chosen, index);
        }
        app.pending.wishes.insert(changes.items[index].key.clone(), on);
    }
    let along: Vec<usize> = (0..before.len())
        .filter(|index| before[*index] != app.pending.chosen[*index] && !range.contains(index))
        .collect();
    if let Some(first) = along.first() {
        // Wishes of others that were overruled are forgotten.
        for index in &along {
            app.pending.wishes.remove(&changes.items[*index].key);
        }
        let name = &changes.items[*first].name;
        let others = match along.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        let words = if on {
            format!("{name}{others} came along: it is needed")
        } else {
            format!("{name}{others} went along: it needs this")
        };
        toast(app, Tone::Info, words);
    }
    replan(app)
}

/// Chooses everything that loses no data; when that is so already, nothing.
fn toggle_all(app: &mut App) -> Vec<Effect> {
    let Some(changes) = app.pending.changes.clone() else { return Vec::new() };
    let all = changes.by_default();
    let off = app.pending.chosen == all && all.contains(&true);
    app.pending.chosen = if off { vec![false; all.len()] } else { all };
    app.pending.wishes = changes
        .items
        .iter()
        .zip(&app.pending.chosen)
        .map(|(item, chosen)| (item.key.clone(), *chosen))
        .collect();
    replan(app)
}

/// Opens or closes the group of the selected row.
fn fold(app: &mut App) {
    let Some(changes) = app.pending.changes.clone() else { return };
    let state = &mut app.pending;
    let group = match state.rows.get(state.selected) {
        Some(TreeRow::Group(group)) => *group,
        Some(TreeRow::Item(item)) => changes.group_of(*item),
        Some(TreeRow::Unmanaged | TreeRow::Thing(_)) => {
            state.show_unmanaged = !state.show_unmanaged;
            state.rebuild();
            let row = state.rows.iter().position(|row| *row == TreeRow::Unmanaged);
            state.selected = row.unwrap_or(state.selected);
            return;
        }
        _ => return,
    };
    let open = state.is_open(&changes, group);
    if let Some(title) = changes.groups.get(group).map(|group| group.title.clone()) {
        state.opened.insert(title, !open);
    }
    state.rebuild();
    let row = state.rows.iter().position(|row| *row == TreeRow::Group(group));
    state.selected = row.unwrap_or(state.selected);
}

fn next_group(app: &mut App, forward: bool) {
    let at = app.pending.selected;
    let heads = app.pending.rows.iter().enumerate().filter(|(_, row)| {
        matches!(row, TreeRow::Group(_) | TreeRow::Unmanaged | TreeRow::Question(_))
    });
    let mut rows = heads.map(|(row, _)| row);
    let found =
        if forward { rows.find(|row| *row > at) } else { rows.take_while(|row| *row < at).last() };
    if let Some(row) = found {
        select(app, row);
    }
}

/// Answers the selected question, or takes an answer back; that changes the comparison.
fn answer(app: &mut App, same: bool) -> Vec<Effect> {
    let Some(changes) = app.pending.changes.clone() else { return Vec::new() };
    let (rename, again) = match app.pending.rows.get(app.pending.selected) {
        Some(TreeRow::Question(index)) => {
            (changes.questions.get(*index).map(|question| question.rename.clone()), same)
        }
        Some(TreeRow::Renamed(index)) if !same => (changes.renames.get(*index).cloned(), true),
        // An answer to nothing that is selected: the question comes first.
        _ => {
            let question = |row: &TreeRow| matches!(row, TreeRow::Question(_));
            if let Some(row) = app.pending.rows.iter().position(question) {
                app.pending.pane = PendingPane::List;
                select(app, row);
                let (yes, no) = (Action::SameObject, Action::OtherObject);
                let (yes, no) = (app.keymap.label(yes), app.keymap.label(no));
                toast(
                    app,
                    Tone::Info,
                    format!("the question is selected: {yes} or {no} answers it"),
                );
            }
            return Vec::new();
        }
    };
    let Some(rename) = rename else { return Vec::new() };
    app.pending.answers.insert(rename, same);
    app.pending.rebuild();
    app.dirty = true;
    if !again {
        return Vec::new();
    }
    let answers = app.pending.answers.iter().filter(|(_, same)| **same);
    let renames = answers.map(|(rename, _)| rename.clone()).collect();
    let mut effects = submit(Job::Renames(renames));
    effects.push(clock::ask(app, Refresh::Changes));
    effects
}

/// The actions of this screen.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Toggle => return toggle(app),
        Action::ToggleAll => return toggle_all(app),
        Action::OpenObjects => {
            let part = app.pending.part();
            diff::open_changes(app, part);
        }
        Action::CreateRevision => layers::open_prompt(app, Purpose::Changes { apply: false }),
        Action::ApplyNow => layers::open_prompt(app, Purpose::Changes { apply: true }),
        Action::FlipPlan => {
            app.pending.show_down = !app.pending.show_down;
            app.pending.sql_scroll = None;
        }
        Action::SameObject | Action::OtherObject => {
            return answer(app, action == Action::SameObject);
        }
        Action::FoldGroup => fold(app),
        Action::NextGroup | Action::PreviousGroup => next_group(app, action == Action::NextGroup),
        Action::CompareAgain => {
            app.pending.error = None;
            return vec![clock::ask(app, Refresh::Changes)];
        }
        Action::StopWork => {
            let (work, progress) = match (&mut app.pending.writing, &mut app.pending.comparing) {
                (Some(writing), _) => (Work::Write, &mut writing.progress),
                (None, Some(progress)) => (Work::Changes, progress),
                (None, None) => return Vec::new(),
            };
            progress.stopping = true;
            return submit(Job::Stop(work));
        }
        Action::CopyPlan => {
            if let Some(planned) = &app.pending.planned {
                let script = if app.pending.show_down { &planned.down } else { &planned.up };
                return vec![Effect::Copy(script.text())];
            }
        }
        Action::FlipForm => return flip_form(app),
        Action::Accept => return ask_accept(app),
        Action::EditSql => {
            let Some(changes) = app.pending.changes.clone() else { return Vec::new() };
            let (chosen, terms) = (app.pending.chosen.clone(), app.pending.terms.clone());
            let edited = app.pending.edited().cloned();
            return submit(Job::Draft { changes, chosen, terms, edited });
        }
        Action::DropEdit => {
            app.pending.planned = None;
            toast(app, Tone::Info, "the edited SQL was given up");
            return replan(app);
        }
        Action::PendingEdit => {
            if let Some(path) = app.config.models.first() {
                return vec![Effect::Edit(path.clone(), 1)];
            }
        }
        _ => {}
    }
    Vec::new()
}

/// The revision of a file that was just written appeared in the graph: is it to be applied at once?
pub fn seen(app: &mut App, id: String) -> Vec<Effect> {
    if std::mem::take(&mut app.apply_when_seen) && app.running().is_none() {
        return confirm::run(app, crate::worker::Run::Upgrade(id));
    }
    Vec::new()
}
