//! Which revisions a filter shows.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use crate::revision::History;

/// A fuzzy pattern; matching needs scratch memory, kept here.
pub struct Fuzzy {
    matcher: Matcher,
    pattern: Pattern,
    chars: Vec<char>,
}

impl std::fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fuzzy").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

impl Fuzzy {
    /// A pattern for this text: words in any order, upper case only where it is typed.
    pub fn new(text: &str) -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            pattern: Pattern::parse(text, CaseMatching::Smart, Normalization::Smart),
            chars: Vec::new(),
        }
    }

    /// Whether `text` matches.
    pub fn matches(&mut self, text: &str) -> bool {
        self.pattern.score(Utf32Str::new(text, &mut self.chars), &mut self.matcher).is_some()
    }

    /// How well `text` matches, and where.
    pub fn score(&mut self, text: &str) -> Option<(u32, Vec<u32>)> {
        let mut hits = Vec::new();
        let haystack = Utf32Str::new(text, &mut self.chars);
        let score = self.pattern.indices(haystack, &mut self.matcher, &mut hits)?;
        hits.sort_unstable();
        hits.dedup();
        Some((score, hits))
    }
}

/// A text that is looked for without regard to case, in very many others.
#[derive(Debug)]
pub struct Needle {
    lower: String,
}

impl Needle {
    /// Looks for this.
    pub fn new(text: &str) -> Self {
        Self { lower: text.to_lowercase() }
    }

    /// Whether `text` holds it. Plain ASCII, which most texts are, costs no memory.
    pub fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() && self.lower.is_ascii() {
            let (text, wanted) = (text.as_bytes(), self.lower.as_bytes());
            return wanted.is_empty()
                || text.windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted));
        }
        text.to_lowercase().contains(&self.lower)
    }

    /// Whether `text` begins with it.
    pub fn begins(&self, text: &str) -> bool {
        text.get(..self.lower.len()).is_some_and(|head| head.eq_ignore_ascii_case(&self.lower))
            || !text.is_ascii() && text.to_lowercase().starts_with(&self.lower)
    }
}

/// Which revisions a filter shows, indexed by node. Substring by default, `!` inverts, `~` is fuzzy.
pub fn matching(history: &History, filter: &str) -> Vec<bool> {
    let (inverse, text) = match filter.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, filter),
    };
    if text.is_empty() || text == "~" {
        return vec![true; history.revisions().len()];
    }
    let mut fuzzy = text.strip_prefix('~').map(Fuzzy::new);
    let needle = Needle::new(text);
    history
        .graph()
        .nodes()
        .map(|node| {
            let revision = history.revision(node);
            let hit = match &mut fuzzy {
                Some(fuzzy) => fuzzy.matches(&revision.message),
                None => {
                    needle.begins(revision.id.as_str())
                        || needle.is_in(&revision.message)
                        || history.graph().declared_labels(node).iter().any(|l| needle.is_in(l))
                }
            };
            hit != inverse
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Needle;

    #[test]
    fn case_is_folded_in_any_script() {
        for (needle, text, found) in [
            ("Order", "all ORDERS", true),
            ("", "x", true),
            ("longer than it", "x", false),
            ("\u{e4}rger", "\u{c4}RGER", true),
            ("orders", "\u{c4}rger mit Orders", true),
            ("\u{df}", "abc", false),
        ] {
            assert_eq!(Needle::new(needle).is_in(text), found, "{needle} in {text}");
        }
        assert!(Needle::new("7F3").begins("7f3a91c0"));
        assert!(!Needle::new("3a").begins("7f3a91c0"));
        assert!(!Needle::new("\u{e4}bc").begins("a"));
    }
}
