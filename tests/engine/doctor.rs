//! What is left behind is found, and what is said to mend it does.

use std::time::Duration;

use limbeck::{
    db::lock::LockKey,
    engine::doctor::{Finding, Kind, Remedy},
    revision::History,
};
use tokio_postgres::Client;

use crate::support::{TestDb, database, kit::*};

/// Sessions are looked at after this long.
const AT_ONCE: Duration = Duration::ZERO;

/// What the doctor finds with these revisions. Other tests make scratch databases on the same server, which
/// are not looked at.
async fn findings(
    db: &TestDb,
    history: &std::sync::Arc<History>,
    patience: Duration,
) -> Vec<Finding> {
    let mut engine = engine(db, history);
    engine.options.actor.host = Some("doctor.test".into());
    let found = engine.doctor(patience).await.unwrap();
    found
        .into_iter()
        .filter(|f| f.kind != Kind::ScratchDatabase || f.object.contains(&db.name))
        .collect()
}

async fn found(db: &TestDb) -> Vec<(Kind, String)> {
    let all = findings(db, &tables(0), Duration::from_hours(1)).await;
    all.into_iter().map(|finding| (finding.kind, finding.object)).collect()
}

/// Runs what a finding says, statement by statement as psql does.
async fn mend(client: &Client, remedy: &Remedy) {
    let Remedy::Sql(sql) = remedy else { panic!("{remedy:?}") };
    for statement in sql.split_inclusive(';') {
        client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
    }
}

#[tokio::test]
async fn nothing_is_found_where_nothing_was_left() {
    let db = database().await;
    let history = tables(3);
    assert_eq!(findings(&db, &history, AT_ONCE).await, [], "in an empty database");
    up(&engine(&db, &history)).await.unwrap();
    exec(
        &db,
        "CREATE TABLE p (a int CHECK (a > 0)) PARTITION BY LIST (a); \
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE INDEX ON p (a); \
         CREATE TABLE t1_ccnew (a int PRIMARY KEY)",
    )
    .await;
    assert_eq!(findings(&db, &history, AT_ONCE).await, []);
}

/// Each fault is really made, found under its name, and gone after the statement that is said to mend it.
#[tokio::test]
async fn what_interrupted_statements_leave() {
    let twice = "CREATE TABLE t (a int NOT NULL); INSERT INTO t VALUES (1), (1)";
    let whole = "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t)";
    let parts = "CREATE TABLE p (a int NOT NULL, b int NOT NULL) PARTITION BY LIST (a); \
         CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); \
         CREATE TABLE \"P 2\" PARTITION OF p FOR VALUES IN (2) PARTITION BY LIST (b); \
         CREATE TABLE p21 PARTITION OF \"P 2\" FOR VALUES IN (1)";
    let cases: &[(&[&str], &str, Kind, &str)] = &[
        (
            &[twice, "CREATE UNIQUE INDEX CONCURRENTLY \"T a\" ON t (a)"],
            whole,
            Kind::InvalidIndex,
            "public.\"T a\"",
        ),
        (
            &[
                twice,
                "CREATE INDEX t_a ON t (a)",
                "UPDATE pg_index SET indisvalid = false, indisready = false, indislive = false \
                 WHERE indexrelid = 't_a'::regclass",
            ],
            "SELECT 1",
            Kind::InvalidIndex,
            "public.t_a",
        ),
        (
            &[parts, "CREATE INDEX p_b ON ONLY p (b DESC)"],
            "SELECT 1",
            Kind::IncompleteIndex,
            "public.p_b",
        ),
        (
            &[parts, "CREATE UNIQUE INDEX p_ab ON ONLY p (a, b)"],
            "SELECT 1",
            Kind::IncompleteIndex,
            "public.p_ab",
        ),
        (
            &[parts, "ALTER TABLE ONLY p ADD CONSTRAINT p_key UNIQUE (a, b)"],
            "SELECT 1",
            Kind::IncompleteIndex,
            "public.p_key",
        ),
        (
            &[
                "CREATE TABLE e (a int) PARTITION BY LIST (a)",
                "CREATE INDEX e_a ON ONLY e (a)",
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'e_a'::regclass",
            ],
            "SELECT 1",
            Kind::IncompleteIndex,
            "public.e_a",
        ),
        (
            &[twice, "ALTER TABLE t ADD CONSTRAINT \"big A\" CHECK (a > 1) NOT VALID"],
            "UPDATE t SET a = 2",
            Kind::NotValid,
            "big A",
        ),
        (
            &[
                "CREATE TABLE one (a int PRIMARY KEY)",
                "CREATE TABLE many (a int)",
                "ALTER TABLE many ADD CONSTRAINT many_a_fkey FOREIGN KEY (a) REFERENCES one NOT VALID",
            ],
            "SELECT 1",
            Kind::NotValid,
            "many_a_fkey",
        ),
        (
            &[
                "CREATE DOMAIN d AS int",
                "ALTER DOMAIN d ADD CONSTRAINT d_check CHECK (VALUE > 0) NOT VALID",
            ],
            "SELECT 1",
            Kind::NotValid,
            "d_check",
        ),
    ];
    let db = database().await;
    let client = db.client().await;
    for (faults, before, kind, object) in cases {
        for fault in *faults {
            // The index build that fails is the fault.
            let made = client.batch_execute(fault).await;
            assert!(made.is_ok() || fault.contains("CONCURRENTLY"), "{fault}: {made:?}");
        }
        let all = findings(&db, &tables(0), AT_ONCE).await;
        assert!(
            matches!(&all[..], [one] if one.kind == *kind && one.object == *object),
            "{faults:?}: {all:?}"
        );
        client.batch_execute(before).await.unwrap();
        mend(&client, &all[0].mend).await;
        assert_eq!(found(&db).await, [], "{:?}", all[0].mend);
        let empty = "DROP TABLE IF EXISTS t, p, e, one, many CASCADE; DROP DOMAIN IF EXISTS d";
        client.batch_execute(empty).await.unwrap();
    }
}

