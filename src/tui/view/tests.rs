//! Whole screens of the made-up project, as text at three sizes and with their styles.

use std::{fmt::Write as _, sync::Arc};

use proptest::prelude::*;
use ratatui::{
    buffer::{Buffer, Cell},
    style::Color,
};

use crate::tui::{
    app::{App, Row},
    demo,
    glyph::Glyphs,
    picture::cells,
    theme::{Depth, Theme},
};

fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..buffer.area.width {
            let Some(cell) = buffer.cell((x, y)) else { continue };
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
            }
            skip -= 1;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A cell's colours and attributes.
fn style(cell: &Cell) -> String {
    let names: Vec<&str> = cell.modifier.iter_names().map(|(name, _)| name).collect();
    format!("{} on {} {}", cell.fg, cell.bg, names.join("+")).trim_end().to_owned()
}

/// Each row as runs of cells that look alike in all of these frames: how many, and the letters of
/// their look; then what each look is in each frame.
fn styles(frames: &[(&str, Buffer)]) -> String {
    let mut looks: Vec<Vec<String>> = Vec::new();
    let mut rows = String::new();
    let area = frames[0].1.area;
    for y in 0..area.height {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for x in 0..area.width {
            let look: Vec<String> =
                frames.iter().map(|(_, buffer)| style(&buffer[(x, y)])).collect();
            let known = looks.iter().position(|known| *known == look);
            let number = known.unwrap_or_else(|| {
                looks.push(look);
                looks.len() - 1
            });
            match runs.last_mut().filter(|(_, last)| *last == number) {
                Some((count, _)) => *count += 1,
                None => runs.push((1, number)),
            }
        }
        let runs: Vec<String> =
            runs.into_iter().map(|(count, look)| format!("{count}{}", letters(look))).collect();
        let _infallible = writeln!(rows, "{y}: {}", runs.join(" "));
    }
    for (number, look) in looks.iter().enumerate() {
        let _infallible = writeln!(rows, "{}:", letters(number));
        for ((name, _), look) in frames.iter().zip(look) {
            let _infallible = writeln!(rows, "  {name}: {look}");
        }
    }
    rows
}

/// a, b, ... z, ba, bb, ...
fn letters(number: usize) -> String {
    let last = char::from(b'a' + (number % 26) as u8);
    if number < 26 { last.to_string() } else { format!("{}{last}", letters(number / 26)) }
}

fn screen(name: &str, size: (u16, u16)) -> App {
    themed(name, size, "dark")
}

fn themed(name: &str, size: (u16, u16), theme: &str) -> App {
    let screens = demo::screens(&Theme::built_in(theme).unwrap(), size);
    screens.into_iter().find(|(n, _)| *n == name).unwrap().1
}

/// A screen at three sizes: its text, its text in ASCII, its styles in the dark and the light theme and
/// without colour.
fn check(name: &str) {
    for size in [(120, 36), (80, 24), (60, 15)] {
        let frames = ["dark", "light", "mono"].map(|side| (side, cells(&themed(name, size, side))));
        let drawn = text(&frames[0].1);
        let mut app = themed(name, size, "mono");
        app.glyphs = Glyphs::ASCII;
        let ascii = text(&cells(&app));
        let styles = styles(&frames);
        let drawn = format!("{drawn}--- in ASCII\n{ascii}--- styles\n{styles}");
        insta::assert_snapshot!(format!("{name}__{}x{}", size.0, size.1), drawn);
    }
}

#[test]
fn graph() {
    check("graph");
}

#[test]
fn revision() {
    check("revision");
}

#[test]
fn scripts() {
    check("scripts");
}

#[test]
fn pending() {
    check("pending");
}

#[test]
fn pending_sql() {
    check("pending-sql");
}

#[test]
fn a_rename_that_is_asked_about() {
    check("renamed");
}

#[test]
fn pending_down() {
    check("pending-down");
}

#[test]
fn changes() {
    check("changes");
}

#[test]
fn proving() {
    check("proving");
}

#[test]
fn comparing() {
    check("comparing");
}

#[test]
fn models() {
    check("models-broken");
    check("models-equal");
    check("models-missing");
}

#[test]
fn would_run() {
    check("would-run");
}

#[test]
fn upgrade() {
    check("upgrade");
}

#[test]
fn downgrade() {
    check("downgrade");
}

#[test]
fn help() {
    check("help");
    check("help-filter");
}

#[test]
fn palette() {
    check("palette");
}

#[test]
fn database() {
    check("database");
}

#[test]
fn choosing() {
    check("copy");
    check("range");
    check("themes");
    check("profiles");
    check("welcome");
}

#[test]
fn partial() {
    check("partial");
}

#[test]
fn jobs() {
    check("jobs");
}

#[test]
fn error() {
    check("error");
}

#[test]
fn cancelled() {
    check("cancelled");
}

#[test]
fn command_log() {
    check("log");
}

#[test]
fn settle() {
    check("settle");
}

