//! A project folder of a test's own, and the built program to run in it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The built `limbeck`, without anything of the caller's environment that it would read.
pub fn limbeck() -> Command {
    let Some(program) = option_env!("CARGO_BIN_EXE_limbeck") else {
        panic!("these tests run the program: build them with the feature `cli`");
    };
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "DATABASE_URL"
            || ["PG", "POSTGRES_", "LIMBECK_", "XDG_"].iter().any(|p| text.starts_with(p))
        {
            command.env_remove(&name);
        }
    }
    command.env("HOME", "/nonexistent").env("NO_COLOR", "1").env("TZ", "UTC");
    command
}

/// A temporary project; its folder goes when this value does.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
}

/// Makes an empty project: a folder with `migrations/` in it.
pub fn project() -> Project {
    let folder = TempDir::with_prefix("limbeck-project-").expect("a temporary folder can be made");
    // As a folder of a person's own usually is: others may enter.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
    fs::create_dir(folder.path().join("migrations")).expect("our own folder");
    Project { folder }
}

impl Project {
    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, making its folders.
    pub fn write(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path().join(relative);
        fs::create_dir_all(path.parent().expect("below the project")).expect("our own folder");
        fs::write(&path, text).expect("our own folder");
        path
    }

    /// Writes a revision file: `revises` is empty for a base, comma-separated for a merge; without
    /// `down` the revision is irreversible.
    pub fn revision(&self, id: &str, revises: &str, up: &str, down: Option<&str>) -> PathBuf {
        let mut text = format!(
            "-- revision {id}\n--\n-- Revision ID: {id}\n-- Revises: {revises}\n\
             -- Create Date: 2026-11-22T08:26:00Z\n\n-- migrate:up\n\n{up}\n"
        );
        if let Some(down) = down {
            text.push_str("\n-- migrate:down\n\n");
            text.push_str(down);
            text.push('\n');
        }
        self.write(&format!("migrations/{id}_test.sql"), &text)
    }

    /// The program, run in this folder.
    pub fn limbeck<I: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        let mut command = limbeck();
        command.current_dir(self.path()).args(args);
        command
    }
}
