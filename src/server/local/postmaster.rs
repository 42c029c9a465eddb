//! Whether the cluster's server runs, told by `postmaster.pid` without connecting.
//!
//! The file alone proves nothing: after a crash or a power cut it stays, and its process number
//! may by now belong to something else. So the process is looked at too.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

/// What `postmaster.pid` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Postmaster {
    /// Process.
    pub(super) pid: i32,
    /// When it started.
    pub(super) since: Option<jiff::Timestamp>,
    /// TCP port, 0 while it has not come that far.
    pub(super) port: u16,
    /// First socket folder.
    pub(super) socket_dir: Option<PathBuf>,
    /// `starting`, `stopping`, `ready`, `standby`; empty at first.
    pub(super) status: String,
}

/// What a look at the data folder tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// No server.
    Down,
    /// The file names a living process that is not this cluster's server.
    Reused,
    /// A server of this folder.
    Up(Postmaster),
    /// The folder may not be read by us.
    Hidden(String),
}

/// Looks at a data folder.
pub(super) fn look(data: &Path) -> Look {
    let text = match fs::read_to_string(data.join("postmaster.pid")) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            return Look::Hidden(e.to_string());
        }
        Err(_) => return Look::Down,
    };
    let Some(found) = parse(&text) else { return Look::Down };
    if !alive(found.pid) {
        Look::Down
    } else if serves(found.pid, data) {
        Look::Up(found)
    } else {
        Look::Reused
    }
}

fn parse(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let line = |n: usize| lines.get(n).copied().unwrap_or_default();
    // A standalone backend writes its number negated.
    let pid: i32 = line(0).parse::<i32>().ok()?.checked_abs()?;
    (pid > 1).then(|| Postmaster {
        pid,
        since: line(2).parse().ok().and_then(|s| jiff::Timestamp::from_second(s).ok()),
        port: line(3).parse().unwrap_or(0),
        socket_dir: (!line(4).is_empty()).then(|| line(4).into()),
        status: line(7).to_owned(),
    })
}

/// Whether a process exists, ours or another user's.
pub(super) fn alive(pid: i32) -> bool {
    !matches!(kill(Pid::from_raw(pid), None), Err(Errno::ESRCH))
}

/// Whether the process is the server of this folder: a server stands in its data folder.
fn serves(pid: i32, data: &Path) -> bool {
    if Path::new("/proc/self/cwd").exists() {
        return match fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(cwd) => fs::canonicalize(data).is_ok_and(|data| data == cwd),
            // We may see our own processes, and those of the account that root lends. One that we
            // may not see can still be the server if it owns the folder that we can read.
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => same_owner(pid, data),
            Err(_) => false,
        };
    }
    // Without /proc: the command line of a server names the program.
    let shown = std::process::Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output();
    shown.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("postgres"))
}

fn same_owner(pid: i32, data: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = |path: &Path| fs::metadata(path).map(|m| m.uid()).ok();
    let process = owner(Path::new(&format!("/proc/{pid}")));
    process.is_some() && process == owner(data)
}

/// Whether any process still stands in the data folder: backends outlive a killed server for a
/// moment, and until they are gone nothing may start there.
pub(super) fn has_orphans(data: &Path) -> bool {
    let Ok(data) = fs::canonicalize(data) else { return false };
    fs::read_dir("/proc").into_iter().flatten().flatten().any(|entry| {
        entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit())
            && fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(pid_file: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("postmaster.pid"), pid_file).unwrap();
        folder
    }

    #[test]
    fn reads_every_line_that_matters() {
        let text = "4711\n/p/data\n1795300000\n5433\n/run/x\n127.0.0.1\n  1 2\nready   \n";
        let found = parse(text).unwrap();
        assert_eq!((found.pid, found.port, found.status.as_str()), (4711, 5433, "ready"));
        assert_eq!(found.socket_dir.unwrap(), Path::new("/run/x"));
        assert_eq!(found.since.unwrap().as_second(), 1_795_300_000);
    }

    #[test]
    fn a_file_cut_short_is_a_server_that_has_just_begun() {
        let found = parse("4711\n/p/data\n").unwrap();
        assert_eq!((found.port, found.status.as_str()), (0, ""));
        assert_eq!(parse(""), None);
        assert_eq!(parse("not a number"), None);
        assert_eq!(parse("0\n"), None, "0 would be our own process group");
    }

    #[test]
    fn a_living_process_that_is_no_server_is_told_apart() {
        let own = std::process::id();
        let folder = folder_with(&format!("{own}\n/p\n1795300000\n5433\n\n\n\nready\n"));
        assert_eq!(look(folder.path()), Look::Reused);
    }

    #[test]
    fn a_dead_process_is_down() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let folder = folder_with(&format!("{}\n/p\n1795300000\n5433\n\n\n\nready\n", child.id()));
        assert_eq!(look(folder.path()), Look::Down);
        assert_eq!(look(Path::new("/nonexistent")), Look::Down);
    }
}
