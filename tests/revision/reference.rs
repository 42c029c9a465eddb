//! The specification (`docs/design/graph.md`) word for word, slow and plain, to compare with.

use std::collections::{BTreeSet, HashSet};

use limbeck::revision::{
    Graph, Node, RevisionId, RowOp,
    graph::{Fault, Vertex},
};
use proptest::prelude::*;

/// A random history: each revision's parents, dependencies and labels, in any load order.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    pub(crate) vertices: Vec<Vertex>,
}

impl Random {
    pub(crate) fn graph(&self) -> Graph {
        let (graph, faults) = Graph::build(self.vertices.clone());
        assert_eq!(faults, Vec::<Fault>::new());
        graph
    }
}

fn id(at: usize) -> RevisionId {
    RevisionId::new(format!("r{at:03}"))
}

/// Histories of up to `most` revisions: lines, branches, merges, several bases, dependencies.
pub(crate) fn random(most: usize) -> impl Strategy<Value = Random> {
    let choice = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u8>());
    (prop::collection::vec(choice, 1..most), any::<u64>()).prop_map(|(choices, shuffle)| {
        let mut vertices = Vec::new();
        for (at, (first, second, dependency, kind)) in choices.into_iter().enumerate() {
            let pick = |number: u32| {
                // Mostly a recent one, so that lines and not only bushes come out.
                let near = at.min(4);
                id(if number.is_multiple_of(3) {
                    number as usize / 3 % at
                } else {
                    at - 1 - number as usize % near
                })
            };
            let mut down = Vec::new();
            let mut depends_on = Vec::new();
            if at > 0 {
                if kind % 8 != 0 {
                    down.push(pick(first));
                }
                if kind % 8 == 1 {
                    down.push(pick(second));
                    down.dedup();
                }
                if kind % 8 == 2 || kind % 16 == 8 {
                    depends_on.push(pick(dependency).to_string());
                }
                if kind % 16 == 2 {
                    depends_on.push(pick(second).to_string());
                    depends_on.dedup();
                }
            }
            let labels = if kind % 8 == 3 { vec![format!("l{at:03}")] } else { Vec::new() };
            vertices.push(Vertex { id: id(at), down, depends_on, labels });
        }
        // A shuffle that depends on the seed alone.
        let mut state = shuffle | 1;
        for at in (1..vertices.len()).rev() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            if shuffle % 4 != 0 {
                vertices.swap(at, (state >> 33) as usize % (at + 1));
            }
        }
        Random { vertices }
    })
}

/// Up to four lines side by side, each revision of which may depend on one of any line: what stands
/// on what is then known by long walks alone.
pub(crate) fn braid(most: usize) -> impl Strategy<Value = Random> {
    let choice = (0_usize..4, any::<u32>(), 0_u8..6);
    prop::collection::vec(choice, 1..most).prop_map(|choices| {
        let mut ends = [None; 4];
        let mut vertices = Vec::new();
        for (at, (line, dependency, kind)) in choices.into_iter().enumerate() {
            let mut down: Vec<RevisionId> = ends[line].map(id).into_iter().collect();
            // Now and then the lines meet.
            if kind == 5 {
                down.extend(ends[(line + 1) % 4].map(id));
            }
            let depends_on = if at > 0 && kind < 4 {
                vec![id(dependency as usize % at).to_string()]
            } else {
                Vec::new()
            };
            ends[line] = Some(at);
            vertices.push(Vertex { id: id(at), down, depends_on, labels: Vec::new() });
        }
        Random { vertices }
    })
}

/// A line that hangs below the second one of a line that depends on any of it, and a revision by
/// itself: while the upper line goes, the lower one gets rows again and again.
pub(crate) fn hung(most: usize) -> impl Strategy<Value = Random> {
    let dependencies = prop::collection::vec(prop::option::weighted(0.8, any::<u32>()), 2..most);
    (2..most, dependencies).prop_map(|(below, dependencies)| {
        let line = |at: usize, first: usize| if at > first { vec![id(at - 1)] } else { Vec::new() };
        let mut vertices: Vec<Vertex> = (0..below)
            .map(|at| Vertex {
                id: id(at),
                down: line(at, 0),
                depends_on: Vec::new(),
                labels: Vec::new(),
            })
            .collect();
        for (step, dependency) in dependencies.into_iter().enumerate() {
            let on =
                if step == 0 { Some(below - 1) } else { dependency.map(|at| at as usize % below) };
            vertices.push(Vertex {
                id: id(below + step),
                down: line(below + step, below),
                depends_on: on.map(|at| id(at).to_string()).into_iter().collect(),
                labels: Vec::new(),
            });
        }
        let alone = id(vertices.len());
        vertices.push(Vertex {
            id: alone,
            down: Vec::new(),
            depends_on: Vec::new(),
            labels: Vec::new(),
        });
        Random { vertices }
    })
}

/// Everything at or below a node, by `next`.
pub(crate) fn closure<'a>(of: &[Node], next: impl Fn(Node) -> &'a [Node]) -> HashSet<Node> {
    let mut seen = HashSet::new();
    let mut work = of.to_vec();
    while let Some(node) = work.pop() {
        if seen.insert(node) {
            work.extend(next(node));
        }
    }
    seen
}

