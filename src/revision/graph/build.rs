//! From declared revisions to a graph: names resolved, cycles cut, everything wrong written down.

use std::collections::{HashMap, HashSet};

use super::{Adjacency, Fault, Graph, Node, RevisionId, Vertex, label, normal};

impl Graph {
    /// Builds the graph of these revisions, in load order, and lists what is wrong with them.
    ///
    /// Faults come in the order Alembic would meet them: self loops and bad ids, duplicate ids,
    /// labels, missing names, cycles. The graph leaves the offending edges (or second revisions)
    /// out and is sound in itself.
    pub fn build(vertices: Vec<Vertex>) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        let (vertices, by_id) = distinct(vertices, &mut faults);
        let by_label = labels(&vertices, &by_id, &mut faults);
        let (mut down, mut deps) = edges(&vertices, &by_id, &by_label, &mut faults);

        for members in cycles(&down) {
            cut(&mut down, &members);
            faults.push(Fault::Cycle(members));
        }
        let joined: Vec<Vec<Node>> = down.iter().zip(&deps).map(|(a, b)| join(a, b)).collect();
        for members in cycles(&joined) {
            cut(&mut down, &members);
            cut(&mut deps, &members);
            faults.push(Fault::DependencyCycle(members));
        }

        let parents = Adjacency::collect(down.iter().map(|list| list.iter().copied()));
        let all_lower = Adjacency::collect(down.iter().zip(&deps).map(|(a, b)| join(a, b)));
        let children = parents.reversed();
        let all_children = all_lower.reversed();
        let upward = upward(&all_lower, &all_children, vertices.len());
        let dependencies = normal::dependencies(&upward, &parents, &deps);
        let lower = Adjacency::collect(
            down.iter().enumerate().map(|(at, list)| join(list, dependencies.of(Node(at as u32)))),
        );
        let mut graph = Self {
            vertices,
            by_id,
            by_label,
            parents,
            dependencies,
            lower,
            all_lower,
            children,
            all_children,
            labels: Vec::new(),
            upward,
            short: Vec::new(),
        };
        graph.short = short(&graph);
        graph.labels = label::spread(&graph);
        (graph, faults)
    }
}

/// Keeps the first revision of each id, and checks ids and self loops.
fn distinct(
    vertices: Vec<Vertex>,
    faults: &mut Vec<Fault>,
) -> (Vec<Vertex>, HashMap<RevisionId, Node>) {
    let mut kept: Vec<Vertex> = Vec::with_capacity(vertices.len());
    let mut by_id = HashMap::with_capacity(vertices.len());
    let mut duplicates = Vec::new();
    for (place, vertex) in vertices.into_iter().enumerate() {
        let node = Node(kept.len() as u32);
        if let Some(&first) = by_id.get(&vertex.id) {
            duplicates.push(Fault::DuplicateId(first, place));
            continue;
        }
        if vertex.down.contains(&vertex.id) {
            faults.push(Fault::SelfLoop(node));
        } else if vertex.depends_on.iter().any(|name| name == vertex.id.as_str()) {
            faults.push(Fault::DependencySelfLoop(node));
        }
        let illegal = RevisionId::illegal(vertex.id.as_str());
        if !illegal.is_empty() {
            faults.push(Fault::IllegalId(node, illegal));
        }
        by_id.insert(vertex.id.clone(), node);
        kept.push(vertex);
    }
    faults.append(&mut duplicates);
    (kept, by_id)
}

/// Which node each label stands for: the first that declares it, and never one that is also an id.
fn labels(
    vertices: &[Vertex],
    by_id: &HashMap<RevisionId, Node>,
    faults: &mut Vec<Fault>,
) -> HashMap<String, Node> {
    let mut by_label: HashMap<String, Node> = HashMap::new();
    for (second, vertex) in vertices.iter().enumerate() {
        let second = Node(second as u32);
        for label in &vertex.labels {
            if !RevisionId::illegal(label).is_empty() || RESERVED.contains(&label.as_str()) {
                faults.push(Fault::IllegalLabel(second, label.clone()));
                continue;
            }
            match by_id.get(label.as_str()).or_else(|| by_label.get(label)) {
                Some(&first) => {
                    faults.push(Fault::DuplicateLabel { label: label.clone(), first, second });
                }
                None => {
                    by_label.insert(label.clone(), second);
                }
            }
        }
    }
    by_label
}

