//! Side-by-side diffs: lines, row pairing, word emphasis, folding, wrapping.
//!
//! A [`Diff`] is made once, off the drawing thread; everything that is asked of it per frame costs
//! in proportion to what is visible. Both texts pass through the filter of [`safe`]
//! on the way in, so all text, lines and ranges here are of what is *shown* (tabs are blanks,
//! control characters escapes) and can be drawn as they are; what is compared are the true lines.
//!
//! ```
//! use limbeck::present::diff::{Diff, RowKind};
//!
//! let diff = Diff::new("id integer NOT NULL\n", "id bigint NOT NULL\n");
//! assert_eq!(diff.rows()[0].kind, RowKind::Changed);
//! let emphasis = diff.emphasis(0);
//! assert_eq!(&diff.right().line(0)[emphasis.right[0].clone()], "bigint");
//! ```
//!
//! [`fold::Folds`] decides which rows are on show, [`wrap::Layout`] on which line each of them is.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use super::{
    safe,
    sql::{Highlight, Span, SqlKind},
};

pub mod fold;
mod pair;
mod rows;
pub mod wrap;

/// Left is the old text, right the new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The old text.
    Left,
    /// The new text.
    Right,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// The same line on both sides.
    Same,
    /// Two lines that are versions of each other.
    Changed,
    /// A line of the old text only.
    Removed,
    /// A line of the new text only.
    Added,
}

impl RowKind {
    /// The sign before the line of `side`: `-`, `+` or a blank.
    pub fn sign(self, side: Side) -> char {
        match (self, side) {
            (Self::Changed | Self::Removed, Side::Left) => '-',
            (Self::Changed | Self::Added, Side::Right) => '+',
            _ => ' ',
        }
    }
}

/// One row: a line of either text or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffRow {
    /// 0-based line of the left text; its number is one more.
    pub left: Option<u32>,
    /// 0-based line of the right text.
    pub right: Option<u32>,
    /// What the row shows.
    pub kind: RowKind,
    /// 0-based hunk the row belongs to; none for the rows between hunks.
    pub hunk: Option<u32>,
}

impl DiffRow {
    /// The 0-based line on `side`.
    pub fn line(&self, side: Side) -> Option<usize> {
        let line = match side {
            Side::Left => self.left,
            Side::Right => self.right,
        };
        line.map(|line| line as usize)
    }
}

/// How much changed, in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lines of the new text that the old one has not.
    pub added: usize,
    /// Lines of the old text that the new one has not.
    pub removed: usize,
}

/// The parts of the two lines of a row that differ, as byte ranges within each line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Emphasis {
    /// In the left line.
    pub left: Vec<Range<usize>>,
    /// In the right line.
    pub right: Vec<Range<usize>>,
}

/// A stretch of a line that is drawn in one style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The text, safe to draw.
    pub text: &'a str,
    /// Its colour.
    pub kind: SqlKind,
    /// It differs from the other side.
    pub emphasis: bool,
}

/// Where a search term was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Index of the row.
    pub row: usize,
    /// On which side. Unchanged rows are reported once, on the left.
    pub side: Side,
    /// Bytes within the line.
    pub range: Range<usize>,
}

/// One of the two texts, by lines, as it is shown.
#[derive(Clone, Debug, Default)]
pub struct Document {
    text: String,
    lines: Vec<Range<usize>>,
    highlight: Highlight,
}

impl Document {
    fn new(text: &str) -> Self {
        let text = safe::display_safe_lines(text).into_owned();
        let mut at = 0;
        let lines = text
            .split_inclusive('\n')
            .map(|line| {
                let start = at;
                at += line.len();
                start..at - usize::from(line.ends_with('\n'))
            })
            .collect();
        let highlight = Highlight::new(&text);
        Self { text, lines, highlight }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Tells whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The line with the 0-based number `line`, without its end; empty past the end.
    pub fn line(&self, line: usize) -> &str {
        self.lines.get(line).map_or("", |range| &self.text[range.clone()])
    }

    /// The colours of a line; together they cover it exactly.
    pub fn spans(&self, line: usize) -> impl Iterator<Item = Span> + '_ {
        let range = self.lines.get(line).cloned().unwrap_or_default();
        self.highlight.within(range)
    }
}

/// A stretch of rows under a heading of its own: one object of several that are compared together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is called, safe to draw.
    pub title: String,
    /// The row of the heading; it has no line on either side.
    pub heading: usize,
    /// The rows below the heading.
    pub rows: Range<usize>,
    /// Lines added and removed in it.
    pub stats: Stats,
    /// Lines of the left and of the right text before it.
    before: (usize, usize),
}

/// The difference of two texts, by rows.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    left: Document,
    right: Document,
    rows: Vec<DiffRow>,
    /// In order; none when the texts are compared as wholes.
    parts: Vec<Part>,
    /// The rows of each hunk: a run of rows that are not [`RowKind::Same`].
    hunks: Vec<Range<usize>>,
    stats: Stats,
}

