//! Rows 2 and 29: sections without a transaction, interrupted and resumed.

use limbeck::{
    db::Connector,
    engine::{Control, Engine, Event, verdict::Verdict},
};

use crate::support::{At, Fault, Proxy, TestDb, When, database, kit::*};

/// What a kill in the middle of a statement leaves: a `started` row.
async fn pretend_started(db: &TestDb, engine: &limbeck::engine::Engine, n: usize) {
    // A first try fails at a later statement, so that the rows of the earlier ones are real.
    let error = up(engine).await.unwrap_err();
    assert!(error.state.as_deref().unwrap().contains("kept"), "{:?}", error.state);
    exec(db, &format!("UPDATE limbeck.step SET state = 'started' WHERE n = {n}")).await;
}

#[tokio::test]
async fn row_02_a_revision_resumes_at_the_failed_statement() {
    let db = database().await;
    let script = "CREATE TABLE a (n int);\nSET search_path = public;\nINSERT INTO a VALUES (1);\n\
        CREATE INDEX CONCURRENTLY a_idx ON a (n);\nINSERT INTO b VALUES (1);\n";
    let engine = engine(&db, &files(&[loose("r001", "", script)]));
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "SQL");
    assert_eq!(error.failure.as_ref().unwrap().statement, 5);
    assert!(error.state.as_deref().unwrap().contains("4 of 5 statements"), "{:?}", error.state);
    assert_eq!(rows(&db).await, "");
    let overview = engine.overview().await.unwrap();
    assert_eq!(overview.states[0].partial, Some((4, 5)));
    assert!(overview.states[0].failed.is_some());

    exec(&db, "CREATE TABLE b (n int)").await;
    up(&engine).await.unwrap();
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "1", "the INSERT ran once");
    assert_eq!(rows(&db).await, "r001");
    assert_eq!(ask(&db, "SELECT count(*) FROM limbeck.step").await, "0");
    assert_eq!(engine.overview().await.unwrap().states[0].partial, None);
}

#[tokio::test]
async fn row_02_a_finished_index_is_recognised() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (n int)").await;
    let engine = engine(
        &db,
        &files(&[loose(
            "r001",
            "",
            "CREATE INDEX CONCURRENTLY a_idx ON a (n);\nINSERT INTO b VALUES (1);",
        )]),
    );
    pretend_started(&db, &engine, 1).await;
    let before = ask(&db, "SELECT 'a_idx'::regclass::oid").await;
    exec(&db, "CREATE TABLE b (n int)").await;
    up(&engine).await.unwrap();
    assert_eq!(ask(&db, "SELECT 'a_idx'::regclass::oid").await, before, "it was not built again");
}

#[tokio::test]
async fn row_02_an_index_without_a_name_is_recognised() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (n int); CREATE INDEX ON a (n)").await;
    let engine = engine(
        &db,
        &files(&[loose(
            "r001",
            "",
            "CREATE INDEX CONCURRENTLY ON a (n);\nINSERT INTO b VALUES (1);",
        )]),
    );
    pretend_started(&db, &engine, 1).await;
    exec(&db, "CREATE TABLE b (n int)").await;
    up(&engine).await.unwrap();
    assert_eq!(ask(&db, "SELECT count(*) FROM pg_index WHERE indrelid = 'a'::regclass").await, "2");
}

#[tokio::test]
async fn row_02_an_invalid_index_is_dropped_and_built_again() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (n int)").await;
    let engine = engine(
        &db,
        &files(&[loose(
            "r001",
            "",
            "CREATE INDEX CONCURRENTLY a_idx ON a (n);\nINSERT INTO b VALUES (1);",
        )]),
    );
    pretend_started(&db, &engine, 1).await;
    exec(
        &db,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a_idx'::regclass; \
               CREATE TABLE b (n int)",
    )
    .await;
    let (control, events) = recording();
    engine.upgrade("heads", &control).await.unwrap();
    assert_eq!(
        ask(&db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_idx'::regclass").await,
        "t"
    );
    let cleaned = events
        .lock()
        .unwrap()
        .iter()
        .any(|e| matches!(e, Event::Remark(text) if text.contains("DROP INDEX CONCURRENTLY")));
    assert!(cleaned);
}

