//! `limbeck edit`: a revision in the user's editor.

use std::{path::Path, process::Command};

use super::show;
use crate::{
    cli::{context::Context, error::CliError},
    code::Code,
};

/// Arguments of `edit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which revision: an id or its beginning, head, current, …
    #[arg(value_name = "SPEC", allow_negative_numbers = true)]
    pub(crate) spec: String,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let (history, nodes) = show::find(ctx, &args.spec)?;
    let root = ctx.root()?;
    let paths: Vec<_> = nodes.iter().map(|n| root.join(&history.revision(*n).path)).collect();
    open(ctx, &paths)?;
    Ok(0)
}

/// The editor the user has chosen, with its arguments.
pub(super) fn editor(ctx: &Context) -> Option<&str> {
    ctx.var("VISUAL").or_else(|| ctx.var("EDITOR"))
}

/// Opens files in the editor and waits for it.
pub(super) fn open<P: AsRef<Path>>(ctx: &Context, paths: &[P]) -> Result<(), CliError> {
    let editor = editor(ctx).unwrap_or("vi");
    // The setting is a piece of shell, as git and others have it: `code --wait`, `"my editor" -f`.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg("limbeck-editor")
        .args(paths.iter().map(AsRef::as_ref))
        .status()
        .map_err(|e| CliError::file("cannot run", Path::new(editor), &e))?;
    if status.success() {
        return Ok(());
    }
    let why =
        status.code().map_or_else(|| status.to_string(), |code| format!("exit status {code}"));
    Err(CliError::new(Code::File, format!("the editor `{editor}` failed: {why}"))
        .with_hint("set `VISUAL` or `EDITOR` to the editor you want"))
}
