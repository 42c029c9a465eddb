//! The forms of statements, by their first words.
//!
//! Locks are those of `docs/design/impact.md`; where that was not measured, the lock level of the
//! server's source is named beside the form.

use super::{Effect, Effects, LockMode as L, Loss, names, table};
use crate::pg::words::Words;

/// Statements that lie deeper within WITH are not looked at: nobody writes them, and finding the
/// end of each of them anew would take quadratic time.
const DEPTH: usize = 8;

/// What a statement does, parts within WITH included.
pub(super) fn effects(statement: &str) -> Effects {
    let mut effects = Effects::default();
    // Statements within WITH wait here, with their depth.
    let mut waiting = vec![(Words::new(statement), 0)];
    while let Some((mut words, depth)) = waiting.pop() {
        if words.accept("with") {
            words.accept("recursive");
            while words.ident().is_some() {
                words.group();
                words.accept("as");
                words.accept("not");
                words.accept("materialized");
                waiting
                    .extend(words.group().filter(|_| depth < DEPTH).map(|part| (part, depth + 1)));
                // SEARCH and CYCLE clauses may follow a part.
                let verbs = ["select", "insert", "update", "delete", "merge", "values", "table"];
                let mut more = words.sign(",");
                while !more && words.peek().is_some() && !verbs.iter().any(|verb| words.at(verb)) {
                    words.skip();
                    more = words.sign(",");
                }
                if !more {
                    break;
                }
            }
        }
        one(words, &mut effects);
    }
    effects
}

fn one(mut words: Words<'_>, out: &mut Effects) {
    let first = words.accept_any(&[
        "create",
        "drop",
        "alter",
        "truncate",
        "delete",
        "update",
        "insert",
        "merge",
        "copy",
        "lock",
        "comment on",
        "security label",
        "cluster",
        "vacuum",
        "analyze",
        "analyse",
        "reindex",
        "refresh materialized view",
    ]);
    match first {
        Some("create") => create(words, out),
        Some("drop") => drop_object(words, out),
        Some("alter") => alter(words, out),
        Some("truncate") => truncate(words, out),
        Some("delete") => delete(words, out),
        Some("update") => update(words, out),
        Some("insert" | "merge") if words.accept("into") => {
            words.accept("only");
            write(&mut words, out);
        }
        Some("copy") => {
            words.accept("binary");
            let name = words.name();
            words.group();
            if words.accept("from") {
                out.impacts.extend(name.map(|name| Effect::new(name, L::RowExclusive)));
            }
        }
        Some("lock") => lock(words, out),
        Some("comment on") => comment(words, out),
        Some("security label") => {
            words.find(&["on"]);
            comment(words, out);
        }
        Some("cluster") => {
            words.group();
            words.accept("verbose");
            let mut name = words.name();
            // The old form `CLUSTER index ON table`.
            if words.accept("on") {
                name = words.name();
            }
            out.impacts.push(Effect::new(name, L::AccessExclusive).rewrites());
        }
        Some("vacuum") => vacuum(words, out),
        Some("analyze" | "analyse") => {
            words.group();
            words.accept("verbose");
            maintained(&mut words, out, || Effect::new(None, L::ShareUpdateExclusive).scans());
        }
        Some("reindex") => reindex(words, out),
        Some("refresh materialized view") => {
            let concurrently = words.accept("concurrently");
            let name = words.name();
            out.impacts.push(if concurrently {
                Effect::new(name, L::Exclusive).scans()
            } else {
                Effect::new(name, L::AccessExclusive).rewrites().scans()
            });
        }
        _ => {}
    }
}

fn write(words: &mut Words<'_>, out: &mut Effects) {
    out.impacts.extend(words.name().map(|name| Effect::new(name, L::RowExclusive)));
}

