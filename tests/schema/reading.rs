//! Reading a database: what is put together without the deparser is what that prints, and two
//! connections read what one does.

use std::{future::pending, time::Duration};

use limbeck::{
    catalog::{load, load_wide},
    schema::{Snapshot, diff, kind::Index},
};
use tokio_postgres::Client;

use crate::support::{TestDb, database};

/// Columns of all that an index's text depends on.
const COLUMNS: &str = r#"
    CREATE COLLATION german FROM "C";
    CREATE TYPE mood AS ENUM ('low', 'high');
    CREATE TYPE pair AS (a int, b int);
    CREATE DOMAIN short AS text;
    CREATE DOMAIN name_of AS varchar(10);
    CREATE TABLE plain (
        a_bool bool, a_char "char", a_bytea bytea, a_int2 int2, a_int4 int4, a_int8 int8,
        a_oid oid, a_name name, a_text text, a_varchar varchar(9), a_bpchar char(9),
        a_numeric numeric(5,1), a_float float8, a_date date, a_time time, a_stamp timestamptz(3),
        a_span interval, a_uuid uuid, a_inet inet, a_cidr cidr, a_mac macaddr, a_bit bit(3),
        a_money money, a_jsonb jsonb, a_vector tsvector, a_range int4range,
        a_array text[], an_enum mood, a_row pair, a_domain short, another name_of, an_lsn pg_lsn,
        "Upper" int, "a ""quote""" text, "select" int, "between" int, "ünï" varchar,
        in_c text COLLATE "C", in_german varchar COLLATE german);
"#;

/// An index by each column that has a default class, in each order, whole and partial.
const INDEXES: &str = r#"
    DO $$ DECLARE it record; BEGIN
      FOR it IN SELECT a.attname, o.ord, p.pred
                  FROM pg_attribute a
                  CROSS JOIN unnest(ARRAY['', 'DESC', 'NULLS FIRST', 'DESC NULLS LAST']) o(ord)
                  CROSS JOIN unnest(ARRAY['', 'WHERE %1$I IS NOT NULL',
                                          'WHERE ("Upper" > 1 OR a_text = '' USING x '') AND a_bool'])
                       p(pred)
                 WHERE a.attrelid = 'plain'::regclass AND a.attnum > 0 AND NOT a.attisdropped
      LOOP
        BEGIN
          EXECUTE format('CREATE INDEX ON plain (%I ' || it.ord || ') ' || it.pred, it.attname);
        EXCEPTION WHEN undefined_object THEN NULL; END;
      END LOOP;
    END $$;
    CREATE INDEX ON plain (a_text COLLATE "C");
    CREATE INDEX ON plain (in_c COLLATE "default");
    CREATE INDEX ON plain (a_varchar COLLATE german DESC);
    CREATE INDEX ON plain (a_text text_pattern_ops);
    CREATE INDEX ON plain (a_varchar varchar_ops);
    CREATE INDEX ON plain (a_varchar varchar_pattern_ops DESC);
    CREATE INDEX ON plain (a_cidr inet_ops);
    CREATE INDEX ON plain (a_int4, a_text DESC);
    CREATE INDEX ON plain (a_int4) INCLUDE (a_text);
    CREATE UNIQUE INDEX ON plain (a_int4);
    CREATE INDEX ON plain (lower(a_text));
    CREATE INDEX ON plain ((a_int4 + 1) DESC) WHERE a_int4 > 0;
    CREATE INDEX ON plain (a_int4) WITH (fillfactor = 50) WHERE a_text <> ' WITH (x)';
    CREATE INDEX ON plain USING hash (a_text);
    CREATE INDEX ON plain USING gin (a_array);
    CREATE INDEX ON plain USING gist (a_range);
    CREATE INDEX ON plain USING brin (a_int4);
    CREATE TABLE whole (id int, at date) PARTITION BY RANGE (at);
    CREATE TABLE part PARTITION OF whole FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE INDEX ON whole (id DESC) WHERE at IS NOT NULL;
    CREATE INDEX ON ONLY whole (at);
"#;

/// What the deparser prints, without storage parameters.
const DEPARSED: &str = "SELECT c.relname::text,
        regexp_replace(regexp_replace(pg_get_indexdef(c.oid), '^.*? USING ', 'USING '),
                       ' WITH \\(fillfactor=.50.\\)', '')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('i', 'I') AND n.nspname = 'public'";

