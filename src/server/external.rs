//! A server that somebody else runs: it can be looked at, not started or stopped.

use std::time::Duration;

use super::{
    Kind, ServerError, State, Status,
    probe::{self, Answer},
};
use crate::config::Connection;

/// Somebody else's server.
#[derive(Clone, Debug)]
pub(super) struct External {
    /// How the settings say to reach it.
    pub(super) connection: Connection,
    /// How limbeck could run the server itself, where the project has a way.
    pub(super) instead: String,
}

impl External {
    pub(super) async fn status(&self) -> Status {
        let c = &self.connection;
        let limit = c.connect_timeout.min(Duration::from_secs(3));
        let state = match probe::connection(c, limit).await {
            Answer::Accepting => State::Running { id: String::new(), since: None },
            Answer::NotYet => State::Changing("starting or stopping".into()),
            Answer::Nothing(why) => State::Unknown(format!("no answer from {c}: {why}")),
        };
        let host = c.hosts.first().map_or("localhost", String::as_str);
        Status {
            kind: Kind::External,
            state,
            summary: format!("external server · {host}"),
            data: None,
            port: c.ports.first().copied(),
            socket: host.starts_with('/').then(|| host.into()),
            log: None,
            binaries: None,
            killed: false,
        }
    }

    /// The refusal of everything that is not looking; `doing` completes "cannot be …".
    pub(super) fn refuse(&self, doing: &str) -> ServerError {
        ServerError::not_managed(format!(
            "the server of {} cannot be {doing} here: the settings name it, limbeck does not run it",
            self.connection
        ))
        .with_hint(self.instead.clone())
    }
}