impl Diff {
    /// Compares two texts. Takes 300 ms at most for the alignment of lines; past that, what is not
    /// aligned yet is shown as replaced, which is correct but longer.
    pub fn new(left: &str, right: &str) -> Self {
        Self::with_timeout(left, right, Duration::from_millis(300))
    }

    /// Compares two texts with a limit of its own.
    pub fn with_timeout(left: &str, right: &str, timeout: Duration) -> Self {
        let rows = rows::rows(left, right, timeout);
        let (left, right) = (Document::new(left), Document::new(right));
        Self::assemble(left, right, rows)
    }

    /// Compares several pairs of texts, each under its title: rows of one never meet rows of another.
    /// They are definitions: a comma at the end of a line is no difference.
    /// A blank row stands before each heading but the first. The limit of time is that of
    /// [`Diff::new`], for all of them.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        let until = Instant::now() + Duration::from_millis(300);
        let (mut left, mut right) = (String::new(), String::new());
        let mut before = (0_usize, 0_usize);
        let mut all: Vec<DiffRow> = Vec::new();
        let mut found: Vec<Part> = Vec::new();
        let blank = DiffRow { left: None, right: None, kind: RowKind::Same, hunk: None };
        for (title, old, new) in parts {
            if !found.is_empty() {
                all.push(blank);
            }
            let heading = all.len();
            all.push(blank);
            let left_time = until.saturating_duration_since(Instant::now());
            let rows = rows::elements(old, new, left_time.max(Duration::from_millis(5)));
            let mut stats = Stats::default();
            for row in &rows {
                let number = |line: Option<u32>, before| line.map(|line| line + before as u32);
                if row.kind != RowKind::Same {
                    stats.removed += usize::from(row.left.is_some());
                    stats.added += usize::from(row.right.is_some());
                }
                all.push(DiffRow {
                    left: number(row.left, before.0),
                    right: number(row.right, before.1),
                    ..*row
                });
            }
            let rows = heading + 1..all.len();
            let title = safe::display_safe(title).into_owned();
            found.push(Part { title, heading, rows, stats, before });
            for (all, text, count) in
                [(&mut left, old, &mut before.0), (&mut right, new, &mut before.1)]
            {
                all.push_str(text);
                if !text.is_empty() && !text.ends_with('\n') {
                    all.push('\n');
                }
                *count += text.split_inclusive('\n').count();
            }
        }
        let diff = Self::assemble(Document::new(&left), Document::new(&right), all);
        Self { parts: found, ..diff }
    }

    fn assemble(left: Document, right: Document, mut rows: Vec<DiffRow>) -> Self {
        let mut hunks: Vec<Range<usize>> = Vec::new();
        let mut stats = Stats::default();
        for (index, row) in rows.iter_mut().enumerate() {
            if row.kind == RowKind::Same {
                row.hunk = None;
                continue;
            }
            match hunks.last_mut() {
                Some(hunk) if hunk.end == index => hunk.end += 1,
                _ => hunks.push(index..index + 1),
            }
            row.hunk = Some(hunks.len() as u32 - 1);
            stats.removed += usize::from(row.left.is_some());
            stats.added += usize::from(row.right.is_some());
        }
        Self { left, right, rows, parts: Vec::new(), hunks, stats }
    }

    /// The parts of a comparison of several; none otherwise.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The index of the part that a row belongs to: under its heading, or the heading itself.
    pub fn part_of(&self, row: usize) -> Option<usize> {
        self.parts.partition_point(|part| part.heading <= row).checked_sub(1)
    }

    /// The part whose heading a row is.
    pub fn heading(&self, row: usize) -> Option<&Part> {
        self.parts.get(self.part_of(row)?).filter(|part| part.heading == row)
    }

    /// The number to show for the line of `side` in row `row`: from 1, anew in each part.
    pub fn number(&self, row: usize, side: Side) -> Option<usize> {
        let line = self.rows.get(row)?.line(side)?;
        let before = self.part_of(row).map_or(0, |part| match side {
            Side::Left => self.parts[part].before.0,
            Side::Right => self.parts[part].before.1,
        });
        Some(line - before + 1)
    }

    /// The old text.
    pub fn left(&self) -> &Document {
        &self.left
    }

    /// The new text.
    pub fn right(&self) -> &Document {
        &self.right
    }

    /// The text of a side.
    pub fn document(&self, side: Side) -> &Document {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// All rows, unchanged ones too.
    pub fn rows(&self) -> &[DiffRow] {
        &self.rows
    }

    /// The rows of each hunk.
    pub fn hunks(&self) -> &[Range<usize>] {
        &self.hunks
    }

    /// Lines added and removed.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Tells whether the two texts have the same lines.
    pub fn is_same(&self) -> bool {
        self.hunks.is_empty()
    }

    /// The line of `side` in row `row`; none where that side is empty.
    pub fn text(&self, row: usize, side: Side) -> Option<&str> {
        let line = self.rows.get(row)?.line(side)?;
        Some(self.document(side).line(line))
    }

    /// What differs within the two lines of a row; empty unless the row is [`RowKind::Changed`],
    /// and when nearly everything differs. Computed anew each time: ask for visible rows only.
    pub fn emphasis(&self, row: usize) -> Emphasis {
        match self.rows.get(row) {
            Some(DiffRow {
                left: Some(left), right: Some(right), kind: RowKind::Changed, ..
            }) => pair::emphasis(self.left.line(*left as usize), self.right.line(*right as usize)),
            _ => Emphasis::default(),
        }
    }

    /// The line of `side` in row `row`, cut where colour or emphasis changes; empty where that side
    /// is empty. `emphasis` is what [`Diff::emphasis`] told of the row.
    pub fn segments(&self, row: usize, side: Side, emphasis: &Emphasis) -> Vec<Segment<'_>> {
        let Some(line) = self.rows.get(row).and_then(|row| row.line(side)) else {
            return Vec::new();
        };
        let document = self.document(side);
        let text = document.line(line);
        let marked = match side {
            Side::Left => &emphasis.left,
            Side::Right => &emphasis.right,
        };
        let mut segments = Vec::new();
        for span in document.spans(line) {
            let mut at = span.range.start;
            while at < span.range.end {
                // The mark that covers `at`, or the next one after it.
                let mark = marked.iter().find(|mark| mark.end > at);
                let (end, emphasis) = match mark {
                    Some(mark) if mark.start <= at => (mark.end, true),
                    Some(mark) => (mark.start, false),
                    None => (span.range.end, false),
                };
                let end = end.min(span.range.end);
                segments.push(Segment { text: &text[at..end], kind: span.kind, emphasis });
                at = end;
            }
        }
        segments
    }

    /// Finds `term` in both texts, row by row. Upper and lower case are the same unless the term
    /// has upper case in it.
    pub fn search(&self, term: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (row, this) in self.rows.iter().enumerate() {
            for side in [Side::Left, Side::Right] {
                if side == Side::Right && this.kind == RowKind::Same {
                    continue;
                }
                let Some(line) = this.line(side) else { continue };
                let line = self.document(side).line(line);
                find_all(line, term, |range| hits.push(Hit { row, side, range }));
            }
        }
        hits
    }

    /// The difference in the unified form of `diff -u` with `context` lines around each change,
    /// without the two lines that name the files; empty when there is none.
    pub fn unified(&self, context: usize) -> String {
        use std::fmt::Write as _;
        let mut out = String::new();
        for rows in fold::shown(self, context) {
            let lines = |side| {
                let mut lines = self.rows[rows.clone()].iter().filter_map(|row| row.line(side));
                let first = lines.next();
                (first, first.map_or(0, |_| 1 + lines.count()))
            };
            let range = |side| match lines(side) {
                (Some(first), 1) => format!("{}", first + 1),
                (Some(first), count) => format!("{},{count}", first + 1),
                // A side without lines names the line before.
                (None, _) => {
                    let before =
                        self.rows[..rows.start].iter().rev().find_map(|row| row.line(side));
                    format!("{},0", before.map_or(0, |line| line + 1))
                }
            };
            let _infallible = writeln!(out, "@@ -{} +{} @@", range(Side::Left), range(Side::Right));
            for index in rows {
                for (side, sign) in self.rows[index].unified() {
                    let text = self.text(index, side).unwrap_or_default();
                    let _infallible = writeln!(out, "{sign}{text}");
                }
            }
        }
        out
    }
}

