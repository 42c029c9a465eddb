//! One statement against the rules: by its first words to the form that it has.

mod column;
mod create;
mod drop;
mod other;
mod table;

use super::{Facts, Hazard, Length, Severity, walk::Made};
use crate::pg::{
    impact::{self, LockMode as L},
    words::Words,
};

/// What is known when a statement is judged.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The database before the script.
    pub(super) facts: &'a Facts<'a>,
    /// What the script made so far.
    pub(super) made: &'a Made,
    /// The statement is the plan's own: what it loses and what may fail is known better.
    pub(super) generated: bool,
}

impl Scene<'_> {
    /// Nobody can be using it yet: the script itself made it.
    fn quiet(&self, name: &str) -> bool {
        self.made.has(name)
    }
}

/// The hazards of one statement.
pub(super) fn statement(text: &str, scene: &Scene<'_>) -> Vec<Hazard> {
    let mut out = Vec::new();
    let mut words = Words::new(text);
    if words.accept("alter table") || words.accept("alter foreign table") {
        table::alter(words, scene, &mut out);
        return out;
    }
    let first = words.accept_any(&["create", "drop", "alter", "reindex"]);
    match first {
        Some("create") => create::create(words, scene, &mut out),
        Some("drop") => drop::drop(words, scene, &mut out),
        Some("alter") => other::alter(words, scene, &mut out),
        Some("reindex") => other::reindex(words, scene, &mut out),
        _ if refreshes_concurrently(words.clone()) => return out,
        _ => other::other(text, scene, &mut out),
    }
    rest(text, 0, false, scene, &mut out);
    out
}

/// Reads go on meanwhile, and nobody writes to a materialized view.
fn refreshes_concurrently(mut words: Words<'_>) -> bool {
    words.accept("refresh materialized view") && words.accept("concurrently")
}

/// What no rule has said about the locks of a statement: the long ones, and the brief ones as a note.
fn rest(text: &str, action: usize, proved: bool, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    for impact in impact::impacts(text) {
        let Some(lock) = impact.lock else { continue };
        let object = impact.object.unwrap_or_default();
        // A foreign key's rule speaks of both tables.
        let told = out.iter().any(|hazard| {
            hazard.action == action
                && hazard.lock.is_some()
                && (hazard.object == object || hazard.rule == "fk-validates")
        });
        if scene.quiet(&object) || told {
            continue;
        }
        let (rewrites, scans) = (impact.rewrites && !proved, impact.scans && !proved);
        let hazard = if rewrites {
            Hazard::new(
                "truncate-vacuum-full-cluster",
                &object,
                meanwhile(&format!("rewrites {object}"), lock),
            )
            .lock(Some(lock), Length::Rewrite)
        } else if scans && lock.blocks().is_some() {
            Hazard::new("blocking-scan", &object, meanwhile(&format!("scans {object}"), lock))
                .lock(Some(lock), Length::Scan)
        } else if lock.blocks().is_some() {
            let words = format!("takes {} on {object} for a moment", lock.as_str());
            Hazard::new("brief-lock", &object, words).lock(Some(lock), Length::Brief)
        } else {
            continue;
        };
        out.push(Hazard { action, ..hazard });
    }
}

/// "scans orders under SHARE, writes wait meanwhile".
fn meanwhile(what: &str, lock: L) -> String {
    let waits = lock.blocks().map_or_else(String::new, |b| format!(", {b} wait meanwhile"));
    format!("{what} under {}{waits}", lock.as_str())
}

/// A hazard that holds a lock for as long as a scan takes.
fn scan(rule: &'static str, object: &str, what: &str, lock: L) -> Hazard {
    Hazard::new(rule, object, meanwhile(what, lock)).lock(Some(lock), Length::Scan)
}

/// A hazard that rewrites the table.
fn rewrite(rule: &'static str, object: &str, what: &str) -> Hazard {
    Hazard::new(rule, object, meanwhile(what, L::AccessExclusive))
        .lock(Some(L::AccessExclusive), Length::Rewrite)
}

/// A hazard that holds a lock for a moment.
fn brief(rule: &'static str, object: &str, what: &str, lock: L) -> Hazard {
    let blocks = lock.blocks().map_or_else(String::new, |b| format!(": {b} wait for a moment"));
    Hazard::new(rule, object, format!("{what}{blocks}")).lock(Some(lock), Length::Brief)
}

/// A hazard that may make the statement fail.
fn may_fail(rule: &'static str, object: &str, what: impl Into<String>) -> Hazard {
    Hazard::new(rule, object, what)
}

/// The last part of a name, quoted or not, for names that are made of it.
fn base(name: &str) -> String {
    crate::pg::words::normal_name(name).pop().unwrap_or_default()
}

/// A name made of parts, as SQL, cut to what PostgreSQL allows.
fn made_name(parts: &[&str], end: &str) -> String {
    let mut name = parts.iter().map(|part| base(part)).collect::<Vec<_>>().join("_");
    while name.len() + end.len() > 63 {
        name.pop();
    }
    crate::pg::ident::quote_ident(&format!("{name}{end}"))
}

/// The schema of a name with its dot, as written.
fn schema(name: &str) -> &str {
    name.rfind('.').map_or("", |at| &name[..=at])
}

/// The steps that let an index be built while others work.
fn index_recipe(unique: bool, name: &str, rest: &str) -> Vec<String> {
    let unique = if unique { "UNIQUE " } else { "" };
    vec![
        "-- migrate:up transaction:false".to_owned(),
        format!("CREATE {unique}INDEX CONCURRENTLY {name} {rest}"),
    ]
}

/// Severity as it is for a table whose rows nobody waits for.
fn noted(hazard: Hazard) -> Hazard {
    hazard.severity(Severity::Note)
}