fn create(mut words: Words<'_>, out: &mut Effects) {
    let replace = words.accept("or replace");
    while words
        .accept_any(&["global", "local", "temporary", "temp", "unlogged", "foreign"])
        .is_some()
    {}
    words.accept("recursive");
    let what = words.accept_any(&[
        "table",
        "unique index",
        "index",
        "view",
        "materialized view",
        "sequence",
        "domain",
        "type",
        "constraint trigger",
        "trigger",
        "rule",
        "policy",
        "statistics",
        "publication",
    ]);
    let Some(what) = what else { return };
    let concurrently = words.accept("concurrently");
    let maybe_there = words.accept("if not exists");
    match what {
        "table" => {
            let Some(name) = words.name() else { return };
            table::create(words, out);
            if !maybe_there {
                out.makes.push(name);
            }
        }
        "index" | "unique index" => {
            let name = if words.at("on") { None } else { words.name() };
            words.accept("on");
            // An index on a partitioned table ONLY is an empty shell.
            let only = words.accept("only");
            let mode = if concurrently { L::ShareUpdateExclusive } else { L::Share };
            let effect = Effect::new(words.name(), mode);
            out.impacts.push(if only { effect } else { effect.scans() });
            if !maybe_there {
                out.makes.extend(name);
            }
        }
        "view" if replace => {
            out.impacts.push(Effect::new(words.name(), L::AccessExclusive));
        }
        "view" | "materialized view" | "sequence" | "domain" | "type" if !maybe_there => {
            out.makes.extend(words.name());
        }
        "trigger" | "constraint trigger" => {
            on_table(words, "on", L::ShareRowExclusive, out);
        }
        "rule" => on_table(words, "to", L::AccessExclusive, out),
        "policy" => on_table(words, "on", L::AccessExclusive, out),
        "statistics" => on_table(words, "from", L::ShareUpdateExclusive, out),
        "publication" if words.find(&["for table"]).is_some() => published(words, out),
        _ => {}
    }
}

/// A part of a table: its name comes after `keyword`.
fn on_table(mut words: Words<'_>, keyword: &'static str, mode: L, out: &mut Effects) {
    if words.find(&[keyword]).is_some() {
        words.accept("only");
        out.impacts.extend(words.name().map(|name| Effect::new(name, mode)));
    }
}

/// Tables of a publication, each perhaps with columns and a filter.
fn published(mut words: Words<'_>, out: &mut Effects) {
    while let Some(mut item) = words.item() {
        item.accept("table");
        if item.at("tables") {
            continue;
        }
        item.accept("only");
        out.impacts.extend(item.name().map(|name| Effect::new(name, L::ShareUpdateExclusive)));
    }
}

