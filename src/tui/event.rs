//! What happens to the interface, and what it wants done: both closed.

use std::{path::PathBuf, time::Duration};

use crossterm::event::{KeyEvent, MouseEvent};

use crate::{
    engine::project::Beginning,
    worker::{Job, WorkerEvent},
};

/// The time as data: the loop reads the clocks, tests make them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since the interface started; never jumps.
    pub mono: Duration,
    /// The wall clock, for ages.
    pub wall: jiff::Timestamp,
}

impl Default for Now {
    fn default() -> Self {
        Self { mono: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH }
    }
}

/// One event. `update` sees nothing else.
#[derive(Clone, Debug)]
pub enum Event {
    /// The time; comes before the events of each turn.
    Tick(Now),
    /// A key went down.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has a new size.
    Resize(u16, u16),
    /// The terminal gained or lost the focus.
    Focus(bool),
    /// The worker reports.
    Worker(WorkerEvent),
    /// The editor returned; what went wrong, if it did.
    Edited(Result<(), String>),
    /// Text was put on the clipboard, or why not.
    Copied(Result<String, String>),
    /// The system asks us to end (TERM, HUP).
    Terminate,
}

/// What `update` wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Hand a job to the worker.
    Submit(Job),
    /// Open a file in the editor, at a 1-based line.
    Edit(PathBuf, u32),
    /// Put text on the clipboard.
    Copy(String),
    /// Capture the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Begin a project this way.
    Begin(Beginning),
    /// Open the project again with this profile, or with none.
    Connect(Option<String>),
    /// Go to the background, as Ctrl-Z does.
    Suspend,
    /// Leave the interface.
    Quit,
}
