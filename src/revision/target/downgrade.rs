//! `downgrade SPEC`.

use super::{
    Graph, Node, Plan, RevisionId, TargetError,
    error::{ids, too_far},
    listing::tips,
    resolve::{Branch, Names, rows as row_nodes},
    spec::{Relative, Spec, split_last},
    upgrade::{no_range, not_empty, ways},
    walk::{Place, walk},
};
use crate::{
    code::Code,
    revision::{moves::Rows, order},
};

/// Plans `downgrade SPEC` from these version rows.
///
/// Everything above the target goes, also what only depends on it; what the removed revisions
/// depend on stays.
pub fn downgrade(graph: &Graph, rows: &[RevisionId], spec: &str) -> Result<Plan, TargetError> {
    no_range(spec)?;
    let goal = goal(graph, rows, spec)?;
    let roots = roots(graph, &goal, spec)?;
    let current = row_nodes(graph, rows)?;
    let applied = graph.ancestors(&current);
    let mut leaving = graph.descendants(&roots);
    for (leaving, applied) in leaving.iter_mut().zip(&applied) {
        *leaving &= applied;
    }
    if let Place::At(target) = goal.target
        && !leaving.contains(&true)
        && !current.contains(&target)
    {
        let at = if current.is_empty() {
            "at the base".to_owned()
        } else {
            format!("at {}", ids(graph, &current))
        };
        return Err(not_a_target(format!(
            "`{spec}` is no place to downgrade to: nothing above it is applied (the database is {at})"
        )));
    }
    let order = order::newest_first(graph, &leaving, &current);
    let mut rows = Rows::downward(graph, &current, applied, &order);
    let moves = order.iter().map(|&node| rows.down(node)).collect();
    Ok(Plan { before: current.iter().map(|&node| graph.id(node).clone()).collect(), moves })
}

fn not_a_target(message: String) -> TargetError {
    TargetError::new(
        "not_a_downgrade_target",
        Code::BadTarget,
        message,
        Some("`limbeck history -i` shows what is applied".to_owned()),
    )
}

/// Where to go, and which branch alone shall move when several could.
struct Goal<'a> {
    target: Place,
    branch: Option<Branch<'a>>,
    /// The version row that steps were counted from: the branch where the label itself is no help,
    /// because its branch forks above it.
    row: Option<Node>,
    /// `label@base`, which leaves what the branch shares with others.
    whole_branch: bool,
}

fn goal<'a>(graph: &Graph, rows: &[RevisionId], spec: &'a str) -> Result<Goal<'a>, TargetError> {
    let names = Names::new(graph);
    match Spec::parse(spec) {
        Spec::Relative(relative) => descend(graph, rows, relative, spec),
        Spec::Absolute(text) => {
            not_empty(text)?;
            let (label, symbol) = split_last(text);
            let target = names.one_in(symbol, None, spec)?.map_or(Place::Base, Place::At);
            let branch = names.maybe_branch(label)?;
            let whole_branch = branch.is_some() && target == Place::Base;
            Ok(Goal { target, branch, row: None, whole_branch })
        }
    }
}

fn descend<'a>(
    graph: &Graph,
    rows: &[RevisionId],
    Relative { label, symbol, steps }: Relative<'a>,
    spec: &'a str,
) -> Result<Goal<'a>, TargetError> {
    if symbol.is_none() && steps >= 0 {
        return Err(too_far(spec, steps, 0)
            .with_hint("a downgrade goes down: write `-N`, or use `limbeck upgrade`"));
    }
    let names = Names::new(graph);
    let branch = names.maybe_branch(label)?;
    let goal = |target, branch, row| Goal { target, branch, row, whole_branch: false };
    match symbol {
        Some(symbol) if steps >= 0 => {
            let start = Place::of(names.one_in(symbol, None, spec)?);
            match walk(graph, start, steps, branch.as_ref(), spec)?.or_too_far(spec, steps)? {
                Place::Nowhere => Err(too_far(spec, steps, 0)),
                target => Ok(goal(target, branch, None)),
            }
        }
        Some(symbol) => {
            let start = Place::of(names.one_in(symbol, branch.as_ref(), spec)?);
            let target = walk(graph, start, steps, None, spec)?.or_too_far(spec, steps)?;
            Ok(goal(target, branch, None))
        }
        None => {
            let row = start(graph, &row_nodes(graph, rows)?, branch.as_ref(), spec, steps)?;
            let target = walk(graph, Place::At(row), steps, None, spec)?.or_too_far(spec, steps)?;
            Ok(goal(target, branch, Some(row)))
        }
    }
}

