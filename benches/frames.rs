//! How long frames take: `cargo bench --bench frames [REVISIONS…]`.
//!
//! Prints, for each size of history, how long a layout took, how long the first frame took, what a key
//! costs from its arrival to the drawn cells (at the median, the 99th percentile and the worst), the
//! same while a run reports progress, and the memory of the process; then the same keys in a long
//! comparison.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use limbeck::{
    engine,
    present::{diff::Diff, lanes},
    revision::Node,
    tui::{
        app::App,
        demo,
        event::{Effect, Event},
        layer::{DiffLayer, Layer, Subject},
        theme::Theme,
        update::update,
        view,
    },
    worker::{Job, JobId, Run, Scripts, WorkerEvent, compute},
};
use ratatui::{Terminal, backend::TestBackend};

const SIZE: (u16, u16) = (120, 36);
const KEYS: usize = 2_000;
/// Lines of the long comparison.
const LINES: usize = 50_000;

/// Single rows, pages, both ends, what would run, a filter and the palette.
const GRAPH: &[&str] = &[
    "j", "j", "j", "k", "PgDn", "j", "G", "k", "o", "j", "g", "g", "PgDn", "PgDn", "b", ":", "n",
    "u", "m", "1", "Esc", "/", "9", "9", "Esc", "n", "p",
];
/// Changes, pages, folds, wrapping, both forms, a search.
const DIFF: &[&str] = &[
    "n", "n", "PgDn", "j", "N", "G", "g", "g", "z", "PgDn", "z", "w", "w", "|", "n", "|", "t", "t",
    "/", "c", "4", "Enter", "n", "Esc",
];

fn main() {
    // Cargo passes `--bench`.
    let mut sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![100, 10_000, 100_000];
    }
    let mut table = String::from(
        "revisions      layout   first frame   key to frame p50        p99        max   during a run p99     memory   slowest keys\n",
    );
    for count in sizes {
        let _infallible = writeln!(table, "{}", measure(count));
    }
    let _infallible = writeln!(table, "\n{}", comparison());
    let _closed = std::io::stdout().write_all(table.as_bytes());
}

fn measure(count: usize) -> String {
    let mut app = demo::large(Theme::dark(), SIZE, count);
    let history = app.snapshot.history.clone().expect("the demo has a history");
    let begun = Instant::now();
    let layout = lanes::layout(history.graph(), &[]);
    let laid_out = begun.elapsed();
    assert_eq!(layout.len(), count);
    // The worker makes them with the layout.
    let _made = history.names();
    drop(layout);

    let mut terminal = terminal();
    let begun = Instant::now();
    draw(&mut app, &mut terminal);
    let first = begun.elapsed();
    let times = press(&mut app, &mut terminal, GRAPH, |_, _| {});
    // The worker's reports of a run come between the keys, as they do while a migration goes on.
    let run = Run::Upgrade("heads".to_owned());
    let _ = limbeck::tui::update::runs::begin(&mut app, run);
    let id = JobId(1);
    let running = press(&mut app, &mut terminal, GRAPH, |app, i| {
        let event = engine::Event::Stage(format!("statement {i}"));
        update(app, Event::Worker(WorkerEvent::Progress(id, event)));
    });
    format!(
        "{count:>9} {:>11} {:>13} {:>18} {:>10} {:>10} {:>18} {:>10}   {}",
        show(laid_out),
        show(first),
        show(at(&times, 50)),
        show(at(&times, 99)),
        show(at(&times, 100)),
        show(at(&running, 99)),
        memory(),
        slowest(&times)
    )
}

/// A long comparison: every two hundredth line differs.
fn comparison() -> String {
    let text = |changed: bool| {
        (0..LINES).fold(String::new(), |mut text, i| {
            let word = if changed && i % 200 == 0 { "bigint" } else { "integer" };
            let _infallible = writeln!(text, "    column_{i} {word} NOT NULL DEFAULT 0,");
            text
        })
    };
    let begun = Instant::now();
    let diff = Arc::new(Diff::new(&text(false), &text(true)));
    let compared = begun.elapsed();
    let mut app = demo::large(Theme::dark(), SIZE, 100);
    let mut layer = DiffLayer::new(Subject::Scripts(Node(0)), 1);
    layer.scripts = Some(Scripts { beside: diff.clone(), below: diff });
    app.layers.push(Layer::Diff(Box::new(layer)));
    let mut terminal = terminal();
    let begun = Instant::now();
    draw(&mut app, &mut terminal);
    let first = begun.elapsed();
    let times = press(&mut app, &mut terminal, DIFF, |_, _| {});
    format!(
        "a comparison of {LINES} lines: compared in {}, first frame {}, key to frame p50 {}, p99 {}, max {}, memory {}; {}",
        show(compared),
        show(first),
        show(at(&times, 50)),
        show(at(&times, 99)),
        show(at(&times, 100)),
        memory(),
        slowest(&times)
    )
}

/// Presses keys and draws after each; what the worker computes is not counted, as it is not in the
/// program either.
fn press(
    app: &mut App,
    terminal: &mut Terminal<TestBackend>,
    keys: &[&'static str],
    mut before: impl FnMut(&mut App, usize),
) -> Vec<(Duration, &'static str)> {
    let mut times: Vec<_> = (0..KEYS)
        .map(|i| {
            before(app, i);
            let key = keys[i % keys.len()];
            let code = match key {
                "PgDn" => KeyCode::PageDown,
                "Esc" => KeyCode::Esc,
                "Enter" => KeyCode::Enter,
                key => KeyCode::Char(key.chars().next().unwrap_or(' ')),
            };
            let begun = Instant::now();
            let effects = update(app, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            draw(app, terminal);
            let took = begun.elapsed();
            answer(app, effects);
            (took, key)
        })
        .collect();
    times.sort_unstable();
    times
}

/// What the cpu lane would answer.
fn answer(app: &mut App, effects: Vec<Effect>) {
    for effect in effects {
        if let Effect::Submit(job @ (Job::Layout { .. } | Job::Mark { .. })) = effect
            && let Some(event) = compute(job)
        {
            update(app, Event::Worker(event));
        }
    }
}

fn at(times: &[(Duration, &str)], percent: usize) -> Duration {
    times[(times.len() * percent / 100).min(times.len() - 1)].0
}

/// The keys that cost most, each with its 95th percentile and its worst.
fn slowest(times: &[(Duration, &'static str)]) -> String {
    let mut by_key: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for (time, key) in times {
        by_key.entry(key).or_default().push(*time);
    }
    let mut medians: Vec<_> = by_key
        .iter()
        .map(|(key, all)| (all[all.len() * 95 / 100], all[all.len() - 1], *key))
        .collect();
    medians.sort_unstable();
    let keys = medians
        .iter()
        .rev()
        .take(4)
        .map(|(time, worst, key)| format!("{key} {} ({})", show(*time), show(*worst)));
    keys.collect::<Vec<_>>().join(", ")
}

fn terminal() -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("cells in memory")
}

fn draw(app: &mut App, terminal: &mut Terminal<TestBackend>) {
    let mut hits = None;
    let drawn = terminal.draw(|frame| hits = Some(view::draw(app, frame)));
    assert!(drawn.is_ok());
    if let Some(hits) = hits {
        app.drawn(hits);
    }
}

/// What the process holds in memory, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map_or_else(|| "?".to_owned(), |kb| format!("{} MB", kb / 1024))
}

fn show(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
