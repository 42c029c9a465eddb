//! The entries of the palette and of the help: what there is, what is left of it after typing.

use crate::tui::{
    app::App,
    layer::{Item, ListLayer},
};

/// The entries of the help, in the order they are shown; headings are the changes of `place`.
pub fn help_items(app: &App, layer: &ListLayer) -> Vec<Item> {
    let _ = (app, layer);
    Vec::new()
}

/// The entries of the palette, best first.
pub fn palette_items(app: &App, layer: &ListLayer) -> Vec<Item> {
    let _ = (app, layer);
    Vec::new()
}
