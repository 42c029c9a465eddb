//! Draws the server's log: its newest lines, or those that a filter leaves.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::database::{frame_of, in_project, problem};
use crate::{
    present::safe::display_safe,
    tui::{
        app::{App, HitMap, Section},
        widget::Pen,
    },
};

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let back = app.database.log_back;
    let how = if back == 0 { "following".to_owned() } else { format!("{back} lines back") };
    let mut more = vec![Span::styled(format!(" {} {how}", app.glyphs.dot), theme.title_dim)];
    let filter = &app.database.log_filter;
    if !filter.is_empty() {
        more.push(Span::styled(format!(" {} filter ", app.glyphs.dot), theme.title_dim));
        more.push(Span::styled(display_safe(filter).into_owned(), theme.hit));
    }
    let file = app.snapshot.server.as_ref().and_then(|status| status.log.clone());
    let file = file.map(|path| in_project(app, &path)).unwrap_or_default();
    let foot = Line::styled(display_safe(&file).into_owned(), theme.scroll);
    let inside = frame_of(app, frame, area, Section::Log, more, foot, hits);
    if app.snapshot.log.is_none() {
        let text = match &app.snapshot.log_error {
            Some(error) => error.message.clone(),
            None => "being read".to_owned(),
        };
        problem(app, frame, inside, &text, theme.dim);
        return;
    }
    let page = usize::from(inside.height);
    if app.database.log_only {
        hits.page = page;
    }
    let lines = app.log_lines();
    if lines.is_empty() {
        let words = match filter.is_empty() {
            true => "the server has logged nothing yet",
            false => "no line of the log holds that",
        };
        problem(app, frame, inside, words, theme.dim);
        return;
    }
    let short = !app.database.log_only || inside.width < WHOLE_FROM;
    let back = back.min(lines.len().saturating_sub(page));
    let to = lines.len() - back;
    for (row, line) in lines[to.saturating_sub(page)..to].iter().enumerate() {
        let style = if ["ERROR", "FATAL", "PANIC"].iter().any(|word| line.contains(word)) {
            theme.danger
        } else if line.contains("WARNING") || line.contains("still waiting") {
            theme.warn
        } else {
            theme.text
        };
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        match stamp(line) {
            Some((time, rest)) if short => {
                pen.put(time, theme.faint).skip(1).put(&display_safe(rest), style);
            }
            // The rest of an entry stands below what it belongs to.
            _ if line.starts_with('\t') => {
                let rest = line.trim_start_matches('\t').replace('\t', "    ");
                pen.skip(if short { TIME + 5 } else { 4 }).put(&display_safe(&rest), style);
            }
            _ => {
                pen.put(&display_safe(&line.replace('\t', "    ")), style);
            }
        }
    }
}

/// Cells from which on a line is shown with its date and process.
const WHOLE_FROM: u16 = 100;

/// Cells of the time of day.
const TIME: usize = 8;

/// The time of day of a line, and what the server says: what a pane has room for. The date is that of
/// the file.
fn stamp(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_at_checked(11)?;
    let (time, rest) = rest.split_at_checked(8)?;
    let fits = |text: &str, marks: &[(usize, u8)]| {
        text.bytes().enumerate().all(|(at, byte)| match marks.iter().find(|(m, _)| *m == at) {
            Some((_, mark)) => byte == *mark,
            None => byte.is_ascii_digit(),
        })
    };
    let whole =
        fits(line.get(..10)?, &[(4, b'-'), (7, b'-')]) && fits(time, &[(2, b':'), (5, b':')]);
    let said = rest.split_once("] ").map_or(rest, |(_, said)| said);
    whole.then(|| (time, said.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn the_time_stands_apart() {
        let line = "2026-11-28 03:20:56.939 UTC [22385] LOG:  ready";
        assert_eq!(stamp(line), Some(("03:20:56", "LOG:  ready")));
        for line in
            ["", "\tHINT: x", "2026-11-28", "2026-11-28 03.20.56 x", "日本語日本語日本語日本語"]
        {
            assert_eq!(stamp(line), None, "{line}");
        }
    }
}
