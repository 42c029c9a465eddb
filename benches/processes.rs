//! Whole processes, side by side: limbeck against `psql` (one transaction for each file: the floor)
//! and against the tools that are installed; start-up; the interface's first frame and keys.
//!
//! All figures of a table come from one run on one server, so that they can be compared with each
//! other; none is meant to be compared with another machine's. Run with `make bench`; a smaller
//! table with `LIMBECK_BENCH_QUICK=1`.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a program that prints a table"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use support::{Server, TestDb, limbeck};
use tempfile::TempDir;

fn main() {
    // `cargo test --benches` must not run for minutes.
    if std::env::args().any(|a| a == "--test" || a == "--list") {
        return;
    }
    let quick = std::env::var_os("LIMBECK_BENCH_QUICK").is_some();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let database = || runtime.block_on(support::database());
    // The tests' server gives up durability for speed. These figures are of a server as users run
    // it, on which a commit is a commit.
    let durable = |on: bool| {
        let db = database();
        runtime.block_on(async {
            let client = db.client().await;
            for name in ["fsync", "full_page_writes", "synchronous_commit"] {
                let change = if on { "SET" } else { "RESET" };
                let value = if on { " = on" } else { "" };
                client
                    .batch_execute(&format!("ALTER SYSTEM {change} {name}{value}"))
                    .await
                    .unwrap();
            }
            client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        });
    };
    durable(true);

    println!("## Start of the command line\n");
    start_up();

    println!(
        "\n## Applying and undoing revisions that make one table each (median, ratio to psql)\n"
    );
    let sizes: &[usize] = if quick { &[100] } else { &[100, 1_000] };
    for &size in sizes {
        applying(size, if size > 100 { 3 } else { 5 }, &database);
    }

    println!("\n## Reading commands with many revisions\n");
    println!("| revisions | history | status | upgrade head, nothing to do |");
    println!("|---:|---:|---:|---:|");
    for size in if quick { vec![1_000] } else { vec![1_000, 10_000] } {
        reading(size, &database());
    }

    println!("\n## The interface (120x36, one database, medians and 99th percentiles)\n");
    println!("| revisions | first frame | key to screen p50 | p99 | CPU while idle for 5 s |");
    println!("|---:|---:|---:|---:|---:|");
    for size in if quick { vec![10] } else { vec![10, 10_000] } {
        interface(size, &database());
    }
    durable(false);
}

