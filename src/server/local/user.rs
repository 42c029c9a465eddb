//! As whom the server runs: PostgreSQL refuses root, so root lends it another account.

use std::{
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
};

use nix::unistd::{Uid, User};
use tokio::process::Command;

use crate::server::{ServerError, process};

/// An account to run the server as, different from ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// Its name, or its number where it has none.
    pub(super) name: String,
    uid: u32,
    gid: u32,
}

/// Whether we are root.
pub(super) fn is_root() -> bool {
    Uid::effective().is_root()
}

impl Account {
    /// The account the server must run as; none is our own. `data` is an existing data folder,
    /// whose owner decides; `project` is whose owner is asked when there is no `postgres`.
    pub(super) fn needed(project: &Path, data: Option<&Path>) -> Option<Self> {
        if !is_root() {
            return None;
        }
        let owner = |path: &Path| {
            let found = std::fs::metadata(path).ok()?;
            (found.uid() != 0).then(|| Self::by_id(found.uid(), found.gid()))
        };
        Some(
            data.and_then(owner)
                .or_else(|| Self::by_name("postgres"))
                .or_else(|| owner(project))
                .or_else(|| Self::by_name("nobody"))
                .unwrap_or_else(|| Self::by_id(65_534, 65_534)),
        )
    }

    fn by_name(name: &str) -> Option<Self> {
        let user = User::from_name(name).ok().flatten().filter(|u| !u.uid.is_root())?;
        Some(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() })
    }

    fn by_id(uid: u32, gid: u32) -> Self {
        match User::from_uid(Uid::from_raw(uid)).ok().flatten() {
            Some(user) => Self { name: user.name, uid, gid: user.gid.as_raw() },
            None => Self { name: uid.to_string(), uid, gid },
        }
    }
}

/// Makes `command` run as `account`, or as ourselves, without anything of our environment: the
/// server outlives us, and what is in there is not for it.
pub(super) fn lend(command: &mut Command, account: Option<&Account>) {
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
    if let Some(account) = account {
        // Supplementary groups are dropped with this; the main group stays.
        command.uid(account.uid).gid(account.gid);
    }
}

/// Gives a file or folder to the account and sets its mode.
pub(super) fn give(path: &Path, account: Option<&Account>, mode: u32) -> Result<(), ServerError> {
    let done = (|| -> io::Result<()> {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        if let Some(account) = account {
            chown(path, Some(account.uid), Some(account.gid))?;
        }
        Ok(())
    })();
    done.map_err(|e| ServerError::file("prepare", path, &e))
}

/// Gives a file that root wrote to the owner of the folder it lies in: a developer who once ran
/// something with `sudo` must not be locked out of the project.
pub(super) fn give_to_owner_of_folder(path: &Path) {
    if is_root()
        && let Some(folder) = path.parent()
        && let Ok(found) = std::fs::metadata(folder)
    {
        // Root keeps its access either way.
        let _ = chown(path, Some(found.uid()), Some(found.gid()));
    }
}

/// Whether the account can enter `folder`. Asked by trying, which respects access lists too.
pub(super) async fn can_enter(folder: &Path, account: Option<&Account>) -> bool {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder);
    lend(&mut command, account);
    let limit = std::time::Duration::from_secs(5);
    process::run(&mut command, limit).await.is_ok_and(|ran| ran.ok)
}
