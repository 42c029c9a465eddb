//! Keys of a menu.

use crossterm::event::KeyCode;

use crate::tui::{
    app::App,
    event::Effect,
    keymap::Key,
    layer::{Layer, Menu},
};

/// Takes a key: that of an entry copies it, and so does Enter on the selected one. The key that opened
/// the menu means its first entry.
pub fn key(app: &mut App, key: Key) -> Vec<Effect> {
    let Some(Layer::Menu(menu)) = app.layers.last_mut() else { return Vec::new() };
    let last = menu.items.len().saturating_sub(1);
    let chosen = match key.code {
        KeyCode::Esc | KeyCode::Char('q') => {
            app.layers.pop();
            return Vec::new();
        }
        KeyCode::Enter => menu.selected,
        KeyCode::Down => {
            menu.selected = (menu.selected + 1).min(last);
            return Vec::new();
        }
        KeyCode::Up => {
            menu.selected = menu.selected.saturating_sub(1);
            return Vec::new();
        }
        KeyCode::Char(c) if !key.ctrl => match menu.items.iter().position(|item| item.key == c) {
            Some(found) => found,
            None if c == 'y' => 0,
            None if c == 'j' || c == 'k' => {
                let by = if c == 'j' { 1 } else { -1 };
                menu.selected = menu.selected.saturating_add_signed(by).min(last);
                return Vec::new();
            }
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    choose(app, chosen)
}

/// Copies an entry.
pub fn choose(app: &mut App, index: usize) -> Vec<Effect> {
    match app.layers.pop() {
        Some(Layer::Menu(Menu { mut items, .. })) if index < items.len() => {
            vec![Effect::Copy(items.swap_remove(index).text)]
        }
        _ => Vec::new(),
    }
}
