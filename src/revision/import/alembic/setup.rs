//! Where a project keeps what Alembic needs, and how Alembic is run there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::super::ImportError;

/// A project of Alembic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Setup {
    /// The file with its settings.
    pub(super) settings: PathBuf,
    /// The folder of its revisions, or the first of several.
    pub(in super::super) folder: PathBuf,
    root: PathBuf,
    runner: Runner,
}

/// What runs Alembic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    Alembic,
    /// Flask-Migrate: the application makes the settings.
    Flask,
}

/// What Alembic printed, and its last words if it failed.
pub(super) struct Printed {
    pub(super) text: String,
    pub(super) failed: Option<String>,
}

impl Setup {
    /// What a project has, if it is one of Alembic's: `alembic.ini`, a `[tool.alembic]` in
    /// `pyproject.toml`, or the `migrations` of Flask-Migrate.
    pub(in super::super) fn find(root: &Path) -> Option<Self> {
        let found = |settings: &str, location: &str, runner| {
            let scripts = root.join(location.replace("%(here)s/", ""));
            let setup = Self {
                settings: root.join(settings),
                folder: scripts.join("versions"),
                root: root.to_owned(),
                runner,
            };
            setup.folder.is_dir().then_some(setup)
        };
        if let Ok(text) = fs::read_to_string(root.join("alembic.ini")) {
            let value = |key: &str| {
                text.lines().find_map(|line| {
                    let (name, value) = line.split_once('=')?;
                    (name.trim() == key).then(|| value.trim().to_owned())
                })
            };
            let location = value("script_location").unwrap_or_else(|| "alembic".to_owned());
            let setup = found("alembic.ini", &location, Runner::Alembic);
            return setup.or_else(|| {
                // Elsewhere than beside its scripts; of several folders the first that is there.
                let named = value("version_locations")?.replace("%(here)s/", "");
                let mut folders = named.split([' ', ',', ':', ';', '\n']).map(|one| root.join(one));
                let folder = folders.find(|folder| folder != root && folder.is_dir())?;
                let settings = root.join("alembic.ini");
                Some(Self { settings, folder, root: root.to_owned(), runner: Runner::Alembic })
            });
        }
        if let Ok(text) = fs::read_to_string(root.join("pyproject.toml"))
            && let Ok(settings) = text.parse::<toml::Table>()
            && let Some(alembic) = settings.get("tool").and_then(|tool| tool.get("alembic"))
        {
            let location = alembic.get("script_location").and_then(toml::Value::as_str);
            return found("pyproject.toml", location.unwrap_or("alembic"), Runner::Alembic);
        }
        let flask = root.join("migrations/alembic.ini").is_file();
        flask.then(|| found("migrations/alembic.ini", "migrations", Runner::Flask)).flatten()
    }

    /// Runs the project's own Alembic, or the one that the shell would run.
    pub(super) fn print(&self, args: &[&str]) -> Result<Printed, ImportError> {
        let (name, before): (_, &[&str]) = match self.runner {
            Runner::Alembic => ("alembic", &[]),
            Runner::Flask => ("flask", &["db"]),
        };
        let own = [".venv", "venv", "env"].iter().map(|env| self.root.join(env).join("bin"));
        let program = own.map(|bin| bin.join(name)).find(|program| program.is_file());
        let program = program.unwrap_or_else(|| PathBuf::from(name));
        let mut command = Command::new(&program);
        command.args(before).args(args).current_dir(&self.root);
        let output = command.output().map_err(|error| {
            ImportError::at(
                &self.settings,
                0,
                format!(
                    "its SQL is printed by Alembic, but `{}` cannot be run: {error}",
                    program.display()
                ),
                "activate its environment first, or put it into .venv",
            )
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
        let failed = !output.status.success();
        let failed = failed.then(|| last.unwrap_or("it said nothing").to_owned());
        Ok(Printed { text: String::from_utf8_lossy(&output.stdout).into_owned(), failed })
    }

    /// The models that it compares a database with, if `env.py` tells.
    pub(in super::super) fn models(&self) -> Option<PathBuf> {
        let env = self.folder.parent()?.join("env.py");
        super::declared::models(&fs::read_to_string(env).ok()?, &self.root)
    }

    /// The files of the revisions, as far as Alembic tells them: they may stand in several folders.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, ImportError> {
        let told = self.print(&["history", "--verbose"])?.text;
        let paths = told.lines().filter_map(|line| line.strip_prefix("Path: "));
        Ok(paths.map(|path| self.root.join(path.trim())).collect())
    }
}
