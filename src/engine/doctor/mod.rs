//! What was left behind in a database, each thing with the command that mends it. Reads only.

mod catalog;
mod revisions;
mod sessions;

use std::time::Duration;

use super::{
    Engine, Error, fault, state,
    tables::{self, Names},
};
use crate::{
    catalog::scratch::{self, Owner},
    schema::sql::ident,
};

/// Something that was left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The object, revision, session or database.
    pub object: String,
    /// What is wrong with it, one sentence without its final period.
    pub what: String,
    /// What mends it: SQL, or a command of limbeck's.
    pub mend: Remedy,
    /// What to do instead, where that is a matter of what is wanted.
    pub otherwise: Option<Remedy>,
}

/// What mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Statements for psql.
    Sql(String),
    /// A line for the shell.
    Command(String),
}

impl Remedy {
    /// The statement or command itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Sql(text) | Self::Command(text) => text,
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// The kinds of things that are left behind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $name,)+ }

        impl Kind {
            /// Every kind there is, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The kind as scripts see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

kinds! {
    /// A revision whose statements ran in part.
    HalfDone = "half_done",
    /// A statement whose outcome nobody can find out.
    InDoubt = "in_doubt",
    /// A revision whose last try failed and was rolled back.
    Failed = "failed",
    /// A revision whose file was changed after it was applied.
    Edited = "edited",
    /// An applied revision without a file.
    MissingFile = "missing_file",
    /// A revision below applied ones that never ran.
    Skipped = "skipped",
    /// An index that queries do not use, of an interrupted or failed `CREATE INDEX CONCURRENTLY`.
    InvalidIndex = "invalid_index",
    /// What an interrupted `REINDEX CONCURRENTLY` left: `…_ccnew`, `…_ccold`.
    ReindexLeftover = "reindex_leftover",
    /// An index of a partitioned table that some partitions lack.
    IncompleteIndex = "incomplete_index",
    /// A constraint that existing rows were never checked against.
    NotValid = "not_valid",
    /// A partition whose `DETACH … CONCURRENTLY` was interrupted.
    PendingDetach = "pending_detach",
    /// The runners' lock in a session that does nothing.
    StaleLock = "stale_lock",
    /// A session that does nothing inside a transaction and is in the way of others.
    IdleTransaction = "idle_transaction",
    /// A transaction prepared for a two-phase commit that nobody ends.
    PreparedTransaction = "prepared_transaction",
    /// A scratch database that nobody uses any more.
    ScratchDatabase = "scratch_database",
}

/// Looks for everything; sessions count when they have been idle for `patience`.
pub(super) async fn examine(engine: &Engine, patience: Duration) -> Result<Vec<Finding>, Error> {
    let client = engine.link.reader().await?;
    let names = Names::new(&engine.options);
    let facts = tables::facts(&client, &names).await?;
    tables::check_format(&client, &names, &facts).await?;
    let state = state::read(&client, &names, &facts).await?;
    let sessions = sessions::look(&client, &names, patience).await?;
    // What a run is working on right now is not left behind.
    let mut found = revisions::look(&client, &engine.history, &state, sessions.runner).await?;
    found.extend(catalog::look(&client).await?);
    found.extend(sessions.found);
    let owner = Owner::here(engine.options.actor.host.as_deref());
    let left = scratch::left_over(&client, &owner).await.map_err(|e| fault::plain(&e))?;
    found.extend(left.into_iter().map(scratch_database));
    Ok(found)
}

fn scratch_database(left: scratch::LeftOver) -> Finding {
    let maker = match &left.owner {
        Some(Owner { pid, host: Some(host), .. }) => format!("process {pid} on {host}"),
        Some(Owner { pid, .. }) => format!("process {pid}"),
        None => "limbeck".to_owned(),
    };
    let why = if left.dead { "which has ended" } else { "and nobody is connected to it" };
    let force = if left.dead { " WITH (FORCE)" } else { "" };
    Finding {
        kind: Kind::ScratchDatabase,
        what: format!("a scratch database, made by {maker}, {why}"),
        mend: Remedy::Sql(format!("DROP DATABASE {}{force};", ident(&left.name))),
        otherwise: None,
        object: left.name,
    }
}
