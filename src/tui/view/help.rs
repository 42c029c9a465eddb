//! Draws the list of keys: everything that can be done here, and why not when it cannot.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    present::safe::{display_safe, width as cells},
    tui::{
        action,
        app::{App, HitMap, Target},
        layer::{Item, ListLayer},
        view::graph::scrollbar,
        widget::{
            Pen, list,
            pane::{centred, popup, window},
        },
    },
};

/// Widest useful popup.
const WIDTH: u16 = 96;
/// Cells of the keys, at most; on a narrow screen those that fit into fewer are enough.
const KEYS: (usize, usize) = (12, 7);

/// A line of the list: a heading, or an entry by its index.
enum Row {
    Blank,
    Heading(&'static str),
    Entry(usize),
}

/// Draws it; `area` is the whole screen for popups.
pub fn draw(app: &App, layer: &ListLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let items = &layer.items;
    let rows = rows(items);
    let margin = if area.width >= 100 { 8 } else { 2 };
    let width = area.width.saturating_sub(margin).min(WIDTH);
    // The height does not follow the filter, so that the popup stands still while typing.
    let height = area.height.saturating_sub(if area.height >= 30 { 6 } else { 2 }).min(34);
    let place = centred(area, width, height);
    let title = Line::from(vec![
        Span::styled("Keys: ", theme.title),
        Span::styled(action::contexts(app)[0].title(), theme.title),
        Span::styled(
            format!(" {} type to filter {} Enter runs it", app.glyphs.dot, app.glyphs.dot),
            theme.title_dim,
        ),
    ]);
    let foot = Line::styled(format!("{} keys", items.len()), theme.scroll);
    let inside = popup(app, frame, place, false, title, foot);
    hits.add(place, Target::Layer);
    let [line, _, list] = ratatui::layout::Layout::vertical([
        ratatui::layout::Constraint::Length(1),
        ratatui::layout::Constraint::Length(1),
        ratatui::layout::Constraint::Fill(1),
    ])
    .areas(inside);
    list::input(app, frame, line, ">", &layer.input, "a key, or a word of what it does");

    if items.is_empty() {
        Pen::new(frame.buffer_mut(), app.glyphs, list)
            .put("nothing here has that key or word", theme.dim);
        return;
    }
    let page = usize::from(list.height);
    hits.page = page;
    let keys = items.iter().map(|item| cells(&item.key)).max().unwrap_or(0);
    let keys = keys.min(if app.wide() { KEYS.0 } else { KEYS.1 });
    let selected = layer.selected.min(items.len() - 1);
    let at =
        rows.iter().position(|row| matches!(row, Row::Entry(i) if *i == selected)).unwrap_or(0);
    // The first entry brings its heading along.
    let offset =
        if selected == 0 { 0 } else { window(at.saturating_sub(page / 2), at, rows.len(), page) };
    for (line, row) in rows.iter().skip(offset).take(page).enumerate() {
        let place = Rect { y: list.y + line as u16, height: 1, ..list };
        match row {
            Row::Blank => {}
            Row::Heading(text) => {
                Pen::new(frame.buffer_mut(), app.glyphs, place).put(text, theme.accent);
            }
            Row::Entry(index) => {
                hits.add(place, Target::Item(*index));
                entry(app, frame, place, &items[*index], *index == selected, keys);
            }
        }
    }
    scrollbar(app, frame, place_of(list, place), offset, page, rows.len());
}

/// The frame's right edge beside the list, for the scroll bar.
fn place_of(list: Rect, frame: Rect) -> Rect {
    Rect { y: list.y - 1, height: list.height + 2, ..frame }
}

fn rows(items: &[Item]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut place = "";
    for (index, item) in items.iter().enumerate() {
        if item.place != place {
            if !place.is_empty() {
                rows.push(Row::Blank);
            }
            place = item.place;
            rows.push(Row::Heading(place));
        }
        rows.push(Row::Entry(index));
    }
    rows
}

fn entry(app: &App, frame: &mut Frame, area: Rect, item: &Item, selected: bool, keys: usize) {
    let theme = &app.theme;
    if selected {
        frame.buffer_mut().set_style(area, theme.selection);
    }
    let (key_style, text_style): (Style, Style) = if item.disabled.is_some() {
        (theme.key_disabled, theme.dim)
    } else {
        (theme.key, theme.text)
    };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    pen.field(if selected { app.glyphs.pointer } else { " " }, 1, theme.marker).skip(1);
    let mut shown = display_safe(&item.key).into_owned();
    while let (true, Some((fewer, _))) = (cells(&shown) > keys, shown.rsplit_once(' ')) {
        shown = fewer.to_owned();
    }
    pen.field(&shown, keys, key_style).skip(2);
    let reason = item.disabled.as_deref().map(display_safe);
    let text = display_safe(&item.text).into_owned();
    let room = pen.room();
    let wanted = reason.as_ref().map_or(0, |reason| cells(reason) + 4);
    let own = if wanted > 0 { (room.saturating_sub(wanted)).max(room / 2) } else { room };
    let end = pen.x() + own.min(room) as u16;
    let mut clip = Pen::new(
        frame.buffer_mut(),
        app.glyphs,
        Rect { x: end - own.min(room) as u16, width: own.min(room) as u16, ..area },
    );
    list::with_hits(&mut clip, &text, &item.hits, text_style, text_style.patch(theme.hit));
    if let Some(reason) = reason {
        let place = Rect { x: end, width: area.right().saturating_sub(end), ..area };
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.skip(2).put(&format!("{} {reason}", app.glyphs.dot), theme.dim);
    }
}
