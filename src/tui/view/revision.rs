//! Draws two texts side by side, or one below the other: the objects that a revision changes, its
//! scripts, or all that models and database differ in.

use std::sync::Arc;

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    present::{
        diff::{Diff, fold::Item},
        safe::{cut, display_safe, width},
    },
    revision::{History, Node},
    tui::{
        action::Action,
        app::{App, HitMap, Target},
        layer::{DiffLayer, Layer, SPLIT_FROM, Subject},
        pending::Progress,
        view::{detail, graph::scrollbar, sheet::Sheet, stages, toast::wrapped},
        widget::{
            Pen,
            memo::{DiffKey, Facts, short_id},
            pane::{pane, shrink},
        },
    },
};

/// The facts of the revision stand above.
pub fn shows_facts(app: &App) -> bool {
    let diff = app.layers.iter().rev().find_map(|layer| match layer {
        Layer::Diff(diff) => Some(diff),
        _ => None,
    });
    diff.is_some_and(|diff| match diff.subject {
        Subject::Scripts(_) => diff.facts.unwrap_or(!app.wide()),
        Subject::Objects(_) => diff.facts.unwrap_or(false),
        Subject::Changes => false,
    })
}

/// The revision of a layer, when it is there, with what is known of its scripts.
struct Shown<'a> {
    history: &'a Arc<History>,
    node: Node,
    facts: Arc<Facts>,
}

/// Draws it.
pub fn draw(app: &App, layer: &DiffLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    hits.add(area, Target::Layer);
    let shown = match (layer.subject.node(), &app.snapshot.history) {
        (None, _) => None,
        (Some(node), Some(history)) if node.index() < history.revisions().len() => {
            Some(Shown { history, node, facts: app.memo.facts(history, node) })
        }
        _ => {
            let words = Line::styled("the revision is gone", theme.dim);
            pane(app, frame, area, true, words, Line::default());
            return;
        }
    };
    let split = layer.beside(app.size.0);
    let Some(diff) = layer.doc(app.size.0) else {
        let title = title(app, layer, shown.as_ref(), split, None);
        let inside = shrink(pane(app, frame, area, true, title, Line::default()), 1);
        if let Some(progress) = &layer.building {
            building(app, frame, inside, progress);
        } else {
            let text = format!("{} comparing", app.glyphs.spin(app.spin(), app.motion));
            Pen::new(frame.buffer_mut(), app.glyphs, inside).put(&text, theme.dim);
        }
        return;
    };

    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..shrink(area, 1) };
    let whole = body.height;
    let notice = notice(app, layer, usize::from(body.width.saturating_sub(4)));
    let told = (notice.len() as u16 + u16::from(!notice.is_empty())).min(body.height / 2);
    let known = match &shown {
        Some(shown) if shows_facts(app) => {
            let room = usize::from(body.width.saturating_sub(2));
            detail::facts_of(app, shown.history, shown.node, room)
        }
        _ => Vec::new(),
    };
    let place = Rect { height: told, ..body };
    let body = Rect { y: body.y + told, height: body.height - told, ..body };
    // The facts, the weightiest first, get two fifths at most, and a line below them.
    let above = match known.len() as u16 {
        0 => 0,
        lines => (lines + 1).min(body.height * 2 / 5),
    };
    let top = shrink(Rect { height: above.saturating_sub(1), ..body }, 1);
    let body = Rect { y: body.y + above, height: body.height - above, ..body };
    let heading = u16::from(split && body.height > 3);
    let text = Rect { y: body.y + heading, height: body.height - heading, ..body };
    let sheet = Sheet::new(diff, layer, text, split);
    let key = DiffKey {
        form: sheet.form(),
        wrap: layer.wrap,
        unfold_all: layer.unfold_all,
        unfolded: layer.unfolded.clone(),
    };
    let view = app.memo.diff_view(diff, &key);
    let page = usize::from(text.height);
    let top_of = |row: usize| view.layout.top(view.folds.item_of(row));
    hits.diff_parts = diff.parts().iter().map(|part| top_of(part.heading)).collect();
    let wanted = layer.go_to.and_then(|part| hits.diff_parts.get(part)).copied();
    // Every object can stand at the top, the last one too.
    let most = view.layout.height().saturating_sub(page);
    let most = most.max(hits.diff_parts.last().copied().unwrap_or(0));
    let scroll = wanted.unwrap_or(layer.scroll).min(most);
    hits.diff_scroll = scroll;
    hits.diff_part = hits.diff_parts.partition_point(|top| *top <= scroll).saturating_sub(1);
    hits.page = page;
    hits.diff_rows = most + page;
    hits.diff_hunks = diff.hunks().iter().map(|hunk| top_of(hunk.start)).collect();
    hits.diff_folds = view
        .folds
        .items()
        .iter()
        .enumerate()
        .filter_map(|(item, one)| match one {
            Item::Fold { rows, .. } => Some((view.layout.top(item), rows.start)),
            Item::Row(_) => None,
        })
        .collect();
    hits.diff_key = Some(key);

    // The hunk that is being read: the last one of this part that begins in the upper third.
    let hunks_before = |line: usize| hits.diff_hunks.partition_point(|top| *top < line);
    let part = hits.diff_part;
    let of_part = |part: usize| hits.diff_parts.get(part).map(|top| hunks_before(*top));
    let first = of_part(part).unwrap_or(0) + 1;
    let last = of_part(part + 1).unwrap_or(hits.diff_hunks.len()).max(first);
    let hunk = hunks_before(scroll + page / 3 + 1).clamp(first, last);
    let reading = Reading { hunk: hunk.min(hits.diff_hunks.len()), part, diff };
    let title = title(app, layer, shown.as_ref(), split, Some(&reading));
    let foot = foot(app, layer, diff, shown.as_ref());
    let inside = pane(app, frame, area, true, title, foot);
    debug_assert_eq!(inside.height, whole);
    for (row, (line, style)) in notice.iter().enumerate().take(usize::from(told)) {
        Pen::at(frame.buffer_mut(), app.glyphs, shrink(place, 1), row as u16).put(line, *style);
    }
    if above > 0 {
        detail::put_facts(app, frame, top, &known);
        let rule = app.glyphs.fold.repeat(usize::from(body.width));
        frame.buffer_mut().set_string(body.x, body.y - 1, rule, theme.diff_absent);
    }
    if heading > 0 {
        headings(app, frame, body, layer, shown.as_ref());
    }
    if diff.rows().is_empty() {
        let words = match layer.subject {
            Subject::Scripts(_) => "both scripts are empty: nothing runs".to_owned(),
            Subject::Objects(_) => {
                let key = app.keymap.label(Action::FlipView);
                format!("no object is another one after this revision; {key} shows its scripts")
            }
            Subject::Changes => "nothing differs".to_owned(),
        };
        Pen::at(frame.buffer_mut(), app.glyphs, shrink(text, 1), 1).put(&words, theme.dim);
        return;
    }
    let Some((first, mut into)) = view.layout.at(scroll) else { return };
    let mut row = 0_u16;
    for item in &view.folds.items()[first..] {
        if row >= text.height {
            break;
        }
        row += sheet.draw_item(app, frame, row, item, into);
        into = 0;
    }
    if split {
        // The rule between the sides runs on below the last line.
        let x = sheet.middle();
        for y in text.y + row.min(text.height)..text.bottom() {
            frame.buffer_mut().set_string(x, y, app.glyphs.rule, theme.border);
        }
    }
    scrollbar(app, frame, area, scroll, page, view.layout.height().max(scroll + page));
}

