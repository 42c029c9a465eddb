//! What can be copied from where the user is: a menu of it, one key for each.

use super::{graph, screens, tables};
use crate::{
    revision::{Direction, Node, RevisionId},
    tui::{
        app::{App, Row, Screen, Section},
        event::Effect,
        layer::{Layer, Menu, MenuItem, Subject},
    },
};

fn item(key: char, words: &str, text: impl Into<String>) -> MenuItem {
    MenuItem { key, words: words.to_owned(), text: text.into() }
}

/// Opens the menu, or copies at once where there is one thing only.
pub fn open(app: &mut App) -> Vec<Effect> {
    let items = items(app);
    match items.as_slice() {
        [] => Vec::new(),
        [only] => vec![Effect::Copy(only.text.clone())],
        _ => {
            let menu = Menu { title: "Copy".to_owned(), items, selected: 0 };
            app.layers.push(Layer::Menu(menu));
            Vec::new()
        }
    }
}

/// What there is to copy; the first is what is meant most often.
pub fn items(app: &App) -> Vec<MenuItem> {
    let items = match app.diff().map(|diff| diff.subject) {
        Some(Subject::Objects(node) | Subject::Scripts(node)) => scripts(app, node),
        Some(Subject::Changes) => {
            let planned = app.pending.planned.iter();
            planned.map(|planned| item('u', "SQL of the changes", planned.up.text())).collect()
        }
        None => match app.screen {
            Screen::Graph => revisions(app),
            Screen::Pending => Vec::new(),
            Screen::Database => database(app),
            Screen::Jobs => jobs(app),
        },
    };
    items.into_iter().filter(|item| !item.text.is_empty()).collect()
}

fn scripts(app: &App, node: Node) -> Vec<MenuItem> {
    let Some(history) = &app.snapshot.history else { return Vec::new() };
    let script = &history.revision(node).script;
    let mut items = vec![item('u', "SQL up", script.readable(Direction::Up))];
    if script.down.is_some() {
        items.push(item('d', "SQL down", script.readable(Direction::Down)));
    }
    items
}

fn revisions(app: &App) -> Vec<MenuItem> {
    let Some(history) = &app.snapshot.history else { return Vec::new() };
    let range = graph::range(app);
    if range.len() > 1 {
        // Scripts stand in the order in which they run: the oldest first.
        let nodes: Vec<Node> = range
            .iter()
            .rev()
            .filter_map(|row| match row {
                Row::Revision { node, .. } => Some(*node),
                Row::Orphan(_) => None,
            })
            .collect();
        let all = |direction| {
            let scripts = nodes.iter().map(|node| {
                let revision = history.revision(*node);
                let head = format!("-- {} {}\n", revision.id, one_line(&revision.message));
                head + revision.script.readable(direction).trim_end() + "\n"
            });
            scripts.collect::<Vec<_>>().join("\n")
        };
        let ids: Vec<String> = range
            .iter()
            .filter_map(|row| graph::row_id(app, *row))
            .map(|id| id.to_string())
            .collect();
        return vec![
            item('i', "ids", ids.join("\n")),
            item('u', "SQL up, the oldest first", all(Direction::Up)),
        ];
    }
    let Some(row) = app.selected_row() else { return Vec::new() };
    let id: Option<RevisionId> = graph::row_id(app, row);
    let mut items: Vec<MenuItem> = id.iter().map(|id| item('i', "id", id.to_string())).collect();
    if let Row::Revision { node, .. } = row {
        let revision = history.revision(node);
        let verb = if app.snapshot.applied(node) { "downgrade" } else { "upgrade" };
        items.push(item('m', "message", revision.message.clone()));
        items.push(item('f', "file", revision.path.display().to_string()));
        items.push(item('c', "command", format!("limbeck {verb} {}", revision.id)));
        items.extend(scripts(app, node));
    }
    items
}

fn database(app: &App) -> Vec<MenuItem> {
    let section = if app.database.log_only { Section::Log } else { app.database.section };
    match section {
        Section::Sessions | Section::Locks => {
            let Some(session) = screens::selected_session(app) else { return Vec::new() };
            let lock = app
                .snapshot
                .activity
                .as_ref()
                .and_then(|activity| activity.locks.get(app.database.lock))
                .filter(|_| section == Section::Locks);
            let mut items = vec![
                item('s', "statement", session.query.clone()),
                item('p', "pid", session.pid.to_string()),
            ];
            items.extend(lock.map(|lock| item('t', "table", lock.relation.clone())));
            items
        }
        Section::Tables => {
            let Some(table) = tables::selected(app) else { return Vec::new() };
            vec![
                item('n', "name", table.name.clone()),
                item('s', "SELECT", format!("SELECT * FROM {} LIMIT 100;", table.name)),
            ]
        }
        Section::Log => vec![item('l', "the lines of the log", app.log_lines().join("\n"))],
        Section::Settings => {
            let settings = app.snapshot.activity.iter().flat_map(|activity| &activity.settings);
            let lines: Vec<String> =
                settings.map(|setting| format!("{} = {}", setting.name, setting.value)).collect();
            vec![item('s', "settings", lines.join("\n"))]
        }
        Section::Server | Section::Pool => {
            let target = app.config.connection.as_ref().map(ToString::to_string);
            let status = app.snapshot.server.as_ref();
            let port = status.and_then(|status| status.port).map(|port| port.to_string());
            let data = status.and_then(|status| status.data.clone());
            [('u', "target", target), ('p', "port", port), ('d', "data folder", data)]
                .into_iter()
                .filter_map(|(key, words, text)| Some(item(key, words, text?)))
                .collect()
        }
    }
}

fn jobs(app: &App) -> Vec<MenuItem> {
    let mut items = Vec::new();
    if let Some(layer) = screens::selected_error(app) {
        items.push(item(
            'e',
            "the error with all its details",
            screens::error_text(&layer.title, &layer.error),
        ));
    }
    match screens::job_line(app, app.jobs.selected) {
        Some(screens::JobLine::Run(job)) => {
            items.push(item('c', "command", format!("limbeck {}", job.run.command())));
            let lines: Vec<&str> = job.output.iter().map(|line| line.text.as_str()).collect();
            items.push(item('o', "output", lines.join("\n")));
        }
        Some(screens::JobLine::Past(entry)) => {
            items.push(item('i', "revision", entry.revision.to_string()));
        }
        None => {}
    }
    items
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}
