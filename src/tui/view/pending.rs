//! Draws what models and database differ in: beside the tree of changes the selected object before and
//! after, and the SQL of the choice; and what stands there when there is nothing to choose.

use std::collections::BTreeSet;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
};

use super::{asked, changes, graph::scrollbar, hazards, sheet::Sheet, stages, toast::wrapped};
use crate::{
    present::{
        diff::{Side, fold::Item},
        safe::display_safe,
    },
    tui::{
        action::Action,
        app::{App, HitMap, Screen, Target},
        pending::PendingPane,
        widget::{
            Pen,
            memo::DiffKey,
            pane::{pane, shrink},
            script::Script,
        },
    },
    worker::pending::Changes,
};

/// Below this height the panes on the right are shown one at a time on a narrow screen.
const BOTH_FROM: u16 = 17;

/// Draws it.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let state = &app.pending;
    let wide = app.wide();
    if let Some(error) = &state.error {
        failed(app, frame, area, error);
        return;
    }
    let Some(changes) = &state.changes else {
        waiting(app, frame, area);
        return;
    };
    if let Some(path) = &changes.missing {
        no_models(app, frame, area, path);
        return;
    }
    if changes.is_equal() && changes.questions.is_empty() {
        equal(app, frame, area, changes, hits);
        return;
    }
    if wide {
        let left = app.split.saturating_sub(12).clamp(30, 70);
        let [list, right] =
            Layout::horizontal([Constraint::Percentage(left), Constraint::Fill(1)]).areas(area);
        changes::tree(app, frame, list, changes, hits);
        details(app, frame, right, changes, hits);
    } else if state.writing.is_some() {
        proving(app, frame, area);
    } else if state.pane == PendingPane::List {
        changes::tree(app, frame, area, changes, hits);
    } else if area.height >= BOTH_FROM {
        details(app, frame, area, changes, hits);
    } else if state.pane == PendingPane::Object {
        object(app, frame, area, changes, hits);
    } else {
        plan(app, frame, area, changes, hits);
    }
}

fn details(app: &App, frame: &mut Frame, area: Rect, changes: &Changes, hits: &mut HitMap) {
    let [top, bottom] =
        Layout::vertical([Constraint::Percentage(50), Constraint::Fill(1)]).areas(area);
    if app.pending.writing.is_some() {
        proving(app, frame, top);
    } else {
        object(app, frame, top, changes, hits);
    }
    plan(app, frame, bottom, changes, hits);
}

pub(super) fn title<'a>(app: &App, words: &str) -> Line<'a> {
    let theme = &app.theme;
    let mut spans = vec![
        Span::styled("Pending", theme.title),
        Span::styled(
            format!(" {} models {} database", app.glyphs.dot, app.glyphs.arrow),
            theme.title_dim,
        ),
    ];
    if !words.is_empty() {
        spans.push(Span::styled(format!(" {} {words}", app.glyphs.dot), theme.title_dim));
    }
    if app.pending.comparing.is_some() && app.pending.changes.is_some() {
        let spin = app.glyphs.spin(app.spin(), app.motion);
        spans.push(Span::styled(format!(" {} {spin} comparing", app.glyphs.dot), theme.running));
    }
    Line::from(spans)
}

/// Keys with their words, one below the other.
pub(super) fn keys(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    row: u16,
    all: &[(Action, &str)],
) -> u16 {
    let theme = &app.theme;
    let mut row = row;
    for (action, words) in all {
        let key = app.keymap.label(*action);
        if key.is_empty() || action.enabled(app).is_err() {
            continue;
        }
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, row);
        pen.right(&key, 5, theme.key).skip(2).put(words, theme.text);
        row += 1;
    }
    row
}

/// Before the first comparison, and during it.
fn waiting(app: &App, frame: &mut Frame, area: Rect) {
    let theme = &app.theme;
    let inside = shrink(pane(app, frame, area, true, title(app, ""), Line::default()), 2);
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, 1);
    if let Some(progress) = &app.pending.comparing {
        pen.put("Comparing the models with the database", theme.strong);
        let place = Rect { y: inside.y + 3, height: inside.height.saturating_sub(3), ..inside };
        let used = stages::draw(app, frame, place, progress);
        keys(app, frame, place, used + 1, &[(Action::StopWork, "stop")]);
    } else {
        pen.put("Models and database were not compared yet", theme.strong);
        keys(app, frame, inside, 3, &[(Action::CompareAgain, "compare them")]);
    }
}

