//! What the interface reads.

use limbeck::engine::{Control, overview::Edit};

use crate::support::{database, kit::*};

#[tokio::test]
async fn the_overview_of_an_empty_database() {
    let db = database().await;
    let overview = engine(&db, &tables(3)).overview().await.unwrap();
    assert!(!overview.managed && overview.adoptable.is_none() && overview.rows.is_empty());
    assert_eq!((overview.pending, overview.states.len()), (3, 3));
    assert_eq!(overview.server.database, db.name);
    assert!(overview.server.superuser && !overview.server.in_recovery);
    assert!(overview.server.size > 0 && !overview.server.latency.is_zero());
    assert!(overview.server.version.starts_with(&db.server().major.to_string()));
}

#[tokio::test]
async fn the_overview_tells_states_and_edits() {
    let db = database().await;
    let scripts = [
        ("CREATE TABLE a ();", "DROP TABLE a;"),
        ("CREATE TABLE b ();", "DROP TABLE b;"),
        ("CREATE TABLE c ();", "DROP TABLE c;"),
        ("SELECT 1/0;", ""),
    ];
    let _ = up(&engine(&db, &chain(&scripts))).await.unwrap_err();
    let edited = chain(&[
        ("CREATE TABLE a (); -- new", "DROP TABLE a;"),
        ("CREATE TABLE b ();", "DROP TABLE IF EXISTS b;"),
        ("CREATE TABLE c (n int);", "DROP TABLE c;"),
        ("SELECT 1;", ""),
    ]);
    let overview = engine(&db, &edited).overview().await.unwrap();
    let edits: Vec<_> = overview.states.iter().map(|s| s.edited).collect();
    assert_eq!(edits, [Some(Edit::Cosmetic), Some(Edit::Down), Some(Edit::Up), None]);
    assert!(overview.states[2].current && !overview.states[1].current);
    assert!(overview.states[3].failed.as_deref().unwrap().contains("division by zero"));
    assert!(overview.states[0].took.is_some() && overview.states[0].applied_at.is_some());
    assert_eq!(overview.states[0].applied_by.as_deref(), Some("postgres"));
}

#[tokio::test]
async fn activity_shows_who_blocks_whom() {
    let db = database().await;
    exec(&db, "CREATE TABLE a (n int)").await;
    let engine = engine(&db, &tables(1));
    let (holder, waiter) = (db.client().await, db.client().await);
    holder.batch_execute("BEGIN; LOCK TABLE a").await.unwrap();
    let waiting = tokio::spawn(async move { waiter.batch_execute("SELECT * FROM a").await });
    let activity = loop {
        let activity = engine.activity().await.unwrap();
        if activity.sessions.iter().any(|s| !s.blocked_by.is_empty()) {
            break activity;
        }
    };
    let first = &activity.sessions[0];
    assert_eq!((first.blocked_by.len(), first.wait.as_deref()), (1, Some("Lock")));
    let by = activity.sessions.iter().find(|s| s.pid == first.blocked_by[0]).unwrap();
    assert_eq!(by.state, "idle in transaction");
    let lock = &activity.locks[0];
    assert_eq!(
        (lock.relation.as_str(), lock.mode.as_str(), lock.granted),
        ("public.a", "AccessShare", false)
    );
    assert!(activity.settings.iter().any(|s| s.name == "lock_timeout"));
    assert!(engine.signal_backend(by.pid, true).await.unwrap());
    let _ = waiting.await;
    assert!(!engine.signal_backend(999_999_999, false).await.unwrap());
}

/// `"$user"` stands first in a role's search path: for a role named like our schema, that is our
/// schema once it is there.
#[tokio::test]
async fn revisions_of_a_role_named_like_our_schema_stay_out_of_it() {
    let db = database().await;
    let history = tables(2);
    let mut engine = engine(&db, &history);
    let user = db.server().user.clone();
    engine.options.schema.clone_from(&user);
    engine.options.version_table.schema.clone_from(&user);
    up(&engine).await.unwrap();
    assert!(there(&db, "public.t1").await && there(&db, "public.t2").await);
    assert!(there(&db, &format!("{user}.history")).await);
    engine.downgrade("base", &Control::silent()).await.unwrap();
    assert!(!there(&db, "public.t1").await);
}

#[tokio::test]
async fn the_search_path_of_the_settings_is_set() {
    let db = database().await;
    exec(&db, "CREATE SCHEMA app").await;
    let mut engine = engine(&db, &tables(1));
    engine.options.search_path = Some("app, public".into());
    up(&engine).await.unwrap();
    assert!(there(&db, "app.t1").await);
}
