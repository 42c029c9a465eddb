//! The statements of one script in order: what each risks by itself, and what it risks for having
//! stood behind the others in one transaction.

use std::collections::{HashMap, HashSet};

use super::{Facts, Hazard, Length, check, check::Scene};
use crate::pg::{
    impact::{self, LockMode, Name},
    lex::{Lexer, TokenKind},
    secret,
    statement::{Transactionality, controls_transaction, transactionality},
    words::{Words, normal_name},
};

/// Tables locked against reads and writes in one transaction that are still no reason to split it.
const FEW: usize = 3;

/// What a script made so far: nobody waits for it, and nothing in it can be lost.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    objects: HashSet<Name>,
    columns: HashSet<(Name, String)>,
    /// Checks by table, with their text, and whether every row is known to satisfy them.
    checks: HashMap<Name, Vec<Check>>,
    /// The columns of indexes, by name.
    indexes: HashMap<Name, Vec<String>>,
    /// And by table.
    indexed: HashMap<Name, Vec<Vec<String>>>,
    /// Columns that were made NOT NULL.
    not_null: HashSet<(Name, String)>,
}

#[derive(Clone, Debug)]
struct Check {
    name: String,
    text: String,
    valid: bool,
}

impl Made {
    /// The script made an object of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        !name.is_empty() && self.objects.contains(&Name::new(name))
    }

    /// The script added this column.
    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        let wanted = (Name::new(table), plain(column));
        self.columns.contains(&wanted)
    }

    /// The checks of a table that the script added and validated.
    pub(super) fn checks(&self, table: &str) -> impl Iterator<Item = &str> {
        let checks = self.checks.get(&Name::new(table)).into_iter().flatten();
        checks.filter(|check| check.valid).map(|check| check.text.as_str())
    }

    /// The text of a constraint that the script added to a table.
    pub(super) fn check(&self, table: &str, name: &str) -> Option<&str> {
        let name = plain(name);
        let mut checks = self.checks.get(&Name::new(table)).into_iter().flatten();
        checks.find(|check| check.name == name).map(|check| check.text.as_str())
    }

    /// The script made this column NOT NULL.
    pub(super) fn is_not_null(&self, table: &str, column: &str) -> bool {
        self.not_null.contains(&(Name::new(table), plain(column)))
    }

    /// The columns of an index that the script made.
    pub(super) fn index_columns(&self, index: &str) -> Option<Vec<String>> {
        self.indexes.get(&Name::new(index)).cloned()
    }

    /// The script made an index of this table that begins with these columns.
    pub(super) fn has_index(&self, table: &str, columns: &[String]) -> bool {
        let wanted: Vec<String> = columns.iter().map(|column| plain(column)).collect();
        self.indexed.get(&Name::new(table)).into_iter().flatten().any(|found| {
            let begins = found.get(..wanted.len());
            begins.is_some_and(|begins| wanted.iter().all(|column| begins.contains(column)))
        })
    }

    /// An UPDATE that sets nothing but columns that the script added.
    pub(super) fn fills(&self, statement: &str) -> bool {
        let mut words = Words::new(statement);
        if !words.accept("update") {
            return false;
        }
        words.accept("only");
        let Some(table) = words.name() else { return false };
        if words.find(&["set"]).is_none() {
            return false;
        }
        let mut any = false;
        while let Some(mut item) = words.item() {
            let Some(column) = item.ident() else { return false };
            if !self.has_column(&table, column) {
                return false;
            }
            any = true;
            if item.find(&["from", "where", "returning"]).is_some() {
                break;
            }
        }
        any
    }

    fn learn(&mut self, statement: &str) {
        let traces = impact::traces(statement);
        for (from, to) in traces.renames {
            let from = Name::new(&from);
            if self.objects.contains(&from) {
                self.objects.insert(from.renamed(&to));
            }
        }
        self.objects.extend(traces.makes.iter().map(|name| Name::new(name)));
        let columns = traces.adds.into_iter();
        self.columns.extend(columns.map(|(table, column)| (Name::new(&table), plain(&column))));
        self.learn_table(Words::new(statement));
        self.learn_index(Words::new(statement));
    }

    fn learn_table(&mut self, mut words: Words<'_>) {
        if !words.accept("alter table") {
            return;
        }
        words.accept("if exists");
        words.accept("only");
        let Some(table) = words.name() else { return };
        words.sign("*");
        let table = Name::new(&table);
        while let Some(mut item) = words.item() {
            if item.accept("add constraint") {
                let name = plain(item.ident().unwrap_or_default());
                let valid = !item.contains("not valid");
                let text = item.rest().to_owned();
                let checks = self.checks.entry(table.clone()).or_default();
                checks.push(Check { name, text, valid });
            } else if item.accept("validate constraint") {
                let name = plain(item.ident().unwrap_or_default());
                let mut checks = self.checks.get_mut(&table).into_iter().flatten();
                if let Some(check) = checks.find(|check| check.name == name) {
                    check.valid = true;
                }
            } else if item.accept("alter") {
                item.accept("column");
                let column = plain(item.ident().unwrap_or_default());
                if item.accept("set not null") {
                    self.not_null.insert((table.clone(), column));
                }
            }
        }
    }

    fn learn_index(&mut self, mut words: Words<'_>) {
        if words.accept_any(&["create unique index", "create index"]).is_none() {
            return;
        }
        words.accept("concurrently");
        words.accept("if not exists");
        let name = if words.at("on") { None } else { words.name() };
        words.accept("on");
        words.accept("only");
        let Some(table) = words.name() else { return };
        if words.accept("using") {
            words.ident();
        }
        let mut columns = Vec::new();
        if let Some(mut group) = words.group() {
            while let Some(mut item) = group.item() {
                columns.extend(item.ident().map(plain));
            }
        }
        // An index stands in its table's schema.
        let index = name.unwrap_or_default();
        let table = Name::new(&table);
        self.indexes.entry(table.beside(&index)).or_insert_with(|| columns.clone());
        self.indexed.entry(table).or_default().push(columns);
    }
}

