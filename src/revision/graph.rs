//! The revision graph and its walks (`docs/design/graph.md`), free of files and databases.
//!
//! Everything here is linear in the size of the graph and free of recursion: histories of a hundred
//! thousand revisions in one chain are normal input. A graph is always acyclic: what a broken
//! history would make a cycle is reported as a [`Fault`] and cut, so that no walk can hang.

mod adjacency;
mod build;
mod label;
mod normal;
mod walk;

use std::{collections::HashMap, sync::Arc};

use self::adjacency::Adjacency;
use super::RevisionId;

/// A revision's place in its [`Graph`]: its position in load order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(pub u32);

impl Node {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One revision as the graph sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vertex {
    /// Its id.
    pub id: RevisionId,
    /// Parents as written.
    pub down: Vec<RevisionId>,
    /// Dependencies as written: ids or labels.
    pub depends_on: Vec<String>,
    /// Labels declared here.
    pub labels: Vec<String>,
}

/// What is wrong with a set of revisions; the graph is built without the offending part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A revision is its own parent.
    SelfLoop(Node),
    /// A revision depends on itself.
    DependencySelfLoop(Node),
    /// An id holds characters of the target grammar.
    IllegalId(Node, Vec<char>),
    /// A label holds characters of the target grammar, or is one of its words.
    IllegalLabel(Node, String),
    /// A second revision has the id of the first; it is left out. The number is its place in the input.
    DuplicateId(Node, usize),
    /// A label of the second node already names the first, as its id or label.
    DuplicateLabel {
        /// The label.
        label: String,
        /// Who had the name first.
        first: Node,
        /// Who declares it again.
        second: Node,
    },
    /// A parent is no revision.
    MissingParent(Node, RevisionId),
    /// A dependency is neither a revision nor a label.
    MissingDependency(Node, String),
    /// These revise each other in a circle.
    Cycle(Vec<Node>),
    /// These revise or depend on each other in a circle.
    DependencyCycle(Vec<Node>),
}

/// The graph: parents, children, labels, all by node.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    vertices: Vec<Vertex>,
    by_id: HashMap<RevisionId, Node>,
    by_label: HashMap<String, Node>,
    /// `down`.
    parents: Adjacency,
    /// `norm_deps`: dependencies that no ancestor lists literally.
    dependencies: Adjacency,
    /// `norm` = parents, then normalised dependencies.
    lower: Adjacency,
    /// `alldown` = parents, then all dependencies.
    all_lower: Adjacency,
    /// `next`.
    children: Adjacency,
    /// `allnext`.
    all_children: Adjacency,
    /// Labels that hold, declared or inherited; revisions of one branch share one list.
    labels: Vec<Arc<[String]>>,
    /// Nodes with every parent and dependency before its dependents.
    upward: Vec<Node>,
    /// How many bytes of each id lists show.
    short: Vec<u32>,
}

impl Graph {
    /// How many revisions.
    pub fn len(&self) -> usize {
        self.vertices.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// All nodes in load order.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (0..self.len() as u32).map(Node)
    }
    /// All nodes, parents and dependencies before those who need them.
    pub fn upward(&self) -> &[Node] {
        &self.upward
    }
    /// The id of a node.
    pub fn id(&self, node: Node) -> &RevisionId {
        &self.vertices[node.index()].id
    }
    /// What the graph was built from.
    pub fn vertex(&self, node: Node) -> &Vertex {
        &self.vertices[node.index()]
    }
    /// The node of an exact id.
    pub fn find(&self, id: &str) -> Option<Node> {
        self.by_id.get(id).copied()
    }
    /// The node that declares a label.
    pub fn find_label(&self, label: &str) -> Option<Node> {
        self.by_label.get(label).copied()
    }
    /// All declared labels with their nodes, in load order.
    pub fn declared(&self) -> impl Iterator<Item = (&str, Node)> {
        self.nodes().flat_map(move |node| {
            self.vertex(node)
                .labels
                .iter()
                .filter(move |label| self.find_label(label) == Some(node))
                .map(move |label| (label.as_str(), node))
        })
    }
    /// Parents in declared order.
    pub fn parents(&self, node: Node) -> &[Node] {
        self.parents.of(node)
    }
    /// Dependencies in declared order, labels resolved, those already implied by an ancestor's left out (`norm_deps`).
    pub fn dependencies(&self, node: Node) -> &[Node] {
        self.dependencies.of(node)
    }
    /// Parents, then [`Graph::dependencies`], each once (`norm`).
    pub fn lower(&self, node: Node) -> &[Node] {
        self.lower.of(node)
    }
    /// Parents, then all dependencies as declared, each once (`alldown`).
    pub fn all_lower(&self, node: Node) -> &[Node] {
        self.all_lower.of(node)
    }
    /// Children through parents (`next`), in load order.
    pub fn children(&self, node: Node) -> &[Node] {
        self.children.of(node)
    }
    /// Children through parents and dependencies (`allnext`), in load order.
    pub fn all_children(&self, node: Node) -> &[Node] {
        self.all_children.of(node)
    }
    /// Labels that hold for this node, declared or inherited, sorted.
    pub fn labels(&self, node: Node) -> &[String] {
        &self.labels[node.index()]
    }
    /// Labels declared at this node.
    pub fn declared_labels(&self, node: Node) -> &[String] {
        &self.vertices[node.index()].labels
    }
    /// More than one child through parents.
    pub fn is_branch_point(&self, node: Node) -> bool {
        self.children(node).len() > 1
    }
    /// More than one parent.
    pub fn is_merge_point(&self, node: Node) -> bool {
        self.parents(node).len() > 1
    }
    /// Nothing revises it; something may still depend on it.
    pub fn is_head(&self, node: Node) -> bool {
        self.children(node).is_empty()
    }
    /// Nothing revises it or depends on it.
    pub fn is_real_head(&self, node: Node) -> bool {
        self.all_children(node).is_empty()
    }
    /// Versioned heads in load order.
    pub fn heads(&self) -> Vec<Node> {
        self.nodes().filter(|&node| self.is_head(node)).collect()
    }
    /// Heads that nothing depends on either.
    pub fn real_heads(&self) -> Vec<Node> {
        self.nodes().filter(|&node| self.is_real_head(node)).collect()
    }
    /// Nodes without parents.
    pub fn bases(&self) -> Vec<Node> {
        self.nodes().filter(|&node| self.parents(node).is_empty()).collect()
    }
    /// Branch points, newest first, with what they branch into (`branches`).
    pub fn branch_points(&self) -> Vec<Node> {
        let all = vec![true; self.len()];
        super::order::newest_first(self, &all, &self.real_heads())
            .into_iter()
            .filter(|&node| self.is_branch_point(node))
            .collect()
    }
    /// What lists show of an id: 12 characters (all of it when it is no longer), or as many more as
    /// it takes to tell it from every other.
    pub fn short_id(&self, node: Node) -> &str {
        &self.id(node).as_str()[..self.short[node.index()] as usize]
    }
}
