//! What the tests of the runner share: histories from text, an engine for a database, recorded events.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use limbeck::{
    db::Connector,
    engine::{Actor, Control, Engine, Error, Event, Options},
    revision::{History, Revision, file},
};

use super::TestDb;

/// A revision file's text.
pub fn text(id: &str, revises: &str, up: &str, down: &str) -> String {
    format!(
        "-- revision {id}\n--\n-- Revision ID: {id}\n-- Revises: {revises}\n\n-- migrate:up\n\n{up}\n\n\
         -- migrate:down\n\n{down}\n"
    )
}

/// Parses a file.
pub fn parse(name: &str, text: &str) -> Revision {
    file::parse(Path::new(name), text.as_bytes()).unwrap()
}

/// A history of whole files, named by their position.
pub fn files(texts: &[String]) -> Arc<History> {
    let revisions =
        texts.iter().enumerate().map(|(n, text)| parse(&format!("{n:03}.sql"), text)).collect();
    Arc::new(History::from_revisions(revisions))
}

/// A chain r1 ← r2 ← … of ups, each with a down.
pub fn chain(scripts: &[(&str, &str)]) -> Arc<History> {
    files(&chain_texts(scripts))
}

/// The texts of such a chain.
pub fn chain_texts(scripts: &[(&str, &str)]) -> Vec<String> {
    scripts
        .iter()
        .enumerate()
        .map(|(n, (up, down))| {
            let revises = if n == 0 { String::new() } else { format!("r{n:03}") };
            text(&format!("r{:03}", n + 1), &revises, up, down)
        })
        .collect()
}

/// A chain of tables t1, t2, …
pub fn tables(count: usize) -> Arc<History> {
    let scripts: Vec<(String, String)> = (1..=count)
        .map(|n| {
            (format!("CREATE TABLE t{n} (id bigint PRIMARY KEY);"), format!("DROP TABLE t{n};"))
        })
        .collect();
    let scripts: Vec<(&str, &str)> =
        scripts.iter().map(|(u, d)| (u.as_str(), d.as_str())).collect();
    chain(&scripts)
}

/// Options that do not make tests wait.
pub fn options() -> Options {
    Options {
        lock_timeout: Duration::from_millis(300),
        lock_tries: 3,
        actor: Actor { app: "limbeck test".into(), ..Actor::default() },
        ..Options::default()
    }
}

/// An engine for a database.
pub fn engine(db: &TestDb, history: &Arc<History>) -> Engine {
    Engine {
        history: history.clone(),
        link: Connector::new(db.connection()).into(),
        options: options(),
    }
}

/// A control whose events are kept.
pub fn recording() -> (Control, Arc<Mutex<Vec<Event>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = events.clone();
    (Control::new(move |event| kept.lock().unwrap().push(event)), events)
}

/// Upgrades to the heads, unwatched.
pub async fn up(engine: &Engine) -> Result<limbeck::engine::Report, Error> {
    engine.upgrade("heads", &Control::silent()).await
}

/// One value of one row as text; "NULL" for none.
pub async fn ask(db: &TestDb, sql: &str) -> String {
    let client = db.client().await;
    let messages = client.simple_query(sql).await.unwrap();
    messages
        .iter()
        .find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some(row.get(0).unwrap_or("NULL").to_owned())
            }
            _ => None,
        })
        .unwrap_or_default()
}

/// Runs statements on the side.
pub async fn exec(db: &TestDb, sql: &str) {
    db.client().await.batch_execute(sql).await.unwrap();
}

/// The version rows, joined.
pub async fn rows(db: &TestDb) -> String {
    ask(
        db,
        "SELECT COALESCE(string_agg(version_num, ',' ORDER BY version_num), '') FROM limbeck.version",
    )
    .await
}

/// Whether a relation is there.
pub async fn there(db: &TestDb, name: &str) -> bool {
    ask(db, &format!("SELECT to_regclass('{name}') IS NOT NULL")).await == "t"
}

/// The ids of a list.
pub fn ids(list: &[limbeck::revision::RevisionId]) -> Vec<&str> {
    list.iter().map(limbeck::revision::RevisionId::as_str).collect()
}

/// Waits until the query's one value is neither 0 nor false.
pub async fn until(db: &TestDb, sql: &str) {
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    while matches!(ask(db, sql).await.as_str(), "0" | "f" | "") {
        assert!(std::time::Instant::now() < deadline, "never true: {sql}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A revision whose up script has one section without a transaction.
pub fn loose(id: &str, revises: &str, up: &str) -> String {
    format!(
        "-- {id}\n-- Revision ID: {id}\n-- Revises: {revises}\n-- migrate:up transaction:false\n{up}\n\
         -- migrate:down transaction:false\n"
    )
}
