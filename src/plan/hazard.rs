//! What the statements of a plan do to a running database, beside what they are for.
//!
//! The rules are those of [`crate::hazard`]; what is lost is what the kinds said. Each hazard
//! belongs to one change, also where several changes share a statement.

use std::collections::HashMap;

use super::{Plan, Statement};
pub use crate::hazard::{Hazard, Length, Severity, Size};
use crate::{
    hazard::{Facts, Walk},
    pg::words::normal_name,
    schema::{Key, Run, Snapshot},
};

/// Adds the hazards of each statement; `old` is the schema that the plan starts from.
pub(super) fn mark(statements: &mut [Statement], old: &Snapshot) {
    let facts = Facts::of(old);
    let mut walk = Walk::new(&facts).generated();
    let mut before = Run::Together;
    for statement in statements {
        if statement.run != Run::Together || before == Run::Outside {
            walk.section(statement.run != Run::Outside);
        }
        before = statement.run;
        let found = walk.statement(&statement.sql);
        statement.hazards = weighed(statement, found);
        if statement.run == Run::Outside {
            let what = "runs outside of a transaction: what came before is committed";
            statement.hazards.push(Hazard::new("not-transactional", "", what));
        }
    }
}

/// The kinds know what is lost; the words only know by which rule.
fn weighed(statement: &Statement, found: Vec<Hazard>) -> Vec<Hazard> {
    let (lost, mut hazards): (Vec<_>, Vec<_>) = found.into_iter().partition(Hazard::loses);
    let mut losses = Vec::new();
    for (action, part) in statement.parts.iter().enumerate() {
        for what in &part.loses {
            let message = format!("{what} are lost");
            let known = lost.iter().find(|hazard| hazard.action == action);
            losses.push(match known {
                Some(known) => Hazard { message, ..known.clone() },
                None => Hazard { action, ..Hazard::new("data-loss", part.key.sql(), message) },
            });
        }
    }
    // Where nothing is lost, the lock is still taken.
    let kept = |known: &&Hazard| !losses.iter().any(|loss| loss.action == known.action);
    let locks: Vec<Hazard> = lost.iter().filter(kept).filter_map(Hazard::lock_alone).collect();
    losses.extend(locks);
    losses.append(&mut hazards);
    losses
}

/// The sizes of relations by schema and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes(pub HashMap<(String, String), Size>);

impl Sizes {
    /// The size of a relation by its name in SQL.
    pub fn of(&self, object: &str) -> Option<Size> {
        let mut parts = normal_name(object);
        let name = parts.pop()?;
        let schema = parts.pop().unwrap_or_else(|| "public".to_owned());
        self.0.get(&(schema, name)).copied()
    }
}

impl Plan {
    /// Tells each hazard how large its object is in the target database.
    pub fn weigh(&mut self, sizes: &Sizes) {
        for statement in &mut self.statements {
            for hazard in &mut statement.hazards {
                hazard.size = sizes.of(&hazard.object);
            }
        }
    }
}

impl Statement {
    /// The change that a hazard of this statement belongs to.
    pub fn change_of(&self, hazard: &Hazard) -> Option<&Key> {
        self.parts.get(hazard.action).map(|part| &part.key).or_else(|| self.keys.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::Part, schema::KindId};

    fn statement(sql: &str, loses: &[&str]) -> Statement {
        let key = |name: &str| Key::on(KindId("column"), "public", "t", name);
        let part = |name: &str, what: &str| Part {
            key: key(name),
            loses: if what.is_empty() { Vec::new() } else { vec![what.to_owned()] },
        };
        let parts: Vec<Part> =
            loses.iter().enumerate().map(|(at, what)| part(&format!("c{at}"), what)).collect();
        Statement { parts, ..Statement::new(vec![key("c0")], sql, Run::Together) }
    }

    #[test]
    fn each_action_has_its_own_hazards() {
        let mut plan = [statement(
            "ALTER TABLE public.t\n    DROP COLUMN c0,\n    DROP COLUMN c1",
            &["", "the values of c1"],
        )];
        mark(&mut plan, &Snapshot::default());
        let [statement] = plan;
        let told: Vec<_> = statement
            .hazards
            .iter()
            .map(|h| (statement.change_of(h).unwrap().base_name(), h.rule, h.message.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("c1", "drop-column", "the values of c1 are lost"),
                ("c0", "brief-lock", "takes ACCESS EXCLUSIVE on public.t for a moment"),
            ]
        );
    }
}
