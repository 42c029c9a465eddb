//! The same faults done to limbeck and to other tools, and in plain words what came of them.
//!
//! `make compare-faults` runs all tools that are installed and writes their table into
//! `docs/guarantees.md`. Among the other tests limbeck runs alone, and must do what the table says.

use std::{
    fmt::Write as _,
    os::unix::process::CommandExt,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

mod tool;

use tool::{Step, Tool, step};

use super::guarantees;
use crate::support::{
    Fault, Project, Proxy, Ran, TestDb, When, database, kit::*, project, run, server,
};

const A: Step = step(&["CREATE TABLE a (n int)"]);
const B: Step = step(&["CREATE TABLE b (n int)"]);
const C: Step = step(&["CREATE TABLE c (n int)"]);

/// One tool on one database.
struct Subject {
    tool: Tool,
    project: Project,
    db: TestDb,
}

impl Subject {
    async fn new(tool: Tool, steps: &[Step]) -> Self {
        let project = project();
        tool.write(&project, steps);
        Self { tool, project, db: database().await }
    }

    fn upgrade(&self) -> Ran {
        run(&mut self.tool.upgrade(&self.project, &self.db.url()))
    }

    async fn has(&self, table: &str) -> bool {
        there(&self.db, &format!("public.{table}")).await
    }

    /// What is left after a run that ended in the second of several migrations.
    async fn left(&self) -> &'static str {
        match (self.has("a").await, self.has("b").await) {
            (true, false) => "the first migration stays, the second is rolled back",
            (false, false) => "everything is rolled back, the first migration too",
            (true, true) => "**the second migration stays half done**",
            (false, true) => "**the first migration is lost**",
        }
    }

    /// The same command again.
    async fn again(&self, tables: &[&str]) -> String {
        let ran = self.upgrade();
        let mut all = true;
        for table in tables {
            all &= self.has(table).await;
        }
        match (ran.status, all) {
            (Some(0), true) => "run again, it finishes".to_owned(),
            (Some(0), false) => {
                "run again, **it succeeds without having done its work**".to_owned()
            }
            _ => format!("**run again, it fails** ({})", why(&ran)),
        }
    }
}

/// The line of an error that says what it is.
fn why(ran: &Ran) -> String {
    // Where in its own source it happened says nothing.
    let word = |line: &&str| !line.is_empty() && !line.starts_with("at ");
    // sqlx-cli says what went wrong on standard output.
    let lines = || ran.err.lines().chain(ran.out.lines()).map(str::trim).filter(word);
    let told = lines().find(|line| line.starts_with("error") || line.contains("Error"));
    let line = told.or_else(|| lines().next_back()).unwrap_or("no message");
    // Python's classes stand before what happened.
    let line = line.rsplit_once(") ").map_or(line, |(_, said)| said);
    let code = line.strip_prefix("error[").and_then(|rest| rest.split_once(']'));
    let line = code.map_or(line, |(code, _)| code);
    line.chars().take(70).filter(|c| *c != '|').collect()
}

