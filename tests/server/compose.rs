//! The compose service on a real docker engine, with the repository's own compose file.
//!
//! Needs an engine, compose, and an image `postgres:17` (it is not pulled here); skipped, and said
//! so, without them.

use std::{fs, net::TcpListener, path::Path, process::Command};

use limbeck::{
    config::{self, Config},
    server::{Kind, Provider, State},
};

use super::{log_in, quiet, skipped, support, value};

/// Why this machine cannot run the test.
fn lacking() -> Option<&'static str> {
    let works = |program: &str, args: &[&str]| {
        Command::new(program).args(args).output().is_ok_and(|out| out.status.success())
    };
    if !works("docker", &["info", "--format", "{{.ID}}"]) {
        Some("no docker engine answers")
    } else if !works("docker", &["compose", "version"]) && !works("docker-compose", &["version"]) {
        Some("compose is not installed")
    } else if !works("docker", &["image", "inspect", "postgres:17"]) {
        Some("the engine has no image `postgres:17`")
    } else {
        None
    }
}

fn settings(root: &Path, env_file: &str, toml: &str) -> Config {
    let variables = env_file
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let inputs = config::Inputs {
        root: root.to_owned(),
        toml: Some((root.join("limbeck.toml"), toml.to_owned())),
        dotenv: Some(config::DotEnv { path: root.join(".env"), variables, mode: None }),
        ..config::Inputs::default()
    };
    config::resolve(&inputs).unwrap()
}

#[tokio::test]
async fn the_service_lives_and_dies() {
    if let Some(why) = lacking() {
        return skipped(why);
    }
    let project = support::project();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("docker-compose.yml");
    project.write("docker-compose.yml", &fs::read_to_string(ours).unwrap());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let env_file = format!(
        "POSTGRES_USER=app\nPOSTGRES_PASSWORD=ge-heim\nPOSTGRES_DB=shop\nPOSTGRES_PORT={port}\n"
    );
    project.write(".env", &env_file);
    let toml = "[server]\nprovider = \"compose\"\n";
    let chosen = settings(project.path(), &env_file, toml);
    let automatic = settings(project.path(), &env_file, "");

    let provider = Provider::choose(&chosen).await.unwrap();
    assert_eq!(provider.status().await.state, State::Absent);
    assert!(provider.connection().is_none());
    assert_eq!(Provider::choose(&automatic).await.unwrap().kind(), Kind::Local);

    let connection = provider.start(&quiet).await.unwrap();
    assert_eq!(connection.to_string(), format!("app@127.0.0.1:{port}/shop"));
    let client = log_in(&connection).await.unwrap();
    client.batch_execute("CREATE TABLE kept AS SELECT 42 AS n").await.unwrap();
    let status = provider.status().await;
    assert!(matches!(status.state, State::Running { .. }), "{status:?}");
    assert_eq!(status.port, Some(port));
    assert!(status.data.unwrap().starts_with("volume "));

    // Now that it exists, it is found without being asked for.
    let found = Provider::choose(&automatic).await.unwrap();
    assert_eq!(found.kind(), Kind::Compose);
    assert_eq!(found.connection().unwrap().ports, [port]);

    let mut position = provider.log_position().await;
    assert!(client.batch_execute("SELECT this_column_is_not_there").await.is_err());
    let mut new = Vec::new();
    while !new.iter().any(|line: &String| line.contains("this_column_is_not_there")) {
        new.extend(provider.log_since(&mut position).await.unwrap());
    }
    assert!(!provider.logs(5).await.unwrap().is_empty());

    provider.stop(&quiet).await.unwrap();
    assert_eq!(provider.status().await.state, State::Stopped);
    let connection = provider.start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    assert_eq!(value(&client, "SELECT n::text FROM kept").await, "42");

    provider.destroy(&quiet).await.unwrap();
    assert_eq!(provider.status().await.state, State::Absent);
    let connection = provider.start(&quiet).await.unwrap();
    let client = log_in(&connection).await.unwrap();
    assert!(client.batch_execute("SELECT n FROM kept").await.is_err(), "the data is gone");
    provider.destroy(&quiet).await.unwrap();
}
