//! What an identifier means, and the plans it leads to: upgrade, downgrade, stamp, ranges.
//!
//! Text becomes a `spec::Spec` (parsed: its shape is known), then nodes or a `walk::Place`
//! (resolved: it exists in this graph), then a [`Plan`] (checked against the version rows). Each
//! command of `docs/design/graph.md` has a file of its own.

mod downgrade;
mod error;
mod listing;
mod offline;
mod range;
mod resolve;
mod spec;
mod stamp;
mod upgrade;
mod walk;

pub(crate) use self::error::nearest;
pub use self::{
    downgrade::downgrade,
    error::TargetError,
    listing::{at_heads, current},
    offline::{offline, offline_stamp},
    range::history,
    stamp::stamp,
    upgrade::{upgrade, upgrade_to},
};
use super::{Graph, Node, Plan, RevisionId};

/// Resolves an identifier to revisions (`show`, `edit`, …); `rows` give `current` its meaning.
pub fn resolve(graph: &Graph, rows: &[RevisionId], spec: &str) -> Result<Vec<Node>, TargetError> {
    if spec == "current" {
        return resolve::rows(graph, rows);
    }
    resolve::Names::new(graph).existing(spec)
}

/// Resolves one dependency of a new revision: it must be exactly one revision.
pub fn resolve_one(graph: &Graph, spec: &str) -> Result<Node, TargetError> {
    resolve::Names::new(graph).one(spec)?.ok_or_else(|| error::names_nothing(spec))
}

/// An error of those who make new revisions from targets.
pub(crate) fn refused(kind: &'static str, message: String, hint: &str) -> TargetError {
    TargetError::new(kind, crate::code::Code::BadTarget, message, Some(hint.to_owned()))
}
