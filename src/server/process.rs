//! Running a tool to its end, with a limit on how long it may take.

use std::{io, process::Stdio, time::Duration};

use tokio::process::Command;

/// What a finished tool left.
#[derive(Debug)]
pub(super) struct Ran {
    /// It exited with 0.
    pub(super) ok: bool,
    /// Its output.
    pub(super) stdout: String,
    /// Its complaints.
    pub(super) stderr: String,
}

impl Ran {
    /// What a person would want to see of a failure: the complaints, else the output.
    pub(super) fn complaint(&self) -> &str {
        let (stderr, stdout) = (self.stderr.trim(), self.stdout.trim());
        if stderr.is_empty() { stdout } else { stderr }
    }
}

/// Why a tool did not run to its end.
#[derive(Debug)]
pub(super) enum NotRun {
    /// There is no such program.
    Missing,
    /// It took longer than it may; it has been killed.
    TooLong(Duration),
    /// The system refused to start it.
    Refused(io::Error),
}

impl std::fmt::Display for NotRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("it is not installed"),
            Self::TooLong(limit) => write!(f, "no answer in {} s", limit.as_secs_f32()),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

/// Runs `command` without a terminal: nothing to read, and in a process group of its own, so that
/// Ctrl-C in our terminal is ours alone. Dropping the future kills it.
pub(super) async fn run(command: &mut Command, limit: Duration) -> Result<Ran, NotRun> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let output = match tokio::time::timeout(limit, command.output()).await {
        Err(_) => return Err(NotRun::TooLong(limit)),
        Ok(Err(e)) if e.kind() == io::ErrorKind::NotFound => return Err(NotRun::Missing),
        Ok(Err(e)) => return Err(NotRun::Refused(e)),
        Ok(Ok(output)) => output,
    };
    Ok(Ran {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
