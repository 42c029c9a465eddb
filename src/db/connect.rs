//! Opening a connection: hosts in order, TLS as the mode says, the kind of server that was asked for.

use std::{net::IpAddr, time::Duration};

use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Config, NoTls, SimpleQueryMessage,
    config::{ChannelBinding as PgBinding, SslMode as PgSslMode, SslNegotiation},
};

use super::{
    Canceller, ConnectError, Connector, Session,
    error::{self, is_rejected, is_tls},
    session::{self, Driver},
    tls::Tls,
};
use crate::{
    code::Code,
    config::{ChannelBinding, Connection, SslMode, TargetSession, connection::is_socket},
};

/// The server looks for a vanished client this often while it runs a statement (14+).
pub(super) const CHECK_INTERVAL: &str = "SET client_connection_check_interval = '500ms'";

/// The first server that has that setting.
pub(super) const CHECK_INTERVAL_SINCE: u32 = 140_000;

/// One question for all that must be known of a new session.
const FACTS: &str = "SELECT pg_catalog.pg_backend_pid(), \
    pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery(), \
    pg_catalog.current_setting('transaction_read_only')";

/// The answer.
#[derive(Clone, Copy, Debug)]
struct Facts {
    pid: i32,
    version: u32,
    in_recovery: bool,
    read_only: bool,
}

/// With TLS or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Plain,
    Tls,
}

/// An open connection, before anybody has it.
struct Opened {
    client: Client,
    driver: Driver,
    wire: Wire,
}

/// The same, looked at and found right.
struct Found {
    opened: Opened,
    facts: Facts,
    /// Which host it is on.
    index: usize,
    tls: Tls,
}

impl Connector {
    /// Opens a connection of its own. `suffix` is added to `application_name` ("upgrade", "observer").
    ///
    /// Hosts are tried in order, and all addresses of each; a server that refuses the login ends
    /// the search, as in libpq.
    pub async fn connect(&self, suffix: &str) -> Result<Session, ConnectError> {
        let Found { opened, facts, index, tls } = self.find(suffix).await?;
        let Opened { client, driver, wire } = opened;
        let target = self.connection().describe(index);
        Ok(Session {
            canceller: Canceller::new(client.cancel_token(), tls, target),
            client,
            notices: driver.notices,
            pid: facts.pid,
            version: facts.version,
            ending: driver.ending,
            encrypted: wire == Wire::Tls,
            in_recovery: facts.in_recovery,
        })
    }

    /// Opens a connection for the pool: the client and the task that drives it.
    pub(super) async fn open_pooled(&self) -> Result<(Client, JoinHandle<()>), ConnectError> {
        let Opened { client, driver, .. } = self.find("").await?.opened;
        Ok((client, driver.task))
    }

    async fn find(&self, suffix: &str) -> Result<Found, ConnectError> {
        let connection = self.connection();
        let tls = self.tls()?;
        let name = application_name(&connection.application_name, suffix);
        // `prefer-standby` looks for a standby first and takes anything the second time.
        let rounds: &[TargetSession] = match connection.target {
            TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
            TargetSession::Any => &[TargetSession::Any],
            TargetSession::ReadWrite => &[TargetSession::ReadWrite],
            TargetSession::ReadOnly => &[TargetSession::ReadOnly],
            TargetSession::Primary => &[TargetSession::Primary],
            TargetSession::Standby => &[TargetSession::Standby],
        };
        let mut failures = Vec::new();
        for round in rounds {
            failures.clear();
            for index in 0..connection.hosts.len() {
                match self.try_host(index, &tls, &name, *round).await {
                    Ok((opened, facts)) => return Ok(Found { opened, facts, index, tls }),
                    Err(failure) if is_final(&failure) => return Err(failure),
                    Err(failure) => failures.push(failure),
                }
            }
        }
        Err(combine(failures, connection))
    }

