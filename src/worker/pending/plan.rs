//! The plan of a choice, both ways, as text with its transactions.

use std::collections::BTreeSet;

use super::{Changes, Planned, Script, Terms};
use crate::{
    engine::schema::{Accepted, allowances},
    plan::{self, Options, Plan, Selection},
    present::{safe::display_safe_lines, sql},
    schema::{Key, Snapshot},
};

/// Lines of a script that are shown.
const SHOWN: usize = 20_000;

/// The schema that a choice leads to.
pub fn target(changes: &Changes, chosen: &[bool]) -> Snapshot {
    let keys: BTreeSet<Key> = changes
        .items
        .iter()
        .zip(chosen)
        .filter(|(_, chosen)| **chosen)
        .map(|(item, _)| item.key.clone())
        .collect();
    Selection::new(&changes.old, &changes.new).target(&keys)
}

/// Plans a choice, both ways. For the worker.
pub fn plan(changes: &Changes, chosen: &[bool], options: Options, terms: &Terms) -> Planned {
    let target = target(changes, chosen);
    let direct = &terms.direct;
    let both = plan::plan_with(&changes.old, &target, options, direct)
        .and_then(|up| Ok((up, plan::plan_with(&target, &changes.old, options, direct)?)));
    match both {
        Ok((mut up, mut down)) => {
            up.statements.splice(0..0, changes.renamed.iter().cloned());
            down.statements.extend(changes.restored.iter().cloned());
            Planned {
                up: script(&up, &|statement, hazard| terms.reason(statement, hazard)),
                down: script(&down, &|_, _| None),
                ..Planned::default()
            }
        }
        Err(circle) => Planned { failed: Some(circle.to_string()), ..Planned::default() },
    }
}

/// A plan as text.
pub fn script(plan: &Plan, accepted: Accepted<'_>) -> Script {
    let sections = plan.sections();
    let transactions = sections.iter().filter(|section| section.transaction).count();
    let mut text = String::new();
    let mut starts = Vec::new();
    let mut line = 0;
    let mut nth = 0;
    let mut put = |words: &str, text: &mut String| {
        let start = line;
        line += words.split_inclusive('\n').count();
        text.push_str(words);
        start
    };
    for (index, section) in sections.iter().enumerate() {
        if index > 0 {
            put("\n", &mut text);
        }
        if section.transaction {
            nth += 1;
            put(&format!("-- transaction {nth} of {transactions}\n"), &mut text);
        } else {
            put("-- outside of a transaction\n", &mut text);
        }
        for (nth, statement) in section.statements.iter().enumerate() {
            if nth > 0 {
                put("\n", &mut text);
            }
            let shown = statement.shown();
            let body = shown.trim_end_matches('\n');
            let mut above = allowances(statement, accepted).join("\n");
            if !above.is_empty() {
                above.push('\n');
            }
            starts.push(put(&format!("{above}{body};\n"), &mut text));
        }
    }
    for note in &plan.notes {
        put(&format!("-- {}\n", note.replace('\n', " ")), &mut text);
    }
    Script {
        starts,
        transactions,
        outside: plan.statements.iter().filter(|s| s.run == crate::schema::Run::Outside).count(),
        notes: plan.notes.clone(),
        statements: plan.statements.clone(),
        ..shown(&text)
    }
}

/// A text with its colours, ready to be drawn.
pub(super) fn shown(text: &str) -> Script {
    let shown = display_safe_lines(text);
    let all = shown.lines().count();
    let lines = shown.lines().map(str::to_owned).zip(sql::lines(&shown)).take(SHOWN).collect();
    Script { lines, more: all.saturating_sub(SHOWN), ..Script::default() }
}
