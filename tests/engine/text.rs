//! Rows 20 to 27 and 34: what stands in files.

use std::{fmt::Write, path::Path};

use limbeck::{
    engine::Control,
    revision::{History, Revision, file},
};

use super::kit::*;
use crate::support::database;

#[test]
fn row_20_files_that_are_no_text_are_refused_before_connecting() {
    let parse = |bytes: &[u8]| file::parse(Path::new("x.sql"), bytes).unwrap_err().code;
    assert_eq!(
        parse(b"-- x\n-- Revision ID: a\n-- migrate:up\nSELECT '\xff';\n").as_str(),
        "ENCODING"
    );
    assert_eq!(parse(b"-- x\n-- Revision ID: a\n-- migrate:up\nSELECT '\0';\n").as_str(), "NUL");
    let utf16: Vec<u8> =
        "-- x\n-- Revision ID: a\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(parse(&[&b"\xff\xfe"[..], &utf16].concat()).as_str(), "ENCODING");
}

#[tokio::test]
async fn row_21_line_ends_and_byte_order_marks_do_not_matter() {
    let db = database().await;
    let unix = text("r001", "", "CREATE TABLE a (\n  id int\n);", "DROP TABLE a;");
    let windows = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    up(&engine(&db, &files(&[windows]))).await.unwrap();
    let (control, events) = recording();
    let report = engine(&db, &files(&[unix])).upgrade("heads", &control).await.unwrap();
    assert!(report.done.is_empty());
    assert!(!format!("{:?}", events.lock().unwrap()).contains("Remark"));
}

#[tokio::test]
async fn row_22_a_large_file_runs() {
    let db = database().await;
    let mut script = String::from("CREATE TABLE big (n int, t text);\n");
    script.push_str("COPY big FROM STDIN;\n");
    for n in 0..100_000 {
        let _ = writeln!(script, "{n}\tsome text that is not short");
    }
    script.push_str("\\.\n");
    let report = up(&engine(&db, &chain(&[(&script, "DROP TABLE big;")]))).await.unwrap();
    assert_eq!(report.done.len(), 1);
    assert_eq!(ask(&db, "SELECT count(*) FROM big").await, "100000");
    assert_eq!(ask(&db, "SELECT up_sql FROM limbeck.history").await, "NULL", "too long to keep");
}

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
    assert!(
        error.message.contains("001.sql") && error.message.contains("line 9"),
        "{}",
        error.message
    );

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
        assert!(error.message.contains("line 9 of 001.sql"), "{}", error.message);
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
         SET default_transaction_read_only = on;"
    );
    let check = "CREATE TABLE two (\n  search_path text DEFAULT current_setting('search_path'));\n\
        DO $$ BEGIN\n\
          IF current_user <> session_user THEN RAISE 'role'; END IF;\n\
          IF current_setting('lock_timeout') <> '300ms' THEN RAISE 'lock_timeout'; END IF;\n\
          IF EXISTS (SELECT FROM pg_listening_channels()) THEN RAISE 'listen'; END IF;\n\
          IF EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'p') THEN RAISE 'prepared'; END IF;\n\
          IF EXISTS (SELECT FROM pg_cursors WHERE name = 'c') THEN RAISE 'cursor'; END IF;\n\
        END $$;";
    up(&engine(&db, &chain(&[(&first, ""), (check, "")]))).await.unwrap();
    assert!(there(&db, "s1.one").await && there(&db, "public.two").await);
    assert_eq!(rows(&db).await, "r002");
    exec(&db, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn row_27_unlocking_everything_takes_the_lock_again() {
    let db = database().await;
    let history = chain(&[("SELECT pg_advisory_unlock_all();", ""), ("SELECT pg_sleep(0);", "")]);
    assert_eq!(up(&engine(&db, &history)).await.unwrap().done.len(), 2);
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

#[tokio::test]
async fn errors_point_into_the_file() {
    let db = database().await;
    let history = chain(&[
        ("CREATE TABLE a ();", ""),
        ("-- é\nSELECT 'ä', 'ö';\n\n  SELECT 'ü',\n    nix FROM a;", ""),
    ]);
    let error = up(&engine(&db, &history)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "SQL");
    let state = error.state.as_deref().unwrap();
    assert!(state.contains("rolled back") && state.contains("`r001`"), "{state}");
    assert_eq!(ids(&error.done), ["r001"]);
    let failure = error.failure.unwrap();
    assert_eq!((failure.statement, failure.of), (2, 2));
    assert_eq!((failure.line, failure.column), (12, 5));
    assert_eq!(failure.excerpt, "    nix FROM a;");
    assert_eq!(failure.sqlstate.as_deref(), Some("42703"));
    let record = engine(&db, &history).record(1).await.unwrap();
    assert_eq!(record[0].state, "failed");
    assert!(record[0].error.as_deref().unwrap().starts_with("42703: "));
}

#[tokio::test]
async fn row_37_passwords_are_in_no_event_and_no_table() {
    let db = database().await;
    let role = format!("{}_role", db.name);
    let up_sql = format!("CREATE ROLE {role} PASSWORD 'hunter2';\nSELECT 1/0;");
    let (control, events) = recording();
    let history = chain(&[(&up_sql, "")]);
    let error = engine(&db, &history).upgrade("heads", &control).await.unwrap_err();
    let fixed = up_sql.replace("SELECT 1/0;", &format!("DROP ROLE {role};"));
    engine(&db, &chain(&[(&fixed, "")])).upgrade("heads", &control).await.unwrap();
    let kept = ask(&db, "SELECT string_agg(h::text, '') FROM limbeck.history h").await;
    assert!(kept.contains("CREATE ROLE"));
    for text in [format!("{:?}", events.lock().unwrap()), format!("{error:?}"), kept] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let debug = format!("{:?}", engine(&db, &history));
    assert!(!debug.contains(&db.server().password), "no password in Debug");
}

#[tokio::test]
async fn a_revision_without_down_stops_the_way_down() {
    let db = database().await;
    let mut one = tables(1).revisions().to_vec();
    one.push(parse(
        "irreversible.sql",
        "-- gone\n-- Revision ID: r002\n-- Revises: r001\n-- migrate:up\nSELECT 1;\n",
    ));
    let revisions: Vec<Revision> = one;
    let engine = engine(&db, &std::sync::Arc::new(History::from_revisions(revisions)));
    up(&engine).await.unwrap();
    let error = engine.downgrade("base", &Control::silent()).await.unwrap_err();
    assert_eq!(error.code.as_str(), "NO_DOWN");
    assert!(error.message.contains("irreversible.sql"));
    assert_eq!(rows(&db).await, "r002");
}

#[tokio::test]
async fn copy_to_stdout_is_refused() {
    let db = database().await;
    let error = up(&engine(&db, &chain(&[("COPY (SELECT 1) TO STDOUT;", "")]))).await.unwrap_err();
    assert!(error.message.contains("TO STDOUT"));
}
