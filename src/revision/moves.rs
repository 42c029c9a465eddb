//! Plans: which revisions run, in which order, and what happens to the version rows.

use std::collections::{BTreeSet, HashSet};

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
    /// Applied revisions directly above, over `norm`; kept for downgrades only.
    applied_above: Vec<u32>,
    /// What is applied; kept for downgrades only.
    applied: Vec<bool>,
    row_count: usize,
    /// Places in an order with the lower before the higher; kept for downgrades only.
    rank: Vec<u32>,
}

impl<'a> Rows<'a> {
    /// For going up. The rows must not be ancestors of each other.
    pub(super) fn upward(graph: &'a Graph, rows: &[Node]) -> Self {
        let mut is_row = vec![false; graph.len()];
        for row in rows {
            is_row[row.index()] = true;
        }
        let row_count = is_row.iter().filter(|row| **row).count();
        Self {
            graph,
            is_row,
            applied_above: Vec::new(),
            applied: Vec::new(),
            row_count,
            rank: Vec::new(),
        }
    }

    /// For going down; `applied` is everything at or below the rows.
    pub(super) fn downward(graph: &'a Graph, rows: &[Node], applied: &[bool]) -> Self {
        let mut applied_above = vec![0_u32; graph.len()];
        for node in Graph::members(applied) {
            for lower in graph.lower(node) {
                applied_above[lower.index()] += 1;
            }
        }
        let mut rank = vec![0_u32; graph.len()];
        for (place, node) in graph.upward().iter().enumerate() {
            rank[node.index()] = place as u32;
        }
        Self { applied_above, applied: applied.to_vec(), rank, ..Self::upward(graph, rows) }
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
            self.applied_above[lower.index()] -= 1;
        }
        self.applied[node.index()] = false;
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
    fn uncovered(&self, node: Node) -> Vec<Node> {
        let lower = self.graph.lower(node);
        let free: Vec<Node> = lower
            .iter()
            .copied()
            .filter(|at| self.applied_above[at.index()] == 0 && !self.is_row[at.index()])
            .collect();
        if self.row_count == 0 || free.is_empty() || free.len() == lower.len() {
            return free;
        }
        // What is applied has a row above it, or one of the free ones, which are tips now.
        let only_under = |at: Node| self.stands_below(at, &free) && !self.under_a_row(at);
        lower.iter().copied().filter(|&at| free.contains(&at) || only_under(at)).collect()
    }

    /// Whether one of `tips` stands on a revision. Nothing older than that revision is looked at.
    fn stands_below(&self, node: Node, tips: &[Node]) -> bool {
        let mut seen = HashSet::new();
        let mut work = tips.to_vec();
        while let Some(at) = work.pop() {
            if at == node {
                return true;
            }
            if self.rank[at.index()] > self.rank[node.index()] && seen.insert(at) {
                work.extend(self.graph.lower(at));
            }
        }
        false
    }

    /// Whether a row stands on a revision, or is it.
    fn under_a_row(&self, node: Node) -> bool {
        let mut seen = HashSet::new();
        let mut work = vec![node];
        while let Some(at) = work.pop() {
            if self.is_row[at.index()] {
                return true;
            }
            if seen.insert(at) {
                let above = self.graph.all_children(at).iter();
                work.extend(above.filter(|above| self.applied[above.index()]));
            }
        }
        false
    }
}
