//! What must simply work.

use std::sync::Arc;

use limbeck::{
    Migrator,
    engine::{Control, Event, IfLocked, Link},
    revision::{Direction, Source},
};

use crate::support::{database, kit::*};

#[tokio::test]
async fn up_and_down() {
    let db = database().await;
    let history = tables(3);
    let engine = engine(&db, &history);
    let (control, events) = recording();
    let report = engine.upgrade("heads", &control).await.unwrap();
    assert_eq!(report.done.len(), 3);
    assert_eq!((ids(&report.before), ids(&report.after)), (vec![], vec!["r003"]));
    assert_eq!(rows(&db).await, "r003");
    assert!(there(&db, "t3").await);
    let shape: Vec<String> = events
        .lock()
        .unwrap()
        .iter()
        .filter_map(|event| {
            Some(match event {
                Event::Planned(moves) => format!("plan {}", moves.len()),
                Event::RevisionStarted { index, attempt } => format!("start {index}/{attempt}"),
                Event::StatementStarted { index, statement, line, .. } => {
                    format!("statement {index}.{statement}:{line}")
                }
                Event::StatementFinished { .. } => "ok".into(),
                Event::RevisionFinished { index, .. } => format!("done {index}"),
                _ => return None,
            })
        })
        .collect();
    assert_eq!(shape[..6], ["plan 3", "start 0/1", "statement 0.1:8", "ok", "done 0", "start 1/1"]);

    assert!(up(&engine).await.unwrap().done.is_empty());

    let report = engine.downgrade("r001", &Control::silent()).await.unwrap();
    assert_eq!(ids(&report.after), ["r001"]);
    assert!(there(&db, "t1").await && !there(&db, "t2").await);
    let report = engine.downgrade("base", &Control::silent()).await.unwrap();
    assert!(report.after.is_empty());
    assert_eq!(rows(&db).await, "");

    let record = engine.record(100).await.unwrap();
    let states: Vec<&str> = record.iter().rev().map(|e| e.state.as_str()).collect();
    assert_eq!(states, ["applied", "applied", "applied", "reverted", "reverted", "reverted"]);
    assert!(record.iter().all(|e| e.took.is_some() && e.started.is_some()));
    assert_eq!(record[5].run, record[4].run);
    assert_ne!(record[5].run, record[0].run);
}

#[tokio::test]
async fn branches_and_merges_keep_their_rows() {
    let db = database().await;
    let history = files(&[
        text("a1", "", "CREATE TABLE a1 ();", "DROP TABLE a1;"),
        text("b1", "a1", "CREATE TABLE b1 ();", "DROP TABLE b1;"),
        text("c1", "a1", "CREATE TABLE c1 ();", "DROP TABLE c1;"),
        text("m1", "b1, c1", "", ""),
    ]);
    let engine = engine(&db, &history);
    let silent = Control::silent();
    engine.upgrade("b1", &silent).await.unwrap();
    engine.upgrade("c1", &silent).await.unwrap();
    assert_eq!(rows(&db).await, "b1,c1");
    up(&engine).await.unwrap();
    assert_eq!(rows(&db).await, "m1");
    engine.downgrade("b1", &silent).await.unwrap();
    assert_eq!(rows(&db).await, "b1,c1");
    engine.downgrade("base", &silent).await.unwrap();
    assert_eq!(rows(&db).await, "");
}

#[tokio::test]
async fn every_kind_of_link() {
    let history = tables(2);
    let db = database().await;
    let mut with_config = engine(&db, &history);
    with_config.link = Link::from(db.config(&db.name));
    assert_eq!(up(&with_config).await.unwrap().done.len(), 2);
    assert_eq!(with_config.overview().await.unwrap().pending, 0);

    let db = database().await;
    let manager = deadpool_postgres::Manager::new(db.config(&db.name), tokio_postgres::NoTls);
    let pool = deadpool_postgres::Pool::builder(manager).max_size(1).build().unwrap();
    let mut with_pool = engine(&db, &history);
    with_pool.link = Link::from(pool.clone());
    assert_eq!(up(&with_pool).await.unwrap().done.len(), 2);
    assert_eq!(with_pool.overview().await.unwrap().pending, 0);
    // What it took out of the pool never comes back to it.
    let back = pool.get().await.unwrap();
    let row = back.query_one("SELECT current_setting('limbeck.run', true)", &[]).await.unwrap();
    assert_eq!(row.get::<_, Option<String>>(0), None);
}

#[tokio::test]
async fn the_library_migrates_on_startup() {
    static FILES: &[(&str, &[u8])] = &[(
        "9584caadb170_create_account_table.sql",
        b"-- create account table\n-- Revision ID: 9584caadb170\n\n-- migrate:up\nCREATE TABLE account (id bigint);\n",
    )];
    let db = database().await;
    let seen = Arc::new(std::sync::Mutex::new(0));
    let count = seen.clone();
    let migrator = Migrator::new(Source::Embedded(FILES), db.config(&db.name))
        .application("shop 1.4")
        .observer(move |_| *count.lock().unwrap() += 1);
    assert_eq!(ids(&migrator.pending().await.unwrap()), ["9584caadb170"]);
    assert!(!there(&db, "limbeck.version").await, "asking writes nothing");
    migrator.run().await.unwrap();
    assert!(there(&db, "account").await);
    assert!(migrator.pending().await.unwrap().is_empty());
    assert!(*seen.lock().unwrap() > 3);
    assert_eq!(ask(&db, "SELECT tool FROM limbeck.history").await, "shop 1.4");
}

