//! Splitting a script into statements by psql's own rules (`psqlscan.l`, `mainloop.c`, `copy.c`).
//!
//! A `;` ends a statement unless it stands in quotes, in a comment, in parentheses (`CREATE RULE`)
//! or in the body of an SQL routine (`BEGIN ATOMIC … END`). The lines after `COPY … FROM STDIN` are
//! data. psql's own commands are refused: the server does not know them, and a tool that obeyed
//! them would run programs on behalf of a file.

use std::{collections::VecDeque, ops::Range};

use super::lex::{Lexer, Token, TokenKind};

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Bytes of the statement without leading and trailing blanks and comments and without the
    /// final `;`.
    pub range: Range<usize>,
    /// 1-based line of its first byte, counted in the text given.
    pub line: u32,
    /// Data lines of a `COPY … FROM STDIN`, without the closing `\.` line.
    pub copy_data: Option<Range<usize>>,
}

/// Why a script cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A quote, comment, parenthesis block or COPY block does not end.
    #[error("{what} that begins on line {line} does not end")]
    Unterminated {
        /// "string", "block comment", …
        what: &'static str,
        /// 1-based line where it begins.
        line: u32,
    },
    /// A psql command, which the server does not know.
    #[error("psql command `{command}` on line {line}")]
    PsqlMeta {
        /// The command as written, shortened.
        command: String,
        /// 1-based line.
        line: u32,
    },
}

impl SplitError {
    /// The 1-based line that it is about.
    pub fn line(&self) -> u32 {
        match self {
            Self::Unterminated { line, .. } | Self::PsqlMeta { line, .. } => *line,
        }
    }
}

/// Splits `text`; an empty statement yields nothing.
pub fn split(text: &str) -> Result<Vec<Statement>, SplitError> {
    let mut lines = Lines { text, pos: 0, line: 1 };
    let mut statements: Vec<Statement> = Vec::new();
    // The statement being read: its range so far.
    let mut open: Option<Range<usize>> = None;
    // Statements that wait for their data lines, by index.
    let mut waiting = VecDeque::new();
    let mut walk = Walk::new(text);
    for piece in walk.by_ref() {
        match piece {
            Piece::Token(token) if !token.terminated => {
                return Err(unterminated(text, token.kind, token.start));
            }
            Piece::Token(token) if token.kind == TokenKind::Backslash => {
                if open.is_none() && is_dump_guard(text, token) {
                    continue;
                }
                let line = lines.at(token.start);
                return Err(SplitError::PsqlMeta { command: shortened(token.text(text)), line });
            }
            Piece::Token(token) if token.kind.is_trivia() => {}
            Piece::Token(token) => match &mut open {
                Some(range) => range.end = token.end,
                None => open = Some(token.start..token.end),
            },
            Piece::End { copy, .. } => {
                let Some(range) = open.take() else { continue };
                if copy {
                    waiting.push_back(statements.len());
                }
                let line = lines.at(range.start);
                statements.push(Statement { range, line, copy_data: None });
            }
            Piece::Data { range, ended } => {
                if let Some(begun) = &open {
                    let line = line_of(text, begun.start);
                    return Err(SplitError::Unterminated {
                        what: "statement before the data of a COPY",
                        line,
                    });
                }
                let statement: Option<&mut Statement> =
                    waiting.pop_front().and_then(|index: usize| statements.get_mut(index));
                let Some(statement) = statement else { continue };
                if !ended {
                    return Err(SplitError::Unterminated {
                        what: "COPY data",
                        line: statement.line,
                    });
                }
                statement.copy_data = Some(range);
            }
        }
    }
    if let Some((what, start)) = walk.unclosed() {
        return Err(SplitError::Unterminated { what, line: line_of(text, start) });
    }
    if let Some(range) = open {
        let line = lines.at(range.start);
        if walk.reads_stdin() {
            return Err(SplitError::Unterminated { what: "COPY data", line });
        }
        statements.push(Statement { range, line, copy_data: None });
    }
    Ok(statements)
}

/// A piece of a script: all pieces together cover it exactly, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A token within or between statements.
    Token(Token),
    /// The `;` that ends a statement; `copy` when data lines follow.
    End {
        /// The semicolon.
        token: Token,
        /// Data lines follow on the next line.
        copy: bool,
    },
    /// Data lines of a COPY. The line that closes them is left to the reader as part of the gap
    /// before the next piece.
    Data {
        /// The data without the closing line.
        range: Range<usize>,
        /// Whether the closing line `\.` was there.
        ended: bool,
    },
}