/// What is being read.
struct Reading<'a> {
    /// The hunk, from 1.
    hunk: usize,
    part: usize,
    diff: &'a Diff,
}

/// How far the building of both schemas is, and what can be looked at meanwhile.
fn building(app: &App, frame: &mut Frame, area: Rect, progress: &Progress) {
    let area =
        Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
    let theme = &app.theme;
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    pen.put("Building the schema before and after in a scratch database", theme.strong);
    let list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let used = stages::draw(app, frame, list, progress);
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, list, used + 1);
    for (action, words) in
        [(Action::FlipView, "the scripts meanwhile"), (Action::StopBuilding, "stop")]
    {
        let key = app.keymap.label(action);
        if !key.is_empty() && action.enabled(app).is_ok() {
            pen.put(&key, theme.key).put(&format!(" {words}"), theme.hint).skip(2);
        }
    }
}

/// Why the scripts are shown and not the objects.
fn notice(app: &App, layer: &DiffLayer, room: usize) -> Vec<(String, Style)> {
    let (Subject::Scripts(_), Some(missing)) = (layer.subject, &layer.missing) else {
        return Vec::new();
    };
    let words = format!(
        "{} before and after cannot be built: {}",
        app.glyphs.warn,
        display_safe(missing.reason().lines().next().unwrap_or_default())
    );
    wrapped(&words, room.max(8), 2).into_iter().map(|line| (line, app.theme.warn)).collect()
}

