//! `limbeck --plain`: the interface as lines, for screen readers and plain terminals.
//!
//! Reads a command, runs it as the command line would, and asks for the next. Nothing moves, nothing
//! is drawn over.

use std::io::{self, BufRead, IsTerminal};

use clap::Parser;

use crate::{
    cli::{args::Cli, context::Context, error::CliError, output::style},
    code::Code,
};

pub(crate) fn run(ctx: &Context) -> Result<u8, CliError> {
    let interactive = io::stdin().is_terminal();
    let mut last = line(ctx, &["status".to_owned()]);
    if interactive {
        ctx.out.say("type a command, such as `upgrade head`; `help` lists them, `quit` leaves");
    }
    let mut text = String::new();
    loop {
        if interactive {
            ctx.out.say(&style::dim("limbeck: ready"));
        }
        text.clear();
        let read = io::stdin().lock().read_line(&mut text);
        match read {
            Ok(0) => return Ok(last),
            Ok(_) => {}
            Err(error) => {
                return Err(CliError::new(Code::File, format!("cannot read commands: {error}")));
            }
        }
        let words = match words(&text) {
            Ok(words) => words,
            Err(error) => {
                ctx.out.always(&error.render());
                last = error.status();
                continue;
            }
        };
        match words.first().map(String::as_str) {
            None => {}
            Some("quit" | "exit" | "q") => return Ok(last),
            Some("help" | "?") => last = line(ctx, &["--help".to_owned()]),
            Some(_) => last = line(ctx, &words),
        }
    }
}

/// Runs one line; the options this mode was started with hold for each of them.
fn line(ctx: &Context, words: &[String]) -> u8 {
    let words = match words {
        [first, rest @ ..] if first == "limbeck" => rest,
        all => all,
    };
    let all: Vec<std::ffi::OsString> = std::iter::once("limbeck")
        .chain(words.iter().map(String::as_str))
        .map(Into::into)
        .collect();
    let outcome = match Cli::try_parse_from(&all) {
        Err(_) => match crate::cli::parse(&all) {
            Err(status) => return status,
            Ok(_) => Err(CliError::usage("this line cannot be understood")),
        },
        Ok(Cli { command: Some(command), global, .. }) => {
            let ctx = ctx.with(global);
            super::run(&ctx, command)
        }
        Ok(_) => Err(CliError::usage("name a command").with_hint("`help` lists them")),
    };
    match outcome {
        Ok(status) => status,
        Err(error) => {
            ctx.out.always(&error.render());
            error.status()
        }
    }
}

/// Splits a line into words; quotes hold words together, a backslash takes the next character as
/// it is.
fn words(line: &str) -> Result<Vec<String>, CliError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(CliError::usage("a quote is not closed"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn lines_split_into_words() {
        let check = |line: &str, expected: &[&str]| assert_eq!(words(line).unwrap(), expected);
        check("upgrade head\n", &["upgrade", "head"]);
        check("  revision -m \"create account\"  ", &["revision", "-m", "create account"]);
        check("a 'b \"c' d\\ e \"\"", &["a", "b \"c", "d e", ""]);
        check("", &[]);
        assert!(words("a 'b").is_err());
    }
}
