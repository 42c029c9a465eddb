//! The revision graph and its walks (`docs/design/graph.md`), free of files and databases.

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

/// The graph: parents, children, labels, all by node.
#[derive(Clone, Debug, Default)]
pub struct Graph {}

impl Graph {
    /// How many revisions.
    pub fn len(&self) -> usize {
        todo!("helper B")
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// All nodes in load order.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (0..self.len() as u32).map(Node)
    }
    /// The id of a node.
    pub fn id(&self, node: Node) -> &RevisionId {
        let _ = node;
        todo!("helper B")
    }
    /// The node of an exact id.
    pub fn find(&self, id: &str) -> Option<Node> {
        let _ = id;
        todo!("helper B")
    }
    /// Parents in declared order.
    pub fn parents(&self, node: Node) -> &[Node] {
        let _ = node;
        todo!("helper B")
    }
    /// Dependencies in declared order, labels resolved, those already implied by an ancestor's left out (`norm_deps`).
    pub fn dependencies(&self, node: Node) -> &[Node] {
        let _ = node;
        todo!("helper B")
    }
    /// Children through parents (`next`).
    pub fn children(&self, node: Node) -> &[Node] {
        let _ = node;
        todo!("helper B")
    }
    /// Children through parents and dependencies (`allnext`).
    pub fn all_children(&self, node: Node) -> &[Node] {
        let _ = node;
        todo!("helper B")
    }
    /// Labels that hold for this node, declared or inherited, sorted.
    pub fn labels(&self, node: Node) -> &[String] {
        let _ = node;
        todo!("helper B")
    }
    /// Labels declared at this node.
    pub fn declared_labels(&self, node: Node) -> &[String] {
        let _ = node;
        todo!("helper B")
    }
    /// Versioned heads in load order.
    pub fn heads(&self) -> Vec<Node> {
        todo!("helper B")
    }
    /// Heads that nothing depends on either.
    pub fn real_heads(&self) -> Vec<Node> {
        todo!("helper B")
    }
    /// Nodes without parents.
    pub fn bases(&self) -> Vec<Node> {
        todo!("helper B")
    }
    /// The closure over parents and dependencies, the start included, as a set indexed by node.
    pub fn ancestors(&self, of: &[Node]) -> Vec<bool> {
        let _ = of;
        todo!("helper B")
    }
    /// The closure over children and dependents, the start included, as a set indexed by node.
    pub fn descendants(&self, of: &[Node]) -> Vec<bool> {
        let _ = of;
        todo!("helper B")
    }
    /// The 12 (or fewer) leading characters that name this revision uniquely, at least 8: what lists show.
    pub fn short_id(&self, node: Node) -> &str {
        let _ = node;
        todo!("helper B")
    }
}
