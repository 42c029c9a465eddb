//! Where settings come from, and which wins.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::{
    run,
    support::{database, limbeck, project},
    three,
};

/// The value and origin of a setting.
fn setting(command: &mut std::process::Command, name: &str) -> (String, String) {
    let ran = run(command);
    let document = ran.json();
    let all = document["settings"].as_array().expect("a list").clone();
    let found = all.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("{name}: {all:?}"));
    let text = |key: &str| found[key].as_str().expect("text").to_owned();
    (text("value"), text("origin"))
}

#[test]
fn flags_beat_environment_beats_dotenv_beats_file() {
    let project = project();
    let status = || {
        let mut command = project.limbeck(["status", "--json"]);
        command.env("PGCONNECT_TIMEOUT", "2");
        command
    };
    let url = |database: &str| format!("postgresql://me@127.0.0.1:1/{database}");
    project.write("limbeck.toml", &format!("\ndatabase_url = \"{}\"\n", url("file")));
    let (value, origin) = setting(&mut status(), "connection.dbname");
    assert_eq!(value, "file");
    assert_eq!(origin, "limbeck.toml:2");

    let env = project.write(".env", &format!("DATABASE_URL={}\n", url("dotenv")));
    fs::set_permissions(env, fs::Permissions::from_mode(0o600)).unwrap();
    let (value, origin) = setting(&mut status(), "connection.dbname");
    assert_eq!(value, "dotenv");
    assert_eq!(origin, ".env");

    let mut by_env = status();
    by_env.env("DATABASE_URL", url("environment"));
    let (value, origin) = setting(&mut by_env, "connection.dbname");
    assert_eq!(value, "environment");
    assert_eq!(origin, "$DATABASE_URL");

    by_env.args(["--database-url", &url("flag")]);
    let (value, origin) = setting(&mut by_env, "connection.dbname");
    assert_eq!(value, "flag");
    assert_eq!(origin, "--database-url");
}

#[tokio::test(flavor = "multi_thread")]
async fn dotenv_reaches_the_database() {
    let (project, db) = (three(), database().await);
    let env = project.write(".env", &format!("DATABASE_URL='{}'\n", db.url()));
    fs::set_permissions(env, fs::Permissions::from_mode(0o600)).unwrap();
    run(&mut project.limbeck(["upgrade", "head"])).exits(0);
    let document = run(&mut project.limbeck(["current", "--json"])).exits(0).json();
    assert_eq!(document["rows"][0], "cccc33333333");
}

#[test]
fn the_project_is_found_from_below_and_by_c() {
    let project = three();
    project.write("limbeck.toml", "name = \"shop\"\n");
    let below = project.path().join("models/deep");
    fs::create_dir_all(&below).unwrap();
    let from_below = run(limbeck().current_dir(&below).arg("heads")).exits(0);
    assert!(from_below.out.starts_with("cccc33333333"), "{}", from_below.out);
    let elsewhere = tempfile::tempdir().unwrap();
    for place in [&["-C"][..], &["--directory"]] {
        let mut command = limbeck();
        command.current_dir(elsewhere.path()).args(place).arg(project.path()).arg("heads");
        assert_eq!(run(&mut command).exits(0).out, from_below.out);
    }
    run(limbeck().current_dir(elsewhere.path()).args(["-C", "none", "heads"])).fails("SETTINGS", 2);
}

#[test]
fn wrong_settings_name_their_place() {
    let project = three();
    project.write("limbeck.toml", "name = \"x\"\nguard = \"prdo\"\n");
    let ran = run(&mut project.limbeck(["heads"])).fails("SETTINGS", 2);
    assert!(ran.err.contains("limbeck.toml:2"), "{}", ran.err);
    project.write("limbeck.toml", "");
    let env = project.write(".env", "A=1\nPASSWORD='very secret\n");
    fs::set_permissions(env, fs::Permissions::from_mode(0o600)).unwrap();
    let ran = run(&mut project.limbeck(["heads"])).fails("SETTINGS", 2);
    assert!(ran.err.contains(".env") && !ran.err.contains("very secret"), "{}", ran.err);
}

#[test]
fn a_server_that_is_not_running_is_not_started() {
    let project = three();
    let ran = run(&mut project.limbeck(["current"])).fails("CONNECT", 9);
    assert!(ran.err.contains("limbeck db start"), "{}", ran.err);
    let ran = run(&mut project.limbeck(["status"])).exits(0);
    assert!(ran.err.contains("limbeck db start"), "{}", ran.err);
    let document = run(&mut project.limbeck(["status", "--json"])).exits(0).json();
    assert_eq!(document["server"]["state"], "absent");
    assert_eq!(document["database"]["reachable"], false);
    run(&mut project.limbeck(["status", "--check"])).exits(1);
    let document = run(&mut project.limbeck(["db", "status", "--json"])).exits(0).json();
    assert_eq!(document["server"]["kind"], "local");
    assert!(!project.path().join(".limbeck").join("pg").exists());
}
