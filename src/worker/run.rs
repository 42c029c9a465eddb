//! The lanes: one task that hands out work, and the tasks that do it.
//!
//! * *migrate*: one run at a time, in the order asked for, on a connection of its own;
//! * *refresh*: one reading per kind at a time; requests that come meanwhile become one more;
//! * *server*: one start or stop at a time;
//! * *cpu*: layouts and plans (only the newest waits), reviews and comparisons, on blocking threads;
//! * *schema*: comparing, proving, building: one of each sort, each can be stopped.
//!
//! Events leave through an unbounded channel, so that a slow terminal can never hold up a run.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use tokio_util::sync::CancellationToken;

use super::{
    Job, JobId, Origin, Refresh, Run, ServerAction, Work, WorkerEvent, compute, event::PoolFacts,
    pending, schema,
};
use crate::{
    code::Code,
    db::Connector,
    engine::{
        Control, Error, Overview, Project, activity::Activity, record::Entry, sizes::TableRow,
    },
    revision::{History, write},
    server::{Provider, State, Status},
};

/// How long the end of longer work is waited for.
const LAST_WAIT: Duration = Duration::from_secs(4);

/// Takes jobs, sends events. Dropping it ends the hand-out of work.
#[derive(Debug)]
pub struct Worker {
    requests: UnboundedSender<Request>,
    stop: CancellationToken,
    busy: watch::Receiver<usize>,
}

impl Drop for Worker {
    /// Stops longer work, so that scratch databases go before the program does.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

enum Request {
    Job(Job),
    /// A reading ended.
    Read(Refresh),
    /// A run ended.
    Ran,
    /// A layout ended.
    LaidOut,
    /// A plan ended.
    Planned,
    /// The proof of a revision ended.
    Written,
    /// A server action ended.
    Served,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Job(job) => f.debug_tuple("Job").field(job).finish(),
            Self::Read(kind) => f.debug_tuple("Read").field(kind).finish(),
            Self::Ran => f.write_str("Ran"),
            Self::LaidOut => f.write_str("LaidOut"),
            Self::Planned => f.write_str("Planned"),
            Self::Written => f.write_str("Written"),
            Self::Served => f.write_str("Served"),
        }
    }
}

impl Worker {
    /// A worker for a project; must be called inside a tokio runtime. `pg_dump` names the programs
    /// that proofs may use as a second judge, best first.
    pub fn new(
        project: Project,
        pg_dump: Vec<PathBuf>,
        events: UnboundedSender<WorkerEvent>,
    ) -> Self {
        let (requests, inbox) = unbounded_channel();
        let (history, _) = watch::channel(None);
        let shared = Arc::new(Shared {
            project,
            events,
            history,
            provider: tokio::sync::Mutex::new(None),
            pool: Mutex::new(None),
            last: Mutex::new(Last::default()),
            pg_dump,
            stop: CancellationToken::new(),
            busy: watch::Sender::new(0),
            known: Mutex::new(schema::Known::default()),
        });
        let (stop, busy) = (shared.stop.clone(), shared.busy.subscribe());
        tokio::spawn(hand_out(shared, requests.clone(), inbox));
        Self { requests, stop, busy }
    }

    /// Stops longer work and waits until it has let go of its scratch databases, for some seconds.
    pub async fn finish(mut self) {
        self.stop.cancel();
        let done = self.busy.wait_for(|count| *count == 0);
        // Past that, the next run sweeps what is left.
        let _ = tokio::time::timeout(LAST_WAIT, done).await;
    }

    /// Takes a job; never waits.
    pub fn submit(&self, job: Job) {
        // The inbox lives as long as the runtime; after that nobody waits for answers.
        let _ = self.requests.send(Request::Job(job));
    }
}

/// What a server action came to.
enum Served {
    Done,
    /// Nothing was done: this must be downloaded first.
    Needs(String),
}

/// What a reading came to.
type Outcome<T> = Result<T, Arc<Error>>;

/// Connections, and what opens them: it alone knows why one could not be opened.
pub(super) type Pooled = (Connector, deadpool_postgres::Pool);

