//! A run as its events tell it: what the jobs screen shows.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::widget::memo::{SHORTEST_ID, shortened};
use crate::{
    engine::{
        self, Event, Report,
        event::{Blocker, PlannedMove},
    },
    revision::RevisionId,
    worker::{JobId, Run},
};

/// Lines of output that are kept.
const OUTPUT: usize = 2_000;
/// Statements of one revision that are kept for display; the number of all is kept besides.
const STATEMENTS: usize = 200;

/// How a revision of a run is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Its turn has not come.
    #[default]
    Waits,
    /// It runs since then.
    Running(Duration),
    /// It is committed; how long it took.
    Done(Duration),
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// 1-based.
    pub number: usize,
    /// 1-based line in the file.
    pub line: u32,
    /// On one line.
    pub summary: String,
    /// Running since, done in, or failed.
    pub phase: Phase,
    /// Rows.
    pub rows: Option<u64>,
}

/// One revision of the plan.
#[derive(Clone, Debug)]
pub struct RevisionProgress {
    /// What it is.
    pub planned: PlannedMove,
    /// How it is doing.
    pub phase: Phase,
    /// Which try.
    pub attempt: u32,
    /// Its last statements.
    pub statements: VecDeque<Statement>,
    /// Statements that ended well.
    pub done: usize,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waits for another run of this interface, or for a connection.
    Connecting,
    /// Another runner holds the lock.
    WaitingForRunner(Duration),
    /// It runs.
    Running,
    /// Waits before another try: the reason in words.
    Retrying(String),
    /// Finds out what became of a commit.
    Resolving,
    /// A cancel was sent then.
    Cancelling(Duration),
    /// It has ended.
    Ended,
}

/// A line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// When.
    pub at: jiff::Timestamp,
    /// `NOTICE`, `WARNING`, or empty for our own words.
    pub severity: String,
    /// The words, as they came; drawing makes them safe.
    pub text: String,
}

/// A run of this session.
#[derive(Clone, Debug)]
pub struct JobView {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub run: Run,
    /// Where it is.
    pub stage: Stage,
    /// When it was asked for: on the loop's clock and on the wall.
    pub started: Duration,
    /// See above.
    pub started_at: jiff::Timestamp,
    /// How long it took, once it has ended.
    pub took: Option<Duration>,
    /// The version rows before it began, as far as they were known.
    pub rows_before: Vec<RevisionId>,
    /// Backend pid of its session.
    pub pid: Option<i32>,
    /// Its revisions.
    pub plan: Vec<RevisionProgress>,
    /// The revision that runs, or ran last.
    pub current: usize,
    /// What the server said.
    pub output: VecDeque<Output>,
    /// The session that was in the way last.
    pub blocker: Option<i32>,
    /// Who is in the way, and for how long.
    pub blocked: Option<(Vec<Blocker>, Duration)>,
    /// Why the revision is tried again, until it is done.
    pub retry: Option<String>,
    /// Columns of ids in the output.
    pub id_width: usize,
    /// A pause was asked for.
    pub pausing: bool,
    /// A cancel was asked for.
    pub asked: bool,
    /// How it ended.
    pub outcome: Option<Result<Report, Arc<engine::Error>>>,
}

impl JobView {
    /// A run that was just asked for.
    pub fn new(id: JobId, run: Run, started: Duration, started_at: jiff::Timestamp) -> Self {
        Self {
            id,
            run,
            stage: Stage::Connecting,
            started,
            started_at,
            took: None,
            rows_before: Vec::new(),
            pid: None,
            plan: Vec::new(),
            current: 0,
            output: VecDeque::new(),
            blocker: None,
            blocked: None,
            retry: None,
            id_width: SHORTEST_ID,
            pausing: false,
            asked: false,
            outcome: None,
        }
    }

    /// It has not ended.
    pub fn is_running(&self) -> bool {
        self.outcome.is_none()
    }

    /// It ended because the user wanted it to: that is no failure.
    pub fn was_cancelled(&self) -> bool {
        use crate::code::Code;
        let by_us = |code| matches!(code, Code::Cancelled | Code::ConnLost | Code::Shutdown);
        self.asked && matches!(&self.outcome, Some(Err(error)) if by_us(error.code))
    }

    /// Revisions that are committed.
    pub fn finished(&self) -> usize {
        self.plan.iter().filter(|r| matches!(r.phase, Phase::Done(_))).count()
    }

    /// Done and all statements of the plan, for the bar.
    pub fn steps(&self) -> (usize, usize) {
        let all = self.plan.iter().map(|r| r.planned.statements.max(1)).sum();
        let done = self
            .plan
            .iter()
            .map(|r| match r.phase {
                Phase::Done(_) => r.planned.statements.max(1),
                Phase::Waits => 0,
                Phase::Running(_) | Phase::Failed | Phase::Cancelled => {
                    r.done.min(r.planned.statements.max(1))
                }
            })
            .sum();
        (done, all)
    }

    /// How long it runs, or took.
    pub fn elapsed(&self, now: Duration) -> Duration {
        self.took.unwrap_or_else(|| now.saturating_sub(self.started))
    }

    fn say(&mut self, at: jiff::Timestamp, severity: &str, text: impl Into<String>) {
        if self.output.len() == OUTPUT {
            self.output.pop_front();
        }
        self.output.push_back(Output { at, severity: severity.to_owned(), text: text.into() });
    }

