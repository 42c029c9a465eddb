//! Every class of error that can be made, with its exit status, its place and its way out.

use std::fs;

use crate::{
    Ran, forked, on, run,
    support::{Project, database, project},
    three,
};

/// Runs `upgrade head` where the files alone must stop it: nobody listens on that port.
fn refused(project: &Project, target: &str) -> Ran {
    let mut command = project.limbeck(["upgrade", target]);
    command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none");
    run(&mut command)
}

#[test]
fn usage_exits_with_2() {
    let project = three();
    for args in [
        &["nonsense"][..],
        &["heads", "--nonsense"],
        &["upgrade"],
        &["downgrade"],
        &["stamp"],
        &["upgrade", "head", "--lock-timeout", "soon"],
        &["upgrade", "head", "--tag", "x"],
        &["-x", "novalue", "heads"],
        &["-c", "alembic.ini", "heads"],
        &["-n", "prod", "heads"],
        &["--raiseerr", "heads"],
        &["--plain", "heads"],
        &["revision", "--sql", "-m", "x"],
        &["revision", "-m", " "],
        &["autogenerate"],
        &["revision", "-m", "x", "--plain"],
    ] {
        let ran = run(&mut project.limbeck(args)).fails("USAGE", 2);
        assert_eq!(ran.out, "", "{args:?}");
    }
    let json = run(&mut project.limbeck(["heads", "--json", "--nonsense"])).exits(2).json();
    assert_eq!(json["error"]["code"], "USAGE");
    assert_eq!(json["error"]["exit_status"], 2);
}

#[test]
fn problems_of_the_folder_exit_with_3_and_name_all_files() {
    let duplicate = three();
    duplicate.write(
        "migrations/zz_copy.sql",
        "-- copy\n--\n-- Revision ID: aaaa11111111\n\n-- migrate:up\n",
    );
    let ran = refused(&duplicate, "head").fails("DUP_ID", 3);
    assert!(
        ran.err.contains("aaaa11111111_test.sql") && ran.err.contains("zz_copy.sql"),
        "{}",
        ran.err
    );

    let orphaned = three();
    orphaned.revision("dddd44444444", "eeee55555555", "", None);
    orphaned.revision("ffff66666666", "9999aaaa9999", "", None);
    let ran = refused(&orphaned, "head").fails("MISSING_PARENT", 3);
    assert!(ran.err.contains("eeee55555555") && ran.err.contains("9999aaaa9999"), "{}", ran.err);
    // Listings show what there is, and fail as well.
    let listed = run(&mut orphaned.limbeck(["history"])).fails("MISSING_PARENT", 3);
    assert!(listed.out.contains("cccc33333333"), "{}", listed.out);

    let circle = project();
    circle.revision("aaaa11111111", "bbbb22222222", "", None);
    circle.revision("bbbb22222222", "aaaa11111111", "", None);
    refused(&circle, "head").fails("CYCLE", 3);
}

