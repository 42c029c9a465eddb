//! From two snapshots to changes that can be shown and chosen.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{Change, Changes, Group, Sign, brief};
use crate::{
    engine::Error,
    plan::{self, Definitions, Hazard, Options, Plan, Selection, Sizes},
    present::diff::Diff,
    schema::{Delta, Key, KindId, Snapshot},
};

/// Finds what differs, what each change risks, and what it looks like before and after. Costs a
/// plan: for the worker.
pub fn build(
    old: &Arc<Snapshot>,
    new: &Arc<Snapshot>,
    options: Options,
    sizes: &Sizes,
) -> Result<Changes, Error> {
    let mut all = plan::plan(old, new, options)?;
    all.weigh(sizes);
    let mut direct = plan::plan(old, new, Options { online: false })?;
    direct.weigh(sizes);
    let mut risks = Risks { online: known(&all), direct: known(&direct) };

    let before = Definitions::new(old);
    let after = Definitions::new(new);
    let selection = Selection::new(old, new);
    let mut wholes: BTreeMap<&Key, Vec<&Delta<'_>>> = BTreeMap::new();
    for delta in selection.changes() {
        let whole = match delta {
            Delta::Removed(_) => before.whole(delta.key()),
            Delta::Added(_) | Delta::Changed(..) => after.whole(delta.key()),
        };
        wholes.entry(whole).or_default().push(delta);
    }

    // Wholes that have parts among the changes stand by themselves; the others by kind.
    let (alone, with_parts): (Vec<_>, Vec<_>) =
        wholes.iter().partition(|(whole, deltas)| deltas.len() == 1 && deltas[0].key() == **whole);
    let mut items: Vec<Change> = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut texts: Vec<(String, String, String)> = Vec::new();
    let define = |whole: &Key, texts: &mut Vec<(String, String, String)>| {
        texts.push((brief::heading(whole), before.text(whole), after.text(whole)));
        texts.len() - 1
    };
    let mut with_parts = with_parts;
    with_parts.sort_by_key(|(whole, _)| (whole.schema(), whole.base_name(), **whole));
    for (whole, deltas) in with_parts {
        let part = define(whole, &mut texts);
        let from = items.len();
        let mut deltas: Vec<&Delta<'_>> = deltas.clone();
        deltas.sort_by_key(|delta| {
            let object = object_of(delta);
            let weight = Snapshot::kind_of(object).weight();
            (delta.key() != *whole, weight, object.ordinal, delta.key().clone())
        });
        let made = deltas[0].key() == *whole && !matches!(deltas[0], Delta::Changed(..));
        items.extend(deltas.into_iter().map(|delta| change(delta, whole, part, &mut risks)));
        groups.push(Group {
            title: brief::title(whole),
            kind: whole.kind().0,
            items: from..items.len(),
            whole: made,
        });
    }
    let mut by_kind: BTreeMap<(u16, KindId), Vec<&Delta<'_>>> = BTreeMap::new();
    for (_, deltas) in alone {
        let object = object_of(deltas[0]);
        let weight = Snapshot::kind_of(object).weight();
        by_kind.entry((weight, object.key.kind())).or_default().extend(deltas);
    }
    for ((_, kind), deltas) in by_kind {
        let from = items.len();
        for delta in deltas {
            let part = define(delta.key(), &mut texts);
            items.push(change(delta, delta.key(), part, &mut risks));
        }
        groups.push(Group {
            title: brief::plural(kind.0),
            kind: "",
            items: from..items.len(),
            whole: false,
        });
    }

    link(&mut items, &selection);
    let parts = texts.iter().map(|(title, old, new)| (title.as_str(), old.as_str(), new.as_str()));
    let objects = Arc::new(Diff::of_parts(parts));
    let mut unmanaged = old.unmanaged.clone();
    unmanaged.extend(new.unmanaged.iter().filter(|one| !old.unmanaged.contains(one)).cloned());
    let (old, new) = (Arc::clone(old), Arc::clone(new));
    let questions = plan::rename::questions(&old, &new);
    Ok(Changes { items, groups, objects, questions, unmanaged, old, new, ..Changes::default() })
}

/// What the plan says of an object.
#[derive(Clone, Default, PartialEq)]
struct Known {
    hazards: Vec<Hazard>,
    outside: bool,
    loses: bool,
    steps: usize,
}

/// What both forms risk.
struct Risks {
    online: BTreeMap<Key, Known>,
    direct: BTreeMap<Key, Known>,
}

fn known(plan: &Plan) -> BTreeMap<Key, Known> {
    let mut found: BTreeMap<Key, Known> = BTreeMap::new();
    for statement in &plan.statements {
        for hazard in &statement.hazards {
            if let Some(key) = statement.change_of(hazard) {
                found.entry(key.clone()).or_default().hazards.push(hazard.clone());
            }
        }
        for part in &statement.parts {
            found.entry(part.key.clone()).or_default().loses |= !part.loses.is_empty();
        }
        for key in &statement.keys {
            let known = found.entry(key.clone()).or_default();
            known.outside |= statement.run == crate::schema::Run::Outside;
            known.steps += 1;
        }
    }
    for known in found.values_mut() {
        known.hazards.sort_by_key(|hazard| std::cmp::Reverse((hazard.severity, hazard.length)));
        for hazard in &mut known.hazards {
            hazard.action = 0;
        }
        known.hazards.dedup();
    }
    found
}

fn object_of<'a>(delta: &'a Delta<'a>) -> &'a crate::schema::Object {
    match delta {
        Delta::Added(object) | Delta::Removed(object) | Delta::Changed(_, object) => object,
    }
}

fn change(delta: &Delta<'_>, whole: &Key, part: usize, risks: &mut Risks) -> Change {
    let known = risks.online.remove(delta.key()).unwrap_or_default();
    let direct = risks.direct.remove(delta.key()).unwrap_or_default();
    let differ = known != direct;
    Change {
        whole: whole.clone(),
        direct: differ.then_some(direct.hazards),
        key: delta.key().clone(),
        sign: match delta {
            Delta::Added(_) => Sign::Added,
            Delta::Removed(_) => Sign::Removed,
            Delta::Changed(..) => Sign::Changed,
        },
        name: brief::name(delta.key()),
        text: brief::text(delta),
        hazards: known.hazards,
        outside: known.outside,
        loses: known.loses,
        needs: Vec::new(),
        needed_by: Vec::new(),
        part,
    }
}

/// Connects the changes that go together, and lets what goes with a lost whole count as lost.
fn link(items: &mut [Change], selection: &Selection<'_>) {
    let at: HashMap<Key, usize> =
        items.iter().enumerate().map(|(index, item)| (item.key.clone(), index)).collect();
    for (key, index) in &mut at.iter().collect::<Vec<_>>() {
        for need in selection.needs(key) {
            let Some(need) = at.get(*need) else { continue };
            items[**index].needs.push(*need);
            items[*need].needed_by.push(**index);
        }
    }
    for item in items.iter_mut() {
        item.needs.sort_unstable();
        item.needed_by.sort_unstable();
    }
    // Of a table that goes, nothing goes alone by default: its columns would be lost one by one.
    let mut open: Vec<usize> = (0..items.len()).filter(|index| items[*index].loses).collect();
    while let Some(index) = open.pop() {
        if items[index].sign != Sign::Removed {
            continue;
        }
        for below in items[index].needs.clone() {
            let holds = items[below].key.relation().is_some();
            if items[below].sign == Sign::Removed && holds && !items[below].loses {
                items[below].loses = true;
                open.push(below);
            }
        }
    }
}
