//! Draws the first two lines: project, server, position, guard; and the tabs.

use ratatui::{Frame, layout::Rect};

use crate::tui::app::{App, HitMap};

/// Draws the first line.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let _ = (app, frame, area, hits);
}

/// Draws the tabs.
pub fn draw_tabs(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let _ = (app, frame, area, hits);
}
