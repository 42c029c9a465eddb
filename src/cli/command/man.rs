//! `limbeck man`: the manual pages, made from the same grammar as the help.

use std::{fs, io, path::PathBuf};

use crate::cli::{args, context::Context, error::CliError, output::Output};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Read it with: limbeck man | man -l -")]
pub(crate) struct Args {
    /// Write a page for the program and for each command into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    let mut command = args::command();
    let Some(out) = &args.out else {
        let page = render(&command).map_err(|e| CliError::stdout(&e))?;
        Output::raw(&String::from_utf8_lossy(&page))?;
        return Ok(0);
    };
    fs::create_dir_all(out).map_err(|e| CliError::file("cannot make the folder", out, &e))?;
    // Gives every subcommand its full name ("limbeck-db-start") and the global options.
    command.build();
    let mut pages = 0;
    let mut waiting = vec![command];
    while let Some(command) = waiting.pop() {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        let path = out.join(format!("{name}.1"));
        let page = render(&command).map_err(|e| CliError::file("cannot write", &path, &e))?;
        fs::write(&path, page).map_err(|e| CliError::file("cannot write", &path, &e))?;
        pages += 1;
        waiting.extend(command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned());
    }
    ctx.out.say(&format!("{pages} pages in {}", out.display()));
    Ok(0)
}

fn render(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
