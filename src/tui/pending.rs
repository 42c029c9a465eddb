//! The state of the screen of changes: what was compared, what is chosen, what is being done.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crate::{
    engine,
    plan::rename::Rename,
    schema::Key,
    worker::pending::{Changes, Planned, Risk, Terms},
};

/// The panes of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PendingPane {
    /// The tree of changes.
    #[default]
    List,
    /// The selected object before and after, and its risks.
    Object,
    /// The SQL of the choice.
    Sql,
}

/// A row of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeRow {
    /// A question about a rename, by its index.
    Question(usize),
    /// Something that is renamed, by its index.
    Renamed(usize),
    /// A group, by its index.
    Group(usize),
    /// A change, by its index.
    Item(usize),
    /// The heading of what is not managed.
    Unmanaged,
    /// One thing that is not managed.
    Thing(usize),
}

/// Work that tells its stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// When it began.
    pub since: Duration,
    /// What was done and is being done: the words, and when each began. The last one goes on.
    pub stages: Vec<(String, Duration)>,
    /// It was told to stop.
    pub stopping: bool,
}

impl Progress {
    /// Work that begins now.
    pub fn new(since: Duration) -> Self {
        Self { since, stages: Vec::new(), stopping: false }
    }

    /// A stage was reached. One that differs in its numbers only goes on.
    pub fn reach(&mut self, words: String, now: Duration) {
        let plain = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        match self.stages.last_mut() {
            Some((last, _)) if plain(last) == plain(&words) => *last = words,
            _ => self.stages.push((words, now)),
        }
    }
}

/// A revision that is being proved and written.
#[derive(Clone, Debug)]
pub struct Writing {
    /// How far it is.
    pub progress: Progress,
    /// Its message.
    pub message: String,
    /// It is to be applied as soon as it is written.
    pub apply: bool,
}

/// The screen.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each shown by itself")]
#[derive(Clone, Debug, Default)]
pub struct PendingState {
    /// What differs; none before the first comparison.
    pub changes: Option<Arc<Changes>>,
    /// Why the last comparison failed.
    pub error: Option<Arc<engine::Error>>,
    /// The comparison under way, if one was asked for or is the first.
    pub comparing: Option<Progress>,
    /// Which changes are chosen.
    pub chosen: Vec<bool>,
    /// How the choice is written: forms, and what is accepted.
    pub terms: Terms,
    /// The change whose risks are being accepted: the reason is typed.
    pub asking: Option<Key>,
    /// The SQL stands in the editor.
    pub editing: bool,
    /// What the user chose or gave up, so that it outlives another comparison.
    pub wishes: BTreeMap<Key, bool>,
    /// Answers to questions: the same object under another name, or not.
    pub answers: BTreeMap<Rename, bool>,
    /// Groups that the user opened or closed, by title.
    pub opened: BTreeMap<String, bool>,
    /// What is not managed is listed.
    pub show_unmanaged: bool,
    /// The rows of the tree.
    pub rows: Vec<TreeRow>,
    /// Index of the selected row.
    pub selected: usize,
    /// First row on the screen, as it was last drawn.
    pub offset: usize,
    /// The focus.
    pub pane: PendingPane,
    /// Lines the object pane is scrolled by; none follows the selected change.
    pub object_scroll: Option<usize>,
    /// Lines the SQL is scrolled by; none follows the selected change.
    pub sql_scroll: Option<usize>,
    /// The way down is shown.
    pub show_down: bool,
    /// The plan of the choice.
    pub planned: Option<Arc<Planned>>,
    /// Number of the plan that is waited for.
    pub plan_wanted: u64,
    /// The plan belongs to another choice: the right one is being made.
    pub plan_old: bool,
    /// A revision that is being proved and written.
    pub writing: Option<Writing>,
    /// Models or database changed since.
    pub stale: bool,
}

impl PendingState {
    /// The index of the selected change.
    pub fn item(&self) -> Option<usize> {
        match self.rows.get(self.selected)? {
            TreeRow::Item(index) => Some(*index),
            _ => None,
        }
    }

    /// The SQL as the user edited it.
    pub fn edited(&self) -> Option<&Arc<str>> {
        self.planned.as_ref()?.edited.as_ref()
    }

