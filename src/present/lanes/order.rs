//! The order of rows: newest first, children before parents, one branch after the other.

use super::{EdgeKind, Item, Request};
use crate::revision::Node;

/// Steps that all searches for redundant dependencies may take together; beyond them a redundant
/// dashed edge is drawn, which is not wrong.
const ANCESTRY_BUDGET: usize = 2_000_000;

/// Rows in order and the edges between them, as positions in the order.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    pub(super) items: Vec<Item>,
    /// By row: the parents' rows, in the order in which their lanes are opened.
    pub(super) edges: Vec<Vec<(u32, EdgeKind)>>,
    pub(super) hidden: Vec<u32>,
    pub(super) nodes: usize,
    pub(super) orphans: usize,
}

/// The vertices of a drawing, numbered: nodes first, then orphans.
#[derive(Debug, Default)]
struct Web {
    parents: Vec<Vec<(u32, EdgeKind)>>,
    shown: Vec<bool>,
    current: Vec<u32>,
    on_top: Vec<u32>,
    ids: Vec<String>,
    nodes: usize,
}

pub(super) fn arrange(request: &Request<'_>) -> Arranged {
    arrange_web(web(request))
}

fn web(request: &Request<'_>) -> Web {
    let graph = request.graph;
    let nodes = graph.len();
    let mut parents: Vec<Vec<(u32, EdgeKind)>> = Vec::with_capacity(nodes + request.orphans.len());
    for node in graph.nodes() {
        let down =
            graph.parents(node).iter().enumerate().map(|(i, parent)| {
                (parent.0, if i == 0 { EdgeKind::First } else { EdgeKind::Merge })
            });
        let needs = graph.dependencies(node).iter().map(|needed| (needed.0, EdgeKind::Depends));
        parents.push(down.chain(needs).collect());
    }
    let mut web = Web {
        ids: graph.nodes().map(|node| graph.id(node).as_str().to_owned()).collect(),
        current: request.current.iter().map(|node| node.0).collect(),
        shown: request.shown.map_or_else(|| vec![true; nodes], <[bool]>::to_vec),
        parents,
        nodes,
        ..Web::default()
    };
    web.shown.resize(nodes, true);
    for (index, orphan) in request.orphans.iter().enumerate() {
        let vertex = (nodes + index) as u32;
        web.parents.push(Vec::new());
        web.shown.push(true);
        web.ids.push(String::new());
        for child in &orphan.children {
            if let Some(edges) = web.parents.get_mut(child.index()) {
                let kind = if edges.iter().any(|(_, kind)| *kind == EdgeKind::First) {
                    EdgeKind::Merge
                } else {
                    EdgeKind::First
                };
                edges.push((vertex, kind));
            }
        }
        if orphan.children.is_empty() && orphan.on_top {
            web.on_top.push(vertex);
        }
    }
    web
}

fn arrange_web(mut web: Web) -> Arranged {
    let count = web.parents.len();
    let topological = parents_first(&web.parents);
    let depth = depths(&web.parents, &topological);
    drop_implied(&mut web, &depth);
    let filtered = web.shown.iter().any(|shown| !shown);
    let edges =
        if filtered { elide(&web, &topological, &depth) } else { std::mem::take(&mut web.parents) };

    let rows = emit(&web, &edges, &depth);
    let mut row_of = vec![u32::MAX; count];
    for (row, vertex) in rows.iter().enumerate() {
        row_of[*vertex as usize] = row as u32;
    }
    let hidden = if filtered { count_hidden(&web, &rows) } else { vec![0; rows.len()] };
    let edges = rows
        .iter()
        .enumerate()
        .map(|(row, vertex)| {
            let mut out: Vec<(u32, EdgeKind)> = Vec::new();
            for (parent, kind) in &edges[*vertex as usize] {
                let below = row_of[*parent as usize];
                // An edge upwards belongs to a circle, which the history reports as a problem.
                if below != u32::MAX
                    && below > row as u32
                    && !out.iter().any(|(seen, _)| *seen == below)
                {
                    out.push((below, *kind));
                }
            }
            out
        })
        .collect();
    Arranged {
        items: rows
            .iter()
            .map(|vertex| match (*vertex as usize).checked_sub(web.nodes) {
                Some(orphan) => Item::Orphan(orphan),
                None => Item::Revision(Node(*vertex)),
            })
            .collect(),
        edges,
        hidden,
        nodes: web.nodes,
        orphans: count - web.nodes,
    }
}

/// Every vertex, parents before children; those of a circle last.
fn parents_first(parents: &[Vec<(u32, EdgeKind)>]) -> Vec<u32> {
    let children = children(parents);
    let mut waiting: Vec<u32> = parents.iter().map(|p| p.len() as u32).collect();
    let mut order: Vec<u32> =
        (0..parents.len() as u32).filter(|v| waiting[*v as usize] == 0).collect();
    let mut done = 0;
    while done < order.len() {
        for child in &children[order[done] as usize] {
            let left = &mut waiting[*child as usize];
            *left -= 1;
            if *left == 0 {
                order.push(*child);
            }
        }
        done += 1;
    }
    order.extend((0..parents.len() as u32).filter(|v| waiting[*v as usize] > 0));
    order
}

