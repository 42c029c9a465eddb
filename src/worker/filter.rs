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
    let nodes = history.graph().nodes();
    let hits: Vec<bool> = if let Some(fuzzy) = &mut fuzzy {
        nodes.map(|node| fuzzy.matches(&history.revision(node).message)).collect()
    } else {
        let lower = text.to_lowercase();
        let search = history.names().search(text);
        let labelled = |node| {
            let labels = history.graph().declared_labels(node);
            labels.iter().any(|l| l.to_lowercase().contains(&lower))
        };
        nodes.map(|node| search.finds(node) || labelled(node)).collect()
    };
    hits.into_iter().map(|hit| hit != inverse).collect()
}
