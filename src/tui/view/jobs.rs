//! Draws the jobs screen: the run that is under way (or selected), what the server said, and what ran
//! before.

use std::time::Duration;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    engine::{Aftermath, record::Entry},
    present::{
        age::{age, clock, elapsed},
        safe::{display_safe, width},
    },
    revision::Direction,
    tui::{
        action::Action,
        app::{App, HitMap, Target},
        progress::{JobView, Phase, RevisionProgress, Stage},
        update::{
            confirm::count,
            screens::{JobLine, job_line, job_lines, shown_job},
        },
        view::toast::wrapped,
        widget::{
            Pen,
            pane::{pane, shrink, window},
        },
    },
};

/// Statements shown below a revision that runs.
const STATEMENTS: usize = 4;

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    if job_lines(app) == 0 {
        nothing(app, frame, area);
        return;
    }
    let past = match job_line(app, app.jobs.selected) {
        Some(JobLine::Past(entry)) => Some(entry),
        _ => None,
    };
    let running = app.running().is_some();
    let top_height = match (past, shown_job(app)) {
        (Some(entry), _) if !running => past_height(app, entry, area),
        (_, Some(job)) => job_height(app, job, area),
        _ => 0,
    };
    let [top, bottom] =
        Layout::vertical([Constraint::Length(top_height), Constraint::Fill(1)]).areas(area);
    let with_output = shown_job(app).filter(|_| past.is_none() || running);
    // On a narrow screen a running job's words matter more than what ran before.
    let speaks = |job: &JobView| job.is_running() && !job.output.is_empty();
    let listed = app.wide() || !with_output.is_some_and(speaks);
    match (past, shown_job(app)) {
        (Some(entry), _) if !running => draw_past(app, entry, frame, top),
        // The keys that move do so in the list.
        (_, Some(job)) => draw_job(app, job, frame, top, !listed),
        _ => {}
    }
    match with_output {
        Some(job) if app.wide() => {
            let [list, output] =
                Layout::horizontal([Constraint::Percentage(50), Constraint::Fill(1)]).areas(bottom);
            draw_list(app, frame, list, hits);
            draw_output(app, job, frame, output);
        }
        Some(job) if !listed => {
            draw_output(app, job, frame, bottom);
            hits.page = usize::from(bottom.height.saturating_sub(2));
        }
        _ => draw_list(app, frame, bottom, hits),
    }
}

fn nothing(app: &App, frame: &mut Frame, area: Rect) {
    let theme = &app.theme;
    let inside = pane(app, frame, area, true, Line::styled("Jobs", theme.title), Line::default());
    let words = match &app.snapshot.record_error {
        Some(error) => vec![
            Line::styled(display_safe(&error.message).into_owned(), theme.warn),
            Line::styled("what ran before cannot be read", theme.dim),
            Line::default(),
            Line::from(vec![
                Span::styled(app.keymap.label(Action::DatabaseScreen), theme.key),
                Span::styled(" looks at the database", theme.text),
            ]),
        ],
        None => vec![
            Line::styled("Nothing has run yet", theme.strong),
            Line::default(),
            Line::from(vec![
                Span::styled(app.keymap.label(Action::GraphScreen), theme.key),
                Span::styled(" graph, then ", theme.text),
                Span::styled(app.keymap.label(Action::UpgradeHeads), theme.key),
                Span::styled(" upgrades to head", theme.text),
            ]),
        ],
    };
    let y = inside.y + inside.height.saturating_sub(words.len() as u16) / 2;
    for (i, line) in words.into_iter().enumerate() {
        let y = y + i as u16;
        if y < inside.bottom() {
            frame.render_widget(line.centered(), Rect { y, height: 1, ..inside });
        }
    }
}

/// The words of a stage, and whether they are worth a look.
fn stage(app: &App, job: &JobView) -> (String, ratatui::style::Style) {
    let theme = &app.theme;
    match &job.stage {
        Stage::Connecting => ("connecting".into(), theme.running),
        Stage::WaitingForRunner(waited) => {
            (format!("waits for another runner {}", clock(*waited)), theme.warn)
        }
        Stage::Running if job.blocked.is_some() => ("waits for a lock".into(), theme.warn),
        Stage::Running if job.pausing => ("stops after this revision".into(), theme.running),
        Stage::Running => ("running".into(), theme.running),
        Stage::Retrying(_) => ("waits before another try".into(), theme.warn),
        Stage::Resolving => ("looks what became of the commit".into(), theme.warn),
        Stage::Cancelling(since) => {
            (format!("cancelling {}", clock(app.now.mono.saturating_sub(*since))), theme.warn)
        }
        Stage::Ended => match &job.outcome {
            Some(Ok(report)) if report.paused => ("stopped as asked".into(), theme.warn),
            Some(Ok(_)) => ("done".into(), theme.ok),
            Some(Err(_)) if job.was_cancelled() => ("cancelled".into(), theme.warn),
            Some(Err(_)) => ("failed".into(), theme.failed),
            None => (String::new(), theme.text),
        },
    }
}

