//! A script in a pane: in the theme's colours, long lines wrapped by words.

use std::ops::Range;

use ratatui::{Frame, layout::Rect};

use super::{Pen, sql};
use crate::{
    present::{
        diff::wrap::{Piece, wrap},
        sql::Span,
    },
    tui::app::App,
};

/// A line that is safe to show, with its colours.
pub type Line = (String, Vec<Span>);

/// A script, laid out for a width.
pub struct Script<'a> {
    lines: &'a [Line],
    /// Lines that are left out at the end.
    more: usize,
    /// What stands on each row: a line, and which part of it.
    rows: Vec<(usize, Piece)>,
}

impl<'a> Script<'a> {
    /// Lays it out in so many columns.
    pub fn new(lines: &'a [Line], more: usize, width: usize) -> Self {
        let pieces = |(number, (text, _)): (usize, &Line)| {
            wrap(text, width).into_iter().map(move |piece| (number, piece))
        };
        Self { lines, more, rows: lines.iter().enumerate().flat_map(pieces).collect() }
    }

    /// How many rows it takes.
    pub fn height(&self) -> usize {
        self.rows.len() + usize::from(self.more > 0)
    }

    /// The first row of a line.
    pub fn row_of(&self, line: usize) -> usize {
        self.rows.partition_point(|(number, _)| *number < line)
    }

    /// Draws what is seen from row `scroll` on. Before the lines of `marked`, if there are any to
    /// tell apart, stands a bar; it takes a column in front of the others.
    pub fn draw(
        &self,
        app: &App,
        frame: &mut Frame,
        area: Rect,
        scroll: usize,
        marked: Option<&[Range<usize>]>,
    ) {
        for row in 0..area.height {
            let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, row);
            let at = scroll + usize::from(row);
            let shown = self.rows.get(at);
            if let Some(marked) = marked {
                let mine = shown.is_some_and(|(line, _)| marked.iter().any(|m| m.contains(line)));
                pen.put(if mine { app.glyphs.bar } else { " " }, app.theme.marker);
            }
            match shown {
                Some((line, piece)) => self.draw_piece(app, &mut pen, *line, piece),
                None if at == self.rows.len() && self.more > 0 => {
                    let words = format!("{} {} more lines", app.glyphs.ellipsis, self.more);
                    pen.put(&words, app.theme.dim);
                }
                None => return,
            }
        }
    }

    fn draw_piece(&self, app: &App, pen: &mut Pen<'_>, line: usize, piece: &Piece) {
        if piece.lead > 0 {
            pen.skip(piece.lead.saturating_sub(2)).put(app.glyphs.wrapped, app.theme.dim);
            pen.skip(usize::from(piece.lead > 1));
        }
        let Some((text, spans)) = self.lines.get(line) else { return };
        // Blanks that wrapping left at the end may hang over it.
        let end = piece.range.start + text[piece.range.clone()].trim_end().len();
        for span in spans {
            let part = span.range.start.max(piece.range.start)..span.range.end.min(end);
            if let Some(text) = text.get(part) {
                pen.put(text, sql::style(&app.theme, span.kind));
            }
        }
    }
}
