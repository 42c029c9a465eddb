//! Rows as characters: every cell knows its stroke and the edge that it belongs to.

use std::ops::Range;

use super::{
    Charset, Item, Layout, Mark,
    place::{CHECKPOINT, FREE, replay},
};

const UP: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 4;
const LEFT: u8 = 8;
const DASHED: u8 = 16;

/// One cell of a row's drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    stroke: u8,
    edge: Option<u32>,
}

impl Cell {
    /// The edge that is drawn here, as a position in [`Layout::edges`].
    pub fn edge(self) -> Option<usize> {
        self.edge.map(|edge| edge as usize)
    }

    /// Its character.
    pub fn glyph(self, charset: Charset) -> &'static str {
        let dashed = self.stroke & DASHED != 0;
        let bits = self.stroke & !DASHED;
        let (unicode, ascii) = match (bits, dashed) {
            (0, _) => (" ", " "),
            (b, false) if b & (LEFT | RIGHT) == 0 => ("│", "|"),
            (b, true) if b & (LEFT | RIGHT) == 0 => ("┊", ":"),
            (b, false) if b & (UP | DOWN) == 0 => ("─", "-"),
            (b, true) if b & (UP | DOWN) == 0 => ("╌", "."),
            (b, _) if b == RIGHT | DOWN => ("╭", "/"),
            (b, _) if b == LEFT | DOWN => ("╮", "\\"),
            (b, _) if b == UP | RIGHT => ("╰", "\\"),
            (b, _) if b == UP | LEFT => ("╯", "/"),
            (b, _) if b & DOWN == 0 => ("┴", "+"),
            _ => ("┬", "+"),
        };
        match charset {
            Charset::Unicode => unicode,
            Charset::Ascii => ascii,
        }
    }

    /// Whether the line goes on at this side: up, right, down, left.
    pub fn sides(self) -> [bool; 4] {
        [UP, RIGHT, DOWN, LEFT].map(|side| self.stroke & side != 0)
    }
}

/// One row of the drawing: lanes at even cells, what connects them at odd ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneRow {
    /// Which row it is.
    pub row: usize,
    /// What it shows.
    pub item: Item,
    /// The lane of the mark.
    pub column: usize,
    /// The cells; the one of the mark is at `2 * column`.
    pub cells: Vec<Cell>,
}

/// A character of a row, for whoever colours it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// One cell wide.
    pub glyph: &'static str,
    /// The colour of its edge; none for blanks and for the mark.
    pub colour: Option<u8>,
    /// Its edge, as a position in [`Layout::edges`].
    pub edge: Option<usize>,
    /// It is the mark.
    pub mark: bool,
}

impl LaneRow {
    /// The characters of the row from left to right. `tight` leaves out the cells between lanes.
    pub fn pieces<'a>(
        &'a self,
        layout: &'a Layout,
        mark: Mark,
        charset: Charset,
        tight: bool,
    ) -> impl Iterator<Item = Piece> + 'a {
        self.cells.iter().enumerate().filter(move |(i, _)| !tight || i % 2 == 0).map(
            move |(i, cell)| {
                if i == 2 * self.column {
                    return Piece {
                        glyph: mark.glyph(charset),
                        colour: None,
                        edge: None,
                        mark: true,
                    };
                }
                let edge = cell.edge();
                let colour = edge.and_then(|edge| layout.edges().get(edge)).map(|edge| edge.colour);
                Piece { glyph: cell.glyph(charset), colour, edge, mark: false }
            },
        )
    }

    /// The row as text, filled with blanks to `lanes` lanes (`2 * lanes - 1` cells).
    pub fn text(&self, mark: Mark, charset: Charset, lanes: usize) -> String {
        let mut text = String::new();
        for (i, cell) in self.cells.iter().enumerate() {
            text.push_str(if i == 2 * self.column {
                mark.glyph(charset)
            } else {
                cell.glyph(charset)
            });
        }
        let wanted = (2 * lanes).saturating_sub(1);
        text.extend(std::iter::repeat_n(' ', wanted.saturating_sub(self.cells.len())));
        text
    }
}

