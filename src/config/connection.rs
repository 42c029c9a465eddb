//! What a connection needs to know, and nothing that could open one.

use std::{ffi::OsString, fmt, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use super::pgpass::PassFile;

/// PostgreSQL's port.
pub const DEFAULT_PORT: u16 = 5432;

/// `sslmode`, as libpq means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// Without TLS first; with TLS if the server insists.
    Allow,
    /// With TLS first; without if the server has none.
    Prefer,
    /// TLS; the chain is checked only when a root certificate is at hand.
    Require,
    /// TLS, the chain checked.
    VerifyCa,
    /// TLS, chain and host name checked.
    VerifyFull,
}

impl SslMode {
    /// Every mode, weakest first.
    pub const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// The mode's name in libpq.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// The mode of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// `channel_binding`: whether SCRAM must be tied to the TLS session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// When both sides can.
    Prefer,
    /// Always; otherwise there is no connection.
    Require,
}

/// `target_session_attrs`: which of several servers will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetSession {
    /// The first that answers.
    Any,
    /// Sessions may write.
    ReadWrite,
    /// Sessions may not write.
    ReadOnly,
    /// Not in recovery.
    Primary,
    /// In recovery.
    Standby,
    /// In recovery if there is such a one, else any.
    PreferStandby,
}

impl TargetSession {
    /// Every kind with its name in libpq.
    pub const ALL: [(&'static str, Self); 6] = [
        ("any", Self::Any),
        ("read-write", Self::ReadWrite),
        ("read-only", Self::ReadOnly),
        ("primary", Self::Primary),
        ("standby", Self::Standby),
        ("prefer-standby", Self::PreferStandby),
    ];

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(text, _)| *text == name).map(|(_, kind)| kind)
    }

    /// Its name in libpq.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or("any", |(text, _)| text)
    }
}

/// How a dead peer is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Whether TCP keepalives are sent.
    pub enabled: bool,
    /// Silence before the first.
    pub idle: Duration,
    /// Pause between two.
    pub interval: Duration,
    /// How many may go unanswered.
    pub count: u32,
    /// How long sent data may stay unacknowledged; zero leaves the system's own limit.
    pub user_timeout: Duration,
}

impl Default for Keepalive {
    /// A vanished peer is noticed within a minute, not after the system's two hours.
    fn default() -> Self {
        Self {
            enabled: true,
            idle: Duration::from_secs(30),
            interval: Duration::from_secs(10),
            count: 3,
            user_timeout: Duration::from_secs(30),
        }
    }
}

/// How to reach a server: everything a connection needs. `Debug` and `Display` never show secrets.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Host names, addresses or socket folders, tried in order.
    pub hosts: Vec<String>,
    /// Addresses that replace the look-up of the host of the same place; may be shorter.
    pub hostaddrs: Vec<Option<IpAddr>>,
    /// One port for each host (or one for all).
    pub ports: Vec<u16>,
    /// Role.
    pub user: String,
    /// Password for every host; stronger than `passfile`.
    pub password: Option<SecretString>,
    /// Passwords by host, port, database and role, as in `~/.pgpass`.
    pub passfile: Option<Arc<PassFile>>,
    /// Database.
    pub database: String,
    /// TLS mode.
    pub sslmode: SslMode,
    /// TLS starts at once, without PostgreSQL's own request (`sslnegotiation=direct`, 17+).
    pub ssl_direct: bool,
    /// Root certificates: a PEM file, or `system`.
    pub sslrootcert: Option<String>,
    /// Client certificate (PEM).
    pub sslcert: Option<PathBuf>,
    /// Client key (PEM).
    pub sslkey: Option<PathBuf>,
    /// Channel binding.
    pub channel_binding: ChannelBinding,
    /// Give up after, for each address; zero waits for ever.
    pub connect_timeout: Duration,
    /// `application_name`.
    pub application_name: String,
    /// `options` (command-line options for the server).
    pub options: Option<String>,
    /// `target_session_attrs`.
    pub target: TargetSession,
    /// How a dead peer is noticed.
    pub keepalive: Keepalive,
}

impl Connection {
    /// A connection with libpq's defaults to one host (a name, an address or a socket folder).
    pub fn new(
        host: impl Into<String>,
        port: u16,
        user: impl Into<String>,
        database: impl Into<String>,
    ) -> Self {
        let host = host.into();
        let sslmode = default_sslmode(std::slice::from_ref(&host));
        Self {
            hosts: vec![host],
            hostaddrs: Vec::new(),
            ports: vec![port],
            user: user.into(),
            password: None,
            passfile: None,
            database: database.into(),
            sslmode,
            ssl_direct: false,
            sslrootcert: None,
            sslcert: None,
            sslkey: None,
            channel_binding: ChannelBinding::Prefer,
            connect_timeout: Duration::from_secs(10),
            application_name: "limbeck".to_owned(),
            options: None,
            target: TargetSession::Any,
            keepalive: Keepalive::default(),
        }
    }

