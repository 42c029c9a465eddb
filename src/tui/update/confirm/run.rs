//! Questions about a run: where it goes, what it locks and loses, how it can be undone.

use std::sync::Arc;

use super::{count, line, open, question, typed};
use crate::{
    config::Guard,
    pg::statement::summary,
    revision::{Direction, History, RevisionId},
    tui::{
        app::App,
        event::Effect,
        layer::{Accept, Layer, Line, Role},
        update::{next_generation, submit},
        widget::memo::short_id,
    },
    worker::{Job, Review, Run},
};

/// Revisions listed one by one.
const LISTED: usize = 6;

/// Asks about a run. The worker looks it over meanwhile; the answer fills the popup.
pub fn run(app: &mut App, run: Run) -> Vec<Effect> {
    let Some(history) = app.snapshot.history.clone() else { return Vec::new() };
    let generation = next_generation(app);
    let name = app.database_name();
    let (title, verb) = match &run {
        Run::Upgrade(spec) => (format!("Upgrade {name} {}?", goal(app, spec)), "upgrade"),
        Run::Downgrade(spec) => (format!("Downgrade {name} {}?", goal(app, spec)), "downgrade"),
        Run::Stamp { specs, .. } => {
            let specs: Vec<String> = specs.iter().map(|s| spoken(app, s)).collect();
            (format!("Stamp {name} as {}?", specs.join(", ")), "stamp")
        }
        Run::Settle { id, .. } => {
            settle(app, id.clone());
            return Vec::new();
        }
    };
    let mut confirm = question(title, verb, Accept::Run(run.clone()));
    confirm.lines.push(line(Role::Dim, "", "looking it over"));
    confirm.reviewing = Some(generation);
    open(app, confirm);
    let rows = app.snapshot.rows().to_vec();
    submit(Job::Review { generation, run, history, rows })
}

/// Where a run goes, in words: to a revision, or by some steps.
fn goal(app: &App, spec: &str) -> String {
    let (branch, steps) = spec.split_once('@').unwrap_or(("", spec));
    let Some(n) = steps.strip_prefix(['+', '-']).and_then(|n| n.parse().ok()) else {
        return format!("to {}", spoken(app, spec));
    };
    match branch {
        "" => format!("by {}", count(n, "step")),
        branch => format!("by {} from {}", count(n, "step"), spoken(app, branch)),
    }
}

/// A spec in words.
fn spoken(app: &App, spec: &str) -> String {
    let Some(history) = &app.snapshot.history else { return spec.to_owned() };
    match spec {
        "head" => "the head".to_owned(),
        "heads" if history.graph().heads().len() == 1 => "the head".to_owned(),
        "heads" => "all heads".to_owned(),
        "base" => "base".to_owned(),
        _ => match history.graph().find(spec) {
            Some(node) => app.short_node(node),
            None => spec.to_owned(),
        },
    }
}

/// The review of a run has come: fills the popup that waits for it.
pub fn reviewed(app: &mut App, generation: u64, review: &Arc<Review>) {
    let Some(history) = app.snapshot.history.clone() else { return };
    let name = app.database_name();
    let guard = app.config.guard;
    for layer in &mut app.layers {
        let Layer::Confirm(confirm) = layer else { continue };
        if confirm.reviewing != Some(generation) {
            continue;
        }
        let Accept::Run(run) = confirm.accept.clone() else { continue };
        confirm.reviewing = None;
        let loses = review.loses_data();
        confirm.lines = describe(&run, review, &history);
        confirm.danger = loses
            || guard == Guard::Prod
            || matches!(run, Run::Stamp { .. })
            || review.refused.is_some();
        confirm.typed =
            (review.refused.is_none() && !review.steps.is_empty() && typed(guard, &run, loses))
                .then(|| name.clone());
        if review.refused.is_none() && review.steps.is_empty() {
            "close".clone_into(&mut confirm.verb);
        }
        confirm.review = Some(Arc::clone(review));
        app.dirty = true;
    }
}

/// What a run does, in lines.
fn describe(run: &Run, review: &Review, history: &History) -> Vec<Line> {
    let graph = history.graph();
    let short = |id: &RevisionId| {
        let found = graph.find(id.as_str());
        found.map_or_else(|| id.to_string(), |node| short_id(history, node))
    };
    if let Some(error) = &review.refused {
        let mut lines = vec![line(Role::Danger, "", error.message.clone())];
        lines.extend(error.more.iter().map(|more| line(Role::Text, "", more.clone())));
        if let Some(hint) = &error.hint {
            lines.push(line(Role::Dim, "hint", hint.clone()));
        }
        return lines;
    }
    if review.steps.is_empty() {
        return vec![line(Role::Good, "", "nothing to do: the database is there already")];
    }
    let mut lines = Vec::new();
    let runs = match run.direction() {
        Some(_) => format!(
            "{}, {}",
            count(review.steps.len(), "revision"),
            count(review.statements(), "statement")
        ),
        None => "nothing; only the version rows change".to_owned(),
    };
    lines.push(line(Role::Strong, "runs", runs));
    let verb = match run.direction() {
        Some(Direction::Up) => "up",
        Some(Direction::Down) => "down",
        None => "row",
    };
    let shown = if review.steps.len() > LISTED + 1 { LISTED } else { review.steps.len() };
    for step in &review.steps[..shown] {
        if let Some(node) = step.node {
            lines.push(line(
                Role::Text,
                "",
                format!("{verb} {}  {}", short_id(history, node), history.revision(node).message),
            ));
        }
    }
    if shown < review.steps.len() {
        lines.push(line(Role::Dim, "", format!("and {} more", review.steps.len() - shown)));
    }
    if run.direction().is_some() {
        impacts(review, &mut lines);
        undo(run, review, history, &mut lines);
    }
    let after = if review.after.is_empty() {
        "base: nothing is applied then".to_owned()
    } else {
        review.after.iter().map(short).collect::<Vec<_>>().join(", ")
    };
    lines.push(line(Role::Strong, "ends at", after));
    lines
}

