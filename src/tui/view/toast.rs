//! Draws messages on the last line, in the place of the hints: they cover nothing that is read there.
//! One that is too long, or several at once, reach a row or two further up.

use ratatui::{Frame, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use crate::{
    present::safe::display_safe,
    tui::{
        app::{App, Tone},
        widget::Pen,
    },
};

/// Rows of messages at once.
const MOST: usize = 3;

/// Draws them, the newest lowest; tells whether there was one.
pub fn draw(app: &App, frame: &mut Frame, area: Rect) -> bool {
    let room = usize::from(area.width.saturating_sub(4)).max(1);
    let mut rows: Vec<(&str, String, Style)> = Vec::new();
    for toast in app.toasts.iter().rev() {
        let (mark, style) = match toast.tone {
            Tone::Info => (app.glyphs.dot, app.theme.accent),
            Tone::Good => (app.glyphs.check, app.theme.ok),
            Tone::Warn => (app.glyphs.warn, app.theme.warn),
            Tone::Bad => (app.glyphs.cross, app.theme.danger),
        };
        let mark =
            if toast.until.is_none() { app.glyphs.spin(app.spin(), app.motion) } else { mark };
        let lines = wrapped(&display_safe(&toast.text), room, MOST);
        if !rows.is_empty() && rows.len() + lines.len() > MOST {
            break;
        }
        for (nth, line) in lines.into_iter().enumerate().rev() {
            rows.push((if nth == 0 { mark } else { " " }, line, style));
        }
    }
    for (up, (mark, line, style)) in rows.iter().enumerate() {
        let y = area.y.saturating_sub(up as u16);
        let place = Rect { y, height: 1, ..area };
        frame.render_widget(ratatui::widgets::Clear, place);
        let ground = if up == 0 { app.theme.surface } else { app.theme.popup };
        frame.buffer_mut().set_style(place, ground);
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.skip(1).put(mark, *style).skip(1).put(line, app.theme.text);
    }
    !rows.is_empty()
}

/// Breaks text at blanks into at most `most` lines.
pub fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let gap = usize::from(!line.is_empty());
            if line.width() + gap + word.width() <= width {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                continue;
            }
            let cut = cut_at(word, width);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            last.push('…');
            while last.width() > width.max(1) {
                last.pop();
                last.pop();
                last.push('…');
                if last.len() <= 3 {
                    break;
                }
            }
        }
    }
    lines
}

/// The byte at which `text` fills `width` cells; at least one character.
pub(super) fn cut_at(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}
