//! The tools that are compared: how each wants its migrations written, and how it runs them.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use crate::support::{At, Project};

/// What one migration does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) sql: &'static [&'static str],
    /// Outside of a transaction.
    pub(super) loose: bool,
}

pub(super) const fn step(sql: &'static [&'static str]) -> Step {
    Step { sql, loose: false }
}

impl Step {
    fn body(&self) -> String {
        self.sql.iter().fold(String::new(), |all, sql| all + sql + ";\n")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Limbeck,
    Alembic,
    Dbmate,
    SqlxCli,
    Refinery,
    GraphileMigrate,
}

impl Tool {
    pub(super) const ALL: [Self; 6] = [
        Self::Limbeck,
        Self::Alembic,
        Self::Dbmate,
        Self::SqlxCli,
        Self::Refinery,
        Self::GraphileMigrate,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Limbeck => "limbeck",
            Self::Alembic => "alembic",
            Self::Dbmate => "dbmate",
            Self::SqlxCli => "sqlx-cli",
            Self::Refinery => "refinery",
            Self::GraphileMigrate => "graphile-migrate",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::SqlxCli => "sqlx",
            _ => self.name(),
        }
    }

    /// Its version; none when it is not installed. limbeck's own is not written down: the table would be
    /// out of date with each.
    pub(super) fn version(self) -> Option<String> {
        if self == Self::Limbeck {
            return Some(String::new());
        }
        let said = Command::new(self.program()).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        text.split_whitespace().last().map(|version| format!(" {version}"))
    }

    /// The COMMIT of the migration when one is pending. Others than limbeck send it as a message of its own;
    /// `READ COMMITTED` is no such thing.
    pub(super) fn commit(self) -> At {
        match self {
            Self::Limbeck => At::Words("; COMMIT"),
            Self::GraphileMigrate => At::Words("commit"),
            Self::Alembic | Self::Dbmate | Self::SqlxCli => At::Words("COMMIT"),
            // The ones before are of making and reading its own table.
            Self::Refinery => At::Nth(3, "COMMIT"),
        }
    }

    /// Writes the migrations in the tool's form; those that are there are written anew.
    pub(super) fn write(self, project: &Project, steps: &[Step]) {
        let mut graphile = Graphile { project, previous: None };
        for (n, step) in (1..).zip(steps) {
            match self {
                Self::Limbeck => limbeck(project, n, step),
                Self::Alembic => alembic(project, n, step),
                Self::Dbmate => dbmate(project, n, step),
                Self::SqlxCli => sqlx(project, n, step),
                Self::Refinery => refinery(project, n, step),
                Self::GraphileMigrate => graphile.write(n, step),
            }
        }
    }

    /// Runs everything that is pending.
    pub(super) fn upgrade(self, project: &Project, url: &str) -> Command {
        let url = format!("{url}?sslmode=disable");
        let folder = project.path().join("migrations");
        let mut command = Command::new(self.program());
        match self {
            Self::Limbeck => command = project.limbeck(["upgrade", "head"]),
            Self::Alembic => {
                let url = url.replacen("postgresql://", "postgresql+psycopg2://", 1);
                command.args(["upgrade", "head"]).env("DATABASE_URL", url);
            }
            Self::Dbmate => {
                command.args(["--no-dump-schema", "--migrations-dir"]).arg(folder).arg("migrate");
            }
            Self::SqlxCli => {
                command.args(["migrate", "run", "--source"]).arg(folder);
            }
            Self::Refinery => {
                command.args(["migrate", "-e", "DATABASE_URL", "-p"]).arg(folder);
            }
            Self::GraphileMigrate => {
                command.arg("migrate");
            }
        }
        if self != Self::Alembic {
            command.env("DATABASE_URL", url);
        }
        command.current_dir(project.path()).stdin(Stdio::null());
        command
    }
}

fn id(n: usize) -> String {
    format!("{n:012}")
}

/// The marker that limbeck and dbmate have in common.
fn marker(step: &Step) -> &'static str {
    if step.loose { " transaction:false" } else { "" }
}

fn limbeck(project: &Project, n: usize, step: &Step) {
    let revises = if n == 1 { String::new() } else { id(n - 1) };
    let text = format!(
        "-- step {n}\n--\n-- Revision ID: {}\n-- Revises: {revises}\n\n\
         -- migrate:up{}\n\n{}\n-- migrate:down\n",
        id(n),
        marker(step),
        step.body()
    );
    project.write(&format!("migrations/{}_step.sql", id(n)), &text);
}

fn dbmate(project: &Project, n: usize, step: &Step) {
    let text = format!("-- migrate:up{}\n{}\n-- migrate:down\n", marker(step), step.body());
    project.write(&format!("migrations/202601010000{n:02}_step.sql"), &text);
}

fn sqlx(project: &Project, n: usize, step: &Step) {
    let loose = if step.loose { "-- no-transaction\n" } else { "" };
    let text = format!("{loose}{}", step.body());
    project.write(&format!("migrations/202601010000{n:02}_step.sql"), &text);
}

/// It has no way to say that a migration is to run outside of a transaction.
fn refinery(project: &Project, n: usize, step: &Step) {
    project.write(&format!("migrations/V{n}__step.sql"), &step.body());
}

fn alembic(project: &Project, n: usize, step: &Step) {
    let revises = if n == 1 { "None".to_owned() } else { format!("'{}'", id(n - 1)) };
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

/// graphile-migrate chains its files by their hashes.
struct Graphile<'a> {
    project: &'a Project,
    previous: Option<String>,
}

impl Graphile<'_> {
    fn write(&mut self, n: usize, step: &Step) {
        let path = |n: usize| format!("migrations/committed/{n:06}-step.sql");
        let loose = if step.loose { "--! no-transaction\n" } else { "" };
        let body = format!("{loose}{}", step.body());
        let previous = self.previous.take();
        // Whoever edits a migration that others stand on leaves its head as it is.
        let kept = fs::read_to_string(self.project.path().join(path(n)))
            .ok()
            .filter(|_| self.project.path().join(path(n + 1)).exists())
            .and_then(|old| Some(old.split_once("--! Hash: ")?.1.lines().next()?.to_owned()));
        let hash = kept.unwrap_or_else(|| {
            let above = previous.as_deref().unwrap_or_default();
            sha1(&format!("{}\n", format!("{above}\n{}", body.trim()).trim()))
        });
        let previous = previous.as_deref().unwrap_or("-");
        let text = format!("--! Previous: {previous}\n--! Hash: {hash}\n\n{body}");
        self.project.write(&path(n), &text);
        self.project.write(".gmrc", "{}");
        self.project.write("migrations/current.sql", "");
        self.previous = Some(hash);
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
