//! The graph's drawing: one row per revision, lanes as box characters (`docs/design/lanes.md`).
//!
//! Three steps, each a pure function: [`order`] puts children before parents, `place` gives every
//! edge a lane in one pass from top to bottom, and [`paint`] turns the rows that are looked at into
//! characters. What is kept for a graph is small (the order, the columns, the edges, and the lanes
//! at every 64th row), so that a hundred thousand revisions cost as little to draw as a hundred.

pub mod mark;
pub mod order;
pub mod paint;
mod place;

use std::ops::Range;

pub use mark::{Charset, Mark};
pub use paint::{Cell, LaneRow, Piece};

use crate::revision::{Graph, History, Node, RevisionId};

/// How many colours lanes take turns with.
pub const COLOURS: u8 = 6;

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A revision with a file.
    Revision(Node),
    /// A revision that only the database knows: a position in [`Request::orphans`].
    Orphan(usize),
}

/// What an edge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// The first parent: goes on in the child's lane.
    First,
    /// A further parent of a merge.
    Merge,
    /// `depends_on`; drawn dashed.
    Depends,
    /// To the nearest ancestor that the filter shows; drawn dashed.
    Elided,
}

impl EdgeKind {
    /// Whether it is drawn dashed.
    pub fn is_dashed(self) -> bool {
        matches!(self, Self::Depends | Self::Elided)
    }
}

/// An edge from a row down to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Row of the child.
    pub child: u32,
    /// Row of the parent; always below the child's.
    pub parent: u32,
    /// What it means.
    pub kind: EdgeKind,
    /// Its colour, below [`COLOURS`]; never that of the lane beside it.
    pub colour: u8,
}

/// A revision that the database knows and no file does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrphanSpot {
    /// Revisions whose files name it as a parent: it is drawn below them.
    pub children: Vec<Node>,
    /// Without children: above everything (the database may be ahead of the files) or below.
    pub on_top: bool,
}

impl OrphanSpot {
    /// Finds the places of revisions that only the database knows; true means that it is a version
    /// row.
    pub fn find<'a>(
        history: &History,
        orphans: impl IntoIterator<Item = (&'a RevisionId, bool)>,
    ) -> Vec<Self> {
        let mut spots: Vec<(&RevisionId, Self)> = orphans
            .into_iter()
            .map(|(id, current)| (id, Self { children: Vec::new(), on_top: current }))
            .collect();
        if !spots.is_empty() {
            for (node, revision) in history.graph().nodes().zip(history.revisions()) {
                for (id, spot) in &mut spots {
                    if revision.down.contains(id) {
                        spot.children.push(node);
                    }
                }
            }
        }
        spots.into_iter().map(|(_, spot)| spot).collect()
    }
}

/// What to lay out.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// Where the database is: heads above it come first.
    pub current: &'a [Node],
    /// Rows for revisions without a file.
    pub orphans: &'a [OrphanSpot],
    /// Revisions to show, by node; none shows all.
    pub shown: Option<&'a [bool]>,
}

/// A laid out graph.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    items: Vec<Item>,
    /// By node; `u32::MAX` when it is filtered out.
    row_of_node: Vec<u32>,
    row_of_orphan: Vec<u32>,
    hidden: Vec<u32>,
    columns: Vec<u32>,
    edges: Vec<Edge>,
    /// The edges of row `r` are `edges[first_edge[r]..first_edge[r + 1]]`.
    first_edge: Vec<u32>,
    checkpoints: Vec<Box<[u32]>>,
    width: u32,
}

/// Lays out the whole graph.
pub fn layout(graph: &Graph, current: &[Node]) -> Layout {
    Layout::new(&Request { graph, current, orphans: &[], shown: None })
}

impl Layout {
    /// Lays out what is asked for. Linear in revisions and edges, times the number of lanes.
    pub fn new(request: &Request<'_>) -> Self {
        let plan = order::arrange(request);
        place::place(plan)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The most lanes that any row has.
    pub fn width(&self) -> usize {
        self.width as usize
    }

    /// What row `row` shows; none beyond the end.
    pub fn item(&self, row: usize) -> Option<Item> {
        self.items.get(row).copied()
    }

    /// What all rows show, top to bottom.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The row of an item; none when the filter hides it.
    pub fn row_of(&self, item: Item) -> Option<usize> {
        let rows = match item {
            Item::Revision(node) => self.row_of_node.get(node.index()),
            Item::Orphan(index) => self.row_of_orphan.get(index),
        };
        rows.filter(|row| **row != u32::MAX).map(|row| *row as usize)
    }

    /// The lane that the mark of row `row` stands in.
    pub fn column(&self, row: usize) -> usize {
        self.columns.get(row).map_or(0, |column| *column as usize)
    }

    /// How many revisions the filter hides on the way down from this row (those that a row above
    /// leads to as well are counted there).
    pub fn hidden_below(&self, row: usize) -> usize {
        self.hidden.get(row).map_or(0, |count| *count as usize)
    }

    /// All edges, by the row of the child.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The edges that leave row `row` downwards.
    pub fn edges_from(&self, row: usize) -> &[Edge] {
        &self.edges[self.edge_range(row)]
    }

    /// Positions in [`Layout::edges`] of the edges that leave row `row` downwards.
    pub fn edge_range(&self, row: usize) -> Range<usize> {
        match (self.first_edge.get(row), self.first_edge.get(row + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        }
    }

    /// The drawing of some rows; rows beyond the end are left out.
    pub fn rows(&self, rows: Range<usize>) -> Vec<LaneRow> {
        paint::rows(self, rows)
    }
}

#[cfg(test)]
mod tests;
