//! What a kind answers when it is asked about one of its objects.

use crate::schema::{Key, Object, Step};

/// What DDL calls an object: `TABLE public.account`, `CONSTRAINT c ON public.account`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `TABLE`, `MATERIALIZED VIEW`.
    pub noun: &'static str,
    /// `public.account`, `c ON public.account`, `public.f(integer)`.
    pub name: String,
}

impl Call {
    /// Makes one.
    pub fn new(noun: &'static str, name: impl Into<String>) -> Self {
        Self { noun, name: name.into() }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.noun, self.name)
    }
}

/// What rights are granted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTarget {
    /// The letter of `acldefault`: `r` table, `c` column, `s` sequence, `f` function, `T` type,
    /// `n` schema, `l` language, `F` foreign-data wrapper, `S` server.
    pub class: char,
    /// What stands after ON: `TABLE public.account`. For a column, its table's.
    pub on: String,
    /// The column, quoted, for rights on a column: `SELECT (email)`.
    pub column: Option<String>,
}

/// What turns an old object into a new one.
#[derive(Debug)]
pub enum Alter {
    /// These steps; nothing that depends on it notices.
    InPlace(Vec<Step>),
    /// These steps, and what depends on it is asked how it answers to the change.
    Around(Vec<Step>, Change),
    /// It must be dropped and made again (or swapped, where it holds data).
    Replace,
    /// So must the whole that it is part of.
    ReplaceParent,
}

/// What happened to something that others depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is dropped for good.
    Gone,
    /// It is dropped and made again.
    Replaced,
    /// The old one was renamed, a new one was made beside it, the old one is dropped at the end.
    Swapped,
    /// A column's type changes (or an attribute's).
    Retyped {
        /// Only the type modifier or the like changed, and PostgreSQL keeps indexes and checks:
        /// `varchar(10)` to `varchar(20)`.
        compatible: bool,
    },
    /// It changes in place in a way that those which have its shape built in must be made again:
    /// a view whose columns change.
    Reshaped,
}

/// Something that an object needs, and what happens to it.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// As it was.
    pub old: &'a Object,
    /// As it will be; none when it goes.
    pub new: Option<&'a Object>,
    /// What happens.
    pub change: Change,
}

/// How an object answers when something that it needs changes.
#[derive(Debug)]
pub enum Response {
    /// It stays as it is; PostgreSQL takes care.
    Stay,
    /// It is dropped before and made again after.
    Rebuild,
    /// The same for what it stands on: an attribute whose composite type must be made again.
    RebuildParent,
    /// It takes these steps after the change (before the drop, when what it needed goes), and
    /// those that depend on it are asked in turn if it changes so itself.
    Adapt(Vec<Step>, Option<Change>),
    /// It lets go of what is dropped by the first steps, and takes up what is made again by the
    /// second: a domain's default that calls a function.
    Detach(Vec<Step>, Vec<Step>),
}

/// How an object with contents is exchanged for another of its name.
#[derive(Debug, Default)]
pub struct Swap {
    /// Renames the old one.
    pub aside: Vec<Step>,
    /// Takes the contents over, after the new one is built; may be empty.
    pub carry: Vec<Step>,
    /// What must be built before `carry` can run: the partitions that take the rows up.
    pub carry_after: Vec<Key>,
    /// What must not be dropped before `carry` has run: the partitions that hold the rows.
    pub carry_before: Vec<Key>,
    /// What the old one stands under no more once it stepped aside: its parts need nothing of that
    /// any longer.
    pub severs: Vec<Key>,
    /// Drops the old one under its temporary name.
    pub drop: Vec<Step>,
}

/// A name in a namespace that several kinds share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// "relation" (tables, views, sequences, indexes, composite types), "type", "routine",
    /// "constraint" (on a relation).
    pub space: &'static str,
    /// The name within: schema and name, relation where it matters.
    pub name: Vec<String>,
}

impl Slot {
    /// Makes one.
    pub fn new<const N: usize>(space: &'static str, name: [&str; N]) -> Self {
        Self { space, name: name.map(str::to_owned).to_vec() }
    }
}
