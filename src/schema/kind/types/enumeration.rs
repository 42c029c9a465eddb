//! Enums: labels in order.
//!
//! PostgreSQL can add a label at any place and rename one; taking one away, or changing the order,
//! takes another type.

use serde::Serialize;
use tokio_postgres::Row;

use super::Alter;
use crate::schema::{Key, Step, sql::literal};

/// Attributes of an enum.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Enum {
    /// Its values, in their order.
    pub labels: Vec<String>,
}

impl Enum {
    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self { labels: row.try_get::<_, Option<_>>("labels")?.unwrap_or_default() })
    }

    pub(super) fn create(&self, name: &str) -> String {
        if self.labels.is_empty() {
            return format!("CREATE TYPE {name} AS ENUM ()");
        }
        let labels: Vec<_> = self.labels.iter().map(|l| format!("\n    {}", literal(l))).collect();
        format!("CREATE TYPE {name} AS ENUM ({}\n)", labels.join(","))
    }

    pub(super) fn alter(key: &Key, old: &Self, new: &Self) -> Alter {
        let Self { labels } = new;
        let Some(places) = additions(&old.labels, labels) else { return Alter::Replace };
        let name = key.sql();
        let steps = places.into_iter().map(|(label, place)| {
            let sql = format!("ALTER TYPE {name} ADD VALUE {}{place}", literal(label));
            Step::new(key, sql).commit_after()
        });
        Alter::InPlace(steps.collect())
    }

    /// The statement that renames a value of the enum `key`; PostgreSQL keeps its place and all
    /// that is stored.
    pub fn rename_value(key: &Key, from: &str, to: &str) -> Step {
        let (from, to) = (literal(from), literal(to));
        Step::new(key, format!("ALTER TYPE {} RENAME VALUE {from} TO {to}", key.sql()))
    }
}

/// The labels to add in order, each with its place (` AFTER 'b'`; empty at the end); none when
/// additions alone do not lead from `old` to `new`.
fn additions<'a>(old: &[String], new: &'a [String]) -> Option<Vec<(&'a str, String)>> {
    let mut left = old.iter().peekable();
    let mut added = Vec::new();
    for (at, label) in new.iter().enumerate() {
        if left.next_if(|next| *next == label).is_some() {
            continue;
        }
        let place = match (left.peek(), at.checked_sub(1)) {
            (None, _) => String::new(),
            (Some(next), None) => format!(" BEFORE {}", literal(next)),
            (Some(_), Some(before)) => format!(" AFTER {}", literal(&new[before])),
        };
        added.push((label.as_str(), place));
    }
    left.peek().is_none().then_some(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expected: Option<&[&str]>) {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let new = list(new);
        let found = additions(&list(old), &new)
            .map(|all| all.iter().map(|(l, p)| format!("{l}{p}")).collect::<Vec<_>>());
        let expected = expected.map(|all| all.iter().map(|&s| s.to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expected);
    }

    #[test]
    fn labels_are_added_at_their_place() {
        check("", "a b", Some(&["a", "b"]));
        check("b c", "b c d", Some(&["d"]));
        check("c", "a b c", Some(&["a BEFORE 'c'", "b AFTER 'a'"]));
        check("a d", "a b c d e", Some(&["b AFTER 'a'", "c AFTER 'b'", "e"]));
    }

    #[test]
    fn what_additions_cannot_reach() {
        check("a b c", "a c", None);
        check("a b", "b a", None);
        check("a b", "b a b2", None);
        check("a", "", None);
    }
}
