//! Keys lead to the right questions, runs and states.

use std::time::Duration;

use limbeck::{
    code::Code,
    config::Guard,
    engine::{self, Report, event::Blocker},
    revision::RevisionId,
    server::State,
    tui::{
        app::{Row, Screen, Section},
        event::{Effect, Event},
        layer::{Accept, Layer},
        progress::Stage,
    },
    worker::{Job, JobId, Part, Refresh, Run, ServerAction, WorkerEvent},
};

use crate::fixture::{CURRENT, HEAD, MERGE, Rig, at, overview, rows_after, running, server};

fn selected(rig: &Rig) -> String {
    let node = rig.app.selected_node().expect("a revision is selected");
    rig.history.graph().id(node).to_string()
}

fn select(rig: &mut Rig, id: &str) {
    rig.keys("gg");
    for _ in 0..20 {
        if selected(rig) == id {
            return;
        }
        rig.keys("j");
    }
    panic!("{id} is not in the list");
}

fn toasts(rig: &Rig) -> String {
    rig.app.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_selection_starts_where_the_database_is_and_stays_on_its_revision() {
    let mut rig = Rig::at(&[CURRENT]);
    assert_eq!(selected(&rig), CURRENT);
    rig.keys("k");
    assert_eq!(selected(&rig), HEAD);
    // A new overview changes the rows' states, not what is selected.
    let history = rig.history.clone();
    let fresh = overview(&history, &[MERGE]);
    rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, fresh)))));
    assert_eq!(selected(&rig), HEAD);
}

#[test]
fn an_upgrade_asks_and_then_runs() {
    let mut rig = Rig::at(&[MERGE]);
    select(&mut rig, HEAD);
    rig.keys("u");
    let Some(Layer::Confirm(confirm)) = rig.app.layers.last() else { panic!("no question") };
    assert_eq!(confirm.accept, Accept::Run(Run::Upgrade(HEAD.into())));
    assert!(confirm.ready(), "on a developer's own database Enter is enough");
    let words: Vec<&str> = confirm.lines.iter().map(|line| line.text.as_str()).collect();
    assert!(words.iter().any(|w| w.contains("2 revisions")), "{words:?}");
    assert!(words.iter().any(|w| w.contains("no down script")), "it cannot be undone: {words:?}");
    assert!(rig.runs().is_empty());
    rig.keys("<enter>");
    assert_eq!(rig.runs(), [format!("upgrade {HEAD}")]);
    assert!(rig.app.layers.is_empty());
}

#[test]
fn going_back_from_where_the_database_is_undoes_that_revision() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("d<enter>");
    assert_eq!(rig.runs(), ["downgrade -1"], "{}", rig.text());
}

#[test]
fn escape_refuses() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<esc>");
    assert!(rig.runs().is_empty());
    assert!(rig.app.layers.is_empty());
}

#[test]
fn disabled_actions_say_why_and_do_nothing() {
    let mut rig = Rig::at(&[HEAD]);
    rig.keys("U");
    assert!(rig.app.layers.is_empty());
    assert!(toasts(&rig).contains("nothing is pending"), "{}", toasts(&rig));
    select(&mut rig, CURRENT);
    rig.keys("u");
    assert!(toasts(&rig).contains("it is applied already"));
    rig.keys("m");
    assert!(toasts(&rig).contains("only one head"));
    assert!(rig.effects.is_empty(), "{:?}", rig.effects);
}

#[test]
fn steps_take_counts_even_those_that_switch_screens() {
    let mut rig = Rig::at(&["11c0de000001"]);
    rig.keys("2>");
    assert_eq!(rig.app.screen, Screen::Graph, "the count comes back to the graph");
    rig.keys("<esc>");
    let mut rig = Rig::at(&[HEAD]);
    rig.keys("2<<enter>");
    assert_eq!(rig.runs(), ["downgrade -2"]);
    let mut rig = Rig::at(&[HEAD]);
    rig.keys("<<enter>");
    assert_eq!(rig.runs(), ["downgrade -1"]);
    // Without a step after it, a digit is only a screen.
    let mut rig = Rig::at(&[HEAD]);
    rig.keys("2");
    rig.wait(5);
    rig.keys("1<");
    let Some(Layer::Confirm(confirm)) = rig.app.layers.last() else { panic!("no question") };
    assert_eq!(confirm.accept, Accept::Run(Run::Downgrade("-1".into())));
}

