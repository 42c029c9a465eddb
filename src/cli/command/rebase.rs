//! `limbeck rebase`: puts revisions that are not applied yet onto another head.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{
            Output, json as shapes, listing, style,
            table::{Cell, columns},
        },
    },
    code::{Code, Diagnose},
    engine::Start,
    present::safe::display_safe,
    revision::{
        History, RevisionId,
        rebase::{self, Rebase},
    },
};

/// Arguments of `rebase`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Two people branched from one revision: whoever comes second rebases their \
    own revisions onto the other's head, and there is one head again without a merge. Only the \
    Revises line of files changes."
)]
pub(crate) struct Args {
    /// The newest of the revisions to move: an id, LABEL@head, …
    #[arg(value_name = "REVISION")]
    pub(crate) from: String,

    /// What they shall stand on; the other head when there are two
    #[arg(long, value_name = "SPEC")]
    pub(crate) onto: Option<String>,

    /// Do not ask the database whether they are applied
    #[arg(long)]
    pub(crate) offline: bool,

    /// Only say what would change
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let (project, history) = ctx.sound()?;
    let onto = match &args.onto {
        Some(onto) => onto.clone(),
        None => other_head(&history, &args.from)?,
    };
    let rows: Vec<RevisionId> = if args.offline {
        Vec::new()
    } else {
        let asked = Context::block_on(async {
            let engine = ctx.engine(&project, Arc::clone(&history), Start::Never).await?;
            Ok(engine.overview().await?.rows)
        });
        asked.map_err(|error| {
            error.with_hint("`--offline` rebases without asking whether they are applied")
        })?
    };
    let plan = rebase::plan(&history, &rows, &args.from, &onto)?;
    if !args.dry_run {
        rebase::apply(&plan, &project.config.root).map_err(|error| {
            let mut result = CliError::new(Code::File, error.to_string());
            for path in &error.done {
                result = result.with_fact("changed already", path.display().to_string());
            }
            match error.hint() {
                Some(hint) => result.with_hint(hint),
                None => result,
            }
        })?;
    }
    if args.json {
        Output::json(&document(&history, &plan, args.dry_run))?;
    } else {
        tell(ctx, &history, &plan, args.dry_run)?;
    }
    Ok(0)
}

/// The head that `from` is not below, when there are just two.
fn other_head(history: &History, from: &str) -> Result<String, CliError> {
    let graph = history.graph();
    let below = graph.ancestors(&crate::revision::target::resolve(graph, &[], from)?);
    let others: Vec<_> = graph.heads().into_iter().filter(|head| !below[head.index()]).collect();
    match others.as_slice() {
        [one] => Ok(graph.id(*one).to_string()),
        [] => Err(CliError::new(Code::BadTarget, "there is no other head to rebase onto")
            .with_hint("`limbeck heads` lists the heads; `--onto` names another revision")),
        several => {
            let names: Vec<String> = several.iter().map(|n| listing::named(history, *n)).collect();
            Err(CliError::new(Code::MultipleHeads, "there are several other heads to rebase onto")
                .with_fact("heads", names.join("\n"))
                .with_hint("name one with `--onto`"))
        }
    }
}

fn document(history: &History, plan: &Rebase, dry_run: bool) -> Value {
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|change| {
            json!({
                "id": history.graph().id(change.node).as_str(),
                "path": change.path,
                "from": shapes::ids(&change.from),
                "to": shapes::ids(&change.to),
            })
        })
        .collect();
    let moved: Vec<&str> = plan.moved.iter().map(|n| history.graph().id(*n).as_str()).collect();
    json!({ "moved": moved, "changes": changes, "dry_run": dry_run })
}

fn tell(ctx: &Context, history: &History, plan: &Rebase, dry_run: bool) -> Result<(), CliError> {
    let rows: Vec<Vec<Cell>> = plan
        .changes
        .iter()
        .map(|change| {
            let to = change.to.iter().map(RevisionId::as_str).collect::<Vec<_>>().join(", ");
            vec![
                Cell::plain(display_safe(&change.path.display().to_string())),
                Cell::styled("revises", style::dim),
                Cell::styled(&display_safe(&to), style::id),
            ]
        })
        .collect();
    ctx.out.data(&columns(&rows, ""))?;
    let count = listing::count(plan.moved.len(), "revision", "revisions");
    let files = listing::count(plan.changes.len(), "file", "files");
    if plan.changes.is_empty() {
        ctx.out.say("nothing to rebase: they stand there already");
    } else if dry_run {
        ctx.out
            .say(&format!("{} {count} would move, {files} would change", style::bold("dry run:")));
    } else {
        ctx.out.say(&format!("{} {count}, {files} changed", style::good("moved")));
    }
    let heads = history.graph().heads().len();
    if heads > 2 {
        ctx.out.hint("`limbeck heads` lists the heads that are left");
    }
    Ok(())
}
