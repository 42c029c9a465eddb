//! What a server's error means in the middle of a run.

use std::time::Duration;

use super::{Error, event::Blocker, fault, prepare::Job, run::Runner, unit::Phase};
use crate::code::Code;

impl Runner<'_> {
    /// What a server's error means here.
    pub(super) fn describe(
        &self,
        error: &tokio_postgres::Error,
        job: &Job<'_>,
        phase: Phase<'_>,
        took: Duration,
        attempt: u32,
    ) -> Error {
        let step = match phase {
            Phase::Statement(step) => Some(step),
            _ => None,
        };
        let mut made = fault::statement(error, job, step);
        let state = fault::sqlstate(error).unwrap_or_default();
        let id = &job.revision.id;
        match (phase, state) {
            (_, "57014") => self.interrupted(&mut made, error, job, took),
            (_, "55P03") => {
                let who = self.blockers.first().map(blocker);
                made.message = match who {
                    Some(who) => {
                        format!("`{id}` could not get its locks in {attempt} tries: {who}")
                    }
                    None => format!("`{id}` could not get its locks in {attempt} tries"),
                };
                made.hint = Some(
                    "run it again when the blocker is gone, or end it; `lock_timeout` and \
                     `lock_tries` say how long to try"
                        .into(),
                );
            }
            (_, "40P01" | "40001") => {
                made.message = format!("{} (in {attempt} tries)", made.message);
                made.hint = Some("run it again when fewer writers are about".into());
            }
            (Phase::Begin, "23505" | "40002") => {
                made = Error {
                    failure: made.failure,
                    ..Error::new(
                        Code::HeadMoved,
                        format!(
                            "the version row of `{id}` is there already: somebody else applied it"
                        ),
                    )
                    .with_hint("look where the database is with `limbeck current`")
                };
            }
            (Phase::Constraints, _) if state.starts_with("23") => {
                made.code = Code::DeferredConstraint;
                made.message =
                    format!("a deferred constraint fails at the end of `{id}`: {}", made.message);
            }
            (Phase::Finish, "22012") => {
                made = Error {
                    failure: made.failure,
                    ..Error::new(
                        Code::HeadMoved,
                        format!("`{id}` changed the version rows or ended limbeck's transaction"),
                    )
                    .with_hint(format!(
                        "take what touches `{}` out of {}",
                        self.names.version,
                        job.revision.path.display()
                    ))
                };
            }
            (Phase::Finish, "42P01" | "3F000" | "42501" | "42703") => {
                made.message = format!("`{id}` took away limbeck's own tables: {}", made.message);
                made.hint = Some(format!(
                    "take what touches schema `{}` out of {}",
                    self.names.schema,
                    job.revision.path.display()
                ));
            }
            _ => {}
        }
        made
    }

    /// 57014: we asked for it, a timeout fired, or an administrator stepped in.
    fn interrupted(
        &self,
        made: &mut Error,
        error: &tokio_postgres::Error,
        job: &Job<'_>,
        took: Duration,
    ) {
        if self.control.cancel.is_cancelled() {
            made.message = format!("`{}` was cancelled", job.revision.id);
            made.hint = Some("run the same command again when you are ready".into());
            return;
        }
        let limit = self.engine.options.statement_timeout;
        let said = error.as_db_error().is_some_and(|db| db.message().contains("statement timeout"));
        let body = job.revision.script.text.contains("statement_timeout");
        if !limit.is_zero() && (said || took >= limit) && !body {
            made.code = Code::StmtTimeout;
            made.message = format!(
                "`statement_timeout` ({limit:?}) ended a statement of `{}`",
                job.revision.id
            );
            made.hint = Some(
                "it comes from the setting `runner.statement_timeout`: raise it, or set it to 0"
                    .into(),
            );
        } else if said || body {
            made.code = Code::StmtTimeout;
            made.message =
                format!("`statement_timeout` ended a statement of `{}`", job.revision.id);
            made.hint = Some(format!(
                "it is set inside of the revision, or by a function it calls: see {}",
                job.revision.path.display()
            ));
        } else {
            made.message =
                format!("an administrator cancelled `{}` (`pg_cancel_backend`)", job.revision.id);
            made.hint = Some("ask who did it, then run the same command again".into());
        }
    }
}

fn blocker(b: &Blocker) -> String {
    let query: String = b.query.split_whitespace().collect::<Vec<_>>().join(" ");
    let query: String = query.chars().take(80).collect();
    let app = if b.app.is_empty() { String::new() } else { format!("{}, ", b.app) };
    format!("blocked by pid {} ({app}{}@{}, {}: `{query}`)", b.pid, b.user, b.client, b.state)
}

/// Why a try failed, for the wait before the next.
pub(super) fn reason(state: &str, blockers: &[Blocker]) -> String {
    match (state, blockers.first()) {
        ("55P03", Some(who)) => format!("`lock_timeout`: {}", blocker(who)),
        ("55P03", None) => "`lock_timeout`".into(),
        ("40P01", _) => "deadlock".into(),
        _ => "serialization failure".into(),
    }
}
