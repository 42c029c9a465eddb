//! The command line of the programs that run pairs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    case::{self, Case},
    host::Host,
    run::Options,
};

/// What both programs are told.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// Where the server is.
    pub server: String,
    /// Folders of pairs.
    pub dirs: Vec<PathBuf>,
    /// Folders of whole schemas.
    pub schemas: Vec<PathBuf>,
    /// Folder of PostgreSQL's programs.
    pub bin: Option<PathBuf>,
    /// Names of pairs, or parts of them; none for all.
    pub filters: Vec<String>,
    /// How many pairs at a time.
    pub workers: usize,
    /// Print plans and differences.
    pub show: bool,
    /// Only what failed before.
    pub failed: bool,
    /// Only load.
    pub load: bool,
    /// How plans are made.
    pub options: Options,
}

/// Takes an option, and its value if it has one; `false` when it is unknown.
pub type Other<'a> =
    dyn FnMut(&str, &mut dyn FnMut() -> Result<String, String>) -> Result<bool, String> + 'a;

impl Arguments {
    /// Reads the words of a command line; `other` is asked about options that are not known here.
    pub fn read(
        words: impl Iterator<Item = String>,
        other: &mut Other<'_>,
    ) -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut a = Self {
            server: "postgresql://postgres:x@localhost:5432".to_owned(),
            dirs: Vec::new(),
            schemas: Vec::new(),
            bin: None,
            filters: Vec::new(),
            workers: 2,
            show: false,
            failed: false,
            load: false,
            options: Options::default(),
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--server" => a.server = value()?,
                "--dir" => a.dirs.push(value()?.into()),
                "--schemas" => a.schemas.push(value()?.into()),
                "--bin" => a.bin = Some(value()?.into()),
                "--binary" => a.options.binary = Some(value()?.into()),
                "--workers" => {
                    a.workers = value()?.parse().map_err(|_| "--workers takes a number")?;
                }
                "--show" => a.show = true,
                "--failed" => a.failed = true,
                "--load" => a.load = true,
                "--plain" => a.options.plain = true,
                "--swap" => a.options.swap = true,
                option if option.starts_with("--") => {
                    if !other(option, &mut value)? {
                        return Err(format!("unknown option {option}"));
                    }
                }
                filter => a.filters.push(filter.to_owned()),
            }
        }
        if a.dirs.is_empty() && a.schemas.is_empty() {
            a.dirs = vec![root.join("tests/corpus")];
            let shared = root.join("../shared/corpus");
            a.dirs.extend(
                ["pairs", "realpairs"].map(|d| shared.join(d)).into_iter().filter(|d| d.is_dir()),
            );
            a.schemas.push(shared.join("schemas"));
        }
        Ok(a)
    }

    /// The pairs that are asked for.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for dir in &self.dirs {
            let name =
                dir.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let prefix = if name == "corpus" && dir.ends_with("tests/corpus") { "own" } else { "" };
            cases.extend(case::discover(dir, prefix));
        }
        for dir in &self.schemas {
            cases.extend(case::schemas(dir));
        }
        if self.failed {
            let failed = fs::read_to_string(failed_file()).unwrap_or_default();
            cases.retain(|case| failed.lines().any(|name| name == case.name));
        }
        if !self.filters.is_empty() {
            cases.retain(|case| self.filters.iter().any(|f| case.name.contains(f.as_str())));
        }
        if self.load {
            for case in &mut cases {
                case.load_only = true;
            }
        }
        cases
    }

    /// The server, and the programs that fit it.
    pub fn host(&self) -> Result<Host, String> {
        let config: tokio_postgres::Config =
            self.server.parse().map_err(|e| format!("--server: {e}"))?;
        let address = config.get_hosts().first().map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            tokio_postgres::config::Host::Unix(path) => path.to_string_lossy().into_owned(),
        });
        let password = config.get_password().map(|p| String::from_utf8_lossy(p).into_owned());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| e.to_string())?;
        let mut host = Host {
            address: address.unwrap_or_else(|| "localhost".to_owned()),
            port: config.get_ports().first().copied().unwrap_or(5432),
            user: config.get_user().unwrap_or("postgres").to_owned(),
            password: password.unwrap_or_default(),
            config,
            major: 0,
            psql: PathBuf::new(),
            pg_dump: None,
            cache: Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpus-dumps"),
        };
        let version: String = runtime.block_on(async {
            let client = host.client("postgres").await?;
            let row = client.query_one("SHOW server_version_num", &[]).await;
            row.map(|row| row.get(0)).map_err(|e| e.to_string())
        })?;
        host.major = version.parse::<u32>().unwrap_or(0) / 10_000;
        let folders = self.bin.iter().cloned().chain(folders(host.major));
        let find = |name: &str| {
            let version = |path: &Path| super::host::major_of(path);
            folders.clone().map(|dir| dir.join(name)).find_map(|p| Some((version(&p)?, p)))
        };
        host.psql = find("psql").ok_or("there is no psql")?.1;
        host.pg_dump =
            find("pg_dump").filter(|(major, _)| *major >= host.major).map(|(_, path)| path);
        if host.pg_dump.is_none() {
            eprintln!("no pg_dump for version {}: only snapshots are compared", host.major);
        }
        Ok(host)
    }
}

/// Where the names of those that failed are remembered.
pub fn failed_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpus-failed.txt")
}

/// Where PostgreSQL's programs may be, those of the server's version first.
fn folders(major: u32) -> impl Iterator<Item = PathBuf> + Clone {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    std::iter::once(PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")))
        .chain(debian)
        .chain(path)
}
