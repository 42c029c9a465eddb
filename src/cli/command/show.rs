//! `limbeck show`: one revision, its place in the history and its SQL.

use std::{fmt::Write, sync::Arc};

use serde_json::json;

use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, drawing, json as shapes, listing, style},
    },
    code::Code,
    engine::Start,
    revision::{Direction, History, Node, RevisionId, target},
};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which revision: an id or its beginning, head, current, a branch label, …
    #[arg(value_name = "SPEC", allow_negative_numbers = true)]
    pub(crate) spec: String,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let (history, nodes) = find(ctx, &args.spec)?;
    if args.json {
        let values: Vec<_> = nodes
            .iter()
            .map(|node| {
                let script = &history.revision(*node).script;
                let mut value = shapes::revision(&history, *node);
                value["up"] = json!(script.readable(Direction::Up));
                value["down"] =
                    json!(script.down.is_some().then(|| script.readable(Direction::Down)));
                value
            })
            .collect();
        Output::json(&json!({ "revisions": values }))?;
        return Ok(0);
    }
    let texts: Vec<String> = nodes.iter().map(|node| page(&history, *node)).collect();
    ctx.out.data(&texts.join("\n"))?;
    Ok(0)
}

/// The revisions that a spec names; the database is asked only where the spec says `current`.
pub(super) fn find(ctx: &Context, spec: &str) -> Result<(Arc<History>, Vec<Node>), CliError> {
    let project = ctx.project()?;
    let history = Arc::new(project.history());
    let symbol = spec.rsplit('@').next().unwrap_or_default();
    let rows: Vec<RevisionId> = if symbol.split(['+', '-']).next() == Some("current") {
        Context::block_on(async {
            let engine = ctx.engine(&project, Arc::clone(&history), Start::Never).await?;
            Ok(engine.overview().await?.rows)
        })?
    } else {
        Vec::new()
    };
    let nodes = target::resolve(history.graph(), &rows, spec)?;
    if nodes.is_empty() {
        return Err(CliError::new(Code::BadTarget, format!("`{spec}` names no revision"))
            .with_hint("`limbeck history` lists the revisions"));
    }
    Ok((history, nodes))
}

fn page(history: &History, node: Node) -> String {
    let script = &history.revision(node).script;
    let mut text = listing::block(history, node, listing::Look::default());
    for (direction, title) in [(Direction::Up, "up"), (Direction::Down, "down")] {
        if script.sections(direction).is_none() {
            continue;
        }
        let sql = script.readable(direction);
        let _ = writeln!(text, "\n{}", style::bold(title));
        if sql.is_empty() {
            let _ = writeln!(text, "  {}", style::dim("nothing to do"));
        }
        text.push_str(&drawing::sql(&sql, "  "));
    }
    text
}
