//! What the functions of a kind may look at beside the object itself.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use crate::schema::{Key, KeyMap, Snapshot};

/// What the functions of a kind may look at.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// The schema that the plan starts from.
    pub old: &'a Snapshot,
    /// The schema that it leads to.
    pub new: &'a Snapshot,
    /// Changes to existing tables take the form that lets others work meanwhile
    /// (`CONCURRENTLY`, `NOT VALID` and `VALIDATE`).
    pub online: bool,
    /// Relations whose changes take the direct form all the same.
    pub direct: &'a BTreeSet<Key>,
    /// Tells which objects are built by this plan; see [`Cx::fresh`].
    pub(crate) built: &'a (dyn Fn(&Key) -> bool + Sync),
    /// What was found out under these very circumstances.
    pub(crate) memo: &'a Memo,
}

/// Answers about one object that are asked for again by many: about the index of a partitioned table
/// by each of its partitions' indexes.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<KeyMap<bool>>);

impl Memo {
    /// The answer about an object, worked out once. There is one question only that is worth it.
    pub(crate) fn recall(&self, key: &Key, work_out: impl FnOnce() -> bool) -> bool {
        let answers = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It is let go of while others are asked.
        let known = answers().get(key).copied();
        known.unwrap_or_else(|| {
            let answer = work_out();
            answers().insert(key.clone(), answer);
            answer
        })
    }
}

/// No relation.
pub static NONE: BTreeSet<Key> = BTreeSet::new();

impl Cx<'_> {
    /// Whether this plan itself makes the object (usually a table), so that nobody can be using
    /// it yet and the direct form is right. Known for certain in `create` and `drop`; in `alter`
    /// and `respond` only for what the old schema has not.
    pub fn fresh(&self, key: &Key) -> bool {
        !self.old.contains(key) || (self.built)(key)
    }

    /// Whether the online form should be used for a change to `relation`.
    pub fn careful(&self, relation: &Key) -> bool {
        self.online && !self.direct.contains(relation) && !self.fresh(relation)
    }

    /// `server_version_num` of the server that the plan is for.
    pub fn version(&self) -> u32 {
        self.old.version
    }
}
