//! How NOT NULL changes since PostgreSQL 18, where it is a constraint with a name, and is passed on
//! to children as such.
//!
//! A parent's statement reaches its children: they get the constraint under the parent's name, lose
//! it unless they declare it too, and are renamed with it. So a column's steps start from what the
//! parents' statements leave it with. What a child has from a parent cannot be renamed or dropped
//! while the parent has it: the parent lets go of it for that time.

use super::{
    Column, Spec,
    not_null::{NotNull, comment, set},
};
use crate::schema::{
    Key, Obj, Run, Snapshot, Step,
    fact::Fact,
    kind::{Cx, lineage},
    sql::ident,
};

/// The steps from one state to the other.
pub(super) fn steps(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
    let was = left_by_parents(old, cx);
    let mut steps = match (&was, &new.spec.not_null) {
        (None, Some(_)) => set(new, cx),
        (Some(_), None) => {
            let mut steps = vec![dropped(&new.key)];
            below(&new.key, cx, &mut steps);
            steps
        }
        (Some(was), Some(now)) => return change(new, was, now, cx),
        (None, None) => Vec::new(),
    };
    steps.extend(comment(&new.key, None, new.spec.not_null.as_ref()));
    steps
}

fn change(new: Obj<'_, Spec>, was: &NotNull, now: &NotNull, cx: &Cx<'_>) -> Vec<Step> {
    let key = &new.key;
    let table = alter(key);
    let (old_name, name) = (was.real_name(key), now.real_name(key));
    let (old_sql, sql) = (ident(&old_name), ident(&name));
    let mut steps = Vec::new();
    let renamed = old_name != name;
    let anew = was.valid && !now.valid || renamed && !children_follow(key, &old_name, &name, cx);
    let disowned = new.spec.heir && was.local && !now.local;
    if anew {
        steps.push(Step::new(key, format!("{table} DROP CONSTRAINT {old_sql}")));
        steps.extend(set(new, cx));
        steps.extend(comment(key, None, Some(now)));
        return under_parents(new, steps, cx);
    }
    if disowned {
        return under_parents(new, vec![dropped(key)], cx);
    }
    if now.local && was.inherited.0 && (new.spec.heir || !is_held(&new, cx)) {
        let column = ident(key.base_name());
        steps.push(Step::new(key, format!("{table} ALTER COLUMN {column} SET NOT NULL")));
    }
    if renamed {
        let sql = format!("{table} RENAME CONSTRAINT {old_sql} TO {sql}");
        steps.extend(under_parents(new, vec![Step::new(key, sql)], cx));
    }
    if was.no_inherit != now.no_inherit {
        let verb = if now.no_inherit { "NO INHERIT" } else { "INHERIT" };
        steps.push(Step::new(key, format!("{table} ALTER CONSTRAINT {sql} {verb}")));
    }
    if now.valid && !was.valid {
        let sql = format!("{table} VALIDATE CONSTRAINT {sql}");
        steps.push(Step::new(key, sql).run(Run::NewTransaction));
    }
    steps.extend(comment(key, Some(was), Some(now)));
    steps
}

/// What a column has when the statements about its parents' columns have been run.
fn left_by_parents(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<NotNull> {
    let mut has = old.spec.not_null.clone();
    for above in lineage::standing(cx, old.object) {
        let (was, now) = (passed_on(cx.old, above), passed_on(cx.new, above));
        let Some(now) = now else {
            let other = |key: &Key| key != above && passed_on(cx.new, key).is_some();
            if was.is_some() && !lineage::standing(cx, old.object).any(other) {
                let keeps =
                    cx.new.typed::<Column>(above).is_some_and(|c| c.spec.not_null.is_some());
                has = match has {
                    // `NO INHERIT` leaves the children what they have.
                    Some(has) if keeps => {
                        Some(NotNull { local: true, inherited: Fact(false), ..has })
                    }
                    has => has.filter(|has| !has.inherited.0),
                };
            }
            continue;
        };
        let name = now.real_name(above);
        if let Some(has) = &mut has {
            let before = was.map(|was| was.real_name(above));
            let follows = before.as_ref().is_some_and(|before| {
                has.real_name(&old.key) == *before
                    && (has.inherited.0 || children_follow(above, before, &name, cx))
            });
            if follows {
                has.name = Some(name);
            }
        } else {
            has = Some(NotNull {
                name: Some(name),
                local: !old.spec.heir,
                no_inherit: false,
                valid: now.valid,
                comment: None,
                inherited: Fact(true),
            });
        }
    }
    has
}

/// What a parent's column gives to those below.
fn passed_on<'a>(schema: &'a Snapshot, column: &Key) -> Option<&'a NotNull> {
    // The key names an object of the snapshot, which outlives what `typed` lends of it.
    let object = schema.typed::<Column>(column)?;
    object.spec.not_null.as_ref().filter(|not_null| !not_null.no_inherit)
}

