//! Starting and stopping the cluster's server.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::Command;

use super::{
    binaries::Binaries,
    cluster::{self, Home},
    logs, port,
    postmaster::{self, Look, Postmaster},
    user::{self, Account},
};
use crate::server::{ServerError, process};

/// How long a server may take to start or to stop before we give up waiting for it.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often we look; a look is one small file.
const BEAT: Duration = Duration::from_millis(10);
/// How long the processes of a killed server may take to notice.
const ORPHANS: Duration = Duration::from_secs(20);

/// What a start needs to know.
#[derive(Debug)]
pub(super) struct Start<'a> {
    pub(super) home: &'a Home,
    pub(super) binaries: &'a Binaries,
    pub(super) account: Option<&'a Account>,
    /// The project, whose path gives a port to begin with, and its name.
    pub(super) project: &'a Path,
    pub(super) name: &'a str,
    /// A port that the settings insist on.
    pub(super) fixed_port: Option<u16>,
    /// The port of the last time.
    pub(super) last_port: u16,
    /// A socket folder of the last time, outside of the home.
    pub(super) last_socket_dir: Option<&'a Path>,
}

/// Starts a server that is down and waits until it accepts connections.
pub(super) async fn start(
    how: &Start<'_>,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Postmaster, ServerError> {
    let data = how.home.data();
    clear_reused_pid(&data, progress).await?;
    how.home.prepare(how.account)?;
    let socket_dir = cluster::socket_folder(how.home, how.last_socket_dir, how.account)?;
    cluster::clear_sockets(&socket_dir);
    let orphans_gone = Instant::now() + ORPHANS;
    let mut refused: Vec<u16> = Vec::new();
    loop {
        let port = choose_port(how, &refused)?;
        if how.last_port != 0 && port != how.last_port && how.fixed_port.is_none() {
            progress(&format!("port {} is taken by another program, using {port}", how.last_port));
        }
        cluster::configure(how.home, how.account, how.name, port, &socket_dir)?;
        progress(&format!("starting PostgreSQL {} on port {port}", how.binaries.version));
        let mut place = logs::end(&how.home.log());
        let start_log = how.home.log().join(logs::START);
        let _ = fs::remove_file(&start_log);
        let ran = pg_ctl_start(how).await?;
        if let Look::Up(found) = postmaster::look(&data)
            && ran.ok
        {
            return wait_until_ready(&data, found, progress).await;
        }
        let mut said = fs::read_to_string(&start_log).unwrap_or_default();
        let more = logs::since(&how.home.log(), &mut place).unwrap_or_default().join("\n");
        said.push_str(&more);
        if port_was_taken(&said) && how.fixed_port.is_none() && refused.len() < 5 {
            // Somebody took it between our look and the server's.
            refused.push(port);
        } else if said.contains("shared memory block") && Instant::now() < orphans_gone {
            progress("waiting for the processes of a killed server to end");
            tokio::time::sleep(Duration::from_millis(200)).await;
        } else {
            return Err(not_started(how, port, &said, ran.complaint()));
        }
    }
}

fn choose_port(how: &Start<'_>, refused: &[u16]) -> Result<u16, ServerError> {
    if let Some(port) = how.fixed_port {
        return if port::is_free(port) { Ok(port) } else { Err(taken(port)) };
    }
    if !refused.contains(&how.last_port) && port::is_free(how.last_port) {
        return Ok(how.last_port);
    }
    port::choose(how.project, refused)
        .ok_or_else(|| ServerError::new("no free TCP port was found on 127.0.0.1"))
}

fn taken(port: u16) -> ServerError {
    ServerError::new(format!("port {port} is taken by another program")).with_hint(
        "stop that program, or set another `server.local.port` (or POSTGRES_PORT); without one \
         limbeck finds a free port by itself",
    )
}

fn port_was_taken(said: &str) -> bool {
    said.contains("could not create any TCP/IP sockets") || said.contains("could not bind IPv4")
}

