//! Keys of the command log.

use crossterm::event::KeyCode;

use crate::tui::{
    action::Action,
    app::App,
    event::Effect,
    keymap::Key,
    layer::{Layer, LogLayer},
};

/// Opens it at its newest line.
pub fn open(app: &mut App) {
    let selected = app.command_log.len().saturating_sub(1);
    app.layers.push(Layer::Log(LogLayer { selected, ..LogLayer::default() }));
}

/// Takes a key.
pub fn key(app: &mut App, key: Key) -> Vec<Effect> {
    let page = app.hits.page.max(2) as isize;
    if app.keymap.keys(Action::CommandLog).iter().any(|chord| chord.0 == [key]) {
        app.show_log = !app.show_log;
        app.layers.pop();
        return Vec::new();
    }
    let Some(Layer::Log(layer)) = app.layers.last_mut() else { return Vec::new() };
    match key.code {
        KeyCode::Esc if layer.whole => (layer.whole, layer.scroll) = (false, 0),
        KeyCode::Esc | KeyCode::Char('q') => {
            app.layers.pop();
        }
        KeyCode::Enter => (layer.whole, layer.scroll) = (!layer.whole, 0),
        KeyCode::Down | KeyCode::Char('j') => go(app, 1),
        KeyCode::Up | KeyCode::Char('k') => go(app, -1),
        KeyCode::PageDown => scroll(app, page - 1),
        KeyCode::PageUp => scroll(app, 1 - page),
        KeyCode::Char('d') if key.ctrl => scroll(app, page / 2),
        KeyCode::Char('u') if key.ctrl => scroll(app, -(page / 2)),
        KeyCode::Char('y') => {
            let selected = layer.selected;
            let text = app.command_log.get(selected).map(|line| line.text().to_owned());
            return text.map(Effect::Copy).into_iter().collect();
        }
        _ => {}
    }
    Vec::new()
}

/// Another line; where one line alone is shown, its text moves.
pub fn go(app: &mut App, by: isize) {
    let last = app.command_log.len().saturating_sub(1);
    match app.layers.last_mut() {
        Some(Layer::Log(layer)) if !layer.whole => {
            layer.selected = layer.selected.min(last).saturating_add_signed(by).min(last);
            layer.scroll = 0;
        }
        _ => scroll(app, by),
    }
}

/// Selects a line.
pub fn select(app: &mut App, line: usize) {
    if let Some(Layer::Log(layer)) = app.layers.last_mut() {
        (layer.selected, layer.scroll) = (line, 0);
    }
}

fn scroll(app: &mut App, by: isize) {
    let most = app.hits.detail_max;
    if let Some(Layer::Log(layer)) = app.layers.last_mut() {
        layer.scroll = layer.scroll.min(most).saturating_add_signed(by).min(most);
    }
}
