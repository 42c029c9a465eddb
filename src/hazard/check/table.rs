//! The actions of ALTER TABLE.

use super::{
    L, Length, Scene, base, brief,
    column::{add_column, alter_column},
    made_name, may_fail, noted, rest, scan, schema,
};
use crate::{hazard::Hazard, pg::words::Words};

/// ALTER TABLE after its first words.
pub(super) fn alter(mut words: Words<'_>, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    words.accept("if exists");
    words.accept("only");
    let Some(table) = words.name() else { return };
    words.sign("*");
    let mut at = 0;
    while let Some(item) = words.item() {
        let text = item.rest().trim().to_owned();
        let mut found = Vec::new();
        let proved = action(item, &table, scene, &mut found);
        for hazard in &mut found {
            hazard.action = at;
        }
        let quiet = scene.quiet(&table);
        out.extend(found.into_iter().filter(|hazard| !quiet || minds(hazard)));
        rest(&format!("ALTER TABLE {table} {text}"), at, proved, scene, out);
        at += 1;
    }
}

/// What matters even on a table that nobody uses yet.
fn minds(hazard: &Hazard) -> bool {
    use crate::hazard::rule::Group;
    hazard.about().is_some_and(|rule| rule.group == Group::Correctness)
}

/// One action; tells whether it is known to cost no more than a moment.
fn action(mut words: Words<'_>, table: &str, scene: &Scene<'_>, out: &mut Vec<Hazard>) -> bool {
    let first = words.accept_any(&[
        "add",
        "drop",
        "rename",
        "validate constraint",
        "attach partition",
        "detach partition",
        "set schema",
        "alter constraint",
        "alter",
    ]);
    match first {
        Some("add") => return add(words, table, scene, out),
        Some("drop") => drop(words, table, scene, out),
        Some("rename") => rename(words, table, out),
        Some("set schema") => {
            let to = words.ident().unwrap_or_default();
            let what = format!("programs that look for {table} do not find it in {to}");
            out.push(brief("rename-table", table, &what, L::AccessExclusive));
        }
        Some("validate constraint") => {
            let name = words.ident().unwrap_or_default();
            // A check that was added to prove a column NOT NULL is no name that a person gave.
            let proves = scene.made.check(table, name).and_then(never_null);
            let what = match proves {
                Some(column) => format!("fails if a row of {table} holds NULL in {column}"),
                None => format!("fails if a row of {table} does not satisfy {name}"),
            };
            let hazard = may_fail("constraint-on-rows", table, what);
            // A file that validates by itself does what the rules ask for.
            out.push(if scene.generated { hazard } else { noted(hazard) });
        }
        Some("attach partition") => return attach(words, table, scene, out),
        Some("detach partition") => {
            words.name();
            if words.accept_any(&["concurrently", "finalize"]).is_none() {
                let hazard = brief(
                    "detach-not-concurrent",
                    table,
                    "detaches a partition",
                    L::AccessExclusive,
                );
                out.push(hazard);
            }
        }
        Some("alter") => return alter_column(words, table, scene, out),
        _ => {}
    }
    false
}

fn drop(mut words: Words<'_>, table: &str, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    if words.accept("constraint") {
        return;
    }
    words.accept("column");
    words.accept("if exists");
    let Some(column) = words.ident() else { return };
    if scene.made.has_column(table, column) {
        return;
    }
    let cascade = words.accept("cascade");
    let and = if cascade { " and what depends on it" } else { "" };
    let what = format!("column {column} of {table} and its values{and} are lost");
    out.push(Hazard::new("drop-column", table, what).lock(Some(L::AccessExclusive), Length::Brief));
}

fn rename(mut words: Words<'_>, table: &str, out: &mut Vec<Hazard>) {
    if words.accept("to") {
        let to = words.ident().unwrap_or_default();
        let what = format!("{table} becomes {to}: programs that run meanwhile do not find it");
        let view = format!("CREATE VIEW {table} AS TABLE {}{to}", schema(table));
        out.push(brief("rename-table", table, &what, L::AccessExclusive).recipe([
            format!("ALTER TABLE {table} RENAME TO {to}"),
            "-- in the same transaction, until every program knows the new name:".to_owned(),
            view,
        ]));
    } else if !words.accept("constraint") {
        words.accept("column");
        let from = words.ident().unwrap_or_default();
        words.accept("to");
        let to = words.ident().unwrap_or_default();
        let what = format!("{from} becomes {to}: programs that run meanwhile do not find it");
        out.push(brief("rename-column", table, &what, L::AccessExclusive));
    }
}

