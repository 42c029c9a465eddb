//! Reads a database into a [`Snapshot`].
//!
//! All queries go out at once on one connection, in one `REPEATABLE READ READ ONLY` transaction:
//! consistent, and as many round trips as one query takes. A large database is read over a second
//! connection as well, if there is one to be had. This file names no kind of object; it asks each
//! registered one for its query, and adds what is filed by address in the catalogs: comments,
//! labels, dependencies, membership in extensions.

use std::{
    future::Ready,
    pin::{Pin, pin},
};

use futures_util::{
    future::{Either, select, try_join, try_join5},
    stream::{FuturesOrdered, TryStreamExt},
};
use tokio_postgres::{Client, Row};

use super::{
    gather::{Edge, Gathered},
    lanes::{Lanes, Prepared, Server, begin, export},
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
    load_over(client, None, None::<fn() -> Ready<Option<Client>>>).await
}

/// The same, over two connections where the database is so large that it is worth it: `another`
/// opens one more to the same database. Both see the same moment.
///
/// Where `another` has none, or takes too long, or the server does not let two connections share a
/// snapshot, all is read over the first one.
pub async fn load_wide<F>(
    client: &Client,
    another: impl FnOnce() -> F,
) -> Result<Snapshot, LoadError>
where
    F: Future<Output = Option<Client>>,
{
    load_over(client, None, Some(another)).await
}

/// What all of them do; `prepared` are queries that this session was asked before.
pub(super) async fn load_over<F>(
    client: &Client,
    prepared: Option<&Prepared>,
    another: Option<impl FnOnce() -> F>,
) -> Result<Snapshot, LoadError>
where
    F: Future<Output = Option<Client>>,
{
    ended(client, Box::pin(read(client, prepared, another))).await
}

/// Ends the transaction of a reading. Fifty queries under way are large: they stand on the heap, not
/// on the stack of everyone who reads.
async fn ended(
    client: &Client,
    reading: Pin<Box<impl Future<Output = Result<Snapshot, Error>>>>,
) -> Result<Snapshot, LoadError> {
    let read = reading.await;
    // A read-only transaction has nothing to keep; the error that matters is the first one.
    let _ = client.batch_execute("ROLLBACK").await;
    Ok(read?)
}

type Error = tokio_postgres::Error;

async fn read<F>(
    client: &Client,
    prepared: Option<&Prepared>,
    another: Option<impl FnOnce() -> F>,
) -> Result<Snapshot, Error>
where
    F: Future<Output = Option<Client>>,
{
    let server = begin(client, None).await?;
    let shared = match another.filter(|_| server.large) {
        Some(another) => export(client).await?.map(|moment| (moment, another)),
        None => None,
    };
    let read = if let Some((moment, another)) = shared {
        let lanes = Lanes::shared(client);
        let second = async {
            if let Some(client) = another().await
                && begin(&client, Some(&moment)).await.is_ok_and(|other| other == server)
            {
                lanes.open(client);
            }
        };
        match select(pin!(everything(&lanes, &server)), pin!(second)).await {
            Either::Left((read, _)) => read?,
            Either::Right(((), reading)) => reading.await?,
        }
    } else {
        everything(&Lanes::single(client, prepared), &server).await?
    };
    assemble(client, server, read).await
}

/// Brings together what was read.
async fn assemble(
    client: &Client,
    server: Server,
    (mut gathered, by_address): (Gathered, ByAddress),
) -> Result<Snapshot, Error> {
    let (comments, labels, edges, candidates, large) = by_address;
    gathered.comments(comments);
    gathered.labels(labels);
    gathered.link(edges);
    let claimed = gathered.claimed();
    let mut snapshot = Snapshot::new(gathered.into_objects(), server.version, server.role);
    let large = large.first().copied().unwrap_or_default();
    snapshot.unmanaged = unmanaged::describe(client, &candidates, &claimed, large).await?;
    Ok(snapshot)
}

/// What is filed by address: comments, labels, dependencies; candidates for what is not managed, and
/// how many large objects there are.
type ByAddress = (
    Vec<(Address, String)>,
    Vec<(Address, (String, String))>,
    Vec<Edge>,
    Vec<(u32, u32)>,
    Vec<i64>,
);

async fn everything(lanes: &Lanes<'_>, server: &Server) -> Result<(Gathered, ByAddress), Error> {
    let by_address = try_join5(
        lanes.each(COMMENTS, |row| Ok((address(row, 0)?, row.try_get(3)?))),
        lanes.each(LABELS, |row| Ok((address(row, 0)?, (row.try_get(3)?, row.try_get(4)?)))),
        lanes.each(DEPENDS, edge),
        lanes.each(unmanaged::CANDIDATES, |row| Ok((row.try_get(0)?, row.try_get(1)?))),
        lanes.each(unmanaged::LARGE_OBJECTS, |row| row.try_get(0)),
    );
    try_join(objects(lanes, server.version), by_address).await
}

/// The objects of all kinds. Each kind's are taken up while the rows of the next come in.
async fn objects(lanes: &Lanes<'_>, version: u32) -> Result<Gathered, Error> {
    let mut kinds: FuturesOrdered<_> = KINDS
        .iter()
        .map(|kind| async move { lanes.each(&kind.query(version), |row| kind.read(row)).await })
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
