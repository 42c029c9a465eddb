//! Making a cluster: where it lives, `initdb`, and the settings that limbeck keeps in its hands.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;

use super::{
    binaries::Binaries,
    port, state,
    user::{self, Account},
};
use crate::server::{ServerError, process};

/// Settings of a new cluster that a developer may change later; they stand in `postgresql.conf`.
const DEFAULTS: &str = "
# limbeck: settings for development, change them as you like.
log_line_prefix = '%m [%p] %q%u@%d '
log_lock_waits = on

# limbeck: port, socket and log are written here at every start.
include_if_exists = 'limbeck.conf'
";

/// The folders of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home(PathBuf);

impl Home {
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.join("pg/data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(super) fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// The major version of the cluster here; none when there is none, or none complete.
    pub(super) fn major(&self) -> Option<u32> {
        let text = fs::read_to_string(self.data().join("PG_VERSION")).ok()?;
        text.trim().split('.').next()?.parse().ok()
    }

    /// Makes the folders around the data, given to the account that runs the server.
    pub(super) fn prepare(&self, account: Option<&Account>) -> Result<(), ServerError> {
        for (folder, mode) in [("pg", 0o700), ("log", 0o755), ("run", 0o755)] {
            let path = self.0.join(folder);
            fs::create_dir_all(&path).map_err(|e| ServerError::file("create", &path, &e))?;
            user::give(&path, account, mode)?;
        }
        Ok(())
    }

    /// Removes data, logs and sockets.
    pub(super) fn remove(&self) -> Result<(), ServerError> {
        for folder in ["pg", "log", "run"] {
            let path = self.0.join(folder);
            match fs::remove_dir_all(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(ServerError::file("remove", &path, &e));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Chooses where a new cluster lives: the project's own folder, unless the account that root lends
/// cannot get there (a project below `/root`, say).
pub(super) async fn choose_home(
    own: &Path,
    account: Option<&Account>,
) -> Result<Home, ServerError> {
    if user::can_enter(own, account).await {
        return Ok(Home::at(own.to_owned()));
    }
    for base in state::BASES {
        if let Ok(folder) = new_folder(Path::new(base)) {
            user::give(&folder, None, 0o711)?;
            if user::can_enter(&folder, account).await {
                return Ok(Home::at(folder));
            }
            let _ = fs::remove_dir(&folder);
        }
    }
    let name = account.map_or("the server", |a| &a.name);
    Err(ServerError::new(format!("no folder for the cluster that `{name}` can enter")).with_hint(
        "move the project to a folder that other users may enter, or do not run as root",
    ))
}

/// A folder of a name nobody could have prepared.
pub(super) fn new_folder(base: &Path) -> io::Result<PathBuf> {
    tempfile::Builder::new().prefix(state::PREFIX).tempdir_in(base).map(tempfile::TempDir::keep)
}

/// Runs `initdb`, beside the final place: a kill leaves nothing half-made there.
pub(super) async fn create(
    home: &Home,
    binaries: &Binaries,
    account: Option<&Account>,
    superuser: &str,
    password: &SecretString,
) -> Result<(), ServerError> {
    let pg = home.path().join("pg");
    // What an interrupted attempt left. Nobody else can be at it: we hold the lock.
    for entry in fs::read_dir(&pg).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("new-") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let work = tempfile::Builder::new()
        .prefix("new-")
        .tempdir_in(&pg)
        .map_err(|e| ServerError::file("create a folder in", &pg, &e))?;
    user::give(work.path(), account, 0o700)?;
    let secret = work.path().join("password");
    fs::write(&secret, password.expose_secret())
        .map_err(|e| ServerError::file("write", &secret, &e))?;
    user::give(&secret, account, 0o600)?;

    let data = work.path().join("data");
    // `C.UTF-8` sorts the same everywhere and knows letters beyond ASCII; not every system has it.
    let mut ran = initdb(binaries, account, superuser, &secret, &data, "C.UTF-8").await?;
    if !ran.ok && ran.stderr.contains("locale") {
        let _ = fs::remove_dir_all(&data);
        ran = initdb(binaries, account, superuser, &secret, &data, "C").await?;
    }
    if !ran.ok {
        return Err(ServerError::new("`initdb` could not create the cluster")
            .with_hint(format!("the programs are those of `{}`", binaries.dir.display()))
            .with_detail(ran.complaint()));
    }
    let settings = data.join("postgresql.conf");
    append(&settings, DEFAULTS).map_err(|e| ServerError::file("write", &settings, &e))?;
    // An incomplete cluster of old times would be in the way; a complete one is never replaced.
    let place = home.data();
    if place.exists() {
        fs::remove_dir(&place).map_err(|e| {
            ServerError::file("replace", &place, &e)
                .with_hint("it holds files but no cluster (no PG_VERSION): move them away first")
        })?;
    }
    fs::rename(&data, &place).map_err(|e| ServerError::file("create", &place, &e))
}

async fn initdb(
    binaries: &Binaries,
    account: Option<&Account>,
    superuser: &str,
    secret: &Path,
    data: &Path,
    locale: &str,
) -> Result<process::Ran, ServerError> {
    let mut command = Command::new(binaries.dir.join("initdb"));
    command
        .arg(format!("--username={superuser}"))
        .args(["--auth=scram-sha-256", "--encoding=UTF8"])
        .arg(format!("--locale={locale}"))
        .arg("--pwfile")
        .arg(secret)
        .arg("--pgdata")
        .arg(data)
        .current_dir("/");
    user::lend(&mut command, account);
    process::run(&mut command, Duration::from_mins(5))
        .await
        .map_err(|e| ServerError::new(format!("`initdb` cannot be run: {e}")))
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    use io::Write;
    fs::OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes())
}

/// Writes what limbeck decides at each start: addresses and the log.
pub(super) fn configure(
    home: &Home,
    account: Option<&Account>,
    name: &str,
    port: u16,
    socket_dir: &Path,
) -> Result<(), ServerError> {
    let text = format!(
        "# Written by limbeck at every start; your own settings belong into postgresql.conf.\n\
         listen_addresses = '127.0.0.1'\n\
         port = {port}\n\
         unix_socket_directories = {}\n\
         cluster_name = {}\n\
         logging_collector = on\n\
         log_destination = 'stderr'\n\
         log_directory = {}\n\
         log_filename = 'postgresql-%Y-%m-%d.log'\n\
         log_file_mode = 0600\n",
        quote(&socket_dir.to_string_lossy()),
        quote(&cluster_name(name)),
        quote(&home.log().to_string_lossy()),
    );
    let path = home.data().join("limbeck.conf");
    let written = (|| -> io::Result<()> {
        use io::Write;
        // Written under a name of its own, so that nothing prepared there is followed.
        let mut file = tempfile::NamedTempFile::new_in(home.data())?;
        file.write_all(text.as_bytes())?;
        file.persist(&path)?;
        Ok(())
    })();
    written.map_err(|e| ServerError::file("write", &path, &e))?;
    user::give(&path, account, 0o600)
}

/// `cluster_name` as the server takes it: ASCII, at most 63 bytes. It shows in `ps`.
fn cluster_name(project: &str) -> String {
    let name: String = project
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(48)
        .collect();
    format!("limbeck {name}")
}

/// A string as `postgresql.conf` reads it.
fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n");
    format!("'{escaped}'")
}

/// A folder for the socket: in the home where the path is short enough, else in `/tmp`.
pub(super) fn socket_folder(
    home: &Home,
    remembered: Option<&Path>,
    account: Option<&Account>,
) -> Result<PathBuf, ServerError> {
    let own = home.run();
    if port::fits_socket(&own) {
        return Ok(own);
    }
    if let Some(folder) = remembered.filter(|f| f.is_dir() && port::fits_socket(f)) {
        return Ok(folder.to_owned());
    }
    let folder = new_folder(Path::new("/tmp"))
        .map_err(|e| ServerError::file("create a folder in", Path::new("/tmp"), &e))?;
    user::give(&folder, account, 0o755)?;
    Ok(folder)
}

/// Removes what a killed server left of its sockets. The folder is this cluster's alone and no
/// server of it runs; but the process number in the left lock file may live on in something else,
/// and then PostgreSQL would refuse to start.
pub(super) fn clear_sockets(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".s.PGSQL.") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_and_names_survive_the_settings_file() {
        assert_eq!(quote("/home/o'brien/a\\b"), "'/home/o''brien/a\\\\b'");
        assert_eq!(cluster_name("café shop"), "limbeck caf? shop");
        assert!(cluster_name(&"x".repeat(500)).len() <= 63);
    }
}
