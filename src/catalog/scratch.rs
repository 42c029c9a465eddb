//! Scratch databases: made beside the target with its encoding and locale, filled, looked at, and
//! dropped on every way out.
//!
//! A [`Scratch`] drops its database when it is dropped itself, by a connection of its own, so that
//! an error, a cancelled future or Ctrl-C leave nothing behind. What a killed process leaves is
//! swept by the next one on the same machine: each database says in its comment whose it is.

use std::{
    sync::{OnceLock, mpsc},
    time::Duration,
};

use tokio_postgres::{Client, Row, error::SqlState};

use crate::{
    code::{Code, Diagnose},
    db::{ConnectError, Connector, Session},
    schema::sql::{ident, literal},
};

/// What the names of scratch databases begin with.
pub const PREFIX: &str = "limbeck_scratch_";

/// How long the end of a scratch database is waited for; the server goes on by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the target's database is made, whichever columns this version of the catalog has.
const FORM: &str = "SELECT pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text,
        to_jsonb(d)->>'datlocprovider', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'),
        to_jsonb(d)->>'daticurules'
   FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()";

/// The scratch databases of the server, whose they are, and how many are connected.
const OTHERS: &str = "SELECT d.datname::text, pg_catalog.shobj_description(d.oid, 'pg_database'),
        (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)
   FROM pg_catalog.pg_database AS d WHERE d.datname LIKE 'limbeck\\_scratch\\_%' ORDER BY 1";

/// The subscriptions of the current database.
const SUBSCRIPTIONS: &str = "SELECT s.subname::text FROM pg_catalog.pg_subscription AS s
    JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
   WHERE d.datname = pg_catalog.current_database()";

/// A scratch database could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The role may not create databases.
    #[error("role `{0}` may not create databases, and a scratch database is needed")]
    Forbidden(String),
    /// The server refused.
    #[error("no scratch database could be made: {}", said(.0))]
    Server(#[from] tokio_postgres::Error),
    /// The system has no random bytes for a name.
    #[error("the system has no random bytes for the name of a scratch database")]
    Random,
}

fn said(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned())
}

impl Diagnose for ScratchError {
    fn code(&self) -> Code {
        match self {
            Self::Connect(error) => error.code,
            Self::Forbidden(_) => Code::Privilege,
            Self::Server(_) => Code::Sql,
            Self::Random => Code::File,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Connect(error) => error.hint.clone(),
            Self::Forbidden(role) => Some(format!(
                "a superuser allows it with `ALTER ROLE {} CREATEDB`; or name another server of \
                     the same version in `scratch_url`",
                ident(role)
            )),
            Self::Server(_) | Self::Random => None,
        }
    }
}

/// Whose a scratch database is: what its comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The machine, as the caller calls it; without it nothing is ever swept.
    pub host: Option<String>,
    /// The process.
    pub pid: u32,
    /// This run of the process: process ids come back, in containers at once.
    pub run: String,
}

impl Owner {
    /// This process, on the machine of this name.
    pub fn here(host: Option<&str>) -> Self {
        static RUN: OnceLock<String> = OnceLock::new();
        let run = RUN.get_or_init(|| random().unwrap_or_default());
        Self { host: host.map(str::to_owned), pid: std::process::id(), run: run.clone() }
    }

    fn comment(&self) -> String {
        let host = self.host.as_deref().unwrap_or("?");
        format!("scratch database of limbeck, process {} ({}) on {host}", self.pid, self.run)
    }

    /// Reads a comment; none when it is none of ours.
    fn parse(comment: &str) -> Option<Self> {
        let rest = comment.strip_prefix("scratch database of limbeck, process ")?;
        let (pid, rest) = rest.split_once(" (")?;
        let (run, host) = rest.split_once(") on ")?;
        let host = (host != "?").then(|| host.to_owned());
        Some(Self { host, pid: pid.parse().ok()?, run: run.to_owned() })
    }

