//! Row 33: behind a real `PgBouncer` in transaction mode; skipped, aloud, where it is not installed.

use std::{
    fs,
    io::{Write, stderr},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{Project, TestDb, database, on, run, three};

/// A pooler in front of one database; ends with this value.
struct Pooler {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pooler(db: &TestDb) -> Option<Pooler> {
    let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"]
        .into_iter()
        .find(|path| Path::new(path).exists());
    let Some(program) = program else {
        let _ = writeln!(stderr(), "SKIPPED: there is no `pgbouncer`");
        return None;
    };
    let server = db.server();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("it is at hand")
        .port();
    let (users, settings) = (folder.path().join("users"), folder.path().join("pgbouncer.ini"));
    fs::write(&users, format!("\"{}\" \"\"\n", server.user)).expect("it is at hand");
    let text = format!(
        "[databases]\n{name} = host={} port={} dbname={name} user={} password={}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 5\n",
        server.host,
        server.port,
        server.user,
        server.password,
        users.display(),
        name = db.name
    );
    fs::write(&settings, text).expect("it is at hand");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is at hand");
    let mut command = Command::new(program);
    // It refuses to run as root, as the server does.
    if fs::metadata(&settings).expect("it is at hand").uid() == 0 {
        let (uid, gid) = (65534, 65534);
        for file in [&users, &settings] {
            chown(file, Some(uid), Some(gid)).expect("it is at hand");
        }
        command.uid(uid).gid(gid);
    }
    let child = command
        .arg("-q")
        .arg(&settings)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it can be run");
    let url = format!("postgresql://{}@127.0.0.1:{port}/{}", server.user, db.name);
    let pooler = Pooler { child, url, _folder: folder };
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "pgbouncer does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(pooler)
}

fn through(project: &Project, pooler: &Pooler, args: &[&str]) -> Command {
    let mut command = project.limbeck(args);
    command.env("DATABASE_URL", &pooler.url);
    command
}

/// Locks that nobody gave back shut out every runner.
async fn locks(db: &TestDb) -> i64 {
    let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
               (SELECT oid FROM pg_database WHERE datname = current_database())";
    db.client().await.query_one(sql, &[]).await.expect("it is at hand").get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_33_a_transaction_pooler_is_refused_and_keeps_no_lock() {
    let (project, db) = (three(), database().await);
    let Some(pooler) = pooler(&db) else { return };
    run(&mut through(&project, &pooler, &["status"])).exits(0);
    for args in [&["upgrade", "head"][..], &["stamp", "head"]] {
        let ran = run(&mut through(&project, &pooler, args)).fails("POOLER", 9);
        assert!(ran.err.contains("`--pooler`"), "{}", ran.err);
        assert_eq!(locks(&db).await, 0, "{args:?}");
    }
    // Nothing was done, and the way past the pooler is free.
    run(&mut on(&project, &db, &["current", "--check-heads"])).exits(1);
    run(&mut on(&project, &db, &["upgrade", "head", "--if-locked", "fail"])).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_33_with_pooler_transactions_go_through_it_without_a_lock() {
    let (project, db) = (three(), database().await);
    let Some(pooler) = pooler(&db) else { return };
    run(&mut through(&project, &pooler, &["upgrade", "head", "--pooler"])).exits(0);
    run(&mut through(&project, &pooler, &["upgrade", "head", "--pooler"])).exits(0);
    run(&mut through(&project, &pooler, &["downgrade", "-1", "--pooler"])).exits(0);
    run(&mut through(&project, &pooler, &["stamp", "head", "--pooler"])).exits(0);
    assert_eq!(locks(&db).await, 0);
    let rows = run(&mut on(&project, &db, &["current", "--json"])).exits(0).json();
    assert_eq!(rows["rows"][0], "cccc33333333");

    let path = project.write(
        "migrations/dddd44444444_x.sql",
        "-- x\n--\n-- Revision ID: dddd44444444\n-- Revises: cccc33333333\n\n\
         -- migrate:up transaction:false\n\nVACUUM account;\n",
    );
    let ran = run(&mut through(&project, &pooler, &["upgrade", "head", "--pooler"]));
    let ran = ran.fails("POOLER", 9);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(ran.err.contains(name), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_33_runners_at_once_behind_a_pooler_apply_each_revision_once() {
    let (project, db) = (three(), database().await);
    let Some(pooler) = pooler(&db) else { return };
    let runners: Vec<Child> = (0..6)
        .map(|_| {
            let mut command = through(&project, &pooler, &["upgrade", "head", "--pooler"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("the program can be run")
        })
        .collect();
    let ends: Vec<Option<i32>> =
        runners.into_iter().map(|mut c| c.wait().expect("our child").code()).collect();
    // Losers of the swap fail cleanly (HEAD_MOVED, or a name that is taken); nothing is done twice.
    assert!(ends.contains(&Some(0)), "{ends:?}");
    run(&mut through(&project, &pooler, &["upgrade", "head", "--pooler"])).exits(0);
    let sql = "SELECT count(*) FROM limbeck.history WHERE state = 'applied'";
    let applied: i64 = db.client().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(applied, 3);
}
