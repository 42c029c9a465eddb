//! What is reached from anywhere: copying, undo, themes, tables, profiles, and what goes on after
//! trouble.

use std::{path::PathBuf, sync::Arc};

use limbeck::{
    config::Guard,
    engine::{
        Report,
        project::{Beginning, Newcomer},
        sizes::TableRow,
    },
    server::State,
    tui::{
        action::Action,
        app::{Screen, Section, Tone},
        event::{Effect, Event},
        layer::{Accept, Layer},
        recovery::{Attempt, Case},
        update::{trouble, welcome},
    },
    worker::{Job, JobId, Origin, Part, Run, ServerAction, WorkerEvent},
};

use crate::fixture::{CURRENT, HEAD, MERGE, Rig, overview, server};

fn copied(rig: &Rig) -> Option<String> {
    rig.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    })
}

fn tables() -> Arc<Vec<TableRow>> {
    let table = |name: &str, rows, size| TableRow {
        name: name.to_owned(),
        rows,
        size,
        indexes: size / 4,
        partitioned: false,
    };
    Arc::new(vec![
        table("public.orders", Some(12_400_000), 2_254_857_830),
        table("public.a", Some(950), 73_728),
        table("audit.\"Über log\"", None, 8_192),
    ])
}

#[test]
fn the_copy_menu_offers_what_stands_there() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("y");
    let screen = rig.text();
    for words in ["id", "message", "file", "command", "SQL up", CURRENT] {
        assert!(screen.contains(words), "{words} is missing:\n{screen}");
    }
    assert_eq!(copied(&rig), None, "nothing is copied before it is chosen");
    // The key that opened it means the first entry.
    rig.keys("y");
    assert_eq!(copied(&rig).as_deref(), Some(CURRENT));
    assert!(rig.app.layers.is_empty());
    rig.keys("yc");
    assert_eq!(copied(&rig), Some(format!("limbeck downgrade {CURRENT}")));
    rig.keys("y<down><enter>");
    assert_eq!(copied(&rig).as_deref(), Some("orders: created_at timestamptz"));
    rig.effects.clear();
    rig.keys("y<esc>");
    assert_eq!(copied(&rig), None);
}

#[test]
fn a_range_is_copied_whole_with_scripts_in_the_order_they_run() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("ggvjj");
    assert!(rig.text().contains("range of 3"), "{}", rig.text());
    rig.keys("yi");
    let ids = copied(&rig).expect("it was copied");
    assert_eq!(ids.lines().count(), 3);
    assert!(ids.starts_with(HEAD), "{ids}");
    rig.keys("yu");
    let scripts = copied(&rig).expect("it was copied");
    let at = |text: &str| scripts.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("created_at") < at("ADD COLUMN currency"), "{scripts}");
    rig.keys("<esc>");
    assert_eq!(rig.app.graph.anchor, None);
}

#[test]
fn undo_proposes_exactly_the_reverse_of_the_last_job() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("Z");
    assert!(rig.app.toasts[0].text.contains("nothing was run yet"));
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 2);
    rig.end(JobId(1), Ok(Report::default()));
    rig.keys("3Z");
    let Some(Layer::Confirm(confirm)) = rig.app.layers.last() else { panic!("it asks") };
    assert_eq!(confirm.accept, Accept::Run(Run::Downgrade(MERGE.into())));
    assert_eq!(rig.app.screen, Screen::Graph);
    rig.keys("<enter>");
    assert_eq!(rig.runs().last().map(String::as_str), Some(&*format!("downgrade {MERGE}")));
    // And back again.
    rig.play(JobId(2), &Run::Downgrade(MERGE.into()), 2);
    rig.end(JobId(2), Ok(Report::default()));
    rig.keys("Z<enter>");
    let last = rig.runs().last().cloned().unwrap_or_default();
    assert!([format!("upgrade {HEAD}"), "upgrade heads".into()].contains(&last), "{last}");
}

