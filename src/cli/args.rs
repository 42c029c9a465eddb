//! The grammar of the command line: global options and the list of commands.
//!
//! Each command's own arguments stand in its file under [`super::command`]; this file is the one
//! visible list. Names and argument forms are Alembic's where Alembic has them.

use std::{path::PathBuf, time::Duration};

use clap::{
    Args, CommandFactory, Parser, Subcommand, ValueEnum,
    builder::styling::{AnsiColor, Styles},
};

use super::command;

/// The styles of help pages: calm, legible without colour.
const STYLES: Styles = Styles::styled()
    .header(anstyle::Style::new().bold())
    .usage(anstyle::Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(anstyle::Style::new().dimmed())
    .error(AnsiColor::Red.on_default().bold())
    .valid(AnsiColor::Cyan.on_default())
    .invalid(AnsiColor::Yellow.on_default());

/// See, run and undo PostgreSQL migrations
#[derive(Debug, Parser)]
#[command(
    name = "limbeck",
    version,
    styles = STYLES,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Without a command, opens the interface.\n\
                  A project is a folder with migrations/ and, if it likes, limbeck.toml, models/ \
                  and .env. Without -C it is the nearest folder upwards with a limbeck.toml, else \
                  this one.\n\n\
                  Settings, weakest first: built in, limbeck.toml, .env, environment, options.\n\
                  Exit status: 0 done, 1 a check found something, 2 wrong usage, 3 to 11 by error \
                  class, 130 interrupted and rolled back."
)]
pub(crate) struct Cli {
    /// Line mode instead of the full-screen interface: type commands, read plain lines
    #[arg(long)]
    pub(crate) plain: bool,

    /// Options that every command takes.
    #[command(flatten)]
    pub(crate) global: Global,

    /// Alembic's configuration file; answered with advice.
    #[arg(short = 'c', long = "config", hide = true, value_name = "FILE")]
    pub(crate) alembic_config: Option<PathBuf>,

    /// Alembic's ini section; answered with advice.
    #[arg(short = 'n', long = "name", hide = true, value_name = "SECTION")]
    pub(crate) alembic_name: Option<String>,

    /// Alembic's switch for tracebacks; answered with advice.
    #[arg(long = "raiseerr", hide = true)]
    pub(crate) alembic_raiseerr: bool,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The project folder
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// The database: postgresql://user@host:port/name (a password belongs in .env or ~/.pgpass)
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,

    /// Where a command's own option or argument named the database: that one
    #[arg(skip)]
    pub(crate) url_option: Option<&'static str>,

    /// Make scratch databases beside this database, on another server of the same version
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) scratch_url: Option<String>,

    /// The profile of limbeck.toml to use
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// A value for the project; accepted as Alembic does, no file of limbeck's asks for one
    #[arg(short = 'x', global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) extra: Vec<(String, String)>,

    /// Say nothing but errors and what was asked for
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: ColorWhen,

    /// Do not ask; answer yes
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    // On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    // Always.
    Always,
    // Never.
    Never,
}

/// The commands, in the order help shows them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lay out a project: settings, folders, .env.example, compose file, Makefile
    Init(command::init::Args),
    /// Take over the migrations of another tool: dbmate, sqlx, diesel, goose, golang-migrate
    Import(command::import::Args),
    /// Show where the database stands: server, revisions applied and pending, problems
    Status(command::status::Args),
    /// Write a new, empty revision file
    Revision(command::revision::Args),
    /// Write a revision that joins several heads
    Merge(command::merge::Args),
    /// Put revisions that are not applied yet onto another head
    Rebase(command::rebase::Args),
    /// Run revisions up to a target
    Upgrade(command::upgrade::Args),
    /// Undo revisions down to a target
    Downgrade(command::downgrade::Args),
    /// Record a target as applied without running anything
    Stamp(command::stamp::Args),
    /// Say of an interrupted statement whose outcome is not known whether it took effect
    Resolve(command::resolve::Args),
    /// List what was left behind in the database, and what mends it
    Doctor(command::doctor::Args),
    /// Wait until somebody else has brought the database to a target
    Wait(command::wait::Args),
    /// Show the revisions that the database is at
    Current(command::current::Args),
    /// List revisions, newest first
    History(command::history::Args),
    /// List the newest revision of each branch
    Heads(command::heads::Args),
    /// List the revisions at which the history forks
    Branches(command::branches::Args),
    /// Show one revision and its SQL
    Show(command::show::Args),
    /// Compare two schemas: models, database, revisions, SQL files, URLs
    Diff(command::diff::Args),

    /// Tell whether models, revisions and database agree
    Check(command::check::Args),

    /// Run each revision up, down and up in a scratch database, and compare
    Verify(command::verify::Args),

    /// Look for locks, rewrites, lost data and mistakes in revisions before they run
    Lint(command::lint::Args),

    /// Print a schema as ordered, readable DDL
    Dump(command::dump::Args),
    /// Open a revision in your editor
    Edit(command::edit::Args),
    /// Start, stop and look at the project's database server
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Db(command::db::Args),
    /// Print a completion script for a shell
    Completions(command::completions::Args),
    /// Print the manual page
    Man(command::man::Args),
}