fn drop_object(mut words: Words<'_>, out: &mut Effects) {
    if words.accept("owned by") {
        let who = words.name().unwrap_or_default();
        out.impacts
            .push(Effect::new(None, None).loses(format!("drops everything that {who} owns")));
        return;
    }
    let what = words.accept_any(&[
        "table",
        "foreign table",
        "index",
        "view",
        "materialized view",
        "sequence",
        "trigger",
        "rule",
        "policy",
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
    let Some(what) = what else { return };
    let concurrently = words.accept("concurrently");
    words.accept("if exists");
    if matches!(what, "trigger" | "rule" | "policy") {
        return on_table(words, "on", L::AccessExclusive, out);
    }
    let cascade = words.contains("cascade");
    for name in names(&mut words) {
        let mode = match what {
            "index" if concurrently => Some(L::ShareUpdateExclusive),
            "table" | "foreign table" | "index" | "view" | "materialized view" | "sequence" => {
                Some(L::AccessExclusive)
            }
            // Without CASCADE a schema must be empty.
            "schema" if cascade => Some(L::AccessExclusive),
            _ => None,
        };
        let loss = match what {
            "table" | "database" if !cascade => Some(format!("drops {what} {name}")),
            "schema" if cascade => Some(format!("drops schema {name} and everything in it")),
            _ if cascade => Some(format!("drops {what} {name} and what depends on it")),
            _ => None,
        };
        let effect = Effect::new(name, mode);
        out.impacts.push(match loss {
            Some(loss) => effect.loses(loss),
            None => effect,
        });
    }
}

fn alter(mut words: Words<'_>, out: &mut Effects) {
    let what = words.accept_any(&[
        "table",
        "foreign table",
        "materialized view",
        "index",
        "view",
        "sequence",
        "domain",
        "type",
        "trigger",
        "rule",
        "policy",
        "publication",
    ]);
    let Some(what) = what else { return };
    words.accept("if exists");
    match what {
        "table" | "foreign table" | "materialized view" => table::alter(words, out),
        "index" => alter_index(words, out),
        "view" => {
            let name = words.name();
            out.impacts.push(Effect::new(name.clone(), L::AccessExclusive));
            rename(words, name, out);
        }
        "sequence" => {
            let name = words.name();
            // Renaming and moving go the way of tables (`RenameRelation()`, `AlterTable()`).
            let as_table = ["rename", "owner to", "set schema", "set logged", "set unlogged"];
            let strong = as_table.iter().any(|start| words.clone().accept(start));
            let mode = if strong { L::AccessExclusive } else { L::ShareRowExclusive };
            out.impacts.push(Effect::new(name.clone(), mode));
            rename(words, name, out);
        }
        "domain" => {
            let name = words.name();
            // Every table with a column of the domain is locked; the words name none of them.
            let checks = words.accept_any(&["add", "set not null", "validate constraint"]);
            if checks.is_some() {
                let effect = Effect::new(name, L::Share);
                let later = words.contains("not valid");
                out.impacts.push(if later { effect } else { effect.scans() });
            }
        }
        "type" => {
            let name = words.name();
            while let Some(mut action) = words.item() {
                if action.accept("drop attribute") {
                    action.accept("if exists");
                    let attribute = action.ident().unwrap_or_default();
                    let loss = format!("drops attribute {attribute}");
                    out.impacts.push(Effect::new(name.clone(), None).loses(loss));
                }
            }
        }
        "trigger" | "rule" | "policy" => on_table(words, "on", L::AccessExclusive, out),
        "publication" => {
            words.name();
            if words.accept_any(&["add table", "set table", "drop table"]).is_some() {
                published(words, out);
            }
        }
        _ => {}
    }
}

fn alter_index(mut words: Words<'_>, out: &mut Effects) {
    if words.accept("all in tablespace") {
        out.impacts.push(Effect::new(None, L::AccessExclusive).rewrites());
        return;
    }
    let name = words.name();
    if words.accept("attach partition") {
        out.impacts.push(Effect::new(name, L::ShareUpdateExclusive));
        out.impacts.push(Effect::new(words.name(), L::AccessExclusive));
    } else if words.accept("set tablespace") {
        out.impacts.push(Effect::new(name, L::AccessExclusive).rewrites());
    } else {
        out.impacts.push(Effect::new(name.clone(), L::ShareUpdateExclusive));
        rename(words, name, out);
    }
}

/// `… RENAME TO name`.
pub(super) fn rename(mut words: Words<'_>, from: Option<String>, out: &mut Effects) {
    if words.accept("rename to")
        && let (Some(from), Some(to)) = (from, words.ident())
    {
        out.renames.push((from, to.to_owned()));
    }
}

fn truncate(mut words: Words<'_>, out: &mut Effects) {
    words.accept("table");
    let names = names(&mut words);
    let cascade = words.contains("cascade");
    for name in names {
        let and = if cascade { " and the tables that reference it" } else { "" };
        let loss = format!("empties table {name}{and}");
        out.impacts.push(Effect::new(name, L::AccessExclusive).rewrites().loses(loss));
    }
}

fn delete(mut words: Words<'_>, out: &mut Effects) {
    words.accept("from");
    words.accept("only");
    let Some(name) = words.name() else { return };
    let effect = Effect::new(name.clone(), L::RowExclusive);
    out.impacts.push(if is_filtered(words) {
        effect
    } else {
        effect.loses(format!("deletes all rows of {name}"))
    });
}

fn update(mut words: Words<'_>, out: &mut Effects) {
    words.accept("only");
    let Some(name) = words.name() else { return };
    let mut effect = Effect::new(name, L::RowExclusive);
    if words.find(&["set"]).is_some() && !is_filtered(words.clone()) {
        let columns = set_columns(words);
        let loss = format!("overwrites {} in all rows", columns.join(", "));
        effect.losses.push(Loss::Columns(columns, loss));
    }
    out.impacts.push(effect);
}

/// The columns of `SET a = …, (b, c) = …`.
fn set_columns(mut words: Words<'_>) -> Vec<String> {
    let mut columns = Vec::new();
    while let Some(mut item) = words.item() {
        match item.group() {
            Some(mut group) => columns.extend(names(&mut group)),
            None => columns.extend(item.ident().map(str::to_owned)),
        }
        if item.find(&["from", "returning"]).is_some() {
            break;
        }
    }
    columns
}

/// Tells whether a WHERE follows that says more than `true`.
fn is_filtered(mut words: Words<'_>) -> bool {
    if words.find(&["where"]).is_none() {
        return false;
    }
    !(words.accept("true") && (words.peek().is_none() || words.at("returning")))
}

fn lock(mut words: Words<'_>, out: &mut Effects) {
    words.accept("table");
    let names = names(&mut words);
    let mode = if words.accept("in") {
        let lower: Vec<(L, String)> =
            L::ALL.map(|mode| (mode, format!("{} mode", mode.as_str().to_lowercase()))).into();
        lower.into_iter().find(|(_, phrase)| words.accept(phrase)).map(|(mode, _)| mode)
    } else {
        Some(L::AccessExclusive)
    };
    out.impacts.extend(names.into_iter().map(|name| Effect::new(name, mode)));
}

/// `COMMENT ON …` and `SECURITY LABEL … ON …`. Only relations themselves are locked; what is on a
/// relation locks it no further than a read does (`get_object_address()` of objectaddress.c).
fn comment(mut words: Words<'_>, out: &mut Effects) {
    let relation = ["table", "foreign table", "view", "materialized view", "index", "sequence"];
    if words.accept_any(&relation).is_some() {
        out.impacts.extend(words.name().map(|name| Effect::new(name, L::ShareUpdateExclusive)));
    } else if words.accept("column") {
        let mut parts = Vec::new();
        while let Some(part) = words.ident() {
            parts.push(part);
            words.sign(".");
            if words.at("is") {
                break;
            }
        }
        parts.pop();
        let table = (!parts.is_empty()).then(|| parts.join("."));
        out.impacts.extend(table.map(|table| Effect::new(table, L::ShareUpdateExclusive)));
    }
}

fn vacuum(mut words: Words<'_>, out: &mut Effects) {
    let mut full = false;
    if let Some(mut options) = words.group() {
        while let Some(mut option) = options.item() {
            if option.accept("full") {
                let value = option.peek_text().to_ascii_lowercase();
                full = !matches!(value.as_str(), "false" | "off" | "0");
            }
        }
    }
    while let Some(option) = words.accept_any(&["full", "freeze", "verbose", "analyze", "analyse"])
    {
        full |= option == "full";
    }
    maintained(&mut words, out, || {
        if full {
            Effect::new(None, L::AccessExclusive).rewrites()
        } else {
            Effect::new(None, L::ShareUpdateExclusive).scans()
        }
    });
}

/// The tables of VACUUM and ANALYZE, each perhaps with columns; none means every table.
fn maintained(words: &mut Words<'_>, out: &mut Effects, effect: impl Fn() -> Effect) {
    if words.peek().is_none() {
        out.impacts.push(effect());
    }
    while let Some(mut item) = words.item() {
        item.accept("only");
        let mut effect = effect();
        effect.impact.object = item.name();
        out.impacts.push(effect);
    }
}

fn reindex(mut words: Words<'_>, out: &mut Effects) {
    let mut concurrently = words.group().is_some_and(|options| options.contains("concurrently"));
    let what = words.accept_any(&["index", "table", "schema", "database", "system"]);
    concurrently |= words.accept("concurrently");
    let mode = match what {
        _ if concurrently => L::ShareUpdateExclusive,
        // The index itself; its table is locked in SHARE mode. A query waits for either.
        Some("index") => L::AccessExclusive,
        _ => L::Share,
    };
    out.impacts.push(Effect::new(words.name(), mode).scans());
}