/// Words of the target grammar, which a label would hide.
const RESERVED: [&str; 4] = ["head", "heads", "base", "current"];

type Edges = Vec<Vec<Node>>;

/// Parents and dependencies by node, each once, in declared order.
fn edges(
    vertices: &[Vertex],
    by_id: &HashMap<RevisionId, Node>,
    by_label: &HashMap<String, Node>,
    faults: &mut Vec<Fault>,
) -> (Edges, Edges) {
    let mut down: Edges = Vec::with_capacity(vertices.len());
    let mut deps: Edges = Vec::with_capacity(vertices.len());
    for (at, vertex) in vertices.iter().enumerate() {
        let node = Node(at as u32);
        let mut list = Vec::with_capacity(vertex.down.len());
        for id in &vertex.down {
            match by_id.get(id) {
                Some(&parent) if parent == node => {}
                Some(&parent) => list.push(parent),
                None => faults.push(Fault::MissingParent(node, id.clone())),
            }
        }
        down.push(distinct_nodes(list));
        let mut list = Vec::with_capacity(vertex.depends_on.len());
        for name in &vertex.depends_on {
            match by_id.get(name.as_str()).or_else(|| by_label.get(name)) {
                Some(&lower) if lower == node => {}
                Some(&lower) => list.push(lower),
                None => faults.push(Fault::MissingDependency(node, name.clone())),
            }
        }
        deps.push(distinct_nodes(list));
    }
    (down, deps)
}

/// Each node once, where it comes first.
fn distinct_nodes(mut list: Vec<Node>) -> Vec<Node> {
    if list.len() > 1 {
        let mut seen = HashSet::with_capacity(list.len());
        list.retain(|&node| seen.insert(node));
    }
    list
}

fn join(first: &[Node], second: &[Node]) -> Vec<Node> {
    let all = first.to_vec();
    if second.is_empty() {
        return all;
    }
    distinct_nodes(all.into_iter().chain(second.iter().copied()).collect())
}

/// Removes the edges among `members` that lead from an earlier revision to a later one: what is
/// left only leads back in load order and cannot be a circle.
fn cut(edges: &mut Edges, members: &[Node]) {
    let inside: HashSet<Node> = members.iter().copied().collect();
    for &from in members {
        edges[from.index()].retain(|to| *to < from || !inside.contains(to));
    }
}

