//! `limbeck revision --autogenerate`: the SQL of a new revision from the difference between the
//! database and the models, proved before it is written.

use super::diff::{locate, prove, refuted, renames, warn, with_bench};
use crate::{
    cli::{context::Context, error::CliError},
    code::Code,
    engine::{
        self, Project,
        schema::{self, Bench, Comparison, Source, Way, Wishes},
    },
    plan::{Options, Severity},
    present::safe::display_safe,
    revision::Direction,
};

/// Options of the generation.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// What is there, instead of the database: `heads` is what the revisions make
    #[arg(long, value_name = "SOURCE", default_value = "database", requires = "autogenerate")]
    pub(crate) from: String,

    /// Change existing tables in the direct form, without the steps that spare other sessions
    #[arg(long, requires = "autogenerate")]
    pub(crate) plain: bool,

    /// Rename instead of dropping and making: public.account.mail=email, or "table public.a=b"
    #[arg(long, value_name = "OLD=NEW", conflicts_with = "no_renames", requires = "autogenerate")]
    pub(crate) rename: Vec<String>,

    /// Rename nothing, and do not ask
    #[arg(long, requires = "autogenerate")]
    pub(crate) no_renames: bool,
}

/// The bodies of the new revision, up and down; none when there is no difference, which is said.
pub(super) fn bodies(
    ctx: &Context,
    project: &Project,
    args: &Args,
) -> Result<Option<(String, String)>, CliError> {
    let from = Source::parse(&args.from, &ctx.folder()?, &|url: &str| locate(ctx, url))?;
    let wishes = Wishes { plan: Options { online: !args.plain }, renames: args.rename.clone() };
    let (comparison, proof) = Context::block_on(async {
        with_bench(ctx, project, async |bench| {
            if matches!(from, Source::Database) {
                at_head(bench).await?;
            }
            let comparison = schema::compare(bench, &from, &Source::Models, &wishes).await?;
            let mut comparison =
                if args.no_renames { comparison } else { renames(ctx, bench, comparison).await? };
            let proof = match comparison.is_equal() {
                true => None,
                false => Some(prove(bench, &mut comparison).await?),
            };
            Ok((comparison, proof))
        })
        .await
    })?;
    warn(ctx, &comparison.old);
    warn(ctx, &comparison.new);
    let proof = match proof {
        None => {
            let (from, to) = (&comparison.old.label, &comparison.new.label);
            ctx.out.say(&format!("{from} and {to} agree: nothing was written"));
            return Ok(None);
        }
        Some(Err(refutation)) => return Err(refuted(ctx, project, &refutation)),
        Some(Ok(proof)) => proof,
    };
    tell(ctx, &comparison);
    let judges =
        if proof.pg_dump { "by our own reading and by pg_dump" } else { "by our own reading" };
    ctx.out.say(&format!("proved in scratch databases, up and down, {judges}"));
    let body = |plan, way| schema::body(plan, way);
    Ok(Some((body(&comparison.up, Way::Up), body(&comparison.down, Way::Down))))
}

/// Refuses while revisions are pending: what they do would be generated once more.
async fn at_head(bench: &Bench) -> Result<(), engine::Error> {
    let engine = bench.project.engine(bench.history.clone(), bench.home.clone());
    let pending = engine.preview(Direction::Up, "heads").await?.moves.len();
    if pending == 0 {
        return Ok(());
    }
    Err(engine::Error::new(
        Code::BadTarget,
        format!("the database is not up to date: {pending} of the revisions are pending"),
    )
    .with_state("nothing was changed")
    .with_hint(
        "run `limbeck upgrade heads` first, or compare with the files alone: `--from heads`",
    ))
}

/// Says what the way up destroys and what cannot be reached.
fn tell(ctx: &Context, comparison: &Comparison) {
    for note in &comparison.up.notes {
        ctx.out.say(&display_safe(note));
    }
    for statement in &comparison.up.statements {
        for hazard in statement.hazards.iter().filter(|h| h.severity == Severity::Danger) {
            ctx.out.warn(&display_safe(&hazard.message));
        }
    }
}
