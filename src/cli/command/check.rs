//! `limbeck check`: do the models say what the revisions make, and is the database what it should
//! be?

use serde_json::json;

use super::diff::{warn, with_bench};
use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, listing, style},
    },
    engine::{
        Error,
        schema::{self, Bench, Change, Source, Wishes},
    },
    present::safe::display_safe,
};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Look at the files alone: models against revisions
    #[arg(long, conflicts_with = "only_drift")]
    pub(crate) no_drift: bool,

    /// Look at the database alone: has it what its applied revisions make?
    #[arg(long)]
    pub(crate) only_drift: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// One comparison's outcome.
struct Outcome {
    /// What is compared with what, in words.
    good: &'static str,
    bad: &'static str,
    hint: &'static str,
    changes: Vec<Change>,
    /// Fingerprints of what is and of what should be.
    fingerprints: [String; 2],
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let (models, drift) = Context::block_on(async {
        with_bench(ctx, &project, async |bench| {
            let models = match args.only_drift {
                true => None,
                false => Some(models(ctx, bench).await?),
            };
            let drift = match args.no_drift {
                true => None,
                false => Some(drift(ctx, bench).await?),
            };
            Ok((models, drift))
        })
        .await
    })?;
    let found = [&models, &drift].into_iter().flatten().any(|o| !o.changes.is_empty());
    if args.json {
        let shown = |outcome: &Option<Outcome>| {
            outcome.as_ref().map(|o| {
                json!({ "equal": o.changes.is_empty(), "changes": o.changes, "is": o.fingerprints[0],
                    "should_be": o.fingerprints[1] })
            })
        };
        Output::json(&json!({ "models": shown(&models), "drift": shown(&drift) }))?;
        return Ok(u8::from(found));
    }
    for outcome in [models, drift].into_iter().flatten() {
        if outcome.changes.is_empty() {
            ctx.out.data(&format!("{} {}\n", style::good("✓"), outcome.good))?;
            continue;
        }
        let count = listing::count(outcome.changes.len(), "object", "objects");
        let mut text = format!("{} {}: {count}\n", style::warning("≠"), outcome.bad);
        for change in &outcome.changes {
            text.push_str(&format!("  {} {}\n", sign(change.change), display_safe(&change.object)));
        }
        ctx.out.data(&text)?;
        ctx.out.hint(outcome.hint);
    }
    Ok(u8::from(found))
}

fn sign(change: &str) -> String {
    match change {
        "added" => style::good("+"),
        "removed" => style::error("-"),
        _ => style::warning("~"),
    }
}

/// The models against what all revisions make.
async fn models(ctx: &Context, bench: &Bench) -> Result<Outcome, Error> {
    let heads = Source::Revisions("heads".to_owned());
    let comparison = schema::compare(bench, &heads, &Source::Models, &Wishes::default()).await?;
    warn(ctx, &[&comparison.new]);
    Ok(Outcome {
        good: "the models say what the revisions make",
        bad: "the models differ from what the revisions make",
        hint: "`limbeck revision --autogenerate -m MESSAGE` writes the revision that is missing",
        changes: comparison.changes(),
        fingerprints: [&comparison.old, &comparison.new].map(|side| side.snapshot.fingerprint()),
    })
}

/// The database against what its applied revisions make.
async fn drift(ctx: &Context, bench: &Bench) -> Result<Outcome, Error> {
    let comparison =
        schema::compare(bench, &Source::Applied, &Source::Database, &Wishes::default()).await?;
    warn(ctx, &[&comparison.new]);
    Ok(Outcome {
        good: "the database is what its applied revisions make",
        bad: "the database has drifted from what its applied revisions make",
        hint: "`limbeck diff --from applied --to database` shows the drift object by object",
        changes: comparison.changes(),
        fingerprints: [&comparison.new, &comparison.old].map(|side| side.snapshot.fingerprint()),
    })
}