#[test]
fn targets_that_fit_nothing_or_too_much_exit_with_3() {
    let project = three();
    let history = |range: &str| run(&mut project.limbeck(["history", "-r", range]));
    run(&mut project.limbeck(["show", "nope"])).fails("UNKNOWN_REVISION", 3);
    history("nope:").fails("UNKNOWN_REVISION", 3);
    history("typo@base:").exits(3);
    let twins = three();
    twins.revision("cccc34444444", "cccc33333333", "", None);
    let ran = run(&mut twins.limbeck(["show", "cccc3"])).fails("AMBIGUOUS_ID", 3);
    assert!(ran.err.contains("cccc33333333") && ran.err.contains("cccc34444444"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_cannot_be_made_exit_with_3() {
    let (project, db) = (forked(), database().await);
    run(&mut on(&project, &db, &["upgrade", "head"])).fails("MULTIPLE_HEADS", 3);
    run(&mut on(&project, &db, &["upgrade", "+99"])).fails("BAD_TARGET", 3);
    run(&mut on(&project, &db, &["upgrade", "heads"])).exits(0);
    // Several rows: -1 is no guess.
    let ran = run(&mut on(&project, &db, &["downgrade", "-1"])).exits(3);
    assert!(ran.err.contains("hint:"), "{}", ran.err);
    run(&mut on(&project, &db, &["downgrade", "typo@base"])).exits(3);

    let (one_way, db) = (three(), database().await);
    one_way.revision("dddd44444444", "cccc33333333", "SELECT 1;", None);
    run(&mut on(&one_way, &db, &["upgrade", "head"])).exits(0);
    let ran = run(&mut on(&one_way, &db, &["downgrade", "base"])).fails("NO_DOWN", 3);
    assert!(ran.err.contains("dddd44444444"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_contradict_the_database_exit_with_4() {
    let (project, db) = (three(), database().await);
    run(&mut on(&project, &db, &["upgrade", "bbbb"])).exits(0);
    let path = project.revision(
        "aaaa11111111",
        "",
        "CREATE TABLE account (id bigint PRIMARY KEY);",
        Some("DROP TABLE account;"),
    );
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).fails("EDITED", 4);
    assert!(ran.err.contains("aaaa11111111"), "{}", ran.err);
    let status = run(&mut on(&project, &db, &["status"])).exits(0);
    assert!(status.out.contains("EDITED"), "{}", status.out);
    run(&mut on(&project, &db, &["status", "--check"])).exits(1);

    fs::remove_file(path).unwrap();
    fs::remove_file(project.path().join("migrations/bbbb22222222_test.sql")).unwrap();
    fs::remove_file(project.path().join("migrations/cccc33333333_test.sql")).unwrap();
    project.revision("eeee55555555", "", "SELECT 1;", None);
    run(&mut on(&project, &db, &["upgrade", "head"])).fails("DATABASE_AHEAD", 11);
    let ran = run(&mut on(&project, &db, &["current"])).exits(0);
    assert!(ran.out.contains("bbbb22222222") && ran.out.contains("in no file here"), "{}", ran.out);
    let status = run(&mut on(&project, &db, &["status", "--json"])).exits(0).json();
    assert_eq!(status["orphans"][0]["id"].as_str().map(str::len), Some(12));
}

#[test]
fn files_that_cannot_run_exit_with_5() {
    let with = |up: &[u8]| {
        let project = three();
        let mut text = b"-- x\n--\n-- Revision ID: dddd44444444\n-- Revises: cccc33333333\n\n\
            -- migrate:up\n\n"
            .to_vec();
        text.extend_from_slice(up);
        fs::write(project.path().join("migrations/dddd44444444_x.sql"), text).unwrap();
        project
    };
    let fails = |up: &[u8], code: &str| {
        let ran = refused(&with(up), "head").fails(code, 5);
        assert!(ran.err.contains("migrations/dddd44444444_x.sql"), "{}", ran.err);
    };
    fails(b"SELECT '\xff';\n", "ENCODING");
    fails(b"SELECT 'a\0b';\n", "NUL");
    let headless = three();
    headless.write("migrations/x.sql", "CREATE TABLE x ();\n");
    refused(&headless, "head").fails("BAD_HEADER", 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_cannot_run_exit_with_5() {
    let db = database().await;
    for (up, code) in [
        ("SELECT 'open;", "UNTERMINATED"),
        ("\\connect other", "PSQL_META"),
        ("CREATE TABLE x (); COMMIT;", "TX_CONTROL"),
        ("CREATE TABLE x (); CREATE INDEX CONCURRENTLY i ON x (y);", "NEEDS_NO_TX"),
    ] {
        let project = project();
        project.revision("dddd44444444", "", up, None);
        let ran = run(&mut on(&project, &db, &["upgrade", "head"])).fails(code, 5);
        assert!(ran.err.contains("migrations/dddd44444444_test.sql"), "{}", ran.err);
        assert!(ran.err.contains("line 9") || ran.err.contains(".sql:9"), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn protected_targets_exit_with_6() {
    let (project, db) = (three(), database().await);
    project.write("limbeck.toml", "guard = \"prod\"\n");
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).fails("PROTECTED_TARGET", 6);
    assert!(ran.err.contains("nothing was changed") && ran.err.contains("-y"), "{}", ran.err);
    run(&mut on(&project, &db, &["stamp", "head"])).fails("PROTECTED_TARGET", 6);
    run(&mut on(&project, &db, &["upgrade", "head", "--dry-run"])).exits(0);
    run(&mut on(&project, &db, &["upgrade", "head", "-y"])).exits(0);
    run(&mut on(&project, &db, &["db", "reset", "-y"])).fails("PROTECTED_TARGET", 6);

    project.write("limbeck.toml", "guard = \"staging\"\n");
    let ran = run(&mut on(&project, &db, &["downgrade", "base"])).fails("PROTECTED_TARGET", 6);
    assert!(ran.err.contains("staging"), "{}", ran.err);
    // Dropping an index loses no data.
    run(&mut on(&project, &db, &["downgrade", "-1"])).exits(0);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    for action in ["stop", "restart", "reset"] {
        run(&mut on(&project, &db, &["db", action, "-y"])).fails("NOT_MANAGED", 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_others_exit_with_7() {
    let (project, db) = (three(), database().await);
    run(&mut on(&project, &db, &["upgrade", "aaaa"])).exits(0);
    let mut client = db.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE account IN ACCESS SHARE MODE").await.unwrap();
    let args = ["upgrade", "bbbb", "--lock-timeout", "50ms", "--lock-tries", "2"];
    let ran = run(&mut on(&project, &db, &args)).fails("DDL_LOCK_TIMEOUT", 7);
    assert!(ran.err.contains("retrying"), "{}", ran.err);
    blocker.rollback().await.unwrap();
    run(&mut on(&project, &db, &args)).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_statements_exit_with_8_and_point_at_their_place() {
    let db = database().await;
    let project = project();
    project.revision("aaaa11111111", "", "CREATE TABLE account (id int PRIMARY KEY);", None);
    project.revision(
        "bbbb22222222",
        "aaaa11111111",
        "CREATE TABLE other ();\nSELECT 'ä', nothing FROM account;",
        None,
    );
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).fails("SQL", 8);
    for part in [
        "--> migrations/bbbb22222222_test.sql:10:13",
        "10 | SELECT 'ä', nothing FROM account;\n   |             ^",
        "statement 2 of 2 in the upgrade of bbbb22222222, SQLSTATE 42703",
        "state: ",
    ] {
        assert!(ran.err.contains(part), "no `{part}`:\n{}", ran.err);
    }
    let error = run(&mut on(&project, &db, &["upgrade", "head", "--json"])).exits(8).json();
    let error = &error["error"];
    assert_eq!(error["code"], "SQL");
    assert_eq!(error["sqlstate"], "42703");
    assert_eq!(error["line"], 10);
    assert_eq!(error["column"], 13);
    assert_eq!(error["statement"], 2);
    assert_eq!(error["revision"], "bbbb22222222");
    assert_eq!(error["exit_status"], 8);
    // The first revision stayed, nothing of the second did.
    let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(rows["rows"][0], "aaaa11111111");
    let there: bool = db
        .client()
        .await
        .query_one("SELECT to_regclass('other') IS NOT NULL", &[])
        .await
        .unwrap()
        .get(0);
    assert!(!there);
    let status = run(&mut on(&project, &db, &["status"])).exits(0);
    assert!(status.out.contains("failed last time"), "{}", status.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_failures_of_execution() {
    let db = database().await;
    let fails = |up: &str, extra: &[&str], code: &str| {
        let project = project();
        project.revision("aaaa11111111", "", up, None);
        let mut args = vec!["upgrade", "head"];
        args.extend(extra);
        run(&mut on(&project, &db, &args)).fails(code, 8)
    };
    fails("SELECT pg_sleep(60);", &["--statement-timeout", "100ms"], "STMT_TIMEOUT");
    fails(
        "CREATE TABLE p (id int PRIMARY KEY);\n\
         CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n\
         INSERT INTO c VALUES (1);",
        &[],
        "DEFERRED_CONSTRAINT",
    );
    // Not a table: before version 15 everybody may make one in `public`.
    fails("SET LOCAL ROLE pg_monitor; CREATE SCHEMA x;", &[], "PRIVILEGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fail_exit_with_9() {
    let (project, db) = (three(), database().await);
    let server = db.server();
    let with = |url: String| {
        let mut command = project.limbeck(["upgrade", "head"]);
        run(command.env("DATABASE_URL", url))
    };
    with("postgresql://me@127.0.0.1:1/none".to_owned()).fails("CONNECT", 9);
    with(format!("postgresql://postgres:wrong@{}:{}/{}", server.host, server.port, db.name))
        .fails("AUTH", 9);
    let status =
        run(project.limbeck(["status"]).env("DATABASE_URL", "postgresql://me@127.0.0.1:1/x"))
            .fails("CONNECT", 9);
    assert!(status.out.contains("not reachable"), "{}", status.out);
    let client = db.client().await;
    let sql = format!("ALTER DATABASE {} SET default_transaction_read_only = on", db.name);
    client.batch_execute(&sql).await.unwrap();
    run(&mut on(&project, &db, &["upgrade", "head"])).fails("READ_ONLY", 9);
    run(&mut on(&project, &db, &["status"])).exits(0);
}
