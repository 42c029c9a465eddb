//! Errors in words: code, sentence, place, what happened to the database, what to do next.
//!
//! Every error of every layer becomes a [`CliError`] here, and only here is its exit status chosen.
//! All foreign text (server, files, arguments) is made harmless when it is printed.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::output::style;
use crate::{
    code::Code,
    db::ConnectError,
    engine,
    present::safe::display_safe,
    revision::{
        Direction, Problem, RevisionId,
        history::{History, HistoryError},
        target::TargetError,
        write::WriteError,
    },
    server::ServerError,
};

/// Exit status of a run that was interrupted and rolled back.
pub(crate) const INTERRUPTED: u8 = 130;

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) struct CliError(Box<Parts>);

/// What an error is made of.
#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    message: String,
    place: Option<Place>,
    /// Lines below the sentence: a name and its text.
    facts: Vec<(&'static str, String)>,
    /// More of the same, each with its own place.
    others: Vec<(String, Option<Place>)>,
    state: Option<String>,
    hints: Vec<String>,
    failure: Option<engine::error::Failure>,
    done: Vec<RevisionId>,
    /// Replaces the exit status of the code.
    status: Option<u8>,
    /// Nothing is printed: whoever reads is gone.
    quiet: bool,
    /// Standard output has its document already.
    told: bool,
}

/// A place in a file.
#[derive(Clone, Debug)]
struct Place {
    path: PathBuf,
    /// 1-based; 0 when the whole file is meant.
    line: u32,
    /// 1-based, in characters; 0 when the whole line is meant.
    column: u32,
    excerpt: String,
}

impl CliError {
    /// A plain error.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            message: message.into(),
            place: None,
            facts: Vec::new(),
            others: Vec::new(),
            state: None,
            hints: Vec::new(),
            failure: None,
            done: Vec::new(),
            status: None,
            quiet: false,
            told: false,
        }))
    }

    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// A file that could not be read or written.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        let why = reason(error);
        Self::new(Code::File, format!("{doing} `{}`: {why}", path.display()))
    }

    /// Standard output could not be written; a reader that left is no error.
    pub(super) fn stdout(error: &io::Error) -> Self {
        let mut this = Self::new(Code::File, format!("output was not written: {}", reason(error)));
        if error.kind() == io::ErrorKind::BrokenPipe {
            this.0.quiet = true;
            this.0.status = Some(0);
        }
        this
    }

    /// Adds a `hint:` line.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Says what state the database is in.
    #[must_use]
    pub(crate) fn with_state(mut self, state: impl Into<String>) -> Self {
        self.0.state = Some(state.into());
        self
    }

    /// Adds a named line.
    #[must_use]
    pub(crate) fn with_fact(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.0.facts.push((name, text.into()));
        self
    }

    /// Points at a line of a file.
    #[must_use]
    pub(crate) fn at(mut self, path: &Path, line: u32, column: u32, excerpt: &str) -> Self {
        self.0.place =
            Some(Place { path: path.to_owned(), line, column, excerpt: excerpt.to_owned() });
        self
    }

    /// The run ended because the user interrupted it.
    #[must_use]
    pub(crate) fn interrupted(mut self) -> Self {
        self.0.status = Some(INTERRUPTED);
        self
    }

    /// The sentence.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The stable code.
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// The exit status of the process.
    pub(crate) fn status(&self) -> u8 {
        self.0.status.unwrap_or_else(|| self.0.code.exit_status())
    }

    /// Nothing shall be printed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.0.quiet
    }

    /// The command's own document has told it already.
    #[must_use]
    pub(crate) fn told(mut self) -> Self {
        self.0.told = true;
        self
    }

    /// Standard output has its document already.
    pub(crate) fn is_told(&self) -> bool {
        self.0.told
    }

    /// The error for people, styled, without a final line end.
    pub(crate) fn render(&self) -> String {
        let parts = &*self.0;
        let mut out = String::new();
        let head = format!("error[{}]:", parts.code);
        let mut lines = parts.message.lines().map(display_safe);
        let first = lines.next().unwrap_or_default();
        let _ = write!(out, "{} {}", style::error(&head), style::bold(&first));
        for line in lines {
            let _ = write!(out, "\n  {line}");
        }
        if let Some(place) = &parts.place {
            place.render(&mut out);
        }
        for (message, place) in &parts.others {
            let _ = write!(out, "\n{} {}", style::error("also:"), display_safe(message));
            if let Some(place) = place {
                place.render(&mut out);
            }
        }
        for (name, text) in &parts.facts {
            fact(&mut out, &style::dim(&format!("{name}:")), text);
        }
        if let Some(state) = &parts.state {
            fact(&mut out, &style::warning("state:"), state);
        }
        for hint in &parts.hints {
            fact(&mut out, &style::hint("hint:"), hint);
        }
        out
    }

    /// The error as JSON, for `--json`.
    pub(crate) fn json(&self) -> Value {
        let parts = &*self.0;
        let failure = parts.failure.as_ref();
        let place = parts.place.as_ref();
        let number = |n: u32| if n == 0 { Value::Null } else { json!(n) };
        json!({
            "error": {
                "code": parts.code.as_str(),
                "message": parts.message,
                "path": place.map(|p| &p.path),
                "line": place.map_or(Value::Null, |p| number(p.line)),
                "column": place.map_or(Value::Null, |p| number(p.column)),
                "revision": failure.map(|f| f.revision.as_str()),
                "direction": failure.map(|f| super::output::json::direction(f.direction)),
                "statement": failure.map(|f| f.statement),
                "statements": failure.map(|f| f.of),
                "sqlstate": failure.and_then(|f| f.sqlstate.as_deref()),
                "detail": failure.and_then(|f| f.detail.as_deref()),
                "state": parts.state,
                "hint": parts.hints.first(),
                "also": parts.others.iter().map(|(m, _)| m).collect::<Vec<_>>(),
                "done": super::output::json::ids(&parts.done),
                "exit_status": self.status(),
            }
        })
    }
}

