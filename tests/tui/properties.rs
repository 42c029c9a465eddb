//! Whatever is typed, at whatever size, whatever the worker reports: nothing panics, the selection
//! is valid, drawing changes nothing, and the same story gives the same frame.

use std::{sync::Arc, time::Duration};

use limbeck::{
    code::Code,
    engine::{self, Report, activity, sizes::TableRow},
    server::State,
    tui::{demo, event::Event},
    worker::{
        JobId, Part, Refresh, Run, ServerAction, Work, WorkerEvent,
        pending::{Changes, Written},
    },
};
use proptest::prelude::*;

use crate::fixture::{Rig, overview, running, server, text};

#[derive(Clone, Debug)]
enum Act {
    Key(&'static str),
    Size(u16, u16),
    Click(u16, u16),
    Wheel(u16, u16, bool),
    Wait(u64),
    Rows(u8),
    Server(u8),
    Play(u32, u8),
    End(u32, bool),
    Activity(u8),
    History,
    Tables(u8),
    Focus(bool),
    Broken,
    Changes(u8),
    Work(u8),
}

const KEYS: &[&str] = &[
    "j",
    "k",
    "G",
    "gg",
    "<ctrl-d>",
    "<ctrl-u>",
    "<pgdn>",
    "<pgup>",
    "h",
    "l",
    "H",
    "L",
    "<tab>",
    "<backtab>",
    "1",
    "2",
    "3",
    "9",
    "0",
    "u",
    "U",
    ">",
    "<",
    "d",
    "D",
    "c",
    "m",
    "S",
    "o",
    "b",
    "p",
    "P",
    "n",
    "N",
    "e",
    "y",
    "yy",
    "T",
    "v",
    "Z",
    "P",
    "#",
    "!",
    "<enter>",
    "<esc>",
    "/",
    "?",
    ":",
    "@",
    "+",
    "_",
    "|",
    "M",
    "R",
    "q",
    "s",
    "r",
    "x",
    "X",
    "]",
    "[",
    "z",
    "w",
    "t",
    "shop",
    "é漢",
    "<ctrl-c>",
    "<backspace>",
    "<ctrl-w>",
    "{",
    "}",
    " ",
    "~",
    "4",
    "a",
    "A",
    "Y",
    "i",
    "2ll",
    "2c",
];

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => prop::sample::select(KEYS).prop_map(Act::Key),
        2 => (1u16..=200, 1u16..=60).prop_map(|(w, h)| Act::Size(w, h)),
        1 => (0u16..200, 0u16..60).prop_map(|(x, y)| Act::Click(x, y)),
        1 => (0u16..200, 0u16..60, any::<bool>()).prop_map(|(x, y, d)| Act::Wheel(x, y, d)),
        1 => (1u64..90).prop_map(Act::Wait),
        1 => (0u8..6).prop_map(Act::Rows),
        1 => (0u8..6).prop_map(Act::Server),
        1 => (1u32..4, 0u8..8).prop_map(|(id, n)| Act::Play(id, n)),
        1 => (1u32..4, any::<bool>()).prop_map(|(id, ok)| Act::End(id, ok)),
        1 => (0u8..5).prop_map(Act::Activity),
        1 => Just(Act::History),
        1 => (0u8..4).prop_map(Act::Tables),
        1 => any::<bool>().prop_map(Act::Focus),
        1 => Just(Act::Broken),
        2 => (0u8..6).prop_map(Act::Changes),
        1 => (0u8..8).prop_map(Act::Work),
    ]
}