#[test]
fn with_several_rows_a_step_names_its_branch() {
    let mut rig = Rig::at(&["f19a3c200004", "d4e8f0010003"]);
    select(&mut rig, "d4e8f0010003");
    rig.keys("<<enter>");
    assert_eq!(rig.runs(), ["downgrade d4e8f0010003@-1"]);
    let mut rig = Rig::at(&["f19a3c200004", "d4e8f0010003"]);
    select(&mut rig, "11c0de000001");
    rig.keys("<");
    assert!(toasts(&rig).contains("select one of them"), "{}", toasts(&rig));
}

#[test]
fn guards_decide_what_must_be_typed() {
    // Production: every change.
    let mut rig = Rig::guarded(Guard::Prod, &[MERGE]);
    // Prod starts read-only.
    rig.keys("U");
    assert!(rig.app.layers.is_empty() && toasts(&rig).contains("W allows changes"));
    assert!(rig.text().contains("PROD read-only"), "{}", rig.text());
    rig.keys("W<enter>");
    assert!(!rig.app.writing, "the name must be typed");
    rig.keys("shop<enter>");
    assert!(rig.app.writing);
    rig.keys("U<enter>");
    assert!(rig.runs().is_empty(), "Enter alone is not enough");
    rig.keys("sho<enter>");
    assert!(rig.runs().is_empty(), "a part of the name is not enough");
    rig.keys("p<enter>");
    assert_eq!(rig.runs(), ["upgrade heads"]);
    // Staging: what takes data away.
    let mut rig = Rig::guarded(Guard::Staging, &[MERGE]);
    rig.keys("U<enter>");
    assert_eq!(rig.runs(), ["upgrade heads"]);
    let mut rig = Rig::guarded(Guard::Staging, &[CURRENT]);
    rig.keys("<<enter>");
    assert!(rig.runs().is_empty(), "the downgrade drops a column");
    rig.keys("shop<enter>");
    assert_eq!(rig.runs(), ["downgrade -1"]);
    // A stamp is typed everywhere.
    let mut rig = Rig::at(&[MERGE]);
    select(&mut rig, HEAD);
    rig.keys("S<enter>");
    assert!(rig.runs().is_empty());
    rig.keys("shop<enter>");
    assert_eq!(rig.runs(), [format!("stamp {HEAD}")]);
}

#[test]
fn a_refused_plan_cannot_be_accepted() {
    let mut rig = Rig::at(&[HEAD]);
    select(&mut rig, MERGE);
    rig.keys("d");
    let Some(Layer::Confirm(confirm)) = rig.app.layers.last() else { panic!("no question") };
    // The head has no down script; planning alone does not refuse that, running does. What is
    // refused is a target that does not exist.
    assert!(confirm.reviewing.is_none());
    rig.keys("<esc>");
    rig.app.count = Some(99);
    rig.app.count_from = Screen::Graph;
    rig.app.count_until = Duration::from_secs(99);
    rig.keys("<");
    let Some(Layer::Confirm(confirm)) = rig.app.layers.last() else { panic!("no question") };
    assert!(confirm.refused() && !confirm.ready(), "{:?}", confirm.lines);
    rig.keys("<enter>");
    assert!(rig.runs().is_empty());
}

#[test]
fn the_graph_follows_a_run_live() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<enter>");
    let run = Run::Upgrade("heads".into());
    rig.play(JobId(1), &run, 1);
    let graph = rig.history.graph();
    let (first, last) = (graph.find(CURRENT).expect("there"), graph.find(HEAD).expect("there"));
    assert!(rig.app.snapshot.applied(first) && rig.app.snapshot.state(first).current);
    assert!(!rig.app.snapshot.applied(last));
    let rows = rig.app.snapshot.rows().to_vec();
    assert_eq!(rows.iter().map(RevisionId::as_str).collect::<Vec<_>>(), [CURRENT]);
    // Nothing else runs meanwhile.
    rig.keys("U");
    assert!(toasts(&rig).contains("job 1 is running"));
    rig.play(JobId(1), &run, 1);
    rig.end(JobId(1), Ok(Report::default()));
    assert_eq!(rig.app.snapshot.overview.as_ref().expect("known").pending, 0);
    assert_eq!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::Overview))), 1);
}

