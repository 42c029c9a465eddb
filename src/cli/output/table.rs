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

/// Lays rows out in columns two blanks apart; the last column is not padded, empty columns vanish.
pub(crate) fn columns(rows: &[Vec<Cell>], indent: &str) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|c| {
            let cells = rows.iter().filter_map(|row| row.get(c));
            let fitting = cells.clone().map(|cell| cell.width).filter(|w| *w <= WIDEST).max();
            fitting.unwrap_or_else(|| cells.map(|cell| cell.width.min(WIDEST)).max().unwrap_or(0))
        })
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        let last = row.iter().rposition(|cell| cell.width > 0).unwrap_or(0);
        for (c, cell) in row.iter().enumerate().take(last + 1) {
            if widths[c] == 0 {
                continue;
            }
            line.push_str(&cell.text);
            if c < last {
                let gap = widths[c].saturating_sub(cell.width) + 2;
                line.extend(std::iter::repeat_n(' ', gap));
            }
        }
        out.push_str(line.trim_end_matches(' '));
        out.push('\n');
    }
    out
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
