//! `limbeck wait`: until somebody else has migrated the database; takes no lock.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    cli::{
        args::duration,
        context::Context,
        error::CliError,
        output::{Output, json as shapes, listing, style},
        progress::Progress,
        signals,
    },
    engine::{Control, Start, wait},
};

/// Arguments of `wait`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For programs that start beside the one that migrates, and for replicas: it only reads \
    the version table, also on a standby, and waits for a server or a database that is not there yet. \
    Exits with 0 when the target is applied, 1 when it is not after the timeout, 9 when there is no \
    database by then."
)]
pub(crate) struct Args {
    /// What must be applied: heads, head, an id, LABEL@head, …
    #[arg(long = "for", value_name = "SPEC", default_value = "heads")]
    pub(crate) spec: String,

    /// How long to wait; 0 looks once
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1min")]
    pub(crate) timeout: Duration,

    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let (project, history) = ctx.sound()?;
    let standing = Context::block_on(async {
        let progress = Progress::start(ctx.out, Arc::clone(&history));
        let control = Control::new(progress.observer());
        // A server of the project's own may be started meanwhile: it is looked for each time.
        let look = || async {
            let connector = project.connect(Start::Never, &|_| {}).await?;
            project.engine(Arc::clone(&history), connector).standing(&args.spec).await
        };
        let work = Box::pin(wait::until(look, args.timeout, &control));
        let outcome = signals::guarded_as(&control, &progress, &signals::WAIT, work).await;
        drop(control);
        progress.finish();
        outcome
    })?;
    if args.json {
        Output::json(&json!({
            "wanted": shapes::ids(&standing.wanted),
            "missing": shapes::ids(&standing.missing),
            "rows": shapes::ids(&standing.rows),
            "reached": standing.reached(),
        }))?;
    }
    let at = listing::rows(&history, &standing.rows);
    if standing.reached() {
        ctx.out.say(&format!("{} the database is at {at}", style::good("ready:")));
        return Ok(0);
    }
    let missing = listing::rows(&history, &standing.missing);
    let verb = if standing.missing.len() == 1 { "is" } else { "are" };
    ctx.out.always(&format!(
        "{} {missing} {verb} not applied after {} s; the database is at {at}",
        style::warning("not ready:"),
        args.timeout.as_secs_f64()
    ));
    ctx.out.hint("`limbeck upgrade` applies it; `--timeout` waits longer");
    Ok(1)
}
