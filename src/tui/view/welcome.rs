//! Draws the first contact: what limbeck is, and three ways to begin.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    present::safe::display_safe,
    tui::{
        app::{App, HitMap, Target},
        layer::Welcome,
        widget::{
            Pen,
            pane::{centred, popup},
        },
    },
};

/// Widest useful popup.
const WIDTH: u16 = 76;

/// Draws it in the middle of `area`.
pub fn draw(app: &App, welcome: &Welcome, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    let place = centred(area, area.width.saturating_sub(4).min(WIDTH), 13);
    let title = Line::from(vec![
        Span::styled("limbeck", theme.accent),
        Span::styled(format!(" {} migrations for PostgreSQL", app.glyphs.dot), theme.title_dim),
    ]);
    let foot = Line::styled("Esc looks around first", theme.scroll);
    let inside = popup(app, frame, place, false, title, foot);
    hits.add(place, Target::Layer);
    let root = display_safe(&app.config.root.display().to_string()).into_owned();
    let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, 0);
    pen.put("There is no project yet in ", theme.text);
    let room = pen.room();
    pen.field(&root, room, theme.strong);
    let import = match &welcome.found.tool {
        Some((tool, folder)) => {
            let folder = folder.strip_prefix(&app.config.root).unwrap_or(folder);
            format!("the migrations of {tool} in {}", display_safe(&folder.display().to_string()))
        }
        None => "no migrations of another tool are here".to_owned(),
    };
    let ways = [
        (
            "Make a project here",
            "limbeck.toml, migrations/, models/; nothing is overwritten".to_owned(),
        ),
        ("Import from another tool", import),
        ("Connect to a database", "by its URL; it is kept in .env, out of git".to_owned()),
    ];
    for (index, (words, note)) in ways.iter().enumerate() {
        let y = 2 + 3 * index as u16;
        if y + 1 >= inside.height {
            break;
        }
        let line = Rect { y: inside.y + y, height: 1, ..inside };
        hits.add(Rect { height: 2, ..line }, Target::Item(index));
        let possible = index != 1 || welcome.found.tool.is_some();
        let selected = index == welcome.selected;
        if selected {
            frame.buffer_mut().set_style(line, theme.selection);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, line);
        pen.put(if selected { app.glyphs.pointer } else { " " }, theme.marker).skip(1);
        let key = if possible { theme.key } else { theme.key_disabled };
        pen.put(&(index + 1).to_string(), key).skip(2);
        pen.put(words, if possible { theme.strong } else { theme.dim });
        let mut pen = Pen::at(frame.buffer_mut(), app.glyphs, inside, y + 1);
        pen.skip(5).put(note, theme.dim);
    }
}
