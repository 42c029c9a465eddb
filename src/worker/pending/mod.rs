//! What the models and the database differ in, as something to choose from: changes in the order
//! they are shown, which of them a choice carries along, what they risk, and the plan of a choice.
//!
//! All of it is plain data, made once on the worker's lanes; choosing is pure and cheap.

mod brief;
mod build;
mod draft;
mod plan;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::PathBuf,
    sync::Arc,
};

pub use self::{
    brief::{heading, plural},
    build::build,
    draft::{Draft, draft, read, written},
    plan::{plan, script, target},
};
use crate::{
    plan::{
        Hazard, Length, Severity, Statement,
        rename::{Question, Rename},
    },
    present::{diff::Diff, sql::Span},
    schema::{Key, Snapshot},
};

/// What differs between the database and the models.
#[derive(Debug, Default)]
pub struct Changes {
    /// There are no models: this file or folder is not there, or holds no SQL.
    pub missing: Option<PathBuf>,
    /// The changes, in the order they are shown.
    pub items: Vec<Change>,
    /// How they are grouped; the groups' ranges cover all items in order.
    pub groups: Vec<Group>,
    /// The objects that change, before and after, each as one part.
    pub objects: Arc<Diff>,
    /// What may have been renamed.
    pub questions: Vec<Question>,
    /// What is renamed first, as was answered; `old` has it under its new name.
    pub renames: Vec<Rename>,
    /// The statements for that.
    pub renamed: Vec<Statement>,
    /// The statements that take it back.
    pub restored: Vec<Statement>,
    /// User objects of kinds that limbeck does not manage, as PostgreSQL describes them.
    pub unmanaged: Vec<String>,
    /// What is worth knowing about the models, one sentence each.
    pub notes: Vec<String>,
    /// The database as it is, after renames; what differs from the models in the form of its text
    /// alone has theirs.
    pub old: Arc<Snapshot>,
    /// The database as it was read, all of it: what is not managed, too.
    pub full: Arc<Snapshot>,
    /// The models.
    pub new: Arc<Snapshot>,
}

/// One object that differs.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// What happens to it.
    pub sign: Sign,
    /// What it is called in its group, safe to show.
    pub name: String,
    /// What is different, in a few words, safe to show; empty when the name says it all.
    pub text: String,
    /// The whole that it belongs to: a column's table.
    pub whole: Key,
    /// What it risks, the worst first.
    pub hazards: Vec<Hazard>,
    /// What it risks in the direct form, where that is another one.
    pub direct: Option<Vec<Hazard>>,
    /// It runs outside of a transaction, if only in part.
    pub outside: bool,
    /// Data is lost with it.
    pub loses: bool,
    /// Changes without which this one cannot be: indexes of items.
    pub needs: Vec<usize>,
    /// Changes that cannot be without this one.
    pub needed_by: Vec<usize>,
    /// The part of [`Changes::objects`] that shows it.
    pub part: usize,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// It is made.
    Added,
    /// It changes.
    Changed,
    /// It is dropped.
    Removed,
}

/// Changes that are shown together: those of one whole object, or several whole objects of a kind.
#[derive(Clone, Debug)]
pub struct Group {
    /// The heading, safe to show.
    pub title: String,
    /// The kind of the object the group is about; empty where the title says it.
    pub kind: &'static str,
    /// Its items.
    pub items: Range<usize>,
    /// Made or dropped as a whole: what it is made of is of less interest.
    pub whole: bool,
}

/// How much a change has to be looked at, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Nothing to speak of.
    Safe,
    /// Others wait, or it can fail on rows that exist.
    Blocking,
    /// Data is lost.
    Destructive,
}

/// How a choice is written: what the user decided beside what is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Wholes whose changes take the direct form instead of the one that lets others work.
    pub direct: BTreeSet<Key>,
    /// Changes whose risks are accepted, with the reason that goes into the file.
    pub accepted: BTreeMap<Key, String>,
}

impl Terms {
    /// Why a hazard of a statement is accepted.
    pub fn reason(&self, statement: &Statement, hazard: &Hazard) -> Option<String> {
        self.accepted.get(statement.change_of(hazard)?).cloned()
    }

