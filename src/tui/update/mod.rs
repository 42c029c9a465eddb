//! The one place where the state changes: [`update`] takes an event and says what is wanted done.
//!
//! Nothing here reads a clock, a file or a database: time, answers and keys all come as events, so
//! that a test can play any story.

pub mod clock;
pub mod confirm;
pub mod copy;
pub mod diff;
pub mod enabled;
pub mod graph;
pub mod layers;
pub mod list;
pub mod log;
pub mod menu;
pub mod mouse;
pub mod pending;
pub mod readings;
pub mod runs;
pub mod screens;
pub mod settings;
pub mod tables;
pub mod trouble;
pub mod undo;
pub mod welcome;
pub mod worker;

use std::time::Duration;

pub use clock::{start, wake};
pub use enabled::enabled;

use super::{
    action::{self, Action, Context},
    app::{About, App, LogEnd, LogLine, Screen, Toast, Tone},
    event::{Effect, Event},
    keymap::{Found, Key},
    layer::{DiffLayer, Layer, Scope},
};
use crate::worker::{Job, Work, WorkerEvent};

/// Lines of the command log that are kept.
const LOG: usize = 500;
/// How long a count waits for its action.
const COUNT_STAYS: Duration = Duration::from_millis(1_500);
/// Largest count.
const MAX_COUNT: u32 = 9_999;

/// Takes an event in.
pub fn update(app: &mut App, event: Event) -> Vec<Effect> {
    let built = building(app);
    let news = tells_of_another_state(&event);
    let mut effects = turn(app, event);
    if news && app.dirty {
        layers::list_anew(app);
    }
    // Nobody looks at it any more.
    if built.is_some() && !views(app).any(|diff| Some(diff.generation) == built) {
        effects.push(Effect::Submit(Job::Stop(Work::Objects)));
    }
    if std::mem::take(&mut app.refilter) {
        effects.extend(graph::relayout(app, false));
    }
    effects.extend(std::mem::take(&mut app.compare_again).into_iter().map(Effect::Submit));
    effects.extend(diff::build_what_waits(app));
    effects
}

/// What can be done may be something else after it: not a key, which goes to the list itself, and not a
/// word on how far something is.
fn tells_of_another_state(event: &Event) -> bool {
    match event {
        Event::Worker(event) => !matches!(
            event,
            WorkerEvent::Progress(..) | WorkerEvent::Stage(..) | WorkerEvent::ServerStage(..)
        ),
        Event::Edited(_) => true,
        _ => false,
    }
}

/// The side-by-side views, the top one first.
fn views(app: &App) -> impl Iterator<Item = &DiffLayer> {
    app.layers.iter().rev().filter_map(|layer| match layer {
        Layer::Diff(diff) => Some(diff.as_ref()),
        _ => None,
    })
}

/// The request for objects that are being built.
fn building(app: &App) -> Option<u64> {
    views(app).find(|diff| diff.building.is_some()).map(|diff| diff.generation)
}

fn turn(app: &mut App, event: Event) -> Vec<Effect> {
    if !matches!(event, Event::Tick(_) | Event::Worker(_)) {
        app.dirty = true;
    }
    match event {
        Event::Tick(now) => clock::tick(app, now),
        Event::Key(event) => {
            if event.kind == crossterm::event::KeyEventKind::Release {
                return Vec::new();
            }
            typed(app, Key::of(&event))
        }
        Event::Mouse(event) => mouse::mouse(app, event),
        Event::Paste(text) => {
            layers::paste(app, &text);
            Vec::new()
        }
        Event::Resize(width, height) => {
            app.size = (width, height);
            app.repaint = true;
            diff::resized(app);
            Vec::new()
        }
        Event::Focus(focused) => {
            app.focused = focused;
            if focused { clock::returned(app) } else { Vec::new() }
        }
        Event::Worker(event) => worker::worker(app, event),
        Event::Edited(outcome) => {
            app.repaint = true;
            if let Err(problem) = outcome {
                toast(app, Tone::Bad, problem);
            }
            let mut effects = pending::edited(app);
            effects.push(clock::ask(app, crate::worker::Refresh::History));
            effects
        }
        Event::Copied(outcome) => {
            match outcome {
                Ok(how) => toast_about(app, About::Clipboard, Tone::Good, how),
                Err(problem) => toast_about(app, About::Clipboard, Tone::Bad, problem),
            }
            Vec::new()
        }
        Event::Terminate => {
            // A run is rolled back first; asked twice, we go at once.
            match app.running().map(|job| job.id) {
                Some(id) if !app.quit_after_job => {
                    app.quit_after_job = true;
                    runs::cancel(app, id)
                }
                _ => {
                    app.quitting = true;
                    vec![Effect::Quit]
                }
            }
        }
    }
}

