//! What the program writes: data to standard output, everything else to standard error.
//!
//! Text is written with styles and stripped of them where a stream is not to be coloured. Output
//! that must arrive as it is (scripts, files) goes through [`Output::raw`].

pub(crate) mod drawing;
pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod sides;
pub(crate) mod style;
pub(crate) mod table;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

use super::{
    args::{ColorWhen, Global},
    error::CliError,
};
use crate::present::safe::is_unsafe;

/// The two streams with their colours, and how talkative to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    stdout: anstream::ColorChoice,
    stderr: anstream::ColorChoice,
    /// `-q`.
    pub(crate) quiet: bool,
    /// How often `-v`.
    pub(crate) verbose: u8,
    /// Standard error is a terminal: progress may redraw itself.
    pub(crate) interactive: bool,
}

impl Output {
    /// Decides the colours of both streams.
    pub(crate) fn new(global: &Global, env: &BTreeMap<String, String>) -> Self {
        let tty = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let choice = |terminal| {
            if coloured(global.color, env, terminal) {
                anstream::ColorChoice::AlwaysAnsi
            } else {
                anstream::ColorChoice::Never
            }
        };
        Self {
            stdout: choice(tty.0),
            stderr: choice(tty.1),
            quiet: global.quiet,
            verbose: global.verbose,
            interactive: tty.1 && env.get("TERM").is_none_or(|t| t != "dumb"),
        }
    }

    /// Whether standard error is coloured.
    pub(crate) fn colours_stderr(self) -> bool {
        self.stderr != anstream::ColorChoice::Never
    }

    /// Columns of the terminal that standard output is; none when it is something else.
    pub(crate) fn columns() -> Option<usize> {
        if !io::stdout().is_terminal() {
            return None;
        }
        let size = terminal_size::terminal_size_of(io::stdout());
        Some(size.map_or(80, |(terminal_size::Width(columns), _)| usize::from(columns)))
    }

    /// Writes styled data to standard output.
    pub(crate) fn data(self, text: &str) -> Result<(), CliError> {
        let mut stream = anstream::AutoStream::new(io::stdout().lock(), self.stdout);
        stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.flush())
            .map_err(|e| CliError::stdout(&e))
    }

    /// Writes data to standard output byte for byte.
    pub(crate) fn raw(text: &str) -> Result<(), CliError> {
        let mut stream = io::stdout().lock();
        stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.flush())
            .map_err(|e| CliError::stdout(&e))
    }

    /// Writes a JSON document to standard output.
    pub(crate) fn json(value: &serde_json::Value) -> Result<(), CliError> {
        Self::raw(&format!("{}\n", escaped(&format!("{value:#}"))))
    }

    /// Tells a person something, unless `-q`.
    pub(crate) fn say(self, text: &str) {
        if !self.quiet {
            self.always(text);
        }
    }

    /// Warns, even under `-q`.
    pub(crate) fn warn(self, text: &str) {
        self.always(&format!("{} {text}", style::warning("warning:")));
    }

    /// Suggests the next command, unless `-q`.
    pub(crate) fn hint(self, text: &str) {
        self.say(&format!("{} {text}", style::hint("hint:")));
    }

    /// Writes a line to standard error. Nobody may be reading any more; that is no reason to stop.
    pub(crate) fn always(self, text: &str) {
        let mut stream = anstream::AutoStream::new(io::stderr().lock(), self.stderr);
        drop(writeln!(stream, "{text}"));
    }
}

/// JSON in which what a terminal would obey or hide is written as `\uXXXX`. Such characters stand
/// only in strings, where that is the same character.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || !is_unsafe(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _infallible = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Whether a stream is coloured: the flag, then `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and
/// `TERM`, then whether it is a terminal (no-color.org, bixense.com/clicolors).
fn coloured(when: ColorWhen, env: &BTreeMap<String, String>, terminal: bool) -> bool {
    let var = |name: &str| env.get(name).map(String::as_str).unwrap_or_default();
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if !var("NO_COLOR").is_empty() => false,
        ColorWhen::Auto if !matches!(var("CLICOLOR_FORCE"), "" | "0") => true,
        ColorWhen::Auto => terminal && var("CLICOLOR") != "0" && var("TERM") != "dumb",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use ColorWhen::{Always, Auto, Never};

    #[test]
    fn json_holds_nothing_that_a_terminal_obeys() {
        let value = serde_json::json!({ "a": "\u{1b}[2Jü\u{9b}\u{202e}\u{e0041}\u{7f}", "b": 1 });
        let json = escaped(&format!("{value:#}"));
        assert!(json.contains(r"\u001b[2Jü\u009b\u202e\udb40\udc41\u007f"), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
    }

    #[test]
    fn colour_rules() {
        let check = |when, vars: &[(&str, &str)], terminal, expected: bool| {
            let env = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(coloured(when, &env, terminal), expected, "{when:?} {vars:?} {terminal}");
        };
        check(Auto, &[], true, true);
        check(Auto, &[], false, false);
        check(Auto, &[("NO_COLOR", "1")], true, false);
        check(Auto, &[("NO_COLOR", "")], true, true);
        check(Auto, &[("CLICOLOR", "0")], true, false);
        check(Auto, &[("CLICOLOR", "1")], false, false);
        check(Auto, &[("CLICOLOR_FORCE", "1")], false, true);
        check(Auto, &[("CLICOLOR_FORCE", "0")], false, false);
        check(Auto, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true, false);
        check(Auto, &[("TERM", "dumb")], true, false);
        check(Always, &[("NO_COLOR", "1")], false, true);
        check(Never, &[("CLICOLOR_FORCE", "1")], true, false);
    }
}
