//! The sections: what stands between the markers.
//!
//! A marker is a comment line of its own, outside strings, dollar quotes, block comments and the
//! data of a COPY: the SQL is walked with psql's rules, so that a text about migrations cannot cut
//! a section short.

use std::{path::Path, sync::Arc};

use super::{Direction, FileError, Script, Section};
use crate::{
    code::Code,
    pg::{
        lex::TokenKind,
        split::{Piece, Walk},
    },
};

/// Tells whether a line that is a comment is meant as a marker: `-- migrate:` and a word.
pub(super) fn is_marker(line: &str) -> bool {
    marker(line).is_some()
}

/// What follows `migrate:`, when the line is a marker.
fn marker(line: &str) -> Option<&str> {
    let comment = line.strip_prefix("--")?.trim();
    let (head, rest) = comment.split_at_checked("migrate:".len())?;
    (head.eq_ignore_ascii_case("migrate:") && rest.starts_with(|c: char| !c.is_whitespace()))
        .then_some(rest)
}

/// A marker line in the text.
struct Marker {
    /// Offset of its line.
    start: usize,
    /// Offset of the next line.
    end: usize,
    /// 1-based.
    line: u32,
    direction: Direction,
    transactional: bool,
}

pub(super) fn parse(
    path: &Path,
    text: Arc<str>,
    header_end: usize,
    errors: &mut Vec<FileError>,
) -> Script {
    let mut bad = |line, code, problem: String, hint: &str| {
        errors.push(FileError {
            path: path.to_owned(),
            line,
            code,
            problem,
            hint: Some(hint.to_owned()),
        });
    };
    let Scan { markers, stray, swallowed } = scan(&text, header_end, &mut bad);
    if let Some(line) = stray {
        bad(
            line,
            Code::BadHeader,
            "there is SQL before the first marker".to_owned(),
            "put `-- migrate:up` on a line of its own before it",
        );
    }
    if let Some((what, begun, line)) = swallowed {
        bad(
            begun,
            Code::Unterminated,
            format!(
                "{what} that begins on line {begun} does not end and takes in the marker on line {line}"
            ),
            "close it",
        );
    }
    if !markers.iter().any(|marker| marker.direction == Direction::Up) {
        bad(
            0,
            Code::BadHeader,
            "the file has no `-- migrate:up`".to_owned(),
            "add a line `-- migrate:up` before the SQL that applies the revision",
        );
    }
    let mut up = Vec::new();
    let mut down: Option<Vec<Section>> = None;
    let ends = markers.iter().skip(1).map(|next| next.start).chain([text.len()]);
    for (marker, end) in markers.iter().zip(ends) {
        let section = Section {
            transactional: marker.transactional,
            body: marker.end..end,
            line: marker.line + 1,
        };
        match marker.direction {
            Direction::Up => up.push(section),
            Direction::Down => down.get_or_insert_default().push(section),
        }
    }
    // Histories are long, and most directions have one section.
    up.shrink_to_fit();
    if let Some(down) = &mut down {
        down.shrink_to_fit();
    }
    Script { text, up, down }
}

#[derive(Default)]
struct Scan {
    markers: Vec<Marker>,
    /// The line of SQL before the first marker.
    stray: Option<u32>,
    /// What does not end, the line on which it begins, and the first marker inside it.
    swallowed: Option<(&'static str, u32, u32)>,
}

/// Finds the markers. After each one the walk begins anew: no statement goes over a marker.
fn scan(text: &str, start: usize, bad: &mut impl FnMut(u32, Code, String, &str)) -> Scan {
    let mut found = Scan::default();
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut from = start;
    'sections: loop {
        let mut statement = None;
        for piece in Walk::new(&text[from..]) {
            let (range, open) = match &piece {
                Piece::Token(token) => {
                    let open = (!token.terminated).then_some(noun(token.kind));
                    if token.kind == TokenKind::LineComment {
                        let at = from + token.start;
                        let alone = at == 0 || text.as_bytes()[at - 1] == b'\n';
                        let comment = &text[at..from + token.end];
                        if alone && let Some(words) = marker(comment) {
                            let line = lines.of(at);
                            let end = text[at..].find('\n').map_or(text.len(), |to| at + to + 1);
                            if let Some((direction, transactional)) = options(words, line, bad) {
                                found.markers.push(Marker {
                                    start: at,
                                    end,
                                    line,
                                    direction,
                                    transactional,
                                });
                            }
                            from = end;
                            continue 'sections;
                        }
                    }
                    if !token.kind.is_trivia() {
                        if statement.is_none() {
                            statement = Some(from + token.start);
                        }
                        if found.markers.is_empty() && found.stray.is_none() {
                            found.stray = Some(lines.of(from + token.start));
                        }
                    }
                    (token.start..token.end, open)
                }
                Piece::End { .. } => {
                    statement = None;
                    continue;
                }
                Piece::Data { range, ended } => {
                    (range.clone(), (!ended).then_some("the data of a COPY"))
                }
            };
            if let Some(what) = open {
                let begun = lines.of(from + range.start);
                let inside = &text[from + range.start..from + range.end];
                let swallowed =
                    (begun..).zip(inside.split('\n')).skip(1).find(|(_, line)| is_marker(line));
                if let Some((line, _)) = swallowed {
                    found.swallowed = Some((what, begun, line));
                }
            }
        }
        return found;
    }
}

/// How an error names what does not end.
fn noun(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::BlockComment => "a block comment",
        TokenKind::QuotedIdent => "a quoted name",
        TokenKind::DollarString => "a dollar-quoted string",
        _ => "a string",
    }
}

/// Reads `up transaction:false`; what is not understood is an error, for it may matter.
fn options(
    words: &str,
    line: u32,
    bad: &mut impl FnMut(u32, Code, String, &str),
) -> Option<(Direction, bool)> {
    let mut words = words.split_whitespace();
    let direction = match words.next() {
        Some("up") => Direction::Up,
        Some("down") => Direction::Down,
        other => {
            bad(
                line,
                Code::BadHeader,
                format!("`migrate:{}` is no marker", other.unwrap_or_default()),
                "write `-- migrate:up` or `-- migrate:down`",
            );
            return None;
        }
    };
    let mut transactional = None;
    for word in words {
        let value = match word {
            "transaction:true" => true,
            "transaction:false" => false,
            other => {
                bad(
                    line,
                    Code::BadHeader,
                    format!("the marker has an unknown option `{other}`"),
                    "the one option is `transaction:false` (or `transaction:true`)",
                );
                continue;
            }
        };
        if transactional.replace(value).is_some() {
            bad(
                line,
                Code::BadHeader,
                "the marker says `transaction:` twice".to_owned(),
                "keep one of them",
            );
        }
    }
    Some((direction, transactional.unwrap_or(true)))
}

/// Line numbers of ever larger offsets, counted once.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> u32 {
        if offset < self.at {
            (self.at, self.line) = (0, 1);
        }
        self.line += self.text[self.at..offset].matches('\n').count() as u32;
        self.at = offset;
        self.line
    }
}
