//! Connection strings: URLs and `key=value` lists, into libpq's parameters.
//!
//! Facts from the PostgreSQL documentation, "Connection Strings" and "Parameter Key Words".
//! No error here repeats the string: it may hold a password.

use std::{collections::BTreeMap, fmt};

use super::error::{ConfigError, did_you_mean};

/// One of libpq's parameters.
#[derive(Debug)]
pub(super) struct Keyword {
    /// Its name in connection strings and service files.
    pub(super) name: &'static str,
    /// Its environment variable.
    pub(super) env: Option<&'static str>,
    /// What becomes of it here.
    pub(super) meaning: Meaning,
}

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It says whom to reach: set alone in the environment, it makes a connection.
    Target,
    /// It says how; set alone it does not.
    Manner,
    /// Accepted without effect: it tunes something that does not exist here.
    Idle,
    /// It would change what the user gets, and cannot be had.
    Refused(&'static str),
}

use Meaning::{Idle, Manner, Refused, Target};

const fn keyword(name: &'static str, env: Option<&'static str>, meaning: Meaning) -> Keyword {
    Keyword { name, env, meaning }
}

const NO_GSS: Meaning = Refused("GSSAPI encryption is not supported; use TLS");

/// Every parameter of libpq 18.
pub(super) const KEYWORDS: &[Keyword] = &[
    keyword("host", Some("PGHOST"), Target),
    keyword("hostaddr", Some("PGHOSTADDR"), Target),
    keyword("port", Some("PGPORT"), Target),
    keyword("dbname", Some("PGDATABASE"), Target),
    keyword("user", Some("PGUSER"), Target),
    keyword("service", Some("PGSERVICE"), Target),
    keyword("password", Some("PGPASSWORD"), Manner),
    keyword("passfile", Some("PGPASSFILE"), Manner),
    keyword("servicefile", Some("PGSERVICEFILE"), Manner),
    keyword("sslmode", Some("PGSSLMODE"), Manner),
    keyword("sslnegotiation", Some("PGSSLNEGOTIATION"), Manner),
    keyword("sslrootcert", Some("PGSSLROOTCERT"), Manner),
    keyword("sslcert", Some("PGSSLCERT"), Manner),
    keyword("sslkey", Some("PGSSLKEY"), Manner),
    keyword("connect_timeout", Some("PGCONNECT_TIMEOUT"), Manner),
    keyword("application_name", Some("PGAPPNAME"), Manner),
    keyword("fallback_application_name", None, Manner),
    keyword("options", Some("PGOPTIONS"), Manner),
    keyword("target_session_attrs", Some("PGTARGETSESSIONATTRS"), Manner),
    keyword("channel_binding", Some("PGCHANNELBINDING"), Manner),
    keyword("keepalives", None, Manner),
    keyword("keepalives_idle", None, Manner),
    keyword("keepalives_interval", None, Manner),
    keyword("keepalives_count", None, Manner),
    keyword("tcp_user_timeout", None, Manner),
    keyword("client_encoding", Some("PGCLIENTENCODING"), Idle),
    keyword("load_balance_hosts", Some("PGLOADBALANCEHOSTS"), Idle),
    keyword("sslcompression", Some("PGSSLCOMPRESSION"), Idle),
    keyword("sslsni", Some("PGSSLSNI"), Idle),
    keyword(
        "ssl_min_protocol_version",
        Some("PGSSLMINPROTOCOLVERSION"),
        Refused("TLS 1.2 is the lowest version"),
    ),
    keyword(
        "sslcertmode",
        Some("PGSSLCERTMODE"),
        Refused("a client certificate is sent when there is one"),
    ),
    keyword("gssencmode", Some("PGGSSENCMODE"), NO_GSS),
    keyword("krbsrvname", Some("PGKRBSRVNAME"), Idle),
    keyword("gsslib", Some("PGGSSLIB"), Idle),
    keyword("gssdelegation", Some("PGGSSDELEGATION"), Idle),
    keyword("sslpassword", None, Refused("encrypted keys are not supported; decrypt the key file")),
    keyword("sslcrl", Some("PGSSLCRL"), Refused("revocation lists are not supported")),
    keyword("sslcrldir", Some("PGSSLCRLDIR"), Refused("revocation lists are not supported")),
    keyword(
        "ssl_max_protocol_version",
        Some("PGSSLMAXPROTOCOLVERSION"),
        Refused("the newest TLS version is always offered"),
    ),
    keyword(
        "require_auth",
        Some("PGREQUIREAUTH"),
        Refused("use `channel_binding=require` instead"),
    ),
    keyword("requirepeer", Some("PGREQUIREPEER"), Refused("the peer of a socket is not checked")),
    keyword("replication", None, Refused("replication connections are not supported")),
];

