//! The screens as text and styles, at the two sizes they are designed for.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use limbeck::{
    config::Guard,
    engine::{
        self,
        activity::{Activity, LockRow, SessionRow, SettingRow},
        event::Blocker,
        record::Entry,
    },
    revision::{Direction, RevisionId},
    server::State,
    tui::{demo, event::Event, glyph::Glyphs, theme::Theme},
    worker::{JobId, Part, Run, WorkerEvent, event::PoolFacts},
};
use ratatui::{buffer::Buffer, style::Style};

use crate::fixture::{Rig, server, text};

/// The text of a frame, then each row's stretches of equal style.
fn styled(buffer: &Buffer) -> String {
    let mut out = text(buffer);
    out.push_str("\n--- styles\n");
    for y in 0..buffer.area.height {
        let mut stretches: Vec<(Style, u16)> = Vec::new();
        for x in 0..buffer.area.width {
            let style = buffer[(x, y)].style();
            match stretches.last_mut() {
                Some((known, n)) if *known == style => *n += 1,
                _ => stretches.push((style, 1)),
            }
        }
        let words: Vec<String> = stretches
            .iter()
            .map(|(style, n)| {
                let fg = style.fg.map_or_else(|| "-".to_owned(), |c| c.to_string());
                let bg = style.bg.map_or_else(|| "-".to_owned(), |c| c.to_string());
                let more = style.add_modifier;
                let more = if more.is_empty() { String::new() } else { format!("+{more:?}") };
                format!("{n}:{fg}/{bg}{more}")
            })
            .collect();
        let _ = writeln!(out, "{y:2} {}", words.join(" "));
    }
    out
}

/// Checks a screen at both sizes: in the dark theme with styles, and in ASCII without colour as text.
fn check(name: &str, make: impl Fn() -> Rig) {
    for size in [(120, 36), (80, 24)] {
        let mut rig = make();
        rig.event(Event::Resize(size.0, size.1));
        let label = format!("{name}__dark__{}x{}", size.0, size.1);
        insta::assert_snapshot!(label, styled(&rig.draw()));
        rig.app.theme = Theme::built_in("mono").expect("a built-in theme");
        rig.app.glyphs = Glyphs::ASCII;
        rig.app.motion = false;
        let label = format!("{name}__ascii__{}x{}", size.0, size.1);
        let plain = rig.text();
        insta::assert_snapshot!(label, plain);
    }
}

fn session(pid: i32, state: &str, age: u64, query: &str, blocked_by: &[i32]) -> SessionRow {
    SessionRow {
        pid,
        user: "ana".into(),
        app: "psql".into(),
        client: "local".into(),
        state: state.into(),
        age: Duration::from_secs(age),
        wait: if blocked_by.is_empty() { None } else { Some("Lock".into()) },
        query: query.into(),
        blocked_by: blocked_by.to_vec(),
        ours: false,
    }
}

fn activity() -> Arc<Activity> {
    Arc::new(Activity {
        sessions: vec![
            session(
                48301,
                "active",
                3,
                "ALTER TABLE orders ALTER COLUMN status TYPE order_status",
                &[48277],
            ),
            session(48277, "idle in transaction", 41, "SELECT * FROM orders", &[]),
            session(48290, "idle", 540, "SHOW all", &[]),
        ],
        locks: vec![
            LockRow {
                relation: "public.orders".into(),
                mode: "AccessExclusive".into(),
                pid: 48301,
                granted: false,
                age: Duration::from_secs(3),
            },
            LockRow {
                relation: "public.orders".into(),
                mode: "AccessShare".into(),
                pid: 48277,
                granted: true,
                age: Duration::from_secs(41),
            },
        ],
        settings: vec![
            SettingRow {
                name: "lock_timeout".into(),
                value: "5s".into(),
                note: "of the role".into(),
            },
            SettingRow {
                name: "max_connections".into(),
                value: "100".into(),
                note: "needs a restart".into(),
            },
        ],
    })
}

