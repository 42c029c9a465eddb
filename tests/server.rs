//! The providers against real servers.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say so when they are skipped"
)]

#[path = "server/compose.rs"]
mod compose;
#[path = "server/download.rs"]
mod download;
#[path = "server/external.rs"]
mod external;
#[path = "server/local.rs"]
mod local;
mod support;

use limbeck::config::Connection;
use secrecy::ExposeSecret;
use tokio_postgres::{Client, NoTls};

/// Hears progress and forgets it.
fn quiet(_: &str) {}

/// Logs in with plain tokio-postgres.
async fn log_in(connection: &Connection) -> Result<Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config
        .host(&connection.hosts[0])
        .port(connection.ports[0])
        .user(&connection.user)
        .dbname(&connection.database);
    if let Some(password) = &connection.password {
        config.password(password.expose_secret());
    }
    let (client, driver) = config.connect(NoTls).await?;
    tokio::spawn(driver);
    Ok(client)
}

async fn value(client: &Client, sql: &str) -> String {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Says in the test's output that nothing was tested, and why.
fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

#[tokio::test]
async fn a_fresh_database_answers_and_goes_away() {
    let db = support::database().await;
    let name = db.name.clone();
    let admin = db.config("postgres");
    let client = db.client().await;
    assert_eq!(value(&client, "SELECT current_database()::text").await, name);
    drop(db);
    let (client, driver) = admin.connect(NoTls).await.unwrap();
    tokio::spawn(driver);
    let left =
        client.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
    assert!(left.is_empty());
}
