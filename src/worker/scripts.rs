//! The two scripts of a revision, to be looked at together.

use std::sync::Arc;

use crate::{
    present::diff::Diff,
    revision::{Direction, Script},
};

/// The way up and the way down. Side by side, lines that are alike stand next to each other; one
/// below the other, that would tear both apart: there each stands whole, under its name.
#[derive(Clone, Debug)]
pub struct Scripts {
    /// Side by side.
    pub beside: Arc<Diff>,
    /// One below the other.
    pub below: Arc<Diff>,
}

impl Scripts {
    /// Compares them.
    pub fn of(script: &Script) -> Self {
        let [up, down] = [Direction::Up, Direction::Down].map(|way| script.readable(way));
        let undo = match script.sections(Direction::Down) {
            None => "down: none, cannot be undone",
            Some(_) if down.is_empty() => "down: nothing",
            Some(_) => "down",
        };
        let title = if up.is_empty() { "up: nothing" } else { "up" };
        let below = Diff::of_parts([(title, up.as_str(), ""), (undo, "", down.as_str())]);
        Self { beside: Arc::new(Diff::new(&up, &down)), below: Arc::new(below) }
    }
}