/// What was last reported, so that equal readings are not reported again.
#[derive(Default)]
pub(super) struct Last {
    pub(super) history: Option<Arc<History>>,
    pub(super) files: u64,
    pub(super) overview: Option<Outcome<(Arc<History>, Arc<Overview>)>>,
    pub(super) activity: Option<Outcome<Arc<Activity>>>,
    pub(super) record: Option<Outcome<Arc<Vec<Entry>>>>,
    pub(super) server: Option<Outcome<Arc<Status>>>,
    pub(super) log: Option<Outcome<Arc<Vec<String>>>>,
    pub(super) pool: PoolFacts,
    pub(super) changes: Option<Outcome<Arc<pending::Changes>>>,
    pub(super) tables: Option<Outcome<Arc<Vec<TableRow>>>>,
    pub(super) origins: Option<Arc<BTreeMap<PathBuf, Origin>>>,
}

pub(super) struct Shared {
    pub(super) project: Project,
    events: UnboundedSender<WorkerEvent>,
    pub(super) history: watch::Sender<Option<Arc<History>>>,
    provider: tokio::sync::Mutex<Option<Provider>>,
    /// The reading connections, and the target they belong to.
    pub(super) pool: Mutex<Option<(String, Pooled)>>,
    last: Mutex<Last>,
    pub(super) pg_dump: Vec<PathBuf>,
    /// Longer work ends with this.
    pub(super) stop: CancellationToken,
    /// How much of it is under way.
    busy: watch::Sender<usize>,
    pub(super) known: Mutex<schema::Known>,
}

