//! Row 35: what is set or hooked up around our tables.

use crate::support::{database, kit::*};

#[tokio::test]
async fn row_35_tables_that_run_other_code_are_refused() {
    let db = database().await;
    up(&engine(&db, &tables(1))).await.unwrap();
    exec(&db, "CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; \
               CREATE TRIGGER evil BEFORE INSERT ON limbeck.history FOR EACH ROW EXECUTE FUNCTION evil()").await;
    let error = up(&engine(&db, &tables(2))).await.unwrap_err();
    assert!(error.message.contains("`evil`"), "{}", error.message);
    assert!(!there(&db, "t2").await);
}

/// Everything a role or a database may preset, set to what would do harm.
#[tokio::test]
async fn row_35_presets_of_role_and_database_do_no_harm() {
    let db = database().await;
    let role = format!("{}_odd", db.name);
    let mut sql = format!(
        "CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'x'; \
         ALTER DATABASE {} SET lock_timeout = '900ms'; \
         ALTER DATABASE {} SET timezone = 'America/Nuuk';",
        db.name, db.name
    );
    for setting in [
        "synchronous_commit = off",
        "statement_timeout = '900ms'",
        "idle_in_transaction_session_timeout = '900ms'",
        "datestyle = 'SQL, DMY'",
        "intervalstyle = 'sql_standard'",
        "standard_conforming_strings = off",
        "backslash_quote = off",
        "search_path = 'nowhere'",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "client_encoding = 'LATIN1'",
        "client_min_messages = 'debug1'",
        "extra_float_digits = -15",
        "row_security = off",
        "check_function_bodies = off",
        "enable_seqscan = off",
    ] {
        sql.push_str(&format!("ALTER ROLE {role} SET {setting};"));
    }
    if db.server().major >= 14 {
        sql.push_str(&format!("ALTER ROLE {role} SET idle_session_timeout = '300ms';"));
    }
    exec(&db, &sql).await;
    let script = r"CREATE TABLE public.a (synchronous_commit text, path text);
        INSERT INTO public.a VALUES (current_setting('synchronous_commit'), 'C:\temp\é');";
    let slow = format!("{script}\nSELECT pg_sleep(1);");
    // Between its tries a run waits for longer than the session may be idle.
    let history = chain(&[
        (&slow, "DROP TABLE public.a;"),
        ("CREATE SEQUENCE IF NOT EXISTS public.tries; ALTER TABLE public.a ADD c int;", ""),
    ]);
    let mut odd = engine(&db, &history);
    let mut config = db.config(&db.name);
    odd.link = config.user(&role).password("x").clone().into();
    odd.upgrade("r001", &limbeck::engine::Control::silent()).await.unwrap();
    let blocker = db.client().await;
    blocker.batch_execute("BEGIN; LOCK TABLE public.a IN ACCESS SHARE MODE").await.unwrap();
    let control = {
        let blocker = std::sync::Mutex::new(Some(blocker));
        limbeck::engine::Control::new(move |event| {
            if matches!(event, limbeck::engine::Event::Retrying { .. }) {
                drop(blocker.lock().unwrap().take());
            }
        })
    };
    odd.upgrade("heads", &control).await.unwrap();
    assert_eq!(ask(&db, "SELECT synchronous_commit || path FROM a").await, r"onC:\temp\é");
    assert_eq!(ask(&db, "SELECT tries FROM limbeck.history WHERE revision = 'r002'").await, "2");
    let overview = odd.overview().await.unwrap();
    assert!(overview.states.iter().all(|state| state.applied && state.edited.is_none()));
    assert!(overview.states[0].applied_at.is_some() && overview.states[0].took.is_some());
    odd.downgrade("r001", &limbeck::engine::Control::silent()).await.unwrap();
    exec(
        &db,
        &format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}"),
    )
    .await;
}

/// A revision sees how long a client may be silent: one that hangs gives its locks back in bounded time.
#[tokio::test]
async fn row_35_no_session_may_idle_in_its_transaction_for_long() {
    let db = database().await;
    let script =
        "CREATE TABLE a AS SELECT current_setting('idle_in_transaction_session_timeout') AS t;";
    up(&engine(&db, &chain(&[(script, "")]))).await.unwrap();
    assert_eq!(ask(&db, "SELECT t::interval <= '30s' AND t::interval > '0s' FROM a").await, "t");
}

/// An event trigger that forbids our tables is an error with nothing changed, one that looks on is not.
#[tokio::test]
async fn row_35_event_triggers() {
    let db = database().await;
    exec(
        &db,
        "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS \
           $$ BEGIN RAISE 'no DDL on Fridays' USING ERRCODE = 'P0001'; END $$; \
         CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION no()",
    )
    .await;
    let engine = engine(&db, &tables(1));
    let error = up(&engine).await.unwrap_err();
    assert!(error.message.contains("no DDL on Fridays"), "{error:?}");
    assert_eq!(error.state.as_deref(), Some("nothing was changed"));
    exec(
        &db,
        "DROP EVENT TRIGGER no; CREATE TABLE seen (tag text); \
         CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS \
           $$ BEGIN INSERT INTO public.seen VALUES (tg_tag); END $$; \
         CREATE EVENT TRIGGER look ON ddl_command_end EXECUTE FUNCTION look()",
    )
    .await;
    up(&engine).await.unwrap();
    assert_eq!(rows(&db).await, "r001");
}

/// Times in the audit table are the server's: what the program's clock and zone say does not matter.
#[tokio::test(flavor = "multi_thread")]
async fn row_35_times_are_the_servers() {
    use crate::support::{on, run, three};
    let (project, db) = (three(), database().await);
    run(on(&project, &db, &["upgrade", "head"]).env("TZ", "Pacific/Kiritimati")).exits(0);
    let fits = "SELECT bool_and(started <= finished AND finished BETWEEN clock_timestamp() - \
                interval '1 minute' AND clock_timestamp()) FROM limbeck.history";
    assert_eq!(ask(&db, fits).await, "t");
}