fn not_started(how: &Start<'_>, port: u16, said: &str, complaint: &str) -> ServerError {
    if port_was_taken(said) {
        return taken(port).with_detail(said);
    }
    let lines: Vec<&str> = said.lines().filter(|l| !l.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(12)..].join("\n");
    let hint = if said.contains("No space left on device") || said.contains("Disk quota") {
        "the disk is full: make room and start again".to_owned()
    } else if said.contains("shared memory") {
        "another process still uses this data folder: end it and start again".to_owned()
    } else if said.contains("configuration file") {
        format!("correct `{}` and start again", how.home.data().join("postgresql.conf").display())
    } else {
        format!("the whole log is in `{}`", how.home.log().display())
    };
    ServerError::new("the PostgreSQL server did not start")
        .with_hint(hint)
        .with_detail(if last.is_empty() { complaint } else { &last })
}

/// Paths are handed over so that no shell that `pg_ctl` uses has to quote them.
async fn pg_ctl_start(how: &Start<'_>) -> Result<process::Ran, ServerError> {
    let mut command = Command::new(how.binaries.dir.join("pg_ctl"));
    let limit = PATIENCE.as_secs().to_string();
    command.args(["start", "-s", "-w", "-t", &limit, "-l", "log/start.log"]);
    user::lend(&mut command, how.account);
    command.env("PGDATA", how.home.data()).current_dir(how.home.path());
    process::run(&mut command, PATIENCE + Duration::from_secs(10))
        .await
        .map_err(|e| ServerError::new(format!("`pg_ctl` cannot be run: {e}")))
}

/// After a restart of the machine the number in `postmaster.pid` may belong to a process that is
/// no server; PostgreSQL would refuse to start then. One that is dead it sorts out itself.
async fn clear_reused_pid(
    data: &Path,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<(), ServerError> {
    if postmaster::look(data) != Look::Reused {
        return Ok(());
    }
    let deadline = Instant::now() + ORPHANS;
    while postmaster::has_orphans(data) {
        if Instant::now() > deadline {
            return Err(ServerError::new("processes of a killed server still use the data folder")
                .with_hint("end them (`ps aux | grep postgres`) and start again"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    progress("removing a stale postmaster.pid");
    let path = data.join("postmaster.pid");
    fs::remove_file(&path).map_err(|e| ServerError::file("remove", &path, &e))
}

/// Waits while a server that runs becomes ready.
pub(super) async fn wait_until_ready(
    data: &Path,
    mut found: Postmaster,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Postmaster, ServerError> {
    let deadline = Instant::now() + PATIENCE;
    let mut said = false;
    while !matches!(found.status.as_str(), "ready" | "standby") {
        if !said {
            progress("waiting until the server accepts connections");
            said = true;
        }
        if Instant::now() > deadline {
            return Err(ServerError::new(format!(
                "the server (pid {}) does not accept connections yet; it may be recovering",
                found.pid
            ))
            .with_hint("see what it does with `limbeck db logs`, and try again"));
        }
        tokio::time::sleep(BEAT).await;
        match postmaster::look(data) {
            Look::Up(now) => found = now,
            _ => {
                return Err(ServerError::new("the server ended while it was starting")
                    .with_hint("see why with `limbeck db logs`"));
            }
        }
    }
    Ok(found)
}

/// Stops a server in fast mode (sessions are ended, their transactions rolled back) and waits.
/// This is `pg_ctl stop -m fast`, without needing the programs it was started with.
pub(super) async fn stop(data: &Path, server: &Postmaster) -> Result<(), ServerError> {
    kill(Pid::from_raw(server.pid), Signal::SIGINT).map_err(|e| {
        ServerError::new(format!("the server (pid {}) cannot be stopped: {e}", server.pid))
            .with_hint("it belongs to another user: use that user, or root")
    })?;
    wait_until_down(data, server).await
}

/// Waits until a server that is stopping is gone.
pub(super) async fn wait_until_down(data: &Path, server: &Postmaster) -> Result<(), ServerError> {
    let deadline = Instant::now() + PATIENCE;
    while matches!(postmaster::look(data), Look::Up(now) if now.pid == server.pid) {
        if Instant::now() > deadline {
            return Err(ServerError::new(format!(
                "the server (pid {}) is still stopping after {} s",
                server.pid,
                PATIENCE.as_secs()
            ))
            .with_hint("see what it waits for with `limbeck db logs`"));
        }
        tokio::time::sleep(BEAT).await;
    }
    Ok(())
}
