//! `limbeck downgrade`.

use super::migrate;
use crate::{
    cli::{args::RunArgs, context::Context, error::CliError},
    revision::Direction,
};

/// Arguments of `downgrade`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Targets: base, an id or its beginning, a branch label, LABEL@base, -1, \
    LABEL@-1, ID-1; with --sql a range A:B, newer first.")]
pub(crate) struct Args {
    /// How far down: -1, an id, base, LABEL@base, …
    #[arg(required = true, allow_negative_numbers = true, value_name = "SPEC")]
    pub(crate) spec: Option<String>,

    /// How to run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    migrate::run(ctx, Direction::Down, args.spec.as_deref().unwrap_or_default(), &args.run)
}
