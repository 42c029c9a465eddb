//! Rows 22 to 28 and 34: what stands in scripts.

use crate::support::{database, kit::*};

#[tokio::test]
async fn row_23_copy_blocks_are_streamed_and_psql_commands_refused() {
    let db = database().await;
    let good = "CREATE TABLE a (id int, t text);\nCOPY a (id, t) FROM stdin;\n1\tone;two\n2\t\\N\n\\.\n\
                INSERT INTO a VALUES (3, 'x');\nCOPY a FROM stdin WITH (FORMAT csv);\n4,\"a\nb\"\n\\.\n";
    up(&engine(&db, &chain(&[(good, "DROP TABLE a;")]))).await.unwrap();
    assert_eq!(ask(&db, "SELECT string_agg(id::text, ',' ORDER BY id) FROM a").await, "1,2,3,4");
    assert_eq!(ask(&db, "SELECT t FROM a WHERE id = 1").await, "one;two");

    let bad = chain(&[(good, ""), ("CREATE TABLE b ();\n\\i other.sql\n", "")]);
    let error = up(&engine(&db, &bad)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "PSQL_META");
    let at = error.failure.unwrap();
    assert_eq!((at.path.to_str(), at.line, at.column), (Some("001.sql"), 9, 1));
    assert_eq!((at.excerpt.as_str(), at.revision.as_str()), ("\\i other.sql", "r002"));

    let data = chain(&[
        (good, "DROP TABLE a;"),
        ("COPY a FROM stdin;\n5\tfive\nsix\tsix\n7\tseven\n\\.\n", ""),
    ]);
    let failure = up(&engine(&db, &data)).await.unwrap_err().failure.unwrap();
    assert_eq!((failure.line, failure.excerpt.as_str()), (10, "six\tsix"));
    assert_eq!(failure.sqlstate.as_deref(), Some("22P02"));
    assert_eq!(rows(&db).await, "r001");
}

#[tokio::test]
async fn row_24_statements_are_split_as_psql_does() {
    let db = database().await;
    let script = "CREATE TABLE t (id int) -- a comment; with a semicolon\n;\n\
        CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n\
        CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $body$ BEGIN RETURN ';'; END $body$;\n\
        /* ; /* nested ; */ */ INSERT INTO t VALUES (1);\n\
        INSERT INTO t SELECT f()";
    if db.server().major < 14 {
        eprintln!("skipped: BEGIN ATOMIC needs PostgreSQL 14");
        return;
    }
    up(&engine(&db, &chain(&[(script, "")]))).await.unwrap();
    assert_eq!(ask(&db, "SELECT string_agg(id::text, ',' ORDER BY id) FROM t").await, "1,2");
    assert_eq!(ask(&db, "SELECT g()").await, ";");
}

#[tokio::test]
async fn row_25_transaction_control_is_refused_before_anything_runs() {
    let db = database().await;
    for word in [
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "START TRANSACTION",
        "END",
        "ABORT",
        "PREPARE TRANSACTION 'x'",
    ] {
        let history = chain(&[
            ("CREATE TABLE a ();", ""),
            (&format!("CREATE TABLE b ();\n{word};\nCREATE TABLE c ();"), ""),
        ]);
        let error = up(&engine(&db, &history)).await.unwrap_err();
        assert_eq!(error.code.as_str(), "TX_CONTROL", "{word}");
        let at = error.failure.unwrap();
        assert_eq!((at.path.to_str(), at.line, at.column), (Some("001.sql"), 9, 1), "{word}");
        assert_eq!((at.statement, at.of, at.excerpt), (2, 3, format!("{word};")));
        assert!(!there(&db, "a").await && !there(&db, "limbeck.version").await);
    }
    let savepoints = chain(&[("SAVEPOINT s; CREATE TABLE a (); ROLLBACK TO s; RELEASE s;", "")]);
    up(&engine(&db, &savepoints)).await.unwrap();
}

#[tokio::test]
async fn row_25_statements_that_need_no_transaction_are_refused_with_a_way_out() {
    let db = database().await;
    let history =
        chain(&[("CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY i ON a (id);", "")]);
    let error = up(&engine(&db, &history)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "NEEDS_NO_TX");
    let at = error.failure.as_ref().unwrap();
    assert_eq!((at.path.to_str(), at.line, at.statement), (Some("000.sql"), 9, 2));
    assert!(error.hint.unwrap().contains("-- migrate:up transaction:false"));
    assert!(!there(&db, "limbeck.version").await);
}

