//! DROP.

use super::{L, Length, Scene, brief};
use crate::{hazard::Hazard, pg::words::Words};

/// DROP after its first word.
pub(super) fn drop(mut words: Words<'_>, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    if words.accept("owned by") {
        let who = words.name().unwrap_or_default();
        let what = format!("everything that {who} owns is lost");
        out.push(Hazard::new("drop-cascade", who, what));
        return;
    }
    let kind = words.accept_any(&[
        "table",
        "foreign table",
        "index",
        "view",
        "materialized view",
        "sequence",
        "schema",
        "database",
        "type",
        "domain",
        "function",
        "procedure",
        "routine",
        "aggregate",
        "extension",
        "collation",
        "foreign data wrapper",
        "server",
        "language",
    ]);
    let Some(kind) = kind else { return };
    let concurrently = words.accept("concurrently");
    words.accept("if exists");
    let cascade = words.contains("cascade");
    let ax = Some(L::AccessExclusive);
    while let Some(mut item) = words.item() {
        let Some(name) = item.name() else { continue };
        if scene.quiet(&name) {
            continue;
        }
        match kind {
            "index" if !concurrently => {
                let table = scene.facts.table_of_index(&name).unwrap_or_else(|| name.clone());
                let mut hazard =
                    brief("drop-index-not-concurrent", &name, "drops an index", L::AccessExclusive)
                        .recipe([
                            "-- migrate:up transaction:false".to_owned(),
                            format!("DROP INDEX CONCURRENTLY {name}"),
                        ]);
                if table != name {
                    hazard.message = format!("{} of {table}", hazard.message);
                }
                out.push(hazard);
            }
            "table" => {
                let mut what = format!("table {name} and its rows are lost");
                if cascade {
                    let others = scene.facts.referenced(&name);
                    match others.as_slice() {
                        [] => what.push_str(", with what depends on it"),
                        others => {
                            what.push_str(&format!(
                                ", with what depends on it: foreign keys of {}",
                                others.join(", ")
                            ));
                        }
                    }
                }
                let last = [format!(
                    "ALTER TABLE {name} RENAME TO {}",
                    super::made_name(&[&name], "_old")
                )];
                out.push(
                    Hazard::new("drop-table", &name, what).lock(ax, Length::Brief).recipe(
                        ["-- keep it for a release under another name:".to_owned()]
                            .into_iter()
                            .chain(last),
                    ),
                );
            }
            "database" => {
                let what = format!("database {name} is lost with everything in it");
                out.push(Hazard::new("drop-database", &name, what));
            }
            "schema" if cascade => {
                let what = format!("schema {name} and everything in it are lost");
                out.push(Hazard::new("drop-schema-cascade", &name, what).lock(ax, Length::Brief));
            }
            "type" | "domain" if cascade => {
                let what = format!("every column of type {name} is lost with its values");
                out.push(Hazard::new("enum-recreate", &name, what));
            }
            _ if cascade => {
                let what = format!("{kind} {name} takes along what depends on it");
                out.push(Hazard::new("drop-cascade", &name, what));
            }
            _ => {}
        }
    }
}
