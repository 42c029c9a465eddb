//! Draws facts and script of the selected revision.

use std::{fmt::Write as _, sync::Arc};

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::graph::{mark, mark_style};
use crate::{
    engine::overview::{Edit, Orphan, RevisionState},
    present::{
        age::elapsed,
        lanes::Mark,
        safe::{display_safe, width},
    },
    revision::{Direction, History, Node},
    tui::{
        action::Action,
        app::{App, HitMap, Pane, Row, Target},
        view::{
            graph::scrollbar,
            toast::{cut_at, wrapped},
        },
        widget::{
            Facts, Pen,
            memo::{COUNTED, Text, short_id},
            pane::{pane, shrink},
            script::Script,
        },
    },
};

/// Cells of the labels on the left.
const LABEL: usize = 9;
/// The script keeps at least so many rows, its frame included.
const LEAST_SCRIPT: u16 = 5;

/// A labelled line: parts of text with their styles.
struct Fact {
    label: &'static str,
    parts: Vec<(String, Style)>,
}

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    hits.add(area, Target::Pane(Pane::Detail));
    let focus = app.graph.pane == Pane::Detail;
    match (app.selected_row(), &app.snapshot.history) {
        (Some(Row::Revision { node, .. }), Some(history)) => {
            revision(app, frame, area, hits, focus, history, node);
        }
        (Some(Row::Orphan(index)), _) => {
            let orphan = app.snapshot.overview.as_ref().and_then(|o| o.orphans.get(index));
            if let Some(orphan) = orphan {
                missing(app, frame, area, focus, orphan);
            }
        }
        _ => {
            pane(app, frame, area, focus, Line::default(), Line::default());
        }
    }
}

fn revision(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    hits: &mut HitMap,
    focus: bool,
    history: &Arc<History>,
    node: Node,
) {
    let theme = &app.theme;
    let state = app.snapshot.state(node);
    let facts = app.memo.facts(history, node);
    let mark = mark(&state, history.graph().parents(node).len() > 1);
    let message = display_safe(&history.revision(node).message).into_owned();
    let message = wrapped(&message, usize::from(area.width.saturating_sub(4)).max(8), 3);
    let lines = facts_of(app, history, node, usize::from(area.width.saturating_sub(4)));

    let wanted = (message.len() + lines.len()) as u16 + 2;
    let most = area.height.saturating_sub(LEAST_SCRIPT).max(area.height / 2);
    let height = wanted.min(most).min(area.height);
    let top = Rect { height, ..area };
    let bottom = Rect { y: area.y + height, height: area.height - height, ..area };

    let known = app.snapshot.overview.is_some();
    let word = if known { word(&state, mark) } else { "state unknown" };
    let style = if known { mark_style(theme, mark) } else { theme.dim };
    let title = Line::from(vec![
        Span::styled(display_safe(history.graph().id(node).as_str()).into_owned(), theme.title),
        Span::styled(format!(" {} ", app.glyphs.dot), theme.title_dim),
        Span::styled(word, style),
    ]);
    let inside = shrink(pane(app, frame, top, false, title, Line::default()), 1);
    let mut row = 0;
    for line in &message {
        Pen::at(frame.buffer_mut(), app.glyphs, inside, row).put(line, theme.strong);
        row += 1;
    }
    let rest = inside.height.saturating_sub(row);
    put_facts(
        app,
        frame,
        Rect { y: inside.y + row.min(inside.height), height: rest, ..inside },
        &lines,
    );
    script(app, frame, bottom, hits, focus, &facts);
}

/// The facts of a revision in lines: a label, and parts of text with their styles.
pub(super) fn facts_of(
    app: &App,
    history: &Arc<History>,
    node: Node,
    room: usize,
) -> Vec<(&'static str, Vec<(String, Style)>)> {
    let state = app.snapshot.state(node);
    let facts = app.memo.facts(history, node);
    let mark = mark(&state, history.graph().parents(node).len() > 1);
    let room = room.saturating_sub(LABEL + 1).max(8);
    flowed(describe(app, history, node, &state, &facts, mark, room), room, app.glyphs.dot)
}

