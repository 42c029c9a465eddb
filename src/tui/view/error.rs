//! Draws an error with everything that is known about it: what happened, the statement and its place,
//! DETAIL and HINT, what state the database is in, and the keys that go on.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    engine::Aftermath,
    present::safe::{display_safe, width},
    tui::{
        app::{App, HitMap, Target},
        layer::ErrorLayer,
        recovery::{Attempt, Case},
        update::trouble::ways_on,
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
    let body = body(app, layer, room);
    let ways = ways_on(app, layer);
    // The keys and the blank above them stay, whatever is scrolled.
    let fixed = if ways.is_empty() { 4 } else { ways.len() as u16 + 4 };
    let tall = (body.len() as u16 + fixed).min(area.height.saturating_sub(2)).max(fixed + 2);
    let place = centred(area, wide, tall);
    let (mark, style) = match layer.case {
        Case::Cancelled => (app.glyphs.cancelled, theme.warn),
        _ => (app.glyphs.cross, theme.danger),
    };
    let mut title = vec![
        Span::styled(mark, style),
        Span::raw(" "),
        Span::styled(display_safe(&layer.title).into_owned(), theme.title),
    ];
    // A state of the database is no error that has a code.
    if layer.attempt != Attempt::Nothing || layer.case == Case::Files {
        let code = format!(" {} {}", app.glyphs.dot, layer.error.code);
        title.push(Span::styled(code, theme.title_dim));
    }
    let title = Line::from(title);
    let inside = popup(app, frame, place, layer.case != Case::Cancelled, title, Line::default());
    hits.add(place, Target::Layer);
    let page = usize::from(inside.height.saturating_sub(fixed - 2));
    hits.page = page;
    let from = layer.scroll.min(body.len().saturating_sub(page));
    for (row, (label, text, style)) in body.iter().skip(from).take(page).enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        if !label.is_empty() {
            pen.field(label, LABEL, theme.dim);
        }
        pen.put(text, *style);
    }
    let keys = ways.iter().map(|(action, _)| width(&app.keymap.label(*action))).max().unwrap_or(0);
    for (nth, (action, words)) in ways.iter().enumerate() {
        let row = (page + 1 + nth) as u16;
        if row + 1 >= inside.height {
            break;
        }
        let line = Rect { y: inside.y + row, height: 1, ..inside };
        hits.add(line, Target::Action(*action));
        let (mark, style) =
            if nth == 0 { (app.glyphs.pointer, theme.strong) } else { (" ", theme.text) };
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, line);
        pen.put(mark, theme.marker).skip(1);
        pen.field(&app.keymap.label(*action), keys, theme.key).skip(2).put(words, style);
    }
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, inside.height.saturating_sub(1));
    pen.put("y", theme.key).put(" copy all", theme.hint).skip(2);
    pen.put("Esc", theme.key).put(" close", theme.hint);
    if body.len() > page {
        let more = format!("{}-{} of {}", from + 1, (from + page).min(body.len()), body.len());
        let gap = pen.room().saturating_sub(width(&more));
        pen.skip(gap).put(&more, theme.scroll);
    }
}

/// Label, words, style; the words are wrapped already.
type Drawn = (String, String, Style);

/// Collects lines.
struct Body {
    room: usize,
    lines: Vec<Drawn>,
}

impl Body {
    fn blank(&mut self) {
        self.lines.push((String::new(), String::new(), Style::default()));
    }

    /// A text, wrapped; below its label when it has one.
    fn put(&mut self, label: &str, text: &str, style: Style) {
        let lead = if label.is_empty() { 0 } else { LABEL };
        let mut label = label.to_owned();
        for paragraph in text.lines() {
            let safe = display_safe(paragraph).into_owned();
            for row in wrapped(&safe, self.room.saturating_sub(lead).max(1), 400) {
                let rest = " ".repeat(lead);
                self.lines.push((std::mem::replace(&mut label, rest), row, style));
            }
        }
    }
}

/// All lines.
fn body(app: &App, layer: &ErrorLayer, room: usize) -> Vec<Drawn> {
    let theme = &app.theme;
    let error = &layer.error;
    let mut body = Body { room, lines: Vec::new() };
    let style = if layer.case == Case::Cancelled { theme.warn } else { theme.danger };
    body.put("", layer.case.what(), style);
    body.put("", &error.message, theme.strong);
    if let Some(failure) = &error.failure {
        body.blank();
        body.put("revision", &app.short(failure.revision.as_str()), theme.id);
        let at = format!("{}:{}:{}", failure.path.display(), failure.line, failure.column);
        body.put("at", &at, theme.text);
        if failure.statement > 0 {
            let which = format!("{} of {}", failure.statement, failure.of);
            body.put("statement", &which, theme.text);
        }
        if !failure.excerpt.is_empty() {
            let (line, caret) = excerpt(&failure.excerpt, failure.column, room);
            body.blank();
            body.lines.push((String::new(), line, theme.sql_ident));
            body.lines.push((String::new(), caret, theme.danger));
        }
    }
    body.blank();
    if let Some(failure) = &error.failure {
        for (label, value) in [
            ("SQLSTATE", &failure.sqlstate),
            ("DETAIL", &failure.detail),
            ("HINT", &failure.hint),
            ("CONTEXT", &failure.context),
        ] {
            if let Some(value) = value {
                body.put(label, value, theme.text);
            }
        }
    }
    for more in &error.more {
        body.put(" ", more, theme.text);
    }
    let now = match error.aftermath {
        Aftermath::Untouched | Aftermath::RolledBack => theme.ok,
        Aftermath::Partly | Aftermath::Committed => theme.warn,
        Aftermath::Unknown => theme.danger,
    };
    body.put("database", error.state.as_deref().unwrap_or(layer.case.state()), now);
    if let Some(hint) = &error.hint {
        body.put("hint", hint, theme.accent);
    }
    body.lines
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
