//! From parameters of several sources to one [`Connection`], with libpq's defaults.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use secrecy::SecretString;

use super::{
    Origin,
    connection::{
        ChannelBinding, Connection, DEFAULT_PORT, Keepalive, SslMode, TargetSession,
        default_sslmode, is_socket,
    },
    conninfo::{self, KEYWORDS, Meaning, Params},
    error::ConfigError,
    inputs::{Disk, Files},
    pgpass::PassFile,
    service,
};

/// Parameters, each with its origin.
#[derive(Clone, Default)]
pub(super) struct Layered(BTreeMap<&'static str, (String, Origin)>);

impl Layered {
    /// Adds weaker parameters: those already there stay.
    pub(super) fn fill(&mut self, params: Params, origin: &Origin) {
        for (name, value) in params.0 {
            self.0.entry(name).or_insert_with(|| (value, origin.clone()));
        }
    }

    /// Adds weaker parameters that bring their own origins.
    pub(super) fn fill_from(&mut self, other: Self) {
        for (name, found) in other.0 {
            self.0.entry(name).or_insert(found);
        }
    }

    /// The value of a parameter; an empty one counts as unset, as in libpq.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Where a parameter came from.
    pub(super) fn origin(&self, name: &str) -> Origin {
        self.0.get(name).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Whether any parameter says whom to reach.
    pub(super) fn has_target(&self) -> bool {
        let mut targets = KEYWORDS.iter().filter(|keyword| keyword.meaning == Meaning::Target);
        targets.any(|keyword| self.get(keyword.name).is_some())
    }

    fn wrong(&self, name: &str, what: &str) -> ConfigError {
        let (value, origin) = match self.0.get(name) {
            Some((value, origin)) => (value.as_str(), origin.clone()),
            None => ("", Origin::Default),
        };
        ConfigError::new(format!("{origin}: `{name}` is `{value}`, not {what}"))
    }

    fn word<T>(
        &self,
        name: &str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let words = || words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        parse(value).map(Some).ok_or_else(|| self.wrong(name, &format!("one of {}", words())))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.trim().parse().map(Some).map_err(|_| self.wrong(name, "a whole number"))
    }

    fn seconds(&self, name: &str) -> Result<Option<Duration>, ConfigError> {
        let seconds: Option<i32> = self.number(name)?;
        // Zero, negative: for ever.
        Ok(seconds.map(|n| Duration::from_secs(u64::try_from(n).unwrap_or(0))))
    }
}

/// What the machine says.
pub(super) struct Place<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) home: Option<&'a Path>,
    pub(super) os_user: Option<&'a str>,
    /// What relative paths are relative to.
    pub(super) root: &'a Path,
    /// `PGSYSCONFDIR`, where a system-wide service file may be.
    pub(super) system_folder: Option<&'a Path>,
}

impl Place<'_> {
    fn home_file(&self, name: &str) -> Option<PathBuf> {
        self.home.map(|home| home.join(name))
    }

    /// A path as a setting has it: `~/` is the home folder, the rest is relative to the project.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.root.join(text),
        }
    }

    /// The parameters of a service, from the user's file, else the system's.
    pub(super) fn service(
        &self,
        name: &str,
        file: Option<&str>,
    ) -> Result<(Params, Origin), ConfigError> {
        let user_file =
            file.map(|file| self.path(file)).or_else(|| self.home_file(".pg_service.conf"));
        let system_file = self.system_folder.map(|folder| folder.join("pg_service.conf"));
        let mut looked = Vec::new();
        for path in [user_file, system_file].into_iter().flatten() {
            if let Ok((text, _)) = self.files.read(&path)
                && let Some((params, line)) = service::find(&text, &path, name)?
            {
                return Ok((params, Origin::File(path, line)));
            }
            looked.push(format!("`{}`", path.display()));
        }
        let error = ConfigError::new(format!("there is no service `{name}`"));
        Err(if looked.is_empty() {
            error.hint("set `PGSERVICEFILE` to the service file")
        } else {
            error.hint(format!("looked in {}", looked.join(" and ")))
        })
    }

    /// The password file, unless others can read it.
    fn passfile(&self, setting: Option<&str>, warnings: &mut Vec<String>) -> Option<PassFile> {
        let path = match setting {
            Some(text) => self.path(text),
            None => self.home_file(".pgpass")?,
        };
        let (text, mode) = self.files.read(&path).ok()?;
        if mode.is_some_and(|mode| mode & 0o077 != 0) {
            warnings.push(format!(
                "`{0}` is ignored, because others can read it; run `chmod 600 {0}`",
                path.display()
            ));
            return None;
        }
        Some(PassFile::parse(&text)).filter(|file| !file.is_empty())
    }
}

