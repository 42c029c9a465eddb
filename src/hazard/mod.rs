//! What statements do to a running database beside what they are for: locks, rewrites, lost data,
//! and what is merely wrong with them.
//!
//! One list of rules ([`rule::RULES`]) serves the hazards of generated plans and `limbeck lint`
//! alike. Locks and costs are the measured facts of [`crate::pg::impact`]; what the words of a
//! statement leave open, the schema before it answers ([`Facts`]). A [`Walk`] goes over the
//! statements of one script in order, so that what the script makes itself counts as nobody's yet.

pub mod allow;
mod check;
mod facts;
pub mod lint;
pub(crate) mod retype;
pub mod rule;
mod told;
mod walk;

use serde::Serialize;

pub use self::{
    facts::Facts,
    rule::{RULES, Rule, Severity},
    told::Told,
    walk::Walk,
};
use crate::pg::impact::LockMode;

/// How long a lock is held for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Length {
    /// A moment, once it is got.
    #[default]
    Brief,
    /// As long as reading all rows takes.
    Scan,
    /// As long as writing all rows and indexes anew takes.
    Rewrite,
}

/// How large a table is, as far as the server knows without counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// With indexes and all.
    pub bytes: u64,
    /// Estimated rows; none when the table was never analysed.
    pub rows: Option<u64>,
    /// Other sessions that hold locks on it now.
    #[serde(skip)]
    pub sessions: u32,
}

/// A stated risk of a statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hazard {
    /// The rule's name: `type-rewrite`, `drop-column`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The object it is about, as SQL; empty when it is about none.
    pub object: String,
    /// The strongest lock it takes there (`ACCESS EXCLUSIVE`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<&'static str>,
    /// Who waits meanwhile ("reads and writes").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<&'static str>,
    /// How long.
    pub length: Length,
    /// How large the object is in the target database, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// One sentence.
    pub message: String,
    /// What to run instead, statement by statement, with comments between; empty when there is no
    /// gentler form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipe: Vec<String>,
    /// Which action of `ALTER TABLE` it is about, from 0.
    #[serde(skip)]
    pub action: usize,
}

impl Hazard {
    /// A hazard of a rule, with the rule's own severity.
    pub fn new(rule: &'static str, object: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule::find(rule).map_or(Severity::Warning, |rule| rule.severity),
            object: object.into(),
            lock: None,
            blocks: None,
            length: Length::Brief,
            size: None,
            message: message.into(),
            recipe: Vec::new(),
            action: 0,
        }
    }

    /// What its rule says about it; every hazard has one.
    pub fn about(&self) -> Option<&'static Rule> {
        rule::find(self.rule)
    }

    /// Data is lost.
    pub fn loses(&self) -> bool {
        self.about().is_some_and(|rule| rule.group == rule::Group::DataLoss)
    }

    /// The lock that it takes for a moment, without what is lost under it.
    pub(crate) fn lock_alone(&self) -> Option<Self> {
        let (lock, rule) = (self.lock?, "brief-lock");
        self.blocks?;
        let message = format!("takes {lock} on {} for a moment", self.object);
        let Self { lock, blocks, action, .. } = self.clone();
        Some(Self { lock, blocks, action, ..Self::new(rule, self.object.as_str(), message) })
    }

    pub(crate) fn lock(mut self, lock: Option<LockMode>, length: Length) -> Self {
        self.lock = lock.map(LockMode::as_str);
        self.blocks = lock.and_then(LockMode::blocks);
        self.length = length;
        self
    }

    pub(crate) fn recipe<T: Into<String>>(mut self, steps: impl IntoIterator<Item = T>) -> Self {
        self.recipe = steps.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

impl Size {
    /// "2.1 GB, about 12M rows".
    pub fn words(self) -> String {
        let bytes = bytes(self.bytes);
        match self.rows {
            Some(1) => format!("{bytes}, 1 row"),
            Some(rows) => format!("{bytes}, about {} rows", count(rows)),
            None => bytes,
        }
    }
}

/// A number of bytes as people say it.
pub fn bytes(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 10.0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// A number of rows as people say it.
pub fn count(rows: u64) -> String {
    match rows {
        0..10_000 => rows.to_string(),
        10_000..1_000_000 => format!("{}k", rows / 1000),
        1_000_000..10_000_000 => format!("{:.1}M", rows as f64 / 1e6),
        10_000_000..1_000_000_000 => format!("{}M", rows / 1_000_000),
        _ => format!("{:.1}G", rows as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_as_people_say_them() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(8192), "8.0 kB");
        assert_eq!(bytes(2_254_857_830), "2.1 GB");
        assert_eq!(bytes(u64::MAX), "16384 PB");
        assert_eq!(count(9_999), "9999");
        assert_eq!(count(12_345_678), "12M");
        assert_eq!(Size { bytes: 1 << 20, rows: Some(1), sessions: 0 }.words(), "1.0 MB, 1 row");
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod statements;
