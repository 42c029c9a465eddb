//! The screen of changes, by keys and scripted reports: choosing, answering, writing, failing.

use std::sync::Arc;

use limbeck::{
    code::Code,
    config::Guard,
    engine,
    tui::{
        app::{Screen, Target},
        demo,
        event::{Effect, Event},
        layer::{Accept, Layer, Subject},
        pending::{PendingPane, TreeRow},
    },
    worker::{
        Job, Part, Refresh, Run, Work, WorkerEvent,
        pending::{Changes, Written},
    },
};

use crate::fixture::{HEAD, Rig, overview};

/// On the screen, with its changes.
fn rig() -> Rig {
    let mut rig = Rig::at(&[HEAD]);
    rig.keys("2");
    rig.changes(demo::pending::changes());
    rig.effects.clear();
    rig
}

fn item(rig: &Rig, name: &str) -> usize {
    let changes = rig.app.pending.changes.as_ref().expect("they are compared");
    changes.items.iter().position(|item| item.name == name).expect("a change of this name")
}

/// Selects a change.
fn select(rig: &mut Rig, name: &str) {
    let wanted = TreeRow::Item(item(rig, name));
    rig.keys("gg");
    for _ in 0..rig.app.pending.rows.len() {
        if rig.app.pending.rows[rig.app.pending.selected] == wanted {
            return;
        }
        rig.keys("j");
    }
    panic!("{name} is not in the tree");
}

fn chosen(rig: &Rig, name: &str) -> bool {
    rig.app.pending.chosen[item(rig, name)]
}

fn toasts(rig: &Rig) -> String {
    rig.app.toasts.iter().map(|toast| toast.text.clone() + "\n").collect()
}

fn written(path: &str) -> WorkerEvent {
    let written = Written { path: path.into(), notes: Vec::new() };
    WorkerEvent::Written(Ok(Arc::new(written)))
}

#[test]
fn what_loses_data_is_off_and_the_rest_on() {
    let mut rig = rig();
    assert!(!chosen(&rig, "nickname") && !chosen(&rig, "mail"));
    assert_eq!(rig.app.pending.chosen(), 14);
    let shown = rig.text();
    assert!(shown.contains("14 of 16") && shown.contains("DATA LOSS"), "{shown}");
    assert!(shown.contains("2 destructive (off)"), "{shown}");
    assert!(!shown.contains("DROP COLUMN nickname"), "{shown}");
    assert!(shown.contains("⚠16"), "the tab counts them: {shown}");
}

#[test]
fn a_choice_carries_what_it_needs() {
    let mut rig = rig();
    // The enum goes, and with it the column that needs it.
    select(&mut rig, "order_status");
    rig.keys(" ");
    assert!(!chosen(&rig, "order_status") && !chosen(&rig, "status"));
    assert!(toasts(&rig).contains("status went along"), "{}", toasts(&rig));
    let planned = rig.app.pending.planned.clone().expect("a plan");
    assert!(!planned.up.text().contains("CREATE TYPE"), "{}", planned.up.text());
    // The column comes back, and brings the enum.
    select(&mut rig, "status");
    rig.keys(" ");
    assert!(chosen(&rig, "order_status") && chosen(&rig, "status"));
    assert!(toasts(&rig).contains("order_status came along"), "{}", toasts(&rig));
}

#[test]
fn all_and_none() {
    let mut rig = rig();
    select(&mut rig, "nickname");
    rig.keys(" ");
    assert_eq!(rig.app.pending.chosen(), 15);
    rig.keys("a");
    assert_eq!(rig.app.pending.chosen(), 14, "all but what loses data");
    rig.keys("a");
    assert_eq!(rig.app.pending.chosen(), 0);
    assert!(rig.text().contains("nothing is chosen"));
    rig.keys("c");
    assert!(toasts(&rig).contains("nothing is chosen") && rig.app.layers.is_empty());
    rig.keys("a");
    assert_eq!(rig.app.pending.chosen(), 14);
}

