//! What must not run as it stands, found before anything is connected to.

use super::{Direction, Script, Section};
use crate::{
    code::Code,
    pg::{
        split::SplitError,
        statement::{Transactionality, controls_transaction, summary, transactionality},
    },
    revision::Problem,
};

/// How much of a statement a message shows, in characters.
const SHOWN: usize = 60;

impl Script {
    /// Lists why the scripts of a direction cannot run on a server of this major version.
    ///
    /// The problems carry lines of the file and no path; an irreversible file has none for `Down`.
    pub fn check(&self, direction: Direction, major: u32) -> Vec<Problem> {
        let mut problems = Vec::new();
        for section in self.sections(direction).unwrap_or_default() {
            match self.statements(section) {
                Ok(statements) => {
                    for statement in statements {
                        let text = &self.text[statement.range.clone()];
                        problems.extend(statement_problem(section, text, statement.line, major));
                    }
                }
                Err(error) => problems.push(unsplit(&error)),
            }
        }
        problems
    }
}

fn statement_problem(section: &Section, text: &str, line: u32, major: u32) -> Option<Problem> {
    if controls_transaction(text) {
        let hint = if section.transactional {
            "take it out: limbeck runs the section in one transaction"
        } else {
            "take it out: each statement of this section runs on its own"
        };
        return Some(problem(
            Code::TxControl,
            line,
            format!(
                "`{}` begins or ends a transaction, which is limbeck's to do",
                summary(text, SHOWN)
            ),
            hint,
        ));
    }
    let forbidden = transactionality(text, major) == Transactionality::Forbidden;
    (section.transactional && forbidden).then(|| {
        problem(
            Code::NeedsNoTx,
            line,
            format!("`{}` cannot run inside a transaction", summary(text, SHOWN)),
            "put it in a section of its own that begins with `-- migrate:up transaction:false` \
             (or `down`)",
        )
    })
}

fn unsplit(error: &SplitError) -> Problem {
    match error {
        SplitError::Unterminated { line, .. } => {
            problem(Code::Unterminated, *line, error.to_string(), "close it")
        }
        SplitError::PsqlMeta { line, .. } => problem(
            Code::PsqlMeta,
            *line,
            error.to_string(),
            "the server does not know psql's commands; write SQL instead",
        ),
    }
}

fn problem(code: Code, line: u32, message: String, hint: &str) -> Problem {
    Problem { code, path: None, line, message, hint: Some(hint.to_owned()) }
}