    async fn try_host(
        &self,
        index: usize,
        tls: &Tls,
        name: &str,
        wanted: TargetSession,
    ) -> Result<(Opened, Facts), ConnectError> {
        let connection = self.connection();
        let mut last = None;
        for address in addresses(connection, index).await? {
            let attempt = Attempt { connection, tls, index, address, name };
            match attempt.open_as(wanted).await {
                Ok(found) => return Ok(found),
                Err(failure) if is_final(&failure) => return Err(failure),
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(|| {
            ConnectError::new(
                Code::Connect,
                format!("the host name of {} has no address", connection.describe(index)),
            )
        }))
    }
}

/// Other servers would say the same: who we are, or which database, does not depend on the host.
fn is_final(failure: &ConnectError) -> bool {
    failure.code == Code::Auth
        || failure
            .source
            .as_ref()
            .and_then(tokio_postgres::Error::code)
            .is_some_and(|state| state.code() == "3D000")
}

/// One error for all hosts.
fn combine(mut failures: Vec<ConnectError>, connection: &Connection) -> ConnectError {
    let Some(last) = failures.pop() else {
        return ConnectError::new(Code::Connect, format!("{connection} names no host"));
    };
    if failures.is_empty() {
        return last;
    }
    let all: Vec<_> = failures.iter().chain([&last]).map(|f| f.message.clone()).collect();
    // The one that got furthest tells most.
    let best = failures.into_iter().rev().find(|f| f.code != Code::Connect).unwrap_or(last);
    ConnectError { message: all.join("; "), ..best }
}

/// `limbeck/upgrade`; the server would cut a longer one off with a notice.
fn application_name(name: &str, suffix: &str) -> String {
    let mut name = if suffix.is_empty() { name.to_owned() } else { format!("{name}/{suffix}") };
    let mut end = name.len().min(63);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

/// The addresses of a host; none stands for its socket.
async fn addresses(
    connection: &Connection,
    index: usize,
) -> Result<Vec<Option<IpAddr>>, ConnectError> {
    if let Some(Some(address)) = connection.hostaddrs.get(index) {
        return Ok(vec![Some(*address)]);
    }
    let host = connection.hosts.get(index).map_or("localhost", String::as_str);
    if is_socket(host) {
        return Ok(vec![None]);
    }
    if let Ok(address) = host.parse() {
        return Ok(vec![Some(address)]);
    }
    let target = connection.describe(index);
    let looked_up = limited(connection, tokio::net::lookup_host((host, 0))).await;
    match looked_up {
        Some(Ok(found)) => {
            let mut list = Vec::new();
            for address in found.map(|address| Some(address.ip())) {
                if !list.contains(&address) {
                    list.push(address);
                }
            }
            Ok(list)
        }
        Some(Err(_)) => Err(ConnectError::new(
            Code::Connect,
            format!("the host name of {target} cannot be resolved"),
        )
        .hint("check the spelling of the host, and the network")),
        None => Err(error::timeout(&target, connection)),
    }
}

/// Runs `future` within the connection's timeout; none when it took too long.
async fn limited<T>(connection: &Connection, future: impl Future<Output = T>) -> Option<T> {
    let limit = connection.connect_timeout;
    if limit.is_zero() { Some(future.await) } else { timeout(limit, future).await.ok() }
}

/// One address of one host.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    connection: &'a Connection,
    tls: &'a Tls,
    index: usize,
    address: Option<IpAddr>,
    name: &'a str,
}

impl Attempt<'_> {
    fn target(&self) -> String {
        self.connection.describe(self.index)
    }

