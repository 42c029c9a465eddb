//! `limbeck branches`: where the history forks, and into what.

use serde_json::json;

use super::with_problems;
use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{
            Output, json as shapes, listing, style,
            table::{Cell, columns},
        },
    },
    revision::Node,
};

/// Arguments of `branches`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let history = ctx.project()?.history();
    let graph = history.graph();
    let points: Vec<Node> = graph.nodes().filter(|n| graph.children(*n).len() > 1).collect();
    if args.json {
        let values: Vec<_> = points
            .iter()
            .map(|node| {
                let mut value = shapes::revision(&history, *node);
                value["into"] = json!(shapes::revisions(&history, graph.children(*node)));
                value
            })
            .collect();
        Output::json(&json!({ "branches": values }))?;
        return with_problems(&history);
    }
    let look = listing::Look { verbose: ctx.out.verbose > 0, ..listing::Look::default() };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut blocks: Vec<String> = Vec::new();
    for node in points.iter().copied() {
        if look.verbose {
            blocks.push(listing::block(&history, node, look));
            continue;
        }
        rows.push(listing::line(&history, node, look));
        let children = graph.children(node);
        for (i, child) in children.iter().enumerate() {
            let branch = if i + 1 == children.len() { "└─ " } else { "├─ " };
            let mut cells = listing::line(&history, *child, look);
            cells[1] = Cell::styled(branch, style::dim).join("", &cells[1]);
            rows.push(cells);
        }
    }
    ctx.out.data(&if look.verbose { blocks.join("\n") } else { columns(&rows, "") })?;
    if points.is_empty() && history.problems().is_empty() {
        ctx.out.say(&style::dim("the history does not fork"));
    }
    with_problems(&history)
}
