//! Where each object of a snapshot stands, who needs it, and what stands on it.
//!
//! Made once for a list of objects, when first asked for: what looks at many objects would search
//! the sorted list by name again and again.

use std::{collections::HashMap, ops::Range, sync::Arc};

use super::{Key, KindId, Object, key::KeyMap};

/// Positions of objects in the sorted list of their snapshot.
#[derive(Debug)]
pub(super) struct Links {
    at: KeyMap<u32>,
    /// Where the objects of each kind begin and end.
    kinds: HashMap<KindId, Range<usize>>,
    dependents: Lists,
    parts: Lists,
}

impl Links {
    pub(super) fn new(objects: &[Arc<Object>]) -> Self {
        let mut at = KeyMap::default();
        at.reserve(objects.len());
        at.extend((0..).zip(objects).map(|(position, object)| (object.key.clone(), position)));
        let mut needed: Vec<(u32, u32)> = Vec::with_capacity(objects.len() * 2);
        let mut stands: Vec<(u32, u32)> = Vec::with_capacity(objects.len());
        for (position, object) in (0..).zip(objects) {
            let of = |key| at.get(key).map(|whom| (*whom, position));
            needed.extend(object.needs.iter().filter_map(of));
            stands.extend(object.parent.as_ref().and_then(of));
        }
        let mut kinds: HashMap<KindId, Range<usize>> = HashMap::new();
        let mut begin = 0;
        for kind in objects.chunk_by(|a, b| a.key.kind() == b.key.kind()) {
            let end = begin + kind.len();
            kinds.insert(kind[0].key.kind(), begin..end);
            begin = end;
        }
        let dependents = Lists::new(objects.len(), &needed);
        Self { at, kinds, dependents, parts: Lists::new(objects.len(), &stands) }
    }

    /// Where the object with this key stands.
    pub(super) fn position(&self, key: &Key) -> Option<usize> {
        self.at.get(key).map(|at| *at as usize)
    }

    /// Where the objects of a kind stand.
    pub(super) fn kind(&self, kind: KindId) -> Range<usize> {
        self.kinds.get(&kind).cloned().unwrap_or_default()
    }

    /// Those that need the object with this key, in the order of the list.
    pub(super) fn dependents(&self, key: &Key) -> &[u32] {
        self.position(key).map_or(&[], |at| self.dependents.of(at))
    }

    /// Those whose parent it is, in the order of the list.
    pub(super) fn parts(&self, key: &Key) -> &[u32] {
        self.position(key).map_or(&[], |at| self.parts.of(at))
    }
}

/// A list for each of many numbers, one behind the other.
#[derive(Debug)]
struct Lists {
    /// Where each list begins; the last is where the last one ends.
    begins: Vec<u32>,
    members: Vec<u32>,
}

impl Lists {
    /// Takes pairs of a list's number and a member; members stay in the order of the pairs.
    fn new(count: usize, pairs: &[(u32, u32)]) -> Self {
        let mut begins = vec![0_u32; count + 1];
        for (list, _) in pairs {
            begins[*list as usize + 1] += 1;
        }
        for at in 0..count {
            begins[at + 1] += begins[at];
        }
        let mut next = begins.clone();
        let mut members = vec![0; pairs.len()];
        for (list, member) in pairs {
            let at = &mut next[*list as usize];
            members[*at as usize] = *member;
            *at += 1;
        }
        Self { begins, members }
    }

    fn of(&self, list: usize) -> &[u32] {
        &self.members[self.begins[list] as usize..self.begins[list + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_the_order_of_the_pairs() {
        let lists = Lists::new(4, &[(2, 7), (0, 1), (2, 3), (3, 9)]);
        let all: Vec<_> = (0..4).map(|list| lists.of(list)).collect();
        assert_eq!(all, [&[1][..], &[], &[7, 3], &[9]]);
    }
}
