//! The made-up project at work: sessions and locks, a run in progress, a run that failed.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{at, shop};
use crate::{
    code::Code,
    db::Notice,
    engine::{
        Aftermath, Error, Event,
        activity::{Activity, LockRow, SessionRow, SettingRow},
        error::Failure,
        event::{Blocker, PlannedMove},
        sizes::TableRow,
    },
    revision::{Direction, RevisionId},
    tui::{
        app::{App, LogEnd, LogLine, Screen},
        layer::ErrorLayer,
        progress::JobView,
        recovery::Attempt,
        theme::Theme,
    },
    worker::{JobId, Run, event::PoolFacts},
};

/// The database screen: one session waits for another.
pub(super) fn database(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    app.screen = Screen::Database;
    app.snapshot.activity = Some(Arc::new(Activity {
        sessions: vec![
            session(
                48301,
                "active",
                3,
                Some("Lock"),
                "ALTER TABLE orders ALTER COLUMN status TYPE order_status",
                &[48277],
            ),
            session(
                48277,
                "idle in transaction",
                41,
                Some("Client"),
                "SELECT * FROM orders WHERE id = 7",
                &[],
            ),
            session(48290, "active", 0, None, "SELECT count(*) FROM customers", &[]),
            session(48255, "idle", 260, Some("Client"), "COMMIT", &[]),
            session(48250, "idle", 552, Some("Client"), "SHOW ALL", &[]),
        ],
        locks: vec![
            lock("public.orders", "AccessExclusive", 48301, false, 3),
            lock("public.orders", "AccessShare", 48277, true, 41),
        ],
        settings: [
            ("lock_timeout", "5s", "session"),
            ("statement_timeout", "0", "default"),
            ("idle_in_transaction_session_timeout", "10min", "database"),
            ("max_connections", "100", "configuration file"),
            ("wal_level", "replica", "default"),
            ("shared_buffers", "128MB", "configuration file"),
        ]
        .map(|(name, value, note)| SettingRow {
            name: name.to_owned(),
            value: value.to_owned(),
            note: note.to_owned(),
        })
        .to_vec(),
    }));
    app.snapshot.tables = Some(Arc::new(
        [
            ("public.orders", Some(12_400_000), 2_254_857_830, 611_000_000),
            ("public.customers", Some(880_000), 301_989_888, 96_000_000),
            ("public.invoices", Some(41_000), 12_582_912, 3_145_728),
            ("audit.event", Some(96_000_000), 9_663_676_416, 0),
            ("public.daily_sales", None, 16_384, 0),
        ]
        .map(|(name, rows, size, indexes)| TableRow {
            name: name.to_owned(),
            rows,
            size,
            indexes,
            partitioned: name == "audit.event",
        })
        .to_vec(),
    ));
    app.snapshot.pool = PoolFacts { max: 8, open: 3, idle: 2, waiting: 0 };
    app.snapshot.log = Some(Arc::new(
        [
            "14:05:31 LOG:  checkpoint complete: wrote 812 buffers (5.0%)",
            "14:05:36 LOG:  process 48301 still waiting for AccessExclusiveLock on relation 16412 after 1000.072 ms",
            "14:05:36 DETAIL:  Process holding the lock: 48277. Wait queue: 48301.",
            "14:05:36 STATEMENT:  ALTER TABLE orders ALTER COLUMN status TYPE order_status",
            "14:05:40 LOG:  connection authorized: user=app_owner database=shop",
        ]
        .map(str::to_owned)
        .to_vec(),
    ));
    app
}

fn session(
    pid: i32,
    state: &str,
    seconds: u64,
    wait: Option<&str>,
    query: &str,
    blocked_by: &[i32],
) -> SessionRow {
    SessionRow {
        pid,
        user: "app_owner".to_owned(),
        app: if pid == 48301 { "limbeck/upgrade" } else { "psql" }.to_owned(),
        client: "10.0.0.7".to_owned(),
        state: state.to_owned(),
        age: Duration::from_secs(seconds),
        wait: wait.map(str::to_owned),
        query: query.to_owned(),
        blocked_by: blocked_by.to_vec(),
        ours: pid == 48301,
    }
}

fn lock(relation: &str, mode: &str, pid: i32, granted: bool, seconds: u64) -> LockRow {
    LockRow {
        relation: relation.to_owned(),
        mode: mode.to_owned(),
        pid,
        granted,
        age: Duration::from_secs(seconds),
    }
}

const PLAN: [(&str, &str, usize); 5] = [
    ("4410be9d2f77", "reporting: daily_sales view", 1),
    ("19fe02cad3a6", "billing: invoices table", 2),
    ("5a7700d1f2c4", "merge billing into main", 0),
    ("b81d0f3e9a60", "orders: status becomes enum", 3),
    ("2c9e11ab04d7", "orders: add currency", 1),
];

