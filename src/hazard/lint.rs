//! A revision's file against the rules: where each finding stands, and what the file accepts.

use std::ops::Range;

use serde::Serialize;

use super::{
    Facts, Hazard, Walk,
    allow::{self, Allow},
    rule::{self, Group, Severity},
};
use crate::{
    pg::{
        impact::{self, Name},
        split::SplitError,
        statement::summary,
        words,
    },
    revision::{Direction, Script},
};

/// How much of a statement is shown, in characters.
const SHOWN: usize = 100;

/// What is reported.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Rules that are not looked at, by any of their names.
    pub off: Vec<String>,
    /// Rules whose findings count although they are notes.
    pub on: Vec<String>,
    /// Rules that are accepted everywhere (`--allow`).
    pub allow: Vec<String>,
}

/// A finding in a file.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is.
    #[serde(flatten)]
    pub hazard: Hazard,
    /// In the way up or down.
    #[serde(skip)]
    pub direction: Direction,
    /// 1-based line of the file.
    pub line: u32,
    /// The statement on one line, secrets masked; empty where the whole file is meant.
    pub statement: String,
    /// The file or the command line accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Reason>,
    /// Bytes of the statement in the file.
    #[serde(skip)]
    pub range: Range<usize>,
}

/// Why a finding is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// As the file gives it.
    pub reason: Option<String>,
}

impl Finding {
    /// It is neither accepted nor a mere note.
    pub fn counts(&self) -> bool {
        self.allowed.is_none() && self.hazard.severity > Severity::Note
    }
}

/// An acceptance that names no rule, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The name as written.
    pub name: String,
    /// 1-based line.
    pub line: u32,
}

/// The name that is most like it.
pub fn similar(name: &str) -> Option<&'static str> {
    let same = |a: &str| a.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let words = |a: &str| a.split('-').filter(|word| name.contains(word)).count();
    let best = rule::RULES.iter().map(|rule| rule.id).max_by_key(|id| (words(id), same(id)))?;
    (words(best) > 0).then_some(best)
}

/// The names of acceptances in a file that mean no rule.
pub fn unknown(script: &Script) -> Vec<Unknown> {
    let text = &script.text;
    let line = |at: usize| text[..at].matches('\n').count() as u32 + 1;
    allow::find(text, 0..text.len())
        .into_iter()
        .flat_map(|it| {
            let names: Vec<String> = it.unknown(text).into_iter().map(str::to_owned).collect();
            let line = line(it.range.start);
            names.into_iter().map(move |name| Unknown { name, line })
        })
        .collect()
}

/// Everything that the rules find in a script, accepted or not, by line.
pub fn script(
    script: &Script,
    facts: &Facts<'_>,
    levels: &Levels,
) -> Result<Vec<Finding>, SplitError> {
    let mut found = Vec::new();
    let begin = script.up.first().map_or(0, |section| section.body.start);
    let whole = allow::find(&script.text, 0..begin);
    let mut made = Vec::new();
    for direction in [Direction::Up, Direction::Down] {
        let mut walk = Walk::new(facts);
        for section in script.sections(direction).unwrap_or_default() {
            walk.section(section.transactional);
            let mut from = section.body.start;
            for statement in script.statements(section)? {
                let text = &script.text[statement.range.clone()];
                let end = line_end(&script.text, &statement.range, section.body.end);
                let mut here = allow::find(&script.text, from.min(end)..end);
                here.extend(whole.iter().cloned());
                from = end;
                let mut hazards = walk.statement(text);
                if direction == Direction::Up {
                    made.extend(impact::traces(text).objects());
                } else {
                    down(text, &made, &mut hazards);
                }
                for hazard in hazards {
                    let finding = Finding {
                        direction,
                        line: line_of(text, statement.line, &hazard),
                        statement: summary(text, SHOWN),
                        allowed: allowed(hazard.rule, &here, levels),
                        range: statement.range.clone(),
                        hazard,
                    };
                    found.extend(level(finding, levels));
                }
            }
        }
    }
    found.sort_by_key(|finding| finding.line);
    Ok(found)
}

/// What matters on the way down: what makes it fail, and what it takes that the way up did not make.
fn down(text: &str, made: &[(String, Option<String>)], hazards: &mut Vec<Hazard>) {
    let dropped = impact::dropped_columns(text);
    let own = |hazard: &Hazard| {
        made.iter().any(|(object, column)| {
            Name::new(object) == Name::new(&hazard.object)
                && column.as_ref().is_none_or(|column| {
                    dropped.get(hazard.action).is_some_and(|one| one.as_ref() == Some(column))
                })
        })
    };
    let lost: Vec<Hazard> = hazards
        .iter()
        .filter(|hazard| hazard.loses() && !own(hazard))
        .map(|hazard| {
            let what = format!("{}; the way up did not make it", hazard.message);
            Hazard::new("lossy-down", hazard.object.clone(), what)
        })
        .collect();
    hazards.retain(|hazard| hazard.about().is_some_and(|rule| rule.group == Group::Correctness));
    hazards.extend(lost);
}

/// The end of the line on which a statement ends: a comment there belongs to it.
fn line_end(text: &str, statement: &Range<usize>, limit: usize) -> usize {
    let rest = &text[statement.end..limit];
    statement.end + rest.find('\n').map_or(rest.len(), |at| at + 1)
}

/// The line of the action that a hazard is about.
fn line_of(text: &str, first: u32, hazard: &Hazard) -> u32 {
    let at = words::item_start(text, hazard.action);
    first + text[..at].matches('\n').count() as u32
}

fn allowed(id: &str, here: &[Allow], levels: &Levels) -> Option<Reason> {
    if let Some(one) = here.iter().find(|one| one.covers(id)) {
        return Some(Reason { reason: one.reason.clone() });
    }
    let named = levels.allow.iter().any(|name| rule::means(name, id));
    named.then(|| Reason { reason: Some("--allow".to_owned()) })
}

/// What the settings say of a rule.
fn level(mut finding: Finding, levels: &Levels) -> Option<Finding> {
    let id = finding.hazard.rule;
    if levels.off.iter().any(|name| rule::means(name, id)) {
        return None;
    }
    if levels.on.iter().any(|name| rule::means(name, id)) {
        finding.hazard.severity = finding.hazard.severity.max(Severity::Warning);
    }
    Some(finding)
}

/// A finding about a whole file.
pub fn of_file(rule: &'static str, levels: &Levels, text: &str) -> Option<Finding> {
    let about = rule::find(rule).map_or("", |rule| rule.about);
    let finding = Finding {
        hazard: Hazard::new(rule, "", about),
        direction: Direction::Down,
        line: 1,
        statement: String::new(),
        allowed: allowed(rule, &allow::find(text, 0..text.len()), levels),
        range: 0..0,
    };
    level(finding, levels)
}
