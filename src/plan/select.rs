//! Some of the changes instead of all: which others a choice carries with it, and the schema that
//! the chosen ones lead to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::schema::{Delta, Key, Object, Snapshot, diff};

/// The changes between two schemas, of which some are chosen.
#[derive(Debug)]
pub struct Selection<'a> {
    old: &'a Snapshot,
    deltas: BTreeMap<&'a Key, Delta<'a>>,
    /// Which changes a change needs to be chosen too.
    needs: HashMap<&'a Key, Vec<&'a Key>>,
    /// The other way round.
    needed_by: HashMap<&'a Key, Vec<&'a Key>>,
}

impl<'a> Selection<'a> {
    /// Takes the changes from `old` to `new`.
    pub fn new(old: &'a Snapshot, new: &'a Snapshot) -> Self {
        let deltas: BTreeMap<_, _> = diff(old, new).into_iter().map(|d| (d.key(), d)).collect();
        let mut needs: HashMap<&Key, Vec<&Key>> = HashMap::new();
        let mut edge = |who: &'a Key, whom: &'a Key| needs.entry(who).or_default().push(whom);
        for (key, delta) in &deltas {
            // What is new needs what is new below it; so does what changes.
            if let Delta::Added(object) | Delta::Changed(_, object) = delta {
                for need in &object.needs {
                    if let Some((need, Delta::Added(_))) = deltas.get_key_value(need) {
                        edge(key, need);
                    }
                }
            }
            // What goes needs those gone, or changed, that stood on it.
            if let Delta::Removed(object) | Delta::Changed(object, _) = delta {
                for need in &object.needs {
                    if let Some((need, Delta::Removed(_))) = deltas.get_key_value(need) {
                        edge(need, key);
                    }
                }
            }
        }
        let mut needed_by: HashMap<&Key, Vec<&Key>> = HashMap::new();
        for key in deltas.keys() {
            for need in needs.get(key).into_iter().flatten() {
                needed_by.entry(need).or_default().push(key);
            }
        }
        Self { old, deltas, needs, needed_by }
    }

    /// Every change, by the key of its object.
    pub fn changes(&self) -> impl Iterator<Item = &Delta<'a>> {
        self.deltas.values()
    }

    /// The changes that this one needs directly.
    pub fn needs(&self, key: &Key) -> &[&'a Key] {
        self.needs.get(key).map_or(&[], Vec::as_slice)
    }

    /// Chooses `key` and all that it needs.
    pub fn choose(&self, chosen: &mut BTreeSet<Key>, key: &Key) {
        Self::spread(&self.needs, key, |key| chosen.insert(key.clone()));
    }

    /// Gives up `key` and all that needs it.
    pub fn give_up(&self, chosen: &mut BTreeSet<Key>, key: &Key) {
        chosen.remove(key);
        Self::spread(&self.needed_by, key, |other| other == key || chosen.remove(other));
    }

    fn spread(
        edges: &HashMap<&'a Key, Vec<&'a Key>>,
        start: &Key,
        mut takes: impl FnMut(&Key) -> bool,
    ) {
        let mut open = vec![start];
        while let Some(key) = open.pop() {
            if takes(key) {
                open.extend(edges.get(key).into_iter().flatten().copied().filter(|k| *k != start));
            }
        }
    }

    /// The schema that the chosen changes lead to.
    pub fn target(&self, chosen: &BTreeSet<Key>) -> Snapshot {
        let mut objects: Vec<Arc<Object>> = Vec::with_capacity(self.old.objects().len());
        for object in self.old.objects() {
            match self.deltas.get(&object.key).filter(|_| chosen.contains(&object.key)) {
                Some(Delta::Removed(_)) => {}
                Some(Delta::Changed(_, new)) => objects.push(Arc::clone(new)),
                _ => objects.push(Arc::clone(object)),
            }
        }
        for delta in self.deltas.values() {
            if let Delta::Added(object) = delta
                && chosen.contains(&object.key)
            {
                objects.push(Arc::clone(object));
            }
        }
        Snapshot::new(objects, self.old.version, self.old.role.clone())
    }
}
