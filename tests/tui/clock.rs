//! Nothing happens while nothing changes; what is due comes when it is due.

use limbeck::{
    tui::{app::Screen, event::Effect, update},
    worker::{Job, JobId, Part, Refresh, Run, WorkerEvent},
};

use crate::fixture::{Rig, overview};

fn answer_all(rig: &mut Rig) {
    for kind in Refresh::ALL {
        rig.report(WorkerEvent::Unchanged(kind));
    }
    rig.effects.clear();
}

#[test]
fn equal_readings_draw_nothing() {
    let mut rig = Rig::at(&["7f3a91c00006"]);
    answer_all(&mut rig);
    rig.draw();
    for _ in 0..50 {
        rig.wait(1);
        let asked = rig.effects.len();
        answer_all(&mut rig);
        assert!(asked <= 4, "calm polling only");
        // Once a minute the ages change; nothing else does.
        if rig.app.now.wall.as_second() % 60 != 0 {
            assert!(!rig.app.dirty, "nothing changed, at {:?}", rig.app.now);
        }
        rig.draw();
    }
}

#[test]
fn an_idle_interface_sleeps() {
    let mut rig = Rig::at(&["7f3a91c00006"]);
    answer_all(&mut rig);
    rig.wait(20);
    answer_all(&mut rig);
    let now = rig.app.now.mono;
    let wake = update::wake(&rig.app).expect("ages change some day");
    assert!(wake >= now + std::time::Duration::from_secs(2), "woken at {wake:?}, now is {now:?}");
}

#[test]
fn an_unanswered_reading_is_not_asked_for_again() {
    let mut rig = Rig::at(&["7f3a91c00006"]);
    rig.keys("3");
    rig.effects.clear();
    for _ in 0..60 {
        rig.wait(1);
    }
    let activity = rig.asked(|job| matches!(job, Job::Refresh(Refresh::Activity)));
    assert_eq!(activity, 0, "the one asked for on entering is still out");
    rig.report(WorkerEvent::Unchanged(Refresh::Activity));
    rig.wait(2);
    assert_eq!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::Activity))), 1);
}

#[test]
fn activity_is_read_only_where_it_is_shown() {
    let mut rig = Rig::at(&["7f3a91c00006"]);
    answer_all(&mut rig);
    for _ in 0..30 {
        rig.wait(1);
        assert_eq!(
            rig.asked(|job| matches!(job, Job::Refresh(Refresh::Activity | Refresh::Log))),
            0
        );
        answer_all(&mut rig);
    }
    rig.keys("3");
    assert_eq!(rig.app.screen, Screen::Database);
    assert_eq!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::Activity))), 1);
}

#[test]
fn readings_during_a_run_do_not_undo_what_it_reported() {
    let mut rig = Rig::at(&["0b7d99e30005"]);
    rig.keys("U<enter>");
    rig.play(JobId(1), &Run::Upgrade("heads".into()), 1);
    let old = overview(&rig.history, &["0b7d99e30005"]);
    let history = rig.history.clone();
    rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, old)))));
    assert_eq!(rig.app.snapshot.rows()[0].as_str(), "7f3a91c00006");
}

#[test]
fn toasts_go_by_themselves() {
    let mut rig = Rig::at(&["2c9e11ab0007"]);
    rig.keys("U");
    assert_eq!(rig.app.toasts.len(), 1);
    rig.wait(30);
    assert!(rig.app.toasts.is_empty());
    assert!(rig.app.dirty);
}

#[test]
fn effects_of_opening_are_complete() {
    let rig = Rig::opened(limbeck::config::Guard::Dev, (80, 24));
    let kinds: Vec<Refresh> = rig
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Submit(Job::Refresh(kind)) => Some(*kind),
            _ => None,
        })
        .collect();
    for kind in [Refresh::History, Refresh::Server, Refresh::Overview] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}