/// The groups of nodes that reach each other (Tarjan's algorithm with a stack of its own), each
/// sorted, in order of their first member.
fn cycles(edges: &Edges) -> Vec<Vec<Node>> {
    const NEW: u32 = u32::MAX;
    let count = edges.len();
    let mut number = vec![NEW; count];
    let mut low = vec![0_u32; count];
    let mut open = vec![false; count];
    let mut path: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    let mut counter = 0;
    let mut work: Vec<(usize, usize)> = Vec::new();
    for start in 0..count {
        if number[start] != NEW {
            continue;
        }
        work.push((start, 0));
        while let Some((at, edge)) = work.pop() {
            if edge == 0 {
                number[at] = counter;
                low[at] = counter;
                counter += 1;
                open[at] = true;
                path.push(at);
            } else {
                let before = edges[at][edge - 1].index();
                low[at] = low[at].min(low[before]);
            }
            let mut next = edge;
            let mut descend = None;
            while let Some(to) = edges[at].get(next).map(|to| to.index()) {
                next += 1;
                if number[to] == NEW {
                    descend = Some(to);
                    break;
                }
                if open[to] {
                    low[at] = low[at].min(number[to]);
                }
            }
            if let Some(to) = descend {
                work.push((at, next));
                work.push((to, 0));
                continue;
            }
            if low[at] == number[at] {
                let mut group = Vec::new();
                while let Some(member) = path.pop() {
                    open[member] = false;
                    group.push(Node(member as u32));
                    if member == at {
                        break;
                    }
                }
                if group.len() > 1 {
                    group.sort_unstable();
                    found.push(group);
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// Kahn's order, the oldest in load order first among the ready.
fn upward(lower: &Adjacency, above: &Adjacency, count: usize) -> Vec<Node> {
    let mut missing: Vec<u32> =
        (0..count as u32).map(|at| lower.of(Node(at)).len() as u32).collect();
    let mut order: Vec<Node> =
        (0..count as u32).map(Node).filter(|node| missing[node.index()] == 0).collect();
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        at += 1;
        for &next in above.of(node) {
            missing[next.index()] -= 1;
            if missing[next.index()] == 0 {
                order.push(next);
            }
        }
    }
    order
}

/// Characters of an id that lists show when that is enough to tell it apart.
const SHOWN: usize = 12;

/// How many bytes of each id to show: neighbours in sorted order share the longest beginnings.
fn short(graph: &Graph) -> Vec<u32> {
    let mut sorted: Vec<Node> = graph.nodes().collect();
    sorted.sort_unstable_by_key(|&node| graph.id(node));
    let text = |at: usize| sorted.get(at).map(|&node| graph.id(node).as_str());
    let mut short = vec![0_u32; graph.len()];
    for (at, &node) in sorted.iter().enumerate() {
        let id = graph.id(node).as_str();
        let shared = [at.checked_sub(1), Some(at + 1)]
            .into_iter()
            .flatten()
            .filter_map(text)
            .map(|other| id.chars().zip(other.chars()).take_while(|(a, b)| a == b).count())
            .max()
            .unwrap_or_default();
        let wanted = SHOWN.max(shared + 1);
        let end = id.char_indices().nth(wanted).map_or(id.len(), |(at, _)| at);
        short[node.index()] = end as u32;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(ids: &[&str]) -> Graph {
        let vertex = |id: &&str| Vertex {
            id: RevisionId::new(*id),
            down: Vec::new(),
            depends_on: Vec::new(),
            labels: Vec::new(),
        };
        Graph::build(ids.iter().map(vertex).collect()).0
    }

    #[test]
    fn lists_show_enough_of_an_id_to_tell_it_apart() {
        let graph = graph(&[
            "9584caadb170",
            "2026_11_22_add_users",
            "2026_11_22_add_tables",
            "ü".repeat(20).as_str(),
        ]);
        let shown: Vec<&str> = graph.nodes().map(|node| graph.short_id(node)).collect();
        assert_eq!(shown, ["9584caadb170", "2026_11_22_add_u", "2026_11_22_add_t", "üüüüüüüüüüüü"]);
    }

    #[test]
    fn a_circle_is_cut_and_everything_else_stays() {
        let vertex = |id: &str, down: &[&str]| Vertex {
            id: RevisionId::new(id),
            down: down.iter().map(|id| RevisionId::new(*id)).collect(),
            depends_on: Vec::new(),
            labels: Vec::new(),
        };
        let (graph, faults) = Graph::build(vec![
            vertex("a", &[]),
            vertex("b", &["a", "d"]),
            vertex("c", &["b"]),
            vertex("d", &["c"]),
            vertex("e", &["d", "gone", "e"]),
        ]);
        assert_eq!(
            faults,
            [
                Fault::SelfLoop(Node(4)),
                Fault::MissingParent(Node(4), RevisionId::new("gone")),
                Fault::Cycle(vec![Node(1), Node(2), Node(3)]),
            ]
        );
        assert_eq!(graph.upward().len(), 5);
        assert_eq!(graph.parents(Node(1)), [Node(0)]);
        assert_eq!(graph.parents(Node(4)), [Node(3)]);
    }
}