/// Whether a parent that stays has the constraint before and after.
fn is_held(column: &Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    lineage::standing(cx, column.object)
        .any(|key| passed_on(cx.old, key).is_some() && passed_on(cx.new, key).is_some())
}

/// Whether all children have it under the same name and want it under the new one, so that they are
/// renamed along.
fn children_follow(column: &Key, old: &str, new: &str, cx: &Cx<'_>) -> bool {
    if passed_on(cx.old, column).is_none() {
        return true;
    }
    let named = |schema: &Snapshot, key: &Key, name: &str| {
        let not_null = schema.typed::<Column>(key).and_then(|c| c.spec.not_null.as_ref());
        not_null.is_some_and(|not_null| not_null.real_name(key) == name)
    };
    lineage::columns_below(cx, column).into_iter().all(|child| {
        named(cx.old, &child, old)
            && named(cx.new, &child, new)
            && children_follow(&child, old, new, cx)
    })
}

/// The change of a column's type, which PostgreSQL refuses where the constraint has another name on a
/// table below: while that is so, none is above another.
pub(super) fn around_retype(column: &Key, change: Step, cx: &Cx<'_>) -> Vec<Step> {
    let (mut steps, mut again) = (Vec::new(), Vec::new());
    if cx.version() >= 18_00_00 {
        set_apart(column, cx, &mut steps, &mut again);
    }
    steps.push(change);
    steps.extend(again);
    steps
}

fn set_apart(column: &Key, cx: &Cx<'_>, before: &mut Vec<Step>, after: &mut Vec<Step>) {
    let below = lineage::columns_below(cx, column);
    for child in &below {
        set_apart(child, cx, before, after);
    }
    let Some(it) = cx.old.typed::<Column>(column) else { return };
    let Some(own) = passed_on(cx.old, column).filter(|own| own.local) else { return };
    let name = own.real_name(column);
    let differs = |child: &Key| {
        let theirs = cx.old.typed::<Column>(child).and_then(|c| c.spec.not_null.as_ref());
        theirs.is_some_and(|theirs| theirs.real_name(child) != name)
    };
    if below.iter().any(differs) {
        before.insert(0, dropped(column));
        after.extend(set(it, cx));
        after.extend(comment(column, None, Some(own)));
    }
}

/// The steps, while the parents that stay above do without the constraint.
fn under_parents(column: Obj<'_, Spec>, steps: Vec<Step>, cx: &Cx<'_>) -> Vec<Step> {
    let tops: Vec<_> = lineage::standing(cx, column.object)
        .filter(|key| passed_on(cx.new, key).is_some())
        .filter_map(|key| cx.new.typed::<Column>(key))
        .collect();
    let mut around: Vec<Step> = tops.iter().map(|top| dropped(&top.key)).collect();
    around.extend(steps);
    for top in tops {
        let again = set(top, cx).into_iter();
        around.extend(again.chain(comment(&top.key, None, top.spec.not_null.as_ref())));
    }
    around
}

/// Partitions that keep what they have from their parent only, when the parent's goes, get it again.
fn below(column: &Key, cx: &Cx<'_>, steps: &mut Vec<Step>) {
    for child in lineage::columns_below(cx, column) {
        let (Some(old), Some(new)) =
            (cx.old.typed::<Column>(&child), cx.new.typed::<Column>(&child))
        else {
            continue;
        };
        let loses = old.spec.not_null.as_ref().is_some_and(|n| n.inherited.0);
        // One that changes sees to it itself.
        if loses && old.spec == new.spec {
            steps.extend(set(new, cx));
        }
        below(&child, cx, steps);
    }
}

fn dropped(column: &Key) -> Step {
    let name = ident(column.base_name());
    Step::new(column, format!("{} ALTER COLUMN {name} DROP NOT NULL", alter(column)))
}

fn alter(column: &Key) -> String {
    format!("ALTER TABLE {}", column.relation_sql())
}
