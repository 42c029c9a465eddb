//! Draws a line of text that is asked for, above the hint bar.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::Clear,
};
use unicode_width::UnicodeWidthStr;

use crate::tui::{
    app::{App, HitMap, Target},
    layer::{Prompt, Purpose},
};

/// What Enter and Esc do.
fn answers(purpose: Purpose) -> (&'static str, &'static str) {
    match purpose {
        Purpose::Message => ("creates it", "does not"),
        Purpose::Changes { apply: false } => ("proves and writes it", "does not"),
        Purpose::Changes { apply: true } => ("proves, writes and applies it", "does not"),
        Purpose::Accept => ("accepts the risk", "does not"),
        Purpose::Url => ("connects", "goes back"),
        Purpose::Search | Purpose::Filter | Purpose::Log => ("keeps it", "drops it"),
    }
}

/// Draws it over the last line.
pub fn draw(app: &App, layer: &Prompt, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let place = Rect { y: area.bottom() - 1, height: 1, ..area };
    frame.render_widget(Clear, place);
    frame.buffer_mut().set_style(place, app.theme.popup);
    let title = format!(" {} ", layer.title);
    let used = title.width() as u16;
    let room = usize::from(place.width.saturating_sub(used + 2));
    let scroll = layer.input.visual_scroll(room.max(1));
    let text: String = skip_cells(layer.input.value(), scroll);
    let line = Line::from(vec![
        Span::styled(title, app.theme.accent),
        Span::styled(text, app.theme.strong),
    ]);
    frame.render_widget(line, place);
    let (enter, esc) = answers(layer.purpose);
    let hint = format!("Enter {enter}  Esc {esc} ");
    let typed = layer.input.value().width() as u16;
    if used + typed + 4 + (hint.width() as u16) < place.width {
        let x = place.right() - hint.width() as u16;
        frame.render_widget(
            Line::styled(hint.as_str(), app.theme.dim),
            Rect { x, width: hint.width() as u16, ..place },
        );
    }
    let cursor = place.x + used + (layer.input.visual_cursor().saturating_sub(scroll)) as u16;
    if cursor < place.right() {
        frame.set_cursor_position(Position { x: cursor, y: place.y });
    }
    hits.add(place, Target::Layer);
}

fn skip_cells(text: &str, cells: usize) -> String {
    let mut skipped = 0;
    text.chars()
        .skip_while(|c| {
            let skip = skipped < cells;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            skip
        })
        .collect()
}