/// The keyword of this name.
pub(super) fn find(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// Parameters as a string gave them. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Params(pub(super) BTreeMap<&'static str, String>);

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Params {
    /// Sets a parameter by name, as a string, a service file or a variable gives it.
    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), ConfigError> {
        let (name, value) = match name {
            // Forms of JDBC and asyncpg that people carry over.
            "ssl" => (
                "sslmode",
                match value.as_str() {
                    "true" | "1" => "require".to_owned(),
                    "false" | "0" => "disable".to_owned(),
                    _ => value,
                },
            ),
            "database" => ("dbname", value),
            "username" => ("user", value),
            other => (other, value),
        };
        let Some(keyword) = find(name) else {
            let error = ConfigError::new(format!("unknown connection parameter `{}`", shown(name)));
            let near = did_you_mean(name, KEYWORDS.iter().map(|keyword| keyword.name));
            return Err(error.hint(near.unwrap_or_else(|| {
                "the known ones are those of libpq; see docs/design/connections.md".to_owned()
            })));
        };
        if let Refused(reason) = keyword.meaning
            && !is_harmless(name, &value)
        {
            return Err(ConfigError::new(format!(
                "connection parameter `{name}` is not supported"
            ))
            .hint(reason));
        }
        if value.contains('\0') {
            return Err(ConfigError::new(format!("connection parameter `{name}` has a NUL byte")));
        }
        self.0.insert(keyword.name, value);
        Ok(())
    }
}

/// Values of refused parameters that ask for what happens anyway.
fn is_harmless(name: &str, value: &str) -> bool {
    value.is_empty()
        || match name {
            "gssencmode" => matches!(value, "disable" | "prefer"),
            "ssl_min_protocol_version" => !value.eq_ignore_ascii_case("TLSv1.3"),
            "sslcertmode" => value == "allow",
            "ssl_max_protocol_version" => value.eq_ignore_ascii_case("TLSv1.3"),
            _ => false,
        }
}

/// A name from outside, cut short and without control characters.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Parses a URL or a `key=value` list.
pub(super) fn parse(text: &str) -> Result<Params, ConfigError> {
    let text = text.trim();
    if let Some((scheme, rest)) = text.split_once("://")
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.:".contains(c))
    {
        check_scheme(scheme)?;
        return url(rest);
    }
    if text.contains('=') {
        return list(text);
    }
    Err(ConfigError::new("not a connection string")
        .hint("write `postgresql://user@host:5432/database` or `host=... dbname=...`"))
}

/// `postgres`, `postgresql`, and SQLAlchemy's `postgresql+driver`.
fn check_scheme(scheme: &str) -> Result<(), ConfigError> {
    let base = scheme.split_once('+').map_or(scheme, |(base, _)| base);
    if base.eq_ignore_ascii_case("postgres") || base.eq_ignore_ascii_case("postgresql") {
        return Ok(());
    }
    let error = ConfigError::new(format!("`{}://` is not PostgreSQL", shown(scheme)));
    Err(if base.to_ascii_lowercase().starts_with("jdbc") {
        error.hint("leave out `jdbc:`, and write user and password before the host")
    } else {
        error.hint("a URL begins with `postgresql://`")
    })
}

/// Parses what follows `://`.
fn url(rest: &str) -> Result<Params, ConfigError> {
    let mut params = Params::default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    // The last `@` divides: an unescaped one in a password is common, one in a host is not.
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        // A port may look like the beginning of a password, and the other way round; an `@` in
        // the name of a database is rarer than a `/` in a password.
        None if authority.contains(':') && has_stray_at(authority, tail) => {
            return Err(ConfigError::new("the password of the URL cannot be told from its host")
                .hint("write `/` as `%2F`, `?` as `%3F` and `@` as `%40` in user and password"));
        }
        None => (None, authority),
    };
    if let Some(login) = login {
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        if !user.is_empty() {
            params.set("user", decode(user, "user")?)?;
        }
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            params.set("password", decode(password, "password")?)?;
        }
    }
    host_list(hosts, &mut params)?;

    let (path, query) = match tail.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (tail, None),
    };
    let database = path.strip_prefix('/').unwrap_or(path);
    if !database.is_empty() {
        params.set("dbname", decode(database, "dbname")?)?;
    }
    for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|p| !p.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            let name = shown(pair);
            return Err(ConfigError::new(format!("connection parameter `{name}` has no value"))
                .hint(format!("write `{name}=...`")));
        };
        params.set(&decode(name, "name")?, decode(value, name)?)?;
    }
    Ok(params)
}

/// Whether the `@` that ends the login seems to stand behind the authority.
fn has_stray_at(authority: &str, tail: &str) -> bool {
    let path = tail.split('?').next().unwrap_or_default();
    path.contains('@') || (tail.contains('@') && !is_host_list(authority))
}

