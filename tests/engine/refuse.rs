//! Rows 14 to 19: files and database contradict each other.

use limbeck::engine::{Control, Event};

use super::kit::*;
use crate::support::database;

#[tokio::test]
async fn row_14_an_edited_file_is_an_error_a_comment_is_not() {
    let db = database().await;
    let scripts = [("CREATE TABLE a (id int);", "DROP TABLE a;")];
    up(&engine(&db, &chain(&scripts))).await.unwrap();

    let (control, events) = recording();
    let commented = chain(&[("CREATE TABLE a (\n  -- the key\n  id int);", "DROP TABLE a;")]);
    engine(&db, &commented).upgrade("heads", &control).await.unwrap();

    let edited = chain(&[("CREATE TABLE a (id bigint);", "DROP TABLE a;"), ("SELECT 1;", "")]);
    let error = up(&engine(&db, &edited)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "EDITED");
    assert!(error.message.contains("000.sql"));
    assert!(error.hint.as_deref().unwrap().contains("limbeck stamp r001"));
    assert_eq!(rows(&db).await, "r001");
    drop(events);

    // What the hint says works.
    engine(&db, &edited).stamp(&["r001"], false, &Control::silent()).await.unwrap();
    assert_eq!(up(&engine(&db, &edited)).await.unwrap().done.len(), 1);
}

#[tokio::test]
async fn row_14_an_edited_down_script_is_a_warning() {
    let db = database().await;
    up(&engine(&db, &chain(&[("CREATE TABLE a ();", "DROP TABLE a;")]))).await.unwrap();
    let edited = chain(&[("CREATE TABLE a ();", "DROP TABLE IF EXISTS a;")]);
    up(&engine(&db, &edited)).await.unwrap();
    let (control, events) = recording();
    engine(&db, &edited).downgrade("base", &control).await.unwrap();
    let remarked = events
        .lock()
        .unwrap()
        .iter()
        .any(|event| matches!(event, Event::Remark(text) if text.contains("down script")));
    assert!(remarked);
    assert!(!there(&db, "a").await);
}

#[tokio::test]
async fn row_15_a_missing_file_is_an_error() {
    let db = database().await;
    let all = [
        text("a1", "", "CREATE TABLE a1 ();", ""),
        text("b1", "a1", "CREATE TABLE b1 ();", ""),
        text("c1", "b1", "CREATE TABLE c1 ();", ""),
    ];
    up(&engine(&db, &files(&all))).await.unwrap();
    let without = files(&[all[0].clone(), text("c1", "a1", "CREATE TABLE c1 ();", "")]);
    let error = up(&engine(&db, &without)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "MISSING_FILE");
    assert!(error.message.contains("`b1`"));
    assert!(error.hint.as_deref().unwrap().contains("limbeck stamp c1"));
    assert_eq!(
        ask(&db, "SELECT up_sql FROM limbeck.history WHERE revision = 'b1'").await,
        "CREATE TABLE b1 ();"
    );
    engine(&db, &without).stamp(&["c1"], false, &Control::silent()).await.unwrap();
    up(&engine(&db, &without)).await.unwrap();
}

#[tokio::test]
async fn row_16_a_skipped_ancestor_is_an_error() {
    let db = database().await;
    up(&engine(
        &db,
        &files(&[
            text("a1", "", "CREATE TABLE a1 ();", "DROP TABLE a1;"),
            text("c1", "a1", "CREATE TABLE c1 ();", "DROP TABLE c1;"),
        ]),
    ))
    .await
    .unwrap();
    let inserted = files(&[
        text("a1", "", "CREATE TABLE a1 ();", "DROP TABLE a1;"),
        text("b1", "a1", "CREATE TABLE b1 ();", "DROP TABLE b1;"),
        text("c1", "b1", "CREATE TABLE c1 ();", "DROP TABLE c1;"),
    ]);
    let error = up(&engine(&db, &inserted)).await.unwrap_err();
    assert_eq!(error.code.as_str(), "SKIPPED_ANCESTOR");
    assert!(error.message.contains("`b1`") && error.message.contains("001.sql"));
    let seen = engine(&db, &inserted).overview().await.unwrap();
    assert_eq!(seen.states.iter().map(|s| s.skipped).collect::<Vec<_>>(), [false, true, false]);
    let error = engine(&db, &inserted).downgrade("base", &Control::silent()).await.unwrap_err();
    assert_eq!(error.code.as_str(), "SKIPPED_ANCESTOR");
    engine(&db, &inserted).downgrade("b1", &Control::silent()).await.unwrap();
    assert_eq!(rows(&db).await, "b1");
}

#[tokio::test]
async fn row_16_a_branch_merged_late_is_two_heads() {
    let db = database().await;
    let a = text("a1", "", "CREATE TABLE a1 ();", "DROP TABLE a1;");
    let b = text("b1", "a1", "CREATE TABLE b1 ();", "DROP TABLE b1;");
    up(&engine(&db, &files(&[a.clone(), b.clone()]))).await.unwrap();
    let both = files(&[a, b, text("c1", "a1", "CREATE TABLE c1 ();", "DROP TABLE c1;")]);
    let error = engine(&db, &both).upgrade("head", &Control::silent()).await.unwrap_err();
    assert_eq!(error.code.as_str(), "MULTIPLE_HEADS");
    up(&engine(&db, &both)).await.unwrap();
    assert_eq!(rows(&db).await, "b1,c1");
}

