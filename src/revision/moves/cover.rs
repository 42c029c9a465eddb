//! Whether a row other than the one that goes stands on a revision.
//!
//! Asked for each revision that is taken back, a walk up from what it stood on would make a long
//! downgrade quadratic. Three things are remembered instead, each of which stays true for as long as
//! it is used:
//!
//! - **The way to the longest-lived tip.** Of the applied revisions above each one, the one that
//!   goes last is chosen, once. The choices make a forest whose trees lose their roots as revisions
//!   go, so the highest revision left on a way is the tip it leads to, found in logarithmic time
//!   (a jump pointer for each revision, as in a skew-binary list).
//! - **The walks that found another row**: each revision on the walk is told where it ended.
//! - **The walks that did not**: "only this row is above", said by a token of the row. The token
//!   passes to the revision that takes the row's place, when that is one revision.

use crate::revision::{Graph, Node};

const NONE: u32 = u32::MAX;

/// What is known about the rows above each applied revision.
pub(super) struct Cover {
    /// The applied revision above that goes last; none for what was a tip when this was made.
    up: Vec<u32>,
    /// Some revision further up the same way.
    jump: Vec<u32>,
    /// How long the way is.
    depth: Vec<u32>,
    /// A revision above whose way led to another row.
    seen: Vec<u32>,
    /// The token of the only row above; 0 when not known.
    only: Vec<u32>,
    /// The token of each row; 0 when nobody asked.
    token: Vec<u32>,
    tokens: u32,
}

/// The state of the rows that the questions are about.
#[derive(Clone, Copy)]
pub(super) struct State<'a> {
    pub(super) graph: &'a Graph,
    pub(super) applied: &'a [bool],
    pub(super) is_row: &'a [bool],
}

impl State<'_> {
    fn above(&self, node: Node) -> impl Iterator<Item = Node> + '_ {
        let above = self.graph.all_children(node).iter().copied();
        above.filter(|above| self.applied[above.index()])
    }
}

impl Cover {
    /// `place` tells when each revision goes; those that stay have the highest.
    pub(super) fn new(state: State<'_>, place: &[u32]) -> Self {
        let count = state.graph.len();
        let mut cover = Self {
            up: vec![NONE; count],
            jump: vec![NONE; count],
            depth: vec![0; count],
            seen: vec![NONE; count],
            only: vec![0; count],
            token: vec![0; count],
            tokens: 0,
        };
        for &node in state.graph.upward().iter().rev() {
            let last = state.above(node).max_by_key(|above| place[above.index()]);
            if let Some(Node(up)) = last
                && state.applied[node.index()]
            {
                cover.hang(node, up);
            }
        }
        cover
    }

    /// Puts a revision below another that is in its place already.
    fn hang(&mut self, node: Node, up: u32) {
        let at = up as usize;
        let depth = |node: u32| self.depth.get(node as usize).copied();
        let jump = self.jump[at];
        let further = self.jump.get(jump as usize).copied().unwrap_or(NONE);
        // Two jumps of one length make one of twice that length and a step.
        let even = depth(jump)
            .zip(depth(further))
            .is_some_and(|(near, far)| self.depth[at] - near == near - far);
        self.up[node.index()] = up;
        self.jump[node.index()] = if even { further } else { up };
        self.depth[node.index()] = self.depth[at] + 1;
    }

    /// The tip that the way of an applied revision leads to.
    fn tip(&self, state: State<'_>, node: Node) -> Node {
        let alive = |at: u32| state.applied.get(at as usize).is_some_and(|applied| *applied);
        let mut at = node.0;
        loop {
            let index = at as usize;
            if alive(self.jump[index]) {
                at = self.jump[index];
            } else if alive(self.up[index]) {
                at = self.up[index];
            } else {
                return Node(at);
            }
        }
    }

    /// Whether a row is at the end of a revision's way, or it is one itself. A tip that is no row
    /// is one of those that the row which goes leaves behind.
    fn leads_to_row(&self, state: State<'_>, node: Node) -> bool {
        state.is_row[node.index()] || state.is_row[self.tip(state, node).index()]
    }

    /// A revision whose way proves that another row stands on this one.
    fn proof(&self, state: State<'_>, node: Node) -> Option<Node> {
        if self.leads_to_row(state, node) {
            return Some(node);
        }
        let seen = self.seen[node.index()];
        let alive = state.applied.get(seen as usize).is_some_and(|applied| *applied);
        (alive && self.leads_to_row(state, Node(seen))).then_some(Node(seen))
    }

    /// Which of `asked`, all directly below the row `gone`, no other row stands on. `gone` is no
    /// longer applied; what takes its place has no row yet.
    pub(super) fn only_under(
        &mut self,
        state: State<'_>,
        gone: Node,
        asked: impl Iterator<Item = Node>,
    ) -> Vec<Node> {
        if self.token[gone.index()] == 0 {
            self.tokens += 1;
            self.token[gone.index()] = self.tokens;
        }
        let token = self.token[gone.index()];
        let alone: Vec<Node> = asked.filter(|&node| !self.covered(state, node, token)).collect();
        // They get rows now, which stand on what is below them.
        let mut work = alone.clone();
        while let Some(node) = work.pop() {
            if self.only[node.index()] == token {
                self.only[node.index()] = 0;
                work.extend(state.graph.all_lower(node));
            }
        }
        alone
    }

    /// Walks up until a way leads to a row, or everything above is known to stand under the one row.
    fn covered(&mut self, state: State<'_>, start: Node, token: u32) -> bool {
        if self.only[start.index()] == token {
            return false;
        }
        let mut path = vec![(start, state.above(start))];
        let mut proof = self.proof(state, start);
        while proof.is_none()
            && let Some((node, above)) = path.last_mut()
        {
            if let Some(next) = above.find(|above| self.only[above.index()] != token) {
                proof = self.proof(state, next);
                path.push((next, state.above(next)));
            } else {
                self.only[node.index()] = token;
                path.pop();
            }
        }
        if let Some(proof) = proof {
            for (node, _) in path {
                self.seen[node.index()] = proof.0;
            }
        }
        proof.is_some()
    }

    /// Says who takes the place of a row.
    pub(super) fn replaced(&mut self, gone: Node, by: &[Node]) {
        // What stood under the row alone stands under one of several now: nobody knows which.
        if let [one] = by {
            self.token[one.index()] = self.token[gone.index()];
        }
    }
}