/// Draws lines of facts.
pub(super) fn put_facts(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    lines: &[(&'static str, Vec<(String, Style)>)],
) {
    for (row, (label, parts)) in lines.iter().take(usize::from(area.height)).enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, row as u16);
        pen.field(label, LABEL, app.theme.dim).skip(1);
        for (text, style) in parts {
            pen.put(text, *style);
        }
    }
}

/// Breaks facts that are too long for one line at a blank, or within a word that is longer than a line;
/// two lines at most. A dot between two parts goes with the break.
fn flowed(facts: Vec<Fact>, room: usize, dot: &str) -> Vec<(&'static str, Vec<(String, Style)>)> {
    let mut lines = Vec::new();
    for fact in facts {
        let total: usize = fact.parts.iter().map(|(text, _)| width(text)).sum();
        if total <= room {
            lines.push((fact.label, fact.parts));
            continue;
        }
        let mut line: Vec<(String, Style)> = Vec::new();
        let mut used = 0;
        let mut broken = false;
        for (text, style) in fact.parts {
            for word in text.split_inclusive(' ') {
                let mut word = word;
                let wide = width(word.trim_end());
                if used + wide > room && !broken {
                    if used == 0 {
                        let (head, rest) = word.split_at(joint(word, cut_at(word, room)));
                        line.push((head.to_owned(), style));
                        word = rest;
                    }
                    if let Some((text, _)) = line.last_mut() {
                        let kept = text.trim_end();
                        let kept = kept.strip_suffix(dot).unwrap_or(kept).trim_end();
                        text.truncate(kept.len());
                    }
                    lines.push((fact.label, std::mem::take(&mut line)));
                    (used, broken) = (0, true);
                }
                // The break stands for the blank or dot that would begin the line.
                if broken
                    && used == 0
                    && matches!(word.trim(), text if text.is_empty() || text == dot)
                {
                    continue;
                }
                match line.last_mut().filter(|(_, last)| *last == style) {
                    Some((run, _)) => run.push_str(word),
                    None => line.push((word.to_owned(), style)),
                }
                used += width(word);
            }
        }
        lines.push((if broken { "" } else { fact.label }, line));
    }
    lines
}

/// Where a word that is cut at `most` is better cut: behind the last sign that joins its parts (a path,
/// an id and a name), when that leaves more than half of the line.
fn joint(word: &str, most: usize) -> usize {
    let behind = word[..most].rfind(['/', '_', '-']).map_or(0, |at| at + 1);
    if behind > most / 2 { behind } else { most }
}

