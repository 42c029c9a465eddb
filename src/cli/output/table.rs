//! Columns that line up, whatever width their characters have.

use unicode_width::UnicodeWidthStr;

/// One cell: what is printed, and how wide it is without its styles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    width: usize,
}

impl Cell {
    /// A plain cell.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { width: text.width(), text }
    }

    /// A cell printed through a style function.
    pub(crate) fn styled(text: &str, style: impl Fn(&str) -> String) -> Self {
        Self { width: text.width(), text: style(text) }
    }

    /// Appends another cell behind a separator, when both hold something.
    #[must_use]
    pub(crate) fn join(mut self, separator: &str, other: &Self) -> Self {
        if self.width > 0 && other.width > 0 {
            self.text.push_str(separator);
            self.width += separator.width();
        }
        self.text.push_str(&other.text);
        self.width += other.width;
        self
    }
}

/// Longest a column grows before its long cells push their own line only.
const WIDEST: usize = 60;

/// Lays rows out in columns two blanks apart; the last cell of a row is not padded, empty columns
/// vanish.
pub(crate) fn columns(rows: &[Vec<Cell>], indent: &str) -> String {
    let widths = widths(rows);
    let mut out = String::new();
    for row in rows {
        out.push_str(lay_out(row, &widths, indent).trim_end_matches(' '));
        out.push('\n');
    }
    out
}

/// The same as lines that all end at one column, for something to be put behind them.
pub(crate) fn padded(rows: &[Vec<Cell>], indent: &str) -> Vec<String> {
    let widths = widths(rows);
    rows.iter().map(|row| lay_out(row, &widths, indent)).collect()
}

/// How wide each column is.
fn widths(rows: &[Vec<Cell>]) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let all = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width);
        let fitting = all.clone().filter(|width| *width <= WIDEST).max();
        fitting.unwrap_or_else(|| all.map(|width| width.min(WIDEST)).max().unwrap_or(0))
    };
    (0..count).map(width).collect()
}

/// One line, every cell padded.
fn lay_out(row: &[Cell], widths: &[usize], indent: &str) -> String {
    let mut line = indent.to_owned();
    let mut gap = 0;
    for (cell, width) in row.iter().zip(widths).filter(|(_, width)| **width > 0) {
        line.extend(std::iter::repeat_n(' ', gap));
        line.push_str(&cell.text);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width)));
        gap = 2;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_display_width() {
        let row = |cells: &[&str]| cells.iter().map(|c| Cell::plain(*c)).collect::<Vec<_>>();
        let rows = [row(&["ab", "", "long message", "x"]), row(&["日本", "", "m", ""])];
        assert_eq!(columns(&rows, "  "), "  ab    long message  x\n  日本  m\n");
    }

    #[test]
    fn one_long_cell_does_not_push_the_others() {
        let long = "x".repeat(200);
        let rows = [
            vec![Cell::plain(long.clone()), Cell::plain("end")],
            vec![Cell::plain("short"), Cell::plain("end")],
        ];
        assert_eq!(columns(&rows, ""), format!("{long}  end\nshort  end\n"));
    }

    #[test]
    fn styles_do_not_count() {
        let rows = [
            vec![Cell::styled("ab", super::super::style::bold), Cell::plain("x")],
            vec![Cell::plain("abcd"), Cell::plain("x")],
        ];
        let text = anstream::adapter::strip_str(&columns(&rows, "")).to_string();
        assert_eq!(text, "ab    x\nabcd  x\n");
    }
}
