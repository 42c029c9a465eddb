//! Normalised dependencies: those that no ancestor lists.
//!
//! A dependency is left out where a strict ancestor *through parents* lists the very same one;
//! being reachable otherwise does not count (that is Alembic's rule, kept for its version rows).
//! Asking the ancestors of every revision would be quadratic; instead sets of "listed below here"
//! travel up the graph, 256 dependencies at a time as bits.

use super::{Adjacency, Node};

/// Bits of one pass.
const WIDTH: usize = 256;
type Bits = [u64; WIDTH / 64];

/// The normalised dependencies of all nodes, in declared order.
pub(super) fn dependencies(upward: &[Node], parents: &Adjacency, deps: &[Vec<Node>]) -> Adjacency {
    // Only what several revisions list can be listed by an ancestor as well.
    let mut listed = vec![0_u32; deps.len()];
    for &dep in deps.iter().flatten() {
        listed[dep.index()] += 1;
    }
    let shared: Vec<usize> = (0..deps.len()).filter(|&at| listed[at] > 1).collect();
    let mut kept: Vec<Vec<Node>> = deps.to_vec();
    for batch in shared.chunks(WIDTH) {
        pass(batch, upward, parents, deps, &mut kept);
    }
    Adjacency::collect(kept)
}

fn pass(
    batch: &[usize],
    upward: &[Node],
    parents: &Adjacency,
    deps: &[Vec<Node>],
    kept: &mut [Vec<Node>],
) {
    let bit =
        |dep: Node| batch.binary_search(&dep.index()).ok().map(|at| (at / 64, 1_u64 << (at % 64)));
    let mut below: Vec<Bits> = vec![[0; WIDTH / 64]; deps.len()];
    for &node in upward {
        let mut here: Bits = [0; WIDTH / 64];
        for parent in parents.of(node) {
            for (mine, theirs) in here.iter_mut().zip(&below[parent.index()]) {
                *mine |= theirs;
            }
        }
        let own = &deps[node.index()];
        if !own.is_empty() {
            kept[node.index()]
                .retain(|&dep| bit(dep).is_none_or(|(word, mask)| here[word] & mask == 0));
            for (word, mask) in own.iter().filter_map(|&dep| bit(dep)) {
                here[word] |= mask;
            }
        }
        below[node.index()] = here;
    }
}