#[test]
fn a_theme_is_drawn_while_it_is_looked_at_and_stays_when_it_is_chosen() {
    let mut rig = Rig::at(&[CURRENT]);
    let before = rig.app.theme.clone();
    rig.keys("T");
    assert_eq!(rig.app.theme, before, "opening it changes nothing");
    rig.keys("<down><down>");
    let seen = rig.app.theme.clone();
    assert_ne!(seen, before);
    rig.keys("<esc>");
    assert_eq!(rig.app.theme, before);
    rig.keys("Tember<enter>");
    assert_eq!(rig.app.theme_choice, "ember");
    assert_ne!(rig.app.theme, before);
    // From the palette among everything else, and gone with it.
    let chosen = rig.app.theme.clone();
    rig.keys(":theme moss");
    assert_ne!(rig.app.theme, chosen);
    rig.keys("<ctrl-c>");
    assert_eq!(rig.app.theme, chosen);
}

#[test]
fn tables_are_found_sorted_and_marked_with_what_is_pending() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.report(WorkerEvent::Fresh(Part::Tables(Ok(tables()))));
    rig.keys(":#ord<enter>");
    assert_eq!((rig.app.screen, rig.app.database.section), (Screen::Database, Section::Tables));
    let screen = rig.text();
    let line = screen.lines().find(|line| line.contains("▶ orders")).expect("it is selected");
    assert!(line.contains("12 M") && line.contains("2.1 GB"), "{line}");
    // The head adds a column to `a`.
    let line = screen.lines().find(|line| line.contains(" a  ")).expect("a table");
    assert!(line.contains("access exclusive"), "{screen}");
    rig.keys("SSS");
    assert!(rig.text().contains("by pending"), "{}", rig.text());
    rig.keys("ggyn");
    assert_eq!(copied(&rig).as_deref(), Some("public.a"));
}

#[test]
fn another_profile_is_connected_with() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("3P");
    assert!(rig.app.toasts[0].text.contains("no [profile.NAME]"));
    let mut config = (*rig.app.config).clone();
    config.profiles = [("live".to_owned(), Guard::Prod), ("test".to_owned(), Guard::Dev)].into();
    rig.app.config = Arc::new(config);
    rig.keys("P");
    let screen = rig.text();
    assert!(screen.lines().any(|line| line.contains("live") && line.contains("PROD")), "{screen}");
    rig.keys("live<enter>");
    assert!(
        rig.effects.iter().any(|e| matches!(e, Effect::Connect(Some(name)) if name == "live")),
        "{:?}",
        rig.effects
    );
}

#[test]
fn a_newcomer_is_asked_how_to_begin_and_nothing_starts_by_itself() {
    let mut rig = Rig::opened(Guard::Dev, (80, 24));
    let tool = Some(("goose".to_owned(), PathBuf::from("/srv/shop/db/migrations")));
    welcome::open(&mut rig.app, Newcomer { tool });
    rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Absent)))));
    let screen = rig.text();
    for words in ["Make a project here", "the migrations of goose in db/migrations", "by its URL"] {
        assert!(screen.contains(words), "{words} is missing:\n{screen}");
    }
    assert!(!screen.contains("creating a local one"), "{screen}");
    let begun = |rig: &Rig| {
        rig.effects.iter().rev().find_map(|effect| match effect {
            Effect::Begin(beginning) => Some(beginning.clone()),
            _ => None,
        })
    };
    rig.keys("<enter>");
    assert_eq!(begun(&rig), Some(Beginning::Import), "what was found comes first");
    rig.keys("1");
    assert_eq!(begun(&rig), Some(Beginning::Make));
    rig.keys("3postgresql://ana@db/shop<enter>");
    assert_eq!(begun(&rig), Some(Beginning::Connect("postgresql://ana@db/shop".into())));
    rig.keys("<esc>");
    assert!(rig.app.layers.is_empty());
    // Without another tool's files there is nothing to import.
    rig.effects.clear();
    welcome::open(&mut rig.app, Newcomer::default());
    rig.keys("2");
    assert_eq!(begun(&rig), None);
}

#[test]
fn a_newer_state_takes_the_place_of_an_older_one() {
    let mut rig = Rig::opened(Guard::Dev, (80, 24));
    rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Absent)))));
    assert!(rig.text().contains("creating a local one"), "{}", rig.text());
    rig.report(WorkerEvent::ServerDone(ServerAction::Start, Ok(())));
    let screen = rig.text();
    assert!(screen.contains("the database is running"), "{screen}");
    assert!(!screen.contains("creating a local one"), "{screen}");
    // Messages stand where the hints do, and leave help and palette alone.
    let last = screen.lines().last().unwrap_or_default();
    assert!(last.contains("the database is running") && last.contains("? help"), "{last}");
}

