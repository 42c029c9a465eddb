//! A server of one test's own: with TLS, with its own `pg_hba.conf`, to be stopped at will.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use limbeck::config::{Connection, SslMode};
use tempfile::TempDir;

use super::server;

/// A running server; stopped and removed when this value is dropped.
pub struct Cluster {
    folder: TempDir,
    account: Option<(u32, u32)>,
    bin_dir: PathBuf,
    postmaster: Child,
    /// TCP port, also part of the socket's name.
    pub port: u16,
}

impl Cluster {
    /// Starts a server with this `pg_hba.conf` and these lines of `postgresql.conf`; `files` are
    /// copied into its data folder, for its user alone.
    pub fn start(hba: &str, settings: &str, files: &[&Path]) -> Self {
        Self::prepared(hba, settings, files, |_| ())
    }

    /// The same, with something done to its data folder before it starts.
    pub fn prepared(
        hba: &str,
        settings: &str,
        files: &[&Path],
        prepare: impl FnOnce(&Path),
    ) -> Self {
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
        let port = free_port();
        let conf = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n\
             fsync = off\nshared_buffers = 8MB\nmax_connections = 20\n{settings}\n",
            data.display()
        );
        fs::write(data.join("postgresql.conf"), conf).expect("our folder");
        prepare(&data);
        let postmaster = launch(&bin_dir, &data, account);
        let mut cluster = Self { folder, account, bin_dir, postmaster, port };
        cluster.wait();
        cluster
    }

    /// With everybody trusted, also through TCP.
    pub fn trusting(settings: &str) -> Self {
        Self::start("host all all 127.0.0.1/32 trust\n", settings, &[])
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Through TCP, for tests that look at it from outside.
    pub fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user("postgres").dbname("postgres");
        config
    }

    /// Through TCP, as limbeck's settings would say it.
    pub fn connection(&self) -> Connection {
        Connection {
            sslmode: SslMode::Disable,
            ..Connection::new("127.0.0.1", self.port, "postgres", "postgres")
        }
    }

    /// A URL that reaches it.
    pub fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// Kills the postmaster, as the kernel does when memory runs out; its children notice and end.
    pub fn kill(&mut self) {
        self.postmaster.kill().expect("our child");
        self.postmaster.wait().expect("our child");
    }

    /// Waits until the postmaster has ended after [`stop`](Self::stop).
    pub fn ended(&mut self) {
        self.postmaster.wait().expect("our child");
    }

    /// Starts it again after it has ended, at the same port.
    pub fn restart(&mut self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            self.postmaster = launch(&self.bin_dir, &self.data(), self.account);
            // What a killed postmaster leaves keeps its shared memory for a moment.
            if self.is_ready() {
                return;
            }
            assert!(Instant::now() < deadline, "the server does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Gives a folder to the account that the server runs as.
    pub fn give(&self, folder: &Path) {
        own(folder, self.account, 0o700);
    }

    /// Adds lines to its settings; they count from the next start or reload.
    pub fn configure(&self, settings: &str) {
        let conf = self.data().join("postgresql.conf");
        let text = fs::read_to_string(&conf).expect("our folder");
        fs::write(&conf, format!("{text}{settings}\n")).expect("our folder");
    }

    /// A copy of this server, which must have ended, as a standby of nobody: it can be read and promoted.
    pub fn standby(&self) -> Self {
        let folder = TempDir::with_prefix("limbeck-db-").expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our folder");
        let data = folder.path().join("data");
        let copied = Command::new("cp").arg("-a").arg(self.data()).arg(&data).status();
        assert!(copied.expect("cp can be run").success());
        fs::write(data.join("standby.signal"), "").expect("our folder");
        own(&data.join("standby.signal"), self.account, 0o600);
        let port = free_port();
        let conf = data.join("postgresql.conf");
        let text = fs::read_to_string(&conf).expect("our folder");
        let there = self.data().display().to_string();
        let text = text.replace(&there, &data.display().to_string());
        fs::write(&conf, format!("{text}port = {port}\n")).expect("our folder");
        let _ = fs::remove_file(data.join("postmaster.pid"));
        let postmaster = launch(&self.bin_dir, &data, self.account);
        let mut copy =
            Self { folder, account: self.account, bin_dir: self.bin_dir.clone(), postmaster, port };
        copy.wait();
        copy
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        let done = program(&self.bin_dir, "pg_ctl", self.account)
            .args(["promote", "--wait", "-D"])
            .arg(self.data())
            .output()
            .expect("pg_ctl can be run");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn wait(&mut self) {
        assert!(self.is_ready(), "the server ended: {}", self.log());
    }

    /// Waits until it takes connections; false when it has ended instead.
    fn is_ready(&mut self) -> bool {
        loop {
            let status = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            let ours = status.lines().next() == Some(&self.postmaster.id().to_string());
            let word = status.lines().nth(7).map(str::trim);
            // A standby only says that it can be read.
            if ours && matches!(word, Some("ready" | "standby")) {
                return true;
            }
            if self.postmaster.try_wait().expect("our child").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data().join("log")).unwrap_or_default()
    }

    /// Through the socket, where everybody is trusted.
    pub fn socket(&self, database: &str) -> Connection {
        let folder = self.data();
        // Only the server's account may enter its data folder.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).expect("our folder");
        Connection::new(folder.to_str().expect("text"), self.port, "postgres", database)
    }

    /// Through TCP as `host`, whatever a name server would say of it.
    pub fn tcp(&self, host: &str, user: &str, database: &str, sslmode: SslMode) -> Connection {
        Connection {
            hostaddrs: vec![Some([127, 0, 0, 1].into())],
            sslmode,
            ..Connection::new(host, self.port, user, database)
        }
    }

    /// Puts another file into the data folder.
    pub fn replace(&self, name: &str, file: &Path) {
        let copy = self.data().join(name);
        fs::copy(file, &copy).expect("our folder");
        own(&copy, self.account, 0o600);
    }

    /// Sends a stop signal: `fast` ends all sessions, `smart` waits for them.
    pub fn stop(&self, mode: &str) {
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

fn free_port() -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    port.expect("a free port").port()
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
