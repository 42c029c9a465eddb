//! Faults of whole processes: many runners at once, and runners killed at any moment.
//!
//! Each revision of these projects writes a row into `ran`, so that a revision applied twice shows
//! as two rows and a lost one as none.

mod support;

use std::{
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use support::{Project, TestDb, database, project};

const REVISIONS: usize = 8;

fn id(n: usize) -> String {
    format!("{n:012x}")
}

/// A history in which every form of section occurs: plain, slow, several statements, `COPY`, and
/// one that cannot run in a transaction with a statement before and after that can.
fn history() -> Project {
    let project = project();
    for n in 1..=REVISIONS {
        let parent = if n == 1 { String::new() } else { id(n - 1) };
        let first = if n == 1 { "CREATE TABLE ran (revision int, part int);\n" } else { "" };
        let up = if n == 5 {
            format!("INSERT INTO ran VALUES ({n}, 1);\nSELECT pg_sleep(0.02);\n")
                + "-- migrate:up transaction:false\n\n"
                + &format!("INSERT INTO ran VALUES ({n}, 2);\n")
                + "CREATE INDEX CONCURRENTLY ran_idx ON ran (revision, part);\n"
                + &format!("INSERT INTO ran VALUES ({n}, 3);\n")
        } else {
            format!(
                "{first}CREATE TABLE t{n} (a int);\nINSERT INTO ran VALUES ({n}, 1);\n\
                 COPY t{n} FROM stdin;\n1\n2\n\\.\n\nSELECT pg_sleep(0.02);\n\
                 INSERT INTO ran VALUES ({n}, 2);\n"
            )
        };
        project.revision(&id(n), &parent, &up, None);
    }
    project
}

fn upgrade(project: &Project, db: &TestDb) -> Command {
    let mut command = project.limbeck(["upgrade", "head"]);
    command.env("DATABASE_URL", db.url());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn told(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Everything ran exactly once, and the database knows it.
async fn assert_complete(db: &TestDb) {
    let client = db.client().await;
    let ran: Vec<(i32, i64)> = client
        .query("SELECT revision, count(*) FROM ran GROUP BY 1 ORDER BY 1", &[])
        .await
        .expect("the first revision made this table")
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let expected: Vec<(i32, i64)> =
        (1..=REVISIONS as i32).map(|n| (n, if n == 5 { 3 } else { 2 })).collect();
    assert_eq!(ran, expected, "each revision runs exactly once");
    for n in (1..=REVISIONS).filter(|n| *n != 5) {
        let rows: i64 = client
            .query_one(&format!("SELECT count(*) FROM t{n}"), &[])
            .await
            .expect("each revision made its table")
            .get(0);
        assert_eq!(rows, 2);
    }
    let valid: bool = client
        .query_one("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ran_idx'::regclass", &[])
        .await
        .expect("the index is there")
        .get(0);
    assert!(valid, "the index is valid");
    let versions: Vec<String> = client
        .query("SELECT version_num FROM limbeck.version", &[])
        .await
        .expect("the version table is there")
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(versions, [id(REVISIONS)]);
}

/// Row 7 of the failure list.
#[tokio::test(flavor = "multi_thread")]
async fn row_07_fifty_runners_at_once() {
    let (project, db) = (history(), database().await);
    let runners: Vec<Child> =
        (0..50).map(|_| upgrade(&project, &db).spawn().expect("limbeck starts")).collect();
    for runner in runners {
        let output = runner.wait_with_output().expect("limbeck ends");
        assert!(output.status.success(), "{}", told(&output));
    }
    assert_complete(&db).await;
    let applied: i64 = db
        .client()
        .await
        .query_one(
            "SELECT count(*) FROM limbeck.history WHERE direction = 'up' AND state = 'applied'",
            &[],
        )
        .await
        .expect("the audit table is there")
        .get(0);
    assert_eq!(applied, REVISIONS as i64, "the audit table has each revision once");
}

/// Row 1 of the failure list, at many moments: the delays cover a whole run in small steps, and
/// each victim is followed by another until one gets through.
#[tokio::test(flavor = "multi_thread")]
async fn row_01_killed_at_any_moment() {
    let project = history();
    // How long a whole run takes here, to spread the kills over it.
    let mut whole = {
        let db = database().await;
        let start = std::time::Instant::now();
        let output = upgrade(&project, &db).output().expect("limbeck runs");
        assert!(output.status.success(), "{}", told(&output));
        assert_complete(&db).await;
        start.elapsed()
    };
    let points = 24;
    let mut killed = 0;
    for point in 1..=points {
        let db = database().await;
        let delay = whole.mul_f64(f64::from(point) / f64::from(points));
        // Twice, so that the second victim dies while it picks up what the first one left.
        for delay in [delay, delay / 2] {
            let mut victim = upgrade(&project, &db).spawn().expect("limbeck starts");
            tokio::time::sleep(delay).await;
            if victim.try_wait().expect("its state can be read").is_none() {
                killed += 1;
            } else {
                // The machine has less to do than when the whole run was timed.
                whole = whole.mul_f64(0.8);
            }
            victim.kill().expect("SIGKILL can be sent");
            victim.wait().expect("it ends");
        }
        let output = tokio::time::timeout(
            Duration::from_mins(1),
            tokio::process::Command::from(upgrade(&project, &db)).output(),
        )
        .await
        .expect("the next runner is not kept waiting by a dead one")
        .expect("limbeck runs");
        assert!(output.status.success(), "killed after {delay:?}: {}", told(&output));
        assert_complete(&db).await;
    }
    assert!(killed > points as u32 / 2, "too few runners were killed to prove anything: {killed}");
}