pub(super) fn rows(layout: &Layout, rows: Range<usize>) -> Vec<LaneRow> {
    let end = rows.end.min(layout.len());
    let Some(kept) = layout.checkpoints.get(rows.start / CHECKPOINT).filter(|_| rows.start < end)
    else {
        return Vec::new();
    };
    let mut lanes = kept.to_vec();
    let mut out = Vec::with_capacity(end - rows.start);
    for row in rows.start / CHECKPOINT * CHECKPOINT..end {
        if row < rows.start {
            replay(layout, &mut lanes, row);
        } else {
            let before = lanes.clone();
            replay(layout, &mut lanes, row);
            out.push(paint(layout, row, &before, &lanes));
        }
    }
    out
}

/// Paints a row from the lanes before and after it: what is in both goes through, what came from
/// above and aims here ends here, what is new begins here, and the rest slid by one.
fn paint(layout: &Layout, row: usize, before: &[u32], after: &[u32]) -> LaneRow {
    let column = layout.column(row);
    let at = |lanes: &[u32], lane: usize| lanes.get(lane).copied().filter(|edge| *edge != FREE);
    let dashed = |edge: u32| if layout.edges[edge as usize].kind.is_dashed() { DASHED } else { 0 };
    let width = before.len().max(after.len()).max(column + 1);
    let mut cells = vec![Cell::default(); 2 * width - 1];
    // Lines to the mark: lane, side on which the line leaves the lane's cell, edge.
    let mut joins: Vec<(usize, u8, u32)> = Vec::new();
    for lane in 0..width {
        let (above, below) = (at(before, lane), at(after, lane));
        if let Some(edge) = above.filter(|_| above == below) {
            cells[2 * lane] = Cell { stroke: UP | DOWN | dashed(edge), edge: Some(edge) };
            continue;
        }
        if let Some(edge) = above {
            if layout.edges[edge as usize].parent as usize == row {
                joins.push((lane, UP, edge));
            } else if lane > 0 {
                cells[2 * lane] = Cell { stroke: UP | LEFT | dashed(edge), edge: Some(edge) };
                cells[2 * lane - 1] =
                    Cell { stroke: LEFT | RIGHT | dashed(edge), edge: Some(edge) };
                cells[2 * lane - 2] =
                    Cell { stroke: DOWN | RIGHT | dashed(edge), edge: Some(edge) };
            }
        }
        if let Some(edge) = below.filter(|edge| layout.edges[*edge as usize].child as usize == row)
        {
            joins.push((lane, DOWN, edge));
        }
    }
    // From far to near, so that the nearer lane has the cells that it shares; a solid line wins over a dashed one.
    joins
        .sort_by_key(|(lane, side, edge)| (std::cmp::Reverse(lane.abs_diff(column)), *side, *edge));
    for (lane, side, edge) in joins {
        if lane == column {
            continue;
        }
        let (from, to, towards) = if lane < column {
            (2 * lane, 2 * column, RIGHT)
        } else {
            (2 * column, 2 * lane, LEFT)
        };
        for (cell, at) in cells[from + 1..to].iter_mut().zip(from + 1..) {
            if cell.stroke & (UP | DOWN) == 0 {
                if cell.stroke == 0 || cell.stroke & DASHED != 0 || dashed(edge) == 0 {
                    *cell = Cell { stroke: LEFT | RIGHT | dashed(edge), edge: Some(edge) };
                }
            } else if at % 2 == 0 && cell.stroke & (LEFT | RIGHT) != 0 {
                cell.stroke |= LEFT | RIGHT;
            }
        }
        let beyond = cells[2 * lane].stroke & (LEFT | RIGHT);
        let reached = if beyond == LEFT | RIGHT { beyond } else { towards };
        cells[2 * lane] = Cell { stroke: side | reached | dashed(edge), edge: Some(edge) };
    }
    cells[2 * column] = Cell::default();
    LaneRow { row, item: layout.items[row], column, cells }
}
