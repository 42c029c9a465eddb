//! A connection of its own: client, notices in order, how it ended, how to make it clean.

use std::{future::poll_fn, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{
        mpsc::{self, UnboundedReceiver},
        watch,
    },
};
use tokio_postgres::{AsyncMessage, Client, Connection, error::DbError};

use super::{
    Canceller, ConnectError,
    connect::{CHECK_INTERVAL, CHECK_INTERVAL_SINCE},
    error::lost,
};
use crate::code::Code;

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

impl From<DbError> for Notice {
    fn from(said: DbError) -> Self {
        // In English whatever `lc_messages` is, where the server tells.
        let severity = said
            .parsed_severity()
            .map_or_else(|| said.severity().to_owned(), |severity| severity.to_string());
        Self {
            severity,
            message: said.message().to_owned(),
            detail: said.detail().map(str::to_owned),
            hint: said.hint().map(str::to_owned),
        }
    }
}

/// A connection of its own with its notices and a way to cancel its running statement.
///
/// Dropping it closes the connection.
#[derive(Debug)]
pub struct Session {
    /// The client.
    pub client: Client,
    /// Notices in order; ends when the connection does.
    pub notices: UnboundedReceiver<Notice>,
    /// Backend process id.
    pub pid: i32,
    /// `server_version_num`, 150018 for 15.18.
    pub version: u32,
    /// Sends a `CancelRequest` (with the same TLS settings) for this session.
    pub canceller: Canceller,
    /// Tells when and why the connection ended.
    pub ending: Ending,
    /// TLS is in use.
    pub encrypted: bool,
    /// The server is a standby.
    pub in_recovery: bool,
}

impl Session {
    /// Returns the session to the state it was opened in; see [`clean_session`].
    pub async fn clean(&self) -> Result<(), tokio_postgres::Error> {
        clean_session(&self.client, self.version).await
    }
}

/// How a connection ended.
#[derive(Clone, Debug)]
pub enum End {
    /// We closed it.
    Closed,
    /// The server or the network did.
    Lost(Arc<ConnectError>),
}

/// Watches for a connection's end; cheap to clone, outlives the session.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<Option<End>>);

impl Ending {
    /// How it ended, if it did.
    pub fn now(&self) -> Option<End> {
        self.0.borrow().clone()
    }

    /// Waits until it ends.
    pub async fn wait(&mut self) -> End {
        match self.0.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(End::Closed),
            // The task is gone without a word: its runtime is shutting down.
            Err(_) => End::Closed,
        }
    }
}

/// The ends of the task that drives a connection.
pub(super) struct Driver {
    pub(super) notices: UnboundedReceiver<Notice>,
    pub(super) ending: Ending,
    pub(super) task: tokio::task::JoinHandle<()>,
}

/// Starts the task that drives `connection` until it ends.
pub(super) fn drive<S, T>(mut connection: Connection<S, T>, target: String) -> Driver
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (notice, notices) = mpsc::unbounded_channel();
    let (end, ending) = watch::channel(None);
    let task = tokio::spawn(async move {
        let result = loop {
            match poll_fn(|cx| connection.poll_message(cx)).await {
                // Nobody may be listening; then the notice is of no use.
                Some(Ok(AsyncMessage::Notice(said))) => drop(notice.send(said.into())),
                Some(Ok(_)) => {}
                Some(Err(error)) => break End::Lost(Arc::new(ended(error, &target))),
                None => break End::Closed,
            }
        };
        // The socket closes before anybody hears of it.
        drop(connection);
        end.send_replace(Some(result));
    });
    Driver { notices, ending: Ending(ending), task }
}

/// Why an open connection broke.
fn ended(source: tokio_postgres::Error, target: &str) -> ConnectError {
    let code = lost(&source).unwrap_or(Code::ConnLost);
    let said = source.as_db_error().map(|db| db.message().trim_end_matches('.').to_owned());
    let message = match (said, code) {
        (Some(said), _) => format!("the connection to {target} ended: {said}"),
        (None, _) if source.is_closed() => format!("{target} closed the connection"),
        (None, _) => {
            let cause = std::error::Error::source(&source)
                .map_or_else(|| source.to_string(), ToString::to_string);
            format!("the connection to {target} broke: {cause}")
        }
    };
    let hint = (code == Code::Shutdown).then(|| "wait for the server and run again".to_owned());
    ConnectError { code, message, hint, source: Some(source) }
}

/// Returns a session to the state it was opened in, except for advisory locks.
///
/// `DISCARD ALL` would drop the runner's lock. Must not run inside a transaction that failed.
/// Statements prepared before are gone. The pieces of `DISCARD ALL` are those of the PostgreSQL
/// documentation.
pub async fn clean_session(client: &Client, version: u32) -> Result<(), tokio_postgres::Error> {
    client
        .batch_execute(
            "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; \
             DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES",
        )
        .await?;
    if version >= CHECK_INTERVAL_SINCE {
        // Some systems cannot do it and say so; a lost connection is still an error here.
        match client.batch_execute(CHECK_INTERVAL).await {
            Err(error) if error.as_db_error().is_none() => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
