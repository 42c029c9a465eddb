//! The loop: the only place of the interface that waits, reads and writes.

use std::{io, sync::Arc, task::Poll, time::Duration};

use crossterm::event::{Event as Input, EventStream};
use futures_util::{FutureExt, StreamExt};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::Instant,
};

use super::{
    Start,
    app::App,
    event::{Effect, Event, Now},
    state,
    terminal::{self, Screen},
    theme::{Depth, Library, Theme},
    update,
};
use crate::{
    config::Config,
    engine::Project,
    worker::{Worker, WorkerEvent},
};

/// Events taken in before the next frame.
const BATCH: usize = 256;
/// Between two frames at least.
const PACE: Duration = Duration::from_millis(8);
/// How long the terminal may take to tell its background: the first frame waits for it.
const ASK_COLOURS: Duration = Duration::from_millis(40);
/// Most text that is put on the clipboard: terminals drop longer sequences in silence.
const CLIPBOARD: usize = 74_000;
/// How long a cancelled run may take before the interface leaves anyway.
const LAST_WAIT: Duration = Duration::from_secs(8);

/// Signals the loop listens to.
struct Signals {
    term: Signal,
    hup: Signal,
    int: Signal,
    stop: Signal,
    resume: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        // SIGTSTP and SIGCONT have no name in tokio; their numbers are those of the system.
        let raw = |s: nix::sys::signal::Signal| SignalKind::from_raw(s as i32);
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            int: signal(SignalKind::interrupt())?,
            stop: signal(raw(nix::sys::signal::Signal::SIGTSTP))?,
            resume: signal(raw(nix::sys::signal::Signal::SIGCONT))?,
        })
    }
}

/// What a turn of the loop woke up for.
enum Woken {
    Event(Event),
    Ended,
    Stop,
    Resume,
    Timer,
}

/// Runs the interface; returns the exit status.
pub(super) async fn run(start: Start) -> io::Result<u8> {
    let themes = Arc::new(themes(&start));
    let begun = Instant::now();
    let now = move || Now { mono: begun.elapsed(), wall: jiff::Timestamp::now() };
    let kept = state::file(start.state_dir.as_deref());
    let mut app = open(&start, Arc::clone(&start.project.config), &themes, now());
    state::restore(&mut app, kept.as_deref());
    if let Some(found) = &start.newcomer {
        update::welcome::open(&mut app, found.clone());
    }

    let mut signals = Signals::new()?;
    let mut screen = Some(Screen::enter(app.mouse)?);
    // The first frame comes before anything is asked for.
    draw(&mut app, &mut screen);
    let (mut sender, mut reports) = unbounded_channel();
    let mut worker = Worker::new(start.project.clone(), start.pg_dump.clone(), sender.clone());
    for effect in update::start(&mut app) {
        if let Effect::Submit(job) = effect {
            worker.submit(job);
        }
    }

    let mut input = EventStream::new();
    let mut drawn = Instant::now();
    let mut terminated = false;
    let mut own_stop = false;
    let mut leave_by: Option<Instant> = None;
    loop {
        let wake = update::wake(&app).map(|at| begun + at);
        let frame = app.dirty.then(|| drawn + PACE);
        let at = [wake, frame, leave_by].into_iter().flatten().min();
        let woken = wait(&mut signals, &mut input, &mut reports, at).await;
        let mut effects = update::update(&mut app, Event::Tick(now()));
        match woken {
            Woken::Timer | Woken::Resume => {}
            Woken::Event(event) => {
                terminated |= matches!(event, Event::Terminate);
                effects.extend(update::update(&mut app, event));
            }
            Woken::Ended => {
                terminated = true;
                effects.extend(update::update(&mut app, Event::Terminate));
            }
            // The stop that we sent to our group came to us as well, and was obeyed already.
            Woken::Stop if std::mem::take(&mut own_stop) => {}
            Woken::Stop => {
                if app.running().is_none() {
                    effects.push(Effect::Suspend);
                }
            }
        }
        drain(&mut app, &mut input, &mut reports, &mut effects).await;
        if terminated && leave_by.is_none() && !app.quitting {
            leave_by = Some(Instant::now() + LAST_WAIT);
        }
        for effect in effects {
            match effect {
                Effect::Submit(job) => worker.submit(job),
                Effect::Mouse(capture) => {
                    if let Some(screen) = &mut screen {
                        screen.mouse(capture)?;
                    }
                }
                Effect::Copy(text) => {
                    let outcome = copy(screen.as_mut(), &text);
                    update::update(&mut app, Event::Copied(outcome));
                }
                Effect::Edit(path, _) => {
                    drop(input);
                    drop(screen.take());
                    let outcome = edit(start.editor.as_deref(), &path).await;
                    screen = Some(Screen::enter(app.mouse)?);
                    input = EventStream::new();
                    app.size = terminal::size();
                    for effect in update::update(&mut app, Event::Edited(outcome)) {
                        if let Effect::Submit(job) = effect {
                            worker.submit(job);
                        }
                    }
                }
                Effect::Suspend => {
                    drop(input);
                    drop(screen.take());
                    own_stop = suspend(&mut signals);
                    screen = Some(Screen::enter(app.mouse)?);
                    input = EventStream::new();
                    app.size = terminal::size();
                    app.repaint = true;
                    app.dirty = true;
                }
                Effect::Connect(_) | Effect::Begin(_) => match again(&start, &effect) {
                    Ok((project, words)) => {
                        state::keep(&app, kept.as_deref());
                        app = connected(&app, &start, Arc::clone(&project.config), &themes, now());
                        update::toast(&mut app, super::app::Tone::Info, words);
                        // What the old worker still reports is about another database.
                        (sender, reports) = unbounded_channel();
                        let next = Worker::new(project, start.pg_dump.clone(), sender.clone());
                        let old = std::mem::replace(&mut worker, next);
                        tokio::spawn(old.finish());
                        for effect in update::start(&mut app) {
                            if let Effect::Submit(job) = effect {
                                worker.submit(job);
                            }
                        }
                        break;
                    }
                    Err(problem) => update::toast(&mut app, super::app::Tone::Bad, problem),
                },
                Effect::Quit => app.quitting = true,
            }
        }
        if !terminal::active() {
            // Something panicked; its message is on the terminal, which is the shell's again.
            return Ok(101);
        }
        if app.quitting || leave_by.is_some_and(|at| Instant::now() >= at) {
            break;
        }
        if app.dirty && (drawn.elapsed() >= PACE || app.repaint) {
            draw(&mut app, &mut screen);
            drawn = Instant::now();
        }
    }
    drop(screen);
    worker.finish().await;
    state::keep(&app, kept.as_deref());
    Ok(if terminated { 130 } else { 0 })
}

