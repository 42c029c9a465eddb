//! Sessions: notices, cancel, cleaning, the lock, the pool, the end of a connection.

use limbeck::{
    code::Code,
    config::TargetSession,
    db::{Connector, End, Notice, lock, lost},
    pg::ident::QualifiedName,
};

use tokio_postgres::error::SqlState;

use crate::support::{TestDb, database};

/// Returns when the backend runs `pg_sleep`.
async fn until_asleep(watcher: &tokio_postgres::Client, pid: i32) {
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
    while watcher.query_one(asleep, &[&pid]).await.expect("it answers").get::<_, i64>(0) == 0 {}
}

fn connector(db: &TestDb) -> Connector {
    Connector::new(db.connection())
}

#[tokio::test]
async fn a_session_knows_its_server() {
    let db = database().await;
    let session = connector(&db).connect("upgrade").await.expect("it connects");
    let row = session
        .client
        .query_one("SELECT pg_backend_pid(), current_setting('application_name')", &[])
        .await
        .expect("it answers");
    assert_eq!(row.get::<_, i32>(0), session.pid);
    assert_eq!(row.get::<_, &str>(1), "limbeck-test/upgrade");
    assert_eq!(session.version / 10_000, db.server().major);
    assert!(!session.encrypted);
    assert!(!session.in_recovery);
    if session.version >= 140_000 {
        let row = session.client.query_one("SHOW client_connection_check_interval", &[]).await;
        assert_eq!(row.expect("it answers").get::<_, &str>(0), "500ms");
    }
}

