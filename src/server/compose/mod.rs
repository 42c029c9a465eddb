//! The database service of a compose file, run by a docker engine through its command line.
//!
//! The command line is the only complete implementation of compose; limbeck asks it to start and
//! stop, and the engine for everything else. Passwords never stand in arguments: compose reads
//! `.env` by itself.

mod container;
mod model;
mod tool;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use self::{
    container::{Container, NoEngine},
    model::Service,
    tool::{Generation, Programs, Tool},
};
use super::{
    Kind, ServerError, State, Status,
    probe::{self, Answer},
};
use crate::config::{Connection, ServerConfig};

/// File names in compose's own order.
const FILES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// How long choosing a provider may wait for an engine, and how long other questions may take.
const QUICK: Duration = Duration::from_millis(1500);
const QUESTION: Duration = Duration::from_secs(10);
/// Images are pulled on the first start.
const START: Duration = Duration::from_mins(15);
/// How long a started container may take to accept connections.
const READY: Duration = Duration::from_mins(2);

/// The compose provider of one project.
#[derive(Clone, Debug)]
pub(super) struct Compose {
    /// The folder of the compose file, which compose takes for the project's.
    folder: PathBuf,
    /// The file, where the settings name it.
    file: Option<PathBuf>,
    config: ServerConfig,
    programs: Programs,
    seen: Arc<Mutex<Seen>>,
}

/// The last look at the engine.
#[derive(Clone, Debug, Default)]
enum Seen {
    #[default]
    Nothing,
    NoEngine(String),
    NoContainer,
    Container(Box<Container>),
}

/// A place in the container's log: the time of the last line seen, and how many had that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct Place {
    time: String,
    count: usize,
}

impl Compose {
    /// The provider for the compose file of a project; an error when there is none.
    pub(super) fn new(root: &Path, config: &ServerConfig) -> Result<Self, ServerError> {
        let (folder, file) = match &config.compose_file {
            Some(file) => {
                let file = root.join(file);
                if !file.is_file() {
                    return Err(ServerError::settings(format!(
                        "there is no compose file `{}`, which `server.compose.file` names",
                        file.display()
                    )));
                }
                (file.parent().unwrap_or(root).to_owned(), Some(file))
            }
            None if FILES.iter().any(|name| root.join(name).is_file()) => (root.to_owned(), None),
            None => {
                return Err(ServerError::settings(format!(
                    "there is no compose file in `{}`",
                    root.display()
                ))
                .with_hint("write a `docker-compose.yml`, or name one in `server.compose.file`"));
            }
        };
        Ok(Self {
            folder,
            file,
            config: config.clone(),
            programs: Programs::default(),
            seen: Arc::default(),
        })
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the engine for the container and remembers the answer.
    async fn look(&self, limit: Duration) -> Seen {
        let setting = self.config.service.as_deref();
        let found =
            container::find(&self.programs, &self.folder, setting, &self.config, limit).await;
        let seen = match found {
            Ok(Some(container)) => Seen::Container(Box::new(container)),
            Ok(None) => Seen::NoContainer,
            Err(NoEngine(why)) => Seen::NoEngine(why),
        };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&seen);
        seen
    }

    /// The same after a first, quick look.
    pub(super) async fn looked_at(self) -> Self {
        // The limit is for each of the two questions; the second one only follows a quick answer.
        let _ = tokio::time::timeout(QUICK, self.look(QUICK)).await;
        self
    }

    /// Whether the service has a container, as far as seen.
    pub(super) fn exists(&self) -> bool {
        matches!(self.seen(), Seen::Container(_))
    }

    pub(super) fn connection(&self) -> Option<Connection> {
        match self.seen() {
            Seen::Container(container) => container.connection(),
            _ => None,
        }
    }

    pub(super) async fn status(&self) -> Status {
        let seen = self.look(QUESTION).await;
        let mut status = Status {
            kind: Kind::Compose,
            state: State::Absent,
            summary: "docker compose · not created yet".to_owned(),
            data: None,
            port: None,
            socket: None,
            log: None,
            binaries: None,
            killed: false,
        };
        match seen {
            Seen::Container(container) => {
                status.state = container.state();
                status.summary =
                    format!("docker compose · {} · {}", container.service, container.image);
                status.data = container
                    .volume
                    .as_ref()
                    .map(|volume| format!("volume {volume}"))
                    .or_else(|| container.bind.clone());
                status.port = container.published.as_ref().map(|(_, port)| *port);
                status.log = Some(format!("docker logs {}", container.short_id()));
                status.binaries = Some(container.image);
            }
            Seen::NoEngine(why) => {
                "docker compose".clone_into(&mut status.summary);
                status.state = State::Unknown(why);
            }
            Seen::Nothing | Seen::NoContainer => {}
        }
        status
    }

    async fn tool(&self) -> Result<Tool, ServerError> {
        Tool::find(&self.programs, &self.folder, self.file.as_deref()).await
    }

