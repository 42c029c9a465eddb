//! What time does: toasts end, ages change, things are read again. Nothing here runs by a fixed
//! beat: [`wake`] tells the loop when the next thing is due, and nothing is due while nothing can
//! change.

use std::time::Duration;

use crate::{
    config::ProviderChoice,
    server::{self, State},
    tui::{
        app::{About, App, Screen},
        event::{Effect, Now},
        progress::Stage,
    },
    worker::{Job, Refresh},
};

/// One picture of a spinner.
const FRAME: Duration = Duration::from_millis(100);
/// How often the folders are looked at.
const GLANCE: Duration = Duration::from_secs(5);
/// After so long without effect a cancel may become a terminate.
pub const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// What is asked for when the interface opens.
pub fn start(app: &mut App) -> Vec<Effect> {
    [Refresh::History, Refresh::Server, Refresh::Overview, Refresh::Record]
        .map(|kind| ask(app, kind))
        .into()
}

/// Asks for a reading, whether or not one is due.
pub fn ask(app: &mut App, kind: Refresh) -> Effect {
    let poll = &mut app.polls[kind as usize];
    poll.outstanding = true;
    poll.asked = Some(app.now.mono);
    if kind == Refresh::Changes {
        super::pending::asked(app);
    }
    Effect::Submit(Job::Refresh(kind))
}

/// Reads everything again.
pub fn reload(app: &mut App) -> Vec<Effect> {
    let text = "reading files and database again";
    super::toast_about(app, About::Reading, crate::tui::app::Tone::Info, text);
    let mut effects: Vec<Effect> =
        [Refresh::History, Refresh::Server, Refresh::Overview, Refresh::Record]
            .map(|kind| ask(app, kind))
            .into();
    effects.extend(entered(app));
    effects
}

/// A screen was entered: reads what it shows.
pub fn entered(app: &mut App) -> Vec<Effect> {
    match app.screen {
        Screen::Graph => Vec::new(),
        Screen::Pending => super::pending::entered(app),
        Screen::Database => [Refresh::Server, Refresh::Activity, Refresh::Log, Refresh::Tables]
            .map(|kind| ask(app, kind))
            .into(),
        Screen::Jobs => vec![ask(app, Refresh::Record)],
    }
}

/// The terminal has the focus again: files may have changed meanwhile.
pub fn returned(app: &mut App) -> Vec<Effect> {
    app.glanced = app.now.mono;
    vec![Effect::Submit(Job::Glance), ask(app, Refresh::Server)]
}

/// The database may be asked.
fn reachable(app: &App) -> bool {
    if app.config.connection.is_some() || app.config.provider == ProviderChoice::External {
        return true;
    }
    match app.snapshot.server.as_ref().map(|status| &status.state) {
        Some(State::Running { .. } | State::Unknown(_)) => true,
        Some(State::Changing(_) | State::Stopped | State::Absent) | None => false,
    }
}

/// How often something is read; none while nobody looks at it.
fn interval(app: &App, kind: Refresh) -> Option<Duration> {
    let seconds = match kind {
        Refresh::History | Refresh::Origins => return None,
        Refresh::Server => {
            if app.config.connection.is_some()
                && app.snapshot.server.as_ref().is_some_and(|s| s.kind == server::Kind::External)
                && app.screen != Screen::Database
            {
                return None;
            }
            if app.snapshot.server_up() { 5 } else { 3 }
        }
        Refresh::Overview => {
            if app.running().is_some() || !reachable(app) {
                return None;
            }
            if app.snapshot.overview_error.is_some() { 5 } else { 15 }
        }
        Refresh::Changes => {
            if !super::pending::watched(app) || !reachable(app) {
                return None;
            }
            30
        }
        Refresh::Activity => {
            if app.screen != Screen::Database || !reachable(app) {
                return None;
            }
            2
        }
        Refresh::Tables => {
            if app.screen != Screen::Database || !reachable(app) {
                return None;
            }
            30
        }
        Refresh::Log => {
            if app.screen != Screen::Database {
                return None;
            }
            2
        }
        Refresh::Record => {
            if app.screen != Screen::Jobs || !reachable(app) {
                return None;
            }
            15
        }
    };
    // Nobody looks at a window without the focus very often.
    Some(Duration::from_secs(if app.focused { seconds } else { seconds * 4 }))
}

/// When a kind is due; none when never, or when it is being read.
fn due(app: &App, kind: Refresh) -> Option<Duration> {
    let poll = app.polls[kind as usize];
    if poll.outstanding {
        return None;
    }
    let every = interval(app, kind)?;
    Some(poll.asked.map_or(Duration::ZERO, |asked| asked + every))
}

/// Something moves on the screen by itself.
fn animated(app: &App) -> bool {
    let building = app.diff().is_some_and(|diff| diff.building.is_some());
    let comparing = app.pending.comparing.is_some() && app.screen == Screen::Pending;
    app.running().is_some()
        || app.server_action.is_some()
        || app.pending.writing.is_some()
        || building
        || comparing
}

/// The time goes on.
pub fn tick(app: &mut App, now: Now) -> Vec<Effect> {
    let before = app.now;
    app.now = now;
    let toasts = app.toasts.len();
    app.toasts.retain(|toast| toast.until.is_none_or(|until| until > now.mono));
    app.dirty |= toasts != app.toasts.len();
    if app.count.is_some() && app.count_until <= now.mono {
        app.count = None;
        app.dirty = true;
    }
    if animated(app) {
        let frame = if app.motion { FRAME } else { Duration::from_secs(1) };
        app.dirty |=
            now.mono.as_millis() / frame.as_millis() != before.mono.as_millis() / frame.as_millis();
    }
    if now.wall.as_second() / 60 != before.wall.as_second() / 60 {
        app.dirty = true;
    }
    if let Some(job) = app.running()
        && let Stage::Cancelling(since) = job.stage
        && now.mono >= since + CANCEL_PATIENCE
        && before.mono < since + CANCEL_PATIENCE
    {
        super::toast(
            app,
            crate::tui::app::Tone::Warn,
            "the server does not react to the cancel; X ends the session",
        );
    }
    let mut effects = Vec::new();
    for kind in Refresh::ALL {
        if due(app, kind).is_some_and(|at| at <= now.mono) {
            effects.push(ask(app, kind));
        }
    }
    if app.focused && now.mono >= app.glanced + GLANCE {
        app.glanced = now.mono;
        effects.push(Effect::Submit(Job::Glance));
    }
    effects
}

/// When the loop must wake by itself, on the loop's clock.
pub fn wake(app: &App) -> Option<Duration> {
    let now = app.now.mono;
    let mut times: Vec<Duration> = app.toasts.iter().filter_map(|toast| toast.until).collect();
    times.extend(app.count.map(|_| app.count_until));
    if animated(app) {
        let frame = if app.motion { FRAME } else { Duration::from_secs(1) };
        let next = (now.as_millis() / frame.as_millis() + 1) * frame.as_millis();
        times.push(Duration::from_millis(next as u64));
    }
    let second = app.now.wall.as_second().rem_euclid(60) as u64;
    times.push(now + Duration::from_secs(60 - second));
    if app.focused {
        times.push(app.glanced + GLANCE);
    }
    times.extend(Refresh::ALL.iter().filter_map(|kind| due(app, *kind)));
    times.into_iter().min()
}
