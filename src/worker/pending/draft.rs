//! The SQL of a choice in the user's editor: written as a file with its markers, read back, and made
//! into a plan that is proved like any other.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use super::{Changes, Planned, Script, Terms, plan::shown, target};
use crate::{
    code::Code,
    engine::{
        Error,
        schema::{Way, body},
    },
    plan::{self, Options, Part, Plan, Statement},
    revision::{Direction, Section, file},
    schema::{Key, Run},
};

/// What stands above the SQL in the editor.
const HEAD: &str = "\
-- The SQL of the chosen changes. What you save is proved before a revision is written from it: up must
-- lead to the chosen changes, down back. A section that cannot run in a transaction begins with
-- `-- migrate:up transaction:false`.
";

/// The header of no revision, so that a draft is read like one.
const NOBODY: &str = "-- draft\n--\n-- Revision ID: draft\n-- Revises:\n\n";

/// What the editor gave back.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The text, as it stands in the file.
    pub text: Arc<str>,
    /// The body of the way up, with markers where another section begins.
    pub up: String,
    /// The body of the way down.
    pub down: String,
    /// The statements of the way up.
    pub(crate) up_plan: Plan,
    /// The statements of the way down.
    pub(crate) down_plan: Plan,
}

/// The text for the editor.
pub fn draft(changes: &Changes, chosen: &[bool], terms: &Terms) -> Result<String, Error> {
    let goal = target(changes, chosen);
    let options = Options::default();
    let mut up = plan::plan_with(&changes.old, &goal, options, &terms.direct)?;
    let mut down = plan::plan_with(&goal, &changes.old, options, &terms.direct)?;
    up.statements.splice(0..0, changes.renamed.iter().cloned());
    down.statements.extend(changes.restored.iter().cloned());
    let section = |plan: &Plan, way, marker: &str| {
        let text = body(plan, way, &|statement, hazard| match way {
            Way::Up => terms.reason(statement, hazard),
            Way::Down => None,
        });
        // A body that is not transactional begins with its own marker.
        if text.starts_with("-- migrate:") { text } else { format!("{marker}\n\n{text}") }
    };
    Ok(format!(
        "{HEAD}\n{}\n\n{}\n",
        section(&up, Way::Up, "-- migrate:up"),
        section(&down, Way::Down, "-- migrate:down")
    ))
}

/// Reads what the editor gave back.
pub fn read(path: &Path, text: &str) -> Result<Draft, Error> {
    let shift = NOBODY.matches('\n').count() as u32;
    let wrong = |code, line: u32, problem: String, hint: Option<String>| {
        let line = line.saturating_sub(shift).max(1);
        let mut error = Error::new(code, format!("{}:{line}: {problem}", path.display()))
            .with_state("nothing was written");
        error.hint = hint;
        error
    };
    let reading = file::read(path, format!("{NOBODY}{text}").as_bytes());
    if let Some(error) = reading.errors.into_iter().next() {
        return Err(wrong(error.code, error.line, error.problem, error.hint));
    }
    let Some(revision) = reading.revision else {
        return Err(wrong(Code::BadHeader, 1, "nothing could be read".to_owned(), None));
    };
    let script = revision.script;
    let mut plans = [Plan::default(), Plan::default()];
    let mut bodies = [String::new(), String::new()];
    for (at, direction) in [Direction::Up, Direction::Down].into_iter().enumerate() {
        let Some(sections) = script.sections(direction) else {
            let hint = "an empty `-- migrate:down` says that there is nothing to undo".to_owned();
            let problem = "there is no `-- migrate:down`".to_owned();
            return Err(wrong(Code::NoDown, 1, problem, Some(hint)));
        };
        if let Some(problem) = script.check(direction, 99).into_iter().next() {
            return Err(wrong(problem.code, problem.line, problem.message, problem.hint));
        }
        for (nth, section) in sections.iter().enumerate() {
            let statements = script
                .statements(section)
                .map_err(|e| wrong(Code::Unterminated, 1, e.to_string(), None))?;
            for (first, statement) in statements.iter().enumerate() {
                let run = run(section, nth, first);
                let text = &script.text[statement.range.clone()];
                plans[at].statements.push(Statement::new(Vec::new(), text, run));
            }
            bodies[at].push_str(&marked(direction, section, nth, script.body(section).trim()));
        }
    }
    let [up_plan, down_plan] = plans;
    let [up, down] = bodies.map(|body| body.trim_end().to_owned());
    Ok(Draft { text: text.into(), up, down, up_plan, down_plan })
}

