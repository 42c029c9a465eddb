//! A fresh database for one test, dropped at its end.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use limbeck::config::{Connection, SslMode};
use tokio_postgres::{Client, Config, NoTls};

use super::cluster::{Server, server};

/// A database of the shared server; dropped with everything in it when this value is.
#[derive(Debug)]
pub struct TestDb {
    /// Its name; needs no quotes.
    pub name: String,
    server: &'static Server,
}

/// Creates an empty database with a name of its own.
pub async fn database() -> TestDb {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = tokio::task::spawn_blocking(server).await.expect("the test server runs");
    let mut random = [0_u8; 4];
    getrandom::fill(&mut random).expect("the system has random bytes");
    let name = format!(
        "t_{}_{}_{:08x}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed),
        u32::from_ne_bytes(random)
    );
    let db = TestDb { name, server };
    let admin = open(&db.config("postgres")).await;
    admin
        .batch_execute(&format!("CREATE DATABASE {} TEMPLATE template0", db.name))
        .await
        .expect("a database can be created");
    db
}

impl TestDb {
    /// The server it is on.
    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// As limbeck's settings would say it.
    pub fn connection(&self) -> Connection {
        let s = self.server;
        Connection {
            sslmode: SslMode::Disable,
            application_name: "limbeck-test".into(),
            ..Connection::new(&s.host, s.port, &s.user, &self.name).with_password(&s.password)
        }
    }

    /// A URL with the password in it.
    pub fn url(&self) -> String {
        let s = self.server;
        format!("postgresql://{}:{}@{}:{}/{}", s.user, s.password, s.host, s.port, self.name)
    }

    /// A connection of plain tokio-postgres, driven by a task of the current runtime.
    pub async fn client(&self) -> Client {
        open(&self.config(&self.name)).await
    }

    /// Plain tokio-postgres settings for a database of this server.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host(&self.server.host)
            .port(self.server.port)
            .user(&self.server.user)
            .password(&self.server.password)
            .dbname(database);
        config
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let (config, name) = (self.config("postgres"), self.name.clone());
        on_a_thread(async move {
            // The server may be gone: some tests end it. Then there is nothing to clean.
            let Ok((client, connection)) = config.connect(NoTls).await else { return };
            tokio::spawn(connection);
            let end = "UPDATE pg_database SET datallowconn = false WHERE datname = $1";
            let _ = client.execute(end, &[&name]).await;
            let kick = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
            let gone = format!("DROP DATABASE IF EXISTS {name}");
            for _ in 0..50 {
                let _ = client.execute(kick, &[&name]).await;
                if client.batch_execute(&gone).await.is_ok() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
}

/// Connects and drives the connection on the current runtime.
pub(super) async fn open(config: &Config) -> Client {
    let (client, connection) =
        config.connect(NoTls).await.expect("the test server accepts connections");
    tokio::spawn(connection);
    client
}

/// Runs to the end from a place that may be inside of a runtime, where blocking is not allowed.
pub(super) fn on_a_thread(work: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made")
            .block_on(work);
    });
    // Whatever else this runtime drives must go on: a login that is left half done holds up the
    // server's DROP DATABASE, which waits for every backend to take notice.
    let runtime = tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor());
    let _ = match runtime {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => {
            tokio::task::block_in_place(|| thread.join())
        }
        _ => thread.join(),
    };
}
