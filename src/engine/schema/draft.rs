//! A plan as the body of a revision file.

use crate::plan::{Plan, Severity};

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
pub fn body(plan: &Plan, way: Way) -> String {
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
            out.push_str(&statement.written());
            out.push_str(";\n\n");
        }
    }
    out.truncate(out.trim_end().len());
    out
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
        Statement { keys: Vec::new(), sql: sql.into(), run, loses: Vec::new(), hazards: Vec::new() }
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
        insta::assert_snapshot!(body(&plan, Way::Up), @r"
        -- note: two lines
        CREATE TABLE a ();

        -- migrate:up transaction:false

        CREATE INDEX CONCURRENTLY i ON b (c);

        -- migrate:up

        ALTER TABLE b VALIDATE CONSTRAINT d;

        -- migrate:up

        ALTER TABLE b VALIDATE CONSTRAINT e;
        ");
        assert_eq!(body(&Plan::default(), Way::Down), "");
    }
}
