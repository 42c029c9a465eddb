//! New revision files: `revision`, `merge`; from a template, never over an existing file.

use std::path::{Path, PathBuf};

use super::{
    Graph, History, Node, RevisionId,
    target::{self, TargetError},
};
use crate::code::{Code, Diagnose};

/// What a new revision shall be.
#[derive(Clone, Debug, Default)]
pub struct NewRevision {
    /// Message.
    pub message: String,
    /// Parent(s) as specs; empty means the single head (`head`).
    pub heads: Vec<String>,
    /// Allow a parent that is not a head.
    pub splice: bool,
    /// Labels.
    pub branch_labels: Vec<String>,
    /// Dependencies as specs.
    pub depends_on: Vec<String>,
    /// The id; random when none.
    pub id: Option<RevisionId>,
    /// Now.
    pub created: Option<jiff::Timestamp>,
    /// Text of the up body, empty for a blank one.
    pub up: String,
    /// Text of the down body.
    pub down: String,
}

/// Why no file was written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct WriteError {
    /// The stable code.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnose for WriteError {
    fn code(&self) -> Code {
        self.code
    }
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// Resolves parents and dependencies against the history and writes the file (temporary file, fsync,
/// rename; an existing file is never replaced). `name_template` is `limbeck.toml`'s `file_template`.
/// Returns the path.
pub fn write(
    folder: &Path,
    history: &History,
    rows: &[RevisionId],
    new: &NewRevision,
    name_template: &str,
) -> Result<PathBuf, WriteError> {
    let _ = (folder, history, rows, new, name_template);
    todo!("helper B")
}

/// Where a new revision stands in the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// Its parents; none for a new base.
    pub down: Vec<Node>,
    /// Its dependencies as they are written: labels stay labels, anything else becomes a full id.
    pub depends_on: Vec<String>,
}

/// Resolves parents (none given: the one head) and dependencies of a new revision.
pub fn place(
    graph: &Graph,
    heads: &[String],
    splice: bool,
    depends_on: &[String],
) -> Result<Placed, TargetError> {
    let head = ["head".to_owned()];
    let down = target::resolve_parents(graph, if heads.is_empty() { &head } else { heads })?;
    let mut seen = std::collections::HashSet::new();
    if let Some(&twice) = down.iter().find(|node| !seen.insert(**node)) {
        return Err(target::refused(
            "duplicate_heads",
            format!("`{}` is given twice as a parent", graph.id(twice)),
            "name each parent once",
        ));
    }
    if let Some(&inner) = down.iter().find(|node| !splice && !graph.is_head(**node)) {
        return Err(target::refused(
            "not_a_head",
            format!("`{}` is not a head: something revises it already", graph.id(inner)),
            "give `--splice` to start a new branch there",
        ));
    }
    let depends_on = depends_on
        .iter()
        .map(|spec| {
            let node = target::resolve_one(graph, spec)?;
            Ok(if graph.has_label(node, spec) { spec.clone() } else { graph.id(node).to_string() })
        })
        .collect::<Result<_, TargetError>>()?;
    Ok(Placed { down, depends_on })
}