#[test]
fn a_group_is_chosen_and_folded_as_a_whole() {
    let mut rig = rig();
    let refunds = TreeRow::Group(2);
    rig.app.pending.selected = rig.app.pending.rows.iter().position(|r| *r == refunds).unwrap();
    let before = rig.app.pending.rows.len();
    rig.keys("z");
    assert_eq!(rig.app.pending.rows.len(), before + 7, "a new table begins folded");
    rig.keys(" ");
    assert!(!chosen(&rig, "billing.refunds") && !chosen(&rig, "amount"));
    rig.keys(" ");
    assert!(chosen(&rig, "billing.refunds") && chosen(&rig, "amount"));
    // From one of its parts the group is folded, and stays selected.
    rig.keys("jjz");
    assert_eq!(rig.app.pending.rows[rig.app.pending.selected], refunds);
}

#[test]
fn choices_and_place_outlive_another_comparison() {
    let mut rig = rig();
    select(&mut rig, "nickname");
    rig.keys(" ");
    select(&mut rig, "currency");
    rig.keys(" ");
    // Another comparison without the index, so that everything moves.
    let mut changes = demo::pending::changes();
    changes.items.remove(6);
    changes.groups[1].items.end -= 1;
    for group in &mut changes.groups[2..] {
        group.items = group.items.start - 1..group.items.end - 1;
    }
    for item in &mut changes.items {
        for list in [&mut item.needs, &mut item.needed_by] {
            for at in list {
                *at -= usize::from(*at > 6);
            }
        }
    }
    rig.changes(changes);
    assert!(chosen(&rig, "nickname") && !chosen(&rig, "currency"));
    assert_eq!(rig.app.pending.item(), Some(item(&rig, "currency")));
}

#[test]
fn questions_are_answered_in_place() {
    let mut rig = rig();
    assert!(rig.text().contains("renamed? column customers.mail → email"));
    // From elsewhere the key leads to the question, and answers nothing.
    rig.keys("jy");
    assert!(toasts(&rig).contains("the question is selected: y or n answers it"));
    assert_eq!(rig.asked(|job| matches!(job, Job::Renames(_))), 0);
    rig.keys("y");
    let renames = rig.effects.iter().find_map(|effect| match effect {
        Effect::Submit(Job::Renames(renames)) => Some(renames.clone()),
        _ => None,
    });
    let renames = renames.expect("the worker is told");
    let told: Vec<String> = renames.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["column public.customers.mail to email"]);
    assert_eq!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::Changes))), 1, "compared anew");
    assert!(!rig.text().contains("renamed?"));
    // What is renamed is told, and can be taken back.
    let questions = Vec::new();
    rig.changes(Changes { renames, questions, ..demo::pending::changes() });
    assert!(rig.text().contains("renamed column customers.mail → email"), "{}", rig.text());
    rig.effects.clear();
    rig.keys("ggn");
    let undone = |job: &Job| matches!(job, Job::Renames(renames) if renames.is_empty());
    assert_eq!(rig.asked(undone), 1);
    // A no changes nothing but the question.
    let mut other = self::rig();
    other.keys("ggn");
    assert!(other.effects.is_empty() && !other.text().contains("renamed?"));
}

#[test]
fn a_revision_is_proved_written_and_shown() {
    let mut rig = rig();
    rig.keys("c");
    rig.keys("<enter>");
    assert!(toasts(&rig).contains("needs a message"));
    rig.keys("corders: status<enter>");
    let job = rig.effects.iter().find_map(|effect| match effect {
        Effect::Submit(Job::Write { chosen, revision, .. }) => Some((chosen.clone(), revision)),
        _ => None,
    });
    let (chosen, revision) = job.expect("the worker writes");
    assert_eq!(chosen.iter().filter(|on| **on).count(), 14);
    assert_eq!(revision.message, "orders: status");
    rig.report(WorkerEvent::Stage(Work::Write, "copying the schema of the database".into()));
    rig.report(WorkerEvent::Stage(Work::Write, "running the plan in a scratch database".into()));
    let shown = rig.text();
    assert!(
        shown.contains("✔ copying the schema") && shown.contains("running the plan"),
        "{shown}"
    );
    // Meanwhile nothing can be chosen.
    rig.keys(" ");
    assert!(toasts(&rig).contains("is being proved"), "{}", toasts(&rig));
    rig.effects.clear();
    rig.report(written("/srv/shop/migrations/aaaa_orders_status.sql"));
    assert_eq!(rig.app.screen, Screen::Graph, "the file is shown where revisions are");
    assert!(
        toasts(&rig).contains("proved, and created migrations/aaaa_orders_status.sql; e opens")
    );
    assert_eq!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::History))), 1);
    assert!(rig.app.pending.writing.is_none() && !rig.app.apply_when_seen);
}

