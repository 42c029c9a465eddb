//! Models are built in whatever order they stand, and what is wrong is told with its place.

use std::path::PathBuf;

use limbeck::models::{Built, Fault, File, ModelError, Options, build};
use tokio_postgres::Client;

use crate::support::{client_program, database, server};

fn files(texts: &[(&str, &str)]) -> Vec<File> {
    let file =
        |(path, text): &(&str, &str)| File { path: PathBuf::from(path), text: (*text).to_owned() };
    texts.iter().map(file).collect()
}

async fn built(client: &Client, texts: &[(&str, &str)]) -> Built {
    let options = Options { check_bodies: true, ..Options::default() };
    build(client, &files(texts), &options).await.unwrap_or_else(|e| panic!("{e}"))
}

async fn faults(client: &Client, texts: &[(&str, &str)]) -> Vec<Fault> {
    match build(client, &files(texts), &Options::default()).await {
        Err(ModelError::Faults(faults)) => faults,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it should have failed"),
    }
}

fn told(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.expect("the question is right").get(0)
}

#[tokio::test]
async fn order_does_not_matter() {
    let db = database().await;
    let client = db.client().await;
    let texts = [
        ("a.sql", "CREATE VIEW top AS SELECT * FROM middle;\nCREATE INDEX ON base (s);"),
        ("b.sql", "ALTER TABLE base ADD FOREIGN KEY (o) REFERENCES other (id);"),
        (
            "c.sql",
            "CREATE VIEW middle AS SELECT id, f(id) FROM base;\nGRANT SELECT ON top TO PUBLIC;",
        ),
        ("d.sql", "CREATE TABLE base (id int, o int, s mood DEFAULT 'ok');"),
        (
            "e.sql",
            "CREATE TABLE other (id int);\nCREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT count(*)::int FROM top';",
        ),
        ("f.sql", "CREATE TYPE mood AS ENUM ('ok');\nALTER TABLE other ADD PRIMARY KEY (id);"),
    ];
    let built = built(&client, &texts).await;
    assert_eq!(told(&built.warnings), [""; 0]);
    assert_eq!(
        count(&client, "SELECT count(*) FROM pg_views WHERE schemaname = 'public'").await,
        2
    );
    assert_eq!(count(&client, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'").await, 1);
}

#[tokio::test]
async fn what_fails_is_told_with_its_place() {
    let db = database().await;
    let client = db.client().await;
    let texts = [
        ("a.sql", "CREATE TABLE t (a int);\n\nCREATE VIEW v AS\n  SELECT b\n  FROM t;\n"),
        ("b.sql", "CREATE TABEL u ();\nCREATE VIEW w AS SELECT * FROM nowhere;"),
        ("c.sql", "GRANT SELECT ON t TO limbeck_nobody;"),
    ];
    let faults = faults(&client, &texts).await;
    assert_eq!(
        told(&faults),
        [
            "a.sql:4: column \"b\" does not exist",
            "b.sql:1: syntax error at or near \"TABEL\"",
            "b.sql:2: relation \"nowhere\" does not exist",
            "c.sql:1: role \"limbeck_nobody\" does not exist",
        ]
    );
    assert!(faults[3].hint.as_ref().unwrap().contains("CREATE ROLE limbeck_nobody NOLOGIN"));
}

#[tokio::test]
async fn psql_commands_are_refused_but_for_harmless_ones() {
    let db = database().await;
    let client = db.client().await;
    let built = built(&client, &[("a.sql", "\\connect shop\nCREATE TABLE t ();\n")]).await;
    assert_eq!(told(&built.warnings), ["a.sql:1: `\\connect shop` is left out"]);
    let faults = faults(&client, &[("a.sql", "\\i other.sql\n")]).await;
    assert_eq!(told(&faults), ["a.sql:1: psql command `\\i other.sql` on line 1"]);
}

#[tokio::test]
async fn settings_last_until_the_end_of_their_file() {
    let db = database().await;
    let client = db.client().await;
    let texts = [
        (
            "a.sql",
            "CREATE TABLE plain ();\nSET search_path = s;\nCREATE TABLE inner_one (x later);",
        ),
        ("b.sql", "CREATE TABLE outer_one ();"),
        ("c.sql", "BEGIN; SET LOCAL search_path = s; CREATE TABLE inner_two (); COMMIT;"),
        ("d.sql", "CREATE SCHEMA s;\nCREATE DOMAIN s.later AS int;"),
    ];
    built(&client, &texts).await;
    let sql = "SELECT string_agg(schemaname || '.' || tablename, ' '
                ORDER BY schemaname, tablename) FROM pg_tables
                WHERE schemaname IN ('s', 'public')";
    let tables: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(tables, "public.outer_one public.plain s.inner_one s.inner_two");
}

#[tokio::test]
async fn what_cannot_run_in_a_transaction_runs() {
    let db = database().await;
    let client = db.client().await;
    let text = "CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b';
                CREATE TABLE t (x e DEFAULT 'b'); INSERT INTO t VALUES ('b');
                CREATE INDEX CONCURRENTLY i ON t (x) WHERE x = 'b'; VACUUM t;";
    built(&client, &[("a.sql", text)]).await;
    assert_eq!(
        count(
            &client,
            "SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = 'i'::regclass"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn rows_do_not_matter() {
    let db = database().await;
    let client = db.client().await;
    let text = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p);
                COPY p FROM stdin;\n1\n\\.\nINSERT INTO c VALUES (1);\nINSERT INTO p VALUES (2);";
    let built = built(&client, &[("a.sql", text)]).await;
    let told = told(&built.warnings);
    assert!(told.iter().any(|w| w.starts_with("a.sql:2: the rows of COPY")), "{told:?}");
    assert!(told.iter().any(|w| w.starts_with("a.sql:5: insert or update")), "{told:?}");
    assert_eq!(count(&client, "SELECT count(*) FROM p").await, 1);
}

#[tokio::test]
async fn roles_are_made_only_where_that_is_allowed() {
    let db = database().await;
    let client = db.client().await;
    let role = format!("made_{}", db.name);
    let exists =
        format!("SELECT count(*) FROM pg_roles WHERE rolname ~ '{role}' AND NOT rolcanlogin");
    let code = format!("DO $$ BEGIN CREATE ROLE {role}_b; CREATE TABLE never (); END $$;");
    let texts = format!("CREATE TABLE t (); CREATE ROLE {role} LOGIN; {code}");
    let built = built(&client, &[("a.sql", &texts)]).await;
    assert_eq!(built.warnings.len(), 2, "{:?}", told(&built.warnings));
    assert_eq!(count(&client, &exists).await, 0);
    let made = Options { create_roles: true, ..Options::default() };
    let texts = format!("CREATE TABLE u (); GRANT SELECT ON u TO {role}; SET ROLE {role}_c;");
    build(&client, &files(&[("a.sql", &texts)]), &made).await.unwrap();
    assert_eq!(count(&client, &exists).await, 2);
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}; DROP ROLE {role}_c");
    client.batch_execute(&drop).await.unwrap();
}

#[tokio::test]
async fn bodies_are_looked_at_when_everything_is_there() {
    let db = database().await;
    let client = db.client().await;
    let text = "CREATE FUNCTION good() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t';
                CREATE FUNCTION bad() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM u';
                CREATE FUNCTION worse() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETUR 1; END';
                CREATE TABLE t ();";
    let built = built(&client, &[("a.sql", text)]).await;
    let told = told(&built.warnings);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("`bad()`: relation \"u\" does not exist"), "{told:?}");
    assert!(told[1].contains("`worse()`: syntax error"), "{told:?}");
}

#[tokio::test]
async fn the_output_of_pg_dump_is_a_model() {
    let db = database().await;
    let client = db.client().await;
    let schema = "CREATE SCHEMA shop; CREATE TYPE shop.mood AS ENUM ('a', 'b');
        CREATE TABLE shop.t (id serial PRIMARY KEY, m shop.mood, CHECK (id > 0));
        CREATE VIEW shop.v AS SELECT id FROM shop.t; INSERT INTO shop.t (m) VALUES ('a');
        CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; COMMENT ON TABLE shop.t IS 'x';
        GRANT SELECT ON shop.t TO PUBLIC; ALTER SCHEMA public OWNER TO postgres";
    client.batch_execute(schema).await.unwrap();
    let Some(program) = client_program("pg_dump", server()) else { return };
    let dump = |connection: limbeck::config::Connection, args: &[&str]| {
        let output = std::process::Command::new(&program)
            .args(args)
            .envs(connection.environment())
            .output()
            .expect("pg_dump runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("a dump is UTF-8");
        let kept = text
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        kept.collect::<Vec<_>>().join("\n")
    };
    let whole = dump(db.connection(), &["--create"]);
    let copy = database().await;
    let other = copy.client().await;
    built(&other, &[("dump.sql", &whole)]).await;
    assert_eq!(dump(db.connection(), &["-s"]), dump(copy.connection(), &["-s"]));
}
