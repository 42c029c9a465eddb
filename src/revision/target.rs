//! What an identifier means, and the plans it leads to: upgrade, downgrade, stamp, ranges.

use super::{Graph, Node, Plan, RevisionId};
use crate::code::{Code, Diagnose};

/// Why a target cannot be used. `kind` is the word of the conformance corpus (`no_such_revision`, …).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TargetError {
    /// The corpus word.
    pub kind: &'static str,
    /// The stable code.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Diagnose for TargetError {
    fn code(&self) -> Code {
        self.code
    }
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// Resolves an identifier to revisions (`show`, `edit`, …); `rows` give `current` its meaning.
pub fn resolve(graph: &Graph, rows: &[RevisionId], spec: &str) -> Result<Vec<Node>, TargetError> {
    let _ = (graph, rows, spec);
    todo!("helper B")
}

/// Plans `upgrade SPEC` from these version rows.
pub fn upgrade(graph: &Graph, rows: &[RevisionId], spec: &str) -> Result<Plan, TargetError> {
    let _ = (graph, rows, spec);
    todo!("helper B")
}

/// Plans `downgrade SPEC` from these version rows.
pub fn downgrade(graph: &Graph, rows: &[RevisionId], spec: &str) -> Result<Plan, TargetError> {
    let _ = (graph, rows, spec);
    todo!("helper B")
}

/// Plans `stamp SPEC…`; with `purge` the rows are taken as none after deleting them all.
pub fn stamp(
    graph: &Graph,
    rows: &[RevisionId],
    specs: &[&str],
    purge: bool,
) -> Result<Plan, TargetError> {
    let _ = (graph, rows, specs, purge);
    todo!("helper B")
}

/// Lists `history -r A:B`, newest first; `range` none means everything.
pub fn history(
    graph: &Graph,
    rows: &[RevisionId],
    range: Option<&str>,
) -> Result<Vec<Node>, TargetError> {
    let _ = (graph, rows, range);
    todo!("helper B")
}

/// Splits and plans the `A:B` form of `upgrade --sql` and `downgrade --sql`.
pub fn offline(
    graph: &Graph,
    direction: super::Direction,
    range: &str,
) -> Result<Plan, TargetError> {
    let _ = (graph, direction, range);
    todo!("helper B")
}

/// Tips of what these rows have applied (`current`), sorted, and the rows that no file knows.
pub fn current(graph: &Graph, rows: &[RevisionId]) -> (Vec<Node>, Vec<RevisionId>) {
    let _ = (graph, rows);
    todo!("helper B")
}
