//! `limbeck revision --autogenerate`: the SQL of a new revision from the difference between the
//! database and the models, proved before it is written.

use super::diff::{locate, prove, refuted, renames, warn, with_bench};
use crate::{
    cli::{confirm, context::Context, error::CliError, rules},
    code::Code,
    engine::{
        self, Project,
        schema::{self, Bench, Comparison, Source, Way, Wishes},
    },
    hazard::{Hazard, rule},
    plan::{Options, Severity, Statement},
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

    /// Accept what a rule finds, and say so in the file: drop-column, or drop-column="moved to billing"
    #[arg(long, value_name = "RULE[=WHY]", requires = "autogenerate")]
    pub(crate) allow: Vec<String>,
}

/// The bodies of the new revision, up and down; none when there is no difference, which is said.
pub(super) fn bodies(
    ctx: &Context,
    project: &Project,
    args: &Args,
) -> Result<Option<(String, String)>, CliError> {
    let mut allowed = allowed(&args.allow)?;
    let from = Source::parse(&args.from, &ctx.folder()?, &|url| locate(ctx, "--from", url))?;
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
    warn(ctx, &[&comparison.old, &comparison.new]);
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
    ask(ctx, &comparison, &mut allowed);
    let accepted = |_: &Statement, hazard: &Hazard| {
        let given = allowed.iter().find(|(name, _)| rule::means(name, hazard.rule));
        given.map(|(_, reason)| reason.clone())
    };
    let up = schema::body(&comparison.up, Way::Up, &accepted);
    Ok(Some((up, schema::body(&comparison.down, Way::Down, &|_, _| None))))
}

/// Rules with the reasons that the command line gives.
fn allowed(given: &[String]) -> Result<Vec<(String, String)>, CliError> {
    let pairs: Vec<(String, String)> = given
        .iter()
        .map(|text| {
            let (name, reason) = text.split_once('=').unwrap_or((text, ""));
            (name.trim().to_owned(), reason.trim().to_owned())
        })
        .collect();
    let names: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
    rules::known(&names)?;
    Ok(pairs)
}

/// Asks, on a terminal, why data may be lost; the answer goes into the file. Without an answer the
/// file is written without it, and protected databases refuse it until somebody writes it there.
fn ask(ctx: &Context, comparison: &Comparison, allowed: &mut Vec<(String, String)>) {
    let mut open: Vec<&Hazard> = Vec::new();
    for hazard in comparison.up.statements.iter().flat_map(|s| &s.hazards) {
        let known = allowed.iter().any(|(name, _)| rule::means(name, hazard.rule));
        if hazard.loses() && !known && open.iter().all(|one| one.rule != hazard.rule) {
            open.push(hazard);
        }
    }
    for hazard in open {
        let rule = hazard.rule;
        let question = format!("{rule}: why may this be lost? (Enter leaves it open)");
        match confirm::text(ctx, &question) {
            Some(reason) if !reason.is_empty() => allowed.push((rule.to_owned(), reason)),
            _ => ctx.out.hint(&format!(
                "staging and production refuse it until the file says \
                 `-- limbeck: allow {rule} \"why\"`; `--allow {rule}=\"why\"` writes that"
            )),
        }
    }
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