/// A key as it came. Terminals send Alt as an Esc before the key, so an Esc with a key right after it
/// looks the same: where nothing is bound to the two together, they are two keys.
fn typed(app: &mut App, pressed: Key) -> Vec<Effect> {
    if !pressed.alt || alt_is_meant(app, pressed) {
        return key(app, pressed);
    }
    let mut effects = key(app, Key::plain(crossterm::event::KeyCode::Esc));
    effects.extend(key(app, Key { alt: false, ..pressed }));
    effects
}

/// A key with Alt does something of its own here.
fn alt_is_meant(app: &App, pressed: Key) -> bool {
    use crossterm::event::KeyCode;
    // Only these come as Esc and a key; arrows and the like have sequences of their own.
    let split = matches!(
        pressed.code,
        KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace
    );
    if !split || layers::takes_alt(app, pressed) {
        return true;
    }
    let own = app.layers.is_empty() || app.diff().is_some();
    let mut keys = app.pending_keys.clone();
    keys.push(pressed);
    let contexts = action::contexts(app);
    own && (app.keymap.find(&contexts, &keys) != Found::Nothing
        || app.keymap.find(&contexts, &[pressed]) != Found::Nothing)
}

/// A key, first for the top layer, then for the screen.
fn key(app: &mut App, key: Key) -> Vec<Effect> {
    if let Some(effects) = layers::key(app, key) {
        app.pending_keys.clear();
        app.count = None;
        return effects;
    }
    if let Some(effects) = digit(app, key) {
        return effects;
    }
    app.pending_keys.push(key);
    let contexts = action::contexts(app);
    let mut found = app.keymap.find(&contexts, &app.pending_keys);
    if app.count.is_some() && app.layers.is_empty() {
        // The digits may have switched screens: a step takes them all the same.
        let step = app.keymap.find(&[Context::Graph], &app.pending_keys);
        if let Found::Action(Action::StepUp | Action::StepDown) = step {
            found = step;
        }
    }
    if found == Found::Nothing && app.pending_keys.len() > 1 {
        app.pending_keys = vec![key];
        found = app.keymap.find(&contexts, &app.pending_keys);
    }
    match found {
        Found::Prefix => Vec::new(),
        Found::Nothing => {
            app.pending_keys.clear();
            app.count = None;
            Vec::new()
        }
        Found::Action(action) => {
            app.pending_keys.clear();
            if app.count.is_some() && matches!(action, Action::StepUp | Action::StepDown) {
                show(app, Screen::Graph);
            }
            let effects = act(app, action);
            app.count = None;
            effects
        }
    }
}

/// Digits are counts on the graph. `1` to `4` switch screens besides; a `>` or `<` that follows at
/// once comes back and takes them as its count.
fn digit(app: &mut App, key: Key) -> Option<Vec<Effect>> {
    let Key { code: crossterm::event::KeyCode::Char(c @ '0'..='9'), ctrl: false, alt: false } = key
    else {
        return None;
    };
    if !app.pending_keys.is_empty() || !app.layers.is_empty() {
        return None;
    }
    let digit = c as u32 - '0' as u32;
    if app.count.is_none() {
        app.count_from = app.screen;
    }
    let count = app.count.unwrap_or(0).saturating_mul(10).saturating_add(digit).min(MAX_COUNT);
    app.count_until = app.now.mono + COUNT_STAYS;
    app.count = (count > 0 && app.count_from == Screen::Graph).then_some(count);
    match app.keymap.find(&action::contexts(app), &[key]) {
        Found::Action(action) => Some(act(app, action)),
        _ => Some(Vec::new()),
    }
}

