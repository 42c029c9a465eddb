//! Draws the command log.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    present::{
        age::elapsed,
        safe::{display_safe, width},
    },
    tui::{
        action::Action,
        app::{App, HitMap},
        widget::{
            Pen,
            pane::{pane, shrink},
        },
    },
};

/// Draws it: the newest line at the bottom.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, _hits: &mut HitMap) {
    let theme = &app.theme;
    let mut title = vec![Span::styled("Command log", theme.title)];
    let key = app.keymap.label(Action::CommandLog);
    if !key.is_empty() {
        title.push(Span::styled(format!(" {} ", app.glyphs.dot), theme.faint));
        title.push(Span::styled(key, theme.key));
        title.push(Span::styled(" hide", theme.title_dim));
    }
    let inside = shrink(pane(app, frame, area, false, Line::from(title), Line::default()), 1);
    let shown = usize::from(inside.height).min(app.command_log.len());
    let lines = app.command_log.iter().skip(app.command_log.len() - shown);
    let commands =
        app.command_log.iter().rev().take(shown).map(|l| width(&display_safe(&l.command)));
    let command = commands.max().unwrap_or(0).clamp(8, 32);
    for (row, line) in lines.enumerate() {
        let time = line.at.to_zoned(app.zone.clone()).strftime("%H:%M:%S").to_string();
        let took = line.took.map(elapsed).unwrap_or_default();
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        pen.put(&time, theme.faint).skip(2);
        pen.field(&display_safe(&line.command), command, theme.text).skip(2);
        let room = pen.room().saturating_sub(10);
        let style = if line.failed { theme.failed } else { theme.dim };
        let mark = if line.failed { app.glyphs.cross } else { app.glyphs.check };
        pen.put(mark, if line.failed { theme.failed } else { theme.ok }).skip(1);
        pen.field(&display_safe(&line.outcome), room.saturating_sub(2), style).skip(1);
        pen.right(&took, 9, theme.dim);
    }
}