fn perform(rig: &mut Rig, act: &Act) {
    match act {
        Act::Tables(n) => {
            let table = |i: u8| TableRow {
                name: format!("public.t{i}"),
                rows: (i > 0).then_some(u64::from(i)),
                size: u64::from(i) << 20,
                ..TableRow::default()
            };
            let outcome = match n {
                3 => Err(engine::Error::new(Code::LockHeld, "locked").into()),
                n => Ok(Arc::new((0..*n).map(table).collect())),
            };
            rig.report(WorkerEvent::Fresh(Part::Tables(outcome)));
        }
        Act::Key(keys) => {
            rig.keys(keys);
        }
        Act::Size(width, height) => rig.event(Event::Resize(*width, *height)),
        Act::Click(x, y) => rig.event(mouse(
            *x,
            *y,
            crossterm::event::MouseEventKind::Down(crossterm::event::MouseButton::Left),
        )),
        Act::Wheel(x, y, down) => rig.event(mouse(
            *x,
            *y,
            if *down {
                crossterm::event::MouseEventKind::ScrollDown
            } else {
                crossterm::event::MouseEventKind::ScrollUp
            },
        )),
        Act::Wait(seconds) => rig.wait(*seconds),
        Act::Rows(which) => {
            let rows: &[&str] = match which {
                0 => &[],
                1 => &["11c0de000001"],
                2 => &["f19a3c200004", "d4e8f0010003"],
                3 => &["2c9e11ab0007"],
                4 => &["5f00ba11", "3357aa900002"],
                _ => &["7f3a91c00006"],
            };
            let history = rig.app.snapshot.history.clone().unwrap_or_else(|| rig.history.clone());
            let fresh = overview(&history, rows);
            rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, fresh)))));
        }
        Act::Server(which) => match which {
            0 => rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Absent))))),
            1 => rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Stopped))))),
            2 => rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(running()))))),
            3 => rig.report(WorkerEvent::ServerStage(
                ServerAction::Start,
                "initdb \u{202e}\u{1b}[31m".into(),
            )),
            4 => rig.report(WorkerEvent::ServerDone(ServerAction::Start, Ok(()))),
            _ => rig.report(WorkerEvent::ServerDone(
                ServerAction::Stop,
                Err(engine::Error::new(Code::Server, "it does not stop").into()),
            )),
        },
        Act::Play(id, n) => {
            let run = Run::Upgrade("heads".into());
            let n = usize::from(*n).min(planned(rig));
            rig.play(JobId(*id), &run, n);
            rig.report(WorkerEvent::Progress(
                JobId(*id),
                engine::Event::StatementStarted {
                    index: n,
                    statement: 3,
                    line: 1,
                    summary: "SELECT 1".into(),
                },
            ));
            rig.report(WorkerEvent::Progress(
                JobId(*id),
                engine::Event::RevisionFinished { index: 99, elapsed: Duration::ZERO },
            ));
        }
        Act::End(id, ok) => {
            let outcome = if *ok {
                Ok(Report::default())
            } else {
                Err(engine::Error::new(Code::Sql, "漢字 \u{200b} failed\nbadly"))
            };
            rig.end(JobId(*id), outcome);
        }
        Act::Activity(n) => {
            let sessions = (0..i32::from(*n) * 7)
                .map(|pid| activity::SessionRow {
                    pid,
                    user: "ana".into(),
                    app: "psql".into(),
                    client: "local".into(),
                    state: if pid % 2 == 0 {
                        "active".into()
                    } else {
                        "idle in transaction".into()
                    },
                    age: Duration::from_secs(41),
                    wait: Some("Lock".into()),
                    query: "SELECT '\u{1b}]0;x\u{7}'".into(),
                    blocked_by: if pid % 3 == 0 { vec![pid + 1] } else { Vec::new() },
                    ours: pid == 1,
                })
                .collect();
            let activity = activity::Activity { sessions, ..activity::Activity::default() };
            rig.report(WorkerEvent::Fresh(Part::Activity(Ok(Arc::new(activity)))));
        }
        Act::History => {
            let history = crate::fixture::history();
            rig.report(WorkerEvent::Fresh(Part::History(history)));
        }
        Act::Focus(focus) => rig.event(Event::Focus(*focus)),
        Act::Broken => {
            let error =
                Arc::new(engine::Error::new(Code::Connect, "no connection").with_hint("try again"));
            rig.report(WorkerEvent::Fresh(Part::Overview(Err(Arc::clone(&error)))));
            rig.report(WorkerEvent::Fresh(Part::Activity(Err(Arc::clone(&error)))));
            rig.report(WorkerEvent::Fresh(Part::Record(Err(error))));
        }
        Act::Changes(which) => match which {
            0 => rig.changes(Changes::default()),
            1 => {
                rig.changes(Changes { missing: Some("mod\u{1b}els".into()), ..Changes::default() });
            }
            2 => {
                let error = engine::Error::new(Code::Sql, "models/a.sql:3: no such \u{202e} type");
                rig.report(WorkerEvent::Fresh(Part::Changes(Err(error.into()))));
            }
            3 => rig.report(WorkerEvent::Unchanged(Refresh::Changes)),
            _ => rig.changes(demo::pending::changes()),
        },
        Act::Work(which) => match which {
            0 => rig.report(WorkerEvent::ModelsChanged),
            1 => rig.report(WorkerEvent::Stage(Work::Changes, "reading \u{1b}[1m".into())),
            2 => rig.report(WorkerEvent::Stage(Work::Write, "running revision 1 of 2".into())),
            3 => rig.report(WorkerEvent::Stage(Work::Objects, "running the revision".into())),
            4 => {
                let written = Written { path: "migrations/x.sql".into(), notes: Vec::new() };
                rig.report(WorkerEvent::Written(Ok(Arc::new(written))));
            }
            5 => {
                let mut error = engine::Error::new(Code::Unproved, "it does not prove");
                error.more = (0..80).map(|n| format!("line {n}")).collect();
                rig.report(WorkerEvent::Written(Err(error.into())));
            }
            6 => rig.objects = None,
            _ => rig.objects = Some(Arc::new(demo::pending::of_revision())),
        },
    }
}