#[test]
fn a_proof_can_be_stopped() {
    let mut rig = rig();
    rig.keys("cx<enter>x");
    assert_eq!(rig.asked(|job| matches!(job, Job::Stop(Work::Write))), 1);
    rig.keys("x");
    assert!(toasts(&rig).contains("being stopped"));
    let error = engine::Error::new(Code::Cancelled, "cancelled");
    rig.report(WorkerEvent::Written(Err(error.into())));
    assert!(toasts(&rig).contains("no revision was created") && rig.app.layers.is_empty());
    assert!(rig.app.pending.writing.is_none());
}

#[test]
fn a_refuted_plan_is_shown_with_everything_to_report() {
    let mut rig = rig();
    rig.keys("cx<enter>");
    let mut error =
        engine::Error::new(Code::Unproved, "the plan does not lead to the goal: `table a` differs");
    error.more = vec!["-- the script that was run".into(), "ALTER TABLE a".into()];
    rig.report(WorkerEvent::Written(Err(error.into())));
    let shown = rig.text();
    assert!(
        shown.contains("does not lead to the goal") && shown.contains("ALTER TABLE a"),
        "{shown}"
    );
    rig.effects.clear();
    rig.keys("y");
    let copied = rig.effects.iter().any(
        |effect| matches!(effect, Effect::Copy(text) if text.contains("the script that was run")),
    );
    assert!(copied, "{:?}", rig.effects);
}

#[test]
fn apply_now_writes_and_then_asks_for_the_upgrade() {
    let mut rig = rig();
    rig.keys("Anow<enter>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Write { .. })), 1);
    // The file that was "written" is one of the history that is read next.
    let path = rig.history.revisions()[6].path.clone();
    let rows = ["7f3a91c00006"];
    rig.report(written(&path.display().to_string()));
    let history = crate::fixture::history();
    let below = overview(&history, &rows);
    rig.report(WorkerEvent::Fresh(Part::History(Arc::clone(&history))));
    rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, below)))));
    let Some(Layer::Confirm(confirm)) = rig.app.layers.last() else { panic!("no question") };
    assert_eq!(confirm.accept, Accept::Run(Run::Upgrade(HEAD.into())));
    // Elsewhere than on a developer's own database: never.
    for guard in [Guard::Staging, Guard::Prod] {
        let mut rig = Rig::guarded(guard, &[HEAD]);
        rig.keys("2");
        rig.changes(demo::pending::changes());
        rig.keys("A");
        assert!(toasts(&rig).contains("only on a dev profile"), "{}", toasts(&rig));
        assert!(rig.app.layers.is_empty());
    }
}

#[test]
fn no_revision_while_others_are_pending() {
    let mut rig = Rig::at(&["7f3a91c00006"]);
    rig.keys("2");
    rig.changes(demo::pending::changes());
    assert!(rig.text().contains("1 revision is pending"), "{}", rig.text());
    rig.keys("c");
    assert!(toasts(&rig).contains("upgrade first") && rig.app.layers.is_empty());
}

#[test]
fn the_screen_says_what_to_do_when_there_is_nothing_to_choose() {
    for size in [(120, 36), (80, 24), (60, 15)] {
        let mut rig = Rig::at(&[HEAD]);
        rig.event(Event::Resize(size.0, size.1));
        rig.keys("2");
        assert!(rig.text().contains("Comparing the models"), "{}", rig.text());
        rig.report(WorkerEvent::Stage(Work::Changes, "building the models".into()));
        assert!(rig.text().contains("building the models"));
        let missing = Changes { missing: Some("/srv/shop/models".into()), ..Changes::default() };
        rig.changes(missing);
        let shown = rig.text();
        assert!(shown.contains("no models") && shown.contains("`models`"), "{shown}");
        rig.changes(Changes::default());
        assert!(rig.text().contains("Models and database agree"), "{}", rig.text());
        let mut error = engine::Error::new(Code::Sql, "models/a.sql:3: type \"x\" does not exist");
        error.more = vec!["models/b.sql:7: relation \"y\" does not exist".into()];
        rig.report(WorkerEvent::Fresh(Part::Changes(Err(error.into()))));
        let shown = rig.text();
        assert!(shown.contains("models/a.sql:3") && shown.contains("models/b.sql:7"), "{shown}");
        rig.effects.clear();
        rig.keys("r");
        assert_eq!(rig.asked(|job| matches!(job, Job::Refresh(Refresh::Changes))), 1);
    }
}

