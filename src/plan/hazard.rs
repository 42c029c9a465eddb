//! What a statement of a plan does to a running database, beside what it is for.
//!
//! Locks, rewrites and scans are the measured facts of [`crate::pg::impact`]; what is lost is what
//! the kinds said. Objects that the plan itself makes are left out: nobody uses them yet.

use serde::Serialize;

use super::Statement;
use crate::{
    pg::impact::{self, Impact, LockMode},
    schema::{Key, Run},
};

/// How much a hazard matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know: a lock that is held for a moment.
    Note,
    /// Others wait, or it can fail on rows that exist.
    Warning,
    /// Data is lost.
    Danger,
}

/// A stated risk of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hazard {
    /// The rule's name: `table-rewrite`, `drop-column`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The object it is about, as SQL; empty when it is about none.
    pub object: String,
    /// The strongest lock it takes there (`ACCESS EXCLUSIVE`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<&'static str>,
    /// Who waits meanwhile ("reads and writes").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<&'static str>,
    /// One sentence.
    pub message: String,
}

/// Adds the hazards of each statement; `fresh` tells what the plan itself makes.
pub(super) fn mark(statements: &mut [Statement], fresh: &dyn Fn(&Key) -> bool) {
    let made: Vec<String> = statements
        .iter()
        .flat_map(|s| &s.keys)
        .filter(|key| key.relation().is_none() && fresh(key))
        .map(Key::sql)
        .collect();
    let made: std::collections::HashSet<String> = made.into_iter().collect();
    for statement in statements {
        statement.hazards = hazards(statement, &|object| made.contains(object));
    }
}

fn hazards(statement: &Statement, made: &dyn Fn(&str) -> bool) -> Vec<Hazard> {
    let mut out: Vec<Hazard> = statement
        .loses
        .iter()
        .map(|what| Hazard {
            rule: loss_rule(&statement.sql),
            severity: Severity::Danger,
            object: statement.keys.first().map(Key::sql).unwrap_or_default(),
            lock: None,
            blocks: None,
            message: format!("{what} are lost"),
        })
        .collect();
    for impact in impact::impacts(&statement.sql) {
        let object = impact.object.clone().unwrap_or_default();
        if !made(&object) {
            out.extend(of_impact(&impact, object));
        }
    }
    let table = statement.keys.first().map(Key::relation_sql).unwrap_or_default();
    if !made(&table)
        && let Some((rule, message)) = may_fail(&statement.sql)
    {
        out.push(Hazard {
            rule,
            severity: Severity::Warning,
            object: table,
            lock: None,
            blocks: None,
            message: message.to_owned(),
        });
    }
    if statement.run == Run::Outside {
        out.push(Hazard {
            rule: "not-transactional",
            severity: Severity::Note,
            object: String::new(),
            lock: None,
            blocks: None,
            message: "runs outside of a transaction: what came before is committed".to_owned(),
        });
    }
    out
}

fn of_impact(impact: &Impact, object: String) -> Option<Hazard> {
    let lock = impact.lock?;
    let blocks = lock.blocks();
    let waits = blocks.map_or_else(String::new, |b| format!(", {b} wait meanwhile"));
    let name = lock.as_str();
    let (rule, severity, message) = if impact.rewrites {
        ("table-rewrite", Severity::Warning, format!("rewrites {object} under {name}{waits}"))
    } else if impact.scans && blocks.is_some() {
        ("blocking-scan", Severity::Warning, format!("scans {object} under {name}{waits}"))
    } else if lock == LockMode::AccessExclusive || blocks.is_some() {
        ("brief-lock", Severity::Note, format!("takes {name} on {object} for a moment"))
    } else {
        return None;
    };
    Some(Hazard { rule, severity, object, lock: Some(name), blocks, message })
}

/// The rule that a loss breaks, by the statement that causes it.
fn loss_rule(statement: &str) -> &'static str {
    if statement.starts_with("DROP TABLE") {
        "drop-table"
    } else if statement.contains("DROP COLUMN") {
        "drop-column"
    } else if statement.starts_with("DROP SCHEMA") {
        "drop-schema"
    } else {
        "data-loss"
    }
}

/// Statements whose success depends on the rows that exist.
fn may_fail(statement: &str) -> Option<(&'static str, &'static str)> {
    let has = |part: &str| statement.contains(part);
    if has(" SET NOT NULL") {
        Some(("set-not-null", "fails if a row holds NULL there"))
    } else if has("ADD COLUMN") && has(" NOT NULL") && !has(" DEFAULT ") && !has(" GENERATED ") {
        Some(("required-new-column", "fails unless the table is empty: there is no default"))
    } else if has("CREATE UNIQUE INDEX")
        || has("ADD CONSTRAINT") && (has(" UNIQUE") || has(" PRIMARY KEY"))
    {
        Some(("unique-on-rows", "fails if rows hold equal values"))
    } else if has("VALIDATE CONSTRAINT")
        || has("ADD CONSTRAINT") && !has("NOT VALID") && (has(" CHECK ") || has(" FOREIGN KEY "))
    {
        Some(("constraint-on-rows", "fails if a row does not satisfy it"))
    } else {
        None
    }
}
