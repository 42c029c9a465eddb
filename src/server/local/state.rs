//! `.limbeck/`: the folder of everything that belongs to this machine and not to the project.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::user;
use crate::server::ServerError;

/// What is remembered about the cluster between runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// Where data and logs are, when not in `.limbeck/` itself.
    pub(super) home: Option<PathBuf>,
    /// The socket's folder, when not in the home.
    pub(super) socket_dir: Option<PathBuf>,
    /// TCP port of the last start; 0 before the first.
    pub(super) port: u16,
    /// Superuser of the cluster.
    pub(super) user: String,
    /// Binaries of the last start.
    pub(super) bin_dir: PathBuf,
    /// Their version, "15.18".
    pub(super) version: String,
}

impl Remembered {
    /// Whether there was a start since the place was chosen.
    pub(super) fn was_started(&self) -> bool {
        self.port != 0
    }
}

/// The folder and the names in it.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn of(project: &Path) -> Self {
        Self(project.join(".limbeck"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn memory(&self) -> PathBuf {
        self.0.join("cluster.json")
    }

    fn secret(&self) -> PathBuf {
        self.0.join("password")
    }

    /// Makes the folder, hidden from git.
    pub(super) fn create(&self) -> Result<(), ServerError> {
        let made = || -> io::Result<()> {
            if !self.0.is_dir() {
                fs::create_dir_all(&self.0)?;
                user::give_to_owner_of_folder(&self.0);
            }
            let ignore = self.0.join(".gitignore");
            if !ignore.exists() {
                fs::write(&ignore, "*\n")?;
                user::give_to_owner_of_folder(&ignore);
            }
            Ok(())
        };
        made().map_err(|e| ServerError::file("create", &self.0, &e))
    }

    /// What is remembered; none when there is no cluster, or nothing readable about it.
    pub(super) fn recall(&self) -> Option<Remembered> {
        serde_json::from_str(&fs::read_to_string(self.memory()).ok()?).ok()
    }

    pub(super) fn remember(&self, what: &Remembered) -> Result<(), ServerError> {
        let text = serde_json::to_string_pretty(what).unwrap_or_default();
        self.replace(&self.memory(), text.as_bytes())
    }

    /// The superuser's password, where we may read it.
    pub(super) fn password(&self) -> Option<SecretString> {
        fs::read_to_string(self.secret()).ok().map(|text| text.trim_end().to_owned().into())
    }

    pub(super) fn keep_password(&self, password: &SecretString) -> Result<(), ServerError> {
        self.replace(&self.secret(), password.expose_secret().as_bytes())
    }

    /// Forgets the cluster.
    pub(super) fn forget(&self) {
        let _ = fs::remove_file(self.memory());
        let _ = fs::remove_file(self.secret());
    }

    /// Writes a file whole or not at all, readable by its owner alone.
    fn replace(&self, path: &Path, content: &[u8]) -> Result<(), ServerError> {
        let written = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            user::give_to_owner_of_folder(file.path());
            file.persist(path)?;
            Ok(())
        };
        written().map_err(|e| ServerError::file("write", path, &e))
    }

    /// Waits until no other limbeck is starting or stopping this server; the lock ends with the
    /// returned file, or with the process.
    pub(super) async fn lock(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<fs::File, ServerError> {
        let path = self.0.join("cluster.lock");
        let file = fs::OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|e| ServerError::file("open", &path, &e))?;
        user::give_to_owner_of_folder(&path);
        let mut said = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => {
                    if !said {
                        progress("waiting for another limbeck that starts or stops this server");
                        said = true;
                    }
                    tokio::time::sleep(Duration::from_millis(30)).await;
                }
                // A file system without locks: rare, and one runner at a time still works.
                Err(fs::TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {
                    return Ok(file);
                }
                Err(fs::TryLockError::Error(e)) => {
                    return Err(ServerError::file("lock", &path, &e));
                }
            }
        }
    }
}
