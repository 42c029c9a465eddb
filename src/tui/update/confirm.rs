//! Questions before something is done: what it does, what it locks and loses, whether it can be
//! undone, where the database ends; and how hard it is to say yes.

use std::sync::Arc;

use tui_input::Input;

use super::{next_generation, runs, screens, submit};
use crate::{
    config::Guard,
    engine::{activity::SessionRow, verdict::Verdict},
    revision::{Direction, History, RevisionId},
    tui::{
        app::App,
        event::Effect,
        layer::{Accept, Confirm, Layer, Line, Role},
        progress::{Phase, Stage},
        widget::memo::short_id,
    },
    worker::{Job, JobId, Review, Run, ServerAction},
};

/// Revisions listed one by one.
const LISTED: usize = 6;

fn line(role: Role, label: &str, text: impl Into<String>) -> Line {
    Line { role, label: label.to_owned(), text: text.into() }
}

fn question(title: impl Into<String>, verb: &str, accept: Accept) -> Confirm {
    Confirm {
        title: title.into(),
        lines: Vec::new(),
        typed: None,
        input: Input::default(),
        verb: verb.to_owned(),
        refuse: "keep as it is".to_owned(),
        other: None,
        danger: false,
        accept,
        reviewing: None,
        review: None,
        scroll: 0,
    }
}

fn open(app: &mut App, confirm: Confirm) {
    app.layers.push(Layer::Confirm(Box::new(confirm)));
    app.dirty = true;
}

