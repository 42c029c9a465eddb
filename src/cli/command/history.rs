//! `limbeck history`: revisions, newest first, as a list or as a graph.

use std::sync::Arc;

use serde_json::json;

use super::with_problems;
use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, drawing, json as shapes, listing, style},
    },
    engine::{Overview, Project, Start},
    revision::{History, target},
};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this range: A:B, A:, :B, -3:current, LABEL@base:
    #[arg(short = 'r', long = "rev-range", allow_hyphen_values = true, value_name = "A:B")]
    pub(crate) range: Option<String>,

    /// Ask the database which revisions are applied and current
    #[arg(short, long)]
    pub(crate) indicate_current: bool,

    /// Draw the lines between revisions
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) graph: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let history = Arc::new(project.history());
    let relative = args.range.as_deref().is_some_and(names_current);
    let overview = if args.indicate_current || relative {
        Some(overview(ctx, &project, &history)?)
    } else {
        None
    };
    let rows = overview.as_ref().map_or(&[][..], |o| &o.rows);
    let nodes = target::history(history.graph(), rows, args.range.as_deref())?;
    let states = overview.as_ref().map(|o| &o.states[..]);
    if args.json {
        let mut values = shapes::revisions(&history, &nodes);
        if let Some(states) = states {
            for (value, node) in values.iter_mut().zip(&nodes) {
                let state = states.get(node.index());
                value["applied"] = json!(state.is_some_and(|s| s.applied));
                value["current"] = json!(state.is_some_and(|s| s.current));
            }
        }
        Output::json(&json!({ "history": values }))?;
        return with_problems(&history);
    }
    let verbose = ctx.out.verbose > 0;
    let look = listing::Look { states, verbose, no_heads: false };
    let text = if args.graph && !verbose {
        drawing::graph(&history, &nodes, look, project.config.tui.ascii)
    } else {
        listing::revisions(&history, &nodes, look)
    };
    ctx.out.data(&text)?;
    if nodes.is_empty() && history.problems().is_empty() {
        ctx.out.say(&style::dim("there are no revisions here"));
    }
    with_problems(&history)
}

/// Whether a range speaks of the database.
fn names_current(range: &str) -> bool {
    range.split(':').any(|part| {
        let symbol = part.rsplit('@').next().unwrap_or_default();
        symbol.split(['+', '-']).next() == Some("current")
    })
}

fn overview(
    ctx: &Context,
    project: &Project,
    history: &Arc<History>,
) -> Result<Overview, CliError> {
    Context::block_on(async {
        let engine = ctx.engine(project, Arc::clone(history), Start::Never).await?;
        Ok(engine.overview().await?)
    })
}

#[cfg(test)]
mod tests {
    use super::names_current;

    #[test]
    fn ranges_that_need_the_database() {
        for range in ["current:", ":current", "-3:current", "current-2:head", "shop@current:"] {
            assert!(names_current(range), "{range}");
        }
        for range in ["base:head", "-3:", "currents:head", ":"] {
            assert!(!names_current(range), "{range}");
        }
    }
}
