//! The server's refusal of statements in a transaction, compared with what their words tell.

use limbeck::pg::statement::{Transactionality, transactionality};

use crate::support;

const SCHEMA: &str = "
CREATE TABLE t (id integer PRIMARY KEY, a integer);
CREATE INDEX t_a ON t (a);
CREATE TABLE parted (id integer) PARTITION BY RANGE (id);
CREATE INDEX parted_id ON parted (id);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (1) TO (10);
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
CREATE UNIQUE INDEX m_id ON m (id);
CREATE TYPE mood AS ENUM ('good');
CREATE PUBLICATION pub FOR TABLE t;
CREATE SUBSCRIPTION sub CONNECTION 'dbname=none' PUBLICATION pub WITH (connect = false);
";

/// Statements, and the first major version that knows them.
const STATEMENTS: &[(u32, &str)] = &[
    (13, "CREATE INDEX CONCURRENTLY n ON t (a)"),
    (13, "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)"),
    (13, "DROP INDEX CONCURRENTLY t_a"),
    (13, "REINDEX INDEX CONCURRENTLY t_a"),
    (14, "REINDEX (CONCURRENTLY) TABLE t"),
    (14, "REINDEX (CONCURRENTLY false) TABLE t"),
    (13, "REINDEX TABLE t"),
    (13, "REINDEX INDEX t_a"),
    (14, "REINDEX TABLE parted"),
    (14, "REINDEX INDEX parted_id"),
    (13, "REINDEX SCHEMA public"),
    (13, "VACUUM t"),
    (13, "VACUUM (FULL, ANALYZE) t"),
    (13, "ANALYZE"),
    (13, "CLUSTER"),
    (13, "CLUSTER t USING t_a"),
    (15, "CLUSTER parted USING parted_id"),
    (13, "CREATE DATABASE limbeck_never"),
    (13, "DROP DATABASE IF EXISTS limbeck_never"),
    (13, "ALTER DATABASE postgres SET TABLESPACE pg_default"),
    (13, "ALTER DATABASE postgres SET work_mem = '4MB'"),
    (13, "CREATE TABLESPACE limbeck_never LOCATION '/nowhere'"),
    (13, "DROP TABLESPACE IF EXISTS limbeck_never"),
    (13, "ALTER SYSTEM SET work_mem = '4MB'"),
    (13, "DISCARD ALL"),
    (13, "DISCARD TEMP"),
    (13, "CREATE SUBSCRIPTION n CONNECTION 'dbname=none' PUBLICATION pub"),
    (13, "CREATE SUBSCRIPTION n CONNECTION 'dbname=none' PUBLICATION pub WITH (connect = false)"),
    (13, "ALTER SUBSCRIPTION sub SET PUBLICATION pub WITH (refresh = false)"),
    (13, "ALTER SUBSCRIPTION sub SET (slot_name = NONE)"),
    (14, "ALTER TABLE parted DETACH PARTITION part_1 CONCURRENTLY"),
    (13, "ALTER TABLE parted DETACH PARTITION part_1"),
    (13, "COMMIT PREPARED 'none'"),
    (13, "ROLLBACK PREPARED 'none'"),
    (13, "REFRESH MATERIALIZED VIEW CONCURRENTLY m"),
    (13, "ALTER TYPE mood ADD VALUE 'bad'"),
    (13, "CREATE INDEX n ON t (a)"),
    (13, "DROP INDEX t_a"),
];

#[tokio::test]
async fn the_server_agrees() {
    let db = support::database().await;
    let client = db.client().await;
    client.batch_execute(SCHEMA).await.expect("the schema is right");
    let mut wrong = Vec::new();
    for &(since, sql) in STATEMENTS {
        let major = db.server().major;
        if major < since {
            continue;
        }
        client.batch_execute("BEGIN").await.expect("a transaction begins");
        let refused = match client.batch_execute(sql).await {
            Ok(()) => false,
            // Any other error is not about the transaction.
            Err(error) => error.code().is_some_and(|code| code.code() == "25001"),
        };
        client.batch_execute("ROLLBACK").await.expect("the transaction ends");
        let agrees = match transactionality(sql, major) {
            Transactionality::Allowed => !refused,
            Transactionality::Forbidden => refused,
            Transactionality::DependsOnCatalog => true,
        };
        if !agrees {
            wrong.push(format!("{sql}: refused is {refused}"));
        }
    }
    // The subscription would keep its database from being dropped.
    let end = "ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub";
    for statement in end.split(';') {
        client.batch_execute(statement).await.expect("the subscription can go");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
