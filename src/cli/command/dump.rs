//! `limbeck dump`: a schema as ordered, readable DDL.

use std::path::PathBuf;

use serde_json::json;

use super::diff::{locate, prove, refuted, warn, with_bench};
use crate::{
    cli::{context::Context, error::CliError, output::Output},
    code::Code,
    engine::schema::{self, Source, Wishes},
    plan::{Options, Plan},
    schema::Run,
};

/// Arguments of `dump`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to write down: database, models, rev:ID, an SQL file, a folder, a URL
    #[arg(value_name = "SOURCE", default_value = "database")]
    pub(crate) source: String,

    /// Write into this file, which must not exist, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Print the statements as JSON, with the objects that each makes
    #[arg(long, conflicts_with = "output")]
    pub(crate) json: bool,

    /// Do not build it in a scratch database before it is shown
    #[arg(long)]
    pub(crate) no_proof: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let source = Source::parse(&args.source, &ctx.folder()?, &|url| locate(ctx, "SOURCE", url))?;
    let wishes = Wishes { plan: Options { online: false }, ..Wishes::default() };
    let (comparison, proof) = Context::block_on(async {
        with_bench(ctx, &project, async |bench| {
            let mut comparison = schema::compare(bench, &Source::Empty, &source, &wishes).await?;
            let proof = match args.no_proof || comparison.is_equal() {
                true => None,
                false => Some(prove(bench, &mut comparison).await?),
            };
            Ok((comparison, proof))
        })
        .await
    })?;
    if let Some(Err(refutation)) = proof {
        return Err(refuted(ctx, &project, &refutation));
    }
    warn(ctx, &[&comparison.new]);
    if args.json {
        Output::json(&json!({
            "source": comparison.new.label,
            "statements": comparison.up.statements,
            "unmanaged": comparison.new.snapshot.unmanaged,
        }))?;
        return Ok(0);
    }
    let text = text(&comparison.up);
    match &args.output {
        None => Output::raw(&text)?,
        Some(path) => {
            let path = ctx.folder()?.join(path);
            write(&path, &text).map_err(|error| {
                CliError::new(
                    Code::File,
                    format!("`{}` cannot be written: {error}", path.display()),
                )
                .with_hint("name a file that does not exist yet")
            })?;
            ctx.out.say(&format!("wrote {}", path.display()));
        }
    }
    Ok(0)
}

/// Statements as a file of models has them: without transactions, for whoever loads it decides.
fn text(plan: &Plan) -> String {
    debug_assert!(plan.statements.iter().all(|s| s.run != Run::Outside), "nothing exists yet");
    let mut out = String::new();
    for statement in &plan.statements {
        out.push_str(&statement.written());
        out.push_str(";\n\n");
    }
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn write(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}
