//! A loaded folder of revisions: the files, their graph, and everything that is wrong with them.

use std::{fmt, num::NonZero, path::PathBuf, sync::OnceLock, thread};

use super::{
    Graph, Names, Node, Revision, RevisionId, Source,
    file::{self, FileError, Reading},
    graph::{Fault, Vertex},
    source::Found,
    target::nearest,
};
use crate::code::{Code, Diagnose};

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

/// `path:line: message`, with as much of the place as is known.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}:", path.display())?;
            if self.line > 0 {
                write!(f, "{}:", self.line)?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        Self {
            code: error.code,
            path: Some(error.path),
            line: error.line,
            message: error.problem,
            hint: error.hint,
        }
    }
}

/// Revisions in load order with their graph. `revisions()[n.index()]` belongs to node `n`.
#[derive(Clone, Debug, Default)]
pub struct History {
    revisions: Vec<Revision>,
    graph: Graph,
    problems: Vec<Problem>,
    names: OnceLock<Names>,
}

impl History {
    /// Reads a source. Never fails: what cannot be read becomes a [`Problem`].
    pub fn load(source: &Source) -> Self {
        let (files, mut problems) = source.files();
        let mut revisions = Vec::with_capacity(files.len());
        for reading in read_all(&files) {
            revisions.extend(reading.revision);
            problems.extend(reading.errors.into_iter().map(Problem::from));
        }
        Self::build(revisions, problems)
    }

    /// Builds a history from parsed revisions.
    pub fn from_revisions(revisions: Vec<Revision>) -> Self {
        Self::build(revisions, Vec::new())
    }

    fn build(mut revisions: Vec<Revision>, mut problems: Vec<Problem>) -> Self {
        let (graph, faults) = Graph::build(revisions.iter().map(vertex).collect());
        // The second file of an id is no part of the graph; nodes count without it.
        let mut extra: Vec<(Node, Revision)> = Vec::new();
        if graph.len() < revisions.len() {
            let mut place = 0..;
            let duplicates: Vec<(Node, usize)> = faults
                .iter()
                .filter_map(|fault| match fault {
                    Fault::DuplicateId(first, at) => Some((*first, *at)),
                    _ => None,
                })
                .collect();
            let (kept, left): (Vec<_>, Vec<_>) = revisions.into_iter().partition(|_| {
                let at = place.next().unwrap_or_default();
                duplicates.binary_search_by_key(&at, |(_, place)| *place).is_err()
            });
            revisions = kept;
            extra = duplicates.into_iter().map(|(first, _)| first).zip(left).collect();
        }
        let mut extra = extra.iter();
        // Looking for what was meant takes a walk over all names, each time.
        let suggest = faults.len() <= SUGGESTED;
        for fault in &faults {
            problems.push(describe(&revisions, &graph, fault, suggest, &mut extra));
        }
        Self { revisions, graph, problems, names: OnceLock::new() }
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }
    /// What the revisions are called, to be looked through; made when it is first asked for.
    pub fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::new(&self.revisions))
    }
    /// All revisions in load order.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }
    /// The revision of a node.
    pub fn revision(&self, node: Node) -> &Revision {
        &self.revisions()[node.index()]
    }
    /// Everything wrong, files first, in load order.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
    /// All problems as one error, when there are any: commands that change something refuse to start.
    pub fn check(&self) -> Result<(), HistoryError> {
        if self.problems.is_empty() { Ok(()) } else { Err(HistoryError(self.problems.clone())) }
    }
}

/// The history has problems. `Display` gives the first one; all are inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.first().map_or("", |p| p.message.as_str()))]
pub struct HistoryError(pub Vec<Problem>);

impl Diagnose for HistoryError {
    fn code(&self) -> Code {
        self.0.first().map_or(Code::BadHeader, |problem| problem.code)
    }
    fn hint(&self) -> Option<String> {
        self.0.first().and_then(|problem| problem.hint.clone())
    }
}

fn vertex(revision: &Revision) -> Vertex {
    Vertex {
        id: revision.id.clone(),
        down: revision.down.clone(),
        depends_on: revision.depends_on.clone(),
        labels: revision.branch_labels.clone(),
    }
}

/// Fewer files than this are not worth a thread.
const PER_THREAD: usize = 64;
/// Reading does not get faster with more.
const THREADS: usize = 8;

/// Reads all files; the results are in the files' order whatever the threads did.
fn read_all(files: &[Found]) -> Vec<Reading> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let threads = cores.min(files.len() / PER_THREAD).max(1);
    let read = |files: &[Found]| files.iter().map(read_one).collect::<Vec<_>>();
    if threads == 1 {
        return read(files);
    }
    thread::scope(|scope| {
        let parts: Vec<_> = files
            .chunks(files.len().div_ceil(threads))
            .map(|part| (part, scope.spawn(move || read(part))))
            .collect();
        // A thread that panicked is a bug; its files are read again here, where it shows.
        parts
            .into_iter()
            .flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| read(part)))
            .collect()
    })
}

