//! Sorting: a topological order that is always the same, and the circles where there is none.
//!
//! Nodes are numbers; what they stand for is the caller's business.

use std::{cmp::Reverse, collections::BinaryHeap};

/// A graph of `n` nodes; an edge says that one comes before another.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    after: Vec<Vec<u32>>,
    waiting: Vec<u32>,
}

impl Graph {
    /// Makes a graph without edges.
    pub(super) fn new(n: usize) -> Self {
        Self { after: vec![Vec::new(); n], waiting: vec![0; n] }
    }

    /// Makes room for nodes up to the number `n`: halts, which stand for nothing.
    pub(super) fn grow(&mut self, n: usize) {
        self.after.resize(n, Vec::new());
        self.waiting.resize(n, 0);
    }

    /// Says that `first` comes before `then`. Edges of a node to itself are ignored, and saying
    /// it twice does no harm.
    pub(super) fn edge(&mut self, first: usize, then: usize) {
        if first != then {
            self.after[first].push(then as u32);
            self.waiting[then] += 1;
        }
    }

    /// The nodes in order: of those that nothing holds back, the one with the least `rank` comes
    /// first. On a circle, the nodes that it holds back are returned as the error.
    pub(super) fn sort<R: Ord>(&self, rank: impl Fn(usize) -> R) -> Result<Vec<usize>, Vec<usize>> {
        let mut waiting = self.waiting.clone();
        let mut ready: BinaryHeap<Reverse<(R, usize)>> = (0..waiting.len())
            .filter(|n| waiting[*n] == 0)
            .map(|n| Reverse((rank(n), n)))
            .collect();
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(Reverse((_, node))) = ready.pop() {
            order.push(node);
            for next in &self.after[node] {
                let next = *next as usize;
                waiting[next] -= 1;
                if waiting[next] == 0 {
                    ready.push(Reverse((rank(next), next)));
                }
            }
        }
        if order.len() == waiting.len() {
            return Ok(order);
        }
        Err((0..waiting.len()).filter(|n| waiting[*n] > 0).collect())
    }

    /// The circles among `nodes`: each a set of nodes that all reach each other, sorted.
    ///
    /// Tarjan's algorithm, without recursion: chains of dependencies may be long.
    pub(super) fn circles(&self, nodes: &[usize]) -> Vec<Vec<usize>> {
        const NEW: u32 = u32::MAX;
        let n = self.after.len();
        let (mut index, mut low) = (vec![NEW; n], vec![0_u32; n]);
        let (mut on_stack, mut stack) = (vec![false; n], Vec::new());
        let (mut next_index, mut found) = (0_u32, Vec::new());
        for &start in nodes {
            if index[start] != NEW {
                continue;
            }
            let mut path = vec![(start, 0)];
            while let Some((node, at)) = path.pop() {
                if at == 0 {
                    index[node] = next_index;
                    low[node] = next_index;
                    next_index += 1;
                    stack.push(node);
                    on_stack[node] = true;
                }
                if let Some(next) = self.after[node].get(at) {
                    let next = *next as usize;
                    path.push((node, at + 1));
                    if index[next] == NEW {
                        path.push((next, 0));
                    } else if on_stack[next] {
                        low[node] = low[node].min(index[next]);
                    }
                    continue;
                }
                if let Some((parent, _)) = path.last() {
                    low[*parent] = low[*parent].min(low[node]);
                }
                if low[node] == index[node] {
                    let from = stack.iter().rposition(|s| *s == node).unwrap_or(0);
                    let mut circle = stack.split_off(from);
                    for member in &circle {
                        on_stack[*member] = false;
                    }
                    if circle.len() > 1 {
                        circle.sort_unstable();
                        found.push(circle);
                    }
                }
            }
        }
        found.sort();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(n: usize, edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new(n);
        for (a, b) in edges {
            graph.edge(*a, *b);
        }
        graph
    }

    #[test]
    fn least_rank_first_among_the_ready() {
        let g = graph(5, &[(4, 0), (0, 1), (4, 3)]);
        assert_eq!(g.sort(|n| n).unwrap(), [2, 4, 0, 1, 3]);
        assert_eq!(g.sort(Reverse).unwrap(), [4, 3, 2, 0, 1]);
    }

    #[test]
    fn circles_are_found_and_nothing_else() {
        let g = graph(7, &[(0, 1), (1, 2), (2, 1), (2, 3), (4, 5), (5, 6), (6, 4), (3, 4)]);
        let stuck = g.sort(|n| n).unwrap_err();
        assert_eq!(stuck, [1, 2, 3, 4, 5, 6]);
        assert_eq!(g.circles(&stuck), [vec![1, 2], vec![4, 5, 6]]);
    }

    #[test]
    fn long_chains_need_no_deep_stack() {
        let n = 200_000;
        let mut g = graph(n, &(1..n).map(|i| (i - 1, i)).collect::<Vec<_>>());
        assert_eq!(g.sort(|n| n).unwrap().len(), n);
        g.edge(n - 1, 0);
        assert_eq!(g.circles(&[0]).len(), 1);
    }
}
