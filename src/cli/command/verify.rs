//! `limbeck verify`: each revision up, down and up again in a scratch database, without and with rows.

use serde_json::json;

use super::diff::with_bench;
use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, listing, style},
    },
    engine::schema::{self, Rehearsal, Verdict},
    present::safe::display_safe,
};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How far: a revision, a label, head or heads
    #[arg(value_name = "SPEC", default_value = "heads")]
    pub(crate) spec: String,

    /// Compare schemas only; do not try what rows become of
    #[arg(long)]
    pub(crate) no_rows: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let rehearsals = Context::block_on(async {
        with_bench(ctx, &project, async |bench| {
            schema::rehearse(bench, &args.spec, !args.no_rows).await
        })
        .await
    })?;
    let bad = rehearsals.iter().filter(|r| !r.verdict.is_good()).count();
    if args.json {
        Output::json(&json!({ "revisions": rehearsals, "good": bad == 0 }))?;
        return Ok(u8::from(bad > 0));
    }
    let mut text = String::new();
    for rehearsal in &rehearsals {
        line(rehearsal, &mut text);
    }
    ctx.out.data(&text)?;
    let count = listing::count(rehearsals.len(), "revision", "revisions");
    match bad {
        0 => ctx.out.say(&format!("{count} rehearsed, nothing to mend")),
        _ => ctx.out.say(&format!("{count} rehearsed, {bad} to mend")),
    }
    Ok(u8::from(bad > 0))
}

fn line(rehearsal: &Rehearsal, out: &mut String) {
    let id = style::id(&display_safe(&rehearsal.revision));
    let mut with = |glyph: String, words: &str, left: &[String]| {
        out.push_str(&format!("{glyph} {id}  {words}\n"));
        for object in left {
            out.push_str(&format!("      {}\n", display_safe(object)));
        }
    };
    match &rehearsal.verdict {
        Verdict::Reversible => {
            let rows = match rehearsal.tables_with_rows {
                0 => String::new(),
                1 => ", with rows in 1 table".to_owned(),
                n => format!(", with rows in {n} tables"),
            };
            with(style::good("✓"), &format!("up, down and up again{rows}"), &[]);
        }
        Verdict::Irreversible => with(style::dim("·"), "has no way down", &[]),
        Verdict::Entangled => {
            with(style::dim("·"), "is not undone alone: others stand on its parents", &[]);
        }
        Verdict::Lossy { left } => {
            with(style::error("✗"), "its down does not give back what was before:", left);
        }
        Verdict::Unrepeatable { left } => {
            with(style::error("✗"), "its second up makes something else than its first:", left);
        }
        Verdict::Loses { direction, left } => {
            let words = format!("its {direction} loses what it does not say it changes:");
            with(style::error("✗"), &words, left);
        }
        Verdict::Fails { direction, message } => {
            let words = format!("its {direction} fails: {}", display_safe(message));
            with(style::error("✗"), &words, &[]);
        }
    }
    if let Some(note) = &rehearsal.note {
        out.push_str(&format!("      {} {}\n", style::warning("!"), display_safe(note)));
    }
}
