//! Everything the settings are made from, handed in by the caller.
//!
//! The environment, the home folder and the flags come as values, since only the command line may
//! look at them. Files that settings point to (`~/.pgpass`, a service file, `root.crt`) are read
//! through [`Files`], so that resolving stays a function of its inputs.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use super::error::ConfigError;

/// All inputs of [`resolve`](super::resolve()).
#[derive(Default)]
pub struct Inputs {
    /// The project folder, absolute.
    pub root: PathBuf,
    /// `limbeck.toml`: its path and text.
    pub toml: Option<(PathBuf, String)>,
    /// `.env`.
    pub dotenv: Option<DotEnv>,
    /// The process's environment.
    pub env: BTreeMap<String, String>,
    /// What the command line said.
    pub flags: Flags,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The operating-system user's name, the default role.
    pub os_user: Option<String>,
}

impl fmt::Debug for Inputs {
    /// Variables may be secret: only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("root", &self.root)
            .field("toml", &self.toml.as_ref().map(|(path, _)| path))
            .field("dotenv", &self.dotenv)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What the command line said.
#[derive(Clone, Default)]
pub struct Flags {
    /// `--database-url`.
    pub database_url: Option<String>,
    /// What it was given by, where that was another option.
    pub url_option: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `-x KEY=VALUE`, as given.
    pub extra: Vec<String>,
    /// Other settings with flags of their own.
    pub settings: Vec<FlagSetting>,
}

/// A setting given by a flag.
#[derive(Clone, Debug)]
pub struct FlagSetting {
    /// Its name as in `limbeck.toml` (`runner.lock_timeout`).
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// The flag (`--lock-timeout`).
    pub flag: String,
}

/// A parsed `.env`.
#[derive(Clone, Default)]
pub struct DotEnv {
    /// Its path.
    pub path: PathBuf,
    /// Its variables, in order; a later one wins.
    pub variables: Vec<(String, String)>,
    /// Its permission bits, where the system has them.
    pub mode: Option<u32>,
}

impl fmt::Debug for DotEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        f.debug_struct("DotEnv")
            .field("path", &self.path)
            .field("variables", &names)
            .field("mode", &self.mode)
            .finish()
    }
}

impl DotEnv {
    /// Collects what a `.env` parser yields, such as `dotenvy::from_path_iter`.
    ///
    /// The parser's own error is dropped: its text repeats the line, which may be a secret.
    pub fn collect<E>(
        path: PathBuf,
        parsed: impl Iterator<Item = Result<(String, String), E>>,
    ) -> Result<Self, ConfigError> {
        let mode = mode(&path);
        let mut variables: Vec<(String, String)> = Vec::new();
        for entry in parsed {
            let Ok(entry) = entry else {
                let place = match variables.last() {
                    Some((name, _)) => format!("a line after `{name}`"),
                    None => "the first line that sets something".to_owned(),
                };
                return Err(ConfigError {
                    file: Some(path),
                    ..ConfigError::new(format!("{place} is not of the form `NAME=value`"))
                }
                .hint("put values with spaces, `#`, `$` or quotes in single quotes"));
            };
            variables.push(entry);
        }
        Ok(Self { path, variables, mode })
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().rev().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// How files that settings point to are read.
pub trait Files {
    /// A file's text and its permission bits, where the system has them.
    fn read(&self, path: &Path) -> io::Result<(String, Option<u32>)>;
    /// Whether there is anything at this path.
    fn exists(&self, path: &Path) -> bool;
}

/// The file system.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<(String, Option<u32>)> {
        Ok((std::fs::read_to_string(path)?, mode(path)))
    }
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|meta| meta.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<u32> {
    None
}

/// Reads `limbeck.toml` of a project, if it is there.
pub fn read_toml(root: &Path) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let path = root.join("limbeck.toml");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError {
            file: Some(path),
            ..ConfigError::new(format!("cannot be read: {error}"))
        }),
    }
}
