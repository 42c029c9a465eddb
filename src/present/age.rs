//! Ages and durations in few characters.
