//! The command line: arguments, commands, output for people and as JSON, errors in words.
//!
//! [`run`] is the whole program apart from the full-screen interface, which it only prepares:
//! neither interface knows the other. Nothing below this layer prints, reads the environment or
//! chooses an exit status.

pub(crate) mod args;
mod command;
mod confirm;
mod context;
mod error;
mod foreign;
mod guest;
mod output;
mod progress;
mod rules;
mod signals;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
};

use clap::{
    FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};

use self::{args::Cli, context::Context, error::CliError, output::Output};
use crate::engine::Project;

/// What `main` does next.
#[derive(Debug)]
pub enum Next {
    /// Ends with this status.
    Exit(u8),
    /// Opens the interface.
    Interface(Box<InterfaceStart>),
}

/// What the interface needs to know of the outside.
#[derive(Debug)]
pub struct InterfaceStart {
    /// The project.
    pub project: Project,
    /// Opens it again with another profile.
    pub reopen: crate::engine::project::Reopen,
    /// The folder holds no project; what else it holds.
    pub newcomer: Option<crate::engine::project::Newcomer>,
    /// Does what a newcomer chooses.
    pub begin: crate::engine::project::Begin,
    /// Light or dark as the terminal told, none when it did not.
    pub light: Option<bool>,
    /// Colours are unwanted.
    pub no_color: bool,
    /// `$VISUAL` or `$EDITOR`.
    pub editor: Option<String>,
    /// Programs called `pg_dump` that proofs may use, best first.
    pub pg_dump: Vec<std::path::PathBuf>,
    /// Folder of the user's themes and keys.
    pub config_dir: Option<PathBuf>,
    /// Folder of kept state.
    pub state_dir: Option<PathBuf>,
}

/// Parses the process's arguments and does what they say.
pub fn run() -> Next {
    own_up_to_panics();
    let words: Vec<OsString> = std::env::args_os().collect();
    let cli = match parse(&words) {
        Ok(cli) => cli,
        Err(status) => return Next::Exit(status),
    };
    let context = Context::gather(cli.global.clone());
    let json = cli.command.as_ref().is_some_and(command::wants_json);
    let outcome = match foreign::global(&cli) {
        Some(error) => Err(error),
        None => dispatch(&context, cli),
    };
    match outcome {
        Ok(next) => next,
        Err(error) => Next::Exit(report(context.out, &error, json)),
    }
}

fn dispatch(context: &Context, cli: Cli) -> Result<Next, CliError> {
    match cli.command {
        Some(command) if !cli.plain => command::run(context, command).map(Next::Exit),
        Some(_) => Err(CliError::usage("`--plain` is the interface as lines and takes no command")
            .with_hint("leave `--plain` out: commands print plain lines anyway")),
        None if cli.plain => command::plain::run(context).map(Next::Exit),
        None => command::interface::prepare(context).map(|s| Next::Interface(Box::new(s))),
    }
}

/// A panic is a bug; whoever meets one shall not have to guess that.
fn own_up_to_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        let text = "this is a bug in limbeck, please report it; the database is as the last \
                    committed revision left it";
        drop(writeln!(io::stderr(), "{text}"));
    }));
}

/// Prints an error and returns the exit status it leads to.
fn report(out: Output, error: &CliError, json: bool) -> u8 {
    if !error.is_quiet() {
        if json && !error.is_told() {
            // The document is for programs; whether it arrives changes nothing about the failure.
            drop(Output::json(&error.json()));
        }
        out.always(&error.render());
    }
    error.status()
}

/// Reports a failure of the machinery around the interface; returns the exit status.
pub fn fail_io(what: &str, error: &io::Error) -> u8 {
    let context = Context::gather(args::Global::default());
    let error = CliError::new(crate::code::Code::File, format!("{what}: {}", error::reason(error)));
    report(context.out, &error, false)
}

/// Parses arguments; help, version and mistakes are printed here and become a status.
fn parse(words: &[OsString]) -> Result<Cli, u8> {
    let colour = colour_wish(words);
    let out = Context::gather(args::Global { color: colour, ..args::Global::default() }).out;
    let parsed = args::command()
        .color(clap::ColorChoice::Always)
        .try_get_matches_from(words)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let help = error.render().ansi().to_string();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                out.data(&help).map_or_else(|e| report(out, &e, false), |()| 0)
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                out.always(help.trim_end());
                2
            }
            _ => report(out, &usage(&error, words), words.iter().any(|w| w == "--json")),
        }
    })
}