/// What every failure says, and the keys that it offers, on the graph of a server that runs.
#[test]
fn recovery() {
    for size in [(80, 24), (60, 15)] {
        let mut drawn = String::new();
        for layer in demo::trouble::all("b81d0f3e9a60") {
            let _infallible = writeln!(drawn, "=== {:?}", layer.case);
            let app = demo::trouble::screen(Theme::dark(), size, layer);
            let popup = text(&cells(&app));
            // The part of the screen that is the popup's.
            let corner = |line: &str| line.chars().skip(1).position(|c| c == '┏').map(|at| at + 1);
            let left = popup.lines().find_map(corner).unwrap_or(0);
            let rows = popup.lines().map(|line| line.chars().skip(left).collect::<String>());
            for row in rows.filter(|row| row.starts_with(['┏', '┃', '┗'])) {
                let end =
                    row.chars().skip(1).position(|c| "┓┃┛".contains(c)).map_or(0, |at| at + 2);
                let row: String = row.chars().take(end).collect();
                let _infallible = writeln!(drawn, "{row}");
            }
        }
        insta::assert_snapshot!(format!("recovery__{}x{}", size.0, size.1), drawn);
    }
}

#[test]
fn empty() {
    check("empty");
}

#[test]
fn unreachable() {
    check("unreachable");
}

#[test]
fn a_skipped_revision_is_told_in_the_list_in_the_header_and_in_its_facts() {
    let mut app = screen("graph", (120, 36));
    let history = app.snapshot.history.clone().unwrap();
    let mut overview = app.snapshot.overview.as_deref().cloned().unwrap();
    let (row, node) = app
        .graph
        .rows
        .iter()
        .enumerate()
        .find_map(|(index, row)| match row {
            Row::Revision { node, .. } if overview.states[node.index()].applied => {
                Some((index, *node))
            }
            _ => None,
        })
        .unwrap();
    overview.states[node.index()].skipped = true;
    app.snapshot.overview = Some(Arc::new(overview));
    app.graph.selected = row;
    let drawn = text(&cells(&app));
    assert!(drawn.contains("1 skipped"), "{drawn}");
    assert!(drawn.contains("skipped: put in"), "{drawn}");
    let id = &history.graph().id(node).as_str()[..8];
    let line = drawn.lines().find(|line| line.contains(id) && line.contains("skipped"));
    assert!(line.is_some(), "{drawn}");
}

/// On each screen every theme draws the same characters, and the two sides of one give every cell the
/// same weight: what one can read, all can.
#[test]
fn themes_differ_in_colours_alone() {
    for size in [(120, 36), (60, 15)] {
        let dark: Vec<_> = demo::screens(&Theme::dark(), size);
        for name in ["light", "ember-light", "high-contrast-dark", "terminal", "mono"] {
            let theme = Theme::built_in(name).unwrap();
            for ((screen, before), (_, app)) in dark.iter().zip(demo::screens(&theme, size)) {
                assert_eq!(text(&cells(before)), text(&cells(&app)), "{screen} in {name}");
            }
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for (name, mut app) in demo::screens(&Theme::dark(), (120, 36)) {
        app.glyphs = Glyphs::ASCII;
        let drawn = text(&cells(&app));
        assert!(drawn.is_ascii(), "{name}: {:?}", drawn.lines().find(|line| !line.is_ascii()));
    }
}

#[test]
fn without_colour_nothing_is_coloured() {
    let mono = Theme::load("dark", None, Depth::Mono, &|_| None).unwrap();
    for (name, app) in demo::screens(&mono, (120, 36)) {
        let drawn = cells(&app);
        let plain = |cell: &Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
        assert!(drawn.content.iter().all(plain), "{name}");
    }
}

#[test]
fn too_small_says_so() {
    let drawn = text(&cells(&screen("graph", (59, 14))));
    assert!(drawn.contains("needs 60x15, is 59x14"), "{drawn}");
}

#[test]
fn drawing_twice_gives_the_same() {
    for (name, app) in demo::screens(&Theme::dark(), (120, 36)) {
        assert_eq!(cells(&app), cells(&app), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_size_can_be_drawn(width in 1_u16..200, height in 1_u16..60, selected in 0_usize..30, scroll in 0_usize..60) {
        for (_, mut app) in demo::screens(&Theme::dark(), (width, height)) {
            app.graph.selected = selected.min(app.graph.rows.len().saturating_sub(1));
            app.graph.detail_scroll = scroll;
            app.graph.hscroll = scroll;
            app.graph.offset = scroll;
            if let Some(crate::tui::layer::Layer::Diff(diff)) = app.layers.last_mut() {
                diff.scroll = scroll;
                diff.hscroll = scroll;
                diff.wrap = scroll % 2 == 0;
                diff.swap = selected % 2 == 0;
                diff.split = [None, Some(true), Some(false)][selected % 3];
            }
            cells(&app);
        }
    }
}
