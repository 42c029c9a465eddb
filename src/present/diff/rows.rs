//! From two texts to rows: the alignment of lines, then the pairing within what was replaced.

use std::{
    collections::HashMap,
    ops::Range,
    time::{Duration, Instant},
};

use similar::{Algorithm, DiffTag};

use super::{DiffRow, RowKind, pair};

/// Compares by lines. Rows are in the order of both texts.
pub(super) fn rows(left: &str, right: &str, timeout: Duration) -> Vec<DiffRow> {
    aligned(lines(left), lines(right), timeout)
}

/// The same for definitions, whose elements are separated by commas: that one was added behind an
/// element is no change of it.
pub(super) fn elements(left: &str, right: &str, timeout: Duration) -> Vec<DiffRow> {
    let plain = |text| {
        let lines: Vec<&str> = lines(text);
        lines.into_iter().map(|line| line.strip_suffix(',').unwrap_or(line)).collect()
    };
    aligned(plain(left), plain(right), timeout)
}

fn aligned(left: Vec<&str>, right: Vec<&str>, timeout: Duration) -> Vec<DiffRow> {
    let mut rows = Rows { left, right, out: Vec::new() };
    let mut numbers = HashMap::new();
    let old = numbered(&rows.left, &mut numbers);
    let new = numbered(&rows.right, &mut numbers);
    let deadline = Instant::now().checked_add(timeout);
    let ops = similar::capture_diff_slices_deadline(Algorithm::Patience, &old, &new, deadline);
    let mut replaced = (0..0, 0..0);
    for op in ops {
        let (tag, left, right) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            rows.replaced(&replaced.0, &replaced.1);
            rows.same(left.clone(), right.clone());
            replaced = (left.end..left.end, right.end..right.end);
        } else {
            replaced.0.end = left.end;
            replaced.1.end = right.end;
        }
    }
    rows.replaced(&replaced.0, &replaced.1);
    rows.out
}

/// Replaces each line by a number, so that each distinct line is hashed once.
fn numbered<'a>(lines: &[&'a str], numbers: &mut HashMap<&'a str, u32>) -> Vec<u32> {
    lines
        .iter()
        .map(|&line| {
            let next = numbers.len() as u32;
            *numbers.entry(line).or_insert(next)
        })
        .collect()
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line)).collect()
}

struct Rows<'a> {
    left: Vec<&'a str>,
    right: Vec<&'a str>,
    out: Vec<DiffRow>,
}

impl Rows<'_> {
    fn push(&mut self, left: Option<usize>, right: Option<usize>, kind: RowKind) {
        let number = |line: usize| line as u32;
        self.out.push(DiffRow {
            left: left.map(number),
            right: right.map(number),
            kind,
            hunk: None,
        });
    }

    fn same(&mut self, left: Range<usize>, right: Range<usize>) {
        for (left, right) in left.zip(right) {
            self.push(Some(left), Some(right), RowKind::Same);
        }
    }

    /// Lines that gave way to others: pairs, and between them what has no partner, old lines first.
    fn replaced(&mut self, left: &Range<usize>, right: &Range<usize>) {
        let pairs = pair::pairs(&self.left[left.clone()], &self.right[right.clone()]);
        let (mut old, mut new) = (left.start, right.start);
        for (i, j) in pairs {
            self.alone(old..left.start + i, new..right.start + j);
            (old, new) = (left.start + i, right.start + j);
            // After a timeout equal lines may be left in what counts as replaced.
            let same = self.left[old] == self.right[new];
            self.push(Some(old), Some(new), if same { RowKind::Same } else { RowKind::Changed });
            (old, new) = (old + 1, new + 1);
        }
        self.alone(old..left.end, new..right.end);
    }

    fn alone(&mut self, left: Range<usize>, right: Range<usize>) {
        for line in left {
            self.push(Some(line), None, RowKind::Removed);
        }
        for line in right {
            self.push(None, Some(line), RowKind::Added);
        }
    }
}
