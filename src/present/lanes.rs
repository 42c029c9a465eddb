//! The graph's drawing: one row per revision, lanes as box characters (`docs/design/lanes.md`).

/// Which characters the graph is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Box-drawing characters.
    #[default]
    Unicode,
    /// Plain ASCII.
    Ascii,
}

/// What is known about a revision, as its one mark in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Applied.
    Applied,
    /// Not applied.
    Pending,
    /// Applied, and a version row of the database.
    Current,
    /// An applied merge.
    MergeApplied,
    /// A merge that is not applied.
    MergePending,
    /// In the database, in no file.
    Orphan,
    /// The last try failed, or stopped half-way.
    Failed,
}

impl Mark {
    /// The mark's one character.
    pub fn glyph(self, charset: Charset) -> &'static str {
        match (charset, self) {
            (Charset::Unicode, Self::Applied) => "●",
            (Charset::Unicode, Self::Pending) => "○",
            (Charset::Unicode, Self::Current) => "◉",
            (Charset::Unicode, Self::MergeApplied) => "◆",
            (Charset::Unicode, Self::MergePending) => "◇",
            (Charset::Unicode, Self::Orphan) => "◌",
            (Charset::Unicode, Self::Failed) => "✖",
            (Charset::Ascii, Self::Applied) => "*",
            (Charset::Ascii, Self::Pending) => "o",
            (Charset::Ascii, Self::Current) => "@",
            (Charset::Ascii, Self::MergeApplied) => "M",
            (Charset::Ascii, Self::MergePending) => "m",
            (Charset::Ascii, Self::Orphan) => "?",
            (Charset::Ascii, Self::Failed) => "x",
        }
    }

    /// The mark in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Current => "current",
            Self::MergeApplied => "applied merge",
            Self::MergePending => "pending merge",
            Self::Orphan => "no file",
            Self::Failed => "failed",
        }
    }
}

/// The laid-out graph.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Rows, newest first.
    pub rows: Vec<Row>,
}

/// One row of the graph.
#[derive(Clone, Debug)]
pub struct Row {
    /// The revision.
    pub node: crate::revision::Node,
}
