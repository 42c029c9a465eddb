//! What stands in files.

use limbeck::{
    engine::Control,
    revision::{History, Revision},
};

use crate::support::{database, kit::*};

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