#[tokio::test]
async fn row_29_if_not_exists_does_not_hide_an_invalid_index() {
    let db = database().await;
    exec(
        &db,
        "CREATE TABLE a (n int); CREATE INDEX a_idx ON a (n); \
               UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'a_idx'::regclass",
    )
    .await;
    let engine = engine(
        &db,
        &files(&[loose("r001", "", "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_idx ON a (n);")]),
    );
    up(&engine).await.unwrap();
    assert_eq!(
        ask(&db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_idx'::regclass").await,
        "t"
    );
}

#[tokio::test]
async fn row_29_a_failed_build_leaves_no_invalid_index() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (n int); INSERT INTO a VALUES (1), (1)").await;
    let engine = engine(
        &db,
        &files(&[loose("r001", "", "CREATE UNIQUE INDEX CONCURRENTLY a_idx ON a (n);")]),
    );
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.failure.unwrap().sqlstate.as_deref(), Some("23505"));
    assert!(!there(&db, "a_idx").await);
    exec(&db, "DELETE FROM a").await;
    up(&engine).await.unwrap();
}

#[tokio::test]
async fn row_02_dropped_indexes_and_detached_partitions() {
    let db = database().await;
    exec(
        &db,
        "CREATE TABLE a (n int); CREATE INDEX a_idx ON a (n); \
               CREATE TABLE p (n int) PARTITION BY RANGE (n); \
               CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)",
    )
    .await;
    let script = if db.server().major >= 14 {
        "DROP INDEX CONCURRENTLY a_idx;\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\n\
         REINDEX TABLE CONCURRENTLY a;\nVACUUM a;\nINSERT INTO b VALUES (1);"
    } else {
        "DROP INDEX CONCURRENTLY a_idx;\nREINDEX TABLE CONCURRENTLY a;\nVACUUM a;\nINSERT INTO b VALUES (1);"
    };
    let engine = engine(&db, &files(&[loose("r001", "", script)]));
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.failure.unwrap().sqlstate.as_deref(), Some("42P01"));
    exec(&db, "UPDATE limbeck.step SET state = 'started'; CREATE TABLE b (n int)").await;
    up(&engine).await.unwrap();
    assert!(!there(&db, "a_idx").await);
}

#[tokio::test]
async fn row_02_an_outcome_nobody_can_tell_is_ambiguous() {
    let db = database().await;
    exec(
        &db,
        "CREATE TABLE a (n int); CREATE PROCEDURE p() LANGUAGE plpgsql AS \
               $$ BEGIN INSERT INTO a VALUES (1); COMMIT; END $$",
    )
    .await;
    let script = "CALL p();\nINSERT INTO b VALUES (1);";
    let engine = engine(&db, &files(&[loose("r001", "", script)]));
    let _ = up(&engine).await.unwrap_err();
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "1");
    exec(&db, "UPDATE limbeck.step SET state = 'started' WHERE n = 1").await;
    let error = up(&engine).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.code.exit_status()), ("AMBIGUOUS", 10));
    assert!(error.hint.as_deref().unwrap().contains("limbeck resolve r001 --done"), "{error:?}");
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "1", "it was not run again");
    // A person looks and says: then the run goes on, after it or with it.
    let silent = Control::silent();
    engine.settle("r001", Verdict::Done, &silent).await.unwrap();
    let nothing = engine.settle("r001", Verdict::Redo, &silent).await.unwrap_err();
    assert_eq!(nothing.code.as_str(), "BAD_TARGET");
    let _ = up(&engine).await.unwrap_err();
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "1", "it went on after it");
    exec(&db, "UPDATE limbeck.step SET state = 'started' WHERE n = 1; CREATE TABLE b (n int)")
        .await;
    engine.settle("r001", Verdict::Redo, &silent).await.unwrap();
    up(&engine).await.unwrap();
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "2", "it was run again");
    assert_eq!(ask(&db, "SELECT count(*) FROM limbeck.step").await, "0");
}

#[tokio::test]
async fn row_02_a_procedure_that_commits_is_begun_again_in_the_same_session_and_did_not_fail() {
    let db = database().await;
    exec(
        &db,
        "CREATE TABLE a (mark text, watch text); CREATE PROCEDURE p() LANGUAGE plpgsql AS \
           $$ BEGIN INSERT INTO a VALUES (current_setting('my.mark', true), \
              current_setting('client_connection_check_interval', true)); COMMIT; END $$",
    )
    .await;
    let watch = ask(&db, "SELECT current_setting('server_version_num')::int >= 140000").await;
    let script = "SET my.mark = 'kept';\nCALL p();";
    up(&engine(&db, &files(&[loose("r001", "", script)]))).await.unwrap();
    assert_eq!(ask(&db, "SELECT mark FROM a").await, "kept");
    if watch == "t" {
        assert_eq!(ask(&db, "SELECT watch FROM a").await, "500ms", "a killed runner is noticed");
    }
    assert_eq!(ask(&db, "SELECT count(*) FROM limbeck.history WHERE state = 'failed'").await, "0");
}

