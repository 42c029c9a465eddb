//! Questions about the server and its sessions.

use super::{count, line, open, question};
use crate::{
    config::Guard,
    engine::activity::SessionRow,
    pg::statement::summary,
    present::age::age,
    tui::{
        app::App,
        layer::{Accept, Role},
    },
    worker::ServerAction,
};

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
        format!("{} for {}", session.state, age(session.age)),
    ));
    let query = summary(&session.query, 120);
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
