//! What is said in passing: lines that go away by themselves, and the command log that keeps.

use std::{sync::Arc, time::Duration};

/// How serious a toast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Told in passing.
    Info,
    /// Good news.
    Good,
    /// Worth a look.
    Warn,
    /// Bad news.
    Bad,
}

/// What a message is about: a newer one about the same takes the place of an older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Something of its own.
    Itself,
    /// The database server.
    Server,
    /// The clipboard.
    Clipboard,
    /// Who has the mouse.
    Mouse,
    /// What is being read again.
    Reading,
    /// The rows that would run.
    Marks,
    /// Runs.
    Runs,
}

/// A line that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What it is about.
    pub about: About,
    /// The words.
    pub text: String,
    /// How serious.
    pub tone: Tone,
    /// When it goes away; never for a stage of something under way.
    pub until: Option<Duration>,
}

/// How something of the command log ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// Well.
    Done,
    /// It failed.
    Failed,
    /// It was cancelled by the user.
    Cancelled,
}

/// A line of the command log: what limbeck asked of the database or the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: jiff::Timestamp,
    /// The command in limbeck's words.
    pub command: String,
    /// What came of it.
    pub outcome: String,
    /// How it ended.
    pub end: LogEnd,
    /// How long it took.
    pub took: Option<Duration>,
    /// The statements as they ran, where statements ran.
    pub sql: Option<Arc<str>>,
}

impl LogLine {
    /// All that it says, to be copied: the statements, or the words.
    pub fn text(&self) -> &str {
        self.sql.as_deref().unwrap_or(&self.outcome)
    }
}