fn job_height(app: &App, job: &JobView, area: Rect) -> u16 {
    let extra = 4
        + u16::from(job.blocked.is_some() || job.retry.is_some()) * 2
        + if matches!(job.outcome, Some(Err(_))) { 4 } else { 0 };
    let wanted = job.plan.len() as u16 + STATEMENTS as u16 + extra + 1;
    let most = if app.wide() { area.height * 3 / 5 } else { area.height * 2 / 3 };
    wanted.clamp(7, most.max(7)).min(area.height)
}

fn draw_job(app: &App, job: &JobView, frame: &mut Frame, area: Rect, focus: bool) {
    let theme = &app.theme;
    let guard = match app.config.guard {
        crate::config::Guard::Dev => "dev",
        crate::config::Guard::Staging => "staging",
        crate::config::Guard::Prod => "prod",
    };
    let dot = app.glyphs.dot;
    let title = Line::from(vec![
        Span::styled(display_safe(&job.run.command()).into_owned(), theme.title),
        Span::styled(format!(" {dot} {guard} {dot} job {}", job.id.0), theme.title_dim),
    ]);
    let foot = job.pid.map(|pid| format!("backend {pid}")).unwrap_or_default();
    let inside = pane(app, frame, area, focus, title, Line::styled(foot, theme.scroll));
    let inside = shrink(inside, 1);
    if inside.height == 0 {
        return;
    }
    bar(app, job, frame, inside);
    let mut tail: Vec<(String, ratatui::style::Style)> = Vec::new();
    let room = usize::from(inside.width).max(10);
    if let Some((by, waited)) = &job.blocked {
        let who = by.first().map_or_else(
            || "another session".to_owned(),
            |b| {
                let name =
                    if b.app.is_empty() { b.user.clone() } else { format!("{}@{}", b.app, b.user) };
                format!("pid {} ({}, {name})", b.pid, b.state)
            },
        );
        let more = if by.len() > 1 { format!(" and {} more", by.len() - 1) } else { String::new() };
        let key = app.keymap.label(Action::DatabaseScreen);
        let end = app.keymap.label(Action::TerminateBackend);
        let text = display_safe(&format!(
            "{} waiting for a lock {}: held by {who}{more}  {} {key} Database, {end} there ends it",
            app.glyphs.paused,
            clock(*waited),
            app.glyphs.arrow,
        ))
        .into_owned();
        tail.extend(wrapped(&text, room, 2).into_iter().map(|line| (line, theme.warn)));
    }
    if let (None, Some(reason), true) = (&job.blocked, &job.retry, job.is_running()) {
        // Between two tries nobody is in the way, yet it is still about the same one.
        let text = format!("{} tried again after {}", app.glyphs.paused, display_safe(reason));
        tail.extend(wrapped(&text, room, 2).into_iter().map(|line| (line, theme.warn)));
    }
    if let Some(Err(error)) = &job.outcome {
        let style = if job.was_cancelled() { theme.warn } else { theme.failed };
        let text = display_safe(&error.message).into_owned();
        tail.extend(wrapped(&text, room, 2).into_iter().map(|line| (line, style)));
        if let Some(state) = &error.state {
            let text = display_safe(state).into_owned();
            let style = match error.aftermath {
                Aftermath::Untouched | Aftermath::RolledBack => theme.ok,
                Aftermath::Partly | Aftermath::Committed => theme.warn,
                Aftermath::Unknown => theme.danger,
            };
            tail.extend(wrapped(&text, room, 1).into_iter().map(|line| (line, style)));
        }
    }
    let body = Rect {
        y: inside.y + 1,
        height: inside.height.saturating_sub(1 + tail.len() as u16),
        ..inside
    };
    draw_plan(app, job, frame, body);
    for (i, (text, style)) in tail.iter().enumerate() {
        let row = inside.height.saturating_sub(tail.len() as u16) + i as u16;
        Pen::at(frame.buffer_mut(), app.glyphs, inside, row).put(text, *style);
    }
}

