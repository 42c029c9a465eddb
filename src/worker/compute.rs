//! The cpu lane's work: pure functions from a job to its answer.

use std::sync::Arc;

use super::{Job, Scripts, WorkerEvent, event::Marks, filter, pending, review};
use crate::{
    present::lanes,
    revision::{Direction, History, Node, RevisionId, target},
};

/// The answer to a job that needs neither files nor a server; none for other jobs.
pub fn compute(job: Job) -> Option<WorkerEvent> {
    Some(match job {
        Job::Layout { generation, history, rows, orphans, filter } => {
            let layout = layout(&history, &rows, &orphans, &filter);
            // Ready before somebody types.
            let _made = history.names();
            WorkerEvent::LaidOut { generation, history, layout: Arc::new(layout) }
        }
        Job::Review { generation, run, history, rows } => {
            let review = Arc::new(review::review(&run, &history, &rows));
            WorkerEvent::Reviewed { generation, review }
        }
        Job::Compare { generation, history, node } => {
            let scripts = Scripts::of(&history.revision(node).script);
            WorkerEvent::Compared { generation, node, scripts }
        }
        Job::Plan { generation, changes, chosen, terms } => {
            let options = crate::plan::Options::default();
            let planned = pending::plan(&changes, &chosen, options, &terms);
            WorkerEvent::Planned { generation, planned: Arc::new(planned) }
        }
        Job::Mark { generation, history, rows, node, direction } => {
            let outcome = marks(&history, &rows, node, direction);
            WorkerEvent::Marked { generation, node, direction, outcome }
        }
        _ => return None,
    })
}

fn layout(
    history: &History,
    rows: &[RevisionId],
    orphans: &[(RevisionId, bool)],
    filter: &str,
) -> lanes::Layout {
    let graph = history.graph();
    let current: Vec<_> = rows.iter().filter_map(|row| graph.find(row.as_str())).collect();
    let orphans = if filter.is_empty() { orphans } else { &[] };
    let spots =
        lanes::OrphanSpot::find(history, orphans.iter().map(|(id, current)| (id, *current)));
    let shown = (!filter.is_empty()).then(|| filter::matching(history, filter));
    lanes::Layout::new(&lanes::Request {
        graph,
        current: &current,
        orphans: &spots,
        shown: shown.as_deref(),
    })
}

/// What a run to a revision would run, or why it cannot.
fn marks(
    history: &History,
    rows: &[RevisionId],
    node: Node,
    direction: Direction,
) -> Result<Marks, String> {
    let graph = history.graph();
    let id = graph.id(node).as_str();
    let plan = match direction {
        Direction::Down => target::downgrade(graph, rows, id),
        Direction::Up => target::upgrade(graph, rows, id),
    };
    let plan = plan.map_err(|error| error.message)?;
    let mut nodes = vec![false; graph.len()];
    for one in plan.moves.iter().filter_map(|one| one.node) {
        nodes[one.index()] = true;
    }
    Ok(Marks { nodes, count: plan.moves.len() })
}
