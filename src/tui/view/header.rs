//! Draws the first two lines: project, server, position, guard; and the tabs.

use ratatui::{Frame, layout::Rect, style::Style};

use crate::{
    config::Guard,
    present::{
        age::clock,
        safe::{display_safe, width},
    },
    server::{Kind, State},
    tui::{
        app::{App, HitMap, Screen, Target},
        widget::Pen,
    },
    worker::{ServerAction, pending::Risk},
};

/// Draws the first line: facts from left to right, the less important ones only when there is room,
/// and the guard level in words at the right.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, _hits: &mut HitMap) {
    let theme = &app.theme;
    let (badge, badge_style) = badge(app);
    let badge_width = (width(&badge) as u16).min(area.width);
    let place = Rect { x: area.right() - badge_width, width: badge_width, ..area };

    let facts = facts(app);
    let room = usize::from(area.width.saturating_sub(badge_width + 2));
    let separator = width(app.glyphs.dot) + 2;
    let mut kept = vec![true; facts.len()];
    // Facts go by rank, the last ones first, until the rest fits.
    for rank in (1..=9).rev() {
        let total: usize = facts
            .iter()
            .zip(&kept)
            .filter(|(_, kept)| **kept)
            .map(|(fact, _)| width(&fact.text) + separator)
            .sum();
        if total <= room + separator {
            break;
        }
        for (fact, kept) in facts.iter().zip(&mut kept) {
            *kept &= fact.rank != rank;
        }
    }
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(badge_width + 2), ..area };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, line);
    let mut first = true;
    for (fact, _) in facts.iter().zip(kept).filter(|(_, kept)| *kept) {
        if !std::mem::take(&mut first) {
            pen.put(" ", theme.text).put(app.glyphs.dot, theme.faint).put(" ", theme.text);
        }
        pen.put(&fact.text, fact.style);
    }
    Pen::new(frame.buffer_mut(), app.glyphs, place).put(&badge, badge_style);
}

struct Fact {
    text: String,
    style: Style,
    /// 0 stays whatever happens, 9 goes first.
    rank: u8,
}

fn facts(app: &App) -> Vec<Fact> {
    let theme = &app.theme;
    let snapshot = &app.snapshot;
    let mut facts = vec![Fact {
        text: format!("{}{}", display_safe(&app.config.name), place(app)),
        style: theme.strong,
        rank: 0,
    }];
    let mut add = |text: String, style, rank| facts.push(Fact { text, style, rank });
    if app.welcomes() {
        add("no project yet".to_owned(), theme.dim, 1);
        return facts;
    }
    if app.never_started() && snapshot.overview.is_none() {
        add(format!("{} no server yet", app.glyphs.server_down), theme.warn, 1);
        return facts;
    }
    if let Some(error) = &snapshot.overview_error {
        let word = if snapshot.server_up() { "not reachable" } else { "server not running" };
        add(format!("{} {word}", app.glyphs.cross), theme.danger, 1);
        if snapshot.overview.is_none() {
            add(error.code.to_string(), theme.dim, 8);
        }
    }
    let Some(overview) = &snapshot.overview else {
        if snapshot.overview_error.is_none() {
            add("connecting".to_owned(), theme.dim, 4);
        }
        return facts;
    };
    let stale = snapshot.overview_error.is_some();
    let quiet = if stale { theme.faint } else { theme.dim };
    let major: String = overview.server.version.chars().take_while(|c| *c != ' ').collect();
    if !major.is_empty() {
        add(format!("PostgreSQL {}", display_safe(&major)), quiet, 7);
    }
    let at = match overview.rows.as_slice() {
        [] => "at base".to_owned(),
        [row] => format!("at {}", app.short(row.as_str())),
        [row, more @ ..] => format!("at {} +{}", app.short(row.as_str()), more.len()),
    };
    add(at, if stale { quiet } else { theme.current }, 3);
    match overview.pending {
        0 => {
            add(
                format!("{} up to date", app.glyphs.check),
                if stale { quiet } else { theme.ok },
                2,
            );
        }
        n => add(format!("{n} pending"), if stale { quiet } else { theme.pending }, 2),
    }
    let remarks = app.memo.remarks(overview);
    if let Some((_, edited)) = remarks.edited {
        add(format!("{} {edited} edited", app.glyphs.edited), theme.edited, 5);
    }
    if let Some((_, skipped)) = remarks.skipped {
        add(format!("{} {skipped} skipped", app.glyphs.cross), theme.failed, 4);
    }
    if let Some((_, partial)) = remarks.partial {
        add(format!("{} {partial} interrupted", app.glyphs.cross), theme.failed, 4);
    }
    if remarks.failed > 0 {
        add(format!("{} {} failed", app.glyphs.cross, remarks.failed), theme.failed, 4);
    }
    if !overview.orphans.is_empty() {
        add(format!("{} without a file", overview.orphans.len()), theme.orphan, 5);
    }
    if overview.server.in_recovery {
        add("standby, read-only".to_owned(), theme.warn, 4);
    }
    facts
}

