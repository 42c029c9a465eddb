//! The whole state of the interface. `update` alone changes it; views only read it.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use ratatui::layout::{Position, Rect};

use super::{
    action::Action,
    event::Now,
    glyph::Glyphs,
    keymap::{Key, Keymap},
    layer::{DiffLayer, Layer},
    pending::{PendingPane, PendingState},
    progress::JobView,
    theme::{self, Theme},
    widget::{
        Memo,
        memo::{DiffKey, SHORTEST_ID, id_length, short_id, shortened},
    },
};
use crate::{
    config::{Config, Guard},
    engine::{
        self, Overview, activity::Activity, overview::RevisionState, record::Entry, sizes::TableRow,
    },
    present::lanes,
    revision::{Direction, History, Node, RevisionId},
    server,
    worker::{JobId, Origin, Refresh, ServerAction, event::PoolFacts},
};

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

/// What is known of the world outside: every part is read by the worker and replaced whole.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The revisions; none while they are being read for the first time.
    pub history: Option<Arc<History>>,
    /// The graph's rows, belonging to `history`.
    pub layout: Option<Arc<lanes::Layout>>,
    /// Where the database stood when it was last reached.
    pub overview: Option<Arc<Overview>>,
    /// Why the last reading of the overview failed.
    pub overview_error: Option<Arc<engine::Error>>,
    /// The server's state.
    pub server: Option<Arc<server::Status>>,
    /// Why it cannot be told.
    pub server_error: Option<Arc<engine::Error>>,
    /// Sessions, locks, settings.
    pub activity: Option<Arc<Activity>>,
    /// Why they could not be read.
    pub activity_error: Option<Arc<engine::Error>>,
    /// What ran before, newest first.
    pub record: Option<Arc<Vec<Entry>>>,
    /// Why it could not be read.
    pub record_error: Option<Arc<engine::Error>>,
    /// Who wrote the revision files; none without git.
    pub origins: Option<Arc<BTreeMap<PathBuf, Origin>>>,
    /// The largest tables, the largest first.
    pub tables: Option<Arc<Vec<TableRow>>>,
    /// Why they could not be read.
    pub tables_error: Option<Arc<engine::Error>>,
    /// The tail of the server's log, oldest first.
    pub log: Option<Arc<Vec<String>>>,
    /// Why it could not be read.
    pub log_error: Option<Arc<engine::Error>>,
    /// The reading connections.
    pub pool: PoolFacts,
}

impl Snapshot {
    /// The state of a node; that of a pending one while nothing is known.
    pub fn state(&self, node: Node) -> RevisionState {
        self.overview
            .as_ref()
            .and_then(|overview| overview.states.get(node.index()))
            .cloned()
            .unwrap_or_default()
    }

    /// Whether a node is applied.
    pub fn applied(&self, node: Node) -> bool {
        self.overview
            .as_ref()
            .and_then(|overview| overview.states.get(node.index()))
            .is_some_and(|state| state.applied)
    }

    /// The version rows; none while nothing is known.
    pub fn rows(&self) -> &[RevisionId] {
        self.overview.as_ref().map_or(&[], |overview| overview.rows.as_slice())
    }

    /// The server accepts connections, as far as is known.
    pub fn server_up(&self) -> bool {
        matches!(
            self.server.as_ref().map(|status| &status.state),
            Some(server::State::Running { .. })
        ) || (self.overview.is_some() && self.overview_error.is_none())
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

/// A line of the command log: what limbeck asked of the database or the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: jiff::Timestamp,
    /// The command in limbeck's words.
    pub command: String,
    /// What came of it.
    pub outcome: String,
    /// It failed.
    pub failed: bool,
    /// How long it took.
    pub took: Option<Duration>,
}

/// Something on the screen that a click means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A tab.
    Screen(Screen),
    /// Row of the graph's list, an index in [`GraphState::rows`].
    Row(usize),
    /// A pane of the graph screen.
    Pane(Pane),
    /// Row of the tree of changes, and whether its box was meant.
    Change(usize, bool),
    /// A pane of the screen of changes.
    PendingPane(PendingPane),
    /// A section of the database screen, and the row in it.
    Section(Section, Option<usize>),
    /// A line of the jobs list.
    Job(usize),
    /// An action of the hint bar.
    Action(Action),
    /// A line of the top layer: index in its list.
    Item(usize),
    /// Inside the top layer, nothing in particular.
    Layer,
}

