//! Files against the database: edited, missing, skipped and unknown revisions.

use super::{
    Error,
    overview::Edit,
    state::{Audited, State, StepRow, named},
};
use crate::{
    code::Code,
    revision::{Checksum, Direction, Graph, History, Node, Plan, Revision, RevisionId},
};

/// How the file differs from what the audit table recorded; none when it does not, or nothing is known.
pub(super) fn edit(revision: &Revision, audited: &Audited) -> Option<Edit> {
    let differs = |sum: Option<&Checksum>, exact: Option<&String>, semantic: Option<&String>| {
        let (exact, semantic) = (exact?, semantic?);
        match sum {
            Some(sum) if sum.exact == *exact => None,
            Some(sum) => Some(sum.semantic != *semantic),
            None => Some(true),
        }
    };
    let script = &revision.script;
    let up = differs(
        script.checksum(Direction::Up).as_ref(),
        audited.up_exact.as_ref(),
        audited.up_semantic.as_ref(),
    );
    if up == Some(true) {
        return Some(Edit::Up);
    }
    let file = script.checksum(Direction::Down);
    let down = match (&file, &audited.down_exact) {
        // A `down` section was added since.
        (Some(_), None) if audited.up_exact.is_some() => Some(true),
        _ => differs(file.as_ref(), audited.down_exact.as_ref(), audited.down_semantic.as_ref()),
    };
    match (up, down) {
        (_, Some(true)) => Some(Edit::Down),
        (None, None) => None,
        _ => Some(Edit::Cosmetic),
    }
}

/// Nodes of the version rows, and the rows that no file knows.
pub(super) fn placed(graph: &Graph, rows: &[RevisionId]) -> (Vec<Node>, Vec<RevisionId>) {
    let mut unknown = Vec::new();
    let nodes = rows
        .iter()
        .filter_map(|id| {
            let node = graph.find(id.as_str());
            if node.is_none() {
                unknown.push(id.clone());
            }
            node
        })
        .collect();
    (nodes, unknown)
}

/// Refuses to go on with a database that these files do not describe; returns what is worth a remark.
pub(super) fn check(
    history: &History,
    state: &State,
    direction: Direction,
    plan: &Plan,
) -> Result<Vec<String>, Error> {
    let graph = history.graph();
    let (nodes, _) = placed(graph, &state.rows);
    let applied = graph.ancestors(&nodes);
    let mut remarks = Vec::new();
    let planned: Vec<Node> = plan.moves.iter().filter_map(|step| step.node).collect();

    partial(history, state, direction, &planned)?;
    edited(history, state, direction, &applied, &planned, &mut remarks)?;
    missing(history, state, direction, &mut remarks)?;

    let skipped = skipped(graph, state, &applied);
    let in_the_way = match direction {
        Direction::Up => skipped.clone(),
        Direction::Down => skipped.iter().copied().filter(|n| planned.contains(n)).collect(),
    };
    if let Some(first) = in_the_way.first() {
        let revision = history.revision(*first);
        let mut error = Error::new(
            Code::SkippedAncestor,
            format!(
                "`{}` stands below revisions that are applied, yet was never applied itself ({})",
                revision.id,
                revision.path.display()
            ),
        )
        .with_state("nothing was changed")
        .with_hint(format!(
            "downgrade below it and upgrade again; or, if its changes are in the database, record \
             them with `limbeck stamp {}`",
            plain(&state.rows)
        ));
        error.more = in_the_way[1..]
            .iter()
            .map(|node| format!("`{}` was never applied either", graph.id(*node)))
            .collect();
        return Err(error);
    }
    Ok(remarks)
}

/// Rows for a command line: `a b`.
pub(super) fn plain(rows: &[RevisionId]) -> String {
    let ids: Vec<&str> = rows.iter().map(RevisionId::as_str).collect();
    if ids.is_empty() { "base".into() } else { ids.join(" ") }
}

/// Refuses a database at a revision that no file knows.
pub(super) fn ahead(history: &History, state: &State) -> Result<(), Error> {
    let (_, unknown) = placed(history.graph(), &state.rows);
    if unknown.is_empty() {
        return Ok(());
    }
    let mut error = Error::new(
        Code::DatabaseAhead,
        format!(
            "the database is ahead of these files: it is at {}, which no file has",
            named(&unknown)
        ),
    )
    .with_state("nothing was changed")
    .with_hint("update the migrations folder (`git pull`), or check which database this is");
    error.more = unknown
        .iter()
        .filter_map(|id| {
            let audited = state.audit.get(id)?;
            let at = audited.at.map(|at| format!(", applied {at:.0}")).unwrap_or_default();
            Some(format!("`{id}`: {}{at}", audited.message.as_deref().unwrap_or("no message")))
        })
        .collect();
    Err(error)
}

/// Half-done work must be finished by the direction that began it.
fn partial(
    history: &History,
    state: &State,
    direction: Direction,
    planned: &[Node],
) -> Result<(), Error> {
    for (id, steps) in &state.steps {
        let node = history.graph().find(id.as_str());
        let same = steps.iter().all(|step| step.direction == direction);
        if same && node.is_some_and(|node| planned.contains(&node)) {
            continue;
        }
        let done = steps.iter().filter(|step| step.done).count();
        let (verb, command) = finish(history, id, steps);
        return Err(Error::new(
            Code::Partial,
            format!("the {verb} of `{id}` was interrupted: {done} of its statements are done"),
        )
        .with_state("nothing was changed now")
        .with_hint(format!(
            "finish it first with `{command}`, or put things right by hand and record where the \
             database is with `limbeck stamp`"
        )));
    }
    Ok(())
}

