//! Row 37: no password anywhere.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio};

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

/// Where the password of the connection comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    /// A URL in the environment.
    Environment,
    /// A URL on the command line, where the process list has it: no more than that.
    Line,
    /// A URL in `.env`.
    DotEnv,
    /// `.pgpass`, with a URL that has none.
    Passfile,
}

/// Commands that reach a database and tell of it, in every form.
const COMMANDS: &[&[&str]] = &[
    &["status", "-v"],
    &["status", "--json"],
    &["upgrade", "head"],
    &["upgrade", "head", "--json"],
    &["upgrade", "head", "--dry-run", "-vv"],
    &["upgrade", "head", "--sql"],
    &["current", "-v"],
    &["current", "--json"],
    &["history", "-v", "-i"],
    &["show", "aaaa"],
    &["stamp", "head"],
    &["stamp", "head", "--sql"],
    &["doctor"],
    &["doctor", "--json"],
    &["wait", "--timeout", "0"],
    &["wait", "--timeout", "0", "--json"],
    &["downgrade", "base"],
    &["db", "status"],
    &["db", "status", "--json"],
    &["check"],
    &["diff", "--json"],
    &["dump"],
    &["verify", "--json"],
];

/// Commands that work in scratch databases, and take their time.
const HEAVY: [&str; 4] = ["check", "diff", "dump", "verify"];

/// Every command, well and badly, with the password of the connection from everywhere it may come from,
/// and one in a script: neither is in any output, file, table, list of sessions or list of processes.
#[tokio::test(flavor = "multi_thread")]
async fn row_37_no_password_in_any_output_or_place() {
    let db = database().await;
    let (user, secret, inner) = (format!("{}_me", db.name), "s3cr3t-of-ann", "t0p-of-the-role");
    exec(&db, &format!("CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{secret}'")).await;
    let project = project();
    project.write(".limbeck/.gitignore", "*\n");
    project.write("models/account.sql", "CREATE TABLE account (id int);\n");
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
    let home = tempfile::tempdir().unwrap();
    let with = |args: &[&str], from: From, word: &str, place: &str| -> Ran {
        let url = format!("postgresql://{user}:{word}@{place}");
        let mut command = project.limbeck::<&str>([]);
        command.env("HOME", home.path());
        let (mut dotenv, mut passfile) = (String::new(), String::new());
        match from {
            From::Environment => drop(command.env("DATABASE_URL", url)),
            From::Line => drop(command.args(["--database-url", &url])),
            From::DotEnv => dotenv = format!("DATABASE_URL={url}\n"),
            From::Passfile => {
                passfile = format!("*:*:*:*:{word}\n");
                command.env("DATABASE_URL", format!("postgresql://{user}@{place}"));
            }
        }
        for (path, text) in
            [(project.path().join(".env"), dotenv), (home.path().join(".pgpass"), passfile)]
        {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        run(command.args(args))
    };
    let there = format!("{}:{}/{}", server.host, server.port, db.name);
    let (nowhere, broken) = ("127.0.0.1:1/x", "[::1/x");
    let wrong = "wr0ng-of-ann";
    let mut texts = Vec::new();
    let mut well = 0;
    let sources = [From::Environment, From::Line, From::DotEnv, From::Passfile];
    for (n, args) in COMMANDS.iter().enumerate() {
        // What scripts are for is to be run: they alone say what a revision says.
        let scripts = args.contains(&"--sql") || args[0] == "show";
        let mut ways = vec![
            (sources[n % sources.len()], secret, there.as_str()),
            (From::Environment, wrong, there.as_str()),
        ];
        if args[0] == "status" {
            // It says where each setting comes from.
            ways.extend(sources.map(|from| (from, secret, there.as_str())));
        }
        if !HEAVY.contains(&args[0]) {
            ways.extend([(From::Environment, secret, nowhere), (From::DotEnv, secret, broken)]);
        }
        for (from, word, place) in ways {
            let ran = with(args, from, word, place);
            well += usize::from(word == secret && matches!(ran.status, Some(0 | 1)));
            for text in [ran.out, ran.err] {
                assert!(!text.contains(word), "{args:?} {from:?}: {text}");
                if !scripts {
                    texts.push(text);
                }
            }
        }
    }
    assert!(well > COMMANDS.len() / 2, "most commands fail: {well}");
    texts.push(
        ask(&db, "SELECT COALESCE(string_agg(h::text, ''), '') FROM limbeck.history h").await,
    );
    let sessions = "SELECT COALESCE(string_agg(a::text, ''), '') FROM pg_stat_activity a \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
    texts.push(ask(&db, sessions).await);
    let own = ["aaaa11111111_test.sql", "bbbb22222222_test.sql", ".env"];
    let mut waiting = vec![project.path().to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if !own.iter().any(|name| path.ends_with(name)) {
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
    if !std::path::Path::new("/proc/self/cmdline").exists() {
        return eprintln!("SKIPPED: no list of processes under /proc");
    }
    let project = project();
    project.revision("aaaa11111111", "", "SELECT pg_sleep(300);", None);
    project.write(".env", &format!("DATABASE_URL={}\n", db.url()));
    let psql = ["db", "psql", "--", "-X", "-c", "SELECT pg_sleep(300)"];
    for args in [&["upgrade", "head"][..], &psql] {
        if args == psql
            && !run(&mut project.limbeck(["db", "psql", "--", "--version"])).out.contains("psql")
        {
            eprintln!("SKIPPED: `psql` is not installed");
            continue;
        }
        let mut command = project.limbeck(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        until(&db, ASLEEP).await;
        let lines = family(child.id());
        assert!(
            lines.iter().any(|line| line.contains("head") || line.contains("pg_sleep")),
            "{lines:?}"
        );
        for line in lines {
            assert!(!line.contains(&db.server().password), "{line}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        exec(&db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
        until(&db, &format!("SELECT NOT EXISTS ({ASLEEP} HAVING count(*) > 0)")).await;
    }
}

const ASLEEP: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";

/// The command lines of a process and of all it has started.
fn family(first: u32) -> Vec<String> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            // `pid (name) state parent …`; the name may hold anything.
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut members = vec![first];
    let mut at = 0;
    while let Some(&one) = members.get(at) {
        members.extend(parents.iter().filter(|(_, parent)| *parent == one).map(|(pid, _)| *pid));
        at += 1;
    }
    members
        .iter()
        .filter_map(|pid| fs::read(format!("/proc/{pid}/cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .collect()
}
