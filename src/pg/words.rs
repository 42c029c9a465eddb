//! Reading one statement word by word: what classification and impact are written with.

use super::{
    ident,
    lex::{Lexer, Token, TokenKind},
};

/// The clauses that may follow the type or the default of a column (<https://www.postgresql.org/docs/current/sql-createtable.html>,
/// <https://www.postgresql.org/docs/current/sql-altertable.html>).
const COLUMN_CLAUSES: &[&str] = &[
    "default",
    "constraint",
    "not null",
    "null",
    "check",
    "unique",
    "primary key",
    "references",
    "generated",
    "collate",
    "using",
    "compression",
    "storage",
    "options",
    "with options",
    "deferrable",
    "initially",
];

/// The tokens of one statement without blanks and comments, read lazily; cheap to clone, so that
/// an attempt can be given up.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    ahead: Option<Token>,
}

impl<'a> Words<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut words = Self { text, lexer: Lexer::new(text), ahead: None };
        words.advance();
        words
    }

    /// The next token, without taking it.
    pub(crate) fn peek(&self) -> Option<Token> {
        self.ahead
    }

    /// The text of the next token; empty at the end.
    pub(crate) fn peek_text(&self) -> &'a str {
        self.ahead.map_or("", |token| token.text(self.text))
    }

    /// Takes the next token.
    pub(crate) fn advance(&mut self) -> Option<Token> {
        let token = self.ahead;
        self.ahead = self.lexer.by_ref().find(|token| !token.kind.is_trivia());
        token
    }

    /// Tells whether the next token is the keyword `word`.
    pub(crate) fn at(&self, word: &str) -> bool {
        self.ahead.is_some_and(|token| token.kind == TokenKind::Word)
            && self.peek_text().eq_ignore_ascii_case(word)
    }

    /// Takes the words of `phrase` (separated by blanks) if they come next, all or none.
    pub(crate) fn accept(&mut self, phrase: &str) -> bool {
        let mut attempt = self.clone();
        for word in phrase.split(' ') {
            if !attempt.at(word) {
                return false;
            }
            attempt.advance();
        }
        *self = attempt;
        true
    }

    /// Takes the first of `phrases` that comes next.
    pub(crate) fn accept_any(&mut self, phrases: &[&'static str]) -> Option<&'static str> {
        phrases.iter().copied().find(|phrase| self.accept(phrase))
    }

    /// Takes the sign `sign` (punctuation or operator) if it comes next.
    pub(crate) fn sign(&mut self, sign: &str) -> bool {
        let here = self.ahead.is_some_and(|token| {
            matches!(token.kind, TokenKind::Punct | TokenKind::Operator)
                && token.text(self.text) == sign
        });
        if here {
            self.advance();
        }
        here
    }

    /// Takes one identifier as written.
    pub(crate) fn ident(&mut self) -> Option<&'a str> {
        let token = self.ahead?;
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent) {
            return None;
        }
        self.advance();
        Some(token.text(self.text))
    }

    /// Takes a name as written, with its schema if it has one, without blanks around the dots.
    pub(crate) fn name(&mut self) -> Option<String> {
        let mut name = self.ident()?.to_owned();
        while self.sign(".") {
            name.push('.');
            name.push_str(self.ident().unwrap_or_default());
        }
        Some(name)
    }

    /// Takes a parenthesised group if one comes next; returns its inside.
    pub(crate) fn group(&mut self) -> Option<Words<'a>> {
        if !self.sign("(") {
            return None;
        }
        let start = self.ahead.map_or(self.text.len(), |token| token.start);
        let mut depth = 1_usize;
        let mut end = self.text.len();
        while let Some(token) = self.advance() {
            match token.text(self.text) {
                "(" if token.kind == TokenKind::Punct => depth += 1,
                ")" if token.kind == TokenKind::Punct => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                end = token.start;
                break;
            }
        }
        Some(Words::new(&self.text[start.min(end)..end]))
    }

    /// Takes tokens up to a comma outside parentheses, and the comma; returns what stood before it.
    pub(crate) fn item(&mut self) -> Option<Words<'a>> {
        let start = self.ahead?.start;
        let mut end = start;
        while self.ahead.is_some() && !self.sign(",") {
            end = self.skip();
        }
        Some(Words::new(&self.text[start..end]))
    }

    /// Takes one token or one parenthesised group; returns where it ended.
    pub(crate) fn skip(&mut self) -> usize {
        let mut depth = 0_usize;
        while let Some(token) = self.advance() {
            if token.kind == TokenKind::Punct {
                match token.text(self.text) {
                    "(" | "[" => depth += 1,
                    ")" | "]" => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            if depth == 0 {
                return token.end;
            }
        }
        self.text.len()
    }

    /// Skips to the first of `phrases` outside parentheses and takes it.
    pub(crate) fn find(&mut self, phrases: &[&'static str]) -> Option<&'static str> {
        while self.ahead.is_some() {
            if let Some(found) = self.accept_any(phrases) {
                return Some(found);
            }
            self.skip();
        }
        None
    }

    /// Takes what comes before the first of `phrases` outside parentheses, as written.
    pub(crate) fn until(&mut self, phrases: &[&'static str]) -> &'a str {
        let start = self.ahead.map_or(self.text.len(), |first| first.start);
        let end = self.skip_until(phrases, start);
        &self.text[start..end]
    }

    /// Where the last token before the first of `phrases` ended; `end` when there is none.
    fn skip_until(&mut self, phrases: &[&'static str], mut end: usize) -> usize {
        while self.ahead.is_some() && self.clone().accept_any(phrases).is_none() {
            end = self.skip();
        }
        end
    }

    /// Takes the type of a column.
    pub(crate) fn type_name(&mut self) -> &'a str {
        self.until(COLUMN_CLAUSES)
    }

    /// Takes the expression behind DEFAULT, up to the next clause of the column.
    pub(crate) fn default(&mut self) -> &'a str {
        let Some(first) = self.ahead else { return "" };
        // The first token always belongs to it: DEFAULT NULL.
        let end = self.skip();
        let end = self.skip_until(COLUMN_CLAUSES, end);
        &self.text[first.start..end]
    }

    /// Tells whether `phrase` comes anywhere ahead outside parentheses.
    pub(crate) fn contains(&self, phrase: &'static str) -> bool {
        self.clone().find(&[phrase]).is_some()
    }

    /// Everything ahead as written.
    pub(crate) fn rest(&self) -> &'a str {
        self.ahead.map_or("", |token| &self.text[token.start..])
    }
}

/// Where the nth action of `ALTER TABLE name …` begins; 0 for the first, and in other statements.
pub(crate) fn item_start(statement: &str, nth: usize) -> usize {
    let mut words = Words::new(statement);
    if nth == 0 || !words.accept("alter table") {
        return 0;
    }
    for _ in 0..nth {
        words.item();
    }
    words.peek().map_or(0, |token| token.start)
}

/// The parts of a name as the server reads them, so that `"a".B` and `a.b` are equal.
pub(crate) fn normal_name(name: &str) -> Vec<String> {
    Lexer::new(name)
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdent))
        .map(|token| ident::unquote_ident(token.text(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_across_comments() {
        let mut words =
            Words::new(" CREATE /* a */ UNIQUE\n-- b\nINDEX ON \"a\" . b (x, (y)) WITH (f = 1) z");
        assert!(words.accept("create unique index"));
        assert!(!words.accept("on only"));
        assert!(words.accept("on"));
        assert_eq!(words.name().as_deref(), Some("\"a\".b"));
        let mut group = words.group().unwrap();
        assert_eq!(group.item().unwrap().rest(), "x");
        assert_eq!(group.item().unwrap().rest(), "(y)");
        assert!(group.item().is_none());
        assert!(words.contains("z") && !words.contains("f"));
        assert_eq!(words.find(&["y", "z"]), Some("z"));
        assert_eq!(words.rest(), "");
    }

    #[test]
    fn what_is_not_closed_ends_at_the_end() {
        let mut words = Words::new("( a, (b");
        let mut group = words.group().unwrap();
        assert_eq!(group.item().unwrap().rest(), "a");
        assert_eq!(group.rest(), "(b");
        assert!(words.peek().is_none());
        assert_eq!(Words::new("(").group().unwrap().rest(), "");
    }

    #[test]
    fn names_are_compared_as_the_server_reads_them() {
        assert_eq!(normal_name("Public.\"account\""), normal_name("public.ACCOUNT"));
        assert_ne!(normal_name("\"Account\""), normal_name("account"));
    }
}