    /// The service's name: the existing container's, else what the file says.
    async fn service(&self, tool: &Tool) -> Result<String, ServerError> {
        if let Seen::Container(container) = self.seen() {
            return Ok(container.service.clone());
        }
        let args: &[&str] = match tool.generation {
            Generation::One => &["config"],
            Generation::Two => &["config", "--format", "json"],
        };
        let ran = tool.run(args, QUESTION).await?;
        if !ran.ok {
            return Err(ServerError::settings("compose cannot read its file")
                .with_hint("correct it, or the `.env` that it reads")
                .with_detail(without_values(ran.complaint())));
        }
        let services: Vec<Service> = match tool.generation {
            Generation::One => model::from_canonical_yaml(&ran.stdout),
            Generation::Two => model::from_json(&ran.stdout)
                .unwrap_or_else(|| model::from_canonical_yaml(&ran.stdout)),
        };
        model::pick(&services, self.config.service.as_deref())
    }

    fn need_engine(seen: &Seen) -> Result<(), ServerError> {
        match seen {
            Seen::NoEngine(why) => Err(ServerError::new(why.clone()).with_hint(
                "start docker (`sudo systemctl start docker`, or Docker Desktop), or choose \
                 `provider = \"local\"` in the section `[server]` of `limbeck.toml`",
            )),
            _ => Ok(()),
        }
    }

