//! What was perhaps renamed is asked about; what is said to be renamed keeps what it holds.

use limbeck::{
    engine::schema::{self, Source, Unproved, Wishes},
    plan::Rename,
};

use crate::{bench, compare, support::database};

const OLD: &str = "CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE account (id int PRIMARY KEY, mail text NOT NULL, m mood, made timestamptz);
    CREATE INDEX ON account (mail);
    CREATE TABLE orders (id int PRIMARY KEY, account int REFERENCES account);";

const NEW: &str = "CREATE TYPE mood AS ENUM ('blue', 'ok');
    CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL, m mood, made timestamptz);
    CREATE INDEX ON person (email);
    CREATE TABLE orders (id int PRIMARY KEY, account int REFERENCES person);";

#[tokio::test]
async fn what_goes_and_comes_and_looks_alike_is_asked_about() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let mut comparison = compare(&bench, OLD, NEW, &[]).await;
    let mut asked: Vec<String> = Vec::new();
    loop {
        let questions = comparison.questions();
        let Some(question) = questions.into_iter().find(|q| q.data) else { break };
        asked.push(question.rename.argument());
        comparison = comparison.rename(&bench, &[question.rename]).await.unwrap();
    }
    asked.sort();
    assert_eq!(
        asked,
        [
            "column public.person.mail=email",
            "table public.account=person",
            "type public.mood.sad=blue"
        ]
    );
    let lost: Vec<_> = comparison.up.statements.iter().filter(|s| !s.loses.is_empty()).collect();
    assert!(lost.is_empty(), "{lost:?}");
    match schema::prove(&bench, &mut comparison).await {
        Ok(proof) => assert!(proof.rows > 0, "{proof:?}"),
        Err(Unproved::Refuted(it)) => panic!("{}", it.report()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_name_that_says_more_and_a_type_of_the_same_sort_are_likelier() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let old = "CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL, mail text);";
    let new = "CREATE TABLE account (id int PRIMARY KEY, full_name varchar(200) NOT NULL,
        mail text, phone text);";
    let asked = compare(&bench, old, new, &[]).await.questions();
    let asked: Vec<String> = asked.iter().map(|q| q.rename.argument()).collect();
    assert_eq!(asked, ["column public.account.name=full_name"]);
}

#[tokio::test]
async fn arguments_rename_in_any_order() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let said = ["public.account.mail=email", "public.mood.sad=blue", "table public.account=person"];
    let comparison = compare(&bench, OLD, NEW, &said).await;
    let sql: Vec<&str> = comparison.up.statements.iter().map(|s| s.sql.as_str()).collect();
    assert!(sql.contains(&"ALTER TABLE public.account RENAME TO person"), "{sql:?}");
    assert!(sql.contains(&"ALTER TABLE public.person RENAME COLUMN mail TO email"), "{sql:?}");
    assert!(!sql.iter().any(|s| s.starts_with("DROP") || s.contains("CREATE")), "{sql:?}");
    // What stands on it goes along: the key and the index are called after the table.
    assert!(sql.iter().any(|s| s.contains("person_pkey")), "{sql:?}");
}

#[tokio::test]
async fn answers_count_as_long_as_they_are_to_be_made() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let mut answers = Vec::new();
    let mut comparison = compare(&bench, OLD, NEW, &[]).await;
    while let Some(question) = comparison.questions().into_iter().find(|q| q.data) {
        answers.push(question.rename.clone());
        comparison = comparison.rename(&bench, &[question.rename]).await.unwrap();
    }
    // All at once and in any order: a column of a table that is renamed too, a value of a type.
    answers.sort();
    let asked = compare(&bench, OLD, NEW, &[]).await;
    let (renamed, mut made) = asked.rename_open(&bench, answers.clone()).await.unwrap();
    made.sort();
    assert_eq!(made, answers);
    assert!(!renamed.questions().iter().any(|question| question.data));
    // Once a revision has made them, they are no errors.
    let done = compare(&bench, NEW, NEW, &[]).await;
    let (done, made) = done.rename_open(&bench, answers).await.unwrap();
    assert!(made.is_empty() && done.is_equal());
}

#[tokio::test]
async fn what_looks_different_is_not_asked_about() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let old = "CREATE TABLE a (x int, y int); CREATE TABLE t (gone bytea)";
    let new = "CREATE TABLE b (p text, q text); CREATE TABLE t (come int DEFAULT 1 NOT NULL)";
    let comparison = compare(&bench, old, new, &[]).await;
    let asked: Vec<Rename> = comparison.questions().into_iter().map(|q| q.rename).collect();
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn a_schema_is_changed_and_a_wrong_argument_is_explained() {
    let db = database().await;
    let bench = bench(&db, "/nonexistent");
    let old = "CREATE SCHEMA s; CREATE TABLE t (a int); CREATE TABLE u (a int)";
    let new = "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE u (a int)";
    let moved = compare(&bench, old, new, &["public.t=s.t"]).await;
    let sql: Vec<&str> = moved.up.statements.iter().map(|s| s.sql.as_str()).collect();
    assert_eq!(sql, ["ALTER TABLE public.t SET SCHEMA s"]);

    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("old.sql", old), ("new.sql", new)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let source = |name: &str| Source::Files(folder.path().join(name));
    for (argument, message) in [
        ("public.nope=x", "`public.nope` is not in the old schema"),
        ("public.u=v", "`v` is not in the new schema"),
        ("public.u", "`public.u` says no new name"),
    ] {
        let wishes = Wishes { renames: vec![argument.to_owned()], ..Wishes::default() };
        let (from, to) = (source("old.sql"), source("new.sql"));
        let error = schema::compare(&bench, &from, &to, &wishes).await.unwrap_err();
        assert_eq!(error.message, message);
    }
}
