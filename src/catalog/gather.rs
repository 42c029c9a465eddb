//! What the kinds have read, brought together: by address while comments, labels and dependencies
//! are joined to it, by key from then on.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    iter, mem,
    sync::Arc,
};

use crate::schema::{
    Acl, Key, KeyMap, KeySet, Name, Object, Snapshot,
    kind::Filed,
    mention::Mention,
    object::{Address, AddressMap},
};

/// A dependency (a row of `pg_depend`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Who depends.
    pub(super) from: Address,
    /// On whom.
    pub(super) to: Address,
    /// How: `deptype`.
    pub(super) sort: u8,
}

/// Objects that have been read, and where the catalogs know them.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    objects: Vec<Object>,
    /// Every address of each object.
    known: AddressMap<u32>,
    /// The first one of each: comments and labels of a part that stands for an object are not the
    /// object's own.
    own: AddressMap<u32>,
    apart: HashSet<(u32, Address)>,
    takes: Vec<(u32, Address)>,
    mentioned: Vec<(u32, BTreeSet<Mention>)>,
    /// Members of extensions, each with its extension: they are not ours to build.
    members: HashMap<u32, u32>,
    /// Keys and rights that many objects share are held once.
    keys: KeySet,
    acls: HashMap<Vec<String>, Acl>,
}

impl Gathered {
    /// Adds an object.
    pub(super) fn add(&mut self, filed: Filed) {
        let Filed { at, apart, takes, mentions, acl, mut object } = filed;
        let number = self.objects.len() as u32;
        self.own.extend(at.first().map(|address| (*address, number)));
        self.known.extend(at.into_iter().map(|address| (address, number)));
        self.apart.extend(apart.into_iter().map(|address| (number, address)));
        self.takes.extend(takes.into_iter().map(|address| (number, address)));
        if !mentions.is_empty() {
            self.mentioned.push((number, mentions));
        }
        let keys = iter::once(&mut object.key)
            .chain(&mut object.parent)
            .chain(&mut object.needs)
            .chain(&mut object.wishes);
        for key in keys {
            self.share(key);
        }
        object.meta.acl = acl.map(|items| match self.acls.get(&items) {
            Some(acl) => acl.clone(),
            None => self.acls.entry(items).or_insert_with_key(|items| Acl::parse(items)).clone(),
        });
        self.objects.push(object);
    }

    /// Puts the one that is held in the place of an equal key.
    fn share(&mut self, key: &mut Key) {
        match self.keys.get(key) {
            Some(held) => *key = held.clone(),
            None => {
                self.keys.insert(key.clone());
            }
        }
    }

    /// Gives objects their comments.
    pub(super) fn comments(&mut self, comments: Vec<(Address, String)>) {
        for (at, comment) in comments {
            if let Some(at) = self.own.get(&at) {
                self.objects[*at as usize].meta.comment = Some(comment);
            }
        }
    }

    /// Gives objects their security labels, each with its provider.
    pub(super) fn labels(&mut self, labels: Vec<(Address, (String, String))>) {
        for (at, (provider, label)) in labels {
            if let Some(at) = self.own.get(&at) {
                self.objects[*at as usize].meta.labels.insert(provider, label);
            }
        }
    }

    /// The rows of catalogs that the objects stand for, as class and OID.
    pub(super) fn claimed(&self) -> HashSet<(u32, u32)> {
        self.known.keys().map(|at| (at.class, at.object)).collect()
    }

    /// The objects, without members of extensions.
    pub(super) fn into_objects(self) -> Vec<Arc<Object>> {
        let objects = (0..).zip(self.objects);
        objects
            .filter(|(at, _)| !self.members.contains_key(at))
            .map(|(_, object)| {
                // While it is at hand: later, each comparison would have to fetch it first.
                object.digest.of(&object);
                Arc::new(object)
            })
            .collect()
    }

    fn key(&self, number: u32) -> Key {
        self.objects[number as usize].key.clone()
    }

    /// The object at an address. A column that no kind knows stands for its relation.
    fn find(&self, at: Address) -> Option<u32> {
        self.known.get(&at).or_else(|| self.known.get(&at.whole())).copied()
    }

    /// Fills in what each object needs, goes with and wishes for.
    ///
    /// What depends on a member of an extension depends on the extension.
    pub(super) fn link(&mut self, edges: Vec<Edge>) {
        for (taker, taken) in mem::take(&mut self.takes) {
            if let Some(taken) = self.known.get(&taken).copied().filter(|taken| *taken != taker) {
                let key = self.key(taker);
                self.objects[taken as usize].goes_with.push(key);
            }
        }
        let mut extension_of: AddressMap<u32> = AddressMap::default();
        for edge in edges.iter().filter(|edge| edge.sort == b'e') {
            if let Some(extension) = self.find(edge.to) {
                extension_of.insert(edge.from, extension);
                let member = self.find(edge.from);
                self.members.extend(member.map(|member| (member, extension)));
            }
        }
        for edge in edges.iter().filter(|edge| edge.sort != b'e') {
            self.depend(edge, &extension_of);
        }
        drop(edges);
        self.needs_of_parts();
        for object in &mut self.objects {
            object.needs.extend(object.parent.clone());
            for keys in [&mut object.needs, &mut object.goes_with] {
                keys.sort_unstable();
                keys.dedup();
                keys.shrink_to_fit();
            }
            object.meta.extensions.sort_unstable();
            object.meta.extensions.dedup();
        }
        self.parts_of_members();
        self.wishes();
    }

