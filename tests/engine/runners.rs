//! Rows 7 to 9 and 36: several runners at once.

use std::sync::{Arc, Mutex};

use limbeck::{
    engine::{Control, Event},
    revision::History,
};

use super::kit::*;
use crate::support::{TestDb, database};

/// Starts `count` runners at once; returns how many revisions each of them applied.
async fn race(db: &TestDb, history: &Arc<History>, count: usize) -> Vec<usize> {
    let barrier = Arc::new(tokio::sync::Barrier::new(count));
    let runs: Vec<_> = (0..count)
        .map(|_| {
            let (engine, barrier) = (engine(db, history), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                up(&engine).await.map(|report| report.done.len())
            })
        })
        .collect();
    let mut done = Vec::new();
    for run in runs {
        done.push(run.await.unwrap().unwrap_or_else(|e| panic!("{e:?}")));
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_7_two_eight_and_fifty_runners_apply_once() {
    for count in [2, 8, 50] {
        let db = database().await;
        let done = race(&db, &tables(4), count).await;
        assert_eq!(done.iter().sum::<usize>(), 4, "{count}: {done:?}");
        assert_eq!(rows(&db).await, "r004");
        assert_eq!(ask(&db, "SELECT count(*) FROM limbeck.history").await, "4", "{count} runners");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_8_waiting_runners_do_not_break_an_index_build() {
    let db = database().await;
    let file = "-- x\n-- Revision ID: r002\n-- Revises: r001\n-- migrate:up transaction:false\n\
        CREATE INDEX CONCURRENTLY a_idx ON a (n);\n";
    let history = files(&[
        text("r001", "", "CREATE TABLE a AS SELECT generate_series(1, 50000) n;", "DROP TABLE a;"),
        file.to_owned(),
    ]);
    let done = race(&db, &history, 6).await;
    assert_eq!(done.iter().sum::<usize>(), 2);
    assert_eq!(
        ask(&db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_idx'::regclass").await,
        "t"
    );
}

#[tokio::test]
async fn row_9_another_tool_between_look_and_change_loses_nothing() {
    let db = database().await;
    exec(&db, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)").await;
    let mut ours = engine(&db, &tables(3));
    ours.options.version_table.schema = "public".into();
    ours.options.version_table.name = "alembic_version".into();
    ours.upgrade("r001", &Control::silent()).await.unwrap();

    // Alembic changes the row between our second and third revision.
    let other = Arc::new(Mutex::new(Some(db.client().await)));
    let (other_side, handle) = (other.clone(), tokio::runtime::Handle::current());
    let control = Control::new(move |event| {
        if matches!(event, Event::RevisionFinished { index: 0, .. })
            && let Some(client) = other_side.lock().unwrap().take()
        {
            let steal = "UPDATE alembic_version SET version_num = 'r001'";
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    // The connection's task runs on the test's runtime.
                    handle.spawn(async move { client.batch_execute(steal).await.unwrap() });
                });
            });
        }
    });
    // The observer cannot wait for the theft, so the second revision takes its time at the start.
    ours.history = chain(&[
        ("CREATE TABLE t1 (id bigint PRIMARY KEY);", "DROP TABLE t1;"),
        ("CREATE TABLE t2 (id bigint PRIMARY KEY);", "DROP TABLE t2;"),
        ("CREATE TABLE t3 (id bigint PRIMARY KEY); SELECT pg_sleep(0.5);", "DROP TABLE t3;"),
    ]);
    let outcome = ours.upgrade("heads", &control).await;
    let row = ask(&db, "SELECT version_num FROM alembic_version").await;
    match outcome {
        // The theft came before our swap: it matched nothing.
        Err(error) => {
            assert_eq!(error.code.as_str(), "HEAD_MOVED");
            assert_eq!(row, "r001");
            assert!(!there(&db, "t3").await);
        }
        // Or it waited for our transaction and then overwrote; ours was whole before.
        Ok(_) => assert!(there(&db, "t3").await),
    }
}

#[tokio::test]
async fn row_9_the_swap_fails_when_the_row_is_gone() {
    let db = database().await;
    let engine = engine(&db, &tables(2));
    engine.upgrade("r001", &Control::silent()).await.unwrap();
    let blocker = db.client().await;
    blocker.batch_execute("BEGIN; UPDATE limbeck.version SET version_num = 'r000'").await.unwrap();
    let (commit, handle) = (Arc::new(Mutex::new(Some(blocker))), tokio::runtime::Handle::current());
    let control = Control::new(move |event| {
        // Our swap waits for the other's transaction; then it commits.
        if matches!(event, Event::Blocked { .. })
            && let Some(client) = commit.lock().unwrap().take()
        {
            handle.spawn(async move { client.batch_execute("COMMIT").await.unwrap() });
        }
    });
    let error = engine.upgrade("heads", &control).await.unwrap_err();
    assert_eq!(error.code.as_str(), "HEAD_MOVED");
    assert!(!there(&db, "t2").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_36_two_version_tables_do_not_wait_for_each_other() {
    let db = database().await;
    let first = engine(&db, &tables(1));
    let mut second = engine(&db, &files(&[text("x1", "", "CREATE TABLE x1 ();", "")]));
    second.options.version_table.name = "version_of_x".into();
    second.options.if_locked = limbeck::engine::IfLocked::Fail;
    let holder = db.client().await;
    let key = limbeck::db::lock::LockKey::new(&first.options.version_table);
    assert!(limbeck::db::lock::try_lock(&holder, key).await.unwrap());
    up(&second).await.unwrap();
    drop(holder);
    up(&first).await.unwrap();
    assert_eq!(ask(&db, "SELECT version_num FROM limbeck.version_of_x").await, "x1");
    assert_eq!(rows(&db).await, "r001");
}