fn read_one(found: &Found) -> Reading {
    match found.read() {
        Ok(bytes) => file::read(&found.shown, &bytes),
        Err(error) => Reading {
            revision: None,
            errors: vec![FileError {
                path: found.shown.clone(),
                line: 0,
                code: Code::File,
                problem: format!("the file cannot be read: {error}"),
                hint: Some("check that it is there and who may read it".to_owned()),
            }],
        },
    }
}

fn duplicate(revisions: &[Revision], pair: Option<&(Node, Revision)>) -> Problem {
    let (path, line, message) = match pair {
        Some((first, second)) => (
            Some(second.path.clone()),
            second.lines.id,
            format!(
                "the revision id `{}` is declared in `{}` and in `{}`",
                second.id,
                revisions[first.index()].path.display(),
                second.path.display()
            ),
        ),
        None => (None, 0, "two files declare one revision id".to_owned()),
    };
    let hint = Some("give one of them another id, also where others revise it".to_owned());
    Problem { code: Code::DupId, path, line, message, hint }
}

/// Puts a fault into words; `extra` are the second files of duplicate ids, in the faults' order.
fn describe<'a>(
    revisions: &[Revision],
    graph: &Graph,
    fault: &Fault,
    suggest: bool,
    extra: &mut impl Iterator<Item = &'a (Node, Revision)>,
) -> Problem {
    let at = |node: &Node| &revisions[node.index()];
    let id = |node: &Node| graph.id(*node);
    let problem = |code, node: &Node, line: u32, message: String, hint: String| Problem {
        code,
        path: Some(at(node).path.clone()),
        line,
        message,
        hint: Some(hint),
    };
    match fault {
        Fault::SelfLoop(node) => problem(
            Code::Cycle,
            node,
            at(node).lines.revises,
            format!("`{}` revises itself", id(node)),
            "name its parent after `Revises`, or nothing for the first revision".to_owned(),
        ),
        Fault::DependencySelfLoop(node) => problem(
            Code::Cycle,
            node,
            at(node).lines.depends_on,
            format!("`{}` depends on itself", id(node)),
            "take it out of `Depends On`".to_owned(),
        ),
        Fault::IllegalId(node, characters) => problem(
            Code::BadHeader,
            node,
            at(node).lines.id,
            format!("the revision id `{}` holds {}", id(node), quoted(characters)),
            "`@`, `-`, `+` and `:` have a meaning in targets; use letters, digits, `_` and `.`".to_owned(),
        ),
        Fault::IllegalLabel(node, label) => problem(
            Code::BadHeader,
            node,
            at(node).lines.branch_labels,
            format!("the branch label `{label}` cannot be used in targets"),
            "choose one without `@`, `-`, `+` and `:` that is not `head`, `heads`, `base` or `current`".to_owned(),
        ),
        Fault::DuplicateId(..) => duplicate(revisions, extra.next()),
        Fault::DuplicateLabel { label, first, second } => problem(
            Code::DupId,
            second,
            at(second).lines.branch_labels,
            format!(
                "the branch label `{label}` is already used by `{}` in `{}`",
                id(first),
                at(first).path.display()
            ),
            "choose another label; what revises a labelled revision has its label without declaring it".to_owned(),
        ),
        Fault::MissingParent(node, parent) => problem(
            Code::MissingParent,
            node,
            at(node).lines.revises,
            format!("`{}` revises `{parent}`, which is in no file", id(node)),
            meant(graph, parent.as_str(), id(node), suggest),
        ),
        Fault::MissingDependency(node, name) => problem(
            Code::MissingParent,
            node,
            at(node).lines.depends_on,
            format!("`{}` depends on `{name}`, which is no revision and no branch label", id(node)),
            meant(graph, name, id(node), suggest),
        ),
        Fault::Cycle(members) => circle(revisions, members, "revise each other"),
        Fault::DependencyCycle(members) => circle(revisions, members, "revise or depend on each other"),
    }
}

/// With more faults than this, none gets a suggestion.
const SUGGESTED: usize = 50;

fn meant(graph: &Graph, name: &str, own: &RevisionId, suggest: bool) -> String {
    let near = if suggest { nearest(graph, name) } else { Vec::new() };
    near.iter().find(|near| near.as_str() != own.as_str()).map_or_else(
        || "add the missing file, or correct the id".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}

fn quoted(characters: &[char]) -> String {
    characters.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
}

/// How many members of a circle a message names.
const NAMED: usize = 8;

fn circle(revisions: &[Revision], members: &[Node], what: &str) -> Problem {
    let at = |node: &Node| &revisions[node.index()];
    let mut names: Vec<String> = members
        .iter()
        .take(NAMED)
        .map(|node| format!("`{}` ({})", at(node).id, at(node).path.display()))
        .collect();
    if members.len() > NAMED {
        names.push(format!("and {} more", members.len() - NAMED));
    }
    let first = members.first().map(at);
    let line = first.map_or(0, |first| {
        if first.lines.revises > 0 { first.lines.revises } else { first.lines.depends_on }
    });
    Problem {
        code: Code::Cycle,
        path: first.map(|first| first.path.clone()),
        line,
        message: format!("{} revisions {what} in a circle: {}", members.len(), names.join(", ")),
        hint: Some("one of them must revise an older revision, or none".to_owned()),
    }
}