fn failed(app: &App, frame: &mut Frame, area: Rect, error: &crate::engine::Error) {
    let theme = &app.theme;
    let inside = shrink(pane(app, frame, area, true, title(app, ""), Line::default()), 2);
    let room = usize::from(inside.width).max(8);
    let mut lines: Vec<(String, Style)> = Vec::new();
    let mut put = |text: &str, most: usize, style: Style| {
        for paragraph in text.lines() {
            let rows = wrapped(&display_safe(paragraph), room, most);
            lines.extend(rows.into_iter().map(|row| (row, style)));
        }
    };
    put(&format!("{} {}", app.glyphs.cross, error.message), 6, theme.danger);
    for more in error.more.iter().take(40) {
        put(more, 3, theme.text);
    }
    if let Some(hint) = &error.hint {
        put(" ", 1, theme.text);
        put(hint, 3, theme.accent);
    }
    let fixed = 6;
    let shown = usize::from(inside.height.saturating_sub(fixed)).max(1);
    let left = lines.len().saturating_sub(shown);
    for (row, (line, style)) in lines.iter().take(shown).enumerate() {
        Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16 + 1).put(line, *style);
    }
    let mut row = lines.len().min(shown) as u16 + 1;
    if left > 0 {
        let words = format!("{} {left} more lines", app.glyphs.ellipsis);
        Pen::at(frame.buffer_mut(), app.glyphs, inside, row).put(&words, theme.dim);
        row += 1;
    }
    let all = [(Action::CompareAgain, "compare again"), (Action::PendingEdit, "open the models")];
    keys(app, frame, inside, row + 1, &all);
}

fn no_models(app: &App, frame: &mut Frame, area: Rect, path: &std::path::Path) {
    let theme = &app.theme;
    let inside = shrink(pane(app, frame, area, true, title(app, ""), Line::default()), 2);
    let room = usize::from(inside.width).max(8);
    let shown = path.strip_prefix(&app.config.root).unwrap_or(path).display().to_string();
    let shown = display_safe(&shown).into_owned();
    let mut lines: Vec<(String, Style)> = vec![
        ("There are no models to compare with".to_owned(), theme.strong),
        (String::new(), theme.text),
    ];
    let words = format!(
        "Models are the schema as you want it, in plain SQL: CREATE TABLE and all the rest, in any \
         order. Put them into `{shown}` as files that end in `.sql`, or say in limbeck.toml where \
         they are (`models`)."
    );
    lines.extend(wrapped(&words, room.min(76), 8).into_iter().map(|line| (line, theme.text)));
    lines.push((String::new(), theme.text));
    let words = "limbeck then shows here what they and the database differ in, and writes and \
                 proves the revision that leads from one to the other.";
    lines.extend(wrapped(words, room.min(76), 8).into_iter().map(|line| (line, theme.dim)));
    for (row, (line, style)) in lines.iter().enumerate() {
        Pen::at(frame.buffer_mut(), app.glyphs, inside, row as u16 + 1).put(line, *style);
    }
    let all = [(Action::CompareAgain, "look again"), (Action::Help, "all keys")];
    keys(app, frame, inside, lines.len() as u16 + 2, &all);
}

fn equal(app: &App, frame: &mut Frame, area: Rect, changes: &Changes, hits: &mut HitMap) {
    let theme = &app.theme;
    let inside = shrink(pane(app, frame, area, true, title(app, ""), Line::default()), 2);
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, 1);
    pen.put(app.glyphs.check, theme.ok).skip(1).put("Models and database agree", theme.strong);
    let mut row = 2;
    if let Some(words) = behind(app) {
        row += 1;
        Pen::at(frame.buffer_mut(), app.glyphs, inside, row).put(&words, theme.warn);
        row += 1;
    }
    for note in &changes.notes {
        let words = format!("{} {}", app.glyphs.warn, display_safe(note));
        for line in wrapped(&words, usize::from(inside.width).max(8), 3) {
            row += 1;
            Pen::at(frame.buffer_mut(), app.glyphs, inside, row).put(&line, theme.warn);
        }
    }
    row = keys(app, frame, inside, row + 1, &[(Action::CompareAgain, "compare again")]);
    if changes.unmanaged.is_empty() {
        return;
    }
    row += 1;
    let words = unmanaged_words(changes.unmanaged.len());
    Pen::at(frame.buffer_mut(), app.glyphs, inside, row).put(&words, theme.dim);
    let list = Rect {
        y: inside.y + (row + 1).min(inside.height),
        height: inside.height.saturating_sub(row + 1),
        ..inside
    };
    hits.page = usize::from(list.height);
    for (row, thing) in changes.unmanaged.iter().take(usize::from(list.height)).enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, list, row as u16);
        pen.skip(2).put(&display_safe(thing), theme.text);
    }
}

pub(super) fn unmanaged_words(count: usize) -> String {
    match count {
        1 => "1 object is not managed by limbeck".to_owned(),
        n => format!("{n} objects are not managed by limbeck"),
    }
}

