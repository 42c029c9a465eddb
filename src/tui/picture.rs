//! Pictures of screens for documents: drawn cells as SVG, made from the same views as the real thing.
//!
//! `examples/pictures.rs` writes them, a test compares them with what the views draw today.

use std::fmt::Write as _;

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

use super::{
    app::{App, HitMap},
    demo,
    theme::Theme,
    view,
};

/// Pixels of a cell.
const CELL: (f32, f32) = (8.4, 18.0);
/// Pixels around the screen, and of the title bar.
const MARGIN: f32 = 12.0;
const BAR: f32 = 28.0;
/// Size of the pictures in cells.
const SIZE: (u16, u16) = (120, 36);

/// The screens that documents show.
const SHOWN: &[&str] =
    &["graph", "revision", "pending", "upgrade", "palette", "themes", "database", "jobs", "error"];

/// A picture: its file name without extension, and the state it shows.
#[derive(Debug)]
pub struct Picture {
    /// File name without extension.
    pub name: String,
    /// What it shows.
    pub app: App,
}

/// All pictures of the documents.
pub fn pictures() -> Vec<Picture> {
    let mut all = Vec::new();
    for name in ["dark", "light"] {
        let theme = Theme::built_in(name).unwrap_or_else(Theme::dark);
        for (screen, app) in demo::screens(&theme, SIZE) {
            if !SHOWN.contains(&screen) {
                continue;
            }
            all.push(Picture { name: format!("{screen}-{name}"), app });
        }
    }
    all
}

/// What the state, drawn, puts where.
pub fn hits(app: &App) -> HitMap {
    drawn(app).1
}

/// Draws the state into cells of the size it knows.
pub fn cells(app: &App) -> Buffer {
    drawn(app).0
}

fn drawn(app: &App) -> (Buffer, HitMap) {
    let (width, height) = app.size;
    let mut terminal = match Terminal::new(TestBackend::new(width, height)) {
        Ok(terminal) => terminal,
        Err(never) => match never {},
    };
    let mut hits = HitMap::default();
    let drawn = terminal.draw(|frame| hits = view::draw(app, frame));
    match drawn {
        Ok(done) => (done.buffer.clone(), hits),
        Err(never) => match never {},
    }
}

/// Cells as SVG in a window frame. Lines and blocks become shapes, so that they join whatever the font.
pub fn svg(buffer: &Buffer, theme: &Theme, title: &str) -> String {
    let (columns, rows) = (f32::from(buffer.area.width), f32::from(buffer.area.height));
    let width = columns * CELL.0 + 2.0 * MARGIN;
    let height = rows * CELL.1 + BAR + MARGIN;
    let ground = hex(theme.surface.bg, theme.light);
    let ink = hex(theme.surface.fg, !theme.light);
    let line = hex(theme.border.fg, !theme.light);
    let mut out = String::new();
    let mut put = |text: std::fmt::Arguments<'_>| {
        let _infallible = out.write_fmt(text);
        out.push('\n');
    };
    put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{}\">",
        escape(title)
    ));
    put(format_args!(
        "<style>text{{font:14px 'JetBrains Mono','Cascadia Code','DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}}.b{{font-weight:700}}.i{{font-style:italic}}.u{{text-decoration:underline}}.d{{opacity:.6}}path{{fill:none;stroke-width:1.2}}.h{{stroke-width:2.2}}.s{{stroke-dasharray:3 2.4}}</style>"
    ));
    put(format_args!(
        "<rect x=\".5\" y=\".5\" width=\"{:.1}\" height=\"{:.1}\" rx=\"9\" fill=\"{ground}\" stroke=\"{line}\"/>",
        width - 1.0,
        height - 1.0
    ));
    for (i, colour) in ["#e06c66", "#dcb067", "#7fbf7a"].iter().enumerate() {
        put(format_args!("<circle cx=\"{}\" cy=\"14\" r=\"5\" fill=\"{colour}\"/>", 18 + 17 * i));
    }
    put(format_args!(
        "<text x=\"{:.1}\" y=\"19\" text-anchor=\"middle\" fill=\"{ink}\" class=\"d\">{}</text>",
        width / 2.0,
        escape(title)
    ));
    for y in 0..buffer.area.height {
        row(buffer, theme, y, &mut put);
    }
    put(format_args!("</svg>"));
    out
}

