//! The definition of one object as people read it: the table with its columns and constraints,
//! then its indexes, triggers, comments and grants.

use std::collections::BTreeSet;

use super::{Fate, fates::Fates, order, write};
use crate::schema::{
    Key, Snapshot, diff,
    kind::{Cx, Memo, NONE},
};

/// Definitions of the objects of one snapshot.
#[derive(Debug)]
pub struct Definitions<'a> {
    schema: &'a Snapshot,
    empty: Snapshot,
}

impl<'a> Definitions<'a> {
    /// Prepares the definitions of `schema`.
    pub fn new(schema: &'a Snapshot) -> Self {
        let empty = Snapshot::new(Vec::new(), schema.version, schema.role.clone());
        Self { schema, empty }
    }

    /// The whole that an object belongs to: a column's table; itself when it stands alone.
    pub fn whole<'k>(&self, key: &'k Key) -> &'k Key
    where
        'a: 'k,
    {
        let mut key = key;
        while let Some(parent) = self.schema.get(key).and_then(|o| o.parent.as_ref()) {
            key = parent;
        }
        key
    }

    /// The definition of a whole as statements with semicolons; empty when there is no such object.
    pub fn text(&self, key: &Key) -> String {
        let mut fates = Fates::default();
        let mut open = vec![key];
        while let Some(key) = open.pop() {
            if self.schema.contains(key) && fates.insert(key.clone(), Fate::Create) {
                open.extend(self.schema.parts(key).map(|o| &o.key));
            }
        }
        let fates = fates.settle();
        let cx = Cx {
            old: &self.empty,
            new: self.schema,
            online: false,
            direct: &NONE,
            built: &|_| true,
            memo: &Memo::default(),
        };
        // A circle within one whole cannot be: its parts were built one after the other once.
        let nodes = order::order(&self.empty, self.schema, &fates, false, &NONE, &|_, _| false);
        let Ok(nodes) = nodes else { return String::new() };
        let mut text = String::new();
        for statement in write::write(&nodes, &fates, &cx) {
            text.push_str(&statement.shown());
            text.push_str(";\n");
        }
        text
    }
}

/// A whole that differs between two schemas, in words that can be laid side by side.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Changed {
    /// The whole: a table, a function.
    pub key: Key,
    /// Its definition before; none when it is new.
    pub before: Option<String>,
    /// Its definition after; none when it goes.
    pub after: Option<String>,
}

/// The wholes that differ, in the order in which they are built: schemas, types, tables, ….
///
/// A whole whose definitions read alike differs in something that the text does not show (an order
/// of columns); it is in the list all the same.
pub fn changed(old: &Snapshot, new: &Snapshot) -> Vec<Changed> {
    let (before, after) = (Definitions::new(old), Definitions::new(new));
    let mut keys = BTreeSet::new();
    for delta in diff(old, new) {
        let key = delta.key();
        let side = if new.contains(key) { &after } else { &before };
        let whole = side.whole(key);
        let weight =
            new.get(whole).or_else(|| old.get(whole)).map(|o| Snapshot::kind_of(o).weight());
        keys.insert((weight, whole.clone()));
    }
    keys.into_iter()
        .map(|(_, key)| Changed {
            before: old.contains(&key).then(|| before.text(&key)),
            after: new.contains(&key).then(|| after.text(&key)),
            key,
        })
        .collect()
}
