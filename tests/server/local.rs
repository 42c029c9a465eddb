//! The local cluster, from nothing to nothing, through everything that can happen to it.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use limbeck::{
    code::Code,
    config::ServerConfig,
    server::{Kind, Provider, State},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};
use tempfile::TempDir;

use super::{log_in, quiet, skipped, support, value};

/// A project whose cluster is removed in the end, whatever happens.
struct Site {
    folder: TempDir,
    root: PathBuf,
}

impl Site {
    fn new() -> Self {
        Self::at("project")
    }

    /// A project in a folder of this name.
    fn at(name: &str) -> Self {
        support::need_binaries();
        let folder = TempDir::with_prefix_in("lbk-", "/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let root = folder.path().join(name);
        fs::create_dir_all(&root).unwrap();
        Self { folder, root }
    }

    fn with(&self, config: &ServerConfig) -> Provider {
        let bin_dir = std::env::var_os("LIMBECK_TEST_PG_BIN").map(PathBuf::from);
        let config = ServerConfig { bin_dir, ..config.clone() };
        Provider::local(&self.root, "My Shop", &config)
    }

    fn provider(&self) -> Provider {
        self.with(&ServerConfig::default())
    }

    fn data(&self) -> PathBuf {
        self.root.join(".limbeck/pg/data")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let provider = self.provider();
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(provider.destroy(&quiet))
        });
        if let Ok(Err(error)) = done.join() {
            eprintln!("{}: {error}", self.folder.path().display());
        }
    }
}

fn pid_of(state: &State) -> i32 {
    match state {
        State::Running { id, since } => {
            assert!(since.is_some());
            id.parse().unwrap()
        }
        other => panic!("not running: {other:?}"),
    }
}

#[tokio::test]
async fn the_whole_life() {
    let site = Site::new();
    let provider = site.provider();
    assert_eq!(provider.kind(), Kind::Local);
    let status = provider.status().await;
    assert_eq!((status.state, status.data, status.port), (State::Absent, None, None));
    assert!(provider.connection().is_none());
    assert!(provider.needs_download().await.is_none());
    assert!(!site.root.join(".limbeck").exists(), "asking leaves no trace");

    let said = Mutex::new(Vec::new());
    let hear = |line: &str| said.lock().unwrap().push(line.to_owned());
    let connection = provider.start(&hear).await.unwrap();
    assert_eq!(connection.database, "my_shop");
    let said = said.into_inner().unwrap().join("\n");
    for stage in ["creating a cluster", "starting PostgreSQL", "creating the database `my_shop`"] {
        assert!(said.contains(stage), "{stage}: {said}");
    }

    // Running, as status and the server itself tell it.
    let status = provider.status().await;
    let pid = pid_of(&status.state);
    assert_eq!(status.port, Some(connection.ports[0]));
    assert_eq!(status.data.as_deref(), Some(".limbeck/pg/data"));
    assert!(status.summary.starts_with("local cluster · PostgreSQL "), "{}", status.summary);
    assert!(status.socket.unwrap().is_dir());
    let client = log_in(&connection).await.unwrap();
    assert_eq!(value(&client, "SHOW fsync").await, "on");
    assert_eq!(value(&client, "SHOW server_encoding").await, "UTF8");
    assert_eq!(value(&client, "SHOW listen_addresses").await, "127.0.0.1");
    assert_eq!(value(&client, "SHOW cluster_name").await, "limbeck My Shop");
    assert_eq!(value(&client, "SELECT current_user::text").await, "postgres");

    // Nobody gets in without the password, which nobody else may read.
    let stranger = connection.clone().with_password("guess");
    assert!(log_in(&stranger).await.is_err());
    let hba = fs::read_to_string(site.data().join("pg_hba.conf")).unwrap();
    assert!(!hba.lines().any(|l| !l.starts_with('#') && l.contains("trust")), "{hba}");
    let secret = fs::metadata(site.root.join(".limbeck/password")).unwrap();
    assert_eq!(secret.mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(site.root.join(".limbeck/.gitignore")).unwrap(), "*\n");

    // Starting what runs changes nothing.
    provider.start(&quiet).await.unwrap();
    assert_eq!(pid_of(&provider.status().await.state), pid);

    // The log, its end and what comes after.
    let mut position = provider.log_position().await;
    assert!(client.batch_execute("SELECT this_column_is_not_there").await.is_err());
    let mut new = Vec::new();
    while !new.iter().any(|line: &String| line.contains("this_column_is_not_there")) {
        new.extend(provider.log_since(&mut position).await.unwrap());
        tokio::task::yield_now().await;
    }
    assert!(provider.logs(500).await.unwrap().iter().any(|l| l.contains("ready to accept")));
    assert_eq!(provider.logs(1).await.unwrap().len(), 1);

    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.unwrap();
    provider.stop(&quiet).await.unwrap();
    assert_eq!(provider.status().await.state, State::Stopped);
    provider.stop(&quiet).await.unwrap();
    assert!(log_in(&connection).await.is_err());

    let again = provider.start(&quiet).await.unwrap();
    assert_eq!(again.ports, connection.ports, "the port is remembered");
    let client = log_in(&again).await.unwrap();
    assert_eq!(value(&client, "SELECT n::text FROM kept").await, "42");

    provider.destroy(&quiet).await.unwrap();
    assert_eq!(provider.status().await.state, State::Absent);
    assert!(provider.connection().is_none());
    assert!(!site.data().exists());
}

