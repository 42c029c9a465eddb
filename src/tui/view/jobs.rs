//! Draws the jobs screen.

use ratatui::{Frame, layout::Rect};

use crate::tui::app::{App, HitMap};

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let _ = (app, frame, area, hits);
}