/// One named line; the text's own line ends are kept, indented.
fn fact(out: &mut String, name: &str, text: &str) {
    let mut lines = text.lines();
    let _ = write!(out, "\n{name} {}", display_safe(lines.next().unwrap_or_default()));
    for line in lines {
        let _ = write!(out, "\n  {}", display_safe(line));
    }
}

/// Widest excerpt of a line, in characters.
const EXCERPT: usize = 100;

impl Place {
    fn render(&self, out: &mut String) {
        let arrow = style::dim("-->");
        let _ = write!(out, "\n  {arrow} {}", display_safe(&self.path.display().to_string()));
        if self.line > 0 {
            let _ = write!(out, ":{}", self.line);
            if self.column > 0 {
                let _ = write!(out, ":{}", self.column);
            }
        }
        if self.excerpt.trim().is_empty() || self.line == 0 {
            return;
        }
        let (text, caret) = window(&self.excerpt, self.column as usize);
        let number = self.line.to_string();
        let blank = " ".repeat(number.len());
        let bar = style::dim("|");
        let _ = write!(out, "\n{blank} {bar}\n{} {bar} {text}", style::dim(&number));
        if let Some(caret) = caret {
            let _ = write!(out, "\n{blank} {bar} {}{}", " ".repeat(caret), style::error("^"));
        }
    }
}

/// The part of a line around a column, safe to print, and where the caret goes below it.
fn window(line: &str, column: usize) -> (String, Option<usize>) {
    let chars: Vec<char> = line.trim_end().chars().collect();
    let at = column.saturating_sub(1).min(chars.len());
    let from = if chars.len() <= EXCERPT { 0 } else { at.saturating_sub(EXCERPT / 2) };
    let to = chars.len().min(from + EXCERPT);
    let show = |part: &[char]| {
        let text: String = part.iter().collect();
        display_safe(&text.replace('\t', "    ")).into_owned()
    };
    let before = if from > 0 { "…" } else { "" };
    let after = if to < chars.len() { "…" } else { "" };
    let lead = format!("{before}{}", show(&chars[from..at.max(from)]));
    let text = format!("{lead}{}{after}", show(&chars[at.max(from)..to]));
    (text, (column > 0).then(|| lead.width()))
}