pub(crate) fn ancestors(graph: &Graph, of: &[Node]) -> HashSet<Node> {
    closure(of, |node| graph.lower(node))
}

/// Section 1: dependencies that no strict versioned ancestor lists.
pub(crate) fn normalised(graph: &Graph, node: Node) -> Vec<Node> {
    let resolve = |node: Node| -> Vec<Node> {
        graph.vertex(node).depends_on.iter().filter_map(|name| graph.find(name)).collect()
    };
    let mut below = closure(&[node], |node| graph.parents(node));
    below.remove(&node);
    let listed: HashSet<Node> = below.into_iter().flat_map(resolve).collect();
    let mut kept = Vec::new();
    for dependency in resolve(node) {
        if !listed.contains(&dependency) && !kept.contains(&dependency) {
            kept.push(dependency);
        }
    }
    kept
}

/// Section 3: the labels that hold for each node.
pub(crate) fn labels(graph: &Graph) -> Vec<BTreeSet<String>> {
    let mut all = vec![BTreeSet::new(); graph.len()];
    for node in graph.nodes() {
        for label in graph.declared_labels(node) {
            let above: BTreeSet<Node> =
                closure(&[node], |node| graph.children(node)).into_iter().collect();
            for &at in &above {
                all[at.index()].insert(label.clone());
            }
            let forked = |at: Node| graph.all_children(at).len() > 1 || graph.parents(at).len() > 1;
            if above.iter().any(|&at| forked(at)) {
                continue;
            }
            let mut at = node;
            while let [parent] = graph.parents(at) {
                if forked(*parent) {
                    break;
                }
                all[parent.index()].insert(label.clone());
                at = *parent;
            }
        }
    }
    all
}

/// Section 5: the order, with the ancestors of every slot.
pub(crate) fn newest_first(graph: &Graph, set: &[bool], heads: &[Node]) -> Vec<Node> {
    let mut todo: HashSet<Node> = graph.nodes().filter(|node| set[node.index()]).collect();
    let mut current: Vec<Node> =
        graph.nodes().filter(|node| todo.contains(node) && heads.contains(node)).collect();
    let mut below: Vec<HashSet<Node>> =
        current.iter().map(|&node| ancestors(graph, &[node])).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while !current.is_empty() {
        let node = current[at];
        if let Some(other) =
            (0..current.len()).find(|&other| other != at && below[other].contains(&node))
        {
            at = other;
            continue;
        }
        if todo.remove(&node) {
            out.push(node);
        }
        let add: Vec<Node> = graph
            .lower(node)
            .iter()
            .copied()
            .filter(|lower| todo.contains(lower) && !current.contains(lower))
            .collect();
        if add.is_empty() {
            current.remove(at);
            below.remove(at);
            at = at.saturating_sub(1);
        } else if graph.parents(node).len() == 1 && graph.dependencies(node).is_empty() {
            current[at] = add[0];
            below[at].remove(&node);
        } else {
            current[at] = add[0];
            below[at] = ancestors(graph, &[add[0]]);
            for &lower in &add[1..] {
                current.push(lower);
                below.push(ancestors(graph, &[lower]));
            }
        }
    }
    out
}

/// Section 8, going up, with deviation 10.
pub(crate) fn up(graph: &Graph, rows: &mut BTreeSet<Node>, node: Node) -> Vec<RowOp> {
    let id = |node: Node| graph.id(node).clone();
    let lower = graph.lower(node);
    let others: Vec<Node> = rows.iter().copied().filter(|row| !lower.contains(row)).collect();
    let below = ancestors(graph, &others);
    let from: Vec<Node> =
        lower.iter().copied().filter(|at| rows.contains(at) && !below.contains(at)).collect();
    for row in &from {
        rows.remove(row);
    }
    rows.insert(node);
    replace(
        &from,
        |last| RowOp::Update { from: id(last), to: id(node) },
        |row| RowOp::Delete(id(row)),
    )
    .unwrap_or_else(|| vec![RowOp::Insert(id(node))])
}

/// Section 8, going down.
pub(crate) fn down(graph: &Graph, rows: &mut BTreeSet<Node>, node: Node) -> Vec<RowOp> {
    let id = |node: Node| graph.id(node).clone();
    rows.remove(&node);
    let lower = graph.lower(node);
    let covered = if rows.is_empty() {
        let starts: Vec<Node> = lower.iter().flat_map(|&at| graph.lower(at)).copied().collect();
        ancestors(graph, &starts)
    } else {
        ancestors(graph, &rows.iter().copied().collect::<Vec<_>>())
    };
    let to: Vec<Node> = lower.iter().copied().filter(|at| !covered.contains(at)).collect();
    rows.extend(&to);
    replace(
        &to,
        |last| RowOp::Update { from: id(node), to: id(last) },
        |row| RowOp::Insert(id(row)),
    )
    .unwrap_or_else(|| vec![RowOp::Delete(id(node))])
}

/// The last row is updated, the others are inserted or deleted.
fn replace(
    rows: &[Node],
    last_op: impl Fn(Node) -> RowOp,
    other_op: impl Fn(Node) -> RowOp,
) -> Option<Vec<RowOp>> {
    let (last, others) = rows.split_last()?;
    Some(others.iter().map(|&row| other_op(row)).chain([last_op(*last)]).collect())
}
