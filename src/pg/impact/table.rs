//! CREATE TABLE and the actions of ALTER TABLE.

use super::{Effect, Effects, LockMode as L, Loss, Retype, form, narrow};
use crate::pg::{
    lex::{Lexer, TokenKind},
    words::Words,
};

/// What CREATE TABLE does to other tables; `words` stand after the name.
pub(super) fn create(mut words: Words<'_>, out: &mut Effects) {
    if words.accept("partition of") {
        let effect = Effect::new(words.name(), L::AccessExclusive);
        // Rows of a DEFAULT partition are looked through, unless this is it.
        out.impacts.push(if words.contains("default") { effect } else { effect.scans() });
    }
    if words.accept("of") {
        words.name();
    }
    if let Some(columns) = words.group() {
        references(columns, out);
    }
    if words.accept("inherits")
        && let Some(mut parents) = words.group()
    {
        let parents = super::names(&mut parents);
        out.impacts
            .extend(parents.into_iter().map(|name| Effect::new(name, L::ShareUpdateExclusive)));
    }
}

/// Each table that a foreign key of these definitions references.
fn references(mut words: Words<'_>, out: &mut Effects) {
    while words.find(&["references"]).is_some() {
        out.impacts.extend(words.name().map(|name| Effect::new(name, L::ShareRowExclusive)));
    }
}

/// ALTER TABLE after IF EXISTS.
pub(super) fn alter(mut words: Words<'_>, out: &mut Effects) {
    if words.accept("all in tablespace") {
        out.impacts.push(Effect::new(None, L::AccessExclusive).rewrites());
        return;
    }
    words.accept("only");
    let Some(name) = words.name() else { return };
    words.sign("*");
    form::rename(words.clone(), Some(name.clone()), out);
    let mut table = Effect::new(name, None);
    let mut others = Vec::new();
    while let Some(item) = words.item() {
        action(item, &mut table, &mut others, out);
    }
    out.impacts.push(table);
    out.impacts.append(&mut others);
}

/// What one action means for the table itself.
#[derive(Clone, Copy)]
enum Cost {
    Brief,
    Scan,
    Rewrite,
}

impl Effect {
    fn takes(&mut self, mode: L, cost: Cost) {
        self.impact.lock = self.impact.lock.max(Some(mode));
        self.impact.scans |= matches!(cost, Cost::Scan);
        self.impact.rewrites |= matches!(cost, Cost::Rewrite);
    }
}

/// Actions whose first words tell all: lock and cost, measured (see `docs/design/impact.md`). The
/// first that fits counts, so longer phrases stand before shorter ones.
const PLAIN: &[(&str, L, Cost)] = &[
    ("validate constraint", L::ShareUpdateExclusive, Cost::Scan),
    ("cluster on", L::ShareUpdateExclusive, Cost::Brief),
    ("set without cluster", L::ShareUpdateExclusive, Cost::Brief),
    ("enable trigger", L::ShareRowExclusive, Cost::Brief),
    ("enable always trigger", L::ShareRowExclusive, Cost::Brief),
    ("enable replica trigger", L::ShareRowExclusive, Cost::Brief),
    ("disable trigger", L::ShareRowExclusive, Cost::Brief),
    ("set tablespace", L::AccessExclusive, Cost::Rewrite),
    ("set access method", L::AccessExclusive, Cost::Rewrite),
    ("set logged", L::AccessExclusive, Cost::Rewrite),
    ("set unlogged", L::AccessExclusive, Cost::Rewrite),
];