/// Whether every part ends in a port number, so that the text is hosts and no `user:password`.
fn is_host_list(authority: &str) -> bool {
    authority.split(',').all(|part| {
        part.ends_with(']')
            || part.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok())
    })
}

/// `host:port,[v6]:port,…` into `host` and `port`, comma-separated as libpq has them.
fn host_list(hosts: &str, params: &mut Params) -> Result<(), ConfigError> {
    if hosts.is_empty() {
        return Ok(());
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for part in hosts.split(',') {
        let (name, port) = match part.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((address, "")) => (address, None),
                Some((address, after)) => match after.strip_prefix(':') {
                    Some(port) => (address, Some(port)),
                    None => {
                        return Err(ConfigError::new(
                            "the URL has text between `]` and the port of its host",
                        ));
                    }
                },
                None => return Err(ConfigError::new("the URL opens `[` and does not close it")),
            },
            None => match part.rsplit_once(':') {
                Some((name, _)) if name.contains(':') => {
                    return Err(ConfigError::new("the URL's host has several colons")
                        .hint("write an IPv6 address as `[::1]`"));
                }
                Some((name, port)) => (name, Some(port)),
                None => (part, None),
            },
        };
        names.push(decode(name, "host")?);
        ports.push(decode(port.unwrap_or(""), "port")?);
    }
    if names.iter().any(|name| !name.is_empty()) {
        params.set("host", names.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        params.set("port", ports.join(","))?;
    }
    Ok(())
}

/// Undoes percent-encoding; `+` stays `+`, as in libpq.
fn decode(text: &str, part: &str) -> Result<String, ConfigError> {
    let wrong = |why: &str| {
        ConfigError::new(format!("`{}` in the URL {why}", shown(part)))
            .hint("write a percent sign as `%25`")
    };
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
            _ => return Err(wrong("has a `%` that two hexadecimal digits do not follow")),
        }
    }
    String::from_utf8(out).map_err(|_| wrong("is not UTF-8"))
}

