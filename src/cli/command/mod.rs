//! The commands, one file each: their arguments and what they do.

pub(crate) mod autogenerate;
pub(crate) mod branches;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod current;
pub(crate) mod db;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod downgrade;
pub(crate) mod dump;
pub(crate) mod edit;
pub(crate) mod heads;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod interface;
pub(crate) mod lint;
pub(crate) mod man;
pub(crate) mod merge;
mod migrate;
pub(crate) mod plain;
pub(crate) mod rebase;
pub(crate) mod resolve;
pub(crate) mod revision;
pub(crate) mod show;
pub(crate) mod stamp;
pub(crate) mod status;
pub(crate) mod upgrade;
pub(crate) mod verify;
pub(crate) mod wait;

use super::{args::Command, context::Context, error::CliError};

/// Runs a command; the result is the exit status.
pub(super) fn run(ctx: &Context, command: Command) -> Result<u8, CliError> {
    match command {
        Command::Init(args) => init::run(ctx, &args),
        Command::Import(args) => import::run(ctx, &args),
        Command::Status(args) => status::run(ctx, &args),
        Command::Revision(args) => revision::run(ctx, args),
        Command::Merge(args) => merge::run(ctx, args),
        Command::Rebase(args) => rebase::run(ctx, &args),
        Command::Upgrade(args) => upgrade::run(ctx, &args),
        Command::Downgrade(args) => downgrade::run(ctx, &args),
        Command::Stamp(args) => stamp::run(ctx, &args),
        Command::Resolve(args) => resolve::run(ctx, &args),
        Command::Doctor(args) => doctor::run(ctx, &args),
        Command::Wait(args) => wait::run(ctx, &args),
        Command::Current(args) => current::run(ctx, &args),
        Command::History(args) => history::run(ctx, &args),
        Command::Heads(args) => heads::run(ctx, &args),
        Command::Branches(args) => branches::run(ctx, &args),
        Command::Show(args) => show::run(ctx, &args),
        Command::Diff(args) => diff::run(ctx, &args),
        Command::Check(args) => check::run(ctx, &args),
        Command::Verify(args) => verify::run(ctx, &args),
        Command::Lint(args) => lint::run(ctx, &args),
        Command::Dump(args) => dump::run(ctx, &args),
        Command::Edit(args) => edit::run(ctx, &args),
        Command::Db(args) => db::run(ctx, args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(ctx, &args),
    }
}

/// Whether the command was asked for JSON, so that its failure is JSON too.
pub(super) fn wants_json(command: &Command) -> bool {
    match command {
        Command::Status(args) => args.json,
        Command::Revision(args) => args.json,
        Command::Merge(args) => args.json,
        Command::Rebase(args) => args.json,
        Command::Upgrade(args) => args.run.json,
        Command::Downgrade(args) => args.run.json,
        Command::Stamp(args) => args.json,
        Command::Resolve(args) => args.json,
        Command::Doctor(args) => args.json,
        Command::Wait(args) => args.json,
        Command::Current(args) => args.json,
        Command::History(args) => args.json,
        Command::Heads(args) => args.json,
        Command::Branches(args) => args.json,
        Command::Show(args) => args.json,
        Command::Diff(args) => args.json,
        Command::Check(args) => args.json,
        Command::Verify(args) => args.json,
        Command::Lint(args) => args.json,
        Command::Dump(args) => args.json,
        Command::Db(args) => args.wants_json(),
        Command::Init(_)
        | Command::Import(_)
        | Command::Edit(_)
        | Command::Completions(_)
        | Command::Man(_) => false,
    }
}

/// After a listing: the problems of the folder, as an error with its own exit status.
fn with_problems(history: &crate::revision::History) -> Result<u8, CliError> {
    CliError::problems(history).map_or(Ok(0), |error| Err(error.told()))
}
