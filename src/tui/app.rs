//! The whole state of the interface. `update` alone changes it; views only read it.

use std::{collections::VecDeque, path::PathBuf, sync::Arc, time::Duration};

use super::{
    action::Action,
    event::Now,
    glyph::Glyphs,
    keymap::{Key, Keymap},
    layer::{DiffLayer, Layer},
    pending::PendingState,
    progress::JobView,
    theme::{self, Theme},
    widget::{
        Memo,
        memo::{SHORTEST_ID, id_length, short_id, shortened},
    },
};
pub use super::{
    hits::{HitMap, Target},
    message::{About, LogEnd, LogLine, Toast, Tone},
    screen::{
        DatabaseState, GraphState, JobsState, Pane, Row, Screen, Section, TableOrder, WouldRun,
    },
    snapshot::Snapshot,
};
use crate::{
    config::{Config, Guard},
    engine::Overview,
    revision::{History, Node, RevisionId},
    server::State,
    worker::{JobId, Refresh, ServerAction},
};

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
    /// What the database said about a history that is not laid out yet.
    pub early: Option<(Arc<History>, Arc<Overview>)>,
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
            early: None,
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

    /// Nobody has chosen yet how to begin: what is lacking is no fault.
    pub fn welcomes(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Welcome(_)))
    }

    /// The project's server was never started: there is nothing that could be out of reach.
    pub fn never_started(&self) -> bool {
        self.snapshot.server.as_ref().is_some_and(|status| status.state == State::Absent)
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
