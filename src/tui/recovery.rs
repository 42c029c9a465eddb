//! What a failure means to the user: in a sentence what happened, what it has left in the database, and
//! what goes on. One table for everything that can go wrong; it knows neither keys nor drawing.

use super::action::Action;
use crate::{
    code::Code,
    engine::{Aftermath, Error},
    revision::Direction,
};

/// What was under way when it failed: trying again means something else for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing: files or database are in a state that somebody must deal with.
    #[default]
    Nothing,
    /// Reading files or database.
    Reading,
    /// A run of this session.
    Run,
    /// A line of the audit table.
    Past,
    /// Starting or stopping the server.
    Server,
    /// Comparing models and database.
    Compare,
    /// Proving a choice of changes and writing its revision.
    Write,
    /// Editing the SQL of a choice of changes.
    Draft,
    /// Writing an empty revision.
    Create,
}

/// A way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The same once more.
    Again(&'static str),
    /// What is left of a run; without one, of the revision that is half done.
    Rest(&'static str),
    /// What is left of the half-done revision, whatever was under way.
    Finish(&'static str),
    /// An action.
    Do(Action, &'static str),
}

impl Way {
    /// What the key does, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Again(words) | Self::Rest(words) | Self::Finish(words) | Self::Do(_, words) => {
                words
            }
        }
    }

    /// The action, for something that was under way; none when there is nothing to do again. What is
    /// left of a half-done revision runs in the direction that was begun.
    pub fn action(self, attempt: Attempt, begun: Direction) -> Option<Action> {
        Some(match self {
            Self::Do(action, _) => action,
            Self::Rest(_) if attempt == Attempt::Run => Action::ResumeJob,
            Self::Rest(_) | Self::Finish(_) => match begun {
                Direction::Up => Action::UpgradeHeads,
                Direction::Down => Action::StepDown,
            },
            Self::Again(_) => match attempt {
                // What ran long ago is not what would run now.
                Attempt::Nothing | Attempt::Past => return None,
                Attempt::Reading => Action::Reload,
                Attempt::Run => Action::ResumeJob,
                Attempt::Server => Action::StartServer,
                Attempt::Compare => Action::CompareAgain,
                Attempt::Write => Action::CreateRevision,
                Attempt::Draft => Action::EditSql,
                Attempt::Create => Action::Create,
            },
        })
    }
}

macro_rules! cases {
    ($($(#[$doc:meta])+ $case:ident: $what:literal, $state:literal, [$($way:expr),+];)+) => {
        /// Everything that can go wrong, as far as it needs words of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Case { $($(#[$doc])+ $case,)+ }

        impl Case {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$case,)+];

            /// What happened.
            pub fn what(self) -> &'static str {
                match self { $(Self::$case => $what,)+ }
            }

            /// What state the database is in, where the error does not say it more exactly.
            pub fn state(self) -> &'static str {
                match self { $(Self::$case => $state,)+ }
            }

            /// The ways on, the best one first; the first one that can be used is offered first.
            pub fn ways(self) -> &'static [Way] {
                match self { $(Self::$case => &[$($way,)+],)+ }
            }
        }
    };
}

use Action as A;
use Way::{Again, Do, Finish, Rest};

