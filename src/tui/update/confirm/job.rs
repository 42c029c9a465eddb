//! Questions about a job under way: cancelling it, leaving it, ending its session.

use super::{line, open, question};
use crate::{
    config::Guard,
    revision::{Direction, RevisionId},
    tui::{
        app::App,
        layer::{Accept, Line, Role},
        progress::{Phase, Stage},
    },
    worker::JobId,
};

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
