//! A connection that reads its database again and again, while that changes.

use std::future::Ready;

use tokio_postgres::{Client, error::SqlState};

use super::{
    LoadError,
    lanes::Prepared,
    load::{load, load_over},
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
        self.load_over(None::<fn() -> Ready<Option<Client>>>).await
    }

    /// What [`load_wide`](super::load_wide) reads: a large database over one more connection.
    pub async fn load_wide<F>(&self, another: impl FnOnce() -> F) -> Result<Snapshot, LoadError>
    where
        F: Future<Output = Option<Client>>,
    {
        self.load_over(Some(another)).await
    }

    async fn load_over<F>(&self, another: Option<impl FnOnce() -> F>) -> Result<Snapshot, LoadError>
    where
        F: Future<Output = Option<Client>>,
    {
        match load_over(&self.client, Some(&self.prepared), another).await {
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
