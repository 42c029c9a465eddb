//! What a statement locks, rewrites and loses, as far as its words tell.
//!
//! Measured facts, not guesses; where the words do not tell (the type change of an unknown column),
//! the worse case is given. See `docs/design/impact.md`.

/// Table lock modes, weakest first (PostgreSQL manual, "Explicit Locking").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// `ACCESS SHARE`
    AccessShare,
    /// `ROW SHARE`
    RowShare,
    /// `ROW EXCLUSIVE`
    RowExclusive,
    /// `SHARE UPDATE EXCLUSIVE`
    ShareUpdateExclusive,
    /// `SHARE`
    Share,
    /// `SHARE ROW EXCLUSIVE`
    ShareRowExclusive,
    /// `EXCLUSIVE`
    Exclusive,
    /// `ACCESS EXCLUSIVE`
    AccessExclusive,
}

impl LockMode {
    /// The name as SQL writes it.
    pub fn as_str(self) -> &'static str {
        todo!("helper A")
    }

    /// What waits meanwhile, in words: "reads and writes", "writes", or nothing.
    pub fn blocks(self) -> Option<&'static str> {
        todo!("helper A")
    }
}

/// The effect of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// The object that is locked, as written.
    pub object: Option<String>,
    /// The strongest lock on an existing table.
    pub lock: Option<LockMode>,
    /// The table is rewritten.
    pub rewrites: bool,
    /// The table is scanned under that lock.
    pub scans: bool,
    /// Data is lost, in a word ("drops table account"); none when nothing is.
    pub loses: Option<String>,
}

/// Tells the impact of `statement`. Locks on tables that the same script created (`created`) do not count.
pub fn impact(statement: &str) -> Impact {
    let _ = statement;
    todo!("helper A")
}

/// The impact of a whole script: one entry per object, the strongest first. Objects made by the
/// script itself are left out, for nobody else can wait for them.
pub fn script_impact<'a>(statements: impl IntoIterator<Item = &'a str>) -> Vec<Impact> {
    let _ = statements.into_iter();
    todo!("helper A")
}
