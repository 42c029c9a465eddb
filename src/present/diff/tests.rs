//! The diff as a whole: nothing is lost, and the right words are marked.

#![expect(clippy::format_collect, reason = "short texts, made once")]
#![expect(clippy::single_range_in_vec_init, reason = "lists of ranges with one range in them")]

use proptest::prelude::*;

use super::{
    fold::{CONTEXT, Folds, Item},
    wrap::{Form, Layout},
    *,
};

const OLD: &str = "\
CREATE TABLE public.orders (
  id bigint NOT NULL,
  customer_id integer NOT NULL,
  total numeric(10,2) DEFAULT 0,
  status text DEFAULT 'new'::text NOT NULL,
  created_at timestamp without time zone
);
";

const NEW: &str = "\
CREATE TABLE public.orders (
  id bigint NOT NULL,
  customer_id bigint NOT NULL,
  currency character(3) NOT NULL,
  total numeric(12,2) DEFAULT 0,
  status public.order_status DEFAULT 'new'::public.order_status NOT NULL,
  created_at timestamp with time zone
);
";

/// One line per row: sign, both texts with the emphasis in brackets.
fn picture(diff: &Diff) -> Vec<String> {
    (0..diff.rows().len())
        .map(|row| {
            let emphasis = diff.emphasis(row);
            let side =
                |side| {
                    diff.segments(row, side, &emphasis)
                        .iter()
                        .map(|part| {
                            if part.emphasis {
                                format!("[{}]", part.text)
                            } else {
                                part.text.into()
                            }
                        })
                        .collect::<String>()
                        .replace("][", "")
                };
            format!("{}|{}", side(Side::Left).trim(), side(Side::Right).trim())
        })
        .collect()
}

#[test]
fn changed_words_and_only_they_are_marked() {
    let diff = Diff::new(OLD, NEW);
    assert_eq!(
        picture(&diff)[2..7],
        [
            "customer_id [integer] NOT NULL,|customer_id [bigint] NOT NULL,",
            "|currency character(3) NOT NULL,",
            "total numeric([10],2) DEFAULT 0,|total numeric([12],2) DEFAULT 0,",
            "status [text] DEFAULT 'new'::[text] NOT NULL,\
         |status [public.order_status] DEFAULT 'new'::[public.order_status] NOT NULL,",
            "created_at timestamp [without] time zone|created_at timestamp [with] time zone",
        ]
    );
    assert_eq!(diff.stats(), Stats { added: 5, removed: 4 });
    assert_eq!(diff.hunks(), [2..7]);
    assert_eq!(diff.rows()[3].kind, RowKind::Added);
}

#[test]
fn the_unified_form_is_a_patch() {
    let diff = Diff::new("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nC\nd\ne\nf\ng\nh\ni\n");
    assert_eq!(diff.unified(1), "@@ -2,3 +2,3 @@\n b\n-c\n+C\n d\n@@ -8 +8,2 @@\n h\n+i\n");
    assert_eq!(Diff::new("", "a\n").unified(3), "@@ -0,0 +1 @@\n+a\n");
    assert_eq!(Diff::new("a\n", "a\n").unified(3), "");
}

#[test]
fn searching_both_sides() {
    let diff = Diff::new(OLD, NEW);
    let places = |term| -> Vec<(usize, Side)> {
        diff.search(term).into_iter().map(|hit| (hit.row, hit.side)).collect()
    };
    assert_eq!(places("bigint"), [(1, Side::Left), (2, Side::Right)]);
    assert_eq!(places("ID BIGINT"), []);
    assert_eq!(places("not null,").len(), 1 + 2 + 1 + 2);
    assert_eq!(places("NOT NULL").len(), 6);
    assert_eq!(places(""), []);
    let all = |line, term| {
        let mut found = Vec::new();
        find_all(line, term, |range| found.push(range));
        found
    };
    assert_eq!(all("aAa ÄB", "ä"), [4..6]);
    assert_eq!(all("aAa ÄB", "a"), [0..1, 1..2, 2..3]);
    assert_eq!(all("aaaa", "aa"), [0..2, 2..4]);
    assert_eq!(all("aab AAb", "ab"), [1..3, 5..7]);
    assert_eq!(all("a", "ab"), []);
}