/// Builds the connection; `warnings` gets what the user should know.
pub(super) fn build(
    params: &Layered,
    place: &Place<'_>,
    warnings: &mut Vec<String>,
) -> Result<Connection, ConfigError> {
    let split = |name: &str| -> Vec<String> {
        let list = params.get(name).map(|list| list.split(',').map(|s| s.trim().to_owned()));
        list.map(Iterator::collect).unwrap_or_default()
    };
    let addresses = split("hostaddr")
        .iter()
        .map(|text| match text.as_str() {
            "" => Ok(None),
            text => text.parse::<IpAddr>().map(Some),
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| params.wrong("hostaddr", "an IP address"))?;
    let mut ports = split("port")
        .iter()
        .map(|text| match text.as_str() {
            "" => Some(DEFAULT_PORT),
            text => text.parse().ok().filter(|port| *port != 0),
        })
        .collect::<Option<Vec<u16>>>()
        .ok_or_else(|| params.wrong("port", "a port number"))?;
    if ports.is_empty() {
        ports.push(DEFAULT_PORT);
    }
    let mut hosts = split("host");
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(ConfigError::new(format!(
            "there are {} hosts and {} addresses in `hostaddr`",
            hosts.len(),
            addresses.len()
        )));
    }
    if hosts.is_empty() {
        // An address stands for its host, also when a certificate is checked.
        hosts = addresses.iter().flatten().map(IpAddr::to_string).collect();
    }
    if hosts.is_empty() {
        hosts.push(String::new());
    }
    if ports.len() != 1 && ports.len() != hosts.len() {
        return Err(ConfigError::new(format!(
            "there are {} hosts and {} ports",
            hosts.len(),
            ports.len()
        )));
    }
    for (index, host) in hosts.iter_mut().enumerate() {
        if host.is_empty() {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
            *host = default_host(place.files, port);
        }
    }

    let user = match (params.get("user"), place.os_user) {
        (Some(user), _) | (None, Some(user)) => user.to_owned(),
        (None, None) => {
            return Err(ConfigError::new("no database user is set, and the system names none")
                .hint("write the user into the URL, or set `PGUSER`"));
        }
    };
    let database = params.get("dbname").map_or_else(|| user.clone(), str::to_owned);

    let sslmode = params.word("sslmode", &SslMode::ALL.map(SslMode::as_str), SslMode::parse)?;
    // Where a name is looked up but its address is given, the address decides what is local.
    let far = addresses.iter().flatten().any(|address| !address.is_loopback());
    let sslmode = match sslmode {
        Some(mode) => mode,
        None if far => SslMode::VerifyFull,
        None => default_sslmode(&hosts),
    };
    let existing = |name: &str| place.home_file(name).filter(|path| place.files.exists(path));
    let sslrootcert = match params.get("sslrootcert") {
        Some("system") => Some("system".to_owned()),
        Some(path) => Some(place.path(path).to_string_lossy().into_owned()),
        None => existing(".postgresql/root.crt").map(|path| path.to_string_lossy().into_owned()),
    };
    // libpq: `system` trusts every public authority, so that the host name must be checked.
    if sslrootcert.as_deref() == Some("system") && sslmode != SslMode::VerifyFull {
        if params.get("sslmode").is_some() {
            return Err(ConfigError::new(format!(
                "`sslrootcert=system` needs `sslmode=verify-full`, not `{}`",
                sslmode.as_str()
            )));
        }
        return build(&params.with("sslmode", "verify-full"), place, warnings);
    }
    let sslcert = params
        .get("sslcert")
        .map(|path| place.path(path))
        .or_else(|| existing(".postgresql/postgresql.crt"));
    let sslkey = params
        .get("sslkey")
        .map(|path| place.path(path))
        .or_else(|| existing(".postgresql/postgresql.key").filter(|_| sslcert.is_some()));

    let default = Keepalive::default();
    let positive = |time: Option<Duration>, default: Duration| match time {
        Some(time) if !time.is_zero() => time,
        _ => default,
    };
    let keepalive = Keepalive {
        enabled: params.number::<i32>("keepalives")? != Some(0),
        idle: positive(params.seconds("keepalives_idle")?, default.idle),
        interval: positive(params.seconds("keepalives_interval")?, default.interval),
        count: match params.number::<u32>("keepalives_count")? {
            None | Some(0) => default.count,
            Some(count) => count,
        },
        user_timeout: match params.number::<u32>("tcp_user_timeout")? {
            Some(ms) => Duration::from_millis(u64::from(ms)),
            None => default.user_timeout,
        },
    };

    let password = params.get("password").map(SecretString::from);
    let passfile = match password {
        Some(_) => None,
        None => place.passfile(params.get("passfile"), warnings).map(Arc::new),
    };
    let binding = |word: &str| match word {
        "disable" => Some(ChannelBinding::Disable),
        "prefer" => Some(ChannelBinding::Prefer),
        "require" => Some(ChannelBinding::Require),
        _ => None,
    };
    let direct = |word: &str| match word {
        "postgres" => Some(false),
        "direct" => Some(true),
        _ => None,
    };
    let ssl_direct =
        params.word("sslnegotiation", &["postgres", "direct"], direct)?.unwrap_or(false);
    if ssl_direct && matches!(sslmode, SslMode::Disable | SslMode::Allow | SslMode::Prefer) {
        return Err(ConfigError::new(format!(
            "`sslnegotiation=direct` needs `sslmode=require` or stronger, not `{}`",
            sslmode.as_str()
        )));
    }
    let mut connection = Connection {
        hostaddrs: addresses,
        ports,
        password,
        passfile,
        sslmode,
        ssl_direct,
        sslrootcert,
        sslcert,
        sslkey,
        channel_binding: params
            .word("channel_binding", &["disable", "prefer", "require"], binding)?
            .unwrap_or(ChannelBinding::Prefer),
        options: params.get("options").map(str::to_owned),
        target: params
            .word(
                "target_session_attrs",
                &TargetSession::ALL.map(|(name, _)| name),
                TargetSession::parse,
            )?
            .unwrap_or(TargetSession::Any),
        keepalive,
        ..Connection::new("", DEFAULT_PORT, user, database)
    };
    connection.hosts = hosts;
    if let Some(timeout) = params.seconds("connect_timeout")? {
        connection.connect_timeout = timeout;
    }
    if let Some(name) =
        params.get("application_name").or_else(|| params.get("fallback_application_name"))
    {
        name.clone_into(&mut connection.application_name);
    }
    Ok(connection)
}

