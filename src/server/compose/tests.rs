//! Compose against scripts that answer like the real programs.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use super::*;

/// A project with a compose file and programs of its own: `docker` and `docker-compose` as shell
/// scripts. Each call is written to `calls`.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    fn new(docker: &str, docker_compose: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("docker-compose.yml"), "services: {}\n").unwrap();
        for (name, body) in [("docker", docker), ("docker-compose", docker_compose)] {
            if body.is_empty() {
                continue;
            }
            let path = folder.path().join(name);
            let here = folder.path().display();
            let text =
                format!("#!/bin/sh\ncd '{here}'\necho \"{name} $*\" >> calls\n{body}\nexit 0\n");
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn compose(&self) -> Compose {
        let mut compose = Compose::new(self.path(), &ServerConfig::default()).unwrap();
        compose.programs = Programs {
            docker: self.path().join("docker").into(),
            docker_compose: self.path().join("docker-compose").into(),
        };
        compose
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// A container as the engine lists and describes it, reached at `port`.
    fn container(&self, state: &str, port: u16) {
        let here = self.path().display();
        self.write("ps", &format!("0123\tpostgres:17\t{state}\tdb\t{here}\tFalse\n"));
        let text = include_str!("testdata/inspect.json")
            .replace("5433", &port.to_string())
            .replace("\"running\"", &format!("\"{state}\""));
        self.write("inspect", &text);
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path().join("calls")).unwrap_or_default()
    }
}

/// An engine whose answers lie in files.
const ENGINE: &str = "case $1 in ps) cat ps;; inspect) cat inspect;;\n\
    logs) cat out; cat err >&2;; esac";

fn quiet(_: &str) {}

/// A server that asks for a password, as PostgreSQL does after the start-up packet.
fn server() -> u16 {
    use std::io::{Read, Write};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"R\0\0\0\x08\0\0\0\x0a");
        }
    });
    port
}

