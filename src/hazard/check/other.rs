//! What is neither ALTER TABLE nor CREATE nor DROP.

use super::{L, Length, Scene, brief, rewrite, scan};
use crate::{
    hazard::Hazard,
    pg::{impact, words::Words},
};

/// ALTER after its first word, tables aside.
pub(super) fn alter(mut words: Words<'_>, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    let kind = words.accept_any(&["domain", "view", "materialized view", "type", "sequence"]);
    words.accept("if exists");
    match kind {
        Some("domain") => {
            let Some(name) = words.name() else { return };
            let checks = words.accept_any(&["add", "set not null"]);
            if checks.is_none() || words.contains("not valid") || scene.quiet(&name) {
                return;
            }
            let what = format!("tests every value of {name} in every table");
            let mut hazard = scan("check-validates", &name, &what, L::Share);
            if checks == Some("add") {
                words.accept("constraint");
                let constraint = words.ident().unwrap_or_default();
                hazard = hazard.recipe([
                    format!(
                        "ALTER DOMAIN {name} ADD CONSTRAINT {constraint} {} NOT VALID",
                        words.rest().trim()
                    ),
                    "-- migrate:up".to_owned(),
                    format!("ALTER DOMAIN {name} VALIDATE CONSTRAINT {constraint}"),
                ]);
            }
            out.push(hazard);
        }
        Some("view" | "materialized view") => {
            let Some(name) = words.name() else { return };
            if words.accept("rename to") && !scene.quiet(&name) {
                let to = words.ident().unwrap_or_default();
                let what =
                    format!("{name} becomes {to}: programs that run meanwhile do not find it");
                out.push(brief("rename-table", &name, &what, L::AccessExclusive));
            }
        }
        Some("type") => {
            let Some(name) = words.name() else { return };
            while let Some(mut action) = words.item() {
                if action.accept("drop attribute") && !scene.quiet(&name) {
                    action.accept("if exists");
                    let attribute = action.ident().unwrap_or_default();
                    let what = format!("attribute {attribute} of {name} and its values are lost");
                    out.push(Hazard::new("data-loss", &name, what));
                }
            }
        }
        _ => {}
    }
}

/// REINDEX after its first word.
pub(super) fn reindex(mut words: Words<'_>, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    let mut concurrently = words.group().is_some_and(|options| options.contains("concurrently"));
    let what = words.accept_any(&["index", "table", "schema", "database", "system"]);
    concurrently |= words.accept("concurrently");
    let name = words.name().unwrap_or_default();
    if concurrently || scene.quiet(&name) {
        return;
    }
    let lock = if what == Some("index") { L::AccessExclusive } else { L::Share };
    let shown = what.unwrap_or_default().to_uppercase();
    out.push(scan("reindex-not-concurrent", &name, &format!("rebuilds {name}"), lock).recipe([
        "-- migrate:up transaction:false".to_owned(),
        format!("REINDEX {shown} CONCURRENTLY {name}"),
    ]));
}

/// Everything else: rows, maintenance, refreshing.
pub(super) fn other(text: &str, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    let mut words = Words::new(text);
    if words.accept("refresh materialized view") {
        let Some(name) = words.name() else { return };
        if !scene.quiet(&name) {
            let what = format!("fills {name} anew");
            out.push(
                scan("matview-not-concurrent", &name, &what, L::AccessExclusive)
                    .recipe([format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {name}")]),
            );
        }
        return;
    }
    let truncates = words.at("truncate");
    let heavy = words.at("vacuum") || words.at("cluster");
    for impact in impact::impacts(text) {
        let object = impact.object.clone().unwrap_or_default();
        if scene.quiet(&object) {
            continue;
        }
        let loss = impact.loses.clone().filter(|_| !scene.made.fills(text));
        if let Some(loss) = loss {
            let (rule, message) = if truncates {
                ("truncate", format!("all rows of {object} are lost"))
            } else {
                ("delete-or-update-without-where", loss)
            };
            let length = if truncates { Length::Rewrite } else { Length::Brief };
            out.push(Hazard::new(rule, &object, message).lock(impact.lock, length));
        } else if heavy && impact.rewrites {
            let what = format!("rewrites {object}");
            out.push(rewrite("truncate-vacuum-full-cluster", &object, &what));
        }
    }
}