#[test]
fn folds_open_and_close() {
    let line = |n: usize| format!("line {n}\n");
    let old: String = (0..40).map(line).collect();
    let new: String = (0..40).map(|n| if n == 20 { "other\n".into() } else { line(n) }).collect();
    let diff = Diff::new(&old, &new);
    let mut folds = Folds::new(&diff, CONTEXT);
    assert_eq!(folds.items()[0], Item::Fold { fold: 0, rows: 0..17 });
    // A fold, three rows, the change, three rows, a fold.
    let changed = diff.hunks()[0].len();
    assert_eq!(folds.items().len(), 1 + 3 + changed + 3 + 1);
    assert_eq!(folds.item_of(5), 0);
    folds.toggle(0);
    assert_eq!(folds.items()[5], Item::Row(5));
    folds.set_all(false);
    folds.reveal(5);
    assert_eq!(folds.item_of(5), 5);
    folds.set_all(true);
    assert_eq!(folds.items().len(), diff.rows().len());
    assert!(Folds::new(&Diff::new(&old, &old), CONTEXT).is_empty());
}

#[test]
fn dangerous_text_is_harmless() {
    let diff = Diff::new("a\x1b[31m\tb\n", "a\tb\n");
    assert_eq!(diff.left().line(0), "a\\x1b[31m   b");
    // The lines that are compared are the true ones: a tab is not four blanks.
    assert_eq!(Diff::new("\ta\n", "    a\n").rows()[0].kind, RowKind::Changed);
    assert!(Diff::new("a", "a\n").is_same());
}

#[test]
fn a_timeout_still_gives_a_correct_diff() {
    let old: String = (0..3_000).map(|n| format!("{}\n", n % 97)).collect();
    let new: String = (0..3_000).map(|n| format!("{}\n", n % 89)).collect();
    check_complete(&Diff::with_timeout(&old, &new, Duration::ZERO), &old, &new);
}

#[test]
fn fifty_thousand_lines() {
    let line = |n: usize| format!("    column_{} integer DEFAULT {n},\n", n % 50);
    let old: String = (0..50_000).map(line).collect();
    let new: String = (0..50_000)
        .filter(|n| n % 401 != 0)
        .map(|n| if n % 211 == 0 { format!("  new_{n} text\n") } else { line(n) })
        .collect();
    let diff = Diff::new(&old, &new);
    check_complete(&diff, &old, &new);
    let folds = Folds::new(&diff, CONTEXT);
    let layout = Layout::new(&diff, &folds, Form::Split { left: 20, right: 20 }, true);
    assert!(layout.height() > folds.items().len());
}

/// Left rows are the old text, right rows the new one, unchanged rows are equal, folds lose nothing.
fn check_complete(diff: &Diff, old: &str, new: &str) {
    for (side, text) in [(Side::Left, old), (Side::Right, new)] {
        let lines: Vec<usize> = diff.rows().iter().filter_map(|row| row.line(side)).collect();
        assert_eq!(lines, (0..diff.document(side).len()).collect::<Vec<_>>());
        let shown: Vec<&str> = lines.iter().map(|&line| diff.document(side).line(line)).collect();
        let expected = safe::display_safe_lines(text);
        assert_eq!(shown, expected.split_terminator('\n').collect::<Vec<_>>());
    }
    for (index, row) in diff.rows().iter().enumerate() {
        let (left, right) = (diff.text(index, Side::Left), diff.text(index, Side::Right));
        match row.kind {
            RowKind::Same => assert_eq!(left, right),
            RowKind::Changed => assert!(left.is_some() && right.is_some()),
            RowKind::Removed => assert!(left.is_some() && right.is_none()),
            RowKind::Added => assert!(left.is_none() && right.is_some()),
        }
        assert_eq!(row.hunk.is_none(), row.kind == RowKind::Same);
    }
}