#[test]
fn version_rows_through_a_merge_match_the_plan() {
    let mut rig = Rig::at(&["f19a3c200004", "d4e8f0010003"]);
    rig.keys("U<enter>");
    let run = Run::Upgrade("heads".into());
    let expected = rows_after(&rig.history, rig.app.snapshot.rows(), "heads");
    rig.play(JobId(1), &run, 3);
    assert_eq!(rig.app.snapshot.rows(), expected);
    // And down again, through the merge: both branches get their rows back.
    rig.end(JobId(1), Ok(Report::default()));
    let down = Run::Downgrade("3357aa900002".into());
    rig.effects.clear();
    select(&mut rig, "3357aa900002");
    rig.keys("d<enter>");
    rig.play(JobId(2), &down, 3);
    let rows: Vec<_> = rig.app.snapshot.rows().iter().map(ToString::to_string).collect();
    assert_eq!(rows, ["d4e8f0010003", "f19a3c200004"]);
}

#[test]
fn an_error_keeps_everything_and_can_be_copied() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 0);
    let mut error = engine::Error::new(Code::Sql, "relation `a` does not exist");
    error.failure = Some(Box::new(engine::error::Failure {
        revision: RevisionId::new(CURRENT),
        direction: limbeck::revision::Direction::Up,
        statement: 1,
        of: 2,
        path: "migrations/7f3a91c00006_test.sql".into(),
        line: 12,
        column: 13,
        excerpt: "ALTER TABLE a ADD COLUMN created_at timestamptz;".into(),
        sqlstate: Some("42P01".into()),
        detail: Some("a detail".into()),
        hint: Some("a hint".into()),
        context: None,
    }));
    error.state = Some("rolled back; the database is at 0b7d99e30005".into());
    rig.end(JobId(1), Err(error));
    let screen = rig.text();
    for part in [
        "relation `a` does not exist",
        "42P01",
        "a detail",
        "a hint",
        "7f3a91c00006_test.sql:12:13",
        "rolled back",
    ] {
        assert!(screen.contains(part), "{part} is missing:\n{screen}");
    }
    let caret = screen
        .lines()
        .find(|line| line.contains(" ^ ") || line.trim_end_matches(['┃', ' ']).ends_with('^'));
    assert!(caret.is_some(), "no caret:\n{screen}");
    rig.keys("y");
    let copied = rig.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.is_some_and(|text| text.contains("DETAIL: a detail")));
    rig.keys("<esc>4");
    rig.keys("<enter>");
    assert!(matches!(rig.app.layers.last(), Some(Layer::Error(_))), "it stays in the jobs screen");
}

#[test]
fn a_cancel_says_what_stays_and_may_become_a_terminate() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<enter>");
    let run = Run::Upgrade("heads".into());
    rig.play(JobId(1), &run, 1);
    rig.report(WorkerEvent::Progress(
        JobId(1),
        engine::Event::RevisionStarted { index: 1, attempt: 1 },
    ));
    rig.keys("4x");
    let Some(Layer::Confirm(confirm)) = rig.app.layers.last() else { panic!("no question") };
    let words: Vec<String> =
        confirm.lines.iter().map(|line| format!("{} {}", line.label, line.text)).collect();
    assert!(words.iter().any(|w| w.starts_with("rolls back 2c9e11ab")), "{words:?}");
    assert!(words.iter().any(|w| w.starts_with("kept 7f3a91c0")), "{words:?}");
    rig.keys("X");
    rig.keys("<enter>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Cancel(JobId(1)))), 1);
    assert!(matches!(rig.app.runs[0].stage, Stage::Cancelling(_)));
    rig.keys("X");
    assert!(toasts(&rig).contains("may still take effect"), "{}", toasts(&rig));
    rig.wait(6);
    assert!(toasts(&rig).contains("does not react"), "{}", toasts(&rig));
    rig.keys("X<enter>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Signal { pid: 48301, terminate: true })), 1);
}

#[test]
fn leaving_during_a_job_asks() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<enter>q");
    assert!(!rig.left());
    rig.keys("<esc>");
    assert!(rig.app.layers.is_empty() && !rig.left());
    rig.keys("<ctrl-c>w");
    assert!(rig.app.quit_after_job && !rig.left());
    rig.end(JobId(1), Ok(Report::default()));
    assert!(rig.left());
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<enter>q<enter>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Cancel(_))), 1);
    assert!(!rig.left(), "it waits for the rollback");
    rig.end(JobId(1), Err(engine::Error::new(Code::Cancelled, "cancelled")));
    assert!(rig.left());
}

