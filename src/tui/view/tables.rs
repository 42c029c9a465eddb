//! Draws the tables: how large they are, and what the pending revisions will do to them.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use super::database::{absent, frame_of, problem};
use crate::{
    engine::sizes::TableRow,
    present::{
        age::{bytes, count},
        safe::display_safe,
    },
    tui::{
        app::{App, HitMap, Section, Target},
        update::tables::{Touch, order, touch, touched},
        widget::{Pen, pane::window},
    },
};

/// Columns that the size of the indexes takes, and those that a name wants.
const INDEXES: usize = 8;
const NAME: usize = 20;

/// Draws them.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let touched = touched(app);
    let all = app.snapshot.tables.as_deref().map_or(&[][..], Vec::as_slice);
    let waiting = all.iter().filter(|table| touch(&touched, table).is_some()).count();
    let mut more = vec![Span::styled(
        format!(" {} by {}", all.len(), app.database.table_order.word()),
        theme.title_dim,
    )];
    if waiting > 0 {
        more.push(Span::styled(format!(" {} pending {waiting}", app.glyphs.dot), theme.warn));
    }
    let total: u64 = all.iter().map(|table| table.size).sum();
    let foot = if total > 0 { format!("{} in all", bytes(total)) } else { String::new() };
    let foot = Line::styled(foot, theme.scroll);
    let focus = app.database.section == Section::Tables;
    let inside = frame_of(app, frame, area, Section::Tables, more, foot, hits);
    if app.snapshot.tables.is_none() {
        let (text, style) = match &app.snapshot.tables_error {
            Some(error) => (error.message.clone(), theme.dim),
            None => absent(app),
        };
        problem(app, frame, inside, &text, style);
        return;
    }
    if all.is_empty() {
        problem(app, frame, inside, "the database has no tables", theme.dim);
        return;
    }
    let room = usize::from(inside.width);
    // What is pending has a column when something is, as wide as its widest words.
    let words_of =
        |table: &TableRow| touch(&touched, table).map(|touch| words(app, touch).0.width() + 2);
    let pending =
        all.iter().filter_map(words_of).max().map_or(0, |width| width.max("pending".len()) + 2);
    // A name is worth more than the size of the indexes.
    let fixed = 18 + pending;
    let indexes = room >= fixed + INDEXES + NAME;
    let name = room.saturating_sub(fixed + if indexes { INDEXES } else { 0 }).clamp(12, 44);
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, inside);
    pen.skip(2).field("table", name, theme.dim).skip(1).right("rows", 6, theme.dim).skip(1);
    pen.right("size", 7, theme.dim);
    if indexes {
        pen.skip(1).right("indexes", 7, theme.dim);
    }
    pen.skip(2);
    if waiting > 0 {
        pen.put("pending", theme.dim);
    }
    let page = usize::from(inside.height.saturating_sub(1));
    let from = window(0, app.database.table, all.len(), page);
    for (row, index) in order(app, &touched).into_iter().enumerate().skip(from).take(page) {
        let table = &all[index];
        let place = Rect { y: inside.y + 1 + (row - from) as u16, height: 1, ..inside };
        hits.add(place, Target::Section(Section::Tables, Some(row)));
        let selected = focus && row == app.database.table;
        if selected {
            frame.buffer_mut().set_style(place, theme.selection);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.put(if selected { app.glyphs.pointer } else { " " }, theme.marker).skip(1);
        line(app, &mut pen, table, touch(&touched, table), (name, indexes));
    }
}

fn line(
    app: &App,
    pen: &mut Pen<'_>,
    table: &TableRow,
    touch: Option<&Touch>,
    (name, indexes): (usize, bool),
) {
    let theme = &app.theme;
    let shown = table.name.strip_prefix("public.").unwrap_or(&table.name);
    pen.field(&display_safe(shown), name, theme.text).skip(1);
    let rows = table.rows.map_or_else(|| "?".to_owned(), count);
    pen.right(&rows, 6, theme.text).skip(1);
    let (size, style) = match table.partitioned {
        true => ("parts".to_owned(), theme.dim),
        false => (bytes(table.size), theme.text),
    };
    pen.right(&size, 7, style);
    if indexes {
        let size = if table.partitioned { String::new() } else { bytes(table.indexes) };
        pen.skip(1).right(&size, 7, theme.dim);
    }
    pen.skip(2);
    if let Some(touch) = touch {
        let (words, style) = words(app, touch);
        pen.put(app.glyphs.warn, style).skip(1).put(&words, style);
    }
}

/// What is worst about it.
fn words(app: &App, touch: &Touch) -> (String, Style) {
    let theme = &app.theme;
    if touch.loses {
        return ("loses data".to_owned(), theme.danger);
    }
    if touch.rewrites {
        return ("rewrite".to_owned(), theme.warn);
    }
    match touch.lock {
        Some(lock) => (lock.as_str().to_lowercase(), theme.warn),
        None => ("changes".to_owned(), theme.warn),
    }
}
