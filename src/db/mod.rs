//! Connections: the only place that opens one. TLS, `.pgpass`, service files, sessions, cancel.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::config::Connection;

/// Opens connections of one target; cheap to clone.
#[derive(Clone, Debug)]
pub struct Connector(Arc<Connection>);

/// What the server says outside of results.
#[derive(Clone, Debug)]
pub struct Notice {
    /// `NOTICE`, `WARNING`, …
    pub severity: String,
    /// The text, as sent.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
}

/// A connection of its own with its notices and a way to cancel its running statement.
#[derive(Debug)]
pub struct Session {
    /// The client.
    pub client: tokio_postgres::Client,
    /// Notices in order; ends when the connection does.
    pub notices: UnboundedReceiver<Notice>,
    /// Backend process id.
    pub pid: i32,
    /// `server_version_num`, 150018 for 15.18.
    pub version: u32,
    /// Sends a CancelRequest (with the same TLS settings) for this session.
    pub canceller: Canceller,
}

/// Cancels the running statement of one session from anywhere.
#[derive(Clone, Debug)]
pub struct Canceller {}

impl Canceller {
    /// Sends the CancelRequest; the cancelled statement fails with 57014.
    pub async fn cancel(&self) -> Result<(), ConnectError> {
        todo!("helper C")
    }
}

/// Why there is no connection. Never holds a password.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// CONNECT, TLS, AUTH, SHUTDOWN, READ_ONLY.
    pub code: crate::code::Code,
    /// One sentence naming the target as `user@host:port/database`.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The cause.
    #[source]
    pub source: Option<tokio_postgres::Error>,
}

impl Connector {
    /// Makes a connector; nothing is opened yet.
    pub fn new(connection: Connection) -> Self {
        Self(Arc::new(connection))
    }

    /// The target.
    pub fn connection(&self) -> &Connection {
        &self.0
    }

    /// The same server and credentials, another database.
    pub fn for_database(&self, database: &str) -> Self {
        let mut other = (*self.0).clone();
        database.clone_into(&mut other.database);
        Self::new(other)
    }

    /// Opens a connection of its own. `suffix` is added to `application_name` ("upgrade", "observer").
    pub async fn connect(&self, suffix: &str) -> Result<Session, ConnectError> {
        let _ = suffix;
        todo!("helper C")
    }

    /// A pool for reading (never for migrations), at most `size` connections, recycled clean.
    pub fn pool(&self, size: usize) -> Result<deadpool_postgres::Pool, ConnectError> {
        let _ = size;
        todo!("helper C")
    }
}
