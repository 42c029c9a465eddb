//! What becomes of each object: who is altered, who goes, who steps aside for whom.
//!
//! The differences give a start. Then every object that goes, is made again, or changes in a way
//! that others notice asks its dependents in the old schema how they answer, and so on until
//! nobody has anything left to say. An object that is in neither list stays as it is.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::fates::Fates;
use crate::schema::{
    Delta, Key, Object, Snapshot, Step, diff,
    kind::{Alter, Cause, Change, Cx, Memo, Response, Slot, Swap},
};

/// What becomes of an object.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is made; the old schema has none.
    Create,
    /// It goes; the new schema has none.
    Drop,
    /// It is dropped and made again.
    Replace,
    /// It steps aside under another name, a new one takes its contents over.
    Swap(Swap),
    /// It changes in place: by these steps, or in its owner, comment and rights only.
    Alter(Vec<Step>),
    /// The same in two halves: by the first steps it lets go of what is dropped, by the second it
    /// changes and takes up what is made. The keys are what the first half lets go of.
    Detach(Vec<Step>, Vec<Step>, Vec<Key>),
}

impl Fate {
    /// The old one ceases to be, now or at the end.
    pub(super) fn leaves(&self) -> bool {
        matches!(self, Self::Drop | Self::Replace | Self::Swap(_))
    }

    /// It changes in place.
    pub(super) fn alters(&self) -> bool {
        matches!(self, Self::Alter(_) | Self::Detach(..))
    }

    /// It changes in its owner, comment and rights only: whatever stands on it does not notice.
    pub(super) fn alters_about(&self) -> bool {
        matches!(self, Self::Alter(steps) if steps.is_empty())
    }

    /// A new one is made.
    pub(super) fn builds(&self) -> bool {
        matches!(self, Self::Create | Self::Replace | Self::Swap(_))
    }
}

/// Decides the fate of every object.
pub(super) fn decide(
    old: &Snapshot,
    new: &Snapshot,
    online: bool,
    direct: &BTreeSet<Key>,
) -> Fates {
    let deltas = diff(old, new);
    if deltas.is_empty() {
        return Fates::default();
    }
    let nothing_built = |_: &Key| false;
    let memo = Memo::default();
    let cx = Cx { old, new, online, direct, built: &nothing_built, memo: &memo };
    let first = decide_with(&deltas, cx);
    // Kinds answer for tables that are kept, and those below and above, by what is made again.
    let built = |key: &Key| matches!(first.get(key), Some(Fate::Swap(_)));
    if !first.all().any(|(key, _)| built(key)) {
        return first;
    }
    decide_with(&deltas, Cx { built: &built, memo: &Memo::default(), ..cx })
}

fn decide_with<'a>(deltas: &'a [Delta<'a>], cx: Cx<'a>) -> Fates {
    let mut decision = Decision {
        cx,
        fates: Fates::default(),
        queue: VecDeque::new(),
        taken: HashSet::new(),
        told: HashSet::new(),
        heirs: heirs(deltas),
        in_the_way: HashSet::new(),
    };
    for delta in deltas {
        decision.start(delta);
    }
    for delta in deltas {
        decision.clear_way(delta.key());
    }
    while let Some((key, change)) = decision.queue.pop_front() {
        decision.spread(&key, change);
    }
    decision.keep_below_swaps();
    decision.fates.settle()
}

struct Decision<'a> {
    cx: Cx<'a>,
    fates: Fates,
    queue: VecDeque<(Key, Change)>,
    /// Temporary names that are given out.
    taken: HashSet<Key>,
    /// Which changes of what adapts itself were passed on already.
    told: HashSet<(Key, Change)>,
    /// What is new, by the names that it takes up.
    heirs: HashMap<Slot, &'a Key>,
    /// What goes and would be in the way of something new.
    in_the_way: HashSet<Key>,
}

/// The objects that only the new schema has, by the names that they take up.
fn heirs<'a>(deltas: &'a [Delta<'a>]) -> HashMap<Slot, &'a Key> {
    let added = deltas.iter().filter_map(|delta| match delta {
        Delta::Added(object) => Some(object.as_ref()),
        _ => None,
    });
    let slots = |object: &'a Object| {
        let slots = Snapshot::kind_of(object).occupies(object).into_iter();
        slots.map(move |slot| (slot, &object.key))
    };
    added.flat_map(slots).collect()
}