#[tokio::test]
async fn a_running_service_is_described_without_compose() {
    let fake = Fake::new(ENGINE, "");
    fake.container("running", 5433);
    let compose = fake.compose().looked_at().await;
    assert!(compose.exists());
    assert_eq!(compose.connection().unwrap().to_string(), "app@127.0.0.1:5433/shop");
    let status = compose.status().await;
    assert_eq!(status.summary, "docker compose · db · postgres:17");
    assert_eq!(status.data.as_deref(), Some("volume shop_data"));
    assert!(matches!(status.state, State::Running { .. }));
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_no_service() {
    let down = "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2\n\
        exit 1";
    let compose = Fake::new(down, "").compose().looked_at().await;
    assert!(!compose.exists());

    let fake = Fake::new(down, "");
    let compose = fake.compose();
    let State::Unknown(why) = compose.status().await.state else { panic!() };
    assert!(why.contains("Cannot connect"), "{why}");
    let error = compose.start(&quiet).await.unwrap_err();
    assert!(error.message.contains("Cannot connect"), "{error}");
    assert!(error.hint.unwrap().contains("start docker"));
    assert!(compose.stop(&quiet).await.is_err());
}

#[tokio::test]
async fn without_docker_nothing_is_waited_for() {
    let fake = Fake::new("", "");
    let compose = fake.compose().looked_at().await;
    assert!(!compose.exists());
    let State::Unknown(why) = compose.status().await.state else { panic!() };
    assert!(why.contains("not installed"), "{why}");
}

#[tokio::test]
async fn an_engine_that_hangs_is_given_up() {
    let fake = Fake::new("exec sleep 600", "");
    assert!(!fake.compose().looked_at().await.exists());
}

#[tokio::test]
async fn compose_two_starts_the_service_that_its_json_names() {
    let body = format!(
        "case \"$*\" in\n'compose version --short') echo v2.24.5;;\n\
         'compose config --format json') echo '{{\"services\":{{\"web\":{{\"image\":\"nginx\"}},\
         \"db\":{{\"image\":\"postgres:17\"}}}}}}';;\n\
         'compose up -d --wait db') cp later.ps ps; cp later.inspect inspect;;\nesac\n{ENGINE}"
    );
    let fake = Fake::new(&body, "");
    fake.container("running", server());
    for name in ["ps", "inspect"] {
        fs::rename(fake.path().join(name), fake.path().join(format!("later.{name}"))).unwrap();
    }
    fake.write("ps", "");
    let compose = fake.compose();
    assert_eq!(compose.status().await.state, State::Absent);
    let connection = compose.start(&quiet).await.unwrap();
    assert_eq!((connection.user.as_str(), connection.database.as_str()), ("app", "shop"));
    assert!(compose.exists());
    assert!(!fake.calls().contains("geheim"), "no password in arguments");
}

#[tokio::test]
async fn compose_one_is_driven_by_the_same_answers() {
    let one = "case \"$*\" in\n'version --short') echo 1.29.2;;\n\
        'config') printf 'services:\\n  db:\\n    image: postgres:17\\nversion: \"3\"\\n';;\n\
        'up -d db') cp later.ps ps; cp later.inspect inspect;;\n\
        'stop -t 60 db') sed -i s/running/exited/ inspect;;\n\
        *) echo \"unexpected $*\" >&2; exit 1;;\nesac";
    // This docker knows no `compose`, as Debian's.
    let docker = format!("case $1 in compose) echo 'unknown command' >&2; exit 1;; esac\n{ENGINE}");
    let fake = Fake::new(&docker, one);
    fake.container("running", server());
    for name in ["ps", "inspect"] {
        fs::rename(fake.path().join(name), fake.path().join(format!("later.{name}"))).unwrap();
    }
    fake.write("ps", "");
    let compose = fake.compose();
    compose.start(&quiet).await.unwrap();
    compose.stop(&quiet).await.unwrap();
    assert_eq!(compose.status().await.state, State::Stopped);
    compose.stop(&quiet).await.unwrap();
    assert_eq!(fake.calls().matches("stop -t").count(), 1, "a stopped service is left alone");
}

#[tokio::test]
async fn a_container_that_ends_says_why() {
    let body = format!("case \"$*\" in 'compose version --short') echo 2.24.5;; esac\n{ENGINE}");
    let fake = Fake::new(&body, "");
    fake.container("exited", 1);
    fake.write("out", "");
    fake.write("err", "2026-11-22T10:00:00Z Error: superuser password is not specified.\n");
    let error = fake.compose().start(&quiet).await.unwrap_err();
    assert!(error.detail.unwrap().contains("superuser password"));
}

#[tokio::test]
async fn a_service_without_a_port_cannot_be_reached() {
    let body = format!("case \"$*\" in 'compose version --short') echo 2.24.5;; esac\n{ENGINE}");
    let fake = Fake::new(&body, "");
    fake.container("running", 5433);
    let text = fs::read_to_string(fake.path().join("inspect")).unwrap();
    fake.write("inspect", &text.replace("5432/tcp", "9/tcp"));
    let error = fake.compose().start(&quiet).await.unwrap_err();
    assert!(error.message.contains("publishes no port"), "{error}");
}

#[tokio::test]
async fn the_two_streams_of_a_log_come_together_and_can_be_followed() {
    let fake = Fake::new(ENGINE, "");
    fake.container("running", 5433);
    fake.write("out", "2026-11-22T10:00:01.5Z init\n2026-11-22T10:00:03.5Z done\n");
    fake.write("err", "2026-11-22T10:00:02.5Z LOG:  starting\n");
    let compose = fake.compose();
    assert_eq!(compose.logs(9).await.unwrap(), ["init", "LOG:  starting", "done"]);
    let mut place = compose.log_end().await;
    assert!(compose.log_since(&mut place).await.unwrap().is_empty());
    fake.write("err", "2026-11-22T10:00:03.5Z same instant\n2026-11-22T10:00:04.5Z later\n");
    assert_eq!(compose.log_since(&mut place).await.unwrap(), ["same instant", "later"]);
    assert!(compose.log_since(&mut place).await.unwrap().is_empty());
}

#[tokio::test]
async fn data_in_a_folder_of_the_machine_is_never_removed() {
    let fake = Fake::new(ENGINE, "");
    fake.container("running", 5433);
    let text = fs::read_to_string(fake.path().join("inspect")).unwrap();
    fake.write("inspect", &text.replace("\"volume\"", "\"bind\""));
    let error = fake.compose().destroy(&quiet).await.unwrap_err();
    assert_eq!(error.code, crate::code::Code::NotManaged);
    assert!(!fake.calls().contains(" rm "), "{}", fake.calls());
}

#[test]
fn complaints_about_the_environment_file_hide_its_values() {
    let text = without_values("line 3: unexpected character in POSTGRES_PASSWORD=ge\"heim\nx");
    assert_eq!(text, "line 3: unexpected character in POSTGRES_PASSWORD=********\nx");
}
