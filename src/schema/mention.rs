//! Names in texts that the server keeps as text: bodies of functions.
//!
//! What a quoted body touches stands in no catalog, but an index expression, a check or a default
//! that calls the function runs or inlines the body when it is built. A name in the body that is
//! also the name of an object is a good guess at what has to be there by then.

use std::collections::BTreeSet;

use crate::pg::{
    ident::unquote_ident,
    lex::{Lexer, TokenKind},
};

/// A name in a text, and the name before its dot, if it has one: a schema or a relation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The last name.
    pub name: String,
    /// The name before it.
    pub qualifier: Option<String>,
}

/// Returns the names that a body in SQL or PL/pgSQL mentions, also those in string literals that
/// hold nothing but a name (`nextval('public.s')`). Keywords are among them: only what is called
/// like an object counts in the end.
pub fn mentions(body: &str) -> BTreeSet<Mention> {
    let mut found = BTreeSet::new();
    collect(body, &mut found);
    found
}

fn collect(text: &str, found: &mut BTreeSet<Mention>) {
    let mut before: Option<String> = None;
    let mut dot = false;
    for token in Lexer::new(text).filter(|token| !token.kind.is_trivia()) {
        let own = token.text(text);
        match token.kind {
            TokenKind::Word | TokenKind::QuotedIdent => {
                let name = unquote_ident(own);
                let qualifier = before.take().filter(|_| dot);
                found.insert(Mention { name: name.clone(), qualifier });
                before = Some(name);
                dot = false;
                continue;
            }
            TokenKind::Punct if own == "." => {
                dot = before.is_some();
                continue;
            }
            TokenKind::String if own.starts_with('\'') && is_name(own) => {
                // No quotes are left inside: this goes no deeper.
                collect(own.trim_matches('\''), found);
            }
            _ => {}
        }
        before = None;
        dot = false;
    }
}

/// Whether a literal holds a name, perhaps in double quotes and with its schema, and nothing else.
fn is_name(literal: &str) -> bool {
    let inner = literal.trim_matches('\'');
    !inner.is_empty()
        && inner.len() < 200
        && !inner.contains(|c: char| c == '\'' || c == '\\' || (c.is_whitespace() && c != ' '))
        && Lexer::new(inner).all(|t| {
            matches!(t.kind, TokenKind::Word | TokenKind::QuotedIdent) || t.text(inner) == "."
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> Vec<String> {
        let mut names: Vec<_> = mentions(body)
            .into_iter()
            .map(|m| match m.qualifier {
                Some(qualifier) => format!("{qualifier}.{}", m.name),
                None => m.name,
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn names_come_with_what_stands_before_the_dot() {
        assert_eq!(
            names("SELECT a.\"B\" FROM Public . t -- not x\n, u"),
            ["a", "a.B", "from", "public", "public.t", "select", "u"]
        );
    }

    #[test]
    fn literals_count_when_they_are_a_name() {
        assert_eq!(names("nextval('app.s')"), ["app", "app.s", "nextval"]);
        assert_eq!(names("'two words' || 'it''s' || '\"Q\"'"), ["Q"]);
        assert!(names("''").is_empty());
    }
}
