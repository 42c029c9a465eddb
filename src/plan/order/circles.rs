//! What is taken apart where needs go in a circle.

use std::collections::{BTreeSet, HashSet};

use super::{Apart, Layout, Node, Phase};
use crate::schema::{
    Object, Snapshot,
    kind::{Cx, Memo, NONE, Slot},
};

impl Layout<'_, '_> {
    /// What may be taken out of a circle: parts that can stand alone, else one object for a stub.
    pub(super) fn loosen(&self, circle: &[usize]) -> Apart {
        let mut more = Apart::default();
        let members: HashSet<usize> = circle.iter().copied().collect();
        let taken = self.names_taken(circle);
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
                // So does one whose name another is to have: the key of a table that hands it on.
                let names = || Snapshot::kind_of(part).occupies(part);
                let in_the_way =
                    *phase != Phase::Build && names().iter().any(|name| taken.contains(name));
                if tied || in_the_way {
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

    /// The names that those built in a circle take.
    fn names_taken(&self, circle: &[usize]) -> BTreeSet<Slot> {
        let built = circle.iter().map(|node| &self.nodes[*node]);
        let built = built.filter(|node| node.phase == Phase::Build);
        let all = built.flat_map(|node| node.parts.iter().copied().chain([node.object]));
        all.flat_map(|object| Snapshot::kind_of(object).occupies(object)).collect()
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
}
