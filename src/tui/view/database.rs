//! Draws the database screen: the server, who is connected and who blocks whom, locks, settings, the
//! log. A wide screen shows all of it at once, a narrow one a section at a time.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
};

use crate::{
    config::Guard,
    engine::activity::SettingRow,
    pg::statement,
    present::{
        age::{age, bytes, clock},
        safe::{display_safe, width},
    },
    server::{Kind, State},
    tui::{
        action::Action,
        app::{App, HitMap, Section, Target},
        view::{header::stage_words, server_log, tables, toast::wrapped},
        widget::{
            Pen,
            pane::{pane, shrink, window},
        },
    },
};

/// Cells that the notes of the settings need to say anything.
const LEAST_NOTE: usize = 24;
/// Rows of the server's section, with its frame.
const SERVER_ROWS: u16 = 11;
/// Rows of the pool's, with its frame.
const POOL_ROWS: u16 = 6;
/// Rows that the sessions below them need to say anything.
const LEAST_SESSIONS: u16 = 5;

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    if app.database.log_only {
        server_log::draw(app, frame, area, hits);
        return;
    }
    if app.size.0 < 100 || area.height < 24 {
        narrow(app, frame, area, hits);
        return;
    }
    let tall = (area.height / 3).clamp(9, 14);
    let [upper, middle, lower] = Layout::vertical([
        Constraint::Length(tall),
        Constraint::Length((area.height / 4).clamp(7, 12)),
        Constraint::Fill(1),
    ])
    .areas(area);
    let [server_area, sessions_area] =
        Layout::horizontal([Constraint::Length(46), Constraint::Fill(1)]).areas(upper);
    let [locks_area, settings_area, pool_area] =
        Layout::horizontal([Constraint::Fill(6), Constraint::Fill(4), Constraint::Length(30)])
            .areas(middle);
    server(app, frame, server_area, hits);
    sessions(app, frame, sessions_area, hits);
    locks(app, frame, locks_area, hits);
    settings(app, frame, settings_area, hits);
    pool(app, frame, pool_area, hits);
    let [tables_area, log_area] =
        Layout::horizontal([Constraint::Length(62), Constraint::Fill(1)]).areas(lower);
    tables::draw(app, frame, tables_area, hits);
    server_log::draw(app, frame, log_area, hits);
    hits.page = match app.database.section {
        Section::Sessions => usize::from(sessions_area.height.saturating_sub(3)),
        Section::Locks => usize::from(locks_area.height.saturating_sub(3)),
        Section::Settings => usize::from(settings_area.height.saturating_sub(2)),
        Section::Tables => usize::from(lower.height.saturating_sub(3)),
        _ => usize::from(lower.height.saturating_sub(2)),
    };
}

