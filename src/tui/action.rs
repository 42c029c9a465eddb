//! Every action once: its name, words, keys, place and danger. The hint bar, the help, the palette,
//! the mouse and `docs/keys.md` are all drawn from this table.

use std::borrow::Cow;

use super::app::{App, Screen};

/// Where an action's keys count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere.
    Global,
    /// In every list and text.
    Move,
    /// On the graph.
    Graph,
    /// On the screen of changes.
    Pending,
    /// In the side-by-side view.
    Diff,
    /// On the database screen.
    Database,
    /// On the jobs screen.
    Jobs,
}

impl Context {
    /// All, in the order of the help.
    pub const ALL: [Self; 7] = [
        Self::Graph,
        Self::Pending,
        Self::Diff,
        Self::Database,
        Self::Jobs,
        Self::Move,
        Self::Global,
    ];

    /// The heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Move => "Movement",
            Self::Graph => "Graph",
            Self::Pending => "Pending",
            Self::Diff => "Side by side",
            Self::Database => "Database",
            Self::Jobs => "Jobs",
        }
    }

    /// Both can be in force at once.
    pub fn meets(self, other: Self) -> bool {
        self == other
            || matches!(self, Self::Global | Self::Move)
            || matches!(other, Self::Global | Self::Move)
    }
}

/// How much an action can hurt; together with the guard level it decides what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Danger {
    /// Only looks.
    None,
    /// Writes a file of the project.
    File,
    /// Changes the database, can be undone.
    Change,
    /// Takes something away, or interrupts others.
    Destroy,
}

/// One row of the registry.
#[derive(Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Its name in `tui.keys`.
    pub name: &'static str,
    /// One or two words for the hint bar.
    pub short: &'static str,
    /// What it does, for the help and the palette.
    pub help: &'static str,
    /// Default keys.
    pub keys: &'static [&'static str],
    /// Where they count.
    pub context: Context,
    /// How much it can hurt.
    pub danger: Danger,
    /// Place in the hint bar, 1 first; 0 is not shown there.
    pub hint: u8,
}

macro_rules! actions {
    ($($action:ident, $name:literal, $short:literal, $help:literal, [$($key:literal),*], $context:ident, $danger:ident, $hint:literal;)+) => {
        /// Something the user can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $(#[doc = $help] $action,)+ }

        /// The registry.
        pub const ACTIONS: &[Entry] = &[$(Entry {
            action: Action::$action, name: $name, short: $short, help: $help, keys: &[$($key),*],
            context: Context::$context, danger: Danger::$danger, hint: $hint,
        },)+];
    };
}

