//! Rows 11 to 13, 30 and 31: timeouts, blockers, deadlocks, cancelling.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use limbeck::engine::{Control, Event};

use crate::support::{TestDb, database, kit::*};

/// A control that cancels when this statement of this revision has begun.
fn cancel_at(index: usize, statement: usize) -> Control {
    let control = Control::silent();
    let cancel = control.cancel.clone();
    control.observed(move |event| match event {
        Event::StatementStarted { index: i, statement: s, .. } if (i, s) == (index, statement) => {
            cancel.cancel();
        }
        _ => {}
    })
}

#[tokio::test]
async fn row_31_a_cancel_rolls_the_revision_back() {
    let db = database().await;
    let engine = engine(
        &db,
        &chain(&[("CREATE TABLE a ();", ""), ("CREATE TABLE b (); SELECT pg_sleep(600);", "")]),
    );
    let error = engine.upgrade("heads", &cancel_at(1, 2)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CANCELLED");
    let state = error.state.unwrap();
    assert!(state.contains("rolled back") && state.contains("`r001`"), "{state}");
    assert_eq!(ids(&error.done), ["r001"]);
    assert!(!there(&db, "b").await);
    assert_eq!(rows(&db).await, "r001");
    let told = "SELECT string_agg(concat_ws(' ', revision, state, statements_done, sqlstate), ', ' \
                ORDER BY id) FROM limbeck.history";
    assert_eq!(ask(&db, told).await, "r001 applied 1, r002 cancelled 1 57014");
    let overview = engine.overview().await.unwrap();
    let state = |id| &overview.states[engine.history.graph().find(id).unwrap().index()];
    assert!(state("r002").cancelled.is_some() && state("r002").failed.is_none());
    assert!(state("r001").cancelled.is_none());
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' \
                    AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()";
    assert_eq!(ask(&db, sleeping).await, "0");
}

#[tokio::test]
async fn row_31_a_cancel_through_pool_and_config() {
    let db = database().await;
    let history = chain(&[("SELECT pg_sleep(600);", "")]);
    let mut engine = engine(&db, &history);
    engine.link = db.config(&db.name).into();
    let error = engine.upgrade("heads", &cancel_at(0, 1)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CANCELLED");
    let manager = deadpool_postgres::Manager::new(db.config(&db.name), tokio_postgres::NoTls);
    engine.link = deadpool_postgres::Pool::builder(manager).max_size(2).build().unwrap().into();
    let error = engine.upgrade("heads", &cancel_at(0, 1)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CANCELLED");
}

#[tokio::test]
async fn row_31_a_cancel_while_waiting_for_another_runner() {
    let db = database().await;
    let engine = engine(&db, &tables(1));
    let holder = db.client().await;
    let key = limbeck::db::lock::LockKey::new(&engine.options.version_table);
    assert!(limbeck::db::lock::try_lock(&holder, key).await.unwrap());
    let control = Control::silent();
    let cancel = control.cancel.clone();
    let control = control.observed(move |event| {
        if matches!(event, Event::WaitingForRunner { .. }) {
            cancel.cancel();
        }
    });
    let error = engine.upgrade("heads", &control).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CANCELLED");
    assert!(!there(&db, "limbeck.version").await);
}

/// Somebody who holds a lock on `a` until told to go.
async fn block(db: &TestDb) -> Arc<Mutex<Option<tokio_postgres::Client>>> {
    let client = db.client().await;
    client
        .batch_execute(
            "SET application_name = 'reporting'; BEGIN; LOCK TABLE a IN ACCESS SHARE MODE",
        )
        .await
        .unwrap();
    Arc::new(Mutex::new(Some(client)))
}

#[tokio::test]
async fn row_12_the_transaction_is_tried_again_and_the_blocker_named() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (id int)").await;
    let engine = engine(&db, &chain(&[("CREATE TABLE b (); ALTER TABLE a ADD c int;", "")]));
    let blocker = block(&db).await;
    let let_go = blocker.clone();
    let (recorded, events) = recording();
    let kept = events.clone();
    let control = recorded.observed(move |event| {
        // After the first try the blocker leaves.
        if matches!(event, Event::Retrying { .. }) {
            drop(let_go.lock().unwrap().take());
        }
        kept.lock().unwrap().push(event);
    });
    engine.upgrade("heads", &control).await.unwrap();
    let events = std::mem::take(&mut *events.lock().unwrap());
    let in_the_way = events.iter().find_map(|event| match event {
        Event::Blocked { by, .. } => by.first().cloned(),
        _ => None,
    });
    assert_eq!(in_the_way.unwrap().app, "reporting");
    let retrying = events.iter().find_map(|event| match event {
        Event::Retrying { attempt: 1, of: 3, reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert!(retrying.unwrap().contains("reporting"));
    assert!(events.iter().any(|e| matches!(e, Event::Unblocked)));
    assert_eq!(ask(&db, "SELECT tries FROM limbeck.history WHERE state = 'applied'").await, "2");
}

#[tokio::test]
async fn row_12_in_the_end_the_blocker_is_in_the_error() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (id int)").await;
    let mut engine = engine(&db, &chain(&[("CREATE TABLE b (); ALTER TABLE a ADD c int;", "")]));
    engine.options.lock_tries = 2;
    let blocker = block(&db).await;
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "DDL_LOCK_TIMEOUT");
    assert!(
        error.message.contains("2 tries") && error.message.contains("reporting"),
        "{}",
        error.message
    );
    assert!(error.state.unwrap().contains("rolled back"));
    assert!(!there(&db, "b").await);
    let overview = engine.overview().await.unwrap();
    assert!(overview.states[0].failed.is_some());
    drop(blocker);
    up(&engine).await.unwrap();
    assert!(engine.overview().await.unwrap().states[0].failed.is_none());
}

#[tokio::test]
async fn row_13_a_serialization_failure_tries_the_whole_revision_again() {
    let db = database().await;
    exec(&db, "CREATE SEQUENCE tries MINVALUE -100 START WITH 1").await;
    let engine = engine(
        &db,
        &chain(&[(
            "CREATE TABLE a ();\nDO $$ BEGIN IF nextval('tries') < 3 THEN \
         RAISE 'once more' USING ERRCODE = '40001'; END IF; END $$;",
            "",
        )]),
    );
    up(&engine).await.unwrap();
    assert_eq!(ask(&db, "SELECT tries FROM limbeck.history").await, "3");
    exec(&db, "ALTER SEQUENCE tries RESTART WITH -100").await;
    let more = chain(&[
        (
            "CREATE TABLE a ();\nDO $$ BEGIN IF nextval('tries') < 3 THEN \
         RAISE 'once more' USING ERRCODE = '40001'; END IF; END $$;",
            "",
        ),
        ("DO $$ BEGIN RAISE 'dead' USING ERRCODE = '40P01'; END $$;", ""),
    ]);
    let mut engine = engine;
    engine.history = more;
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "DEADLOCK");
    assert!(error.message.contains("3 tries"), "{}", error.message);
}

#[tokio::test]
async fn row_11_a_statement_timeout_names_its_source() {
    let db = database().await;
    // A preset of the database does not count.
    exec(&db, &format!("ALTER DATABASE {} SET statement_timeout = '50ms'", db.name)).await;
    let mut engine = engine(&db, &chain(&[("SELECT pg_sleep(0.2);", "")]));
    up(&engine).await.unwrap();

    engine.options.statement_timeout = Duration::from_millis(100);
    engine.history = chain(&[("SELECT pg_sleep(0.2);", ""), ("SELECT pg_sleep(600);", "")]);
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "STMT_TIMEOUT");
    assert!(error.hint.unwrap().contains("runner.statement_timeout"));

    engine.options.statement_timeout = Duration::ZERO;
    engine.history = chain(&[
        ("SELECT pg_sleep(0.2);", ""),
        ("SET statement_timeout = 50; SELECT pg_sleep(600);", ""),
    ]);
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "STMT_TIMEOUT");
    assert!(error.hint.unwrap().contains("001.sql"));
}

