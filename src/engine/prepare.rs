//! The plan made ready: every script split and judged before the first statement runs.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{Error, error::Failure, event::PlannedMove, fault};
use crate::{
    code::Code,
    pg::{
        split::{SplitError, Statement},
        statement::{Transactionality, controls_transaction, semantic_text, transactionality},
    },
    revision::{Direction, History, Node, Plan, Revision, RevisionId, RowOp, id::hex},
};

/// One statement of a revision with its number, counted from 1 over all sections.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) number: usize,
    pub(super) statement: Statement,
}

/// A section, split.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) transactional: bool,
    pub(super) steps: Vec<Step>,
}

/// One revision to run.
#[derive(Clone, Debug)]
pub(super) struct Job<'h> {
    pub(super) index: usize,
    pub(super) node: Node,
    pub(super) revision: &'h Revision,
    pub(super) direction: Direction,
    pub(super) rows: Vec<RowOp>,
    pub(super) parts: Vec<Part>,
    pub(super) statements: usize,
}

impl Job<'_> {
    /// Everything can run in one transaction.
    pub(super) fn transactional(&self) -> bool {
        self.parts.iter().all(|part| part.transactional)
    }

    /// The text of a statement as it is sent.
    pub(super) fn text(&self, step: &Step) -> &str {
        &self.revision.script.text[step.statement.range.clone()]
    }

    /// What identifies a statement across edits of comments: in hex.
    pub(super) fn sha(&self, step: &Step) -> String {
        let mut hash = Sha256::new();
        hash.update(semantic_text(self.text(step)));
        if let Some(data) = &step.statement.copy_data {
            hash.update([0]);
            hash.update(&self.revision.script.text[data.clone()]);
        }
        hex(&hash.finalize())
    }

    /// The version rows after it, from those before, sorted.
    pub(super) fn after(&self, rows: &[RevisionId]) -> Vec<RevisionId> {
        let mut after: BTreeSet<RevisionId> = rows.iter().cloned().collect();
        for op in &self.rows {
            op.apply(&mut after);
        }
        after.into_iter().collect()
    }

    /// As events show it.
    pub(super) fn shown(&self) -> PlannedMove {
        PlannedMove {
            id: self.revision.id.clone(),
            message: self.revision.message.clone(),
            direction: self.direction,
            statements: self.statements,
            transactional: self.transactional(),
        }
    }
}

/// Splits and judges every script of the plan; all that is wrong is reported together.
pub(super) fn jobs<'h>(
    history: &'h History,
    plan: &Plan,
    major: u32,
) -> Result<Vec<Job<'h>>, Error> {
    let mut jobs = Vec::with_capacity(plan.moves.len());
    let mut wrong = Vec::new();
    for (index, step) in plan.moves.iter().enumerate() {
        let Some(node) = step.node else { continue };
        let revision = history.revision(node);
        match parts(revision, step.direction, major) {
            Ok(parts) => jobs.push(Job {
                index,
                node,
                revision,
                direction: step.direction,
                rows: step.rows.clone(),
                statements: parts.iter().map(|part| part.steps.len()).sum(),
                parts,
            }),
            Err(error) => wrong.push(error),
        }
    }
    let mut wrong = wrong.into_iter();
    let Some(mut first) = wrong.next() else { return Ok(jobs) };
    first.more.extend(wrong.map(|e| match &e.failure {
        Some(at) => format!("{}:{}: {}", at.path.display(), at.line, e.message),
        None => e.message,
    }));
    Err(first.with_state("nothing was changed"))
}

