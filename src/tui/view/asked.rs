//! Draws what a question about a rename is about: the two objects, and what each answer does.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::toast::wrapped;
use crate::{
    plan::rename::Rename,
    present::safe::{display_safe, width},
    schema::Key,
    tui::{
        action::Action,
        app::{App, HitMap, Target},
        pending::{PendingPane, TreeRow},
        widget::{
            Pen,
            pane::{pane, shrink},
        },
    },
    worker::pending::Changes,
};

/// The selected question or answer, in the place of the object before and after; false when
/// something else is selected.
pub(super) fn draw(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    changes: &Changes,
    hits: &mut HitMap,
) -> bool {
    let (rename, data, open) = match app.pending.rows.get(app.pending.selected) {
        Some(TreeRow::Question(index)) => match changes.questions.get(*index) {
            Some(question) => (&question.rename, question.data, true),
            None => return false,
        },
        Some(TreeRow::Renamed(index)) => match changes.renames.get(*index) {
            Some(rename) => (rename, false, false),
            None => return false,
        },
        _ => return false,
    };
    let theme = &app.theme;
    let focus = app.pending.pane == PendingPane::Object;
    let title = if open { "Was it renamed?" } else { "Renamed" };
    let title = Line::from(Span::styled(title, theme.title));
    let inside = shrink(pane(app, frame, area, focus, title, Line::default()), 1);
    hits.add(area, Target::PendingPane(PendingPane::Object));

    let (from, to) = ends(changes, rename);
    let name = from.0.chars().count().max(to.0.chars().count()).min(30);
    let mut row = 0;
    for (sign, style, (name_of, what)) in
        [("-", theme.diff_sign_remove, &from), ("+", theme.diff_sign_add, &to)]
    {
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row);
        pen.put(sign, style)
            .skip(1)
            .field(name_of, name, theme.strong)
            .skip(2)
            .put(what, theme.dim);
        row += 1;
    }
    row += 1;
    let answers: Vec<(Action, String)> = if open {
        let yes = if data {
            "it is one: it is renamed, and keeps what it holds"
        } else {
            "it is one: it is renamed"
        };
        let no = if data {
            format!("they are two: {} is dropped with what it holds, {} begins empty", from.0, to.0)
        } else {
            format!("they are two: {} is dropped, {} is made", from.0, to.0)
        };
        vec![(Action::SameObject, yes.to_owned()), (Action::OtherObject, no)]
    } else {
        vec![(Action::OtherObject, "they are two after all: ask again".to_owned())]
    };
    for (action, words) in answers {
        let key = app.keymap.label(action);
        let room = usize::from(inside.width).saturating_sub(width(&key) + 1).max(8);
        for (line, words) in wrapped(&words, room, 3).iter().enumerate() {
            let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, row);
            let style: Style = theme.key;
            pen.field(if line == 0 { &key } else { "" }, width(&key), style).skip(1);
            pen.put(words, theme.text);
            row += 1;
        }
    }
    true
}

/// Both names with what is known of the objects, safe to show.
fn ends(changes: &Changes, rename: &Rename) -> ((String, String), (String, String)) {
    let safe = |text: &str| display_safe(text).into_owned();
    match rename {
        Rename::Object { from, to } => {
            let end = |key: &Key| {
                let change = changes.items.iter().find(|change| change.key == *key);
                let what = change.map_or_else(String::new, |change| change.text.clone());
                (safe(key.base_name()), what)
            };
            (end(from), end(to))
        }
        Rename::Within { of, from, to } => {
            let what = safe(&format!("value of {of}"));
            ((safe(from), what.clone()), (safe(to), what))
        }
    }
}
