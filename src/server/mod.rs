//! Running a PostgreSQL server: a local cluster, docker compose, or somebody else's.

//!
//! A [`Provider`] starts, stops and describes the server of a project; what is in its databases is
//! nothing to it. It never logs in to answer a question about its state.

mod choose;
mod compose;
mod download;
mod error;
mod external;
mod local;
mod probe;
mod process;
mod psql;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use self::psql::PsqlCommand;
use self::{compose::Compose, external::External, local::Local};
use crate::{
    code::Code,
    config::{Config, Connection, ServerConfig},
};

/// What a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A cluster of the project's own.
    Local,
    /// A docker compose service.
    Compose,
    /// Not ours.
    External,
}

/// Whether the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Accepting connections.
    Running {
        /// Postmaster pid or container id.
        id: String,
        /// Since when, where known.
        since: Option<jiff::Timestamp>,
    },
    /// Starting, stopping or recovering.
    Changing(String),
    /// Stopped; its data is there.
    Stopped,
    /// Never created; `start` creates it.
    Absent,
    /// Cannot be told, with the reason.
    Unknown(String),
}

/// What is known about the server without logging in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Provider.
    pub kind: Kind,
    /// State.
    pub state: State,
    /// It is down, and nobody stopped it: a crash, a `kill`, a restart of the machine.
    pub killed: bool,
    /// In words: "local cluster · PostgreSQL 15.18".
    pub summary: String,
    /// Data folder or volume.
    pub data: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// Socket folder.
    pub socket: Option<PathBuf>,
    /// Log file or "docker logs".
    pub log: Option<String>,
    /// Folder of the binaries, or the image.
    pub binaries: Option<String>,
}

/// Why a server action failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ServerError {
    /// `SERVER`, `NOT_MANAGED` or `SETTINGS`.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The last lines of the log or of the tool's output.
    pub detail: Option<String>,
}

/// A chosen provider; cheap to clone.
#[derive(Clone, Debug)]
pub struct Provider(Arc<Inner>);

#[derive(Debug)]
enum Inner {
    Local(Local),
    Compose(Compose),
    External(External),
}

/// A place in a server's log: everything before it has been seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPosition(Position);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Position {
    Local(local::Place),
    Compose(compose::Place),
    None,
}

impl Provider {
    /// Chooses by settings, or automatically: external if a connection is set, else compose if its
    /// service exists already and an engine answers, else local.
    pub async fn choose(config: &Config) -> Result<Self, ServerError> {
        choose::choose(config).await
    }

    /// The local provider of the project in the folder `root`, whatever else there is.
    pub fn local(root: &Path, name: &str, config: &ServerConfig) -> Self {
        Self::of(Inner::Local(Local::new(root, name, config)))
    }

    fn of(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Which one.
    pub fn kind(&self) -> Kind {
        match &*self.0 {
            Inner::Local(_) => Kind::Local,
            Inner::Compose(_) => Kind::Compose,
            Inner::External(_) => Kind::External,
        }
    }

    /// How to reach it, as far as known without starting it (a local cluster that was never created has none).
    pub fn connection(&self) -> Option<Connection> {
        match &*self.0 {
            Inner::Local(local) => local.connection(),
            Inner::Compose(compose) => compose.connection(),
            Inner::External(external) => Some(external.connection.clone()),
        }
    }

    /// State and facts; fast (under 50 ms for local), never starts anything.
    pub async fn status(&self) -> Status {
        match &*self.0 {
            Inner::Local(local) => local.status(),
            Inner::Compose(compose) => compose.status().await,
            Inner::External(external) => external.status().await,
        }
    }

    /// What [`download`](Self::download) would fetch ("PostgreSQL 17.10.0 from https://…"), where a
    /// start needs server programs that this machine does not have; none otherwise.
    pub async fn needs_download(&self) -> Option<String> {
        match &*self.0 {
            Inner::Local(local) => local.needs_download().await,
            Inner::Compose(_) | Inner::External(_) => None,
        }
    }

    /// Downloads the server programs that [`needs_download`](Self::needs_download) names. `start`
    /// never does this by itself: the caller asks the user first.
    pub async fn download(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        match &*self.0 {
            Inner::Local(local) => local.download(progress).await,
            Inner::Compose(_) | Inner::External(_) => Ok(()),
        }
    }

    /// Starts it, creating it first if needed, and waits until it answers. `progress` gets one short
    /// line for each stage. Starting a server that runs is not an error.
    pub async fn start(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Connection, ServerError> {
        match &*self.0 {
            Inner::Local(local) => local.start(progress).await,
            Inner::Compose(compose) => compose.start(progress).await,
            Inner::External(external) => Err(external.refuse("started")),
        }
    }

    /// Stops it (fast mode: sessions are ended) and waits. Stopping a server that is down is not an
    /// error.
    pub async fn stop(&self, progress: &(dyn Fn(&str) + Send + Sync)) -> Result<(), ServerError> {
        match &*self.0 {
            Inner::Local(local) => local.stop(progress).await,
            Inner::Compose(compose) => compose.stop(progress).await,
            Inner::External(external) => Err(external.refuse("stopped")),
        }
    }

    /// The last `lines` lines of its log, oldest first; none where there is no log yet.
    pub async fn logs(&self, lines: usize) -> Result<Vec<String>, ServerError> {
        match &*self.0 {
            Inner::Local(local) => local.logs(lines),
            Inner::Compose(compose) => compose.logs(lines).await,
            Inner::External(external) => Err(external.refuse("asked for its log")),
        }
    }

    /// Where the log ends now; from there [`log_since`](Self::log_since) goes on.
    pub async fn log_position(&self) -> LogPosition {
        LogPosition(match &*self.0 {
            Inner::Local(local) => Position::Local(local.log_end()),
            Inner::Compose(compose) => Position::Compose(compose.log_end().await),
            Inner::External(_) => Position::None,
        })
    }

    /// The complete lines written since `position`, which moves behind them. Cheap enough to be
    /// called a few times a second; at most 4 MB at once, the newest.
    pub async fn log_since(&self, position: &mut LogPosition) -> Result<Vec<String>, ServerError> {
        match (&*self.0, &mut position.0) {
            (Inner::Local(local), Position::Local(place)) => local.log_since(place),
            (Inner::Compose(compose), Position::Compose(place)) => compose.log_since(place).await,
            (Inner::External(external), _) => Err(external.refuse("asked for its log")),
            // A position of another provider: begin anew.
            (_, other) => {
                *other = self.log_position().await.0;
                Ok(Vec::new())
            }
        }
    }

    /// Removes the server's data for good (it is stopped first). Only local and compose.
    pub async fn destroy(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        match &*self.0 {
            Inner::Local(local) => local.destroy(progress).await,
            Inner::Compose(compose) => compose.destroy(progress).await,
            Inner::External(external) => Err(external.refuse("removed")),
        }
    }

    /// How to run `psql` on `connection`, which is this server's: with the programs of the local
    /// cluster where it has `psql`, else with the one on the search path.
    pub fn psql_command(&self, connection: &Connection) -> PsqlCommand {
        let bin_dir = match &*self.0 {
            Inner::Local(local) => local.bin_dir(),
            Inner::Compose(_) | Inner::External(_) => None,
        };
        PsqlCommand::new(connection, bin_dir.as_deref())
    }
}

/// Bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}