fn parts(revision: &Revision, direction: Direction, major: u32) -> Result<Vec<Part>, Error> {
    let path = revision.path.display();
    let marker = match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    let sections = revision.script.sections(direction).ok_or_else(|| {
        Error::new(Code::NoDown, format!("`{}` cannot be undone: {path} has no `-- migrate:down`", revision.id))
            .with_hint(
                "add a `-- migrate:down` section to the file (an empty one if there is nothing to undo)",
            )
    })?;
    let mut split = Vec::with_capacity(sections.len());
    for section in sections {
        let statements = revision
            .script
            .statements(section)
            .map_err(|e| cannot_split(revision, direction, &e))?;
        split.push((section, statements));
    }
    let all = split.iter().map(|(_, statements)| statements.len()).sum();
    let mut number = 0;
    let mut parts = Vec::with_capacity(sections.len());
    for (section, statements) in split {
        let mut steps = Vec::with_capacity(statements.len());
        for statement in statements {
            let text = &revision.script.text[statement.range.clone()];
            let refused = |code, message: String| {
                let mut error = Error::new(code, message);
                error.failure = Some(Box::new(Failure {
                    statement: number + 1,
                    ..pointing(revision, direction, all, statement.range.start)
                }));
                error
            };
            if controls_transaction(text) {
                let word = first_word(text);
                return Err(refused(
                    Code::TxControl,
                    format!("`{word}`: a revision cannot begin or end transactions"),
                )
                .with_hint(
                    "remove it: each revision runs in one transaction; what must not goes in a \
                     section of its own, marked `transaction:false`",
                ));
            }
            if section.transactional && transactionality(text, major) == Transactionality::Forbidden
            {
                return Err(refused(
                    Code::NeedsNoTx,
                    format!(
                        "`{}` cannot run in a transaction",
                        crate::pg::statement::summary(text, 60)
                    ),
                )
                .with_hint(format!(
                    "put it in a section of its own: `-- migrate:{marker} transaction:false`"
                )));
            }
            if copies_out(text) {
                return Err(refused(Code::PsqlMeta, "`COPY … TO STDOUT` has nowhere to go".into())
                    .with_hint("remove it: a revision has no output"));
            }
            number += 1;
            steps.push(Step { number, statement });
        }
        parts.push(Part { transactional: section.transactional, steps });
    }
    Ok(parts)
}

fn first_word(text: &str) -> String {
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    word.to_ascii_uppercase()
}

/// `COPY … TO STDOUT`: its data would arrive where nobody expects any.
fn copies_out(text: &str) -> bool {
    if !first_word(text).eq("COPY") {
        return false;
    }
    let words = semantic_text(text);
    words.contains(" to stdout")
}

fn cannot_split(revision: &Revision, direction: Direction, error: &SplitError) -> Error {
    let (code, line, message, hint) = match error {
        SplitError::Unterminated { what: what @ "COPY data", line } => (
            Code::Unterminated,
            *line,
            format!("{what} that begins here does not end"),
            "end the data with a line of its own: `\\.`",
        ),
        SplitError::Unterminated { what, line } => (
            Code::Unterminated,
            *line,
            format!("{what} that begins here does not end"),
            "close it, or escape the quote",
        ),
        SplitError::PsqlMeta { command, line } => (
            Code::PsqlMeta,
            *line,
            format!("psql command `{command}`"),
            "remove it: a revision is sent to the server, which knows no psql commands",
        ),
    };
    let text = &*revision.script.text;
    let start: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
    let blank = text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
    let mut made = Error::new(code, message).with_hint(hint);
    made.failure = Some(Box::new(pointing(revision, direction, 0, start + blank)));
    made
}

/// A failure before any statement ran, at a byte of the file.
fn pointing(revision: &Revision, direction: Direction, of: usize, at: usize) -> Failure {
    let (line, column, excerpt) = fault::place(&revision.script.text, at);
    Failure {
        revision: revision.id.clone(),
        direction,
        statement: 0,
        of,
        path: revision.path.clone(),
        line,
        column,
        excerpt,
        sqlstate: None,
        detail: None,
        hint: None,
        context: None,
    }
}

/// Refuses ids that the version table cannot hold.
pub(super) fn check_lengths(
    jobs: &[RowOp],
    widest: Option<usize>,
    table: &str,
) -> Result<(), Error> {
    let Some(widest) = widest else { return Ok(()) };
    for op in jobs {
        if let RowOp::Insert(id) | RowOp::Update { to: id, .. } = op
            && id.as_str().chars().count() > widest
        {
            return Err(Error::new(
                Code::IdTooLong,
                format!("`{id}` is longer than the {widest} characters that `{table}` holds"),
            )
            .with_state("nothing was changed")
            .with_hint(format!(
                "give the revision a shorter id, or run `ALTER TABLE {table} ALTER version_num \
                 TYPE text`"
            )));
        }
    }
    Ok(())
}
