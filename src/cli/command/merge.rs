//! `limbeck merge`: a revision that joins several heads.

use super::revision::{Then, create, folder};
use crate::{
    cli::{context::Context, error::CliError},
    code::Code,
    revision::{RevisionId, target, write::NewRevision},
};

/// Arguments of `merge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to join: ids, or heads for all of them
    #[arg(value_name = "REVISION", default_value = "heads")]
    pub(crate) revisions: Vec<String>,

    /// What it is called
    #[arg(short, long, value_name = "MESSAGE")]
    pub(crate) message: Option<String>,

    /// A label for the branch that begins here
    #[arg(long, value_name = "LABEL")]
    pub(crate) branch_label: Vec<String>,

    /// Its id, instead of a random one
    #[arg(long, value_name = "ID")]
    pub(crate) rev_id: Option<String>,

    /// Open it in your editor
    #[arg(long)]
    pub(crate) edit: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(ctx: &Context, args: Args) -> Result<u8, CliError> {
    let (project, history) = ctx.sound()?;
    let graph = history.graph();
    let mut parents: Vec<String> = Vec::new();
    for spec in &args.revisions {
        for node in target::resolve(graph, &[], spec)? {
            let id = graph.id(node).to_string();
            if !parents.contains(&id) {
                parents.push(id);
            }
        }
    }
    if parents.len() < 2 {
        return Err(CliError::new(
            Code::BadTarget,
            "there is nothing to merge: only one revision is named",
        )
        .with_hint("`limbeck heads` lists the heads; a merge joins two or more"));
    }
    let short = |id: &String| graph.find(id).map_or(id.as_str(), |n| graph.short_id(n)).to_owned();
    let message = args.message.unwrap_or_else(|| {
        format!("merge {}", parents.iter().map(short).collect::<Vec<_>>().join(" and "))
    });
    let new = NewRevision {
        message,
        // What Alembic does too: the parents are taken as named, heads or not.
        splice: true,
        heads: parents,
        branch_labels: args.branch_label,
        id: args.rev_id.map(RevisionId::new),
        created: Some(jiff::Timestamp::now()),
        ..NewRevision::default()
    };
    let folder = folder(&project, None)?;
    create(ctx, &project, &history, &folder, &new, Then { edit: args.edit, json: args.json })
}
