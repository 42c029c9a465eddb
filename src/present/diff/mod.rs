//! Side-by-side diffs: lines, row pairing, word emphasis, folding, wrapping.

/// A comparison of two texts.
#[derive(Clone, Debug, Default)]
pub struct Diff {}
