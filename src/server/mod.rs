//! Running a PostgreSQL server: a local cluster, docker compose, or somebody else's.

use std::path::PathBuf;

use crate::{
    code::Code,
    config::{Config, Connection},
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
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ServerError {
    /// SERVER, NOT_MANAGED, SETTINGS.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The last lines of the log or of the tool's output.
    pub detail: Option<String>,
}

/// A chosen provider.
#[derive(Clone, Debug)]
pub struct Provider {}

impl Provider {
    /// Chooses by settings, or automatically: external if a connection is set, else compose if its
    /// service exists already and an engine answers, else local.
    pub async fn choose(config: &Config) -> Result<Self, ServerError> {
        let _ = config;
        todo!("helper D")
    }
    /// Which one.
    pub fn kind(&self) -> Kind {
        todo!("helper D")
    }
    /// How to reach it, as far as known without starting it (a local cluster that was never created has none).
    pub fn connection(&self) -> Option<Connection> {
        todo!("helper D")
    }
    /// State and facts; fast (under 50 ms for local), never starts anything.
    pub async fn status(&self) -> Status {
        todo!("helper D")
    }
    /// Starts it, creating it first if needed, and waits until it answers. `progress` gets one short
    /// line for each stage ("initdb", "starting").
    pub async fn start(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Connection, ServerError> {
        let _ = progress;
        todo!("helper D")
    }
    /// Stops it (fast mode) and waits.
    pub async fn stop(&self, progress: &(dyn Fn(&str) + Send + Sync)) -> Result<(), ServerError> {
        let _ = progress;
        todo!("helper D")
    }
    /// The last `lines` lines of its log.
    pub async fn logs(&self, lines: usize) -> Result<Vec<String>, ServerError> {
        let _ = lines;
        todo!("helper D")
    }
    /// Removes the server's data for good (it is stopped first). Only local and compose.
    pub async fn destroy(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        let _ = progress;
        todo!("helper D")
    }
}
