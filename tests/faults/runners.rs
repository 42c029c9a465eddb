//! Rows 7 to 9 and 36: several runners at once.

use std::{
    process::{Child, Stdio},
    sync::{Arc, Mutex},
};

use limbeck::{
    engine::{Control, Event},
    revision::History,
};

use super::specimen;
use crate::support::{TestDb, database, kit::*, on};

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
async fn row_07_two_eight_and_fifty_runners_apply_once() {
    for count in [2, 8, 50] {
        let db = database().await;
        let done = race(&db, &tables(4), count).await;
        assert_eq!(done.iter().sum::<usize>(), 4, "{count}: {done:?}");
        assert_eq!(rows(&db).await, "r004");
        assert_eq!(ask(&db, "SELECT count(*) FROM limbeck.history").await, "4", "{count} runners");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_08_waiting_runners_do_not_break_an_index_build() {
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

/// Alembic's own statement comes while ours has the row: it waits, matches nothing, and Alembic fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_09_alembic_at_the_same_time_loses_when_it_comes_second() {
    let db = database().await;
    let mut ours = engine(
        &db,
        &chain(&[("CREATE TABLE t1 ();", ""), ("CREATE TABLE t2 (); SELECT pg_sleep(0.5);", "")]),
    );
    ours.options.version_table.schema = "public".into();
    ours.options.version_table.name = "alembic_version".into();
    ours.upgrade("r001", &Control::silent()).await.unwrap();
    let running = tokio::spawn(async move { up(&ours).await });
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND wait_event = 'PgSleep'";
    until(&db, asleep).await;
    let alembic = "UPDATE alembic_version SET version_num = 'r002' WHERE version_num = 'r001'";
    let matched = db.client().await.execute(alembic, &[]).await.unwrap();
    assert_eq!(matched, 0, "Alembic takes this for an error and rolls back");
    assert_eq!(running.await.unwrap().unwrap().done.len(), 1);
    assert_eq!(ask(&db, "SELECT version_num FROM alembic_version").await, "r002");
}

#[tokio::test]
async fn row_09_the_swap_fails_when_the_row_is_gone() {
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

/// Row 7 of the failure list.
/// The program itself, fifty times, on a history with every form of section.
#[tokio::test(flavor = "multi_thread")]
async fn row_07_fifty_runners_at_once() {
    let db = database().await;
    for scripts in [specimen::TRANSACTIONAL, specimen::LOOSE] {
        let project = specimen::folder(scripts);
        let runners: Vec<Child> = (0..25)
            .map(|_| {
                let mut command = on(&project, &db, &["upgrade", "head"]);
                command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        for runner in runners {
            let output = runner.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(specimen::wrong(&db.client().await, scripts).await, None);
        exec(&db, "DROP SCHEMA limbeck CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            .await;
    }
}

/// The lock of one database is not the lock of another in the same cluster.
#[tokio::test]
async fn row_36_two_databases_do_not_wait_for_each_other() {
    let (one, two) = (database().await, database().await);
    let holder = one.client().await;
    let mut other = engine(&two, &tables(1));
    let key = limbeck::db::lock::LockKey::new(&other.options.version_table);
    assert!(limbeck::db::lock::try_lock(&holder, key).await.unwrap());
    other.options.if_locked = limbeck::engine::IfLocked::Fail;
    up(&other).await.unwrap();
}
