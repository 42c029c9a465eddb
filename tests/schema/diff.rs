//! `limbeck diff` as scripts meet it.

use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

use limbeck::config::Connection;

use crate::{
    left_by,
    support::{Project, TestDb, database, project},
};

const OLD: &str = "CREATE TABLE account (id int PRIMARY KEY);\n";
const NEW: &str = "CREATE VIEW ids AS SELECT id FROM account;\n\
                   CREATE TABLE account (id int PRIMARY KEY, mail text NOT NULL DEFAULT '');\n";

fn diff(project: &Project, db: &TestDb, args: &[&str]) -> Command {
    let mut command = project.limbeck(["diff"]);
    command.args(args).env("DATABASE_URL", db.url()).stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

#[track_caller]
fn ran(output: &Output, status: i32) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "stdout:\n{out}\nstderr:\n{err}");
    out.into_owned()
}

#[tokio::test]
async fn the_script_leads_from_one_file_to_the_other() {
    let db = database().await;
    let project = project();
    project.write("old.sql", OLD);
    project.write("new.sql", NEW);
    let both = ["--from", "old.sql", "--to", "new.sql"];
    let output = diff(&project, &db, &[&both[..], &["--sql"]].concat()).output().unwrap();
    let script = ran(&output, 1);
    let client = db.client().await;
    client.batch_execute(OLD).await.unwrap();
    client.batch_execute(&script).await.unwrap();
    client.batch_execute("SELECT mail FROM account, ids").await.unwrap();
    // The database is what the file says now; nothing is to be done.
    let output = diff(&project, &db, &["--to", "new.sql", "--sql"]).output().unwrap();
    assert_eq!(ran(&output, 0), "");
    let output = diff(&project, &db, &["--from", "old.sql", "--to", "old.sql"]).output().unwrap();
    assert_eq!(ran(&output, 0), "");
}

#[tokio::test]
async fn json_has_changes_steps_and_the_proof() {
    let db = database().await;
    let project = project();
    project.write("old.sql", OLD);
    project.write("new.sql", NEW);
    let output =
        diff(&project, &db, &["--from", "old.sql", "--to", "new.sql", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_str(&ran(&output, 1)).unwrap();
    assert_eq!(json["equal"], false);
    assert!(json["changes"].as_array().is_some_and(|c| c.len() >= 2), "{json:#}");
    assert!(json["up"]["statements"][0]["sql"].is_string(), "{json:#}");
    assert!(json["down"]["statements"][0]["sql"].is_string(), "{json:#}");
    assert!(json["proof"]["rows"].is_number(), "{json:#}");
}

#[tokio::test]
async fn models_revisions_and_databases_are_sources() {
    let db = database().await;
    let project = project();
    project.write("models/b.sql", NEW);
    project.revision("aaaa11111111", "", OLD, Some("DROP TABLE account;"));
    let up = "ALTER TABLE account ADD mail text NOT NULL DEFAULT '';\n\
              CREATE VIEW ids AS SELECT id FROM account;";
    project.revision("bbbb22222222", "aaaa11111111", up, None);
    let check = |args: &[&str], status| {
        ran(&diff(&project, &db, args).output().unwrap(), status);
    };
    check(&["--from", "head", "--to", "models"], 0);
    check(&["--from", "rev:aaaa", "--to", "models"], 1);
    check(&["--from", "base", "--to", "empty"], 0);
    check(&[], 1);
    // Limbeck's own tables are no part of anything.
    ran(&project.limbeck(["upgrade", "head"]).env("DATABASE_URL", db.url()).output().unwrap(), 0);
    check(&[], 0);
    check(&["--from", &db.url(), "--to", "rev:head"], 0);
    check(&["--from", "nowhere.sql"], 2);
}

#[tokio::test]
async fn models_that_fail_are_named_with_file_and_line() {
    let db = database().await;
    let project = project();
    project.write("models/a.sql", "CREATE TABLE t ();\nCREATE VIEW v AS SELECT 1 FROM u;\n");
    let output = diff(&project, &db, &[]).output().unwrap();
    ran(&output, 8);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("models/a.sql:2: relation \"u\" does not exist"), "{err}");
    let output = diff(&project, &db, &["--to", "models", "--json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_str(&ran(&output, 8)).unwrap();
    assert_eq!(json["error"]["code"], "SQL");
}

#[tokio::test]
async fn an_interrupted_comparison_leaves_no_scratch_database() {
    let db = database().await;
    let project = project();
    project.write("slow.sql", "CREATE TABLE t ();\nSELECT pg_sleep(60);\n");
    let args = ["--from", "empty", "--to", "slow.sql"];
    let child = diff(&project, &db, &args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap();
    let pid = child.id();
    while left_by(&db, pid).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kill = Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap();
    assert!(kill.success());
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    ran(&output, 130);
    assert_eq!(left_by(&db, pid).await, [""; 0]);
}

#[tokio::test]
async fn passwords_of_sources_are_not_shown() {
    let db = database().await;
    let project = project();
    let output = diff(&project, &db, &["--from", &db.url(), "--to", "base"]).output().unwrap();
    let text = format!("{output:?}");
    let Connection { password, .. } = db.connection();
    assert!(password.is_some() && !text.contains(&db.server().password), "{text}");
}
