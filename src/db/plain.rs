//! Connections from a program's own `tokio_postgres::Config`: no TLS, nothing of ours but the notices.

use std::future::poll_fn;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, NoTls};

use super::{ConnectError, Notice};
use crate::code::Code;

/// Opens a connection, driven by a task of its own, with its notices.
pub async fn open(config: &Config) -> Result<(Client, UnboundedReceiver<Notice>), ConnectError> {
    let (client, mut connection) = config.connect(NoTls).await.map_err(failed)?;
    let (sender, notices) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notice(notice) = message {
                // Nobody listening any more is no reason to stop driving the connection.
                let _ = sender.send(Notice {
                    severity: notice.severity().to_owned(),
                    message: notice.message().to_owned(),
                    detail: notice.detail().map(str::to_owned),
                    hint: notice.hint().map(str::to_owned),
                });
            }
        }
    });
    Ok((client, notices))
}

/// Cancels the running statement of a connection made by [`open`].
pub async fn cancel(token: &CancelToken) -> Result<(), ConnectError> {
    token.cancel_query(NoTls).await.map_err(failed)
}

fn failed(error: tokio_postgres::Error) -> ConnectError {
    let (code, why) = match error.as_db_error() {
        Some(db) if db.code().code().starts_with("28") => (Code::Auth, db.message().to_owned()),
        Some(db) if db.code().code().starts_with("57P") => {
            (Code::Shutdown, db.message().to_owned())
        }
        Some(db) => (Code::Connect, db.message().to_owned()),
        None => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            (Code::Connect, cause.unwrap_or_else(|| error.to_string()))
        }
    };
    ConnectError {
        code,
        message: format!("cannot connect to the database: {why}"),
        hint: None,
        source: Some(error),
    }
}
