//! `limbeck revision`: a new revision file with its header and markers.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{autogenerate, edit};
use crate::{
    cli::{
        context::Context,
        error::CliError,
        output::{Output, json as shapes, listing, style},
    },
    engine::Project,
    present::safe::display_safe,
    revision::{
        History, RevisionId,
        write::{self, NewRevision},
    },
};

/// Arguments of `revision`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Args {
    /// What it does; becomes the first line of the file and part of its name
    #[arg(short, long, value_name = "MESSAGE")]
    pub(crate) message: Option<String>,

    /// What it revises: an id, head, LABEL@head or base
    #[arg(long, allow_negative_numbers = true, value_name = "SPEC")]
    pub(crate) head: Option<String>,

    /// Allow it to revise something that is not a head: a new branch
    #[arg(long)]
    pub(crate) splice: bool,

    /// A label for the branch that begins here
    #[arg(long, value_name = "LABEL")]
    pub(crate) branch_label: Vec<String>,

    /// A revision or label that must be applied before
    #[arg(long, value_name = "SPEC")]
    pub(crate) depends_on: Vec<String>,

    /// Its id, instead of a random one
    #[arg(long, value_name = "ID")]
    pub(crate) rev_id: Option<String>,

    /// The folder to write into, one of those in limbeck.toml
    #[arg(long, value_name = "DIR")]
    pub(crate) version_path: Option<PathBuf>,

    /// Open it in your editor
    #[arg(long)]
    pub(crate) edit: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Write its SQL, up and down, from the difference between the database and the models
    #[arg(long)]
    pub(crate) autogenerate: bool,

    #[command(flatten)]
    pub(crate) generate: autogenerate::Args,

    /// Alembic's script mode; answered with advice.
    #[arg(long, hide = true)]
    pub(crate) sql: bool,
}

pub(crate) fn run(ctx: &Context, args: Args) -> Result<u8, CliError> {
    if args.sql {
        return Err(CliError::usage(
            "`revision --sql` has no meaning here: revisions are SQL files",
        )
        .with_hint("`limbeck diff --sql` prints what `--autogenerate` would write"));
    }
    let Some(message) = args.message.filter(|message| !message.trim().is_empty()) else {
        return Err(CliError::usage("a revision needs a message")
            .with_hint("`limbeck revision -m \"create account table\"`"));
    };
    let (project, history) = ctx.sound()?;
    let mut new = NewRevision {
        message,
        heads: args.head.into_iter().collect(),
        splice: args.splice,
        branch_labels: args.branch_label,
        depends_on: args.depends_on,
        id: args.rev_id.map(RevisionId::new),
        created: Some(jiff::Timestamp::now()),
        ..NewRevision::default()
    };
    let folder = folder(&project, args.version_path.as_deref())?;
    if args.autogenerate {
        // What cannot be placed is not generated.
        write::place(history.graph(), &[], &new.heads, new.splice, &new.depends_on)
            .map_err(write::WriteError::from)?;
        let Some(bodies) = autogenerate::bodies(ctx, &project, &args.generate)? else {
            return Ok(0);
        };
        (new.up, new.down) = bodies;
    }
    create(ctx, &project, &history, &folder, &new, Then { edit: args.edit, json: args.json })
}

/// What happens to a file once it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Then {
    /// Opened in the editor.
    pub(super) edit: bool,
    /// Described as JSON.
    pub(super) json: bool,
}

/// The folder that new revisions go to.
pub(super) fn folder(project: &Project, wanted: Option<&Path>) -> Result<PathBuf, CliError> {
    let folders = &project.config.migrations;
    let Some(wanted) = wanted else {
        return folders.first().cloned().ok_or_else(|| {
            CliError::new(crate::code::Code::Settings, "there is no folder for revisions")
                .with_hint("name one in limbeck.toml: `migrations = [\"migrations\"]`")
        });
    };
    let wanted = project.config.root.join(wanted);
    let same = |folder: &&PathBuf| wanted.starts_with(folder);
    match folders.iter().find(same) {
        Some(_) => Ok(wanted),
        None => {
            Err(CliError::usage(format!("`{}` is not a folder of revisions", wanted.display()))
                .with_hint("add it to `migrations` in limbeck.toml"))
        }
    }
}

/// Writes the file, prints its path as data and says in words what it revises.
pub(super) fn create(
    ctx: &Context,
    project: &Project,
    history: &History,
    folder: &Path,
    new: &NewRevision,
    then: Then,
) -> Result<u8, CliError> {
    let path = write::write(folder, history, &[], new, &project.config.file_template)?;
    let here = ctx.folder()?;
    let shown = path.strip_prefix(&here).unwrap_or(&path);
    let after = project.history();
    let written = after.graph().nodes().find(|node| {
        let known = &after.revision(*node).path;
        project.config.root.join(known) == path
    });
    if then.json {
        let value =
            written.map_or_else(|| json!({ "path": shown }), |n| shapes::revision(&after, n));
        Output::json(&json!({ "revision": value }))?;
    } else {
        Output::raw(&format!("{}\n", shown.display()))?;
    }
    if let Some(node) = written {
        let parents: Vec<String> =
            after.graph().parents(node).iter().map(|p| listing::named(&after, *p)).collect();
        let revises = match parents.as_slice() {
            [] => "is a base".to_owned(),
            parents => format!("revises {}", parents.join(" and ")),
        };
        let id = style::id(&display_safe(after.revision(node).id.as_str()));
        ctx.out.say(&format!("revision {id} {revises}"));
    }
    if then.edit {
        edit::open(ctx, &[&path])?;
    }
    Ok(0)
}
