//! Plans are proved, and what is wrong with one is found.

use limbeck::{
    engine::schema::{self, Bench, Comparison, Flaw, Proof, Refutation, Source, Unproved, Wishes},
    plan::Statement,
    revision::Direction,
};

use crate::{bench, compare, left_by, support::database};

async fn prove(bench: &Bench, comparison: &mut Comparison) -> Result<Proof, Box<Refutation>> {
    match schema::prove(bench, comparison).await {
        Ok(proof) => Ok(proof),
        Err(Unproved::Refuted(refutation)) => Err(refutation),
        Err(Unproved::Failed(error)) => panic!("{error}"),
    }
}

fn statement(sql: &str) -> Statement {
    Statement::new(Vec::new(), sql, limbeck::schema::Run::Together)
}

const OLD: &str = "CREATE TABLE account (id int PRIMARY KEY, name varchar(20) NOT NULL);
    CREATE TABLE orders (id int PRIMARY KEY, account int NOT NULL REFERENCES account);
    CREATE VIEW names AS SELECT name FROM account;";

const NEW: &str = "CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL, mail text);
    CREATE TABLE orders (id int PRIMARY KEY, account int NOT NULL REFERENCES account);
    CREATE VIEW names AS SELECT name FROM account;
    CREATE INDEX orders_account ON orders (account);";

#[tokio::test]
async fn a_right_plan_proves_and_leaves_nothing_behind() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let mut comparison = compare(&bench, OLD, NEW, &[]).await;
    let proof = prove(&bench, &mut comparison).await.unwrap_or_else(|e| panic!("{}", e.report()));
    assert_eq!(proof.pg_dump, !bench.pg_dump.is_empty());
    assert_eq!(proof.rows, 2, "{:?}", proof.notes);
    drop(comparison);
    assert_eq!(left_by(&db, std::process::id()).await, [""; 0]);
}

#[tokio::test]
async fn a_plan_that_leaves_something_out_is_refuted_by_either_judge() {
    let db = database().await;
    for judged in [true, false] {
        let mut bench = bench(&db, "/nonexistent");
        if !judged {
            bench.pg_dump.clear();
        }
        let with_dump = !bench.pg_dump.is_empty();
        let mut comparison = compare(&bench, OLD, NEW, &[]).await;
        comparison.up.statements.retain(|s| !s.sql.contains("orders_account"));
        let refutation = prove(&bench, &mut comparison).await.unwrap_err();
        assert_eq!(refutation.direction, Direction::Up);
        match &refutation.fault {
            Flaw::Dump(entries) if with_dump => {
                assert!(entries[0].heading.contains("orders_account"), "{entries:?}");
                assert!(entries[0].got.is_none() && entries[0].wanted.is_some());
            }
            Flaw::Objects(wrong) if !with_dump => {
                assert!(wrong[0].object.contains("orders_account"), "{wrong:?}");
            }
            other => panic!("{other:?}"),
        }
        let report = refutation.report();
        assert!(
            report.contains("ALTER TABLE public.account") && report.contains("VIEW public.names")
        );
    }
}

#[tokio::test]
async fn a_way_back_is_proved_too() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let mut comparison = compare(&bench, OLD, NEW, &[]).await;
    comparison.down.statements.push(statement("DROP VIEW public.names"));
    let refutation = prove(&bench, &mut comparison).await.unwrap_err();
    assert_eq!(refutation.direction, Direction::Down);
    assert!(refutation.to_string().contains("names"), "{refutation}");
}

#[tokio::test]
async fn a_statement_that_fails_is_named() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let mut comparison = compare(&bench, OLD, NEW, &[]).await;
    comparison.up.statements.insert(0, statement("DROP TABLE public.nowhere"));
    let refutation = prove(&bench, &mut comparison).await.unwrap_err();
    let Flaw::Statement(stumble) = &refutation.fault else { panic!("{refutation:?}") };
    assert_eq!(stumble.statement, 1);
    assert_eq!(stumble.sqlstate, "42P01");
    assert_eq!(stumble.sql, "DROP TABLE public.nowhere");
}

#[tokio::test]
async fn rows_that_are_lost_without_a_word_are_missed() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    for (sql, missed) in [
        ("DELETE FROM public.orders", "public.orders had 2 rows and has 0"),
        ("UPDATE public.orders SET account = 1", "values of public.orders, column account"),
    ] {
        let mut comparison = compare(&bench, OLD, NEW, &[]).await;
        comparison.up.statements.insert(0, statement(sql));
        let refutation = prove(&bench, &mut comparison).await.unwrap_err();
        let Flaw::Rows(lost) = &refutation.fault else { panic!("{refutation:?}") };
        assert_eq!(lost, &[missed]);
    }
}

#[tokio::test]
async fn what_a_plan_says_it_destroys_may_go() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let new = "CREATE TABLE account (id int PRIMARY KEY);";
    let mut comparison = compare(&bench, OLD, new, &[]).await;
    prove(&bench, &mut comparison).await.unwrap_or_else(|e| panic!("{}", e.report()));
}

