//! What revisions are called, in one piece: looking through a hundred thousand of them while
//! somebody types must not visit each one's own strings.

use memchr::memmem::Finder;

use super::{Node, Revision};

/// Ids and messages of a history in lower case, a line for each node.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    lines: Vec<Line>,
    telling: usize,
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
        names.telling = telling(revisions);
        names
    }

    /// How many characters of an id tell all revisions apart.
    pub fn telling(&self) -> usize {
        self.telling
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

    /// A search for a text, whatever its case.
    pub fn search(&self, text: &str) -> Search<'_> {
        let wanted = text.to_lowercase();
        Search { names: self, finder: Finder::new(wanted.as_bytes()).into_owned() }
    }
}

/// A text that is looked for in names. Each node is looked at when it is asked about: who wants the
/// first few pays for no more.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    names: &'a Names,
    finder: Finder<'static>,
}

impl Search<'_> {
    /// Whether the node's id begins with the text or its message holds it.
    pub fn finds(&self, node: Node) -> bool {
        let Names { text, lines, .. } = self.names;
        let Some(line) = lines.get(node.index()) else { return false };
        let start = node.index().checked_sub(1).map_or(0, |before| lines[before].end);
        let (id, message) = text.as_bytes()[start..line.end].split_at(line.message - start);
        id.starts_with(self.finder.needle()) || self.finder.find(message).is_some()
    }
}

/// The longest beginning that two ids share, and one more.
fn telling(revisions: &[Revision]) -> usize {
    let mut ids: Vec<&str> = revisions.iter().map(|revision| revision.id.as_str()).collect();
    ids.sort_unstable();
    let shared = ids
        .windows(2)
        .map(|pair| pair[0].chars().zip(pair[1].chars()).take_while(|(a, b)| a == b).count());
    shared.max().unwrap_or(0) + 1
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
            ("a1b2all", [false, false, false]),
            ("nowhere", [false, false, false]),
        ] {
            let search = names.search(text);
            assert_eq!([0, 1, 2].map(|n| search.finds(Node(n))), found, "{text:?}");
            assert!(!search.finds(Node(3)), "{text:?}");
        }
    }

    #[test]
    fn ids_are_told_apart_by_one_character_more_than_they_share() {
        for (ids, telling) in
            [(["ab1", "ab2", "b"], 3), (["a", "b", "c"], 1), (["\u{e4}\u{e4}1", "\u{e4}", "x"], 2)]
        {
            assert_eq!(names(&ids.map(|id| (id, ""))).telling(), telling, "{ids:?}");
        }
    }
}