#[test]
fn a_termination_rolls_back_first() {
    let mut rig = Rig::at(&[MERGE]);
    rig.event(Event::Terminate);
    assert!(rig.left(), "nothing runs: it goes at once");
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<enter>");
    rig.event(Event::Terminate);
    assert_eq!(rig.asked(|job| matches!(job, Job::Cancel(_))), 1);
    assert!(!rig.left());
    rig.event(Event::Terminate);
    assert!(rig.left(), "asked twice, it goes");
}

#[test]
fn a_blocker_is_shown_with_the_way_to_it() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 0);
    rig.report(WorkerEvent::Progress(
        JobId(1),
        engine::Event::RevisionStarted { index: 0, attempt: 1 },
    ));
    rig.report(WorkerEvent::Progress(
        JobId(1),
        engine::Event::Blocked {
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
        },
    ));
    for size in [(120, 36), (80, 24)] {
        rig.event(Event::Resize(size.0, size.1));
        let screen = rig.text();
        assert!(screen.contains("waits for pid 48277"), "on every screen: {screen}");
    }
    rig.event(Event::Resize(120, 36));
    rig.keys("4");
    let screen = rig.text();
    assert!(screen.contains("held by pid 48277 (idle in transaction, psql@ana)"), "{screen}");
}

#[test]
fn a_fresh_project_gets_its_server_by_itself_once() {
    let mut rig = Rig::opened(Guard::Dev, (120, 36));
    rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Absent)))));
    let starts = |rig: &Rig| rig.asked(|job| matches!(job, Job::Server(ServerAction::Start)));
    assert_eq!(starts(&rig), 1);
    rig.report(WorkerEvent::ServerStage(ServerAction::Start, "initdb".into()));
    assert!(rig.text().contains("initdb"));
    rig.report(WorkerEvent::ServerDone(
        ServerAction::Start,
        Err(engine::Error::new(Code::Server, "no initdb").into()),
    ));
    rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Absent)))));
    assert_eq!(starts(&rig), 1, "it failed: not again by itself");
    // A cluster that is there and stopped is left alone.
    let mut rig = Rig::opened(Guard::Dev, (120, 36));
    rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Stopped)))));
    assert_eq!(starts(&rig), 0);
    rig.keys("s");
    assert_eq!(starts(&rig), 1);
}

#[test]
fn a_server_that_was_stopped_by_hand_stays_so() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("3s");
    let Some(Layer::Confirm(_)) = rig.app.layers.last() else { panic!("no question") };
    rig.keys("<enter>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Server(ServerAction::Stop))), 1);
    rig.report(WorkerEvent::ServerDone(ServerAction::Stop, Ok(())));
    rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(State::Stopped)))));
    assert_eq!(rig.asked(|job| matches!(job, Job::Server(ServerAction::Start))), 0);
    rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(running())))));
    assert!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::Overview))) >= 1);
}

#[test]
fn filters_follow_typing_and_escape_takes_them_back() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("/paym");
    let ids = |rig: &Rig| rig.app.graph.rows.len();
    assert_eq!(ids(&rig), 3, "two messages and the merge");
    rig.keys("<esc>");
    assert_eq!(ids(&rig), 7);
    rig.keys("/!paym<enter>");
    assert_eq!(ids(&rig), 4);
    rig.keys("<esc>");
    assert_eq!(ids(&rig), 7);
    rig.keys("/~mrgpay<enter>");
    assert_eq!(ids(&rig), 1);
    assert_eq!(selected(&rig), MERGE);
}

#[test]
fn what_would_run_is_marked_and_goes_with_escape() {
    let mut rig = Rig::at(&[MERGE]);
    select(&mut rig, HEAD);
    rig.keys("o");
    assert_eq!(rig.app.graph.would_run.as_ref().map(|mark| mark.count), Some(2));
    rig.keys("<esc>");
    assert!(rig.app.graph.would_run.is_none());
    select(&mut rig, "11c0de000001");
    rig.keys("o");
    assert_eq!(rig.app.graph.would_run.as_ref().map(|mark| mark.count), Some(4));
}

#[test]
fn moving_through_the_graph() {
    let mut rig = Rig::at(&[CURRENT]);
    select(&mut rig, MERGE);
    rig.keys("p");
    assert_eq!(selected(&rig), "f19a3c200004");
    select(&mut rig, MERGE);
    rig.keys("P");
    assert_eq!(selected(&rig), "d4e8f0010003");
    rig.keys("b");
    assert_eq!(selected(&rig), CURRENT);
    rig.keys("G");
    assert_eq!(selected(&rig), "11c0de000001");
    rig.keys("n");
    assert_eq!(selected(&rig), HEAD, "the next pending one");
}

