//! Streams, colours, secrets, readers that leave.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use crate::{
    on, run,
    support::{database, limbeck, project},
    three,
};

fn has_colour(text: &str) -> bool {
    text.contains("\u{1b}[")
}

#[test]
fn colours_follow_flag_then_environment_then_terminal() {
    let project = three();
    let check = |args: &[&str], vars: &[(&str, &str)], expected: bool| {
        let mut command = project.limbeck(["heads"]);
        command.args(args).env_remove("NO_COLOR").envs(vars.iter().copied());
        let out = run(&mut command).exits(0).out;
        assert_eq!(has_colour(&out), expected, "{args:?} {vars:?}");
    };
    check(&[], &[], false);
    check(&["--color", "always"], &[], true);
    check(&["--color", "always"], &[("NO_COLOR", "1")], true);
    check(&["--color=never"], &[("CLICOLOR_FORCE", "1")], false);
    check(&[], &[("CLICOLOR_FORCE", "1")], true);
    check(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false);
    // Help and errors too.
    let help = run(limbeck().env_remove("NO_COLOR").args(["--color", "always", "--help"])).exits(0);
    assert!(has_colour(&help.out));
    let help = run(limbeck().args(["--color", "never", "--help"])).exits(0);
    assert!(!has_colour(&help.out));
    let error = run(limbeck().args(["--color", "always", "--nonsense"])).exits(2);
    assert!(has_colour(&error.err));
    assert!(!has_colour(&run(limbeck().arg("--nonsense")).exits(2).err));
}

#[tokio::test(flavor = "multi_thread")]
async fn data_goes_to_stdout_and_the_rest_to_stderr() {
    let (project, db) = (three(), database().await);
    let ran = run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("3 revisions"), "{}", ran.err);
    let ran = run(&mut on(&project, &db, &["downgrade", "-1", "--json"])).exits(0);
    assert_eq!(ran.json()["done"][0]["id"], "cccc33333333");
    let ran = run(&mut on(&project, &db, &["-q", "upgrade", "head"])).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let ran = run(&mut on(&project, &db, &["upgrade", "nope"])).fails("UNKNOWN_REVISION", 3);
    assert_eq!(ran.out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_contains_the_password() {
    let (project, db) = (three(), database().await);
    let secret = &db.server().password;
    project.revision("dddd44444444", "cccc33333333", "SELECT 1/0;", None);
    for args in [
        &["status"][..],
        &["status", "-v"],
        &["status", "--json"],
        &["upgrade", "cccc", "-v"],
        &["upgrade", "head", "-v"],
        &["upgrade", "head", "--json"],
        &["upgrade", "--sql", "head"],
        &["current", "-v"],
        &["downgrade", "base", "--dry-run"],
        &["db", "status"],
        &["db", "start"],
        &["db", "logs"],
        &["db", "reset", "-y"],
        &["--nonsense"],
    ] {
        let ran = run(&mut on(&project, &db, args));
        assert!(!ran.out.contains(secret), "{args:?} {}", ran.out);
        assert!(!ran.err.contains(secret), "{args:?} {}", ran.err);
    }
    // Connections that fail, however the password was given.
    for url in [
        format!("postgresql://postgres:{secret}@127.0.0.1:1/none"),
        format!("postgresql://postgres:{secret}@127.0.0.1:notaport/none"),
        format!("postgresql://nobody:{secret}@{}:{}/none", db.server().host, db.server().port),
        format!("host=127.0.0.1 port=1 password={secret}"),
    ] {
        for args in [&["status"][..], &["current"], &["status", "--json"]] {
            let mut by_flag = project.limbeck(args);
            by_flag.args(["--database-url", &url]);
            let mut by_env = project.limbeck(args);
            by_env.env("DATABASE_URL", &url);
            for command in [&mut by_flag, &mut by_env] {
                let ran = run(command);
                assert_ne!(ran.status, Some(0), "{args:?} {url}");
                assert!(!ran.out.contains(secret.as_str()), "{args:?} {}", ran.out);
                assert!(!ran.err.contains(secret.as_str()), "{args:?} {}", ran.err);
            }
        }
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let project = project();
    let mut before = String::new();
    for n in 0..3000 {
        let id = format!("{n:012x}");
        project.revision(&id, &before, "SELECT 1;", None);
        before = id;
    }
    let mut child = project
        .limbeck(["history"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert_eq!(err, "");
    assert!(line.starts_with("000000000bb7"), "{line}");
}

#[test]
fn hostile_files_are_shown_harmlessly() {
    let project = project();
    let text = "-- nice \u{1b}]0;owned\u{7} \u{202e}name\n--\n-- Revision ID: aaaa11111111\n\n\
                -- migrate:up\n\nSELECT '\u{1b}[2J';\n";
    project.write("migrations/aaaa11111111_x.sql", text);
    for args in [&["heads"][..], &["history", "-v"], &["show", "aaaa"]] {
        let ran = run(&mut project.limbeck(args)).exits(0);
        let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ran.out.contains(harmful) && !ran.err.contains(harmful), "{args:?} {ran:?}");
    }
}

#[test]
fn without_a_terminal_the_interface_says_what_to_do() {
    let ran = run(&mut project().limbeck([""; 0])).fails("USAGE", 2);
    assert!(ran.err.contains("limbeck status"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_mode_runs_commands() {
    let (project, db) = (three(), database().await);
    let mut child = on(&project, &db, &["--plain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "upgrade head\ncurrent\nnonsense\nshow \"aaaa\"\nlimbeck heads\nquit\nheads\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(out.contains("3 of 3 revisions"), "{out}");
    assert!(out.contains("CREATE TABLE account"), "{out}");
    assert_eq!(out.matches("cccc33333333  revision cccc33333333  head").count(), 3, "{out}");
    assert!(err.contains("error[USAGE]: unrecognized subcommand `nonsense`"), "{err}");
}