async fn killed(tool: Tool) -> String {
    const ASLEEP: &str = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let slow = step(&["CREATE TABLE b (n int)", "SELECT pg_sleep(5)"]);
    let subject = Subject::new(tool, &[A, slow, C]).await;
    let mut command = tool.upgrade(&subject.project, &subject.db.url());
    // A tool may be started by a script that starts it: all of it is killed.
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().unwrap();
    until(&subject.db, ASLEEP).await;
    let group = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    let began = Instant::now();
    until(&subject.db, &format!("SELECT NOT EXISTS ({ASLEEP} HAVING count(*) > 0)")).await;
    let orphan = if began.elapsed() < Duration::from_secs(3) {
        "the server ends its statement at once"
    } else {
        "its statement runs on at the server, with its locks"
    };
    // The server rolls back when the statement has ended; nobody is connected then.
    until(&subject.db, "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    format!("{orphan}; {}; {}", subject.left().await, subject.again(&["a", "b", "c"]).await)
}

async fn failing(tool: Tool) -> String {
    let bad = step(&["CREATE TABLE b (n int)", "SELECT 1/0"]);
    let subject = Subject::new(tool, &[A, bad]).await;
    assert_ne!(subject.upgrade().status, Some(0), "{tool:?}");
    let left = subject.left().await;
    tool.write(&subject.project, &[A, B]);
    format!("{left}; when the statement is mended and it is {}", subject.again(&["a", "b"]).await)
}

async fn concurrently(tool: Tool) -> String {
    const VALID: &str = "SELECT COALESCE((SELECT CASE WHEN indisvalid THEN 'valid' ELSE 'invalid' END \
         FROM pg_index WHERE indexrelid = to_regclass('a_n')), 'none')";
    let rows = step(&["CREATE TABLE a (n int)", "INSERT INTO a VALUES (1), (1)"]);
    let index = Step { sql: &["CREATE UNIQUE INDEX CONCURRENTLY a_n ON a (n)"], loose: true };
    let subject = Subject::new(tool, &[rows, index]).await;
    assert_ne!(subject.upgrade().status, Some(0), "{tool:?}");
    let left = match ask(&subject.db, VALID).await.as_str() {
        "none" => "no index stays behind",
        _ => "an invalid index stays behind",
    };
    exec(&subject.db, "DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a)").await;
    let again = subject.again(&["a"]).await;
    let then = match ask(&subject.db, VALID).await.as_str() {
        "valid" => "the index is valid",
        "invalid" => "**the index is still invalid**",
        _ => "**there is no index**",
    };
    format!("{left}; when the rows are mended and it is {again}; {then}")
}

async fn crowd(tool: Tool) -> String {
    let subject = Subject::new(tool, &[A, B, C]).await;
    let runners: Vec<_> = (0..10)
        .map(|_| {
            let mut command = tool.upgrade(&subject.project, &subject.db.url());
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ended: Vec<Ran> = runners
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            Ran {
                status: output.status.code(),
                out: String::from_utf8_lossy(&output.stdout).into_owned(),
                err: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        })
        .collect();
    let again = subject.again(&["a", "b", "c"]).await;
    match ended.iter().filter(|ran| ran.status != Some(0)).collect::<Vec<_>>()[..] {
        [] => "all ten succeed, each migration ran once".to_owned(),
        // How many differs from run to run.
        [one, ..] => format!("**some of the ten fail** ({}); {again}", why(one)),
    }
}

async fn edited(tool: Tool) -> String {
    let subject = Subject::new(tool, &[A, B]).await;
    assert_eq!(subject.upgrade().status, Some(0), "{tool:?}");
    tool.write(&subject.project, &[step(&["CREATE TABLE a (n bigint)"]), B, C]);
    let ran = subject.upgrade();
    match (ran.status, subject.has("c").await) {
        (Some(0), true) => "**not noticed**: the next migration runs on top of it".to_owned(),
        (Some(0), false) => "**not noticed, and nothing runs**".to_owned(),
        _ => format!("refused before anything runs ({})", why(&ran)),
    }
}

async fn cut(tool: Tool) -> String {
    let subject = Subject::new(tool, &[A]).await;
    assert_eq!(subject.upgrade().status, Some(0), "{tool:?}");
    tool.write(&subject.project, &[A, B]);
    let server = subject.db.server();
    let proxy = Proxy::before(&server.host, server.port).await;
    proxy.arm(tool.commit(), Fault::Cut(When::After));
    let direct = format!(":{}/", server.port);
    let url = subject.db.url().replacen(&direct, &format!(":{}/", proxy.port()), 1);
    let mut command = tool.upgrade(&subject.project, &url);
    let ran = tokio::task::block_in_place(|| run(&mut command));
    assert!(proxy.struck(), "{tool:?}: {ran:?}");
    let said = match (ran.status, subject.has("b").await) {
        (Some(0), true) => "it finds out that the migration is applied, and says so".to_owned(),
        (Some(0), false) => "**it says that it is done, and it is not**".to_owned(),
        (_, true) => {
            format!("**it says that it failed, though the migration is applied** ({})", why(&ran))
        }
        (_, false) => "it says that it failed, and the migration is not applied".to_owned(),
    };
    format!("{said}; {}", subject.again(&["a", "b"]).await)
}

type Trial = std::pin::Pin<Box<dyn Future<Output = String> + Send>>;

/// A fault in the words of the table, and how a tool comes out of it.
type Case = (&'static str, fn(Tool) -> Trial);

const FAULTS: [Case; 6] = [
    ("`kill -9` in the middle of the second migration", |tool| Box::pin(killed(tool))),
    ("a statement fails half-way through the second migration", |tool| Box::pin(failing(tool))),
    ("`CREATE UNIQUE INDEX CONCURRENTLY` fails on duplicate rows", |tool| {
        Box::pin(concurrently(tool))
    }),
    ("ten runners at once on an empty database", |tool| Box::pin(crowd(tool))),
    ("an applied file was edited", |tool| Box::pin(edited(tool))),
    ("the connection is cut after COMMIT was sent, before its answer", |tool| Box::pin(cut(tool))),
];

/// limbeck does what the table says of it; with `LIMBECK_COMPARE_FAULTS` the table is made anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compare() {
    let all = std::env::var_os("LIMBECK_COMPARE_FAULTS").is_some();
    let mut heads = vec!["fault".to_owned()];
    let mut rows: Vec<Vec<String>> =
        FAULTS.iter().map(|(name, _)| vec![(*name).to_owned()]).collect();
    let mut absent = Vec::new();
    for tool in Tool::ALL {
        if tool != Tool::Limbeck && !all {
            continue;
        }
        let Some(version) = tool.version() else {
            eprintln!("SKIPPED: `{}` is not installed", tool.name());
            absent.push(tool.name());
            continue;
        };
        heads.push(format!("{}{version}", tool.name()));
        for (row, (_, trial)) in rows.iter_mut().zip(FAULTS) {
            row.push(trial(tool).await);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(guarantees::FILE);
    if all {
        let mut table = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
        for row in &rows {
            let _ = writeln!(table, "| {} |", row.join(" | "));
        }
        if !absent.is_empty() {
            let _ = writeln!(table, "\nNot installed where this was made: {}.", absent.join(", "));
        }
        return guarantees::write(&path, "compared", &table);
    }
    let written = guarantees::section(&path, "compared");
    // Before 14 no server notices that a client has gone while a statement runs: the table is of a later one.
    let skipped = usize::from(server().major < 14);
    for row in rows.into_iter().skip(skipped) {
        let expected = format!("| {} | {} |", row[0], row[1]);
        assert!(
            written.lines().any(|line| line.starts_with(&expected)),
            "docs/guarantees.md does not say:\n{expected}\n`make compare-faults` writes it anew"
        );
    }
}