#[tokio::test]
async fn row_30_an_administrator_cancels_or_terminates() {
    let db = database().await;
    let engine = engine(&db, &chain(&[("CREATE TABLE a (); SELECT pg_sleep(600);", "")]));
    for terminate in [false, true] {
        let pid = Arc::new(Mutex::new(0));
        let (admin, handle) = (engine.clone(), tokio::runtime::Handle::current());
        let control = Control::new(move |event| match event {
            Event::Connected { pid: ours } => *pid.lock().unwrap() = ours,
            Event::StatementStarted { statement: 2, .. } => {
                let (admin, pid) = (admin.clone(), *pid.lock().unwrap());
                handle.spawn(async move {
                    // Until the statement runs there is nothing to cancel.
                    loop {
                        let sleeping = admin.activity().await.unwrap().sessions.iter().any(|s| {
                            s.pid == pid && s.query.contains("pg_sleep") && s.state == "active"
                        });
                        if sleeping {
                            break;
                        }
                    }
                    assert!(admin.signal_backend(pid, terminate).await.unwrap());
                });
            }
            _ => {}
        });
        let error = engine.upgrade("heads", &control).await.unwrap_err();
        let expected = if terminate { "CONN_LOST" } else { "CANCELLED" };
        assert_eq!(error.code.as_str(), expected);
        if !terminate {
            assert!(error.message.contains("administrator"), "{}", error.message);
        }
        assert!(!there(&db, "a").await);
        // Nobody here asked for it: it is a failure.
        let last = "SELECT state FROM limbeck.history ORDER BY id DESC LIMIT 1";
        assert_eq!(ask(&db, last).await, "failed");
    }
}

