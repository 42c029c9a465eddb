//! The actions of ALTER TABLE.

use super::{
    L, Length, Scene, base, brief, made_name, may_fail, meanwhile, noted, rest, rewrite, scan,
    schema,
};
use crate::{
    hazard::{Hazard, facts::says_not_null, retype},
    pg::{impact, words::Words},
};

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

/// `ADD [COLUMN] name type …`
fn add_column(mut words: Words<'_>, table: &str, scene: &Scene<'_>, out: &mut Vec<Hazard>) {
    words.accept("column");
    words.accept("if not exists");
    let Some(column) = words.ident() else { return };
    let column = column.to_owned();
    let part = format!("ALTER TABLE {table} ADD COLUMN {column} {}", words.rest());
    let kind = type_name(&mut words.clone());
    let ax = L::AccessExclusive;
    json(&kind, table, &column, out);
    // The words of the column's clauses; the default's expression may hold any of them in parentheses.
    let serial = matches!(
        kind.to_ascii_lowercase().as_str(),
        "serial" | "bigserial" | "smallserial" | "serial2" | "serial4" | "serial8"
    );
    let generated = words.contains("generated");
    let identity = generated && words.contains("as identity");
    let stored = generated && !identity && words.contains("stored");
    let default = !identity && words.contains("default");
    let rewrites = impact::impacts(&part).first().is_some_and(|impact| impact.rewrites);
    let bigint = if kind.to_ascii_lowercase().starts_with("small") { "smallint" } else { "bigint" };
    if serial || identity {
        let sequence = format!("{}{}", schema(table), made_name(&[table, &column], "_seq"));
        out.push(
            rewrite("serial-or-identity-column", table, &format!("numbers every row of {table}"))
                .recipe([
                    format!("CREATE SEQUENCE {sequence}"),
                    format!("ALTER TABLE {table} ADD COLUMN {column} {bigint}"),
                    format!(
                        "ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval('{sequence}')"
                    ),
                    format!("ALTER SEQUENCE {sequence} OWNED BY {table}.{column}"),
                    "-- then, in batches:".to_owned(),
                    format!(
                        "UPDATE {table} SET {column} = nextval('{sequence}') WHERE {column} IS NULL"
                    ),
                ]),
        );
    } else if stored {
        let mut steps = Vec::new();
        if scene.facts.major >= 18 {
            let plain = part.replace(" STORED", " VIRTUAL").replace(" stored", " VIRTUAL");
            steps.push(plain);
        }
        let what = format!("computes {column} for every row of {table}");
        out.push(rewrite("stored-generated", table, &what).recipe(steps));
    } else if scene.facts.constrained_domain(&kind) {
        let what = format!("tests the domain {kind} on every row of {table}");
        out.push(rewrite("constrained-domain-column", table, &what));
    } else if rewrites {
        let expression = default_of(&words);
        out.push(
            rewrite(
                "volatile-default",
                table,
                &format!("computes {column} for every row of {table}"),
            )
            .recipe([
                format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"),
                format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {expression}"),
                "-- then, in batches:".to_owned(),
                format!("UPDATE {table} SET {column} = DEFAULT WHERE {column} IS NULL"),
            ]),
        );
    }
    if words.contains("check") {
        let name = made_name(&[table, &column], "_check");
        let mut check = words.clone();
        check.find(&["check"]);
        let test = check.group().map_or_else(String::new, |g| format!("({})", g.rest().trim()));
        let what = format!("tests the check of {column} on every row of {table}");
        out.push(scan("check-validates", table, &what, ax).recipe([
            format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"),
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK {test} NOT VALID"),
            "-- migrate:up".to_owned(),
            format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
        ]));
    }
    if words.contains("unique") || words.contains("primary key") {
        let name = made_name(&[table, &column], "_key");
        let mut recipe = vec![format!("ALTER TABLE {table} ADD COLUMN {column} {kind}")];
        recipe.extend(super::index_recipe(true, &name, &format!("ON {table} ({column})")));
        recipe.push("-- migrate:up".to_owned());
        recipe.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}"));
        let what = format!("builds an index on {column}");
        out.push(scan("unique-or-pk-builds-index", table, &what, ax).recipe(recipe));
    }
    if words.contains("references") && default && !default_of(&words).eq_ignore_ascii_case("null") {
        let what = format!("looks up every row of {table}");
        out.push(scan("fk-validates", table, &what, ax));
    }
    let required = words.contains("not null") || words.contains("primary key");
    if required && !default && !generated && !serial {
        let what = format!("{column} has no default: fails unless {table} is empty");
        out.push(may_fail("not-null-without-default", table, what).recipe([
            format!("ALTER TABLE {table} ADD COLUMN {column} {kind} NOT NULL DEFAULT …"),
            "-- or, in three steps:".to_owned(),
            format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"),
            format!("UPDATE {table} SET {column} = … WHERE {column} IS NULL"),
            format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"),
        ]));
    }
}

