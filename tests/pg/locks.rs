//! The server's own locks, rewrites and scans, compared with what the words of a statement tell.

use std::collections::BTreeMap;

use limbeck::pg::impact::{Impact, LockMode, impacts};
use tokio_postgres::Client;

use crate::support;

const SCHEMA: &str = "
CREATE TABLE p (id integer PRIMARY KEY, a integer);
CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL, b text, c varchar(10), d numeric(10,2),
    e timestamp, f integer REFERENCES p, u integer, CONSTRAINT positive CHECK (a >= 0));
ALTER TABLE t ADD CONSTRAINT later CHECK (u > 0) NOT VALID;
ALTER TABLE t ADD CONSTRAINT later_fk FOREIGN KEY (u) REFERENCES p NOT VALID;
CREATE INDEX t_b ON t (b);
CREATE UNIQUE INDEX t_u ON t (a);
INSERT INTO p SELECT n, n FROM generate_series(1, 500) n;
INSERT INTO t SELECT n, n, 'b' || n, 'c', 1, now(), n, n FROM generate_series(1, 500) n;
CREATE VIEW v AS SELECT id, a FROM t;
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t;
CREATE UNIQUE INDEX m_id ON m (id);
CREATE SEQUENCE s;
CREATE TABLE parted (id integer, at date) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (1) TO (10);
CREATE TABLE part_rest PARTITION OF parted DEFAULT;
CREATE TABLE loose (id integer, at date);
INSERT INTO loose SELECT n, now() FROM generate_series(10, 20) n;
CREATE TABLE parent (id integer);
CREATE TABLE child (id integer);
CREATE FUNCTION trigger_function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trigger_function();
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE uses_domain (a positive);
INSERT INTO uses_domain VALUES (1);
CREATE TYPE mood AS ENUM ('good');
CREATE SCHEMA other;
ANALYZE;
";

