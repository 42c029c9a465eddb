//! A recording of the made-up project for the documents: a minute of the interface as an asciicast
//! (version 2), made from steps and not from a terminal, so that it is the same wherever it is made.

use std::{fmt::Write as _, time::Duration};

use ratatui::{
    backend::{Backend, CrosstermBackend},
    buffer::Buffer,
};
use serde_json::json;

use super::{app::App, demo, event::Event, picture::cells, theme::Theme};

/// Columns and rows.
const SIZE: (u16, u16) = (120, 36);

/// Keys and how long each of them is looked at, in tenths of a second.
type Steps = &'static [(&'static str, u64)];

/// What is shown: a state of the made-up project, and what is pressed there.
fn scenes() -> Vec<(App, Steps)> {
    let theme = Theme::dark();
    vec![
        (
            demo::shop(theme.clone(), SIZE),
            &[
                ("", 20),
                ("jjk", 5),
                ("o", 20),
                ("o", 5),
                ("\n", 25),
                ("nn", 10),
                ("|", 12),
                ("|", 8),
                ("\x1b", 8),
                ("u", 30),
                ("\x1b", 5),
                ("?", 12),
                ("up", 10),
                ("\x1b", 5),
            ],
        ),
        (
            demo::pending::changed(theme.clone(), SIZE),
            &[("", 15), ("jjj", 7), (" ", 15), (" ", 8), ("\n", 20), ("\x1b", 8)],
        ),
        (demo::database(theme.clone(), SIZE), &[("", 20), ("]]]", 8), ("S", 10)]),
        (demo::jobs(theme.clone(), SIZE), &[("", 25), ("x", 25), ("\x1b", 8)]),
        (
            demo::shop(theme, SIZE),
            &[
                ("", 5),
                ("T", 10),
                ("\x1b[Bx6", 9),
                ("\x1b", 10),
                (":", 5),
                ("upg", 6),
                ("\x1b", 15),
            ],
        ),
    ]
}

/// Single keys of a step: characters, an escape, or an arrow pressed several times.
fn keys(step: &str) -> Vec<crossterm::event::KeyEvent> {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
    if let Some(times) = step.strip_prefix("\x1b[Bx") {
        return vec![key(KeyCode::Down); times.parse().unwrap_or(1)];
    }
    step.chars()
        .map(|c| {
            key(match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '\x1b' => KeyCode::Esc,
                c => KeyCode::Char(c),
            })
        })
        .collect()
}

/// The recording, one event a line.
pub fn cast() -> String {
    let (width, height) = SIZE;
    let title = "limbeck";
    let mut out =
        json!({ "version": 2, "width": width, "height": height, "title": title }).to_string();
    out.push('\n');
    let mut time = Duration::ZERO;
    let mut before = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
    let mut show = |app: &mut App, pause: u64, first: bool| {
        let now = cells(app);
        let written = painted(&before, &now, first);
        before = now;
        let _infallible = writeln!(out, "{}", json!([time.as_secs_f64(), "o", written]));
        time += Duration::from_millis(pause * 100);
    };
    let mut first = true;
    for (mut app, steps) in scenes() {
        for (step, pause) in steps {
            let keys = keys(step);
            if keys.is_empty() {
                show(&mut app, *pause, std::mem::take(&mut first));
            }
            for key in keys {
                demo::press(&mut app, Event::Key(key));
                show(&mut app, *pause, false);
            }
        }
    }
    let _infallible = writeln!(out, "{}", json!([time.as_secs_f64(), "o", "\u{1b}[0m"]));
    out
}

/// What a terminal is sent to get from one picture to the next.
fn painted(before: &Buffer, now: &Buffer, first: bool) -> String {
    let mut bytes = Vec::new();
    let mut backend = CrosstermBackend::new(&mut bytes);
    if first {
        let _ = backend.clear();
        let _ = backend.hide_cursor();
    }
    let changed = before.diff(now);
    // Writing to memory does not fail.
    let _ = backend.draw(changed.into_iter());
    let _ = Backend::flush(&mut backend);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recording_shows_what_the_views_draw() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recording.cast");
        let Ok(found) = std::fs::read_to_string(&path) else { return };
        assert!(found == cast(), "{} is old: run `make pictures`", path.display());
    }

    #[test]
    fn it_lasts_about_a_minute_and_every_line_is_an_event() {
        let cast = cast();
        let mut last = 0.0;
        for line in cast.lines().skip(1) {
            let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let at = event[0].as_f64().expect("a time");
            assert!(at >= last && event[1] == "o", "{line}");
            last = at;
        }
        assert!((40.0..90.0).contains(&last), "{last}");
    }
}
