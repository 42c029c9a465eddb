//! What a statement locks, rewrites and loses, as far as its words tell.
//!
//! Measured facts, not guesses: locks from `pg_locks`, rewrites from `relfilenode`, scans from the
//! statistics of PostgreSQL 12 to 18. Where the words do not tell (the type change of a column of
//! unknown type), the worse case is given. See `docs/design/impact.md`.

use super::words::{self, Words};

mod form;
mod narrow;
mod table;

/// Table lock modes, weakest first (PostgreSQL manual, "Explicit Locking").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    /// `ACCESS SHARE`
    AccessShare,
    /// `ROW SHARE`
    RowShare,
    /// `ROW EXCLUSIVE`
    RowExclusive,
    /// `SHARE UPDATE EXCLUSIVE`
    ShareUpdateExclusive,
    /// `SHARE`
    Share,
    /// `SHARE ROW EXCLUSIVE`
    ShareRowExclusive,
    /// `EXCLUSIVE`
    Exclusive,
    /// `ACCESS EXCLUSIVE`
    AccessExclusive,
}

impl LockMode {
    /// All modes, weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// The name as SQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// What waits meanwhile, in words: "reads and writes", "writes", or nothing.
    ///
    /// From the table of conflicting lock modes in the manual: a read takes ACCESS SHARE, a write
    /// ROW EXCLUSIVE. Other schema changes wait for the weaker modes too; that is not told.
    pub fn blocks(self) -> Option<&'static str> {
        match self {
            Self::AccessExclusive => Some("reads and writes"),
            Self::Exclusive | Self::ShareRowExclusive | Self::Share => Some("writes"),
            Self::ShareUpdateExclusive
            | Self::RowExclusive
            | Self::RowShare
            | Self::AccessShare => None,
        }
    }
}

/// The effect of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// The object that is locked, as written.
    pub object: Option<String>,
    /// The strongest lock on an existing table.
    pub lock: Option<LockMode>,
    /// The table is rewritten.
    pub rewrites: bool,
    /// The table is scanned under that lock.
    pub scans: bool,
    /// Data is lost, in a word ("drops table account"); none when nothing is.
    pub loses: Option<String>,
}

impl Impact {
    /// Weighs impacts: the stronger lock, then rewrite, scan and loss.
    fn weight(&self) -> (Option<LockMode>, bool, bool, bool) {
        (self.lock, self.rewrites, self.scans, self.loses.is_some())
    }

    fn is_nothing(&self) -> bool {
        self.lock.is_none() && !self.rewrites && !self.scans && self.loses.is_none()
    }

    /// Adds the impact of another statement on the same object.
    fn join(&mut self, other: Self) {
        self.lock = self.lock.max(other.lock);
        self.rewrites |= other.rewrites;
        self.scans |= other.scans;
        self.loses = match (self.loses.take(), other.loses) {
            (Some(one), Some(two)) if one != two => Some(format!("{one}, {two}")),
            (one, two) => one.or(two),
        };
    }
}

/// Tells the impact of `statement`: that on the object it names, as if the object had existed
/// before. See [`script_impact`] for objects that a script makes itself.
pub fn impact(statement: &str) -> Impact {
    let mut all = impacts(statement).into_iter();
    let mut strongest = all.next().unwrap_or_default();
    for impact in all {
        if impact.weight() > strongest.weight() {
            strongest = impact;
        }
    }
    strongest
}

/// Tells the impacts of `statement` on each object that it names: the table and the tables it
/// references, say. The main object comes first.
pub fn impacts(statement: &str) -> Vec<Impact> {
    let told = form::effects(statement).impacts.into_iter();
    let told = told.map(|effect| effect.told(|_| false, |_, _| Keeps::default()));
    told.filter(|impact| !impact.is_nothing()).collect()
}

/// What a change of a column's type does to values that the new type does not hold, when nothing is known
/// of the old one: what is lost of them, or that they are refused.
pub(crate) fn narrows(column: &str, target: &str, using: bool) -> Option<String> {
    narrow::loss(column, target, using).or_else(|| narrow::refusal(column, target))
}

/// A column that gets another type, in a statement of a script.
#[derive(Clone, Copy, Debug)]
pub struct Retyped<'a> {
    /// The number of the statement, from 0.
    pub statement: usize,
    /// The table, as written.
    pub table: &'a str,
    /// The column, as written.
    pub column: &'a str,
    /// The new type, as written.
    pub target: &'a str,
}