fn title<'a>(
    app: &App,
    layer: &DiffLayer,
    shown: Option<&Shown<'_>>,
    split: bool,
    reading: Option<&Reading<'_>>,
) -> Line<'a> {
    let theme = &app.theme;
    let dot = || Span::styled(format!(" {} ", app.glyphs.dot), theme.faint);
    let mut head = Vec::new();
    match shown {
        Some(shown) => {
            head.push(Span::styled(short_id(shown.history, shown.node), theme.accent));
        }
        None => head.push(Span::styled("Pending", theme.accent)),
    }
    let part = reading.and_then(|reading| reading.diff.parts().get(reading.part));
    let mut words = match (layer.subject, shown, part) {
        (Subject::Objects(_) | Subject::Changes, _, Some(part)) => part.title.clone(),
        (_, Some(shown), _) => {
            display_safe(&shown.history.revision(shown.node).message).into_owned()
        }
        _ => String::new(),
    };
    let mut tail = Vec::new();
    if !matches!(layer.subject, Subject::Scripts(_)) {
        let parts = reading.map_or(0, |reading| reading.diff.parts().len());
        if let (Some(reading), true) = (reading, parts > 1) {
            tail.push(dot());
            let text = format!("object {}/{parts}", reading.part + 1);
            tail.push(Span::styled(text, theme.title_dim));
        }
    }
    if !layer.search.is_empty() {
        let all = layer.found.len();
        tail.push(dot());
        tail.push(if all == 0 {
            Span::styled("no match", theme.warn)
        } else {
            Span::styled(format!("match {}/{all}", layer.at + 1), theme.hit)
        });
    } else if let Some(reading) = reading.filter(|reading| !reading.diff.hunks().is_empty()) {
        tail.push(dot());
        let text = format!("hunk {}/{}", reading.hunk, reading.diff.hunks().len());
        tail.push(Span::styled(text, theme.title_dim));
    }
    if !split {
        let narrow = app.size.0 < SPLIT_FROM && layer.split.is_none();
        let why = narrow && app.size.0 >= 80;
        // What it is called matters more than how it is drawn, and why so.
        let taken = head.iter().chain(&tail).map(Span::width).sum::<usize>() + width(&words);
        let fits = |note: &&str| taken + 3 + 3 + 8 + note.len() <= usize::from(app.size.0);
        let notes = ["unified below 100 columns", "unified"];
        if let Some(note) = notes.into_iter().skip(usize::from(!why)).find(fits) {
            tail.push(dot());
            tail.push(Span::styled(note, theme.title_dim));
        }
    }
    // The words take what the rest leaves; frame and blanks take eight.
    let fixed = head.iter().chain(&tail).map(Span::width).sum::<usize>() + 3 + 8;
    let room = usize::from(app.size.0).saturating_sub(fixed).max(4);
    if width(&words) > room {
        words = format!("{}{}", &words[..cut(&words, room - 1)], app.glyphs.ellipsis);
    }
    if !words.is_empty() {
        head.push(dot());
        head.push(Span::styled(words, theme.title));
    }
    head.extend(tail);
    Line::from(head)
}

fn foot<'a>(app: &App, layer: &DiffLayer, diff: &Diff, shown: Option<&Shown<'_>>) -> Line<'a> {
    let theme = &app.theme;
    let stats = diff.stats();
    // In scripts, lines of the up script are those that add.
    let (plus, minus) = match layer.subject {
        Subject::Scripts(_) => (stats.removed, stats.added),
        Subject::Objects(_) | Subject::Changes => (stats.added, stats.removed),
    };
    let mut spans = vec![
        Span::styled(format!("+{plus}"), theme.diff_sign_add),
        Span::raw(" "),
        Span::styled(format!("-{minus}"), theme.diff_sign_remove),
    ];
    let hazards = shown.map(|shown| shown.facts.up.hazards()).unwrap_or_default();
    if !hazards.is_empty() {
        let words: Vec<&str> = hazards.iter().map(|hazard| hazard.words()).collect();
        spans.push(Span::styled(format!(" {} ", app.glyphs.dot), theme.faint));
        spans.push(Span::styled(format!("{} {}", app.glyphs.warn, words.join(", ")), theme.warn));
    }
    Line::from(spans)
}

/// The words above the two sides.
fn headings(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    layer: &DiffLayer,
    shown: Option<&Shown<'_>>,
) {
    let theme = &app.theme;
    let half = area.width / 2;
    let count = |statements: usize| match statements {
        0 => "nothing".to_owned(),
        1 => "1 statement".to_owned(),
        n => format!("{n} statements"),
    };
    let (add, remove) = (theme.diff_sign_add, theme.diff_sign_remove);
    let (left, right) = match (layer.subject, shown) {
        (Subject::Scripts(_), Some(shown)) => (
            (add, "up", count(shown.facts.up.statements), theme.dim),
            match &shown.facts.down {
                Some(down) => (remove, "down", count(down.statements), theme.dim),
                None => (remove, "down", "none: cannot be undone".to_owned(), theme.danger),
            },
        ),
        (Subject::Objects(_), Some(shown)) => {
            let graph = shown.history.graph();
            let parents = graph.parents(shown.node).iter();
            let parents: Vec<String> =
                parents.map(|parent| short_id(shown.history, *parent)).collect();
            let from = match parents.as_slice() {
                [] => "an empty database".to_owned(),
                parents => format!("at {}", parents.join(", ")),
            };
            let to = format!("at {}", short_id(shown.history, shown.node));
            ((remove, "before", from, theme.dim), (add, "after", to, theme.dim))
        }
        _ => (
            (remove, "database", "as it is".to_owned(), theme.dim),
            (add, "models", "as they should be".to_owned(), theme.dim),
        ),
    };
    let sides = if layer.swap { [right, left] } else { [left, right] };
    for (i, (style, name, words, words_style)) in sides.into_iter().enumerate() {
        let x = area.x + if i == 0 { 1 } else { half + 2 };
        let place = Rect { x, width: half.saturating_sub(2), ..area };
        Pen::new(frame.buffer_mut(), app.glyphs, place)
            .put(name, style)
            .skip(2)
            .put(&words, words_style);
    }
    frame.buffer_mut().set_string(area.x + half, area.y, app.glyphs.rule, theme.border);
}