#[tokio::test]
async fn notices_arrive_in_order_with_their_parts() {
    let db = database().await;
    let mut session = connector(&db).connect("").await.expect("it connects");
    session
        .client
        .batch_execute(
            "DO $$ BEGIN FOR i IN 1..500 LOOP RAISE NOTICE 'n%', i; END LOOP; \
             RAISE WARNING 'last' USING DETAIL = 'd', HINT = 'h'; END $$",
        )
        .await
        .expect("it runs");
    drop(session.client);
    let mut all: Vec<Notice> = Vec::new();
    while let Some(notice) = session.notices.recv().await {
        all.push(notice);
    }
    let last = all.pop().expect("a warning");
    assert_eq!((last.severity.as_str(), last.message.as_str()), ("WARNING", "last"));
    assert_eq!((last.detail.as_deref(), last.hint.as_deref()), (Some("d"), Some("h")));
    let expected: Vec<String> = (1..=500).map(|i| format!("n{i}")).collect();
    assert_eq!(all.iter().map(|n| n.message.clone()).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_cancelled_statement_ends_and_the_session_lives() {
    let db = database().await;
    let session = connector(&db).connect("").await.expect("it connects");
    let watcher = db.client().await;
    let canceller = session.canceller.clone();
    let pid = session.pid;
    let running = async { session.client.batch_execute("SELECT pg_sleep(600)").await };
    let cancelling = async {
        until_asleep(&watcher, pid).await;
        canceller.cancel().await.expect("the request is taken");
    };
    let (result, ()) = tokio::join!(running, cancelling);
    let error = result.expect_err("it was cancelled");
    assert_eq!(error.code().map(SqlState::code), Some("57014"));
    assert_eq!(lost(&error), None);
    session.client.batch_execute("SELECT 1").await.expect("the session lives");
    canceller.cancel().await.expect("without a statement it does nothing");
}

#[tokio::test]
async fn cleaning_undoes_everything_but_the_lock() {
    let db = database().await;
    let session = connector(&db).connect("").await.expect("it connects");
    let key = lock::LockKey::new(&QualifiedName { schema: "a".into(), name: "b".into() });
    assert!(lock::try_lock(&session.client, key).await.expect("it answers"));
    session
        .client
        .batch_execute(
            "CREATE TEMP TABLE left_over (); CREATE SEQUENCE s; SELECT nextval('s'); LISTEN x; \
             PREPARE p AS SELECT 1; SET search_path = pg_catalog; SET lock_timeout = '1s'; \
             SET ROLE pg_monitor",
        )
        .await
        .expect("it runs");
    session.clean().await.expect("it is cleaned");
    let row = session
        .client
        .query_one(
            "SELECT current_user = session_user, to_regclass('pg_temp.left_over') IS NULL, \
                    current_setting('search_path'), current_setting('lock_timeout'), \
                    (SELECT count(*) FROM pg_listening_channels()), \
                    (SELECT count(*) FROM pg_prepared_statements WHERE name = 'p'), \
                    current_setting('application_name')",
            &[],
        )
        .await
        .expect("it answers");
    assert!(row.get::<_, bool>(0), "role");
    assert!(row.get::<_, bool>(1), "temporary table");
    assert_eq!(row.get::<_, &str>(2), "\"$user\", public");
    assert_eq!(row.get::<_, &str>(3), "0");
    assert_eq!((row.get::<_, i64>(4), row.get::<_, i64>(5)), (0, 0));
    assert_eq!(row.get::<_, &str>(6), "limbeck-test");
    if session.version >= 140_000 {
        let row = session.client.query_one("SHOW client_connection_check_interval", &[]).await;
        assert_eq!(row.expect("it answers").get::<_, &str>(0), "500ms");
    }
    let holder = lock::holder(&session.client, key).await.expect("it answers");
    assert_eq!(holder.map(|h| h.pid), Some(session.pid));
}

#[tokio::test]
async fn the_lock_excludes_and_names_its_holder() {
    let db = database().await;
    let (one, two) = (connector(&db).connect("one").await, connector(&db).connect("two").await);
    let (one, two) = (one.expect("it connects"), two.expect("it connects"));
    let table = |schema: &str| QualifiedName { schema: schema.into(), name: "version".into() };
    // Keys with the highest bit set and without: the server shows them unsigned.
    for schema in ["limbeck", "a", "b", "c", "d"] {
        let key = lock::LockKey::new(&table(schema));
        assert_eq!(lock::holder(&two.client, key).await.expect("it answers"), None);
        assert!(lock::try_lock(&one.client, key).await.expect("it answers"));
        assert!(!lock::try_lock(&two.client, key).await.expect("it answers"));
        let holder = lock::holder(&two.client, key).await.expect("it answers").expect("it is held");
        assert_eq!(holder.pid, one.pid);
        assert_eq!(holder.app, "limbeck-test/one");
        assert_eq!(holder.user, "postgres");
        assert_eq!(holder.state, "idle");
        assert!(holder.client.starts_with("127.0.0.1"));
        assert!(!lock::unlock(&two.client, key).await.expect("it answers"));
        assert!(lock::unlock(&one.client, key).await.expect("it answers"));
        assert!(lock::try_lock(&two.client, key).await.expect("it answers"));
    }
}

#[tokio::test]
async fn the_pool_hands_out_clean_connections() {
    let db = database().await;
    let pool = connector(&db).pool(1).expect("a pool");
    let pid = {
        let client = pool.get().await.expect("a connection");
        client.batch_execute("SET search_path = pg_catalog; BEGIN").await.expect("it runs");
        client.batch_execute("ROLLBACK").await.expect("it runs");
        client.query_one("SELECT pg_backend_pid()", &[]).await.expect("it runs").get::<_, i32>(0)
    };
    let client = pool.get().await.expect("a connection");
    let row = client
        .query_one("SELECT pg_backend_pid(), current_setting('search_path')", &[])
        .await
        .expect("it runs");
    assert_eq!(row.get::<_, i32>(0), pid, "the connection is used again");
    assert_eq!(row.get::<_, &str>(1), "\"$user\", public");
}

#[tokio::test]
async fn a_pool_that_cannot_connect_says_why() {
    let db = database().await;
    let connector = connector(&db).for_database("does_not_exist");
    let pool = connector.pool(1).expect("nothing is opened yet");
    let error = connector.explain(pool.get().await.expect_err("there is no such database"));
    assert_eq!(error.code, Code::Connect);
    assert!(error.message.contains("`does_not_exist`"), "{error}");

    let mut nowhere = db.connection();
    nowhere.hosts = vec!["no-such-host.invalid".into()];
    let connector = Connector::new(nowhere);
    let pool = connector.pool(1).expect("nothing is opened yet");
    let error = connector.explain(pool.get().await.expect_err("there is no such host"));
    assert!(error.message.contains("cannot be resolved"), "{error}");
}

#[tokio::test]
async fn the_end_of_a_connection_is_seen_with_its_reason() {
    let db = database().await;
    let admin = db.client().await;
    let mut idle = connector(&db).connect("").await.expect("it connects");
    assert!(idle.ending.now().is_none());
    admin.execute("SELECT pg_terminate_backend($1)", &[&idle.pid]).await.expect("it answers");
    match idle.ending.wait().await {
        End::Lost(error) => {
            assert_eq!(error.code, Code::Shutdown);
            assert!(error.message.contains("terminating connection"), "{error}");
        }
        End::Closed => panic!("nobody closed it"),
    }
    assert!(idle.client.is_closed());
    assert!(matches!(idle.ending.now(), Some(End::Lost(_))));

    let closed = connector(&db).connect("").await.expect("it connects");
    let mut ending = closed.ending.clone();
    drop(closed);
    assert!(matches!(ending.wait().await, End::Closed));
}

#[tokio::test]
async fn a_statement_that_lost_its_server_is_told_from_one_that_failed() {
    let db = database().await;
    let admin = db.client().await;
    let session = connector(&db).connect("").await.expect("it connects");
    let pid = session.pid;
    let failed = session.client.batch_execute("SELECT 1/0").await.expect_err("it fails");
    assert_eq!(lost(&failed), None);
    let sleeping = session.client.batch_execute("SELECT pg_sleep(600)");
    let killing = async {
        until_asleep(&admin, pid).await;
        admin.execute("SELECT pg_terminate_backend($1)", &[&pid]).await.expect("it answers");
    };
    let (result, ()) = tokio::join!(sleeping, killing);
    assert_eq!(lost(&result.expect_err("it is gone")), Some(Code::Shutdown));
    let after = session.client.batch_execute("SELECT 1").await.expect_err("it is gone");
    assert_eq!(lost(&after), Some(Code::ConnLost));
}

#[tokio::test]
async fn dropping_a_session_closes_it_at_the_server() {
    let db = database().await;
    let admin = db.client().await;
    let session = connector(&db).connect("").await.expect("it connects");
    let pid = session.pid;
    drop(session);
    loop {
        let alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1";
        let row = admin.query_one(alive, &[&pid]).await.expect("it answers");
        if row.get::<_, i64>(0) == 0 {
            break;
        }
    }
}

#[tokio::test]
async fn a_pool_for_looking_cannot_be_made_to_write() {
    let db = database().await;
    let mut connection = db.connection();
    connection.options = Some("-c work_mem=5MB".into());
    connection.target = TargetSession::ReadWrite;
    let pool = Connector::new(connection).read_only().pool(1).expect("it is made");
    for turn in 0..3 {
        let client = pool.get().await.expect("it connects");
        let refused = client.batch_execute("CREATE TABLE t (id int)").await.expect_err("read-only");
        assert_eq!(refused.code().map(SqlState::code), Some("25006"), "turn {turn}");
        let kept = client.query_one("SHOW work_mem", &[]).await.expect("it answers");
        assert_eq!(kept.get::<_, &str>(0), "5MB", "options of the settings stay");
        // Whoever turns it off does so for himself: the pool hands the next one a clean session.
        client
            .batch_execute("SET default_transaction_read_only = off")
            .await
            .expect("it is allowed");
    }
}
