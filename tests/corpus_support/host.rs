//! The server that the pairs are loaded into, and PostgreSQL's own programs.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use tokio_postgres::{Client, Config, NoTls};

use super::dump::Dump;

/// A server and the programs that speak to it.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where to connect.
    pub config: Config,
    /// Address.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Superuser.
    pub user: String,
    /// Password.
    pub password: String,
    /// Major version of the server.
    pub major: u32,
    /// `psql`.
    pub psql: PathBuf,
    /// `pg_dump`, when there is one of a fitting version: without it only snapshots are compared.
    pub pg_dump: Option<PathBuf>,
    /// Dumps of scripts that were loaded before.
    pub cache: PathBuf,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Host {
    /// Connects and drives the connection on the current runtime.
    pub async fn client(&self, database: &str) -> Result<Client, String> {
        let mut config = self.config.clone();
        let (client, connection) =
            config.dbname(database).connect(NoTls).await.map_err(|e| e.to_string())?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A new empty database; the name needs no quotes.
    pub async fn create(&self, admin: &Client) -> Result<String, String> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_corpus_{}_{number}", std::process::id());
        admin
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await
            .map_err(|e| explain(&e))?;
        Ok(name)
    }

    /// Drops a database with whoever is connected to it.
    pub async fn drop(&self, admin: &Client, name: &str) {
        let gone = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        if admin.batch_execute(&gone).await.is_ok() {
            return;
        }
        // A subscription holds its database.
        if let Ok(client) = self.client(name).await {
            let list = "SELECT format('%I', subname) FROM pg_subscription
                WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
            for row in client.query(list, &[]).await.unwrap_or_default() {
                let subscription: &str = row.get(0);
                for action in ["DISABLE", "SET (slot_name = NONE)"] {
                    let alter = format!("ALTER SUBSCRIPTION {subscription} {action}");
                    let _ = client.batch_execute(&alter).await;
                }
                let _ = client.batch_execute(&format!("DROP SUBSCRIPTION {subscription}")).await;
            }
        }
        let _ = admin.batch_execute(&gone).await;
    }

    fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .env("PGHOST", &self.address)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.user)
            .env("PGPASSWORD", &self.password)
            .env("PGSSLMODE", "disable")
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::null());
        command
    }

    /// Runs a script as a user would: `psql -f`, with `-v ON_ERROR_STOP=1` when it is to `stop`.
    ///
    /// The error is psql's first message.
    pub fn psql(&self, database: &str, script: &str, stop: bool) -> Result<(), String> {
        let mut file = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
        std::io::Write::write_all(&mut file, script.as_bytes()).map_err(|e| e.to_string())?;
        let output = self
            .program(&self.psql)
            .env("PGOPTIONS", "-c client_min_messages=error -c statement_timeout=60s")
            .args(["-X", "-q", "-v", if stop { "ON_ERROR_STOP=1" } else { "VERBOSITY=terse" }])
            .args(["-o", "/dev/null", "-d", database, "-f"])
            .arg(file.path())
            .output()
            .map_err(|e| format!("psql cannot be run: {e}"))?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let message = text.lines().find(|l| l.contains("ERROR:") || l.contains("FATAL:"));
        let message = message.or(text.lines().next()).unwrap_or("psql failed").to_owned();
        let line = message.split(':').nth(2).and_then(|l| l.parse::<usize>().ok());
        let message = message.split_once("ERROR:").map_or(message.as_str(), |(_, m)| m.trim());
        let detail = text.lines().find_map(|l| l.strip_prefix("DETAIL:"));
        let detail = detail.map(|d| format!(" ({})", d.trim())).unwrap_or_default();
        let at = line.and_then(|n| script.lines().nth(n - 1)).unwrap_or_default().trim();
        Err(format!("{message}{detail} at: {at}"))
    }

    /// The schema of a database by `pg_dump`; of an empty dump without one.
    pub fn dump(&self, database: &str) -> Result<Dump, String> {
        Ok(Dump::parse(&self.dump_text(database)?))
    }

    /// The same for a database that `script` alone made: remembered between runs.
    pub fn dump_of_script(&self, database: &str, script: &str) -> Result<Dump, String> {
        let mut hasher = DefaultHasher::new();
        (script, self.major, &self.pg_dump, &self.user).hash(&mut hasher);
        let path = self.cache.join(format!("{:016x}.sql", hasher.finish()));
        if let Ok(text) = fs::read_to_string(&path) {
            return Ok(Dump::parse(&text));
        }
        let text = self.dump_text(database)?;
        let _ = fs::create_dir_all(&self.cache);
        let _ = fs::write(&path, &text);
        Ok(Dump::parse(&text))
    }

    fn dump_text(&self, database: &str) -> Result<String, String> {
        let Some(pg_dump) = &self.pg_dump else { return Ok(String::new()) };
        let output = self
            .program(pg_dump)
            .args(["--schema-only", "-d", database])
            .output()
            .map_err(|e| format!("pg_dump cannot be run: {e}"))?;
        if output.status.success() {
            String::from_utf8(output.stdout).map_err(|e| e.to_string())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

/// A server's error in one line.
pub fn explain(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned())
}

/// The major version that a program of PostgreSQL names.
pub fn major_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().nth(2)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Asks the built program for a plan: `limbeck diff --from old.sql --to new.sql --sql`.
pub fn plan_by_program(
    program: &Path,
    host: &Host,
    (from, to): (&str, &str),
    plain: bool,
) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    for (name, text) in [("old.sql", from), ("new.sql", to)] {
        fs::write(folder.path().join(name), text).map_err(|e| e.to_string())?;
    }
    fs::create_dir(folder.path().join("migrations")).map_err(|e| e.to_string())?;
    let mut command = Command::new(program);
    command
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env(
            "DATABASE_URL",
            format!(
                "postgresql://{}:{}@{}:{}/postgres?sslmode=disable",
                host.user, host.password, host.address, host.port
            ),
        )
        .args(["diff", "--from", "old.sql", "--to", "new.sql", "--sql", "--no-renames"])
        .stdin(Stdio::null());
    if plain {
        command.arg("--plain");
    }
    let output =
        command.output().map_err(|e| format!("{} cannot be run: {e}", program.display()))?;
    // 0: nothing differs; 1: something does.
    if matches!(output.status.code(), Some(0 | 1)) {
        String::from_utf8(output.stdout).map_err(|e| e.to_string())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | "))
    }
}