/// The task that hands out work. All its state is here; nothing is shared but what readings need.
async fn hand_out(
    shared: Arc<Shared>,
    requests: UnboundedSender<Request>,
    mut inbox: UnboundedReceiver<Request>,
) {
    let mut reading = [false; Refresh::ALL.len()];
    let mut again = [false; Refresh::ALL.len()];
    let mut runs: VecDeque<(JobId, Run)> = VecDeque::new();
    let mut running: Option<(JobId, Control)> = None;
    let mut serving = false;
    let mut laying_out = false;
    let mut next_layout: Option<Job> = None;
    let mut planning = false;
    let mut next_plan: Option<Job> = None;
    let mut writing = false;
    let mut works: HashMap<Work, Control> = HashMap::new();
    while let Some(request) = inbox.recv().await {
        match request {
            Request::Job(Job::Refresh(kind)) => {
                if reading[kind as usize] {
                    again[kind as usize] = true;
                } else {
                    reading[kind as usize] = true;
                    spawn_read(&shared, &requests, &mut works, kind);
                }
            }
            Request::Read(kind) => {
                reading[kind as usize] = std::mem::take(&mut again[kind as usize]);
                if reading[kind as usize] {
                    spawn_read(&shared, &requests, &mut works, kind);
                }
            }
            Request::Job(Job::Renames(renames)) => shared.rename(renames),
            Request::Job(Job::Stop(work)) => {
                if let Some(control) = works.get(&work) {
                    control.cancel.cancel();
                }
            }
            Request::Job(Job::Write { changes, chosen, terms, edited, revision }) => {
                if writing {
                    continue;
                }
                writing = true;
                let control = shared.staged(Work::Write);
                works.insert(Work::Write, control.clone());
                let (own, requests) = (Arc::clone(&shared), requests.clone());
                apart(&own.clone(), async move || {
                    let outcome = own
                        .write_changes(
                            &changes,
                            &chosen,
                            &terms,
                            edited.as_deref(),
                            *revision,
                            control,
                        )
                        .await;
                    own.send(WorkerEvent::Written(outcome.map(Arc::new).map_err(Arc::new)));
                    let _ = requests.send(Request::Written);
                });
            }
            Request::Written => writing = false,
            Request::Job(Job::Objects { generation, history, node }) => {
                // Only the newest counts: the one before stops.
                let control = shared.staged(Work::Objects);
                if let Some(before) = works.insert(Work::Objects, control.clone()) {
                    before.cancel.cancel();
                }
                let own = Arc::clone(&shared);
                apart(&own.clone(), async move || {
                    let outcome = own.objects(&history, node, control).await;
                    let outcome = outcome.map_err(Arc::new);
                    own.send(WorkerEvent::Objects { generation, node, outcome });
                });
            }
            Request::Job(job @ Job::Plan { .. }) => {
                if planning {
                    next_plan = Some(job);
                } else {
                    planning = true;
                    spawn_compute(&shared, &requests, job, Request::Planned);
                }
            }
            Request::Planned => match next_plan.take() {
                Some(job) => spawn_compute(&shared, &requests, job, Request::Planned),
                None => planning = false,
            },
            Request::Job(Job::Glance) => {
                let (shared, requests) = (Arc::clone(&shared), requests.clone());
                tokio::spawn(async move {
                    if shared.files_changed().await {
                        let _ = requests.send(Request::Job(Job::Refresh(Refresh::History)));
                    }
                    if shared.models_changed().await {
                        shared.send(WorkerEvent::ModelsChanged);
                    }
                });
            }
            Request::Job(Job::Run { id, run }) => {
                runs.push_back((id, run));
                if running.is_none() {
                    running = begin(&shared, &requests, &mut runs);
                }
            }
            Request::Ran => running = begin(&shared, &requests, &mut runs),
            Request::Job(Job::Cancel(id)) => match &running {
                Some((current, control)) if *current == id => control.cancel.cancel(),
                _ => drop_waiting(&shared, &mut runs, id),
            },
            Request::Job(Job::Pause(id)) => match &running {
                Some((current, control)) if *current == id => control.pause.cancel(),
                _ => drop_waiting(&shared, &mut runs, id),
            },
            Request::Job(Job::Server(action)) => {
                if serving {
                    let error = Error::new(Code::Server, "the server is being started or stopped");
                    shared.send(WorkerEvent::ServerDone(action, Err(Arc::new(error))));
                    continue;
                }
                serving = true;
                let (shared, requests) = (Arc::clone(&shared), requests.clone());
                tokio::spawn(async move {
                    shared.send(match shared.serve(action).await {
                        Ok(Served::Done) => WorkerEvent::ServerDone(action, Ok(())),
                        Ok(Served::Needs(package)) => WorkerEvent::DownloadOffered(package),
                        Err(error) => WorkerEvent::ServerDone(action, Err(Arc::new(error))),
                    });
                    let _ = requests.send(Request::Served);
                });
            }
            Request::Served => serving = false,
            Request::Job(Job::Signal { pid, terminate }) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let outcome = shared.signal(pid, terminate).await.map_err(Arc::new);
                    shared.send(WorkerEvent::Signalled { pid, terminate, outcome });
                });
            }
            Request::Job(job @ Job::Layout { .. }) => {
                if laying_out {
                    next_layout = Some(job);
                } else {
                    laying_out = true;
                    spawn_compute(&shared, &requests, job, Request::LaidOut);
                }
            }
            Request::LaidOut => match next_layout.take() {
                Some(job) => spawn_compute(&shared, &requests, job, Request::LaidOut),
                None => laying_out = false,
            },
            Request::Job(
                job @ (Job::Create(_)
                | Job::Draft { .. }
                | Job::ReadDraft
                | Job::Review { .. }
                | Job::Compare { .. }
                | Job::Mark { .. }),
            ) => {
                let shared = Arc::clone(&shared);
                tokio::task::spawn_blocking(move || shared.compute(job));
            }
        }
    }
}