fn record() -> Arc<Vec<Entry>> {
    let entry = |id: &str, message: &str, state: &str, error: Option<&str>| Entry {
        run: "1".into(),
        revision: RevisionId::new(id),
        message: message.into(),
        direction: Some(Direction::Up),
        state: state.into(),
        started: Some("2024-06-04T11:00:00Z".parse().expect("a date")),
        took: Some(Duration::from_millis(412)),
        by: "app_owner (ana@laptop)".into(),
        error: error.map(str::to_owned),
    };
    Arc::new(vec![
        entry(
            "2c9e11ab0007",
            "orders: add currency",
            "failed",
            Some("42701: column \"currency\" exists"),
        ),
        entry("7f3a91c00006", "orders: created_at timestamptz", "applied", None),
    ])
}

#[test]
fn the_first_frame() {
    check("first_frame", || Rig::opened(Guard::Dev, (120, 36)));
}

#[test]
fn the_graph_without_a_server_says_how_to_start_it() {
    for size in [(120, 36), (80, 24)] {
        let mut rig = Rig::opened(Guard::Dev, size);
        rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Stopped)))));
        let history = rig.history.clone();
        rig.report(WorkerEvent::Fresh(Part::History(history)));
        let error =
            engine::Error::new(limbeck::code::Code::Connect, "the database server is not running");
        rig.report(WorkerEvent::Fresh(Part::Overview(Err(error.into()))));
        let screen = rig.text();
        assert!(screen.contains("the database server is not running"), "{screen}");
        assert!(screen.contains("s start the server"), "{screen}");
        assert!(screen.contains("orders: add currency"), "the history is shown: {screen}");
    }
}

#[test]
fn the_database() {
    for (name, keys) in [("database", "3"), ("sessions", "3]"), ("locks", "3]]"), ("log", "3[")] {
        check(name, || {
            let mut rig = Rig::guarded(Guard::Staging, &["7f3a91c00006"]);
            rig.keys(keys);
            rig.report(WorkerEvent::Fresh(Part::Activity(Ok(activity()))));
            rig.report(WorkerEvent::Pool(PoolFacts { max: 3, open: 2, idle: 1, waiting: 0 }));
            let lines = [
                "LOG:  checkpoint complete",
                "ERROR:  relation \"x\" does not exist",
                "WARNING:  a warning",
            ];
            let lines = lines.map(str::to_owned).to_vec();
            rig.report(WorkerEvent::Fresh(Part::Log(Ok(Arc::new(lines)))));
            rig
        });
    }
}

#[test]
fn a_running_job() {
    check("job_running", || {
        let mut rig = Rig::guarded(Guard::Staging, &["0b7d99e30005"]);
        rig.report(WorkerEvent::Fresh(Part::Record(Ok(record()))));
        rig.keys("U<enter>4");
        rig.play(JobId(1), &Run::Upgrade("heads".into()), 1);
        let progress = |event| WorkerEvent::Progress(JobId(1), event);
        rig.report(progress(engine::Event::RevisionStarted { index: 1, attempt: 2 }));
        rig.report(progress(engine::Event::StatementStarted {
            index: 1,
            statement: 1,
            line: 12,
            summary: "ALTER TABLE a ADD COLUMN currency char(3)".into(),
        }));
        rig.report(progress(engine::Event::Blocked {
            by: vec![Blocker {
                pid: 48277,
                app: "psql".into(),
                user: "ana".into(),
                client: "local".into(),
                state: "idle in transaction".into(),
                query: "SELECT 1".into(),
                age: Duration::from_secs(41),
            }],
            waited: Duration::from_secs(3),
        }));
        rig.wait(14);
        rig
    });
}

#[test]
fn past_jobs() {
    check("jobs_past", || {
        let mut rig = Rig::at(&["7f3a91c00006"]);
        rig.report(WorkerEvent::Fresh(Part::Record(Ok(record()))));
        rig.keys("4");
        rig
    });
}

#[test]
fn changes() {
    check("pending", || {
        let mut rig = Rig::guarded(Guard::Dev, &["2c9e11ab0007"]);
        rig.keys("2");
        rig.changes(demo::pending::changes());
        rig.keys("]jj");
        rig
    });
}

#[test]
fn small_screens_say_so() {
    let mut rig = Rig::at(&["7f3a91c00006"]);
    rig.event(Event::Resize(59, 14));
    assert!(rig.text().contains("limbeck needs 60x15, is 59x14"), "{}", rig.text());
    rig.event(Event::Resize(60, 15));
    assert!(rig.text().contains("Revisions"));
}