/// An I/O error without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_lowercase(),
        None => text,
    }
}

impl From<engine::Error> for CliError {
    fn from(error: engine::Error) -> Self {
        let engine::Error { code, message, state, hint, failure, more, done, aftermath: _ } = error;
        let mut this = Self::new(code, message);
        this.0.state = state;
        this.0.hints.extend(hint);
        this.0.others = more.into_iter().map(|line| (line, None)).collect();
        if let Some(failure) = failure {
            this = this.with_failure(*failure);
        }
        if !done.is_empty() {
            let list = done.iter().map(RevisionId::as_str).collect::<Vec<_>>().join(", ");
            this = this.with_fact("committed before", list);
        }
        this.0.done = done;
        this
    }
}

impl CliError {
    fn with_failure(mut self, failure: engine::error::Failure) -> Self {
        if failure.path.as_os_str().is_empty() {
            self = self.with_fact("revision", failure.revision.as_str());
        } else {
            self = self.at(&failure.path, failure.line, failure.column, &failure.excerpt);
        }
        let way = match failure.direction {
            Direction::Up => "upgrade",
            Direction::Down => "downgrade",
        };
        let mut where_at = match failure.statement {
            0 => format!("{way} of {}", failure.revision),
            n => format!("statement {n} of {} in the {way} of {}", failure.of, failure.revision),
        };
        if let Some(sqlstate) = &failure.sqlstate {
            let _ = write!(where_at, ", SQLSTATE {sqlstate}");
        }
        self = self.with_fact("in", where_at);
        for (name, text) in [
            ("detail", &failure.detail),
            ("server's hint", &failure.hint),
            ("context", &failure.context),
        ] {
            if let Some(text) = text {
                self = self.with_fact(name, text);
            }
        }
        self.0.failure = Some(failure);
        self
    }

    /// All problems of a history as one error; none when there are none.
    pub(crate) fn problems(history: &History) -> Option<Self> {
        Self::from_problems(history.problems())
    }

    fn from_problems(problems: &[Problem]) -> Option<Self> {
        let (first, rest) = problems.split_first()?;
        let place = |problem: &Problem| {
            problem.path.as_ref().map(|path| Place {
                path: path.clone(),
                line: problem.line,
                column: 0,
                excerpt: String::new(),
            })
        };
        let mut this = Self::new(first.code, first.message.clone());
        this.0.place = place(first);
        this.0.others = rest.iter().map(|p| (p.message.clone(), place(p))).collect();
        for problem in problems {
            if let Some(hint) = &problem.hint
                && !this.0.hints.contains(hint)
                && this.0.hints.len() < 3
            {
                this.0.hints.push(hint.clone());
            }
        }
        Some(this)
    }
}

impl From<HistoryError> for CliError {
    fn from(error: HistoryError) -> Self {
        Self::from_problems(&error.0)
            .unwrap_or_else(|| Self::new(Code::File, "the history has problems"))
            .with_state("nothing was changed")
    }
}

impl From<TargetError> for CliError {
    fn from(error: TargetError) -> Self {
        let mut this = Self::new(error.code, error.message);
        this.0.hints.extend(error.hint);
        this
    }
}

impl From<WriteError> for CliError {
    fn from(error: WriteError) -> Self {
        let mut this = Self::new(error.code, error.message);
        this.0.hints.extend(error.hint);
        this
    }
}

impl From<ConnectError> for CliError {
    fn from(error: ConnectError) -> Self {
        let mut this = Self::new(error.code, error.message);
        this.0.hints.extend(error.hint);
        this
    }
}