#[test]
fn a_database_that_answers_before_the_graph_is_laid_out_is_not_forgotten() {
    let mut rig = Rig::opened(Guard::Dev, (120, 36));
    let history = rig.history.clone();
    let early = overview(&history, &[CURRENT]);
    rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history.clone(), early)))));
    assert!(rig.text().contains("connecting"), "{}", rig.text());
    rig.report(WorkerEvent::Fresh(Part::History(history)));
    assert!(rig.text().contains("at 7f3a91c0"), "{}", rig.text());
}

#[test]
fn a_server_that_was_killed_is_started_at_the_opening_and_one_that_was_stopped_is_not() {
    let down = |killed| {
        let mut status = (*server(State::Stopped)).clone();
        status.killed = killed;
        WorkerEvent::Fresh(Part::Server(Ok(Arc::new(status))))
    };
    let started = |rig: &Rig| rig.asked(|job| matches!(job, Job::Server(ServerAction::Start))) == 1;
    let mut rig = Rig::opened(Guard::Dev, (80, 24));
    rig.report(down(true));
    assert!(started(&rig));
    assert!(rig.text().contains("ended without being stopped"), "{}", rig.text());
    let mut rig = Rig::opened(Guard::Dev, (80, 24));
    rig.report(down(false));
    assert!(!started(&rig), "stopped by hand");
    // While the interface is open, it says so and leaves it to the user.
    let mut rig = Rig::at(&[CURRENT]);
    rig.report(down(true));
    assert!(!started(&rig));
}

#[test]
fn trouble_says_what_happened_and_the_key_that_goes_on() {
    let mut rig = Rig::remarkable(&[CURRENT], HEAD, |state| state.partial = Some((2, 5)));
    let history = rig.history.clone();
    let screen = rig.text();
    assert!(screen.contains("2c9e11ab stopped after 2 of 5 statements"), "{screen}");
    assert!(screen.contains("U run the rest of it"), "{screen}");
    rig.keys("!");
    assert!(rig.text().contains("what had run of it is kept"), "{}", rig.text());
    rig.keys("<esc>");
    // The database knows more than the files.
    let fresh = Part::Overview(Ok((history.clone(), overview(&history, &["5f00ba110000"]))));
    rig.report(WorkerEvent::Fresh(fresh));
    assert!(rig.text().contains("the database is at 5f00ba11, which no file here has"));
    assert!(rig.text().contains("R read the files again"), "{}", rig.text());
}

#[test]
fn a_half_done_downgrade_is_finished_downwards() {
    let mut rig = Rig::remarkable(&[CURRENT], CURRENT, |state| state.partial = Some((1, 2)));
    let screen = rig.text();
    assert!(screen.contains("undoing 7f3a91c0 stopped after 1 of 2 statements"), "{screen}");
    assert!(screen.contains("< run the rest of it"), "{screen}");
    // The key means that revision, whatever is selected.
    rig.keys("gg<<enter>");
    assert_eq!(rig.runs(), ["downgrade -1"], "{}", rig.text());
    // An upgrade that it stands in the way of leads to the same.
    let ways = trouble::ways(&rig.app, Case::HalfDone, Attempt::Run, None);
    assert!(!ways.iter().any(|(action, _)| *action == Action::UpgradeHeads), "{ways:?}");
}

#[test]
fn the_log_is_filtered_while_typing() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("3");
    let lines = ["2026-01-02 10:00:00.1 UTC [7] LOG:  warmed up", "ERROR:  deadlock detected"];
    let lines = Arc::new(lines.map(str::to_owned).to_vec());
    rig.report(WorkerEvent::Fresh(Part::Log(Ok(lines))));
    assert!(rig.text().contains("10:00:00 LOG:  warmed up"), "{}", rig.text());
    rig.keys("/DEAD");
    let screen = rig.text();
    assert!(screen.contains("deadlock") && !screen.contains("warmed up"), "{screen}");
    rig.keys("<enter><esc>");
    assert!(rig.text().contains("warmed up"));
    rig.keys("/nothing has this");
    assert!(rig.text().contains("no line of the log holds that"));
    rig.keys("<esc>");
    assert!(rig.text().contains("warmed up"), "Esc takes it back");
}

