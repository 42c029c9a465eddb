//! Draws the revision list with its lanes: the visible rows only.

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
};

use super::empty;
use crate::{
    engine::overview::{Edit, Orphan, RevisionState},
    present::{
        lanes::{LaneRow, Layout, Mark},
        safe::{display_safe, width},
    },
    revision::{History, Node},
    tui::{
        app::{App, HitMap, Pane, Row, Target},
        progress::Phase,
        theme::Theme,
        update::graph::range,
        widget::{
            Pen,
            memo::{LONGEST_ID, id_length, short_id, shortened},
            pane::{pane, window},
        },
    },
};

/// More lanes than this are drawn without the cells between them.
const TIGHT_FROM: usize = 10;
/// Widest column of labels.
const WIDEST_LABELS: usize = 30;

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let graph = &app.graph;
    let count = graph.rows.len();
    let all = app.snapshot.history.as_ref().map_or(0, |history| history.revisions().len());

    let mut title = vec![Span::styled("Revisions", theme.title)];
    if count > 0 {
        let at = format!(" {}/{count}", graph.selected + 1);
        title.push(Span::styled(at, theme.title_dim));
    }
    if graph.anchor.is_some() {
        let range = format!(" {} range of {}", app.glyphs.dot, range(app).len());
        title.push(Span::styled(range, theme.accent));
    }
    if !graph.filter.is_empty() {
        title.push(Span::styled(format!(" {} filter ", app.glyphs.dot), theme.title_dim));
        title.push(Span::styled(display_safe(&graph.filter).into_owned(), theme.hit));
    }
    let foot = match (count, graph.filter.is_empty()) {
        (0, true) => String::new(),
        (_, true) => format!("{all} revisions"),
        (_, false) => format!("{count} of {all}"),
    };
    let focus = graph.pane == Pane::List || !app.wide();
    let inside = pane(app, frame, area, focus, Line::from(title), Line::styled(foot, theme.scroll));
    hits.add(inside, Target::Pane(Pane::List));
    hits.page = usize::from(inside.height);

    let notice = empty::notice_height(app, inside);
    let [notice, list] = ratatui::layout::Layout::vertical([
        ratatui::layout::Constraint::Length(notice),
        ratatui::layout::Constraint::Fill(1),
    ])
    .areas(inside);
    if notice.height > 0 {
        empty::notice(app, frame, notice);
    }
    if count == 0 {
        empty::draw(app, frame, list);
        return;
    }
    let Some(history) = &app.snapshot.history else { return };
    hits.page = usize::from(list.height);
    let offset = window(graph.offset, graph.selected, count, usize::from(list.height));
    hits.graph_offset = offset;
    let end = (offset + usize::from(list.height)).min(count);
    let entries = entries(app, history, offset, end);
    let columns = Columns::new(app, &entries, usize::from(list.width));
    for (line, entry) in entries.iter().enumerate() {
        let row = Rect { y: list.y + line as u16, height: 1, ..list };
        hits.add(row, Target::Row(offset + line));
        let selected = offset + line == graph.selected;
        if in_range(app, offset + line) && !selected {
            frame.buffer_mut().set_style(row, theme.selection_idle);
        }
        draw_row(app, frame, row, entry, &columns, selected, in_range(app, offset + line));
    }
    scrollbar(app, frame, area, offset, end - offset, count);
}

/// The row is in the marked range.
fn in_range(app: &App, row: usize) -> bool {
    let selected = app.graph.selected;
    app.graph.anchor.is_some_and(|a| (a.min(selected)..=a.max(selected)).contains(&row))
}

/// What one row says.
struct Entry {
    mark: Mark,
    lanes: Option<LaneRow>,
    id: String,
    message: String,
    /// `(head main)` and the like, with their styles.
    labels: Vec<(String, Style)>,
    /// `✎`, `⚠2`.
    flags: Vec<(String, Style)>,
    age: String,
    /// It would run, or other rows would.
    would_run: Option<bool>,
    edges: std::ops::Range<usize>,
    /// The database has told the state.
    known: bool,
}