fn plain(identifier: &str) -> String {
    normal_name(identifier).pop().unwrap_or_default()
}

/// A walk over the statements of one script.
#[derive(Debug)]
pub struct Walk<'a> {
    facts: &'a Facts<'a>,
    made: Made,
    generated: bool,
    transactional: bool,
    /// Existing tables that the current transaction has locked against reads and writes.
    held: Vec<Name>,
    /// The same, to be looked up.
    is_held: HashSet<Name>,
    /// Enum values that the current transaction has added, as they are written.
    values: Vec<String>,
    /// Constraints that the current transaction has added.
    added: HashSet<String>,
    /// `search_path` was emptied.
    pathless: bool,
    /// Said once in each transaction.
    told: Vec<&'static str>,
}

impl<'a> Walk<'a> {
    /// Begins with the first transaction.
    pub fn new(facts: &'a Facts<'a>) -> Self {
        Self {
            facts,
            made: Made::default(),
            generated: false,
            transactional: true,
            held: Vec::new(),
            is_held: HashSet::new(),
            values: Vec::new(),
            added: HashSet::new(),
            pathless: false,
            told: Vec::new(),
        }
    }

    /// The statements are a plan's own, which knows better what it loses.
    #[must_use]
    pub fn generated(mut self) -> Self {
        self.generated = true;
        self
    }

    /// Another section begins: in a transaction of its own, or outside of any.
    pub fn section(&mut self, transactional: bool) {
        self.transactional = transactional;
        self.held.clear();
        self.is_held.clear();
        self.values.clear();
        self.added.clear();
        self.told.clear();
    }

    /// The hazards of the next statement.
    pub fn statement(&mut self, text: &str) -> Vec<Hazard> {
        let scene = Scene { facts: self.facts, made: &self.made, generated: self.generated };
        let mut found = check::statement(text, &scene);
        if !self.generated {
            self.form(text, &mut found);
        }
        self.company(text, &mut found);
        self.made.learn(text);
        found
    }

    /// What is wrong with a statement as it is written, wherever it stands.
    fn form(&mut self, text: &str, found: &mut Vec<Hazard>) {
        if controls_transaction(text) {
            found.push(Hazard::new("tx-control", "", "begins or ends a transaction"));
        }
        let major = self.facts.major;
        if self.transactional && transactionality(text, major) == Transactionality::Forbidden {
            found.push(Hazard::new("needs-no-tx", "", "cannot run in a transaction"));
        }
        if matches!(secret::mask(text), std::borrow::Cow::Owned(_)) {
            found.push(Hazard::new("plaintext-password", "", "a password stands in the file"));
        }
        for token in Lexer::new(text) {
            let long = match token.kind {
                TokenKind::Word => token.end - token.start > 63,
                TokenKind::QuotedIdent => plain(token.text(text)).len() > 63,
                _ => false,
            };
            if long {
                let name = plain(token.text(text));
                let cut: String = name.chars().take(24).collect();
                let what = format!("the name {cut}… has {} bytes: PostgreSQL keeps 63", name.len());
                found.push(Hazard::new("identifier-over-63-bytes", "", what));
            }
        }
        self.path(text, found);
    }

    /// Names without their schema after `search_path` was emptied, as dumps do.
    fn path(&mut self, text: &str, found: &mut Vec<Hazard>) {
        let lower = text.to_ascii_lowercase();
        if lower.contains("search_path") && (lower.contains("''") || lower.contains("\"\"")) {
            self.pathless = true;
        } else if lower.contains("search_path") {
            self.pathless = false;
        } else if self.pathless && !self.told.contains(&"path") {
            let bare = impact::impacts(text)
                .into_iter()
                .filter_map(|impact| impact.object)
                .find(|object| !object.contains('.'));
            if let Some(name) = bare {
                let what = format!("{name} is not found: search_path is empty");
                let rule = "unqualified-name-after-set-search-path";
                found.push(Hazard::new(rule, name, what));
                self.told.push("path");
            }
        }
    }

