//! The service's container as the engine describes it.
//!
//! `docker ps` finds it by compose's labels and `docker inspect` tells the rest, for every
//! generation of compose alike: their own `ps` outputs differ in form, and have changed form twice.

use std::{collections::BTreeMap, path::Path, time::Duration};

use secrecy::SecretString;
use serde_json::Value;

use super::{
    model,
    tool::{self, Programs},
};
use crate::{
    config::{Connection, ServerConfig, SslMode},
    server::{State, process::NotRun},
};

/// What is known about a container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) service: String,
    pub(super) image: String,
    /// `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`.
    pub(super) status: String,
    /// `starting`, `healthy`, `unhealthy`; none without a health check.
    pub(super) health: Option<String>,
    pub(super) exit_code: i64,
    pub(super) since: Option<jiff::Timestamp>,
    /// Host and port at which the server's port is published.
    pub(super) published: Option<(String, u16)>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<SecretString>,
    /// Named volume of the data folder.
    pub(super) volume: Option<String>,
    /// Folder of this machine that holds the data instead.
    pub(super) bind: Option<String>,
}

/// Why nothing can be said about containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoEngine(pub(super) String);

const FORMAT: &str = "{{.ID}}\t{{.Image}}\t{{.State}}\t\
    {{.Label \"com.docker.compose.service\"}}\t\
    {{.Label \"com.docker.compose.project.working_dir\"}}\t\
    {{.Label \"com.docker.compose.oneoff\"}}";

/// Finds the container of the database service of the compose project in `folder`.
pub(super) async fn find(
    programs: &Programs,
    folder: &Path,
    setting: Option<&str>,
    config: &ServerConfig,
    limit: Duration,
) -> Result<Option<Container>, NoEngine> {
    let filter = ["ps", "-a", "--no-trunc", "--filter", "label=com.docker.compose.service"];
    let list = ask(programs, filter.into_iter().chain(["--format", FORMAT]), limit).await?;
    let Some(id) = choose(&list, folder, setting) else { return Ok(None) };
    let text = ask(programs, ["inspect", "--type", "container", id], limit).await?;
    Ok(read(&text, config))
}

async fn ask<'a>(
    programs: &Programs,
    args: impl IntoIterator<Item = &'a str>,
    limit: Duration,
) -> Result<String, NoEngine> {
    match tool::docker(programs, args, limit).await {
        Ok(ran) if ran.ok => Ok(ran.stdout),
        Ok(ran) => {
            let complaint = ran.complaint();
            let first =
                complaint.lines().find(|l| !l.trim().is_empty()).unwrap_or("no reason given");
            Err(NoEngine(format!("the docker engine does not answer: {}", first.trim())))
        }
        Err(NotRun::Missing) => Err(NoEngine("`docker` is not installed".to_owned())),
        Err(other) => Err(NoEngine(format!("the docker engine does not answer: {other}"))),
    }
}

/// Picks from the list of all compose containers: those of this folder, of the right service, a
/// running one before others.
fn choose<'a>(list: &'a str, folder: &Path, setting: Option<&str>) -> Option<&'a str> {
    let real = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let ours: Vec<[&str; 4]> = list
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let &[id, image, state, service, at, once] = fields.as_slice() else { return None };
            let here = Path::new(at) == folder || Path::new(at) == real;
            (here && !once.eq_ignore_ascii_case("true")).then_some([id, image, state, service])
        })
        .collect();
    let mut fitting: Vec<&[&str; 4]> = match setting {
        Some(name) => ours.iter().filter(|c| c[3] == name).collect(),
        None => ours.iter().filter(|c| model::is_database(c[1])).collect(),
    };
    if fitting.is_empty() && setting.is_none() && ours.iter().all(|c| c[3] == ours[0][3]) {
        fitting = ours.iter().collect();
    }
    let service = fitting.first()?[3];
    if fitting.iter().any(|c| c[3] != service) {
        return None;
    }
    fitting.iter().find(|c| c[2] == "running").or(fitting.first()).map(|c| c[0])
}

