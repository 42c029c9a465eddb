//! Writes the pictures and the recording of the documents: `cargo run --example pictures` fills
//! `docs/pictures/` and `docs/recording.cast`.
//!
//! With arguments it prints one screen to this terminal instead:
//! `cargo run --example pictures -- graph 120x36 dark [ascii] [named|mono]`.

use std::{error::Error, io::Write, path::Path};

use limbeck::tui::{
    demo,
    glyph::Glyphs,
    picture,
    theme::{Depth, Theme},
};
use ratatui::{
    backend::{Backend, CrosstermBackend},
    buffer::Buffer,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() { write_all() } else { show(&arguments) }
}

fn write_all() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    std::fs::create_dir_all(&folder)?;
    for one in picture::pictures() {
        let svg = picture::svg(&picture::cells(&one.app), &one.app.theme, "limbeck");
        std::fs::write(folder.join(format!("{}.svg", one.name)), svg)?;
    }
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recording.cast");
    std::fs::write(recording, limbeck::tui::recording::cast())?;
    Ok(())
}

fn show(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let argument = |index: usize| arguments.get(index).map_or("", String::as_str);
    let (width, height) = argument(1).split_once('x').ok_or("give a size like 120x36")?;
    let size = (width.parse()?, height.parse()?);
    let depth = match arguments.last().map(String::as_str) {
        Some("mono") => Depth::Mono,
        Some("named") => Depth::Named,
        _ => Depth::True,
    };
    let theme = Theme::load(argument(2), None, depth, &|_| None)?;
    let screens = demo::screens(&theme, size);
    let names: Vec<String> = screens.iter().map(|(name, _)| (*name).to_owned()).collect();
    let (_, mut app) = screens
        .into_iter()
        .find(|(name, _)| *name == argument(0))
        .ok_or_else(|| format!("screens are {}", names.join(", ")))?;
    app.glyphs = Glyphs::new(arguments.iter().any(|a| a == "ascii"));

    let cells = picture::cells(&app);
    let mut backend = CrosstermBackend::new(std::io::stdout());
    let blank = Buffer::empty(cells.area);
    backend.clear()?;
    backend.draw(blank.diff(&cells).into_iter())?;
    backend.hide_cursor()?;
    Backend::flush(&mut backend)?;
    std::io::stdout().flush()?;
    // Until Enter, so that the picture stays.
    std::io::stdin().read_line(&mut String::new())?;
    backend.show_cursor()?;
    Ok(())
}
