//! Keys of the layers: typing, choosing, answering, and the side-by-side view's actions.

use std::sync::Arc;

use crossterm::event::KeyCode;
use tui_input::{Input, InputRequest};

use super::{act, confirm, diff, graph, list, settings, submit, tables};
use crate::{
    engine::project::Beginning,
    revision::write::NewRevision,
    tui::{
        action::Action,
        app::App,
        event::Effect,
        keymap::Key,
        layer::{Choice, Layer, ListLayer, Prompt, Purpose, Scope},
    },
    worker::{Job, Refresh},
};

/// Longest text that can be typed.
const LONGEST: usize = 400;

/// Opens the help.
pub fn open_help(app: &mut App) {
    app.layers.push(Layer::Help(ListLayer::default()));
    list_anew(app);
}

/// Opens the palette, and reads what it offers where that is not known yet.
pub fn open_palette(app: &mut App, scope: Scope) -> Vec<Effect> {
    app.layers.push(Layer::Palette(ListLayer { scope, ..ListLayer::default() }));
    list_anew(app);
    if scope != Scope::All {
        // On what is chosen now, so that nothing changes by opening it.
        let at = top_list(app).and_then(|list| {
            list.items.iter().position(|item| settings::is_chosen(app, &item.choice))
        });
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
        Layer::Log(_) => Some(super::log::key(app, key)),
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
    list_anew(app);
    preview(app);
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
                diff.look_for(&before, app.size.0);
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
            diff.look_for(input.value(), app.size.0);
            diff::look(app, diff::Look::Here);
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
                list_anew(app);
            }
        }
    }
    preview(app);
    Vec::new()
}

/// Draws with the theme that is selected in the palette.
fn preview(app: &mut App) {
    let Some(Layer::Palette(list)) = app.layers.last() else { return };
    match list.items.get(list.selected).map(|item| item.choice.clone()) {
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

/// Makes the entries of the top list: after typing, and when what they say may have changed.
pub fn list_anew(app: &mut App) {
    let items = match app.layers.last() {
        Some(Layer::Help(list)) => list::help_items(app, list),
        Some(Layer::Palette(list)) => list::palette_items(app, list),
        _ => return,
    };
    if let Some(Layer::Help(list) | Layer::Palette(list)) = app.layers.last_mut() {
        list.items = Arc::new(items);
    }
}

fn move_list(app: &mut App, by: isize) {
    if let Some(Layer::Help(list) | Layer::Palette(list)) = app.layers.last_mut() {
        let last = list.items.len().saturating_sub(1);
        list.selected = list.selected.min(last).saturating_add_signed(by).min(last);
    }
}

/// Runs an entry of the top list.
pub fn choose(app: &mut App, index: usize) -> Vec<Effect> {
    if matches!(app.layers.last(), Some(Layer::Menu(_))) {
        return super::menu::choose(app, index);
    }
    if matches!(app.layers.last(), Some(Layer::Log(_))) {
        super::log::select(app, index);
        return Vec::new();
    }
    if matches!(app.layers.last(), Some(Layer::Welcome(_))) {
        return super::welcome::choose(app, index);
    }
    let item = top_list(app).and_then(|list| list.items.get(index).cloned());
    let Some(item) = item else { return Vec::new() };
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
    let shown = shown.clone();
    let ways = super::trouble::ways_on(app, &shown);
    let means = |action: &Action| app.keymap.keys(*action).iter().any(|chord| chord.0 == [key]);
    if let Some((action, _)) = ways.into_iter().find(|(action, _)| means(action)) {
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
        Some(Layer::Log(_)) => super::log::go(app, by),
        Some(Layer::Prompt(_) | Layer::Menu(_) | Layer::Welcome(_)) => {}
    }
    true
}
