//! What stands on top of a screen: help, palette, confirmations, prompts, the side-by-side view,
//! errors. The top one gets the keys first.

use std::{collections::BTreeSet, sync::Arc};

use tui_input::Input;

use super::{
    action::Action,
    pending::Progress,
    progress::JobView,
    recovery::{Attempt, Case},
};
use crate::{
    engine::{self, project::Newcomer},
    present::diff::{Diff, Hit},
    revision::{Node, RevisionId},
    worker::{JobId, Review, Run, Scripts, ServerAction},
};

/// One layer.
#[derive(Clone, Debug)]
pub enum Layer {
    /// All keys of this place; typing filters, Enter runs.
    Help(ListLayer),
    /// Find an action, a revision, a screen.
    Palette(ListLayer),
    /// A question before something is done.
    Confirm(Box<Confirm>),
    /// One line of text is asked for.
    Prompt(Prompt),
    /// Two texts side by side, full screen: a revision, or all changes.
    Diff(Box<DiffLayer>),
    /// A few things, each with a key.
    Menu(Menu),
    /// How to begin, where there is no project.
    Welcome(Welcome),
    /// An error with everything that is known about it.
    Error(Box<ErrorLayer>),
    /// The command log.
    Log(LogLayer),
}

/// What a palette offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// Themes alone.
    Themes,
    /// Profiles alone.
    Profiles,
}

/// A list with a line to type above it.
#[derive(Clone, Debug, Default)]
pub struct ListLayer {
    /// What is offered.
    pub scope: Scope,
    /// What was typed.
    pub input: Input,
    /// Selected entry of what is left.
    pub selected: usize,
    /// What is left; made once after each event that may change it.
    pub items: Arc<Vec<Item>>,
}

/// What an entry of the palette (or of the help) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Runs an action.
    Action(Action),
    /// Goes to a revision.
    Revision(Node),
    /// Goes to a table.
    Table(String),
    /// Draws with a theme.
    Theme(String),
    /// Changes a setting of the interface.
    Setting(Setting),
    /// Connects with a profile, or with none.
    Profile(Option<String>),
}

/// A setting that can be changed while the interface runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Box-drawing characters, or ASCII.
    Glyphs,
    /// Spinners move.
    Motion,
}

/// An entry of the palette or of the help, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it does.
    pub choice: Choice,
    /// What is searched and shown.
    pub text: String,
    /// Its key, or "revision".
    pub key: String,
    /// Where it belongs.
    pub place: &'static str,
    /// Why it cannot be used now.
    pub disabled: Option<String>,
    /// Characters of `text` that were found, by index.
    pub hits: Vec<u32>,
}

/// How a line of a confirmation looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Plain.
    Text,
    /// Less important.
    Dim,
    /// A heading, or the main fact.
    Strong,
    /// Worth a look.
    Warn,
    /// Data is lost, or it cannot be undone.
    Danger,
    /// Reassuring.
    Good,
}

/// A line of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it looks.
    pub role: Role,
    /// Label on the left; empty for a line without one.
    pub label: String,
    /// The words, safe to show.
    pub text: String,
}

/// What is done once a confirmation is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accept {
    /// A run.
    Run(Run),
    /// Cancel a job.
    Cancel(JobId),
    /// Terminate the session of a job.
    TerminateJob(JobId),
    /// A server action.
    Server(ServerAction),
    /// Cancel or terminate a backend.
    Signal {
        /// Backend pid.
        pid: i32,
        /// Terminate.
        terminate: bool,
    },
    /// Cancel the job and leave.
    CancelAndQuit(JobId),
    /// Write the revision that merges all heads.
    Merge,
    /// A statement in doubt of this revision took effect; the other answer: it did not.
    Settle(RevisionId),
    /// Allow changes to the database.
    Writing,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// The question: "Upgrade shop to 7f3a91c0?"
    pub title: String,
    /// What will happen.
    pub lines: Vec<Line>,
    /// This text must be typed; none: Enter is enough.
    pub typed: Option<String>,
    /// What was typed.
    pub input: Input,
    /// What Enter does, in a word or two.
    pub verb: String,
    /// What Esc does, in a word or two.
    pub refuse: String,
    /// Another answer: its key and words ("w", "wait, then leave").
    pub other: Option<(char, String)>,
    /// It takes something away.
    pub danger: bool,
    /// What is done.
    pub accept: Accept,
    /// The worker is still looking the run over; Enter waits for it.
    pub reviewing: Option<u64>,
    /// What it found.
    pub review: Option<Arc<Review>>,
    /// First shown line, when there are more than fit.
    pub scroll: usize,
}