    /// The same with a password.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(SecretString::from(password.into()));
        self
    }

    /// The port of the host at `index`.
    pub fn port(&self, index: usize) -> u16 {
        self.ports.get(index).or(self.ports.first()).copied().unwrap_or(DEFAULT_PORT)
    }

    /// The password for the host at `index`: the one of all, else the password file's.
    pub fn password_for(&self, index: usize) -> Option<SecretString> {
        if let Some(password) = &self.password {
            return Some(password.clone());
        }
        let host = self.hosts.get(index).map_or("localhost", String::as_str);
        self.passfile.as_ref()?.find(host, self.port(index), &self.database, &self.user)
    }

    /// `user@host:port/database` for the host at `index`, nothing secret.
    pub fn describe(&self, index: usize) -> String {
        let host = self.hosts.get(index).map_or("localhost", String::as_str);
        let port = self.port(index);
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        format!("{}@{host}:{port}/{}", self.user, self.database)
    }

    /// The variables by which libpq's programs (`psql`, `pg_dump`) come to the same target. Secret:
    /// they hold the password, which arguments would show to every user of the machine.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        let mut envs: Vec<(&'static str, OsString)> = vec![
            ("PGHOST", self.hosts.join(",").into()),
            ("PGPORT", ports.join(",").into()),
            ("PGUSER", self.user.clone().into()),
            ("PGDATABASE", self.database.clone().into()),
            ("PGSSLMODE", self.sslmode.as_str().into()),
            ("PGTARGETSESSIONATTRS", self.target.as_str().into()),
            ("PGCONNECT_TIMEOUT", self.connect_timeout.as_secs().to_string().into()),
        ];
        let mut add = |name, value: Option<OsString>| envs.extend(value.map(|value| (name, value)));
        add("PGPASSWORD", self.password_for(0).map(|p| p.expose_secret().into()));
        add("PGSSLROOTCERT", self.sslrootcert.clone().map(Into::into));
        add("PGSSLCERT", self.sslcert.clone().map(Into::into));
        add("PGSSLKEY", self.sslkey.clone().map(Into::into));
        add("PGOPTIONS", self.options.clone().map(Into::into));
        add("PGSSLNEGOTIATION", self.ssl_direct.then(|| "direct".into()));
        envs
    }

    /// Whether every host is this machine.
    pub fn is_local(&self) -> bool {
        self.hosts.iter().all(|host| is_local_host(host))
            && self.hostaddrs.iter().flatten().all(IpAddr::is_loopback)
    }
}

impl fmt::Display for Connection {
    /// `user@host:port/database`, nothing else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(0))
    }
}

/// Whether `host` is a socket folder (or an abstract socket) and not a name.
pub fn is_socket(host: &str) -> bool {
    host.starts_with('/') || host.starts_with('@')
}

/// Whether `host` is this machine: a socket, `localhost` or a loopback address.
pub fn is_local_host(host: &str) -> bool {
    is_socket(host)
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The mode used when nobody chose one: `prefer` on this machine, `verify-full` across a network.
pub fn default_sslmode(hosts: &[String]) -> SslMode {
    if hosts.iter().all(|host| is_local_host(host)) { SslMode::Prefer } else { SslMode::VerifyFull }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_shows_the_password() {
        let connection = Connection::new("db.example.org", 5432, "ann", "app")
            .with_password("correct horse battery");
        assert_eq!(connection.to_string(), "ann@db.example.org:5432/app");
        assert!(!format!("{connection:?} {connection:#?}").contains("horse"));
    }

    #[test]
    fn addresses_of_version_six_are_bracketed() {
        assert_eq!(Connection::new("::1", 5433, "a", "b").to_string(), "a@[::1]:5433/b");
    }

    #[test]
    fn only_this_machine_may_go_without_verification() {
        for host in [
            "/var/run/postgresql",
            "@abstract",
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "127.9.9.9",
            "::1",
        ] {
            assert_eq!(default_sslmode(&[host.to_owned()]), SslMode::Prefer, "{host}");
        }
        for host in ["db", "10.0.0.1", "localhost.example.org", "192.168.1.1"] {
            assert_eq!(default_sslmode(&[host.to_owned()]), SslMode::VerifyFull, "{host}");
        }
        assert_eq!(
            default_sslmode(&["localhost".to_owned(), "db".to_owned()]),
            SslMode::VerifyFull
        );
    }
}