#[test]
fn changes_are_compared_again_when_something_changed() {
    let again = |rig: &Rig| rig.asked(|job| matches!(job, Job::Refresh(Refresh::Changes)));
    let mut rig = rig();
    rig.report(WorkerEvent::ModelsChanged);
    assert_eq!(again(&rig), 1);
    assert!(rig.text().contains("comparing"), "the list stays: {}", rig.text());
    assert!(rig.text().contains("customer_id"));
    rig.report(WorkerEvent::Unchanged(Refresh::Changes));
    assert!(!rig.text().contains("comparing"));
    // Not while a revision is being proved: then.
    rig.effects.clear();
    rig.keys("cx<enter>");
    rig.report(WorkerEvent::ModelsChanged);
    assert_eq!(again(&rig), 0);
    rig.report(written("/srv/shop/migrations/x.sql"));
    assert_eq!(again(&rig), 1);
    // Another position of the database is other differences.
    let mut rig = self::rig();
    let history = rig.history.clone();
    let moved = overview(&history, &["7f3a91c00006"]);
    rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, moved)))));
    assert_eq!(again(&rig), 1);
}

#[test]
fn a_comparison_that_missed_the_database_is_made_once_when_it_answers() {
    let again = |rig: &Rig| rig.asked(|job| matches!(job, Job::Refresh(Refresh::Changes)));
    let answers = |rig: &mut Rig| {
        let history = rig.history.clone();
        let overview = overview(&history, &[HEAD]);
        rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, overview)))));
    };
    let gone = Arc::new(engine::Error::new(Code::Connect, "no connection"));
    let mut rig = rig();
    rig.report(WorkerEvent::Fresh(Part::Overview(Err(Arc::clone(&gone)))));
    rig.report(WorkerEvent::Fresh(Part::Changes(Err(Arc::clone(&gone)))));
    assert_eq!(again(&rig), 0);
    answers(&mut rig);
    assert_eq!(again(&rig), 1);
    // It may be the server for scratch databases that does not answer.
    rig.report(WorkerEvent::Fresh(Part::Changes(Err(gone))));
    answers(&mut rig);
    assert_eq!(again(&rig), 1);
}

#[test]
fn production_is_compared_only_when_it_is_looked_at() {
    for (guard, asked) in [(Guard::Dev, 1), (Guard::Staging, 0), (Guard::Prod, 0)] {
        let mut rig = Rig::opened(guard, (120, 36));
        let history = rig.history.clone();
        rig.report(WorkerEvent::Fresh(Part::History(Arc::clone(&history))));
        let overview = overview(&history, &[HEAD]);
        rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, overview)))));
        let count = rig.asked(|job| matches!(job, Job::Refresh(Refresh::Changes)));
        assert_eq!(count, asked, "{guard:?}");
    }
}

#[test]
fn small_screens_show_one_thing_at_a_time() {
    let mut rig = rig();
    rig.event(Event::Resize(80, 24));
    select(&mut rig, "status");
    assert!(!rig.text().contains("SQL up") && rig.text().contains("l details"), "{}", rig.text());
    rig.keys("l");
    let shown = rig.text();
    assert!(shown.contains("before → after") && shown.contains("SQL up"), "{shown}");
    rig.event(Event::Resize(60, 15));
    assert!(rig.text().contains("before → after") && !rig.text().contains("SQL up"));
    rig.keys("l");
    assert_eq!(rig.app.pending.pane, PendingPane::Sql);
    assert!(rig.text().contains("SQL up"), "{}", rig.text());
    rig.keys("<tab>");
    assert!(rig.text().contains("SQL down"), "{}", rig.text());
    rig.keys("<esc>");
    assert!(rig.text().contains("Pending · models → database"), "{}", rig.text());
}

