//! Plans: which revisions run, in which order, and what happens to the version rows.

use super::{Direction, Node, RevisionId};

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

/// One revision to run (or, for `stamp`, only to record).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The revision; none for the "base" steps of a stamp.
    pub node: Option<Node>,
    /// Which script runs.
    pub direction: Direction,
    /// What happens to the version rows in the same transaction.
    pub rows: Vec<RowOp>,
    /// The rows afterwards, sorted.
    pub after: Vec<RevisionId>,
}

/// Moves in the order they run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The moves.
    pub moves: Vec<Move>,
}
