//! The order of columns: PostgreSQL can only append, so what cannot be reached is said.

use std::collections::BTreeMap;

use super::{
    fate::{Fate, Fates},
    order::{Node, Phase},
};
use crate::schema::{Key, Object, Snapshot};

/// One sentence for each kept whole whose parts will not stand in the new schema's order.
pub(super) fn notes(
    nodes: &[Node<'_>],
    fates: &Fates,
    old: &Snapshot,
    new: &Snapshot,
) -> Vec<String> {
    let leaves = |key: &Key| fates.get(key).is_some_and(Fate::leaves);
    let mut reached = by_parent(old, |part| !leaves(&part.key));
    let mut wanted = by_parent(new, |_| true);
    for node in nodes.iter().filter(|n| n.phase == Phase::Build && n.object.ordinal != 0) {
        if let Some(parts) = node.object.parent.as_ref().and_then(|p| reached.get_mut(p)) {
            parts.push(node.object);
        }
    }
    let mut notes = Vec::new();
    for (parent, reached) in reached {
        let Some(wanted) = wanted.remove(parent).filter(|_| !leaves(parent)) else { continue };
        // Almost always they agree, and then no name is copied.
        if reached.iter().map(|o| o.key.base_name()).eq(wanted.iter().map(|o| o.key.base_name())) {
            continue;
        }
        let names = |list: &[&Object]| {
            list.iter().map(|o| o.key.base_name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        notes.push(format!(
            "{parent} will have its columns in the order {}, not {}: PostgreSQL only appends",
            names(&reached),
            names(&wanted)
        ));
    }
    notes
}

/// The parts that have a position, in their order, by what they stand on.
fn by_parent(schema: &Snapshot, keep: impl Fn(&Object) -> bool) -> BTreeMap<&Key, Vec<&Object>> {
    let mut parts: BTreeMap<&Key, Vec<&Object>> = BTreeMap::new();
    for object in schema.objects().iter().filter(|o| o.ordinal != 0 && keep(o)) {
        if let Some(parent) = &object.parent {
            parts.entry(parent).or_default().push(object);
        }
    }
    for list in parts.values_mut() {
        list.sort_by_key(|o| o.ordinal);
    }
    parts
}
