//! What is expensive to find out about a revision's text, found out once when it is first looked at:
//! the scan of its statements, and the colours of its script.
//!
//! The answers depend on the text alone, so drawing stays a pure function of the state; they are
//! forgotten when the revisions are read again.

use std::{
    cell::LazyCell,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::{
    engine::{Overview, overview::Edit},
    hazard::Told,
    pg::impact::{Impact, LockMode, script_impact_knowing},
    present::{
        diff::{
            Diff,
            fold::{CONTEXT, Folds},
            wrap::{Form, Layout},
        },
        safe::{display_safe, display_safe_lines},
        sql::{self, Span},
    },
    revision::{Direction, History, Node},
};

/// Characters of an id that are shown at least.
pub const SHORTEST_ID: usize = 8;
/// Characters of an id that are shown at most: what a list can spare.
pub const LONGEST_ID: usize = 20;
/// Bytes of a script that are shown beside the graph; the file itself is one key away.
const SHOWN: usize = 64 * 1024;
/// Bytes of a script that are scanned for locks while it is only looked at.
const SCANNED: usize = 1024 * 1024;

/// Revisions that are looked through for the type that a column has.
const TOLD: usize = 300;
/// Pending revisions that are looked through for what they touch.
const PENDING: usize = 200;
/// Revisions that are counted on the way to or from one; more are not told apart.
pub const COUNTED: usize = 10_000;
/// Revisions whose scripts are remembered.
const REMEMBERED: usize = 2_000;

/// One script, ready to be drawn.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Lines, safe to show, with their colours.
    pub lines: Vec<(String, Vec<Span>)>,
    /// Lines that are left out at the end.
    pub more: usize,
    /// Statements.
    pub statements: usize,
    /// All sections are transactional.
    pub transactional: bool,
    /// What it locks, rewrites and loses; the strongest first.
    pub impacts: Vec<Impact>,
    /// The script is too large for that, or cannot be split.
    pub unscanned: bool,
}

/// A risk of a script, in two or three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hazard {
    /// Data is lost.
    LosesData,
    /// A table is written anew.
    Rewrite,
    /// Reads and writes wait.
    BlocksAll,
    /// Writes wait.
    BlocksWrites,
    /// Cannot be rolled back as a whole.
    NoTransaction,
}

impl Hazard {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::LosesData => "loses data",
            Self::Rewrite => "table rewrite",
            Self::BlocksAll => "blocks reads and writes",
            Self::BlocksWrites => "blocks writes",
            Self::NoTransaction => "not in a transaction",
        }
    }
}

impl Text {
    fn new(history: &History, node: Node, direction: Direction) -> Self {
        let script = &history.revision(node).script;
        let readable = script.readable(direction);
        let mut end = readable.len().min(SHOWN);
        while !readable.is_char_boundary(end) {
            end -= 1;
        }
        let shown = display_safe_lines(&readable[..end]);
        let lines: Vec<(String, Vec<Span>)> =
            shown.lines().map(str::to_owned).zip(sql::lines(&shown)).collect();
        let sections = script.sections(direction).unwrap_or_default();
        let mut text = Self {
            lines,
            more: readable[end..].lines().count(),
            transactional: sections.iter().all(|section| section.transactional),
            unscanned: script.text.len() > SCANNED,
            ..Self::default()
        };
        if !text.unscanned {
            let mut statements = Vec::new();
            for section in sections {
                match script.statements(section) {
                    Ok(found) => statements.extend(found.into_iter().map(|s| s.range)),
                    Err(_) => text.unscanned = true,
                }
            }
            text.statements = statements.len();
            let texts: Vec<&str> =
                statements.iter().map(|range| &script.text[range.clone()]).collect();
            let told = LazyCell::new(|| Told::below(history, node, direction, TOLD));
            text.impacts =
                script_impact_knowing(texts.iter().copied(), |retyped| told.keeps(&texts, retyped));
        }
        text
    }

