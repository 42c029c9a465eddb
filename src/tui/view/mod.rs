//! Drawing: reads the [`App`], writes cells, and tells what it put where. Never changes anything.
//!
//! Every view has one function `draw(app, frame, area, hits)`. All text that comes from files, the
//! server or git passes through [`crate::present::safe::display_safe`] before it is drawn.

mod asked;
mod changes;
pub mod confirm;
pub mod database;
pub mod detail;
pub mod empty;
pub mod error;
pub mod graph;
mod hazards;
pub mod header;
pub mod help;
pub mod hint;
pub mod jobs;
pub mod log;
pub mod menu;
pub mod palette;
pub mod pending;
pub mod prompt;
pub mod revision;
pub mod server_log;
mod sheet;
pub mod stages;
pub mod tables;
pub mod toast;
pub mod welcome;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::Line,
    widgets::{Clear, Widget},
};

use super::{
    app::{App, HitMap, Screen},
    layer::Layer,
};

/// The smallest screen the interface is drawn on.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Draws everything; the answer goes to [`App::drawn`].
pub fn draw(app: &App, frame: &mut Frame) -> HitMap {
    let mut hits = HitMap {
        graph_offset: app.graph.offset,
        pending_offset: app.pending.offset,
        ..HitMap::default()
    };
    let area = frame.area();
    frame.buffer_mut().set_style(area, app.theme.surface);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(app, frame, area);
        return hits;
    }
    let log_height = if app.show_log && app.screen == Screen::Graph && area.height >= 30 {
        if app.command_log.is_empty() { 0 } else { (area.height / 6).clamp(3, 6) }
    } else {
        0
    };
    let [top, tabs, body, log, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(log_height),
        Constraint::Length(1),
    ])
    .areas(area);
    header::draw(app, frame, top, &mut hits);
    header::draw_tabs(app, frame, tabs, &mut hits);
    let full = app.layers.iter().rev().find_map(|layer| match layer {
        Layer::Diff(diff) => Some(diff),
        _ => None,
    });
    if let Some(diff) = full {
        let whole = Rect { height: body.height + log.height, ..body };
        revision::draw(app, diff, frame, whole, &mut hits);
    } else {
        match app.screen {
            Screen::Graph => {
                let (list, detail) = split(app, body);
                graph::draw(app, frame, list, &mut hits);
                if let Some(detail) = detail {
                    detail::draw(app, frame, detail, &mut hits);
                }
            }
            Screen::Pending => pending::draw(app, frame, body, &mut hits),
            Screen::Database => database::draw(app, frame, body, &mut hits),
            Screen::Jobs => jobs::draw(app, frame, body, &mut hits),
        }
        if log_height > 0 {
            log::draw(app, frame, log, &mut hits);
        }
    }
    let fixed = hint::fixed(app, frame, bottom, &mut hits);
    let free = Rect { width: bottom.width.saturating_sub(fixed), ..bottom };
    if !toast::draw(app, frame, free) {
        hint::draw(app, frame, free, &mut hits);
    }
    for layer in &app.layers {
        match layer {
            Layer::Help(list) => help::draw(app, list, frame, area, &mut hits),
            Layer::Palette(list) => palette::draw(app, list, frame, area, &mut hits),
            Layer::Confirm(confirm) => confirm::draw(app, confirm, frame, area, &mut hits),
            Layer::Prompt(prompt) => prompt::draw(app, prompt, frame, area, &mut hits),
            Layer::Log(layer) => log::draw_layer(app, layer, frame, area, &mut hits),
            Layer::Error(error) => error::draw(app, error, frame, area, &mut hits),
            Layer::Welcome(welcome) => welcome::draw(app, welcome, frame, area, &mut hits),
            Layer::Menu(menu) => menu::draw(app, menu, frame, area, &mut hits),
            Layer::Diff(_) => {}
        }
    }
    if app.glyphs.is_ascii() {
        plain(app, frame);
    }
    hits
}

/// Replaces the few signs that sentences of other layers hold (a shortened statement, a server's
/// summary), for fonts that have ASCII alone.
fn plain(app: &App, frame: &mut Frame) {
    for cell in &mut frame.buffer_mut().content {
        match cell.symbol() {
            "…" => cell.set_symbol(app.glyphs.ellipsis),
            "·" => cell.set_symbol(app.glyphs.dot),
            "→" => cell.set_symbol(app.glyphs.arrow),
            "\u{a0}" => cell.set_symbol(" "),
            _ => continue,
        };
    }
}

/// The list and the detail pane; one of them alone on a narrow screen.
fn split(app: &App, body: Rect) -> (Rect, Option<Rect>) {
    if !app.wide() {
        return (body, None);
    }
    let [list, detail] =
        Layout::horizontal([Constraint::Percentage(app.split.clamp(20, 80)), Constraint::Fill(1)])
            .areas(body);
    (list, Some(detail))
}

fn too_small(app: &App, frame: &mut Frame, area: Rect) {
    let (w, h) = SMALLEST;
    Clear.render(area, frame.buffer_mut());
    frame.buffer_mut().set_style(area, app.theme.surface);
    let words = [
        format!("limbeck needs {w}x{h}, is {}x{}", area.width, area.height),
        "make the window larger, or q to quit".to_owned(),
    ];
    for (i, text) in words.iter().enumerate() {
        let y = area.y + area.height.saturating_sub(2) / 2 + i as u16;
        if y < area.bottom() {
            let line = Line::styled(text.as_str(), app.theme.text).centered();
            frame.render_widget(line, Rect { y, height: 1, ..area });
        }
    }
}

#[cfg(test)]
mod tests;