/// One section at a time; the tabs of all of them on top.
fn narrow(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let [tabs, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let mut x = tabs.x + 1;
    for section in Section::ALL {
        let chosen = section == app.database.section;
        let text = if chosen {
            format!("[{}]", section.title())
        } else {
            format!(" {} ", section.title())
        };
        let width = text.len() as u16;
        let place = Rect { x, width: width.min(tabs.right().saturating_sub(x)), ..tabs };
        let style = if chosen { theme.tab_active } else { theme.tab };
        frame.render_widget(Line::styled(text, style), place);
        hits.add(place, Target::Section(section, None));
        x = (x + width).min(tabs.right());
    }
    let key = format!(
        "{} {} section ",
        app.keymap.label(Action::PreviousSection),
        app.keymap.label(Action::NextSection)
    );
    let width = key.len() as u16;
    if x + width < tabs.right() {
        let place = Rect { x: tabs.right() - width, width, ..tabs };
        frame.render_widget(Line::styled(key, theme.dim), place);
    }
    match app.database.section {
        Section::Server => {
            let top = above_sessions(app, frame, body, SERVER_ROWS, hits);
            server(app, frame, top, hits);
        }
        Section::Sessions => sessions(app, frame, body, hits),
        Section::Locks => locks(app, frame, body, hits),
        Section::Tables => tables::draw(app, frame, body, hits),
        Section::Pool => {
            let top = above_sessions(app, frame, body, POOL_ROWS, hits);
            pool(app, frame, top, hits);
        }
        Section::Settings => settings(app, frame, body, hits),
        Section::Log => server_log::draw(app, frame, body, hits),
    }
    hits.page = usize::from(body.height.saturating_sub(3));
}

/// The place of a section of few rows: the sessions stand below it where both have room.
fn above_sessions(app: &App, frame: &mut Frame, body: Rect, rows: u16, hits: &mut HitMap) -> Rect {
    if body.height < rows + LEAST_SESSIONS {
        return body;
    }
    let [top, rest] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(body);
    sessions(app, frame, rest, hits);
    top
}

pub(super) fn frame_of(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    section: Section,
    more: Vec<Span<'_>>,
    foot: Line<'_>,
    hits: &mut HitMap,
) -> Rect {
    let mut title = vec![Span::styled(section.title(), app.theme.title)];
    title.extend(more);
    hits.add(area, Target::Section(section, None));
    let focus = app.database.section == section;
    shrink(pane(app, frame, area, focus, Line::from(title), foot), 1)
}

pub(super) fn problem(app: &App, frame: &mut Frame, area: Rect, text: &str, style: Style) {
    let text = display_safe(text).into_owned();
    let room = usize::from(area.width).max(8);
    for (row, line) in wrapped(&text, room, usize::from(area.height)).iter().enumerate() {
        Pen::at(frame.buffer_mut(), app.glyphs, area, row as u16).put(line, style);
    }
}

/// Why there is nothing to show.
pub(super) fn absent(app: &App) -> (String, Style) {
    match &app.snapshot.activity_error {
        Some(error) => (error.message.clone(), app.theme.dim),
        None if app.snapshot.server_up() => ("being read".to_owned(), app.theme.dim),
        None => ("the server is not running".to_owned(), app.theme.dim),
    }
}

fn server(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let inside = frame_of(app, frame, area, Section::Server, Vec::new(), Line::default(), hits);
    let mut rows: Vec<(&str, String, Style)> = Vec::new();
    let (mark, mut words, style) = state(app);
    if let Some((action, stage, since)) = &app.server_action {
        let spin = app.glyphs.spin(app.spin(), app.motion);
        let took = clock(app.now.mono.saturating_sub(*since));
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, inside);
        pen.put(spin, theme.running).skip(1);
        let text = stage_words(*action, stage);
        pen.put(&display_safe(&text), theme.running).skip(2).put(&took, theme.dim);
    } else {
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, inside);
        pen.put(mark, style).skip(1).put(&std::mem::take(&mut words), style);
        if let Some(status) = &app.snapshot.server
            && let State::Running { id, .. } = &status.state
        {
            let short: String = id.chars().take(12).collect();
            let word = if status.kind == Kind::Compose { "container" } else { "pid" };
            if !short.is_empty() {
                pen.skip(2).put(&format!("{word} {}", display_safe(&short)), theme.dim);
            }
        }
        if let Some(overview) = &app.snapshot.overview
            && app.snapshot.overview_error.is_none()
            && !overview.server.uptime.is_zero()
        {
            // The reading is told again each minute: seconds would stand still.
            let up = match overview.server.uptime {
                short if short.as_secs() < 60 => "started just now".to_owned(),
                long => format!("up {}", age(long)),
            };
            pen.skip(2).put(&up, theme.dim);
        }
        let startable = matches!(
            app.snapshot.server.as_ref().map(|s| (s.kind, &s.state)),
            Some((Kind::Local | Kind::Compose, State::Stopped | State::Absent))
        );
        if startable {
            let key = app.keymap.label(Action::ServerToggle);
            pen.skip(2).put(&key, theme.key).put(" starts it", theme.hint);
        }
    }
    if let Some(status) = &app.snapshot.server {
        rows.push(("", status.summary.clone(), theme.text));
        if let Some(data) = &status.data {
            rows.push(("data", in_project(app, data), theme.text));
        }
        if let Some(port) = status.port {
            let socket = status
                .socket
                .as_ref()
                .map(|s| format!("   socket {}", in_project(app, &s.display().to_string())));
            rows.push(("port", format!("{port}{}", socket.unwrap_or_default()), theme.text));
        }
    }
    if let Some(error) = &app.snapshot.server_error {
        rows.push(("", error.message.clone(), theme.danger));
    }
    if let Some(connection) = &app.config.connection {
        rows.push(("target", connection.to_string(), theme.text));
    }
    if let (Some(overview), None) = (&app.snapshot.overview, &app.snapshot.overview_error) {
        let facts = &overview.server;
        let size =
            if facts.size > 0 { format!("   size {}", bytes(facts.size)) } else { String::new() };
        rows.push(("version", format!("{}{size}", facts.version), theme.text));
        let standby =
            if facts.in_recovery { "a standby: read-only" } else { "accepting connections" };
        let style = if facts.in_recovery { theme.warn } else { theme.text };
        let ms = facts.latency.as_secs_f64() * 1000.0;
        let took = if ms < 0.1 { "<0.1 ms".to_owned() } else { format!("{ms:.1} ms") };
        rows.push(("ready", format!("{standby}   {took}"), style));
        let superuser = if facts.superuser { "superuser" } else { "not superuser" };
        rows.push(("role", format!("{} ({superuser})", facts.user), theme.text));
    } else if let Some(error) = &app.snapshot.overview_error {
        rows.push(("ready", error.message.clone(), theme.warn));
    }
    let (word, style) = match app.config.guard {
        Guard::Dev => ("DEV: Enter confirms", theme.text),
        Guard::Staging => ("STAGING: a name confirms losses", theme.warn),
        Guard::Prod => ("PROD: a name confirms each change", theme.danger),
    };
    rows.push(("guard", word.to_owned(), style));
    for (i, (label, text, style)) in rows.iter().enumerate() {
        let row = i as u16 + 1;
        if row >= inside.height {
            break;
        }
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row);
        if !label.is_empty() {
            pen.field(label, 8, theme.dim);
        }
        pen.put(&display_safe(text), *style);
    }
}