/// The facts in the order of their weight: what does not fit is lost from the end.
fn describe(
    app: &App,
    history: &Arc<History>,
    node: Node,
    state: &RevisionState,
    facts: &Facts,
    mark: Mark,
    room: usize,
) -> Vec<Fact> {
    let theme = &app.theme;
    let graph = history.graph();
    let revision = history.revision(node);
    let mut lines: Vec<Fact> = Vec::new();
    let mut add = |label, parts: Vec<(String, Style)>| lines.push(Fact { label, parts });
    let plain = |text: String| vec![(text, theme.text)];

    if app.snapshot.overview.is_some() {
        add("state", state_parts(app, state, mark));
        if let Some(failed) = &state.failed {
            add("error", vec![(display_safe(failed).into_owned(), theme.failed)]);
        }
    }
    let ids = |nodes: &[Node]| {
        let ids: Vec<String> = nodes.iter().map(|n| short_id(history, *n)).collect();
        ids.join(", ")
    };
    let parents = graph.parents(node);
    match parents {
        [] => add("parent", vec![("none: this is a base".to_owned(), theme.dim)]),
        [_] => add("parent", plain(ids(parents))),
        _ => add("parents", plain(format!("{} (merge)", ids(parents)))),
    }
    let own = app.memo.branch(history, node);
    let others = graph.labels(node).iter().filter(|label| Some(*label) != own.as_ref());
    let all: Vec<String> =
        own.iter().chain(others).map(|label| display_safe(label).into_owned()).collect();
    if !all.is_empty() {
        add("branch", vec![(all.join(", "), theme.label_branch)]);
    }
    if !revision.depends_on.is_empty() {
        let text = revision
            .depends_on
            .iter()
            .map(|d| match graph.find(d) {
                Some(node) => app.short_node(node),
                None => display_safe(d).into_owned(),
            })
            .collect::<Vec<_>>();
        add("depends", plain(text.join(", ")));
    }
    if !facts.up.impacts.is_empty() {
        let shown = facts.up.impacts.iter().filter(|i| i.lock.is_some()).collect::<Vec<_>>();
        for (i, impact) in shown.iter().take(2).enumerate() {
            let mut text = display_safe(impact.object.as_deref().unwrap_or("?")).into_owned();
            if let Some(lock) = impact.lock {
                let _infallible = write!(text, " {}", lock.as_str());
            }
            if i == 1 && shown.len() > 2 {
                text.push_str(&and_more(shown.len() - 2));
            }
            add(if i == 0 { "locks" } else { "" }, plain(text));
        }
    }
    let hazards = facts.up.hazards();
    if !hazards.is_empty() {
        let room = room.max(8);
        let mut line = String::new();
        let mut label = "hazard";
        for hazard in hazards {
            let words = format!("{} {}", app.glyphs.warn, hazard.words());
            // Each stands whole on one line.
            if !line.is_empty() && width(&line) + 2 + width(&words) > room {
                add(label, vec![(std::mem::take(&mut line), theme.warn)]);
                label = "";
            }
            line = if line.is_empty() { words } else { format!("{line}  {words}") };
        }
        add(label, vec![(line, theme.warn)]);
    } else if !facts.up.unscanned && facts.up.statements > 0 {
        add("hazard", vec![(format!("{} none seen", app.glyphs.check), theme.ok)]);
    }
    add("down", down_parts(app, facts));
    if !state.applied && app.snapshot.overview.is_some() {
        add("to head", plain(distance(app, history, node)));
    }
    add("file", plain(display_safe(&revision.path.display().to_string()).into_owned()));
    if let Some(origins) = &app.snapshot.origins {
        add(
            "author",
            match origins.get(&revision.path) {
                Some(origin) => {
                    let when = origin.at.map(|at| {
                        let date = at.to_zoned(app.zone.clone()).strftime("%Y-%m-%d %H:%M");
                        format!(" {} {date}", app.glyphs.dot)
                    });
                    vec![
                        (display_safe(&origin.author).into_owned(), theme.text),
                        (when.unwrap_or_default(), theme.dim),
                    ]
                }
                None => vec![("not committed yet".to_owned(), theme.warn)],
            },
        );
    }
    if let Some(created) = revision.created {
        let date = created.strftime("%Y-%m-%d %H:%M UTC").to_string();
        add(
            "created",
            vec![
                (date, theme.text),
                (format!(" {} {} ago", app.glyphs.dot, app.age_of(Some(created))), theme.dim),
            ],
        );
    }
    let needed: Vec<Node> = graph
        .all_children(node)
        .iter()
        .copied()
        .filter(|c| !graph.children(node).contains(c))
        .collect();
    if !needed.is_empty() {
        add("needed by", plain(ids(&needed)));
    }
    lines
}

/// The state of a revision in a word.
fn word(state: &RevisionState, mark: Mark) -> &'static str {
    if state.partial.is_some() { "interrupted" } else { mark.word() }
}

