//! The library's front door: run what is pending, on start-up.

use std::{fmt, sync::Arc, time::Duration};

use super::{Actor, Control, Engine, Error, Event, Link, Options, Report};
use crate::{
    pg::ident::QualifiedName,
    revision::{Direction, History, RevisionId, Source},
};

/// Runs pending revisions when a program starts. Safe to call from many processes at once: one
/// migrates, the others wait and find nothing left to do.
///
/// ```no_run
/// use limbeck::{Migrator, revision::Source};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// static MIGRATIONS: &[(&str, &[u8])] = &[(
///     "9584caadb170_create_account_table.sql",
///     b"-- create account table\n-- Revision ID: 9584caadb170\n-- migrate:up\nCREATE TABLE account (id bigint);\n",
/// )];
/// let database: tokio_postgres::Config = "host=localhost user=app dbname=app".parse()?;
///
/// let report = Migrator::new(Source::Embedded(MIGRATIONS), database)
///     .application("shop 1.4")
///     .observer(|event| tracing_or_nothing(&event))
///     .run()
///     .await?;
/// assert!(report.after.len() <= 1);
/// # Ok(())
/// # }
/// # fn tracing_or_nothing(_: &limbeck::engine::Event) {}
/// ```
///
/// `examples/migrate_on_startup.rs` is a whole program; `docs/library.md` says more.
#[derive(Clone)]
pub struct Migrator {
    source: Source,
    link: Link,
    options: Options,
    target: String,
    control: Control,
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator")
            .field("options", &self.options)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Migrator {
    /// A migrator for these revisions and this database: a `deadpool_postgres::Pool`, a
    /// `tokio_postgres::Config` (without TLS), or a [`Connector`](crate::db::Connector).
    pub fn new(source: Source, link: impl Into<Link>) -> Self {
        Self {
            source,
            link: link.into(),
            options: Options::default(),
            target: "heads".into(),
            control: Control::silent(),
        }
    }

    /// Who runs it, for the audit table: name and version of the program.
    #[must_use]
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.options.actor = Actor { app: name.into(), ..self.options.actor };
        self
    }

    /// Upgrades to this revision instead of all heads.
    #[must_use]
    pub fn target(mut self, spec: impl Into<String>) -> Self {
        self.target = spec.into();
        self
    }

    /// Another version table than `limbeck.version`, for example Alembic's.
    #[must_use]
    pub fn version_table(mut self, schema: impl Into<String>, name: impl Into<String>) -> Self {
        self.options.version_table = QualifiedName { schema: schema.into(), name: name.into() };
        self
    }

    /// Another schema for the audit tables than `limbeck`.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        let schema = schema.into();
        if self.options.version_table.schema == self.options.schema {
            self.options.version_table.schema.clone_from(&schema);
        }
        self.options.schema = schema;
        self
    }

    /// `search_path` of the revisions.
    #[must_use]
    pub fn search_path(mut self, path: impl Into<String>) -> Self {
        self.options.search_path = Some(path.into());
        self
    }

    /// `lock_timeout` of each try (2 seconds), and how many tries (10).
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration, tries: u32) -> Self {
        (self.options.lock_timeout, self.options.lock_tries) = (timeout, tries);
        self
    }

    /// How long to wait for another process that is migrating (one minute).
    #[must_use]
    pub fn wait(mut self, limit: Duration) -> Self {
        self.options.runner_wait = limit;
        self
    }

    /// Receives what happens, as it happens; must not block.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.control = self.control.observed(observer);
        self
    }

    /// Watches and stops runs from outside; replaces an observer.
    #[must_use]
    pub fn control(mut self, control: Control) -> Self {
        self.control = control;
        self
    }

    /// All options at once.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Upgrades to all heads; waits for another runner. Safe to call from many processes at once.
    pub async fn run(&self) -> Result<Report, Error> {
        self.engine().upgrade(&self.target, &self.control).await
    }

    /// What [`run`](Self::run) would apply, in order; writes nothing.
    pub async fn pending(&self) -> Result<Vec<RevisionId>, Error> {
        let engine = self.engine();
        let plan = engine.preview(Direction::Up, &self.target).await?;
        let graph = engine.history.graph();
        Ok(plan
            .moves
            .iter()
            .filter_map(|step| step.node.map(|node| graph.id(node).clone()))
            .collect())
    }

    fn engine(&self) -> Engine {
        Engine {
            history: Arc::new(History::load(&self.source)),
            link: self.link.clone(),
            options: self.options.clone(),
        }
    }
}