#[test]
fn the_selected_change_leads_object_and_sql() {
    let mut rig = rig();
    select(&mut rig, "overdue(integer)");
    let shown = rig.text();
    assert!(shown.contains("function overdue(integer) · before → after"), "{shown}");
    assert!(shown.contains("status <> 'shipped'"), "{shown}");
    assert!(shown.contains("▎CREATE OR REPLACE FUNCTION"), "{shown}");
    // The whole, side by side, begins there.
    rig.keys("<enter>");
    assert_eq!(rig.app.diff().map(|diff| diff.subject), Some(Subject::Changes));
    let shown = rig.text();
    assert!(shown.contains("object 5/5") && shown.contains("function overdue"), "{shown}");
    rig.keys("[[");
    assert!(rig.text().contains("object 3/5") || rig.text().contains("object 4/5"));
    rig.keys("gg]");
    assert!(rig.text().contains("table orders · object 2/5"), "{}", rig.text());
    rig.keys("<tab>");
    assert!(toasts(&rig).contains("no scripts yet"));
}

#[test]
fn clicks_choose_and_select() {
    let mut rig = rig();
    rig.draw();
    let row = rig.app.pending.rows.iter().position(|r| *r == TreeRow::Item(4)).unwrap();
    let place = |rig: &Rig, boxed: bool| {
        let found = rig.app.hits.boxes.iter().find(|(_, t)| *t == Target::Change(row, boxed));
        let (area, _) = found.expect("it is on the screen");
        (area.x + if boxed { 5 } else { 20 }, area.y)
    };
    let click = |rig: &mut Rig, (column, row): (u16, u16)| {
        rig.event(Event::Mouse(crossterm::event::MouseEvent {
            kind: crossterm::event::MouseEventKind::Down(crossterm::event::MouseButton::Left),
            column,
            row,
            modifiers: crossterm::event::KeyModifiers::NONE,
        }));
    };
    let at = place(&rig, false);
    click(&mut rig, at);
    assert_eq!((rig.app.pending.item(), chosen(&rig, "status")), (Some(4), true));
    let at = place(&rig, true);
    click(&mut rig, at);
    assert!(!chosen(&rig, "status"));
}

#[test]
fn a_revision_is_shown_by_object_and_its_scripts_are_one_key_away() {
    let mut rig = Rig::at(&[HEAD]);
    rig.objects = Some(Arc::new(demo::pending::of_revision()));
    rig.keys("<enter>");
    let shown = rig.text();
    assert!(shown.contains("table orders") && shown.contains("object 1/2"), "{shown}");
    assert!(
        shown.contains("before  at 7f3a91c0") && shown.contains("after  at 2c9e11ab"),
        "{shown}"
    );
    rig.keys("<tab>");
    assert!(rig.text().contains("ADD COLUMN currency"), "{}", rig.text());
    rig.keys("<tab>");
    assert!(rig.text().contains("object 1/2"));
}

#[test]
fn without_a_scratch_database_the_scripts_are_shown_with_the_reason() {
    let mut rig = Rig::at(&[HEAD]);
    rig.keys("<enter>");
    let shown = rig.text();
    assert!(shown.contains("before and after cannot be built: no scratch database"), "{shown}");
    assert!(shown.contains("ADD COLUMN currency"), "{shown}");
    rig.keys("<tab>");
    assert!(toasts(&rig).contains("no scratch database"), "{}", toasts(&rig));
}

#[test]
fn a_view_opened_too_early_is_built_when_the_server_answers() {
    let mut rig = Rig::at(&[HEAD]);
    let overview = rig.app.snapshot.overview.take();
    rig.keys("<enter>");
    let shown = rig.text();
    assert!(shown.contains("cannot be built"), "{shown}");
    assert!(!shown.contains("no scratch database"), "{shown}");
    rig.app.snapshot.overview = overview;
    rig.event(Event::Resize(120, 36));
    let shown = rig.text();
    assert!(shown.contains("no scratch database"), "what the builder answered: {shown}");
}

#[test]
fn leaving_the_view_stops_what_is_being_built() {
    let mut rig = Rig::at(&[HEAD]);
    // The answer is still out.
    let effects = limbeck::tui::update::update(
        &mut rig.app,
        Event::Key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Enter)),
    );
    let asked = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Submit(Job::Objects { .. })))
    };
    assert!(asked(&effects), "{effects:?}");
    rig.report(WorkerEvent::Stage(Work::Objects, "running revision 2 of 6".into()));
    rig.report(WorkerEvent::Stage(Work::Objects, "running revision 3 of 6".into()));
    let shown = rig.text();
    assert!(shown.contains("running revision 3 of 6"), "{shown}");
    assert!(!shown.contains("running revision 2"), "one line that counts: {shown}");
    rig.keys("<esc>");
    assert_eq!(rig.asked(|job| matches!(job, Job::Stop(Work::Objects))), 1);
}