/// A path, relative to the project when it is below it.
pub(super) fn in_project(app: &App, path: &str) -> String {
    let root = app.config.root.display().to_string();
    match path.strip_prefix(&root) {
        Some(rest) if rest.starts_with('/') => rest[1..].to_owned(),
        _ => path.to_owned(),
    }
}

fn state(app: &App) -> (&'static str, String, Style) {
    let theme = &app.theme;
    let glyphs = &app.glyphs;
    match app.snapshot.server.as_ref().map(|status| &status.state) {
        Some(State::Running { .. }) => (glyphs.server_up, "running".into(), theme.ok),
        Some(State::Changing(what)) => {
            (glyphs.waits, display_safe(what).into_owned(), theme.running)
        }
        Some(State::Stopped) => (glyphs.server_down, "stopped".into(), theme.danger),
        Some(State::Absent) => (glyphs.server_down, "never created".into(), theme.warn),
        Some(State::Unknown(why)) => {
            (glyphs.warn, format!("unknown: {}", display_safe(why)), theme.warn)
        }
        None if app.snapshot.server_error.is_some() => {
            (glyphs.cross, "cannot be told".into(), theme.danger)
        }
        None => (glyphs.waits, "being asked".into(), theme.dim),
    }
}

fn pool(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let inside = frame_of(app, frame, area, Section::Pool, Vec::new(), Line::default(), hits);
    let facts = app.snapshot.pool;
    if facts.max == 0 {
        problem(app, frame, inside, "no connection is open", theme.dim);
        return;
    }
    let used = facts.open.saturating_sub(facts.idle);
    let rows = [
        format!("max {}  open {}  idle {}", facts.max, facts.open, facts.idle),
        String::new(),
        format!("waiting {}", facts.waiting),
        "runs use one of their own".to_owned(),
    ];
    for (row, text) in rows.iter().enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        if row == 1 {
            pen.put("in use  ", theme.dim);
            pen.put(&app.glyphs.bar_done.repeat(used.min(16)), theme.bar_done);
            let rest = facts.max.saturating_sub(used).min(16);
            pen.put(&app.glyphs.bar_rest.repeat(rest), theme.bar_rest);
            pen.put(&format!("  {used}/{}", facts.max), theme.text);
        } else {
            pen.put(text, if row == 3 { theme.dim } else { theme.text });
        }
    }
}

