//! Which lane every edge runs in: one pass from top to bottom.
//!
//! The state is the list of lanes, each the edge that runs in it or [`FREE`]. A step is a function
//! of the state and the row alone, so that any row can be worked out again from the kept state above it.

use super::{COLOURS, Edge, Layout, order::Arranged};

/// No edge runs in this lane.
pub(super) const FREE: u32 = u32::MAX;
/// The state is kept at every row divisible by this.
pub(super) const CHECKPOINT: usize = 64;
/// A lane that ends within so many rows stays where it is: a bend would be noise.
const TOO_SHORT_TO_SLIDE: u32 = 2;

pub(super) fn place(arranged: Arranged) -> Layout {
    let rows = arranged.items.len();
    let mut layout = Layout {
        row_of_node: vec![u32::MAX; arranged.nodes],
        row_of_orphan: vec![u32::MAX; arranged.orphans],
        hidden: arranged.hidden,
        columns: Vec::with_capacity(rows),
        edges: Vec::new(),
        first_edge: Vec::with_capacity(rows + 1),
        checkpoints: Vec::new(),
        width: 0,
        items: arranged.items,
    };
    for (row, item) in layout.items.iter().enumerate() {
        match item {
            super::Item::Revision(node) => layout.row_of_node[node.index()] = row as u32,
            super::Item::Orphan(index) => layout.row_of_orphan[*index] = row as u32,
        }
    }
    for (row, out) in arranged.edges.iter().enumerate() {
        layout.first_edge.push(layout.edges.len() as u32);
        layout.edges.extend(out.iter().map(|(parent, kind)| Edge {
            child: row as u32,
            parent: *parent,
            kind: *kind,
            colour: 0,
        }));
    }
    layout.first_edge.push(layout.edges.len() as u32);

    let mut lanes: Vec<u32> = Vec::new();
    let mut used = [0_u32; COLOURS as usize];
    for row in 0..rows {
        if row % CHECKPOINT == 0 {
            layout.checkpoints.push(lanes.clone().into_boxed_slice());
        }
        let inherited = lanes_into(&layout, &lanes, row)
            .next()
            .map(|(_, edge)| layout.edges[edge as usize].colour);
        let opened = open(&layout, &mut lanes, row);
        colour(&mut layout, &lanes, row, &opened, inherited, &mut used);
        layout.width = layout.width.max(lanes.len() as u32).max(opened.column as u32 + 1);
        layout.columns.push(opened.column as u32);
        compact(&layout, &opened, &mut lanes, row);
    }
    layout
}

/// Does the whole step of a row once more, with the colours known.
pub(super) fn replay(layout: &Layout, lanes: &mut Vec<u32>, row: usize) {
    let opened = open(layout, lanes, row);
    compact(layout, &opened, lanes, row);
}

/// What a step did, as far as the next part of the step needs it.
struct Opened {
    column: usize,
    /// The lanes before the step.
    before: Vec<u32>,
    /// The first and the last column that a horizontal line touches.
    reach: (usize, usize),
}

/// The lanes that end at `row`: solid ones first, each with its edge.
fn lanes_into<'a>(
    layout: &'a Layout,
    lanes: &'a [u32],
    row: usize,
) -> impl Iterator<Item = (usize, u32)> + 'a {
    let with = move |dashed: bool| {
        lanes.iter().enumerate().filter(move |(_, edge)| {
            **edge != FREE && {
                let edge = layout.edges[**edge as usize];
                edge.parent as usize == row && edge.kind.is_dashed() == dashed
            }
        })
    };
    with(false).chain(with(true)).map(|(column, edge)| (column, *edge))
}

/// Ends the lanes that lead here and opens those that leave.
fn open(layout: &Layout, lanes: &mut Vec<u32>, row: usize) -> Opened {
    let before = lanes.clone();
    let mut column = None;
    let mut reach = (usize::MAX, 0);
    for (lane, _) in lanes_into(layout, &before, row) {
        column.get_or_insert(lane);
        reach = (reach.0.min(lane), reach.1.max(lane));
        lanes[lane] = FREE;
    }
    let column =
        column.unwrap_or_else(|| before.iter().position(|e| *e == FREE).unwrap_or(before.len()));
    reach = (reach.0.min(column), reach.1.max(column));
    let edges = layout.first_edge[row]..layout.first_edge[row + 1];
    for (nth, edge) in edges.enumerate() {
        let lane = if nth == 0 {
            column
        } else {
            // Free above as well, so that no two edges meet in one cell.
            let free = |lane: &usize| {
                lanes.get(*lane).is_none_or(|e| *e == FREE)
                    && before.get(*lane).is_none_or(|e| *e == FREE)
            };
            let end = lanes.len().max(before.len()).max(column + 1);
            (column + 1..end).find(free).unwrap_or(end)
        };
        if lanes.len() <= lane {
            lanes.resize(lane + 1, FREE);
        }
        lanes[lane] = edge;
        reach.1 = reach.1.max(lane);
    }
    Opened { column, before, reach }
}

/// The first edge keeps the colour of the lane that it goes on in; the others get the least used
/// colour that is not beside them.
fn colour(
    layout: &mut Layout,
    lanes: &[u32],
    row: usize,
    opened: &Opened,
    inherited: Option<u8>,
    used: &mut [u32; COLOURS as usize],
) {
    let first = layout.first_edge[row];
    for edge in first..layout.first_edge[row + 1] {
        let Some(lane) = lanes.iter().position(|e| *e == edge) else { continue };
        let colour = match inherited {
            Some(colour) if edge == first && lane == opened.column => colour,
            _ => {
                let beside = |lane: Option<usize>| {
                    let neighbour =
                        lane.and_then(|lane| lanes.get(lane)).copied().filter(|e| *e != FREE)?;
                    // Those opened in this row and not coloured yet do not count.
                    (neighbour < edge).then(|| layout.edges[neighbour as usize].colour)
                };
                let taken = [beside(lane.checked_sub(1)), beside(Some(lane + 1))];
                (0..COLOURS)
                    .filter(|colour| !taken.contains(&Some(*colour)))
                    .min_by_key(|colour| used[usize::from(*colour)])
                    .unwrap_or(0)
            }
        };
        layout.edges[edge as usize].colour = colour;
        used[usize::from(colour)] += 1;
    }
}

/// Lets lanes with a hole on their left slide into it, where no line is in the way.
fn compact(layout: &Layout, opened: &Opened, lanes: &mut Vec<u32>, row: usize) {
    let Opened { column, before, reach } = opened;
    for lane in 1..lanes.len() {
        let edge = lanes[lane];
        let hole = lane - 1;
        if edge == FREE
            || lanes[hole] != FREE
            || before.get(hole).is_some_and(|e| *e != FREE)
            || hole == *column
        {
            continue;
        }
        let own = lane == *column;
        let clear = if own {
            reach.0 == lane
        } else {
            before.get(lane) == Some(&edge) && (hole > reach.1 || lane < reach.0)
        };
        let Edge { parent, colour, .. } = layout.edges[edge as usize];
        let lasts = parent > row as u32 + TOO_SHORT_TO_SLIDE;
        let differs = |beside: Option<usize>| {
            beside
                .and_then(|lane| lanes.get(lane))
                .is_none_or(|e| *e == FREE || layout.edges[*e as usize].colour != colour)
        };
        if clear && lasts && differs(hole.checked_sub(1)) {
            lanes[hole] = edge;
            lanes[lane] = FREE;
        }
    }
    while lanes.last() == Some(&FREE) {
        lanes.pop();
    }
}
