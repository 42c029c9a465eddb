//! Words that people bring along from Alembic and other tools, and what to use here instead.

use super::{args::Cli, error::CliError};

/// Answers Alembic's global options that have no meaning here.
pub(crate) fn global(cli: &Cli) -> Option<CliError> {
    if let Some(file) = &cli.alembic_config {
        let dir = file.parent().filter(|p| !p.as_os_str().is_empty());
        let dir = dir.map_or_else(|| ".".to_owned(), |p| p.display().to_string());
        return Some(
            CliError::usage("`-c` names Alembic's configuration file, which is not read here")
                .with_hint(format!("name the project's folder: `limbeck -C {dir} …`")),
        );
    }
    if cli.alembic_name.is_some() {
        return Some(
            CliError::usage("`-n` names a section of `alembic.ini`, which is not read here")
                .with_hint(
                    "write a `[profile.NAME]` table in limbeck.toml and use `--profile NAME`",
                ),
        );
    }
    cli.alembic_raiseerr.then(|| {
        CliError::usage("`--raiseerr` shows Python's tracebacks, and there are none here")
            .with_hint("errors always say all they know; `-v` shows each statement")
    })
}

/// What to use instead of a command that does not exist.
pub(crate) fn command(word: &str) -> Option<&'static str> {
    Some(match word {
        "up" | "migrate" | "apply" | "deploy" | "update" => "run `limbeck upgrade head`",
        "down" | "rollback" | "revert" | "undo" => "run `limbeck downgrade -1`",
        "new" | "create" | "generate" | "add" => {
            "run `limbeck revision -m MESSAGE`, then write the SQL into the file"
        }
        "log" | "list" => "run `limbeck history`",
        "info" => "run `limbeck status`",
        "tui" | "ui" => "run `limbeck` without a command",
        "start" | "dbstart" => "run `limbeck db start`",
        "stop" | "dbstop" => "run `limbeck db stop`",
        "psql" | "shell" => "run `limbeck db psql`",
        "reset" => "run `limbeck db reset`",
        "help" => "run `limbeck --help`, or `limbeck COMMAND --help`",
        "version" => "run `limbeck --version`",
        "ensure_version" => {
            "not needed: the first `limbeck upgrade` or `limbeck stamp` makes the version table"
        }
        "list_templates" => "not needed: `limbeck init` lays out the one kind of project there is",
        "autogenerate" => "run `limbeck revision --autogenerate -m MESSAGE`",
        _ => return None,
    })
}

/// Answers `--tag`, which Alembic hands to `env.py`.
pub(crate) fn tag(tag: Option<&String>) -> Result<(), CliError> {
    match tag {
        None => Ok(()),
        Some(_) => {
            Err(CliError::usage("`--tag` is for Alembic's `env.py`, and there is none here")
                .with_hint("hand values over with `-x KEY=VALUE`"))
        }
    }
}

/// Answers Alembic's options of `init`.
pub(crate) fn init() -> CliError {
    CliError::usage("there are no templates to choose from: one kind of project fits all")
        .with_hint("`limbeck init [DIR]` lays it out")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn no_advice_for_commands_that_exist() {
        for known in super::super::args::command().get_subcommands() {
            assert_eq!(command(known.get_name()), None, "{}", known.get_name());
        }
    }

    #[test]
    fn alembic_options_are_answered() {
        for words in [&["-c", "a.ini"][..], &["-n", "prod"], &["--raiseerr"]] {
            let cli = Cli::try_parse_from(["limbeck"].iter().chain(words).chain(&["heads"]));
            let error = global(&cli.unwrap()).unwrap();
            assert_eq!(error.status(), 2, "{words:?}");
            assert!(error.render().contains("hint:"), "{words:?}");
        }
    }
}
