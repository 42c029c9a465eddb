//! The fates of all objects: looked up by key, gone through in the order of keys.

use super::fate::Fate;
use crate::schema::{Key, KeyMap};

/// The fate of every object that does not just stay.
#[derive(Debug, Default)]
pub(super) struct Fates {
    fates: KeyMap<Fate>,
    /// The keys as they came in; after [`Fates::settle`] sorted, each once, none without a fate.
    keys: Vec<Key>,
}

impl Fates {
    /// Whether every object stays.
    pub(super) fn is_empty(&self) -> bool {
        self.fates.is_empty()
    }

    /// The fate of an object; none when it stays.
    pub(super) fn get(&self, key: &Key) -> Option<&Fate> {
        self.fates.get(key)
    }

    /// Decides the fate of an object, or decides it anew; tells whether it had none.
    pub(super) fn insert(&mut self, key: Key, fate: Fate) -> bool {
        let first = self.fates.insert(key.clone(), fate).is_none();
        if first {
            self.keys.push(key);
        }
        first
    }

    /// Takes a fate back.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Fate> {
        self.fates.remove(key)
    }

    /// The fate of an object, which is altered by no steps if it had none.
    pub(super) fn get_or_alter(&mut self, key: &Key) -> &mut Fate {
        self.fates.entry(key.clone()).or_insert_with(|| {
            self.keys.push(key.clone());
            Fate::Alter(Vec::new())
        })
    }

    /// All, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Fate)> {
        self.fates.iter()
    }

    /// Brings them into the order of keys: to be done before anybody goes through them.
    #[must_use]
    pub(super) fn settle(mut self) -> Self {
        // The differences came in order: there is little to sort.
        self.keys.sort();
        self.keys.dedup();
        self.keys.retain(|key| self.fates.contains_key(key));
        self
    }

    /// All, sorted by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Fate)> {
        self.keys.iter().filter_map(|key| Some((key, self.fates.get(key)?)))
    }
}