fn action(mut words: Words<'_>, table: &mut Effect, others: &mut Vec<Effect>, out: &mut Effects) {
    let plain = PLAIN.iter().find(|(phrase, ..)| words.clone().accept(phrase));
    if let Some(&(_, mode, cost)) = plain {
        return table.takes(mode, cost);
    }
    let first = words.accept_any(&[
        "add",
        "drop",
        "alter constraint",
        "alter",
        "attach partition",
        "detach partition",
        "inherit",
        "set",
        "reset",
    ]);
    match first {
        Some("add") => add(words, table, others, out),
        Some("drop") => drop_part(words, table),
        Some("alter constraint") => {
            let enforced = words.contains("enforced") && !words.contains("not enforced");
            table.takes(L::AccessExclusive, if enforced { Cost::Scan } else { Cost::Brief });
        }
        Some("alter") => alter_column(words, table),
        Some("attach partition") => {
            table.takes(L::ShareUpdateExclusive, Cost::Brief);
            others.push(Effect::new(words.name(), L::AccessExclusive).scans());
        }
        Some("detach partition") => {
            let partition = words.name();
            let gentle = words.accept_any(&["concurrently", "finalize"]).is_some();
            let mode = if gentle { L::ShareUpdateExclusive } else { L::AccessExclusive };
            table.takes(mode, Cost::Brief);
            others.push(Effect::new(partition, L::AccessExclusive));
        }
        Some("inherit") => {
            table.takes(L::AccessExclusive, Cost::Brief);
            others.push(Effect::new(words.name(), L::ShareUpdateExclusive));
        }
        Some("set" | "reset") => match words.group() {
            // `relOptionLockLevel` of reloptions.c: all but this one are read by nobody who writes.
            Some(options) if !options.contains("user_catalog_table") => {
                table.takes(L::ShareUpdateExclusive, Cost::Brief);
            }
            _ => table.takes(L::AccessExclusive, Cost::Brief),
        },
        // RENAME, SET SCHEMA, OWNER TO, row security, rules, REPLICA IDENTITY, NO INHERIT, OF, …,
        // and what is unknown.
        _ => table.takes(L::AccessExclusive, Cost::Brief),
    }
}

fn add(mut words: Words<'_>, table: &mut Effect, others: &mut Vec<Effect>, out: &mut Effects) {
    let constraint = ["check", "unique", "primary key", "foreign key", "exclude", "not null"];
    let mut kind = None;
    if words.accept("constraint") {
        words.ident();
        kind = words.accept_any(&constraint);
        // `ADD CONSTRAINT` can be nothing else; an unknown kind counts as the worst.
        kind = kind.or(Some("check"));
    } else if !words.at("column") {
        kind = words.accept_any(&constraint);
    }
    let Some(kind) = kind else {
        return add_column(words, table, others, out);
    };
    let later = words.contains("not valid") || words.contains("not enforced");
    let checked = if later { Cost::Brief } else { Cost::Scan };
    match kind {
        "foreign key" => {
            table.takes(L::ShareRowExclusive, checked);
            if words.find(&["references"]).is_some() {
                let parent = Effect::new(words.name(), L::ShareRowExclusive);
                others.push(if later { parent } else { parent.scans() });
            }
        }
        // A primary key made of an index still looks for nulls, unless its columns are NOT NULL.
        "unique" if words.contains("using index") => table.takes(L::AccessExclusive, Cost::Brief),
        _ => table.takes(L::AccessExclusive, checked),
    }
}

/// `ADD [COLUMN] name type …`
fn add_column(
    mut words: Words<'_>,
    table: &mut Effect,
    others: &mut Vec<Effect>,
    out: &mut Effects,
) {
    words.accept("column");
    let maybe_there = words.accept("if not exists");
    let column = words.ident().unwrap_or_default().to_owned();
    table.takes(L::AccessExclusive, Cost::Brief);
    let serial = ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"]
        .iter()
        .any(|name| words.at(name));
    if serial {
        table.takes(L::AccessExclusive, Cost::Rewrite);
    }
    let mut has_default = false;
    let clauses = ["default", "generated", "check", "unique", "primary key", "references"];
    while let Some(clause) = words.find(&clauses) {
        match clause {
            "default" => {
                let expression = words.default();
                has_default = !expression.eq_ignore_ascii_case("null");
                if is_volatile(expression) {
                    table.takes(L::AccessExclusive, Cost::Rewrite);
                }
            }
            "generated" => {
                words.accept("always");
                words.accept("by default");
                words.accept("as");
                let identity = words.accept("identity");
                let computed = words.group().is_some() && !identity;
                // What is neither is VIRTUAL, which is computed when it is read.
                if identity || (computed && words.accept("stored")) {
                    table.takes(L::AccessExclusive, Cost::Rewrite);
                }
            }
            "references" => {
                let parent = Effect::new(words.name(), L::ShareRowExclusive);
                // With a default there are values to look for.
                others.push(if has_default { parent.scans() } else { parent });
                if has_default {
                    table.takes(L::AccessExclusive, Cost::Scan);
                }
            }
            _ => table.takes(L::AccessExclusive, Cost::Scan),
        }
    }
    if !maybe_there {
        out.adds.push((table.impact.object.clone().unwrap_or_default(), column));
    }
}