cases! {
    /// A statement of a revision, which was rolled back.
    Statement: "A statement failed, and its revision was rolled back",
        "as it was before this revision",
        [Do(A::Edit, "open the file"), Again("run it again")];
    /// A constraint that is checked late.
    Constraint: "A constraint does not hold at the end of the revision, which was rolled back",
        "as it was before this revision",
        [Do(A::Edit, "open the file"), Again("run it again")];
    /// Part of a revision outside of transactions is kept.
    Interrupted: "A revision outside of transactions stopped part-way",
        "what had run of it is kept; the next run goes on after it",
        [Rest("run the rest of it"), Do(A::Edit, "open the file")];
    /// A run cannot go past a half-done revision of the other direction.
    HalfDone: "An interrupted revision stands in the way",
        "part of that revision is applied; nothing was changed now",
        [Finish("run the rest of it"), Do(A::GraphScreen, "look at the graph")];
    /// A statement that nobody can tell the outcome of.
    Doubt: "A statement was interrupted, and the database does not tell whether it took effect",
        "that statement took effect or it did not: somebody has to look",
        [Do(A::Settle, "say what became of it"), Do(A::Reload, "look where the database is")];
    /// The answer to a COMMIT was lost.
    Commit: "The connection was lost during COMMIT, and the server cannot be asked what became of it",
        "before this revision or after it, never in between",
        [Do(A::Reload, "ask where the database is"), Again("run it again, which is safe either way")];
    /// The connection was lost in the middle.
    Lost: "The connection was lost",
        "the server rolls back what was under way",
        [Again("connect and run it again"), Do(A::StartServer, "start the server"), Do(A::Reload, "ask the database again")];
    /// `lock_timeout` on every try.
    Locks: "Somebody held the locks it needs on every try",
        "rolled back: as it was before this revision",
        [Again("try again"), Do(A::DatabaseScreen, "see who holds them, and end it")];
    /// Deadlocks on every try.
    Deadlock: "It met other writers on every try",
        "rolled back: as it was before this revision",
        [Again("try again"), Do(A::DatabaseScreen, "see who else is at work")];
    /// Another runner has the lock.
    Runner: "Another run is under way in this database",
        "nothing was changed by this one",
        [Again("wait for it once more"), Do(A::DatabaseScreen, "see who it is")];
    /// The user cancelled.
    Cancelled: "Cancelled, as asked",
        "rolled back: nothing was changed",
        [Again("run it after all")];
    /// Somebody else cancelled.
    Stopped: "Somebody cancelled the statement on the server",
        "rolled back: as it was before this revision",
        [Again("run it again"), Do(A::DatabaseScreen, "see who is connected")];
    /// `statement_timeout`.
    Timeout: "A statement took longer than it may",
        "rolled back: as it was before this revision",
        [Do(A::Edit, "open the file"), Again("run it again")];
    /// No room.
    Disk: "The server's disk is full",
        "rolled back: as it was before this revision",
        [Again("run it again once there is room"), Do(A::DatabaseScreen, "see which tables are large")];
    /// A right is missing.
    Right: "This role may not do that",
        "nothing of it is kept",
        [Again("try again once the right is granted"), Do(A::Connect, "connect with another profile")];
    /// The server refused a query of our own.
    Query: "The server refused what was asked",
        "nothing was changed",
        [Again("ask again")];
    /// No connection; it may be ours to start.
    Unreachable: "The database cannot be reached",
        "unknown until it answers",
        [Do(A::StartServer, "start the server"), Again("try again"), Do(A::Connect, "connect with another profile")];
    /// Going down, or coming up.
    Shutdown: "The server is going down or coming up",
        "nothing that was under way is kept",
        [Again("try again"), Do(A::StartServer, "start the server"), Do(A::DatabaseScreen, "see its log")];
    /// TLS.
    Secure: "There is no secure connection to the server",
        "nothing was sent",
        [Again("try again"), Do(A::Connect, "connect with another profile")];
    /// Who we are.
    Login: "The server does not let this role in",
        "nothing was sent",
        [Again("try again"), Do(A::Connect, "connect with another profile")];
    /// Standby, or read-only by setting.
    ReadOnly: "This server or role takes no changes",
        "nothing was changed",
        [Do(A::Connect, "connect with another profile"), Again("try again")];
    /// A pooler in between.
    Pooler: "A transaction pooler stands between limbeck and the server",
        "nothing was changed",
        [Do(A::Connect, "connect with another profile"), Again("try again")];
    /// Our own server.
    Server: "The database server could not be started or stopped",
        "its data folder is as it was",
        [Do(A::DatabaseScreen, "see its log"), Again("try again")];
    /// Not ours.
    Foreign: "This server is not limbeck's to start or stop",
        "nothing was done",
        [Do(A::Connect, "connect with another profile")];
    /// An applied file was changed.
    Edited: "A file was changed after it was applied",
        "it has what the old file made; undo the edit, or write a new revision",
        [Do(A::Edit, "open the file"), Do(A::Reload, "read the files again")];
    /// The applied part of an interrupted revision was changed.
    PartEdited: "Statements that have run already were changed in the file",
        "part of that revision is applied as the file was before",
        [Do(A::Edit, "open the file"), Do(A::Reload, "read the files again")];
    /// An applied revision has no file.
    Missing: "A revision is applied, and its file is gone",
        "whole, but that revision can be neither checked nor undone",
        [Do(A::Reload, "read the files again")];
    /// At a revision that no file has.
    Ahead: "The database is ahead of these files",
        "it was upgraded from newer files: nothing runs until they are here (git pull)",
        [Do(A::Reload, "read the files again"), Do(A::Connect, "connect with another profile")];
    /// Put in below.
    Skipped: "A revision was put in below what is applied, and never ran",
        "it counts as applied, and the database has nothing of it",
        [Do(A::Open, "show what is missing")];
    /// Somebody else moved the rows.
    Moved: "Somebody else changed where the database stands",
        "nothing of this run's last revision is kept",
        [Do(A::Reload, "look where the database is"), Again("run it again")];
    /// Differs from its revisions.
    Drift: "The database is not what its revisions make of it",
        "changed by something else than revisions",
        [Do(A::PendingScreen, "see what differs")];
    /// limbeck's tables are not as they were.
    Tables: "limbeck's own tables in this database are damaged, or not limbeck's",
        "nothing was changed; limbeck does not write to tables it does not know",
        [Do(A::Reload, "look again once they are mended"), Do(A::Connect, "connect with another profile")];
    /// Broken revision files.
    Files: "The revision files have problems",
        "as it was: nothing runs until the files are fine",
        [Do(A::Edit, "open the file"), Do(A::Reload, "read the files again")];
    /// A file that cannot be read or written.
    File: "A file could not be read or written",
        "as it was",
        [Again("try again")];
    /// No down script.
    OneWay: "A revision on the way has no down script",
        "nothing was changed",
        [Do(A::Edit, "open the file"), Do(A::GraphScreen, "choose another target")];
    /// Several heads.
    Heads: "There are several heads, and one was asked for",
        "nothing was changed",
        [Do(A::Merge, "merge the heads"), Do(A::UpgradeHeads, "upgrade to all of them")];
    /// A target that cannot be reached.
    Target: "There is no way to that target",
        "nothing was changed",
        [Do(A::GraphScreen, "choose another target")];
    /// Data would be lost.
    Loss: "Data would be lost, and nobody has accepted that",
        "nothing was changed",
        [Do(A::Edit, "accept it in the file"), Again("run it again")];
    /// A rule of the project.
    Rule: "A rule of the project forbids it",
        "nothing was changed",
        [Do(A::Edit, "open the file")];
    /// A protected database.
    Protected: "This database is protected",
        "nothing was changed",
        [Do(A::AllowChanges, "allow changes")];
    /// The proof refuted the plan.
    Unproved: "The proof failed: the revision does not do what it should, and was not written",
        "as it was: the proof ran in scratch databases alone",
        [Do(A::EditSql, "edit the SQL"), Do(A::PendingScreen, "choose other changes")];
    /// What the editor gave back.
    Draft: "The edited SQL cannot be used",
        "as it was: nothing was run or written",
        [Again("edit it again"), Do(A::DropEdit, "give the edit up")];
    /// Settings.
    Settings: "A setting is wrong or missing",
        "nothing was changed",
        [Do(A::Connect, "connect with another profile")];
}