impl FromStr for Connection {
    type Err = ConfigError;

    /// A URL or `key=value` string by itself: no variables, no home folder, relative paths are
    /// relative to the current folder. It must name the user.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mut params = Layered::default();
        params.fill(conninfo::parse(text)?, &Origin::Default);
        let place = Place {
            files: &Disk,
            home: None,
            os_user: None,
            root: Path::new(""),
            system_folder: None,
        };
        build(&params, &place, &mut Vec::new())
    }
}

impl Layered {
    fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        other.0.insert(name, (value.to_owned(), Origin::Default));
        other
    }
}

/// libpq's choice without a host: the socket folder where a server of this port listens, else TCP.
fn default_host(files: &dyn Files, port: u16) -> String {
    ["/var/run/postgresql", "/tmp"]
        .into_iter()
        .find(|folder| files.exists(&Path::new(folder).join(format!(".s.PGSQL.{port}"))))
        .unwrap_or("localhost")
        .to_owned()
}

/// Whether two host lists name different servers, for a warning; a socket is this machine.
pub(super) fn differ(one: &str, other: &str) -> bool {
    let name = |host: &str| match host.trim() {
        "" => "localhost".to_owned(),
        host if is_socket(host) || host == "127.0.0.1" || host == "::1" => "localhost".to_owned(),
        host => host.to_ascii_lowercase(),
    };
    !one.split(',').map(name).eq(other.split(',').map(name))
}