/// ADD COLUMN, ADD CONSTRAINT.
fn add(mut words: Words<'_>, table: &str, scene: &Scene<'_>, out: &mut Vec<Hazard>) -> bool {
    let kinds = ["check", "unique", "primary key", "foreign key", "exclude", "not null"];
    let mut name = None;
    let kind = if words.accept("constraint") {
        name = words.ident();
        words.accept_any(&kinds)
    } else if words.at("column") {
        None
    } else {
        words.accept_any(&kinds)
    };
    let Some(kind) = kind else {
        if name.is_none() {
            add_column(words, table, scene, out);
        }
        return false;
    };
    constraint(kind, name, words, table, scene, out)
}

fn constraint(
    kind: &str,
    name: Option<&str>,
    mut words: Words<'_>,
    table: &str,
    scene: &Scene<'_>,
    out: &mut Vec<Hazard>,
) -> bool {
    let whole = words.rest().trim();
    let later = words.contains("not valid") || words.contains("not enforced");
    let shown = name.map_or_else(String::new, |name| format!(" {name}"));
    let ax = L::AccessExclusive;
    match kind {
        "check" | "not null" if !later => {
            let name = name.map_or_else(|| made_name(&[table], "_check"), str::to_owned);
            let clause = kind.to_uppercase();
            let what = format!("tests{shown} on every row of {table}");
            out.push(scan("check-validates", table, &what, ax).recipe([
                format!("ALTER TABLE {table} ADD CONSTRAINT {name} {clause} {whole} NOT VALID"),
                "-- migrate:up".to_owned(),
                format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
            ]));
            out.push(may_fail("constraint-on-rows", table, "fails if a row does not satisfy it"));
        }
        "foreign key" => {
            let columns = columns(&mut words);
            let parent = words.accept("references").then(|| words.name()).flatten();
            if !later {
                let name = name.map_or_else(
                    || {
                        let mut parts = vec![table];
                        parts.extend(columns.iter().map(String::as_str));
                        made_name(&parts, "_fkey")
                    },
                    str::to_owned,
                );
                let other = parent.as_deref().unwrap_or("the other table");
                let lock = L::ShareRowExclusive;
                let what = format!("looks up every row of {table} in {other}, both locked,");
                out.push(scan("fk-validates", table, &what, lock).recipe([
                    format!(
                        "ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY {whole} NOT VALID"
                    ),
                    "-- migrate:up".to_owned(),
                    format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
                ]));
                let what = "fails if a row has no counterpart";
                out.push(may_fail("constraint-on-rows", table, what));
            }
            indexed(table, &columns, scene, out);
        }
        "unique" | "primary key" => {
            let primary = kind == "primary key";
            if words.accept("using index") {
                let index = words.name().unwrap_or_default();
                return !primary || prove_key(table, &index, scene, out);
            }
            let end = if primary { "_pkey" } else { "_key" };
            let nulls = words.accept_any(&["nulls not distinct", "nulls distinct"]);
            let mut index = words
                .clone()
                .group()
                .map_or_else(String::new, |list| format!("ON {table} ({})", list.rest().trim()));
            let columns = columns(&mut words);
            if words.accept("include")
                && let Some(list) = words.group()
            {
                index.push_str(&format!(" INCLUDE ({})", list.rest().trim()));
            }
            if let Some(nulls) = nulls {
                index.push_str(&format!(" {}", nulls.to_uppercase()));
            }
            let name = name.map_or_else(
                || {
                    let mut parts = vec![table];
                    parts.extend(columns.iter().filter(|_| !primary).map(String::as_str));
                    made_name(&parts, end)
                },
                str::to_owned,
            );
            let what = format!("builds the index of {name}");
            let mut recipe = super::index_recipe(true, &name, &index);
            recipe.push("-- migrate:up".to_owned());
            let word = kind.to_uppercase();
            recipe.push(format!(
                "ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {name}"
            ));
            out.push(scan("unique-or-pk-builds-index", table, &what, ax).recipe(recipe));
            out.push(may_fail("unique-on-rows", table, "fails if rows hold equal values"));
        }
        "exclude" => {
            let what = format!("builds the index of the exclusion constraint{shown}");
            out.push(scan("exclude-constraint", table, &what, ax));
            let what = "fails if rows exclude each other";
            out.push(may_fail("constraint-on-rows", table, what));
        }
        _ => {}
    }
    false
}