fn children(parents: &[Vec<(u32, EdgeKind)>]) -> Vec<Vec<u32>> {
    let mut children = vec![Vec::new(); parents.len()];
    for (vertex, edges) in parents.iter().enumerate() {
        for (parent, _) in edges {
            children[*parent as usize].push(vertex as u32);
        }
    }
    children
}

/// The longest way to a base.
fn depths(parents: &[Vec<(u32, EdgeKind)>], parents_first: &[u32]) -> Vec<u32> {
    let mut depth = vec![0_u32; parents.len()];
    for vertex in parents_first {
        let above = parents[*vertex as usize]
            .iter()
            .map(|(p, _)| depth[*p as usize].saturating_add(1))
            .max();
        depth[*vertex as usize] = above.unwrap_or(0);
    }
    depth
}

/// Drops dependencies on what is an ancestor through other edges anyway.
fn drop_implied(web: &mut Web, depth: &[u32]) {
    let mut search = Search::new(web.parents.len(), ANCESTRY_BUDGET);
    for vertex in 0..web.nodes {
        if !web.parents[vertex].iter().any(|(_, kind)| *kind == EdgeKind::Depends) {
            continue;
        }
        let edges = web.parents[vertex].clone();
        let mut kept = edges.clone();
        kept.retain(|(needed, kind)| {
            let others = edges.iter().filter(|(other, _)| other != needed).map(|(other, _)| *other);
            *kind != EdgeKind::Depends || !search.reaches(&web.parents, depth, others, *needed)
        });
        web.parents[vertex] = kept;
    }
}

/// Looks for ancestors, never below the depth of what it looks for, with a budget over all searches.
struct Search {
    seen: Vec<u32>,
    stamp: u32,
    budget: usize,
}

impl Search {
    fn new(vertices: usize, budget: usize) -> Self {
        Self { seen: vec![0; vertices], stamp: 0, budget }
    }

    fn reaches(
        &mut self,
        parents: &[Vec<(u32, EdgeKind)>],
        depth: &[u32],
        from: impl Iterator<Item = u32>,
        target: u32,
    ) -> bool {
        self.stamp += 1;
        let mut stack: Vec<u32> = from.collect();
        while let Some(vertex) = stack.pop() {
            if vertex == target {
                return true;
            }
            let index = vertex as usize;
            if self.budget == 0
                || self.seen[index] == self.stamp
                || depth[index] <= depth[target as usize]
            {
                continue;
            }
            self.budget -= 1;
            self.seen[index] = self.stamp;
            stack.extend(parents[index].iter().map(|(parent, _)| *parent));
        }
        false
    }
}

/// The edges between shown vertices: their own, and dashed ones through hidden vertices to the
/// nearest shown ancestors.
fn elide(web: &Web, parents_first: &[u32], depth: &[u32]) -> Vec<Vec<(u32, EdgeKind)>> {
    use std::rc::Rc;
    let mut edges: Vec<Vec<(u32, EdgeKind)>> = vec![Vec::new(); web.parents.len()];
    // For hidden vertices: the nearest shown ancestors. Runs share one list.
    let mut nearest: Vec<Rc<[u32]>> = vec![Rc::from([]); web.parents.len()];
    let mut search = Search::new(web.parents.len(), ANCESTRY_BUDGET);
    for vertex in parents_first {
        let index = *vertex as usize;
        let own = &web.parents[index];
        if web.shown[index] {
            let mut out: Vec<(u32, EdgeKind)> = Vec::new();
            for (parent, kind) in own {
                if web.shown[*parent as usize] {
                    out.retain(|(seen, _)| seen != parent);
                    out.push((*parent, *kind));
                } else {
                    for ancestor in nearest[*parent as usize].iter() {
                        if !out.iter().any(|(seen, _)| seen == ancestor) {
                            out.push((*ancestor, EdgeKind::Elided));
                        }
                    }
                }
            }
            if out.len() > 1 {
                let all = out.clone();
                out.retain(|(target, kind)| {
                    let others =
                        all.iter().filter(|(other, _)| other != target).map(|(other, _)| *other);
                    *kind != EdgeKind::Elided || !search.reaches(&edges, depth, others, *target)
                });
            }
            edges[index] = out;
        } else if let [(only, _)] = own.as_slice() {
            nearest[index] = if web.shown[*only as usize] {
                Rc::from([*only])
            } else {
                Rc::clone(&nearest[*only as usize])
            };
        } else {
            let mut found: Vec<u32> = Vec::new();
            for (parent, _) in own {
                if web.shown[*parent as usize] {
                    found.push(*parent);
                } else {
                    found.extend(nearest[*parent as usize].iter());
                }
            }
            found.sort_unstable();
            found.dedup();
            nearest[index] = Rc::from(found);
        }
    }
    edges
}

