//! `limbeck` without a command: what the full-screen interface needs to know of the outside.

use std::io::{self, IsTerminal};

use etcetera::BaseStrategy;

use super::edit;
use crate::cli::{InterfaceStart, context::Context, error::CliError};

pub(crate) fn prepare(ctx: &Context) -> Result<InterfaceStart, CliError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(CliError::usage("the interface needs a terminal, and there is none here")
            .with_hint("name a command, such as `limbeck status`; `limbeck --help` lists them")
            .with_hint("`limbeck --plain` takes commands line by line"));
    }
    let project = ctx.project()?;
    let folders = etcetera::base_strategy::Xdg::new().ok();
    let no_color = ctx.var("NO_COLOR").is_some()
        && ctx.global.color != crate::cli::args::ColorWhen::Always
        || ctx.global.color == crate::cli::args::ColorWhen::Never;
    let pg_dump = super::diff::pg_dumps(ctx, &project);
    Ok(InterfaceStart {
        pg_dump,
        project,
        // The interface asks the terminal itself, and only where the theme depends on it: the first
        // frame waits for the answer.
        light: None,
        no_color,
        editor: edit::editor(ctx).map(str::to_owned),
        config_dir: folders.as_ref().map(|f| f.config_dir().join("limbeck")),
        state_dir: folders
            .as_ref()
            .map(|f| f.state_dir().unwrap_or_else(|| f.data_dir()).join("limbeck")),
    })
}
