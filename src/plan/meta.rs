//! Owner, comment, grants and labels: the same for every kind of object.

use crate::schema::{Object, Snapshot, Step};

/// The steps that give a newly made object its owner, comment, grants, labels and marks.
///
/// A new object belongs to the role that makes it (`old.role`) and has the rights that PostgreSQL
/// gives by default, changed by the default privileges in force in `old`.
pub fn create(_new: &Object, _old_schema: &Snapshot, _new_schema: &Snapshot) -> Vec<Step> {
    Vec::new()
}

/// The steps that lead from the old owner, comment, grants, labels and marks to the new ones.
pub fn alter(
    _old: &Object,
    _new: &Object,
    _old_schema: &Snapshot,
    _new_schema: &Snapshot,
) -> Vec<Step> {
    Vec::new()
}
