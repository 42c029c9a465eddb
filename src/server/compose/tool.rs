//! The programs that do the work: `docker`, and compose as its plugin or as a program of its own.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

use crate::server::{
    ServerError,
    process::{self, NotRun, Ran},
};

/// How the two programs are called; tests put scripts in their place.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) docker: OsString,
    pub(super) docker_compose: OsString,
}

impl Default for Programs {
    fn default() -> Self {
        Self { docker: "docker".into(), docker_compose: "docker-compose".into() }
    }
}

/// Which compose there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// `docker-compose` 1.x, in Python: no `--wait`, no JSON.
    One,
    /// 2 and later, as `docker compose` or as `docker-compose`.
    Two,
}

/// A compose that can be run for one project.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    program: OsString,
    first: Vec<OsString>,
    folder: PathBuf,
    pub(super) generation: Generation,
}

impl Tool {
    /// Finds compose. `file` is named only where the settings insist on it: otherwise compose finds
    /// it by itself, together with an override file.
    pub(super) async fn find(
        programs: &Programs,
        folder: &Path,
        file: Option<&Path>,
    ) -> Result<Self, ServerError> {
        let plugin = [OsString::from("compose")];
        let forms: [(&OsString, &[OsString]); 2] =
            [(&programs.docker, &plugin), (&programs.docker_compose, &[])];
        for (program, first) in forms {
            let mut command = Command::new(program);
            command.args(first).args(["version", "--short"]).current_dir(folder);
            let Ok(ran) = process::run(&mut command, Duration::from_secs(10)).await else {
                continue;
            };
            let Some(generation) = generation(&ran) else { continue };
            let mut first = first.to_vec();
            if let Some(file) = file {
                first.extend(["-f".into(), file.into()]);
            }
            let program = program.clone();
            return Ok(Self { program, first, folder: folder.to_owned(), generation });
        }
        Err(ServerError::new("neither `docker compose` nor `docker-compose` can be run here")
            .with_hint(
                "install docker with its compose plugin, or choose `provider = \"local\"` in the \
                 section `[server]` of `limbeck.toml`",
            ))
    }

    /// Runs a compose command. It reads the project's `.env` by itself.
    pub(super) async fn run<I, S>(&self, args: I, limit: Duration) -> Result<Ran, ServerError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(&self.program);
        command.args(&self.first).args(args).current_dir(&self.folder);
        process::run(&mut command, limit).await.map_err(|e| {
            ServerError::new(format!("`{}` did not finish: {e}", self.program.to_string_lossy()))
        })
    }
}

/// Reads `version --short`: "2.24.5", "v2.27.0-desktop.2", "1.29.2", "5.0.1".
fn generation(ran: &Ran) -> Option<Generation> {
    let version = ran.stdout.trim().trim_start_matches('v');
    let major: u32 = version.split('.').next()?.parse().ok()?;
    ran.ok.then_some(if major >= 2 { Generation::Two } else { Generation::One })
}

/// Runs a plain docker command.
pub(super) async fn docker<I, S>(
    programs: &Programs,
    args: I,
    limit: Duration,
) -> Result<Ran, NotRun>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    process::run(Command::new(&programs.docker).args(args), limit).await
}
