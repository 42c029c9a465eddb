//! Questions before something is done: what it does, what it locks and loses, whether it can be
//! undone, where the database ends; and how hard it is to say yes.

mod answer;
mod job;
mod run;
mod server;

use tui_input::Input;

pub use self::{
    answer::{accept, other},
    job::{cancel, quit, terminate},
    run::{reviewed, run, settle},
    server::{download, server, signal},
};
use super::toast;
use crate::{
    config::Guard,
    tui::{
        app::{App, Tone},
        layer::{Accept, Confirm, Layer, Line, Role},
    },
    worker::Run,
};

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

/// Allows changes, on prod only after its name is typed; or forbids them.
pub fn writing(app: &mut App) {
    if app.writing {
        app.writing = false;
        toast(app, Tone::Info, "read-only: nothing can be changed from here");
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