impl Confirm {
    /// Enter would be accepted now.
    pub fn ready(&self) -> bool {
        self.reviewing.is_none()
            && self.review.as_ref().is_none_or(|review| review.refused.is_none())
            && self.typed.as_ref().is_none_or(|wanted| self.input.value() == wanted)
    }

    /// It cannot be done at all; only Esc is left.
    pub fn refused(&self) -> bool {
        self.review.as_ref().is_some_and(|review| review.refused.is_some())
    }
}

/// How to begin, where there is no project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Welcome {
    /// What the folder holds.
    pub found: Newcomer,
    /// The selected way.
    pub selected: usize,
}

/// A thing that can be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// Its key.
    pub key: char,
    /// What it is.
    pub words: String,
    /// The text itself.
    pub text: String,
}

/// Things that can be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// What the menu is for.
    pub title: String,
    /// The entries; there is at least one.
    pub items: Vec<MenuItem>,
    /// The selected one.
    pub selected: usize,
}

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The message of a new revision.
    Message,
    /// The message of a revision made from the chosen changes; it may be applied at once.
    Changes {
        /// It is.
        apply: bool,
    },
    /// Why the risks of a change are accepted.
    Accept,
    /// What to look for in a revision's scripts; found while typing.
    Search,
    /// The graph's filter; applied while typing.
    Filter,
    /// The filter of the server's log; applied while typing.
    Log,
    /// The URL of a database to begin with.
    Url,
}

/// One line of text.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What it is for.
    pub purpose: Purpose,
    /// The words before it.
    pub title: String,
    /// The text so far.
    pub input: Input,
    /// What stood there before, for Esc.
    pub before: String,
}

/// Narrower than this, texts stand one below the other unless asked otherwise.
pub const SPLIT_FROM: u16 = 100;

/// What stands side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The objects that a revision changes, before and after.
    Objects(Node),
    /// The scripts of a revision, up and down.
    Scripts(Node),
    /// All objects that differ between database and models.
    Changes,
}

impl Subject {
    /// The revision.
    pub fn node(self) -> Option<Node> {
        match self {
            Self::Objects(node) | Self::Scripts(node) => Some(node),
            Self::Changes => None,
        }
    }

    /// The same of another revision.
    #[must_use]
    pub fn of(self, node: Node) -> Self {
        match self {
            Self::Objects(_) => Self::Objects(node),
            Self::Scripts(_) => Self::Scripts(node),
            Self::Changes => Self::Changes,
        }
    }
}

/// Why the objects before and after a revision are not there, in words.
#[derive(Clone, Debug)]
pub enum Missing {
    /// They could not even be asked for; they will be once they can.
    Early(String),
    /// They could not be built.
    Failed(String),
}

impl Missing {
    /// The reason.
    pub fn reason(&self) -> &str {
        match self {
            Self::Early(reason) | Self::Failed(reason) => reason,
        }
    }
}

/// Two texts, side by side.
#[derive(Clone, Debug)]
pub struct DiffLayer {
    /// What it shows.
    pub subject: Subject,
    /// The scripts of the revision; none while they are compared.
    pub scripts: Option<Scripts>,
    /// The objects; none while they are built.
    pub objects: Option<Arc<Diff>>,
    /// How far the building of the objects is.
    pub building: Option<Progress>,
    /// Why there are no objects.
    pub missing: Option<Missing>,
    /// Number of the request for it.
    pub generation: u64,
    /// Go to this part as soon as it is drawn.
    pub go_to: Option<usize>,
    /// First shown row.
    pub scroll: usize,
    /// Columns scrolled, when lines are not wrapped.
    pub hscroll: usize,
    /// Asked for split or unified; none lets the width decide.
    pub split: Option<bool>,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// Folds are open: all of them.
    pub unfold_all: bool,
    /// Folds opened one by one, by the number of their first row.
    pub unfolded: BTreeSet<usize>,
    /// Left and right are exchanged.
    pub swap: bool,
    /// The facts stand above the scripts; none lets the width decide: a wide screen has shown them
    /// beside the graph.
    pub facts: Option<bool>,
    /// What is looked for; empty for nothing.
    pub search: String,
    /// Where it is found, from the top.
    pub found: Arc<Vec<Hit>>,
    /// Which of them was gone to.
    pub at: usize,
}

