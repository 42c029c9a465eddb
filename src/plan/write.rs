//! Ordered nodes to statements: parts into the statement of their whole, clauses of one table
//! together, what may wait to the end.

use super::{
    Part, Statement,
    fate::Fate,
    fates::Fates,
    meta,
    order::{Node, Phase},
};
use crate::schema::{
    Body, Key, Object, Run, Snapshot, Step,
    kind::Cx,
    step::{Group, Inside},
};

/// A statement in the making.
struct Piece {
    keys: Vec<Key>,
    text: Text,
    run: Run,
    /// The changes, one for each clause.
    parts: Vec<Part>,
    late: bool,
    commit_after: bool,
    /// Owner, comment, rights: what comes after need not wait for it.
    aside: bool,
}

enum Text {
    Whole(String),
    Clauses { head: String, group: Group, clauses: Vec<String> },
}

/// Writes the statements of ordered nodes.
pub(super) fn write(nodes: &[Node<'_>], fates: &Fates, cx: &Cx<'_>) -> Vec<Statement> {
    let mut pieces = Vec::new();
    for node in nodes {
        render(node, fates, cx, &mut pieces);
    }
    let pieces = join(pieces);
    let (late, mut pieces): (Vec<_>, Vec<_>) = pieces.into_iter().partition(|p| p.late);
    pieces.extend(late);
    let mut statements: Vec<Statement> = Vec::with_capacity(pieces.len());
    let mut commit = false;
    for piece in pieces {
        let waits = commit && piece.run == Run::Together && !piece.commit_after;
        commit = piece.commit_after || (commit && !waits && piece.run == Run::Together);
        let run = if waits { Run::NewTransaction } else { piece.run };
        statements.push(piece.statement(run));
    }
    statements
}

fn render(node: &Node<'_>, fates: &Fates, cx: &Cx<'_>, out: &mut Vec<Piece>) {
    let object = node.object;
    let kind = Snapshot::kind_of(object);
    let swap = match fates.get(&object.key) {
        Some(Fate::Swap(swap)) => Some(swap),
        _ => None,
    };
    let plain = |steps: Vec<Step>, out: &mut Vec<Piece>| out.extend(steps.into_iter().map(piece));
    match node.phase {
        Phase::Drop => {
            let from = out.len();
            plain(kind.drop(object, cx), out);
            if let Some(first) = out.get_mut(from) {
                first.parts[0].loses.extend(taken_along(node));
            }
        }
        Phase::Hollow if let Some(Fate::Detach(before, ..)) = fates.get(&object.key) => {
            plain(before.clone(), out);
        }
        Phase::Hollow | Phase::Stub => plain(kind.stub(object, cx).unwrap_or_default(), out),
        Phase::Aside => plain(swap.map(|s| s.aside.clone()).unwrap_or_default(), out),
        Phase::Carry => plain(swap.map(|s| s.carry.clone()).unwrap_or_default(), out),
        Phase::Discard => plain(swap.map(|s| s.drop.clone()).unwrap_or_default(), out),
        Phase::Build => build(node, cx, out),
        Phase::Alter => {
            if let Some(Fate::Alter(steps) | Fate::Detach(_, steps, _)) = fates.get(&object.key) {
                plain(steps.clone(), out);
            }
            if let Some(old) = cx.old.get(&object.key)
                && old.meta != object.meta
            {
                let steps = meta::alter(old, object, cx.old, cx.new);
                out.extend(steps.into_iter().map(piece).map(Piece::aside));
            }
        }
    }
}

/// The data of what goes with a node, its own parts aside: the partitions of a table.
fn taken_along(node: &Node<'_>) -> Vec<String> {
    let own = Some(&node.object.key);
    node.parts
        .iter()
        .filter(|o| o.parent.as_ref() != own && o.key.relation().is_none())
        .filter(|o| Snapshot::kind_of(o).holds_data(o))
        .map(|o| o.key.to_string())
        .collect()
}

/// The statement that builds a whole with its parts, and what must follow it.
fn build(node: &Node<'_>, cx: &Cx<'_>, out: &mut Vec<Piece>) {
    let whole = node.object;
    let mut steps = Snapshot::kind_of(whole).create(whole, cx);
    if node.parts.is_empty() {
        out.extend(steps.into_iter().map(piece));
        out.extend(made(whole, cx));
        return;
    }
    let is_main = |step: &Step| match &step.body {
        Body::Container { .. } => true,
        Body::Clause { inside, .. } => inside.is_some() && step.key == whole.key,
        Body::Text(_) => false,
    };
    let main = steps.iter().position(is_main).unwrap_or(0);
    let mut keys = vec![whole.key.clone()];
    let mut elements: Vec<(Key, String)> = Vec::new();
    let mut suffixes = String::new();
    let mut after = Vec::new();
    for part in &node.parts {
        for step in Snapshot::kind_of(part).create(part, cx) {
            match &step.body {
                Body::Clause { inside: Some(Inside::Element(text)), .. } => {
                    elements.push((part.key.clone(), text.clone()));
                    keys.push(part.key.clone());
                }
                Body::Clause { inside: Some(Inside::Suffix(text)), .. } => {
                    let parent = part.parent.as_ref();
                    if parent == Some(&whole.key) {
                        suffixes.push_str(text);
                        keys.push(part.key.clone());
                    } else if let Some((_, element)) =
                        elements.iter_mut().find(|(key, _)| Some(key) == parent)
                    {
                        element.push_str(text);
                        keys.push(part.key.clone());
                    } else {
                        after.push(step);
                    }
                }
                _ => after.push(step),
            }
        }
    }
    if main < steps.len() {
        let step = steps.remove(main);
        let mut whole_piece = piece(step.clone());
        match (&mut whole_piece.text, &step.body) {
            (Text::Whole(text), Body::Container { head, tail }) => {
                *text = container(head, elements.iter().map(|(_, e)| e.as_str()), tail);
                whole_piece.keys = keys;
            }
            (Text::Whole(text), _) => {
                text.push_str(&suffixes);
                whole_piece.keys = keys;
            }
            (Text::Clauses { clauses, .. }, _) => {
                if let Some(clause) = clauses.last_mut() {
                    clause.push_str(&suffixes);
                }
                whole_piece.keys = keys;
            }
        }
        let rest = steps.split_off(main);
        out.extend(steps.into_iter().map(piece));
        out.push(whole_piece);
        out.extend(rest.into_iter().chain(after).map(piece));
    } else {
        // Another statement makes it; what its parts add to it remains.
        out.extend(after.into_iter().map(piece));
    }
    out.extend(made(whole, cx));
    for part in &node.parts {
        out.extend(made(part, cx));
    }
}

/// Owner, comment and rights of something new.
fn made<'a>(object: &Object, cx: &Cx<'a>) -> impl Iterator<Item = Piece> + use<'a> {
    meta::create(object, cx.old, cx.new).into_iter().map(piece).map(Piece::aside)
}

