//! What is done to each object, as nodes of a graph, and in which order.
//!
//! A node is a drop, a rename aside, a build, an alteration, or the late drop of what was renamed.
//! Drops are ordered by the old dependencies, builds by the new ones. What PostgreSQL does in one
//! statement is one node: a table is built together with its columns and constraints, and they go
//! when it goes. Where that makes a circle (two tables that refer to each other), the parts that
//! can stand alone are taken out of their node again, and the sort is repeated.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Circle, fate::Fate, fates::Fates, graph::Graph};
use crate::schema::{
    Key, Object, Snapshot,
    kind::{Cx, Memo, NONE, Slot},
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

    fn graph(&self) -> Graph {
        let mut graph = Graph::new(self.nodes.len());
        let mut edge = |first: Option<usize>, then: Option<usize>| {
            if let (Some(first), Some(then)) = (first, then) {
                graph.edge(first, then);
            }
        };
        for (key, fate) in self.fates.iter() {
            if let Some(object) = self.old.get(key) {
                self.old_edges(object, fate, &mut edge);
            }
            if (fate.builds() || fate.alters())
                && let Some(object) = self.new.get(key)
            {
                self.new_edges(object, fate, &mut edge);
            }
            // A part of what stepped aside is out of the way, though it goes at the end only.
            let dropped = self
                .find(Phase::Drop, key)
                .filter(|node| self.nodes[*node].phase != Phase::Discard);
            edge(dropped, self.find(Phase::Build, key));
            edge(self.find(Phase::Aside, key), self.find(Phase::Build, key));
            edge(self.find(Phase::Build, key), self.find(Phase::Carry, key));
            edge(self.find(Phase::Carry, key), self.find(Phase::Discard, key));
            if let Fate::Swap(swap) = fate {
                for built in &swap.carry_after {
                    edge(self.find(Phase::Build, built), self.find(Phase::Carry, key));
                }
                for dropped in &swap.carry_before {
                    edge(self.find(Phase::Carry, key), self.find(Phase::Drop, dropped));
                }
            }
            edge(self.find(Phase::Hollow, key), self.find(Phase::Drop, key));
            edge(self.find(Phase::Hollow, key), self.find(Phase::Alter, key));
            edge(dropped, self.find(Phase::Stub, key));
            edge(self.find(Phase::Stub, key), self.find(Phase::Build, key));
            if (fate.builds() || fate.alters())
                && let Some(object) = self.new.get(key)
            {
                self.side_edges(object, &mut edge);
            }
        }
        self.slots(&mut edge);
        graph
    }

    fn old_edges(
        &self,
        object: &Object,
        fate: &Fate,
        edge: &mut impl FnMut(Option<usize>, Option<usize>),
    ) {
        let key = &object.key;
        let hollow = self.find(Phase::Hollow, key);
        for need in &object.needs {
            let Some(theirs) = self.fates.get(need) else { continue };
            if fate.leaves() {
                if let Some(aside) = self.severed(object, need) {
                    edge(Some(aside), self.leaving(need));
                    edge(Some(aside), self.find(Phase::Aside, need));
                    edge(Some(aside), self.find(Phase::Alter, need));
                    continue;
                }
                if self.is_taken_along(object, need) {
                    continue;
                }
                edge(hollow.or_else(|| self.leaving(key)), self.leaving(need));
                // Its statement may name what it needs.
                edge(self.aside(object), self.find(Phase::Aside, need));
                if theirs.alters() && matches!(fate, Fate::Drop | Fate::Replace) {
                    // What goes with one that stepped aside is out of the way until then.
                    let dropped = self.find(Phase::Drop, key);
                    let freed =
                        hollow.or(dropped.filter(|node| self.nodes[*node].phase != Phase::Discard));
                    edge(freed, self.find(Phase::Alter, need));
                }
            } else if fate.alters() && theirs.leaves() {
                edge(hollow, self.leaving(need));
                if let Fate::Detach(_, _, freed) = fate
                    && freed.contains(need)
                {
                    continue;
                }
                if let Some(freed) = self.freed_by(object, need) {
                    edge(self.leaving(&freed), self.leaving(need));
                    continue;
                }
                let still = self.new.get(key).is_some_and(|new| new.needs.contains(need));
                if !still || matches!(theirs, Fate::Swap(_)) {
                    edge(self.find(Phase::Alter, key), self.leaving(need));
                }
            }
        }
    }

    /// The step aside of an object's whole, when that ends its need.
    fn severed(&self, object: &Object, need: &Key) -> Option<usize> {
        let whole = object.parent.as_ref()?;
        let Some(Fate::Swap(swap)) = self.fates.get(whole) else { return None };
        let on = |severs: &Key| {
            need.schema() == severs.schema() && need.relation() == Some(severs.base_name())
        };
        let ends = swap.severs.iter().any(|severs| need == severs || on(severs));
        ends.then(|| self.find(Phase::Aside, whole)).flatten()
    }

    /// Whether an object goes with whichever is dropped first: what it needs, which takes it along, or
    /// the whole that it is part of.
    fn is_taken_along(&self, object: &Object, need: &Key) -> bool {
        let folded = |node: usize| self.nodes[node].object.key != object.key;
        object.goes_with.contains(need) && self.leaving(&object.key).is_some_and(folded)
    }

    /// What is dropped and frees an object of a need, as its kind knows.
    fn freed_by(&self, object: &Object, need: &Key) -> Option<Key> {
        let builds = |key: &Key| self.builds(key);
        Snapshot::kind_of(object).freed_by(object, need, &self.cx(&builds))
    }

    fn new_edges(
        &self,
        object: &Object,
        fate: &Fate,
        edge: &mut impl FnMut(Option<usize>, Option<usize>),
    ) {
        let key = &object.key;
        let own = if fate.builds() { Phase::Build } else { Phase::Alter };
        for need in &object.needs {
            let Some(theirs) = self.fates.get(need) else { continue };
            edge(self.there(need, theirs), self.find(own, key));
        }
    }

    /// What is done before or after another although neither needs the other.
    fn side_edges(&self, object: &Object, edge: &mut impl FnMut(Option<usize>, Option<usize>)) {
        let kind = Snapshot::kind_of(object);
        let builds = |key: &Key| self.builds(key);
        let cx = self.cx(&builds);
        let done = |key: &Key| self.find(Phase::Build, key).or(self.find(Phase::Alter, key));
        let own = done(&object.key);
        for then in kind.ahead_of(object, &cx) {
            edge(own, done(&then));
        }
        for other in kind.in_the_way(object, &cx) {
            // What it stands on comes with it.
            if object.parent.as_ref() != Some(&other) {
                let away = self.find(Phase::Aside, &other).or_else(|| self.leaving(&other));
                edge(away, own);
                edge(away, self.find(Phase::Stub, &object.key));
                edge(own, self.find(Phase::Build, &other));
            }
        }
    }

    fn builds(&self, key: &Key) -> bool {
        self.fates.get(key).is_some_and(Fate::builds)
    }

    /// Where something that is needed is there as it will be, or as good as that: a part of what
    /// has a stub is there with the stub.
    fn there(&self, need: &Key, fate: &Fate) -> Option<usize> {
        if !fate.builds() {
            return self.find(Phase::Alter, need);
        }
        let build = self.find(Phase::Build, need)?;
        Some(self.find(Phase::Stub, &self.nodes[build].object.key).unwrap_or(build))
    }

    /// The order that texts ask for, of which the catalogs know nothing: what a body names is built
    /// or changed before it is.
    fn wishes(&self) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        for (key, fate) in self.fates.iter() {
            let own = if fate.builds() { Phase::Build } else { Phase::Alter };
            let (Some(object), Some(own)) = (self.new.get(key), self.find(own, key)) else {
                continue;
            };
            let whole = self.nodes[own].object;
            let builds = |key: &Key| self.builds(key);
            let cx = self.cx(&builds);
            let ahead = Snapshot::kind_of(object).ahead_of(object, &cx);
            for wish in &object.wishes {
                // What needs the whole that it is built with can only come later.
                let part = whole.key != *key;
                let late = |wish: &Object| part && wish.needs.contains(&whole.key);
                if ahead.contains(wish) || self.new.get(wish).is_some_and(|w| late(w)) {
                    continue;
                }
                let there = self.fates.get(wish).and_then(|fate| self.there(wish, fate));
                edges.extend(there.map(|there| (there, own)));
            }
        }
        edges
    }

    /// What is built finds the wholes that it needs without the parts that they lose: a partition is
    /// attached to a table with its very columns.
    fn faint_wishes(&self) -> Vec<(usize, usize)> {
        let mut lost: HashMap<&Key, Vec<usize>> = HashMap::new();
        for (key, fate) in self.fates.iter() {
            if let Fate::Drop | Fate::Replace = fate
                && let Some(whole) = self.old.get(key).and_then(|object| object.parent.as_ref())
                && let Some(node) = self.find(Phase::Drop, key)
                && self.nodes[node].object.key == *key
            {
                lost.entry(whole).or_default().push(node);
            }
        }
        if lost.is_empty() {
            return Vec::new();
        }
        let mut edges = Vec::new();
        for key in self.fates.iter().filter(|(_, fate)| fate.builds()).map(|(key, _)| key) {
            let (Some(object), Some(own)) = (self.new.get(key), self.find(Phase::Build, key))
            else {
                continue;
            };
            for need in object.needs.iter().filter(|need| object.parent.as_ref() != Some(*need)) {
                edges.extend(lost.get(need).into_iter().flatten().map(|lost| (*lost, own)));
            }
        }
        edges
    }

    /// What a body that changes named before goes after it: until then it may be run, by an event
    /// trigger on the very statement.
    fn last_words(&self) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        for (key, _) in self.fates.iter().filter(|(_, fate)| fate.alters()) {
            let (Some(object), Some(own)) = (self.old.get(key), self.find(Phase::Alter, key))
            else {
                continue;
            };
            // A place among others is no name in a body: who stood in it changes after it is left.
            let place = |wish: &Key| {
                self.old.get(wish).is_some_and(|o| Snapshot::kind_of(o).shares(o).is_some())
            };
            let gone = object.wishes.iter().filter(|wish| !self.new.contains(wish) && !place(wish));
            edges.extend(gone.filter_map(|wish| Some((own, self.leaving(wish)?))));
        }
        edges
    }

    /// What shares something: those that go, and those that come after all of them.
    fn halts(&self) -> Vec<(Vec<usize>, Vec<usize>)> {
        let mut halts: BTreeMap<Slot, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        let shared = |object: &Object| Snapshot::kind_of(object).shares(object);
        for (key, fate) in self.fates.iter() {
            let old = self.old.get(key).filter(|_| fate.leaves());
            if let (Some(slot), Some(node)) = (old.and_then(|it| shared(it)), self.leaving(key)) {
                halts.entry(slot).or_default().0.push(node);
            }
            let new = self.new.get(key).filter(|_| fate.builds());
            let built = self.find(Phase::Build, key);
            if let (Some(slot), Some(node)) = (new.and_then(|it| shared(it)), built) {
                halts.entry(slot).or_default().1.push(node);
            }
        }
        halts.into_values().filter(|(go, come)| !go.is_empty() && !come.is_empty()).collect()
    }

    /// Sorts by the graph's edges, and by those of `wishes` that close no circle.
    fn sort_with_wishes<R: Ord>(
        &self,
        graph: &Graph,
        rank: impl Fn(usize) -> R,
    ) -> Result<Vec<usize>, Vec<usize>> {
        let mut wishes = self.wishes();
        let mut faint = self.faint_wishes();
        faint.extend(self.last_words());
        let halts = self.halts();
        let size = self.nodes.len() + halts.len();
        for (halt, (first, then)) in (self.nodes.len()..).zip(halts) {
            faint.extend(first.into_iter().map(|node| (node, halt)));
            faint.extend(then.into_iter().map(|node| (halt, node)));
        }
        if wishes.is_empty() && faint.is_empty() || graph.sort(&rank).is_err() {
            return graph.sort(rank);
        }
        loop {
            let mut wished = graph.clone();
            wished.grow(size);
            for (first, then) in wishes.iter().chain(&faint) {
                wished.edge(*first, *then);
            }
            let stuck = match wished.sort(&rank) {
                Ok(sorted) => return Ok(sorted),
                Err(stuck) => stuck,
            };
            let mut circle_of = HashMap::new();
            for (number, circle) in wished.circles(&stuck).into_iter().enumerate() {
                circle_of.extend(circle.into_iter().map(|node| (node, number)));
            }
            // The graph itself has no circle, so each of these has wishes in it.
            let keeps = |(first, then): &(usize, usize)| {
                circle_of.get(first).is_none_or(|circle| circle_of.get(then) != Some(circle))
            };
            let before = faint.len();
            faint.retain(keeps);
            if faint.len() == before {
                wishes.retain(keeps);
            }
        }
    }

    /// A name is freed before another takes it.
    fn slots(&self, edge: &mut impl FnMut(Option<usize>, Option<usize>)) {
        let mut freed: BTreeMap<Slot, usize> = BTreeMap::new();
        for (key, fate) in self.fates.iter().filter(|(_, fate)| fate.leaves()) {
            let Some(object) = self.old.get(key) else { continue };
            let node = match fate {
                Fate::Swap(_) => self.find(Phase::Aside, key),
                _ => self.leaving(key),
            };
            let Some(node) = node else { continue };
            freed.extend(Snapshot::kind_of(object).occupies(object).into_iter().map(|s| (s, node)));
        }
        if freed.is_empty() {
            return;
        }
        for (key, _) in self.fates.iter().filter(|(_, fate)| fate.builds()) {
            let Some(object) = self.new.get(key) else { continue };
            for slot in Snapshot::kind_of(object).occupies(object) {
                if let Some(node) = freed.get(&slot) {
                    edge(Some(*node), self.find(Phase::Stub, key));
                    edge(Some(*node), self.find(Phase::Build, key));
                }
            }
        }
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

    /// What may be taken out of a circle: parts that can stand alone, else one object for a stub.
    fn loosen(&self, circle: &[usize]) -> Apart {
        let mut more = Apart::default();
        let members: HashSet<usize> = circle.iter().copied().collect();
        for node in circle {
            let Node { phase, parts, .. } = &self.nodes[*node];
            for part in parts.iter().filter(|part| Self::can_leave(*phase, part)) {
                // Only a part that ties its node to the circle helps.
                let tied = part.needs.iter().any(|need| {
                    let there = match phase {
                        Phase::Build => self.find(Phase::Build, need),
                        _ => self.leaving(need).or_else(|| self.find(Phase::Alter, need)),
                    };
                    let there = there.or_else(|| self.find(Phase::Alter, need));
                    there.is_some_and(|there| there != *node && members.contains(&there))
                });
                if tied {
                    // A part that goes with one renamed aside was to be dropped before.
                    let phase = if *phase == Phase::Discard { Phase::Drop } else { *phase };
                    more.parts.insert((phase, part.key.clone()));
                }
            }
        }
        if !more.is_empty() {
            return more;
        }
        let (old, new, memo) = (self.old, self.new, Memo::default());
        let cx = Cx { old, new, online: false, direct: &NONE, built: &|_| false, memo: &memo };
        // What is built early anyway: a type rather than the functions that make it.
        let mut circle: Vec<_> = circle.iter().map(|node| &self.nodes[*node]).collect();
        circle.sort_by_key(|node| Snapshot::kind_of(node.object).weight());
        for Node { phase, object, .. } in circle {
            let stub = match phase {
                Phase::Build => Phase::Stub,
                Phase::Drop => Phase::Hollow,
                _ => continue,
            };
            let at = (stub, object.key.clone());
            if !self.apart.stubs.contains(&at)
                && Snapshot::kind_of(object).stub(object, &cx).is_some()
            {
                more.stubs.insert(at);
                break;
            }
        }
        more
    }

    /// Whether a part can be built after, or dropped before, the whole that it is with.
    fn can_leave(phase: Phase, part: &Object) -> bool {
        let kind = Snapshot::kind_of(part);
        match phase {
            Phase::Build => kind.detachable(),
            // What is not built in the statement of its whole has a statement of its own to go.
            Phase::Drop | Phase::Discard => kind.detachable() || !kind.folds(part),
            _ => false,
        }
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
