//! Databases that another tool manages, stamping, and scripts for psql.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use limbeck::{
    engine::{Control, Engine, offline},
    revision::Direction,
};

use crate::support::{TestDb, database, kit::*};

/// The same engine on Alembic's table.
fn on_alembic(mut engine: Engine) -> Engine {
    engine.options.version_table.schema = "public".into();
    engine.options.version_table.name = "alembic_version".into();
    engine
}

/// What Alembic leaves after two revisions.
async fn alembic(db: &TestDb) {
    exec(
        db,
        "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, \
              CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)); \
              INSERT INTO alembic_version VALUES ('r002'); \
              CREATE TABLE t1 (id bigint PRIMARY KEY); CREATE TABLE t2 (id bigint PRIMARY KEY)",
    )
    .await;
}

#[tokio::test]
async fn an_alembic_database_is_refused_until_the_settings_name_its_table() {
    let db = database().await;
    alembic(&db).await;
    let engine = engine(&db, &tables(3));
    let overview = engine.overview().await.unwrap();
    assert_eq!(
        (overview.managed, overview.adoptable.as_deref()),
        (false, Some("public.alembic_version"))
    );
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "SETTINGS");
    assert!(error.hint.unwrap().contains("version_table = \"public.alembic_version\""));
    assert!(!there(&db, "limbeck.version").await);
}

