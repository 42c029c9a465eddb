//! The one scanner of SQL text: splitting, checksums, classification and colours all use it.
//!
//! It follows the rules that psql and the server share (`src/fe_utils/psqlscan.l` and
//! `src/backend/parser/scan.l` of PostgreSQL 16 and later), with `standard_conforming_strings` on.
//! It knows tokens only: what a statement is stands in [`split`](super::split). It never fails,
//! never recurses, and looks at each byte a bounded number of times whatever the text.

/// What a token is; spans of all tokens together cover the input exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks and line ends.
    Space,
    /// `-- …`, without the line end.
    LineComment,
    /// `/* … */`, nested.
    BlockComment,
    /// A word: keyword or plain identifier.
    Word,
    /// `"…"`, also `U&"…"`.
    QuotedIdent,
    /// `'…'` in all its forms (`E''`, `B''`, `X''`, `N''`, `U&''`). A literal that goes on after a
    /// line end (`'a'` newline `'b'`) is one token per pair of quotes.
    String,
    /// `$tag$ … $tag$`
    DollarString,
    /// A number, with the letters that stick to it (`12abc`), which the server refuses.
    Number,
    /// `$1`
    Param,
    /// One or more operator characters, also `::` and `:=`.
    Operator,
    /// `( ) [ ] , ; . :` and `..`
    Punct,
    /// A psql backslash command outside quotes, to the end of the line.
    Backslash,
    /// Anything else: a stray byte.
    Other,
}

impl TokenKind {
    /// Tells whether the server ignores such tokens: blanks and comments.
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::Space | Self::LineComment | Self::BlockComment)
    }
}

/// A token by byte offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// False when the input ended inside it.
    pub terminated: bool,
}

impl Token {
    /// The token's own text within the text that was scanned.
    pub fn text(self, text: &str) -> &str {
        &text[self.start..self.end]
    }
}

/// Iterates over the tokens of a text, spaces and comments included.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    pos: usize,
    /// The literal just read, as long as only blanks and line comments followed it.
    literal: Option<Literal>,
    /// Up to here every `+` and `-` is an operator of its own.
    signs_end: usize,
}

