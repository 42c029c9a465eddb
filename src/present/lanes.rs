//! The graph's drawing: one row per revision, lanes as box characters (`docs/design/lanes.md`).
