//! Which labels hold where.
//!
//! A label holds for the revision that declares it and for all that revise it. It also reaches down
//! from there, along single parents, but only when everything above is one plain line; then it
//! stops before the first revision with several children or dependents, or several parents.

use std::{collections::HashMap, sync::Arc};

use super::{Graph, Node};

/// The labels of all nodes, sorted. Nodes with equal sets share one list.
pub(super) fn spread(graph: &Graph) -> Vec<Arc<[String]>> {
    let none: Arc<[String]> = Arc::from([]);
    let mut sets: Vec<Arc<[String]>> = vec![none; graph.len()];
    let mut unions = Unions::default();
    for &node in graph.upward() {
        let mut set = Arc::clone(&sets[node.index()]);
        for &parent in graph.parents(node) {
            set = unions.of(&set, &sets[parent.index()]);
        }
        let own = graph.declared_labels(node);
        if !own.is_empty() {
            let mut all: Vec<String> = set.iter().chain(own).cloned().collect();
            all.sort_unstable();
            all.dedup();
            set = all.into();
        }
        sets[node.index()] = set;
    }
    // A plain line up to a head has the labels of that head all the way down.
    for tip in graph.nodes().filter(|&node| graph.is_head(node)) {
        let set = Arc::clone(&sets[tip.index()]);
        let mut at = tip;
        while graph.all_children(at).len() <= 1 && !graph.is_merge_point(at) {
            sets[at.index()] = Arc::clone(&set);
            match graph.parents(at) {
                [parent] => at = *parent,
                _ => break,
            }
        }
        // Below the line nothing changes, unless nothing on the line is labelled at all: then its
        // set is what it inherited, and equal everywhere.
    }
    sets
}

/// Unions of shared sets, each pair computed once.
#[derive(Default)]
struct Unions(HashMap<(usize, usize), Union>);

/// A union and its two operands, which are kept alive: their addresses are the key, and must not be
/// given out again.
type Union = (Arc<[String]>, [Arc<[String]>; 2]);

impl Unions {
    fn of(&mut self, one: &Arc<[String]>, other: &Arc<[String]>) -> Arc<[String]> {
        if other.is_empty() || Arc::ptr_eq(one, other) {
            return Arc::clone(one);
        }
        if one.is_empty() {
            return Arc::clone(other);
        }
        let key = (Arc::as_ptr(one).addr(), Arc::as_ptr(other).addr());
        let made = self.0.entry(key).or_insert_with(|| {
            let mut all: Vec<String> = one.iter().chain(other.iter()).cloned().collect();
            all.sort_unstable();
            all.dedup();
            (all.into(), [Arc::clone(one), Arc::clone(other)])
        });
        Arc::clone(&made.0)
    }
}

impl Graph {
    /// Tells whether a label holds for a node.
    pub fn has_label(&self, node: Node, label: &str) -> bool {
        self.labels(node).binary_search_by(|have| have.as_str().cmp(label)).is_ok()
    }
}