#[tokio::test]
async fn pause_ends_after_the_revision() {
    let db = database().await;
    let engine = engine(&db, &tables(3));
    let control = Control::silent();
    let pause = control.pause.clone();
    let control = control.observed(move |event| {
        if matches!(event, Event::StatementStarted { index: 1, .. }) {
            pause.cancel();
        }
    });
    let report = engine.upgrade("heads", &control).await.unwrap();
    assert!(report.paused);
    assert_eq!(ids(&report.after), ["r002"]);
    assert_eq!(up(&engine).await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn a_dry_run_runs_and_leaves_nothing() {
    let db = database().await;
    let mut dry = engine(
        &db,
        &chain(&[
            ("CREATE TABLE a (id int); INSERT INTO a VALUES (1);", "DROP TABLE a;"),
            ("ALTER TABLE a ADD b int NOT NULL DEFAULT 0;", "ALTER TABLE a DROP b;"),
        ]),
    );
    dry.options.dry_run = true;
    let report = up(&dry).await.unwrap();
    assert!(report.dry_run && report.not_tried.is_empty());
    assert_eq!((report.done.len(), ids(&report.after)), (2, vec!["r002"]));
    assert!(!there(&db, "a").await && !there(&db, "limbeck.version").await);

    dry.history = chain(&[("CREATE TABLE a (id int); SELECT 1/0;", "")]);
    let error = up(&dry).await.unwrap_err();
    assert_eq!(error.failure.unwrap().sqlstate.as_deref(), Some("22012"));
    assert!(!there(&db, "a").await);
}

#[tokio::test]
async fn a_dry_run_says_what_it_could_not_try() {
    let db = database().await;
    let loose = "-- x\n-- Revision ID: r002\n-- Revises: r001\n-- migrate:up transaction:false\n\
                 CREATE INDEX CONCURRENTLY a_idx ON a (id);\n-- migrate:down\n";
    let history = files(&[
        text("r001", "", "CREATE TABLE a (id int);", "DROP TABLE a;"),
        loose.to_owned(),
        text("r003", "r002", "ALTER INDEX a_idx RENAME TO b_idx;", ""),
    ]);
    let mut dry = engine(&db, &history);
    dry.options.dry_run = true;
    let report = up(&dry).await.unwrap();
    assert_eq!(report.not_tried.len(), 2, "{:?}", report.not_tried);
    assert!(report.not_tried[0].contains("CREATE INDEX CONCURRENTLY"));
    assert!(report.not_tried[1].contains("002.sql") && report.not_tried[1].contains("a_idx"));
    assert_eq!(ids(&report.after), ["r002"]);
    assert!(!there(&db, "a").await);
}

#[tokio::test]
async fn all_in_one_transaction() {
    let db = database().await;
    let mut engine = engine(&db, &chain(&[("CREATE TABLE a ();", ""), ("SELECT 1/0;", "")]));
    engine.options.single_transaction = true;
    let error = up(&engine).await.unwrap_err();
    assert!(error.state.unwrap().contains("at base"));
    assert!(!there(&db, "a").await);
    engine.history = tables(3);
    assert_eq!(up(&engine).await.unwrap().done.len(), 3);
    assert_eq!(rows(&db).await, "r003");
}

#[tokio::test]
async fn a_held_lock_is_left_or_reported() {
    let db = database().await;
    let mut engine = engine(&db, &tables(1));
    let holder = db.client().await;
    let key = limbeck::db::lock::LockKey::new(&engine.options.version_table);
    assert!(limbeck::db::lock::try_lock(&holder, key).await.unwrap());
    engine.options.if_locked = IfLocked::Skip;
    assert!(up(&engine).await.unwrap().skipped);
    engine.options.if_locked = IfLocked::Fail;
    assert_eq!(up(&engine).await.unwrap_err().code.as_str(), "LOCK_HELD");
    engine.options.if_locked = IfLocked::Wait;
    engine.options.runner_wait = std::time::Duration::from_millis(120);
    let (control, events) = recording();
    let error = engine.upgrade("heads", &control).await.unwrap_err();
    assert_eq!(error.code.as_str(), "LOCK_HELD");
    assert!(error.message.contains("pid"), "{}", error.message);
    assert!(
        events
            .lock()
            .unwrap()
            .iter()
            .any(|event| matches!(event, Event::WaitingForRunner { holder: Some(_), .. }))
    );
    drop(holder);
    engine.options.runner_wait = std::time::Duration::from_mins(1);
    assert_eq!(up(&engine).await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn preview_plans_without_writing() {
    let db = database().await;
    let engine = engine(&db, &tables(2));
    let plan = engine.preview(Direction::Up, "+1").await.unwrap();
    assert_eq!(plan.moves.len(), 1);
    assert!(!there(&db, "limbeck.version").await);
}

#[tokio::test]
async fn notices_come_between_their_statements() {
    let db = database().await;
    let script =
        "DO $$ BEGIN RAISE NOTICE 'one'; END $$; SELECT 1; DO $$ BEGIN RAISE NOTICE 'two'; END $$;";
    let (control, events) = recording();
    engine(&db, &chain(&[(script, "")])).upgrade("heads", &control).await.unwrap();
    let order: Vec<String> = events
        .lock()
        .unwrap()
        .iter()
        .filter_map(|event| match event {
            Event::StatementStarted { statement, .. } => Some(format!("start {statement}")),
            Event::StatementFinished { statement, .. } => Some(format!("end {statement}")),
            Event::Notice(notice) => Some(notice.message.clone()),
            _ => None,
        })
        .collect();
    let order: Vec<&str> =
        order.iter().map(String::as_str).skip_while(|e| *e != "start 1").collect();
    assert_eq!(
        order[..8],
        ["start 1", "one", "end 1", "start 2", "end 2", "start 3", "two", "end 3"]
    );
}
