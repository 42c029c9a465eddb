//! The readings: each asks files, server or database once, and says only what is new.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    sync::{Arc, PoisonError},
    time::Duration,
};

use super::{
    Part, Refresh, WorkerEvent,
    event::PoolFacts,
    git,
    run::{Pooled, Shared, unchanged},
    same,
};
use crate::{
    code::Code,
    config::Guard,
    db::Connector,
    engine::{Engine, Error, Project},
    revision::History,
};

/// Connections for reading.
const POOL: usize = 3;
/// A reading that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Entries of the audit table that are read.
const RECORD: u32 = 300;
/// Lines of the server's log that are read.
const LOG: usize = 500;
/// Files whose time stamps are watched; in larger folders only those of the folders.
const WATCHED: usize = 2_000;

impl Shared {
    /// An engine on the reading connections.
    pub(super) async fn reader(&self) -> Result<(Arc<History>, Engine), Error> {
        let connector = self.connector().await?;
        let history = self.history().await?;
        let target = connector.connection().to_string();
        let known = self.pool_of(&target);
        let pooled = match known {
            Some(pooled) => pooled,
            None => self.make_pool(target, connector).await?,
        };
        Ok((Arc::clone(&history), self.project.engine(history, pooled)))
    }

    /// The pool for a target, when there is one.
    fn pool_of(&self, target: &str) -> Option<Pooled> {
        let slot = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, pooled) = slot.as_ref()?;
        (known == target).then(|| pooled.clone())
    }

    async fn make_pool(&self, target: String, connector: Connector) -> Result<Pooled, Error> {
        let connector = self.looking(connector).await?;
        let pool = connector.pool(POOL)?;
        let mut slot = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        // Another reading may have been faster: one pool is enough.
        if let Some((known, pooled)) = &*slot
            && *known == target
        {
            return Ok(pooled.clone());
        }
        let pooled = (connector, pool);
        *slot = Some((target, pooled.clone()));
        Ok(pooled)
    }

    /// How the reading connections are opened: on a prod profile they can change nothing. A pooler that
    /// takes no options at the start of a session is reached without.
    async fn looking(&self, connector: Connector) -> Result<Connector, Error> {
        if self.project.config.guard != Guard::Prod {
            return Ok(connector);
        }
        let read_only = connector.read_only();
        match read_only.connect("look").await {
            Ok(_) => Ok(read_only),
            Err(refused) if refused.is_startup_option() => Ok(connector),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets the reading connections: they may hang, or their server is gone.
    pub(super) fn drop_pool(&self) {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((_, (_, pool))) = pool {
            pool.close();
        }
    }

    async fn patiently<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Arc<Error>> {
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Arc::new(error)),
            Err(_) => {
                self.drop_pool();
                let text = format!("the database did not answer within {} s", PATIENCE.as_secs());
                Err(Arc::new(Error::new(Code::Connect, text)))
            }
        }
    }

    pub(super) fn pool_facts(&self) {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let facts = pool.map_or_else(PoolFacts::default, |(_, (_, pool))| {
            let status = pool.status();
            PoolFacts {
                max: status.max_size,
                open: status.size,
                idle: status.available,
                waiting: status.waiting,
            }
        });
        let mut last = self.last();
        if last.pool != facts {
            last.pool = facts;
            self.send(WorkerEvent::Pool(facts));
        }
    }

    pub(super) async fn read_history(&self) -> WorkerEvent {
        let project = self.project.clone();
        let read = tokio::task::spawn_blocking(move || {
            // Stamps first: a change during the reading shows at the next look.
            let history = project.history();
            (stamps(&project, &history), history)
        });
        let Ok((files, history)) = read.await else {
            return WorkerEvent::Unchanged(Refresh::History);
        };
        let history = Arc::new(history);
        let mut last = self.last();
        last.files = files;
        if last.history.as_ref().is_some_and(|old| same::history(old, &history)) {
            return WorkerEvent::Unchanged(Refresh::History);
        }
        last.history = Some(Arc::clone(&history));
        self.history.send_replace(Some(Arc::clone(&history)));
        WorkerEvent::Fresh(Part::History(history))
    }

    /// Whether files came, went or changed since they were read.
    pub(super) async fn files_changed(&self) -> bool {
        let Some(history) = self.last().history.clone() else { return false };
        let project = self.project.clone();
        let now = tokio::task::spawn_blocking(move || stamps(&project, &history)).await;
        now.is_ok_and(|now| now != self.last().files)
    }

    pub(super) async fn read_overview(&self) -> WorkerEvent {
        let outcome = self
            .patiently(async {
                let (history, engine) = self.reader().await?;
                let overview = engine.overview().await?;
                Ok((history, Arc::new(overview)))
            })
            .await;
        let mut last = self.last();
        let is_same = unchanged(last.overview.as_ref(), &outcome, |old, new| {
            Arc::ptr_eq(&old.0, &new.0) && same::overview(&old.1, &new.1)
        });
        if is_same {
            return WorkerEvent::Unchanged(Refresh::Overview);
        }
        last.overview = Some(outcome.clone());
        WorkerEvent::Fresh(Part::Overview(outcome))
    }

    pub(super) async fn read_activity(&self) -> WorkerEvent {
        let outcome =
            self.patiently(async { Ok(Arc::new(self.reader().await?.1.activity().await?)) }).await;
        let mut last = self.last();
        if unchanged(last.activity.as_ref(), &outcome, |a, b| same::activity(a, b)) {
            return WorkerEvent::Unchanged(Refresh::Activity);
        }
        last.activity = Some(outcome.clone());
        WorkerEvent::Fresh(Part::Activity(outcome))
    }

    pub(super) async fn read_record(&self) -> WorkerEvent {
        let outcome = self
            .patiently(async { Ok(Arc::new(self.reader().await?.1.record(RECORD).await?)) })
            .await;
        let mut last = self.last();
        if unchanged(last.record.as_ref(), &outcome, |a, b| same::record(a, b)) {
            return WorkerEvent::Unchanged(Refresh::Record);
        }
        last.record = Some(outcome.clone());
        WorkerEvent::Fresh(Part::Record(outcome))
    }

    pub(super) async fn read_tables(&self) -> WorkerEvent {
        let outcome = self
            .patiently(async { Ok(Arc::new(self.reader().await?.1.table_sizes().await?)) })
            .await;
        let mut last = self.last();
        if unchanged(last.tables.as_ref(), &outcome, |a, b| a == b) {
            return WorkerEvent::Unchanged(Refresh::Tables);
        }
        last.tables = Some(outcome.clone());
        WorkerEvent::Fresh(Part::Tables(outcome))
    }

    pub(super) async fn read_origins(&self) -> WorkerEvent {
        let config = &self.project.config;
        let found = git::origins(&config.root, &config.migrations).await.map(Arc::new);
        let mut last = self.last();
        if last.origins == found {
            return WorkerEvent::Unchanged(Refresh::Origins);
        }
        last.origins.clone_from(&found);
        WorkerEvent::Fresh(Part::Origins(found))
    }

    pub(super) async fn read_server(&self) -> WorkerEvent {
        let outcome =
            self.patiently(async { Ok(Arc::new(self.provider().await?.status().await)) }).await;
        let mut last = self.last();
        if unchanged(last.server.as_ref(), &outcome, |a, b| a == b) {
            return WorkerEvent::Unchanged(Refresh::Server);
        }
        last.server = Some(outcome.clone());
        WorkerEvent::Fresh(Part::Server(outcome))
    }

    pub(super) async fn read_log(&self) -> WorkerEvent {
        let outcome =
            self.patiently(async { Ok(Arc::new(self.provider().await?.logs(LOG).await?)) }).await;
        let mut last = self.last();
        if unchanged(last.log.as_ref(), &outcome, |a, b| a == b) {
            return WorkerEvent::Unchanged(Refresh::Log);
        }
        last.log = Some(outcome.clone());
        WorkerEvent::Fresh(Part::Log(outcome))
    }
}

/// The times and sizes of folders and files, as one number.
fn stamps(project: &Project, history: &History) -> u64 {
    let config = &project.config;
    let mut hasher = DefaultHasher::new();
    let mut stamp = |path: PathBuf| {
        let meta = std::fs::metadata(&path).ok();
        let facts = meta.map(|meta| (meta.modified().ok(), meta.is_file().then_some(meta.len())));
        (path, facts).hash(&mut hasher);
    };
    config.migrations.iter().cloned().for_each(&mut stamp);
    if history.revisions().len() <= WATCHED {
        history.revisions().iter().for_each(|one| stamp(config.root.join(&one.path)));
        let broken = history.problems().iter().filter_map(|problem| problem.path.as_ref());
        broken.for_each(|path| stamp(config.root.join(path)));
    }
    hasher.finish()
}