#[tokio::test]
async fn row_26_a_block_that_commits_is_reported_as_such() {
    let db = database().await;
    let history = chain(&[("CREATE TABLE a ();\nDO $$ BEGIN COMMIT; END $$;", "")]);
    let error = up(&engine(&db, &history)).await.unwrap_err();
    let failure = error.failure.unwrap();
    assert_eq!(failure.sqlstate.as_deref(), Some("2D000"));
    assert_eq!((failure.statement, failure.of, failure.line), (2, 2, 9));
    assert!(error.hint.unwrap().contains("transaction:false"));
    assert!(!there(&db, "a").await);
}

#[tokio::test]
async fn row_26_in_a_section_without_transaction_it_may_commit() {
    let db = database().await;
    let file = "-- x\n-- Revision ID: r001\n-- migrate:up transaction:false\n\
        CREATE TABLE a (n int);\n\
        DO $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO a VALUES (i); COMMIT; END LOOP; END $$;\n";
    up(&engine(&db, &files(&[file.to_owned()]))).await.unwrap();
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "3");
    assert_eq!(rows(&db).await, "r001");
}

#[tokio::test]
async fn row_27_nothing_leaks_from_one_revision_to_the_next() {
    let db = database().await;
    let role = format!("{}_low", db.name);
    exec(&db, &format!("CREATE ROLE {role}; GRANT {role} TO CURRENT_USER")).await;
    let first = format!(
        "CREATE SCHEMA s1;\nSET search_path = s1;\nCREATE TABLE one ();\nSET lock_timeout = '7s';\n\
         SET ROLE {role};\nLISTEN news;\nCREATE TEMP TABLE two (id int);\nPREPARE p AS SELECT 1;\n\
         DECLARE c CURSOR WITH HOLD FOR SELECT 1;\nSELECT pg_advisory_lock(1);\n\
         SELECT pg_advisory_lock_shared(2, 3);\nSELECT pg_advisory_lock(-1, -7);\nSELECT pg_advisory_lock(-5);\n\
         SELECT pg_advisory_lock(-5);\nSET SESSION AUTHORIZATION {role};\n\
         SET default_transaction_read_only = on;"
    );
    let check = "CREATE TABLE two (\n  search_path text DEFAULT current_setting('search_path'));\n\
        DO $$ BEGIN\n\
          IF current_user <> session_user THEN RAISE 'role'; END IF;\n\
          IF current_setting('lock_timeout') <> '300ms' THEN RAISE 'lock_timeout'; END IF;\n\
          IF EXISTS (SELECT FROM pg_listening_channels()) THEN RAISE 'listen'; END IF;\n\
          IF EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'p') THEN RAISE 'prepared'; END IF;\n\
          IF EXISTS (SELECT FROM pg_cursors WHERE name = 'c') THEN RAISE 'cursor'; END IF;\n\
          IF 1 <> (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())\n\
            THEN RAISE 'advisory locks'; END IF;\n\
        END $$;";
    up(&engine(&db, &chain(&[(&first, ""), (check, "")]))).await.unwrap();
    assert!(there(&db, "s1.one").await && there(&db, "public.two").await);
    assert_eq!(rows(&db).await, "r002");
    exec(&db, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn row_27_unlocking_everything_takes_the_lock_again() {
    let db = database().await;
    let own = "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND \
               pid = pg_backend_pid()) THEN RAISE 'the lock is lost'; END IF; END $$;";
    let history = files(&[
        text("r001", "", "SELECT pg_advisory_unlock_all();", ""),
        text("r002", "r001", own, ""),
        loose("r003", "r002", "DISCARD ALL;"),
        text("r004", "r003", own, ""),
    ]);
    assert_eq!(up(&engine(&db, &history)).await.unwrap().done.len(), 4);
}

/// Outside of transactions a setting stays for the rest of the section, ours are made all the same.
#[tokio::test]
async fn row_27_a_section_that_makes_its_session_read_only_is_recorded() {
    let db = database().await;
    let script =
        "CREATE TABLE a (n int);\nSET default_transaction_read_only = on;\nVACUUM a;\nSELECT 1;";
    let history =
        files(&[loose("r001", "", script), text("r002", "r001", "CREATE TABLE b ();", "")]);
    assert_eq!(up(&engine(&db, &history)).await.unwrap().done.len(), 2);
    assert_eq!(rows(&db).await, "r002");
}

#[tokio::test]
async fn row_28_a_revision_cannot_take_our_tables_away() {
    let db = database().await;
    up(&engine(&db, &tables(1))).await.unwrap();
    for script in [
        "DROP SCHEMA limbeck CASCADE;",
        "ALTER TABLE limbeck.history RENAME TO h;",
        "DROP TABLE limbeck.version;",
        "DELETE FROM limbeck.version;",
        "UPDATE limbeck.version SET version_num = 'other';",
        "ALTER SCHEMA limbeck RENAME TO other;",
    ] {
        let history =
            chain(&[("CREATE TABLE t1 (id bigint PRIMARY KEY);", "DROP TABLE t1;"), (script, "")]);
        let error = up(&engine(&db, &history)).await.unwrap_err();
        assert!(error.message.contains("`r002`"), "{script}: {}", error.message);
        assert_eq!(rows(&db).await, "r001", "{script}");
        assert_eq!(
            ask(&db, "SELECT count(*) FROM limbeck.history WHERE state = 'applied'").await,
            "1"
        );
    }
}

#[tokio::test]
async fn row_28_a_revision_cannot_take_its_own_rights_away() {
    let db = database().await;
    let role = format!("{}_low", db.name);
    exec(
        &db,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT ALL ON DATABASE {} TO {role}",
            db.name
        ),
    )
    .await;
    let script = "CREATE SCHEMA s; REVOKE ALL ON limbeck.history FROM CURRENT_USER;";
    let mut low = engine(&db, &chain(&[("SELECT 1;", ""), (script, "")]));
    let mut config = db.config(&db.name);
    low.link = config.user(&role).password("x").clone().into();
    let error = up(&low).await.unwrap_err();
    assert_eq!(ids(&error.done), ["r001"]);
    assert!(error.message.contains("`r002` took away limbeck's own tables"), "{error:?}");
    assert_eq!(ask(&db, "SELECT count(*) FROM pg_namespace WHERE nspname = 's'").await, "0");
    assert_eq!(rows(&db).await, "r001");
    exec(&db, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn row_34_a_deferred_constraint_is_an_error_of_its_own() {
    let db = database().await;
    let script = "CREATE TABLE p (id int PRIMARY KEY);\n\
        CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO c VALUES (1);";
    let error = up(&engine(&db, &chain(&[(script, "")]))).await.unwrap_err();
    assert_eq!(error.code.as_str(), "DEFERRED_CONSTRAINT");
    assert!(error.state.unwrap().contains("rolled back"));
    assert!(!there(&db, "p").await);
    assert_eq!(rows(&db).await, "");
}

#[tokio::test]
async fn row_34_deferred_triggers_find_their_search_path() {
    let db = database().await;
    let script = "CREATE TABLE a (id int);\nCREATE TABLE log (id int);\n\
        CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \
          $$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NULL; END $$;\n\
        CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED \
          FOR EACH ROW EXECUTE FUNCTION tell();\nINSERT INTO a VALUES (1);";
    up(&engine(&db, &chain(&[(script, "")]))).await.unwrap();
    assert_eq!(ask(&db, "SELECT count(*) FROM log").await, "1");
}

/// What the server would answer with the tag ROLLBACK, and no error, never gets as far as its COMMIT.
#[tokio::test]
async fn row_34_a_transaction_that_failed_unseen_is_not_taken_for_committed() {
    let db = database().await;
    // A deferred trigger that fails only when it fires a second time, from another deferred trigger.
    let script = "CREATE TABLE a (n int);\nCREATE TABLE b (n int);\n\
        CREATE FUNCTION on_a() RETURNS trigger LANGUAGE plpgsql AS \
          $$ BEGIN INSERT INTO b VALUES (1); RETURN NULL; END $$;\n\
        CREATE FUNCTION on_b() RETURNS trigger LANGUAGE plpgsql AS \
          $$ BEGIN RAISE 'too late' USING ERRCODE = '23514'; END $$;\n\
        CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED \
          FOR EACH ROW EXECUTE FUNCTION on_a();\n\
        CREATE CONSTRAINT TRIGGER t AFTER INSERT ON b DEFERRABLE INITIALLY DEFERRED \
          FOR EACH ROW EXECUTE FUNCTION on_b();\nINSERT INTO a VALUES (1);";
    let error = up(&engine(&db, &chain(&[(script, "")]))).await.unwrap_err();
    assert_eq!(error.code.as_str(), "DEFERRED_CONSTRAINT");
    assert!(error.message.contains("too late"), "{}", error.message);
    assert_eq!(rows(&db).await, "");
    assert!(!there(&db, "a").await);
}
