//! Scratch databases go on every way out.

use std::time::Duration;

use limbeck::{
    catalog::{Owner, Scratch, ScratchError},
    code::Diagnose,
    db::Connector,
};

use crate::{
    left_by,
    support::{TestDb, database},
};

fn home(db: &TestDb) -> Connector {
    Connector::new(db.connection())
}

fn me() -> Owner {
    Owner::here(Some("test"))
}

async fn exists(db: &TestDb, name: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    db.client().await.query_one(sql, &[&name]).await.expect("the question is right").get(0)
}

#[tokio::test]
async fn one_is_made_like_the_target_and_goes_with_its_value() {
    let db = database().await;
    let scratch = Scratch::create(&home(&db), &me()).await.unwrap();
    let name = scratch.name().to_owned();
    let form = "SELECT count(DISTINCT (encoding, datcollate, datctype))
                  FROM pg_database WHERE datname IN ($1, $2)";
    let forms: i64 = db.client().await.query_one(form, &[&name, &db.name]).await.unwrap().get(0);
    assert_eq!(forms, 1);
    let session = scratch.open().await.unwrap();
    session.client.batch_execute("CREATE TABLE t (); BEGIN").await.unwrap();
    // Even with a session in it, in the middle of something.
    drop(scratch);
    assert!(!exists(&db, &name).await);
    drop(session);
}

#[tokio::test]
async fn a_copy_holds_the_same() {
    let db = database().await;
    let scratch = Scratch::create(&home(&db), &me()).await.unwrap();
    let session = scratch.open().await.unwrap();
    session.client.batch_execute("CREATE TABLE t AS SELECT 7 AS a").await.unwrap();
    drop(session);
    let copy = scratch.copy().await.unwrap();
    let session = copy.open().await.unwrap();
    let seven: i32 = session.client.query_one("SELECT a FROM t", &[]).await.unwrap().get(0);
    assert_eq!(seven, 7);
    drop(session);
    let names = [scratch.name().to_owned(), copy.name().to_owned()];
    copy.remove().await;
    scratch.remove().await;
    for name in names {
        assert!(!exists(&db, &name).await);
    }
}

#[tokio::test]
async fn work_that_is_given_up_leaves_nothing() {
    let db = database().await;
    let work = async {
        let scratch = Scratch::create(&home(&db), &me()).await.unwrap();
        let session = scratch.open().await.unwrap();
        session.client.batch_execute("SELECT pg_sleep(60)").await.unwrap();
    };
    tokio::select! {
        () = work => panic!("it sleeps"),
        () = async {
            while left_by(&db, std::process::id()).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    assert_eq!(left_by(&db, std::process::id()).await, [""; 0]);
}

#[tokio::test]
async fn what_a_dead_process_left_is_swept_and_nothing_else() {
    let db = database().await;
    let client = db.client().await;
    let dead = i32::MAX;
    let make = async |name: &str, comment: String| {
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let comment = format!("COMMENT ON DATABASE {name} IS '{comment}'");
        client.batch_execute(&comment).await.unwrap();
    };
    let tag = db.name.replace("t_", "");
    let names = ["here", "there", "alive", "other"].map(|n| format!("limbeck_scratch_{tag}_{n}"));
    let whose = |pid: u32, host: &str| {
        format!("scratch database of limbeck, process {pid} (before) on {host}")
    };
    make(&names[0], whose(dead.unsigned_abs(), "test")).await;
    make(&names[1], whose(dead.unsigned_abs(), "elsewhere")).await;
    make(&names[2], whose(std::os::unix::process::parent_id(), "test")).await;
    make(&names[3], "of somebody else".to_owned()).await;
    Scratch::create(&home(&db), &me()).await.unwrap().remove().await;
    let mut there = Vec::new();
    for name in &names {
        there.push(exists(&db, name).await);
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
    }
    assert_eq!(there, [false, true, true, true]);
}

#[tokio::test]
async fn subscriptions_do_not_hold_one() {
    let db = database().await;
    let scratch = Scratch::create(&home(&db), &me()).await.unwrap();
    let name = scratch.name().to_owned();
    let session = scratch.open().await.unwrap();
    let sql = "CREATE SUBSCRIPTION \"A b\" CONNECTION 'host=nowhere' PUBLICATION p
               WITH (connect = false)";
    session.client.batch_execute(sql).await.unwrap();
    drop(session);
    drop(scratch);
    assert!(!exists(&db, &name).await);
}

#[tokio::test]
async fn a_role_that_may_not_make_databases_is_told_how() {
    let db = database().await;
    let role = format!("poor_{}", db.name);
    let client = db.client().await;
    client.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await.unwrap();
    let mut connection = db.connection();
    connection.user.clone_from(&role);
    let connector = Connector::new(connection.with_password("x"));
    let error = Scratch::create(&connector, &me()).await.unwrap_err();
    client.batch_execute(&format!("DROP ROLE {role}")).await.unwrap();
    assert!(matches!(error, ScratchError::Forbidden(_)), "{error}");
    assert!(error.hint().unwrap().contains("CREATEDB"));
}
