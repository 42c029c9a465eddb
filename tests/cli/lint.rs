//! `lint`, and the gate before data is lost.

use serde_json::json;

use crate::{
    on, run,
    support::{database, project},
    three,
};

#[test]
fn files_are_looked_at_without_a_database() {
    let project = three();
    let args = ["lint", "cccc", "--no-database"];
    let ran = run(&mut project.limbeck(args)).exits(1);
    let place = "migrations/cccc33333333_test.sql:9: warning[index-not-concurrent]: ";
    assert!(ran.out.contains(place), "{}", ran.out);
    assert!(
        ran.out.contains("CREATE INDEX CONCURRENTLY account_name ON account (name);"),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("1 finding in 1 file [LINT]"), "{}", ran.err);
    for allow in ["index-not-concurrent", "require-concurrent-index-creation"] {
        let args = ["lint", "cccc", "--no-database", "--allow", allow];
        run(&mut project.limbeck(args)).exits(0);
    }
    let ran = run(&mut project.limbeck(["lint", "--allow", "drop-colum"])).fails("USAGE", 2);
    assert!(ran.err.contains("did you mean `drop-column`?"), "{}", ran.err);
    run(&mut project.limbeck(["lint", "aaaa", "--no-database"])).exits(0);
    run(&mut project.limbeck(["lint", "nope", "--no-database"])).exits(3);
}

#[test]
fn findings_as_json() {
    let project = three();
    project.write("extra.sql", "DROP TABLE a;\n-- squawk-ignore ban-drop-table\nDROP TABLE b;\n");
    let args = ["lint", "extra.sql", "--no-database", "--json"];
    let document = run(&mut project.limbeck(args)).exits(1).json();
    assert_eq!(document["code"], "LINT");
    let findings = document["findings"].as_array().unwrap();
    let told: Vec<_> = findings
        .iter()
        .map(|it| json!([it["path"], it["line"], it["rule"], it["severity"], it["counts"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["extra.sql", 1, "drop-table", "danger", true]),
            json!(["extra.sql", 3, "drop-table", "danger", false]),
        ]
    );
}

#[test]
fn settings_turn_rules_off_and_on() {
    let project = three();
    project.write("limbeck.toml", "lint.off = \"index-not-concurrent\"\n");
    run(&mut project.limbeck(["lint", "cccc", "--no-database"])).exits(0);
    project.write("limbeck.toml", "[lint]\non = \"missing-down\"\n");
    project.revision("dddd44444444", "cccc33333333", "SELECT 1;", None);
    let ran = run(&mut project.limbeck(["lint", "dddd", "--no-database"])).exits(1);
    assert!(ran.out.contains("warning[missing-down]"), "{}", ran.out);
    project.write("limbeck.toml", "[lint]\noff = \"nothing\"\n");
    run(&mut project.limbeck(["lint", "--no-database"])).fails("SETTINGS", 2);
}

#[test]
fn names_that_mean_no_rule_are_found() {
    let project = project();
    let up = "-- limbeck: allow drop-tabel\nCREATE TABLE t (a int);";
    project.revision("aaaa11111111", "", up, Some(""));
    let ran = run(&mut project.limbeck(["lint", "--no-database"])).exits(1);
    assert!(ran.out.contains(".sql:9: warning: `drop-tabel` is no rule"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_says_what_words_do_not() {
    let (project, db) = (three(), database().await);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    let client = db.client().await;
    let sql = "ALTER TABLE account ALTER name TYPE varchar(20); ALTER TABLE account ADD n int;
               INSERT INTO account SELECT i FROM generate_series(1, 3000) i; ANALYZE account;
               ALTER TABLE account ADD CONSTRAINT filled CHECK (name IS NOT NULL) NOT VALID";
    client.batch_execute(sql).await.unwrap();
    let lint = |up: &str, args: &[&str]| {
        project.revision("dddd44444444", "cccc33333333", up, Some(""));
        let mut all = vec!["lint"];
        all.extend(args);
        run(&mut on(&project, &db, &all))
    };
    lint("ALTER TABLE account ALTER name TYPE varchar(40);", &[]).exits(0);
    let ran = lint("ALTER TABLE account ALTER n TYPE bigint;", &[]).exits(1);
    assert!(ran.out.contains("n: integer to bigint"), "{}", ran.out);
    assert!(ran.out.contains("about 3000 rows"), "{}", ran.out);
    lint("ALTER TABLE account ALTER name SET NOT NULL;", &[]).exits(1);
    client
        .batch_execute(
            "UPDATE account SET name = ''; ALTER TABLE account VALIDATE CONSTRAINT filled",
        )
        .await
        .unwrap();
    lint("ALTER TABLE account ALTER name SET NOT NULL;", &[]).exits(0);
    project.write("limbeck.toml", "lint.small_table = 5000\n");
    lint("ALTER TABLE account ALTER n TYPE bigint;", &[]).exits(0);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    let ran = run(&mut on(&project, &db, &["lint"])).exits(0);
    assert!(ran.err.contains("nothing is pending"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_not_lost_unless_the_file_says_so() {
    let (project, db) = (three(), database().await);
    let upgrade = |args: &[&str]| {
        let mut all = vec!["upgrade", "head"];
        all.extend(args);
        run(&mut on(&project, &db, &all))
    };
    upgrade(&[]).exits(0);
    let drop = |allow: &str| {
        let up = format!("{allow}ALTER TABLE account DROP COLUMN name;");
        project.revision("dddd44444444", "cccc33333333", &up, Some(""));
    };
    drop("");
    project.write("limbeck.toml", "guard = \"staging\"\n");
    // There is nothing to lose in an empty table.
    upgrade(&["-y", "--dry-run"]).exits(0);
    db.client().await.batch_execute("INSERT INTO account VALUES (1, 'a')").await.unwrap();
    let ran = upgrade(&["-y"]).fails("DATA_LOSS", 6);
    for part in [
        "dddd44444444",
        "column name of account",
        ".sql:9",
        "nothing was changed",
        "--allow drop-column",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    upgrade(&["-y", "--dry-run"]).fails("DATA_LOSS", 6);
    upgrade(&["-y", "--allow", "drop-table"]).fails("DATA_LOSS", 6);
    upgrade(&["-y", "--dry-run", "--allow", "drop-column"]).exits(0);
    // Without an answer the name must be typed all the same.
    drop("-- limbeck: allow drop-column \"moved\"\n");
    upgrade(&[]).fails("PROTECTED_TARGET", 6);
    upgrade(&["-y"]).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_is_told_and_not_stopped() {
    let (project, db) = (three(), database().await);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    db.client().await.batch_execute("INSERT INTO account VALUES (1, 'a')").await.unwrap();
    project.revision("dddd44444444", "cccc33333333", "DROP TABLE account;", Some(""));
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    assert!(ran.err.contains("data is lost") && ran.err.contains("table account"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_loses_nothing_by_an_old_history() {
    let (project, db) = (three(), database().await);
    project.revision("dddd44444444", "cccc33333333", "DROP TABLE account;", Some(""));
    project.write("limbeck.toml", "guard = \"prod\"\n");
    run(&mut on(&project, &db, &["upgrade", "head", "-y"])).exits(0);
}