/// What the last frame put where, and how far it scrolled: what `update` must know of drawing.
#[derive(Clone, Debug, Default)]
pub struct HitMap {
    /// Boxes, later ones on top.
    pub boxes: Vec<(Rect, Target)>,
    /// First shown row of the graph's list.
    pub graph_offset: usize,
    /// Rows of the list of the screen (or top layer) that are visible at once.
    pub page: usize,
    /// Largest useful scroll of the detail pane.
    pub detail_max: usize,
    /// First shown row of the tree of changes.
    pub pending_offset: usize,
    /// Largest useful scroll of the object pane of the changes, and of their SQL.
    pub object_max: usize,
    /// First shown line of the object.
    pub object_at: usize,
    /// See above.
    pub sql_max: usize,
    /// First shown line of that SQL.
    pub sql_at: usize,
    /// First shown line of the diff, and the part that is being read.
    pub diff_scroll: usize,
    /// See above.
    pub diff_part: usize,
    /// The lines on which the parts of the diff begin.
    pub diff_parts: Vec<usize>,
    /// Rows of the diff after folding and wrapping, and the rows where hunks begin.
    pub diff_rows: usize,
    /// See above.
    pub diff_hunks: Vec<usize>,
    /// The closed folds of the diff: their line, and the first row they hide.
    pub diff_folds: Vec<(usize, usize)>,
    /// How the diff is looked at.
    pub diff_key: Option<DiffKey>,
}

impl HitMap {
    /// Marks a box.
    pub fn add(&mut self, area: Rect, target: Target) {
        self.boxes.push((area, target));
    }

    /// What is under a cell.
    pub fn at(&self, x: u16, y: u16) -> Option<&Target> {
        self.boxes
            .iter()
            .rev()
            .find(|(area, _)| area.contains(Position { x, y }))
            .map(|(_, target)| target)
    }
}

/// What must be read again, when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// Asked for and not answered.
    pub outstanding: bool,
    /// When it was last asked for.
    pub asked: Option<Duration>,
}

/// What a layout depends on besides the history: version rows, orphans, filter.
pub type LayoutKey = (Vec<RevisionId>, Vec<(RevisionId, bool)>, String);

