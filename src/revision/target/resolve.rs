//! From a symbol to revisions of the graph.

use super::{
    Graph, Node, RevisionId, TargetError,
    error::{ids, listed, multiple_heads, unknown},
    spec::{Symbol, split_first},
    walk::{Place, walk},
};
use crate::code::Code;

/// Shortest id or label that its beginning may stand for.
const SHORTEST: usize = 4;

/// A branch label (or an id used as one), and everything that shares lineage with it.
pub(super) struct Branch<'a> {
    /// As written.
    pub(super) label: &'a str,
    /// The revision it means.
    pub(super) node: Node,
    /// Versioned ancestors and descendants of that revision, itself included.
    pub(super) lineage: Vec<bool>,
}

impl Branch<'_> {
    pub(super) fn has(&self, node: Node) -> bool {
        self.lineage[node.index()]
    }

    /// Those of `nodes` that share lineage with the branch.
    pub(super) fn filter(&self, nodes: &[Node]) -> Vec<Node> {
        nodes.iter().copied().filter(|&node| self.has(node)).collect()
    }
}

/// The names of a graph.
#[derive(Clone, Copy)]
pub(super) struct Names<'g> {
    graph: &'g Graph,
}

impl<'g> Names<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        Self { graph }
    }

    /// The branch that a label means. An unknown one is an error in every command.
    pub(super) fn branch(self, label: &str) -> Result<Branch<'_>, TargetError> {
        let node = self.name(label, None).map_err(|error| {
            if error.kind == "no_such_revision" {
                unknown(self.graph, label, "branch")
            } else {
                error
            }
        })?;
        Ok(Branch { label, node, lineage: self.graph.lineage(node) })
    }

    /// As [`Names::branch`] where there may be no label.
    pub(super) fn maybe_branch(
        self,
        label: Option<&str>,
    ) -> Result<Option<Branch<'_>>, TargetError> {
        label.map(|label| self.branch(label)).transpose()
    }

    /// Exact id, exact label, or the only id or label that begins so.
    fn name(self, text: &str, branch: Option<&Branch<'_>>) -> Result<Node, TargetError> {
        let graph = self.graph;
        if let Some(node) = graph.find(text).or_else(|| graph.find_label(text)) {
            return Ok(node);
        }
        if text.is_empty() {
            return Err(unknown(graph, text, "revision"));
        }
        let candidates: Vec<(&str, Node)> = graph
            .nodes()
            .map(|node| (graph.id(node).as_str(), node))
            .chain(graph.declared())
            .filter(|(name, _)| name.starts_with(text) && name.chars().nth(SHORTEST - 1).is_some())
            .filter(|(_, node)| branch.is_none_or(|branch| branch.has(*node)))
            .collect();
        match candidates.as_slice() {
            [] => Err(unknown(graph, text, "revision")),
            [(_, node)] => Ok(*node),
            several => Err(TargetError::new(
                "ambiguous_partial",
                Code::AmbiguousId,
                format!(
                    "`{text}` is the start of several names: {}",
                    listed(several.iter().map(|(name, _)| *name))
                ),
                Some("write more of the id".to_owned()),
            )),
        }
    }

    /// Checks, without its branch, that a symbol stands for something.
    pub(super) fn check_symbol(self, symbol: &str) -> Result<(), TargetError> {
        match Symbol::parse(symbol) {
            Symbol::Name(name) => match self.name(name, None) {
                Err(error) if error.kind == "no_such_revision" => Err(error),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// A name within a branch, of which it must be a member.
    fn member(self, text: &str, branch: Option<&Branch<'_>>) -> Result<Node, TargetError> {
        let node = self.name(text, branch)?;
        match branch {
            Some(branch) if !branch.has(node) => Err(TargetError::new(
                "not_in_branch",
                Code::BadTarget,
                format!("`{}` is not in the branch `{}`", self.graph.id(node), branch.label),
                Some(format!(
                    "leave `{}@` out, or see `limbeck history -r {}@base:{}@heads`",
                    branch.label, branch.label, branch.label
                )),
            )),
            _ => Ok(node),
        }
    }

    /// `head`, `heads`: the versioned heads of a branch or, for `heads` alone, all real heads.
    fn heads(
        self,
        spec: &str,
        branch: Option<&Branch<'_>>,
        several: bool,
    ) -> Result<Vec<Node>, TargetError> {
        let heads = match branch {
            None if several => return Ok(self.graph.real_heads()),
            None => self.graph.heads(),
            Some(branch) => branch.filter(&self.graph.heads()),
        };
        if several || heads.len() <= 1 {
            return Ok(heads);
        }
        Err(multiple_heads(self.graph, spec, &heads))
    }

    /// All that an identifier means; empty for `base`. `-N` counts down from the script heads.
    pub(super) fn places(self, spec: &str) -> Result<Vec<Option<Place>>, TargetError> {
        let (label, symbol) = split_first(spec);
        let branch = self.maybe_branch(label)?;
        Ok(match Symbol::parse(symbol) {
            Symbol::Base => Vec::new(),
            Symbol::Heads => at(&self.heads(spec, branch.as_ref(), true)?),
            Symbol::Head => at(&self.heads(spec, branch.as_ref(), false)?),
            Symbol::Name(name) => match steps_down(name) {
                Some(steps) => self
                    .graph
                    .real_heads()
                    .into_iter()
                    .filter(|&head| label.is_none_or(|label| self.graph.has_label(head, label)))
                    .map(|head| Ok(walk(self.graph, Place::At(head), -steps, None, spec)?.exact()))
                    .collect::<Result<_, TargetError>>()?,
                None => at(&[self.member(name, branch.as_ref())?]),
            },
        })
    }

    /// As [`Names::places`], where each must be a revision.
    pub(super) fn existing(self, spec: &str) -> Result<Vec<Node>, TargetError> {
        self.places(spec)?
            .into_iter()
            .map(|place| match place {
                Some(Place::At(node)) => Ok(node),
                _ => Err(TargetError::new(
                    "relative_too_far",
                    Code::BadTarget,
                    format!("`{spec}` goes below the base"),
                    Some(
                        "it counts down from the heads of the files; use a smaller number"
                            .to_owned(),
                    ),
                )),
            })
            .collect()
    }

    /// The one revision that an identifier means; none for `base`.
    pub(super) fn one(self, spec: &str) -> Result<Option<Node>, TargetError> {
        let (label, symbol) = split_first(spec);
        self.one_in(symbol, self.maybe_branch(label)?.as_ref(), spec)
    }

    /// As [`Names::one`] with the branch resolved before.
    pub(super) fn one_in(
        self,
        symbol: &str,
        branch: Option<&Branch<'_>>,
        spec: &str,
    ) -> Result<Option<Node>, TargetError> {
        match Symbol::parse(symbol) {
            Symbol::Base => Ok(None),
            Symbol::Head => Ok(self.heads(spec, branch, false)?.first().copied()),
            Symbol::Heads => match self.heads(spec, branch, true)?.as_slice() {
                [] => Ok(None),
                [one] => Ok(Some(*one)),
                several => Err(multiple_heads(self.graph, spec, several)),
            },
            Symbol::Name(name) => self.member(name, branch).map(Some),
        }
    }
}

fn at(nodes: &[Node]) -> Vec<Option<Place>> {
    nodes.iter().map(|&node| Some(Place::At(node))).collect()
}

/// `-N` as a name: how many steps.
fn steps_down(name: &str) -> Option<i64> {
    let digits = name.strip_prefix('-')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(i64::MAX)).filter(|steps| *steps > 0)
}

/// The nodes of the version rows, each once, in row order; a row that no file knows is an error.
pub(super) fn rows(graph: &Graph, rows: &[RevisionId]) -> Result<Vec<Node>, TargetError> {
    let mut found = Vec::with_capacity(rows.len());
    let mut seen = vec![false; graph.len()];
    for row in rows {
        let Some(node) = graph.find(row.as_str()) else {
            return Err(TargetError::new(
                "no_such_revision",
                Code::DatabaseAhead,
                format!("the database is at `{row}`, which no file here knows"),
                Some(
                    "get the newest files (the database was migrated from another checkout), \
                     or record where it really is with `limbeck stamp --purge`"
                        .to_owned(),
                ),
            ));
        };
        if !std::mem::replace(&mut seen[node.index()], true) {
            found.push(node);
        }
    }
    Ok(found)
}

/// Refuses revisions of which one stands on another.
pub(super) fn no_overlap(graph: &Graph, nodes: &[Node], what: &str) -> Result<(), TargetError> {
    match graph.overlap(nodes) {
        None => Ok(()),
        Some((lower, upper)) => Err(TargetError::new(
            "overlap",
            Code::BadTarget,
            format!(
                "{what} {} overlap: the second already includes the first",
                ids(graph, &[lower, upper])
            ),
            Some(format!("keep `{}` alone", graph.id(upper))),
        )),
    }
}
