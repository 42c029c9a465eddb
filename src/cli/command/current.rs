//! `limbeck current`: where the database is.

use std::sync::Arc;

use serde_json::json;

use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, json as shapes, listing, style},
    },
    engine::{Overview, Start},
    present::safe::display_safe,
    revision::{History, Node, RevisionId, target},
};

/// Arguments of `current`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Exit with 1 unless the database is at all heads
    #[arg(long)]
    pub(crate) check_heads: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let project = ctx.project()?;
    let history = Arc::new(project.history());
    let overview = Context::block_on(async {
        let engine = ctx.engine(&project, Arc::clone(&history), Start::Never).await?;
        Ok(engine.overview().await?)
    })?;
    let (nodes, unknown) = target::current(history.graph(), &overview.rows);
    let at_heads = unknown.is_empty() && at_heads(&history, &overview);
    if args.json {
        let states = &overview.states;
        let mut current = shapes::revisions(&history, &nodes);
        for (value, node) in current.iter_mut().zip(&nodes) {
            value["row"] = json!(states.get(node.index()).is_some_and(|s| s.current));
        }
        Output::json(&json!({
            "current": current,
            "rows": shapes::ids(&overview.rows),
            "unknown": shapes::ids(&unknown),
            "at_heads": at_heads,
            "managed": overview.managed,
            "adoptable": overview.adoptable,
        }))?;
    } else {
        print(ctx, &history, &overview, &nodes, &unknown)?;
        ctx.mention_adoptable(overview.adoptable.as_ref());
    }
    if args.check_heads && !at_heads {
        let heads = history.graph().real_heads().len();
        let text =
            format!("the database is not at {}", if heads == 1 { "head" } else { "all heads" });
        ctx.out.always(&format!("{} {text}", style::warning("check:")));
        ctx.out.hint("`limbeck upgrade heads` runs what is pending");
        return Ok(1);
    }
    Ok(0)
}

/// Whether everything that the heads stand on is applied.
fn at_heads(history: &History, overview: &Overview) -> bool {
    let applied = |node: &Node| overview.states.get(node.index()).is_some_and(|s| s.applied);
    history.graph().heads().iter().all(applied)
}

fn print(
    ctx: &Context,
    history: &History,
    overview: &Overview,
    nodes: &[Node],
    unknown: &[RevisionId],
) -> Result<(), CliError> {
    let look = listing::Look {
        states: (ctx.out.verbose > 0).then_some(&overview.states[..]),
        verbose: ctx.out.verbose > 0,
        no_heads: false,
    };
    ctx.out.data(&listing::revisions(history, nodes, look))?;
    for id in unknown {
        let orphan = overview.orphans.iter().find(|orphan| orphan.id == *id);
        let message = orphan.and_then(|o| o.message.as_deref()).unwrap_or_default();
        let line = format!(
            "{}  {}  {}\n",
            style::id(&display_safe(id.as_str())),
            display_safe(message),
            style::warning("(in no file here)")
        );
        ctx.out.data(&line.replace("    ", "  "))?;
    }
    if nodes.is_empty() && unknown.is_empty() {
        ctx.out.say(&style::dim("no revision is applied"));
    }
    Ok(())
}
