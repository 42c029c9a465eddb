//! The stable JSON shapes (`docs/commands.md`): full ids, RFC 3339 times, milliseconds.

use serde_json::{Value, json};

use crate::{
    engine::{Report, overview::Edit},
    revision::{Direction, History, Node, Problem, RevisionId},
};

/// One revision.
pub(crate) fn revision(history: &History, node: Node) -> Value {
    let graph = history.graph();
    let revision = history.revision(node);
    json!({
        "id": revision.id.as_str(),
        "message": revision.message,
        "parents": ids(&revision.down),
        "depends_on": revision.depends_on,
        "branch_labels": revision.branch_labels,
        "inherited_labels": inherited(history, node),
        "created": time(revision.created),
        "path": revision.path,
        "head": graph.children(node).is_empty(),
        "base": graph.parents(node).is_empty(),
        "branch_point": graph.children(node).len() > 1,
        "merge_point": graph.parents(node).len() > 1,
        "reversible": revision.script.down.is_some(),
    })
}

/// Several revisions.
pub(crate) fn revisions(history: &History, nodes: &[Node]) -> Vec<Value> {
    nodes.iter().map(|node| revision(history, *node)).collect()
}

fn inherited(history: &History, node: Node) -> Vec<&String> {
    let graph = history.graph();
    let declared = graph.declared_labels(node);
    graph.labels(node).iter().filter(|l| !declared.contains(l)).collect()
}

/// Ids as strings.
pub(crate) fn ids(ids: &[RevisionId]) -> Vec<&str> {
    ids.iter().map(RevisionId::as_str).collect()
}

/// A time as RFC 3339 text, or null.
pub(crate) fn time(time: Option<jiff::Timestamp>) -> Value {
    time.map_or(Value::Null, |t| Value::String(t.to_string()))
}

/// A duration in milliseconds, with microseconds behind the point.
pub(crate) fn millis(duration: std::time::Duration) -> Value {
    json!((duration.as_secs_f64() * 1_000_000.0).round() / 1000.0)
}

/// `up` or `down`.
pub(crate) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

/// How a file differs from what was applied.
pub(crate) fn edit(edit: Edit) -> &'static str {
    match edit {
        Edit::Cosmetic => "cosmetic",
        Edit::Down => "down",
        Edit::Up => "up",
    }
}

/// One problem of the folder.
pub(crate) fn problem(problem: &Problem) -> Value {
    json!({
        "code": problem.code.as_str(),
        "message": problem.message,
        "path": problem.path,
        "line": if problem.line == 0 { Value::Null } else { json!(problem.line) },
        "hint": problem.hint,
    })
}

/// The outcome of a run.
pub(crate) fn report(report: &Report) -> Value {
    let done: Vec<Value> = report
        .done
        .iter()
        .map(|done| {
            json!({
                "id": done.id.as_str(),
                "message": done.message,
                "direction": direction(done.direction),
                "took_ms": millis(done.took),
            })
        })
        .collect();
    json!({
        "done": done,
        "before": ids(&report.before),
        "after": ids(&report.after),
        "dry_run": report.dry_run,
        "not_tried": report.not_tried,
        "skipped": report.skipped,
    })
}
