//! Why a target cannot be used, in words.

use super::{Graph, Node};
use crate::code::{Code, Diagnose};

/// Why a target cannot be used. `kind` is the word of the conformance corpus (`no_such_revision`, …).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TargetError {
    /// The corpus word.
    pub kind: &'static str,
    /// The stable code.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Diagnose for TargetError {
    fn code(&self) -> Code {
        self.code
    }
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl TargetError {
    pub(super) fn new(
        kind: &'static str,
        code: Code,
        message: String,
        hint: Option<String>,
    ) -> Self {
        Self { kind, code, message, hint }
    }

    /// The same error with another hint.
    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// How many names a message lists before it says "and so on".
const LISTED: usize = 8;

/// Names for a sentence: "`a`, `b` and `c`", cut when there are many.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if all.len() > LISTED {
        return format!("{} and {} more", all[..LISTED].join(", "), all.len() - LISTED);
    }
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

/// Ids of nodes for a sentence.
pub(super) fn ids(graph: &Graph, nodes: &[Node]) -> String {
    listed(nodes.iter().map(|&node| graph.id(node).as_str()))
}

/// No id or label is like this text.
pub(super) fn unknown(graph: &Graph, text: &str, what: &str) -> TargetError {
    let near = nearest(graph, text);
    let hint = if near.is_empty() {
        "`limbeck history` lists all revisions, `limbeck branches` the labels".to_owned()
    } else {
        format!("did you mean {}?", listed(near.iter().map(String::as_str)))
    };
    TargetError::new(
        "no_such_revision",
        Code::UnknownRevision,
        format!("no {what} is called `{text}`"),
        Some(hint),
    )
}

/// Only `base`, or nothing, where a revision is needed.
pub(super) fn names_nothing(spec: &str) -> TargetError {
    TargetError::new(
        "no_such_revision",
        Code::BadTarget,
        format!("`{spec}` names no revision"),
        Some("name one revision by its id, the start of its id or its branch label".to_owned()),
    )
}

/// More revisions than one can be meant.
pub(super) fn multiple_heads(graph: &Graph, spec: &str, heads: &[Node]) -> TargetError {
    TargetError::new(
        "multiple_heads",
        Code::MultipleHeads,
        format!("`{spec}` means one head, and there are {}: {}", heads.len(), ids(graph, heads)),
        Some(
            "name one by its id or as `label@head`, write `heads` for all, or join them with `limbeck merge heads`"
                .to_owned(),
        ),
    )
}

/// A walk off the end of the history; `can` is how far it could have gone.
pub(super) fn too_far(spec: &str, asked: i64, can: u64) -> TargetError {
    let way = if asked < 0 { "down" } else { "up" };
    let message = match can {
        0 => format!("`{spec}` leads nowhere: there is no step {way} from there"),
        1 => format!("`{spec}` goes too far: only one step {way} is possible from there"),
        _ => format!("`{spec}` goes too far: only {can} steps {way} are possible from there"),
    };
    let hint = if can == 0 {
        "`limbeck history` shows where you are with `-i`".to_owned()
    } else {
        let sign = if asked < 0 { '-' } else { '+' };
        let stem = spec.rfind(['+', '-']).map_or("", |at| &spec[..at]);
        format!("write `{stem}{sign}{can}` to go as far as possible")
    };
    TargetError::new("relative_too_far", Code::BadTarget, message, Some(hint))
}

/// Up to three ids or labels that the text may have been meant as, the nearest first.
pub(crate) fn nearest(graph: &Graph, text: &str) -> Vec<String> {
    let wanted = text.to_lowercase();
    let length = wanted.chars().count();
    // One letter in three may be wrong: beyond that anything is like anything.
    let limit = (length / 3).max(1);
    let names = graph
        .nodes()
        .map(|node| graph.id(node).as_str())
        .chain(graph.declared().map(|(label, _)| label));
    let mut found: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let lower = name.to_lowercase();
            // A shortened id is compared with as much of the full one.
            let head: String = lower.chars().take(length).collect();
            let gap = lower.chars().count().abs_diff(length);
            let whole =
                if gap > limit { usize::MAX } else { strsim::damerau_levenshtein(&wanted, &lower) };
            let start =
                if length < 4 { usize::MAX } else { strsim::damerau_levenshtein(&wanted, &head) };
            let distance = whole.min(start);
            (distance <= limit).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}
