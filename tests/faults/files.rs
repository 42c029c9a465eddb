//! Rows 14 to 21: files and database contradict each other, and files that are broken.

use std::path::Path;

use limbeck::{
    engine::{Control, Event},
    revision::file,
};

use crate::support::{Project, Ran, database, kit::*, on, project, run, three};

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
    assert!(error.hint.as_deref().unwrap().contains("`limbeck show b1`"));
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
    assert_eq!((error.code.as_str(), error.code.exit_status()), ("DATABASE_AHEAD", 11));
    assert!(error.message.contains("`r003`"));
    let overview = older.overview().await.unwrap();
    assert_eq!(overview.orphans.len(), 1);
    assert!(overview.orphans[0].current && overview.orphans[0].applied_at.is_some());
}

#[test]
fn row_20_files_that_are_no_text_are_refused_before_connecting() {
    let parse = |bytes: &[u8]| file::parse(Path::new("x.sql"), bytes).unwrap_err().code;
    assert_eq!(
        parse(b"-- x\n-- Revision ID: a\n-- migrate:up\nSELECT '\xff';\n").as_str(),
        "ENCODING"
    );
    assert_eq!(parse(b"-- x\n-- Revision ID: a\n-- migrate:up\nSELECT '\0';\n").as_str(), "NUL");
    let utf16: Vec<u8> =
        "-- x\n-- Revision ID: a\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(parse(&[&b"\xff\xfe"[..], &utf16].concat()).as_str(), "ENCODING");
}

#[tokio::test]
async fn row_21_line_ends_and_byte_order_marks_do_not_matter() {
    let db = database().await;
    let unix = text("r001", "", "CREATE TABLE a (\n  id int\n);", "DROP TABLE a;");
    let windows = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    up(&engine(&db, &files(&[windows]))).await.unwrap();
    let (control, events) = recording();
    let report = engine(&db, &files(&[unix])).upgrade("heads", &control).await.unwrap();
    assert!(report.done.is_empty());
    assert!(!format!("{:?}", events.lock().unwrap()).contains("Remark"));
}

/// Runs `upgrade head` where the files alone must stop it: nobody listens on that port.
fn refused(project: &Project, code: &str, status: i32, words: &[&str]) {
    let mut command = project.limbeck(["upgrade", "head"]);
    command.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none");
    let ran: Ran = run(&mut command).fails(code, status);
    for word in words {
        assert!(ran.err.contains(word), "no `{word}`:\n{}", ran.err);
    }
}

#[test]
fn row_17_two_files_with_one_id_are_both_named() {
    let project = three();
    project.write(
        "migrations/copy.sql",
        "-- copy\n--\n-- Revision ID: aaaa11111111\n\n-- migrate:up\n",
    );
    refused(&project, "DUP_ID", 3, &["aaaa11111111_test.sql", "copy.sql"]);
}

#[test]
fn row_18_what_is_wrong_with_the_graph_names_its_files() {
    let circle = project();
    circle.revision("aaaa11111111", "bbbb22222222", "", None);
    circle.revision("bbbb22222222", "aaaa11111111", "", None);
    refused(&circle, "CYCLE", 3, &["aaaa11111111", "bbbb22222222"]);
    let own = project();
    own.revision("aaaa11111111", "aaaa11111111", "", None);
    refused(&own, "CYCLE", 3, &["aaaa11111111"]);
    let orphan = three();
    orphan.revision("dddd44444444", "eeee55555555", "", None);
    refused(&orphan, "MISSING_PARENT", 3, &["dddd44444444_test.sql", "eeee55555555"]);
    let twins = three();
    twins.revision("cccc34444444", "cccc33333333", "", None);
    let ran = run(&mut twins.limbeck(["show", "cccc3"])).fails("AMBIGUOUS_ID", 3);
    assert!(ran.err.contains("cccc33333333") && ran.err.contains("cccc34444444"), "{}", ran.err);
}

#[test]
fn row_20_the_byte_that_is_no_text_is_named() {
    for (bytes, code, words) in [
        (&b"SELECT '\xff';\n"[..], "ENCODING", &["byte "][..]),
        (b"SELECT 'a\0b';\n", "NUL", &["byte "]),
    ] {
        let project = three();
        let mut text = b"-- x\n--\n-- Revision ID: dddd44444444\n-- Revises: cccc33333333\n\n\
            -- migrate:up\n\n"
            .to_vec();
        let at = text.len() + 8 + usize::from(code == "NUL");
        text.extend_from_slice(bytes);
        std::fs::write(project.path().join("migrations/dddd44444444_x.sql"), text).unwrap();
        refused(&project, code, 5, &["dddd44444444_x.sql"]);
        refused(&project, code, 5, words);
        refused(&project, code, 5, &[&at.to_string()]);
    }
}

/// What was applied can be had back from the database, as a file that is the same revision.
#[tokio::test(flavor = "multi_thread")]
async fn row_15_a_missing_file_is_restored_from_what_was_recorded() {
    let db = database().await;
    let project = three();
    let loose = "-- an index\n--\n-- Revision ID: dddd44444444\n-- Revises: cccc33333333\n\n\
                 -- migrate:up\n\nSELECT 1;\n\n-- migrate:up transaction:false\n\n\
                 CREATE INDEX CONCURRENTLY i ON account (name);\n\n\
                 -- migrate:down transaction:false\n\nDROP INDEX CONCURRENTLY i;\n";
    let file = project.write("migrations/dddd44444444_index.sql", loose);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    for path in [file, project.path().join("migrations/bbbb22222222_test.sql")] {
        std::fs::remove_file(&path).unwrap();
        let id = path.file_name().unwrap().to_str().unwrap()[..12].to_owned();
        let shown = run(&mut on(&project, &db, &["show", &id[..6]])).exits(0);
        assert!(shown.err.contains("no file has"), "{}", shown.err);
        std::fs::write(&path, shown.out).unwrap();
    }
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    assert!(ran.err.contains("nothing to upgrade"), "{}", ran.err);
    run(&mut on(&project, &db, &["status", "--check"])).exits(0);
    run(&mut on(&project, &db, &["downgrade", "base"])).exits(0);
}
