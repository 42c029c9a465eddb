//! Row 38: names that mean harm.

use limbeck::engine::Control;

use crate::support::{Project, database, kit::*, on, project, run};

#[tokio::test]
async fn row_38_names_that_need_quotes() {
    let db = database().await;
    let mut engine =
        engine(&db, &files(&[text("it's \"odd\"", "", "CREATE TABLE a ();", "DROP TABLE a;")]));
    engine.options.schema = "We'ird \"Schema\"".into();
    engine.options.version_table.schema = engine.options.schema.clone();
    engine.options.version_table.name = "Ver\"sion; --".into();
    up(&engine).await.unwrap();
    assert_eq!(ids(&engine.overview().await.unwrap().rows), ["it's \"odd\""]);
    engine.downgrade("base", &Control::silent()).await.unwrap();
    assert_eq!(engine.record(9).await.unwrap().len(), 2);
}

/// The role is called like our schema, which `"$user"` then means.
#[tokio::test]
async fn row_38_a_role_called_limbeck_works_outside_of_our_schema() {
    let db = database().await;
    let role = format!("{}_Limbeck \"x\"", db.name);
    let quoted = format!("\"{}\"", role.replace('"', "\"\""));
    exec(&db, &format!("CREATE ROLE {quoted} SUPERUSER LOGIN PASSWORD 'x'")).await;
    let mut engine = engine(&db, &tables(2));
    engine.options.schema.clone_from(&role);
    engine.options.version_table.schema.clone_from(&role);
    let mut config = db.config(&db.name);
    engine.link = config.user(&role).password("x").clone().into();
    up(&engine).await.unwrap();
    assert!(there(&db, "public.t1").await && there(&db, "public.t2").await);
    engine.downgrade("base", &Control::silent()).await.unwrap();
    assert!(!there(&db, "public.t1").await);
    exec(&db, &format!("DROP OWNED BY {quoted}; DROP ROLE {quoted}")).await;
}

/// Text that a terminal would obey, hide or turn around, and that SQL would take for its own.
const HOSTILE: &str =
    "a\u{1b}]52;c;aGk=\u{7}b\u{202e}c\u{200b}d\u{9b}31me'\"; DROP TABLE victim; --\n*/$$";

/// Characters that must reach no terminal from there.
fn obeyed(text: &str) -> bool {
    text.chars().any(|c| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202e}' | '\u{200b}' | '\u{9b}')
    })
}

fn inert(project: &Project, db: &crate::support::TestDb, args: &[&str]) -> String {
    let ran = run(&mut on(project, db, args));
    let text = format!("{}{}", ran.out, ran.err);
    assert!(!obeyed(&text), "{args:?}: {text:?}");
    text
}

/// Hostile names of tables, messages, notices, applications and errors, in every command's output.
#[tokio::test(flavor = "multi_thread")]
async fn row_38_hostile_text_is_inert_in_every_output() {
    let db = database().await;
    let name = HOSTILE.replace('"', "\"\"");
    let name: String = name.chars().take(40).collect();
    let literal = HOSTILE.replace('\'', "''");
    exec(&db, "CREATE TABLE victim (n int)").await;
    let project = project();
    project.revision(
        "aaaa11111111",
        "",
        &format!(
            "CREATE TABLE \"{name}\" (n int);\nDO $x$ BEGIN RAISE NOTICE '%', '{literal}'; END $x$;\n\
             COMMENT ON TABLE \"{name}\" IS '{literal}';"
        ),
        Some(&format!("DROP TABLE \"{name}\";")),
    );
    project.write(
        "migrations/bbbb22222222_hostile.sql",
        &format!(
            "-- {}\n--\n-- Revision ID: bbbb22222222\n-- Revises: aaaa11111111\n\n-- migrate:up\n\n\
             DO $x$ BEGIN RAISE '%', '{literal}'; END $x$;\n",
            HOSTILE.replace('\n', " ")
        ),
    );
    // Whoever is in the way has a hostile name too.
    let blocker = db.client().await;
    let application = format!("SET application_name = '{}'", literal.replace('\n', " "));
    blocker.batch_execute(&application).await.unwrap();
    let told = inert(&project, &db, &["upgrade", "head", "-v"]);
    assert!(told.contains("error[SQL]"), "{told}");
    blocker
        .batch_execute(&format!("BEGIN; LOCK TABLE \"{name}\" IN ACCESS SHARE MODE"))
        .await
        .unwrap();
    let args = ["downgrade", "base", "--lock-timeout", "100ms", "--lock-tries", "1"];
    let told = inert(&project, &db, &args);
    assert!(told.contains("error[DDL_LOCK_TIMEOUT]"), "{told}");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    for args in [
        &["status", "-v"][..],
        &["history", "-v"],
        &["history", "--graph"],
        &["show", "bbbb22222222"],
        &["current", "-v"],
        &["heads", "-v"],
        &["diff", "--from", "db"],
        &["check"],
        &["show", HOSTILE],
        &["upgrade", HOSTILE],
    ] {
        inert(&project, &db, args);
    }
    for args in [&["status", "--json"][..], &["history", "--json"], &["upgrade", "head", "--json"]]
    {
        inert(&project, &db, args);
    }
    assert!(there(&db, "victim").await);
}
