//! Whole screens of the made-up project, as text at three sizes and with their styles.

use std::{fmt::Write as _, sync::Arc};

use proptest::prelude::*;
use ratatui::{buffer::Buffer, style::Modifier};

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

/// Each row as runs of equal style: how many cells, foreground, background, attributes.
fn styles(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(usize, String)> = Vec::new();
        for x in 0..buffer.area.width {
            let Some(cell) = buffer.cell((x, y)) else { continue };
            let mut style = format!("{}/{}", cell.fg, cell.bg);
            if cell.modifier != Modifier::empty() {
                let names: Vec<&str> = cell.modifier.iter_names().map(|(name, _)| name).collect();
                let _infallible = write!(style, "/{}", names.join("+"));
            }
            match runs.last_mut().filter(|(_, last)| *last == style) {
                Some((count, _)) => *count += 1,
                None => runs.push((1, style)),
            }
        }
        let line: Vec<String> =
            runs.into_iter().map(|(count, style)| format!("{count}x{style}")).collect();
        let _infallible = writeln!(out, "{y}: {}", line.join(" "));
    }
    out
}

fn screen(name: &str, size: (u16, u16)) -> App {
    let screens = demo::screens(&Theme::dark(), size);
    screens.into_iter().find(|(n, _)| *n == name).unwrap().1
}

fn check(name: &str) {
    for (width, height) in [(120, 36), (80, 24), (60, 15)] {
        let drawn = text(&cells(&screen(name, (width, height))));
        insta::assert_snapshot!(format!("{name}__{width}x{height}"), drawn);
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

#[test]
fn styles_of_the_graph() {
    insta::assert_snapshot!(styles(&cells(&screen("graph", (80, 24)))));
}

#[test]
fn styles_of_a_revision() {
    insta::assert_snapshot!(styles(&cells(&screen("revision", (120, 20)))));
}

#[test]
fn styles_of_the_changes() {
    insta::assert_snapshot!(styles(&cells(&screen("pending", (120, 36)))));
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
fn styles_of_every_screen_in_light_and_without_colour() {
    for (side, theme) in [("light", "light"), ("mono", "mono")] {
        let theme = Theme::built_in(theme).unwrap();
        for name in ["graph", "revision", "database", "jobs", "error", "palette"] {
            let screens = demo::screens(&theme, (80, 24));
            let app = screens.into_iter().find(|(n, _)| *n == name).unwrap().1;
            insta::assert_snapshot!(format!("styles__{name}__{side}"), styles(&cells(&app)));
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
        let drawn = styles(&cells(&app));
        assert!(
            drawn
                .lines()
                .all(|line| line.split(' ').skip(1).all(|run| run.contains("xReset/Reset"))),
            "{name}"
        );
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