/// A literal that may go on in another pair of quotes.
#[derive(Clone, Copy, Debug)]
struct Literal {
    escapes: bool,
    /// A line end was seen since; only then does the next quote continue it.
    newline: bool,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        Self::starting_at(text, 0)
    }

    /// Starts at byte `pos` of `text`, which must lie between two tokens.
    pub fn starting_at(text: &'a str, pos: usize) -> Self {
        Self { text, pos, literal: None, signs_end: 0 }
    }

    /// The byte at which the next token begins.
    pub fn pos(&self) -> usize {
        self.pos
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// The first position at or after `from` whose byte fails `test`.
    fn run(&self, from: usize, test: impl Fn(u8) -> bool) -> usize {
        let rest = &self.text.as_bytes()[from..];
        from + rest.iter().position(|&byte| !test(byte)).unwrap_or(rest.len())
    }

    /// Reads a token beginning with `first` at the current position: kind, end, terminated.
    fn scan(&mut self, first: u8) -> (TokenKind, usize, bool) {
        use TokenKind as K;
        let start = self.pos;
        let second = self.byte(start + 1);
        match first {
            _ if is_space(first) => (K::Space, self.run(start, is_space), true),
            b'-' if second == Some(b'-') => {
                (K::LineComment, self.run(start, |b| !is_newline(b)), true)
            }
            b'/' if second == Some(b'*') => closed(K::BlockComment, self.block_comment(start)),
            b'\'' => {
                let escapes = self.literal.is_some_and(|before| before.newline && before.escapes);
                self.literal(start, escapes)
            }
            b'e' | b'E' if second == Some(b'\'') => self.literal(start + 1, true),
            b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if second == Some(b'\'') => {
                self.literal(start + 1, false)
            }
            b'u' | b'U' if second == Some(b'&') && self.byte(start + 2) == Some(b'\'') => {
                self.literal(start + 2, false)
            }
            b'u' | b'U' if second == Some(b'&') && self.byte(start + 2) == Some(b'"') => {
                closed(K::QuotedIdent, self.quoted(start + 2, b'"', false))
            }
            b'"' => closed(K::QuotedIdent, self.quoted(start, b'"', false)),
            _ if is_word_start(first) => (K::Word, self.run(start, is_word), true),
            b'0'..=b'9' => (K::Number, self.number(start), true),
            b'.' if second.is_some_and(|b| b.is_ascii_digit()) => {
                (K::Number, self.number(start), true)
            }
            b'.' if second == Some(b'.') => (K::Punct, start + 2, true),
            b'$' => self.dollar(start),
            b':' if matches!(second, Some(b':' | b'=')) => (K::Operator, start + 2, true),
            b'(' | b')' | b'[' | b']' | b',' | b';' | b'.' | b':' => (K::Punct, start + 1, true),
            b'\\' => (K::Backslash, self.run(start, |b| !is_newline(b)), true),
            _ if is_operator(first) => (K::Operator, self.operator(start), true),
            _ => (K::Other, start + 1, true),
        }
    }

    /// Scans a string literal whose opening quote is at `quote`.
    fn literal(&mut self, quote: usize, escapes: bool) -> (TokenKind, usize, bool) {
        let end = self.quoted(quote, b'\'', escapes);
        self.literal = Some(Literal { escapes, newline: false });
        closed(TokenKind::String, end)
    }

    /// Finds the end of a quoted text that opens at `from`; a doubled quote is part of it. None
    /// when the input ends first.
    fn quoted(&self, from: usize, quote: u8, escapes: bool) -> (Option<usize>, usize) {
        let bytes = self.text.as_bytes();
        let mut at = from + 1;
        while at < bytes.len() {
            at = self.run(at, |b| b != quote && !(escapes && b == b'\\'));
            match self.byte(at) {
                Some(b'\\') if escapes => at += 2,
                Some(_) if self.byte(at + 1) == Some(quote) => at += 2,
                Some(_) => return (Some(at + 1), at + 1),
                None => break,
            }
        }
        (None, bytes.len())
    }

    fn block_comment(&self, start: usize) -> (Option<usize>, usize) {
        let bytes = self.text.as_bytes();
        let mut depth = 1_usize;
        let mut at = start + 2;
        loop {
            at = self.run(at, |b| b != b'*' && b != b'/');
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return (Some(at), at);
                    }
                }
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    at += 2;
                }
                (Some(_), _) => at += 1,
                (None, _) => return (None, bytes.len()),
            }
        }
    }

    /// `$tag$ … $tag$`, `$1`, or a lone dollar sign.
    fn dollar(&self, start: usize) -> (TokenKind, usize, bool) {
        let digits = self.run(start + 1, |b| b.is_ascii_digit());
        if digits > start + 1 {
            // As with numbers, letters that follow belong to the token (`param_junk` in scan.l).
            let end = if self.byte(digits).is_some_and(is_word_start) {
                self.run(digits, is_word)
            } else {
                digits
            };
            return (TokenKind::Param, end, true);
        }
        let tag_end = self.run(start + 1, is_tag);
        if self.byte(tag_end) != Some(b'$') {
            return (TokenKind::Other, start + 1, true);
        }
        let tag = &self.text[start..=tag_end];
        let body = tag_end + 1;
        match self.text[body..].find(tag) {
            Some(found) => (TokenKind::DollarString, body + found + tag.len(), true),
            None => (TokenKind::DollarString, self.text.len(), false),
        }
    }

    /// Integers (decimal, hexadecimal, octal, binary, with `_`), decimals, exponents, and whatever
    /// letters stick to them.
    fn number(&self, start: usize) -> usize {
        let digits = |from| self.run(from, |b| b.is_ascii_digit() || b == b'_');
        let mut end = digits(start);
        // `1..10` is an integer, two dots and an integer.
        if self.byte(end) == Some(b'.') && self.byte(end + 1) != Some(b'.') {
            end = digits(end + 1);
        }
        let mut sticks = self.byte(end).is_some_and(is_word_start);
        if matches!(self.byte(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.byte(end + 1), Some(b'+' | b'-')));
            if self.byte(end + 1 + sign).is_some_and(|b| b.is_ascii_digit()) {
                end = digits(end + 1 + sign);
                // `1e5$` is longer as a number with a word stuck to it, `e5$`; `1e+5$` is not.
                let word = |b| if sign == 0 { is_word(b) } else { is_word_start(b) };
                sticks = self.byte(end).is_some_and(word);
            }
        }
        if sticks { self.run(end, is_word) } else { end }
    }

    /// The end of an operator. It stops before a comment, and a longer one ends in `+` or `-` only
    /// if it holds a character that standard SQL operators do not have.
    fn operator(&mut self, start: usize) -> usize {
        if start < self.signs_end {
            return start + 1;
        }
        let bytes = self.text.as_bytes();
        let mut end = start;
        let mut special = false;
        while let Some(&byte) = bytes.get(end).filter(|&&b| is_operator(b)) {
            let comment =
                matches!((byte, bytes.get(end + 1)), (b'-', Some(b'-')) | (b'/', Some(b'*')));
            if comment {
                break;
            }
            special |=
                matches!(byte, b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'%');
            end += 1;
        }
        if special {
            return end;
        }
        let run_end = end;
        while end > start + 1 && matches!(bytes[end - 1], b'+' | b'-') {
            end -= 1;
        }
        // What was cut off is signs only, and each of them stands alone. Remembering that keeps a
        // long run of signs from being read again for each of them.
        self.signs_end = run_end;
        end
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.pos;
        let first = self.byte(start)?;
        let (kind, end, terminated) = self.scan(first);
        match kind {
            TokenKind::String | TokenKind::LineComment => {}
            TokenKind::Space => {
                if let Some(literal) = &mut self.literal {
                    literal.newline |=
                        self.text.as_bytes()[start..end].iter().any(|&b| is_newline(b));
                }
            }
            _ => self.literal = None,
        }
        self.pos = end;
        Some(Token { kind, start, end, terminated })
    }
}

