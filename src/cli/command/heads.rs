//! `limbeck heads`: the newest revision of each branch.

use serde_json::json;

use super::with_problems;
use crate::cli::{
    context::Context,
    error::CliError,
    output::{Output, json as shapes, listing, style},
};

/// Arguments of `heads`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave out heads that another branch depends on
    #[arg(long)]
    pub(crate) resolve_dependencies: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let history = ctx.project()?.history();
    let graph = history.graph();
    let heads = if args.resolve_dependencies { graph.real_heads() } else { graph.heads() };
    if args.json {
        Output::json(&json!({ "heads": shapes::revisions(&history, &heads) }))?;
        return with_problems(&history);
    }
    let verbose = ctx.out.verbose > 0;
    let look = listing::Look { verbose, no_heads: false, states: None };
    ctx.out.data(&listing::revisions(&history, &heads, look))?;
    if heads.is_empty() && history.problems().is_empty() {
        ctx.out.say(&style::dim("there are no revisions yet"));
        ctx.out.hint("`limbeck revision -m MESSAGE` writes the first one");
    } else if heads.len() > 1 && !args.resolve_dependencies {
        ctx.out
            .hint("`limbeck merge heads -m MESSAGE` joins them; `limbeck upgrade heads` runs all");
    }
    with_problems(&history)
}
