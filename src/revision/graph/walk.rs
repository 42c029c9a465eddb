//! Closures: everything below or above some nodes.

use super::{Graph, Node};

impl Graph {
    /// The closure over parents and dependencies, the start included, as a set indexed by node.
    pub fn ancestors(&self, of: &[Node]) -> Vec<bool> {
        closure(self.len(), of, |node| self.lower(node))
    }
    /// The closure over children and dependents, the start included, as a set indexed by node.
    pub fn descendants(&self, of: &[Node]) -> Vec<bool> {
        closure(self.len(), of, |node| self.all_children(node))
    }
    /// The closure over parents alone, the start included.
    pub fn versioned_ancestors(&self, of: &[Node]) -> Vec<bool> {
        closure(self.len(), of, |node| self.parents(node))
    }
    /// The closure over children alone, the start included.
    pub fn versioned_descendants(&self, of: &[Node]) -> Vec<bool> {
        closure(self.len(), of, |node| self.children(node))
    }
    /// Versioned ancestors and descendants of a node: what shares lineage with it.
    pub fn lineage(&self, of: Node) -> Vec<bool> {
        let mut set = self.versioned_ancestors(&[of]);
        for (mine, theirs) in set.iter_mut().zip(self.versioned_descendants(&[of])) {
            *mine |= theirs;
        }
        set
    }
    /// As [`Graph::lineage`], also through dependencies.
    pub fn wide_lineage(&self, of: &[Node]) -> Vec<bool> {
        let mut set = self.ancestors(of);
        for (mine, theirs) in set.iter_mut().zip(self.descendants(of)) {
            *mine |= theirs;
        }
        set
    }
    /// The first of `nodes` that is a strict ancestor of another one, with one such other.
    pub fn overlap(&self, nodes: &[Node]) -> Option<(Node, Node)> {
        let starts: Vec<Node> = nodes.iter().flat_map(|&node| self.lower(node)).copied().collect();
        let below = self.ancestors(&starts);
        let lower = nodes.iter().copied().find(|node| below[node.index()])?;
        let above = self.descendants(&[lower]);
        let upper = nodes.iter().copied().find(|&other| other != lower && above[other.index()])?;
        Some((lower, upper))
    }
    /// The set's members in load order.
    pub fn members(set: &[bool]) -> impl Iterator<Item = Node> + '_ {
        set.iter().enumerate().filter(|(_, in_it)| **in_it).map(|(at, _)| Node(at as u32))
    }
}

/// Everything that `next` leads to.
fn closure<'a>(count: usize, of: &[Node], next: impl Fn(Node) -> &'a [Node]) -> Vec<bool> {
    let mut seen = vec![false; count];
    let mut work = of.to_vec();
    while let Some(node) = work.pop() {
        if !std::mem::replace(&mut seen[node.index()], true) {
            work.extend(next(node).iter().filter(|other| !seen[other.index()]));
        }
    }
    seen
}
