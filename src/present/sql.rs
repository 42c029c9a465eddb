//! Which parts of an SQL text are keywords, strings, comments: what a theme colours.
//!
//! The whole text is scanned once, so that a comment or literal that spans lines is known on each
//! of them. The kinds come from the one scanner and the one list of keywords; nothing is parsed, so
//! unfinished text is coloured as well.

use std::ops::Range;

use crate::pg::{
    keyword,
    lex::{Token, TokenKind},
    split::{Piece, Walk},
};

/// What a part of an SQL text is, for colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlKind {
    /// A keyword of PostgreSQL.
    Keyword,
    /// The name of a built-in type, where it stands as one word.
    Type,
    /// A plain identifier.
    Ident,
    /// `"…"`
    QuotedIdent,
    /// A literal in single or dollar quotes.
    String,
    /// A number.
    Number,
    /// A comment of either form.
    Comment,
    /// An operator.
    Operator,
    /// Parentheses, commas, dots, semicolons.
    Punct,
    /// `$1`
    Param,
    /// Blanks, COPY data and everything else.
    Plain,
}

/// A part of a text by byte offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// First and one past the last byte.
    pub range: Range<usize>,
    /// What it is.
    pub kind: SqlKind,
}

/// Returns the parts of `text` in order; together they cover it exactly, and neighbours differ in
/// kind.
pub fn spans(text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut push = |range: Range<usize>, kind| {
        if range.is_empty() {
            return;
        }
        match spans.last_mut() {
            Some(last) if last.kind == kind => last.range.end = range.end,
            _ => spans.push(Span { range, kind }),
        }
    };
    let mut at = 0;
    let mut after_dot = false;
    for piece in Walk::new(text) {
        let (range, kind) = match piece {
            Piece::Token(token) => {
                let kind = kind(token, token.text(text), after_dot);
                if !token.kind.is_trivia() {
                    after_dot = token.text(text) == ".";
                }
                (token.start..token.end, kind)
            }
            Piece::End { token, .. } => (token.start..token.end, SqlKind::Punct),
            Piece::Data { range, .. } => (range, SqlKind::Plain),
        };
        // The line that closes COPY data belongs to no piece.
        push(at..range.start, SqlKind::Plain);
        at = range.end;
        push(range, kind);
    }
    push(at..text.len(), SqlKind::Plain);
    spans
}

fn kind(token: Token, text: &str, after_dot: bool) -> SqlKind {
    match token.kind {
        TokenKind::Space | TokenKind::Backslash | TokenKind::Other => SqlKind::Plain,
        TokenKind::LineComment | TokenKind::BlockComment => SqlKind::Comment,
        // After a dot every word is a name.
        TokenKind::Word if after_dot => SqlKind::Ident,
        TokenKind::Word if is_type(text) => SqlKind::Type,
        TokenKind::Word if keyword::is_keyword(text) => SqlKind::Keyword,
        TokenKind::Word => SqlKind::Ident,
        TokenKind::QuotedIdent => SqlKind::QuotedIdent,
        TokenKind::String | TokenKind::DollarString => SqlKind::String,
        TokenKind::Number => SqlKind::Number,
        TokenKind::Param => SqlKind::Param,
        TokenKind::Operator => SqlKind::Operator,
        TokenKind::Punct => SqlKind::Punct,
    }
}

/// Types that schemas are made of (`pg_type`, and the words of the grammar that name types). Words
/// that are common column names too, such as `name`, `date` and `path`, are left out.
const TYPES: &[&str] = &[
    "bigint",
    "bigserial",
    "bit",
    "boolean",
    "bool",
    "bpchar",
    "bytea",
    "char",
    "character",
    "cidr",
    "citext",
    "daterange",
    "decimal",
    "double",
    "float",
    "float4",
    "float8",
    "inet",
    "int",
    "int2",
    "int4",
    "int4range",
    "int8",
    "int8range",
    "integer",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "numeric",
    "numrange",
    "oid",
    "path",
    "pg_lsn",
    "precision",
    "real",
    "regclass",
    "serial",
    "smallint",
    "smallserial",
    "text",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsquery",
    "tsrange",
    "tstzrange",
    "tsvector",
    "uuid",
    "varbit",
    "varchar",
    "varying",
    "void",
    "xml",
];