proptest! {
    #[test]
    fn no_line_is_lost(
        old in "([a-c ]{0,3}(x|y)?\n|\t\n){0,30}[a-c]?",
        new in "([a-c ]{0,3}(x|y)?\n|\t\n){0,30}[a-c]?",
        context in 0_usize..4,
        width in 1_usize..6,
    ) {
        let diff = Diff::new(&old, &new);
        check_complete(&diff, &old, &new);
        let mut folds = Folds::new(&diff, context);
        let mut row = 0;
        for item in folds.items() {
            prop_assert_eq!(item.row(), row);
            match item {
                Item::Row(_) => row += 1,
                Item::Fold { rows, .. } => {
                    prop_assert!(diff.rows()[rows.clone()].iter().all(|row| row.kind == RowKind::Same));
                    row = rows.end;
                }
            }
        }
        prop_assert_eq!(row, diff.rows().len());
        for row in 0..diff.rows().len() {
            let item = &folds.items()[folds.item_of(row)];
            let covers = match item {
                Item::Row(at) => *at == row,
                Item::Fold { rows, .. } => rows.contains(&row),
            };
            prop_assert!(covers);
        }
        for form in [Form::Split { left: width, right: width }, Form::Unified { width }] {
            for wrapped in [false, true] {
                let layout = Layout::new(&diff, &folds, form, wrapped);
                for line in 0..layout.height() {
                    let (item, within) = layout.at(line).unwrap();
                    prop_assert_eq!(layout.top(item) + within, line);
                    prop_assert!(item < folds.items().len());
                }
            }
        }
        folds.set_all(true);
        prop_assert_eq!(folds.items().len(), diff.rows().len());
        for row in 0..diff.rows().len() {
            let emphasis = diff.emphasis(row);
            for side in [Side::Left, Side::Right] {
                let text: String = diff.segments(row, side, &emphasis).iter().map(|part| part.text).collect();
                prop_assert_eq!(text.as_str(), diff.text(row, side).unwrap_or_default());
            }
        }
    }
}

#[test]
fn parts_are_compared_and_numbered_by_themselves() {
    let diff = Diff::of_parts([
        ("table a", "one\ntwo\n", "one\nzwei\n"),
        ("table b", "", "new"),
        ("table c", "one\ngone\n", ""),
    ]);
    let titles: Vec<(&str, usize, Stats)> =
        diff.parts().iter().map(|p| (p.title.as_str(), p.heading, p.stats)).collect();
    let stats = |added, removed| Stats { added, removed };
    assert_eq!(titles[0], ("table a", 0, stats(1, 1)));
    assert_eq!(titles[1], ("table b", diff.parts()[0].rows.end + 1, stats(1, 0)));
    assert_eq!(titles[2].2, stats(0, 2));
    assert_eq!(diff.stats(), stats(2, 3));
    // "one" of the last part is no line of the first.
    let last = &diff.parts()[2];
    assert_eq!(diff.text(last.rows.start, Side::Left), Some("one"));
    assert_eq!(diff.rows()[last.rows.start].kind, RowKind::Removed);
    assert_eq!(diff.number(last.rows.start, Side::Left), Some(1));
    assert_eq!(diff.number(diff.parts()[1].rows.start, Side::Right), Some(1));
    assert_eq!(diff.heading(last.heading).map(|p| p.title.as_str()), Some("table c"));
    assert_eq!((diff.heading(1).is_none(), diff.part_of(1)), (true, Some(0)));
    assert_eq!(diff.text(last.heading, Side::Left), None);
}

#[test]
fn an_element_that_got_a_neighbour_is_the_same() {
    let diff = Diff::of_parts([("table a", "(\n  id int\n)\n", "(\n  id int,\n  name text\n)\n")]);
    assert_eq!(diff.stats(), Stats { added: 1, removed: 0 });
    assert_eq!(diff.text(2, Side::Right), Some("  id int,"));
}

#[test]
fn folds_stay_within_their_part() {
    let lines = |n: usize, tail: &str| (0..n).map(|i| format!("{i}\n")).collect::<String>() + tail;
    let (old, new) = (lines(20, "x\n"), lines(20, "y\n"));
    let diff = Diff::of_parts([("a", old.as_str(), new.as_str()), ("b", &new, &old)]);
    let folds = fold::Folds::new(&diff, 3);
    let hidden: Vec<Range<usize>> = folds
        .items()
        .iter()
        .filter_map(|item| match item {
            fold::Item::Fold { rows, .. } => Some(rows.clone()),
            fold::Item::Row(_) => None,
        })
        .collect();
    let [a, b] = diff.parts() else { panic!("two parts") };
    assert_eq!(hidden, [a.rows.start..a.rows.start + 17, b.rows.start..b.rows.start + 17]);
    let layout = wrap::Layout::new(&diff, &folds, wrap::Form::Unified { width: 40 }, true);
    // Two headings, a blank line, and for each part a fold, three lines around, two changed ones.
    assert_eq!(layout.height(), 2 + 1 + 2 * (1 + 3 + 2));
}
