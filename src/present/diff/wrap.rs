//! Wrapping lines by words, and finding rows by the line they are drawn on.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{
    Diff, Side,
    fold::{Folds, Item},
};

/// The mark before a continuation line; it takes one column and a blank follows.
pub const CONTINUATION: char = '↪';

/// One drawn line of a wrapped text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the text; the pieces cover it exactly. Blanks at the end may go past the width.
    pub range: Range<usize>,
    /// Columns before the text: 0 on the first line, the room for [`CONTINUATION`] on others.
    pub lead: usize,
}

/// Cuts `text` into pieces of at most `width` columns, after blanks where possible. Continuation
/// lines are indented as the text itself is, and two columns at least, for the mark. Always returns
/// one piece or more.
pub fn wrap(text: &str, width: usize) -> Vec<Piece> {
    let width = width.max(1);
    if text.len() <= width || text.width() <= width {
        return vec![Piece { range: 0..text.len(), lead: 0 }];
    }
    let indent = text.len() - text.trim_start_matches(' ').len();
    let lead = if indent.max(2) <= width / 2 { indent.max(2) } else { 2.min(width - 1) };
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let lead = if start == 0 { 0 } else { lead };
        let end = start + line_end(&text[start..], width - lead);
        pieces.push(Piece { range: start..end, lead });
        start = end;
    }
    pieces
}

/// Where the first line of `text` ends: after the last blank within `room` columns that follows a
/// word, else where the room ends. Blanks never begin a line, so they may go past the room.
fn line_end(text: &str, room: usize) -> usize {
    let mut used = 0;
    let mut after_word = None;
    let mut seen_word = false;
    for (at, grapheme) in text.grapheme_indices(true) {
        let blank = grapheme == " ";
        used += grapheme.width();
        if !blank && used > room && at > 0 {
            return after_word.unwrap_or(at);
        }
        if !blank {
            seen_word = true;
        } else if seen_word {
            after_word = Some(at + 1);
        }
    }
    text.len()
}

/// How a diff is drawn; widths are columns for text, without numbers and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Two columns. Both sides of a row take the height of the taller one.
    Split {
        /// Columns for the old text.
        left: usize,
        /// Columns for the new text.
        right: usize,
    },
    /// One column: a changed row is its old line, then its new one.
    Unified {
        /// Columns for the text.
        width: usize,
    },
}

/// On which line each item is drawn, so that scrolling anywhere is one binary search.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// `tops[i]` is the line of item `i`; one more for the end.
    tops: Vec<usize>,
}

impl Layout {
    /// Measures all items. Without `wrapped`, every line of text is one line high.
    pub fn new(diff: &Diff, folds: &Folds, form: Form, wrapped: bool) -> Self {
        let mut tops = Vec::with_capacity(folds.items().len() + 1);
        let mut top = 0;
        for item in folds.items() {
            tops.push(top);
            top += match item {
                Item::Fold { .. } => 1,
                Item::Row(row) => row_height(diff, *row, form, wrapped),
            };
        }
        tops.push(top);
        Self { tops }
    }

    /// The height of everything, in lines.
    pub fn height(&self) -> usize {
        self.tops.last().copied().unwrap_or(0)
    }

    /// The line on which item `item` begins.
    pub fn top(&self, item: usize) -> usize {
        self.tops.get(item).copied().unwrap_or_else(|| self.height())
    }

    /// The item that is drawn on `line`, and how far into it that is; past the end, the last line
    /// of the last item. None when there are no items.
    pub fn at(&self, line: usize) -> Option<(usize, usize)> {
        let line = line.min(self.height().checked_sub(1)?);
        let item = self.tops.partition_point(|&top| top <= line) - 1;
        Some((item, line - self.tops[item]))
    }
}

fn row_height(diff: &Diff, row: usize, form: Form, wrapped: bool) -> usize {
    if diff.rows().get(row).is_some_and(|row| row.left.is_none() && row.right.is_none()) {
        // A heading, or the blank line before it.
        return 1;
    }
    let lines = |side, width| match diff.text(row, side) {
        None => 0,
        Some(_) if !wrapped => 1,
        Some(text) => wrap(text, width).len(),
    };
    match form {
        Form::Split { left, right } => lines(Side::Left, left).max(lines(Side::Right, right)),
        Form::Unified { width } => {
            diff.rows()[row].unified().map(|(side, _)| lines(side, width)).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, width: usize, expected: &[&str]) {
        let shown: Vec<String> = wrap(text, width)
            .into_iter()
            .map(|piece| {
                let mark = if piece.lead > 0 { CONTINUATION.to_string() } else { String::new() };
                format!("{mark}{}", text[piece.range].trim_end())
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn words_stay_whole_where_they_fit() {
        check("short", 10, &["short"]);
        check("one two three four", 10, &["one two", "↪three", "↪four"]);
        check(
            "  status text DEFAULT 'new' NOT NULL,",
            24,
            &["  status text DEFAULT", "↪'new' NOT NULL,"],
        );
        check("abcdefghijkl", 5, &["abcde", "↪fgh", "↪ijk", "↪l"]);
        check("表表表表", 4, &["表表", "↪表", "↪表"]);
        check("", 5, &[""]);
        check("abc", 0, &["a", "↪b", "↪c"].map(|s| s.trim_start_matches('↪')));
        check("abcde     ", 5, &["abcde"]);
    }

    proptest! {
        #[test]
        fn pieces_cover_the_text_and_fit(text in r"( |[a-z]|表|é|e\u{301}){0,40}", width in 0_usize..20) {
            let mut at = 0;
            for piece in wrap(&text, width) {
                prop_assert_eq!(piece.range.start, at);
                at = piece.range.end;
                let columns = text[piece.range.clone()].trim_end().width() + piece.lead;
                // A single wide character may be wider than all the room there is.
                prop_assert!(columns <= width.max(1) || text[piece.range].trim_end().graphemes(true).count() <= 1);
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