actions! {
    UpgradeHere, "upgrade-here", "upgrade", "upgrade to the selected revision", ["u"], Graph, Change, 1;
    UpgradeHeads, "upgrade-heads", "to head", "upgrade to all heads", ["U"], Graph, Change, 3;
    StepUp, "step-up", "step up", "upgrade one step, or as many as typed before", [">"], Graph, Change, 0;
    StepDown, "step-down", "step down", "downgrade one step, or as many as typed before", ["<"], Graph, Change, 0;
    DowngradeHere, "downgrade-here", "downgrade", "downgrade to the selected revision, or undo the current one", ["d"], Graph, Destroy, 2;
    DowngradeBase, "downgrade-base", "to base", "downgrade everything", ["D"], Graph, Destroy, 0;
    Open, "open", "open", "show the revision side by side, before and after", ["Enter"], Graph, None, 4;
    WouldRun, "would-run", "would run", "mark what an upgrade or downgrade to here would run", ["o"], Graph, None, 5;
    Create, "create", "create", "create an empty revision on the head", ["c"], Graph, File, 6;
    Filter, "filter", "filter", "filter revisions by a text; !text leaves it out, ~text is fuzzy", ["/"], Graph, None, 7;
    Merge, "merge", "merge", "create a revision that merges all heads", ["m"], Graph, File, 0;
    Stamp, "stamp", "stamp", "record the revision as applied, without running it", ["S"], Graph, Destroy, 0;
    Settle, "settle", "settle", "say what became of a statement in doubt", ["V"], Graph, Change, 0;
    FlipScript, "flip-script", "up/down", "show the down script instead of the up script, and back", ["Tab"], Graph, None, 0;
    GoCurrent, "go-current", "current", "go to where the database is", ["b"], Graph, None, 0;
    Parent, "parent", "parent", "go to the parent", ["p"], Graph, None, 0;
    OtherParent, "other-parent", "other parent", "go to the other parent, or to a dependency", ["P"], Graph, None, 0;
    NextHit, "next-hit", "next", "next pending or matching revision", ["n"], Graph, None, 0;
    PreviousHit, "previous-hit", "previous", "previous pending or matching revision", ["N"], Graph, None, 0;
    Edit, "edit", "edit", "open the file in the editor", ["e"], Graph, File, 0;
    Range, "range", "range", "begin a range to copy from, or drop it", ["v"], Graph, None, 0;
    Copy, "copy", "copy", "copy id, message, file, command or SQL", ["y"], Graph, None, 0;
    StartServer, "start-server", "start server", "start the database server", ["s"], Graph, None, 8;
    Problems, "problems", "problems", "list what is wrong with files and database", ["!"], Graph, None, 0;

    Toggle, "toggle", "toggle", "choose the selected change with what it needs, or give it up", ["Space"], Pending, None, 1;
    ToggleAll, "toggle-all", "all/none", "choose all changes that lose no data; again: none", ["a"], Pending, None, 2;
    OpenObjects, "open-objects", "open", "show all changed objects side by side, before and after", ["Enter"], Pending, None, 3;
    CreateRevision, "create-revision", "create", "prove the chosen changes and write the revision that makes them", ["c"], Pending, File, 4;
    ApplyNow, "apply-now", "apply now", "create the revision and upgrade to it (dev profiles only)", ["A"], Pending, Change, 8;
    FlipPlan, "flip-plan", "up/down", "show the way down instead of the way up, and back", ["Tab"], Pending, None, 9;
    SameObject, "same-object", "yes, renamed", "answer a question: it is the same object under a new name", ["y"], Pending, None, 10;
    OtherObject, "other-object", "no, another", "answer a question: it is another object", ["n"], Pending, None, 11;
    FoldGroup, "fold-group", "fold", "open or close the selected group", ["z"], Pending, None, 0;
    NextGroup, "next-group", "next object", "next object", ["]"], Pending, None, 0;
    PreviousGroup, "previous-group", "previous", "previous object", ["["], Pending, None, 0;
    CompareAgain, "compare-again", "again", "compare models and database again", ["r"], Pending, None, 12;
    StopWork, "stop-work", "stop", "stop comparing or proving", ["x"], Pending, None, 13;
    FlipForm, "flip-form", "other form", "take the online form of the selected change's table, or the direct one", ["f"], Pending, None, 5;
    Accept, "accept", "accept", "accept what the selected change risks, with a reason for the file; again: take it back", ["i"], Pending, None, 6;
    EditSql, "edit-sql", "edit SQL", "edit the SQL before it is written; it is proved again", ["e"], Pending, File, 7;
    DropEdit, "drop-edit", "drop edit", "give the edited SQL up", ["E"], Pending, None, 0;
    CopyPlan, "copy-plan", "copy SQL", "copy the SQL of the chosen changes", ["Y"], Pending, None, 0;
    PendingEdit, "pending-edit", "models", "open the models in the editor", ["o"], Pending, File, 0;

    NextMatch, "next-match", "next", "next match of the search; without a search the next change", ["n"], Diff, None, 1;
    PreviousMatch, "previous-match", "previous", "previous match of the search, or change", ["N"], Diff, None, 0;
    NextPart, "next-part", "object", "next object; in scripts the next change", ["]"], Diff, None, 2;
    PreviousPart, "previous-part", "previous", "previous object, or change", ["["], Diff, None, 0;
    NextHunk, "next-hunk", "hunk", "next change", ["}"], Diff, None, 0;
    PreviousHunk, "previous-hunk", "previous", "previous change", ["{"], Diff, None, 0;
    FlipView, "flip-view", "scripts", "show a revision's scripts, up and down, instead of its objects, and back", ["Tab"], Diff, None, 3;
    Search, "search", "search", "search in both texts", ["/"], Diff, None, 4;
    OpenFold, "open-fold", "open fold", "show the unchanged lines of the first fold in sight", ["Enter"], Diff, None, 0;
    Fold, "fold", "fold", "show or hide all unchanged lines", ["z"], Diff, None, 5;
    DiffFacts, "facts", "facts", "show the revision's facts above, or hide them", ["i"], Diff, None, 6;
    Wrap, "wrap", "wrap", "wrap long lines, or scroll sideways", ["w"], Diff, None, 7;
    SplitView, "split-view", "split/unified", "side by side, or one below the other", ["|"], Diff, None, 8;
    Swap, "swap", "swap", "exchange left and right", ["t"], Diff, None, 9;
    DiffCopy, "diff-copy", "copy", "copy the up script or the down script", ["y"], Diff, None, 10;
    DiffEdit, "diff-edit", "edit", "open the file in the editor", ["e"], Diff, File, 11;
    StopBuilding, "stop-building", "stop", "stop building the schema before and after", ["x"], Diff, None, 0;

    ServerToggle, "server-toggle", "start/stop", "start the database server, or stop it", ["s"], Database, Destroy, 1;
    ServerRestart, "server-restart", "restart", "restart the database server", ["r"], Database, Destroy, 2;
    FollowLog, "follow-log", "log", "show the server's log alone, and back", ["o"], Database, None, 3;
    DatabaseCopy, "database-copy", "copy", "copy from the section: statement, table, log, settings", ["y"], Database, None, 0;
    FilterLog, "filter-log", "filter log", "show only lines of the log with a text", ["/"], Database, None, 0;
    CancelQuery, "cancel-query", "cancel query", "cancel the query of the selected session", ["x"], Database, Change, 4;
    TerminateBackend, "terminate-backend", "terminate", "end the selected session", ["X"], Database, Destroy, 5;
    Connect, "connect", "connect", "connect with another profile", ["P", "c"], Database, None, 6;
    SortTables, "sort-tables", "sort", "sort the tables by size, rows, name, or by what is pending", ["S"], Database, None, 0;
    NextSection, "next-section", "section", "next section", ["]", "Tab"], Database, None, 7;
    PreviousSection, "previous-section", "previous", "previous section", ["[", "BackTab"], Database, None, 0;

    CancelJob, "cancel-job", "cancel", "cancel the running job", ["x"], Jobs, Destroy, 1;
    TerminateJob, "terminate-job", "terminate", "end the session of a job that does not react to cancel", ["X"], Jobs, Destroy, 0;
    PauseJob, "pause-job", "pause", "stop after the revision that runs now", ["p"], Jobs, None, 2;
    ResumeJob, "resume-job", "resume", "run the rest of a job that stopped early", ["r"], Jobs, Change, 3;
    JobDetail, "job-detail", "detail", "show the whole error", ["Enter"], Jobs, None, 4;
    CopyError, "copy-error", "copy", "copy the error with all its details, the command, the output", ["y"], Jobs, None, 5;

    Down, "down", "down", "down", ["j", "Down"], Move, None, 0;
    Up, "up", "up", "up", ["k", "Up"], Move, None, 0;
    HalfDown, "half-page-down", "half page", "half a page down", ["Ctrl-d"], Move, None, 0;
    HalfUp, "half-page-up", "half page", "half a page up", ["Ctrl-u"], Move, None, 0;
    PageDown, "page-down", "page", "a page down", ["PgDn", "Ctrl-f"], Move, None, 0;
    PageUp, "page-up", "page", "a page up", ["PgUp", "Ctrl-b"], Move, None, 0;
    First, "first", "first", "first row", ["gg", "Home"], Move, None, 0;
    Last, "last", "last", "last row", ["G", "End"], Move, None, 0;
    Left, "left", "left", "pane on the left", ["h", "Left"], Move, None, 0;
    Right, "right", "right", "pane on the right", ["l", "Right"], Move, None, 0;
    ScrollLeft, "scroll-left", "scroll", "scroll to the left", ["H"], Move, None, 0;
    ScrollRight, "scroll-right", "scroll", "scroll to the right", ["L"], Move, None, 0;

    Help, "help", "help", "this list", ["?"], Global, None, 0;
    Palette, "palette", "palette", "find an action, a revision (`@`), a table (`#`), a setting, a profile", [":", "Ctrl-p"], Global, None, 0;
    GraphScreen, "graph", "graph", "the graph", ["1"], Global, None, 0;
    PendingScreen, "pending", "pending", "what models and database differ in", ["2"], Global, None, 0;
    DatabaseScreen, "database", "database", "the database", ["3"], Global, None, 0;
    JobsScreen, "jobs", "jobs", "jobs and what ran before", ["4"], Global, None, 0;
    Reload, "reload", "reload", "read files and database again", ["R"], Global, None, 0;
    CommandLog, "command-log", "command log", "open the command log: what ran, whole", ["@"], Global, None, 0;
    ZoomIn, "zoom-in", "zoom", "give the list more room", ["+"], Global, None, 0;
    ZoomOut, "zoom-out", "zoom", "give the list less room", ["_"], Global, None, 0;
    Split, "split", "split", "next ratio of the panes", ["|"], Global, None, 0;
    Mouse, "mouse", "mouse", "capture the mouse, or leave it to the terminal to select text", ["M"], Global, None, 0;
    Undo, "undo", "undo", "take back what the last job did: the run that does exactly that", ["Z"], Global, Change, 0;
    AllowChanges, "allow-changes", "allow changes", "allow changes to the database, or forbid them; prod starts without", ["W"], Global, Change, 0;
    Themes, "themes", "theme", "choose a theme; the selected one is drawn at once", ["T"], Global, None, 0;
    Back, "back", "back", "one step back", ["Esc"], Global, None, 0;
    Suspend, "suspend", "suspend", "go to the background", ["Ctrl-z"], Global, None, 0;
    Redraw, "redraw", "redraw", "draw everything again", ["Ctrl-l"], Global, None, 0;
    Interrupt, "interrupt", "quit", "close what is open, then quit", ["Ctrl-c"], Global, None, 0;
    Quit, "quit", "quit", "close what is open, or quit", ["q"], Global, None, 0;
}

