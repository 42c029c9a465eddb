//! Shows a run while it lasts: finished revisions as lines, the current statement as a line that
//! redraws itself on a terminal.
//!
//! The engine's observer must never block, so events go through a channel to a thread that draws.
//! A run that is over before anyone could read a progress line never shows one.

use std::{
    fmt::Write,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{
    Output, style,
    table::{Cell, padded},
};
use crate::{
    db::Notice,
    engine::{
        Event,
        event::{Blocker, PlannedMove},
    },
    present::{age, safe::display_safe},
    revision::{Direction, History},
};

/// How long nothing is drawn, so that short runs stay calm.
const QUIET_START: Duration = Duration::from_millis(300);
/// How often the moving line is redrawn.
pub(super) const FRAME: Duration = Duration::from_millis(100);
/// How often a lasting obstacle is mentioned again where lines cannot be redrawn.
const REMIND: Duration = Duration::from_secs(10);

enum Message {
    Event(Event),
    Note(String),
}

/// A running display; ends when [`Progress::finish`] is called or it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    sender: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts the display.
    pub(crate) fn start(out: Output, history: Arc<History>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || Display::new(out, history).run(&receiver));
        Self { sender: Some(sender), thread: Some(thread) }
    }

    /// What the engine calls; never blocks.
    pub(crate) fn observer(&self) -> impl Fn(Event) + Send + Sync + 'static {
        let sender = self.sender.clone();
        move |event| {
            if let Some(sender) = &sender {
                // A display that is gone has nothing to show.
                drop(sender.send(Message::Event(event)));
            }
        }
    }

    /// Shows a line of our own.
    pub(crate) fn note(&self, text: &str) {
        if let Some(sender) = &self.sender {
            drop(sender.send(Message::Note(text.to_owned())));
        }
    }

    /// Ends the display and waits until everything is shown. All observers must be gone.
    pub(crate) fn finish(mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What is going on.
struct Display {
    out: Output,
    history: Arc<History>,
    plan: Vec<PlannedMove>,
    /// The plan's lines, all of one width.
    rows: Vec<String>,
    finished: usize,
    current: Option<usize>,
    statement: usize,
    summary: String,
    since: Instant,
    obstacle: Option<String>,
    reminded: Option<Instant>,
    statement_line: u32,
    /// What is being done, where it is no revision.
    doing: String,
    bar: Option<ProgressBar>,
    began: Instant,
}

impl Display {
    fn new(out: Output, history: Arc<History>) -> Self {
        let now = Instant::now();
        Self {
            out,
            history,
            plan: Vec::new(),
            rows: Vec::new(),
            finished: 0,
            current: None,
            statement: 0,
            summary: String::new(),
            since: now,
            obstacle: None,
            reminded: None,
            statement_line: 0,
            doing: String::new(),
            bar: None,
            began: now,
        }
    }

    fn run(mut self, receiver: &mpsc::Receiver<Message>) {
        loop {
            match receiver.recv_timeout(FRAME) {
                Ok(message) => {
                    self.take(message);
                    // Everything that is waiting is taken before the next redraw.
                    while let Ok(message) = receiver.try_recv() {
                        self.take(message);
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            self.draw();
        }
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Prints a line that stays, above the moving one.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.out.say(text)),
            None => self.out.say(text),
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Note(text) => self.line(&style::warning(&text)),
            Message::Event(event) => self.event(event),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected { pid } => {
                if self.out.verbose > 0 {
                    self.line(&style::dim(&format!("connected, backend pid {pid}")));
                }
            }
            Event::WaitingForRunner { holder, waited } => {
                let who = holder.as_ref().map(describe).unwrap_or_default();
                self.obstacle(format!("waiting {} for another runner{who}", age::elapsed(waited)));
            }
            Event::Planned(plan) => {
                self.clear_obstacle();
                self.plan(plan);
            }
            Event::RevisionStarted { index, attempt: _ } => {
                self.current = Some(index);
                self.statement = 0;
                self.summary.clear();
                self.since = Instant::now();
            }
            Event::StatementStarted { index, statement, line, summary } => {
                self.current = Some(index);
                self.statement = statement;
                self.statement_line = line;
                self.summary = display_safe(&summary).into_owned();
            }
            Event::StatementFinished { index, statement, elapsed, rows } => {
                if self.out.verbose > 0 {
                    let of = self.plan.get(index).map_or(0, |m| m.statements);
                    let rows = rows.map(|n| format!(", {n} rows")).unwrap_or_default();
                    self.line(&style::dim(&format!(
                        "    {statement}/{of} line {}: {} ({}{rows})",
                        self.statement_line,
                        self.summary,
                        age::elapsed(elapsed)
                    )));
                }
            }
            Event::Notice(notice) => self.line(&notice_text(&notice)),
            Event::Blocked { by, waited } => {
                let who = by.first().map(describe).unwrap_or_default();
                let more = match by.len() {
                    0 | 1 => String::new(),
                    n => format!(" and {} more", n - 1),
                };
                self.obstacle(format!("blocked for {}{who}{more}", age::elapsed(waited)));
            }
            Event::Unblocked => self.clear_obstacle(),
            Event::Retrying { index: _, attempt, of, reason, delay } => {
                self.clear_obstacle();
                self.line(&format!(
                    "{} {}; rolled back, try {} of {of} in {}",
                    style::warning("retrying:"),
                    display_safe(&reason),
                    attempt + 1,
                    age::elapsed(delay)
                ));
            }
            Event::Resolving { index: _ } => self.line(&style::warning(
                "the connection was lost; finding out whether the revision was committed",
            )),
            Event::RevisionFinished { index, elapsed } => {
                self.finished += 1;
                let row = self.rows.get(index).map_or("", String::as_str);
                self.line(&format!("{row}  {}", style::dim(&age::elapsed(elapsed))));
            }
            Event::Stage(text) => self.doing = display_safe(&text).into_owned(),
            Event::Remark(text) => self.line(&style::dim(&display_safe(&text))),
        }
    }

    /// Lays the plan's lines out once, so that they align as they appear.
    fn plan(&mut self, plan: Vec<PlannedMove>) {
        let cells: Vec<Vec<Cell>> = plan
            .iter()
            .map(|planned| {
                let word = match planned.direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                };
                let graph = self.history.graph();
                let id = match graph.find(planned.id.as_str()) {
                    Some(node) => display_safe(graph.short_id(node)).into_owned(),
                    None => display_safe(planned.id.as_str()).into_owned(),
                };
                vec![
                    Cell::styled(word, style::good),
                    Cell::styled(&id, style::id),
                    Cell::plain(display_safe(&planned.message)),
                ]
            })
            .collect();
        self.rows = padded(&cells, "  ");
        self.plan = plan;
    }

    fn obstacle(&mut self, text: String) {
        let due = self.reminded.is_none_or(|at| at.elapsed() >= REMIND);
        if !self.out.interactive && due {
            self.line(&style::warning(&text));
            self.reminded = Some(Instant::now());
        }
        self.obstacle = Some(text);
    }

    fn clear_obstacle(&mut self) {
        self.obstacle = None;
        self.reminded = None;
    }

    /// Redraws the moving line.
    fn draw(&mut self) {
        if !self.out.interactive || self.out.quiet || self.began.elapsed() < QUIET_START {
            return;
        }
        let text = self.moving();
        if text.is_empty() {
            if let Some(bar) = self.bar.take() {
                bar.finish_and_clear();
            }
            return;
        }
        let total = self.plan.len();
        let bar = self.bar.get_or_insert_with(|| {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        });
        let template = if total > 1 { "{bar:20} {pos}/{len} {wide_msg}" } else { "{wide_msg}" };
        if let Ok(template) = ProgressStyle::with_template(template) {
            bar.set_style(template.progress_chars("━╸─"));
        }
        bar.set_length(total as u64);
        bar.set_position(self.finished as u64);
        let text = if self.out.colours_stderr() {
            text
        } else {
            anstream::adapter::strip_str(&text).to_string()
        };
        bar.set_message(text);
        bar.tick();
    }

    /// What is happening now, on one line.
    fn moving(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let current = self.current.and_then(|index| self.plan.get(index));
        if let Some(current) = current {
            let graph = self.history.graph();
            let node = graph.find(current.id.as_str());
            let id = node.map_or(current.id.as_str(), |node| graph.short_id(node));
            parts.push(style::id(&display_safe(id)));
            if self.statement > 0 {
                parts.push(format!("statement {}/{}", self.statement, current.statements));
            }
            parts.push(age::elapsed(self.since.elapsed()));
        }
        match &self.obstacle {
            Some(obstacle) => parts.push(style::warning(obstacle)),
            None if current.is_some() => parts.push(style::dim(&self.summary)),
            None if !self.doing.is_empty() => {
                parts.push(format!("{} {}", self.doing, age::elapsed(self.began.elapsed())));
            }
            None => {}
        }
        parts.join("  ")
    }
}

/// Who is in the way, as the rest of a sentence.
fn describe(blocker: &Blocker) -> String {
    let app = if blocker.app.is_empty() { "a session" } else { &blocker.app };
    let text = format!(
        ": {app} (pid {}, {}, {} for {})",
        blocker.pid,
        blocker.user,
        blocker.state,
        age::elapsed(blocker.age)
    );
    let query = if blocker.query.is_empty() {
        String::new()
    } else {
        format!(" {}", crate::pg::statement::summary(&blocker.query, 60))
    };
    display_safe(&(text + &query)).into_owned()
}

fn notice_text(notice: &Notice) -> String {
    let word = format!("{}:", notice.severity.to_lowercase());
    let mut text = format!("  {} {}", style::dim(&word), display_safe(&notice.message));
    for extra in [&notice.detail, &notice.hint].into_iter().flatten() {
        for line in extra.lines() {
            let _ = write!(text, "\n    {}", style::dim(&display_safe(line)));
        }
    }
    text
}