/// Walks over the pieces of a script; knows where statements end, not whether they are right.
#[derive(Clone, Debug)]
pub(crate) struct Walk<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    state: State,
    /// COPY statements on this line whose data begins on the next.
    copies: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, lexer: Lexer::new(text), state: State::default(), copies: 0 }
    }

    /// What is open at the end of the text, and where it began.
    fn unclosed(&self) -> Option<(&'static str, usize)> {
        let state = &self.state;
        (state.parens > 0)
            .then_some(("parenthesis", state.paren_start))
            .or((state.blocks > 0).then_some(("BEGIN ATOMIC block", state.block_start)))
    }

    /// Tells whether the statement that is open reads `STDIN`.
    fn reads_stdin(&self) -> bool {
        self.state.copy == Copy::Stdin
    }

    /// Reads one block of data lines that begins at the current position.
    fn data(&mut self) -> Piece {
        let start = self.lexer.pos();
        let mut at = start;
        loop {
            let rest = &self.text[at..];
            let (line, next) = match rest.find('\n') {
                Some(newline) => (&rest[..newline], at + newline + 1),
                None => (rest, self.text.len()),
            };
            let closes = line.strip_suffix('\r').unwrap_or(line) == "\\.";
            if closes || next == self.text.len() {
                let end = if closes { at } else { next };
                self.lexer = Lexer::starting_at(self.text, next);
                return Piece::Data { range: start..end, ended: closes };
            }
            at = next;
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.copies > 0 {
            // The data begins after the first line end outside quotes and comments.
            let here = self.lexer.pos();
            let at_line_start = here > 0 && self.text.as_bytes()[here - 1] == b'\n';
            if at_line_start || here == self.text.len() {
                self.copies -= 1;
                return Some(self.data());
            }
        }
        let mut token = self.lexer.next()?;
        if self.copies > 0 && token.kind == TokenKind::Space {
            if let Some(newline) = token.text(self.text).find('\n') {
                token.end = token.start + newline + 1;
                self.lexer = Lexer::starting_at(self.text, token.end);
            }
            return Some(Piece::Token(token));
        }
        if self.state.step(token, token.text(self.text)) {
            let copy = self.state.copy == Copy::Stdin;
            self.copies += usize::from(copy);
            self.state = State::default();
            return Some(Piece::End { token, copy });
        }
        Some(Piece::Token(token))
    }
}

/// What must be known of a statement to find its end.
#[derive(Clone, Debug, Default)]
struct State {
    parens: usize,
    paren_start: usize,
    /// `BEGIN ATOMIC` and, within it, `CASE`: each ends with an `END` of its own.
    blocks: usize,
    block_start: usize,
    /// How far the words match `CREATE [OR REPLACE] {FUNCTION|PROCEDURE}`.
    head: Head,
    copy: Copy,
    last: Last,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Head {
    #[default]
    Start,
    Create,
    CreateOr,
    CreateOrReplace,
    Routine,
    Other,
}

/// How far the words match `COPY … FROM {STDIN|STDOUT}` (the grammar takes both words on both
/// sides, `copy_file_name` of gram.y).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Copy {
    #[default]
    Start,
    Begun,
    From,
    Stdin,
    No,
}

/// What the last token of weight was, as far as it changes the meaning of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    /// `BEGIN` of a routine, perhaps of a body.
    Begin(usize),
    /// A dot or `AS`: any word may follow as a mere name.
    Name,
}

impl State {
    /// Takes the next token; tells whether it ends the statement.
    fn step(&mut self, token: Token, text: &str) -> bool {
        // psql's own commands stand beside the statement, not in it.
        if token.kind.is_trivia() || token.kind == TokenKind::Backslash {
            return false;
        }
        let last = std::mem::take(&mut self.last);
        match (token.kind, text) {
            (TokenKind::Punct, "(") => {
                if self.parens == 0 {
                    self.paren_start = token.start;
                }
                self.parens += 1;
            }
            (TokenKind::Punct, ")") => self.parens = self.parens.saturating_sub(1),
            (TokenKind::Punct, ";") => return self.parens == 0 && self.blocks == 0,
            (TokenKind::Punct, ".") => self.last = Last::Name,
            (TokenKind::Word, _) => {
                self.head(text);
                if self.head == Head::Routine && self.parens == 0 {
                    self.body(token, text, last);
                }
            }
            _ => {}
        }
        if self.parens == 0 || self.copy == Copy::Start {
            self.copy = self.copy.next(token.kind, text, last);
        }
        false
    }