/// The impact of a whole script: one entry per object, the strongest first. Objects made by the
/// script itself are left out, for nobody else can wait for them.
pub fn script_impact<'a>(statements: impl IntoIterator<Item = &'a str>) -> Vec<Impact> {
    script_impact_knowing(statements, |_| Keeps::default())
}

/// The same, by one who may know the types that columns had: `keeps` says what the new type keeps.
pub fn script_impact_knowing<'a>(
    statements: impl IntoIterator<Item = &'a str>,
    keeps: impl Fn(Retyped<'_>) -> Keeps,
) -> Vec<Impact> {
    let mut made: Vec<Name> = Vec::new();
    let mut added: Vec<(Name, String)> = Vec::new();
    let mut found: Vec<(Option<Name>, Impact)> = Vec::new();
    for (number, statement) in statements.into_iter().enumerate() {
        let effects = form::effects(statement);
        for effect in effects.impacts {
            let name = effect.impact.object.as_deref().map(Name::new);
            if name.as_ref().is_some_and(|name| made.contains(name)) {
                continue;
            }
            let is_new = |column: &str| {
                let column = words::normal_name(column).pop().unwrap_or_default();
                added.iter().any(|(table, one)| Some(table) == name.as_ref() && *one == column)
            };
            let table = effect.impact.object.clone().unwrap_or_default();
            let kept = |column: &str, target: &str| {
                keeps(Retyped { statement: number, table: &table, column, target })
            };
            // What goes as a whole takes its columns along.
            let whole = effect.losses.iter().any(|loss| matches!(loss, Loss::Whole(_)));
            let mut impact = effect.told(is_new, kept);
            if impact.is_nothing() {
                continue;
            }
            match found.iter_mut().find(|(known, _)| name.is_some() && *known == name) {
                Some((_, known)) => {
                    if whole {
                        known.loses = None;
                    }
                    known.join(std::mem::take(&mut impact));
                }
                None => found.push((name, impact)),
            }
        }
        for (from, to) in effects.renames {
            if made.contains(&Name::new(&from)) {
                made.push(Name::new(&from).renamed(&to));
            }
        }
        made.extend(effects.makes.iter().map(|name| Name::new(name)));
        added.extend(effects.adds.into_iter().map(|(table, column)| {
            (Name::new(&table), words::normal_name(&column).pop().unwrap_or_default())
        }));
    }
    let mut impacts: Vec<Impact> = found.into_iter().map(|(_, impact)| impact).collect();
    impacts.sort_by_key(|impact| std::cmp::Reverse(impact.weight()));
    impacts
}

/// What a new type is known to keep of the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keeps {
    /// Every value.
    pub values: bool,
    /// The rows as they are stored: there is no rewrite.
    pub rows: bool,
}

/// What a statement leaves behind that later ones meet.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Objects that exist only from here on.
    pub(crate) makes: Vec<String>,
    /// Columns that exist only from here on, with their tables.
    pub(crate) adds: Vec<(String, String)>,
    /// Objects that have another name from here on.
    pub(crate) renames: Vec<(String, String)>,
}

impl Traces {
    /// What exists from here on: objects, and columns with their table.
    pub(crate) fn objects(self) -> impl Iterator<Item = (String, Option<String>)> {
        let columns = self.adds.into_iter().map(|(table, column)| (table, Some(plain(&column))));
        self.makes.into_iter().map(|name| (name, None)).chain(columns)
    }
}

/// Tells what a statement leaves behind.
pub(crate) fn traces(statement: &str) -> Traces {
    let Effects { makes, adds, renames, .. } = form::effects(statement);
    Traces { makes, adds, renames }
}

/// The column that each action of ALTER TABLE drops.
pub(crate) fn dropped_columns(statement: &str) -> Vec<Option<String>> {
    let mut words = Words::new(statement);
    if !words.accept("alter table") {
        return Vec::new();
    }
    words.accept("if exists");
    words.accept("only");
    words.name();
    words.sign("*");
    let mut found = Vec::new();
    while let Some(mut item) = words.item() {
        let drops = item.accept("drop") && !item.accept("constraint");
        item.accept("column");
        item.accept("if exists");
        found.push(item.ident().filter(|_| drops).map(plain));
    }
    found
}

