//! The one topological order (`docs/design/graph.md`, section 5).
