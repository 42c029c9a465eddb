//! What is done to each object, as nodes of a graph, and in which order.
//!
//! A node is a drop, a rename aside, a build, an alteration, or the late drop of what was renamed.
//! Drops are ordered by the old dependencies, builds by the new ones. What PostgreSQL does in one
//! statement is one node: a table is built together with its columns and constraints, and they go
//! when it goes. Where that makes a circle (two tables that refer to each other), the parts that
//! can stand alone are taken out of their node again, and the sort is repeated.

mod circles;
mod edges;
mod wishes;

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Circle, fate::Fate, fates::Fates};
use crate::schema::{
    Key, Object, Snapshot,
    kind::{Cx, Memo, NONE},
};

/// What is done to an object at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The old one is made to need nothing, to break a circle.
    Hollow,
    /// The old one is dropped.
    Drop,
    /// The old one is renamed.
    Aside,
    /// Something of its shape that needs nothing is made first, to break a circle.
    Stub,
    /// The new one is built.
    Build,
    /// The contents are taken over from the one that stepped aside.
    Carry,
    /// It is altered in place.
    Alter,
    /// The one that stepped aside is dropped.
    Discard,
}

/// One thing to do, and the parts that are done with it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// What is done.
    pub(super) phase: Phase,
    /// The object: the old one where it leaves, else the new one.
    pub(super) object: &'a Object,
    /// What is done in the same statement, parents before their parts, columns in their order.
    pub(super) parts: Vec<&'a Object>,
}

/// Steps that run outside of a transaction are kept apart from the others where they can be.
pub(super) type RunsOutside<'f> = &'f dyn Fn(Phase, &Object) -> bool;

type At = (Phase, Key);

/// Brings what the fates ask for into order.
pub(super) fn order<'a>(
    old: &'a Snapshot,
    new: &'a Snapshot,
    fates: &Fates,
    online: bool,
    direct: &BTreeSet<Key>,
    outside: RunsOutside<'_>,
) -> Result<Vec<Node<'a>>, Circle> {
    let mut apart = Apart { stubs: own_readers(old, new, fates), ..Apart::default() };
    loop {
        let layout = Layout::new(old, new, fates, (online, direct), &apart);
        let graph = layout.graph();
        let ranks = layout.ranks(outside);
        let stuck = match layout.sort_with_wishes(&graph, |n| ranks.get(n).copied()) {
            Ok(sorted) => return Ok(layout.into_nodes(&sorted)),
            Err(stuck) => stuck,
        };
        let circles = graph.circles(&stuck);
        let more: Vec<_> = circles.iter().map(|circle| layout.loosen(circle)).collect();
        if more.iter().all(Apart::is_empty) {
            let members = circles.iter().flatten();
            return Err(Circle(members.map(|n| layout.nodes[*n].object.key.clone()).collect()));
        }
        for more in more {
            apart.parts.extend(more.parts);
            apart.stubs.extend(more.stubs);
        }
    }
}

/// What needs a part of itself, as a view does that selects from itself: it is built as a stub first.
fn own_readers(old: &Snapshot, new: &Snapshot, fates: &Fates) -> HashSet<At> {
    let memo = Memo::default();
    let cx = Cx { old, new, online: false, direct: &NONE, built: &|_| false, memo: &memo };
    fates
        .iter()
        .filter(|(_, fate)| fate.builds())
        .filter_map(|(key, _)| new.get(key))
        .filter(|object| Snapshot::kind_of(object).stub(object, &cx).is_some())
        .filter(|object| {
            let own =
                |need: &Key| new.get(need).is_some_and(|o| o.parent.as_ref() == Some(&object.key));
            object.needs.iter().any(own)
        })
        .map(|object| (Phase::Stub, object.key.clone()))
        .collect()
}

/// What was taken apart to break circles.
#[derive(Debug, Default)]
struct Apart {
    /// Parts that are not built or dropped with their parent.
    parts: HashSet<At>,
    /// Objects that get a stub first, or are made hollow first.
    stubs: HashSet<At>,
}

impl Apart {
    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.stubs.is_empty()
    }
}

