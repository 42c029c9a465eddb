//! One PostgreSQL for the whole test run.
//!
//! Test runners start a process for each test, so the server belongs to none of them: whichever
//! test comes first starts it under a file lock, the others find it running, and a small detached
//! shell stops it when no process has held the users' lock for a while. Everything it holds is
//! disposable: a cluster that does not start again is made anew. Where there is room its files live
//! in memory and go with the server: making and dropping databases is making and dropping files.
//!
//! `LIMBECK_TEST_PG_BIN` names the folder of another version's binaries.

use std::{
    collections::hash_map::DefaultHasher,
    fs::{self, File, OpenOptions},
    hash::{Hash, Hasher},
    io::Write,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use nix::sys::statvfs::statvfs;

/// Longest wait for a server that somebody is starting or that recovers.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where files live in memory, and the room that there must be.
const MEMORY: (&str, u64) = ("/dev/shm", 4 << 30);

/// The shared server. All its values are fit for a connection string.
#[derive(Debug)]
pub struct Server {
    /// Address for TCP.
    pub host: String,
    /// TCP port, also part of the socket's name.
    pub port: u16,
    /// Folder of the Unix socket.
    pub socket_dir: PathBuf,
    /// Superuser.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Folder of `initdb`, `postgres`, `pg_ctl`.
    pub bin_dir: PathBuf,
    /// Major version.
    pub major: u32,
    /// The server's log.
    pub log: PathBuf,
    /// Held shared for as long as this process lives; the watchdog wants it alone.
    _users: File,
}

/// The shared server, started if need be.
///
/// # Panics
///
/// Without PostgreSQL binaries, with a sentence that says how to get them; and when the server
/// does not start, with the end of its log.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let bin_dir = binaries();
        Site::new(&bin_dir).serve(bin_dir)
    })
}

/// For tests that start servers of their own.
///
/// # Panics
///
/// Without PostgreSQL binaries, as [`server`] does.
pub fn need_binaries() {
    binaries();
}

/// A client program (`pg_dump`) that speaks to servers of this major version: beside the server, or of
/// a later version. None, said aloud, where there is none.
pub fn client_program(name: &str, server: &Server) -> Option<PathBuf> {
    let named = std::env::var_os("LIMBECK_TEST_PG_BINS").unwrap_or_default();
    let below = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::iter::once(server.bin_dir.clone())
        .chain(std::env::split_paths(&named))
        .chain(below.map(|entry| entry.path().join("bin")))
        .chain(std::env::split_paths(&path))
        .map(|dir| dir.join(name))
        .find(|program| version_of(program).is_some_and(|major| major >= server.major));
    if found.is_none() {
        // Past the capture of the test runner.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `{name}` for PostgreSQL {}", server.major);
    }
    found
}

/// Where the cluster lives and as whom it runs.
struct Site {
    folder: PathBuf,
    socket_dir: PathBuf,
    /// Tells this cluster from those of other checkouts, versions and users.
    tag: String,
    major: u32,
    /// The account to run as, when we are root: PostgreSQL refuses to.
    account: Option<(u32, u32)>,
}

