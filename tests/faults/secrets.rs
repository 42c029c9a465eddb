//! Row 37: no password anywhere.

use std::fs;

use crate::support::{Ran, database, kit::*, project, run};

#[tokio::test]
async fn row_37_passwords_are_in_no_event_and_no_table() {
    let db = database().await;
    let role = format!("{}_role", db.name);
    let up_sql = format!("CREATE ROLE {role} PASSWORD 'hunter2';\nSELECT 1/0;");
    let (control, events) = recording();
    let history = chain(&[(&up_sql, "")]);
    let error = engine(&db, &history).upgrade("heads", &control).await.unwrap_err();
    let fixed = up_sql.replace("SELECT 1/0;", &format!("DROP ROLE {role};"));
    engine(&db, &chain(&[(&fixed, "")])).upgrade("heads", &control).await.unwrap();
    let kept = ask(&db, "SELECT string_agg(h::text, '') FROM limbeck.history h").await;
    assert!(kept.contains("CREATE ROLE"));
    for text in [format!("{:?}", events.lock().unwrap()), format!("{error:?}"), kept] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let debug = format!("{:?}", engine(&db, &history));
    assert!(!debug.contains(&db.server().password), "no password in Debug");
}

/// Every command, well and badly, with the password of the connection and one in a script: neither is in
/// any output, file, table, list of sessions or list of processes.
#[tokio::test(flavor = "multi_thread")]
async fn row_37_no_password_in_any_output_or_place() {
    let db = database().await;
    let (user, secret, inner) = (format!("{}_me", db.name), "s3cr3t-of-ann", "t0p-of-the-role");
    exec(&db, &format!("CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{secret}'")).await;
    let project = project();
    project.write(".limbeck/.gitignore", "*\n");
    let role = format!("{}_made", db.name);
    project.revision(
        "aaaa11111111",
        "",
        &format!("CREATE ROLE {role} LOGIN PASSWORD '{inner}';\nALTER ROLE {role} ENCRYPTED PASSWORD E'{inner}';"),
        Some(&format!("DROP ROLE {role};")),
    );
    project.revision(
        "bbbb22222222",
        "aaaa11111111",
        &format!("ALTER ROLE {role} PASSWORD '{inner}' NONSENSE;"),
        None,
    );
    let server = db.server();
    let url = |password: &str| {
        format!("postgresql://{user}:{password}@{}:{}/{}", server.host, server.port, db.name)
    };
    let with = |args: &[&str], url: String| -> Ran {
        let mut command = project.limbeck(args);
        run(command.env("DATABASE_URL", url))
    };
    let mut texts = Vec::new();
    for args in [
        &["status", "-v"][..],
        &["status", "--json"],
        &["upgrade", "head"],
        &["upgrade", "head", "--json"],
        &["upgrade", "head", "--dry-run", "-vv"],
        &["current", "-v"],
        &["history", "-v"],
        &["stamp", "head"],
        &["downgrade", "base"],
        &["db", "status"],
        &["check"],
    ] {
        // The right password, a wrong one that is not told either, and a server that is not there.
        for (url, word) in [
            (url(secret), secret),
            (url("wr0ng-of-ann"), "wr0ng-of-ann"),
            (format!("postgresql://{user}:{secret}@127.0.0.1:1/x"), secret),
            (format!("postgresql://{user}:{secret}@[::1/x"), secret),
        ] {
            let ran = with(args, url);
            for text in [ran.out, ran.err] {
                assert!(!text.contains(word), "{args:?}: {text}");
                texts.push(text);
            }
        }
    }
    let url_on_the_line = url(secret);
    let ran =
        run(&mut project.limbeck(["--database-url", &url_on_the_line, "status", "-v"])).exits(0);
    texts.extend([ran.out, ran.err]);
    texts.push(
        ask(&db, "SELECT COALESCE(string_agg(h::text, ''), '') FROM limbeck.history h").await,
    );
    let sessions = "SELECT COALESCE(string_agg(a::text, ''), '') FROM pg_stat_activity a \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
    texts.push(ask(&db, sessions).await);
    let mut waiting = vec![project.path().to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if !path.ends_with("aaaa11111111_test.sql")
                && !path.ends_with("bbbb22222222_test.sql")
            {
                texts.push(String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
            }
        }
    }
    for text in texts {
        assert!(!text.contains(secret) && !text.contains(inner), "{text}");
    }
    exec(&db, &format!("DROP ROLE IF EXISTS {role}; REASSIGN OWNED BY {user} TO postgres; DROP OWNED BY {user}; DROP ROLE {user}")).await;
}

/// While it runs, its command line and that of what it starts hold no password.
#[tokio::test(flavor = "multi_thread")]
async fn row_37_no_password_in_the_list_of_processes() {
    let db = database().await;
    let project = project();
    project.revision("aaaa11111111", "", "SELECT pg_sleep(300);", None);
    let mut command = project.limbeck(["upgrade", "head"]);
    command.env("DATABASE_URL", db.url()).stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    until(&db, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'").await;
    let mut seen = 0;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if let Ok(line) = fs::read(entry.path().join("cmdline")) {
            seen += 1;
            assert!(!String::from_utf8_lossy(&line).contains(&db.server().password));
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    if seen == 0 {
        eprintln!("SKIPPED: no list of processes under /proc");
    }
}
