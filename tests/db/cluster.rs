//! A server of one test's own: with TLS, with its own `pg_hba.conf`, to be stopped at will.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use limbeck::config::{Connection, SslMode};
use tempfile::TempDir;

use crate::support::server;

/// A running server; stopped and removed when this value is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    account: Option<(u32, u32)>,
    bin_dir: PathBuf,
    postmaster: Child,
    pub(crate) port: u16,
}

impl Cluster {
    /// Starts a server with this `pg_hba.conf` and these lines of `postgresql.conf`; `files` are
    /// copied into its data folder, for its user alone.
    pub(crate) fn start(hba: &str, settings: &str, files: &[&Path]) -> Self {
        let bin_dir = server().bin_dir.clone();
        let folder = TempDir::with_prefix("limbeck-db-").expect("a temporary folder");
        let root = fs::metadata(folder.path()).expect("our folder").uid() == 0;
        // PostgreSQL refuses to run as root.
        let account = root.then(|| {
            let home =
                fs::metadata(server().log.with_file_name("data")).expect("the shared server");
            (home.uid(), home.gid())
        });
        let data = folder.path().join("data");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our folder");
        fs::create_dir(&data).expect("our folder");
        own(&data, account, 0o700);
        let made = program(&bin_dir, "initdb", account)
            .args(["--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C", "-D"])
            .arg(&data)
            .output()
            .expect("initdb can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for file in files {
            let copy = data.join(file.file_name().expect("a file"));
            fs::copy(file, &copy).expect("our folder");
            own(&copy, account, 0o600);
        }
        fs::write(data.join("pg_hba.conf"), format!("local all all trust\n{hba}"))
            .expect("our folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
        let port = port.expect("a free port").port();
        let conf = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n\
             fsync = off\nshared_buffers = 8MB\nmax_connections = 20\n{settings}\n",
            data.display()
        );
        fs::write(data.join("postgresql.conf"), conf).expect("our folder");
        let postmaster = launch(&bin_dir, &data, account);
        let mut cluster = Self { folder, account, bin_dir, postmaster, port };
        cluster.wait();
        cluster
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn wait(&mut self) {
        loop {
            let status = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            if status.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return;
            }
            let ended = self.postmaster.try_wait().expect("our child");
            assert!(ended.is_none(), "the server ended: {}", self.log());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.data().join("log")).unwrap_or_default()
    }

    /// Through the socket, where everybody is trusted.
    pub(crate) fn socket(&self, database: &str) -> Connection {
        let folder = self.data();
        // Only the server's account may enter its data folder.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).expect("our folder");
        Connection::new(folder.to_str().expect("text"), self.port, "postgres", database)
    }

    /// Through TCP as `host`, whatever a name server would say of it.
    pub(crate) fn tcp(
        &self,
        host: &str,
        user: &str,
        database: &str,
        sslmode: SslMode,
    ) -> Connection {
        Connection {
            hostaddrs: vec![Some([127, 0, 0, 1].into())],
            sslmode,
            ..Connection::new(host, self.port, user, database)
        }
    }

    /// Puts another file into the data folder.
    pub(crate) fn replace(&self, name: &str, file: &Path) {
        let copy = self.data().join(name);
        fs::copy(file, &copy).expect("our folder");
        own(&copy, self.account, 0o600);
    }

    /// Sends a stop signal: `fast` ends all sessions, `smart` waits for them.
    pub(crate) fn stop(&self, mode: &str) {
        let stopped = program(&self.bin_dir, "pg_ctl", self.account)
            .args(["stop", "--no-wait", "-m", mode, "-D"])
            .arg(self.data())
            .output()
            .expect("pg_ctl can be run");
        assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = program(&self.bin_dir, "pg_ctl", self.account)
            .args(["stop", "-m", "immediate", "-D"])
            .arg(self.data())
            .output();
        let _ = self.postmaster.wait();
    }
}

fn launch(bin_dir: &Path, data: &Path, account: Option<(u32, u32)>) -> Child {
    let log = fs::File::create(data.join("log")).expect("our folder");
    own(&data.join("log"), account, 0o600);
    program(bin_dir, "postgres", account)
        .arg("-D")
        .arg(data)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("postgres can be run")
}

fn own(path: &Path, account: Option<(u32, u32)>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own path");
    if let Some((uid, gid)) = account {
        chown(path, Some(uid), Some(gid)).expect("root may give files away");
    }
}

fn program(bin_dir: &Path, name: &str, account: Option<(u32, u32)>) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(bin_dir.join(name));
    command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    if let Some((uid, gid)) = account {
        command.uid(uid).gid(gid);
    }
    command
}
