//! Plans: which revisions run, in which order, and what happens to the version rows.

mod cover;

use std::collections::BTreeSet;

use self::cover::{Cover, State};
use super::{Direction, Graph, Node, RevisionId};

/// One change of the version rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOp {
    /// Insert a row.
    Insert(RevisionId),
    /// Delete a row; exactly one must go.
    Delete(RevisionId),
    /// Change a row; exactly one must change.
    Update {
        /// The row as it is.
        from: RevisionId,
        /// The row as it becomes.
        to: RevisionId,
    },
}

impl RowOp {
    /// Does to a set of rows what the database does to its table. Tells whether it fitted: the row
    /// to go was there, the row to come was not.
    pub fn apply(&self, rows: &mut BTreeSet<RevisionId>) -> bool {
        match self {
            Self::Insert(id) => rows.insert(id.clone()),
            Self::Delete(id) => rows.remove(id),
            Self::Update { from, to } => rows.remove(from) && rows.insert(to.clone()),
        }
    }
}

/// One revision to run (or, for `stamp`, only to record).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The revision; none for the "base" steps of a stamp.
    pub node: Option<Node>,
    /// Which script runs.
    pub direction: Direction,
    /// What happens to the version rows in the same transaction.
    pub rows: Vec<RowOp>,
}

/// Moves in the order they run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The version rows that the plan starts from.
    pub before: Vec<RevisionId>,
    /// The moves.
    pub moves: Vec<Move>,
}

impl Plan {
    /// The version rows when the first `count` moves are done, sorted.
    ///
    /// The moves hold their changes only: the rows after each of many moves would together be
    /// quadratic where a history is wide.
    pub fn rows_after(&self, count: usize) -> Vec<RevisionId> {
        let mut rows: BTreeSet<RevisionId> = self.before.iter().cloned().collect();
        for op in self.moves.iter().take(count).flat_map(|one| &one.rows) {
            op.apply(&mut rows);
        }
        rows.into_iter().collect()
    }

    /// The version rows when everything is done, sorted.
    pub fn after(&self) -> Vec<RevisionId> {
        self.rows_after(self.moves.len())
    }

    /// The revisions that run, in order.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        self.moves.iter().filter_map(|one| one.node)
    }
}

/// The version rows while a plan is made: one row for each applied tip.
///
/// Rows change by the rules of `docs/design/graph.md`, section 8. "Minus the ancestors of the other
/// rows" there asks whether something else that is applied still stands on a revision; counting the
/// applied revisions above each answers that without walking.
pub(super) struct Rows<'a> {
    graph: &'a Graph,
    is_row: Vec<bool>,
    row_count: usize,
    /// Kept for downgrades only.
    down: Down,
}

/// What a downgrade knows about the revisions that are left.
#[derive(Default)]
struct Down {
    /// Applied revisions directly above, over `norm`.
    applied_above: Vec<u32>,
    /// What is applied.
    applied: Vec<bool>,
    /// When each revision goes.
    place: Vec<u32>,
    /// Made when it is first needed, which it is for few histories.
    cover: Option<Cover>,
}

impl<'a> Rows<'a> {
    /// For going up. The rows must not be ancestors of each other.
    pub(super) fn upward(graph: &'a Graph, rows: &[Node]) -> Self {
        let mut is_row = vec![false; graph.len()];
        for row in rows {
            is_row[row.index()] = true;
        }
        let row_count = is_row.iter().filter(|row| **row).count();
        Self { graph, is_row, row_count, down: Down::default() }
    }

    /// For going down in this order; `applied` is everything at or below the rows.
    pub(super) fn downward(
        graph: &'a Graph,
        rows: &[Node],
        applied: Vec<bool>,
        order: &[Node],
    ) -> Self {
        let mut applied_above = vec![0_u32; graph.len()];
        for node in Graph::members(&applied) {
            for lower in graph.lower(node) {
                applied_above[lower.index()] += 1;
            }
        }
        let mut place = vec![u32::MAX; graph.len()];
        for (at, node) in order.iter().enumerate() {
            place[node.index()] = at as u32;
        }
        let down = Down { applied_above, applied, place, cover: None };
        Self { down, ..Self::upward(graph, rows) }
    }

    fn set(&mut self, node: Node, row: bool) {
        let before = std::mem::replace(&mut self.is_row[node.index()], row);
        self.row_count = self.row_count + usize::from(row) - usize::from(before);
    }

    /// The move that applies a revision.
    pub(super) fn up(&mut self, node: Node) -> Move {
        let id = self.graph.id(node).clone();
        // A row that this revision stands on is an ancestor of no other row, for rows are tips.
        let from: Vec<Node> =
            self.graph.lower(node).iter().copied().filter(|at| self.is_row[at.index()]).collect();
        for &row in &from {
            self.set(row, false);
        }
        self.set(node, true);
        let rows = match from.split_last() {
            None => vec![RowOp::Insert(id)],
            Some((last, others)) => others
                .iter()
                .map(|other| RowOp::Delete(self.graph.id(*other).clone()))
                .chain([RowOp::Update { from: self.graph.id(*last).clone(), to: id }])
                .collect(),
        };
        Move { node: Some(node), direction: Direction::Up, rows }
    }

    /// The move that takes a revision back.
    pub(super) fn down(&mut self, node: Node) -> Move {
        let id = self.graph.id(node).clone();
        for lower in self.graph.lower(node) {
            self.down.applied_above[lower.index()] -= 1;
        }
        self.down.applied[node.index()] = false;
        self.set(node, false);
        let to = self.uncovered(node);
        for &row in &to {
            self.set(row, true);
        }
        let rows = match to.split_last() {
            None => vec![RowOp::Delete(id)],
            Some((last, others)) => others
                .iter()
                .map(|other| RowOp::Insert(self.graph.id(*other).clone()))
                .chain([RowOp::Update { from: id, to: self.graph.id(*last).clone() }])
                .collect(),
        };
        Move { node: Some(node), direction: Direction::Down, rows }
    }

    /// What gets a row when `node` is gone: what it stood on, without what other rows stand on.
    ///
    /// Where there are other rows, Alembic looks at these alone. A dependency below a parent of the
    /// same revision then gets a row beside that parent, and its row goes when it is reached. That
    /// is kept: the rows of a database that both tools use must be the same.
    fn uncovered(&mut self, node: Node) -> Vec<Node> {
        let lower = self.graph.lower(node);
        let Down { applied_above, applied, place, cover } = &mut self.down;
        let is_free = |at: Node| applied_above[at.index()] == 0 && !self.is_row[at.index()];
        let free: Vec<Node> = lower.iter().copied().filter(|&at| is_free(at)).collect();
        let state = State { graph: self.graph, applied, is_row: &self.is_row };
        // What is applied has a row above it, or one of the free ones, which are tips now.
        let mut alone = Vec::new();
        if self.row_count > 0 && !free.is_empty() && free.len() < lower.len() {
            let cover = cover.get_or_insert_with(|| Cover::new(state, place));
            let others = lower.iter().copied().filter(|&at| !is_free(at));
            alone = cover.only_under(state, node, others);
        }
        if let Some(cover) = cover {
            cover.replaced(node, &free);
        }
        if alone.is_empty() {
            return free;
        }
        // Both keep the order of `lower`.
        let mut alone = alone.into_iter().peekable();
        let gets_row = |at: &Node| is_free(*at) || alone.next_if_eq(at).is_some();
        lower.iter().copied().filter(gets_row).collect()
    }
}