#[tokio::test]
async fn row_17_and_18_a_broken_folder_runs_nothing() {
    let db = database().await;
    let broken = files(&[
        text("a1", "", "CREATE TABLE a1 ();", ""),
        text("a1", "", "CREATE TABLE a2 ();", ""),
        text("b1", "nowhere", "CREATE TABLE b1 ();", ""),
    ]);
    let error = up(&engine(&db, &broken)).await.unwrap_err();
    let all = format!("{} {}", error.message, error.more.join(" "));
    assert!(all.contains("000.sql") && all.contains("001.sql") && all.contains("nowhere"), "{all}");
    assert!(!there(&db, "a1").await);
}

#[tokio::test]
async fn row_18_an_id_that_the_version_table_cannot_hold_is_refused() {
    let db = database().await;
    let long = "a".repeat(33);
    let mut engine = engine(
        &db,
        &files(&[
            text("short", "", "CREATE TABLE one ();", ""),
            text(&long, "short", "CREATE TABLE two ();", ""),
        ]),
    );
    up(&engine).await.unwrap();
    engine.options.version_table.schema = "public".into();
    engine.options.version_table.name = "alembic_version".into();
    exec(&db, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); DROP TABLE one, two; DROP SCHEMA limbeck CASCADE").await;
    let error = up(&engine).await.unwrap_err();
    assert_eq!(error.code.as_str(), "ID_TOO_LONG");
    assert!(!there(&db, "one").await);
}

#[tokio::test]
async fn row_18_ids_are_told_apart_by_case() {
    let db = database().await;
    let engine = engine(
        &db,
        &files(&[
            text("abc", "", "CREATE TABLE one ();", ""),
            text("ABC", "abc", "CREATE TABLE two ();", ""),
        ]),
    );
    assert_eq!(up(&engine).await.unwrap().done.len(), 2);
    assert_eq!(rows(&db).await, "ABC");
}

#[tokio::test]
async fn row_19_a_database_ahead_is_refused() {
    let db = database().await;
    up(&engine(&db, &tables(3))).await.unwrap();
    let older = engine(&db, &tables(2));
    let error = up(&older).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.code.exit_status()), ("DATABASE_AHEAD", 4));
    assert!(error.message.contains("`r003`"));
    let overview = older.overview().await.unwrap();
    assert_eq!(overview.orphans.len(), 1);
    assert!(overview.orphans[0].current && overview.orphans[0].applied_at.is_some());
}

#[tokio::test]
async fn row_4_a_read_only_target_is_refused() {
    let db = database().await;
    exec(&db, &format!("ALTER DATABASE {} SET default_transaction_read_only = on", db.name)).await;
    let error = up(&engine(&db, &tables(1))).await.unwrap_err();
    assert_eq!(error.code.as_str(), "READ_ONLY");
}

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

#[tokio::test]
async fn tables_of_a_later_limbeck_are_refused() {
    let db = database().await;
    up(&engine(&db, &tables(1))).await.unwrap();
    exec(
        &db,
        "UPDATE limbeck.meta SET value = '99' WHERE key = 'format'; \
               UPDATE limbeck.meta SET value = '7.0' WHERE key = 'minimum_tool'",
    )
    .await;
    let error = up(&engine(&db, &tables(2))).await.unwrap_err();
    assert_eq!(error.code.as_str(), "SETTINGS");
    assert!(error.hint.unwrap().contains("7.0"));
}

#[tokio::test]
async fn a_role_without_rights_gets_a_clear_refusal() {
    let db = database().await;
    let role = format!("{}_low", db.name);
    exec(
        &db,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        ),
    )
    .await;
    let mut low = engine(&db, &tables(1));
    let mut config = db.config(&db.name);
    config.user(&role).password("x");
    low.link = config.into();
    let error = up(&low).await.unwrap_err();
    assert_eq!(error.code.as_str(), "PRIVILEGE");
    let overview = low.overview().await.unwrap();
    assert_eq!((overview.managed, overview.pending, overview.unreadable), (false, 1, false));
    up(&engine(&db, &tables(1))).await.unwrap();
    let overview = low.overview().await.unwrap();
    assert!(overview.managed && overview.unreadable);
    assert!(low.record(5).await.unwrap().is_empty());
    assert!(!low.activity().await.unwrap().settings.is_empty());
    exec(&db, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// Tables of a later limbeck, of an unknown one, and of something else by the same names.
#[tokio::test]
async fn tables_of_an_unknown_format_are_refused_with_one_sentence() {
    let db = database().await;
    let engine = engine(&db, &tables(2));
    engine.upgrade("r001", &Control::silent()).await.unwrap();
    let refused = async |sql: &str, words: &str| {
        exec(&db, sql).await;
        for error in [
            engine.upgrade("head", &Control::silent()).await.unwrap_err(),
            engine.stamp(&["head"], false, &Control::silent()).await.unwrap_err(),
            engine.overview().await.unwrap_err(),
        ] {
            assert_eq!(error.code.as_str(), "SETTINGS", "{sql}: {error:?}");
            assert!(error.message.contains("`limbeck`"), "{}", error.message);
            let told = format!("{} {}", error.message, error.hint.unwrap());
            assert!(told.contains(words), "{told}");
        }
    };
    refused(
        "UPDATE limbeck.meta SET value = '2' WHERE key = 'format'; \
         UPDATE limbeck.meta SET value = '7.1' WHERE key = 'minimum_tool'",
        "limbeck 7.1 or later",
    )
    .await;
    refused("UPDATE limbeck.meta SET value = 'ü' WHERE key = 'format'", "does not know").await;
    refused("DELETE FROM limbeck.meta", "does not know").await;
    refused("ALTER TABLE limbeck.meta RENAME key TO k", "does not know").await;
    refused("DROP TABLE limbeck.meta; ALTER TABLE limbeck.history DROP up_exact", "does not know")
        .await;
}
