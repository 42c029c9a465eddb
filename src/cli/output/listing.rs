//! Lists of revisions for people: one line each, columns aligned, the rest under `-v`.

use super::{
    style,
    table::{Cell, columns},
};
use crate::{
    engine::overview::RevisionState,
    present::{age, safe::display_safe},
    revision::{History, Node, RevisionId},
};

/// What a list shows beside the revisions themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look<'a> {
    /// States in the database, one for each node, when it was asked.
    pub(crate) states: Option<&'a [RevisionState]>,
    /// Full details for each revision.
    pub(crate) verbose: bool,
    /// Leave out `head`, where every line would say so.
    pub(crate) no_heads: bool,
}

/// One line for each revision, or a block of lines under `-v`.
pub(crate) fn revisions(history: &History, nodes: &[Node], look: Look<'_>) -> String {
    if look.verbose {
        let blocks: Vec<String> = nodes.iter().map(|n| block(history, *n, look)).collect();
        return blocks.join("\n");
    }
    let rows: Vec<Vec<Cell>> = nodes.iter().map(|n| line(history, *n, look)).collect();
    columns(&rows, "")
}

/// The cells of one line: glyph (when states are known), id, message, marks, date.
pub(crate) fn line(history: &History, node: Node, look: Look<'_>) -> Vec<Cell> {
    let revision = history.revision(node);
    let id = display_safe(history.graph().short_id(node));
    let date = revision.created.map(|t| t.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    let glyph = look.states.map_or_else(Cell::default, |states| match states.get(node.index()) {
        Some(state) if state.applied => Cell::styled("●", style::good),
        _ => Cell::styled("○", style::dim),
    });
    vec![
        glyph,
        Cell::styled(&id, style::id),
        Cell::plain(display_safe(&revision.message)),
        marks(history, node, look),
        Cell::styled(&date, style::dim),
    ]
}

/// `current`, `head`, labels, `branch point`, `merge`, `irreversible`, `edited`, …
pub(crate) fn marks(history: &History, node: Node, look: Look<'_>) -> Cell {
    let graph = history.graph();
    let mut words: Vec<Cell> = Vec::new();
    let state = look.states.and_then(|states| states.get(node.index()));
    if let Some(state) = state {
        if state.current {
            words.push(Cell::styled("current", style::good));
        }
        if let Some((done, of)) = state.partial {
            words.push(Cell::styled(&format!("partial {done}/{of}"), style::error));
        }
        match state.edited {
            Some(crate::engine::overview::Edit::Up) => {
                words.push(Cell::styled("edited", style::error));
            }
            Some(_) => words.push(Cell::styled("edited (harmless)", style::dim)),
            None => {}
        }
        if state.failed.is_some() && !state.applied {
            words.push(Cell::styled("failed", style::error));
        }
        if state.cancelled.is_some() && !state.applied {
            words.push(Cell::styled("cancelled", style::dim));
        }
    }
    if !look.no_heads && graph.children(node).is_empty() {
        words.push(Cell::styled("head", style::mark));
    }
    for label in graph.declared_labels(node) {
        words.push(Cell::styled(&display_safe(label), style::label));
    }
    if graph.children(node).len() > 1 {
        words.push(Cell::styled("branch point", style::dim));
    }
    if graph.parents(node).len() > 1 {
        words.push(Cell::styled("merge", style::dim));
    }
    words.iter().fold(Cell::default(), |all, word| all.join(", ", word))
}

/// Everything about one revision, a line for each fact.
pub(crate) fn block(history: &History, node: Node, look: Look<'_>) -> String {
    let graph = history.graph();
    let revision = history.revision(node);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let value = display_safe(value);
            rows.push(vec![Cell::styled(name, style::dim), Cell::plain(value)]);
        }
    };
    let parents: Vec<String> = graph.parents(node).iter().map(|p| named(history, *p)).collect();
    let children: Vec<String> = graph.children(node).iter().map(|c| named(history, *c)).collect();
    let inherited: Vec<&str> = graph
        .labels(node)
        .iter()
        .filter(|l| !graph.declared_labels(node).contains(l))
        .map(String::as_str)
        .collect();
    if parents.is_empty() {
        fact("revises", if revision.down.is_empty() { "nothing (a base)" } else { "missing" });
    }
    for (i, parent) in parents.iter().enumerate() {
        fact(if i == 0 { "revises" } else { " " }, parent);
    }
    for (i, child) in children.iter().enumerate() {
        fact(if i == 0 { "revised by" } else { " " }, child);
    }
    for (i, dependency) in revision.depends_on.iter().enumerate() {
        let known = graph.find(dependency).map(|node| named(history, node));
        let text = known.unwrap_or_else(|| dependency.clone());
        fact(if i == 0 { "depends on" } else { " " }, &text);
    }
    fact("branch", &inherited.join(", "));
    fact("created", &revision.created.map(full_time).unwrap_or_default());
    if let Some(state) = look.states.and_then(|states| states.get(node.index())) {
        fact("applied", &applied(state));
        if let Some(failed) = &state.failed {
            fact("last try", failed);
        }
        if state.cancelled.is_some() {
            fact("last try", "cancelled, and rolled back");
        }
    }
    fact("file", &revision.path.display().to_string());
    if revision.script.down.is_none() {
        fact("undo", "none: the file has no down section");
    }
    let head = vec![vec![
        Cell::styled(&display_safe(revision.id.as_str()), style::id),
        Cell::styled(&display_safe(&revision.message), style::bold),
        marks(history, node, look),
    ]];
    columns(&head, "") + &columns(&rows, "  ")
}

fn applied(state: &RevisionState) -> String {
    if !state.applied {
        return "no".to_owned();
    }
    let mut text = state.applied_at.map_or_else(|| "yes".to_owned(), full_time);
    if let Some(by) = &state.applied_by {
        text.push_str(" by ");
        text.push_str(by);
    }
    if let Some(took) = state.took {
        text.push_str(" in ");
        text.push_str(&age::elapsed(took));
    }
    text
}

/// `9584caad create account table`, safe to print.
pub(crate) fn named(history: &History, node: Node) -> String {
    let id = display_safe(history.graph().short_id(node)).into_owned();
    let message = display_safe(&history.revision(node).message).into_owned();
    if message.is_empty() { id } else { format!("{id} {message}") }
}

/// Ids as lists show them, for rows of the database: shortened where a file knows them.
pub(crate) fn rows(history: &History, rows: &[RevisionId]) -> String {
    if rows.is_empty() {
        return "base".to_owned();
    }
    let short = |row: &RevisionId| match history.graph().find(row.as_str()) {
        Some(node) => display_safe(history.graph().short_id(node)).into_owned(),
        None => display_safe(row.as_str()).into_owned(),
    };
    rows.iter().map(|row| style::id(&short(row))).collect::<Vec<_>>().join(", ")
}

/// `2026-11-22 08:26:00 UTC`.
pub(crate) fn full_time(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `one revision`, `3 revisions`, `no revisions`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    match n {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        assert_eq!(count(0, "revision", "revisions"), "no revisions");
        assert_eq!(count(1, "revision", "revisions"), "1 revision");
        assert_eq!(count(2, "revision", "revisions"), "2 revisions");
    }
}
