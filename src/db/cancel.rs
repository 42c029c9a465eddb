//! Cancelling a running statement, the way `psql` does on Ctrl-C.

use std::{fmt, time::Duration};

use tokio_postgres::{CancelToken, NoTls};

use super::{ConnectError, error::timeout_of_cancel, tls::Tls};
use crate::code::Code;

/// The request is one small packet: a server that takes longer will not take it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Cancels the running statement of one session from anywhere; cheap to clone.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    tls: Tls,
    target: String,
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Canceller({})", self.target)
    }
}

impl Canceller {
    pub(super) fn new(token: CancelToken, tls: Tls, target: String) -> Self {
        Self { token, tls, target }
    }

    /// Sends the `CancelRequest`, over TLS when the session uses it; the cancelled statement fails
    /// with 57014. Without a running statement nothing happens.
    pub async fn cancel(&self) -> Result<(), ConnectError> {
        send(&self.token, Some(&self.tls), &self.target).await
    }
}

/// Sends one request, without TLS when there is no `tls`.
pub(super) async fn send(
    token: &CancelToken,
    tls: Option<&Tls>,
    target: &str,
) -> Result<(), ConnectError> {
    let request = async {
        match tls.and_then(Tls::maker) {
            // The token knows whether the session is encrypted.
            Some(tls) => token.cancel_query(tls.clone()).await,
            None => token.cancel_query(NoTls).await,
        }
    };
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(source)) => Err(ConnectError {
            code: Code::Connect,
            message: format!("the cancel request did not reach {target}"),
            hint: None,
            source: Some(source),
        }),
        Err(_) => Err(timeout_of_cancel(target)),
    }
}
