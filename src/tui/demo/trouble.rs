//! Everything that can go wrong, once: what snapshots and tests of the way on draw.

use std::sync::Arc;

use crate::{
    code::Code,
    engine::{Aftermath, Error, error::Failure},
    revision::{Direction, RevisionId},
    tui::{
        app::{App, Screen},
        layer::ErrorLayer,
        progress::JobView,
        recovery::{Attempt, Case},
        theme::Theme,
    },
    worker::{JobId, Run},
};

fn error(code: Code, message: &str, aftermath: Aftermath) -> Error {
    Error { aftermath, ..Error::new(code, message) }
}

fn in_statement(mut error: Error, id: &str) -> Error {
    error.failure = Some(Box::new(Failure {
        revision: RevisionId::new(id),
        direction: Direction::Up,
        statement: 2,
        of: 3,
        path: format!("migrations/{id}.sql").into(),
        line: 17,
        column: 18,
        excerpt: "    ALTER COLUMN status TYPE order_status,".to_owned(),
        sqlstate: None,
        detail: None,
        hint: None,
        context: None,
    }));
    error
}

/// An error for each case, as the engine would tell it about a revision.
///
/// # Panics
///
/// When one of them does not mean the case it stands for.
pub fn all(id: &str) -> Vec<ErrorLayer> {
    use Aftermath::{Partly, RolledBack, Unknown, Untouched};
    let back = "rolled back; the database is at 5a7700d1f2c4";
    let nothing = "nothing was changed";
    let run = Attempt::Run;
    let mut made = Vec::new();
    let mut add = |case, mut error: Error, attempt, asked| {
        error.message = error.message.replace("b81d0f3e9a60", id);
        let mut layer = ErrorLayer::new("upgrade heads", Arc::new(error), attempt);
        layer.case = Case::of(&layer.error, attempt, asked);
        assert_eq!(layer.case, case, "{:?}", layer.error);
        made.push(layer);
    };
    let sql = |message| in_statement(error(Code::Sql, message, RolledBack).with_state(back), id);
    add(Case::Statement, sql("type \"order_status\" does not exist"), run, false);
    let late = error(
        Code::DeferredConstraint,
        "a deferred constraint fails at the end of `b81d0f3e9a60`: orders_customer_fk",
        RolledBack,
    );
    add(Case::Constraint, late.with_state(back), run, false);
    let partly = "partly applied: 2 of 5 statements of `b81d0f3e9a60` are kept, statement 3 is in \
                  doubt, and the same command goes on after them; the database is at 5a7700d1f2c4";
    let lost =
        error(Code::ConnLost, "the connection was lost in statement 3 of `b81d0f3e9a60`", Partly);
    add(Case::Interrupted, lost.with_state(partly), run, false);
    let half = error(
        Code::Partial,
        "the upgrade of `b81d0f3e9a60` was interrupted: 2 of its statements are done",
        Untouched,
    );
    add(Case::HalfDone, half.with_state(nothing), run, false);
    let doubt = error(
        Code::Ambiguous,
        "statement 3 of `b81d0f3e9a60` was interrupted, and its outcome cannot be found out",
        Unknown,
    );
    add(Case::Doubt, doubt.with_state(partly), run, false);
    let commit = error(
        Code::CommitUnknown,
        "the connection was lost while `b81d0f3e9a60` was being committed, and what became of it \
         cannot be found out: the server does not answer",
        Unknown,
    )
    .with_state(
        "the database is before or after `b81d0f3e9a60` (transaction 815), never in between",
    );
    add(Case::Commit, commit, run, false);
    let lost = error(
        Code::ConnLost,
        "the connection was lost in `b81d0f3e9a60`: terminating connection due to administrator \
         command",
        RolledBack,
    )
    .with_state("the server rolls it back; the database is at 5a7700d1f2c4");
    add(Case::Lost, lost, run, false);
    let locks = error(
        Code::DdlLockTimeout,
        "`b81d0f3e9a60` could not get its locks in 10 tries: blocked by pid 48277 (psql, ana@local, \
         idle in transaction: `SELECT * FROM orders`)",
        RolledBack,
    );
    add(Case::Locks, locks.with_state(back), run, false);
    let deadlock = error(Code::Deadlock, "deadlock detected (in 10 tries)", RolledBack);
    add(Case::Deadlock, deadlock.with_state(back), run, false);
    let runner = error(
        Code::LockHeld,
        "another runner (limbeck/migrate, pid 48301) holds the lock",
        Untouched,
    );
    add(Case::Runner, runner.with_state(nothing), run, false);
    let stopped = |message| error(Code::Cancelled, message, RolledBack).with_state(back);
    add(Case::Cancelled, stopped("`b81d0f3e9a60` was cancelled"), run, true);
    let by_others = "an administrator cancelled `b81d0f3e9a60` (`pg_cancel_backend`)";
    add(Case::Stopped, stopped(by_others), run, false);
    let timeout = "`statement_timeout` (5s) ended a statement of `b81d0f3e9a60`";
    let slow = error(Code::StmtTimeout, timeout, RolledBack).with_state(back);
    add(Case::Timeout, in_statement(slow, id), run, false);
    let disk = "could not extend file \"base/16384/16412\": No space left on device";
    add(Case::Disk, error(Code::DiskFull, disk, RolledBack).with_state(back), run, false);
    let right = error(Code::Privilege, "must be owner of table orders", RolledBack);
    add(Case::Right, right.with_state(back), run, false);
    let plain = |code, message| error(code, message, Untouched);
    add(Case::Query, plain(Code::Sql, "relation \"pg_authid\" is odd"), Attempt::Reading, false);
    let nowhere = "nothing listens for app_owner@db-1:5432: connection refused";
    add(Case::Unreachable, plain(Code::Connect, nowhere), run, false);
    let down = plain(Code::Shutdown, "app_owner@db-1:5432/shop is shutting down");
    add(Case::Shutdown, down, run, false);
    let tls = "no secure connection to db-1:5432: the certificate has expired";
    add(Case::Secure, plain(Code::Tls, tls), run, false);
    let login = plain(Code::Auth, "db-1:5432 refused the password of `app_owner`");
    add(Case::Login, login, run, false);
    let standby = plain(Code::ReadOnly, "the server is a standby").with_state(nothing);
    add(Case::ReadOnly, standby, run, false);
    let pooler = plain(
        Code::Pooler,
        "a transaction pooler stands between: session locks and settings do not hold",
    );
    add(Case::Pooler, pooler.with_state(nothing), run, false);
    let server = plain(Code::Server, "the server did not start within 60 s");
    add(Case::Server, server, Attempt::Server, false);
    let foreign = plain(Code::NotManaged, "this server is not limbeck's to start or stop");
    add(Case::Foreign, foreign, Attempt::Server, false);
    let file = "migrations/b81d0f3e9a60.sql was changed after `b81d0f3e9a60` was applied";
    add(Case::Edited, plain(Code::Edited, file).with_state(nothing), run, false);
    let part = "statement 2 of migrations/b81d0f3e9a60.sql has run already and was changed since";
    add(Case::PartEdited, plain(Code::PartialChanged, part).with_state(partly), run, false);
    let gone = "`5f00ba110000` (orders: old totals) is applied, but its file is missing";
    add(Case::Missing, plain(Code::MissingFile, gone).with_state(nothing), run, false);
    let ahead = "the database is ahead of these files: it is at 5f00ba110000, which no file has";
    add(Case::Ahead, plain(Code::DatabaseAhead, ahead).with_state(nothing), run, false);
    let skipped =
        "`b81d0f3e9a60` stands below revisions that are applied, yet was never applied itself";
    add(Case::Skipped, plain(Code::SkippedAncestor, skipped).with_state(nothing), run, false);
    let moved = "the version row `5a7700d1f2c4` was changed meanwhile by somebody else";
    add(Case::Moved, error(Code::HeadMoved, moved, RolledBack).with_state(back), run, false);
    add(Case::Drift, plain(Code::Drift, "2 objects differ from their revisions"), run, false);
    let tables = "the tables in schema `limbeck` have a format that this limbeck does not know";
    add(Case::Tables, plain(Code::OwnTables, tables).with_state(nothing), run, false);
    let twice = "`b81d0f3e9a60` is declared by a.sql and b.sql";
    add(Case::Files, plain(Code::DupId, twice), run, false);
    let disk = "migrations/x.sql cannot be written: permission denied";
    add(Case::File, plain(Code::File, disk), Attempt::Create, false);
    let one_way = "`b81d0f3e9a60` cannot be undone: it has no `-- migrate:down`";
    add(Case::OneWay, plain(Code::NoDown, one_way).with_state(nothing), run, false);
    add(Case::Heads, plain(Code::MultipleHeads, "`head` is one of 2 heads"), run, false);
    add(Case::Target, plain(Code::UnknownRevision, "no revision is called `b9`"), run, false);
    let loss =
        plain(Code::DataLoss, "data would be lost: drops column orders.note, `b81d0f3e9a60`");
    add(Case::Loss, loss.with_state(nothing), run, false);
    add(Case::Rule, plain(Code::Lint, "`b81d0f3e9a60` breaks the rule rename-column"), run, false);
    add(Case::Protected, plain(Code::ProtectedTarget, "shop is protected"), run, false);
    let proof = plain(Code::Unproved, "after the way down, 1 object differs: table public.orders");
    add(Case::Unproved, proof, Attempt::Write, false);
    let text = plain(Code::Unterminated, "draft.sql:3: a string does not end");
    add(Case::Draft, text, Attempt::Draft, false);
    let setting = plain(Code::Settings, "limbeck.toml: `lock_timeout` is no duration: `soon`");
    add(Case::Settings, setting, run, false);
    made
}

/// The graph below an error of its last run, on a project with profiles.
pub fn screen(theme: Theme, size: (u16, u16), layer: ErrorLayer) -> App {
    let mut app = super::profiles(theme, size);
    app.layers.clear();
    app.screen = Screen::Graph;
    if layer.case == Case::Doubt {
        super::half_done(&mut app);
    }
    let run = Run::Upgrade("heads".to_owned());
    let mut job = JobView::new(JobId(12), run, app.now.mono, app.now.wall);
    job.end(Err(Arc::clone(&layer.error)), app.now.mono);
    app.runs.push(job);
    app.layers.push(layer.into());
    app
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_case_has_an_example() {
        let shown: BTreeSet<Case> = all("b81d0f3e9a60").iter().map(|layer| layer.case).collect();
        let missing: Vec<&Case> = Case::ALL.iter().filter(|case| !shown.contains(case)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