fn impacts(review: &Review, lines: &mut Vec<Line>) {
    let object = |object: &Option<String>| object.clone().unwrap_or_else(|| "a table".to_owned());
    let strongest = review.impacts.iter().filter(|i| i.lock.is_some()).max_by_key(|i| i.lock);
    match strongest {
        Some(impact) => {
            if let Some(lock) = impact.lock {
                let waits = lock
                    .blocks()
                    .map(|what| format!("; {what} wait meanwhile"))
                    .unwrap_or_default();
                let others =
                    review.impacts.iter().filter(|i| i.lock.is_some()).count().saturating_sub(1);
                let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
                let role = if lock.blocks().is_some() { Role::Warn } else { Role::Text };
                lines.push(line(
                    role,
                    "locks",
                    format!("{} {}{more}{waits}", object(&impact.object), lock.as_str()),
                ));
            }
        }
        None => lines.push(line(Role::Good, "locks", "no table that is there already")),
    }
    let rewritten = review.impacts.iter().filter(|impact| impact.rewrites);
    for (nth, impact) in rewritten.take(3).enumerate() {
        let words = "the larger it is, the longer it takes";
        let text = format!("{}: {words}", object(&impact.object));
        lines.push(line(Role::Warn, if nth == 0 { "rewrites" } else { "" }, text));
    }
    let losses: Vec<&String> = review.impacts.iter().filter_map(|i| i.loses.as_ref()).collect();
    for (nth, loss) in losses.iter().take(LISTED).enumerate() {
        lines.push(line(Role::Danger, if nth == 0 { "loses" } else { "" }, (*loss).clone()));
    }
    if losses.len() > LISTED {
        lines.push(line(Role::Danger, "", format!("and {} more", losses.len() - LISTED)));
    }
    if losses.is_empty() {
        lines.push(line(Role::Good, "data", "nothing is lost, as far as the statements tell"));
    }
    if review.steps.iter().any(|step| !step.transactional) {
        lines.push(line(
            Role::Warn,
            "partly",
            "some statements run outside a transaction: a cancel keeps those that are done",
        ));
    }
}

fn undo(run: &Run, review: &Review, history: &History, lines: &mut Vec<Line>) {
    let stuck: Vec<String> = review
        .steps
        .iter()
        .filter(|step| !step.reversible)
        .filter_map(|step| step.node.map(|node| short_id(history, node)))
        .collect();
    let (role, text) = match (run.direction(), stuck.as_slice()) {
        (Some(Direction::Up), []) => (Role::Text, "a downgrade undoes it".to_owned()),
        (Some(Direction::Up), [one]) => {
            (Role::Warn, format!("cannot be undone: {one} has no down script"))
        }
        (Some(Direction::Up), [one, rest @ ..]) => (
            Role::Warn,
            format!("cannot be undone: {one} and {} more have no down script", rest.len()),
        ),
        _ if review.loses_data() => {
            (Role::Text, "an upgrade brings the schema back, not the data".to_owned())
        }
        _ => (Role::Text, "an upgrade brings it back".to_owned()),
    };
    lines.push(line(role, "undo", text));
}

/// Asks what became of a statement in doubt.
pub fn settle(app: &mut App, id: RevisionId) {
    let history = app.snapshot.history.clone();
    let node = history.as_ref().and_then(|history| history.graph().find(id.as_str()));
    let state = node.map(|node| app.snapshot.state(node)).unwrap_or_default();
    let (done, of) = state.partial.unwrap_or_default();
    let doubt = state.doubt.unwrap_or(done + 1);
    // Half of what is applied is being undone.
    let direction = if state.applied { Direction::Down } else { Direction::Up };
    let name = match direction {
        Direction::Up => app.short(id.as_str()),
        Direction::Down => format!("{}, which is being undone", app.short(id.as_str())),
    };
    let mut confirm = question("Did the statement take effect?", "it did", Accept::Settle(id));
    confirm.lines.push(line(Role::Strong, "revision", name));
    if done > 0 {
        confirm.lines.push(line(Role::Good, "done", format!("{done} of {of} statements")));
    }
    let which = format!("statement {doubt} of {of}, which was running when it stopped");
    confirm.lines.push(line(Role::Warn, "in doubt", which));
    if let (Some(history), Some(node)) = (history, node) {
        let script = &history.revision(node).script;
        let texts = script.sections(direction).unwrap_or_default().iter().flat_map(|section| {
            let statements = script.statements(section).unwrap_or_default();
            statements.into_iter().map(|one| script.text[one.range].to_owned())
        });
        if let Some(text) = texts.into_iter().nth(doubt.saturating_sub(1)) {
            let text = summary(&text, 200);
            confirm.lines.push(line(Role::Strong, "", text));
        }
    }
    let left = of.saturating_sub(doubt);
    if left > 0 {
        confirm.lines.push(line(Role::Dim, "not run", count(left, "statement")));
    }
    confirm.lines.push(line(Role::Text, "it did", "the next run goes on after it"));
    confirm.lines.push(line(Role::Text, "it did not", "the next run begins with it"));
    confirm.lines.push(line(Role::Warn, "", "look at the database first; nothing runs now"));
    confirm.other = Some(('n', "it did not".to_owned()));
    "decide later".clone_into(&mut confirm.refuse);
    open(app, confirm);
}
