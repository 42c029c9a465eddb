//! The one character that stands for a revision, and the character sets.

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

impl Mark {
    /// The mark of a revision that has a file.
    pub fn new(applied: bool, merge: bool) -> Self {
        match (applied, merge) {
            (true, true) => Self::MergeApplied,
            (true, false) => Self::Applied,
            (false, true) => Self::MergePending,
            (false, false) => Self::Pending,
        }
    }

    /// The same revision, if `current` is true as a version row of the database.
    #[must_use]
    pub fn current(self, current: bool) -> Self {
        if current { Self::Current } else { self }
    }

    /// The same revision, if `failed` is true as one whose last try failed: that comes first.
    #[must_use]
    pub fn failed(self, failed: bool) -> Self {
        if failed { Self::Failed } else { self }
    }

    /// Whether the database has it.
    pub fn is_applied(self) -> bool {
        matches!(self, Self::Applied | Self::Current | Self::MergeApplied | Self::Orphan)
    }
}
