//! Objects before and after, for a terminal: side by side where there is room, unified elsewhere.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::style;
use crate::{
    plan::Changed,
    present::diff::{
        Diff, RowKind, Side,
        fold::{CONTEXT, Folds, Item},
        wrap::{CONTINUATION, Piece, wrap},
    },
};

/// Below this many columns two sides have too little room.
pub(crate) const SIDE_BY_SIDE: usize = 100;

/// Columns of a side that are no text: line number, sign, gaps.
const GUTTER: usize = 8;

/// Writes the objects one after the other; `width` is the terminal's, none where output is no
/// terminal and the unified form is written.
pub(crate) fn render(changes: &[Changed], width: Option<usize>) -> String {
    let mut out = String::new();
    for change in changes {
        let (sign, paint): (&str, fn(&str) -> String) = match (&change.before, &change.after) {
            (None, _) => ("+", style::good),
            (_, None) => ("-", style::error),
            _ => ("~", style::warning),
        };
        let _ = writeln!(out, "{} {}", paint(sign), style::bold(&shown(&change.key.to_string())));
        let before = change.before.as_deref().unwrap_or_default();
        let after = change.after.as_deref().unwrap_or_default();
        let diff = Diff::new(before, after);
        if diff.is_same() {
            let _ = writeln!(out, "{}", style::dim("  the same but for the order of its columns"));
        }
        let folds = Folds::new(&diff, CONTEXT);
        for item in folds.items() {
            match (item, width) {
                (Item::Fold { rows, .. }, _) => {
                    let text = format!("  ┄┄ {} unchanged lines", rows.len());
                    let _ = writeln!(out, "{}", style::dim(&text));
                }
                (Item::Row(row), Some(width)) if width >= SIDE_BY_SIDE => {
                    side_by_side(&diff, *row, width, &mut out);
                }
                (Item::Row(row), _) => unified(&diff, *row, &mut out),
            }
        }
        out.push('\n');
    }
    out
}

fn shown(text: &str) -> String {
    crate::present::safe::display_safe(text).into_owned()
}

fn unified(diff: &Diff, row: usize, out: &mut String) {
    let emphasis = diff.emphasis(row);
    for (side, sign) in diff.rows()[row].unified() {
        let _ = write!(out, "  {}", painted(sign, &format!("{sign} ")));
        for segment in diff.segments(row, side, &emphasis) {
            out.push_str(&segment_text(segment.text, sign, segment.emphasis));
        }
        out.push('\n');
    }
}

fn side_by_side(diff: &Diff, row: usize, width: usize, out: &mut String) {
    let room = (width - 3) / 2 - GUTTER;
    let emphasis = diff.emphasis(row);
    let sides = [Side::Left, Side::Right].map(|side| {
        let text = diff.text(row, side);
        let lines = text.map(|text| wrap(text, room)).unwrap_or_default();
        (side, text.unwrap_or_default(), lines)
    });
    let height = sides.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or(0);
    let this = &diff.rows()[row];
    for line in 0..height {
        for (side, text, pieces) in &sides {
            let sign = this.kind.sign(*side);
            let number = match (line, this.line(*side)) {
                (0, Some(at)) => format!("{:>4}", at + 1),
                _ => "    ".to_owned(),
            };
            let mark = if line == 0 { sign } else { ' ' };
            let _ = write!(out, "{} {} ", style::dim(&number), painted(sign, &mark.to_string()));
            let used = match pieces.get(line) {
                Some(piece) => write_piece(diff, row, *side, text, piece, &emphasis, out),
                None if this.line(*side).is_none() && this.kind != RowKind::Same => {
                    out.push_str(&style::dim(&"╱".repeat(room)));
                    room
                }
                None => 0,
            };
            if *side == Side::Left {
                let _ = write!(out, "{}", " ".repeat(room.saturating_sub(used)));
                let _ = write!(out, " {} ", style::dim("│"));
            }
        }
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
    }
}

/// Writes the part of a line that `piece` covers; returns its columns.
fn write_piece(
    diff: &Diff,
    row: usize,
    side: Side,
    text: &str,
    piece: &Piece,
    emphasis: &crate::present::diff::Emphasis,
    out: &mut String,
) -> usize {
    let sign = diff.rows()[row].kind.sign(side);
    if piece.lead > 0 {
        let lead = format!("{}{CONTINUATION} ", " ".repeat(piece.lead.saturating_sub(2)));
        out.push_str(&style::dim(&lead));
    }
    let mut at = 0;
    for segment in diff.segments(row, side, emphasis) {
        let range = at..at + segment.text.len();
        at = range.end;
        let (start, end) = (range.start.max(piece.range.start), range.end.min(piece.range.end));
        if start < end {
            let part = &segment.text[start - range.start..end - range.start];
            out.push_str(&segment_text(part, sign, segment.emphasis));
        }
    }
    piece.lead + text[piece.range.clone()].width()
}

fn painted(sign: char, text: &str) -> String {
    match sign {
        '-' => style::error(text),
        '+' => style::good(text),
        _ => text.to_owned(),
    }
}

/// A part of a line: coloured by its side, emphasised where it differs from the other one.
fn segment_text(text: &str, sign: char, emphasis: bool) -> String {
    let color = match sign {
        '-' => AnsiColor::Red,
        '+' => AnsiColor::Green,
        _ => return text.to_owned(),
    };
    let mut style = Style::new().fg_color(Some(color.into()));
    if emphasis {
        style = style.underline().bold();
    }
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Key, KindId};

    fn plain(changes: &[Changed], width: Option<usize>) -> String {
        anstream::adapter::strip_str(&render(changes, width)).to_string()
    }

    fn change(before: Option<&str>, after: Option<&str>) -> Changed {
        Changed {
            key: Key::in_schema(KindId("table"), "public", "a"),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    #[test]
    fn unified_away_from_a_terminal() {
        let change = change(
            Some("CREATE TABLE public.a (\n    id integer\n);\n"),
            Some("CREATE TABLE public.a (\n    id bigint\n);\n"),
        );
        insta::assert_snapshot!(plain(&[change], None), @r"
        ~ table public.a
            CREATE TABLE public.a (
          -     id integer
          +     id bigint
            );
        ");
    }

    #[test]
    fn sides_where_there_is_room() {
        let change = change(Some("a int\nb text\n"), Some("a int\nb text\nc date\n"));
        let text = plain(&[change], Some(100));
        let last = text.lines().nth(3).unwrap();
        assert!(last.contains("╱╱╱") && last.ends_with("3 + c date"), "{last}");
        assert!(text.lines().all(|line| line.width() <= 100), "{text}");
    }
}
