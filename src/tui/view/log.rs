//! Draws the command log: a few lines below the graph, and all of it with what ran as a layer.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
};

use crate::{
    present::{
        age::elapsed,
        safe::{display_safe, width},
        sql::lines as sql_lines,
    },
    tui::{
        action::Action,
        app::{App, HitMap, LogEnd, LogLine, Target},
        layer::LogLayer,
        view::toast::wrapped,
        widget::{
            Pen,
            pane::{pane, popup, shrink, window},
            script::Script,
        },
    },
};

/// Draws the pane: the newest line at the bottom.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, _hits: &mut HitMap) {
    let theme = &app.theme;
    let mut title = vec![Span::styled("Command log", theme.title)];
    let key = app.keymap.label(Action::CommandLog);
    if !key.is_empty() {
        title.push(Span::styled(format!(" {} ", app.glyphs.dot), theme.faint));
        title.push(Span::styled(key, theme.key));
        title.push(Span::styled(" open", theme.title_dim));
    }
    let inside = shrink(pane(app, frame, area, false, Line::from(title), Line::default()), 1);
    let shown = usize::from(inside.height).min(app.command_log.len());
    let lines: Vec<&LogLine> = app.command_log.iter().skip(app.command_log.len() - shown).collect();
    put_lines(app, frame, inside, &lines, None);
}

/// Lines of the log, from the top of `area`; one may be selected.
fn put_lines(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    lines: &[&LogLine],
    selected: Option<usize>,
) {
    let theme = &app.theme;
    let commands = lines.iter().map(|line| width(&display_safe(&line.command)));
    let most = (usize::from(area.width) / 3).clamp(8, 32);
    let command = commands.max().unwrap_or(0).clamp(8, most);
    for (row, line) in lines.iter().enumerate() {
        let time = line.at.to_zoned(app.zone.clone()).strftime("%H:%M:%S").to_string();
        let took = line.took.map(elapsed).unwrap_or_default();
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, row as u16);
        if let Some(selected) = selected {
            pen.put(if selected == row { app.glyphs.pointer } else { " " }, theme.marker).skip(1);
        }
        pen.put(&time, theme.faint).skip(2);
        pen.field(&display_safe(&line.command), command, theme.text).skip(2);
        let room = pen.room().saturating_sub(10);
        let (mark, style, words) = match line.end {
            LogEnd::Done => (app.glyphs.check, theme.ok, theme.dim),
            LogEnd::Failed => (app.glyphs.cross, theme.failed, theme.failed),
            LogEnd::Cancelled => (app.glyphs.cancelled, theme.warn, theme.dim),
        };
        pen.put(mark, style).skip(1);
        pen.field(&display_safe(&line.outcome), room.saturating_sub(2), words).skip(1);
        pen.right(&took, 9, theme.dim);
    }
}

/// Draws the layer: all lines, and what the selected one ran.
pub fn draw_layer(app: &App, layer: &LogLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let place = Rect {
        x: area.x + 2,
        y: area.y + 2,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(3),
    };
    let count = app.command_log.len();
    let at = layer.selected.min(count.saturating_sub(1));
    let title = Line::from(vec![
        Span::styled("Command log", theme.title),
        Span::styled(format!(" {}/{count}", if count == 0 { 0 } else { at + 1 }), theme.title_dim),
    ]);
    let inside = popup(app, frame, place, false, title, Line::default());
    hits.add(place, Target::Layer);
    let Some(line) = app.command_log.get(at) else {
        Pen::new(frame.buffer_mut(), app.glyphs, inside).put("nothing has run yet", theme.dim);
        keys(app, layer, frame, inside);
        return;
    };
    let tall = inside.height.saturating_sub(1);
    let list = if layer.whole { 1 } else { (count as u16).min(tall / 2).max(1) };
    let [top, rule, text, _] = Layout::vertical([
        Constraint::Length(list),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(inside);
    let from = window(0, at, count, usize::from(list));
    let shown: Vec<&LogLine> = app.command_log.iter().skip(from).take(usize::from(list)).collect();
    for row in 0..shown.len() {
        let place = Rect { y: top.y + row as u16, height: 1, ..top };
        hits.add(place, Target::Item(from + row));
        if from + row == at {
            frame.buffer_mut().set_style(place, theme.selection);
        }
    }
    put_lines(app, frame, top, &shown, Some(at - from));
    let edge = app.glyphs.border(false).horizontal_top.repeat(usize::from(rule.width));
    Pen::new(frame.buffer_mut(), app.glyphs, rule).put(&edge, theme.border);
    whole(app, layer, line, frame, text, hits);
    keys(app, layer, frame, inside);
}

/// Everything that ran, wrapped and scrolled.
fn whole(
    app: &App,
    layer: &LogLayer,
    line: &LogLine,
    frame: &mut Frame,
    area: Rect,
    hits: &mut HitMap,
) {
    let theme = &app.theme;
    let room = usize::from(area.width).max(1);
    let page = usize::from(area.height);
    hits.page = page;
    if line.sql.is_some() {
        let text: Vec<_> =
            line.text().lines().map(|line| display_safe(line).into_owned()).collect();
        let colours = sql_lines(&text.join("\n"));
        let lines: Vec<_> = text.into_iter().zip(colours).collect();
        let script = Script::new(&lines, 0, room);
        hits.detail_max = script.height().saturating_sub(page);
        script.draw(app, frame, area, layer.scroll.min(hits.detail_max), None);
        return;
    }
    let style: Style = if line.end == LogEnd::Failed { theme.failed } else { theme.text };
    let rows: Vec<String> = line.text().lines().flat_map(|line| indented(line, room)).collect();
    hits.detail_max = rows.len().saturating_sub(page);
    let from = layer.scroll.min(hits.detail_max);
    for (number, row) in rows.iter().skip(from).take(page).enumerate() {
        Pen::at(frame.buffer_mut(), app.glyphs, area, number as u16).put(row, style);
    }
}

/// A line, wrapped below its own indentation.
fn indented(line: &str, room: usize) -> Vec<String> {
    let line = display_safe(line);
    let text = line.trim_start_matches(' ');
    let indent = " ".repeat((line.len() - text.len()).min(room / 2));
    let rows = wrapped(text, room - indent.len(), usize::MAX);
    rows.into_iter().map(|row| format!("{indent}{row}")).collect()
}

fn keys(app: &App, layer: &LogLayer, frame: &mut Frame, inside: Rect) {
    let theme = &app.theme;
    let row = inside.height.saturating_sub(1);
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row);
    let all = if layer.whole { "all lines" } else { "whole text" };
    let pane = if app.show_log { "hide below the graph" } else { "show below the graph" };
    let log = app.keymap.label(Action::CommandLog);
    for (key, words) in
        [(app.glyphs.enter, all), ("y", "copy it"), (log.as_str(), pane), ("Esc", "close")]
    {
        if pen.room() < width(key) + width(words) + 1 {
            break;
        }
        pen.put(key, theme.key).skip(1).put(words, theme.hint).skip(2);
    }
}
