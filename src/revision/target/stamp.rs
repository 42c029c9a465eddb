//! `stamp SPEC…`: version rows without running anything.

use std::collections::BTreeSet;

use super::{
    Graph, Node, Plan, RevisionId, TargetError,
    error::ids,
    resolve::{Names, rows as row_nodes},
    spec::{Symbol, split_first},
    upgrade::not_empty,
    walk::Place,
};
use crate::{
    code::Code,
    revision::{Direction, Move, RowOp},
};

/// Plans `stamp SPEC…`; with `purge` the rows are taken as none after deleting them all.
pub fn stamp(
    graph: &Graph,
    rows: &[RevisionId],
    specs: &[&str],
    purge: bool,
) -> Result<Plan, TargetError> {
    let rows = if purge { &[] } else { rows };
    let current = row_nodes(graph, rows)?;
    let mut selected = Vec::new();
    let mut goals = Vec::new();
    for &spec in specs {
        check(graph, spec, !current.is_empty())?;
    }
    for &spec in specs {
        let selection = Selection::of(graph, spec)?;
        for &row in &current {
            if !selected.contains(&row) && selection.has(row) {
                selected.push(row);
            }
        }
        goals.extend(selection.goals);
    }
    let mut steps = Steps { graph, rows: rows.iter().cloned().collect(), moves: Vec::new() };
    if goals.is_empty() {
        for &row in &selected {
            steps.push(None, Direction::Down, vec![RowOp::Delete(graph.id(row).clone())]);
        }
    }
    let mut done = BTreeSet::new();
    for &goal in goals.iter().filter(|&&goal| done.insert(goal)) {
        steps.reach(goal, &selected)?;
    }
    Ok(Plan { before: rows.to_vec(), moves: steps.moves })
}

/// Looks at a destination before any is resolved: whether it means several heads and, where there
/// are rows to choose from, whether it means anything.
fn check(graph: &Graph, spec: &str, has_rows: bool) -> Result<(), TargetError> {
    not_empty(spec)?;
    let names = Names::new(graph);
    let (label, symbol) = split_first(spec);
    match Symbol::parse(symbol) {
        Symbol::Head => {
            names.one_in(symbol, names.maybe_branch(label)?.as_ref(), spec)?;
        }
        Symbol::Name(name) if has_rows && name.starts_with(['-', '+']) => {
            return Err(TargetError::new(
                "no_such_revision",
                Code::BadTarget,
                format!(
                    "`{spec}` counts from the heads of the files, which says nothing about the version rows"
                ),
                Some("name the revision by its id".to_owned()),
            ));
        }
        _ if has_rows => names.check_symbol(symbol)?,
        _ => {}
    }
    Ok(())
}

/// What one destination means, and which rows it is about.
struct Selection {
    goals: Vec<Node>,
    /// Everything that shares lineage with it, dependencies included; none means all rows.
    lineage: Option<Vec<bool>>,
}

impl Selection {
    fn of(graph: &Graph, spec: &str) -> Result<Self, TargetError> {
        let names = Names::new(graph);
        let (label, _) = split_first(spec);
        let goals: Vec<Node> = names
            .places(spec)?
            .into_iter()
            .filter_map(|place| if let Some(Place::At(node)) = place { Some(node) } else { None })
            .collect();
        let mut about = goals.clone();
        if let Some(branch) = names.maybe_branch(label)? {
            about.push(branch.node);
        }
        let lineage = (!about.is_empty()).then(|| graph.wide_lineage(&about));
        Ok(Self { goals, lineage })
    }

    fn has(&self, row: Node) -> bool {
        self.lineage.as_ref().is_none_or(|lineage| lineage[row.index()])
    }
}

struct Steps<'a> {
    graph: &'a Graph,
    rows: BTreeSet<RevisionId>,
    moves: Vec<Move>,
}

impl Steps<'_> {
    /// Brings the selected rows to one destination.
    fn reach(&mut self, goal: Node, selected: &[Node]) -> Result<(), TargetError> {
        if selected.contains(&goal) {
            return Ok(());
        }
        let graph = self.graph;
        let above = graph.descendants(&[goal]);
        let below = graph.ancestors(&[goal]);
        let downward = selected.iter().any(|row| above[row.index()]);
        let upward = selected.iter().any(|row| below[row.index()]);
        let insert = vec![RowOp::Insert(graph.id(goal).clone())];
        if !downward && !upward {
            self.push(Some(goal), Direction::Up, insert);
            return Ok(());
        }
        let there: Vec<Node> =
            selected.iter().copied().filter(|&row| self.rows.contains(graph.id(row))).collect();
        if downward && upward {
            return Err(nonsense(format!(
                "`{}` cannot be stamped over {}: some are above it, some below",
                graph.id(goal),
                ids(graph, selected)
            )));
        }
        if downward {
            if there.len() < selected.len() {
                return Err(nonsense(format!(
                    "`{}` cannot be stamped as well: the rows above it were moved to another destination",
                    graph.id(goal)
                )));
            }
            self.replace(goal, Direction::Down, &there);
        } else if there.len() < selected.len() {
            self.push(Some(goal), Direction::Up, insert);
        } else {
            self.replace(goal, Direction::Up, &there);
        }
        Ok(())
    }

    fn replace(&mut self, goal: Node, direction: Direction, rows: &[Node]) {
        let graph = self.graph;
        let id = |node: Node| graph.id(node).clone();
        if let Some((last, others)) = rows.split_last() {
            let ops = others
                .iter()
                .map(|&other| RowOp::Delete(id(other)))
                .chain([RowOp::Update { from: id(*last), to: id(goal) }])
                .collect();
            self.push(Some(goal), direction, ops);
        }
    }

    fn push(&mut self, node: Option<Node>, direction: Direction, rows: Vec<RowOp>) {
        for op in &rows {
            op.apply(&mut self.rows);
        }
        self.moves.push(Move { node, direction, rows });
    }
}

fn nonsense(message: String) -> TargetError {
    TargetError::new(
        "overlap",
        Code::BadTarget,
        message,
        Some("stamp with `--purge` to start from no rows".to_owned()),
    )
}
