//! The ways a database is reached: our own connector, or what a program already has.

use crate::db::Connector;

/// A way to the database.
#[derive(Clone, Debug)]
pub enum Link {
    /// Our own: TLS, notices, cancel, observers.
    Connector(Connector),
    /// A program's pool: a connection is taken out of it for good for each run.
    Pool(deadpool_postgres::Pool),
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

impl From<tokio_postgres::Config> for Link {
    fn from(config: tokio_postgres::Config) -> Self {
        Self::Config(Box::new(config))
    }
}