/// What follows DEFAULT, up to the next clause.
fn default_of(words: &Words<'_>) -> String {
    let mut words = words.clone();
    if words.find(&["default"]).is_none() {
        return String::new();
    }
    let whole = words.rest();
    let start = words.peek().map_or(0, |token| token.start);
    let mut end = 0;
    let ends = ["constraint", "not null", "null", "check", "unique", "primary key", "references"];
    while words.peek().is_some() {
        if end > 0 && words.clone().accept_any(&ends).is_some() {
            break;
        }
        end = words.skip() - start;
    }
    whole[..end.min(whole.len())].trim().to_owned()
}

/// The name of a type: what stands before the first clause of a column.
pub(in crate::hazard) fn type_name(words: &mut Words<'_>) -> String {
    let whole = words.rest();
    let start = words.peek().map_or(0, |token| token.start);
    let mut end = 0;
    let ends = [
        "default",
        "constraint",
        "not null",
        "null",
        "check",
        "unique",
        "primary key",
        "references",
        "generated",
        "collate",
        "using",
        "compression",
        "storage",
        "options",
        "with options",
    ];
    while words.peek().is_some() && words.clone().accept_any(&ends).is_none() {
        end = words.skip() - start;
    }
    whole[..end.min(whole.len())].trim().to_owned()
}