    fn head(&mut self, word: &str) {
        let is = |keyword| word.eq_ignore_ascii_case(keyword);
        let routine = is("function") || is("procedure");
        self.head = match self.head {
            Head::Start if is("create") => Head::Create,
            Head::Create if is("or") => Head::CreateOr,
            Head::CreateOr if is("replace") => Head::CreateOrReplace,
            Head::Create | Head::CreateOrReplace if routine => Head::Routine,
            Head::Routine => Head::Routine,
            _ => Head::Other,
        };
    }

    /// Counts the blocks of an SQL routine's body. psql takes any `BEGIN` for the start of a body;
    /// here `ATOMIC` must follow, and a word after a dot or `AS` is a name: that differs only where
    /// psql would miss the statement's end.
    fn body(&mut self, token: Token, word: &str, last: Last) {
        let is = |keyword| word.eq_ignore_ascii_case(keyword);
        match last {
            Last::Begin(start) if self.blocks == 0 && is("atomic") => {
                self.blocks = 1;
                self.block_start = start;
            }
            Last::Name => {}
            _ if self.blocks == 0 && is("begin") => self.last = Last::Begin(token.start),
            _ if self.blocks > 0 && is("case") => self.blocks += 1,
            _ if self.blocks > 0 && is("end") => self.blocks -= 1,
            _ if is("as") => self.last = Last::Name,
            _ => {}
        }
    }
}

impl Copy {
    fn next(self, kind: TokenKind, text: &str, last: Last) -> Self {
        let is = |keyword| kind == TokenKind::Word && text.eq_ignore_ascii_case(keyword);
        match self {
            Self::Start if is("copy") => Self::Begun,
            Self::Begun if is("from") && last != Last::Name => Self::From,
            Self::Begun if !is("to") || last == Last::Name => Self::Begun,
            Self::From if is("stdin") || is("stdout") => Self::Stdin,
            Self::Stdin => Self::Stdin,
            _ => Self::No,
        }
    }
}

/// Counts lines on the way through a text; each byte is looked at once.
struct Lines<'a> {
    text: &'a str,
    pos: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of `at`, which must not lie before the last one asked for.
    fn at(&mut self, at: usize) -> u32 {
        self.line += newlines(&self.text[self.pos..at]);
        self.pos = at;
        self.line
    }
}

fn line_of(text: &str, at: usize) -> u32 {
    1 + newlines(&text[..at])
}

fn newlines(text: &str) -> u32 {
    text.bytes().filter(|&byte| byte == b'\n').count() as u32
}

fn unterminated(text: &str, kind: TokenKind, start: usize) -> SplitError {
    let what = match kind {
        TokenKind::BlockComment => "block comment",
        TokenKind::QuotedIdent => "quoted identifier",
        TokenKind::DollarString => "dollar-quoted string",
        _ => "string",
    };
    SplitError::Unterminated { what, line: line_of(text, start) }
}

/// Recognises `\restrict TOKEN` and `\unrestrict TOKEN` alone on a line, as `pg_dump` writes them
/// since the releases of August 2025 around its output (CVE-2025-8714). They are for psql only and
/// say nothing to the server.
pub(super) fn is_dump_guard(text: &str, token: Token) -> bool {
    let at_line_start = text[..token.start].is_empty() || text[..token.start].ends_with('\n');
    let mut words = token.text(text).split_ascii_whitespace();
    at_line_start
        && matches!(words.next(), Some("\\restrict" | "\\unrestrict"))
        && words.next().is_some_and(|key| key.bytes().all(|b| b.is_ascii_alphanumeric()))
        && words.next().is_none()
}

/// At most 40 characters of a command.
fn shortened(command: &str) -> String {
    let command = command.trim_end();
    match command.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", &command[..cut]),
        None => command.to_owned(),
    }
}

#[cfg(test)]
mod tests;
