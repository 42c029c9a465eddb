//! The shapes of an identifier, before anything is looked up.
//!
//! `SPEC := [LABEL "@"] SYMBOL [("+"|"-") N] | [LABEL "@"] ("+"|"-") N`. Alembic tells the relative
//! forms by a regular expression that is matched at the start only, so `abc+1xyz` is `abc+1`; that
//! is kept, and so is its idea of a word: letters, digits and underscores, nothing else.

/// An identifier by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spec<'a> {
    /// A place in the graph; what the text means is decided by the command.
    Absolute(&'a str),
    /// Steps from a place, or from where the database is.
    Relative(Relative<'a>),
}

/// `[label@][symbol]±steps`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relative<'a> {
    /// Before the `@`.
    pub(super) label: Option<&'a str>,
    /// Where to start; none means the version rows.
    pub(super) symbol: Option<&'a str>,
    /// Up when positive.
    pub(super) steps: i64,
}

/// What a symbol without its label is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol<'a> {
    /// `heads`
    Heads,
    /// `head`
    Head,
    /// `base`, or nothing at all.
    Base,
    /// An id, a label, or the start of one.
    Name(&'a str),
}

impl<'a> Symbol<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        match text {
            "heads" => Self::Heads,
            "head" => Self::Head,
            "base" | "" => Self::Base,
            name => Self::Name(name),
        }
    }
}

impl<'a> Spec<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        Relative::parse(text).map_or(Self::Absolute(text), Self::Relative)
    }
}

impl<'a> Relative<'a> {
    /// Finds the shortest label that leaves a symbol and steps behind it, then the form without one.
    fn parse(text: &'a str) -> Option<Self> {
        let labelled = text.match_indices('@').filter(|(at, _)| *at > 0).find_map(|(at, _)| {
            let (symbol, steps) = symbol_and_steps(&text[at + 1..])?;
            Some(Self { label: Some(&text[..at]), symbol, steps })
        });
        labelled.or_else(|| {
            let (symbol, steps) = symbol_and_steps(text)?;
            Some(Self { label: None, symbol, steps })
        })
    }
}

fn symbol_and_steps(text: &str) -> Option<(Option<&str>, i64)> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (symbol, rest) = text.split_at(end);
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &rest[1..];
    let digits = &digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())];
    if digits.is_empty() {
        return None;
    }
    // A number too large for any history is as good as the largest.
    let steps = digits.parse::<i64>().unwrap_or(i64::MAX);
    Some(((!symbol.is_empty()).then_some(symbol), sign * steps))
}

/// `label@rest`, split at the first `@`; an empty label is none.
pub(super) fn split_first(text: &str) -> (Option<&str>, &str) {
    match text.split_once('@') {
        Some((label, rest)) => (Some(label).filter(|label| !label.is_empty()), rest),
        None => (None, text),
    }
}

/// `label@rest`, split at the last `@`, as downgrade does.
pub(super) fn split_last(text: &str) -> (Option<&str>, &str) {
    match text.rsplit_once('@') {
        Some((label, rest)) => (Some(label).filter(|label| !label.is_empty()), rest),
        None => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative<'a>(label: Option<&'a str>, symbol: Option<&'a str>, steps: i64) -> Spec<'a> {
        Spec::Relative(Relative { label, symbol, steps })
    }

    #[test]
    fn relative_forms() {
        assert_eq!(Spec::parse("+2"), relative(None, None, 2));
        assert_eq!(Spec::parse("-1"), relative(None, None, -1));
        assert_eq!(Spec::parse("abc-3"), relative(None, Some("abc"), -3));
        assert_eq!(Spec::parse("lab@+1"), relative(Some("lab"), None, 1));
        assert_eq!(Spec::parse("la-b@sym+1"), relative(Some("la-b"), Some("sym"), 1));
        assert_eq!(Spec::parse("a@b@+1"), relative(Some("a@b"), None, 1));
        assert_eq!(Spec::parse("-99999999999999999999"), relative(None, None, -i64::MAX));
    }

    #[test]
    fn garbage_behind_a_relative_form_is_ignored() {
        assert_eq!(Spec::parse("abc+1xyz"), relative(None, Some("abc"), 1));
    }

    #[test]
    fn ids_with_dots_or_blanks_are_never_relative() {
        assert_eq!(Spec::parse("v1.2+1"), Spec::Absolute("v1.2+1"));
        assert_eq!(Spec::parse("a b-1"), Spec::Absolute("a b-1"));
        assert_eq!(Spec::parse("abc+"), Spec::Absolute("abc+"));
        assert_eq!(Spec::parse(""), Spec::Absolute(""));
    }
}