fn is_type(word: &str) -> bool {
    word.len() <= 11 && TYPES.iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// Spans ordered so that those of any line are found quickly.
#[derive(Clone, Debug, Default)]
pub struct Highlight {
    spans: Vec<Span>,
}

impl Highlight {
    /// Scans a whole text.
    pub fn new(text: &str) -> Self {
        Self { spans: spans(text) }
    }

    /// The parts of `range` (a line, say), as offsets from its start; they cover it exactly.
    pub fn within(&self, range: Range<usize>) -> impl Iterator<Item = Span> + '_ {
        let first = self.spans.partition_point(|span| span.range.end <= range.start);
        self.spans[first..]
            .iter()
            .take_while({
                let end = range.end;
                move |span| span.range.start < end
            })
            .map(move |span| Span {
                range: span.range.start.max(range.start) - range.start
                    ..span.range.end.min(range.end) - range.start,
                kind: span.kind,
            })
    }
}

/// The spans of each line of `text`, without its line end, as offsets from the start of the line.
pub fn lines(text: &str) -> Vec<Vec<Span>> {
    let highlight = Highlight::new(text);
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            let end = at - usize::from(line.ends_with('\n'));
            highlight.within(start..end).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[(&str, SqlKind)]) {
        let shown: Vec<(&str, SqlKind)> = spans(text)
            .into_iter()
            .filter(|span| {
                span.kind != SqlKind::Plain || !text[span.range.clone()].trim().is_empty()
            })
            .map(|span| (&text[span.range], span.kind))
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn kinds() {
        use SqlKind as K;
        check(
            "ALTER TABLE public.order ADD \"a b\" text; -- c",
            &[
                ("ALTER", K::Keyword),
                ("TABLE", K::Keyword),
                ("public", K::Ident),
                (".", K::Punct),
                ("order", K::Ident),
                ("ADD", K::Keyword),
                ("\"a b\"", K::QuotedIdent),
                ("text", K::Type),
                (";", K::Punct),
                ("-- c", K::Comment),
            ],
        );
        check(
            "select 1 + $1 || $$x$$",
            &[
                ("select", K::Keyword),
                ("1", K::Number),
                ("+", K::Operator),
                ("$1", K::Param),
                ("||", K::Operator),
                ("$$x$$", K::String),
            ],
        );
    }

    #[test]
    fn copy_data_is_plain() {
        use SqlKind as K;
        check(
            "COPY t FROM stdin;\nselect '\n\\.\nselect",
            &[
                ("COPY", K::Keyword),
                ("t", K::Ident),
                ("FROM", K::Keyword),
                ("stdin", K::Keyword),
                (";", K::Punct),
                ("\nselect '\n\\.\n", K::Plain),
                ("select", K::Keyword),
            ],
        );
    }

    #[test]
    fn lines_know_what_they_are_within() {
        let text = "a /* b\nc */ d\n";
        let lines = lines(text);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1][0], Span { range: 0..4, kind: SqlKind::Comment });
        assert_eq!(lines[0].last(), Some(&Span { range: 2..6, kind: SqlKind::Comment }));
    }

    proptest! {
        #[test]
        fn spans_cover_any_text(text in r#"(?s)(copy t from stdin;|select|[-+*/'"$a1;.:\\ \n]|\\\.\n|\PC|.){0,40}"#) {
            let mut at = 0;
            for span in spans(&text) {
                prop_assert_eq!(span.range.start, at);
                prop_assert!(text.is_char_boundary(span.range.end) && span.range.end > at);
                at = span.range.end;
            }
            prop_assert_eq!(at, text.len());
            for (line, spans) in text.split_inclusive('\n').zip(lines(&text)) {
                let covered: usize = spans.iter().map(|span| span.range.len()).sum();
                prop_assert_eq!(covered, line.trim_end_matches('\n').len());
            }
        }
    }
}