impl<'a> Decision<'a> {
    fn start(&mut self, delta: &Delta<'_>) {
        let key = delta.key().clone();
        // A part of it says already that it must be made again.
        if self.fates.get(&key).is_some_and(Fate::leaves) {
            return;
        }
        let mut whole = None;
        let fate = match delta {
            Delta::Added(_) => Fate::Create,
            Delta::Removed(_) => {
                self.queue.push_back((key.clone(), Change::Gone));
                Fate::Drop
            }
            Delta::Changed(a, b) if a.parent != b.parent => {
                self.queue.push_back((key.clone(), Change::Replaced));
                Fate::Replace
            }
            Delta::Changed(a, b) if a.spec.same(b.spec.as_ref()) => Fate::Alter(Vec::new()),
            Delta::Changed(a, b) => match Snapshot::kind_of(a).alter(a, b, &self.cx) {
                Alter::InPlace(steps) => Fate::Alter(steps),
                Alter::Around(steps, change) => {
                    self.queue.push_back((key.clone(), change));
                    Fate::Alter(steps)
                }
                alter @ (Alter::Replace | Alter::ReplaceParent) => {
                    if let Alter::ReplaceParent = alter {
                        whole = a.parent.as_ref();
                    }
                    self.queue.push_back((key.clone(), Change::Replaced));
                    Fate::Replace
                }
            },
        };
        self.fates.insert(key, fate);
        if let Some(whole) = whole {
            self.rebuild_if_kept(whole);
        }
    }

    /// Lets those step aside that stand in the way of what is built or changed.
    fn clear_way(&mut self, key: &Key) {
        let Some(new) = self.cx.new.get(key) else { return };
        for other in Snapshot::kind_of(new).in_the_way(new, &self.cx) {
            self.rebuild_if_kept(&other);
            // What no longer needs it has to let go of it before, too.
            if !self.cx.new.contains(&other) {
                self.in_the_way.insert(other.clone());
                self.queue.push_back((other, Change::Replaced));
            }
        }
    }

    /// Makes again what goes only together with another that goes.
    fn free(&mut self, old: &Object) {
        let parent = old.parent.as_ref().and_then(|parent| self.fates.get(parent));
        if !parent.is_some_and(Fate::leaves)
            && let Some(holder) = Snapshot::kind_of(old).held_by(old, &self.cx)
        {
            self.rebuild_if_kept(&holder);
        }
    }

    fn rebuild_if_kept(&mut self, key: &Key) {
        if let Some(old) = self.cx.old.get(key)
            && self.cx.new.contains(key)
            && !self.fates.get(key).is_some_and(Fate::leaves)
        {
            self.rebuild(old);
        }
    }

    /// Asks those that need `key` how they answer to its change.
    fn spread(&mut self, key: &Key, mut change: Change) {
        let Some(old) = self.cx.old.get(key) else { return };
        if matches!(change, Change::Gone | Change::Replaced) {
            self.free(old);
        }
        let new = self.cx.new.get(key).map(AsRef::as_ref);
        if change == Change::Replaced
            && matches!(self.fates.get(key), Some(Fate::Replace))
            && let Some(new) = new
            && let Some(swap) = self.swap(old, new)
        {
            self.fates.insert(key.clone(), Fate::Swap(swap));
            change = Change::Swapped;
        }
        if change == Change::Gone
            && matches!(self.fates.get(key), Some(Fate::Drop))
            && self.is_followed_by_values(old)
            && let Some(swap) = self.aside(old)
        {
            self.fates.insert(key.clone(), Fate::Swap(swap));
            change = Change::Swapped;
        }
        let cause = Cause { old, new, change };
        for dependent in self.cx.old.dependents(key) {
            self.answer(dependent, &cause);
        }
    }

