//! What goes on after a failure: every case has a key, and the key does what it says.

use std::{sync::Arc, time::Duration};

use limbeck::{
    code::Code,
    config::Guard,
    engine::{
        self, Aftermath,
        activity::{Activity, SessionRow},
        event::Blocker,
    },
    tui::{
        action::Action,
        app::{LogEnd, Screen, Section, Tone},
        demo,
        event::Effect,
        layer::Layer,
        progress::Phase,
        recovery::{Attempt, Case},
        update::trouble,
    },
    worker::{Job, JobId, Part, Run, WorkerEvent},
};

use crate::fixture::{CURRENT, HEAD, MERGE, Rig};

/// A run that ended with an error.
fn ended(error: engine::Error) -> Rig {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 0);
    rig.report(WorkerEvent::Progress(
        JobId(1),
        engine::Event::RevisionStarted { index: 0, attempt: 1 },
    ));
    rig.end(JobId(1), Err(error));
    rig.effects.clear();
    rig
}

#[test]
fn the_key_that_is_offered_first_does_something_after_every_failure() {
    for sample in demo::trouble::all(HEAD) {
        let case = sample.case;
        let mut rig = ended((*sample.error).clone());
        rig.app.layers.clear();
        rig.app.toasts.clear();
        rig.app.layers.push(sample.clone().into());
        let ways = trouble::ways_on(&rig.app, &sample);
        let Some((action, words)) = ways.first().copied() else {
            // Nothing on this side of the screen would change it.
            let elsewhere =
                [Case::Settings, Case::Foreign, Case::Target, Case::Draft, Case::Protected];
            assert!(elsewhere.contains(&case), "{case:?} has no way on");
            continue;
        };
        let key = rig.app.keymap.label(action);
        let screen = rig.text();
        assert!(screen.contains(&format!("▶ {key}")), "{case:?}: {screen}");
        assert!(screen.contains(words), "{case:?}: {screen}");
        let before = rig.app.screen;
        rig.keys(&if key.len() == 1 { key.clone() } else { format!("<{key}>") });
        let warned =
            rig.app.toasts.iter().any(|toast| matches!(toast.tone, Tone::Warn | Tone::Bad));
        assert!(!warned, "{case:?}: {key} {words}: {:?}", rig.app.toasts);
        let open = rig.app.layers.iter().any(|layer| matches!(layer, Layer::Error(_)));
        assert!(!open, "{case:?}: the key closes the panel");
        let asked = matches!(
            rig.app.layers.last(),
            Some(Layer::Confirm(_) | Layer::Diff(_) | Layer::Prompt(_))
        );
        let did = asked || !rig.effects.is_empty() || rig.app.screen != before;
        assert!(did, "{case:?}: {key} {words} did nothing");
    }
}

#[test]
fn the_file_of_the_revision_that_failed_is_opened_whatever_is_selected() {
    let sample = demo::trouble::all(HEAD).into_iter().find(|one| one.case == Case::Statement);
    let mut rig = ended((*sample.expect("it is there").error).clone());
    rig.app.graph.selected = rig.app.graph.rows.len() - 1;
    rig.keys("e");
    let Some(Effect::Edit(path, _)) = rig.effects.iter().find(|e| matches!(e, Effect::Edit(..)))
    else {
        panic!("nothing is edited: {:?}", rig.effects)
    };
    assert!(path.to_string_lossy().contains(HEAD), "{}", path.display());
}