    /// The risks of a change in the form that it takes.
    pub fn hazards<'a>(&self, change: &'a Change) -> &'a [Hazard] {
        match &change.direct {
            Some(hazards) if self.direct.contains(&change.whole) => hazards,
            _ => &change.hazards,
        }
    }

    /// How much a change has to be looked at in the form that it takes.
    pub fn risk(&self, change: &Change) -> Risk {
        match self.hazards(change).first().map(|hazard| hazard.severity) {
            _ if change.loses => Risk::Destructive,
            Some(Severity::Danger) => Risk::Destructive,
            Some(Severity::Warning) => Risk::Blocking,
            _ => Risk::Safe,
        }
    }

    /// The worst of a change's risks in a word or two.
    pub fn badge(&self, change: &Change) -> &'static str {
        let first = self.hazards(change).first();
        let concurrent = change.outside && !self.direct.contains(&change.whole);
        match (self.risk(change), first.map(|hazard| (hazard.rule, hazard.length))) {
            (Risk::Destructive, _) => "DATA LOSS",
            (Risk::Blocking, Some((_, Length::Rewrite))) => "REWRITE",
            (Risk::Blocking, Some((_, Length::Scan))) => "LONG LOCK",
            (Risk::Blocking, Some(("not-null-without-default", _))) => "NO DEFAULT",
            (Risk::Blocking, _) => "MAY FAIL",
            (Risk::Safe, _) if concurrent => "concurrent",
            (Risk::Safe, _) => "safe",
        }
    }
}

impl Changes {
    /// Nothing differs.
    pub fn is_equal(&self) -> bool {
        self.missing.is_none() && self.items.is_empty() && self.renames.is_empty()
    }

    /// What is chosen unless the user says otherwise: all but what loses data, and what needs that.
    pub fn by_default(&self) -> Vec<bool> {
        let mut chosen = vec![true; self.items.len()];
        for (index, item) in self.items.iter().enumerate() {
            if item.loses {
                self.give_up(&mut chosen, index);
            }
        }
        chosen
    }

    /// Chooses a change and all that it needs; tells how many others came along.
    pub fn choose(&self, chosen: &mut [bool], index: usize) -> usize {
        self.spread(chosen, index, true)
    }

    /// Gives up a change and all that needs it; tells how many others went along.
    pub fn give_up(&self, chosen: &mut [bool], index: usize) -> usize {
        self.spread(chosen, index, false)
    }

    fn spread(&self, chosen: &mut [bool], index: usize, on: bool) -> usize {
        let mut open = vec![index];
        let mut count = 0_usize;
        let mut first = true;
        while let Some(at) = open.pop() {
            let Some(item) = self.items.get(at) else { continue };
            let Some(one) = chosen.get_mut(at) else { continue };
            // The first one is spread in any case: the choice may be half made.
            if *one == on && !std::mem::take(&mut first) {
                continue;
            }
            first = false;
            count += usize::from(*one != on && at != index);
            *one = on;
            open.extend(if on { &item.needs } else { &item.needed_by });
        }
        count
    }

    /// The same once more, for a reading that found nothing new.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            missing: self.missing.clone(),
            notes: self.notes.clone(),
            renames: self.renames.clone(),
            full: Arc::clone(&self.full),
            new: Arc::clone(&self.new),
            ..Self::default()
        }
    }

    /// The group of an item.
    pub fn group_of(&self, index: usize) -> usize {
        self.groups.partition_point(|group| group.items.end <= index)
    }
}

/// The way up and the way down of a choice.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// It was edited: this is what stands in the editor's file.
    pub edited: Option<Arc<str>>,
    /// Up.
    pub up: Script,
    /// Down.
    pub down: Script,
    /// Why there is none.
    pub failed: Option<String>,
}

/// The statements of one way, ready to be drawn.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// In order.
    pub statements: Vec<Statement>,
    /// The 0-based line on which each of them begins.
    pub starts: Vec<usize>,
    /// Lines of SQL with the transactions as comments, safe to show, with their colours.
    pub lines: Vec<(String, Vec<Span>)>,
    /// Lines that are left out at the end.
    pub more: usize,
    /// How many transactions there are.
    pub transactions: usize,
    /// How many statements run outside of one.
    pub outside: usize,
    /// What the plan cannot reach.
    pub notes: Vec<String>,
}

impl Script {
    /// The text as it is shown.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|(line, _)| [line.as_str(), "\n"]).collect()
    }

    /// The line on which the first statement about a change begins.
    pub fn line_of(&self, key: &Key) -> Option<usize> {
        let at = self.statements.iter().position(|one| one.keys.contains(key))?;
        self.starts.get(at).copied()
    }

    /// The lines of the statements about a change.
    pub fn lines_of(&self, key: &Key) -> Vec<Range<usize>> {
        let end = |at: usize| self.starts.get(at + 1).map_or(self.lines.len(), |next| *next);
        self.statements
            .iter()
            .zip(&self.starts)
            .enumerate()
            .filter(|(_, (one, _))| one.keys.contains(key))
            .map(|(at, (one, start))| *start..(start + one.sql.lines().count()).min(end(at)))
            .collect()
    }
}

/// A revision that was proved and written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// What the proof cannot vouch for, one sentence each.
    pub notes: Vec<String>,
}
