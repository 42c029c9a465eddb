//! Draws the command palette: actions and revisions in one list.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::Style,
    text::{Line, Span},
};

use crate::{
    config::Guard,
    present::safe::{display_safe, width},
    tui::{
        app::{App, HitMap, Target},
        layer::{Choice, Item, ListLayer, Scope},
        update::settings,
        widget::{
            Pen, list,
            pane::{popup, window},
        },
    },
};

/// Widest useful popup.
const WIDTH: u16 = 92;
/// Tallest useful popup.
const HEIGHT: u16 = 20;

/// Draws it; `area` is the whole screen for popups.
pub fn draw(app: &App, layer: &ListLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let items = &layer.items;
    let width = area.width.saturating_sub(4).min(WIDTH);
    let height = area.height.saturating_sub(4).min(HEIGHT);
    // High on the screen and always the same size: nothing jumps while typing.
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + 2.min(area.height.saturating_sub(height)),
        width,
        height,
    };
    let (head, more, ghost) = match layer.scope {
        Scope::All => {
            ("Go to", "actions, revisions, tables, settings", "upgrade, database, a revision")
        }
        Scope::Themes => ("Theme", "the selected one is drawn at once", "a name"),
        Scope::Profiles => ("Connect", "profiles of limbeck.toml", "a name"),
    };
    let title = Line::from(vec![
        Span::styled(head, theme.title),
        Span::styled(format!(" {} {more}", app.glyphs.dot), theme.title_dim),
    ]);
    let prefixes: &[(&str, &str)] = match layer.scope {
        Scope::All => &[(">", " actions  "), ("@", " revisions  "), ("#", " tables")],
        Scope::Themes | Scope::Profiles => &[],
    };
    let foot: Vec<Span<'_>> = prefixes
        .iter()
        .flat_map(|(key, words)| {
            [Span::styled(*key, theme.key), Span::styled(*words, theme.title_dim)]
        })
        .collect();
    let foot = Line::from(foot);
    let inside = popup(app, frame, place, false, title, foot);
    hits.add(place, Target::Layer);
    let [line, _, list] =
        Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1)])
            .areas(inside);
    list::input(app, frame, line, ":", &layer.input, ghost);
    hits.page = usize::from(list.height);
    if items.is_empty() {
        Pen::new(frame.buffer_mut(), app.glyphs, list).put("nothing is called that", theme.dim);
        return;
    }
    let page = usize::from(list.height);
    let selected = layer.selected.min(items.len() - 1);
    let offset = window(0, selected, items.len(), page);
    for (line, (index, item)) in items.iter().enumerate().skip(offset).take(page).enumerate() {
        let place = Rect { y: list.y + line as u16, height: 1, ..list };
        hits.add(place, Target::Item(index));
        entry(app, frame, place, item, index == selected);
    }
}

fn entry(app: &App, frame: &mut Frame, area: Rect, item: &Item, selected: bool) {
    let theme = &app.theme;
    if selected {
        frame.buffer_mut().set_style(area, theme.selection);
    }
    let revision = matches!(item.choice, Choice::Revision(_));
    let style = if item.disabled.is_some() { theme.dim } else { theme.text };
    let right = if revision { "revision" } else { item.place };
    let key = if revision { "" } else { item.key.as_str() };
    let note = item.disabled.as_deref().map(display_safe);

    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    pen.field(if selected { app.glyphs.pointer } else { " " }, 1, theme.marker).skip(1);
    let start = pen.x();
    // Key and place at the right, the words before them, the reason when there is room.
    let tail = 8 + 11;
    let room = pen.room().saturating_sub(tail);
    let words = Rect { x: start, width: room as u16, ..area };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, words);
    let text = display_safe(&item.text).into_owned();
    list::with_hits(&mut pen, &text, &item.hits, style, style.patch(theme.hit));
    if let Some(note) = note
        && pen.room() > width(&note).min(12) + 3
    {
        pen.put(&format!("  {} {note}", app.glyphs.dot), theme.dim);
    }
    let tail = Rect {
        x: start + room as u16,
        width: area.right().saturating_sub(start + room as u16),
        ..area
    };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, tail);
    pen.skip(1);
    let key_style = match &item.choice {
        _ if item.disabled.is_some() => theme.key_disabled,
        // As the badge in the corner will be.
        Choice::Profile(name) => guard_style(app, name.as_deref()),
        _ => theme.key,
    };
    pen.field(&display_safe(key), 7, key_style);
    let room = pen.room();
    let in_use = settings::is_chosen(app, &item.choice);
    pen.right(right, room, if in_use { theme.ok } else { theme.dim });
}

/// The badge of a profile; without one it is the project's own database.
fn guard_style(app: &App, profile: Option<&str>) -> Style {
    match profile.and_then(|name| app.config.profiles.get(name)) {
        None | Some(Guard::Dev) => app.theme.badge_dev,
        Some(Guard::Staging) => app.theme.badge_staging,
        Some(Guard::Prod) => app.theme.badge_prod,
    }
}
