//! The one topological order (`docs/design/graph.md`, section 5).
//!
//! The walk keeps a row of slots, each at a revision that is not out yet. It follows one slot down
//! its branch, and goes to another when a revision above the current one is not out yet: "when the
//! current revision is an ancestor of another slot's, go to the lowest such slot". Told that way
//! the order needs the ancestors of every slot, a quadratic closure. Two facts make it linear:
//!
//! - A revision is an ancestor of another slot exactly when one of its children is still *live*:
//!   at or below some slot. A count of live children per revision, let down as branches finish,
//!   answers that at once.
//! - Slots only ever move down and new ones come last, so for a given revision the lowest slot
//!   above it never gets lower. A remembered answer is therefore right for as long as that slot has
//!   not moved, and a lower bound afterwards (`Above`).

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::{Graph, Node};

const NONE: u32 = u32::MAX;

/// Orders the members of `set`, newest first, walking down from `heads`.
///
/// Members that the heads do not reach through the set (a range with a hole) come last, by the same
/// walk from the highest of them.
pub fn newest_first(graph: &Graph, set: &[bool], heads: &[Node]) -> Vec<Node> {
    let mut todo = set.to_vec();
    let wanted = set.iter().filter(|in_it| **in_it).count();
    let mut out = Vec::with_capacity(wanted);
    let mut starts = heads.to_vec();
    loop {
        starts.retain(|node| todo[node.index()]);
        starts.sort_unstable();
        starts.dedup();
        Walk::new(graph, &starts).run(&mut todo, &mut out);
        if out.len() == wanted {
            return out;
        }
        let left: Vec<Node> = Graph::members(&todo).collect();
        let below: Vec<Node> = left.iter().flat_map(|&node| graph.lower(node)).copied().collect();
        let below = graph.ancestors(&below);
        starts = left.into_iter().filter(|node| !below[node.index()]).collect();
    }
}

/// A slot: where it is, and its neighbours in the row.
struct Slot {
    at: Node,
    before: u32,
    after: u32,
}

struct Walk<'a> {
    graph: &'a Graph,
    /// All slots ever made; their numbers are their order in the row.
    slots: Vec<Slot>,
    first: u32,
    last: u32,
    /// The slot at each node, or `NONE`.
    slot_at: Vec<u32>,
    /// How many of a node's children (over `norm`) are live.
    live_children: Vec<u32>,
    /// Who is above whom over `norm`; only for revisions asked about.
    above: Above,
    /// Children over `norm` among the revisions that this walk can meet.
    children: Children,
}

impl<'a> Walk<'a> {
    fn new(graph: &'a Graph, starts: &[Node]) -> Self {
        let reach = graph.ancestors(starts);
        let children = Children::new(graph, &reach);
        let mut walk = Self {
            graph,
            slots: Vec::with_capacity(starts.len()),
            first: NONE,
            last: NONE,
            slot_at: vec![NONE; graph.len()],
            live_children: graph.nodes().map(|node| children.of(node).len() as u32).collect(),
            above: Above::default(),
            children,
        };
        for &start in starts {
            walk.append(start);
        }
        walk
    }

    fn run(mut self, todo: &mut [bool], out: &mut Vec<Node>) {
        let mut at = self.first;
        while at != NONE {
            let node = self.slots[at as usize].at;
            if self.live_children[node.index()] > 0
                && let Some(other) = self.lowest_above(node)
            {
                at = other;
                continue;
            }
            if std::mem::replace(&mut todo[node.index()], false) {
                out.push(node);
            }
            self.slot_at[node.index()] = NONE;
            let mut next = self
                .graph
                .lower(node)
                .iter()
                .copied()
                .filter(|lower| todo[lower.index()] && self.slot_at[lower.index()] == NONE)
                .collect::<Vec<_>>()
                .into_iter();
            if let Some(lower) = next.next() {
                self.slots[at as usize].at = lower;
                self.slot_at[lower.index()] = at;
                for lower in next {
                    self.append(lower);
                }
            } else {
                at = self.remove(at);
            }
            self.retire(node);
        }
    }

    fn append(&mut self, node: Node) {
        let slot = self.slots.len() as u32;
        self.slots.push(Slot { at: node, before: self.last, after: NONE });
        match self.last {
            NONE => self.first = slot,
            last => self.slots[last as usize].after = slot,
        }
        self.last = slot;
        self.slot_at[node.index()] = slot;
    }

