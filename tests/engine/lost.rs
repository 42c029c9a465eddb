//! Rows 1, 3, 5 and 6: the program is killed, the network is cut, the backend dies.
//!
//! A small proxy stands between engine and server and cuts the connection at a chosen message.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use limbeck::{
    config::Connection,
    db::Connector,
    engine::{Control, Engine, Event, Link},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::kit::*;
use crate::support::{TestDb, database};

/// What the proxy does when it sees the needle in what the client sends.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// The message never arrives.
    Before,
    /// It arrives; the answer never does.
    After,
}

/// Passes bytes between clients and the server; cuts the first connection that sends `needle`.
async fn proxy(server: String, needle: &'static str, cut: Cut) -> (SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let armed = Arc::new(AtomicBool::new(true));
    let state = armed.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, armed) = (server.clone(), state.clone());
            tokio::spawn(async move {
                let upstream = TcpStream::connect(server).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = upstream.into_split();
                let quiet = Arc::new(AtomicBool::new(false));
                let hush = quiet.clone();
                let back = tokio::spawn(async move {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
                        if hush.load(Ordering::SeqCst)
                            || to_client.write_all(&buffer[..n]).await.is_err()
                        {
                            break;
                        }
                    }
                });
                let mut buffer = vec![0; 1 << 16];
                while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
                    let found = String::from_utf8_lossy(&buffer[..n]).contains(needle);
                    if found && armed.swap(false, Ordering::SeqCst) {
                        if cut == Cut::After {
                            quiet.store(true, Ordering::SeqCst);
                            to_server.write_all(&buffer[..n]).await.unwrap();
                            // The server's answer ends the way back; then the client hears of it.
                            let _ = back.await;
                        } else {
                            back.abort();
                        }
                        return;
                    }
                    if to_server.write_all(&buffer[..n]).await.is_err() {
                        return;
                    }
                }
                back.abort();
            });
        }
    });
    (address, armed)
}

