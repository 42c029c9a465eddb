//! Rows 30 to 32: signals, terminals that go, and a run that is asked to wait.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio_postgres::Client;

use crate::support::{Project, TestDb, database, on, project, run};

/// Waits until the query finds something.
async fn until(client: &Client, sql: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while client.query_one(sql, &[]).await.expect("the server answers").get::<_, i64>(0) == 0 {
        assert!(Instant::now() < deadline, "never true: {sql}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

const SLEEPING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND wait_event = 'PgSleep'";

fn start(project: &Project, db: &TestDb, args: &[&str]) -> Child {
    on(project, db, args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run")
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), signal).expect("it runs");
}

fn slow(up: &str) -> Project {
    let project = project();
    project.revision("aaaa11111111", "", "CREATE TABLE first ();", Some("DROP TABLE first;"));
    project.revision("bbbb22222222", "aaaa11111111", up, None);
    project
}

#[tokio::test(flavor = "multi_thread")]
async fn row_31_once_rolls_back_and_exits_with_130() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let db = database().await;
        let client = db.client().await;
        let project = slow("CREATE TABLE second ();\nSELECT pg_sleep(300);");
        let child = start(&project, &db, &["upgrade", "head"]);
        until(&client, SLEEPING).await;
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{signal} {err}");
        assert!(err.contains("error[CANCELLED]: ") && err.contains("state: "), "{err}");
        let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
        assert_eq!(rows["rows"], serde_json::json!(["aaaa11111111"]));
        let second = "SELECT count(*) FROM pg_class WHERE relname = 'second'";
        assert_eq!(client.query_one(second, &[]).await.unwrap().get::<_, i64>(0), 0);
        // The lock is free: the next run is not in anybody's way.
        run(&mut on(&project, &db, &["downgrade", "base", "--if-locked", "fail"])).exits(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_31_twice_leaves_at_once() {
    let db = database().await;
    let client = db.client().await;
    // A statement that does not let itself be cancelled, however often it is asked.
    let project = slow(
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(300); EXCEPTION WHEN query_canceled THEN \
         PERFORM set_config('application_name', 'stubborn', false); END; END LOOP; END $$;",
    );
    let child = start(&project, &db, &["upgrade", "head"]);
    until(&client, SLEEPING).await;
    send(&child, Signal::SIGINT);
    let stubborn = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'stubborn'";
    until(&client, stubborn).await;
    send(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("left without waiting"), "{err}");
    let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(rows["rows"], serde_json::json!(["aaaa11111111"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_32_a_run_is_not_suspended_with_its_locks() {
    let db = database().await;
    let client = db.client().await;
    let project = slow("SELECT pg_sleep(300);");
    let child = start(&project, &db, &["upgrade", "head"]);
    until(&client, SLEEPING).await;
    send(&child, Signal::SIGTSTP);
    send(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_30_an_administrators_cancel_is_another_error() {
    let db = database().await;
    let client = db.client().await;
    let project = slow("SELECT pg_sleep(300);");
    let child = start(&project, &db, &["upgrade", "head"]);
    until(&client, SLEEPING).await;
    let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'";
    until(&client, cancel).await;
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(8), "{err}");
    assert!(err.contains("error[CANCELLED]: "), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_07_another_runner_is_waited_for_refused_or_left_alone() {
    let db = database().await;
    let client = db.client().await;
    let project = slow("SELECT pg_sleep(300);");
    let child = start(&project, &db, &["upgrade", "head"]);
    until(&client, SLEEPING).await;
    run(&mut on(&project, &db, &["upgrade", "head", "--if-locked", "fail"])).fails("LOCK_HELD", 7);
    run(&mut on(&project, &db, &["upgrade", "head", "--wait", "100ms"])).fails("LOCK_HELD", 7);
    let args = ["upgrade", "head", "--if-locked", "skip", "--json"];
    let skipped = run(&mut on(&project, &db, &args)).exits(0);
    assert_eq!(skipped.json()["skipped"], true);
    assert!(skipped.err.contains("another runner"), "{}", skipped.err);
    send(&child, Signal::SIGINT);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_32_a_closed_stdout_does_not_stop_a_run() {
    let db = database().await;
    let client = db.client().await;
    let project = slow("SELECT pg_sleep(0.2);");
    let mut child = start(&project, &db, &["upgrade", "head", "--json"]);
    until(&client, SLEEPING).await;
    drop(child.stdout.take());
    drop(child.stderr.take());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(rows["rows"], serde_json::json!(["bbbb22222222"]));
}