/// Runs `command` and returns how long it took; it must succeed.
fn time(mut command: Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let took = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 100.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

fn start_up() {
    println!("| command | median of 21 |\n|---|---:|");
    for args in [&["--version"][..], &["--help"], &["heads"], &["history"]] {
        let times = (0..21)
            .map(|_| {
                let mut command = limbeck();
                command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
                time(command)
            })
            .collect();
        println!("| `limbeck {}` | {} |", args.join(" "), ms(median(times)));
    }
}

/// The same revisions in every tool's own form.
struct Histories {
    folder: TempDir,
    size: usize,
}

impl Histories {
    fn new(size: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path();
        for name in
            ["limbeck/migrations", "psql/up", "psql/down", "dbmate", "sqlx", "alembic/versions"]
        {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for n in 1..=size {
            let up = format!(
                "CREATE TABLE t{n} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);"
            );
            let down = format!("DROP TABLE t{n};");
            let (id, parent) = (format!("{n:012x}"), format!("{:012x}", n - 1));
            let parent = if n == 1 { "" } else { &parent };
            fs::write(
                root.join(format!("limbeck/migrations/{id}_t.sql")),
                format!(
                    "-- table {n}\n--\n-- Revision ID: {id}\n-- Revises: {parent}\n\n-- migrate:up\n\n{up}\n\n-- migrate:down\n\n{down}\n"
                ),
            )
            .unwrap();
            fs::write(root.join(format!("psql/up/{n:06}.sql")), &up).unwrap();
            fs::write(root.join(format!("psql/down/{:06}.sql", size - n)), &down).unwrap();
            let dated = 20_200_101_000_000_u64 + n as u64;
            fs::write(
                root.join(format!("dbmate/{dated}_t.sql")),
                format!("-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n"),
            )
            .unwrap();
            fs::write(root.join(format!("sqlx/{dated}_t.up.sql")), &up).unwrap();
            fs::write(root.join(format!("sqlx/{dated}_t.down.sql")), &down).unwrap();
            let python = if parent.is_empty() { "None".to_owned() } else { format!("'{parent}'") };
            fs::write(
                root.join(format!("alembic/versions/{id}_t.py")),
                format!(
                    "from alembic import op\nrevision = '{id}'\ndown_revision = {python}\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n    op.execute(\"{up}\")\n\n\ndef downgrade():\n    op.execute(\"{down}\")\n"
                ),
            )
            .unwrap();
        }
        fs::write(
            root.join("alembic/env.py"),
            "import os\nfrom alembic import context\nfrom sqlalchemy import create_engine\n\
             engine = create_engine(os.environ['BENCH_URL'])\n\
             with engine.connect() as connection:\n    context.configure(connection=connection, transaction_per_migration=True)\n    \
             with context.begin_transaction():\n        context.run_migrations()\n",
        )
        .unwrap();
        fs::write(root.join("alembic.ini"), "[alembic]\nscript_location = alembic\n").unwrap();
        Self { folder, size }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn limbeck(&self, db: &TestDb, args: &[&str]) -> Command {
        let mut command = limbeck();
        command.args(args).current_dir(self.path("limbeck")).env("DATABASE_URL", db.url());
        command
    }

    fn psql(&self, db: &TestDb, folder: &str) -> Command {
        let server: &Server = db.server();
        let mut command = Command::new(server.bin_dir.join("psql"));
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &db.url()]);
        let mut files: Vec<_> =
            fs::read_dir(self.path(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        // One psql, one transaction for each file: the least that any tool must do.
        let mut script = String::new();
        for file in files {
            writeln!(script, "BEGIN;\n\\i {}\nCOMMIT;", file.display()).unwrap();
        }
        let all = self.path(&format!("{}.sql", folder.replace('/', "-")));
        fs::write(&all, script).unwrap();
        command.arg("-f").arg(all);
        command
    }

    fn alembic(&self, db: &TestDb, args: &[&str]) -> Command {
        let mut command = Command::new("alembic");
        let url = db.url().replacen("postgresql://", "postgresql+psycopg2://", 1);
        command.args(args).current_dir(self.folder.path()).env("BENCH_URL", url);
        command
    }

    fn dbmate(&self, db: &TestDb, args: &[&str]) -> Command {
        let mut command = Command::new("dbmate");
        command.args(["--no-dump-schema", "--migrations-dir"]).arg(self.path("dbmate"));
        command.args(args).env("DATABASE_URL", format!("{}?sslmode=disable", db.url()));
        command
    }

    fn sqlx(&self, db: &TestDb, args: &[&str]) -> Command {
        let mut command = Command::new("sqlx");
        command.arg("migrate").args(args).arg("--source").arg(self.path("sqlx"));
        command.env("DATABASE_URL", db.url());
        command
    }
}

type Tool<'a> = (
    &'a str,
    bool,
    Box<dyn Fn(&TestDb) -> Command + 'a>,
    Option<Box<dyn Fn(&TestDb) -> Command + 'a>>,
);

fn applying(size: usize, rounds: usize, database: &dyn Fn() -> TestDb) {
    let all = Histories::new(size);
    let h = &all;
    let tools: Vec<Tool<'_>> = vec![
        (
            "psql",
            true,
            Box::new(|db| h.psql(db, "psql/up")),
            Some(Box::new(|db| h.psql(db, "psql/down"))),
        ),
        (
            "limbeck",
            true,
            Box::new(|db| h.limbeck(db, &["upgrade", "head"])),
            Some(Box::new(|db| h.limbeck(db, &["downgrade", "base", "-y"]))),
        ),
        (
            "alembic",
            installed("alembic"),
            Box::new(|db| h.alembic(db, &["upgrade", "head"])),
            Some(Box::new(|db| h.alembic(db, &["downgrade", "base"]))),
        ),
        // dbmate undoes one revision a call: no comparison there.
        ("dbmate", installed("dbmate"), Box::new(|db| h.dbmate(db, &["migrate"])), None),
        (
            "sqlx",
            installed("sqlx"),
            Box::new(|db| h.sqlx(db, &["run"])),
            Some(Box::new(|db| h.sqlx(db, &["revert", "--target-version", "0"]))),
        ),
    ];
    println!("| {} revisions | apply | | undo | |\n|---|---:|---:|---:|---:|", all.size);
    let mut rows: Vec<(&str, Vec<Duration>, Vec<Duration>)> = Vec::new();
    for (name, present, ..) in &tools {
        if *present {
            rows.push((name, Vec::new(), Vec::new()));
        }
    }
    // Round by round, so that a noisy minute hits every tool alike.
    for _ in 0..rounds {
        for (name, present, up, down) in &tools {
            if !present {
                continue;
            }
            let db = database();
            let row = rows.iter_mut().find(|r| r.0 == *name).unwrap();
            row.1.push(time(up(&db)));
            if let Some(down) = down {
                row.2.push(time(down(&db)));
            }
        }
    }
    let floor = (median(rows[0].1.clone()), median(rows[0].2.clone()));
    for (name, up, down) in rows {
        let up = median(up);
        let down = (!down.is_empty()).then(|| median(down));
        let ratio = |t: Duration, f: Duration| format!("{:.2}", t.as_secs_f64() / f.as_secs_f64());
        println!(
            "| {name} | {} | {} | {} | {} |",
            ms(up),
            ratio(up, floor.0),
            down.map_or("-".into(), ms),
            down.map_or("-".into(), |d| ratio(d, floor.1)),
        );
    }
    for (name, present, ..) in tools {
        if !present {
            println!("| {name} | not installed | | | |");
        }
    }
    println!();
}

fn reading(size: usize, db: &TestDb) {
    let all = Histories::new(size);
    time(all.limbeck(db, &["stamp", "head"]));
    let mut row = format!("| {size} |");
    for args in [&["history"][..], &["status"], &["upgrade", "head"]] {
        let times = (0..7).map(|_| time(all.limbeck(db, args))).collect();
        write!(row, " {} |", ms(median(times))).unwrap();
    }
    println!("{row}");
}

/// A program in a pseudo-terminal, its output as it arrives.
struct Terminal {
    input: Arc<Mutex<Box<dyn std::io::Write + Send>>>,
    output: mpsc::Receiver<(Instant, Vec<u8>)>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Terminal {
    fn open(folder: &Path, db: &TestDb) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let program = limbeck();
        let mut command = CommandBuilder::new(program.get_program());
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        command.env("DATABASE_URL", db.url());
        command.env("HOME", folder);
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let input = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let answers = Arc::clone(&input);
        let (send, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                // A terminal that is asked for its background and its kind answers at once.
                let asked = String::from_utf8_lossy(&buffer[..n]);
                if asked.contains("\x1b]11;?") || asked.contains("\x1b[c") {
                    let mut input = answers.lock().unwrap();
                    let _ = input.write_all(b"\x1b]10;rgb:dddd/dddd/dddd\x1b\\\x1b]11;rgb:1111/1111/1111\x1b\\\x1b[?62;22c");
                    let _ = input.flush();
                }
                if send.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        Self { input, output, child, _master: pair.master }
    }

    /// When the next output arrives; none when nothing does.
    fn next(&self, patience: Duration) -> Option<(Instant, Vec<u8>)> {
        self.output.recv_timeout(patience).ok()
    }

    /// Waits until nothing has arrived for a while.
    fn settle(&self, quiet: Duration) {
        while self.next(quiet).is_some() {}
    }

    fn type_key(&mut self, key: &[u8]) {
        let mut input = self.input.lock().unwrap();
        input.write_all(key).unwrap();
        input.flush().unwrap();
    }

    /// User and system time of the process so far, from /proc; none elsewhere.
    fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.process_id()?)).ok()?;
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 10))
    }
}