/// The nodes, and which of them each thing to do belongs to.
struct Layout<'a, 'f> {
    old: &'a Snapshot,
    new: &'a Snapshot,
    fates: &'f Fates,
    online: bool,
    direct: &'f BTreeSet<Key>,
    apart: &'f Apart,
    nodes: Vec<Node<'a>>,
    at: HashMap<At, usize>,
    memo: Memo,
}

impl<'a, 'f> Layout<'a, 'f> {
    fn new(
        old: &'a Snapshot,
        new: &'a Snapshot,
        fates: &'f Fates,
        (online, direct): (bool, &'f BTreeSet<Key>),
        apart: &'f Apart,
    ) -> Self {
        let (nodes, at) = (Vec::new(), HashMap::new());
        let memo = Memo::default();
        let mut layout = Self { old, new, fates, online, direct, apart, nodes, at, memo };
        // Wholes first, so that their parts find them.
        let mut parts = Vec::new();
        for (key, fate) in fates.iter() {
            for phase in phases(fate) {
                layout.place(*phase, key, &mut parts);
            }
        }
        // A part of a part waits until its own whole is placed.
        while !parts.is_empty() {
            let waiting = parts.len();
            let mut rest = Vec::new();
            for (phase, key, whole) in parts {
                match layout.at.get(&whole) {
                    Some(node) => {
                        let node = *node;
                        let object = layout.object(phase, &key);
                        layout.nodes[node].parts.extend(object);
                        layout.at.insert((phase, key), node);
                    }
                    None => rest.push((phase, key, whole)),
                }
            }
            if rest.len() == waiting {
                // Its whole is no node (it cannot happen, but nothing must be lost by it).
                for (phase, key, _) in rest.drain(..) {
                    layout.node(phase, &key);
                }
            }
            parts = rest;
        }
        for node in &mut layout.nodes {
            node.parts.sort_by(|a, b| {
                let rank = |o: &Object| (Snapshot::kind_of(o).weight(), o.ordinal);
                rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key))
            });
        }
        layout
    }

    fn object(&self, phase: Phase, key: &Key) -> Option<&'a Object> {
        let schema = match phase {
            Phase::Hollow | Phase::Drop | Phase::Aside | Phase::Discard => self.old,
            Phase::Stub | Phase::Build | Phase::Carry | Phase::Alter => self.new,
        };
        schema.get(key).map(AsRef::as_ref)
    }

    /// Makes a node, or puts the thing off because it is done with something else.
    fn place(&mut self, phase: Phase, key: &Key, parts: &mut Vec<(Phase, Key, At)>) {
        if let Some(whole) = self.whole(phase, key) {
            parts.push((phase, key.clone(), whole));
        } else {
            self.node(phase, key);
            let extra = match phase {
                Phase::Build => Phase::Stub,
                Phase::Drop => Phase::Hollow,
                _ => return,
            };
            if self.apart.stubs.contains(&(extra, key.clone())) {
                self.node(extra, key);
            }
        }
    }

    fn node(&mut self, phase: Phase, key: &Key) {
        if let Some(object) = self.object(phase, key) {
            self.at.insert((phase, key.clone()), self.nodes.len());
            self.nodes.push(Node { phase, object, parts: Vec::new() });
        }
    }

    /// What a thing is done together with.
    fn whole(&self, phase: Phase, key: &Key) -> Option<At> {
        if self.apart.parts.contains(&(phase, key.clone())) {
            return None;
        }
        let object = self.object(phase, key)?;
        if phase == Phase::Drop
            && let Some(with) = self.goes_with(object)
        {
            return Some((Phase::Drop, with.clone()));
        }
        if phase == Phase::Drop
            && let Some(with) = self.goes_along(object)
        {
            return Some((Phase::Drop, with));
        }
        let parent = object.parent.as_ref()?;
        let (kind, fate) = (Snapshot::kind_of(object), self.fates.get(parent)?);
        match phase {
            Phase::Build if kind.folds(object) && fate.builds() => {
                Some((Phase::Build, parent.clone()))
            }
            Phase::Drop if kind.dies_with_parent() => match fate {
                Fate::Drop | Fate::Replace => Some((Phase::Drop, parent.clone())),
                // What takes up a name that the new one needs goes before; the rest with the old.
                Fate::Swap(_) if kind.occupies(object).is_empty() => {
                    Some((Phase::Discard, parent.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What is dropped and takes the object along; of several columns the one dropped first.
    fn goes_with<'o>(&self, object: &'o Object) -> Option<&'o Key> {
        // Parts of what steps aside stay with it until its end, which is too late for a name.
        let aside = |key: &Key| {
            let parent = self.old.get(key).and_then(|o| o.parent.as_ref());
            parent.is_some_and(|parent| matches!(self.fates.get(parent), Some(Fate::Swap(_))))
        };
        let dropped = |key: &&Key| {
            Some(*key) != object.parent.as_ref()
                && matches!(self.fates.get(key), Some(Fate::Drop | Fate::Replace))
                && !aside(key)
        };
        let position = |key: &&Key| self.old.get(key).map_or(0, |o| o.ordinal);
        object.goes_with.iter().filter(dropped).min_by_key(position)
    }

    fn cx<'c>(&'c self, built: &'c (dyn Fn(&Key) -> bool + Sync)) -> Cx<'c> {
        let Self { old, new, online, direct, .. } = *self;
        Cx { old, new, online, direct, built, memo: &self.memo }
    }

    /// What takes the object along when it is dropped, as its kind knows.
    fn goes_along(&self, object: &Object) -> Option<Key> {
        let builds = |key: &Key| self.builds(key);
        let cx = self.cx(&builds);
        let with = Snapshot::kind_of(object).goes_along(object, &cx)?;
        matches!(self.fates.get(&with), Some(Fate::Drop | Fate::Replace)).then_some(with)
    }

    fn find(&self, phase: Phase, key: &Key) -> Option<usize> {
        self.at.get(&(phase, key.clone())).copied()
    }

    /// Where the old one, or what it is a part of, steps aside.
    fn aside(&self, object: &Object) -> Option<usize> {
        let parent = || self.find(Phase::Aside, object.parent.as_ref()?);
        self.find(Phase::Aside, &object.key).or_else(parent)
    }

    /// Where the old one ceases to be.
    fn leaving(&self, key: &Key) -> Option<usize> {
        self.find(Phase::Drop, key).or_else(|| self.find(Phase::Discard, key))
    }

    /// The place of each node if nothing held it back.
    fn ranks(&self, outside: RunsOutside<'_>) -> Vec<u32> {
        let rank: Vec<_> = (0..self.nodes.len()).map(|node| self.rank(node, outside)).collect();
        let mut sorted: Vec<usize> = (0..rank.len()).collect();
        sorted.sort_by(|a, b| rank[*a].cmp(&rank[*b]));
        let mut places = vec![0; rank.len()];
        for (place, node) in (0..).zip(sorted) {
            places[node] = place;
        }
        places
    }

    /// Drops first, in the reverse order of builds; then what is built and altered, kinds by their
    /// weight; what was renamed aside goes last. Within a kind: by relation, position, name.
    fn rank(&self, node: usize, outside: RunsOutside<'_>) -> impl Ord + 'a + use<'a> {
        let Node { phase, object, .. } = self.nodes[node];
        let weight = i32::from(Snapshot::kind_of(object).weight());
        let outside = outside(phase, object);
        let class = match phase {
            Phase::Hollow => -4_000,
            Phase::Drop => -1_000 - weight - if outside { 2_000 } else { 0 },
            Phase::Aside => -500,
            Phase::Stub => weight - 1,
            Phase::Build | Phase::Alter | Phase::Carry => weight + if outside { 2_000 } else { 0 },
            Phase::Discard => 1_500 - weight,
        };
        (class, object.parent.as_ref(), object.ordinal, &object.key, phase)
    }

    fn into_nodes(self, sorted: &[usize]) -> Vec<Node<'a>> {
        let mut nodes: Vec<_> = self.nodes.into_iter().map(Some).collect();
        sorted.iter().filter_map(|n| nodes.get_mut(*n)?.take()).collect()
    }
}

/// What a fate asks for.
fn phases(fate: &Fate) -> &'static [Phase] {
    match fate {
        Fate::Create => &[Phase::Build],
        Fate::Drop => &[Phase::Drop],
        Fate::Replace => &[Phase::Drop, Phase::Build],
        Fate::Swap(_) => &[Phase::Aside, Phase::Build, Phase::Carry, Phase::Discard],
        Fate::Alter(_) => &[Phase::Alter],
        Fate::Detach(..) => &[Phase::Hollow, Phase::Alter],
    }
}
