//! What a frame put where, and how far it scrolled: what the next event must know of drawing.

use ratatui::layout::{Position, Rect};

use super::{
    action::Action,
    pending::PendingPane,
    screen::{Pane, Screen, Section},
    widget::memo::DiffKey,
};

/// Something on the screen that a click means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A tab.
    Screen(Screen),
    /// Row of the graph's list, an index in [`GraphState::rows`](super::app::GraphState::rows).
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