/// Why an action cannot be used now, in a few words.
pub type Reason = Cow<'static, str>;

impl Action {
    /// Its row of the registry.
    pub fn entry(self) -> &'static Entry {
        &ACTIONS[self as usize]
    }

    /// Whether it can be used now, or why not. Disabled actions stay visible and say this.
    pub fn enabled(self, app: &App) -> Result<(), Reason> {
        super::update::enabled(app, self)
    }
}

/// The contexts in force, the strongest first.
pub fn contexts(app: &App) -> [Context; 3] {
    let own = if app.diff().is_some() { Context::Diff } else { screen_context(app.screen) };
    [own, Context::Move, Context::Global]
}

/// The context of a screen.
pub fn screen_context(screen: Screen) -> Context {
    match screen {
        Screen::Graph => Context::Graph,
        Screen::Pending => Context::Pending,
        Screen::Database => Context::Database,
        Screen::Jobs => Context::Jobs,
    }
}

/// The actions of the hint bar, in order.
pub fn hints(app: &App) -> Vec<Action> {
    let own = contexts(app)[0];
    let mut shown: Vec<&Entry> =
        ACTIONS.iter().filter(|entry| entry.context == own && entry.hint > 0).collect();
    shown.sort_by_key(|entry| entry.hint);
    shown.iter().map(|entry| entry.action).collect()
}