/// Why no revision can be made from what is shown.
pub(super) fn behind(app: &App) -> Option<String> {
    let overview = app.snapshot.overview.as_ref()?;
    let words = match overview.pending {
        0 => return None,
        1 => "1 revision is pending: upgrade first".to_owned(),
        n => format!("{n} revisions are pending: upgrade first"),
    };
    Some(format!("{} {words}", app.glyphs.warn))
}

/// The selected object before and after, and what its change risks.
fn object(app: &App, frame: &mut Frame, area: Rect, changes: &Changes, hits: &mut HitMap) {
    if asked::draw(app, frame, area, changes, hits) {
        return;
    }
    let theme = &app.theme;
    let state = &app.pending;
    let focus = state.pane == PendingPane::Object;
    let diff = &changes.objects;
    let Some(part) = state.part().and_then(|part| diff.parts().get(part)) else {
        let inside = pane(app, frame, area, focus, Line::default(), Line::default());
        hits.add(inside, Target::PendingPane(PendingPane::Object));
        return;
    };
    let title = Line::from(vec![
        Span::styled(part.title.clone(), theme.title),
        Span::styled(
            format!(" {} before {} after", app.glyphs.dot, app.glyphs.arrow),
            theme.title_dim,
        ),
    ]);
    let foot = Line::from(vec![
        Span::styled(format!("+{}", part.stats.added), theme.diff_sign_add),
        Span::raw(" "),
        Span::styled(format!("-{}", part.stats.removed), theme.diff_sign_remove),
    ]);
    let inside = pane(app, frame, area, focus, title, foot);
    hits.add(area, Target::PendingPane(PendingPane::Object));
    let risks = hazards::risks(app, changes, usize::from(inside.width.saturating_sub(2)).max(8));
    let key = DiffKey {
        form: Sheet::plain(diff, inside).form(),
        wrap: true,
        unfold_all: false,
        unfolded: BTreeSet::new(),
    };
    let view = app.memo.diff_view(diff, &key);
    let top_of = |row: usize| view.layout.top(view.folds.item_of(row));
    let from = top_of(part.heading) + 1;
    let end = if part.rows.is_empty() {
        from
    } else {
        view.layout.top(view.folds.item_of(part.rows.end - 1) + 1)
    };
    let count = end.saturating_sub(from);
    // The risks get half, and what a short object leaves them.
    let free = usize::from(inside.height).saturating_sub(count + 1);
    let most = (inside.height / 2).max(1).max(free as u16);
    let told = (risks.len() as u16).min(most);
    let text = Rect { height: inside.height.saturating_sub(told + u16::from(told > 0)), ..inside };
    let sheet = Sheet::plain(diff, text);
    let page = usize::from(text.height);
    let last = count.saturating_sub(page);
    hits.object_max = last;
    let own = own_row(changes, state.item(), part.rows.clone());
    let auto = own.map_or(0, |row| top_of(row).saturating_sub(from + page / 3));
    let scroll = state.object_scroll.unwrap_or(auto).min(last);
    hits.object_at = scroll;
    if let Some((first, mut into)) = view.layout.at(from + scroll).filter(|_| count > 0) {
        let mut row = 0;
        for item in &view.folds.items()[first..] {
            let inside_part = match item {
                Item::Row(row) => part.rows.contains(row),
                Item::Fold { rows, .. } => part.rows.contains(&rows.start),
            };
            if row >= text.height || !inside_part {
                break;
            }
            row += sheet.draw_item(app, frame, row, item, into);
            into = 0;
        }
    }
    scrollbar(app, frame, Rect { height: text.height + 2, ..area }, scroll, page, count);
    let place = shrink(Rect { y: inside.bottom() - told, height: told, ..inside }, 1);
    for (row, parts) in risks.iter().take(usize::from(told)).enumerate() {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, place, row as u16);
        if row + 1 == usize::from(told) && risks.len() > row + 1 {
            let words = format!("{} {} more lines", app.glyphs.ellipsis, risks.len() - row);
            pen.put(&words, theme.dim);
            break;
        }
        for (words, style) in parts {
            pen.put(words, *style);
        }
    }
}

/// The first row in which a change is to be seen.
fn own_row(changes: &Changes, item: Option<usize>, rows: std::ops::Range<usize>) -> Option<usize> {
    let item = changes.items.get(item?)?;
    let diff = &changes.objects;
    let differs = |row: &usize| diff.rows()[*row].hunk.is_some();
    let named = |row: &usize| {
        [Side::Left, Side::Right].into_iter().any(|side| {
            diff.text(*row, side).is_some_and(|text| text.contains(item.key.base_name()))
        })
    };
    rows.clone().find(|row| differs(row) && named(row)).or_else(|| rows.clone().find(differs))
}

