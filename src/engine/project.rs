//! A project: its settings, its history, its server.

use std::sync::Arc;

use super::{Actor, Engine, Options};
use crate::{
    config::{Config, Guard},
    revision::{History, Source},
};

/// When a managed server is started by whoever needs it.
#[cfg(feature = "server")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Never: questions about a database do not make one.
    Never,
    /// On first use: one that was stopped stays so.
    FirstUse,
}

/// Opens the project again with another profile's settings, or with none's; what is wrong with them
/// comes back as one sentence. Who starts an interface knows how.
#[derive(Clone)]
pub struct Reopen(Arc<ReopenFn>);

type ReopenFn = dyn Fn(Option<&str>) -> Result<Project, String> + Send + Sync;

impl std::fmt::Debug for Reopen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reopen")
    }
}

impl Reopen {
    /// By this function.
    pub fn new(
        open: impl Fn(Option<&str>) -> Result<Project, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(open))
    }

    /// The project with this profile.
    pub fn open(&self, profile: Option<&str>) -> Result<Project, String> {
        (self.0)(profile)
    }
}

/// A way to begin, for who has no project yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Lay a project out in this folder.
    Make,
    /// Take over the migrations of another tool.
    Import,
    /// Work with the database of this URL.
    Connect(String),
}

/// What was found in a folder that holds no project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newcomer {
    /// Another tool's migrations: its name, and their folder.
    pub tool: Option<(String, std::path::PathBuf)>,
}

/// Does a beginning: says in one sentence what it did, or what was wrong. Who starts an interface knows
/// how.
#[derive(Clone)]
pub struct Begin(Arc<BeginFn>);

type BeginFn = dyn Fn(&Beginning) -> Result<String, String> + Send + Sync;

impl std::fmt::Debug for Begin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Begin")
    }
}

impl Begin {
    /// By this function.
    pub fn new(
        begin: impl Fn(&Beginning) -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(begin))
    }

    /// Does it.
    pub fn with(&self, beginning: &Beginning) -> Result<String, String> {
        (self.0)(beginning)
    }
}

/// An opened project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Settings.
    pub config: Arc<Config>,
    /// Who acts.
    pub actor: Actor,
}

impl Project {
    /// Wraps resolved settings.
    pub fn new(config: Config, actor: Actor) -> Self {
        Self { config: Arc::new(config), actor }
    }

    /// Where revisions come from.
    pub fn source(&self) -> Source {
        Source::Folders {
            folders: self.config.migrations.clone(),
            recursive: self.config.recursive,
            shown_from: Some(self.config.root.clone()),
        }
    }

    /// Loads the history (blocking file work; call it off the interface's thread).
    pub fn history(&self) -> History {
        History::load(&self.source())
    }

    /// The options of a run, from the settings.
    pub fn options(&self) -> Options {
        let c = &self.config;
        Options {
            version_table: c.version_table.clone(),
            schema: c.schema.clone(),
            search_path: c.search_path.clone(),
            lock_timeout: c.lock_timeout,
            statement_timeout: c.statement_timeout,
            lock_tries: c.lock_tries,
            runner_wait: c.runner_wait,
            journal: Some(c.root.join(".limbeck"))
                .filter(|folder| folder.is_dir())
                .map(|folder| folder.join("journal")),
            losses: match c.guard {
                Guard::Dev => super::Losses::Tell,
                Guard::Staging | Guard::Prod => super::Losses::Refuse,
            },
            allow: Vec::new(),
            actor: self.actor.clone(),
            ..Options::default()
        }
    }

    /// How to reach the database: the settings, else the provider's server, which `start` says
    /// when to start.
    #[cfg(feature = "server")]
    pub async fn connect(
        &self,
        start: Start,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<crate::db::Connector, super::Error> {
        use crate::{
            code::Code,
            db::Connector,
            engine::Error,
            server::{Provider, State},
        };
        if let Some(connection) = &self.config.connection {
            return Ok(Connector::new(connection.clone()));
        }
        let provider = Provider::choose(&self.config).await?;
        let status = provider.status().await;
        let stopped = matches!(status.state, State::Stopped | State::Absent);
        // What nobody stopped is to run.
        if start == Start::FirstUse && (status.state == State::Absent || status.killed) {
            return Ok(Connector::new(provider.start(progress).await?));
        }
        match provider.connection() {
            Some(connection) if !stopped => Ok(Connector::new(connection)),
            _ => Err(Error::new(Code::Connect, "the database server is not running")
                .with_hint("start it with `limbeck db start`")),
        }
    }

    /// The project's own server while the database is somewhere else: its local cluster, if that is
    /// running.
    #[cfg(feature = "server")]
    pub async fn own_server(&self) -> Option<crate::db::Connector> {
        use crate::server::{Provider, State};
        let elsewhere = self.config.connection.as_ref()?;
        let own = Provider::local(&self.config.root, &self.config.name, &self.config.server);
        let running = matches!(own.status().await.state, State::Running { .. });
        let connection = own.connection().filter(|_| running)?;
        let same = (&connection.hosts, &connection.ports) == (&elsewhere.hosts, &elsewhere.ports);
        (!same).then(|| crate::db::Connector::new(connection))
    }

    /// The engine for a history and a link.
    pub fn engine(&self, history: Arc<History>, link: impl Into<super::Link>) -> Engine {
        Engine { history, link: link.into(), options: self.options() }
    }
}