impl Case {
    /// What an error means; `asked` is true when the user had asked for the end of it.
    pub fn of(error: &Error, attempt: Attempt, asked: bool) -> Self {
        if attempt == Attempt::Draft {
            return Self::Draft;
        }
        // What is kept, or in doubt, matters more than why.
        match (error.aftermath, error.code) {
            (Aftermath::Partly, code) if code != Code::PartialChanged => return Self::Interrupted,
            (Aftermath::Unknown, code) if code != Code::Ambiguous => return Self::Commit,
            _ => {}
        }
        match error.code {
            Code::Usage | Code::UnknownRevision | Code::AmbiguousId | Code::BadTarget => {
                Self::Target
            }
            Code::Settings => Self::Settings,
            Code::DupId
            | Code::Cycle
            | Code::MissingParent
            | Code::IdTooLong
            | Code::Encoding
            | Code::Nul
            | Code::Unterminated
            | Code::PsqlMeta
            | Code::TxControl
            | Code::NeedsNoTx
            | Code::BadHeader
            | Code::UnsafePerms => Self::Files,
            // Files that are read are revisions; others are written.
            Code::File if matches!(attempt, Attempt::Nothing | Attempt::Reading) => Self::Files,
            Code::File => Self::File,
            Code::MultipleHeads => Self::Heads,
            Code::NoDown => Self::OneWay,
            Code::Edited => Self::Edited,
            Code::MissingFile => Self::Missing,
            Code::SkippedAncestor => Self::Skipped,
            Code::PartialChanged => Self::PartEdited,
            Code::HeadMoved => Self::Moved,
            Code::Drift => Self::Drift,
            Code::OwnTables => Self::Tables,
            Code::DatabaseAhead => Self::Ahead,
            Code::DataLoss => Self::Loss,
            Code::Lint => Self::Rule,
            Code::ProtectedTarget => Self::Protected,
            Code::NotManaged => Self::Foreign,
            Code::LockHeld => Self::Runner,
            Code::DdlLockTimeout => Self::Locks,
            Code::Deadlock => Self::Deadlock,
            Code::Sql if error.failure.is_some() => Self::Statement,
            Code::Sql if attempt == Attempt::Past => Self::Statement,
            Code::Sql => Self::Query,
            Code::StmtTimeout => Self::Timeout,
            Code::Cancelled if asked => Self::Cancelled,
            Code::Cancelled => Self::Stopped,
            Code::DiskFull => Self::Disk,
            Code::Privilege => Self::Right,
            Code::DeferredConstraint => Self::Constraint,
            Code::Connect => Self::Unreachable,
            Code::Tls => Self::Secure,
            Code::Auth => Self::Login,
            Code::ReadOnly => Self::ReadOnly,
            Code::Pooler => Self::Pooler,
            Code::Shutdown if asked => Self::Cancelled,
            Code::Shutdown => Self::Shutdown,
            Code::ConnLost if asked => Self::Cancelled,
            Code::ConnLost => Self::Lost,
            Code::Server => Self::Server,
            Code::Partial => Self::HalfDone,
            Code::Ambiguous => Self::Doubt,
            Code::CommitUnknown => Self::Commit,
            Code::Unproved => Self::Unproved,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn error(code: Code, aftermath: Aftermath) -> Error {
        Error { aftermath, ..Error::new(code, "it went wrong") }
    }

    #[test]
    fn each_code_has_words_and_no_two_cases_have_the_same() {
        let mut reached = BTreeSet::new();
        let attempts = [Attempt::Reading, Attempt::Run, Attempt::Past, Attempt::Draft];
        let left = [
            Aftermath::Untouched,
            Aftermath::RolledBack,
            Aftermath::Partly,
            Aftermath::Committed,
            Aftermath::Unknown,
        ];
        for (code, attempt) in Code::ALL.iter().flat_map(|c| attempts.map(|a| (*c, a))) {
            for (aftermath, asked) in left.iter().flat_map(|a| [(*a, false), (*a, true)]) {
                reached.insert(Case::of(&error(code, aftermath), attempt, asked));
            }
        }
        let all: BTreeSet<Case> = Case::ALL.iter().copied().collect();
        assert_eq!(reached, all, "a case that nothing leads to");
        let words: BTreeSet<&str> = all.iter().map(|case| case.what()).collect();
        assert_eq!(words.len(), all.len());
        for case in all {
            let end = case.what().ends_with('.') || case.state().ends_with('.');
            assert!(!end && !case.state().is_empty(), "{case:?}");
            let firsts: BTreeSet<&str> = case.ways().iter().map(|way| way.words()).collect();
            assert_eq!(firsts.len(), case.ways().len(), "{case:?}");
        }
    }

    #[test]
    fn what_is_kept_matters_more_than_why() {
        let case = |code, aftermath| Case::of(&error(code, aftermath), Attempt::Run, false);
        for code in [Code::Sql, Code::ConnLost, Code::Cancelled, Code::DiskFull] {
            assert_eq!(case(code, Aftermath::Partly), Case::Interrupted, "{code}");
        }
        assert_eq!(case(Code::PartialChanged, Aftermath::Partly), Case::PartEdited);
        assert_eq!(case(Code::Ambiguous, Aftermath::Unknown), Case::Doubt);
        assert_eq!(case(Code::CommitUnknown, Aftermath::Unknown), Case::Commit);
        assert_eq!(case(Code::Cancelled, Aftermath::RolledBack), Case::Stopped);
        let asked = Case::of(&error(Code::Cancelled, Aftermath::RolledBack), Attempt::Run, true);
        assert_eq!(asked, Case::Cancelled);
    }
}
