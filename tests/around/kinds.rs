//! One pair or more for each kind.

use super::kit::check;

#[tokio::test]
async fn extensions() {
    let plans = check(
        "CREATE EXTENSION hstore",
        "CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION cube;
         CREATE EXTENSION earthdistance; COMMENT ON EXTENSION earthdistance IS NULL",
    )
    .await;
    assert!(plans.up.contains(&"ALTER EXTENSION hstore SET SCHEMA ext".to_owned()), "{plans:?}");
}

#[tokio::test]
async fn foreign_data() {
    let roles = "CREATE ROLE \"a{}\";";
    check(
        &format!(
            "{roles} CREATE FOREIGN DATA WRAPPER w OPTIONS (x '1', y '2');
         CREATE SERVER s TYPE 'a' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'h', port '1');
         CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (\"user\" 'u', password 'secret');
         CREATE USER MAPPING FOR CURRENT_USER SERVER s;
         GRANT USAGE ON FOREIGN SERVER s TO \"a{{}}\" WITH GRANT OPTION;
         GRANT USAGE ON FOREIGN DATA WRAPPER w TO \"a{{}}\""
        )
        .replace("a{}", "f1{}"),
        "CREATE FOREIGN DATA WRAPPER w VALIDATOR postgresql_fdw_validator;
         CREATE FOREIGN DATA WRAPPER w2;
         CREATE SERVER s TYPE 'a' FOREIGN DATA WRAPPER w OPTIONS (host 'g', dbname 'd');
         CREATE SERVER \"S 2\" VERSION '2' FOREIGN DATA WRAPPER w2;
         CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'other');
         COMMENT ON SERVER s IS 'a server'; COMMENT ON FOREIGN DATA WRAPPER w IS 'a wrapper'",
    )
    .await;
}

#[tokio::test]
async fn a_server_changes_its_wrapper_under_mappings() {
    let old = "CREATE FOREIGN DATA WRAPPER w; CREATE FOREIGN DATA WRAPPER w2;
         CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s";
    check(old, &old.replace("SERVER s FOREIGN DATA WRAPPER w", "SERVER s FOREIGN DATA WRAPPER w2"))
        .await;
}

#[tokio::test]
async fn publications() {
    check(
        "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE u (a int);
         CREATE PUBLICATION p FOR TABLE t, u; CREATE PUBLICATION q FOR ALL TABLES;
         CREATE PUBLICATION r WITH (publish = 'insert')",
        "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE TABLE v (a int);
         CREATE PUBLICATION p FOR TABLE v WITH (publish = 'insert, delete');
         CREATE PUBLICATION q FOR TABLE t WITH (publish_via_partition_root = true);
         COMMENT ON PUBLICATION p IS 'p'",
    )
    .await;
}

#[tokio::test]
async fn publications_with_columns_rows_and_schemas() {
    if super::kit::major().await < 15 {
        return;
    }
    check(
        "CREATE SCHEMA s; CREATE TABLE t (a int PRIMARY KEY, c int, b text); CREATE TABLE s.x (a int);
         CREATE PUBLICATION p FOR TABLE t (a, b) WHERE (a > 3); CREATE PUBLICATION q FOR TABLES IN SCHEMA s",
        "CREATE SCHEMA s; CREATE SCHEMA s2; CREATE TABLE t (a int PRIMARY KEY, c int); CREATE TABLE s.x (a int);
         CREATE PUBLICATION p FOR TABLE t (a, c); CREATE PUBLICATION q FOR TABLES IN SCHEMA s2, public",
    )
    .await;
    check(
        "CREATE TABLE t (a int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t WHERE (a > 3)",
        "CREATE TABLE t (a bigint PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t WHERE (a > 3)",
    )
    .await;
}

