//! Sending one statement: by the simple protocol, results dropped as they come, COPY data streamed.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt};
use tokio_postgres::{Client, SimpleQueryMessage};

/// Data of a COPY goes out in pieces of this size.
const PIECE: usize = 64 * 1024;

/// Runs one statement; returns its row count where the command has one.
pub(super) async fn run(
    client: &Client,
    text: &str,
    data: Option<&str>,
) -> Result<Option<u64>, tokio_postgres::Error> {
    if let Some(data) = data {
        return copy(client, text, data).await.map(Some);
    }
    let mut rows = None;
    let mut messages = pin!(client.simple_query_raw(text).await?);
    // A SELECT of a revision may return anything; nothing of it is kept.
    while let Some(message) = messages.try_next().await? {
        if let SimpleQueryMessage::CommandComplete(count) = message {
            rows = (count > 0 || counts_rows(text)).then_some(count);
        }
    }
    Ok(rows)
}

/// Commands whose tag has a number, even when it is 0.
fn counts_rows(text: &str) -> bool {
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

async fn copy(client: &Client, text: &str, data: &str) -> Result<u64, tokio_postgres::Error> {
    let mut sink = pin!(client.copy_in::<_, Bytes>(text).await?);
    for piece in data.as_bytes().chunks(PIECE) {
        // When the server has given up, `finish` says why.
        if sink.feed(Bytes::copy_from_slice(piece)).await.is_err() {
            break;
        }
    }
    sink.finish().await
}
