//! Settings: built-in < `limbeck.toml` < `.env` < environment < flags, each with its origin.
//!
//! [`resolve()`] is a function of its [`Inputs`]: the caller hands in the texts and variables, and the
//! few files that settings point to (`~/.pgpass`, a service file) are read through [`Files`].
//! Every error names its file and line and the setting meant; none repeats a secret.
//!
//! `docs/settings.md` is the list of settings, `docs/design/connections.md` says how a connection
//! is put together.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

pub mod connection;
mod conninfo;
mod error;
mod file;
pub mod inputs;
pub mod key;
mod libpq;
mod name;
pub mod pgpass;
mod resolve;
mod service;
#[cfg(test)]
mod tests;

pub use self::{
    connection::{ChannelBinding, Connection, Keepalive, SslMode, TargetSession},
    error::ConfigError,
    inputs::{Disk, DotEnv, Files, FlagSetting, Flags, Inputs},
    resolve::{resolve, resolve_with},
};
use secrecy::SecretString;

/// Where a value came from, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Built in.
    Default,
    /// `limbeck.toml`, with the 1-based line.
    File(PathBuf, u32),
    /// `.env`.
    DotEnv(PathBuf),
    /// The environment variable of this name.
    Env(String),
    /// The command-line flag of this name.
    Flag(String),
    /// Provided by the running local or compose server.
    Server,
}

/// One resolved setting, for `status -v`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name as in `limbeck.toml` (`runner.lock_timeout`).
    pub name: String,
    /// Its value as text; secrets are `********`.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Which provider runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderChoice {
    /// Choose: external if a connection is set, else compose if its service exists, else local.
    Auto,
    /// A cluster of the project's own under `.limbeck/`.
    Local,
    /// The service of `docker-compose.yml`.
    Compose,
    /// A server somebody else runs.
    External,
}

/// How careful to be with this database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A developer's own.
    Dev,
    /// Shared: destructive steps are confirmed by typing the database name.
    Staging,
    /// Production: every write is confirmed so.
    Prod,
}

/// Everything a project needs to know, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    /// The project folder, absolute.
    pub root: PathBuf,
    /// Project name: setting, else the folder's name.
    pub name: String,
    /// Revision folders, absolute.
    pub migrations: Vec<PathBuf>,
    /// Sub-folders too.
    pub recursive: bool,
    /// File name template for new revisions: `{id}`, `{slug}`, `{date}`, `{time}`.
    pub file_template: String,
    /// Model folders or files, absolute.
    pub models: Vec<PathBuf>,
    /// Program that prints the models, for the shell; then `models` is not read.
    pub models_command: Option<String>,
    /// How long a program that prints models may take; zero is no limit.
    pub models_timeout: Duration,
    /// Which objects are compared.
    pub manage: ManageConfig,
    /// What `limbeck lint` looks for.
    pub lint: LintConfig,
    /// How to reach the database when settings say so; none means the provider knows.
    pub connection: Option<Connection>,
    /// Beside which database scratch databases are made, when settings say so.
    pub scratch: Option<Connection>,
    /// Provider.
    pub provider: ProviderChoice,
    /// `server.local.*`, `server.compose.*`.
    pub server: ServerConfig,
    /// Version table, `limbeck.version` or e.g. `public.alembic_version`.
    pub version_table: crate::pg::ident::QualifiedName,
    /// Schema of the history tables.
    pub schema: String,
    /// `search_path` for revisions; none leaves the role's.
    pub search_path: Option<String>,
    /// `lock_timeout` of each try.
    pub lock_timeout: Duration,
    /// `statement_timeout`; zero is none.
    pub statement_timeout: Duration,
    /// Tries when `lock_timeout`, a deadlock or a serialization failure hits.
    pub lock_tries: u32,
    /// How long to wait for another runner.
    pub runner_wait: Duration,
    /// Guard level.
    pub guard: Guard,
    /// `-x KEY=VALUE`: for programs that embed limbeck; nothing of its own asks for one.
    pub extra: BTreeMap<String, String>,
    /// Interface settings.
    pub tui: TuiConfig,
    /// Every setting with its origin.
    pub settings: Vec<Setting>,
    /// The chosen profile (`--profile`, `LIMBECK_PROFILE`).
    pub profile: Option<String>,
    /// The profiles there are, with their guard levels.
    pub profiles: BTreeMap<String, Guard>,
    /// What the user should know about the settings, one sentence each; the caller prints them.
    pub warnings: Vec<String>,
}

/// Which objects are compared and planned for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManageConfig {
    /// Patterns of schemas; none is all.
    pub schemas: Vec<String>,
    /// Patterns of objects that are left out, perhaps after the word for their kind.
    pub ignore: Vec<String>,
    /// Kinds that are left out.
    pub ignore_kinds: Vec<String>,
    /// Owners are compared.
    pub owners: bool,
    /// Rights are compared.
    pub grants: bool,
}

/// What `limbeck lint` looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintConfig {
    /// Rules that are not looked at.
    pub off: Vec<String>,
    /// Rules whose notes count.
    pub on: Vec<String>,
    /// Tables of fewer rows are passed over.
    pub small_table: u64,
}

impl Default for ManageConfig {
    fn default() -> Self {
        let none = Vec::new;
        let (schemas, ignore, ignore_kinds) = (none(), none(), none());
        Self { schemas, ignore, ignore_kinds, owners: true, grants: true }
    }
}

/// Settings of the providers.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    /// Folder with `initdb`, `postgres`, `pg_ctl`; found when none.
    pub bin_dir: Option<PathBuf>,
    /// Port of the local cluster; a free one when none.
    pub port: Option<u16>,
    /// Compose file; `docker-compose.yml` and its kin when none.
    pub compose_file: Option<PathBuf>,
    /// Compose service; the one with a postgres image when none.
    pub service: Option<String>,
    /// Where binaries may be downloaded from when none are found; see `docs/design/server.md`.
    pub download_url: Option<String>,
    /// PostgreSQL version to download.
    pub version: Option<String>,
    /// `POSTGRES_USER`, `POSTGRES_PASSWORD`, `POSTGRES_DB`, `POSTGRES_PORT` as `.env` or the environment give them.
    pub postgres_user: Option<String>,
    /// See above.
    pub postgres_password: Option<SecretString>,
    /// See above.
    pub postgres_db: Option<String>,
    /// See above.
    pub postgres_port: Option<u16>,
}

/// Settings of the interface.
#[derive(Clone, Debug)]
pub struct TuiConfig {
    /// Theme name or `auto`.
    pub theme: String,
    /// `unicode` or `ascii`.
    pub ascii: bool,
    /// Capture the mouse.
    pub mouse: bool,
    /// Spinners move.
    pub motion: bool,
    /// Key overrides: action name to keys; empty list unbinds.
    pub keys: BTreeMap<String, Vec<String>>,
}