/// Reads `docker inspect`; settings fill in what the container keeps in files.
fn read(text: &str, config: &ServerConfig) -> Option<Container> {
    let all: Value = serde_json::from_str(text).ok()?;
    let it = all.get(0)?;
    let text = |pointer: &str| it.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let env: BTreeMap<&str, &str> = it
        .pointer("/Config/Env")
        .and_then(Value::as_array)?
        .iter()
        .filter_map(|pair| pair.as_str()?.split_once('='))
        .collect();
    let set = |name: &str| env.get(name).filter(|v| !v.is_empty()).map(|v| (*v).to_owned());
    let user = set("POSTGRES_USER")
        .or_else(|| config.postgres_user.clone().filter(|_| set("POSTGRES_USER_FILE").is_some()))
        .unwrap_or_else(|| "postgres".to_owned());
    let database = set("POSTGRES_DB")
        .or_else(|| config.postgres_db.clone().filter(|_| set("POSTGRES_DB_FILE").is_some()))
        .unwrap_or_else(|| user.clone());
    let password = set("POSTGRES_PASSWORD")
        .map(SecretString::from)
        .or_else(|| config.postgres_password.clone());
    let inner = set("PGPORT").unwrap_or_else(|| "5432".to_owned());
    let (volume, bind) = data_mount(it, &set("PGDATA").unwrap_or_default());
    Some(Container {
        id: text("/Id").to_owned(),
        service: it
            .pointer("/Config/Labels")
            .and_then(|labels| labels.get("com.docker.compose.service"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        image: text("/Config/Image").to_owned(),
        status: text("/State/Status").to_owned(),
        health: Some(text("/State/Health/Status").to_owned())
            .filter(|h| !h.is_empty() && h != "none"),
        exit_code: it.pointer("/State/ExitCode").and_then(Value::as_i64).unwrap_or(0),
        since: text("/State/StartedAt").parse().ok(),
        published: published(it, &inner),
        user,
        database,
        password,
        volume,
        bind,
    })
}

/// Where the server's port can be reached: as it is now, else as it is bound at the next start.
fn published(it: &Value, inner: &str) -> Option<(String, u16)> {
    ["NetworkSettings", "HostConfig"].iter().zip(["Ports", "PortBindings"]).find_map(|(a, b)| {
        let bindings = it.get(a)?.get(b)?.get(format!("{inner}/tcp"))?.as_array()?;
        bindings.iter().find_map(|binding| {
            let port: u16 = binding.get("HostPort")?.as_str()?.parse().ok()?;
            let host = match binding.get("HostIp").and_then(Value::as_str).unwrap_or_default() {
                "" | "0.0.0.0" | "::" => "127.0.0.1",
                host => host,
            };
            (port != 0).then(|| (host.to_owned(), port))
        })
    })
}

/// The volume or folder of the data: mounted at PGDATA or around it.
fn data_mount(it: &Value, pgdata: &str) -> (Option<String>, Option<String>) {
    let pgdata = if pgdata.is_empty() { "/var/lib/postgresql/data" } else { pgdata };
    let mounts = it.get("Mounts").and_then(Value::as_array);
    for mount in mounts.into_iter().flatten() {
        let field = |name: &str| mount.get(name).and_then(Value::as_str).unwrap_or_default();
        if !field("Destination").is_empty() && Path::new(pgdata).starts_with(field("Destination")) {
            return match field("Type") {
                "volume" => (Some(field("Name").to_owned()), None),
                _ => (None, Some(field("Source").to_owned())),
            };
        }
    }
    (None, None)
}

impl Container {
    /// The provider's state, from the engine's words.
    pub(super) fn state(&self) -> State {
        match (self.status.as_str(), self.health.as_deref()) {
            ("running", None | Some("healthy")) => {
                State::Running { id: self.short_id().to_owned(), since: self.since }
            }
            ("running", Some("starting")) => State::Changing("starting".into()),
            ("running", Some(health)) => {
                State::Unknown(format!("the container runs, but its health check says `{health}`"))
            }
            ("restarting", _) => State::Changing("restarting".into()),
            ("removing", _) => State::Changing("being removed".into()),
            ("paused", _) => State::Unknown("the container is paused".into()),
            _ => State::Stopped,
        }
    }

    /// The first twelve digits, as docker itself shows it.
    pub(super) fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// How to reach the server; none when its port is not published.
    pub(super) fn connection(&self) -> Option<Connection> {
        let (host, port) = self.published.clone()?;
        Some(Connection {
            password: self.password.clone(),
            sslmode: SslMode::Prefer,
            ..Connection::new(host, port, self.user.clone(), self.database.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSPECTED: &str = include_str!("testdata/inspect.json");

    #[test]
    fn a_container_tells_how_to_reach_its_server() {
        let it = read(INSPECTED, &ServerConfig::default()).unwrap();
        assert_eq!(it.connection().unwrap().to_string(), "app@127.0.0.1:5433/shop");
        assert_eq!(it.volume.as_deref(), Some("shop_data"));
        assert_eq!(it.service, "db");
        let State::Running { id, since } = it.state() else { panic!("{:?}", it.state()) };
        assert_eq!((id.as_str(), since.unwrap().as_second()), ("0123456789ab", 1_795_343_200));
        assert!(!format!("{it:?}").contains("geheim"), "passwords stay hidden");
    }

    #[test]
    fn a_stopped_container_is_known_by_its_bindings() {
        let stopped = INSPECTED
            .replace("\"running\"", "\"exited\"")
            .replace("\"Ports\": { \"5432/tcp\"", "\"Ports\": { \"x\"");
        let it = read(&stopped, &ServerConfig::default()).unwrap();
        assert_eq!(it.state(), State::Stopped);
        assert_eq!(it.connection().unwrap().ports, [5433]);
    }

    #[test]
    fn without_names_the_image_s_own_defaults_hold() {
        let bare = INSPECTED.replace("POSTGRES_USER=app", "A=b").replace("POSTGRES_DB=shop", "C=d");
        let it = read(&bare, &ServerConfig::default()).unwrap();
        assert_eq!((it.user.as_str(), it.database.as_str()), ("postgres", "postgres"));
    }

    #[test]
    fn health_decides_whether_it_is_ready() {
        let with = |health| INSPECTED.replace("\"healthy\"", health);
        let state = |health| read(&with(health), &ServerConfig::default()).unwrap().state();
        assert_eq!(state("\"starting\""), State::Changing("starting".into()));
        assert!(matches!(state("\"unhealthy\""), State::Unknown(_)));
        assert!(matches!(state("\"none\""), State::Running { .. }));
    }

    #[test]
    fn only_this_folder_s_service_is_ours() {
        let folder = Path::new("/p/shop");
        let list = "a\tpostgres:17\trunning\tdb\t/p/other\tFalse\n\
                    b\tnginx\trunning\tweb\t/p/shop\tFalse\n\
                    c\tpostgres:17\texited\tdb\t/p/shop\tFalse\n\
                    d\tpostgres:17\trunning\tdb\t/p/shop\tTrue\n";
        assert_eq!(choose(list, folder, None), Some("c"));
        assert_eq!(choose(list, folder, Some("web")), Some("b"));
        assert_eq!(choose(list, folder, Some("none")), None);
        assert_eq!(choose("", folder, None), None);
        let built = "e\tshop_db\texited\tdb\t/p/shop\t\nf\tshop_db\trunning\tdb\t/p/shop\t\n";
        assert_eq!(choose(built, folder, None), Some("f"), "the only service, running first");
        let two = "g\tpostgres\trunning\ta\t/p/shop\t\nh\tpostgres\trunning\tb\t/p/shop\t\n";
        assert_eq!(choose(two, folder, None), None, "it cannot be told which");
    }
}