    /// The part of the objects that belongs to the selected row.
    pub fn part(&self) -> Option<usize> {
        let changes = self.changes.as_ref()?;
        let item = match self.rows.get(self.selected)? {
            TreeRow::Item(index) => *index,
            TreeRow::Group(index) => changes.groups.get(*index)?.items.start,
            _ => return None,
        };
        changes.items.get(item).map(|item| item.part)
    }

    /// How many changes are chosen.
    pub fn chosen(&self) -> usize {
        self.chosen.iter().filter(|chosen| **chosen).count()
    }

    /// How many changes there are of each risk, and how many of those are chosen.
    pub fn count(&self, risk: Risk) -> (usize, usize) {
        let Some(changes) = &self.changes else { return (0, 0) };
        let mut counts = (0, 0);
        for (item, chosen) in changes.items.iter().zip(&self.chosen) {
            if self.terms.risk(item) == risk {
                counts.0 += 1;
                counts.1 += usize::from(*chosen);
            }
        }
        counts
    }

    /// How many changes of a risk were accepted as they are.
    pub fn accepted(&self, risk: Risk) -> usize {
        let items = self.changes.iter().flat_map(|changes| &changes.items);
        let accepted = items.filter(|item| self.terms.accepted.contains_key(&item.key));
        accepted.filter(|item| self.terms.risk(item) == risk).count()
    }

    /// Whether a group is open.
    pub fn is_open(&self, changes: &Changes, group: usize) -> bool {
        let Some(group) = changes.groups.get(group) else { return false };
        *self.opened.get(&group.title).unwrap_or(&!group.whole)
    }

    /// Makes the rows of the tree again.
    pub fn rebuild(&mut self) {
        let selected = self.rows.get(self.selected).copied();
        self.rows.clear();
        let Some(changes) = self.changes.clone() else { return };
        for (index, question) in changes.questions.iter().enumerate() {
            if !self.answers.contains_key(&question.rename) {
                self.rows.push(TreeRow::Question(index));
            }
        }
        self.rows.extend((0..changes.renames.len()).map(TreeRow::Renamed));
        for (index, group) in changes.groups.iter().enumerate() {
            self.rows.push(TreeRow::Group(index));
            if self.is_open(&changes, index) {
                self.rows.extend(group.items.clone().map(TreeRow::Item));
            }
        }
        if !changes.unmanaged.is_empty() {
            self.rows.push(TreeRow::Unmanaged);
            if self.show_unmanaged {
                self.rows.extend((0..changes.unmanaged.len()).map(TreeRow::Thing));
            }
        }
        let found = selected.and_then(|row| self.rows.iter().position(|one| *one == row));
        self.selected = found.unwrap_or(self.selected).min(self.rows.len().saturating_sub(1));
    }

    /// Takes over another comparison: what was selected and chosen stays so, as far as it is there.
    pub fn take(&mut self, changes: &Arc<Changes>) {
        let key = match (&self.changes, self.item()) {
            (Some(old), Some(item)) => old.items.get(item).map(|item| item.key.clone()),
            _ => None,
        };
        let mut chosen = changes.by_default();
        let now: BTreeSet<&Key> = changes.items.iter().map(|item| &item.key).collect();
        self.wishes.retain(|key, _| now.contains(key));
        self.terms.accepted.retain(|key, _| now.contains(key));
        for (index, item) in changes.items.iter().enumerate() {
            match self.wishes.get(&item.key) {
                Some(true) => changes.choose(&mut chosen, index),
                Some(false) => changes.give_up(&mut chosen, index),
                None => 0,
            };
        }
        self.chosen = chosen;
        self.changes = Some(Arc::clone(changes));
        self.error = None;
        self.rows.clear();
        self.rebuild();
        let at = |row: &TreeRow| matches!(row, TreeRow::Item(i) if Some(&changes.items[*i].key) == key.as_ref());
        self.selected = match self.rows.iter().position(at) {
            Some(row) => row,
            // The first change, not its heading.
            None if key.is_none() => {
                self.rows.iter().position(|row| matches!(row, TreeRow::Item(_))).unwrap_or(0)
            }
            None => self.selected.min(self.rows.len().saturating_sub(1)),
        };
        self.object_scroll = None;
        self.sql_scroll = None;
    }
}
