//! `history -r A:B`.

use super::{
    Graph, Node, RevisionId, TargetError,
    error::{ids, unknown},
    resolve::{Names, no_overlap, rows as row_nodes},
    spec::{Relative, Spec, split_first},
    upgrade::upward_start,
    walk::{Place, walk},
};
use crate::{code::Code, revision::order};

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End<'a> {
    /// Left out.
    Open,
    /// `current`: these rows.
    Rows(Vec<Node>),
    /// Anything else.
    Spec(&'a str),
}

/// Lists `history -r A:B`, newest first; `range` none means everything.
pub fn history(
    graph: &Graph,
    rows: &[RevisionId],
    range: Option<&str>,
) -> Result<Vec<Node>, TargetError> {
    let (lower, upper) = match range.map(str::trim) {
        None => (End::Open, End::Open),
        Some(range) => {
            let Some((lower, upper)) = range.split_once(':').filter(|(_, b)| !b.contains(':'))
            else {
                return Err(TargetError::new(
                    "range_required",
                    Code::Usage,
                    format!("`{range}` is no range"),
                    Some("write `FROM:TO`, `FROM:` or `:TO`".to_owned()),
                ));
            };
            if (lower, upper) == ("current", "current") {
                return Err(unknown(graph, "current", "revision")
                    .with_hint("only one end of a range can be `current`; see `limbeck current`"));
            }
            (end(graph, rows, lower)?, end(graph, rows, upper)?)
        }
    };
    list(graph, &lower, &upper, range.unwrap_or(":"))
}

fn end<'a>(graph: &Graph, rows: &[RevisionId], text: &'a str) -> Result<End<'a>, TargetError> {
    Ok(match text {
        "" => End::Open,
        "current" => match row_nodes(graph, rows)? {
            // No rows say nothing about where to stop.
            none if none.is_empty() => End::Open,
            rows => End::Rows(rows),
        },
        spec => End::Spec(spec),
    })
}

fn list(
    graph: &Graph,
    lower: &End<'_>,
    upper: &End<'_>,
    range: &str,
) -> Result<Vec<Node>, TargetError> {
    let mut targets = upper_nodes(graph, lower, upper)?;
    if let End::Spec(spec) = lower
        && let (Some(label), _) = split_first(spec)
    {
        let label = carried(graph, label)?;
        targets.retain(|&node| graph.has_label(node, &label));
    }
    no_overlap(graph, &targets, "the requested revisions")?;
    let required = graph.ancestors(&targets);

    let start = lower_nodes(graph, lower, upper, &targets)?;
    if start.iter().any(|node| !required[node.index()]) {
        return Err(TargetError::new(
            "range_not_ancestor",
            Code::BadTarget,
            format!("`{range}` is no range: {} is not below its other end", ids(graph, &start)),
            Some("the first must be an ancestor of the second".to_owned()),
        ));
    }
    no_overlap(graph, &start, "the first revisions of the range")?;

    let mut wanted = required;
    for (wanted, below) in wanted.iter_mut().zip(graph.ancestors(&start)) {
        *wanted &= !below;
    }
    if !start.is_empty() {
        for node in &start {
            wanted[node.index()] = true;
        }
        let above = graph.versioned_descendants(&start);
        for (wanted, above) in wanted.iter_mut().zip(above) {
            *wanted &= above;
        }
    }
    Ok(order::newest_first(graph, &wanted, &targets))
}

/// The label that the upper end must carry: the lower end's own, or that of the revision it names.
fn carried(graph: &Graph, label: &str) -> Result<String, TargetError> {
    let branch = Names::new(graph).branch(label)?;
    if graph.id(branch.node).as_str() == label
        && let [only] = graph.labels(branch.node)
    {
        return Ok(only.clone());
    }
    Ok(label.to_owned())
}

/// The upper end; steps up count from the lower end.
fn upper_nodes(graph: &Graph, lower: &End<'_>, upper: &End<'_>) -> Result<Vec<Node>, TargetError> {
    let names = Names::new(graph);
    let spec = match upper {
        End::Open => return Ok(graph.real_heads()),
        End::Rows(rows) => return Ok(rows.clone()),
        End::Spec(spec) => *spec,
    };
    let Spec::Relative(relative) = Spec::parse(spec) else { return names.existing(spec) };
    let Relative { label, symbol, steps } = relative;
    let branch = names.maybe_branch(label)?;
    let start = match symbol {
        Some(symbol) if steps > 0 => Place::of(names.one_in(symbol, None, spec)?),
        Some(symbol) => Place::of(names.one_in(symbol, branch.as_ref(), spec)?),
        None if steps <= 0 => {
            return Err(super::error::too_far(spec, steps, 0)
                .with_hint("the upper end of a range counts up from the lower: write `+N`"));
        }
        None => {
            let from = match lower {
                End::Open => Vec::new(),
                End::Rows(rows) => rows.clone(),
                End::Spec(spec) if spec.starts_with(['-', '+']) => {
                    return Err(unknown(graph, spec, "revision")
                        .with_hint("only one end of a range can be relative"));
                }
                End::Spec(spec) => names.one(spec)?.into_iter().collect(),
            };
            upward_start(graph, &from, branch.as_ref(), spec)?
        }
    };
    let up = if steps > 0 { branch.as_ref() } else { None };
    Ok(match walk(graph, start, steps, up, spec)?.clamped() {
        Place::At(node) => vec![node],
        Place::Nowhere | Place::Base => Vec::new(),
    })
}

/// The lower end; steps down count from the rows when the upper end is `current`, else from the
/// heads of the files.
fn lower_nodes(
    graph: &Graph,
    lower: &End<'_>,
    upper: &End<'_>,
    targets: &[Node],
) -> Result<Vec<Node>, TargetError> {
    let names = Names::new(graph);
    let spec = match lower {
        End::Open => return Ok(Vec::new()),
        End::Rows(rows) => return Ok(rows.clone()),
        End::Spec(spec) => *spec,
    };
    if let Spec::Relative(Relative { label, symbol: None, steps }) = Spec::parse(spec)
        && steps < 0
        && matches!(upper, End::Rows(_))
    {
        let branch = names.maybe_branch(label)?;
        let from = branch.map_or_else(|| targets.to_vec(), |branch| branch.filter(targets));
        return clamped(graph, &from, steps, spec);
    }
    let places = names.places(spec)?;
    if places.contains(&Some(Place::Base)) {
        return Err(TargetError::new(
            "range_not_ancestor",
            Code::BadTarget,
            format!(
                "`{spec}` leads below the base of a branch, so it is no revision to begin with"
            ),
            Some("use a smaller number, or leave the beginning out".to_owned()),
        ));
    }
    if places.contains(&None) {
        let Spec::Relative(Relative { steps, .. }) = Spec::parse(spec) else {
            return Ok(Vec::new());
        };
        return clamped(graph, targets, steps, spec);
    }
    Ok(places
        .into_iter()
        .filter_map(|place| if let Some(Place::At(node)) = place { Some(node) } else { None })
        .collect())
}

/// Steps down from each start, stopping at the end of the history.
fn clamped(graph: &Graph, from: &[Node], steps: i64, spec: &str) -> Result<Vec<Node>, TargetError> {
    let mut found = Vec::new();
    for &node in from {
        if let Place::At(node) = walk(graph, Place::At(node), steps, None, spec)?.clamped()
            && !found.contains(&node)
        {
            found.push(node);
        }
    }
    Ok(found)
}