fn spawn_read(
    shared: &Arc<Shared>,
    requests: &UnboundedSender<Request>,
    works: &mut HashMap<Work, Control>,
    kind: Refresh,
) {
    let (shared, requests) = (Arc::clone(shared), requests.clone());
    if kind == Refresh::Changes {
        let control = shared.staged(Work::Changes);
        works.insert(Work::Changes, control.clone());
        apart(&shared.clone(), async move || {
            let event = shared.read_changes(control).await;
            shared.send(event);
            let _ = requests.send(Request::Read(kind));
        });
        return;
    }
    tokio::spawn(async move {
        let event = match kind {
            Refresh::History => shared.read_history().await,
            Refresh::Overview => shared.read_overview().await,
            Refresh::Activity => shared.read_activity().await,
            Refresh::Record => shared.read_record().await,
            Refresh::Server => shared.read_server().await,
            Refresh::Log => shared.read_log().await,
            Refresh::Tables => shared.read_tables().await,
            Refresh::Origins => shared.read_origins().await,
            Refresh::Changes => WorkerEvent::Unchanged(kind),
        };
        shared.send(event);
        shared.pool_facts();
        let _ = requests.send(Request::Read(kind));
    });
}

/// Runs longer work on a thread of its own: it computes between its queries, and letting go of a
/// scratch database waits.
fn apart<F: Future<Output = ()>>(shared: &Shared, work: impl FnOnce() -> F + Send + 'static) {
    let runtime = tokio::runtime::Handle::current();
    let busy = shared.busy.clone();
    busy.send_modify(|count| *count += 1);
    tokio::task::spawn_blocking(move || {
        runtime.block_on(work());
        busy.send_modify(|count| *count -= 1);
    });
}

fn spawn_compute(
    shared: &Arc<Shared>,
    requests: &UnboundedSender<Request>,
    job: Job,
    done: Request,
) {
    let (shared, requests) = (Arc::clone(shared), requests.clone());
    tokio::task::spawn_blocking(move || {
        shared.compute(job);
        let _ = requests.send(done);
    });
}

/// Begins the next run, if one waits.
fn begin(
    shared: &Arc<Shared>,
    requests: &UnboundedSender<Request>,
    runs: &mut VecDeque<(JobId, Run)>,
) -> Option<(JobId, Control)> {
    let (id, run) = runs.pop_front()?;
    let events = shared.events.clone();
    let control = Control::new(move |event| {
        let _ = events.send(WorkerEvent::Progress(id, event));
    });
    let (shared, requests, watched) = (Arc::clone(shared), requests.clone(), control.clone());
    tokio::spawn(async move {
        let outcome = shared.run(&run, &watched).await.map_err(Arc::new);
        // The next overview counts as news, whatever it says: the interface left out those that
        // came while the run went on.
        shared.last().overview = None;
        shared.send(WorkerEvent::Ended(id, outcome));
        let _ = requests.send(Request::Ran);
    });
    Some((id, control))
}

fn drop_waiting(shared: &Shared, runs: &mut VecDeque<(JobId, Run)>, id: JobId) {
    let before = runs.len();
    runs.retain(|(waiting, _)| *waiting != id);
    if runs.len() < before {
        let error = Error::new(Code::Cancelled, "cancelled before it began")
            .with_state("nothing was changed");
        shared.send(WorkerEvent::Ended(id, Err(Arc::new(error))));
    }
}

/// Compares two outcomes: equal errors say nothing new either.
pub(super) fn unchanged<T>(
    old: Option<&Result<T, Arc<Error>>>,
    new: &Result<T, Arc<Error>>,
    same: impl Fn(&T, &T) -> bool,
) -> bool {
    match (old, new) {
        (Some(Ok(old)), Ok(new)) => same(old, new),
        (Some(Err(old)), Err(new)) => {
            old.code == new.code && old.message == new.message && old.hint == new.hint
        }
        _ => false,
    }
}

impl Shared {
    pub(super) fn send(&self, event: WorkerEvent) {
        let _ = self.events.send(event);
    }

    /// Where events go.
    pub(super) fn events(&self) -> UnboundedSender<WorkerEvent> {
        self.events.clone()
    }