/// What was interrupted, "upgrade" or "downgrade", and the command that goes on with it.
pub(super) fn finish(
    history: &History,
    id: &RevisionId,
    steps: &[StepRow],
) -> (&'static str, String) {
    match steps.first().map_or(Direction::Up, |step| step.direction) {
        Direction::Up => ("upgrade", format!("limbeck upgrade {id}")),
        Direction::Down => {
            let node = history.graph().find(id.as_str());
            let below = node.and_then(|node| history.graph().parents(node).first().copied());
            let to = below.map_or("base", |node| history.graph().id(node).as_str());
            ("downgrade", format!("limbeck downgrade {to}"))
        }
    }
}

fn edited(
    history: &History,
    state: &State,
    direction: Direction,
    applied: &[bool],
    planned: &[Node],
    remarks: &mut Vec<String>,
) -> Result<(), Error> {
    let mut changed = Vec::new();
    for node in history.graph().nodes().filter(|node| applied[node.index()]) {
        let revision = history.revision(node);
        let Some(audited) = state.audit.get(&revision.id).filter(|a| a.applied()) else { continue };
        let path = revision.path.display();
        match edit(revision, audited) {
            Some(Edit::Cosmetic) => {
                remarks.push(format!("{path} differs in comments or blanks from what was applied"));
            }
            Some(Edit::Down) if direction == Direction::Down && planned.contains(&node) => {
                remarks.push(format!(
                    "the down script of {path} was changed after `{}` was applied; the changed one \
                     runs",
                    revision.id
                ));
            }
            Some(Edit::Down) | None => {}
            Some(Edit::Up) => changed.push(revision),
        }
    }
    if direction == Direction::Down {
        remarks.extend(changed.iter().map(|revision| {
            format!("{} was changed after it was applied", revision.path.display())
        }));
        return Ok(());
    }
    let Some(first) = changed.first() else { return Ok(()) };
    let mut error = Error::new(
        Code::Edited,
        format!("{} was changed after `{}` was applied", first.path.display(), first.id),
    )
    .with_state("nothing was changed")
    .with_hint(format!(
        "restore the file and put the change in a new revision; or accept the files as they are \
         with `limbeck stamp {}`",
        plain(&state.rows)
    ));
    error.more = changed[1..]
        .iter()
        .map(|revision| format!("{} was changed too", revision.path.display()))
        .collect();
    Err(error)
}

fn missing(
    history: &History,
    state: &State,
    direction: Direction,
    remarks: &mut Vec<String>,
) -> Result<(), Error> {
    let gone: Vec<(&RevisionId, &Audited)> = state
        .audit
        .iter()
        .filter(|(id, audited)| audited.applied() && history.graph().find(id.as_str()).is_none())
        .collect();
    let Some((id, audited)) = gone.first() else { return Ok(()) };
    let message = |audited: &Audited| {
        audited.message.as_deref().map(|m| format!(" ({m})")).unwrap_or_default()
    };
    if direction == Direction::Down {
        remarks.extend(gone.iter().map(|(id, audited)| {
            format!("`{id}`{} is applied, but its file is missing", message(audited))
        }));
        return Ok(());
    }
    let mut error = Error::new(
        Code::MissingFile,
        format!("`{id}`{} is applied, but its file is missing", message(audited)),
    )
    .with_state("nothing was changed")
    .with_hint(format!(
        "restore the file: `limbeck show {id}` prints it as it was applied; or, if it was removed for \
         good, run `limbeck stamp {}`",
        plain(&state.rows)
    ));
    error.more = gone[1..]
        .iter()
        .map(|(id, audited)| format!("the file of `{id}`{} is missing too", message(audited)))
        .collect();
    Err(error)
}

/// Applied by position, never by the audit table, below something that the audit table saw applied:
/// the file was put in later. Revisions that another tool applied stand above everything audited, or
/// were there when what stands above them was recorded: that tool took both down and up again.
pub(super) fn skipped(graph: &Graph, state: &State, applied: &[bool]) -> Vec<Node> {
    let audited: Vec<Node> = graph
        .nodes()
        .filter(|node| applied[node.index()])
        .filter(|node| state.audit.get(graph.id(*node)).is_some_and(Audited::applied))
        .collect();
    let below = graph.ancestors(&audited);
    let mut known = vec![false; applied.len()];
    let mut waiting = audited;
    while let Some(node) = waiting.pop() {
        if std::mem::replace(&mut known[node.index()], true) {
            continue;
        }
        let recorded = state.audit.get(graph.id(node)).map_or(&[][..], |a| &a.parents);
        waiting.extend(recorded.iter().filter_map(|id| graph.find(id.as_str())));
    }
    graph.nodes().filter(|node| below[node.index()] && !known[node.index()]).collect()
}

/// Applied, but unknown to the audit table: another tool did it.
pub(super) fn adoptable(graph: &Graph, state: &State) -> Vec<Node> {
    let (nodes, _) = placed(graph, &state.rows);
    let applied = graph.ancestors(&nodes);
    let skipped = skipped(graph, state, &applied);
    graph
        .nodes()
        .filter(|node| applied[node.index()] && !skipped.contains(node))
        .filter(|node| !state.audit.get(graph.id(*node)).is_some_and(Audited::applied))
        .collect()
}
