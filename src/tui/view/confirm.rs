//! Draws a question.

use ratatui::{Frame, layout::Rect};

use crate::tui::{
    app::{App, HitMap},
    layer::Confirm,
};

/// Draws it; `area` is the whole screen for popups.
pub fn draw(app: &App, layer: &Confirm, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let _ = (app, layer, frame, area, hits);
}
