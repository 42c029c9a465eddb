//! What must come before what: by what objects need, leave behind and name themselves.

use std::collections::BTreeMap;

use super::{Layout, Phase};
use crate::{
    plan::{fate::Fate, graph::Graph},
    schema::{Key, Object, Snapshot, kind::Slot},
};

impl Layout<'_, '_> {
    pub(super) fn graph(&self) -> Graph {
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
                    self.taken_edges(object, need, edge);
                    continue;
                }
                edge(hollow.or_else(|| self.leaving(key)), self.leaving(need));
                // Its statement may name what it needs.
                edge(self.aside(object), self.find(Phase::Aside, need));
                if theirs.alters() && !theirs.alters_about() {
                    edge(self.gone(key, fate), self.find(Phase::Alter, need));
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

    /// Where an object that goes for good is out of the way.
    pub(super) fn gone(&self, key: &Key, fate: &Fate) -> Option<usize> {
        if !matches!(fate, Fate::Drop | Fate::Replace) {
            return None;
        }
        // What goes with one that stepped aside is out of the way until then.
        let dropped = self.find(Phase::Drop, key);
        let dropped = dropped.filter(|node| self.nodes[*node].phase != Phase::Discard);
        self.find(Phase::Hollow, key).or(dropped)
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

    /// What takes an object along goes after those who need that: the key of a partitioned table after
    /// what refers to the key of a partition.
    fn taken_edges(
        &self,
        object: &Object,
        taker: &Key,
        edge: &mut impl FnMut(Option<usize>, Option<usize>),
    ) {
        let mut takers = vec![taker];
        let mut at = 0;
        while let Some(taker) = takers.get(at).copied() {
            at += 1;
            let Some(object) = self.old.get(taker) else { continue };
            let above = object.needs.iter().filter(|need| self.is_taken_along(object, need));
            takers.extend(above.filter(|need| !takers.contains(need)).collect::<Vec<_>>());
        }
        for dependent in self.old.dependents(&object.key) {
            let leaves = self.fates.get(&dependent.key).is_some_and(Fate::leaves);
            if !leaves || self.is_taken_along(dependent, &object.key) {
                continue;
            }
            let out = self.find(Phase::Hollow, &dependent.key);
            let out = out.or_else(|| self.leaving(&dependent.key));
            for taker in &takers {
                edge(out, self.leaving(taker));
            }
        }
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

    pub(super) fn builds(&self, key: &Key) -> bool {
        self.fates.get(key).is_some_and(Fate::builds)
    }

    /// Where something that is needed is there as it will be, or as good as that: a part of what
    /// has a stub is there with the stub.
    pub(super) fn there(&self, need: &Key, fate: &Fate) -> Option<usize> {
        if !fate.builds() {
            return self.find(Phase::Alter, need);
        }
        let build = self.find(Phase::Build, need)?;
        Some(self.find(Phase::Stub, &self.nodes[build].object.key).unwrap_or(build))
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
}