/// Readers queue behind a waiting ALTER for no longer than one `lock_timeout`, and get through between tries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_12_readers_are_held_up_no_longer_than_the_lock_timeout() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (id int)").await;
    let mut engine = engine(&db, &chain(&[("ALTER TABLE a ADD c int;", "")]));
    engine.options.lock_timeout = Duration::from_millis(500);
    engine.options.lock_tries = 3;
    let blocker = block(&db).await;
    let running = tokio::spawn(async move { up(&engine).await });
    let reader = db.client().await;
    let mut longest = Duration::ZERO;
    while !running.is_finished() {
        let began = std::time::Instant::now();
        reader.batch_execute("SELECT count(*) FROM a").await.unwrap();
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(running.await.unwrap().unwrap_err().code.as_str(), "DDL_LOCK_TIMEOUT");
    assert!(longest > Duration::from_millis(200), "no reader met the ALTER: {longest:?}");
    assert!(longest < Duration::from_millis(1500), "{longest:?}");
    drop(blocker);
}

/// Each wait is about twice the one before, never quite the same.
#[tokio::test]
async fn row_12_waits_double_with_jitter() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (id int)").await;
    let mut engine = engine(&db, &chain(&[("ALTER TABLE a ADD c int;", "")]));
    engine.options.lock_timeout = Duration::from_millis(20);
    engine.options.lock_tries = 3;
    let blocker = block(&db).await;
    let (control, events) = recording();
    engine.upgrade("heads", &control).await.unwrap_err();
    drop(blocker);
    let delays: Vec<Duration> = events
        .lock()
        .unwrap()
        .iter()
        .filter_map(|event| match event {
            Event::Retrying { delay, .. } => Some(*delay),
            _ => None,
        })
        .collect();
    assert_eq!(delays.len(), 2);
    for (delay, base) in delays.iter().zip([400, 800]) {
        let base = Duration::from_millis(base);
        assert!(*delay >= base.mul_f64(0.74) && *delay <= base.mul_f64(1.26), "{delays:?}");
    }
}

/// Whoever is in the way is shown while the first try still waits, not only when it has failed.
#[tokio::test]
async fn row_12_a_blocker_is_shown_before_the_timeout_fires() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (id int)").await;
    let engine = engine(&db, &chain(&[("ALTER TABLE a ADD c int;", "")]));
    let blocker = block(&db).await;
    let (recorded, events) = recording();
    let (kept, let_go) = (events.clone(), blocker.clone());
    let control = recorded.observed(move |event| {
        if matches!(event, Event::Blocked { .. }) {
            drop(let_go.lock().unwrap().take());
        }
        kept.lock().unwrap().push(event);
    });
    engine.upgrade("heads", &control).await.unwrap();
    let events = events.lock().unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::Blocked { .. })));
    assert!(!events.iter().any(|event| matches!(event, Event::Retrying { .. })), "{events:?}");
}

/// A real deadlock: the whole transaction is rolled back and goes through the second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_13_a_deadlock_tries_the_whole_revision_again() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE ran (n int)").await;
    let script = "INSERT INTO ran VALUES (1);\nLOCK TABLE a;\nSELECT pg_sleep(0.3);\nLOCK TABLE b;";
    let mut engine = engine(&db, &chain(&[(script, "")]));
    // Longer than `deadlock_timeout`, so that the deadlock is found and not the timeout.
    engine.options.lock_timeout = Duration::from_secs(10);
    let other = db.client().await;
    // It waits for longer than we do before it looks for a deadlock: we are the ones that are ended.
    other.batch_execute("SET deadlock_timeout = '20s'; BEGIN; LOCK TABLE b").await.unwrap();
    let (control, events) = recording();
    let running = tokio::spawn(async move { engine.upgrade("heads", &control).await });
    until(&db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'").await;
    other.batch_execute("LOCK TABLE a; COMMIT").await.unwrap();
    running.await.unwrap().unwrap();
    let retried = events.lock().unwrap().iter().any(
        |event| matches!(event, Event::Retrying { reason, .. } if reason.contains("deadlock")),
    );
    assert!(retried);
    assert_eq!(ask(&db, "SELECT count(*) FROM ran").await, "1");
}