#[test]
fn git_tells_who_wrote_a_file() {
    let mut rig = Rig::at(&[CURRENT]);
    let path = PathBuf::from(format!("migrations/{CURRENT}_test.sql"));
    let at = Some("2024-06-03T14:02:00Z".parse().expect("a date"));
    let origin = Origin { author: "Ana \u{1b}[31mLópez".into(), at };
    rig.report(WorkerEvent::Fresh(Part::Origins(Some(Arc::new([(path, origin)].into())))));
    let screen = rig.text();
    assert!(screen.contains("author"), "{screen}");
    assert!(screen.contains("López") && screen.contains("2024-06-03 14:02"), "{screen}");
    assert!(!screen.contains('\u{1b}'), "control characters never reach the terminal");
    rig.keys("k");
    assert!(rig.text().contains("not committed yet"), "{}", rig.text());
}

/// Names in other scripts, right to left, wide, with marks that join and with controls.
const NAMES: [&str; 5] = [
    "جدول الطلبات",
    "注文テーブルの列を追加する",
    "שלום \u{202e}abc",
    "e\u{301}\u{327}x 👩‍👩‍👧",
    "\u{1b}]0;x\u{7}a\tb",
];

#[test]
fn names_in_any_script_keep_the_grid() {
    for name in NAMES {
        let one = name.replace(['\u{1b}', '\u{7}', '\t'], " ");
        let text = format!(
            "-- {one}\n--\n-- Revision ID: 11c0de000001\n-- Revises:\n\n-- migrate:up\n\n\
             CREATE TABLE \"{one}\" (id int);\n\n-- migrate:down\n\nDROP TABLE \"{one}\";\n"
        );
        let mut rig = Rig::of("migrations/11c0de000001_x.sql", &text);
        rig.report(WorkerEvent::Fresh(Part::Tables(Ok(Arc::new(vec![TableRow {
            name: name.to_owned(),
            ..TableRow::default()
        }])))));
        for (keys, size) in [("", (120, 36)), ("<enter><tab>", (120, 36)), ("<esc>3]]]", (120, 36))]
            .into_iter()
            .chain([("1", (80, 24)), ("3", (60, 15))])
        {
            rig.event(Event::Resize(size.0, size.1));
            rig.keys(keys);
            let buffer = rig.draw();
            // The frame at both ends of each row stands where it stands without such names.
            let edges = |x: u16| -> Vec<String> {
                (0..buffer.area.height).map(|y| buffer[(x, y)].symbol().to_owned()).collect()
            };
            let rows = edges(0).into_iter().zip(edges(size.0 - 1)).filter(|(left, right)| {
                "┃│".contains(left.as_str())
                    && !left.is_empty()
                    && *left != " "
                    && !"┃│▐╮╯".contains(right.as_str())
            });
            assert_eq!(rows.count(), 0, "{name} breaks a row:\n{}", crate::fixture::text(&buffer));
            let bad = |c: char| {
                c.is_control()
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
            };
            for cell in buffer.content() {
                assert!(!cell.symbol().chars().any(bad), "{name}: {:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn a_message_of_a_server_action_is_no_warning() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.report(WorkerEvent::ServerDone(ServerAction::Restart, Ok(())));
    assert_eq!(rig.app.toasts.last().map(|toast| toast.tone), Some(Tone::Good));
}

#[test]
fn a_filter_shows_what_it_hides_as_a_count() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("/initial<enter>");
    let screen = rig.text();
    assert!(screen.contains("initial schema") && !screen.contains("add currency"), "{screen}");
    rig.keys("<esc>/!payments<enter>");
    assert!(rig.text().contains("hidden"), "{}", rig.text());
    rig.keys("<esc>/~ordcur<enter>");
    assert!(rig.text().contains("orders: add currency"), "{}", rig.text());
    assert!(!rig.text().contains("initial schema"));
}
