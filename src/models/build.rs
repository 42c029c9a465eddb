//! Running models in a scratch database, in any order.
//!
//! Statements go out one behind the other without waiting for answers, each in a transaction of its
//! own: a failed one takes no other with it, and what cannot run in a transaction can run here.

use std::{collections::BTreeSet, path::Path};

use futures_util::{StreamExt, stream};
use tokio_postgres::{Client, error::DbError};

use super::{
    Fault, File, ModelError, bodies, roles,
    statement::{self, Item, Sort},
};
use crate::{
    code::Code,
    pg::split::SplitError,
    schema::sql::{ident, literal},
};

/// How many statements are under way at once.
const AHEAD: usize = 128;

/// The session at the start of each file. The scratch database may be lost with the server; nobody
/// waits for its disk. Roles missing are known by their message, which must be English for it.
const FRESH: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;
    SET check_function_bodies = off; SET synchronous_commit = off;
    SET client_min_messages = warning; SET lock_timeout = 0; SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0; SET standard_conforming_strings = on;
    SELECT pg_catalog.set_config('lc_messages', 'C', false)
     WHERE (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)";

/// What the failure of a statement may mean: something that a later statement brings.
const MISSING: &[&str] = &[
    "42P01", // undefined table
    "42703", // undefined column
    "42883", // undefined function
    "42704", // undefined object
    "3F000", // invalid schema name
    "42830", // invalid foreign key: its unique constraint is not there
    "42P10", // invalid column reference: no constraint for ON CONFLICT
    "42P17", // invalid object definition: a partition key, an immutable function to come
    "42P16", // invalid table definition: a primary key to come
    "42809", // wrong object type: a shell type, a partition to be attached
    "42804", // datatype mismatch: a cast to come
    "42846", // cannot coerce: a cast to come
    "42725", // ambiguous function
    "42P18", // indeterminate datatype
    "42P13", // invalid function definition: a shell type
    "55000", // not in the prerequisite state: a view that is not populated
    "0A000", // not supported: a type that is only a shell
];

/// How models are built.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Roles that are missing are made, without the right to log in: only where the server is thrown
    /// away with the project.
    pub create_roles: bool,
    /// The `search_path` at the start of each file; none leaves the role's.
    pub search_path: Option<String>,
    /// Bodies of functions are looked at when everything is there.
    pub check_bodies: bool,
}

/// What is worth knowing after models were built.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// What was left out or looks wrong.
    pub warnings: Vec<Fault>,
}

/// One statement and what became of it.
struct Work<'a> {
    item: Item<'a>,
    state: State,
}

enum State {
    Waiting,
    Done,
    Failed(Box<DbError>),
}

/// Runs all files in the scratch database that `client` is connected to.
///
/// # Errors
///
/// When a statement fails for good; all that do are named.
pub async fn build(
    client: &Client,
    files: &[File],
    options: &Options,
) -> Result<Built, ModelError> {
    let mut built = Built::default();
    let mut work = prepare(files, &mut built.warnings)?;
    let fresh = match &options.search_path {
        Some(path) => format!(
            "{FRESH}; SELECT pg_catalog.set_config('search_path', {}, false)",
            literal(path)
        ),
        None => FRESH.to_owned(),
    };
    let builder = Builder { client, options, fresh };
    let mut backwards = false;
    loop {
        let moved = builder.pass(files, &mut work, backwards, &mut built.warnings).await?;
        let made = builder.roles(&work).await;
        let waits = work.iter().flatten().any(|work| match &work.state {
            State::Waiting => true,
            State::Failed(_) => again(work),
            State::Done => false,
        });
        if !waits || (moved == 0 && !made) {
            break;
        }
        // A file that comes before what it needs is often followed by others of that sort.
        backwards = !backwards;
    }
    let mut faults = Vec::new();
    for (file, work) in files.iter().zip(&work) {
        for work in work {
            let State::Failed(error) = &work.state else { continue };
            let fault = explain(&file.path, &work.item, error);
            let role = roles::missing(error).is_some();
            match work.item.sort {
                Sort::Setting if !role => built.warnings.push(fault),
                Sort::Rows => built.warnings.push(fault),
                _ => faults.push(fault),
            }
        }
    }
    if !faults.is_empty() {
        return Err(ModelError::Faults(faults));
    }
    client.batch_execute(&builder.fresh).await?;
    if options.check_bodies {
        let found = bodies::check(client).await?;
        let nowhere = Path::new("models");
        built.warnings.extend(found.into_iter().map(|w| Fault::new(Code::Sql, nowhere, 0, w)));
    }
    Ok(built)
}

