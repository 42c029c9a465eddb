//! `limbeck` without a command: what the full-screen interface needs to know of the outside.

use std::io::{self, IsTerminal};

use etcetera::BaseStrategy;

use super::edit;
use crate::{
    cli::{InterfaceStart, args::Global, context::Context, error::CliError},
    engine::{
        Project,
        project::{Begin, Beginning, Newcomer},
    },
    revision::import,
};

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
        reopen: ctx.reopen(),
        newcomer: newcomer(&project),
        begin: begin(ctx, &project),
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

/// What a folder without a project holds; none for a project.
pub(crate) fn newcomer(project: &Project) -> Option<Newcomer> {
    let config = &project.config;
    let root = &config.root;
    let begun = root.join("limbeck.toml").exists() || config.connection.is_some();
    let tool = import::detect(root).map(|(tool, folder)| (tool.name().to_owned(), folder));
    // What stands where limbeck's own files would is its own, unless it is the other tool's.
    let foreign = tool.as_ref().map(|(_, folder)| folder);
    let mut own = config.migrations.iter().chain(&config.models).filter(|path| path.exists());
    let begun = begun || own.any(|path| foreign != Some(path));
    (!begun).then_some(Newcomer { tool })
}

/// How a newcomer's choice is done.
fn begin(ctx: &Context, project: &Project) -> Begin {
    let (project, ctx) = (project.clone(), ctx.with(ctx.global.clone()));
    Begin::new(move |beginning| {
        let done = match beginning {
            Beginning::Make => super::init::lay_out(&project.config.root)
                .map(|_| "a project is here now: limbeck.toml, migrations/, models/".to_owned()),
            Beginning::Import => super::import::import(&project, None, None, false).map(|done| {
                format!(
                    "{} migrations of {} are revisions now",
                    done.revisions.len(),
                    done.tool.name()
                )
            }),
            Beginning::Connect(url) => connect(&ctx, &project, url),
        };
        done.map_err(|error| error.message().to_owned())
    })
}

/// Keeps a database's URL in `.env`, which git does not see, once it can be read as one.
fn connect(ctx: &Context, project: &Project, url: &str) -> Result<String, CliError> {
    let global = Global { database_url: Some(url.to_owned()), ..Global::default() };
    let connection = ctx.with(global).project_quietly()?.config.connection.clone();
    let root = &project.config.root;
    let path = root.join(".env");
    let there = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(CliError::file("cannot read", &path, &error)),
    };
    let gap = if there.is_empty() || there.ends_with('\n') { "" } else { "\n" };
    // In single quotes nothing of a URL has a meaning; one in it is written as URLs write it.
    let text = format!("{there}{gap}DATABASE_URL='{}'\n", url.replace('\'', "%27"));
    private(&path, &text).map_err(|error| CliError::file("cannot write", &path, &error))?;
    super::init::ignore(root)?;
    let target = connection.map_or_else(String::new, |connection| connection.to_string());
    Ok(format!("the database is {target}; .env says so"))
}

/// Writes a file that only its owner reads: it may hold a password.
fn private(path: &std::path::Path, text: &str) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
