//! Looking at the bodies of functions, once everything is there.

use futures_util::{StreamExt, stream};
use tokio_postgres::Client;

/// Functions whose language can check a body, but for those of extensions.
const FUNCTIONS: &str = "SELECT p.oid::regprocedure::text, p.oid::int8,
        v.oid::regproc::text
   FROM pg_catalog.pg_proc AS p
   JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
   JOIN pg_catalog.pg_proc AS v ON v.oid = l.lanvalidator
  WHERE p.oid >= 16384 AND l.lanname IN ('sql', 'plpgsql')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                     WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                       AND d.objid = p.oid AND d.deptype = 'e')
  ORDER BY 1";

/// Checks all bodies; one sentence for each that PostgreSQL would refuse.
///
/// Names in a body are looked up when it runs, on the path of whoever runs it; so what is found here
/// is a warning, and no more.
pub(super) async fn check(client: &Client) -> Result<Vec<String>, tokio_postgres::Error> {
    client.batch_execute("SET check_function_bodies = on").await?;
    let rows = client.query(FUNCTIONS, &[]).await?;
    let checks = rows.iter().map(async |row| -> Result<Option<String>, tokio_postgres::Error> {
        let (name, oid, validator): (String, i64, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        match client.batch_execute(&format!("SELECT {validator}({oid})")).await {
            Ok(()) => Ok(None),
            Err(error) => match error.as_db_error() {
                Some(said) => Ok(Some(format!("the body of `{name}`: {}", said.message()))),
                None => Err(error),
            },
        }
    });
    let found: Vec<_> = stream::iter(checks).buffered(64).collect().await;
    found.into_iter().filter_map(Result::transpose).collect()
}
