//! Quoting of identifiers and literals.

use std::fmt::{self, Write as _};

use super::keyword;

/// Returns `name` as an SQL identifier, quoted unless it is plain lower case and no keyword.
///
/// The rule is stricter than `quote_ident()` of the server, which leaves unreserved keywords bare:
/// a word that is a keyword in any supported version is quoted, so that the text means the same on
/// all of them.
pub fn quote_ident(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !keyword::is_keyword(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Returns `text` as an SQL string literal; `E''` when it holds a backslash, so that it means the
/// same whatever `standard_conforming_strings` is.
pub fn quote_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 3);
    if text.contains('\\') {
        out.push('E');
    }
    out.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    out
}

/// Returns the name that an identifier token stands for: quotes removed, plain words in lower case
/// (ASCII only, as the server folds in UTF-8), `U&"…"` escapes decoded.
pub fn unquote_ident(token: &str) -> String {
    let unicode = token.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("u&"));
    let body = if unicode { &token[2..] } else { token };
    let Some(inner) = body.strip_prefix('"') else {
        return token.to_ascii_lowercase();
    };
    let inner = inner.strip_suffix('"').unwrap_or(inner).replace("\"\"", "\"");
    if unicode { decode_escapes(&inner) } else { inner }
}

/// Decodes `\XXXX`, `\+XXXXXX` and `\\`; what is malformed stays as it is.
fn decode_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            out.push('\\');
            rest = after;
            continue;
        }
        let (skip, digits) = if rest.starts_with('+') { (1, 6) } else { (0, 4) };
        let decoded = rest
            .get(skip..skip + digits)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .and_then(char::from_u32);
        match decoded {
            Some(c) => {
                out.push(c);
                rest = &rest[skip + digits..];
            }
            None => out.push('\\'),
        }
    }
    out.push_str(rest);
    out
}

/// A table name, always printed with its schema and quoted as needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    /// The schema.
    pub schema: String,
    /// The relation.
    pub name: String,
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote_ident(&self.schema))?;
        f.write_char('.')?;
        f.write_str(&quote_ident(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_when_needed() {
        for (name, expected) in [
            ("account", "account"),
            ("_a1", "_a1"),
            ("Account", "\"Account\""),
            ("order", "\"order\""),
            ("name", "\"name\""),
            ("1a", "\"1a\""),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("größe", "\"größe\""),
            ("a$b", "\"a$b\""),
            ("", "\"\""),
        ] {
            assert_eq!(quote_ident(name), expected);
            assert_eq!(unquote_ident(&quote_ident(name)), name);
        }
    }

    #[test]
    fn literals_survive() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\b'"), "E'a\\\\b'''");
        assert_eq!(quote_literal(""), "''");
    }

    #[test]
    fn identifiers_are_read_as_the_server_reads_them() {
        assert_eq!(unquote_ident("Account"), "account");
        assert_eq!(unquote_ident("ÄB"), "Äb");
        assert_eq!(unquote_ident(r#"U&"d\0061t\+000061\\""#), "data\\");
        assert_eq!(unquote_ident(r#"U&"\xyz""#), r"\xyz");
        assert_eq!(unquote_ident("u&"), "u&");
    }

    #[test]
    fn qualified_names_print_quoted() {
        let name = QualifiedName { schema: "public".into(), name: "Order".into() };
        assert_eq!(name.to_string(), "public.\"Order\"");
    }
}