fn row(buffer: &Buffer, theme: &Theme, y: u16, put: &mut impl FnMut(std::fmt::Arguments<'_>)) {
    let top = BAR + f32::from(y) * CELL.1;
    let left = |x: u16| MARGIN + f32::from(x) * CELL.0;
    let cells: Vec<&Cell> = (0..buffer.area.width).filter_map(|x| buffer.cell((x, y))).collect();
    let paints: Vec<Paint> = cells.iter().map(|cell| Paint::of(cell, theme)).collect();

    let ground = hex(theme.surface.bg, theme.light);
    for (from, to) in runs(&paints, |a, b| a.bg == b.bg) {
        if paints[from].bg != ground {
            put(format_args!(
                "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/>",
                left(from as u16),
                (to - from) as f32 * CELL.0 + 0.2,
                CELL.1,
                paints[from].bg
            ));
        }
    }
    let plain =
        |x: usize| !cells[x].symbol().trim().is_empty() && shape(cells[x].symbol()).is_none();
    let mut x = 0;
    while x < cells.len() {
        if let Some(path) = shape(cells[x].symbol()) {
            // A horizontal line is one path however long it is.
            let mut end = x + 1;
            if path.is_horizontal() {
                while end < cells.len()
                    && paints[end] == paints[x]
                    && cells[end].symbol() == cells[x].symbol()
                {
                    end += 1;
                }
            }
            path.put(left(x as u16), top, end - x, &paints[x], put);
            x = end;
        } else if plain(x) {
            // Single blanks between words stay inside a run.
            let mut end = x + 1;
            while end < cells.len()
                && paints[end] == paints[x]
                && (plain(end)
                    || (cells[end].symbol() == " " && end + 1 < cells.len() && plain(end + 1)))
            {
                end += 1;
            }
            let mut text = String::new();
            let mut skip = 0;
            for cell in &cells[x..end] {
                if skip == 0 {
                    text.push_str(cell.symbol());
                    skip = cell.symbol().width().max(1);
                }
                skip -= 1;
            }
            put(format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" fill=\"{}\"{}>{}</text>",
                left(x as u16),
                top + 13.4,
                (end - x) as f32 * CELL.0,
                paints[x].fg,
                class(&paints[x].classes()),
                escape(&text)
            ));
            x = end;
        } else {
            x += 1;
        }
    }
}

fn runs(paints: &[Paint], same: impl Fn(&Paint, &Paint) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    for to in 1..=paints.len() {
        if to == paints.len() || !same(&paints[from], &paints[to]) {
            found.push((from, to));
            from = to;
        }
    }
    found
}

/// How a cell looks, with colours and attributes resolved.
#[derive(Clone, Debug, PartialEq)]
struct Paint {
    fg: String,
    bg: String,
    modifier: Modifier,
}

impl Paint {
    fn of(cell: &Cell, theme: &Theme) -> Self {
        let own = |colour, fallback| if colour == Color::Reset { fallback } else { Some(colour) };
        let mut fg = hex(own(cell.fg, theme.surface.fg), !theme.light);
        let mut bg = hex(own(cell.bg, theme.surface.bg), theme.light);
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut fg, &mut bg);
        }
        let shown = Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::DIM;
        Self { fg, bg, modifier: cell.modifier & shown }
    }

    fn classes(&self) -> String {
        [
            (Modifier::BOLD, " b"),
            (Modifier::ITALIC, " i"),
            (Modifier::UNDERLINED, " u"),
            (Modifier::DIM, " d"),
        ]
        .iter()
        .filter(|(modifier, _)| self.modifier.contains(*modifier))
        .map(|(_, class)| *class)
        .collect()
    }
}

/// A glyph as a shape: lines to the four sides, or a block.
enum Shape {
    /// Weight of the line to each side (up, right, down, left), dashed, with a round corner.
    Lines([u8; 4], bool, bool),
    /// Part of the cell: x, y, width, height from 0 to 1; opacity.
    Block(f32, f32, f32, f32, f32),
}