#[test]
fn a_revision_of_the_database_alone_is_shown_and_nothing_runs_to_it() {
    let mut rig = Rig::at(&["5f00ba11", MERGE]);
    let place = rig
        .app
        .graph
        .rows
        .iter()
        .position(|row| matches!(row, Row::Orphan(_)))
        .expect("it has a row");
    rig.app.graph.selected = place;
    rig.keys("u");
    assert!(toasts(&rig).contains("in no file"), "{}", toasts(&rig));
    rig.keys("y");
    assert!(
        rig.effects.iter().any(|effect| matches!(effect, Effect::Copy(id) if id == "5f00ba11"))
    );
}

#[test]
fn creating_a_revision_asks_for_its_message() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("c<enter>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Create(_))), 0, "a message is needed");
    rig.keys("cadd a thing<enter>");
    let message = rig.effects.iter().find_map(|effect| match effect {
        Effect::Submit(Job::Create(new)) => Some((new.message.clone(), new.created)),
        _ => None,
    });
    assert_eq!(message, Some(("add a thing".into(), Some(at(0).wall))));
    rig.report(WorkerEvent::Created(Ok("/srv/shop/migrations/abc_add_a_thing.sql".into())));
    assert_eq!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::History))), 1);
}

#[test]
fn a_paste_is_text_not_commands() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.event(Event::Paste("Uqd\n".into()));
    assert!(rig.effects.is_empty() && rig.app.layers.is_empty());
    rig.keys("c");
    rig.event(Event::Paste("two\nlines".into()));
    rig.keys("<enter>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Create(new) if new.message == "twolines")), 1);
}

#[test]
fn palette_and_help_run_what_is_chosen() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("2:upgrade to all<enter>");
    assert_eq!(rig.app.screen, Screen::Graph, "the action's screen is shown");
    assert!(matches!(rig.app.layers.last(), Some(Layer::Confirm(_))));
    rig.keys("<esc>:@initial<enter>");
    assert_eq!(selected(&rig), "11c0de000001");
    rig.keys("?mark what<enter>");
    assert!(rig.app.graph.would_run.is_some());
    // A disabled entry stays and says why.
    rig.keys("<esc>?nothing like this");
    rig.keys("<enter>");
    assert!(matches!(rig.app.layers.last(), Some(Layer::Help(_))));
}

#[test]
fn the_top_layer_is_closed_first() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("<enter>?");
    assert_eq!(rig.app.layers.len(), 2);
    rig.keys("<esc>");
    assert!(rig.app.diff().is_some());
    rig.keys("q");
    assert!(rig.app.layers.is_empty() && !rig.left());
    rig.keys("q");
    assert!(rig.left());
}

#[test]
fn sections_of_the_database_screen() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("3]");
    assert_eq!(rig.app.database.section, Section::Sessions);
    rig.keys("x");
    assert!(toasts(&rig).contains("no session is selected"));
    rig.keys("[[");
    assert_eq!(rig.app.database.section, Section::Log);
    rig.keys("o");
    assert!(rig.app.database.log_only);
    rig.keys("<esc>");
    assert!(!rig.app.database.log_only);
}

#[test]
fn an_overview_of_another_history_is_left_out() {
    let mut rig = Rig::at(&[MERGE]);
    let other = crate::fixture::history();
    let wrong = overview(&other, &[HEAD]);
    rig.report(WorkerEvent::Fresh(Part::Overview(Ok((other, wrong)))));
    assert_eq!(rig.app.snapshot.rows().iter().map(RevisionId::as_str).collect::<Vec<_>>(), [MERGE]);
}

/// A key as it comes when Esc and it were pressed too close together to tell them from Alt.
fn glued(rig: &mut Rig, c: char) {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    rig.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT)));
}

