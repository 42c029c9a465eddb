//! A made-up project, fixed to the second: what pictures, snapshots and benchmarks of the interface draw.
//!
//! It reads no file and asks no server; everything is a value.

mod busy;
pub mod pending;
pub mod trouble;

use std::{path::Path, sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::{
    app::{App, LogEnd, LogLine, Row},
    event::{Effect, Event, Now},
    theme::Theme,
    update::update,
};
use crate::{
    code::Code,
    config::{Config, Connection, Guard},
    engine::{
        Error, Overview,
        overview::{Edit, Orphan, RevisionState, ServerFacts},
        project::Newcomer,
    },
    present::lanes,
    revision::{History, Node, RevisionId, file},
    server,
    worker::{Job, WorkerEvent, compute},
};

/// The moment in which all pictures are taken.
pub const NOW: &str = "2026-06-04T14:05:41Z";

/// One revision: id, parents, other header lines, message, days since it was written and applied,
/// scripts.
struct Sketch {
    id: &'static str,
    down: &'static str,
    more: &'static str,
    message: &'static str,
    hours: i64,
    applied: bool,
    up: &'static str,
    undo: Option<&'static str>,
}

const fn sketch(
    id: &'static str,
    down: &'static str,
    more: &'static str,
    message: &'static str,
    hours: i64,
    applied: bool,
) -> Sketch {
    Sketch { id, down, more, message, hours, applied, up: "SELECT 1;\n", undo: Some("SELECT 1;\n") }
}

const SHOP: &[Sketch] = &[
    Sketch {
        up: "CREATE TABLE customers (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    name text NOT NULL\n);\n\nCREATE TABLE orders (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    customer_id integer NOT NULL,\n    total numeric(10,2) DEFAULT 0,\n    status text DEFAULT 'new' NOT NULL\n);\n",
        undo: Some("DROP TABLE orders;\nDROP TABLE customers;\n"),
        ..sketch("11c0de00a4f1", "", "Branch Labels: main", "initial schema", 30 * 24, true)
    },
    sketch("3357aa90c2be", "11c0de00a4f1", "", "payments: base tables", 20 * 24, true),
    sketch("f19a3c206d18", "3357aa90c2be", "", "customers: marketing flag", 15 * 24 + 2, true),
    sketch(
        "d4e8f0017a3c",
        "3357aa90c2be",
        "Branch Labels: payments",
        "payments: provider enum",
        15 * 24,
        true,
    ),
    sketch("0b7d99e35512", "f19a3c206d18, d4e8f0017a3c", "", "merge payments", 14 * 24, true),
    sketch("6e02c1f4d09b", "0b7d99e35512", "", "orders: line items", 12 * 24, true),
    sketch("77ab3e51c6a2", "6e02c1f4d09b", "", "customers: split name", 9 * 24, true),
    sketch(
        "a91c7713be04",
        "77ab3e51c6a2",
        "Branch Labels: billing",
        "billing: accounts",
        8 * 24,
        true,
    ),
    sketch(
        "4410be9d2f77",
        "77ab3e51c6a2",
        "Branch Labels: reporting",
        "reporting: daily_sales view",
        6 * 24,
        false,
    ),
    sketch("c3d1aa02e913", "77ab3e51c6a2", "", "customers: email citext", 6 * 24, true),
    sketch("e04b2a7719dd", "c3d1aa02e913", "", "orders: index customer_id", 4 * 24, true),
    Sketch {
        up: "ALTER TABLE orders\n    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();\n",
        undo: Some("ALTER TABLE orders DROP COLUMN created_at;\n"),
        ..sketch("7f3a91c0b58e", "e04b2a7719dd", "", "orders: created_at timestamptz", 3 * 24, true)
    },
    sketch("19fe02cad3a6", "a91c7713be04", "", "billing: invoices table", 2 * 24, false),
    Sketch {
        up: "",
        undo: Some(""),
        ..sketch(
            "5a7700d1f2c4",
            "7f3a91c0b58e, 19fe02cad3a6",
            "",
            "merge billing into main",
            30,
            false,
        )
    },
    Sketch {
        up: "CREATE TYPE order_status AS ENUM\n    ('new', 'paid', 'shipped');\n\nALTER TABLE orders\n    ALTER COLUMN status DROP DEFAULT,\n    ALTER COLUMN status\n        TYPE order_status\n        USING status::order_status,\n    ALTER COLUMN status\n        SET DEFAULT 'new';\n\n-- bigint, as in the other tables\nALTER TABLE orders ALTER COLUMN customer_id TYPE bigint;\n",
        undo: Some(
            "ALTER TABLE orders ALTER COLUMN customer_id TYPE integer;\n\nALTER TABLE orders\n    ALTER COLUMN status DROP DEFAULT,\n    ALTER COLUMN status\n        TYPE text\n        USING status::text,\n    ALTER COLUMN status\n        SET DEFAULT 'new';\n\nDROP TYPE order_status;\n",
        ),
        ..sketch(
            "b81d0f3e9a60",
            "5a7700d1f2c4",
            "Depends On: 4410be9d2f77",
            "orders: status becomes enum",
            25,
            false,
        )
    },
    sketch("2c9e11ab04d7", "b81d0f3e9a60", "", "orders: add currency", 2, false),
    sketch("2d2d2d2d81f0", "", "Branch Labels: audit", "audit: base", 40 * 24, true),
    sketch("90aa77fe6b35", "2d2d2d2d81f0", "", "audit: monthly partitions", 5 * 24, true),
];

/// The example project "shop" with its graph, partly applied, on a staging server.
///
/// # Panics
///
/// Never: everything in it is constant, and tests draw it.
pub fn shop(theme: Theme, size: (u16, u16)) -> App {
    let now = moment();
    let revisions = SHOP.iter().map(|sketch| revision(sketch, now)).collect();
    let history = History::from_revisions(revisions);
    let node = |id: &str| history.graph().find(id).expect("a constant id");

    let mut states: Vec<RevisionState> = SHOP
        .iter()
        .map(|sketch| RevisionState {
            applied: sketch.applied,
            applied_at: sketch.applied.then(|| now - hours(sketch.hours)),
            applied_by: sketch.applied.then(|| "app_owner (ana)".to_owned()),
            took: sketch.applied.then(|| Duration::from_millis(412)),
            ..RevisionState::default()
        })
        .collect();
    let rows = ["7f3a91c0b58e", "90aa77fe6b35", "a91c7713be04"];
    for row in rows {
        states[node(row).index()].current = true;
    }
    states[node("6e02c1f4d09b").index()].edited = Some(Edit::Up);
    let pending = states.iter().filter(|state| !state.applied).count();
    let overview = Overview {
        server: ServerFacts {
            version: "17.2".to_owned(),
            database: "shop".to_owned(),
            user: "app_owner".to_owned(),
            size: 15_032_385_536,
            uptime: Duration::from_mins(3 * 24 * 60 + 4 * 60 + 11),
            latency: Duration::from_micros(1_200),
            ..ServerFacts::default()
        },
        rows: rows.iter().map(|row| RevisionId::new(*row)).collect(),
        managed: true,
        states,
        orphans: vec![Orphan {
            id: RevisionId::new("5f00ba11c3e9"),
            message: Some("spike: order search".to_owned()),
            applied_at: Some(now - hours(18 * 24)),
            current: false,
        }],
        pending,
        ..Overview::default()
    };
    let mut app = app(theme, size, now);
    show(&mut app, history, overview);
    app.graph.selected = app
        .graph
        .rows
        .iter()
        .position(|row| matches!(row, Row::Revision { node: n, .. } if *n == node_of(&app, "b81d0f3e9a60")))
        .unwrap_or(0);
    for (at, command, outcome, millis) in [
        ("14:01:58", "read version rows", "3 rows in public.alembic_version", 3),
        ("14:02:01", "upgrade 7f3a91c0b58e", "1 revision, now at 7f3a91c0b58e +2", 412),
        ("14:02:02", "read overview", "18 revisions, 5 pending", 88),
        ("14:05:40", "read sessions and locks", "9 sessions, 1 blocked", 31),
    ] {
        app.command_log.push_back(LogLine {
            at: self::at(at),
            command: command.to_owned(),
            outcome: outcome.to_owned(),
            end: LogEnd::Done,
            took: Some(Duration::from_millis(millis)),
            sql: None,
        });
    }
    app
}

/// Every screen worth a picture, by name.
pub fn screens(theme: &Theme, size: (u16, u16)) -> Vec<(&'static str, App)> {
    let mut all = vec![("graph", shop(theme.clone(), size))];
    for (name, keys) in [
        ("revision", "\n"),
        ("scripts", "\n\t"),
        ("would-run", "o"),
        ("upgrade", "u"),
        ("downgrade", "jjjjjjjjjjd"),
        ("help", "?"),
        ("help-filter", "?up"),
        ("palette", ":upg"),
        ("copy", "y"),
        ("range", "vjj"),
        ("themes", "T"),
    ] {
        all.push((name, after(shop(theme.clone(), size), keys)));
    }
    let pending = pending::changed(theme.clone(), size);
    for (name, keys) in [
        ("pending", ""),
        ("pending-down", "a\tl"),
        ("pending-sql", "ll"),
        ("changes", "\n"),
        ("renamed", "gy"),
    ] {
        all.push((name, after(pending.clone(), keys)));
    }
    all.push(("proving", pending::proving(theme.clone(), size)));
    all.push(("comparing", pending::comparing(theme.clone(), size)));
    all.push(("models-broken", pending::broken(theme.clone(), size)));
    all.push(("models-equal", pending::equal(theme.clone(), size)));
    all.push(("models-missing", pending::missing(theme.clone(), size)));
    all.push(("database", busy::database(theme.clone(), size)));
    all.push(("welcome", welcome(theme.clone(), size)));
    all.push(("profiles", profiles(theme.clone(), size)));
    all.push(("partial", partial(theme.clone(), size)));
    all.push(("jobs", busy::jobs(theme.clone(), size)));
    all.push(("error", busy::error(theme.clone(), size)));
    all.push(("cancelled", busy::cancelled(theme.clone(), size)));
    all.push(("log", after(busy::log(theme.clone(), size), "@k")));
    all.push(("settle", after(partial(theme.clone(), size), "V")));
    all.push(("empty", empty(theme.clone(), size)));
    all.push(("unreachable", unreachable(theme.clone(), size)));
    all
}

/// The shop after some keys, with what the worker's computing would have answered.
fn after(mut app: App, keys: &str) -> App {
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        press(&mut app, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
    app
}

/// Feeds an event and what the worker's computing would answer to it. What was drawn is known after it.
pub fn press(app: &mut App, event: Event) {
    let effects = update(app, event);
    for effect in effects {
        let Effect::Submit(job) = effect else { continue };
        if let Some(answer) = answer(job) {
            update(app, Event::Worker(answer));
        }
    }
    let hits = super::picture::hits(app);
    app.drawn(hits);
}

/// The database screen: one session waits for another.
pub fn database(theme: Theme, size: (u16, u16)) -> App {
    busy::database(theme, size)
}

/// The jobs screen: a run that waits for a lock.
pub fn jobs(theme: Theme, size: (u16, u16)) -> App {
    busy::jobs(theme, size)
}

/// A folder without a project, with migrations of another tool in it.
fn welcome(theme: Theme, size: (u16, u16)) -> App {
    let mut app = empty(theme, size);
    let tool = Some(("dbmate".to_owned(), app.config.root.join("db/migrations")));
    super::update::welcome::open(&mut app, Newcomer { tool });
    app
}

/// The shop with profiles to choose from.
fn profiles(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    let mut config = (*app.config).clone();
    config.profiles = [("staging", Guard::Staging), ("live", Guard::Prod), ("test", Guard::Dev)]
        .map(|(name, guard)| (name.to_owned(), guard))
        .into();
    app.config = Arc::new(config);
    after(app, "3P")
}

/// The shop with a revision that stopped halfway.
fn partial(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    half_done(&mut app);
    app
}

fn half_done(app: &mut App) {
    let node = node_of(app, "b81d0f3e9a60");
    if let Some(overview) = &mut app.snapshot.overview {
        let state = &mut Arc::make_mut(overview).states[node.index()];
        (state.partial, state.doubt) = (Some((2, 5)), Some(3));
    }
}

fn answer(job: Job) -> Option<WorkerEvent> {
    match job {
        Job::Objects { generation, node, .. } => {
            let outcome = Ok(Arc::new(pending::of_revision()));
            Some(WorkerEvent::Objects { generation, node, outcome })
        }
        Job::Plan { generation, changes, chosen, terms } => {
            let planned = Arc::new(pending::planned(&changes, &chosen, &terms));
            Some(WorkerEvent::Planned { generation, planned })
        }
        // Layouts are made already.
        Job::Layout { .. } => None,
        job => compute(job),
    }
}

/// A project without revisions whose server does not run.
fn empty(theme: Theme, size: (u16, u16)) -> App {
    let now = moment();
    let mut app = app(theme, size, now);
    app.snapshot.history = Some(Arc::new(History::default()));
    app.snapshot.layout = Some(Arc::new(lanes::Layout::default()));
    app
}

/// The shop when its server cannot be reached.
fn unreachable(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    app.snapshot.overview = None;
    app.snapshot.server = None;
    app.graph.rows.retain(|row| matches!(row, Row::Revision { .. }));
    app.snapshot.overview_error = Some(Arc::new(
        Error::new(
            Code::Connect,
            "cannot connect to `app_owner@db-1:5432/shop`: connection refused",
        )
        .with_hint("start it with `limbeck db start`"),
    ));
    app
}

/// A time of the day of the pictures.
fn at(time: &str) -> Timestamp {
    format!("2026-06-04T{time}Z").parse().expect("a constant")
}

fn moment() -> Timestamp {
    NOW.parse().expect("a constant")
}

/// A project with `count` revisions: a trunk with side branches and merges, half of it applied.
///
/// # Panics
///
/// Never, as [`shop`].
pub fn large(theme: Theme, size: (u16, u16), count: usize) -> App {
    let now = moment();
    let id =
        |i: usize| format!("{:012x}", (i as u64).wrapping_mul(0x9e37_79b9_7f4a) & 0xffff_ffff_ffff);
    let revisions = (0..count)
        .map(|i| {
            // Every tenth begins a side branch of three that is merged at the next tenth.
            let down = match (i, i % 10) {
                (0, _) => String::new(),
                (_, 4 | 7) => id(i - 4),
                (_, 0) => format!("{}, {}", id(i - 1), id(i - 4)),
                _ => id(i - 1),
            };
            let text = format!(
                "-- change number {i}\n--\n-- Revision ID: {}\n-- Revises: {down}\n\n-- migrate:up\n\nCREATE TABLE t{i} (id bigint);\n\n-- migrate:down\n\nDROP TABLE t{i};\n",
                id(i)
            );
            file::parse(Path::new(&format!("migrations/{i:06}.sql")), text.as_bytes()).expect("a constant")
        })
        .collect();
    let history = History::from_revisions(revisions);
    let row = history.graph().find(&id(count / 2 / 10 * 10)).unwrap_or(Node(0));
    let applied = history.graph().ancestors(&[row]);
    let states = applied
        .iter()
        .map(|applied| RevisionState { applied: *applied, ..RevisionState::default() })
        .collect::<Vec<_>>();
    let pending = applied.iter().filter(|applied| !**applied).count();
    let overview = Overview {
        server: ServerFacts {
            version: "17.2".to_owned(),
            database: "shop".to_owned(),
            ..ServerFacts::default()
        },
        rows: vec![history.graph().id(row).clone()],
        managed: true,
        states,
        pending,
        ..Overview::default()
    };
    let mut app = app(theme, size, now);
    show(&mut app, history, overview);
    app
}

fn app(theme: Theme, size: (u16, u16), now: Timestamp) -> App {
    let mut config = Config::default_for("/home/ana/shop");
    "shop".clone_into(&mut config.name);
    config.guard = Guard::Staging;
    config.connection = Some(Connection::new("db-1", 5432, "app_owner", "shop"));
    let mut app = App::new(Arc::new(config), theme, size);
    app.now = Now { mono: Duration::from_secs(200), wall: now };
    app.editor = true;
    app.snapshot.server = Some(Arc::new(server::Status {
        kind: server::Kind::External,
        state: server::State::Running { id: "48213".to_owned(), since: None },
        summary: "external server · PostgreSQL 17.2".to_owned(),
        data: None,
        port: Some(5432),
        socket: None,
        log: None,
        binaries: None,
        killed: false,
    }));
    app
}

/// Puts history and overview on the screen, as if they had just been read.
pub fn show(app: &mut App, history: History, overview: Overview) {
    let current: Vec<Node> =
        overview.rows.iter().filter_map(|row| history.graph().find(row.as_str())).collect();
    let layout = lanes::layout(history.graph(), &current);
    app.graph.rows = layout
        .items()
        .iter()
        .enumerate()
        .filter_map(|(lane, item)| match item {
            lanes::Item::Revision(node) => Some(Row::Revision { node: *node, lane }),
            lanes::Item::Orphan(_) => None,
        })
        .chain((0..overview.orphans.len()).map(Row::Orphan))
        .collect();
    app.snapshot.history = Some(Arc::new(history));
    app.snapshot.layout = Some(Arc::new(layout));
    app.snapshot.overview = Some(Arc::new(overview));
}

/// The node of an id of the project that is shown.
///
/// # Panics
///
/// When there is no such revision.
pub fn node_of(app: &App, id: &str) -> Node {
    let history = app.snapshot.history.as_ref().expect("the project has been read");
    history.graph().find(id).expect("the id of a revision")
}

fn hours(count: i64) -> jiff::Span {
    jiff::Span::new().hours(count)
}

fn revision(sketch: &Sketch, now: Timestamp) -> crate::revision::Revision {
    let created = now - hours(sketch.hours);
    let undo = sketch.undo.map(|undo| format!("\n-- migrate:down\n\n{undo}")).unwrap_or_default();
    let more = if sketch.more.is_empty() { String::new() } else { format!("-- {}\n", sketch.more) };
    let text = format!(
        "-- {}\n--\n-- Revision ID: {}\n-- Revises: {}\n-- Create Date: {created}\n{more}\n-- migrate:up\n\n{}{undo}",
        sketch.message, sketch.id, sketch.down, sketch.up
    );
    let slug = sketch.message.replace([':', ' '], "_").replace("__", "_");
    let path = format!("migrations/{}_{slug}.sql", sketch.id);
    file::parse(Path::new(&path), text.as_bytes()).expect("the sketches are well-formed")
}
