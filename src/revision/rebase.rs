//! Putting unapplied revisions onto another head, so that a history has one head again without a
//! merge revision.
//!
//! Two people branched from one revision; whoever comes second moves their own revisions behind the
//! other's. Only headers change. Revisions that are applied anywhere are refused: their databases
//! would miss what is put below them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Graph, History, Node, RevisionId, disk,
    file::{self, Key},
    target::{self, TargetError},
};
use crate::code::Code;

/// One revision that gets other parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The revision.
    pub node: Node,
    /// Its file, as the history shows it.
    pub path: PathBuf,
    /// Its parents so far.
    pub from: Vec<RevisionId>,
    /// Its parents to be.
    pub to: Vec<RevisionId>,
}

/// What a rebase does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebase {
    /// Everything that stands elsewhere afterwards, parents first.
    pub moved: Vec<Node>,
    /// Those of them whose files change.
    pub changes: Vec<Change>,
}

/// Plans to put everything that `from` has and `onto` has not behind `onto`.
///
/// `rows` are the version rows of every database that the caller can see.
pub fn plan(
    history: &History,
    rows: &[RevisionId],
    from: &str,
    onto: &str,
) -> Result<Rebase, TargetError> {
    let graph = history.graph();
    let top = target::resolve_one(graph, from)?;
    let base = target::resolve_one(graph, onto)?;
    let below_base = graph.versioned_ancestors(&[base]);
    let mut moving = graph.versioned_ancestors(&[top]);
    for (moving, stays) in moving.iter_mut().zip(&below_base) {
        *moving &= !stays;
    }
    let (known, _) = target::current(graph, rows);
    let applied = graph.ancestors(&known);
    if let Some(node) = Graph::members(&moving).find(|node| applied[node.index()]) {
        return Err(target::refused(
            "applied",
            format!(
                "`{}` is applied already, so it cannot be put onto another revision",
                graph.id(node)
            ),
            "join the heads with `limbeck merge heads`, or downgrade first",
        ));
    }
    let needed = graph.ancestors(&[base]);
    if let Some(node) = Graph::members(&moving).find(|node| needed[node.index()]) {
        return Err(target::refused(
            "cycle",
            format!(
                "`{}` depends on `{}`, which would then stand above it",
                graph.id(base),
                graph.id(node)
            ),
            "join the heads with `limbeck merge heads`",
        ));
    }
    let moved: Vec<Node> =
        graph.upward().iter().copied().filter(|node| moving[node.index()]).collect();
    let changes = moved
        .iter()
        .filter_map(|&node| {
            let parents = graph.parents(node);
            let mut to: Vec<Node> = Vec::new();
            for &parent in parents {
                let parent = if below_base[parent.index()] { base } else { parent };
                if !to.contains(&parent) {
                    to.push(parent);
                }
            }
            if to.is_empty() {
                to.push(base);
            }
            let ids = |nodes: &[Node]| nodes.iter().map(|&node| graph.id(node).clone()).collect();
            (to != parents).then(|| Change {
                node,
                path: history.revision(node).path.clone(),
                from: ids(parents),
                to: ids(&to),
            })
        })
        .collect();
    Ok(Rebase { moved, changes })
}

/// Why files could not be changed.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be changed: {source}", path.display())]
pub struct RebaseError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
    /// Files that have their new parents already.
    pub done: Vec<PathBuf>,
}

impl crate::code::Diagnose for RebaseError {
    fn code(&self) -> Code {
        Code::File
    }
    fn hint(&self) -> Option<String> {
        Some("check who may write to the file, then run the command again".to_owned())
    }
}

/// Rewrites the `Revises` line of each changed file and leaves every other byte as it was.
///
/// `root` is the folder that shown paths are relative to. All new contents are on disk before the
/// first file is replaced, so a full disk changes nothing.
pub fn apply(rebase: &Rebase, root: &Path) -> Result<(), RebaseError> {
    let paths: Vec<PathBuf> = rebase.changes.iter().map(|change| root.join(&change.path)).collect();
    let mut staged = Vec::with_capacity(paths.len());
    for (change, path) in rebase.changes.iter().zip(&paths) {
        let ids: Vec<&str> = change.to.iter().map(RevisionId::as_str).collect();
        let made = fs::read(path).and_then(|bytes| {
            let text = file::rewrite(&bytes, &[(Key::Revises, &ids.join(", "))])
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has no header"))?;
            disk::stage(path, &text)
        });
        match made {
            Ok(one) => staged.push(one),
            Err(source) => {
                return Err(RebaseError { path: path.clone(), source, done: Vec::new() });
            }
        }
    }
    let mut done = Vec::new();
    for (one, path) in staged.into_iter().zip(&paths) {
        if let Err(source) = one.commit() {
            return Err(RebaseError { path: path.clone(), source, done });
        }
        done.push(path.clone());
    }
    Ok(())
}