fn container<'a>(head: &str, elements: impl Iterator<Item = &'a str>, tail: &str) -> String {
    let elements: Vec<_> = elements.map(|e| format!("    {e}")).collect();
    let body = if elements.is_empty() {
        String::from("()")
    } else {
        format!("(\n{}\n)", elements.join(",\n"))
    };
    let gap = if tail.is_empty() { "" } else { "\n" };
    format!("{head} {body}{gap}{tail}")
}

fn piece(step: Step) -> Piece {
    let Step { key, body, run, late, commit_after, loses } = step;
    let text = match body {
        Body::Text(sql) => Text::Whole(sql),
        Body::Container { head, tail } => Text::Whole(container(&head, std::iter::empty(), &tail)),
        Body::Clause { head, clause, group, inside: _ } => {
            Text::Clauses { head, group, clauses: vec![clause] }
        }
    };
    let parts = vec![Part { key: key.clone(), loses: loses.into_iter().collect() }];
    Piece { keys: vec![key], text, run, parts, late, commit_after, aside: false }
}

/// Joins clauses of one sort on one table; what lies between only if it can wait.
fn join(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut open: Option<usize> = None;
    for piece in pieces {
        if let Some(at) = open
            && out[at].joins(&piece)
        {
            let first = &mut out[at];
            if let (Text::Clauses { clauses, .. }, Text::Clauses { clauses: more, .. }) =
                (&mut first.text, piece.text)
            {
                clauses.extend(more);
            }
            first.keys.extend(piece.keys);
            first.parts.extend(piece.parts);
            continue;
        }
        if !piece.aside {
            open = matches!(&piece.text, Text::Clauses { group, .. } if *group != Group::Alone)
                .then_some(out.len());
        }
        out.push(piece);
    }
    out
}

impl Piece {
    fn aside(mut self) -> Self {
        self.aside = true;
        self
    }

    fn joins(&self, other: &Self) -> bool {
        match (&self.text, &other.text) {
            (Text::Clauses { head, group, .. }, Text::Clauses { head: h, group: g, .. }) => {
                head == h
                    && group == g
                    && self.run == other.run
                    && self.late == other.late
                    && !self.commit_after
                    && !other.commit_after
            }
            _ => false,
        }
    }

    fn statement(self, run: Run) -> Statement {
        let sql = match self.text {
            Text::Whole(sql) => sql,
            Text::Clauses { head, clauses, .. } if clauses.len() == 1 => {
                format!("{head} {}", clauses.concat())
            }
            Text::Clauses { head, clauses, .. } => {
                format!("{head}\n    {}", clauses.join(",\n    "))
            }
        };
        let mut keys = self.keys;
        let mut seen = std::collections::HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        let loses = self.parts.iter().flat_map(|part| part.loses.iter().cloned()).collect();
        Statement { loses, parts: self.parts, ..Statement::new(keys, sql, run) }
    }
}