/// ` @ host:port`, or what kind of server it is.
fn place(app: &App) -> String {
    if let Some(connection) = &app.config.connection {
        let host = connection.hosts.first().map_or("localhost", String::as_str);
        let port = connection.ports.first().copied().unwrap_or(5432);
        let host = if host.starts_with('/') { "socket" } else { host };
        return format!(" @ {}:{port}", display_safe(host));
    }
    match &app.snapshot.server {
        Some(status) => {
            let kind = match status.kind {
                Kind::Local => "local",
                Kind::Compose => "compose",
                Kind::External => "external",
            };
            match (&status.state, status.port) {
                (State::Running { .. }, Some(port)) => format!(" @ {kind}:{port}"),
                _ => format!(" @ {kind}"),
            }
        }
        None => String::new(),
    }
}

fn badge(app: &App) -> (String, Style) {
    let (word, style) = match app.config.guard {
        Guard::Dev => ("DEV", app.theme.badge_dev),
        Guard::Staging => ("STAGING", app.theme.badge_staging),
        Guard::Prod => ("PROD", app.theme.badge_prod),
    };
    let word = match &app.config.profile {
        Some(name) if !name.eq_ignore_ascii_case(word) => {
            format!("{} {word}", display_safe(name))
        }
        _ => word.to_owned(),
    };
    let word = if app.writing { word } else { format!("{word} read-only") };
    let text = if app.glyphs.is_ascii() { format!("[{word}]") } else { format!(" {word} ") };
    (text, style)
}

/// Draws the tabs, and at the right what is under way.
pub fn draw_tabs(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let mut boxes = Vec::new();
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, line);
    for screen in Screen::ALL {
        let active = screen == app.screen;
        let key = app.keymap.label(screen.action());
        let mut text = format!("{key} {}", screen.title());
        let (mark, mark_style) = tab_mark(app, screen);
        if !mark.is_empty() {
            text.push(' ');
        }
        let style = if active { theme.tab_active } else { theme.tab };
        let (open, close) = if active { ("[", "]") } else { (" ", " ") };
        let start = pen.x();
        pen.put(open, style).put(&text, style);
        // The mark keeps its colour on the tab's ground.
        let mark_style =
            if active { style.patch(Style { bg: style.bg, ..mark_style }) } else { mark_style };
        pen.put(&mark, mark_style).put(close, style);
        boxes.push((start, pen.x(), screen));
        pen.skip(1);
    }
    let used = pen.x();
    for (start, end, screen) in boxes {
        hits.add(Rect { x: start, width: end - start, ..area }, Target::Screen(screen));
    }
    draw_busy(app, frame, Rect { x: used, width: area.right().saturating_sub(used), ..area }, hits);
}

