//! `limbeck doctor`: what was left behind in the database, and what mends it; reads only.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    cli::{
        args::duration,
        context::Context,
        error::CliError,
        output::{Output, listing, style},
    },
    engine::{
        Start,
        doctor::{Finding, Remedy},
    },
    present::safe::display_safe,
};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Looks for revisions that are half done, failed, edited, missing or skipped, invalid \
    indexes, constraints that are not valid, partitions half detached, sessions that sit on locks, and \
    scratch databases. Changes nothing; exits with 1 when it finds something."
)]
pub(crate) struct Args {
    /// How long a session must have done nothing inside a transaction to be listed
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1min")]
    pub(crate) idle: Duration,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let history = Arc::new(project.history());
    let found = Context::block_on(async {
        let engine = ctx.engine(&project, Arc::clone(&history), Start::Never).await?;
        Ok(engine.doctor(args.idle).await?)
    })?;
    if args.json {
        let findings: Vec<_> = found.iter().map(document).collect();
        Output::json(&json!({ "clean": found.is_empty(), "findings": findings }))?;
    } else if found.is_empty() {
        ctx.out.say(&format!("{} nothing was left behind", style::good("✓")));
    } else {
        ctx.out.data(&found.iter().map(page).collect::<Vec<_>>().join("\n"))?;
        ctx.out.say(&format!("\n{}", listing::count(found.len(), "finding", "findings")));
        if found.iter().any(|finding| matches!(finding.mend, Remedy::Sql(_))) {
            ctx.out.hint("`limbeck db psql` opens psql on this database");
        }
    }
    match super::with_problems(&history)? {
        0 => Ok(u8::from(!found.is_empty())),
        status => Ok(status),
    }
}

fn document(finding: &Finding) -> serde_json::Value {
    let remedy = |remedy: &Remedy| match remedy {
        Remedy::Sql(sql) => json!({ "sql": sql }),
        Remedy::Command(command) => json!({ "command": command }),
    };
    json!({
        "kind": finding.kind.as_str(),
        "object": finding.object,
        "what": finding.what,
        "mend": remedy(&finding.mend),
        "otherwise": finding.otherwise.as_ref().map(remedy),
    })
}

/// What it is, and below it what mends it.
fn page(finding: &Finding) -> String {
    let safe = |text: &str| display_safe(text).into_owned();
    let kind = finding.kind.as_str().replace('_', " ");
    let mut text = format!(
        "{} {}: {}\n    {}\n",
        style::warning(&kind),
        style::bold(&safe(&finding.object)),
        safe(&finding.what),
        safe(finding.mend.text())
    );
    if let Some(otherwise) = &finding.otherwise {
        text.push_str(&format!("    {} {}\n", style::dim("or"), safe(otherwise.text())));
    }
    text
}