    fn answer(&mut self, dependent: &'a Object, cause: &Cause<'_>) {
        let fate = self.fates.get(&dependent.key);
        let is_child = dependent.parent.as_ref() == Some(&cause.old.key);
        if is_child
            && matches!(cause.change, Change::Replaced | Change::Swapped)
            && matches!(fate, Some(Fate::Drop))
        {
            // It goes with a whole that comes again: who needed it must wait for the new whole.
            self.queue.push_back((dependent.key.clone(), Change::Replaced));
            return;
        }
        if fate.is_some_and(Fate::leaves) {
            return;
        }
        // What is not in the new schema was removed, and leaves already.
        let Some(after) = self.cx.new.get(&dependent.key) else { return };
        let kind = Snapshot::kind_of(dependent);
        if is_child && matches!(cause.change, Change::Replaced | Change::Swapped) {
            self.rebuild(dependent);
            return;
        }
        // It lets go of it by its own change, before that is dropped.
        if cause.change == Change::Gone && fate.is_some() && !after.needs.contains(&cause.old.key) {
            return;
        }
        match kind.respond(dependent, after, cause, &self.cx) {
            Response::Stay => {}
            Response::Rebuild => self.rebuild(dependent),
            Response::Detach(before, after) => {
                self.detach(dependent, before, after, &cause.old.key);
            }
            Response::RebuildParent => {
                if let Some(parent) = &dependent.parent {
                    self.rebuild_if_kept(parent);
                }
            }
            Response::Adapt(steps, change) => {
                let fate = self.fates.get_or_alter(&dependent.key);
                let (Fate::Alter(own) | Fate::Detach(_, own, _)) = fate else { return };
                let fresh: Vec<_> = steps.into_iter().filter(|s| !own.contains(s)).collect();
                own.extend(fresh);
                if let Some(change) = change
                    && self.told.insert((dependent.key.clone(), change))
                {
                    self.queue.push_back((dependent.key.clone(), change));
                }
            }
        }
    }

    /// Splits an alteration; what it does already stands in one half or the other.
    fn detach(&mut self, object: &Object, before: Vec<Step>, after: Vec<Step>, need: &Key) {
        let (mut first, mut second, mut freed) = match self.fates.remove(&object.key) {
            Some(Fate::Alter(own)) => (Vec::new(), own, Vec::new()),
            Some(Fate::Detach(first, second, freed)) => (first, second, freed),
            _ => (Vec::new(), Vec::new(), Vec::new()),
        };
        freed.push(need.clone());
        let missing = |steps: Vec<Step>, there: &[Step]| {
            steps.into_iter().filter(|s| !there.contains(s)).collect::<Vec<_>>()
        };
        first.extend(missing(before, &first));
        second.extend(missing(after, &second));
        self.fates.insert(object.key.clone(), Fate::Detach(first, second, freed));
    }

    fn rebuild(&mut self, object: &Object) {
        self.fates.insert(object.key.clone(), Fate::Replace);
        self.queue.push_back((object.key.clone(), Change::Replaced));
        self.clear_way(&object.key);
    }

    /// The exchange of an object that is to be made again, when contents hang on it: its own, or
    /// those of columns whose type it is, directly or through other types.
    fn swap(&mut self, old: &Object, new: &Object) -> Option<Swap> {
        let kind = Snapshot::kind_of(old);
        // A part goes with the whole.
        if let Some(parent) = &old.parent
            && self.fates.get(parent).is_some_and(Fate::leaves)
        {
            return None;
        }
        if !kind.holds_data(old) && !self.holds_data(old) {
            return None;
        }
        let temporary = self.temporary(old);
        let swap = kind.swap(old, new, temporary.base_name(), &self.cx)?;
        self.taken.insert(temporary);
        Some(swap)
    }

    /// Steps aside under another name until the end: what goes, or is made of statements alone.
    fn aside(&mut self, old: &Object) -> Option<Swap> {
        let kind = Snapshot::kind_of(old);
        let temporary = self.temporary(old);
        let aside = kind.rename(old, &temporary)?;
        let renamed = Object { key: temporary.clone(), ..old.clone() };
        let mut drop = kind.drop(&renamed, &self.cx);
        let loses = kind.drop(old, &self.cx).into_iter().map(|step| step.loses);
        for (step, loses) in drop.iter_mut().zip(loses) {
            step.key.clone_from(&old.key);
            step.loses = loses;
        }
        self.taken.insert(temporary);
        Some(Swap { aside, drop, ..Swap::default() })
    }