fn tab_mark(app: &App, screen: Screen) -> (String, Style) {
    let theme = &app.theme;
    match screen {
        Screen::Graph => match app.snapshot.history.as_ref().map_or(0, |h| h.problems().len()) {
            0 => (String::new(), theme.tab),
            n => (format!("{}{n}", app.glyphs.warn), theme.warn),
        },
        Screen::Pending => match (&app.pending.error, &app.pending.changes) {
            (Some(_), _) => (app.glyphs.cross.to_owned(), theme.danger),
            (None, Some(changes)) if changes.missing.is_some() => (String::new(), theme.tab),
            (None, Some(changes)) => match changes.items.len() {
                0 => (app.glyphs.check.to_owned(), theme.ok),
                n if changes
                    .items
                    .iter()
                    .any(|item| app.pending.terms.risk(item) != Risk::Safe) =>
                {
                    (format!("{}{n}", app.glyphs.warn), theme.warn)
                }
                n => (n.to_string(), theme.pending),
            },
            (None, None) => (String::new(), theme.tab),
        },
        Screen::Database => match (app.snapshot.server_up(), &app.snapshot.server) {
            (true, _) => (app.glyphs.server_up.to_owned(), theme.ok),
            (false, Some(_)) if app.never_started() => {
                (app.glyphs.server_down.to_owned(), theme.warn)
            }
            (false, Some(_)) => (app.glyphs.server_down.to_owned(), theme.danger),
            (false, None) => (String::new(), theme.tab),
        },
        Screen::Jobs => match app.runs.last() {
            Some(job) if job.was_cancelled() => (app.glyphs.cancelled.to_owned(), theme.warn),
            Some(job) if matches!(job.outcome, Some(Err(_))) => {
                (app.glyphs.cross.to_owned(), theme.failed)
            }
            _ => (String::new(), theme.tab),
        },
    }
}

/// `⠹ upgrade head 3/4 · 00:14` at the right end, who blocks it before it.
fn draw_busy(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    // Who is in the way.
    let mut blocker = None;
    let (words, since, style, target) = if let Some(job) = app.running() {
        let (done, all) = (job.finished(), job.plan.len());
        let count =
            if all == 0 { String::new() } else { format!(" {}/{all}", (done + 1).min(all)) };
        let waits = job.blocked.is_some() || job.retry.is_some();
        let style = if waits { theme.warn } else { theme.running };
        let dot = app.glyphs.dot;
        let mut words = format!("{}{count}", job.run.command());
        if let Some((by, _)) = &job.blocked {
            let who = match by.first() {
                Some(blocker) => format!("waits for pid {}", blocker.pid),
                None => "waits for a lock".to_owned(),
            };
            words = format!("{who} {dot} {words}");
            blocker = Some(who);
        }
        (words, job.elapsed(app.now.mono), style, Some(Target::Screen(Screen::Jobs)))
    } else if let Some(writing) = &app.pending.writing {
        let stage = writing.progress.stages.last().map_or("proving", |(words, _)| words.as_str());
        (
            stage.to_owned(),
            app.now.mono.saturating_sub(writing.progress.since),
            theme.running,
            Some(Target::Screen(Screen::Pending)),
        )
    } else if let Some((action, stage, since)) = &app.server_action {
        (
            stage_words(*action, stage),
            app.now.mono.saturating_sub(*since),
            theme.running,
            Some(Target::Screen(Screen::Database)),
        )
    } else {
        return;
    };
    let spin = app.glyphs.spin(app.spin(), app.motion);
    let mut words = format!("{spin} {}", display_safe(&words));
    let mut time = format!(" {} {}", app.glyphs.dot, clock(since));
    let all = usize::from(area.width.saturating_sub(2));
    // Who is in the way matters more than how long it takes, and that more than the rest of the words.
    if let Some(who) = blocker.filter(|who| width(spin) + 1 + width(who) + width(&time) > all) {
        words = format!("{spin} {who}");
        time.clear();
    }
    let room = all.saturating_sub(width(&time));
    let used = width(&words).min(room);
    if used < 6 {
        return;
    }
    let wanted = (used + width(&time)) as u16;
    let place = Rect { x: area.right() - wanted - 1, width: wanted, ..area };
    Pen::new(frame.buffer_mut(), app.glyphs, place).field(&words, used, style).put(&time, style);
    if let Some(target) = target {
        hits.add(place, target);
    }
}

/// What the server's manager does and how far it is, without saying it twice.
pub(super) fn stage_words(action: ServerAction, stage: &str) -> String {
    let doing = action.doing();
    if stage.starts_with(doing) { stage.to_owned() } else { format!("{doing}: {stage}") }
}
