//! The differences between two snapshots, object by object.

use std::{cmp::Ordering, sync::Arc};

use super::{Key, Object, Snapshot};

/// What happened to one object.
#[derive(Clone, Debug)]
pub enum Delta<'a> {
    /// Only the new snapshot has it.
    Added(&'a Arc<Object>),
    /// Only the old one had it.
    Removed(&'a Arc<Object>),
    /// Both have it, with other attributes, owner, comment or rights.
    Changed(&'a Arc<Object>, &'a Arc<Object>),
}

impl<'a> Delta<'a> {
    /// The object's key.
    pub fn key(&self) -> &'a Key {
        match self {
            Self::Added(o) | Self::Removed(o) | Self::Changed(o, _) => &o.key,
        }
    }
}

/// Returns the differences, sorted by key; what is equal costs one comparison of numbers.
pub fn diff<'a>(old: &'a Snapshot, new: &'a Snapshot) -> Vec<Delta<'a>> {
    let (mut a, mut b) = (old.objects().iter().peekable(), new.objects().iter().peekable());
    let mut out = Vec::new();
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return out,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            // Most are, and that is seen at a glance.
            (Some(one), Some(other)) if one.alike(other) => {
                a.next();
                b.next();
                continue;
            }
            (Some(a), Some(b)) => a.key.cmp(&b.key),
        };
        match order {
            Ordering::Less => out.extend(a.next().map(Delta::Removed)),
            Ordering::Greater => out.extend(b.next().map(Delta::Added)),
            Ordering::Equal => {
                if let (Some(a), Some(b)) = (a.next(), b.next())
                    && !a.equal(b)
                {
                    out.push(Delta::Changed(a, b));
                }
            }
        }
    }
}
