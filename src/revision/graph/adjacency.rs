//! Neighbour lists of all nodes in two flat vectors: one allocation however many nodes.

use super::Node;

/// For each node, a list of nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Adjacency {
    /// Where each node's list begins in `targets`; one more entry than nodes.
    starts: Vec<u32>,
    targets: Vec<Node>,
}

impl Adjacency {
    /// The list of a node.
    pub(super) fn of(&self, node: Node) -> &[Node] {
        let (start, end) = (self.starts[node.index()], self.starts[node.index() + 1]);
        &self.targets[start as usize..end as usize]
    }

    /// Puts lists together, in node order.
    pub(super) fn collect(lists: impl IntoIterator<Item = impl IntoIterator<Item = Node>>) -> Self {
        let mut all = Self { starts: vec![0], targets: Vec::new() };
        for list in lists {
            all.targets.extend(list);
            all.starts.push(all.targets.len() as u32);
        }
        all
    }

    /// The edges turned round; each list comes out in node order.
    pub(super) fn reversed(&self) -> Self {
        let count = self.starts.len().saturating_sub(1);
        let mut starts = vec![0_u32; count + 1];
        for target in &self.targets {
            starts[target.index() + 1] += 1;
        }
        for at in 0..count {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut targets = vec![Node(0); self.targets.len()];
        for from in (0..count as u32).map(Node) {
            for &to in self.of(from) {
                let place = &mut next[to.index()];
                targets[*place as usize] = from;
                *place += 1;
            }
        }
        Self { starts, targets }
    }
}
