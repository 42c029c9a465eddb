//! Draws a revision side by side.

use ratatui::{Frame, layout::Rect};

use crate::tui::{
    app::{App, HitMap},
    layer::DiffLayer,
};

/// Draws it; `area` is the whole screen for popups.
pub fn draw(app: &App, layer: &DiffLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let _ = (app, layer, frame, area, hits);
}