fn entries(app: &App, history: &std::sync::Arc<History>, from: usize, to: usize) -> Vec<Entry> {
    let layout = app.snapshot.layout.as_deref();
    let rows = &app.graph.rows[from..to];
    // Rows that are in the layout are so in one stretch.
    let mut lanes = rows.iter().filter_map(|row| match row {
        Row::Revision { lane, .. } => Some(*lane),
        Row::Orphan(_) => None,
    });
    let first = lanes.next();
    let last = lanes.next_back().or(first);
    let drawn = match (layout, first, last) {
        (Some(layout), Some(first), Some(last)) => layout.rows(first..last + 1),
        _ => Vec::new(),
    };
    rows.iter()
        .map(|row| match row {
            Row::Revision { node, lane } => {
                let drawn = first.and_then(|first| drawn.get(lane.checked_sub(first)?)).cloned();
                revision_entry(app, history, *node, drawn)
            }
            Row::Orphan(index) => {
                let orphan = app.snapshot.overview.as_ref().and_then(|o| o.orphans.get(*index));
                orphan_entry(app, orphan, id_length(history))
            }
        })
        .collect()
}

/// The mark of a revision as far as the database is known.
pub fn mark(state: &RevisionState, merge: bool) -> Mark {
    Mark::new(state.applied, merge)
        .current(state.current)
        .failed(state.failed.is_some() || state.partial.is_some())
}

fn revision_entry(
    app: &App,
    history: &std::sync::Arc<History>,
    node: Node,
    lanes: Option<LaneRow>,
) -> Entry {
    let theme = &app.theme;
    let graph = history.graph();
    let revision = history.revision(node);
    let state = app.snapshot.state(node);
    let mark = mark(&state, graph.parents(node).len() > 1);
    let mut labels = Vec::new();
    if state.current {
        labels.push((format!("{} db here", app.glyphs.here), theme.current));
    }
    let own: Vec<String> =
        graph.declared_labels(node).iter().map(|l| display_safe(l).into_owned()).collect();
    // The branch of a head or base is worth a word only where there are several.
    let end = graph.children(node).is_empty() || graph.parents(node).is_empty();
    let branch = if end { app.memo.branch(history, node) } else { None };
    let branch = branch.map(|label| display_safe(&label).into_owned());
    let within = |word: &str| match &branch {
        Some(branch) => format!("({word} {branch})"),
        None => format!("({word})"),
    };
    if graph.children(node).is_empty() {
        labels.push((within("head"), theme.label_head));
    }
    if graph.parents(node).is_empty() {
        labels.push((within("base"), theme.label_base));
    }
    let named =
        |label: &String| labels.iter().any(|(text, _)| text.contains(&format!(" {label})")));
    let missing: Vec<&String> = own.iter().filter(|label| !named(label)).collect();
    if !missing.is_empty() {
        let text = missing.iter().map(|l| l.as_str()).collect::<Vec<_>>().join(", ");
        labels.push((format!("[{text}]"), theme.label_branch));
    }
    let layout = app.snapshot.layout.as_deref();
    let hidden = lanes.as_ref().zip(layout).map_or(0, |(row, layout)| layout.hidden_below(row.row));
    if hidden > 0 {
        labels.push((format!("{} {hidden} hidden", app.glyphs.down), theme.dim));
    }

    let mut flags = Vec::new();
    let running = app.running().and_then(|job| {
        job.plan
            .iter()
            .find(|one| matches!(one.phase, Phase::Running(_)) && one.planned.id == *graph.id(node))
    });
    if let Some(one) = running {
        let (spin, of) = (app.glyphs.spin(app.spin(), app.motion), one.planned.statements);
        let text = format!("{spin} {}/{of}", (one.done + 1).min(of.max(1)));
        flags.push((text, theme.running));
    } else if let Some((done, of)) = state.partial {
        flags.push((format!("{} {done}/{of}", app.glyphs.cross), theme.failed));
    }
    if running.is_none() && state.cancelled.is_some() && state.partial.is_none() {
        flags.push((format!("{} cancelled", app.glyphs.cancelled), theme.warn));
    }
    if state.skipped {
        flags.push((format!("{} skipped", app.glyphs.cross), theme.failed));
    }
    match state.edited {
        Some(Edit::Up) => flags.push((app.glyphs.edited.to_owned(), theme.edited)),
        Some(Edit::Down | Edit::Cosmetic) => flags.push((app.glyphs.edited.to_owned(), theme.dim)),
        None => {}
    }
    if !state.applied && app.snapshot.overview.is_some() {
        let hazards = app.memo.facts(history, node).up.hazards().len();
        if hazards > 0 {
            flags.push((format!("{}{hazards}", app.glyphs.warn), theme.warn));
        }
    }
    let edges = lanes.as_ref().zip(layout).map_or(0..0, |(row, layout)| layout.edge_range(row.row));
    Entry {
        mark,
        lanes,
        id: short_id(history, node),
        message: display_safe(&revision.message).into_owned(),
        labels,
        flags,
        age: app.age_of(revision.created),
        would_run: app.graph.would_run.as_ref().map(|w| w.nodes.get(node.index()) == Some(&true)),
        edges,
        known: app.snapshot.overview.is_some(),
    }
}