/// The one row that `[L@]-N` counts from. Never a guess by the order of the rows.
fn start(
    graph: &Graph,
    current: &[Node],
    branch: Option<&Branch<'_>>,
    spec: &str,
    steps: i64,
) -> Result<Node, TargetError> {
    let starts = match branch {
        None => current.to_vec(),
        Some(branch) => {
            let rows = branch.filter(current);
            if rows.is_empty() { branch.filter(&tips(graph, current)) } else { rows }
        }
    };
    match starts.as_slice() {
        [one] => Ok(*one),
        [] => Err(too_far(spec, steps, 0).with_hint(match branch {
            Some(branch) => format!("nothing of the branch `{}` is applied", branch.label),
            None => "nothing is applied".to_owned(),
        })),
        several => Err(TargetError::new(
            "ambiguous_walk",
            Code::MultipleHeads,
            format!("`{spec}` is ambiguous: the database is at {}", ids(graph, several)),
            Some(format!(
                "write one of {}",
                ways(graph, several, &format!("-{}", steps.unsigned_abs()))
            )),
        )),
    }
}

/// The lowest revisions that go.
fn roots(graph: &Graph, goal: &Goal<'_>, spec: &str) -> Result<Vec<Node>, TargetError> {
    if goal.whole_branch
        && let Some(branch) = &goal.branch
    {
        return Ok(own_roots(graph, branch));
    }
    let (roots, count) = match goal.target {
        Place::At(target) => {
            let roots = graph.children(target).to_vec();
            let count = roots.len();
            (roots, count)
        }
        Place::Base | Place::Nowhere => {
            // Alembic counts a base again for each of its labels; one base with a label is then
            // two, and is asked whether it is of the branch.
            let roots = graph.bases();
            let count = roots.iter().map(|&base| 1 + graph.declared_labels(base).len()).sum();
            (roots, count)
        }
    };
    let of_branch = |node: Node| -> Vec<Node> {
        let below = graph.versioned_ancestors(&[node]);
        roots.iter().copied().filter(|root| below[root.index()]).collect()
    };
    if count <= 1 {
        return Ok(roots);
    }
    let kept = match (&goal.branch, goal.row) {
        (None, None) => return Ok(roots),
        (None, Some(row)) => of_branch(row),
        (Some(branch), row) => {
            let kept = of_branch(branch.node);
            match row {
                // The branch forks above its label: the counted row tells which way.
                Some(row) if kept.is_empty() => of_branch(row),
                _ => kept,
            }
        }
    };
    if kept.is_empty() {
        return Err(not_a_target(format!(
            "`{spec}` is no place to downgrade to: nothing of that branch stands on it"
        )));
    }
    Ok(kept)
}

/// What `label@base` takes back: the branch down to where another one leaves it.
///
/// Below the label the branch may share revisions with others. Those stay, from the highest
/// revision down that has a child outside the branch's lineage.
fn own_roots(graph: &Graph, branch: &Branch<'_>) -> Vec<Node> {
    let below = graph.versioned_ancestors(&[branch.node]);
    let forks: Vec<Node> = Graph::members(&below)
        .filter(|&node| node != branch.node)
        .filter(|&node| graph.children(node).iter().any(|&child| !branch.has(child)))
        .collect();
    let shared = graph.versioned_ancestors(&forks);
    Graph::members(&below).filter(|node| !shared[node.index()]).collect()
}
