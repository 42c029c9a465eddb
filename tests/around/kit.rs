//! Builds two scripts, plans from one to the other and back, and compares with what stands there.

use std::{fmt::Write as _, process::Command};

use limbeck::{
    catalog::{self, filter::Filter},
    plan,
    schema::{Snapshot, diff},
};
use tokio_postgres::Client;

use crate::support::{TestDb, client_program, database};

/// The statements of the plan of a pair, tried out.
#[derive(Debug)]
pub(super) struct Plans {
    pub(super) up: Vec<String>,
}

/// Runs a script.
pub(super) async fn run(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap_or_else(|e| {
        let what = e.as_db_error().map_or_else(|| e.to_string(), ToString::to_string);
        panic!("{what}\n{sql}")
    });
}

/// Reads a database.
pub(super) async fn load(client: &Client) -> Snapshot {
    catalog::load(client).await.unwrap_or_else(|e| panic!("{e:?}"))
}

/// What a dump says, in an order of its own.
fn dump(db: &TestDb) -> Option<Vec<String>> {
    let program = client_program("pg_dump", db.server())?;
    let server = db.server();
    let mut command = Command::new(program);
    command.env("PGPASSWORD", &server.password).args(["--schema-only", "-h", &server.host]);
    command.args(["-p", &server.port.to_string(), "-U", &server.user, "-d", &db.name]);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    // psql's own commands hold a random word.
    let kept = text.lines().filter(|l| !l.starts_with("--") && !l.starts_with('\\'));
    let text = kept.collect::<Vec<_>>().join("\n");
    let mut entries: Vec<_> =
        text.split("\n\n\n").map(|e| e.trim().to_owned()).filter(|e| !e.is_empty()).collect();
    entries.sort();
    Some(entries)
}

/// The differences, as text.
pub(super) fn differences(a: &Snapshot, b: &Snapshot) -> String {
    diff(a, b).iter().fold(String::new(), |mut out, delta| {
        let _ = writeln!(out, "{delta:#?}");
        out
    })
}

/// Plans from one database to another as a filter shows them, runs it there, and expects the filter
/// to see no difference.
pub(super) async fn check_filtered(filter: &Filter, old: &str, new: &str) -> Vec<String> {
    let (from, to) = (database().await, database().await);
    let tag = from.name.clone();
    let (a, b) = (from.client().await, to.client().await);
    run(&a, &old.replace("{}", &tag)).await;
    run(&b, &new.replace("{}", &tag)).await;
    let new = filter.apply(&load(&b).await);
    let plan = plan::plan(&filter.apply(&load(&a).await), &new, plan::Options::default()).unwrap();
    let sql: Vec<_> = plan.statements.iter().map(|s| s.sql.replace(&tag, "{}")).collect();
    run(&a, &plan.script()).await;
    let left = differences(&filter.apply(&load(&a).await), &new);
    assert!(left.is_empty(), "{left}\nafter {sql:#?}");
    sql
}

/// Plans from `old` to `new` and back, on the databases themselves, and checks where it leads.
/// Roles belong to the server: their names end in the database's, `{}` in the scripts.
pub(super) async fn check(old: &str, new: &str) -> Plans {
    let (from, to) = (database().await, database().await);
    let tag = from.name.clone();
    let (old, new) = (old.replace("{}", &tag), new.replace("{}", &tag));
    let (a, b) = (from.client().await, to.client().await);
    run(&a, &old).await;
    run(&b, &new).await;
    let (old, new) = (load(&a).await, load(&b).await);
    let wanted = (dump(&from), dump(&to));
    let up = go(&a, &old, &new, &tag).await;
    assert_eq!(dump(&from), wanted.1, "the plan: {up:#?}");
    let down = go(&a, &new, &old, &tag).await;
    assert_eq!(dump(&from), wanted.0, "the plan back: {down:#?}");
    Plans { up }
}

async fn go(client: &Client, old: &Snapshot, new: &Snapshot, tag: &str) -> Vec<String> {
    let plan = plan::plan(old, new, plan::Options::default()).unwrap();
    let sql: Vec<_> = plan.statements.iter().map(|s| s.sql.clone()).collect();
    run(client, "SET client_min_messages = warning").await;
    run(client, &plan.script()).await;
    let now = load(client).await;
    let left = differences(&now, new);
    assert!(left.is_empty(), "{left}\nafter {sql:#?}");
    sql.into_iter().map(|s| s.replace(tag, "{}")).collect()
}

/// The server's major version.
pub(super) async fn major() -> u32 {
    database().await.server().major
}
