//! A loaded folder of revisions: the files, their graph, and everything that is wrong with them.

use std::path::PathBuf;

use super::{Graph, Node, Revision, Source};
use crate::code::Code;

/// One thing that is wrong with the folder; the rest of the history stays usable to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// The file, when one is to blame.
    pub path: Option<PathBuf>,
    /// 1-based line; 0 when none.
    pub line: u32,
    /// One sentence, naming what it is about.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Revisions in load order with their graph. `revisions()[n.index()]` belongs to node `n`.
#[derive(Clone, Debug, Default)]
pub struct History {}

impl History {
    /// Reads a source. Never fails: what cannot be read becomes a [`Problem`].
    pub fn load(source: &Source) -> Self {
        let _ = source;
        todo!("helper B")
    }
    /// Builds a history from parsed revisions.
    pub fn from_revisions(revisions: Vec<Revision>) -> Self {
        let _ = revisions;
        todo!("helper B")
    }
    /// The graph.
    pub fn graph(&self) -> &Graph {
        todo!("helper B")
    }
    /// All revisions in load order.
    pub fn revisions(&self) -> &[Revision] {
        todo!("helper B")
    }
    /// The revision of a node.
    pub fn revision(&self, node: Node) -> &Revision {
        &self.revisions()[node.index()]
    }
    /// Everything wrong, files first, in load order.
    pub fn problems(&self) -> &[Problem] {
        todo!("helper B")
    }
    /// All problems as one error, when there are any: commands that change something refuse to start.
    pub fn check(&self) -> Result<(), HistoryError> {
        todo!("helper B")
    }
}

/// The history has problems. `Display` gives the first one; all are inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.first().map_or("", |p| p.message.as_str()))]
pub struct HistoryError(pub Vec<Problem>);
