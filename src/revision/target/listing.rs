//! What the version rows stand for: `current`.

use super::{Graph, Node, RevisionId};

/// Tips of what these rows have applied (`current`), sorted, and the rows that no file knows.
pub fn current(graph: &Graph, rows: &[RevisionId]) -> (Vec<Node>, Vec<RevisionId>) {
    let (known, unknown) = known(graph, rows);
    let mut tips = tips(graph, &known);
    tips.sort_by(|&one, &other| graph.id(one).cmp(graph.id(other)));
    (tips, unknown)
}

/// Whether everything there is has been applied: every head at or below a row. A head that another
/// branch depends on has no row of its own and counts as applied with that branch.
pub fn at_heads(graph: &Graph, rows: &[RevisionId]) -> bool {
    let (known, unknown) = known(graph, rows);
    let applied = graph.ancestors(&known);
    unknown.is_empty() && graph.heads().into_iter().all(|head| applied[head.index()])
}

/// Splits rows into nodes and those that no file knows.
fn known(graph: &Graph, rows: &[RevisionId]) -> (Vec<Node>, Vec<RevisionId>) {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for row in rows {
        match graph.find(row.as_str()) {
            Some(node) => known.push(node),
            None => unknown.push(row.clone()),
        }
    }
    (known, unknown)
}

/// Tips over `next` of everything at or below the rows, in load order.
pub(super) fn tips(graph: &Graph, rows: &[Node]) -> Vec<Node> {
    let applied = graph.ancestors(rows);
    Graph::members(&applied)
        .filter(|&node| graph.children(node).iter().all(|child| !applied[child.index()]))
        .collect()
}