/// A column of type json.
pub(super) fn json(kind: &str, table: &str, column: &str, out: &mut Vec<Hazard>) {
    if kind.eq_ignore_ascii_case("json") {
        let what = format!("{column} is json, which has no equality: jsonb has");
        out.push(Hazard::new("json-not-jsonb", table, what));
    }
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

fn alter_column(
    mut words: Words<'_>,
    table: &str,
    scene: &Scene<'_>,
    out: &mut Vec<Hazard>,
) -> bool {
    words.accept("column");
    let column = words.ident().unwrap_or_default().to_owned();
    let ax = L::AccessExclusive;
    if words.accept_any(&["type", "set data type"]).is_some() {
        return retyped(&words, table, &column, scene, out);
    }
    if words.accept("set not null") {
        let proved = scene.facts.not_null(table, &column) == Some(true)
            || scene.facts.proves_not_null(table, &column)
            || scene.made.is_not_null(table, &column)
            || scene.made.checks(table).any(|check| says_not_null(check, &column));
        if proved {
            return true;
        }
        let what = format!("looks for nulls in every row of {table}");
        let name = made_name(&[table, &column], "_not_null");
        let steps = if scene.facts.major >= 18 {
            vec![
                format!("ALTER TABLE {table} ADD CONSTRAINT {name} NOT NULL {column} NOT VALID"),
                "-- migrate:up".to_owned(),
                format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
            ]
        } else {
            vec![
                format!(
                    "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID"
                ),
                "-- migrate:up".to_owned(),
                format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
                "-- migrate:up".to_owned(),
                format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"),
                format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
            ]
        };
        out.push(scan("set-not-null-scan", table, &what, ax).recipe(steps));
        out.push(may_fail("set-not-null", table, format!("fails if a row holds NULL in {column}")));
    } else if words.accept("set expression") {
        let what = format!("computes {column} for every row of {table}");
        out.push(rewrite("set-expression", table, &what));
    } else if words.accept("drop default")
        && !scene.generated
        && scene.facts.not_null(table, &column).unwrap_or(true)
    {
        let what = format!("programs that give no {column} cannot insert any more");
        let hazard = brief("drop-default", table, &what, ax);
        // Whether it is NOT NULL is not known without a database.
        let known = scene.facts.not_null(table, &column).is_some();
        out.push(if known { hazard } else { noted(hazard) });
    }
    false
}

/// `ALTER COLUMN … TYPE …`
fn retyped(
    words: &Words<'_>,
    table: &str,
    column: &str,
    scene: &Scene<'_>,
    out: &mut Vec<Hazard>,
) -> bool {
    let ax = L::AccessExclusive;
    let mut after = words.clone();
    let target = type_name(&mut after);
    let using = after.contains("using");
    let known = scene.facts.column_type(table, column);
    let judged = known.map(|old| retype::judge(old, &target));
    let lost = match (known, judged) {
        (Some(old), Some(judged)) => judged
            .loses
            .then(|| format!("values of {column} are rounded or cut: {old} to {target}")),
        _ => impact::narrows(column, &target, using),
    };
    if let Some(what) = lost.filter(|_| !scene.made.has_column(table, column)) {
        let hazard = Hazard::new("narrowing-type", table, what);
        out.push(if known.is_some() { hazard } else { hazard.severity(super::Severity::Warning) });
    }
    if judged.is_some_and(|judged| judged.keeps) && !using {
        if scene.facts.checked(table, column) {
            let what = format!("tests the checks on {column} again on every row of {table}");
            out.push(scan("type-check-rescan", table, &what, ax));
            return false;
        }
        return true;
    }
    let zone = judged.is_some_and(|judged| judged.zone) && !using;
    let rule = if zone { "timestamptz-timezone" } else { "type-rewrite" };
    let what = match known {
        Some(old) => format!("rewrites {table} ({column}: {old} to {target})"),
        None => format!("rewrites {table}, unless the old type of {column} is stored alike"),
    };
    let recipe = if zone {
        vec![
            "-- if the values are in UTC; else the rewrite is needed".to_owned(),
            "SET LOCAL timezone = 'UTC'".to_owned(),
            format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {target}"),
        ]
    } else {
        expand(table, column, &target, &after)
    };
    out.push(
        Hazard::new(rule, table, meanwhile(&what, ax))
            .lock(Some(ax), Length::Rewrite)
            .recipe(recipe),
    );
    false
}

/// Another type without a rewrite: a new column, kept in step by a trigger, filled, then switched to.
fn expand(table: &str, column: &str, target: &str, after: &Words<'_>) -> Vec<String> {
    let new = made_name(&[column], "_new");
    let function = format!("{}{}", schema(table), made_name(&[table, column], "_sync"));
    let trigger = made_name(&[table, column], "_sync");
    let mut after = after.clone();
    let using = after.find(&["using"]).map(|_| after.rest().trim().to_owned());
    let value = using.unwrap_or_else(|| format!("{column}::{target}"));
    vec![
        format!("ALTER TABLE {table} ADD COLUMN {new} {target}"),
        format!(
            "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    \
             NEW.{new} := NEW.{column}::{target};\n    RETURN NEW;\nEND $$"
        ),
        format!(
            "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table}\n    FOR EACH ROW EXECUTE \
             FUNCTION {function}()"
        ),
        "-- in batches, each in a transaction of its own:".to_owned(),
        format!("UPDATE {table} SET {new} = {value} WHERE {new} IS NULL AND {column} IS NOT NULL"),
        "-- in a later revision, when every program is ready:".to_owned(),
        format!("DROP TRIGGER {trigger} ON {table}"),
        format!("DROP FUNCTION {function}()"),
        format!("ALTER TABLE {table} DROP COLUMN {column}"),
        format!("ALTER TABLE {table} RENAME COLUMN {new} TO {column}"),
    ]
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