/// Splits all files; all that cannot be split are named.
fn prepare<'a>(
    files: &'a [File],
    warnings: &mut Vec<Fault>,
) -> Result<Vec<Vec<Work<'a>>>, ModelError> {
    let mut all = Vec::new();
    let mut faults = Vec::new();
    for file in files {
        let mut remarks = Vec::new();
        match statement::items(&file.text, &mut remarks) {
            Ok(items) => {
                let work = items.into_iter().map(|item| Work { item, state: State::Waiting });
                all.push(work.collect());
            }
            Err(error) => faults.push(unsplit(&file.path, &error)),
        }
        let remark =
            |(line, text): (u32, String)| Fault::new(Code::PsqlMeta, &file.path, line, text);
        warnings.extend(remarks.into_iter().map(remark));
    }
    if faults.is_empty() { Ok(all) } else { Err(ModelError::Faults(faults)) }
}

fn unsplit(path: &Path, error: &SplitError) -> Fault {
    match error {
        SplitError::Unterminated { line, .. } => {
            Fault::new(Code::Unterminated, path, *line, error.to_string())
        }
        SplitError::PsqlMeta { line, .. } => {
            Fault::new(Code::PsqlMeta, path, *line, error.to_string()).hint(
                "psql's commands are not obeyed; name several files or a folder instead of `\\i`",
            )
        }
    }
}

/// Whether it is worth trying a failed statement once more.
fn again(work: &Work<'_>) -> bool {
    let State::Failed(error) = &work.state else { return false };
    // What is to be dropped and is not there would be dropped as soon as it is.
    let drops = work.item.text.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("drop "));
    let state = error.code().code();
    let rows = work.item.sort == Sort::Rows && state.starts_with("23");
    !drops && (rows || MISSING.contains(&state))
}

struct Builder<'a> {
    client: &'a Client,
    options: &'a Options,
    fresh: String,
}