    /// Takes a slot out and returns where to go on: the one before it, else the first.
    fn remove(&mut self, slot: u32) -> u32 {
        let Slot { before, after, .. } = self.slots[slot as usize];
        match before {
            NONE => self.first = after,
            before => self.slots[before as usize].after = after,
        }
        match after {
            NONE => self.last = before,
            after => self.slots[after as usize].before = before,
        }
        if before == NONE { self.first } else { before }
    }

    /// The node is out and no slot is above it any more: tell what is below.
    fn retire(&mut self, node: Node) {
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            for &lower in self.graph.lower(node) {
                let live = &mut self.live_children[lower.index()];
                *live -= 1;
                if *live == 0 && self.slot_at[lower.index()] == NONE {
                    work.push(lower);
                }
            }
        }
    }

    /// Whether the node is at or below some slot.
    fn is_live(&self, node: Node) -> bool {
        self.slot_at[node.index()] != NONE || self.live_children[node.index()] > 0
    }

    /// The lowest slot strictly above a node.
    fn lowest_above(&mut self, node: Node) -> Option<u32> {
        let mut above = std::mem::take(&mut self.above);
        let found = above.lowest(self, node);
        self.above = above;
        found
    }
}

/// Children over `norm`, restricted to some nodes.
struct Children {
    starts: Vec<u32>,
    nodes: Vec<Node>,
}

impl Children {
    fn new(graph: &Graph, within: &[bool]) -> Self {
        let mut starts = vec![0_u32; graph.len() + 1];
        for node in Graph::members(within) {
            for lower in graph.lower(node) {
                starts[lower.index() + 1] += 1;
            }
        }
        for at in 0..graph.len() {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut nodes = vec![Node(0); starts[graph.len()] as usize];
        for node in Graph::members(within) {
            for lower in graph.lower(node) {
                nodes[next[lower.index()] as usize] = node;
                next[lower.index()] += 1;
            }
        }
        Self { starts, nodes }
    }

    fn of(&self, node: Node) -> &[Node] {
        &self.nodes[self.starts[node.index()] as usize..self.starts[node.index() + 1] as usize]
    }
}

/// The lowest slot above each revision that was asked about, remembered.
#[derive(Default)]
struct Above(HashMap<Node, Known>);

/// What is known of the slots strictly above a revision.
struct Known {
    /// The lowest slot when last asked and where it was then.
    answer: Option<(u32, Node)>,
    /// Children with a lower bound of the lowest slot at or above them.
    children: BinaryHeap<Reverse<(u32, Node)>>,
}

impl Above {
    fn lowest(&mut self, walk: &Walk<'_>, node: Node) -> Option<u32> {
        // The path of questions: each revision's answer needs that of its most promising child.
        let mut path = vec![node];
        let mut answered: Option<Option<u32>> = None;
        while let Some(&at) = path.last() {
            let known = self.0.entry(at).or_insert_with(|| Known {
                answer: None,
                children: walk.children.of(at).iter().map(|&child| Reverse((0, child))).collect(),
            });
            if answered.is_none()
                && let Some((slot, place)) = known.answer
                && walk.slot_at[place.index()] == slot
            {
                answered = Some(Some(slot));
                path.pop();
                continue;
            }
            // An answer for the top child: its own slot or the lowest above it.
            if let Some(above) = answered.take()
                && let Some(Reverse((bound, child))) = known.children.pop()
            {
                let own = walk.slot_at[child.index()];
                let slot = above.map_or(own, |above| above.min(own));
                if slot != NONE {
                    known.children.push(Reverse((slot, child)));
                    if slot == bound {
                        // Nothing beats a bound that holds.
                        known.answer = Some((slot, walk.slots[slot as usize].at));
                        answered = Some(Some(slot));
                        path.pop();
                        continue;
                    }
                }
            }
            match known.children.peek() {
                None => {
                    known.answer = None;
                    answered = Some(None);
                    path.pop();
                }
                Some(&Reverse((_, child))) if !walk.is_live(child) => {
                    known.children.pop();
                }
                Some(&Reverse((_, child))) => {
                    if walk.live_children[child.index()] == 0 {
                        // Nothing above it: its own slot is the answer.
                        answered = Some(None);
                    } else {
                        path.push(child);
                    }
                }
            }
        }
        answered.flatten()
    }
}
