//! Draws the last line: what can be done here, from the registry, as much as fits; `?` and `:` always.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use crate::tui::{
    action::{self, Action},
    app::{App, HitMap, Screen, Target},
    layer::Subject,
};

/// Draws what is always there, at the right; tells how wide it is.
pub fn fixed(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) -> u16 {
    let theme = &app.theme;
    let mut end = area.right();
    for action in [Action::Palette, Action::Help] {
        let key = app.keymap.label(action);
        if key.is_empty() {
            continue;
        }
        let line = Line::from(vec![
            Span::styled(key, theme.key),
            Span::raw(" "),
            Span::styled(action.entry().short, theme.hint),
            Span::raw(" "),
        ]);
        let width = (line.width() as u16 + 1).min(end.saturating_sub(area.x));
        end -= width;
        let place = Rect { x: end, width, ..area };
        frame.render_widget(line, place);
        hits.add(place, Target::Action(action));
    }
    area.right() - end
}

/// Draws the rest, from the left.
pub fn draw(app: &App, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let end = area.right();
    let mut x = area.x + 1;
    let count = app.count.filter(|_| app.screen == Screen::Graph);
    if !app.pending_keys.is_empty() || count.is_some() {
        let mut text = count.map(|n| n.to_string()).unwrap_or_default();
        for key in &app.pending_keys {
            text.push_str(&key.to_string());
        }
        text.push_str(app.glyphs.ellipsis);
        let width = text.width() as u16;
        if x + width + 1 < end {
            frame.render_widget(Line::styled(text, theme.accent), Rect { x, width, ..area });
            x += width + 2;
        }
    }
    let room = end.saturating_sub(x + 2);
    for (action, line) in fitting(app, room) {
        let width = line.width() as u16;
        // As far from what is always there as from each other.
        if x + width + 2 > end {
            break;
        }
        let place = Rect { x, width, ..area };
        frame.render_widget(line, place);
        hits.add(place, Target::Action(action));
        x += width + 2;
    }
}

/// What can be done, in the order of its weight. Where not all of it has room, what cannot be done now
/// gives way, the least weighty first.
fn fitting(app: &App, room: u16) -> Vec<(Action, Line<'static>)> {
    let theme = &app.theme;
    let mut all = Vec::new();
    for action in action::hints(app) {
        let (key, words) = (app.keymap.label(action), words(app, action));
        let enabled = action.enabled(app).is_ok();
        // Worth its place only when there is something to start.
        let rare = matches!(
            action,
            Action::StartServer | Action::SameObject | Action::OtherObject | Action::StopWork
        );
        if key.is_empty() || words.is_empty() || rare && !enabled {
            continue;
        }
        let key = if key == "Enter" { app.glyphs.enter.to_owned() } else { key };
        let (key_style, text_style) = if enabled {
            (theme.key, theme.hint)
        } else {
            (theme.key_disabled, theme.key_disabled)
        };
        let line = Line::from(vec![
            Span::styled(key, key_style),
            Span::raw(" "),
            Span::styled(words, text_style),
        ]);
        all.push((action, line, enabled));
    }
    let wide = |all: &[(Action, Line<'_>, bool)]| {
        all.iter().map(|(_, line, _)| line.width() + 2).sum::<usize>()
    };
    while wide(&all) > usize::from(room) + 2
        && let Some(last) = all.iter().rposition(|(_, _, enabled)| !enabled)
    {
        all.remove(last);
    }
    all.into_iter().map(|(action, line, _)| (action, line)).collect()
}

/// What an action does, in a word or two; nothing when it never does anything here. Scripts have no
/// objects to go to, but objects to go back to; the changes of the models have neither scripts nor a
/// revision.
fn words(app: &App, action: Action) -> &'static str {
    match (app.diff().map(|diff| diff.subject), action) {
        (Some(Subject::Scripts(_)), Action::FlipView) => "objects",
        (Some(Subject::Scripts(_)), Action::NextPart)
        | (Some(Subject::Changes), Action::FlipView | Action::DiffFacts) => "",
        _ => action.entry().short,
    }
}
