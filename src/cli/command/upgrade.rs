//! `limbeck upgrade`.

use super::migrate;
use crate::{
    cli::{args::RunArgs, context::Context, error::CliError},
    revision::Direction,
};

/// Arguments of `upgrade`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Targets: head, heads, an id or its beginning, a branch label, \
    LABEL@head, +2, ID+1; with --sql also a range A:B.")]
pub(crate) struct Args {
    /// How far: head, an id, +1, LABEL@head, …
    #[arg(required = true, allow_negative_numbers = true, value_name = "SPEC")]
    pub(crate) spec: Option<String>,

    /// How to run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    migrate::run(ctx, Direction::Up, args.spec.as_deref().unwrap_or_default(), &args.run)
}
