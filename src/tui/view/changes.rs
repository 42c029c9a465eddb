//! Draws the tree of changes: objects, what differs in each, questions about renames, and what the choice
//! risks in all.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{
    asked::Named,
    graph::scrollbar,
    pending::{behind, title, unmanaged_words},
};
use crate::{
    plan::rename::Rename,
    present::safe::{display_safe, width},
    tui::{
        action::Action,
        app::{App, HitMap, Target},
        pending::{PendingPane, TreeRow},
        theme::Theme,
        widget::{
            Pen,
            pane::{pane, shrink, window},
        },
    },
    worker::pending::{Change, Changes, Group, Risk, Sign},
};

/// The tree of changes.
pub(super) fn tree(app: &App, frame: &mut Frame, area: Rect, changes: &Changes, hits: &mut HitMap) {
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
        let mut notes = Vec::new();
        match all - on {
            // Where nothing at all is chosen, the title says so.
            _ if app.pending.chosen() == 0 => {}
            0 => {}
            n if n == all => notes.push("off".to_owned()),
            n => notes.push(format!("{n} off")),
        }
        match app.pending.accepted(risk) {
            0 => {}
            n if n == all => notes.push("accepted".to_owned()),
            n => notes.push(format!("{n} accepted")),
        }
        pen.put(&format!("{mark} {all} {word}"), style);
        if !notes.is_empty() {
            pen.put(&format!(" ({})", notes.join(", ")), app.theme.dim);
        }
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
    let Named { what, place, from, to } = Named::new(rename);
    let kind = what + " ";
    let words = format!("{place}{from} {} {to}", app.glyphs.arrow);
    let answers: &[(Action, &str)] = if open {
        pen.put("?", theme.accent).skip(1).put("renamed? ", theme.accent);
        &[(Action::SameObject, "yes"), (Action::OtherObject, "no")]
    } else {
        pen.put(app.glyphs.check, theme.ok).skip(1).put("renamed ", theme.ok);
        &[(Action::OtherObject, "undo")]
    };
    let room = pen.room().saturating_sub(14);
    // Both names matter more than what they are names of.
    let words = if width(&kind) + width(&words) <= room { kind + &words } else { words };
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
