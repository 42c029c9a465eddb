//! Draws the list of keys (`update::list::help_items` gives the rows).

use ratatui::{Frame, layout::Rect};

use crate::tui::{
    app::{App, HitMap},
    layer::ListLayer,
};

/// Draws it; `area` is the whole screen for popups.
pub fn draw(app: &App, layer: &ListLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let _ = (app, layer, frame, area, hits);
}
