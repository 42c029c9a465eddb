//! Drawn things: the graph of revisions, SQL in colours.

use anstyle::{AnsiColor, Style};

use super::{
    listing::{self, Look},
    style,
    table::{Cell, columns},
};
use crate::{
    present::{
        lanes::{Charset, Item, Layout, Mark, Request},
        safe::display_safe,
        sql::{SqlKind, spans},
    },
    revision::{History, Node},
};

/// Colours that lanes take turns with.
const LANES: [AnsiColor; 6] = [
    AnsiColor::Blue,
    AnsiColor::Magenta,
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Yellow,
    AnsiColor::Red,
];

/// Stands for a revision whose state nobody asked for.
const UNKNOWN: &str = "*";

/// The graph of these revisions, newest first.
pub(crate) fn graph(history: &History, nodes: &[Node], look: Look<'_>, ascii: bool) -> String {
    let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
    let mut shown = vec![false; history.graph().len()];
    for node in nodes {
        shown[node.index()] = true;
    }
    let is_current = |node: &Node| state(look, *node).is_some_and(|s| s.current);
    let current: Vec<Node> = nodes.iter().copied().filter(is_current).collect();
    let layout = Layout::new(&Request {
        graph: history.graph(),
        current: &current,
        orphans: &[],
        shown: Some(&shown),
    });
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for row in layout.rows(0..layout.len()) {
        let Item::Revision(node) = row.item else { continue };
        let mark = mark(history, node, look);
        let mut drawing = Cell::default();
        for piece in row.pieces(&layout, mark.unwrap_or(Mark::Pending), charset, false) {
            let cell = match (piece.mark, mark, piece.colour) {
                (true, None, _) => Cell::plain(UNKNOWN),
                (true, Some(mark), _) => Cell::styled(piece.glyph, |glyph| coloured(mark, glyph)),
                (false, _, Some(colour)) => {
                    let colour = LANES[usize::from(colour) % LANES.len()];
                    Cell::styled(piece.glyph, |glyph| paint(colour.on_default(), glyph))
                }
                (false, _, None) => Cell::plain(piece.glyph),
            };
            drawing = drawing.join("", &cell);
        }
        let mut line = listing::line(history, node, look);
        line[0] = drawing;
        rows.push(line);
    }
    columns(&rows, "")
}

fn state(look: Look<'_>, node: Node) -> Option<&crate::engine::overview::RevisionState> {
    look.states.and_then(|states| states.get(node.index()))
}

fn mark(history: &History, node: Node, look: Look<'_>) -> Option<Mark> {
    let state = state(look, node)?;
    let merge = history.graph().parents(node).len() > 1;
    let failed = state.partial.is_some() || (state.failed.is_some() && !state.applied);
    Some(Mark::new(state.applied, merge).current(state.current).failed(failed))
}

fn coloured(mark: Mark, glyph: &str) -> String {
    match mark {
        Mark::Failed => style::error(glyph),
        mark if mark.is_applied() => style::good(glyph),
        _ => style::dim(glyph),
    }
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// SQL, indented, in colours, safe to print.
pub(crate) fn sql(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut fresh = true;
    for span in spans(text) {
        let style = match span.kind {
            SqlKind::Keyword => AnsiColor::Blue.on_default(),
            SqlKind::Type => AnsiColor::Cyan.on_default(),
            SqlKind::String => AnsiColor::Green.on_default(),
            SqlKind::Number | SqlKind::Param => AnsiColor::Magenta.on_default(),
            SqlKind::Comment => Style::new().dimmed(),
            _ => Style::new(),
        };
        for (i, line) in text[span.range].split('\n').enumerate() {
            if i > 0 {
                out.push('\n');
                fresh = true;
            }
            if line.is_empty() {
                continue;
            }
            if fresh {
                out.push_str(indent);
                fresh = false;
            }
            let safe = display_safe(&line.replace('\t', "    ")).into_owned();
            out.push_str(&if style.is_plain() { safe } else { paint(style, &safe) });
        }
    }
    if !fresh {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_keeps_its_text_and_loses_its_teeth() {
        let text = "SELECT 'a\tb\n  c' -- x\u{1b}[2J\n\nFROM t;\n";
        let shown = anstream::adapter::strip_str(&sql(text, "  ")).to_string();
        assert!(shown.starts_with("  SELECT 'a    b\n    c' -- x"), "{shown}");
        assert!(shown.ends_with("\n\n  FROM t;\n"), "{shown}");
        assert!(!sql(text, "  ").contains("\u{1b}[2J"));
    }
}
