//! Rows 3, 4 and 31: the server stops, crashes, is a standby, fails over.

use std::{sync::Mutex, time::Duration};

use limbeck::{
    db::Connector,
    engine::{Control, Engine, Error, Event, Report},
};
use tokio::task::JoinHandle;

use crate::support::{At, Cluster, Fault, Proxy, When, database, kit::*};

/// An engine for a server of the test's own.
fn on(cluster: &Cluster, history: &std::sync::Arc<limbeck::revision::History>) -> Engine {
    Engine {
        history: history.clone(),
        link: Connector::new(cluster.connection()).into(),
        options: options(),
    }
}

/// One value from such a server.
async fn value(cluster: &Cluster, sql: &str) -> String {
    let (client, connection) = cluster.config().connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let row = client.query_one(&format!("SELECT ({sql})::text"), &[]).await.unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

/// Starts a run whose second revision sleeps, and waits until it does.
async fn asleep(cluster: &Cluster) -> (Engine, JoinHandle<Result<Report, Error>>) {
    let history = chain(&[
        ("CREATE TABLE a ();", "DROP TABLE a;"),
        ("CREATE TABLE b (); SELECT pg_sleep(current_setting('limbeck.test_sleep')::float);", ""),
    ]);
    let engine = on(cluster, &history);
    let runner = engine.clone();
    let running = tokio::spawn(async move { up(&runner).await });
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while value(cluster, sleeping).await == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (engine, running)
}

/// Rolled back, and finished by the same command when the server is there again.
async fn lost_and_finished(cluster: &Cluster, engine: &mut Engine, outcome: Result<Report, Error>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code.as_str(), "CONN_LOST", "{error:?}");
    assert_eq!(ids(&error.done), ["r001"]);
    assert!(error.state.as_deref().unwrap().contains("rolls it back"), "{error:?}");
    assert!(error.hint.as_deref().unwrap().contains("same command again"), "{error:?}");
    assert_eq!(value(cluster, "SELECT to_regclass('b') IS NULL").await, "true");
    let report = up(engine).await.unwrap();
    assert_eq!(report.done.len(), 1);
    assert_eq!(value(cluster, "SELECT version_num FROM limbeck.version").await, "r002");
}

/// A fast stop, an immediate stop and a killed postmaster, one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_03_a_server_that_stops_or_dies_rolls_back() {
    for way in ["immediate", "fast", "killed"] {
        let mut cluster = Cluster::trusting("limbeck.test_sleep = '300'");
        let (mut engine, running) = asleep(&cluster).await;
        match way {
            "killed" => cluster.kill(),
            mode => {
                cluster.stop(mode);
                cluster.ended();
            }
        }
        let outcome = running.await.unwrap();
        cluster.configure("limbeck.test_sleep = '0'");
        cluster.restart();
        lost_and_finished(&cluster, &mut engine, outcome).await;
    }
}

/// A backend that is killed takes all sessions of the server down with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_03_a_killed_backend_is_a_crash_of_the_server() {
    let cluster = Cluster::trusting("limbeck.test_sleep = '300'");
    let (mut engine, running) = asleep(&cluster).await;
    let pid =
        value(&cluster, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'").await;
    let killed = std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    assert!(killed.success());
    let outcome = running.await.unwrap();
    // It recovers by itself, once it has noticed.
    tokio::time::sleep(Duration::from_millis(300)).await;
    while cluster.config().connect(tokio_postgres::NoTls).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    engine.history = chain(&[("CREATE TABLE a ();", "DROP TABLE a;"), ("CREATE TABLE b ();", "")]);
    lost_and_finished(&cluster, &mut engine, outcome).await;
}

