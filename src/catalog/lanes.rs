//! The connections that a database is read over: one, or two that see the same moment.
//!
//! Two share a snapshot that the first one exports. The second need not be there from the start: it
//! takes its part of what is left whenever it comes. So nothing waits for it, and nothing is lost
//! where it never comes - too many connections, or a pooler that has no other to give.

use std::{
    collections::{HashMap, VecDeque},
    iter,
    pin::pin,
    sync::{Mutex, OnceLock, PoisonError},
};

use futures_util::{future::try_join, stream::TryStreamExt};
use tokio::sync::Semaphore;
use tokio_postgres::{Client, Error, Row, RowStream, Statement, types::Type};

use crate::schema::sql::literal;

/// How many queries are under way on each of two connections: while the rows of one come in, the
/// server knows the next.
const AHEAD: usize = 2;

/// From this size of `pg_attribute` on, in bytes, a second connection gains more than it costs:
/// some 500 tables.
const LARGE: i64 = 2 << 20;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Settings that the text of definitions depends on; and workers of a parallel plan would have to
/// open the tables, for the deparser, that this session has open already.
const SETTINGS: &str = "SET LOCAL search_path = pg_catalog; SET LOCAL quote_all_identifiers = off;
    SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL row_security = off; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0";

/// What all else depends on. When the server was started tells one from another.
const SERVER: &str = "SELECT current_setting('server_version_num')::int4, current_user::text,
    pg_relation_size('pg_attribute'), pg_postmaster_start_time()::text, current_database()::text";

/// The server, the database and the role that a connection has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// `server_version_num`.
    pub(super) version: u32,
    /// The current role.
    pub(super) role: String,
    /// Whether two connections are better than one.
    pub(super) large: bool,
    started: String,
    database: String,
}

/// Begins the transaction that reads, at an exported moment if one is given.
pub(super) async fn begin(client: &Client, moment: Option<&str>) -> Result<Server, Error> {
    let moment = moment.map(|id| format!("SET TRANSACTION SNAPSHOT {}; ", literal(id)));
    let sql = format!("{BEGIN}; {}{SETTINGS}", moment.unwrap_or_default());
    let server = each(client, SERVER, |row| {
        Ok(Server {
            version: row.try_get::<_, i32>(0)?.unsigned_abs(),
            role: row.try_get(1)?,
            large: row.try_get::<_, i64>(2)? >= LARGE,
            started: row.try_get(3)?,
            database: row.try_get(4)?,
        })
    });
    let ((), server) = try_join(client.batch_execute(&sql), server).await?;
    Ok(server.into_iter().next().unwrap_or_default())
}

/// Lets other connections see what this one sees; none where the server does not let it. The
/// transaction is then another one.
pub(super) async fn export(client: &Client) -> Result<Option<String>, Error> {
    match each(client, "SELECT pg_export_snapshot()", |row| row.try_get(0)).await {
        Ok(moments) => Ok(moments.into_iter().next()),
        Err(error) if error.as_db_error().is_some() => {
            client.batch_execute("ROLLBACK").await?;
            begin(client, None).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[derive(Clone, Copy, Debug)]
enum Lane {
    First,
    Second,
}

/// Queries that the server has planned for a session, by their text.
#[derive(Debug, Default)]
pub(super) struct Prepared(Mutex<HashMap<String, Statement>>);

impl Prepared {
    async fn get(&self, client: &Client, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = locked(&self.0).get(sql) {
            return Ok(statement.clone());
        }
        let statement = client.prepare_typed(sql, &[]).await?;
        locked(&self.0).insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// The connections of one reading.
#[derive(Debug)]
pub(super) struct Lanes<'a> {
    first: &'a Client,
    /// Of the first.
    prepared: Option<&'a Prepared>,
    second: OnceLock<Client>,
    /// Whose turn it is.
    free: Mutex<VecDeque<Lane>>,
    /// As many as stand in `free`; those who wait are served in their order.
    places: Semaphore,
}

impl<'a> Lanes<'a> {
    /// One connection that gets all queries at once, and may know those that it had before.
    pub(super) fn single(first: &'a Client, prepared: Option<&'a Prepared>) -> Self {
        Self { prepared, ..Self::new(first, Semaphore::MAX_PERMITS) }
    }

    /// A connection that is soon to be joined by another.
    pub(super) fn shared(first: &'a Client) -> Self {
        Self::new(first, AHEAD)
    }

    fn new(first: &'a Client, places: usize) -> Self {
        let (second, free) = (OnceLock::new(), Mutex::default());
        Self { first, prepared: None, second, free, places: Semaphore::new(places) }
    }

    /// Takes up the second connection, which is in its transaction.
    pub(super) fn open(&self, second: Client) {
        if self.second.set(second).is_ok() {
            self.free().extend([Lane::Second; AHEAD]);
            self.places.add_permits(AHEAD);
        }
    }

    /// Runs a query on the connection that is free next, and takes its rows one by one as they come.
    pub(super) async fn each<T>(
        &self,
        sql: &str,
        take: impl Fn(&Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        // Nobody closes the semaphore.
        let _place = self.places.acquire().await.ok();
        let lane = self.free().pop_front().unwrap_or(Lane::First);
        let client = match lane {
            Lane::First => self.first,
            Lane::Second => self.second.get().unwrap_or(self.first),
        };
        let taken = match (lane, self.prepared) {
            (Lane::First, Some(prepared)) => again(client, prepared, sql, take).await,
            _ => each(client, sql, take).await,
        };
        self.free().push_back(lane);
        taken
    }

    fn free(&self) -> std::sync::MutexGuard<'_, VecDeque<Lane>> {
        locked(&self.free)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a query without a prepared statement, and takes its rows one by one as they come.
async fn each<T>(
    client: &Client,
    sql: &str,
    take: impl Fn(&Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    collect(client.query_typed_raw(sql, iter::empty::<(i32, Type)>()).await?, take).await
}

/// The same with one that the session keeps.
async fn again<T>(
    client: &Client,
    prepared: &Prepared,
    sql: &str,
    take: impl Fn(&Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let statement = prepared.get(client, sql).await?;
    collect(client.query_raw(&statement, iter::empty::<i32>()).await?, take).await
}

async fn collect<T>(
    rows: RowStream,
    take: impl Fn(&Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut rows = pin!(rows);
    let mut taken = Vec::new();
    while let Some(row) = rows.try_next().await? {
        taken.push(take(&row)?);
    }
    Ok(taken)
}