async fn check_indexes(client: &Client) -> usize {
    let read = load(client).await.expect("it can be read");
    client.batch_execute("SET search_path = pg_catalog").await.expect("it can be read");
    let rows = client.query(DEPARSED, &[]).await.expect("it can be read");
    client.batch_execute("RESET search_path").await.expect("it can be read");
    for row in &rows {
        let (name, expected): (&str, &str) = (row.get(0), row.get(1));
        let index = read.typed::<Index>(&Index::key("public", name)).expect("it can be read");
        assert_eq!(index.spec.definition, expected, "{name}");
    }
    rows.len()
}

#[tokio::test]
async fn the_text_of_an_index_is_what_the_deparser_prints() {
    let db = database().await;
    let client = db.client().await;
    client.batch_execute(COLUMNS).await.unwrap();
    client.batch_execute(INDEXES).await.unwrap();
    let version = load(&client).await.unwrap().version;
    if version >= 15_00_00 {
        let sql = "CREATE UNIQUE INDEX ON plain (a_int8) NULLS NOT DISTINCT WHERE a_bool";
        client.batch_execute(sql).await.unwrap();
    }
    assert!(check_indexes(&client).await > 400);
    // A default class of its own makes that of `text` one that must be named.
    let sql = "CREATE OPERATOR CLASS mine DEFAULT FOR TYPE varchar USING btree AS
        OPERATOR 1 < (text, text), OPERATOR 2 <= (text, text), OPERATOR 3 = (text, text),
        OPERATOR 4 >= (text, text), OPERATOR 5 > (text, text), FUNCTION 1 (varchar, varchar) bttextcmp(text, text);
        CREATE INDEX ON plain (a_varchar) WHERE a_bool";
    client.batch_execute(sql).await.unwrap();
    check_indexes(&client).await;
}

/// A database so large that it is worth a second connection.
async fn large() -> TestDb {
    let db = database().await;
    let sql = "DO $$ BEGIN FOR t IN 1..12 LOOP
            EXECUTE (SELECT format('CREATE TABLE wide_%s (%s)', t, string_agg('c' || n || ' int', ', '))
                       FROM generate_series(1, 1500) n);
        END LOOP; END $$;
        CREATE TABLE account (id int PRIMARY KEY, name text DEFAULT 'a' CHECK (name <> ''));
        CREATE INDEX ON account (name) WHERE id > 0;
        COMMENT ON TABLE account IS 'some';
        CREATE VIEW seen AS SELECT * FROM account;";
    db.client().await.batch_execute(sql).await.expect("another connection");
    db
}

#[tokio::test]
async fn two_connections_read_what_one_does() {
    let db = large().await;
    let client = db.client().await;
    let one = load(&client).await.unwrap();
    let same = |other: &Snapshot| {
        assert!(diff(&one, other).is_empty());
        assert_eq!(one.objects().len(), other.objects().len());
        let pairs = one.objects().iter().zip(other.objects());
        assert!(pairs.clone().all(|(a, b)| a.needs == b.needs && a.wishes == b.wishes));
        assert_eq!(one.unmanaged, other.unmanaged);
    };

    // Both see the same moment, whatever happens before the second has come.
    let mut asked = false;
    let another = async || {
        asked = true;
        let second = db.client().await;
        second
            .batch_execute("CREATE TABLE late (id int PRIMARY KEY CHECK (id > 0))")
            .await
            .unwrap();
        Some(second)
    };
    same(&load_wide(&client, another).await.unwrap());
    assert!(asked, "the database is not large enough");
    client.batch_execute("DROP TABLE late").await.unwrap();

    // One that cannot be had, that never comes, that is of another database, that is in a transaction
    // which failed.
    same(&load_wide(&client, async || None).await.unwrap());
    same(&load_wide(&client, async || pending().await).await.unwrap());
    let other = database().await;
    same(&load_wide(&client, async || Some(other.client().await)).await.unwrap());
    let failed = async || {
        let second = db.client().await;
        second.batch_execute("BEGIN; SELECT 1 / 0").await.unwrap_err();
        Some(second)
    };
    same(&load_wide(&client, failed).await.unwrap());
}

#[tokio::test]
async fn a_server_that_shares_no_snapshot_is_read_over_one_connection() {
    let db = large().await;
    let owner = db.client().await;
    let sql = "REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC";
    owner.batch_execute(sql).await.unwrap();
    let role = format!("reader_{}", db.name);
    owner.batch_execute(&format!("CREATE ROLE {role}; SET ROLE {role}")).await.unwrap();
    let another = async || unreachable!("there is no snapshot to share");
    let read = tokio::time::timeout(Duration::from_mins(1), load_wide(&owner, another)).await;
    owner.batch_execute(&format!("RESET ROLE; DROP ROLE {role}")).await.unwrap();
    assert!(read.unwrap().unwrap().objects().len() > 18_000);
}