    /// Takes an event in; tells the index of a revision that was committed by it.
    pub fn observe(&mut self, event: Event, now: Duration, wall: jiff::Timestamp) -> Option<usize> {
        let cancelling = matches!(self.stage, Stage::Cancelling(_));
        let stage = |job: &mut Self, stage: Stage| {
            if !cancelling {
                job.stage = stage;
            }
        };
        match event {
            Event::Connected { pid } => {
                self.pid = Some(pid);
                self.say(wall, "", format!("connected, backend pid {pid}"));
            }
            Event::WaitingForRunner { holder, waited } => {
                if !matches!(self.stage, Stage::WaitingForRunner(_)) {
                    let who = holder.as_ref().map_or_else(
                        || "another runner".to_owned(),
                        |h| format!("{} (pid {}, {})", h.app, h.pid, h.user),
                    );
                    self.say(wall, "", format!("waiting for {who} to finish"));
                }
                self.blocker = holder.as_ref().map(|holder| holder.pid).or(self.blocker);
                self.blocked = holder.map(|holder| (vec![holder], waited));
                stage(self, Stage::WaitingForRunner(waited));
            }
            Event::Planned(moves) => {
                self.blocked = None;
                stage(self, Stage::Running);
                self.plan = moves
                    .into_iter()
                    .map(|planned| RevisionProgress {
                        planned,
                        phase: Phase::Waits,
                        attempt: 1,
                        statements: VecDeque::new(),
                        done: 0,
                    })
                    .collect();
            }
            Event::RevisionStarted { index, attempt } => {
                stage(self, Stage::Running);
                self.current = index;
                if let Some(revision) = self.plan.get_mut(index) {
                    revision.phase = Phase::Running(now);
                    revision.attempt = attempt;
                    revision.statements.clear();
                    revision.done = 0;
                    let id = shortened(revision.planned.id.as_str(), self.id_width);
                    let text = format!("{id} {}", revision.planned.message);
                    self.say(wall, "", text);
                }
            }
            Event::StatementStarted { index, statement, line, summary } => {
                stage(self, Stage::Running);
                if let Some(revision) = self.plan.get_mut(index) {
                    // What cannot run in a transaction may begin once more without one.
                    if revision.statements.back().is_some_and(|last| last.number == statement) {
                        revision.statements.pop_back();
                    }
                    if revision.statements.len() == STATEMENTS {
                        revision.statements.pop_front();
                    }
                    revision.statements.push_back(Statement {
                        number: statement,
                        line,
                        summary,
                        phase: Phase::Running(now),
                        rows: None,
                    });
                }
            }
            Event::StatementFinished { index, statement, elapsed, rows } => {
                if let Some(revision) = self.plan.get_mut(index) {
                    revision.done = revision.done.max(statement);
                    let found = revision.statements.iter_mut().rev();
                    if let Some(one) = found.into_iter().find(|one| one.number == statement) {
                        one.phase = Phase::Done(elapsed);
                        one.rows = rows;
                    }
                }
            }
            Event::Notice(notice) => {
                let mut text = notice.message;
                for (label, more) in [("DETAIL", notice.detail), ("HINT", notice.hint)] {
                    if let Some(more) = more {
                        text = format!("{text}  {label}: {more}");
                    }
                }
                self.say(wall, &notice.severity, text);
            }
            Event::Blocked { by, waited } => {
                if self.blocked.is_none() {
                    let who: Vec<String> = by
                        .iter()
                        .map(|b| format!("pid {} ({}, {})", b.pid, b.state, b.user))
                        .collect();
                    self.say(wall, "", format!("waiting for a lock held by {}", who.join(", ")));
                }
                self.blocker = by.first().map(|blocker| blocker.pid).or(self.blocker);
                self.blocked = Some((by, waited));
            }
            Event::Unblocked => self.blocked = None,
            Event::Retrying { index, attempt, of, reason, delay } => {
                self.blocked = None;
                self.say(
                    wall,
                    "",
                    format!(
                        "try {attempt} of {of} rolled back: {reason}; again in {:.1} s",
                        delay.as_secs_f32()
                    ),
                );
                if let Some(revision) = self.plan.get_mut(index) {
                    revision.phase = Phase::Running(now);
                    revision.statements.clear();
                    revision.done = 0;
                }
                self.retry = Some(reason.clone());
                stage(self, Stage::Retrying(reason));
            }
            Event::Resolving { .. } => {
                self.say(
                    wall,
                    "",
                    "the connection was lost; finding out what became of the commit",
                );
                stage(self, Stage::Resolving);
            }
            Event::RevisionFinished { index, elapsed } => {
                self.blocked = None;
                self.retry = None;
                let revision = self.plan.get_mut(index)?;
                revision.phase = Phase::Done(elapsed);
                revision.done = revision.planned.statements;
                return Some(index);
            }
            Event::Stage(text) | Event::Remark(text) => self.say(wall, "", text),
        }
        None
    }

    /// Takes the end in.
    pub fn end(&mut self, outcome: Result<Report, Arc<engine::Error>>, now: Duration) {
        self.took = Some(now.saturating_sub(self.started));
        self.stage = Stage::Ended;
        self.blocked = None;
        self.outcome = Some(outcome);
        if matches!(self.outcome, Some(Ok(_))) {
            return;
        }
        let ending = if self.was_cancelled() { Phase::Cancelled } else { Phase::Failed };
        for revision in &mut self.plan {
            if matches!(revision.phase, Phase::Running(_)) {
                revision.phase = ending;
                if let Some(last) = revision.statements.back_mut()
                    && matches!(last.phase, Phase::Running(_))
                {
                    last.phase = ending;
                }
            }
        }
    }
}
