//! Waiting for another program to migrate.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use limbeck::{
    code::Code,
    db::Connector,
    engine::{Control, Engine, Event},
};

use crate::support::{Cluster, database, kit::*};

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn it_ends_when_the_target_is_applied_and_not_before() {
    let db = database().await;
    let history = tables(3);
    let engine = engine(&db, &history);
    let short = Duration::from_millis(100);
    let standing = engine.wait("heads", short, &Control::silent()).await.unwrap();
    assert_eq!((ids(&standing.missing), standing.reached()), (vec!["r003"], false));
    engine.upgrade("r002", &Control::silent()).await.unwrap();
    assert!(engine.wait("r001", Duration::ZERO, &Control::silent()).await.unwrap().reached());
    assert!(!engine.wait("heads", Duration::ZERO, &Control::silent()).await.unwrap().reached());
    let waiting = engine.clone();
    let waiter = tokio::spawn(async move { waiting.wait("heads", LONG, &Control::silent()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiter.is_finished());
    up(&engine).await.unwrap();
    let standing = waiter.await.unwrap().unwrap();
    assert_eq!((ids(&standing.rows), standing.reached()), (vec!["r003"], true));
    let error = engine.wait("nonsense", LONG, &Control::silent()).await.unwrap_err();
    assert_eq!(error.code, Code::UnknownRevision);
}

/// A later release has migrated already, to revisions that these files do not know.
#[tokio::test]
async fn a_database_ahead_of_the_files_has_what_they_ask_for() {
    let db = database().await;
    up(&engine(&db, &tables(4))).await.unwrap();
    let older = engine(&db, &tables(2));
    assert!(older.wait("heads", Duration::ZERO, &Control::silent()).await.unwrap().reached());
    engine(&db, &tables(4)).downgrade("r001", &Control::silent()).await.unwrap();
    assert!(!older.wait("heads", Duration::ZERO, &Control::silent()).await.unwrap().reached());
}

/// It looks while a runner holds the lock, and leaves nothing that a runner would wait for.
#[tokio::test]
async fn it_takes_no_lock() {
    let db = database().await;
    let slow = chain(&[("CREATE TABLE a ();", ""), ("SELECT pg_sleep(1);", "")]);
    let engine = engine(&db, &slow);
    let runner = engine.clone();
    let run = tokio::spawn(async move { up(&runner).await });
    until(&db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'").await;
    let standing = engine.wait("r001", LONG, &Control::silent()).await.unwrap();
    assert!(standing.reached() && !run.is_finished());
    assert!(engine.wait("heads", LONG, &Control::silent()).await.unwrap().reached());
    run.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_up_yet_and_a_standby() {
    let mut primary = Cluster::trusting("wal_level = replica\nmax_wal_senders = 4");
    let history = tables(2);
    let of = |cluster: &Cluster| Engine {
        history: history.clone(),
        link: Connector::new(cluster.connection()).into(),
        options: options(),
    };
    let engine = of(&primary);
    up(&engine).await.unwrap();
    let standby = primary.standby();
    let standing = of(&standby).wait("heads", LONG, &Control::silent()).await.unwrap();
    assert!(standing.reached(), "on a standby");

    primary.kill();
    let began = Instant::now();
    let error =
        engine.wait("heads", Duration::from_millis(300), &Control::silent()).await.unwrap_err();
    assert_eq!(error.code, Code::Connect, "{error:?}");
    assert!(error.message.contains("after 0 s of waiting"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));

    let said = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&said);
    let control = Control::new(move |event| {
        if let Event::Stage(text) = event {
            kept.lock().unwrap().push(text);
        }
    });
    let waiter = tokio::spawn(async move { engine.wait("heads", LONG, &control).await });
    while said.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    primary.restart();
    assert!(waiter.await.unwrap().unwrap().reached(), "{:?}", said.lock().unwrap());
}

/// A password that is wrong does not become right by waiting; a right that is missing may be given.
#[tokio::test]
async fn what_will_not_pass_ends_it_at_once() {
    let db = database().await;
    let history = tables(1);
    up(&engine(&db, &history)).await.unwrap();
    let role = format!("{}_app", db.name);
    exec(&db, &format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await;
    let mut connection = db.connection().with_password("wrong");
    connection.user.clone_from(&role);
    let as_role = |connection| Engine {
        history: history.clone(),
        link: Connector::new(connection).into(),
        options: options(),
    };
    let began = Instant::now();
    let wrong = as_role(connection.clone()).wait("heads", LONG, &Control::silent()).await;
    assert_eq!(wrong.unwrap_err().code, Code::Auth);
    assert!(began.elapsed() < Duration::from_secs(30));
    let poor = as_role(connection.with_password("x"));
    let short = Duration::from_millis(100);
    let error = poor.wait("heads", short, &Control::silent()).await.unwrap_err();
    assert_eq!(error.code, Code::Privilege, "{error:?}");
    let hint = error.hint.unwrap();
    assert!(hint.contains("GRANT SELECT ON limbeck.\"version\""), "{hint}");
    let waiter = tokio::spawn(async move { poor.wait("heads", LONG, &Control::silent()).await });
    exec(
        &db,
        &format!(
            "GRANT USAGE ON SCHEMA limbeck TO {role}; GRANT SELECT ON limbeck.version TO {role}"
        ),
    )
    .await;
    assert!(waiter.await.unwrap().unwrap().reached());
    exec(&db, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
