//! Draws an error.

use ratatui::{Frame, layout::Rect};

use crate::tui::{
    app::{App, HitMap},
    layer::ErrorLayer,
};

/// Draws it.
pub fn draw(app: &App, layer: &ErrorLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let _ = (app, layer, frame, area, hits);
}
