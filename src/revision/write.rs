//! New revision files: `revision`, `merge`; from a template, never over an existing file.
//!
//! Everything that reaches a file name or a comment line is made harmless first: messages and ids
//! come from people, from branch names and from other tools. The finished text is read back before
//! it is written, so that no template can produce a file that means something else.

mod name;
mod template;

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Graph, History, Node, RevisionId, disk,
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

impl WriteError {
    fn new(code: Code, message: String, hint: &str) -> Self {
        Self { code, message, hint: Some(hint.to_owned()) }
    }

    fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        // A temporary file's error names that file, which says nothing to anybody.
        let why = match error.kind() {
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        Self::new(
            Code::File,
            format!("`{}` cannot be {doing}: {why}", path.display()),
            "check the folder and who may write to it",
        )
    }
}

impl From<TargetError> for WriteError {
    fn from(error: TargetError) -> Self {
        Self { code: error.code, message: error.message, hint: error.hint }
    }
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
    let graph = history.graph();
    let id = match &new.id {
        Some(id) => checked_id(graph, id)?,
        None => fresh_id(graph),
    };
    let labels = checked_labels(graph, &id, &new.branch_labels)?;
    let placed = place(graph, rows, &new.heads, new.splice, &new.depends_on)?;
    let down: Vec<RevisionId> = placed.down.iter().map(|&node| graph.id(node).clone()).collect();
    let file_name = name::file_name(name_template, &id, &new.message, new.created)?;
    let text = template::render(
        template::custom(folder)?.as_deref(),
        &template::Fields {
            message: &new.message,
            id: &id,
            down: &down,
            created: new.created,
            labels: &labels,
            depends_on: &placed.depends_on,
            up: &new.up,
            down_body: &new.down,
        },
    )?;
    let path = folder.join(file_name);
    fs::create_dir_all(folder).map_err(|error| WriteError::io("made", folder, &error))?;
    disk::create(&path, text.as_bytes()).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => WriteError::new(
            Code::File,
            format!("`{}` exists already, and is not written over", path.display()),
            "choose another message or id, or put `{id}` into `file_template`",
        ),
        _ => WriteError::io("written", &path, &error),
    })?;
    Ok(path)
}

fn checked_id(graph: &Graph, id: &RevisionId) -> Result<RevisionId, WriteError> {
    let text = id.as_str();
    let bad = |why: String| {
        Err(WriteError::new(
            Code::BadHeader,
            why,
            "use letters, digits, `_` and `.`, or leave the id to limbeck",
        ))
    };
    if let Some(c) = RevisionId::illegal(text).first() {
        return bad(format!(
            "the revision id `{text}` holds `{c}`, which has a meaning in targets"
        ));
    }
    if text.trim() != text
        || text.is_empty()
        || text.contains(',')
        || text.chars().any(char::is_control)
    {
        return bad(format!("`{}` cannot be a revision id", text.escape_debug()));
    }
    if graph.find(text).or_else(|| graph.find_label(text)).is_some() {
        return Err(WriteError::new(
            Code::DupId,
            format!("`{text}` is already the id or label of a revision"),
            "choose another id",
        ));
    }
    Ok(id.clone())
}

/// A random id that is no id or label of the history, nor the start of one.
fn fresh_id(graph: &Graph) -> RevisionId {
    loop {
        let id = RevisionId::random();
        if graph.find(id.as_str()).is_none() && graph.find_label(id.as_str()).is_none() {
            return id;
        }
    }
}

fn checked_labels(
    graph: &Graph,
    id: &RevisionId,
    labels: &[String],
) -> Result<Vec<String>, WriteError> {
    let mut kept: Vec<String> = Vec::new();
    for label in labels {
        let label = label.trim();
        let unusable = label.is_empty()
            || label.contains(',')
            || label.chars().any(char::is_control)
            || !RevisionId::illegal(label).is_empty()
            || matches!(label, "head" | "heads" | "base" | "current");
        if unusable {
            return Err(WriteError::new(
                Code::BadHeader,
                format!("`{}` cannot be a branch label", label.escape_debug()),
                "use letters, digits, `_` and `.`, and none of `head`, `heads`, `base`, `current`",
            ));
        }
        let taken = graph.find(label).or_else(|| graph.find_label(label));
        if label == id.as_str() || taken.is_some() {
            let by = taken.map_or(id, |node| graph.id(node));
            return Err(WriteError::new(
                Code::DupId,
                format!("the branch label `{label}` is already used by `{by}`"),
                "choose another label",
            ));
        }
        if !kept.iter().any(|have| have == label) {
            kept.push(label.to_owned());
        }
    }
    Ok(kept)
}

/// Where a new revision stands in the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// Its parents; none for a new base.
    pub down: Vec<Node>,
    /// Its dependencies as they are written: labels stay labels, anything else becomes a full id.
    pub depends_on: Vec<String>,
}

/// Resolves parents (none given: the one head; `current`: the version rows) and dependencies of a
/// new revision.
pub fn place(
    graph: &Graph,
    rows: &[RevisionId],
    heads: &[String],
    splice: bool,
    depends_on: &[String],
) -> Result<Placed, TargetError> {
    let head = ["head".to_owned()];
    let heads = if heads.is_empty() { &head } else { heads };
    let mut down = Vec::new();
    for spec in heads {
        down.extend(target::resolve(graph, rows, spec)?);
    }
    let mut seen = HashSet::new();
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
