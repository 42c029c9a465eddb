//! Revisions that are half done, failed, edited, missing or skipped.

use std::path::Path;

use tokio_postgres::Client;

use super::{Finding, Kind, Remedy};
use crate::{
    engine::{
        Error,
        overview::Edit,
        probe::{self, Outcome},
        state::{State, StepRow},
        verify,
    },
    pg::statement::summary,
    revision::{History, Node, RevisionId},
};

fn finding(kind: Kind, object: &RevisionId, what: String, command: String) -> Finding {
    Finding {
        kind,
        object: object.to_string(),
        what,
        mend: Remedy::Command(command),
        otherwise: None,
    }
}

impl Finding {
    fn or(mut self, command: String) -> Self {
        self.otherwise = Some(Remedy::Command(command));
        self
    }
}

/// Looks at every revision that the database or the files know.
pub(super) async fn look(
    client: &Client,
    history: &History,
    state: &State,
    running: bool,
) -> Result<Vec<Finding>, Error> {
    let graph = history.graph();
    let (nodes, unknown) = verify::placed(graph, &state.rows);
    let applied = graph.ancestors(&nodes);
    let stamp = format!("limbeck stamp {}", verify::plain(&state.rows));
    let mut found = Vec::new();
    if !running {
        for (id, steps) in &state.steps {
            found.push(half_done(client, history, id, steps, &stamp).await?);
        }
    }
    for node in graph.nodes() {
        let revision = history.revision(node);
        let Some(audited) = state.audit.get(&revision.id) else { continue };
        let path = revision.path.display();
        if applied[node.index()] {
            if audited.applied() && verify::edit(revision, audited) == Some(Edit::Up) {
                let what = format!(
                    "{path} was changed after it was applied: restore it, or accept it as it is"
                );
                found.push(finding(Kind::Edited, &revision.id, what, stamp.clone()));
            }
        } else if let Some(failed) = &audited.failed
            && !state.steps.contains_key(&revision.id)
        {
            let said = failed.lines().next().unwrap_or_default();
            let what = format!("its last try failed and was rolled back: {said}");
            let again = format!("limbeck upgrade {}", revision.id);
            found.push(finding(Kind::Failed, &revision.id, what, again));
        }
    }
    for node in verify::skipped(graph, state, &applied) {
        let id = graph.id(node);
        let what = "it stands below revisions that are applied, yet was never applied itself";
        let below = finish_below(history, node);
        let again = format!("limbeck downgrade {below} && limbeck upgrade heads");
        found.push(finding(Kind::Skipped, id, what.to_owned(), again).or(stamp.clone()));
    }
    let recorded = state.audit.iter().filter(|(id, audited)| {
        audited.applied() && graph.find(id.as_str()).is_none() && !unknown.contains(id)
    });
    let folder = folder(history);
    for id in unknown.iter().chain(recorded.map(|(id, _)| id)) {
        let known = state.audit.get(id).is_some_and(|audited| audited.up_exact.is_some());
        let show = format!("limbeck show {id} > {}", folder.join(format!("{id}.sql")).display());
        let what = "it is applied, but no file here has it: update the folder of revisions";
        let made = match known {
            true => finding(
                Kind::MissingFile,
                id,
                format!("{what}, or write it as it was recorded"),
                show,
            ),
            // Another tool applied it: there is nothing to write it from.
            false => finding(Kind::MissingFile, id, what.to_owned(), "git pull".to_owned()),
        };
        found.push(if unknown.contains(id) { made } else { made.or(stamp.clone()) });
    }
    Ok(found)
}

async fn half_done(
    client: &Client,
    history: &History,
    id: &RevisionId,
    steps: &[StepRow],
    stamp: &str,
) -> Result<Finding, Error> {
    let done = steps.iter().filter(|step| step.done).count();
    let Some(node) = history.graph().find(id.as_str()) else {
        let what = format!("{done} of its statements are done, and no file here has the rest");
        return Ok(finding(Kind::HalfDone, id, what, stamp.to_owned()));
    };
    let texts = statements(history, node, steps);
    if let Some(doubt) = steps.iter().find(|step| !step.done)
        && let Some(text) = doubt.number.checked_sub(1).and_then(|at| texts.get(at))
        && probe::look(client, text, doubt.note.as_deref()).await? == Outcome::Unknown
    {
        let what = format!(
            "its statement {} was interrupted and may have taken effect: `{}`",
            doubt.number,
            summary(text, 60)
        );
        let resolve = |word: &str| format!("limbeck resolve {id} --{word}");
        return Ok(finding(Kind::InDoubt, id, what, resolve("done")).or(resolve("redo")));
    }
    let (verb, command) = verify::finish(history, id, steps);
    let what = format!("its {verb} was interrupted: {done} of {} statements are done", texts.len());
    Ok(finding(Kind::HalfDone, id, what, command))
}

/// The statements of the script that was interrupted.
fn statements<'h>(history: &'h History, node: Node, steps: &[StepRow]) -> Vec<&'h str> {
    let script = &history.revision(node).script;
    let sections = steps.first().and_then(|step| script.sections(step.direction));
    let split = sections.unwrap_or_default().iter().filter_map(|section| {
        // A script that cannot be split is a problem of its file, and told as that.
        script.statements(section).ok()
    });
    split.flatten().map(|statement| &script.text[statement.range]).collect()
}

/// Where to go down to before a skipped revision can run.
fn finish_below(history: &History, node: Node) -> &str {
    let parent = history.graph().parents(node).first();
    parent.map_or("base", |parent| history.graph().id(*parent).as_str())
}

/// Where revision files are.
fn folder(history: &History) -> &Path {
    let first = history.revisions().first().and_then(|revision| revision.path.parent());
    first.unwrap_or_else(|| Path::new("migrations"))
}