impl DiffRow {
    /// The one or two lines of the row in the unified form: which side's text, after which sign.
    /// A changed row is its old line, then its new one.
    pub fn unified(&self) -> impl Iterator<Item = (Side, char)> + use<> {
        let kind = self.kind;
        let sides: &[Side] = match kind {
            RowKind::Same if self.left.is_none() => &[],
            RowKind::Same | RowKind::Removed => &[Side::Left],
            RowKind::Added => &[Side::Right],
            RowKind::Changed => &[Side::Left, Side::Right],
        };
        sides.iter().map(move |&side| (side, kind.sign(side)))
    }
}

/// Gives all places of `term` in `line`, without overlaps.
fn find_all(line: &str, term: &str, mut give: impl FnMut(Range<usize>)) {
    let Some(first) = term.bytes().next() else { return };
    if term.chars().any(char::is_uppercase) {
        line.match_indices(term).for_each(|(at, found)| give(at..at + found.len()));
        return;
    }
    let mut from = 0;
    // Most lines are plain ASCII: bytes say it all there.
    if line.is_ascii() {
        let (line, term) = (line.as_bytes(), term.as_bytes());
        while let Some(at) = line[from..].iter().position(|byte| byte.to_ascii_lowercase() == first)
        {
            let (at, end) = (from + at, from + at + term.len());
            if line.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(term)) {
                give(at..end);
                from = end;
            } else {
                from = at + 1;
            }
        }
        return;
    }
    for (at, _) in line.char_indices() {
        if at < from {
            continue;
        }
        if let Some(length) = folded_prefix(&line[at..], term) {
            give(at..at + length);
            from = at + length;
        }
    }
}

/// The bytes that `term` takes at the start of `text`, whatever the case.
fn folded_prefix(text: &str, term: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    for wanted in term.chars() {
        let (_, c) = chars.next()?;
        if c != wanted && !c.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(chars.offset())
}

#[cfg(test)]
mod tests;
