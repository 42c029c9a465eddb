//! Row 10: the server's disk is full, made with small file systems of the test's own.

use std::{io::Write, path::Path, process::Command, sync::Arc};

use limbeck::{db::Connector, engine::Engine, revision::History};
use tempfile::TempDir;

use crate::support::{Cluster, kit::*};

/// A file system in memory, unmounted with this value.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None, said aloud, where this user may not mount.
    fn new(megabytes: u32) -> Option<Self> {
        let disk = Self(TempDir::with_prefix("limbeck-disk-").unwrap());
        let done = disk.mount(&format!("size={megabytes}m,mode=755"));
        if !done {
            // Past the capture of the test runner.
            let _ = writeln!(std::io::stderr(), "SKIPPED: this user may not mount a small disk");
        }
        done.then_some(disk)
    }

    fn mount(&self, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0.path());
        command.output().is_ok_and(|done| done.status.success())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Somebody has made room.
    fn grow(&self) {
        assert!(self.mount("remount,size=512m,mode=755"));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

fn on(cluster: &Cluster, history: &Arc<History>) -> Engine {
    Engine {
        history: history.clone(),
        link: Connector::new(cluster.connection()).into(),
        options: options(),
    }
}

async fn client(cluster: &Cluster) -> tokio_postgres::Client {
    let (client, connection) = cluster.config().connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A server with a tablespace `small` on a small disk.
async fn tablespace(disk: &SmallDisk) -> Cluster {
    let cluster = Cluster::trusting("");
    std::fs::create_dir(disk.path().join("space")).unwrap();
    let space = disk.path().join("space");
    std::fs::set_permissions(disk.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    cluster.give(&space);
    let sql = format!("CREATE TABLESPACE small LOCATION '{}'", space.display());
    client(&cluster).await.batch_execute(&sql).await.unwrap();
    cluster
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_10_a_full_disk_in_a_transaction_is_rolled_back() {
    let Some(disk) = SmallDisk::new(8) else { return };
    let cluster = tablespace(&disk).await;
    let big = "CREATE TABLE little ();\nCREATE TABLE big TABLESPACE small AS \
               SELECT repeat('x', 1000) AS t FROM generate_series(1, 20000);";
    let engine = on(&cluster, &chain(&[("CREATE TABLE a ();", ""), (big, "")]));
    let error = up(&engine).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.code.exit_status()), ("DISK_FULL", 8), "{error:?}");
    assert!(error.state.as_deref().unwrap().contains("rolled back"), "{error:?}");
    assert!(error.hint.as_deref().unwrap().contains("make room"), "{error:?}");
    let failure = error.failure.unwrap();
    assert_eq!((failure.statement, failure.sqlstate.as_deref()), (2, Some("53100")));
    let client = client(&cluster).await;
    let gone = "SELECT to_regclass('little') IS NULL AND to_regclass('big') IS NULL";
    assert!(client.query_one(gone, &[]).await.unwrap().get::<_, bool>(0));
    disk.grow();
    assert_eq!(up(&engine).await.unwrap().done.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_10_a_full_disk_in_an_index_build_leaves_no_invalid_index() {
    let Some(disk) = SmallDisk::new(4) else { return };
    let cluster = tablespace(&disk).await;
    let client = client(&cluster).await;
    let big =
        "CREATE TABLE big AS SELECT n, repeat('x', 100) || n AS t FROM generate_series(1, 60000) n";
    client.batch_execute(big).await.unwrap();
    let script = "INSERT INTO big VALUES (0, 'once');\n\
                  CREATE INDEX CONCURRENTLY big_idx ON big (t) TABLESPACE small;";
    let engine = on(&cluster, &files(&[loose("r001", "", script)]));
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "DISK_FULL", "{error:?}");
    assert!(error.state.as_deref().unwrap().contains("1 of 2 statements"), "{error:?}");
    let left = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    disk.grow();
    up(&engine).await.unwrap();
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'big_idx'::regclass";
    assert!(client.query_one(valid, &[]).await.unwrap().get::<_, bool>(0));
    let once = "SELECT count(*) FROM big WHERE n = 0";
    assert_eq!(client.query_one(once, &[]).await.unwrap().get::<_, i64>(0), 1);
}

/// The server itself cannot go on: it ends in the middle of the run, as in row 3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_10_a_full_write_ahead_log_is_a_crash() {
    let Some(disk) = SmallDisk::new(40) else { return };
    let wal = disk.path().join("wal");
    let settings = "max_wal_size = 2GB\ncheckpoint_timeout = 1h\nwal_recycle = off";
    let mut cluster =
        Cluster::prepared("host all all 127.0.0.1/32 trust\n", settings, &[], |data| {
            let there = data.join("pg_wal");
            let moved = Command::new("cp").arg("-a").args([&there, &wal]).status();
            assert!(moved.unwrap().success());
            std::fs::remove_dir_all(&there).unwrap();
            std::os::unix::fs::symlink(&wal, &there).unwrap();
        });
    let big = "CREATE TABLE big AS SELECT repeat('x', 1000) AS t FROM generate_series(1, 80000);";
    let engine = on(&cluster, &chain(&[("CREATE TABLE a ();", ""), (big, "")]));
    let error = up(&engine).await.unwrap_err();
    assert!(cluster.log().contains("PANIC"), "{error:?}\n{}", cluster.log());
    assert_eq!(error.code.as_str(), "CONN_LOST", "{error:?}");
    assert_eq!(ids(&error.done), ["r001"]);
    assert!(error.state.as_deref().unwrap().contains("rolls it back"), "{error:?}");
    disk.grow();
    cluster.kill();
    cluster.restart();
    assert_eq!(up(&engine).await.unwrap().done.len(), 1);
}