fn bar(app: &App, job: &JobView, frame: &mut Frame, area: Rect) {
    let theme = &app.theme;
    let (done, all) = job.steps();
    let (finished, plan) = (job.finished(), job.plan.len());
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    if plan > 0 {
        pen.put(&format!("{finished} of {plan}"), theme.strong).skip(2);
        let width = (usize::from(area.width) / 3).clamp(8, 40);
        let filled = (done * width).checked_div(all).unwrap_or(0);
        pen.put(&app.glyphs.bar_done.repeat(filled), theme.bar_done);
        pen.put(&app.glyphs.bar_rest.repeat(width - filled), theme.bar_rest).skip(2);
    } else if job.is_running() {
        pen.put(app.glyphs.spin(app.spin(), app.motion), theme.running).skip(1);
    }
    let took = job.elapsed(app.now.mono);
    let took = if job.is_running() { clock(took) } else { elapsed(took) };
    pen.put(&took, theme.text).skip(2);
    let (words, style) = stage(app, job);
    pen.put(&words, style);
    if let Some(Ok(report)) = &job.outcome
        && report.done.is_empty()
    {
        pen.put(": there was nothing to do", theme.dim);
    }
}

/// The revisions, with the statements of the one that runs; the interesting one stays visible.
fn draw_plan(app: &App, job: &JobView, frame: &mut Frame, area: Rect) {
    let rows = usize::from(area.height);
    let mut drawn: Vec<(usize, Option<usize>)> = Vec::new();
    let mut centre = 0;
    for (index, revision) in job.plan.iter().enumerate() {
        if index == job.current {
            centre = drawn.len();
        }
        drawn.push((index, None));
        if matches!(revision.phase, Phase::Running(_) | Phase::Failed | Phase::Cancelled) {
            let shown = revision.statements.len().min(STATEMENTS);
            let from = revision.statements.len() - shown;
            drawn.extend((from..revision.statements.len()).map(|s| (index, Some(s))));
            centre = drawn.len() - 1;
        }
    }
    let from = window(0, centre, drawn.len(), rows);
    for (row, (index, statement)) in drawn.into_iter().skip(from).take(rows).enumerate() {
        let revision = &job.plan[index];
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, row as u16);
        match statement {
            None => draw_revision(app, revision, job, &mut pen),
            Some(statement) => draw_statement(app, revision, statement, job, &mut pen),
        }
    }
}

fn phase_mark(app: &App, phase: Phase) -> (&'static str, ratatui::style::Style) {
    let theme = &app.theme;
    match phase {
        Phase::Waits => (app.glyphs.waits, theme.faint),
        Phase::Running(_) => (app.glyphs.pointer, theme.running),
        Phase::Done(_) => (app.glyphs.check, theme.ok),
        Phase::Failed => (app.glyphs.cross, theme.failed),
        Phase::Cancelled => (app.glyphs.cancelled, theme.warn),
    }
}

/// What is left of the revision that a run ended in.
fn left(job: &JobView) -> &'static str {
    let aftermath = match &job.outcome {
        Some(Err(error)) => error.aftermath,
        _ => Aftermath::RolledBack,
    };
    match aftermath {
        Aftermath::Untouched => "not begun",
        Aftermath::RolledBack => "rolled back",
        Aftermath::Partly => "partly kept",
        Aftermath::Committed => "kept",
        Aftermath::Unknown => "in doubt",
    }
}

fn draw_revision(app: &App, revision: &RevisionProgress, job: &JobView, pen: &mut Pen<'_>) {
    let theme = &app.theme;
    let (mark, style) = phase_mark(app, revision.phase);
    let planned = &revision.planned;
    let id = app.short(planned.id.as_str());
    let message = display_safe(&planned.message).into_owned();
    let steps = match (revision.phase, planned.statements) {
        (Phase::Running(_), n) => format!("{} of {n}", (revision.done + 1).min(n.max(1))),
        (Phase::Failed | Phase::Cancelled, n) => format!("{} of {n}", revision.done),
        (_, n) => count(n, "statement"),
    };
    let took = match revision.phase {
        Phase::Waits if job.is_running() => "waits".to_owned(),
        Phase::Waits => "not run".to_owned(),
        Phase::Running(since) => clock(app.now.mono.saturating_sub(since)),
        Phase::Done(took) => elapsed(took),
        Phase::Failed | Phase::Cancelled => left(job).to_owned(),
    };
    let text = if matches!(revision.phase, Phase::Waits) { theme.dim } else { theme.text };
    pen.put(mark, style).skip(1);
    pen.field(&id, app.id_width(), theme.id).skip(1);
    if planned.direction == Direction::Down {
        pen.put("down ", theme.dim);
    }
    let room = pen.room();
    pen.field(&message, room.saturating_sub(29), text).skip(1);
    let tries =
        if revision.attempt > 1 { format!(", try {}", revision.attempt) } else { String::new() };
    pen.right(&(steps + &tries), 16, theme.dim).skip(1);
    let took_style = match revision.phase {
        Phase::Failed => theme.failed,
        Phase::Cancelled => theme.warn,
        _ => theme.dim,
    };
    pen.right(&took, 11, took_style);
}

