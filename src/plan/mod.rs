//! From two snapshots to ordered steps.
//!
//! [`plan`] decides the fate of every object (kept, altered, dropped, built, exchanged), asks what
//! depends on a changed object how it answers, sorts what is to be done by what needs what, and
//! writes it down in few, readable statements. It names no kind of object: kinds answer for
//! themselves. A downgrade is `plan(new, old)`.

pub mod describe;
mod fate;
mod fates;
mod graph;
pub mod hazard;
pub mod meta;
mod order;
mod positions;
pub mod rename;
pub mod select;
mod write;

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Serialize, Serializer};

pub use self::{
    describe::{Changed, Definitions, changed},
    hazard::{Hazard, Length, Severity, Size, Sizes},
    rename::{Question, Rename, RenameError},
    select::Selection,
};
use self::{fate::Fate, order::Phase};
use crate::{
    pg::statement::mask_secret_options,
    schema::{
        Key, Object, Run, Snapshot,
        kind::{Cx, Memo, NONE},
    },
};

/// How a plan is written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Changes to existing tables take the form that lets others work meanwhile; new tables are
    /// always made plainly.
    pub online: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { online: true }
    }
}

/// What leads from one schema to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// In order.
    pub statements: Vec<Statement>,
    /// What the plan cannot reach, stated once each: the order of columns of a kept table.
    pub notes: Vec<String>,
}

/// One statement of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// The objects it is about, the main one first: a table, then the columns made with it.
    pub keys: Vec<Key>,
    /// The text, without its semicolon; people are shown [`Statement::shown`].
    #[serde(serialize_with = "masked")]
    pub sql: String,
    /// How it is run.
    pub run: Run,
    /// The data it destroys, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
    /// What it does to a running database beside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hazards: Vec<Hazard>,
    /// The changes that it is put together from: one for each action of an `ALTER TABLE`.
    #[serde(skip)]
    pub parts: Vec<Part>,
}

fn masked<S: Serializer>(sql: &str, serializer: S) -> Result<S::Ok, S::Error> {
    mask_secret_options(sql).serialize(serializer)
}

/// What one change contributes to a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The object that changes.
    pub key: Key,
    /// The data it destroys, in words.
    pub loses: Vec<String>,
}

impl Statement {
    /// A statement about objects that loses nothing.
    pub fn new(keys: Vec<Key>, sql: impl Into<String>, run: Run) -> Self {
        Self {
            keys,
            sql: sql.into(),
            run,
            loses: Vec::new(),
            hazards: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// The text without the secrets in options: passwords, tokens.
    pub fn shown(&self) -> Cow<'_, str> {
        mask_secret_options(&self.sql)
    }

    /// The text as a file has it: without secrets, and with a comment above it that says so.
    pub fn written(&self) -> Cow<'_, str> {
        match self.shown() {
            Cow::Owned(text) => Cow::Owned(format!("{SECRET}\n{text}")),
            text @ Cow::Borrowed(_) => text,
        }
    }
}

/// What stands above a statement whose secrets were left out.
const SECRET: &str = "-- secret: *** stands for a value that is kept out of files; put it in here";

/// No order was found: these need each other. A fault of limbeck.
#[derive(Clone, Debug, thiserror::Error)]
#[error("these objects need each other in a circle: {}", list(.0))]
pub struct Circle(pub Vec<Key>);

fn list(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns what leads from `old` to `new`; empty when they are equal. The same input gives the
/// same bytes.
pub fn plan(old: &Snapshot, new: &Snapshot, options: Options) -> Result<Plan, Circle> {
    plan_with(old, new, options, &NONE)
}

/// The same, where the changes of some relations take the direct form whatever the options say.
pub fn plan_with(
    old: &Snapshot,
    new: &Snapshot,
    options: Options,
    direct: &BTreeSet<Key>,
) -> Result<Plan, Circle> {
    let fates = fate::decide(old, new, options.online, direct);
    if fates.is_empty() {
        let notes = positions::notes(&[], &fates, old, new);
        return Ok(Plan { notes, ..Plan::default() });
    }
    let built = |key: &Key| fates.get(key).is_some_and(Fate::builds);
    let memo = Memo::default();
    let cx = Cx { old, new, online: options.online, direct, built: &built, memo: &memo };
    let outside = |phase, object: &Object| runs_outside(phase, object, &cx);
    let nodes = order::order(old, new, &fates, options.online, direct, &outside)?;
    let notes = positions::notes(&nodes, &fates, old, new);
    let mut statements = write::write(&nodes, &fates, &cx);
    hazard::mark(&mut statements, old);
    Ok(Plan { statements, notes })
}

/// Whether what is done to an object runs outside of a transaction, if only in part.
fn runs_outside(phase: Phase, object: &Object, cx: &Cx<'_>) -> bool {
    let kind = Snapshot::kind_of(object);
    let steps = match phase {
        _ if !cx.online => return false,
        Phase::Build => kind.create(object, cx),
        Phase::Drop => kind.drop(object, cx),
        _ => return false,
    };
    steps.iter().any(|step| step.run == Run::Outside)
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Consecutive statements that run alike: in one transaction, or each outside of any.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section<'_>> = Vec::new();
        for (at, statement) in self.statements.iter().enumerate() {
            let transaction = statement.run != Run::Outside;
            let joins = statement.run != Run::NewTransaction
                && sections.last().is_some_and(|s| s.transaction == transaction);
            if joins && let Some(last) = sections.last_mut() {
                last.statements = &self.statements[at - last.statements.len()..=at];
            } else {
                sections.push(Section { transaction, statements: &self.statements[at..=at] });
            }
        }
        sections
    }

    /// A script for `psql -f`: transactions are begun and committed where they belong. It is to
    /// be run, so secrets are in it.
    pub fn script(&self) -> String {
        self.script_of(|statement| Cow::Borrowed(&statement.sql))
    }

    /// The same without secrets, for reports.
    pub fn shown_script(&self) -> String {
        self.script_of(Statement::written)
    }

    fn script_of(&self, text: impl Fn(&Statement) -> Cow<'_, str>) -> String {
        let mut out = String::new();
        for section in self.sections() {
            if section.transaction {
                out.push_str("BEGIN;\n\nSET LOCAL check_function_bodies = off;\n\n");
            }
            for statement in section.statements {
                out.push_str(&text(statement));
                out.push_str(";\n\n");
            }
            if section.transaction {
                out.push_str("COMMIT;\n\n");
            }
        }
        out
    }
}

/// Statements that run alike.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// In one transaction; else each by itself, outside of any.
    pub transaction: bool,
    /// In order.
    pub statements: &'a [Statement],
}