/// The clap command: for parsing, help, completions, manual pages and the documentation test.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// What `upgrade` and `downgrade` share.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct RunArgs {
    /// Print the SQL script of a range `A:B` for psql instead of running it
    #[arg(long, conflicts_with_all = ["dry_run", "json"])]
    pub(crate) sql: bool,

    /// Run everything, then roll it back
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// All revisions in one transaction: all or nothing
    #[arg(long)]
    pub(crate) single_transaction: bool,

    /// When another runner is at work
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) if_locked: Option<IfLocked>,

    /// How long to wait for another runner, such as 60s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) wait: Option<Duration>,

    /// How long a statement may wait for a lock before the revision is rolled back and tried again
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) lock_timeout: Option<Duration>,

    /// How often a revision is tried when locks are in the way
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) lock_tries: Option<u32>,

    /// How long a statement may run; 0 for as long as it takes
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) statement_timeout: Option<Duration>,

    /// Go on behind a transaction pooler, without the runners' lock: only what fits in transactions
    #[arg(long)]
    pub(crate) pooler: bool,

    /// Accept this once what a rule finds, such as drop-column: data that the files do not say may go
    #[arg(long, value_name = "RULE")]
    pub(crate) allow: Vec<String>,

    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Alembic's argument for env.py; answered with advice.
    #[arg(long, hide = true, value_name = "TAG")]
    pub(crate) tag: Option<String>,
}

/// What to do when another runner holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfLocked {
    // Wait for it.
    Wait,
    // Fail with `LOCK_HELD`.
    Fail,
    // Do nothing, successfully.
    Skip,
}

impl From<IfLocked> for crate::engine::IfLocked {
    fn from(choice: IfLocked) -> Self {
        match choice {
            IfLocked::Wait => Self::Wait,
            IfLocked::Fail => Self::Fail,
            IfLocked::Skip => Self::Skip,
        }
    }
}

