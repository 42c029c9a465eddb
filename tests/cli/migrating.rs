//! Commands that change a database: their outcome, in words and as JSON.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::json;

use crate::{
    forked, on, run,
    support::{TestDb, database},
    three,
};

#[tokio::test(flavor = "multi_thread")]
async fn up_and_down_and_nothing_to_do() {
    let (project, db) = (three(), database().await);
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    for part in ["up  aaaa11111111", "up  cccc33333333", "upgraded 3 revisions"] {
        assert!(ran.err.contains(part), "no `{part}`:\n{}", ran.err);
    }
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    assert!(ran.err.contains("nothing to upgrade"), "{}", ran.err);
    let ran = run(&mut on(&project, &db, &["downgrade", "-1"])).exits(0);
    assert!(ran.err.contains("down  cccc33333333"), "{}", ran.err);
    assert!(ran.err.contains("at bbbb22222222"), "{}", ran.err);
    let ran = run(&mut on(&project, &db, &["downgrade", "base"])).exits(0);
    assert!(ran.err.contains("at base"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_that_anybody_may_change_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let (project, db) = (three(), database().await);
    let ran = run(&mut on(&project, &db, &["upgrade", "+1"])).exits(0);
    assert!(!ran.err.contains("every user"), "{}", ran.err);
    let folder = project.path().join("migrations");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let ran = run(&mut on(&project, &db, &["upgrade", "+1"])).exits(0);
    let warning = "warning: every user of this machine can change `migrations`\n";
    assert!(ran.err.contains(warning), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_as_json() {
    let (project, db) = (three(), database().await);
    let mut document = run(&mut on(&project, &db, &["upgrade", "+2", "--json"])).exits(0).json();
    for done in document["done"].as_array_mut().unwrap() {
        assert!(done["took_ms"].as_f64().unwrap() > 0.0);
        done["took_ms"] = json!(0);
    }
    let done = |id: &str| json!({ "id": id, "message": format!("revision {id}"), "direction": "up", "took_ms": 0 });
    assert_eq!(
        document,
        json!({
            "done": [done("aaaa11111111"), done("bbbb22222222")],
            "before": [],
            "after": ["bbbb22222222"],
            "dry_run": false,
            "not_tried": [],
            "skipped": false,
            "direction": "up",
            "target": "+2",
        })
    );
    let document = run(&mut on(&project, &db, &["stamp", "head", "--json"])).exits(0).json();
    assert_eq!(document["before"], json!(["bbbb22222222"]));
    assert_eq!(document["after"], json!(["cccc33333333"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let (project, db) = (three(), database().await);
    let ran = run(&mut on(&project, &db, &["upgrade", "head", "--dry-run"])).exits(0);
    assert!(ran.err.contains("dry run:") && ran.err.contains("rolled back"), "{}", ran.err);
    let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(rows["rows"], json!([]));
    let document = run(&mut on(&project, &db, &["upgrade", "head", "--dry-run", "--json"]));
    assert_eq!(document.exits(0).json()["dry_run"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing_in_one_transaction() {
    let (project, db) = (three(), database().await);
    project.revision("dddd44444444", "cccc33333333", "SELECT 1/0;", None);
    run(&mut on(&project, &db, &["upgrade", "head", "--single-transaction"])).fails("SQL", 8);
    let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(rows["rows"], json!([]));
    run(&mut on(&project, &db, &["upgrade", "cccc", "--single-transaction"])).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stamp_and_purge() {
    let (project, db) = (forked(), database().await);
    run(&mut on(&project, &db, &["stamp", "heads"])).exits(0);
    let rows = |args: &[&str]| run(&mut on(&project, &db, args)).exits(0).json()["rows"].clone();
    assert_eq!(rows(&["current", "--json"]), json!(["cccc33333333", "dddd44444444"]));
    let client = db.client().await;
    client
        .batch_execute(
            "UPDATE limbeck.version SET version_num = 'gone' WHERE version_num LIKE 'd%'",
        )
        .await
        .unwrap();
    run(&mut on(&project, &db, &["stamp", "--purge", "bbbb"])).exits(0);
    assert_eq!(rows(&["current", "--json"]), json!(["bbbb22222222"]));
    let ran = run(&mut on(&project, &db, &["stamp", "bbbb"])).exits(0);
    assert!(ran.err.contains("nothing to stamp"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_for_psql() {
    let (project, db) = (three(), database().await);
    let script = run(project
        .limbeck(["upgrade", "--sql", "head"])
        .env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"))
    .exits(0)
    .out;
    assert!(script.contains("CREATE INDEX account_name"), "{script}");
    // The script is for psql; some machines have none.
    if let Some(applied) = psql(&db, &script) {
        assert!(applied.status.success(), "{applied:?}");
        let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
        assert_eq!(rows["rows"], json!(["cccc33333333"]));
        run(&mut on(&project, &db, &["downgrade", "-1"])).exits(0);
        run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    }
    let down = run(&mut project.limbeck(["downgrade", "--sql", "head:aaaa"])).exits(0).out;
    assert!(down.contains("DROP INDEX account_name") && !down.contains("DROP TABLE"), "{down}");
    run(&mut project.limbeck(["downgrade", "--sql", "base"])).fails("USAGE", 2);
}

/// Feeds a script to psql; none when the machine has no psql.
fn psql(db: &TestDb, script: &str) -> Option<Output> {
    let server = db.server();
    let beside = server.bin_dir.join("psql");
    let program = if beside.is_file() { beside } else { "psql".into() };
    let mut child = Command::new(program)
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", &server.host, "-U", &server.user])
        .args(["-p", &server.port.to_string(), "-d", &db.name])
        .env("PGPASSWORD", &server.password)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    stdin.write_all(script.as_bytes()).expect("psql reads its input");
    drop(stdin);
    child.wait_with_output().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_shown() {
    let (project, db) = (crate::support::project(), database().await);
    let up = "DO $$ BEGIN RAISE NOTICE 'hello %', 'there'; RAISE WARNING 'careful'; END $$;";
    project.revision("aaaa11111111", "", up, None);
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    assert!(ran.err.contains("notice: hello there"), "{}", ran.err);
    assert!(ran.err.contains("warning: careful"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_runs_name_their_statements() {
    let (project, db) = (three(), database().await);
    let ran = run(&mut on(&project, &db, &["upgrade", "aaaa", "-v"])).exits(0);
    assert!(ran.err.contains("1/1 line 9: CREATE TABLE account"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tools_version_table_is_mentioned() {
    let (project, db) = (three(), database().await);
    db.client()
        .await
        .batch_execute(
            "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); \
             INSERT INTO alembic_version VALUES ('bbbb22222222')",
        )
        .await
        .unwrap();
    for command in ["status", "current"] {
        let ran = run(&mut on(&project, &db, &[command])).exits(0);
        assert!(ran.err.contains("version_table = \"public.alembic_version\""), "{}", ran.err);
    }
    project.write("limbeck.toml", "version_table = \"public.alembic_version\"\n");
    let document = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(document["rows"], json!(["bbbb22222222"]));
}