    /// Whether what `other` made is left over: it ran on this machine and runs no more.
    fn outlives(&self, other: &Self) -> bool {
        let here = self.host.is_some() && self.host == other.host;
        here && if other.pid == self.pid { other.run != self.run } else { !alive(other.pid) }
    }
}

/// Whether a process of this machine runs; true where it cannot be told.
fn alive(pid: u32) -> bool {
    #[cfg(feature = "server")]
    {
        use nix::{errno::Errno, sys::signal::kill, unistd::Pid};
        let Ok(pid) = i32::try_from(pid) else { return true };
        !matches!(kill(Pid::from_raw(pid), None), Err(Errno::ESRCH))
    }
    #[cfg(not(feature = "server"))]
    {
        let all = std::path::Path::new("/proc/self");
        !all.exists() || std::path::Path::new(&format!("/proc/{pid}")).exists()
    }
}

/// Sixteen hexadecimal digits that nobody else has.
fn random() -> Result<String, ScratchError> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|_| ScratchError::Random)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

/// A database of our own that goes when this value does.
#[derive(Debug)]
pub struct Scratch {
    /// To the database.
    connector: Connector,
    /// To the one that it was made from, which can drop it.
    home: Connector,
    /// The role that owns it and works in it, where it is not the one that made it.
    role: Option<String>,
    owner: Owner,
    name: String,
    there: bool,
}

/// The form of a database: its encoding and locale, as `CREATE DATABASE` takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form(String);

impl Form {
    /// The form of the database that a session is in.
    pub async fn of(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let row = client.query_one(FORM, &[]).await?;
        Ok(Self(form(&row)?))
    }
}

impl Scratch {
    /// Makes an empty database with the encoding and locale of `home`'s, which must exist. Left-over
    /// ones are swept on the way.
    pub async fn create(home: &Connector, owner: &Owner) -> Result<Self, ScratchError> {
        let session = home.connect("scratch").await?;
        sweep(home, &session.client, owner).await;
        let form = Form::of(&session.client).await?;
        Self::make(home, None, owner, &session.client, &form.0).await
    }

    /// Makes an empty database beside `home` for a database on another server: of its form, owned
    /// by `role` and used as that. A locale that this server does not have is left out: it decides
    /// how text is sorted, and no schema.
    pub async fn create_for(
        home: &Connector,
        role: Option<&str>,
        form: &Form,
        owner: &Owner,
    ) -> Result<Self, ScratchError> {
        let session = home.connect("scratch").await?;
        let client = &session.client;
        sweep(home, client, owner).await;
        match Self::make(home, role, owner, client, &form.0).await {
            Err(ScratchError::Server(error)) if error.as_db_error().is_some() => {
                let plain = form.0.split(" LC_COLLATE ").next().unwrap_or_default();
                let plain = format!("{plain} LC_COLLATE 'C' LC_CTYPE 'C'");
                Self::make(home, role, owner, client, &plain).await
            }
            outcome => outcome,
        }
    }

