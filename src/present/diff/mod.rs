//! Side-by-side diffs: lines, row pairing, word emphasis, folding, wrapping.