#[test]
fn escape_and_a_key_right_after_it_are_two_keys() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("?");
    glued(&mut rig, ':');
    assert!(matches!(rig.app.layers.as_slice(), [Layer::Palette(_)]), "{:?}", rig.app.layers);
    // The palette's field knows Alt-b, but in an empty one it could do nothing.
    glued(&mut rig, '2');
    assert_eq!((rig.app.screen, rig.app.layers.len()), (Screen::Pending, 0));
    rig.keys("1:up");
    glued(&mut rig, 'b');
    let Some(Layer::Palette(palette)) = rig.app.layers.last() else { panic!("it is closed") };
    assert_eq!((palette.input.value(), palette.input.cursor()), ("up", 0));
    // In the side-by-side view, and in a question.
    rig.keys("<esc><enter>");
    assert!(rig.app.diff().is_some());
    glued(&mut rig, 'U');
    assert!(matches!(rig.app.layers.as_slice(), [Layer::Confirm(_)]), "{:?}", rig.app.layers);
    glued(&mut rig, 'q');
    assert!(rig.app.layers.is_empty() && rig.app.quitting);
    assert!(rig.runs().is_empty());
}

/// A revision of many like lines with one that differs at each end.
fn long() -> Rig {
    let lines: Vec<String> = (1..=40).map(|n| format!("SELECT {n};")).collect();
    let up = lines.join("\n");
    let down = up.replace("SELECT 2;", "SELECT 'two';").replace("SELECT 39;", "SELECT 'end';");
    let text = format!(
        "-- long\n--\n-- Revision ID: 10ng00000001\n-- Revises:\n\n-- migrate:up\n\n{up}\n-- migrate:down\n\n{down}"
    );
    let mut rig = Rig::of("long.sql", &text);
    rig.keys("<enter>");
    rig
}

#[test]
fn the_scripts_are_searched_and_folds_open_for_what_is_found() {
    let mut rig = long();
    assert!(rig.text().contains("unchanged lines"), "{}", rig.text());
    assert!(!rig.text().contains("SELECT 20;"));
    rig.keys("/select 2");
    let shown = rig.text();
    // 2 and 20 to 29, the unchanged ones once: `SELECT 2` stands on the left alone.
    assert!(shown.contains("match 1/11"), "{shown}");
    rig.keys("<enter>n");
    let shown = rig.text();
    assert!(shown.contains("match 2/11") && shown.contains("SELECT 20;"), "{shown}");
    rig.keys("NN");
    assert!(rig.text().contains("match 11/11"), "{}", rig.text());
    // Esc ends the search, and then the view.
    rig.keys("<esc>");
    assert!(rig.text().contains("hunk ") && rig.app.diff().is_some());
    rig.keys("/zebra");
    assert!(rig.text().contains("no match"));
    rig.keys("<esc>");
    assert!(rig.app.diff().is_some_and(|diff| diff.search.is_empty()));
    rig.keys("<esc>");
    assert!(rig.app.layers.is_empty());
}

#[test]
fn enter_opens_one_fold_and_a_key_shows_the_facts() {
    let mut rig = long();
    rig.keys("<enter>");
    assert!(!rig.text().contains("unchanged lines"), "{}", rig.text());
    rig.keys("<enter>");
    assert!(toasts(&rig).contains("no fold is in sight"));
    assert!(!rig.text().contains("long.sql"));
    rig.keys("i");
    assert!(rig.text().contains("hazard"), "{}", rig.text());
    // A screen without the pane beside the graph begins with them.
    let mut rig = long();
    rig.event(Event::Resize(80, 24));
    assert!(rig.text().contains("state") && rig.text().contains("SELECT"), "{}", rig.text());
    rig.keys("i");
    assert!(!rig.text().contains("hazard"), "{}", rig.text());
}

#[test]
fn missing_server_programs_are_offered_not_fetched() {
    let offer =
        || WorkerEvent::DownloadOffered("PostgreSQL 17.10.0 from https://example.org/pg".into());
    let fetched = |rig: &Rig| rig.asked(|job| matches!(job, Job::Server(ServerAction::Download)));
    let mut rig = Rig::at(&[CURRENT]);
    rig.report(offer());
    let shown = rig.text();
    assert!(
        shown.contains("PostgreSQL 17.10.0") && shown.contains("https://example.org/pg"),
        "{shown}"
    );
    rig.keys("<esc>");
    assert_eq!((rig.app.layers.len(), fetched(&rig)), (0, 0));
    rig.report(offer());
    rig.keys("<enter>");
    assert_eq!(fetched(&rig), 1);
    rig.report(WorkerEvent::ServerStage(ServerAction::Download, "12 of 30 MB".into()));
    assert!(rig.text().contains("downloading: 12 of 30 MB"), "{}", rig.text());
}