fn orphan_entry(app: &App, orphan: Option<&Orphan>, length: usize) -> Entry {
    let theme = &app.theme;
    let mut labels = Vec::new();
    if orphan.is_some_and(|orphan| orphan.current) {
        labels.push((format!("{} db here", app.glyphs.here), theme.current));
    }
    let message = orphan.and_then(|o| o.message.as_deref()).map(display_safe);
    Entry {
        mark: Mark::Orphan,
        lanes: None,
        id: orphan.map_or(String::new(), |o| shortened(o.id.as_str(), length)),
        message: match message {
            Some(message) => format!("{message} (applied, no file)"),
            None => "applied, but no file has it".to_owned(),
        },
        labels,
        flags: vec![(app.glyphs.cross.to_owned(), theme.orphan)],
        // The column tells when revisions were created, and without a file nobody knows.
        age: String::new(),
        would_run: app.graph.would_run.as_ref().map(|_| false),
        edges: 0..0,
        known: true,
    }
}

/// Where everything stands in the rows that are shown.
struct Columns {
    /// Cells of the graph.
    graph: usize,
    /// Without the cells between lanes.
    tight: bool,
    /// Cells of the graph that are scrolled out on the left.
    scrolled: usize,
    id: usize,
    labels: usize,
    flags: usize,
    age: usize,
}

impl Columns {
    fn new(app: &App, entries: &[Entry], room: usize) -> Self {
        let lanes = app.snapshot.layout.as_deref().map_or(1, Layout::width).max(1);
        let tight = lanes > TIGHT_FROM;
        let wanted = if tight { lanes } else { 2 * lanes - 1 };
        let graph = wanted.min(room * 2 / 5);
        let most = |part: fn(&Entry) -> usize| entries.iter().map(part).max().unwrap_or(0);
        let id = most(|e| width(&e.id)).clamp(8, LONGEST_ID);
        let age = most(|e| width(&e.age));
        let flags = most(|e| cells(&e.flags));
        let labels = most(|e| cells(&e.labels)).min(WIDEST_LABELS);
        // Two at the left for pointer and bar, one blank between columns and at the right end.
        let gap = |n: usize| if n > 0 { n + 1 } else { 0 };
        let fixed = 2 + graph + 1 + id + 1 + gap(flags) + gap(age);
        let rest = room.saturating_sub(fixed + 1);
        // The message keeps 20 cells as long as the labels can give any.
        let labels =
            if rest < 26 { labels.min(rest.saturating_sub(14)) } else { labels.min(rest - 20) };
        let labels = if labels < 6 { 0 } else { labels };
        let most_scroll = wanted.saturating_sub(graph);
        Self { graph, tight, scrolled: app.graph.hscroll.min(most_scroll), id, labels, flags, age }
    }
}

fn cells(parts: &[(String, Style)]) -> usize {
    parts.iter().map(|(text, _)| width(text) + 1).sum::<usize>().saturating_sub(1)
}