impl Site {
    fn new(bin_dir: &Path) -> Self {
        let major = major_of(bin_dir);
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .expect("cargo's scratch folder lies in the target folder");
        let uid = own_uid();
        let mut hasher = DefaultHasher::new();
        (target, bin_dir, uid).hash(&mut hasher);
        let tag = format!("{:08x}-{major}", hasher.finish() as u32);
        let account = (uid == 0).then(unprivileged_account);

        // Another account must reach the folder, and an ordinary user may not own `target`.
        let mut folder = target.join("test-servers").join(&tag);
        let usable = reachable_by_others(target) || account.is_none();
        if !usable || fs::create_dir_all(&folder).is_err() {
            folder = PathBuf::from(format!("/var/tmp/limbeck-test-{tag}"));
            fs::create_dir_all(&folder).expect("/var/tmp can be written");
        }
        Self {
            folder,
            socket_dir: std::env::temp_dir().join(format!("lbk-{tag}")),
            tag,
            major,
            account,
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Finds the server running or starts it.
    fn serve(self, bin_dir: PathBuf) -> Server {
        let users = lock_file(&self.folder.join("users.lock"));
        users.lock_shared().expect("the users' lock can be taken");
        let start = lock_file(&self.folder.join("start.lock"));
        start.lock().expect("the start lock can be taken");

        let port = self.running_port().unwrap_or_else(|| {
            self.start(&bin_dir).unwrap_or_else(|first| {
                // Left behind by a killed run in a state that nothing recovers from.
                let _ = fs::remove_dir_all(self.data());
                self.start(&bin_dir).unwrap_or_else(|second| {
                    panic!("the test server does not start: {second}\n(before that: {first})")
                })
            })
        });
        let password = fs::read_to_string(self.folder.join("password"))
            .expect("a cluster has its password beside it");
        drop(start);
        Server {
            host: "127.0.0.1".into(),
            port,
            socket_dir: self.socket_dir.clone(),
            user: "postgres".into(),
            password,
            bin_dir,
            major: self.major,
            log: self.log(),
            _users: users,
        }
    }

    /// The port of a server that accepts connections now.
    fn running_port(&self) -> Option<u16> {
        let pid_file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        let mut lines = pid_file.lines();
        let port: u16 = lines.nth(3)?.trim().parse().ok()?;
        let status = lines.nth(3)?.trim();
        let socket = self.socket_dir.join(format!(".s.PGSQL.{port}"));
        (status == "ready" && UnixStream::connect(socket).is_ok()).then_some(port)
    }

    fn start(&self, bin_dir: &Path) -> Result<u16, String> {
        if !self.data().join("PG_VERSION").exists() {
            self.create(bin_dir)?;
        }
        fs::create_dir_all(&self.socket_dir).map_err(|e| e.to_string())?;
        self.give_away(&self.socket_dir, 0o755);
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Somebody may take the port between this and the server's own bind: then once more.
            let port = TcpListener::bind(("127.0.0.1", 0))
                .and_then(|l| l.local_addr())
                .map_err(|e| e.to_string())?
                .port();
            let mut child = self.spawn(bin_dir, port)?;
            loop {
                if let Some(port) = self.running_port() {
                    self.watch(port);
                    self.sweep(port);
                    return Ok(port);
                }
                if Instant::now() > deadline {
                    return Err(format!("no answer in {PATIENCE:?}\n{}", self.log_tail()));
                }
                if child.try_wait().map_err(|e| e.to_string())?.is_some() {
                    if self.log_tail().contains("could not bind") {
                        break;
                    }
                    return Err(self.log_tail());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// Makes the cluster beside its final place, so that a kill leaves nothing half-made there.
    fn create(&self, bin_dir: &Path) -> Result<(), String> {
        let home = self.home();
        let data = home.with_extension("new");
        for left in [&data, &home, &self.data()] {
            let _ = fs::remove_dir_all(left);
        }
        fs::create_dir(&data).map_err(|e| e.to_string())?;
        self.give_away(&data, 0o700);

        let mut random = [0_u8; 12];
        getrandom::fill(&mut random).map_err(|e| e.to_string())?;
        let password = random.iter().fold(String::new(), |text, b| format!("{text}{b:02x}"));
        let secret = self.folder.join("password");
        let _ = fs::remove_file(&secret);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&secret)
            .and_then(|mut f| f.write_all(password.as_bytes()))
            .map_err(|e| e.to_string())?;
        self.give_away(&secret, 0o600);

        let made = self
            .program(bin_dir, "initdb")
            .arg("--no-sync")
            .args(["--username=postgres", "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C"])
            .arg(format!("--pwfile={}", secret.display()))
            .arg(format!("--pgdata={}", data.display()))
            .output()
            .map_err(|e| format!("`initdb` cannot be run: {e}"))?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned());
        }
        let settings = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n\
            max_connections = 300\nmax_locks_per_transaction = 256\nshared_buffers = 64MB\n\
            max_prepared_transactions = 10\nlog_line_prefix = '%m [%p] %q%u@%d %a '\n\
            timezone = 'UTC'\nlog_timezone = 'UTC'\n";
        OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .and_then(|mut f| f.write_all(settings.as_bytes()))
            .map_err(|e| e.to_string())?;
        fs::rename(&data, &home).map_err(|e| e.to_string())?;
        if home != self.data() {
            symlink(&home, self.data()).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    /// Where a new cluster is made: in memory if that has room, else where it is looked for.
    fn home(&self) -> PathBuf {
        let (memory, room) = MEMORY;
        match statvfs(memory) {
            Ok(found) if found.fragment_size() * found.blocks_available() >= room => {
                Path::new(memory).join(format!("limbeck-test-{}", self.tag))
            }
            _ => self.data(),
        }
    }

    /// Starts the server in a process group of its own: the end of this test must not end it.
    fn spawn(&self, bin_dir: &Path, port: u16) -> Result<std::process::Child, String> {
        let log = File::create(self.log()).map_err(|e| e.to_string())?;
        let also = log.try_clone().map_err(|e| e.to_string())?;
        self.program(bin_dir, "postgres")
            .arg("-D")
            .arg(self.data())
            .arg(format!("--port={port}"))
            .arg("--listen_addresses=127.0.0.1")
            .arg(format!("--unix_socket_directories={}", self.socket_dir.display()))
            .stdout(log)
            .stderr(also)
            .process_group(0)
            .spawn()
            .map_err(|e| format!("`postgres` cannot be run: {e}"))
    }

    /// Leaves a shell behind that stops the server once nobody has used it for about 20 seconds.
    #[expect(clippy::zombie_processes, reason = "it is to outlive this process")]
    fn watch(&self, port: u16) {
        const SCRIPT: &str = r#"
            data=$1 lock=$2 port=$3 idle=0
            serving() { [ "$(sed -n 4p "$data/postmaster.pid" 2>/dev/null)" = "$port" ]; }
            while sleep 5 && serving; do
                exec 9>>"$lock"
                if command -v flock >/dev/null; then flock -n -x 9
                else perl -e 'use Fcntl ":flock"; open my $f, ">>&=9" or exit 1; exit !flock($f, LOCK_EX|LOCK_NB)'
                fi && idle=$((idle + 1)) || idle=0
                if [ $idle -ge 4 ]; then
                    pid=$(sed -n 1p "$data/postmaster.pid")
                    kill -INT "$pid"
                    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
                    [ -L "$data" ] && rm -rf "$(readlink "$data")" "$data"
                    exit
                fi
                exec 9>&-
            done"#;
        let watchdog = Command::new("sh")
            .args(["-c", SCRIPT, "limbeck-test-watchdog"])
            .arg(self.data())
            .arg(self.folder.join("users.lock"))
            .arg(port.to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        watchdog.expect("`sh` can be run");
    }

    /// Drops what killed tests left behind; nobody else can be using the server yet.
    fn sweep(&self, port: u16) {
        let password = fs::read_to_string(self.folder.join("password")).unwrap_or_default();
        super::database::on_a_thread(async move {
            let mut config = tokio_postgres::Config::new();
            config.host("127.0.0.1").port(port).user("postgres").password(password);
            let client = super::database::open(config.dbname("postgres")).await;
            let left = client
                .query("SELECT format('%I', datname) FROM pg_database WHERE datname ^@ 't_'", &[])
                .await
                .expect("the databases can be listed");
            for row in left {
                let _ =
                    client.batch_execute(&format!("DROP DATABASE {}", row.get::<_, &str>(0))).await;
            }
        });
    }

    fn program(&self, bin_dir: &Path, name: &str) -> Command {
        let mut command = Command::new(bin_dir.join(name));
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some((uid, gid)) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn give_away(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own path");
        if let Some((uid, gid)) = self.account {
            chown(path, Some(uid), Some(gid)).expect("root may give files away");
        }
    }

    fn log_tail(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

fn lock_file(path: &Path) -> File {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .expect("the test server's folder can be written")
}

/// `LIMBECK_TEST_PG_BIN`, else the newest installation found.
fn binaries() -> PathBuf {
    if let Some(dir) = std::env::var_os("LIMBECK_TEST_PG_BIN") {
        let dir = PathBuf::from(dir);
        assert!(complete(&dir), "LIMBECK_TEST_PG_BIN={} has no initdb and postgres", dir.display());
        return dir;
    }
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let beside_links = std::env::split_paths(&on_path).filter_map(|dir| {
        fs::canonicalize(dir.join("postgres")).ok()?.parent().map(Path::to_owned)
    });
    let below = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"]
        .into_iter()
        .filter_map(|dir| fs::read_dir(dir).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path().join("bin")))
        .filter(|dir| dir.parent() != Some(Path::new("/usr/local")));
    for dir in beside_links.chain(below) {
        if complete(&dir) {
            found.push((major_of(&dir), dir));
        }
    }
    found.sort();
    found.pop().map(|(_, dir)| dir).expect(
        "these tests need PostgreSQL's server programs (initdb, postgres): install them with \
         `apt-get install postgresql` or `brew install postgresql`, or name their folder in \
         LIMBECK_TEST_PG_BIN",
    )
}

fn complete(dir: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| dir.join(name).is_file())
}

fn major_of(bin_dir: &Path) -> u32 {
    version_of(&bin_dir.join("postgres")).expect("`postgres --version` prints a version")
}

/// The major version that a program of PostgreSQL names.
fn version_of(program: &Path) -> Option<u32> {
    let out = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let version = text.split_whitespace().nth(2)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Whether every folder on the way can be entered by anybody.
fn reachable_by_others(path: &Path) -> bool {
    path.ancestors().all(|p| fs::metadata(p).is_ok_and(|m| m.mode() & 0o001 != 0))
}

fn own_uid() -> u32 {
    tempfile::tempfile()
        .and_then(|file| file.metadata())
        .expect("a temporary file can be made")
        .uid()
}

fn unprivileged_account() -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = passwd.lines().find(|l| l.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).unwrap_or((65534, 65534))
}