/// The same as a user without rights.
#[test]
fn an_ordinary_user_gets_the_same() {
    if !Uid::effective().is_root() {
        return skipped("not root: the other tests already run as an ordinary user");
    }
    let program = std::env::current_exe().unwrap();
    let as_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).current_dir("/");
        command
    };
    let reachable = as_nobody().args(["test", "-x"]).arg(&program).status();
    if !reachable.is_ok_and(|status| status.success()) {
        return skipped("another user cannot run this test program (or there is no `setpriv`)");
    }
    let out = as_nobody()
        .arg(&program)
        .args(["the_whole_life", "stale", "killed", "taken", "at_once", "--test-threads=2"])
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}{complained}");
    assert!(said.contains("the_whole_life ... ok"), "{said}");
}

#[tokio::test]
async fn a_stale_pid_file_is_recognised() {
    let site = Site::new();
    let provider = site.provider();
    provider.start(&quiet).await.unwrap();
    let pid_file = site.data().join("postmaster.pid");
    let text = fs::read_to_string(&pid_file).unwrap();
    provider.stop(&quiet).await.unwrap();

    // After a restart of the machine the number may belong to anything: to us, here.
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[0] = std::process::id().to_string();
    fs::write(&pid_file, lines.join("\n") + "\n").unwrap();
    let lock = format!(".limbeck/run/.s.PGSQL.{}.lock", lines[3]);
    fs::write(site.root.join(lock), lines.join("\n") + "\n").unwrap();
    assert_eq!(provider.status().await.state, State::Stopped);
    provider.stop(&quiet).await.unwrap();
    let connection = provider.start(&quiet).await.unwrap();
    log_in(&connection).await.unwrap();
}

#[tokio::test]
async fn a_killed_server_comes_back_with_its_data() {
    let site = Site::new();
    let provider = site.provider();
    let connection = provider.start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.unwrap();
    let pid = pid_of(&provider.status().await.state);
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    while matches!(provider.status().await.state, State::Running { .. }) {
        tokio::task::yield_now().await;
    }
    assert_eq!(provider.status().await.state, State::Stopped);
    // Its children may still be there: the start waits for them.
    let connection = provider.start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    assert_eq!(value(&client, "SELECT n::text FROM kept").await, "42");
}

#[tokio::test]
async fn a_port_that_was_taken_meanwhile_is_replaced() {
    let site = Site::new();
    let provider = site.provider();
    let first = provider.start(&quiet).await.unwrap().ports[0];
    provider.stop(&quiet).await.unwrap();
    let _other = TcpListener::bind(("127.0.0.1", first)).unwrap();
    let said = Mutex::new(Vec::new());
    let hear = |line: &str| said.lock().unwrap().push(line.to_owned());
    let second = provider.start(&hear).await.unwrap().ports[0];
    assert_ne!(first, second);
    assert!(said.into_inner().unwrap().iter().any(|line| line.contains("is taken")));
    assert_eq!(site.provider().connection().unwrap().ports, [second], "and remembered");

    // One that the settings insist on is not replaced behind their back.
    provider.stop(&quiet).await.unwrap();
    let config = ServerConfig { port: Some(first), ..ServerConfig::default() };
    let error = site.with(&config).start(&quiet).await.unwrap_err();
    assert!(error.message.contains(&format!("port {first} is taken")), "{error}");
    assert!(error.hint.unwrap().contains("server.local.port"));
}

#[tokio::test]
async fn two_starts_at_once_make_one_server() {
    let site = Site::new();
    let (one, two) = (site.provider(), site.provider());
    let (a, b) = tokio::join!(one.start(&quiet), two.start(&quiet));
    assert_eq!(a.unwrap().ports, b.unwrap().ports);
    pid_of(&one.status().await.state);
    // Nor do a start and a stop get into each other's way.
    let (stopped, started) = tokio::join!(one.stop(&quiet), two.start(&quiet));
    stopped.unwrap();
    started.unwrap();
}

#[tokio::test]
async fn stopping_ends_open_transactions() {
    let site = Site::new();
    let provider = site.provider();
    let connection = provider.start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    client.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    client.batch_execute("BEGIN; INSERT INTO t VALUES (1)").await.unwrap();
    provider.stop(&quiet).await.unwrap();
    assert_eq!(provider.status().await.state, State::Stopped);
    assert!(client.batch_execute("COMMIT").await.is_err());
    let connection = provider.start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    assert_eq!(value(&client, "SELECT count(*)::text FROM t").await, "0");
}

