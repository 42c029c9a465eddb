//! `upgrade SPEC`.

use super::{
    Graph, Node, Plan, RevisionId, TargetError,
    error::{ids, listed, too_far},
    resolve::{Branch, Names, no_overlap, rows as row_nodes},
    spec::{Relative, Spec, split_first},
    walk::{Place, walk},
};
use crate::{
    code::Code,
    revision::{moves::Rows, order},
};

/// Plans `upgrade SPEC` from these version rows.
///
/// What lies below the rows is applied already: an older target is nothing to do, not an error.
pub fn upgrade(graph: &Graph, rows: &[RevisionId], spec: &str) -> Result<Plan, TargetError> {
    upgrade_to(graph, rows, &[spec])
}

/// As [`upgrade`], to several targets at once; each of several must be a place, not steps.
pub fn upgrade_to(graph: &Graph, rows: &[RevisionId], specs: &[&str]) -> Result<Plan, TargetError> {
    for spec in specs {
        no_range(spec)?;
    }
    let mut targets = Vec::new();
    if let [spec] = specs {
        targets = single(graph, rows, spec)?;
    } else {
        for spec in specs {
            not_empty(spec)?;
            targets.extend(Names::new(graph).existing(spec)?);
        }
    }
    no_overlap(graph, &targets, "the requested revisions")?;
    let current = row_nodes(graph, rows)?;
    no_overlap(graph, &current, "the version rows")?;
    Ok(plan(graph, &targets, &current))
}

fn plan(graph: &Graph, targets: &[Node], current: &[Node]) -> Plan {
    let mut wanted = graph.ancestors(targets);
    for (wanted, applied) in wanted.iter_mut().zip(graph.ancestors(current)) {
        *wanted &= !applied;
    }
    let mut rows = Rows::upward(graph, current);
    let moves = order::newest_first(graph, &wanted, targets)
        .into_iter()
        .rev()
        .map(|node| rows.up(node))
        .collect();
    Plan { before: current.iter().map(|&node| graph.id(node).clone()).collect(), moves }
}

/// `A:B` is for `--sql` and `history` only.
pub(super) fn no_range(spec: &str) -> Result<(), TargetError> {
    if spec.contains(':') {
        return Err(TargetError::new(
            "range_not_allowed",
            Code::Usage,
            format!("`{spec}` is a range, and a range works only with `--sql`"),
            Some("give the revision to go to; where the database is, limbeck knows".to_owned()),
        ));
    }
    Ok(())
}

fn single(graph: &Graph, rows: &[RevisionId], spec: &str) -> Result<Vec<Node>, TargetError> {
    match Spec::parse(spec) {
        Spec::Absolute(text) => {
            not_empty(text)?;
            Names::new(graph).existing(text)
        }
        Spec::Relative(relative) => match climb(graph, rows, relative, spec)? {
            Place::At(node) => Ok(vec![node]),
            Place::Nowhere | Place::Base => Err(too_far(spec, relative.steps, 0)
                .with_hint("an upgrade needs a revision to go to, such as `head`")),
        },
    }
}

/// An empty argument is a script's unset variable more often than a wish for `base`.
pub(super) fn not_empty(text: &str) -> Result<(), TargetError> {
    let (_, symbol) = split_first(text);
    if symbol.is_empty() {
        return Err(TargetError::new(
            "no_such_revision",
            Code::Usage,
            if text.is_empty() {
                "the revision is empty".to_owned()
            } else {
                format!("`{text}` names no revision")
            },
            Some("write `base`, `head` or an id".to_owned()),
        ));
    }
    Ok(())
}

/// Where a relative target leads.
fn climb(
    graph: &Graph,
    rows: &[RevisionId],
    Relative { label, symbol, steps }: Relative<'_>,
    spec: &str,
) -> Result<Place, TargetError> {
    if symbol.is_none() && steps <= 0 {
        return Err(too_far(spec, steps, 0)
            .with_hint("an upgrade goes up: write `+N`, or use `limbeck downgrade`"));
    }
    let names = Names::new(graph);
    let branch = names.maybe_branch(label)?;
    match symbol {
        Some(symbol) if steps > 0 => {
            let start = Place::of(names.one_in(symbol, None, spec)?);
            walk(graph, start, steps, branch.as_ref(), spec)?.or_too_far(spec, steps)
        }
        Some(symbol) => {
            let start = Place::of(names.one_in(symbol, branch.as_ref(), spec)?);
            walk(graph, start, steps, None, spec)?.or_too_far(spec, steps)
        }
        None => {
            let start = upward_start(graph, &row_nodes(graph, rows)?, branch.as_ref(), spec)?;
            walk(graph, start, steps, branch.as_ref(), spec)?.or_too_far(spec, steps)
        }
    }
}

/// Where `[L@]+N` starts.
pub(super) fn upward_start(
    graph: &Graph,
    current: &[Node],
    branch: Option<&Branch<'_>>,
    spec: &str,
) -> Result<Place, TargetError> {
    let starts = match branch {
        None => current.to_vec(),
        Some(branch) => {
            let rows = branch.filter(current);
            if rows.is_empty() { applied_tips(graph, current, branch) } else { rows }
        }
    };
    match starts.as_slice() {
        [] => Ok(Place::Nowhere),
        [one] => Ok(Place::At(*one)),
        several => Err(TargetError::new(
            "ambiguous_walk",
            Code::MultipleHeads,
            format!("`{spec}` is ambiguous: the database is at {}", ids(graph, several)),
            Some(format!(
                "write one of {}",
                ways(graph, several, &spec[spec.rfind('+').unwrap_or(0)..])
            )),
        )),
    }
}

/// For each row, a form that means this row alone: `label@-1` where a label tells it apart, else the
/// id with the steps.
pub(super) fn ways(graph: &Graph, rows: &[Node], steps: &str) -> String {
    let forms: Vec<String> = rows
        .iter()
        .map(|&row| {
            let own = graph.labels(row).iter().find(|label| {
                rows.iter().all(|&other| other == row || !graph.has_label(other, label))
            });
            match own {
                Some(label) => format!("{label}@{steps}"),
                None => format!("{}@{steps}", graph.id(row)),
            }
        })
        .collect();
    listed(forms.iter().map(String::as_str))
}

/// The applied revisions of a branch that no applied one of it stands on (over `norm`).
fn applied_tips(graph: &Graph, current: &[Node], branch: &Branch<'_>) -> Vec<Node> {
    let mut active = graph.ancestors(current);
    for (active, of_branch) in active.iter_mut().zip(&branch.lineage) {
        *active &= of_branch;
    }
    let mut tips = active.clone();
    for node in Graph::members(&active) {
        for lower in graph.lower(node) {
            tips[lower.index()] = false;
        }
    }
    Graph::members(&tips).collect()
}
