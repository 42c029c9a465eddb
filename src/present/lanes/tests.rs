use std::fmt::Write as _;

use proptest::prelude::*;

use super::{
    order::testing::{arranged, from_parents},
    place::{FREE, replay},
    *,
};

/// The drawing with names; current revisions are `◉`.
fn draw(text: &str, charset: Charset) -> String {
    let (plan, names) = arranged(text);
    let layout = place::place(plan);
    let mut out = String::from("\n");
    for row in layout.rows(0..layout.len()) {
        let Item::Revision(node) = row.item else { panic!() };
        let merge = layout.edges_from(row.row).iter().any(|e| e.kind == EdgeKind::Merge);
        let name = &names[node.index()];
        let current = text.contains(&format!("@{name}:"));
        let mark = Mark::new(true, merge).current(current);
        let hidden = layout.hidden_below(row.row);
        let hidden = if hidden == 0 { String::new() } else { format!(" +{hidden}") };
        let _infallible =
            writeln!(out, "{} {name}{hidden}", row.text(mark, charset, layout.width()));
    }
    out
}

#[test]
fn linear() {
    insta::assert_snapshot!(draw("a:\nb: a\nc: b", Charset::Unicode), @r#"
    ● c
    ● b
    ● a
    "#);
}

#[test]
fn branch() {
    insta::assert_snapshot!(draw("a:\nb: a\nc: b\nd: a\ne: d\nf: e", Charset::Unicode), @r#"
    ●   f
    ●   e
    ●   d
    │ ● c
    │ ● b
    ●─╯ a
    "#);
}

#[test]
fn branch_of_the_current_comes_first() {
    insta::assert_snapshot!(draw("a:\nb: a\n@c: b\nd: a\ne: d\nf: e", Charset::Unicode), @r#"
    ◉   c
    ●   b
    │ ● f
    │ ● e
    │ ● d
    ●─╯ a
    "#);
}

#[test]
fn merge() {
    insta::assert_snapshot!(draw("a:\nb: a\nc: a\nd: c\nm: b d\nn: m", Charset::Unicode), @r#"
    ●   n
    ◆─╮ m
    │ ● d
    │ ● c
    ● │ b
    ●─╯ a
    "#);
}

#[test]
fn criss_cross() {
    insta::assert_snapshot!(draw("a:\nb: a\nc: a\nm: b c\nn: c b\no: m n", Charset::Unicode), @r#"
    ◆─╮     o
    │ ◆─╮   n
    ◆─│─│─╮ m
    │ ●─│─╯ c
    ●─│─╯   b
    ●─╯     a
    "#);
}

#[test]
fn octopus() {
    insta::assert_snapshot!(draw("a:\nb: a\nc: a\nd: a\ne: a\nm: b c d e", Charset::Unicode), @r#"
    ◆─┬─┬─╮ m
    │ │ │ ● e
    │ │ ● │ d
    │ ● │ │ c
    ● │ │ │ b
    ●─┴─┴─╯ a
    "#);
}

#[test]
fn depends_on() {
    let text = "a:\nb: a\nr: b\nc: b\nd: c ~r\ne: d";
    insta::assert_snapshot!(draw(text, Charset::Unicode), @r#"
    ●   e
    ●╌╮ d
    │ ● r
    ● │ c
    ●─╯ b
    ●   a
    "#);
    insta::assert_snapshot!(draw(text, Charset::Ascii), @r#"
    *   e
    *.\ d
    | * r
    * | c
    *-/ b
    *   a
    "#);
}

#[test]
fn depends_on_an_ancestor_is_not_drawn() {
    assert!(!draw("a:\nb: a\nc: b ~a", Charset::Unicode).contains(['┊', '╌', '╮']));
}

#[test]
fn several_bases() {
    insta::assert_snapshot!(draw("a:\nb: a\nx:\ny: x\nz: y ~b", Charset::Unicode), @r#"
    ●╌╮ z
    │ ● b
    │ ● a
    ●   y
    ●   x
    "#);
}

#[test]
fn crossing_keeps_the_vertical() {
    let text = "a:\nb: a\nc: b\nd: a\ne: d\nm: e c\nn: m ~x\nx:\no: n b";
    insta::assert_snapshot!(draw(text, Charset::Unicode), @r#"
    ◆─╮   o
    ●╌│╌╮ n
    │ │ ● x
    ◆─│─╮ m
    │ │ ● c
    │ ●─╯ b
    ● │   e
    ● │   d
    ●─╯   a
    "#);
}

#[test]
fn lanes_slide_into_holes() {
    let text = "a:\nb: a\nb2: b\nb3: b2\nb4: b3\nc:\nd: a\nm: b4 c d";
    insta::assert_snapshot!(draw(text, Charset::Unicode), @r#"
    ◆─┬─╮ m
    │ │ ● d
    │ ● │ c
    ● ╭─╯ b4
    ● │   b3
    ● │   b2
    ● │   b
    ●─╯   a
    "#);
}

#[test]
fn a_filter_leaves_dashed_edges_with_counts() {
    let text = "a:\n!b: a\n!c: b\nd: c\n!e: a\n!f: e\nm: d f\n!n: m\no: n";
    insta::assert_snapshot!(draw(text, Charset::Unicode), @r#"
    ● o +1
    ● m +2
    ● d +2
    ● a
    "#);
}

#[test]
fn a_circle_does_not_hang() {
    let drawing = draw("a: c\nb: a\nc: b\nd: c", Charset::Unicode);
    assert_eq!(drawing.trim().lines().count(), 4, "{drawing}");
}

/// Parents by vertex, whether it is shown, where the database is.
type Sketch = (Vec<Vec<(u32, EdgeKind)>>, Vec<bool>, Vec<u32>);

/// Graphs of every shape: each vertex has parents among those before it, mostly near ones.
fn graphs() -> impl Strategy<Value = Sketch> {
    let vertex = prop::collection::vec((1_usize..9, prop::bool::weighted(0.2)), 0..4);
    (prop::collection::vec((vertex, prop::bool::weighted(0.8)), 1..60), prop::bool::ANY, 0..60_u32)
        .prop_map(|(vertices, filter, current)| {
            let count = vertices.len() as u32;
            let mut parents = Vec::new();
            let mut shown = Vec::new();
            for (index, (wanted, visible)) in vertices.into_iter().enumerate() {
                let mut own: Vec<(u32, EdgeKind)> = Vec::new();
                for (back, depends) in wanted {
                    let Some(parent) = index.checked_sub(back) else { continue };
                    if own.iter().any(|(seen, _)| *seen == parent as u32) {
                        continue;
                    }
                    let kind = if depends {
                        EdgeKind::Depends
                    } else if own.iter().any(|(_, k)| *k == EdgeKind::First) {
                        EdgeKind::Merge
                    } else {
                        EdgeKind::First
                    };
                    own.push((parent as u32, kind));
                }
                own.sort_by_key(|(_, kind)| *kind == EdgeKind::Depends);
                parents.push(own);
                shown.push(visible || !filter);
            }
            (parents, shown, vec![current % count])
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_edge_is_drawn_from_child_to_parent((parents, shown, current) in graphs()) {
        let layout = place::place(from_parents(parents.clone(), shown.clone(), current.clone()));
        let rows = layout.rows(0..layout.len());

        // One row for each shown vertex, children above parents.
        prop_assert_eq!(layout.len(), shown.iter().filter(|s| **s).count());
        for edge in layout.edges() {
            prop_assert!(edge.child < edge.parent);
        }
        for (vertex, own) in parents.iter().enumerate() {
            let Some(child) = layout.row_of(Item::Revision(Node(vertex as u32))) else { continue };
            for (parent, kind) in own {
                let Some(parent) = layout.row_of(Item::Revision(Node(*parent))) else { continue };
                prop_assert!(child < parent);
                let drawn = layout.edges_from(child).iter().any(|e| e.parent as usize == parent);
                prop_assert!(drawn || *kind == EdgeKind::Depends, "edge {vertex} has no lane");
            }
        }

        // Follow the lanes: an edge is in exactly one lane of every gap between its two rows.
        let mut lanes = Vec::new();
        prop_assert_eq!(rows.len(), layout.len());
        for (row, drawn) in rows.iter().enumerate() {
            let before = lanes.clone();
            replay(&layout, &mut lanes, row);
            for (index, edge) in layout.edges().iter().enumerate() {
                let lane = lanes.iter().filter(|e| **e == index as u32).count();
                let alive = edge.child as usize <= row && row < edge.parent as usize;
                prop_assert_eq!(lane, usize::from(alive), "edge {} after row {}", index, row);
            }
            for pair in lanes.windows(2) {
                if pair.iter().all(|e| *e != FREE) {
                    let colour = |e: u32| layout.edges()[e as usize].colour;
                    prop_assert_ne!(colour(pair[0]), colour(pair[1]));
                }
            }
            // What leaves a row downwards arrives in the next one, cell by cell, and the same edge.
            for lane in 0..before.len().max(lanes.len()).max(drawn.column + 1) {
                let up = before.get(lane).copied().unwrap_or(FREE);
                let down = lanes.get(lane).copied().unwrap_or(FREE);
                if lane == drawn.column {
                    prop_assert!(up == FREE || layout.edges()[up as usize].parent as usize == row);
                    prop_assert!(down == FREE || layout.edges()[down as usize].child as usize == row);
                    continue;
                }
                let cell = drawn.cells[2 * lane];
                prop_assert_eq!(cell.sides()[0], up != FREE, "row {} lane {}", row, lane);
                prop_assert_eq!(cell.sides()[2], down != FREE, "row {} lane {}", row, lane);
                if up != FREE || down != FREE {
                    let edge = cell.edge().map(|e| e as u32);
                    prop_assert!(edge == Some(up) || edge == Some(down));
                }
            }
            // Horizontal lines have no loose ends: each touches a corner, the mark or a crossing.
            for at in (1..drawn.cells.len()).step_by(2) {
                if !drawn.cells[at].sides()[1] {
                    continue;
                }
                for side in [at - 1, at + 1] {
                    prop_assert!(side == 2 * drawn.column || drawn.cells[side].glyph(Charset::Unicode) != " ");
                }
            }
            prop_assert!(drawn.cells.iter().all(|cell| cell.sides() != [true; 4]));
        }
        prop_assert!(lanes.is_empty());
    }

    #[test]
    fn windows_show_what_the_whole_shows((parents, shown, current) in graphs(), from in 0..60_usize, many in 0..30_usize) {
        let many_times: Vec<_> = {
            // Long enough to need more than one checkpoint.
            let step = parents.len() as u32;
            (0..4).flat_map(|i| parents.iter().map(move |own| {
                own.iter().map(|(p, k)| (p + i * step, *k)).collect::<Vec<_>>()
            }).collect::<Vec<_>>()).collect()
        };
        let shown = shown.repeat(4);
        let layout = place::place(from_parents(many_times.clone(), shown.clone(), current.clone()));
        let again = place::place(from_parents(many_times, shown, current));
        let all = layout.rows(0..layout.len());
        prop_assert_eq!(&all, &again.rows(0..again.len()));
        let end = (from + many).min(all.len());
        let window = layout.rows(from..from + many);
        if from < end {
            prop_assert_eq!(&window[..], &all[from..end]);
        } else {
            prop_assert!(window.is_empty());
        }
    }
}

#[test]
fn marks_are_one_cell_wide_and_all_different() {
    use unicode_width::UnicodeWidthStr;
    let marks = [
        Mark::Applied,
        Mark::Pending,
        Mark::Current,
        Mark::MergeApplied,
        Mark::MergePending,
        Mark::Orphan,
        Mark::Failed,
    ];
    for charset in [Charset::Unicode, Charset::Ascii] {
        let glyphs: std::collections::HashSet<_> = marks.iter().map(|m| m.glyph(charset)).collect();
        assert_eq!(glyphs.len(), marks.len());
        assert!(glyphs.iter().all(|g| g.width() == 1));
    }
}
