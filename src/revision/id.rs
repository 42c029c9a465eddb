//! Revision ids.

use std::{fmt, sync::Arc};

/// The id of a revision: any text without `@`, `-`, `+` and `:`; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevisionId(Arc<str>);

impl RevisionId {
    /// Wraps an id; the rules are checked where files are read.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new random id: 12 hex digits from the system's random source.
    pub fn random() -> Self {
        todo!("helper B")
    }
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
