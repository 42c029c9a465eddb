//! Row 22: files that are large, with bounded memory.
//!
//! The sizes of the design (100 MB of data, a statement of 50 MB, a million statements) take minutes in
//! a debug build; `LIMBECK_TEST_LARGE=1` asks for them, otherwise they are a tenth.

use std::{
    fmt::Write,
    process::{Command, Stdio},
    time::Duration,
};

use limbeck::engine::{Control, Event};

use crate::support::{Project, TestDb, database, kit::*, project};

/// The part of the sizes that is tested.
fn part() -> usize {
    if std::env::var_os("LIMBECK_TEST_LARGE").is_some() { 1 } else { 10 }
}

/// Runs `upgrade head` and returns the most memory it had, in bytes.
fn most_memory(project: &Project, db: &TestDb) -> u64 {
    let mut command: Command = project.limbeck(["upgrade", "head", "-q"]);
    command.env("DATABASE_URL", db.url()).stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let line = status.unwrap_or_default();
        let line = line.lines().find(|line| line.starts_with("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        most = most.max(kilobytes.unwrap_or(0) * 1024);
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success());
            return most;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The memory of a run is the file's a few times over, whatever is in it, and does not grow with time.
#[tokio::test(flavor = "multi_thread")]
async fn row_22_memory_is_bounded_by_the_size_of_the_file() {
    let statements = {
        let mut sql = String::from("CREATE TABLE c (n int);\n");
        for n in 0..1_000_000 / part() / 10 {
            let _ = writeln!(sql, "INSERT INTO c VALUES ({n});");
        }
        sql
    };
    let data = {
        let mut sql = String::from("CREATE TABLE a (n int, t text);\nCOPY a FROM stdin;\n");
        for n in 0..100_000_000 / part() / 66 {
            let _ =
                writeln!(sql, "{n}\tsome text that is not short and goes on for a while, it does");
        }
        sql + "\\.\n"
    };
    let one = format!(
        "CREATE TABLE b (t text);\nINSERT INTO b VALUES ('{}');\n",
        "x".repeat(50_000_000 / part())
    );
    for (sql, counted, times) in [
        (data, "SELECT count(*) > 1000 FROM a", 6),
        (one, "SELECT length(t) > 1000000 FROM b", 8),
        (statements, "SELECT count(*) >= 10000 FROM c", 12),
    ] {
        let (project, db) = (project(), database().await);
        project.revision("aaaa11111111", "", &sql, None);
        let most = most_memory(&project, &db);
        assert_eq!(ask(&db, counted).await, "t");
        let allowed = 60_000_000 + times * sql.len() as u64;
        assert!(most < allowed, "{most} bytes for a file of {}", sql.len());
    }
}

#[tokio::test]
async fn row_22_a_large_file_runs() {
    let db = database().await;
    let mut script = String::from("CREATE TABLE big (n int, t text);\n");
    script.push_str("COPY big FROM STDIN;\n");
    for n in 0..100_000 {
        let _ = writeln!(script, "{n}\tsome text that is not short");
    }
    script.push_str("\\.\n");
    let report = up(&engine(&db, &chain(&[(&script, "DROP TABLE big;")]))).await.unwrap();
    assert_eq!(report.done.len(), 1);
    assert_eq!(ask(&db, "SELECT count(*) FROM big").await, "100000");
    assert_eq!(ask(&db, "SELECT up_sql FROM limbeck.history").await, "NULL", "too long to keep");
}

/// A cancel ends the copying of data that the server takes slowly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_22_copying_can_be_cancelled() {
    let db = database().await;
    let mut script = String::from(
        "CREATE TABLE big (n int);\nCREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;\n\
         CREATE TRIGGER slow BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION slow();\n\
         COPY big FROM stdin;\n",
    );
    for n in 0..100_000 {
        let _ = writeln!(script, "{n}");
    }
    script.push_str("\\.\n");
    let control = Control::silent();
    let cancel = control.cancel.clone();
    let control = control.observed(move |event| {
        if matches!(event, Event::StatementStarted { statement: 4, .. }) {
            let cancel = cancel.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                cancel.cancel();
            });
        }
    });
    let began = std::time::Instant::now();
    let error = engine(&db, &chain(&[(&script, "")])).upgrade("heads", &control).await.unwrap_err();
    assert_eq!(error.code.as_str(), "CANCELLED", "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(!there(&db, "big").await);
}