    /// The risks, the worst first.
    pub fn hazards(&self) -> Vec<Hazard> {
        let mut found = Vec::new();
        for impact in &self.impacts {
            if impact.loses.is_some() {
                found.push(Hazard::LosesData);
            }
            if impact.rewrites {
                found.push(Hazard::Rewrite);
            }
            // An exclusive lock for an instant is nothing to warn of; one for a scan or rewrite is.
            if impact.rewrites || impact.scans {
                match impact.lock {
                    Some(LockMode::AccessExclusive) => found.push(Hazard::BlocksAll),
                    Some(mode) if mode.blocks().is_some() => found.push(Hazard::BlocksWrites),
                    _ => {}
                }
            }
        }
        if !self.transactional {
            found.push(Hazard::NoTransaction);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Both scripts of a revision.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What upgrades.
    pub up: Text,
    /// What downgrades; none when it cannot be undone.
    pub down: Option<Text>,
}

impl Facts {
    /// The script of a direction.
    pub fn text(&self, direction: Direction) -> Option<&Text> {
        match direction {
            Direction::Up => Some(&self.up),
            Direction::Down => self.down.as_ref(),
        }
    }
}

/// How a comparison is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffKey {
    /// Split or unified, and how wide.
    pub form: Form,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// All folds are open.
    pub unfold_all: bool,
    /// Folds that are open, by their first row.
    pub unfolded: BTreeSet<usize>,
}

/// What of a comparison is on show, and on which line.
#[derive(Debug, Default)]
pub struct DiffView {
    /// Open and closed folds.
    pub folds: Folds,
    /// Lines of what is on show.
    pub layout: Layout,
}

/// What is remarkable about the states of an overview. With very many revisions, looking through all
/// of them for each frame would be felt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Files that changed after they were applied, in what runs upwards: the first, and how many.
    pub edited: Option<(Node, usize)>,
    /// Put in below what is applied, and never run.
    pub skipped: Option<(Node, usize)>,
    /// Stopped halfway, with how many statements were done.
    pub partial: Option<(Node, usize)>,
    /// The first of them with a statement whose outcome is in doubt.
    pub doubt: Option<Node>,
    /// Failed, with nothing kept.
    pub failed: usize,
    /// The first pending ones, in the order of the files.
    pub pending: Vec<Node>,
}

impl Remarks {
    fn new(overview: &Overview) -> Self {
        let mut found = Self::default();
        let count = |slot: &mut Option<(Node, usize)>, node| {
            slot.get_or_insert((node, 0)).1 += 1;
        };
        for (index, state) in overview.states.iter().enumerate() {
            let node = Node(index as u32);
            if state.edited == Some(Edit::Up) {
                count(&mut found.edited, node);
            }
            if state.skipped {
                count(&mut found.skipped, node);
            }
            if state.partial.is_some() {
                count(&mut found.partial, node);
            }
            if state.doubt.is_some() {
                found.doubt.get_or_insert(node);
            }
            found.failed += usize::from(state.failed.is_some() && state.partial.is_none());
            if !state.applied && found.pending.len() < PENDING {
                found.pending.push(node);
            }
        }
        found
    }
}

/// Facts by revision, for one reading of the files; the last comparison that was looked at; and how
/// far the last selected revision was from the database.
#[derive(Debug, Default)]
pub struct Memo(Mutex<Known>, Mutex<Option<Seen>>, Mutex<Option<Far>>, Mutex<Option<Remarked>>);

/// The remarks about an overview.
///
/// Held weakly, so that an overview that a run changes is changed in place and not copied.
type Remarked = (Weak<Overview>, Arc<Remarks>);

/// How many revisions an upgrade to a node runs, and how many come after it.
#[derive(Debug)]
struct Far {
    overview: Weak<Overview>,
    node: Node,
    counts: (usize, usize),
}

#[derive(Debug)]
struct Seen {
    diff: Arc<Diff>,
    key: DiffKey,
    view: Arc<DiffView>,
}

#[derive(Debug, Default)]
struct Known {
    history: Option<Arc<History>>,
    facts: BTreeMap<Node, Arc<Facts>>,
    branches: BTreeMap<Node, Option<String>>,
}

impl Known {
    /// What is known of this history; everything else is forgotten.
    fn of(&mut self, history: &Arc<History>) -> &mut Self {
        if !self.history.as_ref().is_some_and(|held| Arc::ptr_eq(held, history)) {
            *self = Self { history: Some(Arc::clone(history)), ..Self::default() };
        }
        self
    }
}