    pub(super) async fn start(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Connection, ServerError> {
        let seen = self.look(QUESTION).await;
        Self::need_engine(&seen)?;
        let tool = self.tool().await?;
        let service = self.service(&tool).await?;
        if let Seen::Container(container) = &seen
            && container.status == "paused"
        {
            progress(&format!("resuming `{service}`"));
            tool.run(["unpause", &service], QUESTION).await?;
        }
        progress(&format!("starting the service `{service}` (its image is pulled if missing)"));
        let ran = match tool.generation {
            Generation::Two => {
                let ran = tool.run(["up", "-d", "--wait", &service], START).await?;
                if !ran.ok && ran.stderr.contains("unknown flag") {
                    tool.run(["up", "-d", &service], START).await?
                } else {
                    ran
                }
            }
            Generation::One => tool.run(["up", "-d", &service], START).await?,
        };
        if !ran.ok {
            return Err(self.not_started(&service, &without_values(ran.complaint())).await);
        }
        self.wait_until_ready(&service, progress).await
    }

    async fn wait_until_ready(
        &self,
        service: &str,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Connection, ServerError> {
        let deadline = Instant::now() + READY;
        let mut said = false;
        loop {
            let last = match self.look(QUESTION).await {
                Seen::Container(container) => {
                    if matches!(container.status.as_str(), "exited" | "dead") {
                        let code = container.exit_code;
                        let what = format!("its container ended with status {code}");
                        return Err(self.not_started(service, &what).await);
                    }
                    let Some(connection) = container.connection() else {
                        return Err(ServerError::settings(format!(
                            "the service `{service}` publishes no port, so it cannot be reached"
                        ))
                        .with_hint("add `ports: [\"127.0.0.1:5432:5432\"]` to it"));
                    };
                    let ready = matches!(container.state(), State::Running { .. });
                    match probe::connection(&connection, Duration::from_secs(2)).await {
                        Answer::Accepting if ready => return Ok(connection),
                        Answer::Accepting => format!("{:?}", container.state()),
                        Answer::NotYet => "the server is starting".to_owned(),
                        Answer::Nothing(why) => why,
                    }
                }
                Seen::NoEngine(why) => why,
                Seen::Nothing | Seen::NoContainer => "there is no container".to_owned(),
            };
            if Instant::now() > deadline {
                let what = format!("no connection after {} s: {last}", READY.as_secs());
                return Err(self.not_started(service, &what).await);
            }
            if !said {
                progress("waiting until the server accepts connections");
                said = true;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn not_started(&self, service: &str, what: &str) -> ServerError {
        let mut lines: Vec<String> = what.lines().map(str::to_owned).collect();
        self.look(QUESTION).await;
        lines.extend(self.logs(12).await.unwrap_or_default());
        let hint = if what.contains("port is already allocated") || what.contains("address already")
        {
            "another program uses the port: set another POSTGRES_PORT in `.env`"
        } else {
            "the whole log is at `limbeck db logs`"
        };
        ServerError::new(format!("the service `{service}` did not start"))
            .with_hint(hint)
            .with_detail(lines.join("\n"))
    }

    pub(super) async fn stop(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        let seen = self.look(QUESTION).await;
        Self::need_engine(&seen)?;
        let Seen::Container(container) = seen else { return Ok(()) };
        if container.state() == State::Stopped {
            return Ok(());
        }
        let tool = self.tool().await?;
        progress(&format!("stopping the service `{}`", container.service));
        let ran =
            tool.run(["stop", "-t", "60", &container.service], Duration::from_secs(90)).await?;
        if !ran.ok {
            return Err(ServerError::new(format!(
                "the service `{}` did not stop",
                container.service
            ))
            .with_detail(ran.complaint()));
        }
        self.look(QUESTION).await;
        Ok(())
    }

    /// Removes the container and the volume with its data; other services are left alone.
    pub(super) async fn destroy(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), ServerError> {
        let seen = self.look(QUESTION).await;
        Self::need_engine(&seen)?;
        let Seen::Container(container) = seen else { return Ok(()) };
        if let Some(folder) = &container.bind {
            return Err(ServerError::not_managed(format!(
                "the data of `{}` is in the folder `{folder}`, which limbeck does not remove",
                container.service
            ))
            .with_hint(
                "stop the service with `limbeck db stop`, then remove that folder yourself",
            ));
        }
        let tool = self.tool().await?;
        progress(&format!("removing the service `{}` and its data", container.service));
        let failed = |what: &str, detail: &str| {
            ServerError::new(format!("{what} cannot be removed")).with_detail(detail)
        };
        let ran =
            tool.run(["rm", "-s", "-f", "-v", &container.service], Duration::from_secs(90)).await?;
        if !ran.ok {
            return Err(failed(&format!("the service `{}`", container.service), ran.complaint()));
        }
        if let Some(volume) = &container.volume {
            match tool::docker(&self.programs, ["volume", "rm", volume], QUESTION).await {
                // An anonymous volume went with its container.
                Ok(ran) if ran.ok || ran.complaint().to_lowercase().contains("no such volume") => {}
                Ok(ran) => return Err(failed(&format!("the volume `{volume}`"), ran.complaint())),
                Err(e) => return Err(failed(&format!("the volume `{volume}`"), &e.to_string())),
            }
        }
        self.look(QUESTION).await;
        Ok(())
    }

    pub(super) async fn logs(&self, lines: usize) -> Result<Vec<String>, ServerError> {
        let Some(id) = self.id().await? else { return Ok(Vec::new()) };
        let count = lines.to_string();
        let found = self.stamped(&["--tail", &count, &id]).await?;
        Ok(found.into_iter().map(|(_, line)| line).collect())
    }

    pub(super) async fn log_end(&self) -> Place {
        let Ok(Some(id)) = self.id().await else { return Place::start() };
        let found = self.stamped(&["--tail", "50", &id]).await.unwrap_or_default();
        let Some((time, _)) = found.last() else { return Place::start() };
        Place { time: time.clone(), count: found.iter().filter(|(t, _)| t == time).count() }
    }

    pub(super) async fn log_since(&self, place: &mut Place) -> Result<Vec<String>, ServerError> {
        let Some(id) = self.id().await? else { return Ok(Vec::new()) };
        let found = match place.time.as_str() {
            "" => self.stamped(&["--tail", "1000", &id]).await?,
            time => self.stamped(&["--since", time, &id]).await?,
        };
        Ok(place.advance(found))
    }

    async fn id(&self) -> Result<Option<String>, ServerError> {
        let seen = match self.seen() {
            Seen::Container(container) => Seen::Container(container),
            _ => self.look(QUESTION).await,
        };
        Self::need_engine(&seen)?;
        Ok(match seen {
            Seen::Container(container) => Some(container.id),
            _ => None,
        })
    }

    /// Log lines with their times. The two streams come apart; the times put them together again.
    async fn stamped(&self, args: &[&str]) -> Result<Vec<(String, String)>, ServerError> {
        let all = ["logs", "--timestamps"].iter().chain(args);
        let ran = tool::docker(&self.programs, all, QUESTION)
            .await
            .map_err(|e| ServerError::new(format!("`docker logs` did not finish: {e}")))?;
        if !ran.ok {
            return Err(ServerError::new("the log cannot be read").with_detail(ran.complaint()));
        }
        let mut lines: Vec<(String, String)> = ran
            .stdout
            .lines()
            .chain(ran.stderr.lines())
            .filter_map(|line| {
                let (time, text) = line.split_once(' ').unwrap_or((line, ""));
                time.ends_with('Z').then(|| (time.to_owned(), text.to_owned()))
            })
            .collect();
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(lines)
    }
}

impl Place {
    fn start() -> Self {
        Self { time: String::new(), count: 0 }
    }

    /// Takes the new ones of lines that begin at our time, and moves behind them.
    fn advance(&mut self, found: Vec<(String, String)>) -> Vec<String> {
        let mut seen = 0;
        let mut new = Vec::new();
        for (time, line) in found {
            if time < self.time {
                continue;
            }
            if time == self.time && seen < self.count {
                seen += 1;
                continue;
            }
            if time == self.time {
                self.count += 1;
                seen += 1;
            } else {
                self.time = time;
                self.count = 1;
                seen = 1;
            }
            new.push(line);
        }
        new
    }
}

/// A tool's complaint without the values of variables: compose quotes the line that it cannot
/// read, and in `.env` that may be a password.
fn without_values(complaint: &str) -> String {
    complaint
        .lines()
        .map(|line| match line.find("PASSWORD=") {
            Some(at) => format!("{}PASSWORD=********", &line[..at]),
            None => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests;
