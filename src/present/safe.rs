//! Makes foreign text harmless for a terminal, and fits it into columns.
//!
//! Text from a server, a file or git may hold escape sequences, marks that reverse the reading
//! direction, and characters without width: in a confirmation two names could look equal and be
//! different. Everything of that kind is shown as an escape instead. Widths are display columns.

use std::{borrow::Cow, fmt::Write as _};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns between tab stops in texts of several lines.
const TAB: usize = 4;

/// Returns `text` with control characters, bidi marks and invisible characters made visible
/// (`\x1b`, `<U+202E>`); tabs and line ends too. Everything that comes from the server, a file or
/// git passes through here before it is shown.
pub fn display_safe(text: &str) -> Cow<'_, str> {
    match text.char_indices().find(|&(_, c)| is_unsafe(c)) {
        None => Cow::Borrowed(text),
        Some((at, _)) => {
            let mut out = String::with_capacity(text.len() + 16);
            out.push_str(&text[..at]);
            for c in text[at..].chars() {
                push_safe(&mut out, c);
            }
            Cow::Owned(out)
        }
    }
}

/// Like [`display_safe`] for texts of several lines: line ends stay (`\r\n` becomes `\n`), and tabs
/// become blanks up to the next tab stop.
pub fn display_safe_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_unsafe(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(ended) => {
                safe_line(&mut out, ended.strip_suffix('\r').unwrap_or(ended));
                out.push('\n');
            }
            None => safe_line(&mut out, line),
        }
    }
    Cow::Owned(out)
}

/// Appends one line, tabs expanded.
fn safe_line(out: &mut String, line: &str) {
    let mut column = 0;
    for (index, part) in line.split('\t').enumerate() {
        if index > 0 {
            let blanks = TAB - column % TAB;
            out.extend(std::iter::repeat_n(' ', blanks));
            column += blanks;
        }
        let part = display_safe(part);
        column += part.width();
        out.push_str(&part);
    }
}

/// How many columns `text` takes; it should be safe already.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts `text` to at most `columns`, the last of them `…` when something is missing. Characters
/// that are made of several code points are kept or dropped whole.
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns || text.width() <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut out = text[..cut(text, columns - 1)].to_owned();
    out.push('…');
    Cow::Owned(out)
}

/// Cuts `text` or fills it with blanks to exactly `columns`.
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = truncate(text, columns).into_owned();
    let missing = columns.saturating_sub(out.width());
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// The byte at which the first `columns` columns of `text` end, never within a character.
pub fn cut(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > columns {
            return at;
        }
    }
    text.len()
}

fn push_safe(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => {
            let _infallible = write!(out, "\\x{:02x}", u32::from(c));
        }
        _ if is_unsafe(c) => {
            let _infallible = write!(out, "<U+{:04X}>", u32::from(c));
        }
        _ => out.push(c),
    }
}

/// Control characters; and what is invisible or changes the order of what is visible: `Bidi_Control`
/// and `Default_Ignorable_Code_Point` of the Unicode Character Database (`DerivedCoreProperties.txt`),
/// the line and paragraph separators, and the interlinear annotation marks.
pub fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dangerous_characters_are_shown() {
        for (text, expected) in [
            ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
            ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
            ("\x7f\u{9b}", "\\x7f\\x9b"),
            ("abc\u{202e}fed", "abc<U+202E>fed"),
            ("u\u{200b}sers", "u<U+200B>sers"),
            ("u\u{fe0f}", "u<U+FE0F>"),
            ("\u{e0041}x\u{feff}", "<U+E0041>x<U+FEFF>"),
            ("a\u{2028}b\u{2066}", "a<U+2028>b<U+2066>"),
        ] {
            assert_eq!(display_safe(text), expected);
        }
    }

    #[test]
    fn clean_text_is_borrowed() {
        for text in ["", "SELECT 1", "größe 表 é 🦀", "a\\x1b"] {
            assert!(matches!(display_safe(text), Cow::Borrowed(_)), "{text}");
            assert!(matches!(display_safe_lines(text), Cow::Borrowed(_)), "{text}");
        }
        assert!(matches!(display_safe_lines("a\nb\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(display_safe_lines("a\tb\r\n\tc\x1b\n"), "a   b\n    c\\x1b\n");
        assert_eq!(display_safe_lines("a\rb\r"), "a\\rb\\r");
        assert_eq!(display_safe_lines("表\tx"), "表  x");
    }

    #[test]
    fn columns() {
        assert_eq!(truncate("account", 7), "account");
        assert_eq!(truncate("account", 4), "acc…");
        assert_eq!(truncate("表表表", 4), "表…");
        assert_eq!(truncate("表表", 4), "表表");
        assert_eq!(truncate("ab", 0), "");
        assert_eq!(truncate("ab", 1), "…");
        assert_eq!(fit("表表", 3), "表…");
        assert_eq!(fit("表表", 2), "… ");
        assert_eq!(fit("a", 3), "a  ");
        assert_eq!(cut("e\u{301}a", 1), 3);
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_through(text in r"(?s)([\x00-\x1f]|[\u{200b}-\u{206f}]|\PC|.){0,30}", columns in 0_usize..20) {
            let safe = display_safe(&text);
            prop_assert!(!safe.chars().any(is_unsafe));
            let lines = display_safe_lines(&text);
            prop_assert!(!lines.chars().any(|c| c != '\n' && is_unsafe(c)));
            prop_assert!(truncate(&safe, columns).width() <= columns);
            prop_assert_eq!(fit(&safe, columns).width(), columns);
        }
    }
}