/// An engine that reaches the database through the proxy.
async fn through(
    db: &TestDb,
    engine: &Engine,
    needle: &'static str,
    cut: Cut,
) -> (Engine, Arc<AtomicBool>) {
    let server = format!("{}:{}", db.server().host, db.server().port);
    let (address, armed) = proxy(server, needle, cut).await;
    let direct = db.connection();
    let other = Connection::new("127.0.0.1", address.port(), &direct.user, &direct.database)
        .with_password(&db.server().password);
    let connection = Connection { sslmode: direct.sslmode, ..other };
    (Engine { link: Connector::new(connection).into(), ..engine.clone() }, armed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_5_a_cut_after_commit_is_resolved_and_the_run_goes_on() {
    let db = database().await;
    let direct = engine(&db, &tables(3));
    let (cut, armed) = through(&db, &direct, "; COMMIT", Cut::After).await;
    // Our own tables are made with a COMMIT too: they are there before.
    armed.store(false, Ordering::SeqCst);
    cut.upgrade("r001", &Control::silent()).await.unwrap();
    armed.store(true, Ordering::SeqCst);
    let (control, events) = recording();
    let report = cut.upgrade("heads", &control).await.unwrap();
    assert!(!armed.load(Ordering::SeqCst), "the connection was cut");
    assert_eq!(report.done.len(), 2);
    assert!(events.lock().unwrap().iter().any(|e| matches!(e, Event::Resolving { index: 0 })));
    assert_eq!(rows(&db).await, "r003");
    let applied = "SELECT count(*) FROM limbeck.history WHERE state = 'applied'";
    assert_eq!(ask(&db, applied).await, "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_6_a_cut_before_commit_is_rolled_back() {
    let db = database().await;
    let direct = engine(&db, &tables(2));
    direct.upgrade("r001", &Control::silent()).await.unwrap();
    let (cut, armed) = through(&db, &direct, "; COMMIT", Cut::Before).await;
    let error = cut.upgrade("heads", &Control::silent()).await.unwrap_err();
    assert!(!armed.load(Ordering::SeqCst));
    assert_eq!(error.code.as_str(), "CONN_LOST");
    assert!(error.state.unwrap().contains("`r001`"));
    assert_eq!(up(&direct).await.unwrap().done.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_6_a_cut_in_a_statement_is_rolled_back() {
    let db = database().await;
    let direct = engine(&db, &tables(2));
    for cut in [Cut::Before, Cut::After] {
        let (through, _) = through(&db, &direct, "CREATE TABLE t2 ", cut).await;
        let error = through.upgrade("heads", &Control::silent()).await.unwrap_err();
        assert_eq!(error.code.as_str(), "CONN_LOST");
        assert!(error.hint.unwrap().contains("again"));
        assert!(!there(&db, "t2").await);
    }
    up(&direct).await.unwrap();
    assert_eq!(rows(&db).await, "r002");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_2_a_cut_in_an_index_build_is_resumed() {
    let db = database().await;
    let loose = "-- x\n-- Revision ID: r002\n-- Revises: r001\n-- migrate:up transaction:false\n\
        INSERT INTO a VALUES (1);\nCREATE INDEX CONCURRENTLY a_idx ON a (n);\nINSERT INTO a VALUES (2);\n";
    let history =
        files(&[text("r001", "", "CREATE TABLE a (n int);", "DROP TABLE a;"), loose.to_owned()]);
    let direct = engine(&db, &history);
    for cut in [Cut::Before, Cut::After] {
        let (through, armed) = through(&db, &direct, "CONCURRENTLY a_idx", cut).await;
        // The step row's note never says these words, the statement does.
        let outcome = through.upgrade("heads", &Control::silent()).await;
        if armed.load(Ordering::SeqCst) {
            continue;
        }
        assert_eq!(outcome.unwrap_err().code.as_str(), "CONN_LOST");
        assert_eq!(rows(&db).await, "r001");
    }
    up(&direct).await.unwrap();
    assert_eq!(ask(&db, "SELECT string_agg(n::text, ',' ORDER BY n) FROM a").await, "1,2");
    assert_eq!(
        ask(&db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_idx'::regclass").await,
        "t"
    );
    assert_eq!(rows(&db).await, "r002");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_3_a_terminated_backend_between_revisions_changes_nothing_it_should_not() {
    let db = database().await;
    let direct = engine(
        &db,
        &chain(&[("CREATE TABLE a ();", ""), ("CREATE TABLE b (); SELECT pg_sleep(600);", "")]),
    );
    let (killer, handle) = (direct.clone(), tokio::runtime::Handle::current());
    let pid = std::sync::Mutex::new(0);
    let control = Control::new(move |event| match event {
        Event::Connected { pid: ours } => *pid.lock().unwrap() = ours,
        Event::StatementStarted { index: 1, statement: 2, .. } => {
            let (killer, pid) = (killer.clone(), *pid.lock().unwrap());
            handle.spawn(async move { killer.signal_backend(pid, true).await.unwrap() });
        }
        _ => {}
    });
    let error = direct.upgrade("heads", &control).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CONN_LOST");
    assert_eq!(ids(&error.done), ["r001"]);
    assert!(there(&db, "a").await && !there(&db, "b").await);
}

/// The other half of the next test: a runner in a process of its own, to be killed.
#[tokio::test]
async fn runner_process() {
    let Ok(target) = std::env::var("LIMBECK_TEST_RUNNER_URL") else { return };
    let mut config: tokio_postgres::Config = target.parse().unwrap();
    config.application_name("victim");
    let history = killed_history();
    let engine = Engine { history, link: config.into(), options: options() };
    up(&engine).await.unwrap();
}

/// Pauses that a test can hit: each statement waits for a lock that the test holds.
fn killed_history() -> Arc<limbeck::revision::History> {
    chain(&[
        ("CREATE TABLE a (n int);", "DROP TABLE a;"),
        (
            "SET lock_timeout = 0;\nINSERT INTO a VALUES (1);\nSELECT pg_advisory_xact_lock(77);\n\
             CREATE TABLE b (n int);",
            "DROP TABLE b; DELETE FROM a;",
        ),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_1_a_killed_runner_leaves_nothing_half_done() {
    let db = database().await;
    let gate = db.client().await;
    gate.batch_execute("SELECT pg_advisory_lock(77)").await.unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "engine::lost::runner_process", "--nocapture"])
        .env("LIMBECK_TEST_RUNNER_URL", db.url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It is inside of the second revision once it waits at the gate.
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim' AND \
                   wait_event_type = 'Lock' AND datname = current_database()";
    for _ in 0..600 {
        if ask(&db, waiting).await == "1" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ask(&db, waiting).await, "1", "the runner reached the gate");
    child.kill().unwrap();
    child.wait().unwrap();
    // A new runner waits for the dead one's backend, which ends by itself where it can (14 and later).
    if db.server().major < 14 {
        gate.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
    }
    let engine = engine(&db, &killed_history());
    let next = tokio::spawn(async move { up(&engine).await.map(|report| report.done.len()) });
    if db.server().major >= 14 {
        let gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim' \
                    AND datname = current_database()";
        while ask(&db, gone).await != "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gate.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
    }
    assert_eq!(next.await.unwrap().unwrap(), 1);
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "1");
    assert_eq!(rows(&db).await, "r002");
}

#[tokio::test]
async fn a_connection_that_never_was_is_not_called_lost() {
    // A port that nothing listens on: it was free a moment ago, and is ours to free.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = Connection::new("127.0.0.1", port, "ann", "app");
    let connector = Connector::new(nowhere);
    let pool = connector.pool(1).unwrap();
    let foreign = {
        let config = format!("host=127.0.0.1 port={port} user=ann dbname=app").parse().unwrap();
        let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
        deadpool_postgres::Pool::builder(manager).max_size(1).build().unwrap()
    };
    let links = [
        (Link::from(connector.clone()), "nothing listens for ann@127.0.0.1"),
        (Link::from((connector, pool)), "nothing listens for ann@127.0.0.1"),
        (Link::from(foreign), "no connection to the database: connection refused"),
    ];
    for (link, words) in links {
        let engine = Engine { history: tables(1), link, options: options() };
        let error = engine.overview().await.unwrap_err();
        assert_eq!(error.code, limbeck::code::Code::Connect, "{error}");
        assert!(error.message.starts_with(words), "{error}");
        assert!(error.hint.is_some(), "{error} has no hint");
    }
}