/// Parses `key=value key='va\'lue'`.
fn list(text: &str) -> Result<Params, ConfigError> {
    let mut params = Params::default();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok(params);
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_whitespace()) {
            name.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next_if_eq(&'=').is_none() {
            // The word may be the tail of a password with a space in it: not repeated.
            return Err(ConfigError::new("the connection string has a word without `=`")
                .hint("put values with spaces in single quotes"));
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = chars.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match chars.peek().copied() {
                None if quoted => {
                    return Err(ConfigError::new(
                        "the connection string has an unclosed single quote",
                    ));
                }
                None => break,
                Some('\'') if quoted => {
                    chars.next();
                    break;
                }
                Some(c) if c.is_whitespace() && !quoted => break,
                Some('\\') => {
                    chars.next();
                    value.extend(chars.next());
                }
                Some(c) => {
                    chars.next();
                    value.push(c);
                }
            }
        }
        params.set(&name, value)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name=value` of every parameter, by name.
    fn parsed(text: &str) -> String {
        let params = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let pairs: Vec<_> =
            params.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join(" ")
    }

    fn refused(text: &str) -> String {
        match parse(text) {
            Ok(params) => panic!("{text} was accepted: {params:?}"),
            Err(error) => error.message,
        }
    }

    #[test]
    fn urls() {
        for (text, expected) in [
            ("postgres://", ""),
            ("postgresql://localhost", "host=localhost"),
            ("postgresql://localhost:5433", "host=localhost port=5433"),
            ("postgresql://localhost/mydb", "dbname=mydb host=localhost"),
            ("postgresql://user:secret@localhost", "host=localhost password=secret user=user"),
            ("postgresql:///mydb?host=localhost&port=5433", "dbname=mydb host=localhost port=5433"),
            (
                "postgresql://host1:123,host2:456/somedb",
                "dbname=somedb host=host1,host2 port=123,456",
            ),
            ("postgresql://host1,host2:456/x", "dbname=x host=host1,host2 port=,456"),
            ("postgresql://[2001:db8::1234]/database", "dbname=database host=2001:db8::1234"),
            ("postgresql://[::1]:5433", "host=::1 port=5433"),
            (
                "postgresql:///dbname?host=/var/lib/postgresql",
                "dbname=dbname host=/var/lib/postgresql",
            ),
            (
                "postgresql://%2Fvar%2Flib%2Fpostgresql/dbname",
                "dbname=dbname host=/var/lib/postgresql",
            ),
            ("postgresql+psycopg2://a:b@h/d", "dbname=d host=h password=b user=a"),
            ("postgresql+asyncpg://a@h/d?ssl=require", "dbname=d host=h sslmode=require user=a"),
            ("postgres://u:p%40ss%2Fw%20rd@h/d", "dbname=d host=h password=p@ss/w rd user=u"),
            ("postgres://u:p@ss@h/d", "dbname=d host=h password=p@ss user=u"),
            ("postgres://u:p:q@h", "host=h password=p:q user=u"),
            ("postgres://u:a+b@h", "host=h password=a+b user=u"),
            ("postgres://:secret@h", "host=h password=secret"),
            ("postgres://@h", "host=h"),
            (
                "postgres://h/d?sslmode=verify-full&options=-c%20geqo%3Doff",
                "dbname=d host=h options=-c geqo=off sslmode=verify-full",
            ),
            (
                "postgres://h?gssencmode=disable&channel_binding=require",
                "channel_binding=require gssencmode=disable host=h",
            ),
            ("  postgres://h/d \n", "dbname=d host=h"),
            ("POSTGRES://h", "host=h"),
            ("postgres://host:/", "host=host"),
            ("postgres://:12345/", "port=12345"),
            ("postgres://uri-user@", "user=uri-user"),
            ("postgres://?hostaddr=127.0.0.1", "hostaddr=127.0.0.1"),
            ("postgres://example.com?hostaddr=63.1.2.4", "host=example.com hostaddr=63.1.2.4"),
            (
                "postgres://otheruser@?host=/no/such/directory",
                "host=/no/such/directory user=otheruser",
            ),
            ("postgres://h:1/d?options=a@b", "dbname=d host=h options=a@b port=1"),
            ("postgres://[::1],[::2]:7,h:8/d", "dbname=d host=::1,::2,h port=,7,8"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn lists() {
        for (text, expected) in [
            ("host=localhost port=5432 dbname=mydb", "dbname=mydb host=localhost port=5432"),
            ("host = localhost  user= ann", "host=localhost user=ann"),
            (r"password='it\'s \\ here' user=u", r"password=it's \ here user=u"),
            (r"password=a\ b user=u", "password=a b user=u"),
            ("password='' host=h", "host=h password="),
            ("host=/tmp,/var/run", "host=/tmp,/var/run"),
            // Quoted, `://` is no scheme.
            ("password='a://b' host=h", "host=h password=a://b"),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn refusals_name_the_parameter_and_never_the_secret() {
        for (text, expected) in [
            ("postgres://u:hunter2@h/d?schema=public", "unknown connection parameter `schema`"),
            ("postgres://u:hunter2@h/d?sslmod=require", "unknown connection parameter `sslmod`"),
            (
                "postgres://u:hunter2@h/d?sslcrl=/x",
                "connection parameter `sslcrl` is not supported",
            ),
            (
                "postgres://u:hunter2@h/d?gssencmode=require",
                "connection parameter `gssencmode` is not supported",
            ),
            ("postgres://u:hunter2@h/d?sslmode", "connection parameter `sslmode` has no value"),
            ("mysql://u:hunter2@h/d", "`mysql://` is not PostgreSQL"),
            ("hunter2", "not a connection string"),
            (
                "postgres://u:hunter2%zz@h",
                "`password` in the URL has a `%` that two hexadecimal digits do not follow",
            ),
            ("postgres://u:hunter2%ff@h", "`password` in the URL is not UTF-8"),
            ("postgres://u:hunter2/x@h/d", "the password of the URL cannot be told from its host"),
            ("postgres://u:2/hunter2@h/d", "the password of the URL cannot be told from its host"),
            ("postgres://u:hunter2?x@h/d", "the password of the URL cannot be told from its host"),
            ("postgres://host?zzz", "connection parameter `zzz` has no value"),
            ("postgres://host?uzer=", "unknown connection parameter `uzer`"),
            (
                "postgres://h/%",
                "`dbname` in the URL has a `%` that two hexadecimal digits do not follow",
            ),
            ("postgres://[::1]z/d", "the URL has text between `]` and the port of its host"),
            ("postgres://u:hunter2@::1/d", "the URL's host has several colons"),
            ("postgres://u:hunter2@[::1/d", "the URL opens `[` and does not close it"),
            (
                "postgres://u:hunter2@h/d?options=%00",
                "connection parameter `options` has a NUL byte",
            ),
            ("host=h password=hunter2 hunter2", "the connection string has a word without `=`"),
            ("host=h password='hunter2", "the connection string has an unclosed single quote"),
            ("host=h passwrd=hunter2", "unknown connection parameter `passwrd`"),
        ] {
            let message = refused(text);
            assert_eq!(message, expected, "{text}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert_eq!(
            parse("postgres://h?sslmod=x").unwrap_err().hint.as_deref(),
            Some("did you mean `sslmode`?")
        );
    }

    #[test]
    fn debug_shows_names_only() {
        let params = parse("postgres://u:hunter2@h").expect("a good URL");
        assert_eq!(format!("{params:?}"), r#"{"host", "password", "user"}"#);
    }
}
