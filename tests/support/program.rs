//! Running the program to its end, and projects to run it in.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Project, TestDb, project};

/// What a run of the program left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Expects this exit status.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Expects this error code and its exit status.
    #[track_caller]
    pub fn fails(self, code: &str, status: i32) -> Self {
        let ran = self.exits(status);
        assert!(ran.err.contains(&format!("error[{code}]: ")), "no {code}:\n{}", ran.err);
        ran
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}:\n{}", self.out))
    }
}

/// Runs to the end with nothing to read.
pub fn run(command: &mut Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().expect("the program can be run");
    Ran {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).expect("output is UTF-8"),
        err: String::from_utf8(output.stderr).expect("output is UTF-8"),
    }
}

/// A command of a project on a database.
pub fn on(project: &Project, db: &TestDb, args: &[&str]) -> Command {
    let mut command = project.limbeck(args);
    command.env("DATABASE_URL", db.url());
    command
}

/// Three revisions in a row: a table, a column, an index; all can be undone.
pub fn three() -> Project {
    let project = project();
    project.revision(
        "aaaa11111111",
        "",
        "CREATE TABLE account (id int PRIMARY KEY);",
        Some("DROP TABLE account;"),
    );
    project.revision(
        "bbbb22222222",
        "aaaa11111111",
        "ALTER TABLE account ADD name text;",
        Some("ALTER TABLE account DROP name;"),
    );
    project.revision(
        "cccc33333333",
        "bbbb22222222",
        "CREATE INDEX account_name ON account (name);",
        Some("DROP INDEX account_name;"),
    );
    project
}

/// A base with two heads above it, one labelled `shop`.
pub fn forked() -> Project {
    let project = three();
    let text = "-- shop\n--\n-- Revision ID: dddd44444444\n-- Revises: bbbb22222222\n\
                -- Branch Labels: shop\n\n-- migrate:up\n\nCREATE TABLE shop (id int);\n\n\
                -- migrate:down\n\nDROP TABLE shop;\n";
    project.write("migrations/dddd44444444_shop.sql", text);
    project
}
