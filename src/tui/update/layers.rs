//! Keys of the layers: typing, choosing, answering, and the side-by-side view's actions.

use crossterm::event::KeyCode;
use tui_input::{Input, InputRequest};

use super::{act, confirm, graph, list, next_generation, settings, submit, tables};
use crate::{
    code::Code,
    engine::{self, project::Beginning},
    revision::{Node, write::NewRevision},
    tui::{
        action::Action,
        app::App,
        event::Effect,
        keymap::Key,
        layer::{
            Choice, DiffLayer, ErrorLayer, Layer, ListLayer, Missing, Prompt, Purpose, Scope,
            Subject,
        },
        pending::Progress,
        widget::memo::DiffKey,
    },
    worker::{Job, Refresh, Work},
};

/// Longest text that can be typed.
const LONGEST: usize = 400;

/// Opens the help.
pub fn open_help(app: &mut App) {
    app.layers.push(Layer::Help(ListLayer::default()));
}

/// Opens the palette, and reads what it offers where that is not known yet.
pub fn open_palette(app: &mut App, scope: Scope) -> Vec<Effect> {
    app.layers.push(Layer::Palette(ListLayer { scope, ..ListLayer::default() }));
    if scope != Scope::All {
        // On what is chosen now, so that nothing changes by opening it.
        let at = items(app).iter().position(|item| settings::is_chosen(app, &item.choice));
        if let (Some(at), Some(Layer::Palette(list))) = (at, app.layers.last_mut()) {
            list.selected = at;
        }
    }
    if scope == Scope::All && app.snapshot.tables.is_none() && app.snapshot.server_up() {
        return vec![super::clock::ask(app, Refresh::Tables)];
    }
    Vec::new()
}

/// Opens a prompt.
pub fn open_prompt(app: &mut App, purpose: Purpose) {
    let (title, text) = match purpose {
        Purpose::Message | Purpose::Changes { .. } => {
            ("message of the new revision:".to_owned(), String::new())
        }
        Purpose::Accept => ("why is this right? (for the file):".to_owned(), String::new()),
        Purpose::Filter => ("filter:".to_owned(), app.graph.filter.clone()),
        Purpose::Url => ("URL of the database:".to_owned(), String::new()),
        Purpose::Log => ("filter the log:".to_owned(), app.database.log_filter.clone()),
        Purpose::Search => {
            ("search:".to_owned(), app.diff().map(|d| d.search.clone()).unwrap_or_default())
        }
    };
    let input = Input::new(text.clone());
    app.layers.push(Layer::Prompt(Prompt { purpose, title, input, before: text }));
}

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

/// Lists what is wrong with the revision files.
pub fn open_problems(app: &mut App) {
    let Some(history) = &app.snapshot.history else { return };
    let problems = history.problems();
    let Some(first) = problems.first() else {
        super::trouble::open(app);
        return;
    };
    let place = |problem: &crate::revision::Problem| match &problem.path {
        Some(path) if problem.line > 0 => format!("{}:{}: ", path.display(), problem.line),
        Some(path) => format!("{}: ", path.display()),
        None => String::new(),
    };
    let mut error = engine::Error::new(Code::File, format!("{}{}", place(first), first.message));
    error.code = first.code;
    error.hint.clone_from(&first.hint);
    error.more = problems[1..]
        .iter()
        .flat_map(|problem| {
            let text = format!("{}: {}{}", problem.code, place(problem), problem.message);
            let hint = problem.hint.as_ref().map(|hint| format!("  {hint}"));
            std::iter::once(text).chain(hint)
        })
        .collect();
    error.state = Some("nothing runs until the files are fine; looking is always possible".into());
    let title = confirm::count(problems.len(), "problem");
    app.layers.push(Layer::Error(Box::new(ErrorLayer { title, error: error.into(), scroll: 0 })));
}