fn shape(symbol: &str) -> Option<Shape> {
    let lines = |sides, dashed, round| Some(Shape::Lines(sides, dashed, round));
    match symbol {
        "│" => lines([1, 0, 1, 0], false, false),
        "─" => lines([0, 1, 0, 1], false, false),
        "┊" => lines([1, 0, 1, 0], true, false),
        "╌" | "┄" => lines([0, 1, 0, 1], true, false),
        "╭" => lines([0, 1, 1, 0], false, true),
        "╮" => lines([0, 0, 1, 1], false, true),
        "╰" => lines([1, 1, 0, 0], false, true),
        "╯" => lines([1, 0, 0, 1], false, true),
        "┴" => lines([1, 1, 0, 1], false, false),
        "┬" => lines([0, 1, 1, 1], false, false),
        "┃" => lines([2, 0, 2, 0], false, false),
        "━" => lines([0, 2, 0, 2], false, false),
        "┏" => lines([0, 2, 2, 0], false, false),
        "┓" => lines([0, 0, 2, 2], false, false),
        "┗" => lines([2, 2, 0, 0], false, false),
        "┛" => lines([2, 0, 0, 2], false, false),
        "█" => Some(Shape::Block(0.0, 0.0, 1.0, 1.0, 1.0)),
        "░" => Some(Shape::Block(0.0, 0.0, 1.0, 1.0, 0.25)),
        "▌" => Some(Shape::Block(0.0, 0.0, 0.5, 1.0, 1.0)),
        "▐" => Some(Shape::Block(0.5, 0.0, 0.5, 1.0, 1.0)),
        "▎" => Some(Shape::Block(0.0, 0.0, 0.25, 1.0, 1.0)),
        "▏" => Some(Shape::Block(0.0, 0.0, 0.13, 1.0, 1.0)),
        _ => None,
    }
}

impl Shape {
    fn is_horizontal(&self) -> bool {
        matches!(self, Self::Lines([0, _, 0, _], ..))
    }

    fn put(
        &self,
        x: f32,
        y: f32,
        cells: usize,
        paint: &Paint,
        put: &mut impl FnMut(std::fmt::Arguments<'_>),
    ) {
        let (w, h) = (CELL.0 * cells as f32, CELL.1);
        let fg = &paint.fg;
        match self {
            Self::Block(bx, by, bw, bh, opacity) => put(format_args!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fg}\" opacity=\"{opacity}\"/>",
                x + bx * w,
                y + by * h,
                bw * w + 0.1,
                bh * h + 0.1
            )),
            Self::Lines(sides, dashed, round) => {
                let (cx, cy) = (x + w / 2.0, y + h / 2.0);
                let ends = [(cx, y), (x + w, cy), (cx, y + h), (x, cy)];
                let used: Vec<(f32, f32)> = ends
                    .iter()
                    .zip(sides)
                    .filter(|(_, weight)| **weight > 0)
                    .map(|(end, _)| *end)
                    .collect();
                let mut path = String::new();
                let _infallible = match used.as_slice() {
                    [from, to] if *round => {
                        write!(
                            path,
                            "M{:.1} {:.1}Q{cx:.1} {cy:.1} {:.1} {:.1}",
                            from.0, from.1, to.0, to.1
                        )
                    }
                    [from, to] if sides[0] == sides[2] => {
                        write!(path, "M{:.1} {:.1}L{:.1} {:.1}", from.0, from.1, to.0, to.1)
                    }
                    all => all.iter().try_for_each(|end| {
                        write!(path, "M{cx:.1} {cy:.1}L{:.1} {:.1}", end.0, end.1)
                    }),
                };
                let mut classes = paint.classes();
                if sides.contains(&2) {
                    classes.push_str(" h");
                }
                if *dashed {
                    classes.push_str(" s");
                }
                let class = class(&classes);
                put(format_args!("<path d=\"{path}\" stroke=\"{fg}\"{class}/>"));
            }
        }
    }
}

fn class(classes: &str) -> String {
    if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.trim_start()) }
}

/// A colour as SVG writes it; what has none is black or white.
fn hex(colour: Option<Color>, light: bool) -> String {
    match colour {
        Some(Color::Rgb(r, g, b)) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ if light => "#ffffff".to_owned(),
        _ => "#000000".to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_show_what_the_views_draw() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
        if !folder.exists() {
            return; // A published package has no pictures.
        }
        for picture in pictures() {
            let path = folder.join(format!("{}.svg", picture.name));
            let wanted = svg(&cells(&picture.app), &picture.app.theme, "limbeck");
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                found == wanted,
                "{} is old: run `cargo run --example pictures`",
                path.display()
            );
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
    }
}
