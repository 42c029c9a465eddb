//! Connections: the only place that opens one. TLS, sessions, notices, cancel, the runner's lock.
//!
//! A connection needs a task that drives it, so this module is the one exception to "only `worker`
//! spawns tasks". The task ends with its connection, never later.
//!
//! What a connection is made of stands in [`crate::config::Connection`]; how the two are put
//! together, and which choices were made, in `docs/design/connections.md`.

mod cancel;
mod connect;
mod error;
pub mod lock;
pub mod plain;
mod pool;
mod session;
mod tls;

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock},
};

pub use self::{
    cancel::Canceller,
    error::{ConnectError, lost},
    session::{End, Ending, Notice, Session, clean_session},
};
use crate::config::{Connection, TargetSession};

/// Opens connections of one target; cheap to clone.
#[derive(Clone)]
pub struct Connector {
    connection: Arc<Connection>,
    /// Certificates are read once, by whoever needs them first.
    tls: Arc<OnceLock<tls::Tls>>,
    /// What the pool's own error type had no room for.
    trouble: Arc<Mutex<Option<ConnectError>>>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.connection)
    }
}

impl Connector {
    /// Makes a connector; nothing is opened yet.
    pub fn new(connection: Connection) -> Self {
        Self { connection: Arc::new(connection), tls: Arc::default(), trouble: Arc::default() }
    }

    /// The target.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The same server and credentials, another database.
    #[must_use]
    pub fn for_database(&self, database: &str) -> Self {
        let mut other = (*self.connection).clone();
        database.clone_into(&mut other.database);
        Self { connection: Arc::new(other), tls: Arc::clone(&self.tls), trouble: Arc::default() }
    }

    /// The same target, in sessions that can change nothing: on the server, so that no mistake here can.
    ///
    /// It is an option of the session's start, which `RESET ALL` goes back to; poolers of before
    /// `PgBouncer` 1.20 refuse those.
    #[must_use]
    pub fn read_only(&self) -> Self {
        let mut other = (*self.connection).clone();
        let own = other.options.take().map(|options| format!("{options} ")).unwrap_or_default();
        other.options = Some(format!("{own}-c default_transaction_read_only=on"));
        // Such a session never allows writes, whatever the server does.
        other.target = match other.target {
            TargetSession::ReadWrite => TargetSession::Primary,
            TargetSession::ReadOnly => TargetSession::Any,
            target => target,
        };
        Self { connection: Arc::new(other), tls: Arc::clone(&self.tls), trouble: Arc::default() }
    }

    fn tls(&self) -> Result<tls::Tls, ConnectError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        // A failure is not kept: the user may put the file right and try again.
        let tls = tls::Tls::new(&self.connection)?;
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}
