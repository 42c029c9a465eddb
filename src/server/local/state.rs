//! `.limbeck/`: the folder of everything that belongs to this machine and not to the project.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
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
    /// It was started and not stopped since: when it is down, something else ended it.
    #[serde(default)]
    pub(super) wanted: bool,
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
        let text = fs::read_to_string(self.memory()).ok()?;
        let mut known: Remembered = serde_json::from_str(&text).ok()?;
        // These are written to, and removed in the end: only folders that we make count, whatever
        // the file says or wherever the server's own settings put its socket.
        known.home = known.home.filter(|path| is_ours(path));
        known.socket_dir = known.socket_dir.filter(|path| is_ours(path));
        Some(known)
    }

    pub(super) fn remember(&self, what: &Remembered) -> Result<(), ServerError> {
        let text = serde_json::to_string_pretty(what).unwrap_or_default();
        self.replace(&self.memory(), text.as_bytes(), 0o644)
    }

    /// The superuser's password, where we may read it.
    pub(super) fn password(&self) -> Option<SecretString> {
        fs::read_to_string(self.secret()).ok().map(|text| text.trim_end().to_owned().into())
    }

    pub(super) fn keep_password(&self, password: &SecretString) -> Result<(), ServerError> {
        self.replace(&self.secret(), password.expose_secret().as_bytes(), 0o600)
    }

    /// Forgets the cluster.
    pub(super) fn forget(&self) {
        let _ = fs::remove_file(self.memory());
        let _ = fs::remove_file(self.secret());
    }

    /// Writes a file whole or not at all.
    fn replace(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), ServerError> {
        let written = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
            file.write_all(content)?;
            file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
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

/// First part of the names of folders that are made outside of the project.
pub(super) const PREFIX: &str = "limbeck-";

/// Folders for temporary things in which we make ours, the more lasting one first.
pub(super) const BASES: [&str; 2] = ["/var/tmp", "/tmp"];

/// Whether a folder is one of those that we make outside of a project.
fn is_ours(folder: &Path) -> bool {
    let named = folder.file_name().is_some_and(|n| n.to_string_lossy().starts_with(PREFIX));
    let base = folder.parent().is_some_and(|p| BASES.iter().any(|base| p == Path::new(base)));
    named && base && fs::symlink_metadata(folder).is_ok_and(|m| m.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_our_own_making_are_recalled() {
        let project = tempfile::tempdir().unwrap();
        let folder = Folder::of(project.path());
        folder.create().unwrap();
        let ours = tempfile::TempDir::with_prefix_in(PREFIX, "/tmp").unwrap();
        let mut known = Remembered {
            home: Some(ours.path().to_owned()),
            socket_dir: Some("/run/postgresql".into()),
            port: 5433,
            user: "app".into(),
            bin_dir: "/b".into(),
            version: "17.1".into(),
            wanted: true,
        };
        folder.remember(&known).unwrap();
        let recalled = folder.recall().unwrap();
        assert_eq!(recalled.home.as_deref(), Some(ours.path()));
        assert_eq!(recalled.socket_dir, None, "set by the server's own settings, not made by us");
        for foreign in ["/", "/tmp/limbeck-not-there", "/home/ann", "/tmp/limbeck-x/../../home"] {
            known.home = Some(foreign.into());
            folder.remember(&known).unwrap();
            assert_eq!(folder.recall().unwrap().home, None, "{foreign}");
        }
    }
}