fn sessions(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let activity = app.snapshot.activity.as_ref();
    let (all, blocked) = activity.map_or((0, 0), |a| {
        (a.sessions.len(), a.sessions.iter().filter(|s| !s.blocked_by.is_empty()).count())
    });
    let mut more = vec![Span::styled(format!(" {all}"), theme.title_dim)];
    if blocked > 0 {
        more.push(Span::styled(format!(" {} blocked {blocked}", app.glyphs.dot), theme.warn));
    }
    let focus = app.database.section == Section::Sessions;
    let inside = frame_of(app, frame, area, Section::Sessions, more, Line::default(), hits);
    let Some(activity) = activity else {
        let (text, style) = absent(app);
        problem(app, frame, inside, &text, style);
        return;
    };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, inside);
    pen.field("  pid", 9, theme.dim).skip(1).field("state", 8, theme.dim).skip(1);
    pen.right("age", 4, theme.dim).skip(2).field("wait", 7, theme.dim).skip(1);
    pen.field("who", 14, theme.dim).skip(1).put("query", theme.dim);
    let page = usize::from(inside.height.saturating_sub(1));
    let from = window(0, app.database.session, all, page);
    for (row, session) in activity.sessions.iter().skip(from).take(page).enumerate() {
        let index = from + row;
        let place = Rect { y: inside.y + 1 + row as u16, height: 1, ..inside };
        hits.add(place, Target::Section(Section::Sessions, Some(index)));
        let selected = index == app.database.session;
        if selected {
            let style = if focus { theme.selection } else { theme.selection_idle };
            frame.buffer_mut().set_style(place, style);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.put(if selected && focus { app.glyphs.pointer } else { " " }, theme.marker);
        let blocks = activity.sessions.iter().any(|s| s.blocked_by.contains(&session.pid));
        let style = if !session.blocked_by.is_empty() {
            theme.warn
        } else if blocks {
            theme.danger
        } else {
            theme.text
        };
        let mark = if blocks { app.glyphs.branch } else { " " };
        pen.put(mark, theme.danger).field(&session.pid.to_string(), 7, style).skip(1);
        pen.field(short_state(&session.state), 8, style).skip(1);
        pen.right(&age(session.age), 4, theme.text).skip(2);
        let wait = session.wait.as_deref().unwrap_or("-");
        pen.field(&display_safe(wait), 7, theme.dim).skip(1);
        let who = if session.ours {
            "limbeck".to_owned()
        } else if session.app.is_empty() {
            session.user.clone()
        } else {
            session.app.clone()
        };
        let style = if session.ours { theme.accent } else { theme.text };
        pen.field(&display_safe(&who), 14, style).skip(1);
        if !session.blocked_by.is_empty() {
            let by: Vec<String> = session.blocked_by.iter().map(ToString::to_string).collect();
            pen.put(&format!("waits for {}  ", by.join(", ")), theme.warn);
        }
        let query = statement::summary(&session.query, 200);
        pen.put(&display_safe(&query), theme.dim);
    }
}

/// Session states in eight letters.
fn short_state(state: &str) -> &str {
    match state {
        "idle in transaction" => "idle tx",
        "idle in transaction (aborted)" => "abort tx",
        "fastpath function call" => "fastpath",
        "" => "-",
        other => other,
    }
}

