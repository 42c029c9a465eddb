//! The runner's advisory lock: its key, one try, and who holds it.
//!
//! It is only ever *tried*, never waited for inside the server: a waiter there holds a snapshot,
//! and the lock's owner dies in a deadlock on its own `CREATE INDEX CONCURRENTLY`. It lives on the
//! connection that migrates, so that losing one is losing both.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use crate::pg::ident::QualifiedName;

/// First half of every key: "limb" in ASCII, so that others can tell whose lock it is.
pub const CLASS: i32 = 0x6c69_6d62;

/// The lock of one version table in one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockKey {
    /// [`CLASS`].
    pub class: i32,
    /// A hash of the version table's name.
    pub object: i32,
}

impl LockKey {
    /// The key for a version table; different tables of one database do not block each other.
    pub fn new(table: &QualifiedName) -> Self {
        // A NUL cannot be in a name, so that no two pairs run together.
        let digest = Sha256::digest(format!("{}\0{}", table.schema, table.name));
        let mut first = [0; 4];
        first.copy_from_slice(&digest[..4]);
        Self { class: CLASS, object: i32::from_be_bytes(first) }
    }
}

/// Another session in our way: it has the runners' lock, or a lock that a statement of ours waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Backend process id.
    pub pid: i32,
    /// `application_name`.
    pub app: String,
    /// Role.
    pub user: String,
    /// Client address, or `local`.
    pub client: String,
    /// `active`, `idle in transaction`, …
    pub state: String,
    /// Its statement; empty when we may not see it.
    pub query: String,
    /// How long it has been in this state.
    pub age: Duration,
}

/// Takes the lock for this session if it is free; never waits.
pub async fn try_lock(client: &Client, key: LockKey) -> Result<bool, Error> {
    ask(client, "pg_try_advisory_lock", key).await
}

/// Gives the lock back; false when this session did not hold it.
pub async fn unlock(client: &Client, key: LockKey) -> Result<bool, Error> {
    ask(client, "pg_advisory_unlock", key).await
}

/// Gives back every advisory lock of this session but the runner's; tells whether it has that one.
///
/// A lock that was taken several times is given back once for each round.
pub async fn release_others(client: &Client, key: LockKey) -> Result<bool, Error> {
    // `pg_locks` shows the halves of a key as unsigned; the functions take them signed.
    let signed = |half: &str| {
        format!(
            "({half}::bigint - CASE WHEN {half}::bigint >> 31 = 1 THEN 4294967296 ELSE 0 END)::int"
        )
    };
    let pair = format!("{}, {}", signed("classid"), signed("objid"));
    let whole = "(classid::bigint << 32) | objid::bigint";
    let sql = format!(
        "SELECT CASE WHEN NOT others THEN 'ours' \
           WHEN mode OPERATOR(pg_catalog.=) 'ShareLock' AND objsubid = 1 \
             THEN pg_catalog.pg_advisory_unlock_shared({whole})::text \
           WHEN mode OPERATOR(pg_catalog.=) 'ShareLock' THEN pg_catalog.pg_advisory_unlock_shared({pair})::text \
           WHEN objsubid = 1 THEN pg_catalog.pg_advisory_unlock({whole})::text \
           ELSE pg_catalog.pg_advisory_unlock({pair})::text END \
         FROM (SELECT *, NOT (objsubid = 2 AND classid::bigint = {} AND objid::bigint = {} \
                 AND mode OPERATOR(pg_catalog.=) 'ExclusiveLock') AS others FROM pg_catalog.pg_locks \
               WHERE locktype OPERATOR(pg_catalog.=) 'advisory' AND granted \
                 AND pid = pg_catalog.pg_backend_pid() OFFSET 0) AS held",
        key.class as u32, key.object as u32
    );
    loop {
        let mut ours = false;
        let mut others = false;
        for message in client.simple_query(&sql).await? {
            if let SimpleQueryMessage::Row(row) = message {
                match field(&row, 0) {
                    "ours" => ours = true,
                    "true" => others = true,
                    // Not to be given back: it belongs to a transaction that is prepared or open.
                    _ => {}
                }
            }
        }
        if !others {
            return Ok(ours);
        }
    }
}

/// By the simple protocol, which needs one message: a prepared statement may be gone behind a pooler.
async fn ask(client: &Client, function: &str, key: LockKey) -> Result<bool, Error> {
    let sql = format!("SELECT pg_catalog.{function}({}, {})", key.class, key.object);
    let row = first(client, &sql).await?;
    Ok(row.is_some_and(|row| field(&row, 0) == "t"))
}

/// Who holds the lock in this database; none when it is free.
pub async fn holder(client: &Client, key: LockKey) -> Result<Option<Holder>, Error> {
    // pg_locks shows both halves as unsigned, and `objsubid` 2 for a key of two halves.
    let sql = format!(
        "SELECT l.pid, \
                coalesce(a.application_name, ''), \
                coalesce(a.usename::text, ''), \
                coalesce(pg_catalog.host(a.client_addr), 'local'), \
                coalesce(a.state, ''), \
                coalesce(a.query, ''), \
                greatest(coalesce(extract(epoch FROM pg_catalog.clock_timestamp() \
                    - a.state_change), 0), 0)::float8 \
         FROM pg_catalog.pg_locks AS l \
         LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 \
           AND l.classid::bigint = {} AND l.objid::bigint = {} \
           AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d \
                             WHERE d.datname = pg_catalog.current_database()) \
         LIMIT 1",
        key.class as u32, key.object as u32
    );
    Ok(first(client, &sql).await?.map(|row| Holder {
        pid: field(&row, 0).parse().unwrap_or(0),
        app: field(&row, 1).to_owned(),
        user: field(&row, 2).to_owned(),
        client: field(&row, 3).to_owned(),
        state: field(&row, 4).to_owned(),
        query: field(&row, 5).to_owned(),
        age: field(&row, 6)
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or_default(),
    }))
}

async fn first(client: &Client, sql: &str) -> Result<Option<SimpleQueryRow>, Error> {
    Ok(client.simple_query(sql).await?.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    }))
}

fn field(row: &SimpleQueryRow, column: usize) -> &str {
    row.try_get(column).ok().flatten().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(schema: &str, name: &str) -> LockKey {
        LockKey::new(&QualifiedName { schema: schema.to_owned(), name: name.to_owned() })
    }

    #[test]
    fn keys_are_stable_and_tell_tables_apart() {
        // Fixed for ever: two versions of limbeck must exclude each other.
        let fixed = |object| LockKey { class: 1_818_848_610, object };
        assert_eq!(key("limbeck", "version"), fixed(1_710_494_370));
        assert_eq!(key("public", "alembic_version"), fixed(1_569_093_722));
        assert_ne!(key("a", "bc"), key("ab", "c"));
    }
}