/// "1 revision", "3 revisions".
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Whether the database name must be typed for a run.
pub fn typed(guard: Guard, run: &Run, loses_data: bool) -> bool {
    match (guard, run) {
        (Guard::Prod, _) | (_, Run::Stamp { .. }) => true,
        (Guard::Staging, _) => loses_data,
        (Guard::Dev, Run::Downgrade(spec)) => spec == "base" && loses_data,
        (Guard::Dev, Run::Upgrade(_) | Run::Settle { .. }) => false,
    }
}

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
    for impact in review.impacts.iter().filter(|impact| impact.rewrites).take(3) {
        lines.push(line(
            Role::Warn,
            "rewrites",
            format!("{}: takes time and space as it is large", object(&impact.object)),
        ));
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
            let text = crate::pg::statement::summary(&text, 200);
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

/// Asks about cancelling a job: what is kept, what is rolled back.
pub fn cancel(app: &mut App, id: JobId) {
    let mut confirm = question(format!("Cancel job {}?", id.0), "cancel it", Accept::Cancel(id));
    confirm.lines = consequences(app, id);
    "keep running".clone_into(&mut confirm.refuse);
    confirm.danger = true;
    open(app, confirm);
}

/// Asks before leaving while a job runs.
pub fn quit(app: &mut App) {
    let Some(id) = app.running().map(|job| job.id) else { return };
    let mut confirm =
        question("Leave while a job runs?", "cancel it and leave", Accept::CancelAndQuit(id));
    confirm.lines = consequences(app, id);
    "stay".clone_into(&mut confirm.refuse);
    confirm.other = Some(('w', "wait for its end, then leave".to_owned()));
    confirm.danger = true;
    open(app, confirm);
}

/// What a cancel of a job would leave.
fn consequences(app: &App, id: JobId) -> Vec<Line> {
    let Some(job) = app.runs.iter().find(|job| job.id == id) else { return Vec::new() };
    let mut lines = Vec::new();
    let short = |id: &RevisionId| app.short(id.as_str());
    match job.plan.iter().find(|r| matches!(r.phase, Phase::Running(_))) {
        Some(revision) if revision.planned.transactional => lines.push(line(
            Role::Good,
            "rolls back",
            format!("{}: it runs in a transaction, nothing of it stays", short(&revision.planned.id)),
        )),
        Some(revision) => lines.push(line(
            Role::Warn,
            "stays",
            format!(
                "{}: not in a transaction; what is done of it stays, and the next upgrade goes on there",
                short(&revision.planned.id)
            ),
        )),
        None => lines.push(line(Role::Good, "", "no revision is running yet")),
    }
    let kept: Vec<String> = job
        .plan
        .iter()
        .filter(|r| matches!(r.phase, Phase::Done(_)))
        .map(|r| short(&r.planned.id))
        .collect();
    if !kept.is_empty() {
        let word =
            if job.run.direction() == Some(Direction::Down) { "stay undone" } else { "kept" };
        let text = match kept.as_slice() {
            [.., _] if kept.len() > 4 => {
                format!("{} revisions, the last {}", kept.len(), kept[kept.len() - 1])
            }
            _ => kept.join(", "),
        };
        lines.push(line(Role::Text, word, text));
    }
    let rows = app.snapshot.rows();
    let place = if rows.is_empty() {
        "base".to_owned()
    } else {
        rows.iter().map(short).collect::<Vec<_>>().join(", ")
    };
    lines.push(line(Role::Strong, "ends at", place));
    if matches!(job.stage, Stage::Cancelling(_)) {
        lines.push(line(Role::Dim, "", "a cancel is on its way already"));
    } else {
        lines.push(line(
            Role::Dim,
            "",
            "if the server does not react within 5 seconds, X ends the session",
        ));
    }
    lines
}

/// Asks about ending the session of a job.
pub fn terminate(app: &mut App, id: JobId) {
    let name = app.database_name();
    let mut confirm =
        question(format!("End the session of job {}?", id.0), "end it", Accept::TerminateJob(id));
    confirm.lines = consequences(app, id);
    confirm.lines.pop();
    confirm.danger = true;
    confirm.typed = (app.config.guard != Guard::Dev).then_some(name);
    open(app, confirm);
}

/// Asks about stopping or restarting the server.
pub fn server(app: &mut App, action: ServerAction) {
    let name = app.database_name();
    let (word, verb) = match action {
        ServerAction::Stop => ("Stop", "stop"),
        ServerAction::Restart => ("Restart", "restart"),
        ServerAction::Start | ServerAction::Download => ("Start", "start"),
    };
    let mut confirm =
        question(format!("{word} the database server?"), verb, Accept::Server(action));
    if let Some(status) = &app.snapshot.server {
        confirm.lines.push(line(Role::Text, "server", status.summary.clone()));
    }
    let others = app
        .snapshot
        .activity
        .as_ref()
        .map_or(0, |activity| activity.sessions.iter().filter(|s| !s.ours).count());
    let (role, text) = match others {
        0 => (Role::Good, "no other session is connected".to_owned()),
        n => (Role::Warn, format!("{} end, with what they are doing", count(n, "other session"))),
    };
    confirm.lines.push(line(role, "sessions", text));
    confirm.lines.push(line(Role::Text, "data", "stays"));
    if action == ServerAction::Stop {
        confirm.lines.push(line(Role::Dim, "", "it stays stopped until it is started again"));
    }
    confirm.typed = (app.config.guard != Guard::Dev).then_some(name);
    confirm.danger = others > 0 || confirm.typed.is_some();
    open(app, confirm);
}

/// Asks about downloading the server programs that a start needs.
pub fn download(app: &mut App, package: &str) {
    let mut confirm = question(
        "Download PostgreSQL?",
        "download and start",
        Accept::Server(ServerAction::Download),
    );
    confirm.lines.push(line(Role::Strong, "", "no PostgreSQL server is installed here"));
    match package.split_once(" from ") {
        Some((what, place)) => {
            confirm.lines.push(line(Role::Text, "gets", what));
            confirm.lines.push(line(Role::Text, "from", place));
        }
        None => confirm.lines.push(line(Role::Text, "gets", package)),
    }
    confirm.lines.push(line(
        Role::Text,
        "into",
        "a folder of this project's own server; nothing else is installed",
    ));
    confirm.lines.push(line(
        Role::Dim,
        "or",
        "install it yourself, or set `server.local.bin_dir` or `DATABASE_URL`",
    ));
    "not now".clone_into(&mut confirm.refuse);
    open(app, confirm);
}

/// Asks about cancelling the query of a session, or ending it.
pub fn signal(app: &mut App, session: &SessionRow, terminate: bool) {
    let pid = session.pid;
    let (title, verb) = if terminate {
        (format!("End session {pid}?"), "end it")
    } else {
        (format!("Cancel the query of session {pid}?"), "cancel it")
    };
    let mut confirm = question(title, verb, Accept::Signal { pid, terminate });
    let app_name = if session.app.is_empty() { "no name" } else { &session.app };
    confirm.lines.push(line(
        Role::Text,
        "session",
        format!("{} · {app_name} · {}", session.user, session.client),
    ));
    confirm.lines.push(line(
        Role::Text,
        "state",
        format!("{} for {}", session.state, crate::present::age::age(session.age)),
    ));
    let query = crate::pg::statement::summary(&session.query, 120);
    if !query.is_empty() {
        confirm.lines.push(line(Role::Dim, "query", query));
    }
    if terminate {
        confirm.lines.push(line(
            Role::Warn,
            "",
            "its transaction is rolled back, its client is told",
        ));
        confirm.typed = (app.config.guard != Guard::Dev).then(|| app.database_name());
        confirm.danger = true;
    }
    open(app, confirm);
}

/// Asks about a revision that merges all heads.
pub fn merge(app: &mut App) {
    let Some(history) = app.snapshot.history.clone() else { return };
    let graph = history.graph();
    let mut confirm = question("Merge all heads?", "create it", Accept::Merge);
    confirm.lines.push(line(Role::Strong, "creates", "one empty revision with these parents"));
    for head in graph.heads() {
        confirm.lines.push(line(
            Role::Text,
            "",
            format!("{}  {}", app.short_node(head), history.revision(head).message),
        ));
    }
    confirm.lines.push(line(Role::Dim, "", "only a file is written; the database stays as it is"));
    open(app, confirm);
}

/// Enter on a question that is ready.
pub fn accept(app: &mut App, accept: Accept) -> Vec<Effect> {
    match accept {
        Accept::Run(run) => runs::begin(app, run),
        Accept::Settle(id) => runs::begin(app, Run::Settle { id, verdict: Verdict::Done }),
        Accept::Cancel(id) => runs::cancel(app, id),
        Accept::CancelAndQuit(id) => {
            app.quit_after_job = true;
            runs::cancel(app, id)
        }
        Accept::TerminateJob(id) => match app.runs.iter().find(|job| job.id == id) {
            Some(job) if job.is_running() => match job.pid {
                Some(pid) => submit(Job::Signal { pid, terminate: true }),
                None => Vec::new(),
            },
            _ => Vec::new(),
        },
        Accept::Server(action) => screens::server_action(app, action),
        Accept::Signal { pid, terminate } => submit(Job::Signal { pid, terminate }),
        Accept::Writing => {
            app.writing = true;
            super::toast(app, crate::tui::app::Tone::Warn, "changes are allowed now");
            Vec::new()
        }
        Accept::Merge => {
            let Some(history) = app.snapshot.history.clone() else { return Vec::new() };
            let graph = history.graph();
            let heads = graph.heads();
            let names: Vec<String> = heads.iter().map(|head| app.short_node(*head)).collect();
            submit(Job::Create(Box::new(crate::revision::write::NewRevision {
                message: format!("merge {}", names.join(" and ")),
                heads: heads.iter().map(|head| graph.id(*head).to_string()).collect(),
                created: Some(app.now.wall),
                ..Default::default()
            })))
        }
    }
}

/// Allows changes, on prod only after its name is typed; or forbids them.
pub fn writing(app: &mut App) {
    if app.writing {
        app.writing = false;
        super::toast(
            app,
            crate::tui::app::Tone::Info,
            "read-only: nothing can be changed from here",
        );
        return;
    }
    let name = app.database_name();
    let mut confirm =
        question(format!("Allow changes to {name}?"), "allow changes", Accept::Writing);
    confirm.lines.push(line(Role::Text, "", "each change is asked about on its own, too"));
    "stay read-only".clone_into(&mut confirm.refuse);
    if app.config.guard == Guard::Prod {
        confirm.danger = true;
        confirm.typed = Some(name);
    }
    open(app, confirm);
}

/// The other answer of a question.
pub fn other(app: &mut App, accept: &Accept) -> Vec<Effect> {
    match accept {
        Accept::CancelAndQuit(_) => {
            app.quit_after_job = true;
            super::toast(app, crate::tui::app::Tone::Info, "leaving as soon as the job has ended");
            Vec::new()
        }
        Accept::Settle(id) => {
            runs::begin(app, Run::Settle { id: id.clone(), verdict: Verdict::Redo })
        }
        _ => Vec::new(),
    }
}