/// The `--color` of a command line that may not be parsable.
fn colour_wish(words: &[OsString]) -> args::ColorWhen {
    let texts: Vec<&str> = words.iter().filter_map(|w| w.to_str()).collect();
    let spaced = texts.windows(2).rev().find(|w| w[0] == "--color").map(|w| w[1]);
    let value = texts.iter().rev().find_map(|w| w.strip_prefix("--color=")).or(spaced);
    match value {
        Some("always") => args::ColorWhen::Always,
        Some("never") => args::ColorWhen::Never,
        _ => args::ColorWhen::Auto,
    }
}

/// Puts clap's findings into our form: one sentence, the usage line, hints.
fn usage(error: &clap::Error, words: &[OsString]) -> CliError {
    let text = error.render().to_string();
    let mut blocks = text.split("\n\n");
    let first = blocks.next().unwrap_or_default();
    let sentence = first.strip_prefix("error: ").unwrap_or(first).trim_end();
    let mut result = CliError::usage(match missing(error) {
        Some(missing) => format!("{missing} is missing"),
        None => backticks(sentence),
    });
    for line in text.lines() {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            result = result.with_fact("usage", usage);
        }
        if let Some(tip) = line.trim_start().strip_prefix("tip: ") {
            result = result.with_hint(backticks(tip));
        }
    }
    if let Some(hint) = advice(error, words) {
        result = result.with_hint(hint);
    }
    result
}

/// The arguments that are missing, when that is the mistake.
fn missing(error: &clap::Error) -> Option<String> {
    let ErrorKind::MissingRequiredArgument = error.kind() else { return None };
    let Some(ContextValue::Strings(names)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    Some(names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

/// What to do instead, where the mistake tells what was meant.
fn advice(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let names = |name: &str| words.iter().any(|w| w == name);
    match error.kind() {
        ErrorKind::InvalidSubcommand => match error.get(ContextKind::InvalidSubcommand) {
            Some(ContextValue::String(word)) => foreign::command(word).map(str::to_owned),
            _ => None,
        },
        ErrorKind::MissingRequiredArgument if names("upgrade") => {
            Some("say how far: `limbeck upgrade head` runs everything that is pending".to_owned())
        }
        ErrorKind::MissingRequiredArgument if names("downgrade") => {
            Some("say how far: `limbeck downgrade -1` undoes the last revision".to_owned())
        }
        ErrorKind::MissingRequiredArgument if names("stamp") => {
            Some("name a revision: `limbeck stamp head` records all as applied".to_owned())
        }
        _ => None,
    }
}

/// Turns clap's 'quotes' into backticks.
fn backticks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open = false;
    let mut previous = ' ';
    for c in text.chars() {
        if c == '\'' && (open || !previous.is_alphanumeric()) {
            open = !open;
            out.push('`');
        } else {
            out.push(c);
        }
        previous = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(words: &[&str]) -> String {
        let words: Vec<OsString> = ["limbeck"].iter().chain(words).map(OsString::from).collect();
        let error = args::command().try_get_matches_from(&words).unwrap_err();
        anstream::adapter::strip_str(&usage(&error, &words).render()).to_string()
    }

    #[test]
    fn mistakes_are_one_sentence_and_a_way_out() {
        assert_eq!(
            mistake(&["heads", "--jsn"]),
            "error[USAGE]: unexpected argument `--jsn` found\n\
             usage: limbeck heads --json\n\
             hint: a similar argument exists: `--json`"
        );
        assert!(mistake(&["upgrade"]).contains("hint: say how far: `limbeck upgrade head`"));
        assert!(mistake(&["upgrade"]).starts_with("error[USAGE]: `<SPEC>` is missing\n"));
        assert!(mistake(&["autogenerate"]).contains("`limbeck revision --autogenerate"));
        assert!(mistake(&["up"]).contains("hint: run `limbeck upgrade head`"));
        assert!(mistake(&["upgrad"]).contains("`upgrade`"));
        assert!(mistake(&["upgrade", "head", "--lock-timeout", "soon"]).contains("`500ms`"));
    }

    #[test]
    fn quotes_become_backticks_but_apostrophes_stay() {
        assert_eq!(backticks("it's 'a b' and 'c'"), "it's `a b` and `c`");
    }

    #[test]
    fn the_colour_wish_is_found_without_parsing() {
        let wish =
            |words: &[&str]| colour_wish(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(wish(&["limbeck", "--color", "never", "--nonsense"]), args::ColorWhen::Never);
        assert_eq!(wish(&["limbeck", "--color=always"]), args::ColorWhen::Always);
        assert_eq!(wish(&["limbeck", "--color"]), args::ColorWhen::Auto);
    }
}