#[tokio::test]
async fn what_an_interrupted_reindex_leaves_is_dropped_first() {
    let db = database().await;
    let client = db.client().await;
    client.batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)").await.unwrap();
    client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)").await.unwrap_err();
    client.batch_execute("REINDEX INDEX CONCURRENTLY t_a").await.unwrap_err();
    let all = findings(&db, &tables(0), AT_ONCE).await;
    let kinds: Vec<Kind> = all.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::InvalidIndex, Kind::ReindexLeftover], "{all:?}");
    assert_eq!(all[1].object, "public.t_a_ccnew");
    mend(&client, &all[1].mend).await;
    mend(&client, all[0].otherwise.as_ref().unwrap()).await;
    assert_eq!(found(&db).await, []);
}

#[tokio::test]
async fn a_partition_that_is_half_detached() {
    let db = database().await;
    if db.server().major < 14 {
        return eprintln!("SKIPPED: before 14 nothing is detached concurrently");
    }
    let (client, reader) = (db.client().await, db.client().await);
    client
        .batch_execute(
            "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
        )
        .await
        .unwrap();
    reader.batch_execute("BEGIN; SELECT * FROM p").await.unwrap();
    client.batch_execute("SET statement_timeout = 500").await.unwrap();
    client.batch_execute("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY").await.unwrap_err();
    reader.batch_execute("COMMIT").await.unwrap();
    let all = findings(&db, &tables(0), AT_ONCE).await;
    assert!(matches!(&all[..], [one] if one.kind == Kind::PendingDetach), "{all:?}");
    mend(&client, &all[0].mend).await;
    assert_eq!(found(&db).await, []);
}

#[tokio::test]
async fn sessions_that_sit_on_locks() {
    let db = database().await;
    exec(&db, "CREATE TABLE t (a int)").await;
    let history = tables(0);
    let client = db.client().await;
    let (locks, snapshot, harmless) = (db.client().await, db.client().await, db.client().await);
    locks.batch_execute("BEGIN; LOCK TABLE t IN SHARE MODE").await.unwrap();
    snapshot.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
    harmless.batch_execute("BEGIN").await.unwrap();
    let all = findings(&db, &history, AT_ONCE).await;
    let texts: Vec<&str> = all.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(texts[0].ends_with("it holds locks on public.t"), "{texts:?}");
    assert!(texts[1].contains("CREATE INDEX CONCURRENTLY"), "{texts:?}");
    assert!(all.iter().all(|finding| finding.kind == Kind::IdleTransaction));
    assert_eq!(found(&db).await, [], "an hour has not gone by");
    for finding in &all {
        mend(&client, &finding.mend).await;
    }
    until(&db, "SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    assert_eq!(findings(&db, &history, AT_ONCE).await, []);
}

#[tokio::test]
async fn a_transaction_that_was_prepared_and_forgotten() {
    let db = database().await;
    let client = db.client().await;
    let name = format!("it's {}", db.name);
    let prepare =
        format!("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION '{}'", name.replace('\'', "''"));
    client.batch_execute(&prepare).await.unwrap();
    let all = findings(&db, &tables(0), AT_ONCE).await;
    let [one] = &all[..] else { panic!("{all:?}") };
    assert_eq!((one.kind, &one.object), (Kind::PreparedTransaction, &name));
    mend(&client, &one.mend).await;
    assert_eq!(findings(&db, &tables(0), AT_ONCE).await, []);
    assert!(!there(&db, "t").await);
}

#[tokio::test]
async fn the_runners_lock_in_a_session_that_sleeps() {
    let db = database().await;
    let history = files(&[loose("r001", "", "SELECT 1;\nSELECT 1/0;")]);
    let _ = up(&engine(&db, &history)).await.unwrap_err();
    let (holder, client) = (db.client().await, db.client().await);
    let key = LockKey::new(&options().version_table);
    let take = format!("SELECT pg_advisory_lock({}, {})", key.class, key.object);
    holder.batch_execute(&take).await.unwrap();
    // As if a run were under way: what it has half done is not left behind.
    assert_eq!(findings(&db, &history, Duration::from_hours(1)).await, []);
    let all = findings(&db, &history, AT_ONCE).await;
    let kinds: Vec<Kind> = all.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::HalfDone, Kind::StaleLock], "{all:?}");
    mend(&client, &all[1].mend).await;
    until(&db, "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").await;
    let all = findings(&db, &history, AT_ONCE).await;
    assert_eq!(all.len(), 1, "{all:?}");
}