#[tokio::test]
async fn row_02_done_statements_must_not_change() {
    let db = database().await;
    let broken = loose("r001", "", "CREATE TABLE a (n int);\nSELECT nix;");
    let _ = up(&engine(&db, &files(&[broken]))).await.unwrap_err();
    let changed = loose("r001", "", "CREATE TABLE a (n bigint);\nSELECT 1;");
    let error = up(&engine(&db, &files(&[changed]))).await.unwrap_err();
    assert_eq!(error.code.as_str(), "PARTIAL_CHANGED");
    let mended = loose("r001", "", "-- the same\nCREATE TABLE a (n int);\nSELECT 1;");
    up(&engine(&db, &files(&[mended]))).await.unwrap();
}

#[tokio::test]
async fn row_02_half_done_work_goes_first() {
    let db = database().await;
    let one = text("r001", "", "CREATE TABLE one ();", "DROP TABLE one;");
    let two = loose("r002", "r001", "CREATE TABLE a (n int);\nSELECT nix;");
    let engine = engine(&db, &files(&[one, two]));
    let _ = up(&engine).await.unwrap_err();
    assert_eq!(rows(&db).await, "r001");
    let error = engine.downgrade("base", &Control::silent()).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.code.exit_status()), ("PARTIAL", 10));
    assert!(error.hint.unwrap().contains("limbeck upgrade r002"));
}

#[tokio::test]
async fn row_02_several_sections_each_commit_once() {
    let db = database().await;
    let file = "-- x\n-- Revision ID: r001\n\
        -- migrate:up\nCREATE TABLE a (n int);\nINSERT INTO a VALUES (1);\n\
        -- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_idx ON a (n);\n\
        -- migrate:up\nINSERT INTO a VALUES (2);\nINSERT INTO b VALUES (1);\n\
        -- migrate:down\nDROP TABLE a;\n";
    let engine = engine(&db, &files(&[file.to_owned()]));
    let error = up(&engine).await.unwrap_err();
    assert!(error.state.unwrap().contains("3 of 5"));
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "1", "the last section was rolled back");
    assert_eq!(rows(&db).await, "");
    exec(&db, "CREATE TABLE b (n int)").await;
    up(&engine).await.unwrap();
    assert_eq!(ask(&db, "SELECT string_agg(n::text, ',' ORDER BY n) FROM a").await, "1,2");
    assert_eq!(rows(&db).await, "r001");
    engine.downgrade("base", &Control::silent()).await.unwrap();
    assert!(!there(&db, "a").await);
}

#[tokio::test]
async fn row_31_a_cancelled_index_build_is_finished_by_the_next_run() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (n int); INSERT INTO a VALUES (1)").await;
    // An old transaction keeps the build waiting.
    let old = db.client().await;
    old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM a")
        .await
        .unwrap();
    let engine =
        engine(&db, &files(&[loose("r001", "", "CREATE INDEX CONCURRENTLY a_idx ON a (n);")]));
    let control = Control::silent();
    let cancel = control.cancel.clone();
    let control = control.observed(move |event| {
        if matches!(event, Event::Blocked { .. }) {
            cancel.cancel();
        }
    });
    let error = engine.upgrade("heads", &control).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CANCELLED");
    drop(old);
    up(&engine).await.unwrap();
    assert_eq!(
        ask(&db, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_idx'::regclass").await,
        "t"
    );
}

/// A valid index of the same name that was there before is not this statement's work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_02_an_index_that_was_there_before_is_not_taken_for_ours() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (n int, m int); CREATE INDEX a_idx ON a (m)").await;
    let direct =
        engine(&db, &files(&[loose("r001", "", "CREATE INDEX CONCURRENTLY a_idx ON a (n);")]));
    // The statement never reaches the server, which only knows that it was about to.
    let proxy = Proxy::before(&db.server().host, db.server().port).await;
    proxy.arm(At::Words("CREATE INDEX CONCURRENTLY a_idx"), Fault::Cut(When::Before));
    let link = Connector::new(proxy.instead_of(&db.connection()));
    let error = up(&Engine { link: link.into(), ..direct.clone() }).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CONN_LOST", "{error:?}");
    assert_eq!(ask(&db, "SELECT state FROM limbeck.step").await, "started");
    let error = up(&direct).await.unwrap_err();
    assert_eq!(error.failure.unwrap().sqlstate.as_deref(), Some("42P07"));
    assert_eq!(rows(&db).await, "");
    exec(&db, "DROP INDEX a_idx").await;
    up(&direct).await.unwrap();
    assert_eq!(ask(&db, "SELECT pg_get_indexdef('a_idx'::regclass) LIKE '%(n)'").await, "t");
}
