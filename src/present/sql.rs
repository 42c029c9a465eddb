//! Which parts of an SQL text are keywords, strings, comments: what a theme colours.
