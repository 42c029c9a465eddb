//! `--sql`: plans from a place that the user states, because no database is asked.

use super::{Graph, Plan, RevisionId, TargetError, downgrade, resolve::Names, stamp, upgrade};
use crate::{code::Code, revision::Direction};

/// Splits and plans the `A:B` form of `upgrade --sql` and `downgrade --sql`.
pub fn offline(graph: &Graph, direction: Direction, range: &str) -> Result<Plan, TargetError> {
    let (start, spec) = match range.split_once(':') {
        Some((start, spec)) => (Some(start), spec),
        None => (None, range),
    };
    if start.is_none() && direction == Direction::Down {
        return Err(TargetError::new(
            "range_required",
            Code::Usage,
            "`downgrade --sql` needs to be told where the database is".to_owned(),
            Some("write `FROM:TO`, for example `head:base`".to_owned()),
        ));
    }
    let rows = rows(graph, start)?;
    match direction {
        Direction::Up => upgrade(graph, &rows, spec),
        Direction::Down => downgrade(graph, &rows, spec),
    }
}

/// Plans `stamp --sql`, whose destinations may be `A:B`; they must agree on `A`.
pub fn offline_stamp(graph: &Graph, specs: &[&str]) -> Result<Plan, TargetError> {
    let mut start = None;
    let mut goals = Vec::with_capacity(specs.len());
    for spec in specs {
        let Some((from, goal)) = spec.split_once(':') else {
            goals.push(*spec);
            continue;
        };
        if start.is_some_and(|start| start != from) {
            return Err(TargetError::new(
                "stamp_multi_start",
                Code::Usage,
                "`stamp --sql` works from one starting revision at a time".to_owned(),
                None,
            ));
        }
        start = Some(from);
        goals.push(goal);
    }
    stamp(graph, &rows(graph, start)?, &goals, false)
}

/// The version rows that a stated start means.
fn rows(graph: &Graph, start: Option<&str>) -> Result<Vec<RevisionId>, TargetError> {
    let Some(start) = start else { return Ok(Vec::new()) };
    let node = Names::new(graph).one(start)?;
    Ok(node.map(|node| graph.id(node).clone()).into_iter().collect())
}
