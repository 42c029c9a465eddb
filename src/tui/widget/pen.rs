//! Writes pieces of text one after the other into one row, never past its end.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    present::safe::{cut, width},
    tui::glyph::Glyphs,
};

/// A place in a row, and where the row ends. What does not fit is cut with an ellipsis.
#[derive(Debug)]
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    glyphs: Glyphs,
    x: u16,
    y: u16,
    end: u16,
    full: bool,
}

impl<'a> Pen<'a> {
    /// A pen at the left end of the first row of `area`.
    pub fn new(buffer: &'a mut Buffer, glyphs: Glyphs, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, glyphs, x: area.x, y: area.y, end: area.right(), full: area.height == 0 }
    }

    /// A pen in row `row` of `area`.
    pub fn at(buffer: &'a mut Buffer, glyphs: Glyphs, area: Rect, row: u16) -> Self {
        let row = row.min(area.height);
        Self::new(buffer, glyphs, Rect { y: area.y + row, height: area.height - row, ..area })
    }

    /// Cells left.
    pub fn room(&self) -> usize {
        if self.full { 0 } else { usize::from(self.end.saturating_sub(self.x)) }
    }

    /// Where the next piece goes.
    pub fn x(&self) -> u16 {
        self.x
    }

    /// Writes `text`, which must be safe to show; it ends with an ellipsis when it does not fit.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.room();
        if room == 0 || text.is_empty() {
            return self;
        }
        if text.len() <= room || width(text) <= room {
            self.raw(text, style);
        } else {
            self.raw(&text[..cut(text, room - 1)], style);
            self.raw(self.glyphs.ellipsis, style);
            self.full = true;
        }
        self
    }

    /// Writes `text` cut or filled to exactly `columns`.
    pub fn field(&mut self, text: &str, columns: usize, style: Style) -> &mut Self {
        let columns = columns.min(self.room());
        let stop = self.x + columns as u16;
        let (end, full) = (self.end, self.full);
        self.end = stop;
        self.put(text, style);
        self.end = end;
        self.full = full;
        self.x = stop;
        self
    }

    /// Writes `text` against the right end of the next `columns`.
    pub fn right(&mut self, text: &str, columns: usize, style: Style) -> &mut Self {
        let columns = columns.min(self.room());
        let missing = columns.saturating_sub(width(text));
        self.skip(missing);
        self.field(text, columns - missing, style)
    }

    /// Leaves cells out.
    pub fn skip(&mut self, columns: usize) -> &mut Self {
        self.x += columns.min(self.room()) as u16;
        self
    }

    fn raw(&mut self, text: &str, style: Style) {
        let room = usize::from(self.end.saturating_sub(self.x));
        let (x, _) = self.buffer.set_stringn(self.x, self.y, text, room, style);
        self.x = x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn<T>(columns: u16, write: impl FnOnce(&mut Pen<'_>) -> T) -> String {
        let area = Rect::new(0, 0, columns, 1);
        let mut buffer = Buffer::empty(area);
        write(&mut Pen::new(&mut buffer, Glyphs::UNICODE, area));
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let style = Style::default();
        let put = |columns, texts: [&str; 2]| {
            drawn(columns, |pen| texts.map(|text| pen.put(text, style).room()))
        };
        assert_eq!(put(6, ["abc", "defg"]), "abcde…");
        assert_eq!(put(6, ["abcdefg", "x"]), "abcde…");
        assert_eq!(put(6, ["abc", "def"]), "abcdef");
        assert_eq!(put(5, ["表表表", ""]), "表 表 …");
        assert_eq!(put(4, ["表表", ""]), "表 表 ");
        let field = |text| drawn(8, |pen| pen.field(text, 4, style).put("xy", style).room());
        assert_eq!(field("abcdef"), "abc…xy  ");
        assert_eq!(field("ab"), "ab  xy  ");
        let right = |text| drawn(8, |pen| pen.right(text, 5, style).put("x", style).room());
        assert_eq!(right("12"), "   12x  ");
        assert_eq!(drawn(3, |pen| pen.skip(9).put("x", style).room()), "   ");
    }
}