#[tokio::test]
async fn scratch_databases_whose_makers_are_gone() {
    let db = database().await;
    let client = db.client().await;
    let name = |what: &str| format!("limbeck_scratch_{}_{what}", db.name);
    let dead = i32::MAX;
    for (what, maker) in [
        ("dead", format!("process {dead} (x) on doctor.test")),
        ("alive", format!("process {} (x) on doctor.test", std::os::unix::process::parent_id())),
        ("afar", "process 1 (x) on far.doctor.test".to_owned()),
    ] {
        let name = name(what);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let comment =
            format!("COMMENT ON DATABASE {name} IS 'scratch database of limbeck, {maker}'");
        client.batch_execute(&comment).await.unwrap();
    }
    let mine = async || findings(&db, &tables(0), AT_ONCE).await;
    let all = mine().await;
    let objects: Vec<&String> = all.iter().map(|finding| &finding.object).collect();
    assert_eq!(objects, [&name("afar"), &name("dead")]);
    assert!(all[0].what.contains("on far.doctor.test, and nobody is connected"), "{all:?}");
    assert!(all[1].what.contains(&format!("process {dead} on doctor.test, which has ended")));
    for finding in &all {
        mend(&client, &finding.mend).await;
    }
    assert_eq!(mine().await, []);
    client.batch_execute(&format!("DROP DATABASE {}", name("alive"))).await.unwrap();
}

/// The commands that the doctor names, run by the engine, mend what it found.
#[tokio::test]
async fn revisions_in_every_bad_state() {
    let db = database().await;
    let texts = [
        text("r001", "", "CREATE TABLE a ();", "DROP TABLE a;"),
        text("r002", "r001", "CREATE TABLE b ();", "DROP TABLE b;"),
        text("r003", "r002", "CREATE TABLE c ();", "DROP TABLE c;"),
        text("r004", "r003", "SELECT 1/0;", ""),
    ];
    let _ = up(&engine(&db, &files(&texts))).await.unwrap_err();
    let seen = async |texts: &[String]| {
        let all = findings(&db, &files(texts), AT_ONCE).await;
        let commands = all.into_iter().map(|f| {
            (f.kind, f.object, f.mend.text().to_owned(), f.otherwise.map(|o| o.text().to_owned()))
        });
        commands.collect::<Vec<_>>()
    };
    let one = |kind, id: &str, mend: &str, or: Option<&str>| {
        (kind, id.to_owned(), mend.to_owned(), or.map(str::to_owned))
    };
    let failed = one(Kind::Failed, "r004", "limbeck upgrade r004", None);
    assert_eq!(seen(&texts).await, std::slice::from_ref(&failed));

    let mut edited = texts.clone();
    edited[1] = edited[1].replace("CREATE TABLE b ()", "CREATE TABLE b (n int)");
    let stamp = "limbeck stamp r003";
    assert_eq!(seen(&edited).await, [one(Kind::Edited, "r002", stamp, None), failed.clone()]);

    // A file in the middle is gone, and its child revises what is below.
    let mut missing = texts.to_vec();
    missing.remove(1);
    missing[1] = missing[1].replace("Revises: r002", "Revises: r001");
    let show = "limbeck show r002 > r002.sql";
    assert_eq!(
        seen(&missing).await,
        [failed.clone(), one(Kind::MissingFile, "r002", show, Some(stamp))]
    );
    let ahead = one(Kind::MissingFile, "r003", "limbeck show r003 > r003.sql", None);
    assert_eq!(seen(&texts[..2]).await, [ahead]);

    let mut inserted = texts.to_vec();
    inserted[1] = inserted[1].replace("Revises: r001", "Revises: new1");
    inserted.push(text("new1", "r001", "SELECT 1;", ""));
    let again = "limbeck downgrade r001 && limbeck upgrade heads";
    assert_eq!(seen(&inserted).await, [failed, one(Kind::Skipped, "new1", again, Some(stamp))]);
}

#[tokio::test]
async fn statements_that_were_interrupted() {
    let db = database().await;
    exec(
        &db,
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; PERFORM 1/0; END $$; CREATE TABLE a (n int)",
    )
    .await;
    let calls = files(&[loose("r001", "", "INSERT INTO a VALUES (1);\nCALL p();\nVACUUM a;")]);
    let _ = up(&engine(&db, &calls)).await.unwrap_err();
    let all = findings(&db, &calls, AT_ONCE).await;
    let [one] = &all[..] else { panic!("{all:?}") };
    assert_eq!(one.kind, Kind::InDoubt, "{all:?}");
    assert_eq!(one.what, "its statement 2 was interrupted and may have taken effect: `CALL p()`");
    assert_eq!(one.mend.text(), "limbeck resolve r001 --done");
    assert_eq!(one.otherwise.as_ref().unwrap().text(), "limbeck resolve r001 --redo");
}
