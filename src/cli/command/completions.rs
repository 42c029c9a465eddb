//! `limbeck completions`: a completion script for a shell.

use crate::cli::{args, error::CliError, output::Output};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Put it where the shell looks, for example:\n  \
    limbeck completions bash > ~/.local/share/bash-completion/completions/limbeck\n  \
    limbeck completions zsh > \"${fpath[1]}/_limbeck\"\n  \
    limbeck completions fish > ~/.config/fish/completions/limbeck.fish")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args) -> Result<u8, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "limbeck", &mut script);
    Output::raw(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
