//! An app with a small history, a made-up database and a clock of its own. Its worker computes what
//! is pure (layouts, reviews, comparisons) at once; everything else waits for the test to script it.

use std::{path::Path, sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use limbeck::{
    code::Code,
    config::{Config, Guard},
    db::Notice,
    engine::{
        self, Overview, Report,
        event::PlannedMove,
        overview::{Orphan, RevisionState, ServerFacts},
    },
    present::diff::Diff,
    revision::{Direction, History, RevisionId, file, target},
    server::{Kind, State, Status},
    tui::{
        app::App,
        demo,
        event::{Effect, Event, Now},
        keymap::Key,
        theme::Theme,
        update::{self, update},
        view,
    },
    worker::{Job, JobId, Part, Run, WorkerEvent, compute, pending::Changes, review},
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

/// Id, parents, depends on, labels, message, up, down.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

const ROWS: &[Row] = &[
    (
        "11c0de000001",
        "",
        "",
        "",
        "initial schema",
        "CREATE TABLE a (id int);",
        Some("DROP TABLE a;"),
    ),
    (
        "3357aa900002",
        "11c0de000001",
        "",
        "",
        "payments: base tables",
        "CREATE TABLE p (id int);",
        Some("DROP TABLE p;"),
    ),
    (
        "d4e8f0010003",
        "3357aa900002",
        "",
        "payments",
        "payments: provider enum",
        "CREATE TYPE provider AS ENUM ('a');",
        Some("DROP TYPE provider;"),
    ),
    (
        "f19a3c200004",
        "3357aa900002",
        "",
        "",
        "customers: marketing flag",
        "ALTER TABLE a ADD COLUMN flag bool;",
        Some("ALTER TABLE a DROP COLUMN flag;"),
    ),
    ("0b7d99e30005", "f19a3c200004, d4e8f0010003", "", "", "merge payments", "", Some("")),
    (
        "7f3a91c00006",
        "0b7d99e30005",
        "",
        "",
        "orders: created_at timestamptz",
        "ALTER TABLE a ADD COLUMN created_at timestamptz;\nCREATE INDEX a_at ON a (created_at);",
        Some("ALTER TABLE a DROP COLUMN created_at;"),
    ),
    (
        "2c9e11ab0007",
        "7f3a91c00006",
        "",
        "",
        "orders: add currency",
        "ALTER TABLE a ADD COLUMN currency char(3);",
        None,
    ),
];

/// The head of the fixture's history, the revision below it, and the merge below that.
pub(crate) const HEAD: &str = "2c9e11ab0007";
pub(crate) const CURRENT: &str = "7f3a91c00006";
pub(crate) const MERGE: &str = "0b7d99e30005";

/// The history of the fixture.
pub(crate) fn history() -> Arc<History> {
    Arc::new(History::from_revisions(ROWS.iter().map(revision).collect()))
}

fn revision(row: &Row) -> limbeck::revision::Revision {
    let (id, parents, depends, labels, message, up, down) = row;
    let mut text = format!(
        "-- {message}\n--\n-- Revision ID: {id}\n-- Revises: {parents}\n-- Create Date: 2024-06-03T14:02:00Z\n\
         -- Branch Labels: {labels}\n-- Depends On: {depends}\n\n-- migrate:up\n\n{up}\n"
    );
    if let Some(down) = down {
        text = format!("{text}\n-- migrate:down\n\n{down}\n");
    }
    file::parse(Path::new(&format!("migrations/{id}_test.sql")), text.as_bytes())
        .expect("the fixture is valid")
}

/// Midday of a day, `seconds` later.
pub(crate) fn at(seconds: u64) -> Now {
    let wall: jiff::Timestamp = "2024-06-04T12:00:00Z".parse().expect("a date");
    Now { mono: Duration::from_secs(seconds), wall: wall + Duration::from_secs(seconds) }
}

/// An overview of a database at `rows`.
pub(crate) fn overview(history: &History, rows: &[&str]) -> Arc<Overview> {
    let graph = history.graph();
    let nodes: Vec<_> = rows.iter().filter_map(|row| graph.find(row)).collect();
    let applied = graph.ancestors(&nodes);
    let states: Vec<RevisionState> = graph
        .nodes()
        .map(|node| RevisionState {
            applied: !nodes.is_empty() && applied[node.index()],
            current: nodes.contains(&node),
            applied_at: applied[node.index()]
                .then(|| "2024-06-01T00:00:00Z".parse().expect("a date")),
            ..RevisionState::default()
        })
        .collect();
    let orphans = rows
        .iter()
        .filter(|row| graph.find(row).is_none())
        .map(|row| Orphan {
            id: RevisionId::new(*row),
            message: None,
            applied_at: None,
            current: true,
        })
        .collect();
    Arc::new(Overview {
        server: ServerFacts {
            version: "17.2".into(),
            database: "shop".into(),
            user: "app_owner".into(),
            size: 14 << 30,
            uptime: Duration::from_hours(72),
            latency: Duration::from_micros(1_200),
            ..ServerFacts::default()
        },
        rows: rows.iter().map(|row| RevisionId::new(*row)).collect(),
        managed: true,
        unreadable: false,
        adoptable: None,
        pending: states.iter().filter(|state| !state.applied).count(),
        states,
        orphans,
    })
}

/// A server in a state.
pub(crate) fn server(state: State) -> Arc<Status> {
    Arc::new(Status {
        kind: Kind::Local,
        state,
        summary: "local cluster · PostgreSQL 17.2".into(),
        data: Some("/srv/shop/.limbeck/pg/data".into()),
        port: Some(5433),
        socket: None,
        log: Some("/srv/shop/.limbeck/log/postgresql.log".into()),
        binaries: None,
        killed: false,
    })
}

/// Running.
pub(crate) fn running() -> State {
    State::Running { id: "48213".into(), since: None }
}

/// The app and what it asked for.
pub(crate) struct Rig {
    /// The app.
    pub(crate) app: App,
    /// Effects that nobody has answered.
    pub(crate) effects: Vec<Effect>,
    /// The history that "is on disk".
    pub(crate) history: Arc<History>,
    /// What a revision changes, if that can be built.
    pub(crate) objects: Option<Arc<Diff>>,
    seconds: u64,
}

impl Rig {
    /// An interface that has just opened.
    pub(crate) fn opened(guard: Guard, size: (u16, u16)) -> Self {
        let mut config = Config::default_for("/srv/shop");
        config.name = "shop".into();
        config.guard = guard;
        let mut app = App::new(Arc::new(config), Theme::dark(), size);
        app.now = at(0);
        app.editor = true;
        let mut rig =
            Self { app, effects: Vec::new(), history: history(), objects: None, seconds: 0 };
        let effects = update::start(&mut rig.app);
        rig.take(effects);
        rig
    }

    /// The database at `rows`, with something special about one revision.
    pub(crate) fn remarkable(
        rows: &[&str],
        id: &str,
        change: impl FnOnce(&mut RevisionState),
    ) -> Self {
        let mut rig = Self::at(rows);
        rig.remark(rows, id, change);
        rig.effects.clear();
        rig
    }

    /// The database tells something special about one revision.
    pub(crate) fn remark(
        &mut self,
        rows: &[&str],
        id: &str,
        change: impl FnOnce(&mut RevisionState),
    ) {
        let history = self.history.clone();
        let mut told = (*overview(&history, rows)).clone();
        let node = history.graph().find(id).expect("a revision");
        change(&mut told.states[node.index()]);
        self.report(WorkerEvent::Fresh(Part::Overview(Ok((history, Arc::new(told))))));
    }

    /// An interface on a database at `rows`, the server running.
    pub(crate) fn at(rows: &[&str]) -> Self {
        Self::guarded(Guard::Dev, rows)
    }

    /// The same with a guard level.
    pub(crate) fn guarded(guard: Guard, rows: &[&str]) -> Self {
        Self::opened(guard, (120, 36)).read(rows)
    }

    /// The same with one revision file.
    pub(crate) fn of(name: &str, text: &str) -> Self {
        let mut rig = Self::opened(Guard::Dev, (120, 36));
        let one = file::parse(Path::new(name), text.as_bytes()).expect("the text is valid");
        rig.history = Arc::new(History::from_revisions(vec![one]));
        rig.read(&[])
    }

    /// Files and database are read.
    fn read(self, rows: &[&str]) -> Self {
        let mut rig = self;
        let history = Arc::clone(&rig.history);
        rig.report(WorkerEvent::Fresh(Part::Server(Ok(server(running())))));
        rig.report(WorkerEvent::Fresh(Part::History(Arc::clone(&history))));
        let overview = overview(&history, rows);
        rig.report(WorkerEvent::Fresh(Part::Overview(Ok((history, overview)))));
        rig.effects.clear();
        rig
    }

    /// Takes effects: pure work is done at once, the rest is kept.
    pub(crate) fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Submit(
                    job @ (Job::Layout { .. }
                    | Job::Review { .. }
                    | Job::Compare { .. }
                    | Job::Mark { .. }),
                ) => {
                    if let Some(event) = compute(job) {
                        self.report(event);
                    }
                }
                Effect::Submit(Job::Objects { generation, node, .. }) => {
                    let outcome = match &self.objects {
                        Some(objects) => Ok(Arc::clone(objects)),
                        None => {
                            Err(engine::Error::new(Code::Privilege, "no scratch database").into())
                        }
                    };
                    self.report(WorkerEvent::Objects { generation, node, outcome });
                }
                Effect::Submit(Job::Plan { generation, changes, chosen, terms }) => {
                    let planned = Arc::new(demo::pending::planned(&changes, &chosen, &terms));
                    self.report(WorkerEvent::Planned { generation, planned });
                }
                other => self.effects.push(other),
            }
        }
    }

    /// Feeds an event.
    pub(crate) fn event(&mut self, event: Event) {
        let effects = update(&mut self.app, event);
        self.take(effects);
    }

    /// Feeds a report of the worker.
    pub(crate) fn report(&mut self, event: WorkerEvent) {
        self.event(Event::Worker(event));
    }

    /// Models and database are compared.
    pub(crate) fn changes(&mut self, changes: Changes) {
        self.report(WorkerEvent::Fresh(Part::Changes(Ok(Arc::new(changes)))));
    }

    /// Lets seconds pass.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.seconds += seconds;
        self.event(Event::Tick(at(self.seconds)));
    }

    /// Presses keys: characters for themselves, `<enter>`, `<ctrl-u>` for the others.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for key in parse_keys(keys) {
            self.event(Event::Key(key));
            self.draw();
        }
        self
    }

    /// Draws at the app's size.
    pub(crate) fn draw(&mut self) -> Buffer {
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend");
        let mut hits = None;
        let frame = terminal
            .draw(|frame| hits = Some(view::draw(&self.app, frame)))
            .expect("a test backend never fails");
        let buffer = frame.buffer.clone();
        self.app.drawn(hits.expect("it was drawn"));
        buffer
    }

    /// The screen as text.
    pub(crate) fn text(&mut self) -> String {
        text(&self.draw())
    }

    /// The runs that were asked for.
    pub(crate) fn runs(&self) -> Vec<String> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Submit(Job::Run { run, .. }) => Some(run.command()),
                _ => None,
            })
            .collect()
    }

    /// Jobs that were asked for and fit.
    pub(crate) fn asked(&self, fits: impl Fn(&Job) -> bool) -> usize {
        self.effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Submit(job) if fits(job)))
            .count()
    }

    /// Whether leaving was asked for.
    pub(crate) fn left(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Quit))
    }

    /// Reports a run's events up to (and with) its `n`th revision, as the engine would.
    pub(crate) fn play(&mut self, id: JobId, run: &Run, n: usize) {
        let history = Arc::clone(&self.history);
        let rows = self.app.snapshot.rows().to_vec();
        let plan = review::plan(run, &history, &rows).expect("a plan");
        let direction = run.direction().unwrap_or(Direction::Up);
        let planned: Vec<PlannedMove> = plan
            .moves
            .iter()
            .map(|one| {
                let node = one.node.expect("a revision");
                PlannedMove {
                    id: history.graph().id(node).clone(),
                    message: history.revision(node).message.clone(),
                    direction,
                    statements: 1,
                    transactional: true,
                }
            })
            .collect();
        let progress = |event| WorkerEvent::Progress(id, event);
        self.report(progress(engine::Event::Connected { pid: 48301 }));
        self.report(progress(engine::Event::Planned(planned)));
        for index in 0..n {
            self.report(progress(engine::Event::RevisionStarted { index, attempt: 1 }));
            self.report(progress(engine::Event::StatementStarted {
                index,
                statement: 1,
                line: 12,
                summary: "ALTER TABLE a ADD COLUMN flag bool".into(),
            }));
            self.report(progress(engine::Event::Notice(Notice {
                severity: "NOTICE".into(),
                message: "relation exists, skipping".into(),
                detail: None,
                hint: None,
            })));
            self.report(progress(engine::Event::StatementFinished {
                index,
                statement: 1,
                elapsed: Duration::from_millis(20),
                rows: None,
            }));
            self.report(progress(engine::Event::RevisionFinished {
                index,
                elapsed: Duration::from_millis(30),
            }));
        }
    }

    /// Ends a run.
    pub(crate) fn end(&mut self, id: JobId, outcome: Result<Report, engine::Error>) {
        self.report(WorkerEvent::Ended(id, outcome.map_err(Arc::new)));
    }
}

/// Splits a text into key events.
pub(crate) fn parse_keys(keys: &str) -> Vec<KeyEvent> {
    let mut events = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        // `<` begins a name only when one follows: `<<enter>` is `<` and Enter.
        let named = rest
            .strip_prefix('<')
            .and_then(|r| r.split_once('>'))
            .and_then(|(name, after)| Some((Key::parse(name).filter(|_| name.len() > 1)?, after)));
        let key = if let Some((key, after)) = named {
            rest = after;
            key
        } else {
            rest = &rest[c.len_utf8()..];
            Key::plain(KeyCode::Char(c))
        };
        let mut modifiers = KeyModifiers::NONE;
        if key.ctrl {
            modifiers |= KeyModifiers::CONTROL;
        }
        if key.alt {
            modifiers |= KeyModifiers::ALT;
        }
        events.push(KeyEvent::new(key.code, modifiers));
    }
    events
}

/// A buffer as lines of text.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut lines = Vec::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

/// The version rows after an upgrade, as planned.
pub(crate) fn rows_after(history: &History, rows: &[RevisionId], spec: &str) -> Vec<RevisionId> {
    target::upgrade(history.graph(), rows, spec).expect("a plan").after()
}
