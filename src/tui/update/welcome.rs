//! The first contact: a folder without a project, and the ways to begin there.

use crossterm::event::KeyCode;

use super::{layers, toast};
use crate::{
    engine::project::{Beginning, Newcomer},
    tui::{
        app::{App, Tone},
        event::Effect,
        keymap::Key,
        layer::{Layer, Purpose, Welcome},
    },
};

/// Ways to begin.
pub const WAYS: usize = 3;

/// Opens the guide. Nothing is started by itself in a folder that nobody chose for it.
pub fn open(app: &mut App, found: Newcomer) {
    app.autostart_done = true;
    let selected = usize::from(found.tool.is_some());
    app.layers.push(Layer::Welcome(Welcome { found, selected }));
}

/// Takes a key.
pub fn key(app: &mut App, key: Key) -> Vec<Effect> {
    let Some(Layer::Welcome(welcome)) = app.layers.last_mut() else { return Vec::new() };
    let last = WAYS - 1;
    match key.code {
        KeyCode::Down | KeyCode::Char('j') => welcome.selected = (welcome.selected + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') => welcome.selected = welcome.selected.saturating_sub(1),
        KeyCode::Enter => {
            let selected = welcome.selected;
            return choose(app, selected);
        }
        KeyCode::Char(c @ '1'..='3') => return choose(app, c as usize - '1' as usize),
        KeyCode::Esc => {
            app.layers.pop();
        }
        KeyCode::Char('q') => return super::leave(app),
        _ => {}
    }
    Vec::new()
}

/// Begins one way.
pub fn choose(app: &mut App, way: usize) -> Vec<Effect> {
    let Some(Layer::Welcome(welcome)) = app.layers.last() else { return Vec::new() };
    match way {
        0 => vec![Effect::Begin(Beginning::Make)],
        1 if welcome.found.tool.is_some() => vec![Effect::Begin(Beginning::Import)],
        1 => {
            toast(
                app,
                Tone::Warn,
                "no migrations of dbmate, sqlx, diesel, goose or golang-migrate are here",
            );
            Vec::new()
        }
        _ => {
            layers::open_prompt(app, Purpose::Url);
            Vec::new()
        }
    }
}