fn draw_row(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    entry: &Entry,
    columns: &Columns,
    selected: bool,
    ranged: bool,
) {
    let theme = &app.theme;
    let faded = entry.would_run == Some(false);
    let focus = app.graph.pane == Pane::List || !app.wide();
    if selected {
        let style = if focus { theme.selection } else { theme.selection_idle };
        frame.buffer_mut().set_style(area, style);
    }
    let tone = |style: Style| if faded { Style { fg: theme.faint.fg, ..style } } else { style };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    pen.field(if selected { app.glyphs.pointer } else { " " }, 1, theme.marker);
    let (bar, style) = match entry.would_run {
        Some(true) => (app.glyphs.bar, theme.would_run),
        _ if ranged => (app.glyphs.bar, theme.marker),
        _ => (" ", theme.would_run),
    };
    pen.field(bar, 1, style);
    draw_lanes(app, &mut pen, entry, columns, selected, faded);
    pen.skip(1);
    let id = if entry.known { id_style(theme, entry.mark) } else { theme.id };
    pen.field(&entry.id, columns.id, tone(id));
    pen.skip(1);

    let gap = |n: usize| if n > 0 { n + 1 } else { 0 };
    // Without labels the message may run on into their column.
    let labels = if entry.labels.is_empty() { 0 } else { columns.labels };
    let right = gap(labels) + gap(columns.flags) + gap(columns.age) + 1;
    let message = pen.room().saturating_sub(right);
    let quiet = entry.mark.is_applied() || !entry.known;
    let text = if quiet { theme.text } else { theme.text.patch(theme.strong) };
    let text =
        Style { add_modifier: if selected { Modifier::BOLD } else { Modifier::empty() }, ..text };
    pen.field(&entry.message, message, tone(if faded { theme.dim } else { text }));
    if labels > 0 {
        pen.skip(1);
        let end = pen.x() + labels as u16;
        let mut room = labels;
        for (i, (text, style)) in entry.labels.iter().enumerate() {
            let blank = usize::from(i > 0);
            if room <= blank {
                break;
            }
            pen.skip(blank);
            let cells = width(text).min(room - blank);
            pen.field(text, cells, tone(*style));
            room -= blank + cells;
        }
        pen.skip(usize::from(end - pen.x()));
    }
    if columns.flags > 0 {
        pen.skip(1);
        pen.skip(columns.flags - cells(&entry.flags).min(columns.flags));
        for (i, (text, style)) in entry.flags.iter().enumerate() {
            pen.skip(usize::from(i > 0));
            pen.put(text, *style);
        }
    }
    if columns.age > 0 {
        pen.skip(1);
        pen.right(&entry.age, columns.age, theme.dim);
    }
}

fn id_style(theme: &Theme, mark: Mark) -> Style {
    match mark {
        Mark::Orphan => theme.orphan,
        Mark::Failed => theme.failed,
        Mark::Current => theme.current,
        Mark::Pending | Mark::MergePending => theme.pending,
        Mark::Applied | Mark::MergeApplied => theme.id,
    }
}

/// The colour of a mark.
pub fn mark_style(theme: &Theme, mark: Mark) -> Style {
    match mark {
        Mark::Applied => theme.applied,
        Mark::Pending | Mark::MergePending => theme.pending,
        Mark::Current => theme.current,
        Mark::MergeApplied => theme.merge,
        Mark::Orphan => theme.orphan,
        Mark::Failed => theme.failed,
    }
}

fn draw_lanes(
    app: &App,
    pen: &mut Pen<'_>,
    entry: &Entry,
    columns: &Columns,
    selected: bool,
    faded: bool,
) {
    let theme = &app.theme;
    let end = usize::from(pen.x()) + columns.graph;
    match (&entry.lanes, app.snapshot.layout.as_deref()) {
        (Some(row), Some(layout)) => {
            let column = if columns.tight { row.column } else { 2 * row.column };
            // The mark stays visible however far the rest is scrolled.
            let from = columns.scrolled.min(column).max((column + 1).saturating_sub(columns.graph));
            let pieces = row.pieces(layout, entry.mark, app.glyphs.charset, columns.tight);
            for piece in pieces.skip(from).take(columns.graph) {
                let style = if piece.mark {
                    if faded || !entry.known { theme.faint } else { mark_style(theme, entry.mark) }
                } else if faded {
                    theme.faint
                } else {
                    let style = piece.colour.map_or(theme.faint, |colour| theme.lane(colour));
                    let own = selected && piece.edge.is_some_and(|e| entry.edges.contains(&e));
                    if own { style.add_modifier(Modifier::BOLD) } else { style }
                };
                pen.put(piece.glyph, style);
            }
        }
        _ => {
            pen.put(entry.mark.glyph(app.glyphs.charset), mark_style(theme, entry.mark));
        }
    }
    pen.skip(end.saturating_sub(usize::from(pen.x())));
}

/// A thumb in the right edge of the frame, when there is more than fits.
pub fn scrollbar(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    offset: usize,
    shown: usize,
    count: usize,
) {
    let track = usize::from(area.height.saturating_sub(2));
    if shown >= count || track == 0 || area.width == 0 {
        return;
    }
    let thumb = (track * shown / count).max(1);
    let top = (track - thumb) * offset / (count - shown).max(1);
    let x = area.right() - 1;
    for line in top..top + thumb {
        if let Some(cell) = frame.buffer_mut().cell_mut((x, area.y + 1 + line as u16)) {
            cell.set_symbol(app.glyphs.thumb).set_style(app.theme.scroll);
        }
    }
}