fn draw_statement(
    app: &App,
    revision: &RevisionProgress,
    statement: usize,
    job: &JobView,
    pen: &mut Pen<'_>,
) {
    let theme = &app.theme;
    let one = &revision.statements[statement];
    let (mark, style) = match one.phase {
        Phase::Running(_) => (app.glyphs.spin(app.spin(), app.motion), theme.running),
        phase => phase_mark(app, phase),
    };
    let took = match one.phase {
        Phase::Running(since) => clock(app.now.mono.saturating_sub(since)),
        Phase::Done(took) => elapsed(took),
        Phase::Waits => String::new(),
        Phase::Failed => "failed".to_owned(),
        Phase::Cancelled => "cancelled".to_owned(),
    };
    let waits = matches!(one.phase, Phase::Running(_)) && job.blocked.is_some();
    pen.skip(4).put(mark, style).skip(1);
    let room = pen.room().saturating_sub(14 + if waits { 12 } else { 0 });
    pen.field(&display_safe(&one.summary), room, theme.text).skip(1);
    if waits {
        pen.field("(lock wait)", 12, theme.warn);
    }
    let rows = one.rows.map(rows_of).unwrap_or_default();
    if rows.is_empty() || waits {
        pen.right(&took, 13, style);
    } else {
        pen.right(&took, 13, theme.dim);
    }
}

fn rows_of(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn draw_output(app: &App, job: &JobView, frame: &mut Frame, area: Rect) {
    let theme = &app.theme;
    let title = Line::from(vec![
        Span::styled("Output", theme.title),
        Span::styled(format!(" {} what the server says", app.glyphs.dot), theme.title_dim),
    ]);
    let inside = shrink(pane(app, frame, area, false, title, Line::default()), 1);
    let height = usize::from(inside.height);
    let zone = app.zone.clone();
    // From the newest line up, wrapped, until the pane is full.
    let mut lines: Vec<(String, String, ratatui::style::Style)> = Vec::new();
    for one in job.output.iter().rev() {
        if lines.len() >= height {
            break;
        }
        let time = one.at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
        let style = match one.severity.as_str() {
            "" => theme.dim,
            "WARNING" => theme.warn,
            _ => theme.text,
        };
        let text = if one.severity.is_empty() {
            display_safe(&one.text).into_owned()
        } else {
            format!("{}  {}", display_safe(&one.severity), display_safe(&one.text))
        };
        let room = usize::from(inside.width).saturating_sub(10).max(8);
        let rows = wrapped(&text, room, 4);
        for (i, row) in rows.into_iter().enumerate().rev() {
            lines.push((if i == 0 { time.clone() } else { String::new() }, row, style));
        }
    }
    lines.truncate(height);
    lines.reverse();
    for (row, (time, text, style)) in lines.iter().enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        pen.field(time, 9, theme.faint).put(text, *style);
    }
}

