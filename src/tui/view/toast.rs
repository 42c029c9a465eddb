//! Draws short messages at the bottom right of the screen, the newest lowest.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph},
};
use unicode_width::UnicodeWidthStr;

use crate::{
    present::safe::display_safe,
    tui::app::{App, Tone},
};

/// Toasts shown at once.
const MOST: usize = 4;

/// Draws them.
pub fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let mut bottom = area.bottom();
    for toast in app.toasts.iter().rev().take(MOST) {
        if bottom < area.y + 3 {
            break;
        }
        let (mark, style) = match toast.tone {
            Tone::Info => (app.glyphs.dot, app.theme.text),
            Tone::Good => (app.glyphs.check, app.theme.ok),
            Tone::Warn => (app.glyphs.warn, app.theme.warn),
            Tone::Bad => (app.glyphs.cross, app.theme.danger),
        };
        let mark =
            if toast.until.is_none() { app.glyphs.spin(app.spin(), app.motion) } else { mark };
        let text = display_safe(&toast.text).into_owned();
        let widest = area.width.saturating_sub(6).min(76);
        let width = (text.width() as u16 + 6).min(widest + 6).min(area.width);
        let lines = wrapped(&text, usize::from(width.saturating_sub(6)).max(1), 3);
        let height = lines.len() as u16 + 2;
        if bottom < area.y + height {
            break;
        }
        let place =
            Rect { x: area.right() - width.min(area.width), y: bottom - height, width, height };
        let body: Vec<Line> = lines
            .into_iter()
            .enumerate()
            .map(|(i, line)| {
                Line::from(vec![
                    Span::styled(if i == 0 { mark } else { " " }, style),
                    Span::raw(" "),
                    Span::styled(line, app.theme.text),
                ])
            })
            .collect();
        let block = Block::bordered()
            .border_set(app.glyphs.border(false))
            .border_style(style)
            .style(app.theme.popup)
            .padding(ratatui::widgets::Padding::horizontal(1));
        frame.render_widget(Clear, place);
        frame.render_widget(Paragraph::new(body).block(block), place);
        bottom = place.y;
    }
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
fn cut_at(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}
