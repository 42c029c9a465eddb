//! Why there is no connection, in words.

use std::{error::Error as _, io};

use tokio_postgres::error::SqlState;

use super::tls;
use crate::{
    code::{Code, Diagnose},
    config::{
        Connection, SslMode,
        connection::{is_local_host, is_socket},
    },
};

/// Why there is no connection. Never holds a password.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// `CONNECT`, `TLS`, `AUTH`, `SHUTDOWN`, `READ_ONLY`, `CONN_LOST`.
    pub code: Code,
    /// One sentence naming the target as `user@host:port/database`.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The cause.
    #[source]
    pub source: Option<tokio_postgres::Error>,
}

impl Diagnose for ConnectError {
    fn code(&self) -> Code {
        self.code
    }
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl ConnectError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, source: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Explains an error of opening a connection to the host at `index`.
    pub(super) fn opening(
        source: tokio_postgres::Error,
        connection: &Connection,
        index: usize,
    ) -> Self {
        let error = explain(&source, connection, index);
        Self { source: Some(source), ..error }
    }
}

impl ConnectError {
    /// A pooler refused an option of the session's start; without options it would let us in.
    pub fn is_startup_option(&self) -> bool {
        let said = self.source.as_ref().and_then(tokio_postgres::Error::as_db_error);
        said.is_some_and(|db| {
            db.code().code() == "08P01" && db.message().contains("startup parameter")
        })
    }
}

/// The code when `error` means that the connection is gone: `SHUTDOWN` when the server said so,
/// else `CONN_LOST`. None when the connection lives and only the statement failed.
pub fn lost(error: &tokio_postgres::Error) -> Option<Code> {
    if let Some(state) = error.code() {
        return match state.code() {
            "57P01" | "57P02" | "57P03" => Some(Code::Shutdown),
            // Dropped database, idle-in-transaction, idle-session and transaction timeout:
            // the server ends the session, not itself.
            "57P04" | "57P05" | "25P03" | "25P04" => Some(Code::ConnLost),
            code if code.starts_with("08") => Some(Code::ConnLost),
            _ => None,
        };
    }
    let broken = error.is_closed() || io_error(error).is_some();
    broken.then_some(Code::ConnLost)
}

/// The input/output error at the root of `error`.
fn io_error(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref::<io::Error>()
}

/// The TLS error at the root of `error`.
fn tls_error(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let io = io_error(error)?;
    io.get_ref()?.downcast_ref::<rustls::Error>()
}

/// Whether the failure came of TLS, so that `prefer` may go on without.
pub(super) fn is_tls(error: &tokio_postgres::Error) -> bool {
    tls_error(error).is_some() || error.to_string() == "error performing TLS handshake"
}

