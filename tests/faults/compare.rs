//! The same faults done to limbeck and to other tools, and in plain words what came of them.
//!
//! `make compare-faults` runs all tools that are installed and writes their table into
//! `docs/guarantees.md`. Among the other tests limbeck runs alone, and must do what the table says.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::guarantees;
use crate::support::{
    At, Fault, Project, Proxy, Ran, TestDb, When, database, kit::*, project, run, server,
};

/// What one migration does.
#[derive(Clone, Copy, Debug)]
struct Step {
    sql: &'static [&'static str],
    /// Outside of a transaction.
    loose: bool,
}

const fn step(sql: &'static [&'static str]) -> Step {
    Step { sql, loose: false }
}

const A: Step = step(&["CREATE TABLE a (n int)"]);
const B: Step = step(&["CREATE TABLE b (n int)"]);
const C: Step = step(&["CREATE TABLE c (n int)"]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Limbeck,
    Alembic,
    Dbmate,
    GraphileMigrate,
}

impl Tool {
    const ALL: [Self; 4] = [Self::Limbeck, Self::Alembic, Self::Dbmate, Self::GraphileMigrate];

    fn name(self) -> &'static str {
        match self {
            Self::Limbeck => "limbeck",
            Self::Alembic => "alembic",
            Self::Dbmate => "dbmate",
            Self::GraphileMigrate => "graphile-migrate",
        }
    }

    /// Its version; none when it is not installed. limbeck's own is not written down: the table would be
    /// out of date with each.
    fn version(self) -> Option<String> {
        if self == Self::Limbeck {
            return Some(String::new());
        }
        let said = Command::new(self.name()).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        text.split_whitespace().last().map(|version| format!(" {version}"))
    }

    /// Writes the migrations in the tool's form; those that are there are written anew.
    fn write(self, project: &Project, steps: &[Step]) {
        let mut previous = "-".to_owned();
        for (n, step) in (1..).zip(steps) {
            let id = |n: usize| format!("{n:012}");
            let body: String = step.sql.iter().fold(String::new(), |all, sql| all + sql + ";\n");
            let marker = if step.loose { " transaction:false" } else { "" };
            match self {
                Self::Limbeck => {
                    let revises = if n == 1 { String::new() } else { id(n - 1) };
                    let text = format!(
                        "-- step {n}\n--\n-- Revision ID: {}\n-- Revises: {revises}\n\n\
                         -- migrate:up{marker}\n\n{body}\n-- migrate:down\n",
                        id(n)
                    );
                    project.write(&format!("migrations/{}_step.sql", id(n)), &text);
                }
                Self::Dbmate => {
                    let text = format!("-- migrate:up{marker}\n{body}\n-- migrate:down\n");
                    project.write(&format!("migrations/202601010000{n:02}_step.sql"), &text);
                }
                Self::GraphileMigrate => {
                    let path = |n: usize| format!("migrations/committed/{n:06}-step.sql");
                    let loose = if step.loose { "--! no-transaction\n" } else { "" };
                    let body = format!("{loose}{body}");
                    // Whoever edits a migration that others stand on leaves its head as it is.
                    let kept = fs::read_to_string(project.path().join(path(n)))
                        .ok()
                        .filter(|_| project.path().join(path(n + 1)).exists())
                        .and_then(|old| {
                            Some(old.split_once("--! Hash: ")?.1.lines().next()?.to_owned())
                        });
                    let hash = kept.unwrap_or_else(|| {
                        let above = if previous == "-" { "" } else { &previous };
                        sha1(&format!("{}\n", format!("{above}\n{}", body.trim()).trim()))
                    });
                    let text = format!("--! Previous: {previous}\n--! Hash: {hash}\n\n{body}");
                    project.write(&path(n), &text);
                    project.write(".gmrc", "{}");
                    project.write("migrations/current.sql", "");
                    previous = hash;
                }
                Self::Alembic => {
                    let revises =
                        if n == 1 { "None".to_owned() } else { format!("'{}'", id(n - 1)) };
                    let mut text = format!(
                        "from alembic import op\nrevision = '{}'\ndown_revision = {revises}\n\
                         branch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n",
                        id(n)
                    );
                    let mut indent = "    ";
                    if step.loose {
                        text.push_str("    with op.get_context().autocommit_block():\n");
                        indent = "        ";
                    }
                    for sql in step.sql {
                        let _ = writeln!(text, "{indent}op.execute(\"\"\"{sql}\"\"\")");
                    }
                    text.push_str("\n\ndef downgrade():\n    pass\n");
                    project.write(&format!("alembic/versions/{}_step.py", id(n)), &text);
                    project.write("alembic.ini", "[alembic]\nscript_location = alembic\n");
                    // What `alembic init` writes, without logging.
                    project.write(
                        "alembic/env.py",
                        "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine, pool\n\
                         engine = create_engine(os.environ['DATABASE_URL'], poolclass=pool.NullPool)\n\
                         with engine.connect() as connection:\n    \
                         context.configure(connection=connection, target_metadata=None)\n    \
                         with context.begin_transaction():\n        context.run_migrations()\n",
                    );
                }
            }
        }
    }

    /// Runs everything that is pending.
    fn upgrade(self, project: &Project, url: &str) -> Command {
        let url = format!("{url}?sslmode=disable");
        let mut command = match self {
            Self::Limbeck => {
                let mut command = project.limbeck(["upgrade", "head"]);
                command.env("DATABASE_URL", url);
                command
            }
            Self::Alembic => {
                let mut command = Command::new("alembic");
                let url = url.replacen("postgresql://", "postgresql+psycopg2://", 1);
                command.args(["upgrade", "head"]).env("DATABASE_URL", url);
                command
            }
            Self::GraphileMigrate => {
                let mut command = Command::new("graphile-migrate");
                command.arg("migrate").env("DATABASE_URL", url);
                command
            }
            Self::Dbmate => {
                let mut command = Command::new("dbmate");
                let folder = project.path().join("migrations");
                command.args(["--no-dump-schema", "--migrations-dir"]).arg(folder).arg("migrate");
                command.env("DATABASE_URL", url);
                command
            }
        };
        command.current_dir(project.path()).stdin(Stdio::null());
        command
    }
}

/// What graphile-migrate writes into a file to know it again.
fn sha1(text: &str) -> String {
    let spawned = Command::new("sha1sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.expect("sha1sum is installed");
    let mut input = child.stdin.take().expect("its input is a pipe");
    input.write_all(text.as_bytes()).expect("it reads");
    drop(input);
    let said = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    format!("sha1:{}", said.split_whitespace().next().unwrap_or_default())
}

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
    let lines = || ran.err.lines().map(str::trim).filter(word);
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
    // Others send it as a message of its own; `READ COMMITTED` is no such thing.
    let commit = match tool {
        Tool::Limbeck => "; COMMIT",
        Tool::GraphileMigrate => "commit",
        Tool::Alembic | Tool::Dbmate => "COMMIT",
    };
    proxy.arm(At::Words(commit), Fault::Cut(When::After));
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
