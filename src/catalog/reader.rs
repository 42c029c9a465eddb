//! A connection that reads its database again and again, while that changes.

use tokio_postgres::{Client, error::SqlState};

use super::{
    LoadError,
    lanes::Prepared,
    load::{load, load_prepared},
};
use crate::schema::Snapshot;

/// Reads over one connection. The server plans each query once: in a small database that takes it
/// longer than the answer.
#[derive(Debug)]
pub struct Reader {
    client: Client,
    prepared: Prepared,
}

impl Reader {
    /// Over a connection that is in no transaction.
    pub fn new(client: Client) -> Self {
        Self { client, prepared: Prepared::default() }
    }

    /// The connection, for other questions between two readings.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What [`load`](super::load()) reads.
    pub async fn load(&self) -> Result<Snapshot, LoadError> {
        match load_prepared(&self.client, &self.prepared).await {
            // A pooler stands between, and this is another session of the server.
            Err(LoadError(error)) if error.code().is_some_and(is_about_names) => {
                load(&self.client).await
            }
            read => read,
        }
    }
}

/// A prepared statement is not there, or another one is.
fn is_about_names(code: &SqlState) -> bool {
    [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT].contains(code)
}