#[tokio::test]
async fn rows_in_the_way_of_a_constraint_are_no_fault() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let new = OLD
        .replace("NOT NULL);\n    CREATE TABLE", "NOT NULL, age int NOT NULL);\n    CREATE TABLE");
    let mut comparison = compare(&bench, OLD, &new, &[]).await;
    let proof = prove(&bench, &mut comparison).await.unwrap_or_else(|e| panic!("{}", e.report()));
    assert!(proof.notes.iter().any(|n| n.contains("public.account was emptied")), "{proof:?}");
}

#[tokio::test]
async fn text_that_only_looks_different_is_no_difference() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let client = db.client().await;
    let first = "CREATE TABLE t (a varchar(10), CHECK (a IN ('x', 'y')));
                 CREATE VIEW v AS SELECT a FROM t WHERE a IN ('x', 'y');";
    client.batch_execute(first).await.unwrap();
    // The second generation: what the server prints of the first, run once more.
    let row = client
        .query_one(
            "SELECT pg_get_constraintdef((SELECT oid FROM pg_constraint WHERE conrelid = 't'::regclass)),
                    pg_get_viewdef('v'::regclass)",
            &[],
        )
        .await
        .unwrap();
    let (check, view): (String, String) = (row.get(0), row.get(1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.sql");
    let text = format!(
        "CREATE TABLE t (a varchar(10), CONSTRAINT t_a_check {check}); CREATE VIEW v AS {view}"
    );
    std::fs::write(&path, text).unwrap();
    let to = Source::Files(path);
    let wishes = Wishes::default();
    let comparison = schema::compare(&bench, &Source::Database, &to, &wishes).await.unwrap();
    assert!(comparison.is_equal(), "{:?}", comparison.changes());
    // A real change is still seen.
    client.batch_execute("ALTER TABLE t DROP CONSTRAINT t_a_check").await.unwrap();
    client.batch_execute("ALTER TABLE t ADD CHECK (a IN ('x', 'z'))").await.unwrap();
    let comparison = schema::compare(&bench, &Source::Database, &to, &wishes).await.unwrap();
    assert_eq!(comparison.changes().len(), 1);
}

#[tokio::test]
async fn a_live_database_is_copied_to_prove_from_and_never_written() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let client = db.client().await;
    client.batch_execute(OLD).await.unwrap();
    client.batch_execute("INSERT INTO account VALUES (7, 'x')").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("new.sql"), NEW).unwrap();
    let to = Source::Files(folder.path().to_owned());
    let wishes = Wishes::default();
    for (from, to) in [(&Source::Database, &to), (&to, &Source::Database)] {
        let mut comparison = schema::compare(&bench, from, to, &wishes).await.unwrap();
        prove(&bench, &mut comparison).await.unwrap_or_else(|e| panic!("{}", e.report()));
    }
    let rows: i64 = client.query_one("SELECT count(*) FROM account", &[]).await.unwrap().get(0);
    assert_eq!(rows, 1);
    client.batch_execute("SELECT mail FROM account").await.unwrap_err();
}

/// A type whose values stand in columns, arrays, domains and other rows, before and after.
const ROWS: [&str; 2] = [
    "CREATE TYPE part AS (a int, \"B c\" text);
     CREATE DOMAIN checked AS part CHECK ((VALUE).a > 0);
     CREATE TYPE whole AS (one part, many part[], checked checked, n int);
     CREATE TABLE t (id int, one part, many part[], checked checked, whole whole);",
    "CREATE TYPE part AS (\"B c\" text, new int, a bigint);
     CREATE DOMAIN checked AS part CHECK ((VALUE).a > 0);
     CREATE TYPE whole AS (n int, one part, many part[], checked checked);
     CREATE TABLE t (id int, one part, many part[], checked checked, whole whole);",
];

#[tokio::test]
async fn values_within_rows_are_carried_over_by_name() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let mut comparison = compare(&bench, ROWS[0], ROWS[1], &[]).await;
    prove(&bench, &mut comparison).await.unwrap_or_else(|e| panic!("{}", e.report()));
    let client = db.client().await;
    client.batch_execute(ROWS[0]).await.unwrap();
    client
        .batch_execute(
            "INSERT INTO t VALUES (1, ROW(1, 'x\"y'), ARRAY[ROW(3, NULL)::part, NULL], ROW(5, 'd'),
                 ROW(ROW(7, 'f'), ARRAY[ROW(8, 'g')::part], ROW(9, 'h'), 10))",
        )
        .await
        .unwrap();
    let values =
        async || -> String { client.query_one("SELECT t::text FROM t", &[]).await.unwrap().get(0) };
    let before = values().await;
    for statement in &comparison.up.statements {
        client
            .batch_execute(&statement.sql)
            .await
            .unwrap_or_else(|e| panic!("{e}: {}", statement.sql));
    }
    assert_eq!(
        values().await,
        r#"(1,"(""x""""y"",,1)","{""(,,3)"",NULL}","(d,,5)","(10,""(f,,7)"",""{""""(g,,8)""""}"",""(h,,9)"")")"#
    );
    for statement in &comparison.down.statements {
        client
            .batch_execute(&statement.sql)
            .await
            .unwrap_or_else(|e| panic!("{e}: {}", statement.sql));
    }
    assert_eq!(values().await, before);
}