    pub(super) fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The history, once it has been read.
    pub(super) async fn history(&self) -> Result<Arc<History>, Error> {
        let mut watched = self.history.subscribe();
        match watched.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(history)) => Ok(Arc::clone(history)),
            _ => Err(Error::new(Code::File, "the revision files could not be read")),
        }
    }

    pub(super) async fn provider(&self) -> Result<Provider, Error> {
        let mut provider = self.provider.lock().await;
        if let Some(provider) = &*provider {
            return Ok(provider.clone());
        }
        let chosen = Provider::choose(&self.project.config).await?;
        *provider = Some(chosen.clone());
        Ok(chosen)
    }

    /// How to reach the database now.
    pub(super) async fn connector(&self) -> Result<Connector, Error> {
        if let Some(connection) = &self.project.config.connection {
            return Ok(Connector::new(connection.clone()));
        }
        let provider = self.provider().await?;
        if matches!(provider.status().await.state, State::Stopped | State::Absent) {
            return Err(Error::new(Code::Connect, "the database server is not running")
                .with_hint("start it with `limbeck db start`"));
        }
        provider.connection().map(Connector::new).ok_or_else(|| {
            Error::new(Code::Connect, "the database server cannot be reached")
                .with_hint("`limbeck db status` says more")
        })
    }

    /// A run, on a connection of its own.
    async fn run(&self, run: &Run, control: &Control) -> Result<crate::engine::Report, Error> {
        let connector = self.connector().await?;
        let history = self.history().await?;
        let engine = self.project.engine(history, connector);
        match run {
            Run::Upgrade(spec) => engine.upgrade(spec, control).await,
            Run::Downgrade(spec) => engine.downgrade(spec, control).await,
            Run::Stamp { specs, purge } => {
                let specs: Vec<&str> = specs.iter().map(String::as_str).collect();
                engine.stamp(&specs, *purge, control).await
            }
            Run::Settle { id, verdict } => engine.settle(id.as_str(), *verdict, control).await,
        }
    }

    async fn signal(&self, pid: i32, terminate: bool) -> Result<bool, Error> {
        self.reader().await?.1.signal_backend(pid, terminate).await
    }

    async fn serve(&self, action: ServerAction) -> Result<Served, Error> {
        let provider = self.provider().await?;
        let events = self.events.clone();
        let progress = move |stage: &str| {
            let _ = events.send(WorkerEvent::ServerStage(action, stage.to_owned()));
        };
        match action {
            ServerAction::Start => {
                if let Some(package) = provider.needs_download().await {
                    return Ok(Served::Needs(package));
                }
            }
            ServerAction::Download => provider.download(&progress).await?,
            ServerAction::Stop | ServerAction::Restart => {
                self.drop_pool();
                provider.stop(&progress).await?;
            }
        }
        if action != ServerAction::Stop {
            provider.start(&progress).await?;
            self.drop_pool();
        }
        Ok(Served::Done)
    }

    /// The cpu lane's work, and the writing of a file.
    fn compute(&self, job: Job) {
        match job {
            Job::Draft { changes, chosen, terms, edited } => {
                let outcome = self.write_draft(&changes, &chosen, &terms, edited.as_deref());
                self.send(WorkerEvent::Drafted(outcome.map_err(Arc::new)));
            }
            Job::ReadDraft => {
                let outcome = self.read_draft().map(|draft| Arc::new(draft.planned()));
                self.send(WorkerEvent::DraftRead(outcome.map_err(Arc::new)));
            }
            Job::Create(new) => {
                let outcome = self.create(&new).map_err(Arc::new);
                self.send(WorkerEvent::Created(outcome));
            }
            job => {
                if let Some(event) = compute(job) {
                    self.send(event);
                }
            }
        }
    }

    pub(super) fn create(&self, new: &write::NewRevision) -> Result<PathBuf, Error> {
        let config = &self.project.config;
        let folder = config
            .migrations
            .first()
            .ok_or_else(|| Error::new(Code::Settings, "no folder for revisions is set"))?;
        // Read again: a file may have come since.
        let history = self.project.history();
        write::write(folder, &history, &[], new, &config.file_template).map_err(|error| {
            let plain = Error::new(error.code, error.message);
            match error.hint {
                Some(hint) => plain.with_hint(hint),
                None => plain,
            }
        })
    }
}
