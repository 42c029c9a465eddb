//! The schema engine's verbs: read what a source contains, compare two of them, prove a plan.
//!
//! Everything that must be built is built in scratch databases; the user's database is only read
//! here.

mod around;
mod compare;
mod draft;
mod dump;
mod manage;
mod place;
mod prove;
mod rehearse;
mod round;
mod rows;
mod run;
mod source;
mod survive;

use std::{path::PathBuf, sync::Arc};

use tokio::sync::OnceCell;

pub use self::{
    around::around,
    compare::{Change, Comparison, Wishes, compare},
    draft::{Accepted, Way, allowances, body},
    dump::Entry,
    manage::Manage,
    prove::{Flaw, Proof, Refutation, Unproved, Wrong, prove},
    rehearse::{Rehearsal, Verdict, rehearse},
    round::settle,
    run::Stumble,
    source::{Side, Source, resolve},
};
use super::{Control, Error, Event, Project};
use crate::{
    catalog::{LoadError, Owner, ScratchError},
    code::{Code, Diagnose},
    config::Connection,
    db::Connector,
    models::{Fault, ModelError},
    plan::Circle,
    revision::History,
};

/// What the verbs work with: the project, its server, and who watches.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The project: where its models and revisions are, what is managed.
    pub project: Project,
    /// The revisions.
    pub history: Arc<History>,
    /// The project's database; scratch databases are made beside it unless there is a better place.
    pub home: Connector,
    /// Roles that models name and the server lacks are made: only where the server belongs to the
    /// project alone.
    pub create_roles: bool,
    /// Programs called `pg_dump`, best first; one that is too old for the server is passed over.
    pub pg_dump: Vec<PathBuf>,
    /// The project's own server, where the database is somewhere else.
    pub own: Option<Connector>,
    /// Watches and stops the work.
    pub control: Control,
    place: Arc<OnceCell<place::Place>>,
}

impl Bench {
    /// Puts a workbench together. `pg_dump` is looked for by the caller.
    pub fn new(project: Project, history: Arc<History>, home: Connector, control: Control) -> Self {
        Self {
            project,
            history,
            home,
            create_roles: false,
            pg_dump: Vec::new(),
            own: None,
            control,
            place: Arc::default(),
        }
    }

    /// Where scratch databases are made.
    async fn place(&self) -> Result<&place::Place, Error> {
        self.place.get_or_try_init(|| place::find(self)).await
    }

    /// Whose the scratch databases are.
    pub(super) fn owner(&self) -> Owner {
        Owner::here(self.project.actor.host.as_deref())
    }

    /// Tells what is being done now.
    pub(super) fn stage(&self, what: impl Into<String>) {
        self.control.emit(Event::Stage(what.into()));
    }

    /// Runs `work` until it is done or cancelled; what it holds is let go of then.
    pub async fn until_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            outcome = work => outcome,
            () = self.control.cancel.cancelled() => {
                Err(Error::new(Code::Cancelled, "cancelled").with_state("nothing was changed"))
            }
        }
    }
}

/// Turns a URL into a connection: the caller knows password files and the environment.
pub type Locate<'a> = &'a dyn Fn(&str) -> Result<Connection, Error>;

impl From<ScratchError> for Error {
    fn from(error: ScratchError) -> Self {
        Self { hint: error.hint(), ..Self::new(error.code(), error.to_string()) }
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        match error.0.as_db_error() {
            Some(said) => {
                Self::new(Code::Sql, format!("the schema could not be read: {}", said.message()))
            }
            None => super::fault::connection(&error.0),
        }
    }
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        let hint = error.hint();
        let code = error.code();
        match error {
            ModelError::Faults(faults) => {
                let mut told = faults.iter().map(Fault::to_string);
                let first = told.next().unwrap_or_default();
                Self { hint, more: told.collect(), ..Self::new(code, first) }
            }
            ModelError::Lost(error) => super::fault::connection(&error),
        }
    }
}

impl From<Circle> for Error {
    fn from(error: Circle) -> Self {
        Self::new(Code::Unproved, error.to_string())
            .with_state("nothing was changed")
            .with_hint("this is a fault of limbeck; please report it with both schemas")
    }
}