#[tokio::test]
async fn long_paths_and_odd_names_do_no_harm() {
    for name in ["deep/".repeat(30), "it's \"odd\" $HOME `x` a,b \\ é".to_owned()] {
        let site = Site::at(&name);
        let provider = site.provider();
        let connection = provider.start(&quiet).await.unwrap();
        log_in(&connection).await.unwrap();
        let socket = provider.status().await.socket.unwrap();
        assert!(socket.as_os_str().len() < 80, "{}", socket.display());
        provider.stop(&quiet).await.unwrap();
        provider.start(&quiet).await.unwrap();
        assert_eq!(provider.status().await.socket.unwrap(), socket, "remembered");
        provider.destroy(&quiet).await.unwrap();
        assert!(!socket.exists(), "and removed");
    }
}

#[tokio::test]
async fn a_folder_that_the_server_s_user_cannot_enter() {
    if !Uid::effective().is_root() {
        return skipped("only root lends the server another user");
    }
    let site = Site::new();
    fs::set_permissions(site.folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let provider = site.provider();
    let connection = provider.start(&quiet).await.unwrap();
    log_in(&connection).await.unwrap();
    let data = provider.status().await.data.unwrap();
    assert!(data.starts_with("/var/tmp/limbeck-"), "{data}");
    // Another look finds the same one.
    assert_eq!(site.provider().status().await.data.as_deref(), Some(data.as_str()));
    provider.destroy(&quiet).await.unwrap();
    assert!(!Path::new(&data).parent().unwrap().parent().unwrap().exists());
}

#[tokio::test]
async fn a_server_of_root_does_not_run_as_root() {
    if !Uid::effective().is_root() {
        return skipped("only root lends the server another user");
    }
    let site = Site::new();
    let provider = site.provider();
    provider.start(&quiet).await.unwrap();
    let owner = fs::metadata(site.data()).unwrap().uid();
    assert_ne!(owner, 0);
    let pid = pid_of(&provider.status().await.state);
    assert_eq!(fs::metadata(format!("/proc/{pid}")).unwrap().uid(), owner);
}

#[tokio::test]
async fn the_compose_file_s_names_are_used() {
    let site = Site::new();
    let config = ServerConfig {
        postgres_user: Some("An App".into()),
        postgres_password: Some("se cr'et\"\\".to_owned().into()),
        postgres_db: Some("Big Shop".into()),
        ..ServerConfig::default()
    };
    let provider = site.with(&config);
    let connection = provider.start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    assert_eq!(value(&client, "SELECT current_user::text").await, "An App");
    assert_eq!(value(&client, "SELECT current_database()::text").await, "Big Shop");
    // A database that is asked for later is made then.
    let config = ServerConfig { postgres_db: Some("other".into()), ..config };
    let connection = site.with(&config).start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    assert_eq!(value(&client, "SELECT current_database()::text").await, "other");
}

#[tokio::test]
async fn a_failing_start_shows_the_server_s_own_words() {
    let site = Site::new();
    let provider = site.provider();
    provider.start(&quiet).await.unwrap();
    provider.stop(&quiet).await.unwrap();
    let settings = site.data().join("postgresql.conf");
    let before = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{before}\nno_such_setting = 1\n")).unwrap();
    let error = provider.start(&quiet).await.unwrap_err();
    assert_eq!(error.code, Code::Server);
    assert!(error.detail.unwrap().contains("no_such_setting"));
    assert!(error.hint.unwrap().contains("postgresql.conf"));
    assert_eq!(provider.status().await.state, State::Stopped);
    fs::write(&settings, before).unwrap();
    provider.start(&quiet).await.unwrap();
}

#[tokio::test]
async fn an_interrupted_initdb_is_begun_anew() {
    let site = Site::new();
    fs::create_dir_all(site.root.join(".limbeck/pg/new-left/data/base")).unwrap();
    let provider = site.provider();
    assert_eq!(provider.status().await.state, State::Absent);
    provider.start(&quiet).await.unwrap();
    assert!(!site.root.join(".limbeck/pg/new-left").exists());
}

#[tokio::test]
async fn a_cluster_of_a_version_that_is_gone_says_so() {
    let site = Site::new();
    fs::create_dir_all(site.data()).unwrap();
    fs::write(site.data().join("PG_VERSION"), "11\n").unwrap();
    let provider = site.provider();
    assert_eq!(provider.status().await.state, State::Stopped);
    let error = provider.start(&quiet).await.unwrap_err();
    assert!(error.message.contains("was made by PostgreSQL 11"), "{error}");
    assert!(error.hint.unwrap().contains("install PostgreSQL 11"));
}

#[tokio::test]
async fn psql_gets_the_password_without_showing_it() {
    use secrecy::ExposeSecret;
    let site = Site::new();
    let provider = site.provider();
    let connection = provider.start(&quiet).await.unwrap();
    let command = provider.psql_command(&connection);
    let password = connection.password.unwrap();
    assert!(!format!("{command:?}").contains(password.expose_secret()));
    assert!(command.args.is_empty());
    let out = Command::new(&command.program)
        .args(&command.args)
        .args(["-X", "-At", "-c", "SELECT current_database()"])
        .envs(command.envs)
        .output();
    match out {
        Ok(out) => assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "my_shop"),
        Err(_) => skipped("there is no `psql`"),
    }
}
