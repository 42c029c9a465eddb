//! What stands where the graph would be when there is nothing to draw, and the line above the graph
//! when the database cannot be asked.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    present::safe::{display_safe, width},
    tui::{
        action::Action,
        app::App,
        recovery::{Attempt, Case},
        update::trouble::{self, Trouble},
        view::toast::wrapped,
        widget::{Pen, pane::centred},
    },
};

/// Rows that [`notice`] needs: none when all is well.
pub fn notice_height(app: &App, area: Rect) -> u16 {
    if area.height < 8 || app.server_action.is_some() || app.welcomes() {
        0
    } else if app.snapshot.overview_error.is_some() {
        3
    } else if trouble::all(app).is_empty() {
        0
    } else {
        2
    }
}

/// Says why states are unknown or old, or what the database's state needs.
pub fn notice(app: &App, frame: &mut Frame, area: Rect) {
    let Some(error) = &app.snapshot.overview_error else {
        if let Some(first) = trouble::all(app).first() {
            needed(app, frame, area, first);
        }
        return;
    };
    let theme = &app.theme;
    let case = Case::of(error, Attempt::Reading, false);
    let old = if app.snapshot.overview.is_some() {
        "what is shown may be old"
    } else {
        "states are unknown"
    };
    let (mark, style, what, why) = if app.never_started() {
        let why = "it is made when it is started for the first time";
        (app.glyphs.server_down, theme.warn, "There is no database server yet", why)
    } else {
        (app.glyphs.cross, theme.danger, case.what(), error.message.as_str())
    };
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    pen.skip(1).put(mark, style).skip(1).put(what, style);
    pen.put(&format!(" {} {old}", app.glyphs.dot), theme.dim);
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, 1);
    pen.skip(3).put(&display_safe(why), theme.text);
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, 2);
    pen.skip(3);
    for (nth, (action, words)) in
        trouble::ways(app, case, Attempt::Reading, None).into_iter().enumerate()
    {
        let key = app.keymap.label(action);
        let lead = if nth > 0 { format!(" {} ", app.glyphs.dot) } else { String::new() };
        // A key whose words are cut says nothing.
        if pen.room() < width(&lead) + width(&key) + 1 + width(words) {
            break;
        }
        pen.put(&lead, theme.faint).put(&key, theme.key).skip(1).put(words, theme.dim);
    }
}

/// The most pressing trouble: what happened, and the key that goes on.
fn needed(app: &App, frame: &mut Frame, area: Rect, first: &Trouble) {
    let theme = &app.theme;
    let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, area);
    pen.skip(1).put(app.glyphs.warn, theme.warn).skip(1);
    pen.put(&display_safe(&first.what), theme.warn);
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, area, 1);
    let ways = trouble::ways(app, first.case, Attempt::Nothing, first.node);
    // What is about one revision means the selected one here.
    let here = |action: Action| match action {
        Action::Edit | Action::Open => first.node.is_some() && app.selected_node() == first.node,
        // Where the database is at one revision, it is that one that is undone.
        Action::StepDown => app.snapshot.rows().len() == 1 || app.selected_node() == first.node,
        _ => true,
    };
    pen.skip(3);
    if let Some((action, words)) = ways.into_iter().next().filter(|(action, _)| here(*action)) {
        pen.put(&app.keymap.label(action), theme.key).skip(1).put(words, theme.text);
        pen.put(&format!(" {} ", app.glyphs.dot), theme.faint);
    }
    let key = app.keymap.label(Action::Problems);
    pen.put(&key, theme.key).skip(1).put("what it means, and what to do", theme.dim);
}

/// Fills an empty list with what to do next.
pub fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let theme = &app.theme;
    let mut lines: Vec<Line<'_>> = Vec::new();
    let line = |action: Action, words: &'static str| {
        let key = app.keymap.label(action);
        Line::from(vec![
            Span::styled(format!("{key:>8}  "), theme.key),
            Span::styled(words, theme.text),
        ])
    };
    match &app.snapshot.history {
        None => {
            lines.push(Line::styled(
                format!("{} reading the revisions", app.glyphs.spin(app.spin(), app.motion)),
                theme.dim,
            ));
        }
        Some(_) if !app.graph.filter.is_empty() => {
            lines.push(Line::styled("No revision matches the filter", theme.strong));
            lines.push(Line::default());
            lines.push(line(Action::Filter, "change the filter"));
            lines.push(line(Action::Back, "show all revisions"));
        }
        Some(history) if history.revisions().is_empty() => {
            let folder =
                app.config.migrations.first().map(|f| f.display().to_string()).unwrap_or_default();
            lines.push(Line::styled("No revisions yet", theme.strong));
            lines.push(Line::default());
            let room = usize::from(area.width.saturating_sub(4)).max(10);
            for line in wrapped(&display_safe(&folder), room, 2) {
                lines.push(Line::styled(line, theme.dim));
            }
            lines.push(Line::default());
            if Action::Create.enabled(app).is_ok() {
                lines.push(line(Action::Create, "create the first revision"));
            }
            if !history.problems().is_empty() {
                lines.push(line(Action::Problems, "what is wrong with the files"));
            }
            lines.push(line(Action::DatabaseScreen, "look at the database"));
            lines.push(line(Action::Help, "all keys"));
        }
        Some(_) => lines.push(Line::styled(
            format!("{} laying out the graph", app.glyphs.spin(app.spin(), app.motion)),
            theme.dim,
        )),
    }
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) as u16;
    let place = centred(area, wide, lines.len() as u16);
    for (line, y) in lines.iter().zip(place.y..place.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..place });
    }
}
