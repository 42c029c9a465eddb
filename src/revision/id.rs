//! Revision ids.

use std::{borrow::Borrow, fmt, sync::Arc};

/// The id of a revision: any text without `@`, `-`, `+` and `:`; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevisionId(Arc<str>);

impl RevisionId {
    /// Wraps an id; the rules are checked where files are read ([`RevisionId::illegal`]).
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new random id: 12 hex digits from the system's random source.
    ///
    /// Where the system refuses random bytes (very early in a boot, a seccomp jail), the hash seed
    /// that the standard library gives each map serves instead: ids need not be secret, only new.
    pub fn random() -> Self {
        let mut bytes = [0_u8; 6];
        if getrandom::fill(&mut bytes).is_err() {
            use std::hash::{BuildHasher, RandomState};
            let seed = RandomState::new().hash_one(std::process::id()).to_le_bytes();
            bytes.copy_from_slice(&seed[..6]);
        }
        Self::new(hex(&bytes))
    }

    /// The characters of `text` that no id or label may have, each once; empty when it is a good id.
    ///
    /// They are the grammar of targets; anything else, even a blank, is allowed.
    pub fn illegal(text: &str) -> Vec<char> {
        let mut found: Vec<char> =
            text.chars().filter(|c| matches!(c, '@' | '-' | '+' | ':')).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Lower-case hex digits of some bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Borrow<str> for RevisionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_are_twelve_hex_digits_and_differ() {
        let (one, other) = (RevisionId::random(), RevisionId::random());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 12);
        assert!(one.as_str().chars().all(|c| c.is_ascii_hexdigit() && !c.is_uppercase()));
    }

    #[test]
    fn illegal_characters_are_those_of_the_grammar() {
        assert_eq!(RevisionId::illegal("a+b@c+"), ['+', '@']);
        assert!(RevisionId::illegal("with spaces.and_dots").is_empty());
    }
}