#[test]
fn a_cancelled_run_is_no_failure() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 0);
    rig.report(WorkerEvent::Progress(
        JobId(1),
        engine::Event::RevisionStarted { index: 0, attempt: 1 },
    ));
    rig.keys("4x<enter>");
    let mut error = engine::Error::new(Code::Cancelled, format!("`{HEAD}` was cancelled"))
        .with_state(format!("rolled back; the database is at {CURRENT}"));
    error.aftermath = Aftermath::RolledBack;
    rig.end(JobId(1), Err(error));
    assert!(rig.app.layers.is_empty(), "it was asked for: nothing to explain");
    assert_eq!(rig.app.runs[0].plan[0].phase, Phase::Cancelled);
    let screen = rig.text();
    assert!(screen.contains("cancelled; rolled back, nothing changed"), "{screen}");
    assert!(screen.contains("4 Jobs ⊘"), "{screen}");
    assert!(!screen.contains('✖'), "{screen}");
    let line = rig.app.command_log.back().expect("it is logged");
    assert_eq!(line.end, LogEnd::Cancelled);
    // The audit table tells it apart as well.
    rig.remark(&[CURRENT], HEAD, |state| {
        state.cancelled = Some("2024-06-04T12:00:00Z".parse().expect("a date"));
    });
    rig.keys("1gg");
    let screen = rig.text();
    assert!(screen.contains("⊘ cancelled"), "{screen}");
    assert!(screen.contains("○ pending"), "{screen}");
    assert!(!screen.contains("failed"), "{screen}");
}

#[test]
fn a_run_that_somebody_else_cancelled_is_one() {
    let mut error = engine::Error::new(Code::Cancelled, "an administrator cancelled it");
    error.aftermath = Aftermath::RolledBack;
    let mut rig = ended(error);
    assert!(rig.text().contains(Case::Stopped.what()), "{}", rig.text());
    assert_eq!(rig.app.runs[0].plan[0].phase, Phase::Failed);
}

#[test]
fn a_cancel_that_leaves_a_part_says_what_is_kept() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 0);
    rig.keys("4x<enter>");
    let mut error = engine::Error::new(Code::Cancelled, format!("`{HEAD}` was cancelled"))
        .with_state("partly applied: 1 of 2 statements are kept");
    error.aftermath = Aftermath::Partly;
    rig.end(JobId(1), Err(error));
    let screen = rig.text();
    assert!(
        screen.contains("stopped part-way") && screen.contains("1 of 2 statements"),
        "{screen}"
    );
    rig.effects.clear();
    rig.keys("r");
    assert!(matches!(rig.app.layers.last(), Some(Layer::Confirm(_))), "it asks, and goes on");
}

#[test]
fn who_holds_the_locks_is_selected() {
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 0);
    let blocker = Blocker {
        pid: 48277,
        app: "psql".into(),
        user: "ana".into(),
        client: "local".into(),
        state: "idle in transaction".into(),
        query: "SELECT 1".into(),
        age: Duration::from_secs(9),
    };
    let blocked = engine::Event::Blocked { by: vec![blocker], waited: Duration::from_secs(2) };
    rig.report(WorkerEvent::Progress(JobId(1), blocked));
    let mut error = engine::Error::new(Code::DdlLockTimeout, "no locks in 10 tries");
    error.aftermath = Aftermath::RolledBack;
    rig.end(JobId(1), Err(error));
    rig.keys("3");
    assert_eq!((rig.app.screen, rig.app.database.section), (Screen::Database, Section::Sessions));
    let session = |pid| SessionRow {
        pid,
        user: "ana".into(),
        app: "psql".into(),
        client: "local".into(),
        state: "idle in transaction".into(),
        age: Duration::from_secs(9),
        wait: None,
        query: "SELECT 1".into(),
        blocked_by: Vec::new(),
        ours: false,
    };
    let sessions = [1, 2, 48277, 4].map(session).to_vec();
    let activity = Activity { sessions, ..Activity::default() };
    rig.report(WorkerEvent::Fresh(Part::Activity(Ok(Arc::new(activity)))));
    assert_eq!(rig.app.database.session, 2);
    rig.keys("X");
    assert!(rig.text().contains("End session 48277?"), "{}", rig.text());
}

