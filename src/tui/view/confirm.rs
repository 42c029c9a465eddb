//! Draws a question: what will happen, what it locks and loses, and what to press.

use ratatui::{Frame, layout::Rect, style::Style, text::Line as TextLine};

use crate::{
    present::safe::{display_safe, width},
    tui::{
        app::{App, HitMap, Target},
        layer::{Confirm, Line, Role},
        view::toast::wrapped,
        widget::{
            Pen, list,
            pane::{centred, popup},
        },
    },
};

/// Widest useful popup.
const WIDTH: u16 = 76;
/// Cells of the labels at most.
const LABEL: usize = 14;

/// Draws it; `area` is the whole screen for popups.
pub fn draw(app: &App, layer: &Confirm, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let outer = area.width.saturating_sub(4).min(WIDTH).max(area.width.min(40));
    let room = usize::from(outer.saturating_sub(4)).max(1);
    let mut body: Vec<Vec<(String, Style)>> =
        layer.lines.iter().flat_map(|line| drawn(app, layer, line, room)).collect();
    if layer.reviewing.is_some() {
        let spinner = app.glyphs.spin(app.spin(), app.motion);
        body.push(vec![(format!("{spinner} looking it over"), theme.dim)]);
    }
    let typed = layer.typed.is_some() && !layer.refused();
    // Frame, body, a blank, what must be typed, the answers.
    let fixed = 2 + 1 + 1 + if typed { 3 } else { 0 };
    let height =
        (body.len() as u16).saturating_add(fixed).min(area.height.saturating_sub(2)).max(fixed + 1);
    let place = centred(area, outer, height);
    let danger = layer.danger || layer.refused();
    let title_style = if danger { theme.danger } else { theme.title };
    let title = TextLine::styled(display_safe(&layer.title).into_owned(), title_style);
    let shown = usize::from(height.saturating_sub(fixed));
    if body.len() > shown {
        // What hurts must not be the part that is scrolled away.
        let grave = |line: &&Line| matches!(line.role, Role::Danger | Role::Warn);
        let first = layer.lines.iter().filter(grave);
        let rest = layer.lines.iter().filter(|line| !grave(line));
        body = first.chain(rest).flat_map(|line| drawn(app, layer, line, room)).collect();
    }
    let scroll = layer.scroll.min(body.len().saturating_sub(shown));
    let left = body.len().saturating_sub(scroll + shown);
    let foot = if left > 0 || scroll > 0 {
        TextLine::styled(format!("{} {left} more lines", app.glyphs.down), theme.dim)
    } else {
        TextLine::default()
    };
    let inside = popup(app, frame, place, danger, title, foot);
    hits.add(place, Target::Layer);
    hits.page = shown;
    for (row, parts) in body.iter().skip(scroll).take(shown).enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        for (text, style) in parts {
            pen.put(text, *style);
        }
    }
    let mut row = shown as u16 + 1;
    if let Some(wanted) = layer.typed.as_deref().filter(|_| typed) {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row);
        pen.put("Type ", theme.text)
            .put(&display_safe(wanted), theme.strong)
            .put(" to confirm", theme.text);
        let line = Rect { y: inside.y + row + 1, height: 1, ..inside };
        if line.bottom() <= inside.bottom() {
            list::input(app, frame, line, ">", &layer.input, "");
        }
        row += 3;
    }
    answers(app, layer, frame, inside, row);
}

/// A line as it is drawn: the label on the left, the words wrapped.
fn drawn(app: &App, layer: &Confirm, line: &Line, room: usize) -> Vec<Vec<(String, Style)>> {
    let label = layer.lines.iter().map(|line| width(&line.label)).max().unwrap_or(0).min(LABEL);
    let lead = if label > 0 { label + 2 } else { 0 };
    let indent: String = line.text.chars().take_while(|c| *c == ' ').collect();
    let words = if line.text.is_empty() {
        vec![String::new()]
    } else {
        let room = room.saturating_sub(lead + indent.len()).max(8);
        wrapped(line.text.trim_start(), room, 4)
    };
    words
        .into_iter()
        .enumerate()
        .map(|(i, text)| {
            let mut parts = Vec::new();
            if lead > 0 {
                let shown = if i == 0 { line.label.as_str() } else { "" };
                let pad = lead.saturating_sub(width(shown));
                parts.push((format!("{shown}{}", " ".repeat(pad)), app.theme.dim));
            }
            parts.push((format!("{indent}{text}"), style(app, line)));
            parts
        })
        .collect()
}

fn style(app: &App, line: &Line) -> Style {
    let theme = &app.theme;
    match line.role {
        Role::Text => theme.text,
        Role::Dim => theme.dim,
        Role::Strong => theme.strong,
        Role::Warn => theme.warn,
        Role::Danger => theme.danger,
        Role::Good => theme.ok,
    }
}

/// `Enter  upgrade    Esc  leave it`.
fn answers(app: &App, layer: &Confirm, frame: &mut Frame, inside: Rect, row: u16) {
    let theme = &app.theme;
    let row = row.min(inside.height.saturating_sub(1));
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row);
    let ready = layer.ready();
    if !layer.refused() {
        let (key, words) =
            if ready { (theme.key, theme.text) } else { (theme.key_disabled, theme.key_disabled) };
        pen.put("Enter", key).put("  ", words).put(&display_safe(&layer.verb), words).skip(4);
    }
    if let Some((key, words)) = &layer.other {
        pen.put(&key.to_string(), theme.key).put("  ", theme.text);
        pen.put(&display_safe(words), theme.text).skip(4);
    }
    let refuse = if layer.refused() { "close" } else { layer.refuse.as_str() };
    pen.put("Esc", theme.key).put("  ", theme.text).put(&display_safe(refuse), theme.text);
}