fn state_parts(app: &App, state: &RevisionState, mark: Mark) -> Vec<(String, Style)> {
    let theme = &app.theme;
    let glyph = mark.glyph(app.glyphs.charset);
    let dot = format!(" {} ", app.glyphs.dot);
    let mut parts = vec![(format!("{glyph} {}", word(state, mark)), mark_style(theme, mark))];
    if let Some((done, of)) = state.partial {
        parts.push((format!(" after {done} of {of} statements"), theme.failed));
    }
    if state.cancelled.is_some() && state.partial.is_none() {
        let ago = app.age_of(state.cancelled);
        let why = format!("{dot}{} cancelled {ago} ago, rolled back", app.glyphs.cancelled);
        parts.push((why, theme.warn));
    }
    if state.skipped {
        // It counts as applied, for a row stands above it; the audit table knows better.
        let why = format!("{dot}{} skipped: put in below, never run", app.glyphs.cross);
        parts.push((why, theme.failed));
    }
    if let Some(at) = state.applied_at {
        parts.push((format!("{dot}{} ago", app.age_of(Some(at))), theme.text));
    }
    if let Some(by) = state.applied_by.as_deref().filter(|by| !by.is_empty()) {
        parts.push((format!(" by {}", display_safe(by)), theme.text));
    }
    if let Some(took) = state.took {
        parts.push((format!(" in {}", elapsed(took)), theme.dim));
    }
    match state.edited {
        Some(Edit::Up) => {
            parts.push((format!("{dot}{} file changed since", app.glyphs.edited), theme.edited));
        }
        Some(Edit::Down) => {
            parts.push((
                format!("{dot}{} down script changed since", app.glyphs.edited),
                theme.edited,
            ));
        }
        Some(Edit::Cosmetic) => {
            parts.push((format!("{dot}{} comments changed since", app.glyphs.edited), theme.dim));
        }
        None if state.applied_at.is_some() => parts.push((format!("{dot}checksum ok"), theme.dim)),
        None => {}
    }
    parts
}

/// How many more there are, in one piece wherever the line breaks.
fn and_more(n: usize) -> String {
    format!(" +{n}\u{a0}more")
}

fn down_parts(app: &App, facts: &Facts) -> Vec<(String, Style)> {
    let theme = &app.theme;
    let Some(down) = &facts.down else {
        return vec![(format!("{} cannot be undone", app.glyphs.cross), theme.danger)];
    };
    if down.statements == 0 && !down.unscanned {
        return vec![("nothing to undo".to_owned(), theme.dim)];
    }
    let dot = format!(" {} ", app.glyphs.dot);
    let mut losses: Vec<String> = Vec::new();
    for loss in down.impacts.iter().filter_map(|impact| impact.loses.as_deref()) {
        let loss = display_safe(loss).into_owned();
        if !losses.contains(&loss) {
            losses.push(loss);
        }
    }
    match losses.as_slice() {
        [] => vec![("yes".to_owned(), theme.ok), (format!("{dot}loses no data"), theme.dim)],
        [loss] => vec![("yes, but ".to_owned(), theme.text), (loss.clone(), theme.danger)],
        [loss, more @ ..] => {
            vec![
                ("yes, but ".to_owned(), theme.text),
                (loss.clone() + &and_more(more.len()), theme.danger),
            ]
        }
    }
}

/// How many revisions an upgrade to here would run, and how many come after it.
fn distance(app: &App, history: &Arc<History>, node: Node) -> String {
    let Some(overview) = &app.snapshot.overview else { return String::new() };
    let (here, after) = app.memo.distance(history, overview, node);
    let runs = match here {
        1 => "runs 1 revision".to_owned(),
        n if n > COUNTED => format!("runs over {COUNTED} revisions"),
        n => format!("runs {n} revisions"),
    };
    match after {
        0 => format!("{runs}, this is the last"),
        n if n >= COUNTED => format!("{runs}, over {COUNTED} more after it"),
        n => format!("{runs}, {n} more after it"),
    }
}