    /// Makes a copy of this one. Nobody may be connected to it.
    pub async fn copy(&self) -> Result<Self, ScratchError> {
        let session = self.home.connect("scratch").await?;
        let form = format!("TEMPLATE {}", ident(&self.name));
        let role = self.role.as_deref();
        // A session that was closed a moment ago may still be on its way out.
        let kick = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                    WHERE datname = $1";
        session.client.execute(kick, &[&self.name]).await?;
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::make(&self.home, role, &self.owner, &session.client, &form).await {
                Err(ScratchError::Server(error))
                    if error.code() == Some(&SqlState::OBJECT_IN_USE) && tries < 50 =>
                {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn make(
        home: &Connector,
        role: Option<&str>,
        owner: &Owner,
        client: &Client,
        form: &str,
    ) -> Result<Self, ScratchError> {
        let name = format!("{PREFIX}{}", random()?);
        let mut connector = home.for_database(&name);
        if let Some(role) = role {
            connector = acting_as(&connector, role);
        }
        // The guard comes first: a cancelled CREATE DATABASE may yet succeed.
        let mut scratch = Self {
            connector,
            home: home.clone(),
            role: role.map(str::to_owned),
            owner: owner.clone(),
            name,
            there: true,
        };
        let owned = role.map(|role| format!(" OWNER {}", ident(role))).unwrap_or_default();
        let sql = format!("CREATE DATABASE {} {form}{owned}", ident(&scratch.name));
        if let Err(error) = client.batch_execute(&sql).await {
            scratch.there = error.as_db_error().is_none();
            return Err(if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
                ScratchError::Forbidden(home.connection().user.clone())
            } else {
                error.into()
            });
        }
        let comment = literal(&owner.comment());
        let sql = format!("COMMENT ON DATABASE {} IS {comment}", ident(&scratch.name));
        client.batch_execute(&sql).await?;
        Ok(scratch)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to reach it.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Opens a connection to it.
    pub async fn open(&self) -> Result<Session, ConnectError> {
        self.connector.connect("scratch").await
    }

    /// Drops it and waits until it is gone; what stands in the way is thrown out.
    pub async fn remove(mut self) {
        if remove(&self.home, &self.name).await {
            self.there = false;
        }
    }
}

impl Drop for Scratch {
    /// Drops it on a thread and a connection of its own: whoever drops this may be a future that was
    /// given up, on a runtime that is about to end.
    fn drop(&mut self) {
        if !self.there {
            return;
        }
        let (home, name) = (self.home.clone(), self.name.clone());
        let (done, waits) = mpsc::channel();
        let thread = std::thread::Builder::new().name("scratch".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(remove(&home, &name));
            }
            // Nobody waits any more when the patience is at its end.
            let _ = done.send(());
        });
        if thread.is_ok() {
            let _ = waits.recv_timeout(PATIENCE);
        }
    }
}

/// The same server, with every session in the place of `role` from its start: what cleans a session
/// goes back to that.
fn acting_as(connector: &Connector, role: &str) -> Connector {
    let mut connection = connector.connection().clone();
    // Words of the server's options end at a space that no backslash precedes.
    let role = role.replace('\\', "\\\\").replace(' ', "\\ ");
    let given = connection.options.take().map(|given| format!("{given} ")).unwrap_or_default();
    connection.options = Some(format!("{given}-c role={role}"));
    Connector::new(connection)
}

/// Drops a scratch database; tells whether it is gone.
async fn remove(home: &Connector, name: &str) -> bool {
    let Ok(session) = home.connect("scratch").await else { return false };
    drop_database(home, &session.client, name).await
}

async fn drop_database(home: &Connector, client: &Client, name: &str) -> bool {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", ident(name));
    // More than once: a backend that was just starting is thrown out the second time.
    for _ in 0..3 {
        match client.batch_execute(&sql).await {
            Ok(()) => return true,
            // Subscriptions hold their database, and are dropped only from within.
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => {
                unsubscribe(&home.for_database(name)).await;
            }
            Err(_) => return false,
        }
    }
    false
}

/// Drops the subscriptions of a scratch database; they were never connected.
async fn unsubscribe(scratch: &Connector) {
    let Ok(session) = scratch.connect("scratch").await else { return };
    let client = &session.client;
    let Ok(rows) = client.query(SUBSCRIPTIONS, &[]).await else { return };
    for row in rows {
        let Ok(name) = row.try_get::<_, String>(0) else { continue };
        let name = ident(&name);
        for sql in [
            format!("ALTER SUBSCRIPTION {name} DISABLE"),
            format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"),
            format!("DROP SUBSCRIPTION {name}"),
        ] {
            let _ = client.batch_execute(&sql).await;
        }
    }
}

/// Drops what processes of this machine left behind that run no more. What cannot be dropped (it
/// belongs to another role) is left alone.
async fn sweep(home: &Connector, client: &Client, owner: &Owner) {
    let Ok(rows) = client.query(OTHERS, &[]).await else { return };
    for row in rows {
        let (Ok(name), Ok(Some(comment))) =
            (row.try_get::<_, String>(0), row.try_get::<_, Option<String>>(1))
        else {
            continue;
        };
        if Owner::parse(&comment).is_some_and(|other| owner.outlives(&other)) {
            drop_database(home, client, &name).await;
        }
    }
}

/// A scratch database that nobody uses any more.
#[derive(Clone, Debug)]
pub struct LeftOver {
    /// Its name.
    pub name: String,
    /// Who made it, where its comment says so.
    pub owner: Option<Owner>,
    /// That process has surely ended; otherwise it ran on another machine, and nobody is connected.
    pub dead: bool,
}

/// The scratch databases of the server that were left behind, seen from this process.
pub async fn left_over(
    client: &Client,
    here: &Owner,
) -> Result<Vec<LeftOver>, tokio_postgres::Error> {
    let mut found = Vec::new();
    for row in client.query(OTHERS, &[]).await? {
        let comment = row.try_get::<_, Option<String>>(1)?;
        let owner = comment.as_deref().and_then(Owner::parse);
        let dead = owner.as_ref().is_some_and(|owner| here.outlives(owner));
        let ours = here.host.is_some() && owner.as_ref().is_some_and(|o| o.host == here.host);
        let deserted = !ours && row.try_get::<_, i64>(2)? == 0;
        if dead || deserted {
            found.push(LeftOver { name: row.try_get(0)?, owner, dead });
        }
    }
    Ok(found)
}

/// The options of CREATE DATABASE for an empty database like the one of `row`.
fn form(row: &Row) -> Result<String, tokio_postgres::Error> {
    let text = |at: usize| row.try_get::<_, Option<String>>(at).map(Option::unwrap_or_default);
    let mut form = format!(
        "TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
        literal(&text(0)?),
        literal(&text(1)?),
        literal(&text(2)?)
    );
    let locale = text(4)?;
    match text(3)?.as_str() {
        "i" => {
            form.push_str(&format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", literal(&locale)));
            if let Some(rules) = row.try_get::<_, Option<String>>(5)? {
                form.push_str(&format!(" ICU_RULES {}", literal(&rules)));
            }
        }
        "b" => {
            form.push_str(&format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {}", literal(&locale)));
        }
        "c" => form.push_str(" LOCALE_PROVIDER libc"),
        // Before 15 there is but one.
        _ => {}
    }
    Ok(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(host: &str, pid: u32, run: &str) -> Owner {
        Owner { host: Some(host.into()), pid, run: run.into() }
    }

    #[test]
    fn comments_are_read_as_they_are_written() {
        let ours = owner("a (b) on c", 7, "0f");
        assert_eq!(Owner::parse(&ours.comment()), Some(ours));
        let nowhere = Owner { host: None, ..owner("", 7, "0f") };
        assert_eq!(Owner::parse(&nowhere.comment()), Some(nowhere));
        assert_eq!(Owner::parse("somebody's own"), None);
    }

    #[test]
    fn only_what_is_surely_dead_is_left_over() {
        let me = Owner::here(Some("here"));
        let dead = i32::MAX.unsigned_abs();
        assert!(me.outlives(&owner("here", dead, "x")));
        assert!(!me.outlives(&owner("there", dead, "x")));
        assert!(!me.outlives(&me));
        assert!(me.outlives(&Owner { run: "before".into(), ..me.clone() }));
        assert!(!me.outlives(&owner("here", std::os::unix::process::parent_id(), "x")));
        let nameless = Owner { host: None, ..me.clone() };
        assert!(!nameless.outlives(&Owner { pid: dead, ..nameless.clone() }));
    }
}