/// Waits for the next thing, the important ones first.
async fn wait(
    signals: &mut Signals,
    input: &mut EventStream,
    reports: &mut UnboundedReceiver<WorkerEvent>,
    at: Option<Instant>,
) -> Woken {
    let timer = async {
        match at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        _ = signals.term.recv() => Woken::Event(Event::Terminate),
        _ = signals.hup.recv() => Woken::Event(Event::Terminate),
        _ = signals.int.recv() => Woken::Event(Event::Terminate),
        _ = signals.stop.recv() => Woken::Stop,
        _ = signals.resume.recv() => Woken::Resume,
        event = input.next() => match event {
            Some(Ok(event)) => translate(event).map_or(Woken::Timer, Woken::Event),
            // The terminal is gone.
            Some(Err(_)) | None => Woken::Ended,
        },
        report = reports.recv() => match report {
            Some(report) => Woken::Event(Event::Worker(report)),
            None => Woken::Ended,
        },
        () = timer => Woken::Timer,
    }
}

/// Takes in what has come meanwhile, up to a point, so that one frame shows all of it. Never waits.
async fn drain(
    app: &mut App,
    input: &mut EventStream,
    reports: &mut UnboundedReceiver<WorkerEvent>,
    effects: &mut Vec<Effect>,
) {
    for _ in 0..BATCH {
        // An effect that takes the terminal away must be done before more keys are read.
        if effects.iter().any(|e| matches!(e, Effect::Edit(..) | Effect::Suspend | Effect::Quit)) {
            return;
        }
        // Polled with the loop's own waker: the stream keeps the first waker it is given until the
        // next key, and one that wakes nobody would make that key wait for a timer. (crossterm's other
        // reader, without `use-dev-tty`, loses the wake-up of a key that comes together with a
        // change of the size: it is told of each once, and returns at the first.)
        let next = std::future::poll_fn(|cx| Poll::Ready(input.poll_next_unpin(cx))).await;
        if let Poll::Ready(Some(Ok(event))) = next {
            if let Some(event) = translate(event) {
                effects.extend(update::update(app, event));
            }
        } else if let Ok(report) = reports.try_recv() {
            effects.extend(update::update(app, Event::Worker(report)));
        } else {
            return;
        }
    }
}

fn translate(event: Input) -> Option<Event> {
    Some(match event {
        Input::Key(key) => Event::Key(key),
        Input::Mouse(mouse) => {
            // Bare movement says nothing to us.
            if matches!(mouse.kind, crossterm::event::MouseEventKind::Moved) {
                return None;
            }
            Event::Mouse(mouse)
        }
        Input::Paste(text) => Event::Paste(text),
        Input::Resize(width, height) => Event::Resize(width.max(1), height.max(1)),
        Input::FocusGained => Event::Focus(true),
        Input::FocusLost => Event::Focus(false),
    })
}