#[tokio::test]
async fn subscriptions() {
    check(
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=one' PUBLICATION p, q WITH (connect = false);
         CREATE SUBSCRIPTION gone CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=two' PUBLICATION q, r
           WITH (connect = false, slot_name = other, synchronous_commit = 'local');
         COMMENT ON SUBSCRIPTION s IS 'a < b'",
    )
    .await;
}

#[tokio::test]
async fn text_search() {
    check(
        "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
         CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = 'english', stopwords = 'english');
         CREATE TEXT SEARCH CONFIGURATION g (PARSER = \"default\");
         ALTER TEXT SEARCH CONFIGURATION g ADD MAPPING FOR word WITH d;
         CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize)",
        "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
         ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word, asciiword WITH english_stem, simple;
         ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR email;
         CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = 'french');
         CREATE TEXT SEARCH TEMPLATE t (INIT = dsimple_init, LEXIZE = dsimple_lexize);
         CREATE TEXT SEARCH DICTIONARY e (TEMPLATE = t, accept = false, stopwords = 'english');
         CREATE TEXT SEARCH PARSER ps (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end,
           LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
         CREATE TEXT SEARCH CONFIGURATION g (PARSER = ps);
         ALTER TEXT SEARCH CONFIGURATION g ADD MAPPING FOR word WITH e, simple;
         COMMENT ON TEXT SEARCH PARSER ps IS 'x'; COMMENT ON TEXT SEARCH CONFIGURATION g IS 'x'",
    )
    .await;
}

#[tokio::test]
async fn a_dictionary_of_a_used_configuration_is_replaced() {
    let old = "CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize);
         CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
         CREATE TEXT SEARCH CONFIGURATION g (PARSER = \"default\");
         ALTER TEXT SEARCH CONFIGURATION g ADD MAPPING FOR word WITH d";
    check(old, &old.replace("TEMPLATE = simple", "TEMPLATE = t")).await;
    check(old, &old.replace("DICTIONARY d", "DICTIONARY e").replace("WITH d", "WITH e")).await;
}

#[tokio::test]
async fn what_no_kind_knows_is_named() {
    let db = crate::support::database().await;
    let client = db.client().await;
    super::kit::run(
        &client,
        "CREATE TABLE t (a serial PRIMARY KEY, b text UNIQUE CHECK (b <> ''), c int REFERENCES t, d int[]);
         CREATE INDEX ON t (lower(b)); CREATE VIEW v AS SELECT * FROM t; CREATE TYPE e AS ENUM ('a');
         CREATE TYPE c AS (a int, b e); CREATE TYPE r AS RANGE (SUBTYPE = int); CREATE DOMAIN d AS int CHECK (value > 0) NOT NULL;
         CREATE TABLE p (a int PRIMARY KEY) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p DEFAULT;
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
         CREATE RULE x AS ON UPDATE TO t DO NOTHING; CREATE POLICY y ON t; CREATE STATISTICS s ON a, c FROM t;
         CREATE EXTENSION hstore; CREATE TEMP TABLE tmp (a int);
         CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
         CREATE OPERATOR CLASS oc FOR TYPE int USING hash AS OPERATOR 1 ===;
         CREATE AGGREGATE ag (int) (SFUNC = int4pl, STYPE = int); CREATE COLLATION co FROM \"C\";
         CREATE CAST (text AS c) WITH INOUT; CREATE PUBLICATION pb FOR TABLE t;
         CREATE SCHEMA sc; ALTER DEFAULT PRIVILEGES IN SCHEMA sc GRANT SELECT ON TABLES TO PUBLIC;
         CREATE FOREIGN DATA WRAPPER w; CREATE SERVER sv FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE ft (a int) SERVER sv;
         CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION ef()",
    )
    .await;
    let nothing: [&str; 0] = [];
    assert_eq!(super::kit::load(&client).await.unmanaged, nothing);
    super::kit::run(&client, "SELECT lo_create(0), lo_create(0)").await;
    assert_eq!(super::kit::load(&client).await.unmanaged, ["2 large objects"]);
}
