//! A pool for reading. Migrations never run on it: a pooled connection may come back inside an
//! aborted transaction or holding a lock.

use std::{error::Error as _, future::Future, pin::Pin, time::Duration};

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};

use super::{ConnectError, Connector, error::timeout};
use crate::code::Code;

/// How long a caller waits for a free connection.
const WAIT: Duration = Duration::from_secs(5);

/// How long a returned connection may take to answer: one whose query was dropped is still busy
/// with it, and a new one is had sooner.
const RECYCLE: Duration = Duration::from_secs(1);

impl Connector {
    /// A pool for reading (never for migrations), at most `size` connections, recycled clean.
    /// Nothing is opened yet.
    pub fn pool(&self, size: usize) -> Result<Pool, ConnectError> {
        // Certificates that cannot be read are told here, with their names.
        self.tls()?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Clean };
        let manager = Manager::from_connect(Config::new(), Opener(self.clone()), recycling);
        Pool::builder(manager)
            .max_size(size.max(1))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(WAIT), create: None, recycle: Some(RECYCLE) })
            .build()
            .map_err(|e| {
                ConnectError::new(Code::Connect, format!("no pool for {}: {e}", self.connection()))
            })
    }

    /// Explains why the pool gave no connection.
    pub fn explain(&self, error: PoolError) -> ConnectError {
        match error {
            PoolError::Backend(source) => {
                let told = source.as_db_error().is_some() || source.source().is_some();
                match self.trouble.lock().ok().and_then(|mut trouble| trouble.take()) {
                    Some(trouble) if !told => trouble,
                    _ => ConnectError::opening(source, self.connection(), 0),
                }
            }
            PoolError::Timeout(_) => timeout(&self.connection().to_string(), self.connection()),
            other => ConnectError::new(
                Code::Connect,
                format!("no connection to {}: {other}", self.connection()),
            ),
        }
    }
}

/// Opens the pool's connections the way all others are opened.
struct Opener(Connector);

impl Connect for Opener {
    fn connect(
        &self,
        _config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async move {
            self.0.open_pooled().await.map_err(|failure| {
                if let Some(source) = failure.source {
                    return source;
                }
                // The pool knows only tokio-postgres' errors: `explain` finds the words here.
                if let Ok(mut trouble) = self.0.trouble.lock() {
                    *trouble = Some(failure);
                }
                Error::__private_api_timeout()
            })
        })
    }
}