    /// Whether values of what goes are those of another kind of object under its name.
    fn is_followed_by_values(&self, old: &Object) -> bool {
        let slots = Snapshot::kind_of(old).occupies(old);
        let Some(heir) = slots.iter().find_map(|slot| self.heirs.get(slot)) else { return false };
        let follows = |key: &Key| self.cx.new.get(key).is_some_and(|o| o.needs.contains(heir));
        let dependents = self.cx.old.dependents(&old.key).filter(|o| follows(&o.key));
        let mut seen = HashSet::new();
        dependents.into_iter().any(|dependent| {
            let kind = Snapshot::kind_of(dependent);
            kind.holds_data(dependent) || self.leads_to_data(dependent, &mut seen)
        })
    }

    /// Keeps under another name what an exchanged object cannot do without until its contents have
    /// been taken over.
    fn keep_below_swaps(&mut self) {
        let is_swap = |fate: &Fate| matches!(fate, Fate::Swap(_));
        let mut open: Vec<Key> =
            self.fates.all().filter(|(_, f)| is_swap(f)).map(|(key, _)| key.clone()).collect();
        open.sort();
        while let Some(key) = open.pop() {
            let parts = self.cx.old.parts(&key).map(AsRef::as_ref);
            // The others are taken out of it before.
            let stay = |part: &&'a Object| {
                let kind = Snapshot::kind_of(part);
                kind.folds(part) && !kind.detachable()
            };
            let whole = self.cx.old.get(&key).map(AsRef::as_ref);
            let needs = whole.into_iter().chain(parts.filter(stay)).flat_map(|o| &o.needs);
            for need in needs {
                let goes = match self.fates.get(need) {
                    Some(Fate::Replace) => true,
                    Some(Fate::Drop) => self.in_the_way.contains(need),
                    _ => false,
                };
                let Some(old) = self.cx.old.get(need).filter(|old| goes && old.parent.is_none())
                else {
                    continue;
                };
                if let Some(swap) = self.aside(old) {
                    self.fates.insert(need.clone(), Fate::Swap(swap));
                    open.push(need.clone());
                }
            }
        }
    }

    /// Whether rows or values that stay depend on the object, through others that can be swapped.
    fn holds_data(&self, object: &Object) -> bool {
        self.leads_to_data(object, &mut HashSet::new())
    }

    fn leads_to_data(&self, object: &'a Object, seen: &mut HashSet<&'a Key>) -> bool {
        let mut open = vec![&object.key];
        while let Some(key) = open.pop() {
            for dependent in self.cx.old.dependents(key) {
                let leaves =
                    self.fates.get(&dependent.key).is_some_and(|f| matches!(f, Fate::Drop));
                if leaves || !self.cx.new.contains(&dependent.key) || !seen.insert(&dependent.key) {
                    continue;
                }
                // An attribute of what holds no rows itself (a composite type) is data where that is.
                match dependent.parent.as_ref().and_then(|p| self.cx.old.get(p)) {
                    Some(parent) if !Snapshot::kind_of(parent).holds_data(parent) => {
                        open.push(&parent.key);
                    }
                    _ if Snapshot::kind_of(dependent).holds_data(dependent) => return true,
                    _ => {}
                }
                open.push(&dependent.key);
            }
        }
        false
    }

    /// A name that neither schema uses for this kind of object.
    fn temporary(&self, object: &Object) -> Key {
        use crate::schema::Name;
        let base = object.key.base_name();
        let mut end = base.len().min(50);
        while !base.is_char_boundary(end) {
            end -= 1;
        }
        let mut number = 0;
        loop {
            let suffix = if number == 0 { String::new() } else { number.to_string() };
            let name = format!("{}_old{suffix}", &base[..end]);
            let key = match object.key.name() {
                Name::InSchema { schema, .. } => {
                    Key::in_schema(object.key.kind(), schema.clone(), name)
                }
                Name::Routine { schema, args, .. } => {
                    Key::routine(object.key.kind(), schema.clone(), name, args.clone())
                }
                Name::ForMethod { schema, method, .. } => {
                    let (schema, method) = (schema.clone(), method.clone());
                    Key::new(object.key.kind(), Name::ForMethod { schema, name, method })
                }
                _ => Key::global(object.key.kind(), name),
            };
            let free = |s: &Snapshot| !s.contains(&key);
            if free(self.cx.old) && free(self.cx.new) && !self.taken.contains(&key) {
                return key;
            }
            number += 1;
        }
    }
}