/// The jobs screen: an upgrade waits for a lock.
pub(super) fn jobs(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    app.screen = Screen::Jobs;
    let begun = Duration::from_secs(186);
    let wall = at("14:05:27");
    let mut job = JobView::new(JobId(12), Run::Upgrade("heads".to_owned()), begun, wall);
    let moves = PLAN.map(|(id, message, statements)| PlannedMove {
        id: RevisionId::new(id),
        message: message.to_owned(),
        direction: Direction::Up,
        statements,
        transactional: true,
    });
    let mut tell = |event, seconds: u64, wall: Timestamp| {
        job.observe(event, begun + Duration::from_secs(seconds), wall);
    };
    tell(Event::Connected { pid: 48301 }, 0, wall);
    tell(Event::Planned(moves.to_vec()), 0, wall);
    for (index, millis) in [(0, 96), (1, 210), (2, 9)] {
        tell(Event::RevisionStarted { index, attempt: 1 }, 0, wall);
        tell(Event::RevisionFinished { index, elapsed: Duration::from_millis(millis) }, 1, wall);
    }
    let notice = Notice {
        severity: "NOTICE".to_owned(),
        message: "type \"order_status\" does not exist, skipping".to_owned(),
        detail: None,
        hint: None,
    };
    tell(Event::RevisionStarted { index: 3, attempt: 1 }, 1, at("14:05:28"));
    tell(Event::Notice(notice), 1, at("14:05:28"));
    for (statement, line, summary, millis) in [
        (1, 12, "CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped')", Some(8)),
        (
            2,
            15,
            "ALTER TABLE orders ALTER COLUMN status DROP DEFAULT, ALTER COLUMN status TYPE …",
            None,
        ),
    ] {
        let summary = summary.to_owned();
        tell(Event::StatementStarted { index: 3, statement, line, summary }, 2, at("14:05:29"));
        if let Some(millis) = millis {
            let elapsed = Duration::from_millis(millis);
            tell(
                Event::StatementFinished { index: 3, statement, elapsed, rows: None },
                2,
                at("14:05:29"),
            );
        }
    }
    let blocker = Blocker {
        pid: 48277,
        app: "psql".to_owned(),
        user: "ana".to_owned(),
        client: "10.0.0.7".to_owned(),
        state: "idle in transaction".to_owned(),
        query: "SELECT * FROM orders WHERE id = 7".to_owned(),
        age: Duration::from_secs(41),
    };
    tell(Event::Blocked { by: vec![blocker], waited: Duration::from_secs(3) }, 4, at("14:05:38"));
    app.runs.push(job);
    app
}

/// The jobs screen after a cancel: the revision under way was rolled back.
pub(super) fn cancelled(theme: Theme, size: (u16, u16)) -> App {
    let mut app = jobs(theme, size);
    let mut error = Error::new(Code::Cancelled, "`b81d0f3e9a60` was cancelled")
        .with_state("rolled back; the database is at 5a7700d1f2c4")
        .with_hint("run the same command again when you are ready");
    error.aftermath = Aftermath::RolledBack;
    if let Some(job) = app.runs.last_mut() {
        job.asked = true;
        job.end(Err(Arc::new(error)), Duration::from_secs(197));
    }
    app
}

/// The graph with a command log that holds what an upgrade ran.
pub(super) fn log(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    let sql = "CREATE TYPE order_status AS ENUM\n    ('new', 'paid', 'shipped');\n\n\
               ALTER TABLE orders\n    ALTER COLUMN status DROP DEFAULT,\n    \
               ALTER COLUMN status\n        TYPE order_status\n        USING status::order_status;";
    let line = |at_time, command: &str, outcome: &str, end, sql: Option<&str>| LogLine {
        at: at(at_time),
        command: command.to_owned(),
        outcome: outcome.to_owned(),
        end,
        took: Some(Duration::from_millis(412)),
        sql: sql.map(Arc::from),
    };
    app.command_log.push_back(line(
        "14:05:40",
        "upgrade b81d0f3e",
        "CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped'); ALTER TABLE orders …; COMMIT",
        LogEnd::Done,
        Some(sql),
    ));
    app.command_log.push_back(line(
        "14:05:41",
        "upgrade heads",
        "cancelled; rolled back, 1 revision before it kept",
        LogEnd::Cancelled,
        None,
    ));
    app
}

/// An error with everything that a server tells.
pub(super) fn error(theme: Theme, size: (u16, u16)) -> App {
    let mut app = shop(theme, size);
    let mut error = Error::new(
        Code::Sql,
        "column \"status\" cannot be cast automatically to type order_status",
    )
    .with_state("rolled back; the database is at 5a7700d1f2c4")
    .with_hint("correct the statement, then `limbeck upgrade heads`");
    error.failure = Some(Box::new(Failure {
        revision: RevisionId::new("b81d0f3e9a60"),
        direction: Direction::Up,
        statement: 2,
        of: 3,
        path: "migrations/b81d0f3e9a60_orders_status_becomes_enum.sql".into(),
        line: 17,
        column: 18,
        excerpt: "    ALTER COLUMN status TYPE order_status,".to_owned(),
        sqlstate: Some("42804".to_owned()),
        detail: None,
        hint: Some("You might need to specify \"USING status::order_status\".".to_owned()),
        context: None,
    }));
    error.aftermath = Aftermath::RolledBack;
    let layer = ErrorLayer::new("upgrade heads", Arc::new(error), Attempt::Run);
    app.layers.push(layer.into());
    app
}
