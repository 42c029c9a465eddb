//! What a file accepts by name: `-- limbeck: allow drop-column "moved to billing.email"`, and
//! squawk's `-- squawk-ignore ban-drop-column`.
//!
//! Before the first marker it holds for the whole file. In a section it holds for the statement
//! that it stands above, in or behind on the same line. Comments alone count, never text in quotes.

use std::ops::Range;

use super::rule;
use crate::pg::{lex::TokenKind, split::Walk};

/// What is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The rules as written; empty means all.
    pub rules: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where the comment stands.
    pub range: Range<usize>,
}

impl Allow {
    /// Whether it accepts a rule.
    pub fn covers(&self, id: &str) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|name| rule::means(name, id))
    }

    /// The names that mean no rule. squawk has more rules than we do; its own comments may name them.
    pub fn unknown(&self, text: &str) -> Vec<&str> {
        if text[self.range.clone()].contains("squawk-ignore") {
            return Vec::new();
        }
        let all = self.rules.iter().map(String::as_str);
        all.filter(|name| rule::named(name).next().is_none()).collect()
    }
}

/// The acceptances of a file's text, in order, that stand in this range.
pub fn find(text: &str, within: Range<usize>) -> Vec<Allow> {
    let mut found = Vec::new();
    for piece in Walk::new(&text[within.clone()]) {
        let crate::pg::split::Piece::Token(token) = piece else { continue };
        if !matches!(token.kind, TokenKind::LineComment | TokenKind::BlockComment) {
            continue;
        }
        let range = within.start + token.start..within.start + token.end;
        let comment = text[range.clone()].trim_start_matches("--").trim_start_matches("/*");
        if let Some((rules, reason)) = parse(comment.trim_end_matches("*/").trim()) {
            found.push(Allow { rules, reason, range });
        }
    }
    found
}

fn parse(comment: &str) -> Option<(Vec<String>, Option<String>)> {
    let ours = comment.strip_prefix("limbeck:").map(str::trim_start);
    let rest = if let Some(rest) = ours {
        rest.strip_prefix("allow")?
    } else {
        let rest = comment.strip_prefix("squawk-ignore")?;
        rest.strip_prefix("-file").unwrap_or(rest)
    };
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    // Names up to the reason, which stands in quotes or is what follows a dash.
    let (names, reason) = match rest.split_once('"') {
        Some((names, reason)) => {
            let reason = reason.rsplit_once('"').map_or(reason, |(reason, _)| reason);
            (names, Some(reason.to_owned()))
        }
        None => (rest, None),
    };
    let names = names.split([',', ' ', '\t']).filter(|name| !name.is_empty());
    let rules: Vec<String> = names.map(str::to_owned).collect();
    // Accepting everything is squawk's; ours names what it accepts.
    if ours.is_some() && rules.is_empty() {
        return None;
    }
    Some((rules, reason.filter(|reason| !reason.trim().is_empty())))
}

/// The comment that accepts rules, on one line whatever the reason holds.
pub fn line(rules: &[&str], reason: &str) -> String {
    let reason: String =
        reason.chars().map(|c| if c.is_control() || c == '"' { ' ' } else { c }).collect();
    let reason = reason.trim();
    let names = rules.join(", ");
    match reason {
        "" => format!("-- limbeck: allow {names}"),
        reason => format!("-- limbeck: allow {names} \"{reason}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(Vec<String>, Option<String>)> {
        find(text, 0..text.len()).into_iter().map(|it| (it.rules, it.reason)).collect()
    }

    fn one(rules: &[&str], reason: Option<&str>) -> Vec<(Vec<String>, Option<String>)> {
        vec![(rules.iter().map(|r| (*r).to_owned()).collect(), reason.map(str::to_owned))]
    }

    #[test]
    fn comments_accept_rules_by_name() {
        let text = "-- limbeck: allow drop-column \"moved to billing.email in 8f3a\"\nSELECT 1;";
        assert_eq!(all(text), one(&["drop-column"], Some("moved to billing.email in 8f3a")));
        assert_eq!(all("--limbeck:allow a, b"), one(&["a", "b"], None));
        assert_eq!(all("/* limbeck: allow a */ SELECT"), one(&["a"], None));
        assert_eq!(all("-- squawk-ignore ban-drop-column"), one(&["ban-drop-column"], None));
        assert_eq!(all("-- squawk-ignore-file"), one(&[], None));
    }

    #[test]
    fn nothing_else_does() {
        for text in [
            "-- limbeck: allow",
            "-- limbeck: allowed drop-column",
            "SELECT '-- limbeck: allow drop-column'",
            "SELECT $$ -- limbeck: allow drop-column\n$$",
            "-- limbeck allow drop-column",
        ] {
            assert!(all(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = line(&["drop-table"], "not \"used\"\nsince 2024");
        assert_eq!(all(&text), one(&["drop-table"], Some("not  used  since 2024")));
    }
}