/// Whether the server turned us away for how we came: `pg_hba.conf` may know another way.
pub(super) fn is_rejected(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

fn explain(error: &tokio_postgres::Error, connection: &Connection, index: usize) -> ConnectError {
    let target = connection.describe(index);
    if let Some(db) = error.as_db_error() {
        return refusal(db, connection, index);
    }
    if let Some(tls) = tls_error(error) {
        let (what, hint) = tls::explain(tls);
        let error =
            ConnectError::new(Code::Tls, format!("no secure connection to {target}: {what}"));
        return match hint {
            Some(hint) => error.hint(hint),
            None => error,
        };
    }
    if let Some(io) = io_error(error) {
        return unreachable(io, is_tls(error), connection, index);
    }
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if is_tls(error) {
        if cause.contains("does not support TLS") {
            return no_tls(&target, connection.sslmode);
        }
        return ConnectError::new(Code::Tls, format!("no secure connection to {target}: {cause}"));
    }
    match cause.as_str() {
        "password missing" => {
            ConnectError::new(Code::Auth, format!("{target} asks for a password, and none is set"))
                .hint("set it in `.env`, in `PGPASSWORD` or in `~/.pgpass`")
        }
        "server did not use channel binding" => ConnectError::new(
            Code::Auth,
            format!("{target} does not bind the login to the TLS session"),
        )
        .hint("`channel_binding=require` needs TLS and SCRAM passwords on the server"),
        _ if error.is_closed() => {
            ConnectError::new(Code::Connect, format!("{target} closed the connection at once"))
                .hint("check that a PostgreSQL server listens there, and its log")
        }
        "" => ConnectError::new(Code::Connect, format!("no connection to {target}: {error}")),
        cause => ConnectError::new(Code::Auth, format!("no login at {target}: {cause}")),
    }
}

fn no_tls(target: &str, mode: SslMode) -> ConnectError {
    let error = ConnectError::new(
        Code::Tls,
        format!("{target} has no TLS, and `sslmode` is `{}`", mode.as_str()),
    );
    error.hint(
        "turn `ssl` on at the server, or allow plain text with `sslmode=prefer` (`PGSSLMODE`) if \
         the network is trusted",
    )
}

/// What the server answered.
fn refusal(
    db: &tokio_postgres::error::DbError,
    connection: &Connection,
    index: usize,
) -> ConnectError {
    let target = connection.describe(index);
    let (user, database) = (&connection.user, &connection.database);
    let said = db.message().trim_end_matches('.');
    match db.code().code() {
        "28P01" => {
            let error = ConnectError::new(
                Code::Auth,
                format!("{target} did not accept the password of role `{user}`"),
            );
            error.hint(match (&connection.password, connection.password_for(index)) {
                (Some(_), _) => "check the password in `.env`, the environment or the URL",
                (None, Some(_)) => "the password came from the password file; check it there",
                (None, None) => "set it in `.env`, in `PGPASSWORD` or in `~/.pgpass`",
            })
        }
        "28000" if said.contains("does not exist") => {
            ConnectError::new(Code::Auth, format!("{target} has no role `{user}`"))
                .hint(format!("create it with `createuser {user}`, or set another user"))
        }
        "28000" if said.contains("pg_hba") => {
            let error =
                ConnectError::new(Code::Auth, format!("{target} refused the login: {said}"));
            if said.contains("no encryption") || said.contains("SSL off") {
                error.hint("the server may insist on TLS; use `sslmode=require` or `verify-full`")
            } else {
                error.hint("add a matching line to the server's pg_hba.conf")
            }
        }
        "28000" => ConnectError::new(Code::Auth, format!("{target} refused the login: {said}")),
        "42501" => ConnectError::new(Code::Auth, format!("{target} refused the login: {said}"))
            .hint(format!("grant it with `GRANT CONNECT ON DATABASE {database} TO {user}`")),
        "3D000" => ConnectError::new(
            Code::Connect,
            format!("database `{database}` of {target} does not exist"),
        )
        .hint(format!("create it with `createdb {database}`, or set another database")),
        "57P03" => {
            ConnectError::new(Code::Shutdown, format!("{target} does not take connections: {said}"))
                .hint("wait until the server is ready and try again")
        }
        "57P01" | "57P02" => {
            ConnectError::new(Code::Shutdown, format!("{target} is shutting down"))
                .hint("start it again with `limbeck db start`, or wait for its restart")
        }
        "53300" => {
            ConnectError::new(Code::Connect, format!("{target} has no free connection: {said}"))
                .hint("close other clients, or raise `max_connections`")
        }
        "25006" => ConnectError::new(Code::ReadOnly, format!("{target} is read-only: {said}")),
        _ => ConnectError::new(Code::Connect, format!("{target} refused the connection: {said}")),
    }
}

/// What the network answered.
fn unreachable(
    io: &io::Error,
    in_tls: bool,
    connection: &Connection,
    index: usize,
) -> ConnectError {
    let target = connection.describe(index);
    let host = connection.hosts.get(index).map_or("localhost", String::as_str);
    let port = connection.port(index);
    let start = if is_local_host(host) {
        "start the server with `limbeck db start`, or check host and port"
    } else {
        "check host and port, and that the server runs and listens there"
    };
    let error = |what: String| ConnectError::new(Code::Connect, what);
    match io.kind() {
        io::ErrorKind::ConnectionRefused => {
            error(format!("nothing listens for {target}")).hint(start)
        }
        io::ErrorKind::NotFound if is_socket(host) => {
            error(format!("there is no socket `{host}/.s.PGSQL.{port}` for {target}")).hint(start)
        }
        io::ErrorKind::PermissionDenied if is_socket(host) => {
            error(format!("the socket for {target} may not be used by this user"))
                .hint("connect through TCP with `host=localhost`, or fix the folder's permissions")
        }
        io::ErrorKind::TimedOut => timeout(&target, connection),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted => {
            error(format!("{target} closed the connection at once"))
                .hint("check that a PostgreSQL server listens there, and its log")
        }
        io::ErrorKind::InvalidInput if in_tls => ConnectError::new(
            Code::Tls,
            format!("the host of {target} is no name that a certificate can have"),
        )
        .hint("use the server's DNS name or address, or `sslmode=require`"),
        _ if !is_socket(host) && io.to_string().contains("lookup") => {
            error(format!("the host name of {target} cannot be resolved"))
                .hint("check the spelling of the host")
        }
        _ => error(format!("no connection to {target}: {io}")).hint(start),
    }
}

/// Nobody answered in time.
pub(super) fn timeout(target: &str, connection: &Connection) -> ConnectError {
    let waited = connection.connect_timeout.as_secs();
    let within = if waited > 0 { format!(" within {waited} s") } else { String::new() };
    ConnectError::new(Code::Connect, format!("{target} did not answer{within}"))
        .hint("check host, port and firewall, or raise `connect_timeout`")
}

/// The server took no cancel request.
pub(super) fn timeout_of_cancel(target: &str) -> ConnectError {
    ConnectError::new(Code::Connect, format!("{target} did not take the cancel request"))
        .hint("the statement may still be running; end it with `pg_terminate_backend`")
}
