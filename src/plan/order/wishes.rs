//! What had better come before what: it holds as far as it closes no circle.

use std::collections::{BTreeMap, HashMap};

use super::{Layout, Phase};
use crate::{
    plan::{fate::Fate, graph::Graph},
    schema::{Key, Object, Snapshot, kind::Slot},
};

impl Layout<'_, '_> {
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

    /// What goes does so before what it needs has another owner or other rights: with those it might
    /// not be ours to drop.
    fn farewells(&self) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        for (key, fate) in self.fates.iter() {
            let (Some(object), Some(gone)) = (self.old.get(key), self.gone(key, fate)) else {
                continue;
            };
            let about = |need: &&Key| self.fates.get(need).is_some_and(Fate::alters_about);
            let altered = object.needs.iter().filter(about);
            edges.extend(altered.filter_map(|need| Some((gone, self.find(Phase::Alter, need)?))));
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
        let halts = halts.into_values().chain([self.made_before()]);
        halts.filter(|(go, come)| !go.is_empty() && !come.is_empty()).collect()
    }

    /// What is made, and what says how new objects begin: that comes after all of them, so that they
    /// begin as in the old schema, wherever a step outside of transactions puts them.
    fn made_before(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut made, mut after) = (Vec::new(), Vec::new());
        for (at, node) in self.nodes.iter().enumerate() {
            let concerns_new = Snapshot::kind_of(node.object).concerns_new();
            match node.phase {
                Phase::Build | Phase::Alter if concerns_new => after.push(at),
                Phase::Build | Phase::Stub => made.push(at),
                _ => {}
            }
        }
        (made, after)
    }

    /// Sorts by the graph's edges, and by those of `wishes` that close no circle.
    pub(super) fn sort_with_wishes<R: Ord>(
        &self,
        graph: &Graph,
        rank: impl Fn(usize) -> R,
    ) -> Result<Vec<usize>, Vec<usize>> {
        let mut wishes = self.wishes();
        let mut faint = self.faint_wishes();
        faint.extend(self.last_words());
        faint.extend(self.farewells());
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
}
