//! `limbeck stamp`: records revisions as applied without running them.

use std::sync::Arc;

use crate::{
    cli::{
        confirm,
        context::Context,
        error::CliError,
        foreign,
        output::{Output, json as shapes, listing, style},
        progress::Progress,
        signals,
    },
    config::Guard,
    engine::{Control, Link, Start, offline},
};

/// Arguments of `stamp`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Args {
    /// What the database is said to be at: head, heads, base, an id, LABEL@head, …; with --sql also A:B
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<String>,

    /// Delete all version rows first, even those that no file knows
    #[arg(long)]
    pub(crate) purge: bool,

    /// Print the SQL script for psql instead, from `A` (or base) to `B`; needs no database
    #[arg(long, conflicts_with = "json")]
    pub(crate) sql: bool,

    /// Go on behind a transaction pooler, without the runners' lock
    #[arg(long)]
    pub(crate) pooler: bool,

    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Alembic's argument for env.py; answered with advice.
    #[arg(long, hide = true, value_name = "TAG")]
    pub(crate) tag: Option<String>,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    foreign::tag(args.tag.as_ref())?;
    let (project, history) = ctx.sound()?;
    let specs: Vec<&str> = args.specs.iter().map(String::as_str).collect();
    if args.sql {
        let script = offline::stamp_script(&history, &specs, args.purge, &project.options())?;
        Output::raw(&script)?;
        return Ok(0);
    }
    Context::block_on(async {
        let mut engine = ctx.engine(&project, Arc::clone(&history), Start::FirstUse).await?;
        engine.options.allow_pooler = args.pooler;
        if let (Guard::Prod, Link::Connector(connector)) = (project.config.guard, &engine.link) {
            let target = connector.connection();
            let what = format!("stamp of {} on {target} (prod)", specs.join(" "));
            confirm::typed(ctx, &what, &[], &target.database)?;
        }
        let progress = Progress::start(ctx.out, Arc::clone(&history));
        let control = Control::new(progress.observer());
        let work = Box::pin(engine.stamp(&specs, args.purge, &control));
        let outcome = signals::guarded(&control, &progress, work).await;
        drop(control);
        progress.finish();
        let report = outcome?;
        let before = listing::rows(&history, &report.before);
        let after = listing::rows(&history, &report.after);
        if report.before == report.after {
            ctx.out.say(&format!("nothing to stamp; the database is at {after}"));
        } else {
            let stamped = style::good("stamped");
            ctx.out.say(&format!("{stamped} from {before} to {after}; nothing was run"));
        }
        if args.json {
            Output::json(&shapes::report(&report))?;
        }
        Ok(0)
    })
}
