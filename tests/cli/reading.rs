//! Commands that read: what they print, and their JSON.

use serde_json::json;

use crate::{forked, on, run, support::database, three};

#[test]
fn heads_and_branches() {
    let project = forked();
    let ran = run(&mut project.limbeck(["heads"])).exits(0);
    let ids: Vec<&str> = ran.out.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(ids, ["cccc33333333", "dddd44444444"]);
    assert!(ran.err.contains("limbeck merge heads"), "{}", ran.err);

    let heads = run(&mut project.limbeck(["heads", "--json"])).exits(0).json();
    assert_eq!(
        heads["heads"][1],
        json!({
            "id": "dddd44444444",
            "message": "shop",
            "parents": ["bbbb22222222"],
            "depends_on": [],
            "branch_labels": ["shop"],
            "inherited_labels": [],
            "created": null,
            "path": "migrations/dddd44444444_shop.sql",
            "head": true,
            "base": false,
            "branch_point": false,
            "merge_point": false,
            "reversible": true,
        })
    );

    let branches = run(&mut project.limbeck(["branches", "--json"])).exits(0).json();
    let list = branches["branches"].as_array().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["id"], "bbbb22222222");
    let into: Vec<_> =
        list[0]["into"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(into, ["cccc33333333", "dddd44444444"]);
    let text = run(&mut project.limbeck(["branches"])).exits(0).out;
    assert!(text.contains("└─ dddd44444444"), "{text}");
}

#[test]
fn history_lists_newest_first_and_takes_ranges() {
    let project = three();
    let ids = |args: &[&str]| {
        let mut all = vec!["history", "--json"];
        all.extend(args);
        let document = run(&mut project.limbeck(all)).exits(0).json();
        let list = document["history"].as_array().unwrap().clone();
        list.iter().map(|r| r["id"].as_str().unwrap()[..4].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), ["cccc", "bbbb", "aaaa"]);
    assert_eq!(ids(&["-r", "bbbb:"]), ["cccc", "bbbb"]);
    assert_eq!(ids(&["-r", ":bbbb"]), ["bbbb", "aaaa"]);
    assert_eq!(ids(&["-r", "-2:"]).first().map(String::as_str), Some("cccc"));
    let text = run(&mut project.limbeck(["history"])).exits(0).out;
    assert_eq!(text.lines().count(), 3);
    assert!(text.starts_with("cccc33333333  revision cccc33333333"), "{text}");
    let verbose = run(&mut project.limbeck(["history", "-v"])).exits(0).out;
    assert!(verbose.contains("revises     aaaa11111111"), "{verbose}");
}

#[test]
fn history_draws_the_graph() {
    let project = forked();
    let text = run(&mut project.limbeck(["history", "--graph"])).exits(0).out;
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("*─╯"), "{text}");
}

#[test]
fn show_prints_the_revision_and_its_sql() {
    let project = three();
    let text = run(&mut project.limbeck(["show", "aaaa"])).exits(0).out;
    assert!(text.contains("CREATE TABLE account"), "{text}");
    assert!(text.contains("DROP TABLE account"), "{text}");
    assert!(text.contains("migrations/aaaa11111111_test.sql"), "{text}");
    let document = run(&mut project.limbeck(["show", "head", "--json"])).exits(0).json();
    assert_eq!(document["revisions"][0]["up"], "CREATE INDEX account_name ON account (name);");
    assert_eq!(document["revisions"][0]["down"], "DROP INDEX account_name;");
    run(&mut project.limbeck(["show", "base"])).fails("BAD_TARGET", 3);
}

#[test]
fn reading_the_files_needs_no_database() {
    let project = three();
    for command in ["heads", "branches", "history"] {
        let mut command = project.limbeck([command]);
        // Nobody listens there; a connection would fail.
        command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none");
        run(&mut command).exits(0);
    }
    assert!(!project.path().join(".limbeck").exists(), "reading must not make a server");
}

