//! How long frames take: `cargo bench --bench frames [REVISIONS…]`.
//!
//! Prints, for each size of history, how long reading a layout took, how long the first frame took,
//! and what a key costs from its arrival to the drawn cells, at the median and the 99th percentile.

use std::{
    fmt::Write as _,
    io::Write as _,
    time::{Duration, Instant},
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use limbeck::{
    present::lanes,
    tui::{app::App, demo, event::Event, theme::Theme, update::update, view},
};
use ratatui::{Terminal, backend::TestBackend};

const SIZE: (u16, u16) = (120, 36);
const KEYS: usize = 2_000;

fn main() {
    // Cargo passes `--bench`.
    let mut sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100, 10_000, 100_000];
    }
    let mut table = String::from(
        "revisions      layout   first frame   key to frame p50        p99        max\n",
    );
    for count in sizes {
        let _infallible = writeln!(table, "{}", measure(count));
    }
    let _closed = std::io::stdout().write_all(table.as_bytes());
}

fn measure(count: usize) -> String {
    let mut app = demo::large(Theme::dark(), SIZE, count);
    let history = app.snapshot.history.clone().expect("the demo has a history");
    let begun = Instant::now();
    let layout = lanes::layout(history.graph(), &[]);
    let laid_out = begun.elapsed();
    assert_eq!(layout.len(), count);

    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("cells in memory");
    let begun = Instant::now();
    draw(&mut app, &mut terminal);
    let first = begun.elapsed();

    // Single rows, pages, both ends, and the marks of what would run.
    let keys = ["j", "j", "j", "k", "PgDn", "j", "G", "k", "o", "j", "g", "g", "PgDn", "PgDn", "b"];
    let mut times: Vec<Duration> = (0..KEYS)
        .map(|i| {
            let code = match keys[i % keys.len()] {
                "PgDn" => KeyCode::PageDown,
                key => KeyCode::Char(key.chars().next().unwrap_or(' ')),
            };
            let begun = Instant::now();
            update(&mut app, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            draw(&mut app, &mut terminal);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    format!(
        "{count:>9} {:>11} {:>13} {:>18} {:>10} {:>10}",
        show(laid_out),
        show(first),
        show(at(50)),
        show(at(99)),
        show(at(100))
    )
}

fn draw(app: &mut App, terminal: &mut Terminal<TestBackend>) {
    let mut hits = None;
    let drawn = terminal.draw(|frame| hits = Some(view::draw(app, frame)));
    assert!(drawn.is_ok());
    if let Some(hits) = hits {
        app.drawn(hits);
    }
}

fn show(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
