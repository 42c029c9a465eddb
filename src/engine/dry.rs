//! The dry run: really runs, in one transaction that is rolled back.
//!
//! What cannot run in a transaction is listed, not tried; when something later fails, it may be for
//! want of that, so it is listed too.

use super::{
    Aftermath, Error, Report, fault,
    prepare::Job,
    run::{Runner, cancelled},
    unit::{End, Fault, Phase, Unit},
};
use crate::{
    pg::statement::{Transactionality, summary, transactionality},
    revision::RevisionId,
};
use std::time::Duration;

impl Runner<'_> {
    /// Tries the jobs and leaves nothing.
    pub(super) async fn dry_run(
        mut self,
        jobs: &[Job<'_>],
        before: Vec<RevisionId>,
    ) -> Result<Report, Error> {
        let major = self.conn.version / 10_000;
        let mut not_tried = Vec::new();
        let mut units = Vec::new();
        // Where in `not_tried` what came before each unit ends.
        let mut marks = Vec::new();
        for job in jobs {
            let mut steps = Vec::new();
            marks.push(not_tried.len());
            for part in &job.parts {
                for step in &part.steps {
                    let text = job.text(step);
                    let fits = transactionality(text, major) == Transactionality::Allowed;
                    if part.transactional || fits {
                        steps.push(step);
                    } else {
                        not_tried.push(format!(
                            "{}:{}: `{}` cannot run in a transaction",
                            job.revision.path.display(),
                            step.statement.line,
                            summary(text, 80)
                        ));
                    }
                }
            }
            units.push(Unit { job, steps, clean: true, moves: true, record: false });
        }
        let prelude: String = self
            .facts
            .missing(&self.names)
            .into_iter()
            .flat_map(|sql| [sql, "; ".into()])
            .collect();
        let outcome = if units.is_empty() {
            Ok(())
        } else {
            self.try_units(&units, End::Open, &prelude, 1, Duration::ZERO).await
        };
        self.rollback().await;
        let mut tried = units.len();
        match outcome {
            Ok(()) => {}
            Err(Fault::Ours(error)) => {
                return Err(self.placed(error, Aftermath::RolledBack, "rolled back"));
            }
            Err(Fault::Server { error, job, phase, .. }) => {
                let position =
                    units.iter().position(|unit| unit.job.index == job.index).unwrap_or(0);
                let untried_before =
                    marks.get(position + 1).copied().unwrap_or(not_tried.len()) > 0;
                // A new enum value may only be used once it is committed.
                let only_here = fault::sqlstate(&error) == Some("55P04");
                let described = self.describe(&error, job, phase, Duration::ZERO, 1);
                if self.control.cancel.is_cancelled() {
                    let error = cancelled("the dry run was cancelled");
                    return Err(self.placed(error, Aftermath::RolledBack, "rolled back"));
                }
                if !(untried_before || only_here) || fault::lost(&error) {
                    let after = Aftermath::RolledBack;
                    return Err(self.placed(described, after, "dry run, rolled back"));
                }
                let at = match phase {
                    Phase::Statement(step) => format!(":{}", step.statement.line),
                    _ => String::new(),
                };
                not_tried.push(format!(
                    "{}{at}: stopped here: {}{}",
                    job.revision.path.display(),
                    described.message,
                    if only_here { "" } else { " (perhaps for want of what was not tried)" }
                ));
                not_tried.extend(
                    units[position + 1..].iter().map(|unit| {
                        format!("{}: comes after that", unit.job.revision.path.display())
                    }),
                );
                tried = position;
            }
        }
        let after = jobs[..tried].iter().fold(before.clone(), |rows, job| job.after(&rows));
        for job in &jobs[..tried] {
            self.done.push(super::report::Done {
                id: job.revision.id.clone(),
                message: job.revision.message.clone(),
                direction: job.direction,
                took: Duration::ZERO,
            });
        }
        let report = self.report(before, false).await;
        Ok(Report { after, dry_run: true, not_tried, ..report })
    }
}
