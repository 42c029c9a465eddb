//! States of the database that somebody must deal with: what happened, where the database stands, and
//! the key that goes on.

use crate::{
    code::{Class, Code},
    engine,
    tui::{
        action::Action,
        app::App,
        event::Effect,
        layer::{ErrorLayer, Layer},
    },
};

/// One such state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What happened.
    pub what: String,
    /// Where the database stands, and what that means.
    pub state: String,
    /// What goes on, and what it does in a few words.
    pub next: (Action, &'static str),
}

/// What the database's state needs, the most pressing first.
pub fn all(app: &App) -> Vec<Trouble> {
    let Some(overview) = &app.snapshot.overview else { return Vec::new() };
    let mut found = Vec::new();
    let ahead: Vec<String> = overview
        .orphans
        .iter()
        .filter(|orphan| orphan.current)
        .map(|orphan| app.short(orphan.id.as_str()))
        .collect();
    if !ahead.is_empty() {
        found.push(Trouble {
            what: format!("the database is at {}, which no file here has", ahead.join(", ")),
            state: "it was upgraded from newer files: nothing runs until they are here (git pull)"
                .to_owned(),
            next: (Action::Reload, "reads the files again"),
        });
    }
    let remarks = app.memo.remarks(overview);
    let and_more = |all: usize| match all {
        1 => String::new(),
        all => format!(" and {} more", all - 1),
    };
    if let Some((node, more)) = remarks.partial {
        let (done, of) = overview.states[node.index()].partial.unwrap_or_default();
        let name = app.short_node(node);
        found.push(Trouble {
            what: format!("{name} stopped after {done} of {of} statements{}", and_more(more)),
            state:
                "what ran outside a transaction is kept; going on begins with the next statement"
                    .to_owned(),
            next: (Action::UpgradeHeads, "runs the rest"),
        });
    }
    if let Some((node, more)) = remarks.edited {
        let name = app.short_node(node);
        found.push(Trouble {
            what: format!("the file of {name}{} changed after it was applied", and_more(more)),
            state:
                "the database has what the old file made; undo the edit, or write a new revision"
                    .to_owned(),
            next: (Action::Edit, "opens the file"),
        });
    }
    if let Some((node, more)) = remarks.skipped {
        let name = app.short_node(node);
        found.push(Trouble {
            what: format!(
                "{name}{} was put in below what is applied, and never ran",
                and_more(more)
            ),
            state: "the database counts it as applied, and has nothing of it".to_owned(),
            next: (Action::Open, "shows what is missing"),
        });
    }
    found
}

/// What goes on after an error: the action, and what it does in a few words.
pub fn remedy(app: &App, error: &engine::Error) -> Option<(Action, &'static str)> {
    let wanted = match error.code {
        Code::Edited | Code::PartialChanged => (Action::Edit, "open the file"),
        Code::MissingFile | Code::DatabaseAhead => (Action::Reload, "read the files again"),
        Code::HeadMoved => (Action::Reload, "look where the database is"),
        code => match code.class() {
            Class::Contention => (Action::DatabaseScreen, "see who holds the lock"),
            Class::Connection if Action::StartServer.enabled(app).is_ok() => {
                (Action::StartServer, "start the server")
            }
            Class::Connection => (Action::Reload, "ask the database again"),
            Class::Unresolved => (Action::Reload, "look where the database is"),
            Class::Execution | Class::Source if error.failure.is_some() => {
                (Action::Edit, "open the file")
            }
            _ => return None,
        },
    };
    (!app.keymap.label(wanted.0).is_empty()).then_some(wanted)
}

/// Does what goes on after an error; the revision it is about is selected first.
pub fn go_on(app: &mut App, error: &engine::Error, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    if action == Action::Edit {
        let node = error.failure.as_ref().and_then(|failure| {
            app.snapshot.history.as_ref()?.graph().find(failure.revision.as_str())
        });
        if let Some(node) = node {
            effects.extend(super::graph::reveal(app, node));
        }
    }
    effects.extend(super::act(app, action));
    effects
}

/// Opens the list of what is wrong with the database's state.
pub fn open(app: &mut App) {
    let all = all(app);
    let Some(first) = all.first() else { return };
    let mut error = engine::Error::new(Code::Drift, first.what.clone());
    error.state = Some(first.state.clone());
    let key =
        |trouble: &Trouble| format!("{} {}", app.keymap.label(trouble.next.0), trouble.next.1);
    error.hint = Some(key(first));
    error.more = all[1..]
        .iter()
        .flat_map(|one| [one.what.clone(), format!("  {}", one.state), format!("  {}", key(one))])
        .collect();
    let title = "what the database needs".to_owned();
    app.layers.push(Layer::Error(Box::new(ErrorLayer { title, error: error.into(), scroll: 0 })));
}