/// Draws. A terminal that cannot be written to is about to be reported as gone by its input.
fn draw(app: &mut App, screen: &mut Option<Screen>) {
    let Some(screen) = screen else { return };
    match screen.draw(app, app.repaint) {
        Ok(hits) => {
            app.repaint = false;
            app.drawn(hits);
        }
        Err(_) => app.dirty = false,
    }
}

fn copy(screen: Option<&mut Screen>, text: &str) -> Result<String, String> {
    if text.len() > CLIPBOARD {
        return Err(format!("too long for the clipboard: {} kB", text.len() / 1000));
    }
    let Some(screen) = screen else { return Err("there is no terminal".to_owned()) };
    screen.copy(text).map_err(|error| format!("not copied: {error}"))?;
    let n = text.chars().count();
    let shown = if n <= 40 && !text.contains('\n') {
        format!("`{text}`")
    } else {
        format!("{n} characters")
    };
    Ok(format!("copied {shown} through the terminal (OSC 52)"))
}

/// Opens the editor and waits for it. It gets the whole terminal.
async fn edit(editor: Option<&str>, path: &std::path::Path) -> Result<(), String> {
    let Some(editor) = editor else { return Err("set $EDITOR first".to_owned()) };
    let status = tokio::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg("sh")
        .arg(path)
        .status()
        .await
        .map_err(|error| format!("`{editor}` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{editor}` ended with {status}")) }
}

/// Stops the process as the terminal's own Ctrl-Z would; returns when it is continued, and tells
/// whether the stop that it sent is still on its way to the loop.
fn suspend(signals: &mut Signals) -> bool {
    use nix::{
        sys::signal::{Signal, kill, raise},
        unistd::Pid,
    };
    // The whole group stops, so that a program that started us stops too; we ourselves listen to
    // this signal and would not.
    let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
    let _ = raise(Signal::SIGSTOP);
    let mut seen = false;
    while signals.stop.recv().now_or_never().is_some() {
        seen = true;
    }
    while signals.resume.recv().now_or_never().is_some() {}
    !seen
}

/// The interface before anything is known of the project.
fn open(start: &Start, config: Arc<Config>, themes: &Arc<Library>, now: Now) -> App {
    let (theme, problem) = match themes.load(&config.tui.theme) {
        Ok(theme) => (theme, None),
        Err(error) => (themes.load("auto").unwrap_or_else(|_| Theme::dark()), Some(error)),
    };
    let mut app = App::new(config, theme, terminal::size());
    app.themes = Arc::clone(themes);
    app.editor = start.editor.is_some();
    app.zone = jiff::tz::TimeZone::system();
    app.now = now;
    if let Some(problem) = problem {
        update::toast(&mut app, super::app::Tone::Warn, problem.to_string());
    }
    for conflict in app.keymap.conflicts.clone() {
        update::toast(&mut app, super::app::Tone::Warn, conflict);
    }
    app
}

/// The interface on another database: what the user made of it stays.
fn connected(
    old: &App,
    start: &Start,
    config: Arc<Config>,
    themes: &Arc<Library>,
    now: Now,
) -> App {
    let mut app = open(start, config, themes, now);
    app.theme = old.theme.clone();
    app.theme_choice.clone_from(&old.theme_choice);
    app.theme_kept = old.theme_kept;
    (app.glyphs, app.motion, app.mouse) = (old.glyphs, old.motion, old.mouse);
    (app.screen, app.split, app.show_log) = (old.screen, old.split, old.show_log);
    app.recent.clone_from(&old.recent);
    app.repaint = true;
    app
}

/// Opens the project again: with another profile, or after it was begun. Says what it is now.
fn again(start: &Start, effect: &Effect) -> Result<(Project, String), String> {
    match effect {
        Effect::Begin(beginning) => {
            let words = start.begin.with(beginning)?;
            Ok((start.reopen.open(None)?, words))
        }
        Effect::Connect(Some(name)) => {
            Ok((start.reopen.open(Some(name))?, format!("this is the profile {name}")))
        }
        _ => Ok((start.reopen.open(None)?, "this is the project without a profile".to_owned())),
    }
}

/// The themes there are, and what the terminal can show of them.
fn themes(start: &Start) -> Library {
    let config = &start.project.config;
    let light = start.light.or_else(|| (!start.no_color).then(ask_light).flatten());
    let depth = Depth::from_env(
        start.no_color,
        std::env::var("COLORTERM").ok().as_deref(),
        std::env::var("TERM").ok().as_deref(),
    );
    let folders: Vec<_> = [Some(config.root.clone()), start.config_dir.clone()]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("themes"))
        .collect();
    Library::read(&folders, light, depth)
}

/// Asks the terminal for its background.
fn ask_light() -> Option<bool> {
    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = ASK_COLOURS;
    let mode = terminal_colorsaurus::theme_mode(options).ok()?;
    Some(mode == terminal_colorsaurus::ThemeMode::Light)
}