impl Builder<'_> {
    /// Runs what is not done yet; returns how many statements went through.
    async fn pass(
        &self,
        files: &[File],
        work: &mut [Vec<Work<'_>>],
        backwards: bool,
        warnings: &mut Vec<Fault>,
    ) -> Result<usize, ModelError> {
        let mut moved = 0;
        let mut order: Vec<usize> = (0..work.len()).collect();
        if backwards {
            order.reverse();
        }
        for at in order {
            let (file, work) = (&files[at], &mut work[at]);
            let todo = |work: &Work<'_>| match &work.state {
                State::Waiting => true,
                State::Failed(_) => again(work),
                State::Done => false,
            };
            if !work.iter().any(todo) {
                continue;
            }
            self.client.batch_execute(&self.fresh).await?;
            let (mut from, mut chosen) = (0, Vec::new());
            while from < work.len() {
                // As far as statements can go out without looking at answers.
                chosen.clear();
                let mut alone = None;
                while from < work.len() {
                    let one = &work[from];
                    let runs = todo(one) || one.item.sort == Sort::Setting;
                    from += 1;
                    match (&one.item.sort, runs) {
                        (_, false) => {}
                        (Sort::Skip(_) | Sort::Role(_) | Sort::Code, true) => {
                            alone = Some(from - 1);
                            break;
                        }
                        (Sort::Schema | Sort::Setting | Sort::Rows, true) => chosen.push(from - 1),
                    }
                }
                moved += self.send(work, &chosen).await?;
                if let Some(at) = alone {
                    moved += usize::from(self.alone(file, &mut work[at], warnings).await?);
                }
            }
        }
        Ok(moved)
    }

    /// Sends the chosen statements one behind the other.
    async fn send(&self, work: &mut [Work<'_>], chosen: &[usize]) -> Result<usize, ModelError> {
        let outcomes: Vec<_> = {
            let texts = chosen.iter().map(|at| &*work[*at].item.text);
            let sent = texts.map(|text| self.client.simple_query(text));
            stream::iter(sent).buffered(AHEAD).map(|outcome| outcome.map(drop)).collect().await
        };
        let mut moved = 0;
        for (at, outcome) in chosen.iter().zip(outcomes) {
            let was_done = matches!(work[*at].state, State::Done);
            let state = judge(&work[*at].item, outcome)?;
            moved += usize::from(!was_done && matches!(state, State::Done));
            work[*at].state = state;
        }
        Ok(moved)
    }

    /// Runs, or leaves out, a statement that is not simply run; tells whether it is done now.
    async fn alone(
        &self,
        file: &File,
        work: &mut Work<'_>,
        warnings: &mut Vec<Fault>,
    ) -> Result<bool, ModelError> {
        let mut warn = |text: String| {
            warnings.push(Fault::new(Code::Sql, &file.path, work.item.line, text));
        };
        work.state = match &work.item.sort {
            Sort::Role(name) => {
                if self.options.create_roles {
                    roles::create(self.client, &BTreeSet::from([name.clone()])).await;
                } else if !self.has_role(name).await? {
                    warn(format!("role `{name}` is not made: roles belong to the whole server"));
                }
                State::Done
            }
            Sort::Code if !self.options.create_roles => {
                match roles::run_without(self.client, &work.item.text).await {
                    Ok(ran) => {
                        if !ran {
                            warn("this block changes roles and is left out".to_owned());
                        }
                        State::Done
                    }
                    Err(error) => judge(&work.item, Err(error))?,
                }
            }
            Sort::Skip(remark) => {
                if let Some(remark) = remark {
                    warn((*remark).to_owned());
                }
                State::Done
            }
            _ => judge(&work.item, self.client.batch_execute(&work.item.text).await)?,
        };
        Ok(matches!(work.state, State::Done))
    }

    async fn has_role(&self, name: &str) -> Result<bool, ModelError> {
        let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)";
        Ok(self.client.query_one(sql, &[&name]).await?.try_get(0)?)
    }

    /// Makes the roles that failed statements miss, where that is allowed; tells whether any was.
    async fn roles(&self, work: &[Vec<Work<'_>>]) -> bool {
        if !self.options.create_roles {
            return false;
        }
        let missing = work.iter().flatten().filter_map(|work| match &work.state {
            State::Failed(error) => roles::missing(error),
            _ => None,
        });
        let missing: BTreeSet<String> = missing.collect();
        roles::create(self.client, &missing).await
    }
}

/// What an outcome means; a broken connection is an error.
fn judge(item: &Item<'_>, outcome: Result<(), tokio_postgres::Error>) -> Result<State, ModelError> {
    let Err(error) = outcome else { return Ok(State::Done) };
    let gone = crate::db::lost(&error).is_some();
    let Some(said) = error.as_db_error().filter(|_| !gone) else { return Err(error.into()) };
    // Every database has it from the start, and dumps of some versions make it all the same.
    let public = said.code().code() == "42P06"
        && item
            .text
            .to_ascii_lowercase()
            .split_whitespace()
            .take(3)
            .eq(["create", "schema", "public"]);
    Ok(if public { State::Done } else { State::Failed(Box::new(said.clone())) })
}

/// A failure in words, at its place in the file.
fn explain(path: &Path, item: &Item<'_>, error: &DbError) -> Fault {
    let line = match error.position() {
        Some(tokio_postgres::error::ErrorPosition::Original(at)) => {
            let before = item.text.chars().take((*at as usize).saturating_sub(1));
            item.line + before.filter(|c| *c == '\n').count() as u32
        }
        _ => item.line,
    };
    let mut fault = Fault::new(Code::Sql, path, line, error.message());
    fault.detail = error.detail().map(str::to_owned);
    fault.hint = error.hint().map(str::to_owned);
    if let Some(role) = roles::missing(error) {
        fault.hint = Some(format!(
            "roles belong to the whole server: make it with `CREATE ROLE {} NOLOGIN`",
            ident(&role)
        ));
    } else if error.message().contains("extension")
        && matches!(error.code().code(), "58P01" | "0A000")
    {
        fault.hint = Some("install the extension's files on the server".to_owned());
    }
    fault
}