/// Functions that are immutable or stable (`pg_proc.provolatile`), and words before a parenthesis
/// that are no functions. Any other call may be volatile, as functions are unless declared not to be.
const CALM: &[&str] = &[
    "abs",
    "array",
    "array_append",
    "bit",
    "cast",
    "ceil",
    "char",
    "character",
    "coalesce",
    "concat",
    "current_setting",
    "current_time",
    "current_timestamp",
    "date",
    "date_part",
    "date_trunc",
    "decimal",
    "decode",
    "encode",
    "extract",
    "float",
    "floor",
    "format",
    "greatest",
    "hstore",
    "in",
    "inet",
    "int4range",
    "interval",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "least",
    "length",
    "localtime",
    "localtimestamp",
    "lower",
    "make_date",
    "make_interval",
    "make_timestamp",
    "md5",
    "now",
    "nullif",
    "numeric",
    "point",
    "precision",
    "replace",
    "round",
    "row",
    "statement_timestamp",
    "substr",
    "substring",
    "time",
    "timestamp",
    "timestamptz",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_timestamp",
    "transaction_timestamp",
    "trim",
    "tsrange",
    "tstzrange",
    "upper",
    "values",
    "varbit",
    "varchar",
    "varying",
    "when",
    "then",
    "else",
    "and",
    "or",
    "not",
];

fn is_volatile(expression: &str) -> bool {
    let mut last = None;
    for token in Lexer::new(expression).filter(|token| !token.kind.is_trivia()) {
        let text = token.text(expression);
        if text == "("
            && let Some((kind, name)) = last
        {
            let calm =
                kind == TokenKind::Word && CALM.iter().any(|calm| calm.eq_ignore_ascii_case(name));
            if matches!(kind, TokenKind::Word | TokenKind::QuotedIdent) && !calm {
                return true;
            }
        }
        last = Some((token.kind, text));
    }
    false
}

fn drop_part(mut words: Words<'_>, table: &mut Effect) {
    table.takes(L::AccessExclusive, Cost::Brief);
    if words.accept("constraint") {
        return;
    }
    words.accept("column");
    words.accept("if exists");
    if let Some(column) = words.ident() {
        let and = if words.accept("cascade") { " and what depends on it" } else { "" };
        let loss = format!("drops column {column}{and}");
        table.losses.push(Loss::Columns(vec![column.to_owned()], loss));
    }
}

fn alter_column(mut words: Words<'_>, table: &mut Effect) {
    words.accept("column");
    let column = words.ident().unwrap_or_default();
    if words.accept_any(&["type", "set data type"]).is_some() {
        let target = words.type_name();
        table.takes(L::AccessExclusive, Cost::Brief);
        let using = words.contains("using");
        table.retypes.push(Retype {
            column: column.to_owned(),
            target: target.to_owned(),
            using,
            loss: narrow::loss(column, target, using),
        });
        return;
    }
    let (mode, cost) = match () {
        () if words.accept("set not null") => (L::AccessExclusive, Cost::Scan),
        () if words.accept("set expression") => (L::AccessExclusive, Cost::Rewrite),
        () if words.accept("set statistics") => (L::ShareUpdateExclusive, Cost::Brief),
        // `SET (n_distinct = …)`: AlterTableGetLockLevel() of tablecmds.c.
        () if words.accept_any(&["set", "reset"]).is_some() && words.group().is_some() => {
            (L::ShareUpdateExclusive, Cost::Brief)
        }
        () => (L::AccessExclusive, Cost::Brief),
    };
    table.takes(mode, cost);
}