/// Everything.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each with its own key")]
#[derive(Clone, Debug)]
pub struct App {
    /// Settings.
    pub config: Arc<Config>,
    /// Terminal size: columns, rows.
    pub size: (u16, u16),
    /// Colours by meaning.
    pub theme: Theme,
    /// The themes that can be chosen.
    pub themes: Arc<theme::Library>,
    /// The name of the chosen one; another is drawn while it is looked at in the palette.
    pub theme_choice: String,
    /// Another theme is drawn than the chosen one.
    pub previewing: bool,
    /// The theme was chosen here, not by the settings.
    pub theme_kept: bool,
    /// Characters by meaning.
    pub glyphs: Glyphs,
    /// Spinners move.
    pub motion: bool,
    /// Keys.
    pub keymap: Keymap,
    /// The time of the last tick.
    pub now: Now,
    /// The time zone that times of day are shown in.
    pub zone: jiff::tz::TimeZone,
    /// What is known of the outside.
    pub snapshot: Snapshot,
    /// The screen that is shown.
    pub screen: Screen,
    /// The graph screen.
    pub graph: GraphState,
    /// The screen of changes.
    pub pending: PendingState,
    /// The database screen.
    pub database: DatabaseState,
    /// The jobs screen.
    pub jobs: JobsState,
    /// What stands on top of the screen, the last one gets the keys.
    pub layers: Vec<Layer>,
    /// Runs of this session, oldest first.
    pub runs: Vec<JobView>,
    /// Lines that go away by themselves.
    pub toasts: Vec<Toast>,
    /// What limbeck asked of the database.
    pub command_log: VecDeque<LogLine>,
    /// The command log is shown.
    pub show_log: bool,
    /// Share of the list in percent, when two panes are shown.
    pub split: u16,
    /// The mouse is captured.
    pub mouse: bool,
    /// A server action under way: what, its stage, since when.
    pub server_action: Option<(ServerAction, String, Duration)>,
    /// Keys of an unfinished sequence.
    pub pending_keys: Vec<Key>,
    /// A count typed before an action.
    pub count: Option<u32>,
    /// What was found out about scripts that were looked at.
    pub memo: Memo,
    /// When an unused count is forgotten.
    pub count_until: Duration,
    /// The screen on which the count began: its digits may have switched screens on the way.
    pub count_from: Screen,
    /// What the last frame put where.
    pub hits: HitMap,
    /// The next frame would differ.
    pub dirty: bool,
    /// The whole screen must be drawn again, not only what changed.
    pub repaint: bool,
    /// Readings under way, by kind.
    pub polls: [Poll; Refresh::ALL.len()],
    /// When the folders were last looked at.
    pub glanced: Duration,
    /// The newest history; shown as soon as it is laid out.
    pub incoming: Option<Arc<History>>,
    /// Number of the newest layout, review or comparison asked for.
    pub generation: u64,
    /// Number of the layout that is waited for.
    pub layout_wanted: u64,
    /// What the wanted layout was asked for with.
    pub layout_for: Option<LayoutKey>,
    /// Number of the next job.
    pub next_job: JobId,
    /// The server was started by itself once, or the user stopped it: not again.
    pub autostart_done: bool,
    /// The database may be changed; on a prod profile only after that was asked for.
    pub writing: bool,
    /// Terminal has the focus.
    pub focused: bool,
    /// Leave as soon as the running job has ended.
    pub quit_after_job: bool,
    /// The interface has been left.
    pub quitting: bool,
    /// Last used actions of the palette, newest first.
    pub recent: Vec<Action>,
    /// There is an editor to open files with.
    pub editor: bool,
    /// Select the revision of this file when it appears (it was just created).
    pub select_when_seen: Option<PathBuf>,
    /// Ask about the upgrade to the revision of that file when it appears.
    pub apply_when_seen: bool,
    /// Select this revision when it appears (a filter hid it).
    pub select_id_when_seen: Option<RevisionId>,
    /// The side-by-side view's revision changed: it must be compared again.
    pub compare_again: Vec<crate::worker::Job>,
    /// The filter changed: the graph must be laid out again.
    pub refilter: bool,
}

impl App {
    /// The interface before anything is known.
    pub fn new(config: Arc<Config>, theme: Theme, size: (u16, u16)) -> Self {
        let tui = &config.tui;
        let keymap = Keymap::new(&tui.keys);
        Self {
            size,
            theme,
            themes: Arc::default(),
            theme_choice: tui.theme.clone(),
            previewing: false,
            theme_kept: false,
            glyphs: Glyphs::new(tui.ascii),
            motion: tui.motion,
            keymap,
            now: Now::default(),
            zone: jiff::tz::TimeZone::UTC,
            snapshot: Snapshot::default(),
            screen: Screen::Graph,
            graph: GraphState::default(),
            pending: PendingState::default(),
            database: DatabaseState::default(),
            jobs: JobsState::default(),
            layers: Vec::new(),
            runs: Vec::new(),
            toasts: Vec::new(),
            command_log: VecDeque::new(),
            show_log: true,
            split: 60,
            mouse: tui.mouse,
            server_action: None,
            pending_keys: Vec::new(),
            count: None,
            memo: Memo::default(),
            count_until: Duration::ZERO,
            count_from: Screen::Graph,
            hits: HitMap::default(),
            dirty: true,
            repaint: false,
            polls: [Poll::default(); Refresh::ALL.len()],
            glanced: Duration::ZERO,
            incoming: None,
            generation: 0,
            layout_wanted: 0,
            layout_for: None,
            next_job: JobId(1),
            autostart_done: false,
            writing: config.guard != Guard::Prod,
            focused: true,
            quit_after_job: false,
            quitting: false,
            recent: Vec::new(),
            editor: false,
            select_when_seen: None,
            apply_when_seen: false,
            select_id_when_seen: None,
            compare_again: Vec::new(),
            refilter: false,
            config,
        }
    }