#[test]
fn the_form_of_a_table_is_turned_and_turned_back() {
    let mut rig = rig();
    select(&mut rig, "orders_customer_created_idx");
    let shown = rig.text();
    assert!(shown.contains("concurrent") && shown.contains("the direct form"), "{shown}");
    rig.keys("f");
    let shown = rig.text();
    assert!(shown.contains("LONG LOCK") && !shown.contains("CONCURRENTLY"), "{shown}");
    assert!(shown.contains("2.1 GB, about 12M rows"), "{shown}");
    assert!(shown.contains("2 sessions hold locks"), "{shown}");
    assert!(shown.contains("on it now (3 Locks)"), "{shown}");
    assert!(toasts(&rig).contains("table orders: the direct form"), "{}", toasts(&rig));
    rig.keys("f");
    assert!(rig.text().contains("CONCURRENTLY"));
    select(&mut rig, "nickname");
    rig.keys("f");
    assert!(toasts(&rig).contains("it has one form only"), "{}", toasts(&rig));
}

#[test]
fn a_risk_is_accepted_with_a_reason_that_stands_in_the_file() {
    let mut rig = rig();
    select(&mut rig, "nickname");
    rig.keys("i");
    assert!(matches!(rig.app.layers.last(), Some(Layer::Prompt(_))));
    rig.keys("nobody used it<enter>");
    assert!(chosen(&rig, "nickname"), "what is accepted is chosen");
    let shown = rig.text();
    assert!(shown.contains("-- limbeck: allow drop-column \"nobody used it\""), "{shown}");
    assert!(shown.contains("accepted: nobody used it"), "{shown}");
    rig.keys("i");
    let shown = rig.text();
    assert!(!shown.contains("limbeck: allow"), "{shown}");
    // Without a reason nothing is accepted.
    rig.keys("i<enter>");
    assert!(rig.app.pending.terms.accepted.is_empty());
    select(&mut rig, "email");
    rig.keys("i");
    assert!(toasts(&rig).contains("it risks nothing"), "{}", toasts(&rig));
}

#[test]
fn the_sql_is_edited_and_what_was_edited_is_written() {
    let mut rig = rig();
    rig.app.editor = true;
    rig.keys("e");
    let asked = rig.asked(|job| matches!(job, Job::Draft { edited: None, .. }));
    assert_eq!(asked, 1);
    rig.report(WorkerEvent::Drafted(Ok("draft.sql".into())));
    assert!(rig.effects.iter().any(|effect| matches!(effect, Effect::Edit(..))));
    rig.event(Event::Edited(Ok(())));
    assert_eq!(rig.asked(|job| matches!(job, Job::ReadDraft)), 1);
    let draft = limbeck::worker::pending::read(
        std::path::Path::new("draft.sql"),
        "-- migrate:up\nSELECT 'edited';\n-- migrate:down\n",
    );
    let planned = Arc::new(draft.expect("it can be read").planned());
    rig.report(WorkerEvent::DraftRead(Ok(planned)));
    let shown = rig.text();
    assert!(shown.contains("as edited") && shown.contains("SELECT 'edited'"), "{shown}");
    rig.keys("cmine<enter>");
    let text = rig.effects.iter().find_map(|effect| match effect {
        Effect::Submit(Job::Write { edited, .. }) => edited.clone(),
        _ => None,
    });
    assert!(text.expect("it is written").contains("SELECT 'edited'"));
}

#[test]
fn another_choice_gives_the_edited_sql_up() {
    let mut rig = rig();
    let draft = limbeck::worker::pending::read(
        std::path::Path::new("draft.sql"),
        "-- migrate:up\nSELECT 'edited';\n-- migrate:down\n",
    );
    let planned = Arc::new(draft.expect("it can be read").planned());
    rig.report(WorkerEvent::DraftRead(Ok(planned)));
    assert!(rig.text().contains("as edited"));
    select(&mut rig, "email");
    rig.keys(" ");
    assert!(!rig.text().contains("as edited"));
    assert!(toasts(&rig).contains("given up"), "{}", toasts(&rig));
}