/// A key for the top layer; none when the layer does not take it.
pub fn key(app: &mut App, key: Key) -> Option<Vec<Effect>> {
    if key.ctrl && matches!(key.code, KeyCode::Char('c')) && !app.layers.is_empty() {
        let effects = cancel_top(app);
        return Some(effects);
    }
    if key.ctrl && matches!(key.code, KeyCode::Char('z' | 'l')) {
        return None;
    }
    match app.layers.last()? {
        Layer::Diff(_) => None,
        Layer::Help(_) | Layer::Palette(_) => Some(list_key(app, key)),
        Layer::Confirm(_) => Some(confirm_key(app, key)),
        Layer::Prompt(_) => Some(prompt_key(app, key)),
        Layer::Menu(_) => Some(super::menu::key(app, key)),
        Layer::Welcome(_) => Some(super::welcome::key(app, key)),
        Layer::Error(_) => Some(error_key(app, key)),
    }
}

/// The top layer's text field does something with this key and Alt. In an empty field nothing can.
pub fn takes_alt(app: &App, key: Key) -> bool {
    let input = match app.layers.last() {
        Some(Layer::Help(list) | Layer::Palette(list)) => &list.input,
        Some(Layer::Confirm(confirm)) if confirm.typed.is_some() => &confirm.input,
        Some(Layer::Prompt(prompt)) => &prompt.input,
        _ => return false,
    };
    !input.value().is_empty() && matches!(key.code, KeyCode::Char('b' | 'f') | KeyCode::Backspace)
}

/// Pasted text goes where text is typed; everywhere else it is not a row of commands.
pub fn paste(app: &mut App, text: &str) {
    let input = match app.layers.last_mut() {
        Some(Layer::Help(list) | Layer::Palette(list)) => Some(&mut list.input),
        Some(Layer::Confirm(confirm)) if confirm.typed.is_some() => Some(&mut confirm.input),
        Some(Layer::Prompt(prompt)) => Some(&mut prompt.input),
        _ => None,
    };
    if let Some(input) = input {
        for c in text.chars().filter(|c| !c.is_control()) {
            insert(input, c);
        }
    }
    filter_typed(app);
}

fn insert(input: &mut Input, c: char) {
    if input.value().chars().count() < LONGEST {
        input.handle(InputRequest::InsertChar(c));
    }
}

