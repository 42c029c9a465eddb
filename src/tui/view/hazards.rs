//! What the selected change risks, how large the table is and who is on it, and what can be done about it.

use ratatui::style::Style;

use super::toast::wrapped;
use crate::{
    plan::{Hazard, Severity},
    present::{
        diff::wrap::wrap,
        safe::{display_safe, width},
    },
    tui::{action::Action, app::App, pending::TreeRow},
    worker::pending::{Change, Changes, Risk},
};

/// What the selected change (or group) risks, and what can be done about it.
pub(super) fn risks(app: &App, changes: &Changes, room: usize) -> Vec<Vec<(String, Style)>> {
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
    // What is gentler and takes several revisions is for people to run; not where another form does it.
    if item.direct.is_some() {
        return;
    }
    let recipe = hazards.iter().find(|hazard| !hazard.recipe.is_empty());
    if let Some(hazard) = recipe.filter(|hazard| hazard.severity > Severity::Note) {
        lines.put((" ", theme.dim), "gentler, by hand:", theme.dim);
        for step in &hazard.recipe {
            for row in display_safe(step).lines() {
                for piece in wrap(row, lines.room.saturating_sub(4)) {
                    let lead = " ".repeat(4 + piece.lead.saturating_sub(2));
                    let mark = if piece.lead > 0 { app.glyphs.wrapped } else { "" };
                    let blank = if piece.lead > 1 { " " } else { "" };
                    let text = format!("{lead}{mark}{blank}{}", row[piece.range].trim_end());
                    lines.lines.push(vec![(text, theme.dim)]);
                }
            }
        }
    }
}
