//! Connections from a program's own `tokio_postgres::Config`: no TLS, nothing of ours but the notices.

use secrecy::SecretString;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::{CancelToken, Client, Config, NoTls, config::Host};

use super::{ConnectError, Notice, session};
use crate::config::{Connection, SslMode, connection::DEFAULT_PORT};

/// Opens a connection, driven by a task of its own, with its notices.
pub async fn open(config: &Config) -> Result<(Client, UnboundedReceiver<Notice>), ConnectError> {
    let target = target(config);
    // Of several hosts the error is the last one's.
    let last = target.hosts.len().saturating_sub(1);
    let (client, connection) =
        config.connect(NoTls).await.map_err(|error| ConnectError::opening(error, &target, last))?;
    Ok((client, session::drive(connection, target.to_string()).notices))
}

/// Cancels the running statement of a connection made by [`open`].
pub async fn cancel(token: &CancelToken) -> Result<(), ConnectError> {
    super::cancel::send(token, None, "the server").await
}

/// The configuration as errors name it.
fn target(config: &Config) -> Connection {
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let mut target = Connection::new("localhost", DEFAULT_PORT, user, database);
    let mut hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(folder) => folder.to_string_lossy().into_owned(),
        })
        .collect();
    if hosts.is_empty() {
        hosts = config.get_hostaddrs().iter().map(ToString::to_string).collect();
    }
    if !hosts.is_empty() {
        target.hosts = hosts;
    }
    if !config.get_ports().is_empty() {
        target.ports = config.get_ports().to_vec();
    }
    // Only whether there is one matters here.
    target.password = config.get_password().map(|_| SecretString::from(String::new()));
    target.sslmode = SslMode::Disable;
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_configuration_is_named_without_its_password() {
        let config: Config = "host=db,/tmp port=1,2 user=ann password=hunter2 dbname=shop"
            .parse()
            .expect("a good configuration");
        let target = target(&config);
        assert_eq!(target.describe(0), "ann@db:1/shop");
        assert_eq!(target.describe(1), "ann@/tmp:2/shop");
        assert!(!format!("{target:?}").contains("hunter2"));
        let bare: Config = "hostaddr=127.0.0.1 user=ann".parse().expect("a good configuration");
        assert_eq!(super::target(&bare).to_string(), "ann@127.0.0.1:5432/ann");
    }
}