/// Parses `KEY=VALUE`.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// Parses a duration: a number with `ms`, `s`, `min` or `h`; a bare number counts seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time such as `500ms`, `2s`, `5min` or `1h`".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit.trim() {
        "ms" => number / 1000.0,
        "" | "s" | "sec" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_consistent() {
        command().debug_assert();
    }

    /// Commands as documentation writes them: `upgrade`, `db start`.
    fn names(command: &clap::Command, before: &str) -> Vec<String> {
        let shown = command.get_subcommands().filter(|sub| !sub.is_hide_set());
        let all = shown.flat_map(|sub| {
            let name = format!("{before}{}", sub.get_name());
            let below = names(sub, &format!("{name} "));
            if below.is_empty() { vec![name] } else { below }
        });
        all.collect()
    }

    #[test]
    fn every_command_and_option_is_documented() {
        let text = include_str!("../../docs/commands.md");
        for name in names(&command(), "") {
            let heading = text.lines().any(|line| {
                line.starts_with("### `")
                    && line
                        .split('`')
                        .any(|part| part == name || part.starts_with(&format!("{name} ")))
            });
            assert!(heading, "`{name}` has no heading in docs/commands.md");
        }
        let mut waiting = vec![command()];
        while let Some(command) = waiting.pop() {
            for option in command.get_arguments().filter(|a| !a.is_hide_set()) {
                let Some(long) = option.get_long() else { continue };
                let known = text.contains(&format!("--{long}"));
                assert!(known, "`--{long}` of `{}` is not in docs/commands.md", command.get_name());
            }
            waiting.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn every_code_is_documented_with_its_status() {
        let text = include_str!("../../docs/commands.md");
        for code in crate::code::Code::ALL {
            let row = format!("| {} | ", code.exit_status());
            let line = text.lines().find(|line| line.starts_with(&row));
            let named = line.is_some_and(|line| line.contains(&format!("`{code}`")));
            assert!(named, "{code} is not in the row of status {}", code.exit_status());
        }
    }

    #[test]
    fn durations() {
        let ms = |text: &str| duration(text).map(|d| d.as_millis()).ok();
        assert_eq!(ms("500ms"), Some(500));
        assert_eq!(ms("2s"), Some(2000));
        assert_eq!(ms("2"), Some(2000));
        assert_eq!(ms("1.5s"), Some(1500));
        assert_eq!(ms("5min"), Some(300_000));
        assert_eq!(ms("1h"), Some(3_600_000));
        assert_eq!(ms("0"), Some(0));
        for wrong in ["", "s", "-1s", "2 weeks", "1.2.3s", "99999999999999999999999h"] {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn relative_targets_are_not_taken_for_options() {
        let spec = |words: &[&str]| {
            let all = ["limbeck"].iter().chain(words);
            match Cli::try_parse_from(all).map(|cli| (cli.command, cli.global)) {
                Ok((Some(Command::Downgrade(a)), _)) => Ok((a.spec, a.run.sql)),
                Ok((Some(Command::Upgrade(a)), _)) => Ok((a.spec, a.run.sql)),
                Ok(_) => Err("another command".to_owned()),
                Err(e) => Err(e.to_string()),
            }
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(spec(&["downgrade", "-1"]), Ok((some("-1"), false)));
        assert_eq!(spec(&["downgrade", "-12"]), Ok((some("-12"), false)));
        assert_eq!(spec(&["downgrade", "-1", "--sql"]), Ok((some("-1"), true)));
        assert_eq!(spec(&["downgrade", "--sql", "-1"]), Ok((some("-1"), true)));
        assert_eq!(spec(&["downgrade", "-q", "-1"]), Ok((some("-1"), false)));
        assert_eq!(spec(&["downgrade", "-1", "-y"]), Ok((some("-1"), false)));
        assert_eq!(spec(&["downgrade", "shop@-1"]), Ok((some("shop@-1"), false)));
        assert_eq!(spec(&["upgrade", "+2"]), Ok((some("+2"), false)));
        assert_eq!(spec(&["upgrade", "ae10-2"]), Ok((some("ae10-2"), false)));
        assert!(spec(&["downgrade", "--nonsense"]).is_err());
        assert!(spec(&["downgrade", "-z"]).is_err());
    }

    #[test]
    fn history_ranges_may_begin_with_a_minus() {
        let range = |words: &[&str]| match Cli::try_parse_from(["limbeck"].iter().chain(words)) {
            Ok(Cli { command: Some(Command::History(args)), .. }) => args.range,
            _ => None,
        };
        assert_eq!(range(&["history", "-r", "-3:current"]).as_deref(), Some("-3:current"));
        assert_eq!(range(&["history", "-r-3:"]).as_deref(), Some("-3:"));
        assert_eq!(range(&["history", "--rev-range=-3:current"]).as_deref(), Some("-3:current"));
        assert_eq!(range(&["history", "-r", "ae10:", "-v"]).as_deref(), Some("ae10:"));
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for words in [&["-C", "x", "heads"][..], &["heads", "-C", "x"][..]] {
            let cli = Cli::try_parse_from(["limbeck"].iter().chain(words)).unwrap();
            assert_eq!(cli.global.directory.as_deref(), Some(std::path::Path::new("x")));
        }
        let cli = Cli::try_parse_from(["limbeck", "-x", "a=1", "heads", "-x", "b=2"]).unwrap();
        assert!(!cli.global.extra.is_empty());
    }
}
