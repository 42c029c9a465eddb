//! What the worker reports, and where it is taken in: readings and runs have modules of their own, ends of
//! small things are dealt with here.

use std::sync::Arc;

use super::{clock, confirm, graph, log, pending, readings, runs, toast, toast_about};
use crate::{
    engine,
    present::diff::Diff,
    revision::Node,
    tui::{
        app::{About, App, LogEnd, Screen, Tone},
        event::Effect,
        layer::{ErrorLayer, Layer, Missing, Subject},
        recovery::Attempt,
    },
    worker::{Refresh, ServerAction, WorkerEvent},
};

/// Takes a report in.
pub fn worker(app: &mut App, event: WorkerEvent) -> Vec<Effect> {
    match event {
        WorkerEvent::Fresh(part) => readings::fresh(app, part),
        WorkerEvent::Unchanged(kind) => {
            app.polls[kind as usize].outstanding = false;
            if kind == Refresh::Changes {
                pending::unchanged(app);
            }
            Vec::new()
        }
        WorkerEvent::Pool(facts) => {
            app.dirty |= app.snapshot.pool != facts && app.screen == Screen::Database;
            app.snapshot.pool = facts;
            Vec::new()
        }
        WorkerEvent::Progress(id, event) => {
            runs::progress(app, id, event);
            Vec::new()
        }
        WorkerEvent::Ended(id, outcome) => runs::ended(app, id, &outcome),
        WorkerEvent::ServerStage(action, stage) => {
            if let Some((running, words, _)) = &mut app.server_action
                && *running == action
            {
                *words = stage;
                app.dirty = true;
            }
            Vec::new()
        }
        WorkerEvent::ServerDone(action, outcome) => server_done(app, action, outcome),
        WorkerEvent::DownloadOffered(package) => {
            app.server_action = None;
            confirm::download(app, &package);
            Vec::new()
        }
        WorkerEvent::Signalled { pid, terminate, outcome } => {
            signalled(app, pid, terminate, outcome);
            vec![clock::ask(app, Refresh::Activity)]
        }
        WorkerEvent::Created(outcome) => created(app, outcome),
        WorkerEvent::Reviewed { generation, review } => {
            confirm::reviewed(app, generation, &review);
            Vec::new()
        }
        WorkerEvent::LaidOut { generation, history, layout } => {
            readings::laid_out(app, generation, &history, layout)
        }
        WorkerEvent::Marked { generation, node, direction, outcome } => {
            graph::marked(app, generation, node, direction, outcome);
            app.dirty = true;
            Vec::new()
        }
        WorkerEvent::Compared { generation, node, scripts } => {
            for layer in &mut app.layers {
                if let Layer::Diff(diff) = layer
                    && diff.generation == generation
                    && diff.subject.node() == Some(node)
                {
                    diff.scripts = Some(scripts.clone());
                    diff.look_again(app.size.0);
                    app.dirty = true;
                }
            }
            Vec::new()
        }
        WorkerEvent::Objects { generation, node, outcome } => {
            objects(app, generation, node, &outcome);
            Vec::new()
        }
        WorkerEvent::ModelsChanged => pending::models_changed(app),
        WorkerEvent::Stage(work, words) => {
            pending::stage(app, work, words);
            Vec::new()
        }
        WorkerEvent::Planned { generation, planned } => {
            pending::planned(app, generation, planned);
            Vec::new()
        }
        WorkerEvent::Drafted(outcome) => pending::drafted(app, outcome),
        WorkerEvent::DraftRead(outcome) => pending::draft_read(app, outcome),
        WorkerEvent::Written(outcome) => pending::written(app, outcome),
    }
}

/// The objects before and after a revision are built, or why not: then its scripts are shown.
fn objects(
    app: &mut App,
    generation: u64,
    node: Node,
    outcome: &Result<Arc<Diff>, Arc<engine::Error>>,
) {
    let mut ready = false;
    for layer in &mut app.layers {
        let Layer::Diff(diff) = layer else { continue };
        if diff.generation != generation || diff.subject.node() != Some(node) {
            continue;
        }
        diff.building = None;
        match outcome {
            Ok(objects) => {
                diff.objects = Some(Arc::clone(objects));
                ready |= matches!(diff.subject, Subject::Scripts(_));
                diff.look_again(app.size.0);
            }
            Err(error) => {
                diff.missing = Some(Missing::Failed(error.message.clone()));
                if matches!(diff.subject, Subject::Objects(_)) {
                    diff.flip(app.size.0);
                }
            }
        }
        app.dirty = true;
    }
    if ready {
        let key = app.keymap.label(crate::tui::action::Action::FlipView);
        toast(app, Tone::Info, format!("before and after are built: {key} shows them"));
    }
}

fn server_done(
    app: &mut App,
    action: ServerAction,
    outcome: Result<(), Arc<engine::Error>>,
) -> Vec<Effect> {
    let took = app.server_action.as_ref().map(|(_, _, since)| app.now.mono.saturating_sub(*since));
    app.server_action = None;
    app.dirty = true;
    let (command, words) = match action {
        ServerAction::Start | ServerAction::Download => ("db start", "the database is running"),
        ServerAction::Stop => ("db stop", "the database is stopped"),
        ServerAction::Restart => ("db restart", "the database is running again"),
    };
    match outcome {
        Ok(()) => {
            toast_about(app, About::Server, Tone::Good, words);
            log(app, command, words, LogEnd::Done, took);
        }
        Err(error) => {
            log(app, command, error.message.clone(), LogEnd::Failed, took);
            app.layers.push(ErrorLayer::new(command, error, Attempt::Server).into());
        }
    }
    let mut effects = vec![
        clock::ask(app, Refresh::Server),
        clock::ask(app, Refresh::Overview),
        clock::ask(app, Refresh::Record),
    ];
    if app.screen == Screen::Database {
        effects.push(clock::ask(app, Refresh::Activity));
        effects.push(clock::ask(app, Refresh::Log));
    }
    effects
}

fn signalled(app: &mut App, pid: i32, terminate: bool, outcome: Result<bool, Arc<engine::Error>>) {
    let verb = if terminate { "terminate" } else { "cancel query" };
    let (tone, words) = match outcome {
        Ok(true) if terminate => (Tone::Good, format!("session {pid} was told to end")),
        Ok(true) => (Tone::Good, format!("the query of session {pid} was told to stop")),
        Ok(false) => (Tone::Info, format!("session {pid} was gone already")),
        Err(error) => (Tone::Bad, error.message.clone()),
    };
    let end = if tone == Tone::Bad { LogEnd::Failed } else { LogEnd::Done };
    log(app, format!("{verb} {pid}"), words.clone(), end, None);
    toast(app, tone, words);
}

fn created(app: &mut App, outcome: Result<std::path::PathBuf, Arc<engine::Error>>) -> Vec<Effect> {
    match outcome {
        Ok(path) => {
            let shown = path.strip_prefix(&app.config.root).unwrap_or(&path).display().to_string();
            let key = app.keymap.label(crate::tui::action::Action::Edit);
            toast(app, Tone::Good, format!("created {shown}; {key} opens it"));
            log(app, "revision", shown, LogEnd::Done, None);
            app.select_when_seen = Some(path);
            vec![clock::ask(app, Refresh::History)]
        }
        Err(error) => {
            log(app, "revision", error.message.clone(), LogEnd::Failed, None);
            app.layers.push(ErrorLayer::new("revision", error, Attempt::Create).into());
            Vec::new()
        }
    }
}
