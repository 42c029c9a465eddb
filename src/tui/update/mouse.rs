//! The mouse: a click means what stands under it, the wheel scrolls what is under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{act, graph, layers, screens, show};
use crate::tui::{
    app::{App, Pane, Target},
    event::Effect,
    layer::Layer,
};

/// Rows of one turn of the wheel.
const WHEEL: isize = 3;

/// Takes a mouse event in.
pub fn mouse(app: &mut App, event: MouseEvent) -> Vec<Effect> {
    let target = app.hits.at(event.column, event.row).cloned();
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(app, target.as_ref()),
        MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
            let by = if event.kind == MouseEventKind::ScrollDown { WHEEL } else { -WHEEL };
            if app.layers.is_empty() {
                match target {
                    Some(Target::Pane(Pane::Detail)) => {
                        let before = app.graph.pane;
                        app.graph.pane = Pane::Detail;
                        graph::scroll(app, by);
                        app.graph.pane = before;
                        return Vec::new();
                    }
                    Some(Target::PendingPane(pane)) => {
                        let before = std::mem::replace(&mut app.pending.pane, pane);
                        super::pending::scroll(app, by);
                        app.pending.pane = before;
                        return Vec::new();
                    }
                    Some(Target::Section(section, _)) => app.database.section = section,
                    _ => {}
                }
            }
            screens::scroll(app, by);
            Vec::new()
        }
        _ => {
            app.dirty = false;
            Vec::new()
        }
    }
}

fn click(app: &mut App, target: Option<&Target>) -> Vec<Effect> {
    let modal = !matches!(app.layers.last(), None | Some(Layer::Diff(_)));
    if modal {
        return match target {
            Some(Target::Item(index)) => layers::choose(app, *index),
            Some(Target::Layer) => Vec::new(),
            _ if matches!(app.layers.last(), Some(Layer::Help(_) | Layer::Palette(_))) => {
                app.layers.pop();
                super::settings::shown(app);
                Vec::new()
            }
            _ => Vec::new(),
        };
    }
    match target {
        Some(Target::Screen(screen)) => return show(app, *screen),
        Some(Target::Action(action)) => return act(app, *action),
        Some(Target::Row(index)) if app.layers.is_empty() => {
            app.graph.pane = Pane::List;
            graph::go(app, *index);
        }
        Some(Target::Pane(pane)) if app.layers.is_empty() => app.graph.pane = *pane,
        Some(Target::Change(row, boxed)) if app.layers.is_empty() => {
            return super::pending::click(app, *row, *boxed);
        }
        Some(Target::PendingPane(pane)) if app.layers.is_empty() => app.pending.pane = *pane,
        Some(Target::Section(section, row)) => {
            app.database.section = *section;
            match (section, row) {
                (crate::tui::app::Section::Sessions, Some(row)) => app.database.session = *row,
                (crate::tui::app::Section::Locks, Some(row)) => app.database.lock = *row,
                (crate::tui::app::Section::Tables, Some(row)) => app.database.table = *row,
                _ => {}
            }
        }
        Some(Target::Job(index)) => app.jobs.selected = *index,
        _ => {}
    }
    Vec::new()
}