fn script(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap, focus: bool, facts: &Facts) {
    if area.height < 3 {
        return;
    }
    let theme = &app.theme;
    let direction = if app.graph.show_down { Direction::Down } else { Direction::Up };
    let text = facts.text(direction);
    let (word, other) = match direction {
        Direction::Up => ("up", "down"),
        Direction::Down => ("down", "up"),
    };
    let mut title = Line::styled(format!("SQL {word}"), theme.title);
    for (action, words) in [(Action::FlipScript, other), (Action::Open, "side by side")] {
        let key = app.keymap.label(action);
        let key = if key == "Enter" { app.glyphs.enter.to_owned() } else { key };
        let wide = width(&key) + width(words) + 4;
        // Whole, or not at all; the frame and its blanks take six.
        if !key.is_empty() && title.width() + wide + 6 <= usize::from(area.width) {
            title.push_span(Span::styled(format!(" {} ", app.glyphs.dot), theme.faint));
            title.push_span(Span::styled(key, theme.key));
            title.push_span(Span::styled(format!(" {words}"), theme.title_dim));
        }
    }
    let Some(text) = text else {
        let inside = pane(app, frame, area, focus, title, Line::default());
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, shrink(inside, 1));
        pen.put("no down script: this revision cannot be undone", theme.dim);
        return;
    };
    let inside = pane(app, frame, area, focus, title, Line::styled(foot(text), theme.scroll));
    let inside = shrink(inside, 1);
    if text.lines.is_empty() {
        Pen::new(frame.buffer_mut(), app.glyphs, inside).put("empty: nothing runs", theme.dim);
        return;
    }
    let shown = Script::new(&text.lines, text.more, usize::from(inside.width));
    let page = usize::from(inside.height);
    hits.detail_max = shown.height().saturating_sub(page);
    let scroll = app.graph.detail_scroll.min(hits.detail_max);
    shown.draw(app, frame, inside, scroll, None);
    scrollbar(app, frame, area, scroll, page, shown.height());
}

fn foot(text: &Text) -> String {
    let statements = match text.statements {
        0 => return String::new(),
        1 => "1 statement".to_owned(),
        n => format!("{n} statements"),
    };
    if text.transactional { statements } else { format!("{statements}, not in one transaction") }
}

/// A revision that only the database knows.
fn missing(app: &App, frame: &mut Frame, area: Rect, focus: bool, orphan: &Orphan) {
    let theme = &app.theme;
    let title = Line::from(vec![
        Span::styled(display_safe(orphan.id.as_str()).into_owned(), theme.title),
        Span::styled(format!(" {} ", app.glyphs.dot), theme.title_dim),
        Span::styled(Mark::Orphan.word(), theme.orphan),
    ]);
    let inside = shrink(pane(app, frame, area, focus, title, Line::default()), 1);
    let room = usize::from(inside.width).max(8);
    let mut lines: Vec<(String, Style)> = Vec::new();
    if let Some(message) = &orphan.message {
        lines.extend(
            wrapped(&display_safe(message), room, 3).into_iter().map(|l| (l, theme.strong)),
        );
    }
    let when = app.age_of(orphan.applied_at);
    let applied =
        if when.is_empty() { "applied".to_owned() } else { format!("applied {when} ago") };
    let here = if orphan.current { ", and the database stands here" } else { "" };
    let state = format!("{} {applied}{here}", app.glyphs.cross);
    lines.extend(wrapped(&state, room, 3).into_iter().map(|line| (line, theme.orphan)));
    lines.push((String::new(), theme.text));
    let words = "No revision file has this id. It is usually on another branch of the repository, or was \
                 deleted: get the file back, and it can be downgraded; until then nothing that stands on it can.";
    lines.extend(wrapped(words, room, 8).into_iter().map(|l| (l, theme.text)));
    for (row, (text, style)) in lines.iter().enumerate().take(usize::from(inside.height)) {
        debug_assert!(width(text) <= room);
        Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16).put(text, *style);
    }
}