/// An identifier as the server reads it.
fn plain(identifier: &str) -> String {
    words::normal_name(identifier).pop().unwrap_or_default()
}

/// A name as the server reads it; one without a schema counts as one in `public`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name(Vec<String>);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> =
            self.0.iter().map(|part| super::ident::quote_ident(part)).collect();
        f.write_str(&parts.join("."))
    }
}

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        let mut parts = words::normal_name(name);
        if parts.len() == 2 && parts[0] == "public" {
            parts.remove(0);
        }
        Self(parts)
    }

    /// The name without its schema.
    pub(crate) fn base(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The name that an object of this name has after RENAME TO, in the same schema.
    pub(crate) fn renamed(mut self, to: &str) -> Self {
        self.0.pop();
        self.0.extend(words::normal_name(to));
        self
    }

    /// The name of something in the schema of this one, unless it says its own.
    pub(crate) fn beside(&self, other: &str) -> Self {
        let other = Self::new(other);
        if other.0.len() > 1 || self.0.len() < 2 {
            return other;
        }
        Self(self.0[..self.0.len() - 1].iter().cloned().chain(other.0).collect())
    }
}

/// What one statement does.
#[derive(Debug, Default)]
struct Effects {
    impacts: Vec<Effect>,
    /// Objects that exist only from here on.
    makes: Vec<String>,
    /// Columns that exist only from here on, with their tables.
    adds: Vec<(String, String)>,
    /// Objects that have another name from here on.
    renames: Vec<(String, String)>,
}

/// An impact, and the loss in a form that knows its columns.
#[derive(Debug, Default)]
struct Effect {
    impact: Impact,
    losses: Vec<Loss>,
    retypes: Vec<Retype>,
}

/// Data that is lost.
#[derive(Debug)]
enum Loss {
    /// Of the whole object.
    Whole(String),
    /// Of some columns: nothing is lost if they are all new.
    Columns(Vec<String>, String),
}

/// Another type of a column, which rewrites the table and may lose values unless the old one is alike.
#[derive(Debug)]
struct Retype {
    column: String,
    target: String,
    /// An expression makes the new values: the types do not tell what of the old ones is left.
    using: bool,
    loss: Option<String>,
}

impl Effect {
    fn new(object: impl Into<Option<String>>, lock: impl Into<Option<LockMode>>) -> Self {
        let impact = Impact { object: object.into(), lock: lock.into(), ..Impact::default() };
        Self { impact, losses: Vec::new(), retypes: Vec::new() }
    }

    fn rewrites(mut self) -> Self {
        self.impact.rewrites = true;
        self
    }

    fn scans(mut self) -> Self {
        self.impact.scans = true;
        self
    }

    fn loses(mut self, what: String) -> Self {
        self.losses.push(Loss::Whole(what));
        self
    }

    /// The impact with its losses in words; columns that are new have nothing to lose, and those that
    /// get a type that fits lose nothing.
    fn told(
        mut self,
        is_new: impl Fn(&str) -> bool,
        keeps: impl Fn(&str, &str) -> Keeps,
    ) -> Impact {
        for loss in self.losses {
            let what = match loss {
                Loss::Whole(what) => what,
                Loss::Columns(columns, _)
                    if !columns.is_empty() && columns.iter().all(|column| is_new(column)) =>
                {
                    continue;
                }
                Loss::Columns(_, what) => what,
            };
            self.impact.join(Impact { loses: Some(what), ..Impact::default() });
        }
        for retype in self.retypes {
            let kept = match retype.using {
                true => Keeps::default(),
                false => keeps(&retype.column, &retype.target),
            };
            let loses = retype.loss.filter(|_| !kept.values && !is_new(&retype.column));
            self.impact.join(Impact { rewrites: !kept.rows, loses, ..Impact::default() });
        }
        self.impact
    }
}

/// Reads a list of names separated by commas, each perhaps after ONLY and before `*`.
fn names(words: &mut Words<'_>) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        words.accept("only");
        let Some(name) = words.name() else { return names };
        names.push(name);
        words.sign("*");
        if !words.sign(",") {
            return names;
        }
    }
}

#[cfg(test)]
mod tests;