    /// Takes over what drawing found out. Changes nothing that the next frame depends on, except
    /// where scrolling starts from.
    pub fn drawn(&mut self, hits: HitMap) {
        self.graph.offset = hits.graph_offset;
        self.pending.offset = hits.pending_offset;
        for layer in &mut self.layers {
            if let Layer::Diff(diff) = layer
                && diff.go_to.take().is_some()
            {
                diff.scroll = hits.diff_scroll;
            }
        }
        self.hits = hits;
        self.dirty = false;
    }

    /// The selected row of the graph.
    pub fn selected_row(&self) -> Option<Row> {
        self.graph.rows.get(self.graph.selected).copied()
    }

    /// The selected revision of the graph, when a file has it.
    pub fn selected_node(&self) -> Option<Node> {
        match self.selected_row()? {
            Row::Revision { node, .. } => Some(node),
            Row::Orphan(_) => None,
        }
    }

    /// The run that is under way.
    pub fn running(&self) -> Option<&JobView> {
        self.runs.iter().rev().find(|job| job.is_running())
    }

    /// The side-by-side layer, when it is the top one.
    pub fn diff(&self) -> Option<&DiffLayer> {
        match self.layers.last() {
            Some(Layer::Diff(diff)) => Some(diff),
            _ => None,
        }
    }

    /// Two panes stand side by side.
    pub fn wide(&self) -> bool {
        self.size.0 >= 100
    }

    /// Picture number of spinners.
    pub fn spin(&self) -> usize {
        if self.motion { (self.now.mono.as_millis() / 100) as usize } else { 0 }
    }

    /// How long ago something was, in one unit; empty when that is not known.
    pub fn age_of(&self, then: Option<jiff::Timestamp>) -> String {
        let Some(then) = then else { return String::new() };
        let ago = self.now.wall.duration_since(then);
        crate::present::age::age(ago.unsigned_abs().min(if ago.is_negative() {
            Duration::ZERO
        } else {
            Duration::MAX
        }))
    }

    /// An id as the interface shows it: eight characters, or as many as tell all revisions apart.
    pub fn short(&self, id: &str) -> String {
        shortened(id, self.id_width())
    }

    /// Columns that such an id takes.
    pub fn id_width(&self) -> usize {
        let history = self.snapshot.history.as_ref();
        history.map_or(SHORTEST_ID, |history| id_length(history))
    }

    /// The id of a revision as the interface shows it.
    pub fn short_node(&self, node: Node) -> String {
        match &self.snapshot.history {
            Some(history) => short_id(history, node),
            None => String::new(),
        }
    }

    /// The lines of the server's log that are shown, oldest first.
    pub fn log_lines(&self) -> Vec<&str> {
        let lines = self.snapshot.log.iter().flat_map(|log| log.iter()).map(String::as_str);
        let filter = self.database.log_filter.to_lowercase();
        lines.filter(|line| filter.is_empty() || line.to_lowercase().contains(&filter)).collect()
    }

    /// The database's name as it is typed to confirm.
    pub fn database_name(&self) -> String {
        self.snapshot
            .overview
            .as_ref()
            .map(|overview| overview.server.database.clone())
            .filter(|name| !name.is_empty())
            .or_else(|| self.config.connection.as_ref().map(|c| c.database.clone()))
            .unwrap_or_else(|| self.config.name.clone())
    }
}