fn run(section: &Section, nth: usize, first: usize) -> Run {
    match (section.transactional, nth, first) {
        (false, ..) => Run::Outside,
        (true, 1.., 0) => Run::NewTransaction,
        (true, ..) => Run::Together,
    }
}

/// A section's body with the marker that it needs where it stands.
fn marked(direction: Direction, section: &Section, nth: usize, body: &str) -> String {
    let word = match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    match (section.transactional, nth) {
        (true, 0) => format!("{body}\n\n"),
        (true, _) => format!("-- migrate:{word}\n\n{body}\n\n"),
        (false, _) => format!("-- migrate:{word} transaction:false\n\n{body}\n\n"),
    }
}

/// A plan of the draft's statements that may lose what the generated one says it loses.
pub fn written(edited: &Plan, generated: &Plan) -> Plan {
    let mut plan = edited.clone();
    let said: Vec<&Statement> =
        generated.statements.iter().filter(|statement| !statement.loses.is_empty()).collect();
    if let Some(first) = plan.statements.first_mut() {
        let keys: BTreeSet<Key> = said.iter().flat_map(|s| s.keys.iter().cloned()).collect();
        first.keys = keys.into_iter().collect();
        first.loses = said.iter().flat_map(|s| s.loses.iter().cloned()).collect();
        first.parts =
            first.keys.iter().map(|key| Part { key: key.clone(), loses: Vec::new() }).collect();
    }
    plan
}

impl Draft {
    /// The draft as the screen shows it.
    pub fn planned(&self) -> Planned {
        let count = |plan: &Plan, body: &str| Script {
            transactions: plan.sections().iter().filter(|section| section.transaction).count(),
            outside: plan.statements.iter().filter(|s| s.run == Run::Outside).count(),
            statements: plan.statements.clone(),
            ..shown(body)
        };
        Planned {
            edited: Some(Arc::clone(&self.text)),
            up: count(&self.up_plan, &self.up),
            down: count(&self.down_plan, &self.down),
            failed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> Result<Draft, Error> {
        read(Path::new("draft.sql"), body)
    }

    #[test]
    fn a_draft_is_read_with_its_sections() {
        let draft = text(
            "-- a word\n-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (a);\n\
             -- migrate:up\n-- why\nSELECT 1; SELECT 2;\n-- migrate:down\nDROP INDEX i;\n",
        )
        .unwrap();
        let runs: Vec<Run> = draft.up_plan.statements.iter().map(|s| s.run).collect();
        assert_eq!(runs, [Run::Outside, Run::NewTransaction, Run::Together]);
        assert_eq!(
            draft.up,
            "-- migrate:up transaction:false\n\nCREATE INDEX CONCURRENTLY i ON t (a);\n\n\
             -- migrate:up\n\n-- why\nSELECT 1; SELECT 2;"
        );
        assert_eq!(draft.down, "DROP INDEX i;");
    }

    #[test]
    fn what_is_wrong_has_the_line_of_the_file() {
        let error = text("-- migrate:up\nBEGIN;\n-- migrate:down\n").unwrap_err();
        assert!(error.message.starts_with("draft.sql:2: "), "{}", error.message);
        let error = text("-- migrate:up\nSELECT 1;\n").unwrap_err();
        assert_eq!(error.code, Code::NoDown);
        let error = text("SELECT 1;\n").unwrap_err();
        assert!(error.message.starts_with("draft.sql:1: "), "{}", error.message);
    }
}
