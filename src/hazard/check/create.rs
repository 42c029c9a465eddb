//! CREATE TABLE, INDEX, VIEW and what else is made.

use super::{L, Scene, brief, column::json, may_fail, scan, schema};
use crate::{hazard::Hazard, pg::words::Words};

/// CREATE after its first word.
pub(super) fn create(mut words: Words<'_>, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    let replace = words.accept("or replace");
    while words
        .accept_any(&["global", "local", "temporary", "temp", "unlogged", "foreign", "recursive"])
        .is_some()
    {}
    let what = words.accept_any(&["table", "unique index", "index", "view"]);
    match what {
        Some("table") => create_table(words, scene, out),
        Some("index") => index(words, false, scene, out),
        Some("unique index") => index(words, true, scene, out),
        Some("view") if replace => {
            let Some(name) = words.name() else { return };
            if !scene.quiet(&name) && !scene.facts.lacks(&name) {
                out.push(brief("view-replace-lock", &name, "replaces a view", L::AccessExclusive));
            }
        }
        _ => {}
    }
}

fn create_table(mut words: Words<'_>, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    words.accept("if not exists");
    let Some(name) = words.name() else { return };
    if words.accept("partition of") {
        let Some(parent) = words.name() else { return };
        if scene.quiet(&parent) {
            return;
        }
        let rest = words.rest().trim().to_owned();
        let recipe = [
            format!("CREATE TABLE {name} (LIKE {parent} INCLUDING ALL)"),
            format!("ALTER TABLE {parent} ATTACH PARTITION {name} {rest}"),
        ];
        if scene.facts.default_partition(&parent) == Some(true) && !words.at("default") {
            let what = format!("looks through the DEFAULT partition of {parent}");
            out.push(
                scan("default-partition-scan", &parent, &what, L::AccessExclusive).recipe(recipe),
            );
        } else {
            let what = format!("adds a partition to {parent}");
            out.push(
                brief("partition-of-parent-lock", &parent, &what, L::AccessExclusive)
                    .recipe(recipe),
            );
        }
        return;
    }
    let Some(mut elements) = words.group() else { return };
    let constraints =
        ["constraint", "check", "unique", "primary key", "foreign key", "exclude", "like"];
    while let Some(mut element) = elements.item() {
        if element.clone().accept_any(&constraints).is_some() {
            continue;
        }
        let Some(column) = element.ident() else { continue };
        let kind = element.type_name();
        json(kind, &name, column, out);
    }
}

fn index(mut words: Words<'_>, unique: bool, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    let concurrently = words.accept("concurrently");
    let maybe = words.accept("if not exists");
    let name = if words.at("on") { None } else { words.name() };
    let rest = words.rest().trim().to_owned();
    words.accept("on");
    let only = words.accept("only");
    let Some(table) = words.name() else { return };
    if concurrently {
        if maybe {
            let what = "IF NOT EXISTS passes over an invalid index that a failed run left";
            out.push(Hazard::new("invalid-index-if-not-exists", &table, what));
        }
        if name.is_none() {
            let what = "the index has no name: what a failed run leaves cannot be found again";
            out.push(Hazard::new("concurrent-without-name", &table, what));
        }
    } else if !only && !scene.quiet(&table) {
        let shown = name.clone().unwrap_or_else(|| "the index".to_owned());
        let what = format!("builds {shown} on {table}");
        let recipe = if scene.facts.partitioned(&table) {
            let index = name.clone().unwrap_or_else(|| "…".to_owned());
            let (_, on) = rest.split_once(' ').unwrap_or(("", &rest));
            vec![
                format!("CREATE {}INDEX {index} ON ONLY {on}", if unique { "UNIQUE " } else { "" }),
                "-- migrate:up transaction:false".to_owned(),
                "-- for each partition:".to_owned(),
                "CREATE INDEX CONCURRENTLY … ON partition …".to_owned(),
                "-- migrate:up".to_owned(),
                format!("ALTER INDEX {}{index} ATTACH PARTITION …", schema(&table)),
            ]
        } else {
            let name = name.clone().unwrap_or_else(|| super::made_name(&[&table], "_idx"));
            super::index_recipe(unique, &name, &rest)
        };
        out.push(scan("index-not-concurrent", &table, &what, L::Share).recipe(recipe));
    }
    if unique && !scene.quiet(&table) {
        out.push(may_fail("unique-on-rows", &table, "fails if rows hold equal values"));
    }
}
