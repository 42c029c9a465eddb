//! What revisions are called, in one piece: looking through a hundred thousand of them while
//! somebody types must not visit each one's own strings.

use super::Revision;

/// Ids and messages of a history in lower case, a line for each node.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    lines: Vec<Line>,
}

/// Where a node's line stands.
#[derive(Clone, Copy, Debug)]
struct Line {
    message: usize,
    end: usize,
}

impl Names {
    /// Of revisions in the order of their nodes.
    pub fn new(revisions: &[Revision]) -> Self {
        let mut names = Self::default();
        names.lines.reserve_exact(revisions.len());
        for revision in revisions {
            names.push(revision.id.as_str());
            let message = names.text.len();
            names.push(&revision.message);
            names.lines.push(Line { message, end: names.text.len() });
        }
        names.text.shrink_to_fit();
        names
    }

    fn push(&mut self, text: &str) {
        if text.is_ascii() {
            self.text.extend(text.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            self.text.push_str(&text.to_lowercase());
        }
        // No text that is looked for reaches over the end of an id or a message.
        self.text.push('\n');
    }

    /// By node: whether its id begins with the text or its message holds it, whatever the case.
    pub fn find(&self, text: &str) -> Vec<bool> {
        let wanted = text.to_lowercase();
        let mut hits = vec![wanted.is_empty(); self.lines.len()];
        if wanted.is_empty() || wanted.contains('\n') {
            return hits;
        }
        let (mut node, mut start) = (0, 0);
        for (at, _) in self.text.match_indices(&wanted) {
            while self.lines[node].end <= at {
                start = self.lines[node].end;
                node += 1;
            }
            hits[node] |= at == start || at >= self.lines[node].message;
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::revision::file;

    fn names(revisions: &[(&str, &str)]) -> Names {
        let parse = |(id, message): &(&str, &str)| {
            let text =
                format!("-- {message}\n--\n-- Revision ID: {id}\n-- Revises:\n\n-- migrate:up\n");
            file::parse(Path::new("x.sql"), text.as_bytes()).unwrap()
        };
        Names::new(&revisions.iter().map(parse).collect::<Vec<_>>())
    }

    #[test]
    fn ids_are_found_by_their_beginning_and_messages_by_any_part() {
        let names = names(&[("a1b2", "all ORDERS"), ("b2c3", "\u{c4}rger b2"), ("ffb2", "")]);
        for (text, found) in [
            ("", [true, true, true]),
            ("B2", [false, true, false]),
            ("b2c", [false, true, false]),
            ("order", [true, false, false]),
            ("\u{e4}RGER", [false, true, false]),
            ("l", [true, false, false]),
            ("r", [true, true, false]),
            ("ff", [false, false, true]),
            ("a1b2\nall", [false, false, false]),
            ("nowhere", [false, false, false]),
        ] {
            assert_eq!(names.find(text), found, "{text:?}");
        }
    }
}
