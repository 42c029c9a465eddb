//! The order of columns: PostgreSQL can only append, so what cannot be reached is said.

use super::{
    fate::Fate,
    fates::Fates,
    order::{Node, Phase},
};
use crate::schema::{Key, KeyMap, Object, Snapshot};

/// One sentence for each kept whole whose parts will not stand in the new schema's order.
pub(super) fn notes(
    nodes: &[Node<'_>],
    fates: &Fates,
    old: &Snapshot,
    new: &Snapshot,
) -> Vec<String> {
    let leaves = |key: &Key| fates.get(key).is_some_and(Fate::leaves);
    let mut built: KeyMap<Vec<&Object>> = KeyMap::default();
    for node in nodes.iter().filter(|n| n.phase == Phase::Build && n.object.ordinal != 0) {
        if let Some(parent) = &node.object.parent {
            built.entry(parent.clone()).or_default().push(node.object);
        }
    }
    let mut notes = Vec::new();
    for whole in old.objects().iter().map(|whole| &whole.key) {
        let mut reached = in_order(old, whole, |part| !leaves(&part.key));
        if reached.is_empty() || leaves(whole) {
            continue;
        }
        let wanted = in_order(new, whole, |_| true);
        if wanted.is_empty() {
            continue;
        }
        reached.extend(built.remove(whole).into_iter().flatten());
        // Almost always they agree, and then no name is copied.
        if reached.iter().map(|o| o.key.base_name()).eq(wanted.iter().map(|o| o.key.base_name())) {
            continue;
        }
        let names = |list: &[&Object]| {
            list.iter().map(|o| o.key.base_name().to_owned()).collect::<Vec<_>>().join(", ")
        };
        notes.push(format!(
            "{whole} will have its columns in the order {}, not {}: PostgreSQL only appends",
            names(&reached),
            names(&wanted)
        ));
    }
    notes
}

/// The parts of a whole that have a position, in their order.
fn in_order<'a>(
    schema: &'a Snapshot,
    whole: &Key,
    keep: impl Fn(&Object) -> bool,
) -> Vec<&'a Object> {
    let parts = schema.parts(whole).map(AsRef::as_ref);
    let mut parts: Vec<&Object> = parts.filter(|part| part.ordinal != 0 && keep(part)).collect();
    parts.sort_by_key(|part| part.ordinal);
    parts
}