fn closed(kind: TokenKind, (found, end): (Option<usize>, usize)) -> (TokenKind, usize, bool) {
    (kind, end, found.is_some())
}

/// `space` of scan.l; the vertical tab is one since PostgreSQL 16.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_newline(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// `ident_start` of scan.l: every byte of a character outside ASCII counts as a letter.
fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// `ident_cont` of scan.l.
fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// `dolq_cont` of scan.l: what a dollar tag is made of.
fn is_tag(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit()
}

/// `op_chars` of scan.l.
fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'~' | b'!'
            | b'@'
            | b'#'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'<'
            | b'>'
            | b'='
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Prints the tokens that are not blanks, each as `kind:text`.
    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> = Lexer::new(text)
            .filter(|token| token.kind != TokenKind::Space)
            .map(|token| {
                let open = if token.terminated { "" } else { "…" };
                format!("{:?}:{}{open}", token.kind, token.text(text))
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn comments_nest_and_end() {
        check("a -- b\nc", &["Word:a", "LineComment:-- b", "Word:c"]);
        check("--", &["LineComment:--"]);
        check("/* /* x */ */ a", &["BlockComment:/* /* x */ */", "Word:a"]);
        check("/*/ a */ b", &["BlockComment:/*/ a */", "Word:b"]);
        check("/***/a", &["BlockComment:/***/", "Word:a"]);
        check("/* /* x */ a", &["BlockComment:/* /* x */ a…"]);
        check("-- a\r\nb", &["LineComment:-- a", "Word:b"]);
    }

    #[test]
    fn strings_of_all_kinds() {
        check("'it''s' x", &["String:'it''s'", "Word:x"]);
        check(r"'a\' x", &[r"String:'a\'", "Word:x"]);
        check(r"E'a\'b' x", &[r"String:E'a\'b'", "Word:x"]);
        check(r"e'\\' x", &[r"String:e'\\'", "Word:x"]);
        check(r"e'\é' x", &[r"String:e'\é'", "Word:x"]);
        check(r"U&'\0041' U&'a\' x", &[r"String:U&'\0041'", r"String:U&'a\'", "Word:x"]);
        check("B'01' x'1F' n'a'", &["String:B'01'", "String:x'1F'", "String:n'a'"]);
        check("U & 'a'", &["Word:U", "Operator:&", "String:'a'"]);
        check("u&b", &["Word:u", "Operator:&", "Word:b"]);
        check("ae'b'", &["Word:ae", "String:'b'"]);
        check("'open", &["String:'open…"]);
        check(r"E'open\", &[r"String:E'open\…"]);
        check("'", &["String:'…"]);
    }

    #[test]
    fn a_literal_goes_on_after_a_line_end() {
        check("E'a'\n'\\'' x", &["String:E'a'", r"String:'\''", "Word:x"]);
        check(
            "E'a' -- c\n  '\\'' x",
            &["String:E'a'", "LineComment:-- c", r"String:'\''", "Word:x"],
        );
        // On the same line, and after a block comment, a new literal of the plain kind begins.
        check("E'a' '\\' x", &["String:E'a'", r"String:'\'", "Word:x"]);
        check("E'a'\n/**/\n'\\' x", &["String:E'a'", "BlockComment:/**/", r"String:'\'", "Word:x"]);
        check("E'a',\n'\\' x", &["String:E'a'", "Punct:,", r"String:'\'", "Word:x"]);
        check("'a'\n'\\' x", &["String:'a'", r"String:'\'", "Word:x"]);
    }

    #[test]
    fn identifiers() {
        check(
            r#""a""b" U&"\0041" x"#,
            &[r#"QuotedIdent:"a""b""#, r#"QuotedIdent:U&"\0041""#, "Word:x"],
        );
        check("größe$1 _a", &["Word:größe$1", "Word:_a"]);
        check("\"open", &["QuotedIdent:\"open…"]);
        check("a\u{a0}b", &["Word:a\u{a0}b"]);
    }

    #[test]
    fn dollar_quotes() {
        check("$$a;b$$ x", &["DollarString:$$a;b$$", "Word:x"]);
        check("$f$ $$ $g$ $f$ x", &["DollarString:$f$ $$ $g$ $f$", "Word:x"]);
        check("$é$ ' $é$ x", &["DollarString:$é$ ' $é$", "Word:x"]);
        check("$a$ $b$a$ x", &["DollarString:$a$ $b$a$", "Word:x"]);
        check("$1 $12", &["Param:$1", "Param:$12"]);
        check("$1a$ b", &["Param:$1a$", "Word:b"]);
        check("a$b$c", &["Word:a$b$c"]);
        check("$a b", &["Other:$", "Word:a", "Word:b"]);
        check("$a$ open $b$", &["DollarString:$a$ open $b$…"]);
        check("1$$;$$", &["Number:1", "DollarString:$$;$$"]);
    }

    #[test]
    fn operators_stop_before_comments_and_signs() {
        check("a +-- b", &["Word:a", "Operator:+", "LineComment:-- b"]);
        check("a @-/* b */", &["Word:a", "Operator:@-", "BlockComment:/* b */"]);
        check("a =- 1", &["Word:a", "Operator:=", "Operator:-", "Number:1"]);
        check("a @- 1", &["Word:a", "Operator:@-", "Number:1"]);
        check(
            "a <=+-+ 1",
            &["Word:a", "Operator:<=", "Operator:+", "Operator:-", "Operator:+", "Number:1"],
        );
        check("a::b :=c", &["Word:a", "Operator:::", "Word:b", "Operator::=", "Word:c"]);
        check("a->>'b' ?| c", &["Word:a", "Operator:->>", "String:'b'", "Operator:?|", "Word:c"]);
        check(":name", &["Punct::", "Word:name"]);
        check("- --\n-", &["Operator:-", "LineComment:--", "Operator:-"]);
    }

    #[test]
    fn numbers() {
        check(
            "1 1.5 .5 1. 1e5 1.5e-3",
            &["Number:1", "Number:1.5", "Number:.5", "Number:1.", "Number:1e5", "Number:1.5e-3"],
        );
        check("1..10", &["Number:1", "Punct:..", "Number:10"]);
        check(
            "0x1F 1_000 12abc 1e+",
            &["Number:0x1F", "Number:1_000", "Number:12abc", "Number:1e", "Operator:+"],
        );
        check(
            "1e5$$;$$ 1e+5$$;$$ 1$$;$$",
            &[
                "Number:1e5$$",
                "Punct:;",
                "DollarString:$$ 1e+5$$",
                "Punct:;",
                "DollarString:$$ 1$$",
                "Punct:;",
                "DollarString:$$…",
            ],
        );
        check("1e+5$$;$$", &["Number:1e+5", "DollarString:$$;$$"]);
        check("t.1", &["Word:t", "Number:.1"]);
    }

    #[test]
    fn backslash_takes_the_line() {
        check("a \\d 'x\nb", &["Word:a", "Backslash:\\d 'x", "Word:b"]);
        check(
            "'\\d' \"\\d\" -- \\d",
            &["String:'\\d'", "QuotedIdent:\"\\d\"", "LineComment:-- \\d"],
        );
        check("a \u{1} { b", &["Word:a", "Other:\u{1}", "Other:{", "Word:b"]);
    }

    #[test]
    fn hostile_repetition_is_read_in_linear_time() {
        // Each of these took quadratic time in a scanner that backs up; here each is instant, and
        // the suite would not end if it were not.
        for unit in [
            "+", "-+", "=+", "$a", "$", "'' ", "/*", "E'\\'", "1.", "u&", "$1", "'\n", "1e+", "((",
            "a.",
        ] {
            let text = unit.repeat(2_000_000 / unit.len());
            let count = Lexer::new(&text).count();
            assert!(count > 0, "{unit}");
        }
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text(text in r#"(?s)([-+*/'"$a1;.:\\&eUé_ \n]|\PC|.){0,60}"#) {
            let mut at = 0;
            for token in Lexer::new(&text) {
                prop_assert_eq!(token.start, at);
                prop_assert!(token.end > token.start);
                prop_assert!(text.is_char_boundary(token.end));
                at = token.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
