//! Which replaced line became which, and which of its words changed.
//!
//! Lines of a replaced block are matched by how many words they share; the best matching that keeps
//! their order wins. Comparing the whole block as one stream of words instead would tie the end of
//! one column to the beginning of another.

use std::{collections::HashMap, ops::Range};

use similar::{Algorithm, DiffTag};

use super::Emphasis;

/// Blocks longer than this on either side are paired by position.
const CAP: usize = 100;
/// Words of a line that count for its similarity.
const WORDS: usize = 256;
/// Similarities are in thousandths. Below this two lines are no pair.
const THRESHOLD: u32 = 400;
/// For lines that begin with the same word: the name of a column.
const SAME_START: u32 = 150;
/// Above this part of the characters, in percent, emphasis says nothing.
const MOSTLY: usize = 80;
/// Product of word counts above which the middle of two lines counts as wholly different.
const WORK: usize = 250_000;

/// The pairs of lines `(left, right)`, in order.
pub(super) fn pairs(left: &[&str], right: &[&str]) -> Vec<(usize, usize)> {
    if left.len() > CAP || right.len() > CAP {
        return (0..left.len().min(right.len())).map(|at| (at, at)).collect();
    }
    let mut numbers = HashMap::new();
    let left: Vec<Bag> = left.iter().map(|line| Bag::new(line, &mut numbers)).collect();
    let right: Vec<Bag> = right.iter().map(|line| Bag::new(line, &mut numbers)).collect();
    best_pairs(left.len(), right.len(), |i, j| {
        Some(left[i].similarity(&right[j])).filter(|&score| score >= THRESHOLD)
    })
}

/// The order-preserving pairing with the highest sum of scores.
fn best_pairs(
    rows: usize,
    columns: usize,
    score: impl Fn(usize, usize) -> Option<u32>,
) -> Vec<(usize, usize)> {
    let width = columns + 1;
    let mut best = vec![0_u32; (rows + 1) * width];
    for i in 0..rows {
        for j in 0..columns {
            let apart = best[i * width + j + 1].max(best[(i + 1) * width + j]);
            let paired = score(i, j).map_or(0, |score| best[i * width + j] + score);
            best[(i + 1) * width + j + 1] = apart.max(paired);
        }
    }
    let (mut i, mut j) = (rows, columns);
    let mut pairs = Vec::new();
    while i > 0 && j > 0 {
        let here = best[i * width + j];
        if here == best[i * width + j - 1] {
            j -= 1;
        } else if here == best[(i - 1) * width + j] {
            i -= 1;
        } else {
            i -= 1;
            j -= 1;
            pairs.push((i, j));
        }
    }
    pairs.reverse();
    pairs
}

/// The words of a line without their order.
struct Bag {
    /// Sorted.
    words: Vec<u32>,
    first: Option<u32>,
}

impl Bag {
    fn new<'a>(line: &'a str, numbers: &mut HashMap<&'a str, u32>) -> Self {
        let mut words: Vec<u32> = words(line)
            .filter(|word| !line[word.clone()].starts_with(char::is_whitespace))
            .take(WORDS)
            .map(|word| {
                let next = numbers.len() as u32;
                *numbers.entry(&line[word]).or_insert(next)
            })
            .collect();
        let first = words.first().copied();
        words.sort_unstable();
        Self { words, first }
    }

    /// How alike two lines are, in thousandths (more than 1000 with the bonus).
    fn similarity(&self, other: &Self) -> u32 {
        let total = self.words.len() + other.words.len();
        if total == 0 {
            return 1000;
        }
        let mut shared = 0;
        let (mut a, mut b) = (self.words.iter().peekable(), other.words.iter().peekable());
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => drop(a.next()),
                std::cmp::Ordering::Greater => drop(b.next()),
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    a.next();
                    b.next();
                }
            }
        }
        let bonus = if self.first == other.first { SAME_START } else { 0 };
        (2000 * shared / total) as u32 + bonus
    }
}

/// Cuts a line into words, runs of blanks, and single other characters.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let class = |c: char| match c {
        _ if c.is_whitespace() => 0,
        // Marks that combine with a letter must not be torn off it.
        _ if c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() => 1,
        _ => 2,
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &line[at..];
        let kind = class(rest.chars().next()?);
        let length = rest
            .char_indices()
            .skip(1)
            .find(|&(_, c)| kind == 2 || class(c) != kind)
            .map_or(rest.len(), |(end, _)| end);
        let start = at;
        at += length;
        Some(start..at)
    })
}