    /// What a statement risks for the company it is in.
    fn company(&mut self, text: &str, found: &mut Vec<Hazard>) {
        for value in &self.values {
            if added_value(text).is_none_or(|(_, own)| own != *value) && holds(text, value) {
                let what = format!("uses {value}, which the same transaction adds");
                found.push(Hazard::new("enum-value-used-same-tx", "", what));
            }
        }
        if !self.transactional {
            return;
        }
        let impacts = impact::impacts(text);
        let validated = validated(text);
        let others = |name: &Name| !self.made.objects.contains(name);
        let mut dear =
            found.iter().any(|hazard| hazard.lock.is_some() && hazard.length > Length::Brief);
        let mut rows = false;
        for impact in &impacts {
            let Some(name) = impact.object.as_deref().map(Name::new) else { continue };
            if !others(&name) {
                continue;
            }
            dear |= impact.lock == Some(LockMode::ShareUpdateExclusive) && impact.scans;
            rows |= impact.lock == Some(LockMode::RowExclusive);
        }
        if let Some((table, name)) = &validated
            && (self.is_held.contains(table) || self.added.contains(name))
        {
            let what = format!("validates {name} while the transaction holds a heavier lock");
            let object = impacts.first().and_then(|i| i.object.clone()).unwrap_or_default();
            found.push(Hazard::new("validate-in-same-tx", object, what));
        } else if !self.held.is_empty() && !self.generated {
            let held: Vec<String> = self.held.iter().map(Name::to_string).collect();
            let first = held.first().cloned().unwrap_or_default();
            if rows && !self.told.contains(&"dml") {
                let what = format!("changes rows while {first} is locked against reads and writes");
                found.push(Hazard::new("dml-and-ddl-mixed", &first, what));
                self.told.push("dml");
            } else if dear && !self.told.contains(&"dear") {
                // On the same table it is the rule about the statement itself that counts.
                let own = impacts.iter().filter_map(|i| i.object.as_deref()).map(Name::new);
                let own: Vec<Name> = own.collect();
                if let Some(other) = self.held.iter().find(|name| !own.contains(name)) {
                    let what =
                        format!("takes long while {other} is locked against reads and writes");
                    found.push(Hazard::new("statement-after-ax-lock", other.to_string(), what));
                    self.told.push("dear");
                }
            }
        }
        for impact in &impacts {
            let Some(name) = impact.object.as_deref().map(Name::new) else { continue };
            if impact.lock == Some(LockMode::AccessExclusive)
                && others(&name)
                && self.is_held.insert(name.clone())
            {
                self.held.push(name);
            }
        }
        if self.held.len() > FEW && !self.told.contains(&"many") && !self.generated {
            let names: Vec<String> = self.held.iter().map(Name::to_string).collect();
            let what = format!("one transaction holds ACCESS EXCLUSIVE on {}", names.join(", "));
            let object = names.last().cloned().unwrap_or_default();
            found.push(Hazard::new("many-ax-locks-one-tx", object, what));
            self.told.push("many");
        }
        if let Some((enumeration, value)) = added_value(text)
            && !self.made.has(&enumeration)
        {
            self.values.push(value);
        }
        if let Some(name) = added_constraint(text) {
            self.added.insert(name);
        }
    }
}

/// Whether a string constant stands in a text.
fn holds(text: &str, value: &str) -> bool {
    Lexer::new(text).any(|token| token.kind == TokenKind::String && token.text(text) == value)
}

/// The enum and the value of `ALTER TYPE … ADD VALUE …`.
fn added_value(text: &str) -> Option<(String, String)> {
    let mut words = Words::new(text);
    if !words.accept("alter type") {
        return None;
    }
    let name = words.name()?;
    if !words.accept("add value") {
        return None;
    }
    words.accept("if not exists");
    Some((name, words.peek_text().to_owned()))
}

/// Table and name of `VALIDATE CONSTRAINT`.
fn validated(text: &str) -> Option<(Name, String)> {
    let mut words = Words::new(text);
    if !words.accept("alter table") {
        return None;
    }
    words.accept("if exists");
    words.accept("only");
    let table = words.name()?;
    words.find(&["validate constraint"])?;
    Some((Name::new(&table), plain(words.ident()?)))
}

/// The name of `ADD CONSTRAINT`.
fn added_constraint(text: &str) -> Option<String> {
    let mut words = Words::new(text);
    if !words.accept("alter table") {
        return None;
    }
    words.find(&["add constraint"])?;
    Some(plain(words.ident()?))
}