impl From<ServerError> for CliError {
    fn from(error: ServerError) -> Self {
        let mut this = Self::new(error.code, error.message);
        if let Some(detail) = error.detail {
            this = this.with_fact("detail", detail);
        }
        this.0.hints.extend(error.hint);
        this
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(error: &CliError) -> String {
        anstream::adapter::strip_str(&error.render()).to_string()
    }

    fn failure(line: &str, column: u32) -> CliError {
        let failure = engine::error::Failure {
            revision: RevisionId::new("7f3a91c0"),
            direction: Direction::Up,
            statement: 2,
            of: 5,
            path: PathBuf::from("migrations/x.sql"),
            line: 12,
            column,
            excerpt: line.to_owned(),
            sqlstate: Some("42P01".to_owned()),
            detail: Some("first\nsecond".to_owned()),
            hint: None,
            context: None,
        };
        let mut error = engine::Error::new(Code::Sql, "relation \"acount\" does not exist")
            .with_state("rolled back; the database is at 1975ea83")
            .with_hint("fix the file, then run `limbeck upgrade head` again");
        error.failure = Some(Box::new(failure));
        error.done = vec![RevisionId::new("1975ea83")];
        error.into()
    }

    #[test]
    fn a_failed_statement_shows_its_place() {
        let expected = "\
error[SQL]: relation \"acount\" does not exist
  --> migrations/x.sql:12:15
   |
12 | SELECT * FROM acount;
   |               ^
in: statement 2 of 5 in the upgrade of 7f3a91c0, SQLSTATE 42P01
detail: first
  second
committed before: 1975ea83
state: rolled back; the database is at 1975ea83
hint: fix the file, then run `limbeck upgrade head` again";
        assert_eq!(plain(&failure("SELECT * FROM acount;", 15)), expected);
    }

    #[test]
    fn the_caret_stands_below_tabs_and_wide_characters() {
        let caret = |line: &str, column| {
            let text = plain(&failure(line, column));
            let lines: Vec<&str> = text.lines().collect();
            (lines[3].to_owned(), lines[4].to_owned())
        };
        assert_eq!(caret("\tx", 2), ("12 |     x".to_owned(), "   |     ^".to_owned()));
        assert_eq!(caret("日本x", 3), ("12 | 日本x".to_owned(), "   |     ^".to_owned()));
        // Behind the end of the line: the caret stays near.
        assert_eq!(caret("ab", 99), ("12 | ab".to_owned(), "   |   ^".to_owned()));
    }

    #[test]
    fn a_long_line_is_shown_around_the_caret() {
        let line = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let (text, caret) = window(&line, 5001);
        assert!(text.starts_with('…') && text.ends_with('…'));
        assert!(text.chars().count() <= EXCERPT + 2);
        assert_eq!(text.chars().nth(caret.unwrap()), Some('X'));
    }

    #[test]
    fn foreign_text_is_made_harmless() {
        let text = failure("SELECT '\u{1b}]52;c;AAAA\u{7}'", 3)
            .with_fact("detail", "a\u{1b}[2Jb\u{202e}c")
            .with_hint("x\u{9b}31m")
            .with_state("\u{7}");
        let shown = anstream::adapter::strip_str(&text.render()).to_string();
        let raw = text.render();
        assert!(
            !shown.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{shown:?}"
        );
        assert!(!raw.contains("\u{1b}]"), "{raw:?}");
    }

    #[test]
    fn every_code_has_its_status() {
        for code in Code::ALL {
            let status = CliError::new(*code, "x").status();
            assert!((2..=11).contains(&status), "{code}");
        }
        assert_eq!(CliError::new(Code::Cancelled, "x").interrupted().status(), INTERRUPTED);
    }

    #[test]
    fn a_reader_that_left_is_no_error() {
        let error = CliError::stdout(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(error.is_quiet());
        assert_eq!(error.status(), 0);
    }
}