/// A primary key USING INDEX needs no scan when its columns are known to be NOT NULL.
fn prove_key(table: &str, index: &str, scene: &Scene<'_>, out: &mut Vec<Hazard>) -> bool {
    let full =
        if index.contains('.') { index.to_owned() } else { format!("{}{index}", schema(table)) };
    let columns = scene.made.index_columns(&full).or_else(|| scene.facts.index_columns(&full));
    let proved = |column: &String| {
        scene.facts.not_null(table, column) == Some(true)
            || scene.made.is_not_null(table, column)
            || scene.facts.proves_not_null(table, column)
    };
    if columns.is_some_and(|columns| columns.iter().all(proved)) {
        return true;
    }
    let what = format!("looks for nulls in every row of {table}");
    out.push(scan("pk-nullable-scan", table, &what, L::AccessExclusive));
    false
}

/// A foreign key wants an index on its own side.
fn indexed(table: &str, columns: &[String], scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    if columns.is_empty() || scene.made.has_index(table, columns) {
        return;
    }
    let plain: Vec<String> = columns.iter().map(|column| base(column)).collect();
    if scene.facts.indexed(table, &plain) != Some(false) {
        return;
    }
    let list = columns.join(", ");
    let what = format!("no index of {table} begins with {list}");
    let mut parts = vec![table];
    parts.extend(columns.iter().map(String::as_str));
    let name = made_name(&parts, "_idx");
    let recipe = super::index_recipe(false, &name, &format!("ON {table} ({list})"));
    out.push(Hazard::new("fk-without-index", table, what).recipe(recipe));
}

/// The names of a parenthesised list.
fn columns(words: &mut Words<'_>) -> Vec<String> {
    let mut columns = Vec::new();
    if let Some(mut group) = words.group() {
        while let Some(mut item) = group.item() {
            columns.extend(item.ident().map(str::to_owned));
        }
    }
    columns
}

fn attach(mut words: Words<'_>, table: &str, scene: &Scene<'_>, out: &mut Vec<Hazard>) -> bool {
    let Some(partition) = words.name() else { return false };
    let default = words.accept("default");
    if !scene.quiet(&partition) {
        let what = format!("looks through {partition} for rows outside of its bounds");
        out.push(scan("attach-scan", &partition, &what, L::AccessExclusive).recipe([
            format!("ALTER TABLE {partition} ADD CONSTRAINT … CHECK (…) NOT VALID"),
            "-- migrate:up".to_owned(),
            format!("ALTER TABLE {partition} VALIDATE CONSTRAINT …"),
            "-- migrate:up".to_owned(),
            format!("ALTER TABLE {table} ATTACH PARTITION {partition} {}", words.rest().trim()),
        ]));
    }
    if !default && scene.facts.default_partition(table) == Some(true) {
        let what = format!("looks through the DEFAULT partition of {table}");
        out.push(scan("default-partition-scan", table, &what, L::AccessExclusive));
    }
    false
}

/// The column that a constraint says is never null, when that is all it says.
fn never_null(constraint: &str) -> Option<String> {
    let mut words = Words::new(constraint);
    if words.accept("not null") {
        return words.ident().map(str::to_owned);
    }
    words.accept("check").then_some(())?;
    let mut test = words.group()?;
    let column = test.ident()?.to_owned();
    (test.accept("is not null") && test.peek().is_none()).then_some(column)
}