#[test]
fn a_statement_in_doubt_is_settled_by_a_word() {
    let doubtful = || {
        Rig::remarkable(&[MERGE], CURRENT, |state| {
            (state.partial, state.doubt) = (Some((1, 2)), Some(2));
        })
    };
    let mut rig = doubtful();
    rig.keys("V");
    let screen = rig.text();
    assert!(screen.contains("Did the statement take effect?"), "{screen}");
    assert!(screen.contains("statement 2 of 2, which was running when it stopped"), "{screen}");
    assert!(screen.contains("CREATE INDEX a_at"), "it shows which one: {screen}");
    assert!(screen.contains("1 of 2 statements"), "and what is done: {screen}");
    rig.keys("<enter>");
    assert_eq!(rig.runs(), [format!("resolve {CURRENT} --done")]);
    let mut rig = doubtful();
    rig.keys("Vn");
    assert_eq!(rig.runs(), [format!("resolve {CURRENT} --redo")]);
    let mut rig = doubtful();
    rig.keys("V<esc>");
    assert!(rig.runs().is_empty());
    // Nothing is in doubt where the next statement was not begun.
    let mut rig = Rig::remarkable(&[MERGE], CURRENT, |state| state.partial = Some((1, 2)));
    rig.keys("V");
    assert!(rig.app.layers.is_empty());
    assert!(rig.app.toasts[0].text.contains("no statement is in doubt"), "{:?}", rig.app.toasts);
    // Not without a half-done revision, nor on a read-only profile.
    let mut rig = Rig::at(&[CURRENT]);
    rig.keys("V");
    assert!(rig.app.toasts[0].text.contains("no statement was interrupted"));
    assert!(Action::Settle.enabled(&Rig::guarded(Guard::Prod, &[CURRENT]).app).is_err());
}

#[test]
fn broken_files_and_the_first_of_them_are_told_on_the_graph() {
    let mut rig = Rig::at(&[MERGE]);
    let mut revisions = rig.history.revisions().to_vec();
    revisions.push(revisions[0].clone());
    let broken = Arc::new(limbeck::revision::History::from_revisions(revisions));
    assert!(!broken.problems().is_empty());
    rig.history = Arc::clone(&broken);
    rig.report(WorkerEvent::Fresh(Part::History(broken)));
    let screen = rig.text();
    assert!(screen.contains("! what it means"), "{screen}");
    rig.keys("!");
    assert!(rig.text().contains(Case::Files.what()), "{}", rig.text());
    rig.effects.clear();
    rig.keys("e");
    let edited = rig.effects.iter().any(|effect| matches!(effect, Effect::Edit(..)));
    assert!(edited, "{:?}", rig.effects);
}

#[test]
fn a_past_failure_does_not_offer_to_run_again_what_ran_then() {
    let mut rig = ended(engine::Error::new(Code::Sql, "it went wrong"));
    rig.app.layers.clear();
    for (attempt, again) in [(Attempt::Past, false), (Attempt::Run, true)] {
        let ways = trouble::ways(&rig.app, Case::Locks, attempt, None);
        let found = ways.iter().any(|(action, _)| *action == Action::ResumeJob);
        assert_eq!(found, again, "{attempt:?}: {ways:?}");
    }
}

#[test]
fn the_command_log_shows_and_copies_what_ran_whole() {
    let mut rig = Rig::at(&[MERGE]);
    rig.keys("@");
    assert!(rig.text().contains("nothing has run yet"), "{}", rig.text());
    rig.keys("<esc>U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 1);
    rig.app.layers.clear();
    rig.keys("@");
    let screen = rig.text();
    assert!(screen.contains("CREATE INDEX a_at ON a (created_at);"), "{screen}");
    rig.keys("<enter>");
    assert!(rig.text().contains("CREATE INDEX a_at ON a (created_at);"), "{}", rig.text());
    rig.keys("y");
    let copied = rig.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.expect("it is copied");
    assert!(copied.contains("ADD COLUMN created_at timestamptz;"), "{copied}");
    assert!(copied.contains("CREATE INDEX a_at"), "{copied}");
    rig.keys("<esc><esc>");
    assert!(rig.app.layers.is_empty());
    // The key that opened it takes the pane below the graph away, and brings it back.
    let shown = rig.app.show_log;
    rig.keys("@@");
    assert_ne!(rig.app.show_log, shown);
    assert!(rig.app.layers.is_empty());
    assert_eq!(rig.asked(|job| matches!(job, Job::Run { .. })), 1);
}
