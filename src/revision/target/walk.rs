//! Steps up and down from a place, one child or parent at a time.

use super::{
    Graph, Node, TargetError,
    error::{ids, too_far},
    resolve::Branch,
};
use crate::code::Code;

/// Where a walk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere yet: up leads to the bases, down to the heads.
    Nowhere,
    /// At a revision.
    At(Node),
    /// Below a base: nothing is left to undo.
    Base,
}

impl Place {
    pub(super) fn of(node: Option<Node>) -> Self {
        node.map_or(Self::Nowhere, Self::At)
    }
}

/// How a walk ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Walked {
    /// All steps taken.
    There(Place),
    /// Off the end after this many steps; this is the last place.
    Short(Place, u64),
}

impl Walked {
    /// The place, when all steps were taken.
    pub(super) fn exact(self) -> Option<Place> {
        match self {
            Self::There(place) => Some(place),
            Self::Short(..) => None,
        }
    }

    /// The place, or the last one before the end.
    pub(super) fn clamped(self) -> Place {
        match self {
            Self::There(place) | Self::Short(place, _) => place,
        }
    }

    /// The place, or an error that says how far one can go.
    pub(super) fn or_too_far(self, spec: &str, steps: i64) -> Result<Place, TargetError> {
        match self {
            Self::There(place) => Ok(place),
            Self::Short(_, done) => Err(too_far(spec, steps, done)),
        }
    }
}

/// Walks up (positive) or down; `branch` filters the way up. A fork on the way is an error.
pub(super) fn walk(
    graph: &Graph,
    start: Place,
    steps: i64,
    branch: Option<&Branch<'_>>,
    spec: &str,
) -> Result<Walked, TargetError> {
    let mut place = start;
    for done in 0..steps.unsigned_abs() {
        let next = if steps > 0 { above(graph, place, branch) } else { below(graph, place) };
        place = match next.as_slice() {
            [] => return Ok(Walked::Short(place, done)),
            [one] => *one,
            several => return Err(fork(graph, place, several, steps, spec)),
        };
    }
    Ok(Walked::There(place))
}

fn above(graph: &Graph, place: Place, branch: Option<&Branch<'_>>) -> Vec<Place> {
    let next = match place {
        Place::Nowhere | Place::Base => graph.bases(),
        Place::At(node) => graph.children(node).to_vec(),
    };
    next.into_iter()
        .filter(|&node| branch.is_none_or(|branch| branch.has(node)))
        .map(Place::At)
        .collect()
}

fn below(graph: &Graph, place: Place) -> Vec<Place> {
    let next = match place {
        Place::Base => return Vec::new(),
        Place::Nowhere => graph.heads(),
        Place::At(node) => graph.parents(node).to_vec(),
    };
    if next.is_empty() { vec![Place::Base] } else { next.into_iter().map(Place::At).collect() }
}

fn fork(graph: &Graph, place: Place, several: &[Place], steps: i64, spec: &str) -> TargetError {
    let nodes: Vec<Node> = several
        .iter()
        .filter_map(|place| if let Place::At(node) = place { Some(*node) } else { None })
        .collect();
    let way = if steps > 0 { "up" } else { "down" };
    let from = match place {
        Place::At(node) => format!(" from `{}`", graph.id(node)),
        Place::Nowhere | Place::Base => String::new(),
    };
    TargetError::new(
        "ambiguous_walk",
        Code::BadTarget,
        format!("`{spec}` is ambiguous: the way {way}{from} forks to {}", ids(graph, &nodes)),
        Some("name the revision by its id, or the branch as `label@` before the number".to_owned()),
    )
}
