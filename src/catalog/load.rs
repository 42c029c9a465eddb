//! Reads a database into a [`Snapshot`].
//!
//! All queries go out at once on one connection, in one `REPEATABLE READ READ ONLY` transaction:
//! consistent, and as many round trips as one query takes. This file names no kind of object; it
//! asks each registered one for its query, and adds what is filed by address in the catalogs:
//! comments, labels, dependencies, membership in extensions.

use std::{iter, pin::pin};

use futures_util::{
    future::{try_join, try_join5},
    stream::{FuturesOrdered, TryStreamExt},
};
use tokio_postgres::{Client, Row, types::Type};

use super::{
    gather::{Edge, Gathered},
    unmanaged,
};
use crate::{
    code::{Code, Diagnose},
    schema::{KINDS, Snapshot, object::Address},
};

/// A database could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the schema could not be read: {0}")]
pub struct LoadError(#[from] pub tokio_postgres::Error);

impl Diagnose for LoadError {
    fn code(&self) -> Code {
        Code::Sql
    }
}

/// Settings that the text of definitions depends on.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL search_path = pg_catalog; SET LOCAL quote_all_identifiers = off;
    SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off;
    SET LOCAL row_security = off; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0";

/// Comments, by address.
const COMMENTS: &str = "SELECT classoid, objoid, objsubid, description FROM pg_description
    WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass";

/// Security labels, by address.
const LABELS: &str = "SELECT classoid, objoid, objsubid, provider, label FROM pg_seclabel";

/// Dependencies of user objects; the other side may be built in, and is then known to nobody.
const DEPENDS: &str = "SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype
    FROM pg_depend WHERE objid >= 16384 AND (refobjid >= 16384 OR refclassid = 'pg_namespace'::regclass)
      AND deptype <> 'S'";

/// Reads everything that the registered kinds know.
///
/// The connection must be in no transaction. On an error the transaction is rolled back.
pub async fn load(client: &Client) -> Result<Snapshot, LoadError> {
    let read = read(client).await;
    // A read-only transaction has nothing to keep; the error that matters is the first one.
    let _ = client.batch_execute("ROLLBACK").await;
    Ok(read?)
}

type Error = tokio_postgres::Error;

/// Runs a query without a prepared statement, and takes its rows one by one as they come.
async fn each<T>(
    client: &Client,
    sql: &str,
    take: impl Fn(&Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let rows = client.query_typed_raw(sql, iter::empty::<(i32, Type)>()).await?;
    let mut rows = pin!(rows);
    let mut taken = Vec::new();
    while let Some(row) = rows.try_next().await? {
        taken.push(take(&row)?);
    }
    Ok(taken)
}

async fn read(client: &Client) -> Result<Snapshot, Error> {
    let facts = "SELECT current_setting('server_version_num')::int4, current_user::text";
    let facts = each(client, facts, |row| Ok((row.try_get::<_, i32>(0)?, row.try_get(1)?)));
    let ((), facts) = try_join(client.batch_execute(BEGIN), facts).await?;
    let (version, role) = facts.into_iter().next().unwrap_or_default();
    let version = version.unsigned_abs();
    let by_address = try_join5(
        each(client, COMMENTS, |row| Ok((address(row, 0)?, row.try_get(3)?))),
        each(client, LABELS, |row| Ok((address(row, 0)?, (row.try_get(3)?, row.try_get(4)?)))),
        each(client, DEPENDS, edge),
        each(client, unmanaged::CANDIDATES, |row| Ok((row.try_get(0)?, row.try_get(1)?))),
        each(client, unmanaged::LARGE_OBJECTS, |row| row.try_get(0)),
    );
    let (mut gathered, by_address) = try_join(objects(client, version), by_address).await?;
    let (comments, labels, edges, candidates, large) = by_address;
    gathered.comments(comments);
    gathered.labels(labels);
    gathered.link(edges);
    let claimed = gathered.claimed();
    let mut snapshot = Snapshot::new(gathered.into_objects(), version, role);
    let large = large.first().copied().unwrap_or_default();
    snapshot.unmanaged = unmanaged::describe(client, &candidates, &claimed, large).await?;
    Ok(snapshot)
}

/// The objects of all kinds. Each kind's are taken up while the rows of the next come in.
async fn objects(client: &Client, version: u32) -> Result<Gathered, Error> {
    let mut kinds: FuturesOrdered<_> = KINDS
        .iter()
        .map(|kind| async move { each(client, &kind.query(version), |row| kind.read(row)).await })
        .collect();
    let mut gathered = Gathered::default();
    while let Some(found) = kinds.try_next().await? {
        for filed in found {
            gathered.add(filed);
        }
    }
    Ok(gathered)
}

fn address(row: &Row, from: usize) -> Result<Address, Error> {
    Ok(Address {
        class: row.try_get(from)?,
        object: row.try_get(from + 1)?,
        sub: row.try_get(from + 2)?,
    })
}

fn edge(row: &Row) -> Result<Edge, Error> {
    let sort = row.try_get::<_, i8>(6)?.unsigned_abs();
    Ok(Edge { from: address(row, 0)?, to: address(row, 3)?, sort })
}