/// The SQL of the choice.
fn plan(app: &App, frame: &mut Frame, area: Rect, changes: &Changes, hits: &mut HitMap) {
    let theme = &app.theme;
    let state = &app.pending;
    let focus = state.pane == PendingPane::Sql;
    let way = if state.show_down { "down" } else { "up" };
    let edited = if state.edited().is_some() { " as edited" } else { "" };
    let mut title = vec![
        Span::styled(format!("SQL {way}{edited}"), theme.title),
        Span::styled(
            format!(" {} {} of {}", app.glyphs.dot, state.chosen(), changes.items.len()),
            theme.title_dim,
        ),
    ];
    let key = app.keymap.label(Action::FlipPlan);
    if !key.is_empty() {
        let other = if state.show_down { "up" } else { "down" };
        title.push(Span::styled(format!(" {} ", app.glyphs.dot), theme.title_dim));
        title.push(Span::styled(key, theme.key));
        title.push(Span::styled(format!(" {other}"), theme.title_dim));
    }
    if state.plan_old {
        let spin = app.glyphs.spin(app.spin(), false);
        title.push(Span::styled(format!(" {} {spin} planning", app.glyphs.dot), theme.running));
    }
    let script = state.planned.as_ref().map(|planned| {
        let script = if state.show_down { &planned.down } else { &planned.up };
        (script, planned.failed.as_deref())
    });
    let foot = script.map(|(script, _)| sections(script)).unwrap_or_default();
    let inside =
        pane(app, frame, area, focus, Line::from(title), Line::styled(foot, theme.title_dim));
    hits.add(area, Target::PendingPane(PendingPane::Sql));
    let Some((script, failed)) = script else { return };
    if let Some(reason) = failed {
        let words = format!("{} there is no plan: {reason}", app.glyphs.cross);
        let rows = wrapped(&display_safe(&words), usize::from(inside.width).max(8), 8);
        for (row, line) in rows.iter().enumerate() {
            Pen::at(frame.buffer_mut(), app.glyphs, shrink(inside, 1), row as u16)
                .put(line, theme.danger);
        }
        return;
    }
    if script.lines.is_empty() {
        let words = if state.chosen() == 0 {
            let key = app.keymap.label(Action::Toggle);
            format!("nothing is chosen: {key} chooses the selected change")
        } else {
            "nothing runs".to_owned()
        };
        Pen::at(frame.buffer_mut(), app.glyphs, shrink(inside, 1), 0).put(&words, theme.dim);
        return;
    }
    let page = usize::from(inside.height);
    // The bar of the selected change on the left, a blank on the right.
    let bar = 1;
    let shown =
        Script::new(&script.lines, script.more, usize::from(inside.width).saturating_sub(bar + 1));
    let last = shown.height().saturating_sub(page);
    let key = state.item().and_then(|item| changes.items.get(item)).map(|item| &item.key);
    let own = key.map(|key| script.lines_of(key)).unwrap_or_default();
    let auto = own.first().map_or(0, |lines| shown.row_of(lines.start).saturating_sub(page / 3));
    let scroll = state.sql_scroll.unwrap_or(auto).min(last);
    (hits.sql_max, hits.sql_at) = (last, scroll);
    shown.draw(app, frame, inside, scroll, Some(&own));
    scrollbar(app, frame, area, scroll, page, shown.height());
}

fn sections(script: &crate::worker::pending::Script) -> String {
    let plural = |n: usize, one: &str, many: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    let mut words = Vec::new();
    if script.transactions > 0 {
        words.push(plural(script.transactions, "transaction", "transactions"));
    }
    if script.outside > 0 {
        words.push(format!("{} outside", script.outside));
    }
    words.join(", ")
}

/// A revision is being proved and written.
fn proving(app: &App, frame: &mut Frame, area: Rect) {
    let theme = &app.theme;
    let Some(writing) = &app.pending.writing else { return };
    let message = display_safe(&writing.message).into_owned();
    let title = Line::from(vec![
        Span::styled("Proving", theme.title),
        Span::styled(format!(" {} {message}", app.glyphs.dot), theme.title_dim),
    ]);
    let inside = shrink(pane(app, frame, area, false, title, Line::default()), 1);
    let words = "Both ways run in a scratch database before it is written";
    Pen::at(frame.buffer_mut(), app.glyphs, inside, 0).put(words, theme.dim);
    let list = Rect {
        y: inside.y + 2.min(inside.height),
        height: inside.height.saturating_sub(4),
        ..inside
    };
    let used = stages::draw(app, frame, list, &writing.progress);
    let rest = Rect { height: inside.height.saturating_sub(2), ..list };
    debug_assert_eq!(app.screen, Screen::Pending);
    keys(app, frame, rest, used + 1, &[(Action::StopWork, "stop")]);
}
