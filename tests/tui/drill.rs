//! Real faults under the whole program in a pseudo-terminal: what it says, and that the key it offers
//! goes on.

use std::{fs, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::runtime::Runtime;
use tokio_postgres::Client;

use crate::{
    pty::{NOWHERE, Screen, Stop},
    support::{self, Project, TestDb},
};

/// A database on a server that runs anyway, a client of it, and what drives that client.
fn database() -> (Runtime, TestDb, Client) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let (db, client) = runtime.block_on(async {
        let db = support::database().await;
        let client = db.client().await;
        (db, client)
    });
    (runtime, db, client)
}

/// The program on that database, at base.
fn opened(project: &Project, db: &TestDb) -> Screen {
    let mut screen = Screen::open(project, (120, 36), &[("DATABASE_URL", &db.url())]);
    screen.shows("at base");
    screen
}

#[test]
fn a_killed_session_outside_of_transactions_is_gone_on_with() {
    let (runtime, db, client) = database();
    let project = support::project();
    project.write(
        "migrations/aaaa00000001_test.sql",
        "-- slow\n--\n-- Revision ID: aaaa00000001\n-- Revises:\n\n-- migrate:up transaction:false\n\n\
         CREATE TABLE a (id int);\n\
         SELECT pg_sleep(600) WHERE to_regclass('go') IS NULL;\n\
         CREATE TABLE b (id int);\n",
    );
    let mut screen = opened(&project, &db);
    screen.keys("U");
    screen.shows("some statements run outside a transaction");
    screen.keys("\r");
    runtime.block_on(async {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                    WHERE wait_event = 'PgSleep' AND datname = current_database()";
        while client.query_one(kill, &[]).await.expect("it answers").get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        client.batch_execute("CREATE TABLE go ()").await.expect("it is made");
    });
    // The keys stand below everything else: with them the whole panel is there.
    let told = screen.shows("▶ r  run the rest of it");
    assert!(told.contains("A revision outside of transactions stopped part-way"), "{told}");
    screen.keys("\u{1b}");
    // The graph says it as well, for whoever comes later.
    screen.shows("aaaa0000 stopped after 1 of 3 statements");
    screen.upgrade();
    screen.shows("up to date");
    let made = "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')";
    let row = runtime.block_on(client.query_one(made, &[])).expect("it answers");
    assert_eq!(row.get::<_, i64>(0), 2);
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn who_holds_the_locks_is_found_ended_and_the_run_tried_again() {
    let (runtime, db, client) = database();
    let project = support::project();
    project.write("limbeck.toml", "[runner]\nlock_timeout = \"300ms\"\nlock_tries = 2\n");
    project.revision("aaaa00000001", "", "ALTER TABLE held ADD COLUMN name text;", None);
    let pid = runtime.block_on(async {
        client.batch_execute("CREATE TABLE held (id int)").await.expect("it is made");
        client.batch_execute("BEGIN; SELECT * FROM held").await.expect("it holds a lock");
        let row = client.query_one("SELECT pg_backend_pid()", &[]).await.expect("it answers");
        row.get::<_, i32>(0)
    });
    let mut screen = opened(&project, &db);
    screen.upgrade();
    let told = screen.shows("▶ r  try again");
    assert!(told.contains("Somebody held the locks it needs on every try"), "{told}");
    assert!(told.contains("database  rolled back; the database is at base"), "{told}");
    // Not again, but to the one who is in the way: he is selected there.
    screen.keys("3");
    screen.until("the session", |text| {
        text.lines().any(|line| line.contains('▶') && line.contains(&pid.to_string()))
    });
    screen.keys("X");
    screen.shows(&format!("End session {pid}?"));
    screen.keys("\r");
    screen.shows("was told to end");
    screen.keys("4r");
    screen.shows("ends at");
    screen.keys("\r");
    screen.shows("1 revision in");
    screen.keys("1");
    screen.shows("up to date");
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_cancel_shows_as_one_everywhere() {
    let (_runtime, db, _client) = database();
    let project = support::project();
    project.revision("aaaa00000001", "", "SELECT pg_sleep(600);", None);
    let mut screen = opened(&project, &db);
    screen.upgrade();
    screen.keys("4");
    screen.shows("SELECT pg_sleep(600)");
    screen.keys("x");
    screen.shows("nothing of it stays");
    screen.keys("\r");
    screen.shows("cancelled; rolled back, nothing changed");
    screen.keys("1");
    let graph = screen.shows("⊘ cancelled");
    assert!(!graph.contains("failed"), "{graph}");
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_killed_server_is_started_at_the_next_opening() {
    let project = support::project();
    project.revision("aaaa00000001", "", "CREATE TABLE a (id int);", None);
    let _stop = Stop(&project);
    let mut screen = Screen::open(&project, (80, 24), &[]);
    screen.shows("at base");
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
    let pid_file = project.path().join(".limbeck/pg/data/postmaster.pid");
    // The cluster of root's tests is elsewhere.
    let home = fs::read_to_string(project.path().join(".limbeck/cluster.json")).expect("a cluster");
    let elsewhere = home.split('"').find(|part| part.contains("tmp/limbeck-"));
    let pid_file = match elsewhere {
        Some(home) if !pid_file.exists() => format!("{home}/pg/data/postmaster.pid").into(),
        _ => pid_file,
    };
    let text = fs::read_to_string(pid_file).expect("it runs");
    let pid: i32 = text.lines().next().and_then(|line| line.parse().ok()).expect("a number");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it is ours");
    let mut screen = Screen::open(&project, (80, 24), &[]);
    screen.shows("at base");
    // Stopped by hand it stays stopped.
    screen.keys("3s");
    screen.shows("Stop the database server?");
    screen.keys("\r");
    screen.until("the stop", |text| text.contains("stopped") && text.contains("starts it"));
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
    let mut screen = Screen::open(&project, (80, 24), &[]);
    screen
        .until("the stopped server", |text| text.contains("stopped") && text.contains("starts it"));
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_key_that_comes_together_with_a_new_size_is_taken_at_once() {
    let project = support::project();
    project.revision("aaaa00000001", "", "SELECT 1;", None);
    let mut screen = Screen::open(&project, (80, 24), NOWHERE);
    screen.shows("aaaa0000");
    // It finds both at once when it goes on, and nothing else wakes it after that.
    screen.stopped(|screen| {
        screen.resize((120, 36));
        screen.keys("?");
    });
    screen.until("the key and the new size", |text| {
        text.contains("Keys: Graph") && text.lines().any(|line| line.chars().count() > 100)
    });
    screen.keys("\u{1b}");
    screen.until("the graph", |text| !text.contains("Keys: Graph"));
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_prod_profile_looks_read_only_and_runs_all_the_same() {
    let (_runtime, db, _client) = database();
    let project = support::project();
    project.write("limbeck.toml", "guard = \"prod\"\n");
    project.revision("aaaa00000001", "", "CREATE TABLE a (id int);", Some("SELECT 1;"));
    let mut screen = opened(&project, &db);
    screen.shows("PROD read-only");
    screen.keys("W");
    screen.shows("Allow changes to");
    screen.keys(&format!("{}\r", db.name));
    screen.until("the badge", |text| !text.contains("read-only"));
    screen.keys("U");
    screen.shows("to confirm");
    screen.keys(&format!("{}\r", db.name));
    screen.shows("up to date");
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}
