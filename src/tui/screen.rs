//! The screens and what the user made of each: selection, focus, filter, scrolling.

use super::action::Action;
use crate::revision::{Direction, Node};

/// The screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The revision graph.
    #[default]
    Graph,
    /// What models and database differ in.
    Pending,
    /// The server and what it is doing.
    Database,
    /// Runs, now and before.
    Jobs,
}

impl Screen {
    /// All, in the order of the tabs.
    pub const ALL: [Self; 4] = [Self::Graph, Self::Pending, Self::Database, Self::Jobs];

    /// The word on the tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Graph => "Graph",
            Self::Pending => "Pending",
            Self::Database => "Database",
            Self::Jobs => "Jobs",
        }
    }

    /// The action that shows it.
    pub fn action(self) -> Action {
        match self {
            Self::Graph => Action::GraphScreen,
            Self::Pending => Action::PendingScreen,
            Self::Database => Action::DatabaseScreen,
            Self::Jobs => Action::JobsScreen,
        }
    }
}

/// A row of the graph's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A revision; the index of its row in the layout.
    Revision {
        /// The revision.
        node: Node,
        /// Index in the layout's rows.
        lane: usize,
    },
    /// A revision that the database knows and the files do not; index in the overview's orphans.
    Orphan(usize),
}

/// Which pane of the graph screen has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The graph.
    #[default]
    List,
    /// The facts and the script on the right.
    Detail,
}

/// What an upgrade or downgrade to a revision would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldRun {
    /// The revision.
    pub target: Node,
    /// Up or down.
    pub direction: Direction,
    /// Indexed by node.
    pub nodes: Vec<bool>,
    /// How many.
    pub count: usize,
}

/// The graph screen.
#[derive(Clone, Debug, Default)]
pub struct GraphState {
    /// The rows of the list, newest first; the same as the layout's rows.
    pub rows: Vec<Row>,
    /// Index of the selected row.
    pub selected: usize,
    /// The other end of the range, while one is marked.
    pub anchor: Option<usize>,
    /// First row on the screen, as it was last drawn.
    pub offset: usize,
    /// Columns the graph is scrolled by.
    pub hscroll: usize,
    /// Only revisions with this text; empty shows all.
    pub filter: String,
    /// The focus.
    pub pane: Pane,
    /// Lines the detail pane is scrolled by.
    pub detail_scroll: usize,
    /// The down script is shown.
    pub show_down: bool,
    /// Number of the marks that are waited for.
    pub marks_wanted: Option<u64>,
    /// What would run, while it is marked.
    pub would_run: Option<WouldRun>,
    /// The user moved the selection; until then it follows the database.
    pub moved: bool,
}

/// The sections of the database screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// The server.
    #[default]
    Server,
    /// Who is connected.
    Sessions,
    /// Locks on relations.
    Locks,
    /// Tables and their sizes.
    Tables,
    /// Our connections.
    Pool,
    /// Settings.
    Settings,
    /// The server's log.
    Log,
}

impl Section {
    /// All, in the order of `]`.
    pub const ALL: [Self; 7] = [
        Self::Server,
        Self::Sessions,
        Self::Locks,
        Self::Tables,
        Self::Pool,
        Self::Settings,
        Self::Log,
    ];

    /// The word of its frame.
    pub fn title(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Sessions => "Sessions",
            Self::Locks => "Locks",
            Self::Tables => "Tables",
            Self::Pool => "Pool",
            Self::Settings => "Settings",
            Self::Log => "Log",
        }
    }
}

/// By what tables are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableOrder {
    /// The largest first.
    #[default]
    Size,
    /// Those with the most rows first.
    Rows,
    /// By name.
    Name,
    /// Those that pending revisions touch first.
    Pending,
}

impl TableOrder {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Size => Self::Rows,
            Self::Rows => Self::Name,
            Self::Name => Self::Pending,
            Self::Pending => Self::Size,
        }
    }

    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Rows => "rows",
            Self::Name => "name",
            Self::Pending => "pending",
        }
    }
}

/// The database screen.
#[derive(Clone, Debug, Default)]
pub struct DatabaseState {
    /// The section with the focus.
    pub section: Section,
    /// Selected session.
    pub session: usize,
    /// This session is to be selected as soon as it is known.
    pub wanted: Option<i32>,
    /// Selected lock.
    pub lock: usize,
    /// Selected table, in the order they are shown.
    pub table: usize,
    /// That order.
    pub table_order: TableOrder,
    /// First shown setting.
    pub setting: usize,
    /// Lines the log is scrolled back; 0 follows it.
    pub log_back: usize,
    /// Only lines of the log with this text; empty shows all.
    pub log_filter: String,
    /// The log alone fills the screen.
    pub log_only: bool,
}

/// The jobs screen.
#[derive(Clone, Debug, Default)]
pub struct JobsState {
    /// Selected line of the list: jobs of this session first (newest first), then past runs.
    pub selected: usize,
    /// The focus is on the output.
    pub output: bool,
    /// Lines the output is scrolled back; 0 follows it.
    pub back: usize,
}
