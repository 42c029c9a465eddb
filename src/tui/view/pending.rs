//! Draws what models and database differ in: the tree of changes, the selected object before and
//! after with its risks, the SQL of the choice; and what stands there when there is nothing to
//! choose.

use std::collections::BTreeSet;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
};

use super::{graph::scrollbar, sheet::Sheet, stages, toast::wrapped};
use crate::{
    plan::{Hazard, Severity, rename::Rename},
    present::{
        diff::{Side, fold::Item},
        safe::{display_safe, width},
    },
    tui::{
        action::Action,
        app::{App, HitMap, Screen, Target},
        pending::{PendingPane, TreeRow},
        theme::Theme,
        widget::{
            Pen,
            memo::DiffKey,
            pane::{pane, shrink, window},
            sql,
        },
    },
    worker::pending::{Change, Changes, Group, Risk, Sign},
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
        tree(app, frame, list, changes, hits);
        details(app, frame, right, changes, hits);
    } else if state.writing.is_some() {
        proving(app, frame, area);
    } else if state.pane == PendingPane::List {
        tree(app, frame, area, changes, hits);
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

fn title<'a>(app: &App, words: &str) -> Line<'a> {
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
fn keys(app: &App, frame: &mut Frame, area: Rect, row: u16, all: &[(Action, &str)]) -> u16 {
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

fn unmanaged_words(count: usize) -> String {
    match count {
        1 => "1 object is not managed by limbeck".to_owned(),
        n => format!("{n} objects are not managed by limbeck"),
    }
}

/// Why no revision can be made from what is shown.
fn behind(app: &App) -> Option<String> {
    let overview = app.snapshot.overview.as_ref()?;
    let words = match overview.pending {
        0 => return None,
        1 => "1 revision is pending: upgrade before you create one".to_owned(),
        n => format!("{n} revisions are pending: upgrade before you create one"),
    };
    Some(format!("{} {words}", app.glyphs.warn))
}

/// The tree of changes.
fn tree(app: &App, frame: &mut Frame, area: Rect, changes: &Changes, hits: &mut HitMap) {
    let theme = &app.theme;
    let state = &app.pending;
    let focus = state.pane == PendingPane::List;
    let all = changes.items.len();
    let words = format!("{} of {all}", state.chosen());
    let foot = if app.wide() {
        Line::default()
    } else {
        let key = app.keymap.label(Action::Right);
        Line::from(vec![Span::styled(key, theme.key), Span::styled(" details", theme.hint)])
    };
    let inside = pane(app, frame, area, focus, title(app, &words), foot);
    hits.add(inside, Target::PendingPane(PendingPane::List));
    let notice = behind(app);
    let notes = u16::from(!changes.notes.is_empty());
    let above = if inside.height > 8 { u16::from(notice.is_some()) + notes } else { 0 };
    let below = if inside.height > 8 { 2 } else { 0 };
    let list =
        Rect { y: inside.y + above, height: inside.height.saturating_sub(above + below), ..inside };
    if above > 0 {
        let mut row = 0;
        let place = shrink(inside, 1);
        if let Some(words) = notice {
            Pen::at(frame.buffer_mut(), app.glyphs, place, row).put(&words, theme.warn);
            row += 1;
        }
        if let Some(first) = changes.notes.first() {
            let more = match changes.notes.len() {
                1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let words = format!("{} {}{more}", app.glyphs.warn, display_safe(first));
            Pen::at(frame.buffer_mut(), app.glyphs, place, row).put(&words, theme.warn);
        }
    }
    let page = usize::from(list.height);
    let count = state.rows.len();
    let offset = window(state.offset, state.selected, count, page);
    hits.page = page;
    hits.pending_offset = offset;
    for (line, row) in state.rows.iter().enumerate().skip(offset).take(page) {
        let place = Rect { y: list.y + (line - offset) as u16, height: 1, ..list };
        hits.add(place, Target::Change(line, false));
        let selected = line == state.selected;
        if selected {
            let style = if focus { theme.selection } else { theme.selection_idle };
            frame.buffer_mut().set_style(place, style);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.put(if selected { app.glyphs.pointer } else { " " }, theme.marker).skip(1);
        match *row {
            TreeRow::Question(index) => {
                let rename = changes.questions.get(index).map(|question| &question.rename);
                question(app, &mut pen, rename, true);
            }
            TreeRow::Renamed(index) => {
                question(app, &mut pen, changes.renames.get(index), false);
            }
            TreeRow::Group(index) => {
                if let Some(group) = changes.groups.get(index) {
                    group_row(app, frame, place, changes, group, state.is_open(changes, index));
                    hits.add(
                        Rect { width: 8.min(place.width), ..place },
                        Target::Change(line, true),
                    );
                }
            }
            TreeRow::Item(index) => {
                item_row(app, frame, place, changes, index);
                hits.add(Rect { width: 8.min(place.width), ..place }, Target::Change(line, true));
            }
            TreeRow::Unmanaged => {
                let mark = if state.show_unmanaged { app.glyphs.open } else { app.glyphs.closed };
                pen.put(mark, theme.dim).skip(1);
                pen.put(&unmanaged_words(changes.unmanaged.len()), theme.dim);
            }
            TreeRow::Thing(index) => {
                let thing = changes.unmanaged.get(index).map_or("", String::as_str);
                pen.skip(4).put(&display_safe(thing), theme.dim);
            }
        }
    }
    scrollbar(app, frame, area, offset, page.min(count), count);
    if below > 0 {
        let place = shrink(Rect { y: list.bottom() + 1, height: 1, ..inside }, 1);
        totals(app, frame, place);
    }
}

/// How many changes there are of each risk.
fn totals(app: &App, frame: &mut Frame, area: Rect) {
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    let mut first = true;
    for (risk, word) in
        [(Risk::Destructive, "destructive"), (Risk::Blocking, "to look at"), (Risk::Safe, "safe")]
    {
        let (all, on) = app.pending.count(risk);
        if all == 0 {
            continue;
        }
        if !std::mem::take(&mut first) {
            pen.skip(3);
        }
        let (mark, style) = risk_mark(app, risk);
        let off = match all - on {
            0 => String::new(),
            n if n == all => " (off)".to_owned(),
            n => format!(" ({n} off)"),
        };
        pen.put(&format!("{mark} {all} {word}"), style).put(&off, app.theme.dim);
    }
}

fn risk_mark(app: &App, risk: Risk) -> (&'static str, Style) {
    match risk {
        Risk::Destructive => (app.glyphs.cross, app.theme.danger),
        Risk::Blocking => (app.glyphs.warn, app.theme.warn),
        Risk::Safe => (app.glyphs.check, app.theme.ok),
    }
}

fn sign(theme: &Theme, sign: Sign) -> (&'static str, Style) {
    match sign {
        Sign::Added => ("+", theme.diff_sign_add),
        Sign::Changed => ("~", theme.warn),
        Sign::Removed => ("-", theme.diff_sign_remove),
    }
}

fn question(app: &App, pen: &mut Pen<'_>, rename: Option<&Rename>, open: bool) {
    let theme = &app.theme;
    let Some(rename) = rename else { return };
    let words = match rename {
        Rename::Object { from, to } if from.schema() == to.schema() => {
            let from_name = match from.relation() {
                Some(relation) => format!("{relation}.{}", from.base_name()),
                None => from.base_name().to_owned(),
            };
            format!("{} {from_name} {} {}", from.kind(), app.glyphs.arrow, to.base_name())
        }
        _ => rename.to_string(),
    };
    let words = display_safe(&words).into_owned();
    let answers: &[(Action, &str)] = if open {
        pen.put("?", theme.accent).skip(1).put("renamed? ", theme.accent);
        &[(Action::SameObject, "yes"), (Action::OtherObject, "no")]
    } else {
        pen.put(app.glyphs.check, theme.ok).skip(1).put("renamed ", theme.ok);
        &[(Action::OtherObject, "undo")]
    };
    let room = pen.room().saturating_sub(14);
    let used = width(&words).min(room);
    pen.field(&words, used, theme.text).skip(2);
    for (action, word) in answers {
        let key = app.keymap.label(*action);
        pen.put(&key, theme.key).skip(1).put(word, theme.hint).skip(2);
    }
}

/// The badge at the right end of a row; returns what is left of it.
fn badge(app: &App, frame: &mut Frame, place: Rect, change: &Change, on: bool) -> Rect {
    let terms = &app.pending.terms;
    let risk = terms.risk(change);
    let (mark, style) = risk_mark(app, risk);
    let accepted = terms.accepted.contains_key(&change.key);
    let (mark, style) = match accepted {
        true => (app.glyphs.check, app.theme.ok),
        false if on || risk == Risk::Destructive => (mark, style),
        false => (mark, app.theme.dim),
    };
    let words = format!("{mark} {}", terms.badge(change));
    let wide = (width(&words) as u16).min(place.width);
    let at = Rect { x: place.right().saturating_sub(wide + 1), width: wide, ..place };
    Pen::new(frame.buffer_mut(), app.glyphs, at).put(&words, style);
    Rect { width: place.width.saturating_sub(wide + 2), ..place }
}

/// The box before a change.
fn boxed(on: usize, all: usize) -> &'static str {
    match on {
        0 => "[ ]",
        n if n == all => "[x]",
        _ => "[-]",
    }
}

fn group_row(
    app: &App,
    frame: &mut Frame,
    place: Rect,
    changes: &Changes,
    group: &Group,
    open: bool,
) {
    let theme = &app.theme;
    let chosen = &app.pending.chosen;
    let items = group.items.clone();
    let on = items.clone().filter(|index| chosen.get(*index) == Some(&true)).count();
    let worst = items.clone().filter_map(|index| changes.items.get(index)).max_by_key(|item| {
        let accepted = app.pending.terms.accepted.contains_key(&item.key);
        (app.pending.terms.risk(item), !accepted, !item.hazards.is_empty())
    });
    let place = match worst {
        Some(item) if !open => badge(app, frame, place, item, on > 0),
        _ => place,
    };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
    pen.skip(2).put(if open { app.glyphs.open } else { app.glyphs.closed }, theme.dim).skip(1);
    pen.put(boxed(on, items.len()), if on > 0 { theme.accent } else { theme.dim }).skip(1);
    if group.whole
        && let Some(first) = changes.items.get(items.start)
    {
        let (mark, style) = sign(theme, first.sign);
        pen.put(mark, style).skip(1);
    }
    pen.put(&group.title, theme.strong);
    if !group.kind.is_empty() {
        pen.skip(2).put(group.kind, theme.dim);
    }
    if !open {
        let parts = contents(changes, group);
        if !parts.is_empty() {
            let before = if group.kind.is_empty() { "  " } else { ", " };
            pen.put(&format!("{before}{parts}"), theme.dim);
        }
    }
}

/// "6 columns, 2 constraints".
fn contents(changes: &Changes, group: &Group) -> String {
    let skip = usize::from(group.whole);
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for item in group.items.clone().skip(skip).filter_map(|index| changes.items.get(index)) {
        let kind = item.key.kind().0;
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let words: Vec<String> = counts
        .into_iter()
        .map(|(kind, count)| match count {
            1 => format!("1 {kind}"),
            n => format!("{n} {}", crate::worker::pending::plural(kind)),
        })
        .collect();
    words.join(", ")
}

fn item_row(app: &App, frame: &mut Frame, place: Rect, changes: &Changes, index: usize) {
    let theme = &app.theme;
    let Some(item) = changes.items.get(index) else { return };
    let on = app.pending.chosen.get(index) == Some(&true);
    let group = &changes.groups[changes.group_of(index).min(changes.groups.len() - 1)];
    let place = badge(app, frame, place, item, on);
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
    pen.skip(4).put(boxed(usize::from(on), 1), if on { theme.accent } else { theme.dim }).skip(1);
    let (mark, style) = sign(theme, item.sign);
    pen.put(mark, style).skip(1);
    let name = if on { theme.text } else { theme.dim };
    let kind = item.key.kind().0;
    let own = !group.kind.is_empty();
    if own && item.name == group.title {
        // The whole itself: its name stands in the heading.
        pen.put(kind, name);
    } else {
        if own && kind != "column" {
            pen.put(kind, theme.dim).skip(1);
        }
        pen.put(&item.name, name);
    }
    if !item.text.is_empty() {
        pen.skip(2).put(&item.text, theme.dim);
    }
}

/// The selected object before and after, and what its change risks.
fn object(app: &App, frame: &mut Frame, area: Rect, changes: &Changes, hits: &mut HitMap) {
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
    let risks = risks(app, changes, usize::from(inside.width.saturating_sub(2)).max(8));
    let most = (inside.height / 2).max(1);
    let told = (risks.len() as u16).min(most);
    let text = Rect { height: inside.height.saturating_sub(told + u16::from(told > 0)), ..inside };

    let sheet = Sheet::plain(diff, text);
    let key =
        DiffKey { form: sheet.form(), wrap: true, unfold_all: false, unfolded: BTreeSet::new() };
    let view = app.memo.diff_view(diff, &key);
    let top_of = |row: usize| view.layout.top(view.folds.item_of(row));
    let from = top_of(part.heading) + 1;
    let end = if part.rows.is_empty() {
        from
    } else {
        view.layout.top(view.folds.item_of(part.rows.end - 1) + 1)
    };
    let (count, page) = (end.saturating_sub(from), usize::from(text.height));
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

/// What the selected change (or group) risks, and what can be done about it.
fn risks(app: &App, changes: &Changes, room: usize) -> Vec<Vec<(String, Style)>> {
    let theme = &app.theme;
    let terms = &app.pending.terms;
    let items = match app.pending.rows.get(app.pending.selected) {
        Some(TreeRow::Item(index)) => *index..*index + 1,
        Some(TreeRow::Group(index)) => match changes.groups.get(*index) {
            Some(group) => group.items.clone(),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let alone = if items.len() == 1 { changes.items.get(items.start) } else { None };
    let mut hazards: Vec<&Hazard> = Vec::new();
    let mut lost = false;
    for item in items.filter_map(|index| changes.items.get(index)) {
        let own = terms.hazards(item);
        lost |= item.loses && own.iter().all(|h| h.severity != Severity::Danger);
        let new: Vec<&Hazard> = own.iter().filter(|hazard| !hazards.contains(hazard)).collect();
        hazards.extend(new);
    }
    hazards.sort_by_key(|hazard| std::cmp::Reverse((hazard.severity, hazard.length)));
    let mut lines = Lines { room, lines: Vec::new() };
    if lost {
        let words = "goes with what stands above it, and its data with it";
        lines.put((app.glyphs.cross, theme.danger), words, theme.text);
    }
    for hazard in &hazards {
        let (mark, style) = match hazard.severity {
            Severity::Danger => (app.glyphs.cross, theme.danger),
            Severity::Warning => (app.glyphs.warn, theme.warn),
            Severity::Note => (app.glyphs.dot, theme.dim),
        };
        let text = if hazard.severity == Severity::Note { theme.dim } else { theme.text };
        lines.put((mark, style), &hazard.message, text);
    }
    if hazards.is_empty() && !lost {
        lines.put((app.glyphs.check, theme.ok), "nobody waits, nothing is lost", theme.text);
    }
    // How large the table is that others wait for, once; and who works with it right now.
    let worth = |hazard: &&&Hazard| hazard.severity > Severity::Note && hazard.size.is_some();
    if let Some(hazard) = hazards.iter().find(worth)
        && let Some(size) = hazard.size
    {
        let name = display_safe(short_name(&hazard.object)).into_owned();
        let mut words = format!("{name} is {}", size.words());
        if size.sessions > 0 {
            let sessions = match size.sessions {
                1 => "1 session holds a lock on it now".to_owned(),
                n => format!("{n} sessions hold locks on it now"),
            };
            let key = app.keymap.label(Action::DatabaseScreen);
            words.push_str(&format!("; {sessions} ({key} Locks)"));
        }
        lines.put((" ", theme.dim), &words, theme.text);
    }
    if let Some(item) = alone {
        ways(app, item, &hazards, &mut lines);
    }
    lines.lines
}

/// A name without the schema that everything stands in.
fn short_name(name: &str) -> &str {
    name.strip_prefix("public.").unwrap_or(name)
}

/// Lines with a mark before them, wrapped.
struct Lines {
    room: usize,
    lines: Vec<Vec<(String, Style)>>,
}

impl Lines {
    fn put(&mut self, (mark, style): (&str, Style), words: &str, text: Style) {
        let indent = width(mark) + 1;
        let rows = wrapped(&display_safe(words), self.room.saturating_sub(indent).max(4), 3);
        for (i, row) in rows.into_iter().enumerate() {
            let lead = if i == 0 { format!("{mark} ") } else { " ".repeat(indent) };
            self.lines.push(vec![(lead, style), (row, text)]);
        }
    }
}

/// What can be done about the risks of a change: its other form, accepting it, the recipe.
fn ways(app: &App, item: &Change, hazards: &[&Hazard], lines: &mut Lines) {
    let theme = &app.theme;
    let terms = &app.pending.terms;
    let key = |action: Action| app.keymap.label(action);
    if let Some(reason) = terms.accepted.get(&item.key) {
        let words = format!("accepted: {reason} ({} takes it back)", key(Action::Accept));
        lines.put((app.glyphs.check, theme.ok), &words, theme.text);
    }
    if item.direct.is_some() && app.pending.edited().is_none() {
        let direct = terms.direct.contains(&item.whole);
        let words = if direct { "the form that lets others work" } else { "the direct form" };
        let other = if direct { Some(&item.hazards) } else { item.direct.as_ref() };
        let worst = other.and_then(|hazards| hazards.first());
        let risk = match worst {
            Some(hazard) if hazard.severity > Severity::Note => format!(": {}", hazard.message),
            _ => String::new(),
        };
        lines.put((&key(Action::FlipForm), theme.key), &format!("{words}{risk}"), theme.dim);
    }
    let open = terms.risk(item) > Risk::Safe && !terms.accepted.contains_key(&item.key);
    if open && app.pending.edited().is_none() {
        let words = "accept it: your reason goes into the file";
        lines.put((&key(Action::Accept), theme.key), words, theme.dim);
    }
    // What is gentler and takes several revisions is for people to run.
    let recipe = hazards.iter().find(|hazard| !hazard.recipe.is_empty());
    if let Some(hazard) = recipe.filter(|hazard| hazard.severity > Severity::Note) {
        lines.put((" ", theme.dim), "gentler, by hand:", theme.dim);
        for step in &hazard.recipe {
            for row in display_safe(step).lines() {
                let row: String = row.chars().take(lines.room.saturating_sub(4)).collect();
                lines.lines.push(vec![("    ".to_owned(), theme.dim), (row, theme.dim)]);
            }
        }
    }
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
    let count = script.lines.len() + usize::from(script.more > 0);
    let last = count.saturating_sub(page);
    let key = state.item().and_then(|item| changes.items.get(item)).map(|item| &item.key);
    let own = key.map(|key| script.lines_of(key)).unwrap_or_default();
    let auto = own.first().map_or(0, |lines| lines.start.saturating_sub(page / 3));
    let scroll = state.sql_scroll.unwrap_or(auto).min(last);
    (hits.sql_max, hits.sql_at) = (last, scroll);
    for row in 0..inside.height {
        let line = scroll + usize::from(row);
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row);
        let mine = own.iter().any(|lines| lines.contains(&line));
        pen.put(if mine { app.glyphs.bar } else { " " }, theme.marker);
        match script.lines.get(line) {
            Some((text, spans)) => sql::put(&mut pen, theme, text, spans),
            None if line == script.lines.len() && script.more > 0 => {
                let words = format!("{} {} more lines", app.glyphs.ellipsis, script.more);
                pen.put(&words, theme.dim);
            }
            None => break,
        }
    }
    scrollbar(app, frame, area, scroll, page, count);
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
    let words = "Both ways run in a scratch database before the file is written";
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
