//! The ways a database is reached: our own connector, or what a program already has.

use std::ops::Deref;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::{CancelToken, Client, SimpleQueryMessage, SimpleQueryRow};

use super::{Error, fault};
use crate::{
    code::Code,
    db::{Canceller, Connector, Notice, plain},
};

/// A way to the database.
#[derive(Clone, Debug)]
pub enum Link {
    /// Our own: TLS, notices, cancel, observers.
    Connector(Connector),
    /// A program's pool: a connection is taken out of it for good for each run.
    Pool(deadpool_postgres::Pool),
    /// A pool of our connector, which can tell why there is no connection.
    Pooled(Connector, deadpool_postgres::Pool),
    /// A program's configuration, without TLS.
    Config(Box<tokio_postgres::Config>),
}

impl From<Connector> for Link {
    fn from(connector: Connector) -> Self {
        Self::Connector(connector)
    }
}

impl From<deadpool_postgres::Pool> for Link {
    fn from(pool: deadpool_postgres::Pool) -> Self {
        Self::Pool(pool)
    }
}

impl From<(Connector, deadpool_postgres::Pool)> for Link {
    fn from((connector, pool): (Connector, deadpool_postgres::Pool)) -> Self {
        Self::Pooled(connector, pool)
    }
}

impl From<tokio_postgres::Config> for Link {
    fn from(config: tokio_postgres::Config) -> Self {
        Self::Config(Box::new(config))
    }
}

/// A client, whoever made it.
pub(super) enum Handle {
    Own(Client),
    Taken(ClientWrapper),
    Lent(Object),
}

impl Deref for Handle {
    type Target = Client;

    fn deref(&self) -> &Client {
        match self {
            Self::Own(client) => client,
            Self::Taken(client) => client,
            Self::Lent(object) => object,
        }
    }
}

/// How the running statement of a connection is cancelled.
#[derive(Clone)]
pub(super) enum Cancel {
    Session(Canceller),
    Plain(CancelToken),
    /// The pool's TLS settings are unknown to us, so another of its connections asks.
    Pool(Pool, i32),
}

impl Cancel {
    /// Asks the server; whether it helped shows in the statement's outcome.
    pub(super) async fn send(&self) {
        match self {
            Self::Session(canceller) => drop(canceller.cancel().await),
            Self::Plain(token) => drop(plain::cancel(token).await),
            Self::Pool(pool, pid) => {
                if let Ok(client) = pool.get().await {
                    let ask = format!("SELECT pg_catalog.pg_cancel_backend({pid})");
                    drop(client.simple_query(&ask).await);
                }
            }
        }
    }
}

/// An open connection.
pub(super) struct Conn {
    pub(super) client: Handle,
    pub(super) notices: Option<UnboundedReceiver<Notice>>,
    pub(super) pid: i32,
    /// `server_version_num`.
    pub(super) version: u32,
    pub(super) cancel: Cancel,
}

impl Link {
    /// A connection that is nobody else's, ever again.
    pub(super) async fn open(&self, suffix: &str) -> Result<Conn, Error> {
        match self {
            Self::Connector(connector) | Self::Pooled(connector, _) => {
                let session = connector.connect(suffix).await?;
                Ok(Conn {
                    client: Handle::Own(session.client),
                    notices: Some(session.notices),
                    pid: session.pid,
                    version: session.version,
                    cancel: Cancel::Session(session.canceller),
                })
            }
            Self::Config(config) => {
                let (client, notices) = plain::open(config).await?;
                let (pid, version) = introduce(&client).await?;
                let cancel = Cancel::Plain(client.cancel_token());
                Ok(Conn {
                    client: Handle::Own(client),
                    notices: Some(notices),
                    pid,
                    version,
                    cancel,
                })
            }
            Self::Pool(pool) => {
                let client = Object::take(lend(pool).await?);
                let (pid, version) = introduce(&client).await?;
                Ok(Conn {
                    client: Handle::Taken(client),
                    notices: None,
                    pid,
                    version,
                    cancel: Cancel::Pool(pool.clone(), pid),
                })
            }
        }
    }

    /// A connection to read with; a pool's goes back to it.
    pub(super) async fn reader(&self) -> Result<Handle, Error> {
        match self {
            Self::Pool(pool) => Ok(Handle::Lent(lend(pool).await?)),
            Self::Pooled(connector, pool) => match pool.get().await {
                Ok(client) => Ok(Handle::Lent(client)),
                Err(error) => Err(connector.explain(error).into()),
            },
            Self::Connector(_) | Self::Config(_) => Ok(self.open("reader").await?.client),
        }
    }
}

async fn lend(pool: &Pool) -> Result<Object, Error> {
    pool.get().await.map_err(|error| match error {
        deadpool_postgres::PoolError::Backend(error) => fault::opening(&error),
        other => Error::new(
            Code::Connect,
            format!("the pool has no connection to the database: {other}"),
        ),
    })
}

async fn introduce(client: &Client) -> Result<(i32, u32), Error> {
    let ask = "SELECT pg_catalog.pg_backend_pid(), \
               pg_catalog.current_setting('server_version_num')";
    let rows = rows(client, ask).await.map_err(|e| fault::plain(&e))?;
    let row = rows.first();
    Ok((number(row, 0).unwrap_or(0), number(row, 1).unwrap_or(0)))
}

/// The rows of a text of one or more statements, by the simple protocol: works behind any pooler and
/// leaves no prepared statement behind.
pub(super) async fn rows(
    client: &Client,
    sql: &str,
) -> Result<Vec<SimpleQueryRow>, tokio_postgres::Error> {
    let messages = client.simple_query(sql).await?;
    Ok(messages
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect())
}

/// A field of a row as a number; none when NULL, absent or no number.
pub(super) fn number<T: std::str::FromStr>(
    row: Option<&SimpleQueryRow>,
    column: usize,
) -> Option<T> {
    row.and_then(|row| text(row, column)).and_then(|text| text.parse().ok())
}

/// A field of a row; none when NULL or absent.
pub(super) fn text(row: &SimpleQueryRow, column: usize) -> Option<&str> {
    row.try_get(column).ok().flatten()
}

/// A boolean field.
pub(super) fn truth(row: &SimpleQueryRow, column: usize) -> bool {
    text(row, column) == Some("t")
}

/// A field as text, empty when NULL.
pub(super) fn string(row: &SimpleQueryRow, column: usize) -> String {
    text(row, column).unwrap_or_default().to_owned()
}

/// A field with microseconds since 1970.
pub(super) fn timestamp(row: &SimpleQueryRow, column: usize) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_microsecond(number(Some(row), column)?).ok()
}

/// A field with microseconds; never negative.
pub(super) fn duration(row: &SimpleQueryRow, column: usize) -> Option<std::time::Duration> {
    let micros: i64 = number(Some(row), column)?;
    Some(std::time::Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}
