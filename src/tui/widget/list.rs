//! Text with the letters that a search found set off, and the line to type it in.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
};
use tui_input::Input;
use unicode_width::UnicodeWidthChar;

use super::Pen;
use crate::tui::app::App;

/// Writes `text`, safe to show, with the characters at `hits` (counted in characters) set off.
pub fn with_hits(pen: &mut Pen<'_>, text: &str, hits: &[u32], style: Style, hit: Style) {
    let mut run = String::new();
    let mut found = false;
    for (index, c) in (0_u32..).zip(text.chars()) {
        let this = hits.binary_search(&index).is_ok();
        if this != found {
            pen.put(&run, if found { hit } else { style });
            run.clear();
            found = this;
        }
        run.push(c);
    }
    pen.put(&run, if found { hit } else { style });
}

/// Draws a line to type in: a mark, the text scrolled so that the cursor is seen, and the cursor.
pub fn input(app: &App, frame: &mut Frame, area: Rect, mark: &str, input: &Input, ghost: &str) {
    let theme = &app.theme;
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    pen.put(mark, theme.accent).skip(1);
    let start = pen.x();
    let room = pen.room().saturating_sub(1).max(1);
    let scroll = input.visual_scroll(room);
    let mut skipped = 0;
    let shown: String = input
        .value()
        .chars()
        .skip_while(|c| {
            let skip = skipped < scroll;
            skipped += c.width().unwrap_or(0);
            skip
        })
        .collect();
    pen.put(&shown, theme.strong);
    if input.value().is_empty() && !ghost.is_empty() {
        pen.skip(1).put(ghost, theme.faint);
    }
    let at = start + input.visual_cursor().saturating_sub(scroll) as u16;
    if at < area.right() {
        frame.set_cursor_position(Position { x: at, y: area.y });
    }
}
