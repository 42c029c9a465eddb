//! Draws a menu: a key, words, and the beginning of what it means.

use ratatui::{Frame, layout::Rect, text::Line};

use crate::{
    present::safe::{display_safe, width},
    tui::{
        app::{App, HitMap, Target},
        layer::Menu,
        widget::{
            Pen,
            pane::{centred, popup},
        },
    },
};

/// Widest useful popup.
const WIDTH: u16 = 76;

/// Draws it in the middle of `area`.
pub fn draw(app: &App, menu: &Menu, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let wide = area.width.saturating_sub(6).min(WIDTH);
    let place = centred(area, wide, menu.items.len() as u16 + 2);
    let title = Line::styled(menu.title.as_str(), theme.title);
    let foot = Line::styled("Esc closes", theme.scroll);
    let inside = popup(app, frame, place, false, title, foot);
    hits.add(place, Target::Layer);
    let words = menu.items.iter().map(|item| width(&item.words)).max().unwrap_or(0).min(32);
    for (row, item) in menu.items.iter().take(usize::from(inside.height)).enumerate() {
        let line = Rect { y: inside.y + row as u16, height: 1, ..inside };
        hits.add(line, Target::Item(row));
        if row == menu.selected {
            frame.buffer_mut().set_style(line, theme.selection);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, line);
        pen.put(&item.key.to_string(), theme.key).skip(2);
        pen.field(&item.words, words, theme.text).skip(2);
        let first = item.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let room = pen.room();
        let lines = item.text.lines().count();
        let more = if lines > 1 { format!("{lines} lines  ") } else { String::new() };
        pen.put(&more, theme.dim);
        pen.field(&display_safe(first.trim()), room.saturating_sub(width(&more)), theme.faint);
    }
}