/// Statements that run in a transaction, from the major version on that knows them.
const STATEMENTS: &[(u32, &str)] = &[
    (13, "ALTER TABLE t ADD COLUMN n integer"),
    (13, "ALTER TABLE t ADD COLUMN n timestamptz DEFAULT now() NOT NULL"),
    (13, "ALTER TABLE t ADD COLUMN n text DEFAULT 'x'::varchar(5)"),
    (13, "ALTER TABLE t ADD COLUMN n double precision DEFAULT random()"),
    (13, "ALTER TABLE t ADD COLUMN n serial"),
    (13, "ALTER TABLE t ADD COLUMN n integer GENERATED ALWAYS AS IDENTITY"),
    (13, "ALTER TABLE t ADD COLUMN n integer GENERATED ALWAYS AS (a + 1) STORED"),
    (18, "ALTER TABLE t ADD COLUMN n integer GENERATED ALWAYS AS (a + 1)"),
    (13, "ALTER TABLE t ADD COLUMN n integer CHECK (n > 0)"),
    (13, "ALTER TABLE t ADD COLUMN n integer DEFAULT 5 CHECK (n > 0)"),
    (13, "ALTER TABLE t ADD COLUMN n integer UNIQUE"),
    (13, "ALTER TABLE t ADD COLUMN n integer REFERENCES p"),
    (13, "ALTER TABLE t ADD COLUMN n integer DEFAULT 1 REFERENCES p"),
    (13, "ALTER TABLE t DROP COLUMN b"),
    (13, "ALTER TABLE t RENAME COLUMN b TO n"),
    (13, "ALTER TABLE t ALTER b SET DEFAULT 'x'"),
    (13, "ALTER TABLE t ALTER a DROP NOT NULL"),
    (13, "ALTER TABLE t ALTER b SET NOT NULL"),
    (13, "ALTER TABLE t ALTER b SET STATISTICS 50"),
    (13, "ALTER TABLE t ALTER b SET (n_distinct = 5)"),
    (13, "ALTER TABLE t ALTER b SET STORAGE external"),
    (14, "ALTER TABLE t ALTER b SET COMPRESSION pglz"),
    (13, "ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY"),
    (13, "ALTER TABLE t ALTER u TYPE bigint"),
    (13, "ALTER TABLE t ALTER c TYPE varchar(20)"),
    (13, "ALTER TABLE t ALTER c TYPE text"),
    (13, "ALTER TABLE t ALTER c TYPE varchar(5)"),
    (13, "ALTER TABLE t ALTER d TYPE numeric(10,3)"),
    (13, "ALTER TABLE t ALTER d TYPE numeric(10,2)"),
    (13, "ALTER TABLE t ADD CONSTRAINT n CHECK (u > 0)"),
    (13, "ALTER TABLE t ADD CONSTRAINT n CHECK (u > 0) NOT VALID"),
    (13, "ALTER TABLE t VALIDATE CONSTRAINT later"),
    (13, "ALTER TABLE t VALIDATE CONSTRAINT later_fk"),
    (13, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p"),
    (13, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID"),
    (18, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT ENFORCED"),
    (18, "ALTER TABLE t ADD CONSTRAINT n NOT NULL u NOT VALID"),
    (18, "ALTER TABLE t ADD CONSTRAINT n NOT NULL u"),
    (13, "ALTER TABLE t ALTER CONSTRAINT later_fk DEFERRABLE"),
    (13, "ALTER TABLE t ADD UNIQUE (a)"),
    (13, "ALTER TABLE loose ADD PRIMARY KEY (id)"),
    (13, "ALTER TABLE t ADD EXCLUDE USING btree (a WITH =)"),
    (13, "ALTER TABLE t ADD CONSTRAINT n UNIQUE USING INDEX t_u"),
    (13, "ALTER TABLE t DROP CONSTRAINT positive"),
    (13, "ALTER TABLE t RENAME CONSTRAINT positive TO n"),
    (13, "ALTER TABLE loose RENAME TO n"),
    (13, "ALTER TABLE loose SET SCHEMA other"),
    (13, "ALTER TABLE loose OWNER TO CURRENT_USER"),
    (13, "ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled = false)"),
    (13, "ALTER TABLE t RESET (fillfactor)"),
    (13, "ALTER TABLE t CLUSTER ON t_b"),
    (13, "ALTER TABLE t SET WITHOUT CLUSTER"),
    (13, "ALTER TABLE loose SET UNLOGGED"),
    (13, "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
    (13, "ALTER TABLE t DISABLE TRIGGER x"),
    (13, "ALTER TABLE t REPLICA IDENTITY FULL"),
    (13, "ALTER TABLE child INHERIT parent"),
    (13, "CREATE TABLE n (a integer REFERENCES p)"),
    (13, "CREATE TABLE n (a integer) INHERITS (parent)"),
    (13, "CREATE TABLE n PARTITION OF parted FOR VALUES FROM (50) TO (60)"),
    (13, "ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (10) TO (30)"),
    (14, "ALTER TABLE parted DETACH PARTITION part_1"),
    (13, "DROP TABLE loose"),
    (13, "TRUNCATE loose"),
    (13, "LOCK TABLE t, p IN SHARE ROW EXCLUSIVE MODE"),
    (13, "LOCK t"),
    (13, "CREATE INDEX ON t (u)"),
    (13, "CREATE INDEX n ON ONLY parted (at)"),
    (13, "DROP INDEX t_b"),
    (13, "REINDEX INDEX t_b"),
    (13, "REINDEX TABLE t"),
    (13, "ALTER INDEX t_b RENAME TO n"),
    (13, "ALTER INDEX t_b SET (fillfactor = 70)"),
    (13, "CLUSTER t USING t_b"),
    (13, "ANALYZE t"),
    (13, "CREATE OR REPLACE VIEW v AS SELECT id, a FROM t"),
    (13, "DROP VIEW v"),
    (13, "ALTER VIEW v RENAME TO n"),
    (13, "REFRESH MATERIALIZED VIEW m"),
    (13, "REFRESH MATERIALIZED VIEW CONCURRENTLY m"),
    (13, "ALTER MATERIALIZED VIEW m RENAME TO n"),
    (13, "CREATE TRIGGER n BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION trigger_function()"),
    (13, "DROP TRIGGER x ON t"),
    (13, "ALTER TRIGGER x ON t RENAME TO n"),
    (13, "CREATE RULE n AS ON INSERT TO t DO NOTHING"),
    (13, "CREATE POLICY n ON t"),
    (13, "CREATE STATISTICS n ON a, b FROM t"),
    (13, "CREATE PUBLICATION n FOR TABLE t, ONLY p"),
    (13, "COMMENT ON TABLE t IS 'x'"),
    (13, "COMMENT ON COLUMN public.t.a IS 'x'"),
    (13, "COMMENT ON VIEW v IS 'x'"),
    (13, "COMMENT ON INDEX t_b IS 'x'"),
    (13, "COMMENT ON CONSTRAINT positive ON t IS 'x'"),
    (13, "COMMENT ON TRIGGER x ON t IS 'x'"),
    (13, "ALTER SEQUENCE s INCREMENT 2"),
    (13, "ALTER SEQUENCE s RENAME TO n"),
    (13, "ALTER SEQUENCE s OWNER TO CURRENT_USER"),
    (13, "DROP SEQUENCE s"),
    (13, "ALTER TYPE mood ADD VALUE 'bad'"),
    (13, "INSERT INTO loose VALUES (1)"),
    (13, "UPDATE loose SET id = 1"),
    (13, "DELETE FROM loose WHERE id = 1"),
    (13, "WITH gone AS (DELETE FROM loose RETURNING id) INSERT INTO child SELECT id FROM gone"),
    (15, "MERGE INTO loose USING child c ON loose.id = c.id WHEN MATCHED THEN DELETE"),
];

/// What the server did to one relation.
#[derive(Clone, Debug, Default)]
struct Measured {
    lock: Option<LockMode>,
    rewritten: bool,
    scanned: bool,
    /// A table, view or the like, and not an index.
    table: bool,
}

#[tokio::test]
async fn the_server_agrees() {
    let db = support::database().await;
    let client = db.client().await;
    client.batch_execute(SCHEMA).await.expect("the schema is right");
    let mut wrong = Vec::new();
    for &(since, sql) in STATEMENTS {
        if db.server().major < since {
            continue;
        }
        let measured = measure(&client, sql).await;
        wrong.extend(differences(sql, &impacts(sql), &measured));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Domains name no table: the tables that use them are locked.
#[tokio::test]
async fn a_checked_domain_locks_the_tables_that_use_it() {
    let db = support::database().await;
    let client = db.client().await;
    client.batch_execute(SCHEMA).await.expect("the schema is right");
    let sql = "ALTER DOMAIN positive ADD CHECK (VALUE < 100)";
    let measured = measure(&client, sql).await;
    assert_eq!(measured["uses_domain"].lock, impacts(sql)[0].lock);
}

fn differences(sql: &str, told: &[Impact], measured: &BTreeMap<String, Measured>) -> Vec<String> {
    let mut wrong = Vec::new();
    let bare = |name: &str| name.trim_start_matches("public.").to_owned();
    for impact in told {
        let object = bare(impact.object.as_deref().expect("each statement names its object"));
        let found = measured.get(&object).cloned().unwrap_or_default();
        if impact.lock != found.lock {
            wrong
                .push(format!("{sql}: {object} told {:?}, measured {:?}", impact.lock, found.lock));
        }
        // What the words tell of rewrites and scans is the worse case.
        if found.rewritten && found.table && !impact.rewrites {
            wrong.push(format!("{sql}: {object} is rewritten"));
        }
        if found.scanned
            && !impact.scans
            && !impact.rewrites
            && impact.lock > Some(LockMode::RowExclusive)
        {
            wrong.push(format!("{sql}: {object} is scanned"));
        }
    }
    // A lock that stops writes on a table that was not told of. The words of an index's statement
    // do not name its table, nor those of a column the table that it references.
    let silent = ["DROP INDEX", "REINDEX INDEX", "ALTER TABLE t ALTER u TYPE"];
    for (name, found) in measured {
        let known =
            told.iter().any(|impact| impact.object.as_deref().map(bare).as_ref() == Some(name));
        let excused = silent.iter().any(|start| sql.starts_with(start)) || name == "part_rest";
        if found.table && found.lock >= Some(LockMode::Share) && !known && !excused {
            wrong.push(format!("{sql}: {name} is locked in {:?}, untold", found.lock));
        }
    }
    wrong
}

/// Runs a statement in a transaction and looks at what it holds.
async fn measure(client: &Client, sql: &str) -> BTreeMap<String, Measured> {
    const RELATIONS: &str =
        "SELECT oid, relname::text, relkind IN ('r', 'p', 'v', 'm'), relfilenode,
            coalesce(pg_stat_get_xact_numscans(oid), 0)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    const AFTER: &str = "SELECT c.oid, c.relfilenode, coalesce(pg_stat_get_xact_numscans(c.oid), 0),
            (SELECT array_agg(mode) FROM pg_locks
              WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = c.oid AND granted)
        FROM pg_class c WHERE c.oid = ANY ($1)";
    const DROPPED: &str = "SELECT relation, array_agg(mode) FROM pg_locks
        WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted GROUP BY 1";
    let before = client.query(RELATIONS, &[]).await.expect("the catalog can be read");
    client.batch_execute("BEGIN").await.expect("a transaction begins");
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let oids: Vec<u32> = before.iter().map(|row| row.get(0)).collect();
    let after = client.query(AFTER, &[&oids]).await.expect("the catalog can be read");
    let locks = client.query(DROPPED, &[]).await.expect("the locks can be read");
    client.batch_execute("ROLLBACK").await.expect("the transaction ends");
    before
        .iter()
        .map(|row| {
            let (oid, name): (u32, String) = (row.get(0), row.get(1));
            let modes: Vec<String> = locks
                .iter()
                .find(|lock| lock.get::<_, u32>(0) == oid)
                .map(|lock| lock.get(1))
                .unwrap_or_default();
            let now = after.iter().find(|now| now.get::<_, u32>(0) == oid);
            let measured = Measured {
                lock: modes.iter().map(|mode| mode_of(mode)).max(),
                rewritten: now.is_some_and(|now| now.get::<_, u32>(1) != row.get::<_, u32>(3)),
                scanned: now.is_some_and(|now| now.get::<_, i64>(2) > row.get::<_, i64>(4)),
                table: row.get(2),
            };
            (name, measured)
        })
        .collect()
}

fn mode_of(name: &str) -> LockMode {
    let plain = |mode: &LockMode| mode.as_str().replace(' ', "").to_lowercase();
    let name = name.trim_end_matches("Lock").to_lowercase();
    LockMode::ALL.into_iter().find(|mode| plain(mode) == name).expect("a lock mode of the server")
}