fn planned(rig: &Rig) -> usize {
    let rows = rig.app.snapshot.rows().to_vec();
    limbeck::worker::review::plan(&Run::Upgrade("heads".into()), &rig.history, &rows)
        .map_or(0, |plan| plan.moves.len())
}

fn mouse(column: u16, row: u16, kind: crossterm::event::MouseEventKind) -> Event {
    Event::Mouse(crossterm::event::MouseEvent {
        kind,
        column,
        row,
        modifiers: crossterm::event::KeyModifiers::NONE,
    })
}

/// `Rig::play` plans from the rows of the app; those of an orphan cannot be planned from.
fn playable(rig: &Rig, act: &Act) -> bool {
    !matches!(act, Act::Play(..))
        || limbeck::worker::review::plan(
            &Run::Upgrade("heads".into()),
            &rig.history,
            rig.app.snapshot.rows(),
        )
        .is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_story_is_drawn(acts in prop::collection::vec(act(), 1..50)) {
        let mut rig = Rig::at(&["7f3a91c00006"]);
        let mut twin = Rig::at(&["7f3a91c00006"]);
        for act in &acts {
            if !playable(&rig, act) {
                continue;
            }
            perform(&mut rig, act);
            perform(&mut twin, act);
            let first = rig.draw();
            let state = format!("{:?}", rig.app.graph);
            let again = rig.draw();
            prop_assert_eq!(&first, &again, "drawing twice gives the same frame");
            prop_assert_eq!(state, format!("{:?}", rig.app.graph), "drawing changes nothing");
            prop_assert_eq!(text(&first), text(&twin.draw()), "the same story gives the same frame");
            let rows = rig.app.graph.rows.len();
            prop_assert!(rig.app.graph.selected < rows.max(1));
            let rows = rig.app.pending.rows.len();
            prop_assert!(rig.app.pending.selected < rows.max(1));
        }
    }

    #[test]
    fn any_size_is_drawn(width in 1u16..=200, height in 1u16..=60, keys in prop::sample::select(&["", "2", "3", "<enter>", "?", ":up", "U", "/x", "2]]", "S", "c"][..])) {
        let mut rig = Rig::at(&["7f3a91c00006"]);
        rig.keys(keys);
        rig.event(Event::Resize(width, height));
        rig.draw();
    }
}
