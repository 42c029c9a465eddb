//! The order of columns: PostgreSQL can only append, so what cannot be reached is said.

use std::collections::BTreeMap;

use super::{
    fate::{Fate, Fates},
    order::{Node, Phase},
};
use crate::schema::{Key, Object, kind::Cx};

/// One sentence for each kept whole whose parts will not stand in the new schema's order.
pub(super) fn notes(nodes: &[Node<'_>], fates: &Fates, cx: &Cx<'_>) -> Vec<String> {
    // Only wholes that get parts, or lose some, can end in another order.
    let mut added: BTreeMap<&Key, Vec<&Object>> = BTreeMap::new();
    for node in nodes.iter().filter(|n| n.phase == Phase::Build && n.object.ordinal != 0) {
        if let Some(parent) = &node.object.parent
            && !fates.get(parent).is_some_and(Fate::builds)
        {
            added.entry(parent).or_default().push(node.object);
        }
    }
    added.retain(|parent, _| cx.old.contains(parent));
    let mut kept: BTreeMap<&Key, Vec<&Object>> = BTreeMap::new();
    let mut wanted: BTreeMap<&Key, Vec<&Object>> = BTreeMap::new();
    if added.is_empty() {
        return Vec::new();
    }
    let siblings =
        |o: &Object| o.ordinal != 0 && o.parent.as_ref().is_some_and(|p| added.contains_key(p));
    for object in cx.old.objects().iter().filter(|o| siblings(o)) {
        if let Some(parent) = &object.parent
            && !fates.get(&object.key).is_some_and(Fate::leaves)
        {
            kept.entry(parent).or_default().push(object);
        }
    }
    for object in cx.new.objects().iter().filter(|o| siblings(o)) {
        if let Some(parent) = &object.parent {
            wanted.entry(parent).or_default().push(object);
        }
    }
    let mut notes = Vec::new();
    for (parent, added) in added {
        let mut reached = kept.remove(parent).unwrap_or_default();
        reached.sort_by_key(|o| o.ordinal);
        reached.extend(added);
        let mut wanted = wanted.remove(parent).unwrap_or_default();
        wanted.sort_by_key(|o| o.ordinal);
        let names = |list: &[&Object]| {
            list.iter().map(|o| o.key.base_name().to_owned()).collect::<Vec<_>>()
        };
        let (reached, wanted) = (names(&reached), names(&wanted));
        if reached != wanted {
            notes.push(format!(
                "{parent} will have its columns in the order {}, not {}: PostgreSQL appends new ones",
                reached.join(", "),
                wanted.join(", ")
            ));
        }
    }
    notes
}