fn draw_list(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let count = job_lines(app);
    let title = Line::from(vec![
        Span::styled("History", theme.title),
        Span::styled(format!(" {}/{count}", app.jobs.selected + 1), theme.title_dim),
    ]);
    let foot = match &app.snapshot.record_error {
        Some(_) => Line::styled("the audit table cannot be read now", theme.warn),
        None => Line::default(),
    };
    let inside = pane(app, frame, area, true, title, foot);
    let page = usize::from(inside.height);
    hits.page = page;
    let from = window(0, app.jobs.selected, count, page);
    for row in 0..page.min(count.saturating_sub(from)) {
        let index = from + row;
        let place = Rect { y: inside.y + row as u16, height: 1, ..inside };
        hits.add(place, Target::Job(index));
        let Some(line) = job_line(app, index) else { continue };
        let selected = index == app.jobs.selected;
        if selected {
            frame.buffer_mut().set_style(place, theme.selection);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.put(if selected { app.glyphs.pointer } else { " " }, theme.marker).skip(1);
        match line {
            JobLine::Run(job) => list_run(app, job, &mut pen),
            JobLine::Past(entry) => list_past(app, entry, &mut pen),
        }
    }
}

fn ago(app: &App, at: Option<jiff::Timestamp>) -> String {
    let Some(at) = at else { return String::new() };
    let seconds = app.now.wall.as_second().saturating_sub(at.as_second());
    age(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn list_run(app: &App, job: &JobView, pen: &mut Pen<'_>) {
    let theme = &app.theme;
    let (words, style) = stage(app, job);
    let mark = match (&job.outcome, job.is_running()) {
        (_, true) => app.glyphs.spin(app.spin(), app.motion),
        (Some(Ok(_)), _) => app.glyphs.check,
        _ if job.was_cancelled() => app.glyphs.cancelled,
        _ => app.glyphs.cross,
    };
    pen.put(mark, style).skip(1);
    pen.field(&format!("job {}", job.id.0), app.id_width(), theme.strong).skip(1);
    let room = pen.room();
    let state = width(&words).clamp(8, (room / 2).max(18));
    pen.field(&display_safe(&job.run.command()), room.saturating_sub(state + 11), theme.text);
    pen.skip(1).right(&words, state, style).skip(1);
    pen.right(&ago(app, Some(job.started_at)), 6, theme.dim);
}

fn entry_style(app: &App, entry: &Entry) -> (&'static str, ratatui::style::Style) {
    let theme = &app.theme;
    match entry.state.as_str() {
        "applied" => (app.glyphs.check, theme.ok),
        "failed" => (app.glyphs.cross, theme.failed),
        "cancelled" => (app.glyphs.cancelled, theme.warn),
        "running" | "partial" => (app.glyphs.warn, theme.warn),
        "reverted" => (app.glyphs.down, theme.pending),
        _ => (app.glyphs.dot, theme.dim),
    }
}

fn list_past(app: &App, entry: &Entry, pen: &mut Pen<'_>) {
    let theme = &app.theme;
    let (mark, style) = entry_style(app, entry);
    pen.put(mark, style).skip(1);
    pen.field(&app.short(entry.revision.as_str()), app.id_width(), theme.id).skip(1);
    let room = pen.room();
    pen.field(&display_safe(&entry.message), room.saturating_sub(20), theme.text).skip(1);
    pen.right(&display_safe(&entry.state), 9, style).skip(1);
    pen.right(&ago(app, entry.started), 6, theme.dim);
}

/// Facts of a past entry.
fn past_lines(
    app: &App,
    entry: &Entry,
    room: usize,
) -> Vec<(&'static str, String, ratatui::style::Style)> {
    let theme = &app.theme;
    let (_, style) = entry_style(app, entry);
    let zone = app.zone.clone();
    let mut lines = vec![
        ("message", display_safe(&entry.message).into_owned(), theme.strong),
        (
            "state",
            match entry.direction {
                Some(Direction::Up) => format!("{} (up)", display_safe(&entry.state)),
                Some(Direction::Down) => format!("{} (down)", display_safe(&entry.state)),
                None => display_safe(&entry.state).into_owned(),
            },
            style,
        ),
    ];
    if let Some(at) = entry.started {
        let when = at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let took = entry.took.map(|t| format!(" {} {}", app.glyphs.dot, elapsed(t)));
        lines.push(("when", format!("{when}{}", took.unwrap_or_default()), theme.text));
    }
    lines.push(("by", display_safe(&entry.by).into_owned(), theme.text));
    if let Some(error) = &entry.error {
        for (i, line) in error.lines().enumerate().take(6) {
            let text = display_safe(line).into_owned();
            for (j, row) in
                wrapped(&text, room.saturating_sub(10).max(8), 3).into_iter().enumerate()
            {
                lines.push((if i + j == 0 { "error" } else { "" }, row, theme.failed));
            }
        }
    }
    lines
}

fn past_height(app: &App, entry: &Entry, area: Rect) -> u16 {
    let room = usize::from(area.width.saturating_sub(4));
    (past_lines(app, entry, room).len() as u16 + 2).min(area.height / 2).max(4)
}

fn draw_past(app: &App, entry: &Entry, frame: &mut Frame, area: Rect) {
    let theme = &app.theme;
    let title = Line::from(vec![
        Span::styled(app.short(entry.revision.as_str()), theme.title),
        Span::styled(format!(" {} from the audit table", app.glyphs.dot), theme.title_dim),
    ]);
    let inside = shrink(pane(app, frame, area, false, title, Line::default()), 1);
    let lines = past_lines(app, entry, usize::from(inside.width));
    for (row, (label, text, style)) in lines.iter().take(usize::from(inside.height)).enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16);
        pen.field(label, 10, theme.dim).put(text, *style);
    }
}