/// The same in the middle of a COMMIT whose answer is lost: the server's recovery decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_03_a_crash_around_a_commit_is_resolved_after_the_restart() {
    for (when, kept) in [(When::Before, false), (When::After, true)] {
        let mut cluster = Cluster::trusting("");
        let direct = on(&cluster, &tables(2));
        direct.upgrade("r001", &Control::silent()).await.unwrap();
        let proxy = Proxy::before("127.0.0.1", cluster.port).await;
        let link = Connector::new(proxy.instead_of(&cluster.connection()));
        let cut = Engine { link: link.into(), ..direct.clone() };
        proxy.arm(At::Words("; COMMIT"), Fault::Hang(when));
        let running = tokio::spawn(async move { up(&cut).await });
        proxy.strikes().await;
        cluster.kill();
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster.restart();
        match running.await.unwrap() {
            Ok(report) => assert!(kept && report.done.len() == 1),
            Err(error) => assert!(!kept && error.code.as_str() == "CONN_LOST", "{error:?}"),
        }
        assert_eq!(up(&direct).await.unwrap().done.len(), usize::from(!kept));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_03_a_terminated_backend_between_revisions_changes_nothing_it_should_not() {
    let db = database().await;
    let direct = engine(
        &db,
        &chain(&[("CREATE TABLE a ();", ""), ("CREATE TABLE b (); SELECT pg_sleep(600);", "")]),
    );
    let (killer, handle) = (direct.clone(), tokio::runtime::Handle::current());
    let pid = Mutex::new(0);
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

/// A smart stop waits for us: the run is finished first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_04_a_smart_stop_lets_the_run_finish() {
    let mut cluster = Cluster::trusting("limbeck.test_sleep = '1'");
    let (_, running) = asleep(&cluster).await;
    cluster.stop("smart");
    assert_eq!(running.await.unwrap().unwrap().done.len(), 2);
    cluster.ended();
    cluster.restart();
    assert_eq!(value(&cluster, "SELECT version_num FROM limbeck.version").await, "r002");
}

#[tokio::test]
async fn row_04_a_read_only_target_is_refused() {
    let db = database().await;
    exec(&db, &format!("ALTER DATABASE {} SET default_transaction_read_only = on", db.name)).await;
    let error = up(&engine(&db, &tables(1))).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.code.exit_status()), ("READ_ONLY", 9));
    assert!(!there(&db, "limbeck.version").await);
}

/// A standby is refused, the settings find the primary among several hosts, and what a standby never
/// received is not taken for applied after it was promoted, though its numbers come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_04_a_standby_is_refused_and_a_failover_is_seen_through() {
    let mut primary = Cluster::trusting("");
    on(&primary, &tables(1)).upgrade("heads", &Control::silent()).await.unwrap();
    primary.stop("fast");
    primary.ended();
    let standby = primary.standby();
    primary.restart();

    let error = up(&on(&standby, &tables(2))).await.unwrap_err();
    assert_eq!(error.code.as_str(), "READ_ONLY", "{error:?}");
    assert!(error.message.contains("standby"), "{error:?}");

    // Both hosts, the standby first: whichever may be written to is the one.
    let proxy = Proxy::before("127.0.0.1", primary.port).await;
    let mut both = standby.connection();
    both.hosts.push("127.0.0.1".into());
    both.ports = vec![standby.port, proxy.port()];
    both.hostaddrs = vec![None, None];
    both.target = limbeck::config::TargetSession::ReadWrite;
    let mut engine = on(&primary, &tables(2));
    engine.link = Connector::new(both).into();
    proxy.arm(At::Words("; COMMIT"), Fault::Hang(When::After));
    let running = tokio::spawn(async move { up(&engine).await });
    proxy.strikes().await;
    // The primary is gone with its last transaction, and its number is given to somebody else's.
    let last: u64 =
        value(&primary, "SELECT max(xid::bigint) FROM limbeck.history").await.parse().unwrap();
    primary.kill();
    standby.promote();
    while value(&standby, "SELECT pg_current_xact_id()::text").await.parse::<u64>().unwrap() <= last
    {
    }
    proxy.refuse(true);
    proxy.cut();
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.code.as_str(), "CONN_LOST", "{error:?}");
    assert_eq!(value(&standby, "SELECT version_num FROM limbeck.version").await, "r001");
    assert_eq!(up(&on(&standby, &tables(2))).await.unwrap().done.len(), 1);
}

/// A COMMIT that waits for a synchronous standby is not to be interrupted: it is done already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_31_a_commit_is_never_cut_short() {
    let cluster = Cluster::trusting("");
    on(&cluster, &tables(1)).upgrade("heads", &Control::silent()).await.unwrap();
    cluster.configure("synchronous_standby_names = 'nobody'");
    value(&cluster, "SELECT pg_reload_conf()").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let engine = on(&cluster, &tables(3));
    let control = Control::silent();
    let cancel = control.cancel.clone();
    let running = tokio::spawn(async move { engine.upgrade("heads", &control).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    while value(&cluster, waiting).await == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cancel.cancel();
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.code.as_str(), "CANCELLED", "{error:?}");
    assert_eq!(ids(&error.done), ["r002"], "the revision whose COMMIT was under way is whole");
    assert_eq!(value(&cluster, "SELECT version_num FROM limbeck.version").await, "r002");
    assert_eq!(value(&cluster, "SELECT to_regclass('t2') IS NOT NULL").await, "true");
}
