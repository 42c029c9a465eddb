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

    let Named { what, from, to, .. } = Named::new(rename);
    let (of_from, of_to) = known(changes, rename, &what);
    let name = width(&from).max(width(&to)).min(30);
    let mut row = 0;
    for (sign, style, name_of, what) in
        [("-", theme.diff_sign_remove, &from, &of_from), ("+", theme.diff_sign_add, &to, &of_to)]
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
            format!("they are two: {from} is dropped with what it holds, {to} begins empty")
        } else {
            format!("they are two: {from} is dropped, {to} is made")
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

/// A rename in words, safe to show.
pub(super) struct Named {
    /// What was renamed: "column", "value of mood".
    pub what: String,
    /// Where it is, to be put before the name: "account.", or nothing.
    pub place: String,
    pub from: String,
    pub to: String,
}

impl Named {
    pub(super) fn new(rename: &Rename) -> Self {
        let safe = |text: &str| display_safe(text).into_owned();
        match rename {
            Rename::Object { from, to } if from.schema() == to.schema() => Self {
                what: from.kind().to_string(),
                place: from.relation().map_or_else(String::new, |of| safe(&format!("{of}."))),
                from: safe(from.base_name()),
                to: safe(to.base_name()),
            },
            Rename::Object { from, to } => Self {
                what: from.kind().to_string(),
                place: String::new(),
                from: safe(&from.sql()),
                to: safe(&to.sql()),
            },
            Rename::Within { of, from, to } => Self {
                what: safe(&format!("value of {of}")),
                place: String::new(),
                from: safe(from),
                to: safe(to),
            },
        }
    }
}

/// What is known of both objects.
fn known(changes: &Changes, rename: &Rename, what: &str) -> (String, String) {
    let of = |key: &Key| {
        let change = changes.items.iter().find(|change| change.key == *key);
        change.map_or_else(String::new, |change| change.text.clone())
    };
    match rename {
        Rename::Object { from, to } => (of(from), of(to)),
        Rename::Within { .. } => (what.to_owned(), what.to_owned()),
    }
}