    fn depend(&mut self, edge: &Edge, extension_of: &AddressMap<u32>) {
        let Edge { from, to, sort } = *edge;
        // What takes a part of an object along leaves the object itself.
        let whole_goes = self.own.contains_key(&from);
        let Some(from) = self.find(from) else { return };
        let is_apart = self.apart.contains(&(from, to));
        let extension = extension_of.get(&to.whole()).copied();
        let Some(to) = extension.or_else(|| self.find(to)) else { return };
        let key = self.key(to);
        let object = &mut self.objects[from as usize];
        if from != to && whole_goes && matches!(sort, b'a' | b'i' | b'P') {
            object.goes_with.push(key.clone());
        }
        if is_apart {
            return;
        }
        if sort == b'x' {
            object.meta.extensions.push(key.base_name().to_owned());
        }
        if from != to {
            object.needs.push(key);
        }
    }

    /// Parts of a member (the columns of its table) are members too.
    fn parts_of_members(&mut self) {
        if self.members.is_empty() {
            return;
        }
        let members = self.members.iter();
        let mut extension_of: KeyMap<u32> =
            members.map(|(at, extension)| (self.key(*at), *extension)).collect();
        loop {
            let before = self.members.len();
            for (at, object) in (0..).zip(&self.objects) {
                let extension = object.parent.as_ref().and_then(|parent| extension_of.get(parent));
                if let Some(extension) = extension.copied()
                    && self.members.insert(at, extension).is_none()
                {
                    extension_of.insert(object.key.clone(), extension);
                }
            }
            if self.members.len() == before {
                return;
            }
        }
    }

    /// What parents need because their parts do.
    fn needs_of_parts(&mut self) {
        let parts: Vec<&Object> =
            self.objects.iter().filter(|o| Snapshot::kind_of(o).part()).collect();
        let parents: HashSet<&Key> = parts.iter().filter_map(|o| o.parent.as_ref()).collect();
        let at: HashMap<&Key, usize> = self
            .objects
            .iter()
            .enumerate()
            .filter(|(_, o)| parents.contains(&o.key))
            .map(|(at, o)| (&o.key, at))
            .collect();
        let mut found: Vec<(usize, Vec<Key>)> = Vec::new();
        for part in parts {
            if let Some(parent) = part.parent.as_ref().and_then(|parent| at.get(parent)) {
                let needs = part.needs.iter().filter(|key| **key != self.objects[*parent].key);
                found.push((*parent, needs.cloned().collect()));
            }
        }
        for (parent, needs) in found {
            self.objects[parent].needs.extend(needs);
        }
    }

    /// Fills in what each object wishes for: the objects whose names stand in its text.
    ///
    /// A member of an extension stands for its extension.
    fn wishes(&mut self) {
        if self.mentioned.is_empty() {
            return;
        }
        let objects = &self.objects;
        let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
        let mut on_relation: HashMap<&str, Vec<u32>> = HashMap::new();
        for (at, object) in (0..).zip(objects) {
            match object.key.name() {
                Name::InSchema { name, .. } | Name::Routine { name, .. } => {
                    by_name.entry(name).or_default().push(at);
                }
                Name::OnRelation { relation, .. } => {
                    on_relation.entry(relation).or_default().push(at);
                }
                _ => {}
            }
        }
        let nothing = Vec::new();
        let mut found: Vec<(u32, Vec<Key>)> = Vec::new();
        for (from, mentions) in &self.mentioned {
            let names: HashSet<&str> = mentions.iter().map(|m| m.name.as_str()).collect();
            let mut wishes: Vec<u32> = Vec::new();
            for mention in mentions {
                // A name before the dot may be a schema, or a table of which this is a column.
                let fits = |at: &&u32| {
                    let schema = objects[**at as usize].key.schema();
                    mention.qualifier.as_deref().is_none_or(|q| schema == Some(q))
                };
                let whole = by_name.get(mention.name.as_str()).unwrap_or(&nothing);
                wishes.extend(whole.iter().filter(fits));
                let parts = on_relation.get(mention.name.as_str()).unwrap_or(&nothing);
                let named = |at: &&u32| names.contains(objects[**at as usize].key.base_name());
                wishes.extend(parts.iter().filter(fits).filter(named));
            }
            let mut keys: Vec<Key> = wishes
                .into_iter()
                .map(|at| self.members.get(&at).copied().unwrap_or(at))
                .filter(|at| at != from)
                .map(|at| objects[at as usize].key.clone())
                .filter(|key| objects[*from as usize].needs.binary_search(key).is_err())
                .collect();
            keys.sort_unstable();
            keys.dedup();
            found.push((*from, keys));
        }
        for (from, keys) in found {
            self.objects[from as usize].wishes = keys;
        }
    }
}