#[tokio::test]
async fn alembics_table_is_known_by_its_column_whatever_it_is_called() {
    let db = database().await;
    let made = "CREATE SCHEMA \"Ops\"; CREATE TABLE \"Ops\".versions (version_num varchar(32) PRIMARY KEY);
        CREATE TABLE other (version_num varchar(32), at date); INSERT INTO other VALUES ('r001');";
    exec(&db, made).await;
    let mut engine = engine(&db, &tables(3));
    // An empty one says nothing, and a table that holds more is another.
    assert_eq!(engine.upgrade("r001", &Control::silent()).await.unwrap().done.len(), 1);
    exec(&db, "DROP SCHEMA limbeck CASCADE; INSERT INTO \"Ops\".versions VALUES ('r001')").await;
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "SETTINGS");
    let hint = error.hint.unwrap();
    assert!(hint.contains("version_table = '\"Ops\".versions'"), "{hint}");
    engine.options.version_table.schema = "Ops".into();
    engine.options.version_table.name = "versions".into();
    assert_eq!(up(&engine).await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn an_alembic_database_is_adopted() {
    let db = database().await;
    alembic(&db).await;
    let engine = on_alembic(engine(&db, &tables(4)));
    let overview = engine.overview().await.unwrap();
    assert!(overview.managed && overview.adoptable.is_none());
    assert_eq!((ids(&overview.rows), overview.pending), (vec!["r002"], 2));
    assert!(!there(&db, "limbeck.history").await, "looking writes nothing");
    let report = engine.upgrade("r003", &Control::silent()).await.unwrap();
    assert_eq!(report.done.len(), 1);
    let states =
        "SELECT string_agg(revision || ' ' || state, ', ' ORDER BY id) FROM limbeck.history";
    assert_eq!(ask(&db, states).await, "r001 adopted, r002 adopted, r003 applied");
    assert_eq!(ask(&db, "SELECT version_num FROM alembic_version").await, "r003");
    assert!(!there(&db, "limbeck.version").await);

    // Alembic goes on, then we do.
    exec(
        &db,
        "CREATE TABLE t4 (id bigint PRIMARY KEY); UPDATE alembic_version SET version_num = 'r004'",
    )
    .await;
    assert!(up(&engine).await.unwrap().done.is_empty());
    assert!(ask(&db, states).await.ends_with("r004 adopted"));
    engine.downgrade("base", &Control::silent()).await.unwrap();
    assert!(!there(&db, "t1").await);
}

/// What each tool took down, the other may take up again: the audit table knows only one half of it.
#[tokio::test]
async fn alembic_and_limbeck_take_turns_in_both_directions() {
    let db = database().await;
    alembic(&db).await;
    let engine = on_alembic(engine(&db, &tables(4)));
    up(&engine).await.unwrap();
    // Alembic takes r004 down, limbeck r003, Alembic both up.
    exec(&db, "DROP TABLE t4; UPDATE alembic_version SET version_num = 'r003'").await;
    engine.downgrade("r002", &Control::silent()).await.unwrap();
    exec(
        &db,
        "CREATE TABLE t3 (id bigint PRIMARY KEY); CREATE TABLE t4 (id bigint PRIMARY KEY); \
         UPDATE alembic_version SET version_num = 'r004'",
    )
    .await;
    let overview = engine.overview().await.unwrap();
    assert!(overview.states.iter().all(|state| state.applied && !state.skipped));
    assert!(up(&engine).await.unwrap().done.is_empty());
    engine.downgrade("base", &Control::silent()).await.unwrap();
    assert!(!there(&db, "t1").await);
}

#[tokio::test]
async fn an_empty_alembic_table_is_no_reason_to_refuse() {
    let db = database().await;
    exec(&db, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)").await;
    assert_eq!(up(&engine(&db, &tables(1))).await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn stamping_records_without_running() {
    let db = database().await;
    let engine = engine(&db, &tables(3));
    let report = engine.stamp(&["r002"], false, &Control::silent()).await.unwrap();
    assert_eq!((ids(&report.before), ids(&report.after)), (vec![], vec!["r002"]));
    assert!(!there(&db, "t1").await);
    assert_eq!(rows(&db).await, "r002");
    let overview = engine.overview().await.unwrap();
    assert_eq!(overview.pending, 1);
    assert!(overview.states[0].applied && overview.states[1].current);
    up(&engine).await.unwrap();
    engine.stamp(&["base"], false, &Control::silent()).await.unwrap();
    assert_eq!(rows(&db).await, "");
    assert_eq!(engine.overview().await.unwrap().pending, 3);

    exec(&db, "INSERT INTO limbeck.version VALUES ('unknown')").await;
    let error = engine.stamp(&["r001"], false, &Control::silent()).await.unwrap_err();
    assert_eq!(error.code.as_str(), "DATABASE_AHEAD");
    assert!(error.hint.unwrap().contains("--purge r001"));
    engine.stamp(&["r001"], true, &Control::silent()).await.unwrap();
    assert_eq!(rows(&db).await, "r001");
}

/// Runs a script through psql; none when there is no psql.
fn psql(db: &TestDb, script: &str, stop: bool) -> Option<(bool, String)> {
    let server = db.server();
    let mut command = Command::new("psql");
    command.env("PGPASSWORD", &server.password).args(["-X", "-q", "-h", &server.host]);
    command.args(["-p", &server.port.to_string(), "-U", &server.user, "-d", &db.name]);
    command.stdin(Stdio::piped());
    if stop {
        command.args(["-v", "ON_ERROR_STOP=1"]);
    }
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = started else {
        eprintln!("skipped: `psql` is not installed");
        return None;
    };
    // A script that stops early closes its end.
    let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
    let out = child.wait_with_output().unwrap();
    Some((out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_does_what_a_run_does() {
    let db = database().await;
    let loose = "-- loose\n-- Revision ID: r003\n-- Revises: r002\n-- migrate:up transaction:false\n\
        CREATE INDEX CONCURRENTLY a_idx ON a (t);\n-- migrate:down transaction:false\n\
        DROP INDEX CONCURRENTLY a_idx;\n";
    let history = files(&[
        text("r001", "", "CREATE TABLE a (n int, t text)", "DROP TABLE a;"),
        text(
            "r002",
            "r001",
            "COPY a FROM stdin;\n1\to'ne\\n\n2\t$limbeck$\n\\.\nINSERT INTO a VALUES (3, '\\');",
            "DELETE FROM a;",
        ),
        loose.to_owned(),
    ]);
    let engine = engine(&db, &history);
    let script = offline::script(&history, Direction::Up, "r003", &engine.options).unwrap();
    let Some((well, said)) = psql(&db, &script, true) else { return };
    assert!(well, "{said}\n{script}");
    assert_eq!(rows(&db).await, "r003");
    assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "3");
    assert!(there(&db, "a_idx").await);

    // The engine takes it for its own.
    let overview = engine.overview().await.unwrap();
    assert_eq!(overview.pending, 0);
    assert!(overview.states.iter().all(|s| s.edited.is_none() && s.applied_at.is_some()));
    assert!(up(&engine).await.unwrap().done.is_empty());

    // Once more, and from elsewhere: refused, nothing changed, also without ON_ERROR_STOP.
    for stop in [true, false] {
        let (well, said) = psql(&db, &script, stop).unwrap();
        assert!(!well && said.contains("the database is at r003"), "{said}");
        assert_eq!(ask(&db, "SELECT count(*) FROM a").await, "3");
    }
    let part = offline::script(&history, Direction::Up, "r001:r002", &engine.options).unwrap();
    assert!(!psql(&db, &part, true).unwrap().0);

    let down = offline::script(&history, Direction::Down, "r003:r001", &engine.options).unwrap();
    let (well, said) = psql(&db, &down, true).unwrap();
    assert!(well, "{said}\n{down}");
    assert_eq!(rows(&db).await, "r001");
    assert!(!there(&db, "a_idx").await);
    let (well, _) = psql(&db, &down, true).unwrap();
    assert!(!well);
    assert_eq!(rows(&db).await, "r001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_script_rolls_its_revision_back() {
    let db = database().await;
    let history = chain(&[("CREATE TABLE a ();", ""), ("CREATE TABLE b (); SELECT 1/0;", "")]);
    let engine = engine(&db, &history);
    let script = offline::script(&history, Direction::Up, "r002", &engine.options).unwrap();
    let Some((well, _)) = psql(&db, &script, false) else { return };
    assert!(!well);
    assert_eq!(rows(&db).await, "r001");
    assert!(there(&db, "a").await && !there(&db, "b").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_stamps_as_the_command_does() {
    let db = database().await;
    let history = tables(3);
    let engine = engine(&db, &history);
    let script = |specs: &[&str], purge| {
        offline::stamp_script(&history, specs, purge, &engine.options).unwrap()
    };
    let states =
        "SELECT string_agg(revision || ' ' || state, ', ' ORDER BY id) FROM limbeck.history";
    let Some((well, said)) = psql(&db, &script(&["r002"], false), true) else { return };
    assert!(well, "{said}");
    assert_eq!(rows(&db).await, "r002");
    assert_eq!(ask(&db, states).await, "r001 stamped, r002 stamped");
    let overview = engine.overview().await.unwrap();
    assert_eq!((overview.pending, overview.orphans.len()), (1, 0));

    // A database that is somewhere else is refused, also without ON_ERROR_STOP.
    for (specs, stop) in [(["r003"], true), (["r001:r003"], false)] {
        let (well, said) = psql(&db, &script(&specs, false), stop).unwrap();
        assert!((!stop || !well) && said.contains("the database is at r002"), "{said}");
        assert_eq!(rows(&db).await, "r002");
    }
    let (well, said) = psql(&db, &script(&["r002:r001"], false), true).unwrap();
    assert!(well, "{said}");
    assert_eq!(rows(&db).await, "r001");
    assert!(ask(&db, states).await.ends_with("r001 stamped, r002 unstamped"));
    let overview = engine.overview().await.unwrap();
    assert_eq!((overview.pending, overview.orphans.len()), (2, 0));

    exec(&db, "UPDATE limbeck.version SET version_num = 'strange'").await;
    let (well, said) = psql(&db, &script(&["heads"], true), true).unwrap();
    assert!(well, "{said}");
    assert_eq!(rows(&db).await, "r003");
    let (well, said) = psql(&db, &script(&["base"], true), true).unwrap();
    assert!(well, "{said}");
    assert_eq!(rows(&db).await, "");
    let overview = engine.overview().await.unwrap();
    assert_eq!((overview.pending, overview.orphans.len()), (3, 0));
    assert!(up(&engine).await.is_ok());
}