impl Clone for Memo {
    /// A copy begins empty: it is only a memory of what can be found out again.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Memo {
    /// The facts of a revision of this history.
    pub fn facts(&self, history: &Arc<History>, node: Node) -> Arc<Facts> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.of(history).facts.len() >= REMEMBERED {
            known.facts.clear();
        }
        let facts = known.of(history).facts.entry(node).or_insert_with(|| {
            let down = history.revision(node).script.down.is_some();
            Arc::new(Facts {
                up: Text::new(history, node, Direction::Up),
                down: down.then(|| Text::new(history, node, Direction::Down)),
            })
        });
        Arc::clone(facts)
    }

    /// What of a comparison is on show.
    pub fn diff_view(&self, diff: &Arc<Diff>, key: &DiffKey) -> Arc<DiffView> {
        let mut seen = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_ref().filter(|s| Arc::ptr_eq(&s.diff, diff) && s.key == *key) {
            return Arc::clone(&seen.view);
        }
        let mut folds = Folds::new(diff, CONTEXT);
        if key.unfold_all {
            folds.set_all(true);
        }
        for row in &key.unfolded {
            folds.reveal(*row);
        }
        let layout = Layout::new(diff, &folds, key.form, key.wrap);
        let view = Arc::new(DiffView { folds, layout });
        *seen = Some(Seen { diff: Arc::clone(diff), key: key.clone(), view: Arc::clone(&view) });
        view
    }

    /// What is remarkable about an overview.
    pub fn remarks(&self, overview: &Arc<Overview>) -> Arc<Remarks> {
        let mut told = self.3.lock().unwrap_or_else(PoisonError::into_inner);
        match &*told {
            Some((known, remarks)) if std::ptr::eq(known.as_ptr(), Arc::as_ptr(overview)) => {
                Arc::clone(remarks)
            }
            _ => {
                let remarks = Arc::new(Remarks::new(overview));
                *told = Some((Arc::downgrade(overview), Arc::clone(&remarks)));
                remarks
            }
        }
    }

    /// How many pending revisions an upgrade to a node runs, itself among them, and how many stand
    /// on it.
    pub fn distance(
        &self,
        history: &Arc<History>,
        overview: &Arc<Overview>,
        node: Node,
    ) -> (usize, usize) {
        let mut far = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(far) = far
            .as_ref()
            .filter(|f| std::ptr::eq(f.overview.as_ptr(), Arc::as_ptr(overview)) && f.node == node)
        {
            return far.counts;
        }
        let graph = history.graph();
        // What an applied revision stands on is applied too: the way ends there.
        let pending = |node: Node| !overview.states.get(node.index()).is_some_and(|s| s.applied);
        let reach = |up: bool| {
            let mut seen = vec![false; graph.len()];
            let mut open = vec![node];
            let mut count = 0_usize;
            while let Some(node) = open.pop() {
                if count > COUNTED {
                    break;
                }
                if std::mem::replace(&mut seen[node.index()], true) || !pending(node) {
                    continue;
                }
                count += 1;
                if up {
                    open.extend(graph.all_children(node));
                } else {
                    open.extend(graph.parents(node));
                    open.extend(graph.dependencies(node));
                }
            }
            count
        };
        let counts = (reach(false), reach(true).saturating_sub(1));
        *far = Some(Far { overview: Arc::downgrade(overview), node, counts });
        counts
    }

    /// The label of the line of first parents that a revision ends: the nearest one declared on the
    /// way down. Other labels that hold for it came in by merges.
    pub fn branch(&self, history: &Arc<History>, node: Node) -> Option<String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let branch = known.of(history).branches.entry(node).or_insert_with(|| {
            let graph = history.graph();
            let mut at = Some(node);
            // A circle of broken files must not hold us.
            for _ in 0..=graph.len() {
                let label = graph.declared_labels(at?).first();
                if label.is_some() {
                    return label.cloned();
                }
                at = graph.parents(at?).first().copied();
            }
            None
        });
        branch.clone()
    }
}

/// How many characters of an id tell all revisions apart, within limits.
pub fn id_length(history: &History) -> usize {
    history.names().telling().clamp(SHORTEST_ID, LONGEST_ID)
}

/// An id as lists show it.
pub fn short_id(history: &History, node: Node) -> String {
    shortened(history.graph().id(node).as_str(), id_length(history))
}

/// The beginning of an id, safe to show.
pub fn shortened(id: &str, length: usize) -> String {
    let end = id.char_indices().nth(length).map_or(id.len(), |(at, _)| at);
    display_safe(&id[..end]).into_owned()
}
