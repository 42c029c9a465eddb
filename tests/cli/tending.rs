//! `doctor` and `wait` as people and scripts meet them.

use serde_json::json;

use crate::{
    on, run,
    support::{database, project},
    three,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_it_finds_and_what_mends_it() {
    let (project, db) = (three(), database().await);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    // Other tests' scratch databases may come and go on this server; they are not looked at here.
    let client = db.client().await;
    client
        .batch_execute("ALTER TABLE account ADD CONSTRAINT \"a\u{202e}b\" CHECK (id > 0) NOT VALID")
        .await
        .unwrap();
    let ran = run(&mut on(&project, &db, &["doctor"])).exits(1);
    let expected = "not valid a<U+202E>b: a constraint of public.account that existing rows were never \
         checked against\n    ALTER TABLE public.account VALIDATE CONSTRAINT \"a<U+202E>b\";\n";
    assert!(ran.out.contains(expected), "{}", ran.out);
    assert!(ran.err.contains("hint: `limbeck db psql`"), "{}", ran.err);
    let document = run(&mut on(&project, &db, &["doctor", "--json"])).exits(1).json();
    assert_eq!(document["clean"], false);
    assert_eq!(
        document["findings"][0],
        json!({
            "kind": "not_valid",
            "object": "a\u{202e}b",
            "what": "a constraint of public.account that existing rows were never checked against",
            "mend": { "sql": "ALTER TABLE public.account VALIDATE CONSTRAINT \"a\u{202e}b\";" },
            "otherwise": null,
        })
    );
    // A folder with problems: what was found is still told.
    project.write(
        "migrations/zz.sql",
        "-- zz\n-- Revision ID: zz\n-- Revises: nowhere\n\n-- migrate:up\n",
    );
    let ran = run(&mut on(&project, &db, &["doctor"])).fails("MISSING_PARENT", 3);
    assert!(ran.out.contains("VALIDATE CONSTRAINT"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_with_a_status_of_its_own_for_each_outcome() {
    let (project, db) = (three(), database().await);
    let ran = run(&mut on(&project, &db, &["wait", "--timeout", "100ms"])).exits(1);
    assert!(
        ran.err.contains(
            "not ready: cccc33333333 is not applied after 0.1 s; the database is at base"
        ),
        "{}",
        ran.err
    );
    let mut waiter = on(&project, &db, &["wait", "--for", "heads", "--timeout", "1min", "--json"]);
    let waiter = waiter.stdout(std::process::Stdio::piped()).spawn().unwrap();
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    let output = waiter.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        document,
        json!({ "wanted": ["cccc33333333"], "missing": [], "rows": ["cccc33333333"], "reached": true })
    );
    let ran = run(&mut on(&project, &db, &["wait", "--for", "bbbb", "--timeout", "0"])).exits(0);
    assert!(ran.err.contains("ready: the database is at cccc33333333"), "{}", ran.err);
    run(&mut on(&project, &db, &["wait", "--for", "nonsense"])).fails("UNKNOWN_REVISION", 3);
    let mut nowhere = project.limbeck(["wait", "--timeout", "200ms"]);
    nowhere.env("DATABASE_URL", "postgresql://x@127.0.0.1:1/x");
    let ran = run(&mut nowhere).fails("CONNECT", 9);
    assert!(ran.err.contains("(after 0 s of waiting)"), "{}", ran.err);
}

/// Without settings the server is the project's own, which somebody may be about to start.
#[test]
fn waiting_for_a_server_of_the_project() {
    let project = project();
    project.write("limbeck.toml", "");
    let ran = run(&mut project.limbeck(["wait", "--timeout", "100ms"])).fails("CONNECT", 9);
    assert!(ran.err.contains("is not running"), "{}", ran.err);
}