#[test]
fn an_empty_project_is_no_error() {
    let project = crate::support::project();
    for command in ["heads", "history", "branches"] {
        let ran = run(&mut project.limbeck([command])).exits(0);
        assert_eq!(ran.out, "");
        assert!(!ran.err.is_empty(), "a person is told that there is nothing");
        let quiet = run(&mut project.limbeck([command, "-q"])).exits(0);
        assert_eq!(quiet.err, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn current_follows_the_database() {
    let (project, db) = (three(), database().await);
    let ran = run(&mut on(&project, &db, &["current"])).exits(0);
    assert_eq!(ran.out, "");
    run(&mut on(&project, &db, &["upgrade", "bbbb"])).exits(0);
    let ran = run(&mut on(&project, &db, &["current"])).exits(0);
    assert!(ran.out.starts_with("bbbb22222222  "), "{}", ran.out);
    let ran = run(&mut on(&project, &db, &["current", "--check-heads"])).exits(1);
    assert!(ran.err.contains("not at head"), "{}", ran.err);
    let document = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(document["rows"], json!(["bbbb22222222"]));
    assert_eq!(document["current"][0]["id"], "bbbb22222222");
    assert_eq!(document["current"][0]["row"], true);
    assert_eq!(document["at_heads"], false);
    assert_eq!(document["managed"], true);
    assert_eq!(document["unknown"], json!([]));
    let verbose = run(&mut on(&project, &db, &["current", "-v"])).exits(0).out;
    assert!(verbose.contains("applied"), "{verbose}");

    let marked = run(&mut on(&project, &db, &["history", "-i"])).exits(0).out;
    assert!(marked.contains("●  bbbb22222222") && marked.contains("○  cccc33333333"), "{marked}");
    let range =
        run(&mut on(&project, &db, &["history", "-r", "current:", "--json"])).exits(0).json();
    assert_eq!(range["history"].as_array().unwrap().len(), 2);
    let shown = run(&mut on(&project, &db, &["show", "current", "--json"])).exits(0).json();
    assert_eq!(shown["revisions"][0]["id"], "bbbb22222222");

    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    run(&mut on(&project, &db, &["current", "--check-heads"])).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_what_is_pending() {
    let (project, db) = (three(), database().await);
    run(&mut on(&project, &db, &["upgrade", "aaaa"])).exits(0);
    let ran = run(&mut on(&project, &db, &["status"])).exits(0);
    assert!(ran.out.contains("2 of 3 revisions"), "{}", ran.out);
    assert!(ran.out.contains("○  bbbb22222222"), "{}", ran.out);
    assert!(ran.err.contains("limbeck upgrade head"), "{}", ran.err);
    run(&mut on(&project, &db, &["status", "--check"])).exits(1);

    let document = run(&mut on(&project, &db, &["status", "--json"])).exits(0).json();
    assert_eq!(document["server"]["kind"], "external");
    assert_eq!(document["database"]["reachable"], true);
    assert_eq!(document["database"]["name"], db.name.as_str());
    assert_eq!(document["rows"], json!(["aaaa11111111"]));
    assert_eq!(document["heads"], json!(["cccc33333333"]));
    assert_eq!(document["clean"], false);
    let pending: Vec<_> =
        document["pending"].as_array().unwrap().iter().map(|r| r["id"].clone()).collect();
    assert_eq!(pending, ["bbbb22222222", "cccc33333333"]);
    for list in ["edited", "partial", "failed", "orphans", "problems", "settings"] {
        assert!(document[list].is_array(), "{list}");
    }
    let url =
        document["settings"].as_array().unwrap().iter().find(|s| s["name"] == "connection.dbname");
    assert_eq!(url.unwrap()["origin"], "$DATABASE_URL");

    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    run(&mut on(&project, &db, &["status", "--check"])).exits(0);
    let verbose = run(&mut on(&project, &db, &["status", "-v"])).exits(0).out;
    assert!(verbose.contains("runner.lock_timeout"), "{verbose}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_never_writes() {
    let (project, db) = (three(), database().await);
    for args in [&["status"][..], &["current"], &["history", "-i"], &["status", "--json"]] {
        run(&mut on(&project, &db, args)).exits(0);
    }
    let client = db.client().await;
    let count: i64 = client
        .query_one("SELECT count(*) FROM pg_namespace WHERE nspname = 'limbeck'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
}
