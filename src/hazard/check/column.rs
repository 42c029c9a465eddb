//! The actions of ALTER TABLE that make a column or change one.

use super::{
    L, Length, Scene, brief, made_name, may_fail, meanwhile, noted, rewrite, scan, schema,
};
use crate::{
    hazard::{Hazard, facts::says_not_null, retype},
    pg::{impact, words::Words},
};

/// `ADD [COLUMN] name type …`
pub(super) fn add_column(
    mut words: Words<'_>,
    table: &str,
    scene: &Scene<'_>,
    out: &mut Vec<Hazard>,
) {
    words.accept("column");
    words.accept("if not exists");
    let Some(column) = words.ident() else { return };
    let column = column.to_owned();
    let part = format!("ALTER TABLE {table} ADD COLUMN {column} {}", words.rest());
    let kind = words.clone().type_name();
    let ax = L::AccessExclusive;
    json(kind, table, &column, out);
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
    } else if scene.facts.constrained_domain(kind) {
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

/// What follows DEFAULT; empty without one.
fn default_of<'a>(words: &Words<'a>) -> &'a str {
    let mut words = words.clone();
    if words.find(&["default"]).is_some() { words.default() } else { "" }
}

/// A column of type json.
pub(super) fn json(kind: &str, table: &str, column: &str, out: &mut Vec<Hazard>) {
    if kind.eq_ignore_ascii_case("json") {
        let what = format!("{column} is json, which has no equality: jsonb has");
        out.push(Hazard::new("json-not-jsonb", table, what));
    }
}

pub(super) fn alter_column(
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
    let target = after.type_name();
    let using = after.contains("using");
    let known = scene.facts.column_type(table, column);
    let judged = known.map(|old| retype::judge(old, target));
    let lost = match (known, judged) {
        (Some(old), Some(judged)) => judged
            .loses
            .then(|| format!("values of {column} are rounded or cut: {old} to {target}")),
        _ => impact::narrows(column, target, using),
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
        expand(table, column, target, &after)
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
