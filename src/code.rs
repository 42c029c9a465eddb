//! Stable error codes and the exit statuses they lead to.
//!
//! Every error of every layer names one of these, so that scripts can tell failures apart and the
//! command line needs no table of its own. The words for people belong to the errors themselves.

use std::fmt;

/// The families of errors; each has its own exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Wrong usage or settings: 2.
    Usage,
    /// The revision graph or an identifier: 3.
    Graph,
    /// Files and database contradict each other: 4.
    Integrity,
    /// A revision file cannot be run as it stands: 5.
    Source,
    /// Refused by a rule of the project: 6.
    Policy,
    /// Somebody else holds a lock: 7.
    Contention,
    /// The server refused or stopped a statement: 8.
    Execution,
    /// The server cannot be reached or used: 9.
    Connection,
    /// A human must look: 10.
    Unresolved,
    /// The database is ahead of these files: 11.
    Ahead,
}

impl Class {
    /// The process exit status for this class.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Graph => 3,
            Self::Integrity => 4,
            Self::Source => 5,
            Self::Policy => 6,
            Self::Contention => 7,
            Self::Execution => 8,
            Self::Connection => 9,
            Self::Unresolved => 10,
            Self::Ahead => 11,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $class:ident;)+) => {
        /// A stable error code, printed as `error[CODE]`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every code there is, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as it is printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The family this code belongs to.
            pub fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)+ }
            }
        }
    };
}

codes! {
    /// The command line is wrong.
    Usage = "USAGE", Usage;
    /// A setting is wrong or missing.
    Settings = "SETTINGS", Usage;
    /// Two files declare one revision id, or one branch label.
    DupId = "DUP_ID", Graph;
    /// Revisions revise or depend on each other in a circle.
    Cycle = "CYCLE", Graph;
    /// A parent or dependency is in no file.
    MissingParent = "MISSING_PARENT", Graph;
    /// One target was asked for, several fit.
    MultipleHeads = "MULTIPLE_HEADS", Graph;
    /// No revision has this identifier.
    UnknownRevision = "UNKNOWN_REVISION", Graph;
    /// Several revisions fit this prefix.
    AmbiguousId = "AMBIGUOUS_ID", Graph;
    /// The version table cannot hold this id.
    IdTooLong = "ID_TOO_LONG", Graph;
    /// A revision on the way down cannot be undone.
    NoDown = "NO_DOWN", Graph;
    /// The target cannot be reached this way: too far, not an ancestor, not in the branch.
    BadTarget = "BAD_TARGET", Graph;
    /// An applied file was changed.
    Edited = "EDITED", Integrity;
    /// An applied revision has no file.
    MissingFile = "MISSING_FILE", Integrity;
    /// A revision stands below an applied one, yet was never applied.
    SkippedAncestor = "SKIPPED_ANCESTOR", Integrity;
    /// A partly applied revision was changed in its applied part.
    PartialChanged = "PARTIAL_CHANGED", Integrity;
    /// The version rows changed under our feet.
    HeadMoved = "HEAD_MOVED", Integrity;
    /// The database differs from what its revisions produce.
    Drift = "DRIFT", Integrity;
    /// limbeck's own tables are not as it made them.
    OwnTables = "OWN_TABLES", Integrity;
    /// The database is at a revision that no file here knows.
    DatabaseAhead = "DATABASE_AHEAD", Ahead;
    /// Not UTF-8.
    Encoding = "ENCODING", Source;
    /// A NUL byte.
    Nul = "NUL", Source;
    /// A string, comment, dollar quote or COPY block does not end.
    Unterminated = "UNTERMINATED", Source;
    /// A psql command.
    PsqlMeta = "PSQL_META", Source;
    /// BEGIN, COMMIT or ROLLBACK in a revision.
    TxControl = "TX_CONTROL", Source;
    /// A statement that cannot run in a transaction, in a section that is one.
    NeedsNoTx = "NEEDS_NO_TX", Source;
    /// The header or the section markers are wrong.
    BadHeader = "BAD_HEADER", Source;
    /// Others may write the file.
    UnsafePerms = "UNSAFE_PERMS", Source;
    /// A file could not be read or written.
    File = "FILE", Source;
    /// The step would lose data and was not accepted.
    DataLoss = "DATA_LOSS", Policy;
    /// A lint rule.
    Lint = "LINT", Policy;
    /// The target is protected.
    ProtectedTarget = "PROTECTED_TARGET", Policy;
    /// The server is not ours to start or stop.
    NotManaged = "NOT_MANAGED", Policy;
    /// Another runner holds the lock.
    LockHeld = "LOCK_HELD", Contention;
    /// `lock_timeout` fired on every try.
    DdlLockTimeout = "DDL_LOCK_TIMEOUT", Contention;
    /// Deadlock or serialization failure on every try.
    Deadlock = "DEADLOCK", Contention;
    /// A statement failed.
    Sql = "SQL", Execution;
    /// `statement_timeout` fired.
    StmtTimeout = "STMT_TIMEOUT", Execution;
    /// Cancelled by us or by an administrator.
    Cancelled = "CANCELLED", Execution;
    /// The server's disk is full.
    DiskFull = "DISK_FULL", Execution;
    /// A right is missing.
    Privilege = "PRIVILEGE", Execution;
    /// A deferred constraint failed at the end of a revision.
    DeferredConstraint = "DEFERRED_CONSTRAINT", Execution;
    /// No connection.
    Connect = "CONNECT", Connection;
    /// TLS failed or was refused.
    Tls = "TLS", Connection;
    /// The server did not accept who we are.
    Auth = "AUTH", Connection;
    /// The server is read-only or a standby.
    ReadOnly = "READ_ONLY", Connection;
    /// A transaction pooler stands between.
    Pooler = "POOLER", Connection;
    /// The server is starting up or shutting down.
    Shutdown = "SHUTDOWN", Connection;
    /// The connection was lost; the step was rolled back.
    ConnLost = "CONN_LOST", Connection;
    /// The server could not be started or stopped.
    Server = "SERVER", Connection;
    /// A revision is partly applied.
    Partial = "PARTIAL", Unresolved;
    /// A statement's outcome cannot be found out.
    Ambiguous = "AMBIGUOUS", Unresolved;
    /// A commit's outcome cannot be found out.
    CommitUnknown = "COMMIT_UNKNOWN", Unresolved;
    /// A plan of limbeck's own does not do what it should: a fault of limbeck.
    Unproved = "UNPROVED", Unresolved;
}

impl Code {
    /// The process exit status for this code.
    pub fn exit_status(self) -> u8 {
        self.class().exit_status()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What every error of every layer can say about itself.
pub trait Diagnose: std::error::Error {
    /// The stable code.
    fn code(&self) -> Code;

    /// What to do next, as text for a `hint:` line, often the next command.
    fn hint(&self) -> Option<String> {
        None
    }
}
