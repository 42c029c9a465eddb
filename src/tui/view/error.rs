//! Draws an error with everything that is known about it: statement, place, caret, DETAIL, HINT, what
//! state the database is in, what to do next.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    present::safe::{display_safe, width},
    tui::{
        app::{App, HitMap, Target},
        layer::ErrorLayer,
        update::trouble::remedy,
        view::toast::wrapped,
        widget::{
            Pen,
            pane::{centred, popup},
        },
    },
};

/// Columns of labels.
const LABEL: usize = 10;

/// Draws it in the middle of `area`.
pub fn draw(app: &App, layer: &ErrorLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let wide = area.width.saturating_sub(6).min(100);
    let room = usize::from(wide.saturating_sub(4)).max(10);
    let lines = lines(app, layer, room);
    let tall = (lines.len() as u16 + 3).min(area.height.saturating_sub(2)).max(5);
    let place = centred(area, wide, tall);
    let title = Line::from(vec![
        Span::styled(app.glyphs.cross, theme.danger),
        Span::raw(" "),
        Span::styled(display_safe(&layer.title).into_owned(), theme.title),
        Span::styled(format!(" {} {}", app.glyphs.dot, layer.error.code), theme.title_dim),
    ]);
    let inside = popup(app, frame, place, true, title, Line::default());
    hits.add(place, Target::Layer);
    let page = usize::from(inside.height.saturating_sub(1));
    hits.page = page;
    let from = layer.scroll.min(lines.len().saturating_sub(page));
    for (row, (label, text, style)) in lines.iter().skip(from).take(page).enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        if !label.is_empty() {
            pen.field(label, LABEL, theme.dim);
        }
        pen.put(text, *style);
    }
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, inside.height.saturating_sub(1));
    if let Some((action, words)) = remedy(app, &layer.error) {
        let key = app.keymap.label(action);
        pen.put(&key, theme.key).skip(1).put(words, theme.strong).skip(2);
    }
    pen.put("y", theme.key).put(" copy all", theme.hint).skip(2);
    pen.put("Esc", theme.key).put(" close", theme.hint);
    if lines.len() > page {
        let more = format!("{}-{} of {}", from + 1, (from + page).min(lines.len()), lines.len());
        let gap = pen.room().saturating_sub(width(&more));
        pen.skip(gap).put(&more, theme.scroll);
    }
}

type Drawn = (String, String, Style);

/// All lines, wrapped: label, words, style.
fn lines(app: &App, layer: &ErrorLayer, room: usize) -> Vec<Drawn> {
    let theme = &app.theme;
    let error = &layer.error;
    let mut lines: Vec<Drawn> = Vec::new();
    let mut plain = |label: &str, text: &str, style: Style| {
        let label_room = if label.is_empty() { 0 } else { LABEL };
        for (i, paragraph) in text.lines().enumerate() {
            let safe = display_safe(paragraph).into_owned();
            let rows = wrapped(&safe, room.saturating_sub(label_room).max(1), 400);
            for (j, row) in rows.into_iter().enumerate() {
                let label = match (label.is_empty(), i + j) {
                    (true, _) => String::new(),
                    (false, 0) => label.to_owned(),
                    (false, _) => " ".repeat(LABEL),
                };
                lines.push((label, row, style));
            }
        }
    };
    plain("", &error.message, theme.strong);
    if let Some(failure) = &error.failure {
        plain("", " ", theme.text);
        let shown = app.short(failure.revision.as_str());
        plain("revision", &shown, theme.id);
        let at = format!("{}:{}:{}", failure.path.display(), failure.line, failure.column);
        plain("at", &at, theme.text);
        if failure.statement > 0 {
            let which = format!("{} of {}", failure.statement, failure.of);
            plain("statement", &which, theme.text);
        }
    }
    if let Some(failure) = &error.failure
        && !failure.excerpt.is_empty()
    {
        let (line, caret) = excerpt(&failure.excerpt, failure.column, room);
        lines.push((String::new(), String::new(), theme.text));
        lines.push((String::new(), line, theme.sql_ident));
        lines.push((String::new(), caret, theme.danger));
        lines.push((String::new(), String::new(), theme.text));
    }
    let mut plain = |label: &str, text: &str, style: Style| {
        for (i, paragraph) in text.lines().enumerate() {
            let safe = display_safe(paragraph).into_owned();
            let rows = wrapped(&safe, room.saturating_sub(LABEL).max(1), 400);
            for (j, row) in rows.into_iter().enumerate() {
                let label = if i + j == 0 { label.to_owned() } else { " ".repeat(LABEL) };
                lines.push((label, row, style));
            }
        }
    };
    if let Some(failure) = &error.failure {
        for (label, value) in [
            ("SQLSTATE", &failure.sqlstate),
            ("DETAIL", &failure.detail),
            ("HINT", &failure.hint),
            ("CONTEXT", &failure.context),
        ] {
            if let Some(value) = value {
                plain(label, value, theme.text);
            }
        }
    }
    for more in &error.more {
        plain(" ", more, theme.text);
    }
    if let Some(state) = &error.state {
        plain("now", state, theme.ok);
    }
    if let Some(hint) = &error.hint {
        plain("next", hint, theme.accent);
    }
    lines
}

/// The line of the file and a caret below the place, cut so that the place is to be seen.
fn excerpt(line: &str, column: u32, room: usize) -> (String, String) {
    let at = column.saturating_sub(1) as usize;
    let before: String = line.chars().take(at).collect();
    let rest: String = line.chars().skip(at).collect();
    let before = display_safe(&before).into_owned();
    let rest = display_safe(&rest).into_owned();
    let mut left: Vec<char> = before.chars().collect();
    // Half the room at most goes to what stands before the place.
    while width(&left.iter().collect::<String>()) > room / 2 && !left.is_empty() {
        left.remove(0);
    }
    let left: String = left.into_iter().collect();
    let caret = format!("{}^", " ".repeat(width(&left)));
    (left + &rest, caret)
}