/// Does an action, or says why not.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if let Err(reason) = enabled(app, action) {
        toast(app, Tone::Warn, format!("{}: {reason}", action.entry().short));
        return Vec::new();
    }
    app.dirty = true;
    match action.entry().context {
        Context::Graph => graph::act(app, action),
        Context::Pending => pending::act(app, action),
        Context::Diff => diff::act(app, action),
        Context::Database => screens::database(app, action),
        Context::Jobs => screens::jobs(app, action),
        Context::Move => screens::movement(app, action),
        Context::Global => global(app, action),
    }
}

fn global(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => layers::open_help(app),
        Action::Palette => return layers::open_palette(app, Scope::All),
        Action::Themes => return layers::open_palette(app, Scope::Themes),
        Action::GraphScreen => return show(app, Screen::Graph),
        Action::PendingScreen => return show(app, Screen::Pending),
        Action::DatabaseScreen => return show(app, Screen::Database),
        Action::JobsScreen => return show(app, Screen::Jobs),
        Action::Reload => return clock::reload(app),
        Action::CommandLog => log::open(app),
        Action::ZoomIn => app.split = (app.split + 10).min(80),
        Action::ZoomOut => app.split = app.split.saturating_sub(10).max(30),
        Action::Split => {
            app.split = match app.split {
                ..45 => 50,
                45..55 => 60,
                55..65 => 70,
                _ => 40,
            };
        }
        Action::Mouse => {
            app.mouse = !app.mouse;
            let text = if app.mouse {
                "the mouse is limbeck's"
            } else {
                "the mouse is the terminal's: select text with it"
            };
            toast_about(app, About::Mouse, Tone::Info, text);
            return vec![Effect::Mouse(app.mouse)];
        }
        Action::Undo => match undo::proposed(app) {
            Ok(run) => {
                let mut effects = show(app, Screen::Graph);
                effects.extend(confirm::run(app, run));
                return effects;
            }
            Err(reason) => toast(app, Tone::Warn, reason),
        },
        Action::AllowChanges => confirm::writing(app),
        Action::Back => screens::back(app),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => app.repaint = true,
        Action::Interrupt | Action::Quit => return close(app),
        _ => {}
    }
    Vec::new()
}

/// Closes the top layer, or leaves; asks while a run is under way.
pub fn close(app: &mut App) -> Vec<Effect> {
    if app.layers.pop().is_some() {
        settings::shown(app);
        return Vec::new();
    }
    leave(app)
}

/// Leaves; asks while a run is under way.
pub fn leave(app: &mut App) -> Vec<Effect> {
    if app.running().is_some() {
        confirm::quit(app);
        return Vec::new();
    }
    app.quitting = true;
    vec![Effect::Quit]
}

/// Shows a screen and reads what it needs.
pub fn show(app: &mut App, screen: Screen) -> Vec<Effect> {
    app.layers.clear();
    settings::shown(app);
    app.dirty = true;
    if app.screen == screen {
        return Vec::new();
    }
    app.screen = screen;
    clock::entered(app)
}

/// Says something in passing.
pub fn toast(app: &mut App, tone: Tone, text: impl Into<String>) {
    toast_about(app, About::Itself, tone, text);
}

/// Says something in passing, in the place of what was said about the same before.
pub fn toast_about(app: &mut App, about: About, tone: Tone, text: impl Into<String>) {
    let stay = match tone {
        Tone::Info | Tone::Good => 3,
        Tone::Warn => 4,
        Tone::Bad => 8,
    };
    let text = text.into();
    app.toasts.retain(|toast| {
        let same = about != About::Itself && toast.about == about;
        toast.until.is_none() || toast.text != text && !same
    });
    let until = Some(app.now.mono + Duration::from_secs(stay));
    app.toasts.push(Toast { about, text, tone, until });
    app.dirty = true;
}

/// Writes a line to the command log.
pub fn log(
    app: &mut App,
    command: impl Into<String>,
    outcome: impl Into<String>,
    end: LogEnd,
    took: Option<Duration>,
) {
    if app.command_log.len() == LOG {
        app.command_log.pop_front();
    }
    let at = app.now.wall;
    let (command, outcome) = (command.into(), outcome.into());
    app.command_log.push_back(LogLine { at, command, outcome, end, took, sql: None });
    app.dirty = true;
}

/// The number of a new request to the cpu lane.
fn next_generation(app: &mut App) -> u64 {
    app.generation += 1;
    app.generation
}

/// Hands a job over.
fn submit(job: Job) -> Vec<Effect> {
    vec![Effect::Submit(job)]
}
