//! `limbeck resolve`: a person's word on a statement whose outcome cannot be found out.

use std::sync::Arc;

use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, json as shapes, style},
        progress::Progress,
        signals,
    },
    engine::{Control, Start, verdict::Verdict},
};

/// Arguments of `resolve`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("verdict").required(true)))]
pub(crate) struct Args {
    /// The revision whose statement is in doubt (`AMBIGUOUS`)
    #[arg(value_name = "SPEC")]
    pub(crate) spec: String,

    /// The statement took effect: go on after it
    #[arg(long, group = "verdict")]
    pub(crate) done: bool,

    /// It did not: run it again
    #[arg(long, group = "verdict")]
    pub(crate) redo: bool,

    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let (project, history) = ctx.sound()?;
    let verdict = if args.done { Verdict::Done } else { Verdict::Redo };
    Context::block_on(async {
        let engine = ctx.engine(&project, Arc::clone(&history), Start::Never).await?;
        let progress = Progress::start(ctx.out, Arc::clone(&history));
        let control = Control::new(progress.observer());
        let work = Box::pin(engine.settle(&args.spec, verdict, &control));
        let outcome = signals::guarded(&control, &progress, work).await;
        drop(control);
        progress.finish();
        let report = outcome?;
        let how = match verdict {
            Verdict::Done => "the next upgrade goes on after it",
            Verdict::Redo => "the next upgrade runs it again",
        };
        ctx.out.say(&format!("{} the statement in doubt: {how}", style::good("settled")));
        if args.json {
            Output::json(&shapes::report(&report))?;
        }
        Ok(0)
    })
}