impl DiffLayer {
    /// A view before anything is compared.
    pub fn new(subject: Subject, generation: u64) -> Self {
        Self {
            subject,
            scripts: None,
            objects: None,
            building: None,
            missing: None,
            generation,
            go_to: None,
            scroll: 0,
            hscroll: 0,
            split: None,
            wrap: true,
            unfold_all: false,
            unfolded: BTreeSet::new(),
            swap: false,
            facts: None,
            search: String::new(),
            found: Arc::default(),
            at: 0,
        }
    }

    /// Whether the two stand side by side on a screen of so many columns.
    pub fn beside(&self, width: u16) -> bool {
        self.split.unwrap_or(width >= SPLIT_FROM)
    }

    /// What is on show on a screen of so many columns; none while it is made.
    pub fn doc(&self, width: u16) -> Option<&Arc<Diff>> {
        match (self.subject, &self.scripts) {
            (Subject::Scripts(_), None) => None,
            (Subject::Scripts(_), Some(scripts)) if self.beside(width) => Some(&scripts.beside),
            (Subject::Scripts(_), Some(scripts)) => Some(&scripts.below),
            (Subject::Objects(_) | Subject::Changes, _) => self.objects.as_ref(),
        }
    }

    /// Shows the other view of the revision, from its top.
    pub fn flip(&mut self, width: u16) {
        self.subject = match self.subject {
            Subject::Objects(node) => Subject::Scripts(node),
            Subject::Scripts(node) => Subject::Objects(node),
            Subject::Changes => return,
        };
        self.scroll = 0;
        self.hscroll = 0;
        self.unfold_all = false;
        self.unfolded.clear();
        self.look_again(width);
    }

    /// What is on show is another text: looks there for what was looked for.
    pub fn look_again(&mut self, width: u16) {
        let search = std::mem::take(&mut self.search);
        self.look_for(&search, width);
    }

    /// Looks for a text in what is compared.
    pub fn look_for(&mut self, text: &str, width: u16) {
        text.clone_into(&mut self.search);
        self.found = match self.doc(width) {
            Some(doc) if !text.is_empty() => Arc::new(doc.search(text)),
            _ => Arc::default(),
        };
        self.at = self.at.min(self.found.len().saturating_sub(1));
    }
}

/// The command log, whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogLayer {
    /// The selected line, from the oldest.
    pub selected: usize,
    /// The text of that line has the room of the others.
    pub whole: bool,
    /// First shown line of that text.
    pub scroll: usize,
}

/// An error.
#[derive(Clone, Debug)]
pub struct ErrorLayer {
    /// What failed, in limbeck's words: "upgrade heads".
    pub title: String,
    /// The error.
    pub error: Arc<engine::Error>,
    /// What it means.
    pub case: Case,
    /// What was under way.
    pub attempt: Attempt,
    /// The session that was in the way.
    pub blocker: Option<i32>,
    /// First shown line.
    pub scroll: usize,
}

impl ErrorLayer {
    /// An error of something that was under way.
    pub fn new(title: impl Into<String>, error: Arc<engine::Error>, attempt: Attempt) -> Self {
        let case = Case::of(&error, attempt, false);
        Self { title: title.into(), error, case, attempt, blocker: None, scroll: 0 }
    }

    /// The error of a run that ended with one.
    pub fn of_run(job: &JobView) -> Option<Self> {
        let Some(Err(error)) = &job.outcome else { return None };
        let case = Case::of(error, Attempt::Run, job.asked);
        let mut layer = Self::new(job.run.command(), Arc::clone(error), Attempt::Run);
        (layer.case, layer.blocker) = (case, job.blocker);
        Some(layer)
    }
}

impl From<ErrorLayer> for Layer {
    fn from(layer: ErrorLayer) -> Self {
        Self::Error(Box::new(layer))
    }
}