/// A key of a text field; false when it is none.
fn type_into(input: &mut Input, key: Key) -> bool {
    let request = match (key.code, key.ctrl, key.alt) {
        (KeyCode::Char(c), false, false) => {
            insert(input, c);
            return true;
        }
        (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, false) => {
            InputRequest::DeletePrevChar
        }
        (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, false) => InputRequest::DeleteNextChar,
        (KeyCode::Left, true, _) | (KeyCode::Char('b'), false, true) => InputRequest::GoToPrevWord,
        (KeyCode::Right, true, _) | (KeyCode::Char('f'), false, true) => InputRequest::GoToNextWord,
        (KeyCode::Left, ..) | (KeyCode::Char('b'), true, false) => InputRequest::GoToPrevChar,
        (KeyCode::Right, ..) | (KeyCode::Char('f'), true, false) => InputRequest::GoToNextChar,
        (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => InputRequest::GoToStart,
        (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => InputRequest::GoToEnd,
        (KeyCode::Char('w'), true, _) | (KeyCode::Backspace, ..) => InputRequest::DeletePrevWord,
        (KeyCode::Char('u'), true, _) => InputRequest::DeleteFromStart,
        (KeyCode::Char('k'), true, _) => InputRequest::DeleteTillEnd,
        _ => return false,
    };
    input.handle(request);
    true
}

/// Esc on the top layer.
fn cancel_top(app: &mut App) -> Vec<Effect> {
    match app.layers.pop() {
        Some(Layer::Prompt(Prompt { purpose: Purpose::Filter, before, .. })) => {
            set_filter(app, before)
        }
        Some(Layer::Prompt(Prompt { purpose: Purpose::Log, before, .. })) => {
            app.database.log_filter = before;
            Vec::new()
        }
        Some(Layer::Prompt(Prompt { purpose: Purpose::Search, before, .. })) => {
            if let Some(Layer::Diff(diff)) = app.layers.last_mut() {
                diff.look_for(&before);
            }
            Vec::new()
        }
        Some(Layer::Palette(_)) => {
            settings::shown(app);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn set_filter(app: &mut App, filter: String) -> Vec<Effect> {
    if app.graph.filter == filter {
        return Vec::new();
    }
    app.graph.filter = filter;
    app.graph.moved = true;
    graph::relayout(app, false)
}

/// The filter, or the search, follows what is typed.
fn filter_typed(app: &mut App) {
    if let [.., Layer::Diff(diff), Layer::Prompt(Prompt { purpose: Purpose::Search, input, .. })] =
        app.layers.as_mut_slice()
    {
        if diff.search != input.value() {
            diff.look_for(input.value());
            look(app, Look::Here);
        }
        return;
    }
    if let Some(Layer::Prompt(Prompt { purpose: Purpose::Log, input, .. })) = app.layers.last() {
        app.database.log_filter = input.value().to_owned();
        app.database.log_back = 0;
        return;
    }
    if let Some(Layer::Prompt(Prompt { purpose: Purpose::Filter, input, .. })) = app.layers.last()
        && app.graph.filter != input.value()
    {
        app.graph.filter = input.value().to_owned();
        app.graph.moved = true;
        app.refilter = true;
    }
}

fn list_key(app: &mut App, key: Key) -> Vec<Effect> {
    let page = app.hits.page.max(2);
    match (key.code, key.ctrl) {
        (KeyCode::Esc, _) => return cancel_top(app),
        (KeyCode::Enter, _) => {
            let selected = top_list(app).map_or(0, |list| list.selected);
            return choose(app, selected);
        }
        (KeyCode::Down, _) | (KeyCode::Char('n' | 'j'), true) => move_list(app, 1),
        (KeyCode::Up, _) | (KeyCode::Char('p' | 'k'), true) => move_list(app, -1),
        (KeyCode::PageDown, _) => move_list(app, page as isize - 1),
        (KeyCode::PageUp, _) => move_list(app, 1 - page as isize),
        _ => {
            // In an empty help, the keys that opened it close it.
            let empty = top_list(app).is_some_and(|list| list.input.value().is_empty());
            let help = matches!(app.layers.last(), Some(Layer::Help(_)));
            if empty && help && matches!(key.code, KeyCode::Char('?' | 'q')) {
                return cancel_top(app);
            }
            if let Some(Layer::Help(list) | Layer::Palette(list)) = app.layers.last_mut()
                && type_into(&mut list.input, key)
            {
                list.selected = 0;
            }
        }
    }
    preview(app);
    Vec::new()
}

/// Draws with the theme that is selected in the palette.
fn preview(app: &mut App) {
    let Some(Layer::Palette(list)) = app.layers.last() else { return };
    let selected = list.selected;
    match items(app).into_iter().nth(selected).map(|item| item.choice) {
        Some(Choice::Theme(name)) => settings::preview(app, &name),
        _ => settings::shown(app),
    }
}

fn top_list(app: &App) -> Option<&ListLayer> {
    match app.layers.last() {
        Some(Layer::Help(list) | Layer::Palette(list)) => Some(list),
        _ => None,
    }
}

fn items(app: &App) -> Vec<crate::tui::layer::Item> {
    match app.layers.last() {
        Some(Layer::Help(list)) => list::help_items(app, list),
        Some(Layer::Palette(list)) => list::palette_items(app, list),
        _ => Vec::new(),
    }
}

fn move_list(app: &mut App, by: isize) {
    let last = items(app).len().saturating_sub(1);
    if let Some(Layer::Help(list) | Layer::Palette(list)) = app.layers.last_mut() {
        list.selected = list.selected.min(last).saturating_add_signed(by).min(last);
    }
}

/// Runs an entry of the top list.
pub fn choose(app: &mut App, index: usize) -> Vec<Effect> {
    if matches!(app.layers.last(), Some(Layer::Menu(_))) {
        return super::menu::choose(app, index);
    }
    if matches!(app.layers.last(), Some(Layer::Welcome(_))) {
        return super::welcome::choose(app, index);
    }
    let Some(item) = items(app).into_iter().nth(index) else { return Vec::new() };
    if let Some(reason) = item.disabled {
        super::toast(app, crate::tui::app::Tone::Warn, format!("{}: {reason}", item.text));
        return Vec::new();
    }
    app.layers.pop();
    match item.choice {
        Choice::Action(action) => {
            app.recent.retain(|other| *other != action);
            app.recent.insert(0, action);
            app.recent.truncate(20);
            let mut effects = go_where_it_works(app, action);
            effects.extend(act(app, action));
            effects
        }
        Choice::Revision(node) => graph::reveal(app, node),
        Choice::Table(name) => tables::reveal(app, &name),
        Choice::Theme(name) => {
            settings::choose_theme(app, name);
            Vec::new()
        }
        Choice::Setting(setting) => {
            settings::change(app, setting);
            Vec::new()
        }
        Choice::Profile(name) => settings::connect(app, name),
    }
}

/// Shows the screen an action belongs to.
fn go_where_it_works(app: &mut App, action: Action) -> Vec<Effect> {
    use crate::tui::{action::Context, app::Screen};
    let screen = match action.entry().context {
        Context::Graph => Screen::Graph,
        Context::Pending => Screen::Pending,
        Context::Database => Screen::Database,
        Context::Jobs => Screen::Jobs,
        Context::Diff | Context::Move | Context::Global => return Vec::new(),
    };
    if app.screen == screen { Vec::new() } else { super::show(app, screen) }
}

fn confirm_key(app: &mut App, key: Key) -> Vec<Effect> {
    let Some(Layer::Confirm(confirm)) = app.layers.last_mut() else { return Vec::new() };
    match key.code {
        KeyCode::Esc => return cancel_top(app),
        KeyCode::Enter => {
            if !confirm.ready() {
                return Vec::new();
            }
            let nothing = confirm.review.as_ref().is_some_and(|review| review.steps.is_empty());
            let accept = confirm.accept.clone();
            app.layers.pop();
            return if nothing { Vec::new() } else { confirm::accept(app, accept) };
        }
        KeyCode::Down => {
            confirm.scroll = (confirm.scroll + 1).min(confirm.lines.len().saturating_sub(1));
        }
        KeyCode::Up => confirm.scroll = confirm.scroll.saturating_sub(1),
        _ if confirm.typed.is_some() && !confirm.refused() => {
            type_into(&mut confirm.input, key);
        }
        KeyCode::Char(c) if confirm.other.as_ref().is_some_and(|(k, _)| *k == c) => {
            let accept = confirm.accept.clone();
            app.layers.pop();
            return confirm::other(app, &accept);
        }
        KeyCode::Char('q' | 'n') => return cancel_top(app),
        KeyCode::Char('j') => {
            confirm.scroll = (confirm.scroll + 1).min(confirm.lines.len().saturating_sub(1));
        }
        KeyCode::Char('k') => confirm.scroll = confirm.scroll.saturating_sub(1),
        _ => {}
    }
    Vec::new()
}

fn prompt_key(app: &mut App, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => return cancel_top(app),
        KeyCode::Enter => {
            let Some(Layer::Prompt(prompt)) = app.layers.pop() else { return Vec::new() };
            let text = prompt.input.value().trim().to_owned();
            return match prompt.purpose {
                Purpose::Filter => set_filter(app, prompt.input.value().to_owned()),
                Purpose::Search | Purpose::Log => Vec::new(),
                Purpose::Url if text.is_empty() => Vec::new(),
                Purpose::Url => vec![Effect::Begin(Beginning::Connect(text))],
                Purpose::Message | Purpose::Changes { .. } if text.is_empty() => {
                    super::toast(
                        app,
                        crate::tui::app::Tone::Warn,
                        "a revision needs a message; nothing was created",
                    );
                    Vec::new()
                }
                Purpose::Message => create(app, text),
                Purpose::Changes { apply } => super::pending::write(app, text, apply),
                Purpose::Accept => super::pending::accept(app, text),
            };
        }
        _ => {}
    }
    if let Some(Layer::Prompt(prompt)) = app.layers.last_mut() {
        type_into(&mut prompt.input, key);
    }
    filter_typed(app);
    Vec::new()
}

/// Creates an empty revision on the head, or on the selected one of several.
fn create(app: &App, message: String) -> Vec<Effect> {
    let Some(history) = &app.snapshot.history else { return Vec::new() };
    let graph = history.graph();
    let heads = graph.heads();
    let parent = match (heads.as_slice(), app.selected_node()) {
        ([_, _, ..], Some(node)) => vec![graph.id(node).to_string()],
        _ => Vec::new(),
    };
    submit(Job::Create(Box::new(NewRevision {
        message,
        heads: parent,
        created: Some(app.now.wall),
        ..NewRevision::default()
    })))
}

fn error_key(app: &mut App, key: Key) -> Vec<Effect> {
    let page = app.hits.page.max(2);
    let Some(Layer::Error(shown)) = app.layers.last() else { return Vec::new() };
    let shown = std::sync::Arc::clone(&shown.error);
    if let Some((action, _)) = super::trouble::remedy(app, &shown)
        && app.keymap.keys(action).iter().any(|chord| chord.0 == [key])
    {
        app.layers.pop();
        return super::trouble::go_on(app, &shown, action);
    }
    let Some(Layer::Error(error)) = app.layers.last_mut() else { return Vec::new() };
    let most = 2_000 + error.error.more.len();
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => return cancel_top(app),
        KeyCode::Down | KeyCode::Char('j') => error.scroll = (error.scroll + 1).min(most),
        KeyCode::Up | KeyCode::Char('k') => error.scroll = error.scroll.saturating_sub(1),
        KeyCode::PageDown => error.scroll = (error.scroll + page).min(most),
        KeyCode::PageUp => error.scroll = error.scroll.saturating_sub(page),
        KeyCode::Char('y') => {
            return vec![Effect::Copy(super::screens::error_text(&error.title, &error.error))];
        }
        _ => {}
    }
    Vec::new()
}

/// Scrolls the top layer; false when it does not scroll.
pub fn scroll(app: &mut App, by: isize) -> bool {
    let rows = app.hits.diff_rows.saturating_sub(app.hits.page.min(app.hits.diff_rows));
    match app.layers.last_mut() {
        None => return false,
        Some(Layer::Diff(diff)) => {
            diff.scroll = diff.scroll.min(rows).saturating_add_signed(by).min(rows);
        }
        Some(Layer::Error(error)) => {
            error.scroll =
                error.scroll.saturating_add_signed(by).min(2_000 + error.error.more.len());
        }
        Some(Layer::Confirm(confirm)) => {
            let last = confirm.lines.len().saturating_sub(1);
            confirm.scroll = confirm.scroll.saturating_add_signed(by).min(last);
        }
        Some(Layer::Help(_) | Layer::Palette(_)) => {
            move_list(app, by);
            preview(app);
        }
        Some(Layer::Prompt(_) | Layer::Menu(_) | Layer::Welcome(_)) => {}
    }
    true
}

/// Scrolls the side-by-side view sideways.
pub fn scroll_sideways(app: &mut App, right: bool) {
    if let Some(Layer::Diff(diff)) = app.layers.last_mut() {
        diff.hscroll = diff.hscroll.saturating_add_signed(if right { 8 } else { -8 }).min(2_000);
    }
}

/// Which match to go to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// The first one from the top of the screen on.
    Here,
    Next,
    Previous,
}

/// Goes to a match of the search: opens the fold that hides it, and scrolls it into sight.
fn look(app: &mut App, which: Look) {
    let Some(key) = app.hits.diff_key.clone() else { return };
    let page = app.hits.page.max(1);
    let diff = app.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Diff(diff) => Some(diff),
        _ => None,
    });
    let Some(diff) = diff else { return };
    let Some(doc) = diff.doc().cloned() else { return };
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
pub fn diff_act(app: &mut App, action: Action) -> Vec<Effect> {
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
            open_prompt(app, Purpose::Search);
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
    let facts = super::super::view::revision::shows_facts(app);
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
        Action::FlipView => diff.flip(),
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
            diff.split = Some(!diff.split.unwrap_or(width >= 100));
            diff.scroll = 0;
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