fn locks(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let activity = app.snapshot.activity.as_ref();
    let all = activity.map_or(0, |a| a.locks.len());
    let waiting = activity.map_or(0, |a| a.locks.iter().filter(|lock| !lock.granted).count());
    let mut more = vec![Span::styled(format!(" {all}"), theme.title_dim)];
    if waiting > 0 {
        more.push(Span::styled(format!(" {} waiting {waiting}", app.glyphs.dot), theme.warn));
    }
    let focus = app.database.section == Section::Locks;
    let inside = frame_of(app, frame, area, Section::Locks, more, Line::default(), hits);
    let Some(activity) = activity else {
        let (text, style) = absent(app);
        problem(app, frame, inside, &text, style);
        return;
    };
    if activity.locks.is_empty() {
        problem(app, frame, inside, "no other session holds a lock on a relation", theme.dim);
        return;
    }
    // Modes are told whole; names get what they leave.
    let mode = activity.locks.iter().map(|lock| width(&lock.mode)).max().unwrap_or(0).clamp(4, 20);
    let name = usize::from(inside.width).saturating_sub(mode + 21).clamp(8, 40);
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, inside);
    pen.field(" relation", name + 1, theme.dim).skip(1).field("mode", mode, theme.dim).skip(1);
    pen.field("pid", 7, theme.dim).skip(1).put("held", theme.dim);
    let page = usize::from(inside.height.saturating_sub(1));
    let from = window(0, app.database.lock, all, page);
    for (row, lock) in activity.locks.iter().skip(from).take(page).enumerate() {
        let index = from + row;
        let place = Rect { y: inside.y + 1 + row as u16, height: 1, ..inside };
        hits.add(place, Target::Section(Section::Locks, Some(index)));
        let selected = focus && index == app.database.lock;
        if selected {
            frame.buffer_mut().set_style(place, theme.selection);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.put(if selected { app.glyphs.pointer } else { " " }, theme.marker);
        let relation = lock.relation.strip_prefix("public.").unwrap_or(&lock.relation);
        pen.field(&display_safe(relation), name, theme.text).skip(1);
        pen.field(&display_safe(&lock.mode), mode, theme.text).skip(1);
        pen.field(&lock.pid.to_string(), 7, theme.text).skip(1);
        let (word, style) = if lock.granted { ("yes", theme.text) } else { ("waits", theme.warn) };
        pen.field(word, 6, style).put(&age(lock.age), theme.dim);
    }
}

fn settings(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let inside = frame_of(app, frame, area, Section::Settings, Vec::new(), Line::default(), hits);
    let Some(activity) = &app.snapshot.activity else {
        let (text, style) = absent(app);
        problem(app, frame, inside, &text, style);
        return;
    };
    let page = usize::from(inside.height);
    let from = app.database.setting.min(activity.settings.len().saturating_sub(page));
    let shown: Vec<_> = activity.settings.iter().skip(from).take(page).collect();
    let widest =
        |of: fn(&SettingRow) -> &str| shown.iter().map(|s| width(of(s))).max().unwrap_or(0);
    let value = widest(|s| &s.value).clamp(4, 12);
    let room = usize::from(inside.width).saturating_sub(value + 1);
    let name = widest(|s| &s.name).min(room).max(10);
    // A note of two words and an ellipsis says nothing: all of them, or none.
    let notes = usize::from(inside.width) >= name + value + 3 + LEAST_NOTE;
    for (row, setting) in shown.into_iter().enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        // A long name is known by its other words.
        let short = if setting.name.len() > name { "tx" } else { "transaction" };
        let words = setting.name.replace("transaction", short);
        pen.field(&display_safe(&words), name, theme.dim).skip(1);
        if notes {
            pen.field(&display_safe(&setting.value), value, theme.text).skip(2);
            pen.put(&display_safe(&setting.note), theme.faint);
        } else {
            pen.put(&display_safe(&setting.value), theme.text);
        }
    }
}