fn interface(size: usize, db: &TestDb) {
    let all = Histories::new(size);
    time(all.limbeck(db, &["stamp", &format!("{:012x}", size / 2)]));
    let folder = all.path("limbeck");

    let first: Vec<Duration> = (0..7)
        .map(|_| {
            let start = Instant::now();
            let mut terminal = Terminal::open(&folder, db);
            let mut seen = Vec::new();
            // The first frame is there when the screen's tabs are: before that only modes are set.
            let at = loop {
                let Some((at, bytes)) = terminal.next(Duration::from_secs(10)) else {
                    panic!("no frame: {}", String::from_utf8_lossy(&seen))
                };
                seen.extend(bytes);
                if String::from_utf8_lossy(&seen).contains("Graph") {
                    break at - start;
                }
            };
            terminal.settle(Duration::from_millis(300));
            let _ = terminal.child.kill();
            let _ = terminal.child.wait();
            at
        })
        .collect();

    let mut terminal = Terminal::open(&folder, db);
    terminal.settle(Duration::from_secs(2));
    let mut keys = Vec::new();
    // Down and up again, so that every key changes the screen, by scrolling where there is enough.
    let stretch = (size / 4).clamp(1, 60);
    for n in 0..300 {
        let key: &[u8] = if n % (2 * stretch) < stretch { b"j" } else { b"k" };
        let pressed = Instant::now();
        terminal.type_key(key);
        if let Some((at, _)) = terminal.next(Duration::from_secs(1)) {
            keys.push(at - pressed);
        }
        terminal.settle(Duration::from_millis(12));
    }
    keys.sort();
    terminal.settle(Duration::from_secs(1));
    let before = terminal.cpu();
    std::thread::sleep(Duration::from_secs(5));
    let idle = before.zip(terminal.cpu()).map(|(a, b)| b.saturating_sub(a));
    terminal.type_key(b"q");
    let _ = terminal.child.kill();
    let _ = terminal.child.wait();
    println!(
        "| {size} | {} | {} | {} | {} |",
        ms(median(first)),
        ms(keys[keys.len() / 2]),
        ms(keys[keys.len() * 99 / 100]),
        idle.map_or("-".into(), ms),
    );
}
