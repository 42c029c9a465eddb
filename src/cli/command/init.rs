//! `limbeck init`: lays out a project. Never overwrites, says what it does with each file.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        context::Context,
        error::CliError,
        foreign,
        output::{
            style,
            table::{Cell, columns},
        },
    },
    present::safe::display_safe,
};

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The project's folder; made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Alembic's choice of template; answered with advice.
    #[arg(short, long, hide = true, value_name = "NAME")]
    pub(crate) template: Option<String>,

    /// Alembic's `__init__.py` files; answered with advice.
    #[arg(long, hide = true)]
    pub(crate) package: bool,
}

/// What became of a file.
pub(crate) enum Outcome {
    Made,
    Kept,
    Extended,
}

const SETTINGS: &str = include_str!("init/limbeck.toml");
const ENV_EXAMPLE: &str = include_str!("init/env.example");
const COMPOSE: &str = include_str!("init/docker-compose.yml");
const MAKEFILE: &str = include_str!("init/Makefile");
/// What must never be committed.
const IGNORED: [&str; 2] = ["/.env", "/.limbeck"];

pub(crate) fn run(ctx: &Context, args: &Args) -> Result<u8, CliError> {
    if args.template.is_some() || args.package {
        return Err(foreign::init());
    }
    let here = ctx.folder()?;
    let root = here.join(&args.dir);
    fs::create_dir_all(&root).map_err(|e| CliError::file("cannot make the folder", &root, &e))?;
    let rows: Vec<Vec<Cell>> = lay_out(&root)?
        .into_iter()
        .map(|(name, outcome, note)| {
            let word = match outcome {
                Outcome::Made => Cell::styled("made", style::good),
                Outcome::Kept => Cell::styled("kept", style::dim),
                Outcome::Extended => Cell::styled("extended", style::good),
            };
            vec![word, Cell::plain(name), Cell::styled(note, style::dim)]
        })
        .collect();
    say(ctx, args, &rows);
    Ok(0)
}

type Laid = (&'static str, Outcome, &'static str);

/// Makes what a project needs and does not have.
pub(crate) fn lay_out(root: &Path) -> Result<Vec<Laid>, CliError> {
    let mut rows: Vec<Laid> = Vec::new();
    let mut tell = |name: &'static str, outcome: Outcome, note: &'static str| {
        rows.push((name, outcome, note));
    };
    tell("limbeck.toml", file(root, "limbeck.toml", SETTINGS)?, "settings, all optional");
    tell("migrations/", folder(root, "migrations")?, "one SQL file for each revision");
    tell("models/", folder(root, "models")?, "the schema as you want it, plain DDL");
    tell(".env.example", file(root, ".env.example", ENV_EXAMPLE)?, "copy it to .env");
    tell(".gitignore", ignore(root)?, "keeps .env and .limbeck/ out of git");
    let compose = ["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"];
    match compose.iter().find(|name| root.join(name).exists()) {
        Some(name) => tell(name, Outcome::Kept, "the database as a container, if you like"),
        None => tell(
            compose[0],
            file(root, compose[0], COMPOSE)?,
            "the database as a container, if you like",
        ),
    }
    tell("Makefile", file(root, "Makefile", MAKEFILE)?, "make dbstart, make dbstop");
    Ok(rows)
}

/// Says what was made, and what comes next.
fn say(ctx: &Context, args: &Args, rows: &[Vec<Cell>]) {
    ctx.out.say(&columns(rows, "  "));
    let cd = if args.dir == Path::new(".") {
        String::new()
    } else {
        format!("cd {} && ", display_safe(&args.dir.display().to_string()))
    };
    ctx.out.say("next:");
    for line in [
        "limbeck revision -m \"create account table\" --edit",
        "limbeck db start        # or set DATABASE_URL in .env",
        "limbeck upgrade head",
    ] {
        ctx.out.say(&format!("  {cd}{line}"));
    }
}

/// Makes a file, unless something of that name is there.
fn file(root: &Path, name: &str, text: &str) -> Result<Outcome, CliError> {
    let path = root.join(name);
    match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut file) => file
            .write_all(text.as_bytes())
            .map(|()| Outcome::Made)
            .map_err(|e| CliError::file("cannot write", &path, &e)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Outcome::Kept),
        Err(error) => Err(CliError::file("cannot write", &path, &error)),
    }
}

/// Makes a folder with a file that lets git keep it.
fn folder(root: &Path, name: &str) -> Result<Outcome, CliError> {
    let path = root.join(name);
    if path.exists() {
        return Ok(Outcome::Kept);
    }
    fs::create_dir(&path).map_err(|e| CliError::file("cannot make the folder", &path, &e))?;
    file(&path, ".gitkeep", "")
}

/// Adds the lines that `.gitignore` lacks.
pub(crate) fn ignore(root: &Path) -> Result<Outcome, CliError> {
    let path = root.join(".gitignore");
    let there = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(CliError::file("cannot read", &path, &error)),
    };
    let text = there.as_deref().unwrap_or_default();
    let covered = |wanted: &str| {
        let name = wanted.trim_start_matches('/');
        text.lines().any(|line| line.trim().trim_matches('/') == name)
    };
    let missing: Vec<&str> = IGNORED.iter().copied().filter(|wanted| !covered(wanted)).collect();
    if missing.is_empty() {
        return Ok(Outcome::Kept);
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let added = format!("{gap}{}\n", missing.join("\n"));
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|mut file| file.write_all(added.as_bytes()))
        .map_err(|e| CliError::file("cannot write", &path, &e))?;
    Ok(if there.is_some() { Outcome::Extended } else { Outcome::Made })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(before: Option<&str>) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".gitignore");
        if let Some(text) = before {
            fs::write(&path, text).unwrap();
        }
        ignore(dir.path()).unwrap();
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn gitignore_gets_only_what_it_lacks() {
        assert_eq!(ignored(None), "/.env\n/.limbeck\n");
        assert_eq!(ignored(Some("target")), "target\n/.env\n/.limbeck\n");
        assert_eq!(ignored(Some(".env\n")), ".env\n/.limbeck\n");
        assert_eq!(ignored(Some("/.env\n.limbeck/\n")), "/.env\n.limbeck/\n");
        assert_eq!(ignored(Some(".env.local\n")), ".env.local\n/.env\n/.limbeck\n");
    }

    #[test]
    fn the_settings_are_valid_and_change_nothing() {
        let table: toml::Table = SETTINGS.parse().unwrap();
        assert!(table.values().all(|v| v.as_table().is_some_and(toml::Table::is_empty)), "{table}");
    }
}
