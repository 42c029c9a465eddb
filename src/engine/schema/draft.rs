//! A plan as the body of a revision file.

use crate::{
    hazard::{Hazard, allow},
    plan::{Plan, Severity, Statement},
};

/// Why a hazard of a statement is accepted; none when it is not.
pub type Accepted<'a> = &'a dyn Fn(&Statement, &Hazard) -> Option<String>;

/// Which way a body leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `-- migrate:up`.
    Up,
    /// `-- migrate:down`.
    Down,
}

/// Returns the plan as the text of a section, with markers where another section begins; empty
/// when there is nothing to do.
///
/// A section that is not the plan's first, or runs outside of a transaction, begins with its
/// marker. What the plan cannot reach, what it destroys and what makes others wait stands above
/// the statement as a comment, so that a reviewer meets it. Secrets are left out, which is said too.
pub fn body(plan: &Plan, way: Way, accepted: Accepted<'_>) -> String {
    let marker = match way {
        Way::Up => "-- migrate:up",
        Way::Down => "-- migrate:down",
    };
    let mut out = String::new();
    for note in &plan.notes {
        comment(&mut out, "note", note);
    }
    for (at, section) in plan.sections().iter().enumerate() {
        if !section.transaction {
            out.push_str(&format!("{marker} transaction:false\n\n"));
        } else if at > 0 {
            out.push_str(&format!("{marker}\n\n"));
        }
        if section.transaction && section.statements.iter().any(|s| checks_bodies(&s.sql)) {
            // A body may name what a later statement makes.
            out.push_str("SET LOCAL check_function_bodies = off;\n\n");
        }
        for statement in section.statements {
            for hazard in statement.hazards.iter().filter(|h| h.severity >= Severity::Warning) {
                comment(&mut out, hazard.rule, &hazard.message);
            }
            for line in allowances(statement, accepted) {
                out.push_str(&line);
                out.push('\n');
            }
            out.push_str(&statement.written());
            out.push_str(";\n\n");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The comments that accept hazards of a statement. A comment holds for the whole statement: a rule
/// that finds several things there is accepted when all of them are.
pub fn allowances(statement: &Statement, accepted: Accepted<'_>) -> Vec<String> {
    let worth = |hazard: &&Hazard| hazard.severity >= Severity::Warning;
    let mut rules: Vec<&'static str> =
        statement.hazards.iter().filter(worth).map(|hazard| hazard.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let mut lines: Vec<(Vec<&str>, String)> = Vec::new();
    for rule in rules {
        let of_rule = statement.hazards.iter().filter(worth).filter(|hazard| hazard.rule == rule);
        let reasons: Option<Vec<String>> = of_rule.map(|h| accepted(statement, h)).collect();
        let Some(mut reasons) = reasons else { continue };
        reasons.dedup();
        let reason = reasons.join("; ");
        match lines.iter_mut().find(|(_, known)| *known == reason) {
            Some((rules, _)) => rules.push(rule),
            None => lines.push((vec![rule], reason)),
        }
    }
    lines.iter().map(|(rules, reason)| allow::line(rules, reason)).collect()
}

/// Whether the server would look into the body of what the statement makes.
fn checks_bodies(sql: &str) -> bool {
    let start: String = sql.chars().take(40).collect::<String>().to_ascii_uppercase();
    start.starts_with("CREATE") && (start.contains(" FUNCTION ") || start.contains(" PROCEDURE "))
}

/// A comment of one line, whatever the text holds.
fn comment(out: &mut String, label: &str, text: &str) {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    out.push_str(&format!("-- {label}: {text}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::Statement, schema::Run};

    fn statement(sql: &str, run: Run) -> Statement {
        Statement::new(Vec::new(), sql, run)
    }

    #[test]
    fn sections_get_their_markers() {
        let plan = Plan {
            statements: vec![
                statement("CREATE TABLE a ()", Run::Together),
                statement("CREATE INDEX CONCURRENTLY i ON b (c)", Run::Outside),
                statement("ALTER TABLE b VALIDATE CONSTRAINT d", Run::Together),
                statement("ALTER TABLE b VALIDATE CONSTRAINT e", Run::NewTransaction),
            ],
            notes: vec!["two\nlines".into()],
        };
        insta::assert_snapshot!(body(&plan, Way::Up, &|_, _| None), @r"
        -- note: two lines
        CREATE TABLE a ();

        -- migrate:up transaction:false

        CREATE INDEX CONCURRENTLY i ON b (c);

        -- migrate:up

        ALTER TABLE b VALIDATE CONSTRAINT d;

        -- migrate:up

        ALTER TABLE b VALIDATE CONSTRAINT e;
        ");
        assert_eq!(body(&Plan::default(), Way::Down, &|_, _| None), "");
    }

    #[test]
    fn what_is_accepted_stands_above_the_statement() {
        let mut drop = statement("ALTER TABLE a DROP COLUMN b", Run::Together);
        drop.hazards.push(Hazard::new("drop-column", "a", "the values of b are lost"));
        let plan = Plan { statements: vec![drop.clone()], ..Plan::default() };
        insta::assert_snapshot!(body(&plan, Way::Up, &|_, _| Some("moved".into())), @r#"
        -- drop-column: the values of b are lost
        -- limbeck: allow drop-column "moved"
        ALTER TABLE a DROP COLUMN b;
        "#);
        drop.hazards.push(Hazard::new("drop-column", "a", "the values of c are lost"));
        let first = |_: &Statement, h: &Hazard| h.message.contains("of b").then(String::new);
        assert!(allowances(&drop, &first).is_empty(), "the other one is not accepted");
    }
}
