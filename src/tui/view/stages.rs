//! Draws how far longer work is: what was done, with its time, and what is being done.

use ratatui::{Frame, layout::Rect};

use crate::{
    present::{
        age::elapsed,
        safe::{display_safe, width},
    },
    tui::{app::App, pending::Progress, widget::Pen},
};

/// Draws the stages, the last ones when there are more than fit; tells how many rows they took.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, progress: &Progress) -> u16 {
    let theme = &app.theme;
    let now = app.now.mono;
    let stages = &progress.stages;
    let room = usize::from(area.height);
    let first = stages.len().saturating_sub(room.max(1));
    let widest = stages.iter().map(|(words, _)| width(words)).max().unwrap_or(0).clamp(20, 60);
    let mut row = 0;
    for (index, (words, since)) in stages.iter().enumerate().skip(first) {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, row);
        let words = display_safe(words);
        if let Some((_, until)) = stages.get(index + 1) {
            pen.put(app.glyphs.check, theme.ok).skip(1).field(&words, widest, theme.text);
            let took = elapsed(until.saturating_sub(*since));
            pen.skip(2).put(&took, theme.dim);
        } else {
            let spin = app.glyphs.spin(app.spin(), app.motion);
            pen.put(spin, theme.running).skip(1).field(&words, widest, theme.running);
            let took = now.saturating_sub(*since);
            if took.as_secs() > 0 {
                pen.skip(2).put(&format!("{} s", took.as_secs()), theme.dim);
            }
        }
        row += 1;
    }
    if stages.is_empty() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, 0);
        pen.put(app.glyphs.spin(app.spin(), app.motion), theme.running);
        pen.skip(1).put("beginning", theme.running);
        row = 1;
    }
    if progress.stopping {
        Pen::at(frame.buffer_mut(), app.glyphs, area, row).skip(2).put("stopping", theme.warn);
        row += 1;
    }
    row
}