/// How many hidden vertices each row leads to that no row above leads to.
fn count_hidden(web: &Web, rows: &[u32]) -> Vec<u32> {
    let mut counted = vec![false; web.parents.len()];
    rows.iter()
        .map(|vertex| {
            let mut stack: Vec<u32> =
                web.parents[*vertex as usize].iter().map(|(p, _)| *p).collect();
            let mut count = 0;
            while let Some(vertex) = stack.pop() {
                let index = vertex as usize;
                if web.shown[index] || counted[index] {
                    continue;
                }
                counted[index] = true;
                count += 1;
                stack.extend(web.parents[index].iter().map(|(parent, _)| *parent));
            }
            count
        })
        .collect()
}

/// Depth-first from the heads over the shown vertices; a vertex comes when its last child has come.
/// Of several parents the first comes last, so that the trunk keeps its lane and side branches end early.
fn emit(web: &Web, edges: &[Vec<(u32, EdgeKind)>], depth: &[u32]) -> Vec<u32> {
    let mut waiting = vec![0_u32; edges.len()];
    for (parent, _) in edges.iter().flatten() {
        waiting[*parent as usize] += 1;
    }
    let above_current = descendants(edges, &web.parents, &web.current);
    let mut heads: Vec<u32> = (0..edges.len() as u32)
        .filter(|v| web.shown[*v as usize] && waiting[*v as usize] == 0)
        .collect();
    heads.sort_by_key(|vertex| {
        let index = *vertex as usize;
        let orphan = index >= web.nodes;
        let place = match (orphan, web.on_top.contains(vertex)) {
            (true, true) => 0,
            (true, false) => 3,
            (false, _) => 2 - u8::from(above_current[index]),
        };
        (place, std::cmp::Reverse(depth[index]), &web.ids[index], *vertex)
    });
    let mut rows = Vec::with_capacity(edges.len());
    let mut emitted = vec![false; edges.len()];
    let mut stack: Vec<u32> = heads.into_iter().rev().collect();
    let mut rest = 0..edges.len() as u32;
    loop {
        // What is left when the stack is empty stands in a circle: begin anywhere in it.
        let Some(vertex) = stack
            .pop()
            .or_else(|| rest.by_ref().find(|v| web.shown[*v as usize] && !emitted[*v as usize]))
        else {
            return rows;
        };
        if std::mem::replace(&mut emitted[vertex as usize], true) {
            continue;
        }
        rows.push(vertex);
        for (parent, _) in &edges[vertex as usize] {
            let left = &mut waiting[*parent as usize];
            *left = left.saturating_sub(1);
            if *left == 0 && !emitted[*parent as usize] {
                stack.push(*parent);
            }
        }
    }
}

/// The closure over children of `of`, itself included; hidden vertices count as steps.
fn descendants(
    edges: &[Vec<(u32, EdgeKind)>],
    full: &[Vec<(u32, EdgeKind)>],
    of: &[u32],
) -> Vec<bool> {
    let children = children(if full.is_empty() { edges } else { full });
    let mut inside = vec![false; edges.len()];
    let mut stack: Vec<u32> = of.iter().copied().filter(|v| (*v as usize) < edges.len()).collect();
    while let Some(vertex) = stack.pop() {
        if !std::mem::replace(&mut inside[vertex as usize], true) {
            stack.extend(&children[vertex as usize]);
        }
    }
    inside
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A graph by names: `child: parent parent ~dependency`, one line each; `!` before a name hides
    /// it, `@` makes it current. Named ones are numbered in the order of their lines.
    pub(crate) fn arranged(text: &str) -> (Arranged, Vec<String>) {
        let lines: Vec<(&str, &str)> = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .map(|l| l.split_once(':').unwrap())
            .collect();
        let names: Vec<String> =
            lines.iter().map(|(name, _)| name.trim_matches(['!', '@', ' ']).to_owned()).collect();
        let find = |name: &str| names.iter().position(|n| n == name).unwrap() as u32;
        let parents = lines
            .iter()
            .map(|(_, list)| {
                let mut first = true;
                list.split_whitespace()
                    .map(|name| match name.strip_prefix('~') {
                        Some(needed) => (find(needed), EdgeKind::Depends),
                        None if std::mem::replace(&mut first, false) => {
                            (find(name), EdgeKind::First)
                        }
                        None => (find(name), EdgeKind::Merge),
                    })
                    .collect()
            })
            .collect();
        let web = Web {
            parents,
            shown: lines.iter().map(|(name, _)| !name.contains('!')).collect(),
            current: lines
                .iter()
                .enumerate()
                .filter(|(_, (n, _))| n.contains('@'))
                .map(|(i, _)| i as u32)
                .collect(),
            on_top: Vec::new(),
            nodes: names.len(),
            ids: names.clone(),
        };
        (arrange_web(web), names)
    }

    pub(crate) fn from_parents(
        parents: Vec<Vec<(u32, EdgeKind)>>,
        shown: Vec<bool>,
        current: Vec<u32>,
    ) -> Arranged {
        let nodes = parents.len();
        let ids = (0..nodes).map(|i| format!("{i:08}")).collect();
        arrange_web(Web { parents, shown, current, on_top: Vec::new(), ids, nodes })
    }
}