/// The words of two lines that differ.
pub(super) fn emphasis(left: &str, right: &str) -> Emphasis {
    let old: Vec<Range<usize>> = words(left).collect();
    let new: Vec<Range<usize>> = words(right).collect();
    let old_text: Vec<&str> = old.iter().map(|word| &left[word.clone()]).collect();
    let new_text: Vec<&str> = new.iter().map(|word| &right[word.clone()]).collect();
    let prefix = old_text.iter().zip(&new_text).take_while(|(a, b)| a == b).count();
    let suffix = old_text[prefix..]
        .iter()
        .rev()
        .zip(new_text[prefix..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let old_middle = prefix..old.len() - suffix;
    let new_middle = prefix..new.len() - suffix;
    let mut changed = (Vec::new(), Vec::new());
    if old_middle.len().saturating_mul(new_middle.len()) > WORK {
        changed = (old_middle.collect(), new_middle.collect());
    } else {
        let ops = similar::capture_diff_slices(
            Algorithm::Myers,
            &old_text[old_middle],
            &new_text[new_middle],
        );
        for op in ops {
            let (tag, old, new) = op.as_tag_tuple();
            if tag != DiffTag::Equal {
                changed.0.extend(old.map(|at| at + prefix));
                changed.1.extend(new.map(|at| at + prefix));
            }
        }
    }
    let mut marks = Emphasis {
        left: ranges(left, changed.0.into_iter().map(|at| old[at].clone())),
        right: ranges(right, changed.1.into_iter().map(|at| new[at].clone())),
    };
    // Blanks are marked only where nothing but blanks changed.
    let blank = |text: &str, marks: &[Range<usize>]| {
        marks.iter().all(|mark| text[mark.clone()].trim().is_empty())
    };
    if !blank(left, &marks.left) || !blank(right, &marks.right) {
        trim(left, &mut marks.left);
        trim(right, &mut marks.right);
    }
    let ink = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let marked = |text: &str, marks: &[Range<usize>]| -> usize {
        marks.iter().map(|mark| ink(&text[mark.clone()])).sum()
    };
    let differs = marked(left, &marks.left) + marked(right, &marks.right);
    if differs * 100 > (ink(left) + ink(right)) * MOSTLY {
        return Emphasis::default();
    }
    marks
}

/// Joins words that touch, or that only blanks keep apart.
fn ranges(text: &str, words: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(last) if text[last.end..word.start].trim().is_empty() => last.end = word.end,
            _ => joined.push(word),
        }
    }
    joined
}

/// Takes the blanks off both ends of each mark, and drops marks of blanks only.
fn trim(text: &str, marks: &mut Vec<Range<usize>>) {
    for mark in marks.iter_mut() {
        let marked = &text[mark.clone()];
        let start = mark.start + marked.len() - marked.trim_start().len();
        *mark = start..start + marked.trim().len();
    }
    marks.retain(|mark| !mark.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changed words of both sides.
    fn marked<'a>(left: &'a str, right: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
        let marks = emphasis(left, right);
        (
            marks.left.into_iter().map(|mark| &left[mark]).collect(),
            marks.right.into_iter().map(|mark| &right[mark]).collect(),
        )
    }

    #[test]
    fn words_that_changed() {
        assert_eq!(marked("a integer,", "a bigint,"), (vec!["integer"], vec!["bigint"]));
        assert_eq!(
            marked("n numeric(10,2)", "n numeric(12,4)"),
            (vec!["10", "2"], vec!["12", "4"])
        );
        assert_eq!(marked("a text", "a text NOT NULL"), (vec![], vec!["NOT NULL"]));
        assert_eq!(
            marked("keep one two here", "keep six ten here"),
            (vec!["one two"], vec!["six ten"])
        );
    }

    #[test]
    fn blanks_count_when_nothing_else_changed() {
        assert_eq!(marked("a  text", "a text"), (vec!["  "], vec![" "]));
        assert_eq!(marked("a text  ", "a text"), (vec!["  "], vec![]));
    }

    #[test]
    fn emphasis_of_nearly_everything_is_dropped() {
        assert_eq!(marked("alpha beta,", "gamma delta,"), (vec![], vec![]));
    }

    #[test]
    fn long_lines_stay_cheap() {
        let line = |letter: &str| {
            let words: Vec<String> = (0..3_000).map(|n| format!("{letter}{n}")).collect();
            format!("{} {}", words.join(" "), "same ".repeat(9_000))
        };
        let marks = emphasis(&line("a"), &line("b"));
        assert_eq!(marks.left.len(), 1);
    }

    #[test]
    fn pairs_keep_their_order() {
        let check = |left: &[&str], right: &[&str], expected: &[(usize, usize)]| {
            assert_eq!(pairs(left, right), expected);
        };
        check(&["a int,", "b text,"], &["x", "a bigint,", "b text[],"], &[(0, 1), (1, 2)]);
        // Moved lines cannot both have their partner: the better pair wins.
        check(&["a int,", "c date,"], &["c date NOT NULL,", "a bigint,"], &[(1, 0)]);
        check(&["a int"], &["completely else"], &[]);
        check(&[], &["a"], &[]);
        check(&["  "], &[""], &[(0, 0)]);
    }

    #[test]
    fn long_blocks_are_paired_by_position() {
        let left: Vec<String> = (0..150).map(|n| format!("x{n}")).collect();
        let left: Vec<&str> = left.iter().map(String::as_str).collect();
        assert_eq!(pairs(&left, &["a", "b"]), [(0, 0), (1, 1)]);
    }
}