    /// Opens, looks at the server, and takes it if it is of the wanted kind.
    async fn open_as(&self, wanted: TargetSession) -> Result<(Opened, Facts), ConnectError> {
        let limit = self.connection.connect_timeout;
        let work = async {
            let opened = self.open().await?;
            let facts = facts(&opened.client)
                .await
                .map_err(|e| ConnectError::opening(e, self.connection, self.index))?;
            if facts.version >= CHECK_INTERVAL_SINCE {
                // Systems that cannot tell refuse it; nothing depends on it.
                let _ = opened.client.batch_execute(CHECK_INTERVAL).await;
            }
            self.check_kind(facts, wanted)?;
            Ok((opened, facts))
        };
        if limit.is_zero() {
            return work.await;
        }
        match timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(error::timeout(&self.target(), self.connection)),
        }
    }

    fn check_kind(&self, facts: Facts, wanted: TargetSession) -> Result<(), ConnectError> {
        let (good, what, code) = match wanted {
            TargetSession::Any | TargetSession::PreferStandby => return Ok(()),
            TargetSession::ReadWrite => (!facts.read_only, "does not allow writes", Code::ReadOnly),
            TargetSession::ReadOnly => (facts.read_only, "is not read-only", Code::Connect),
            TargetSession::Primary => (!facts.in_recovery, "is a standby", Code::ReadOnly),
            TargetSession::Standby => (facts.in_recovery, "is not a standby", Code::Connect),
        };
        if good {
            return Ok(());
        }
        let wanted = self.connection.target.as_str();
        Err(ConnectError::new(
            code,
            format!("{} {what}, and `target_session_attrs` is `{wanted}`", self.target()),
        )
        .hint("name the right server, or several: `host1,host2`"))
    }

    /// Opens with TLS, without, or one after the other, as the mode says.
    async fn open(&self) -> Result<Opened, ConnectError> {
        let explain = |e| ConnectError::opening(e, self.connection, self.index);
        let mode = match self.address {
            // Nobody listens in on a socket: libpq never uses TLS there.
            None => SslMode::Disable,
            Some(_) => self.connection.sslmode,
        };
        match mode {
            SslMode::Disable => self.open_by(Wire::Plain).await.map_err(explain),
            SslMode::Allow => match self.open_by(Wire::Plain).await {
                Err(first) if is_rejected(&first) => self
                    .open_by(Wire::Tls)
                    .await
                    .map_err(|second| explain(if is_tls(&second) { first } else { second })),
                result => result.map_err(explain),
            },
            SslMode::Prefer => match self.open_by(Wire::Tls).await {
                Err(first) if is_tls(&first) || is_rejected(&first) => {
                    self.open_by(Wire::Plain).await.map_err(|second| {
                        explain(if is_rejected(&second) && !is_tls(&first) {
                            first
                        } else {
                            second
                        })
                    })
                }
                result => result.map_err(explain),
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                self.open_by(Wire::Tls).await.map_err(explain)
            }
        }
    }

    async fn open_by(&self, wire: Wire) -> Result<Opened, tokio_postgres::Error> {
        let mut config = self.config();
        // Never `Prefer`: whether to go on without TLS is decided above, and nowhere else.
        config.ssl_mode(match wire {
            Wire::Tls => PgSslMode::Require,
            Wire::Plain => PgSslMode::Disable,
        });
        let (client, driver) = if let Some(tls) = self.tls.maker() {
            let (client, connection) = config.connect(tls.clone()).await?;
            (client, session::drive(connection, self.target()))
        } else {
            let (client, connection) = config.connect(NoTls).await?;
            (client, session::drive(connection, self.target()))
        };
        Ok(Opened { client, driver, wire })
    }

    fn config(&self) -> Config {
        let c = self.connection;
        let mut config = Config::new();
        config
            .user(&c.user)
            .dbname(&c.database)
            .application_name(self.name)
            .port(c.port(self.index));
        let host = c.hosts.get(self.index).map_or("localhost", String::as_str);
        if let Some(address) = self.address {
            config.host(host).hostaddr(address);
        } else {
            // The abstract namespace begins with a NUL, written as `@`.
            let path = host.strip_prefix('@').map(|name| format!("\0{name}"));
            config.host_path(path.as_deref().unwrap_or(host));
        }
        if let Some(password) = c.password_for(self.index) {
            use secrecy::ExposeSecret;
            config.password(password.expose_secret());
        }
        if let Some(options) = &c.options {
            config.options(options);
        }
        if c.ssl_direct {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        config.channel_binding(match c.channel_binding {
            ChannelBinding::Disable => PgBinding::Disable,
            ChannelBinding::Prefer => PgBinding::Prefer,
            ChannelBinding::Require => PgBinding::Require,
        });
        config
            .keepalives(c.keepalive.enabled)
            .keepalives_idle(c.keepalive.idle)
            .keepalives_interval(c.keepalive.interval)
            .keepalives_retries(c.keepalive.count);
        if c.keepalive.user_timeout > Duration::ZERO {
            config.tcp_user_timeout(c.keepalive.user_timeout);
        }
        if c.connect_timeout > Duration::ZERO {
            config.connect_timeout(c.connect_timeout);
        }
        config
    }
}

/// Asks the facts in one round trip, by the simple protocol: nothing is prepared.
async fn facts(client: &Client) -> Result<Facts, tokio_postgres::Error> {
    let mut facts = Facts { pid: 0, version: 0, in_recovery: false, read_only: false };
    for message in client.simple_query(FACTS).await? {
        if let SimpleQueryMessage::Row(row) = message {
            let number = |at| row.get(at).and_then(|text| text.parse::<i32>().ok()).unwrap_or(0);
            facts = Facts {
                pid: number(0),
                version: number(1).unsigned_abs(),
                in_recovery: row.get(2) == Some("t"),
                read_only: row.get(3) == Some("on"),
            };
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_names_fit() {
        assert_eq!(application_name("limbeck", "upgrade"), "limbeck/upgrade");
        assert_eq!(application_name("shop", ""), "shop");
        assert_eq!(application_name(&"ä".repeat(40), "x").len(), 62);
    }
}
