//! What was perhaps renamed: objects that go and others of their kind that come and look alike.
//!
//! Nothing is renamed by a guess. [`questions`] finds what is worth asking; what was answered with
//! yes becomes statements ([`statements`]) that run before everything else, and the rest of the plan
//! starts from what they leave behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::{Part, Statement, hazard};
use crate::{
    pg::{category, words::normal_name},
    schema::{
        Delta, KINDS, Key, KindId, Name, Object, Snapshot, diff,
        kind::kind,
        sql::{ident, literal},
    },
};

/// Up to this many pairs of one kind are looked at closely; beyond, nobody could answer anyway.
const PAIRS: usize = 40_000;

/// From this score on (of 100) it is worth asking.
const ASK: u8 = 60;

/// Something that gets another name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rename {
    /// An object, which may change its schema too.
    Object {
        /// Its key so far.
        from: Key,
        /// Its key then.
        to: Key,
    },
    /// A name within an object that is no object of its own: a value of an enum.
    Within {
        /// The object.
        of: Key,
        /// The name so far.
        from: String,
        /// The name then.
        to: String,
    },
}

/// A rename that is worth asking about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// What would be renamed.
    pub rename: Rename,
    /// How much the two are alike, of 100.
    pub score: u8,
    /// Rows or values are lost when the answer is no.
    pub data: bool,
}

/// A rename that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenameError {
    /// One sentence.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl std::fmt::Display for Rename {
    /// For people: `column public.account.mail to email`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object { from, to } if moves(from, to) => write!(f, "{from} to {}", to.sql()),
            Self::Object { from, to } => write!(f, "{from} to {}", ident(to.base_name())),
            Self::Within { of, from, to } => {
                write!(f, "value {} of {of} to {}", literal(from), literal(to))
            }
        }
    }
}

impl Rename {
    /// The argument of `--rename` that says the same: `column public.account.mail=email`.
    pub fn argument(&self) -> String {
        match self {
            Self::Object { from, to } if moves(from, to) => format!("{from}={}", to.sql()),
            Self::Object { from, to } => format!("{from}={}", ident(to.base_name())),
            Self::Within { of, from, to } => format!("{of}.{}={}", ident(from), ident(to)),
        }
    }

    /// Whether it is still to be made in `schema`: what it renames is there, and nothing has the new
    /// name.
    pub fn is_open(&self, schema: &Snapshot) -> bool {
        match self {
            Self::Object { from, to } => schema.contains(from) && !schema.contains(to),
            Self::Within { of, from, to } => schema.get(of).is_some_and(|object| {
                let names = kind(of.kind()).names_within(object);
                names.contains(from) && !names.contains(to)
            }),
        }
    }

    /// The way back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        match self.clone() {
            Self::Object { from, to } => Self::Object { from: to, to: from },
            Self::Within { of, from, to } => Self::Within { of, from: to, to: from },
        }
    }
}

/// Whether the schema changes too.
fn moves(from: &Key, to: &Key) -> bool {
    from.schema() != to.schema()
}

/// Returns the statements that rename, in the order given; `schema` has everything under the names
/// so far.
pub fn statements(schema: &Snapshot, renames: &[Rename]) -> Result<Vec<Statement>, RenameError> {
    let mut statements = Vec::new();
    for rename in renames {
        let key = match rename {
            Rename::Object { from, .. } => from,
            Rename::Within { of, .. } => of,
        };
        let object = schema.get(key);
        let steps = object.and_then(|object| match rename {
            Rename::Object { to, .. } => kind(key.kind()).rename(object, to),
            Rename::Within { from, to, .. } => {
                kind(key.kind()).rename_within(object, from, to).map(|step| vec![step])
            }
        });
        let Some(steps) = steps else {
            return Err(RenameError {
                message: format!("{rename}: PostgreSQL cannot rename it"),
                hint: "leave this `--rename` out; it is dropped and made again then".to_owned(),
            });
        };
        statements.extend(steps.into_iter().map(|step| Statement {
            parts: vec![Part { key: step.key.clone(), loses: Vec::new() }],
            ..Statement::new(vec![step.key.clone()], step.sql(), step.run)
        }));
    }
    hazard::mark(&mut statements, schema);
    Ok(statements)
}

/// Returns what is worth asking, the likeliest first. Parts of what was itself perhaps renamed are
/// not looked at: once that is answered, there are new questions.
pub fn questions(old: &Snapshot, new: &Snapshot) -> Vec<Question> {
    type Sides<'a> = (Vec<&'a Object>, Vec<&'a Object>);
    let mut kinds: BTreeMap<KindId, Sides<'_>> = BTreeMap::new();
    let mut questions = Vec::new();
    for delta in diff(old, new) {
        match delta {
            Delta::Removed(it) => kinds.entry(it.key.kind()).or_default().0.push(it),
            Delta::Added(it) => kinds.entry(it.key.kind()).or_default().1.push(it),
            Delta::Changed(a, b) => questions.extend(within(a, b)),
        }
    }
    kinds.retain(|_, (gone, come)| !gone.is_empty() && !come.is_empty());
    if kinds.is_empty() {
        return questions;
    }
    let (parts_old, parts_new) = (parts(old), parts(new));
    for (gone, come) in kinds.into_values() {
        if gone.len() * come.len() > PAIRS {
            continue;
        }
        let mut found: Vec<(u8, &Key, &Key, bool)> = Vec::new();
        for a in &gone {
            for b in come.iter().filter(|b| fits(a, b)) {
                let score = score(a, b, &parts_old, &parts_new);
                if score >= ASK && kind(a.key.kind()).rename(a, &b.key).is_some() {
                    found.push((score, &a.key, &b.key, Snapshot::kind_of(a).holds_data(a)));
                }
            }
        }
        found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
        let mut used: BTreeSet<&Key> = BTreeSet::new();
        for (score, from, to, data) in found {
            if used.contains(from) || used.contains(to) {
                continue;
            }
            used.extend([from, to]);
            let rename = Rename::Object { from: from.clone(), to: to.clone() };
            questions.push(Question { rename, score, data });
        }
    }
    questions.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.rename.cmp(&b.rename)));
    questions
}

/// Values that may have been renamed: those that go and those that come, where there are as many.
fn within(old: &Object, new: &Object) -> Vec<Question> {
    let names = |object: &Object| kind(object.key.kind()).names_within(object);
    let (a, b) = (names(old), names(new));
    let gone: Vec<_> = a.iter().enumerate().filter(|(_, name)| !b.contains(name)).collect();
    let come: Vec<_> = b.iter().enumerate().filter(|(_, name)| !a.contains(name)).collect();
    if gone.len() != come.len() {
        return Vec::new();
    }
    let pairs = gone.into_iter().zip(come).filter(|((i, _), (j, _))| i == j);
    pairs
        .map(|((_, from), (_, to))| {
            let (from, to) = (from.clone(), to.clone());
            let score = 60 + (strsim::jaro_winkler(&from, &to) * 40.0) as u8;
            let rename = Rename::Within { of: old.key.clone(), from, to };
            Question { rename, score, data: true }
        })
        .collect()
}

type Parts<'a> = HashMap<&'a Key, Vec<&'a Object>>;

/// The parts with contents of each object: the columns of tables.
fn parts(schema: &Snapshot) -> Parts<'_> {
    let mut parts: Parts<'_> = HashMap::new();
    for object in schema.objects() {
        if let Some(parent) = &object.parent
            && Snapshot::kind_of(object).holds_data(object)
        {
            parts.entry(parent).or_default().push(object);
        }
    }
    parts
}

/// Whether one may have become the other as far as their places tell.
fn fits(a: &Object, b: &Object) -> bool {
    let place = match (a.key.name(), b.key.name()) {
        (Name::Global(_), Name::Global(_)) => true,
        (Name::OnRelation { .. }, Name::OnRelation { .. }) => {
            a.key.schema() == b.key.schema() && a.key.relation() == b.key.relation()
        }
        (Name::InSchema { .. }, Name::InSchema { .. }) => one_name(a, b),
        (Name::Routine { args: x, .. }, Name::Routine { args: y, .. }) => x == y && one_name(a, b),
        (Name::ForMethod { method: x, .. }, Name::ForMethod { method: y, .. }) => {
            x == y && one_name(a, b)
        }
        _ => false,
    };
    place && a.parent == b.parent
}

/// Whether schema or name stay.
fn one_name(a: &Object, b: &Object) -> bool {
    a.key.schema() == b.key.schema() || a.key.base_name() == b.key.base_name()
}

/// How much two objects are alike, of 100. What holds no data is only asked about when nothing else
/// differs: to make it again costs nothing but time.
fn score(a: &Object, b: &Object, old: &Parts<'_>, new: &Parts<'_>) -> u8 {
    let names = names_alike(a.key.base_name(), b.key.base_name());
    if !Snapshot::kind_of(a).holds_data(a) {
        return if a.spec.same(b.spec.as_ref()) { 70 + (names * 30.0) as u8 } else { 0 };
    }
    let (x, y) = (old.get(&a.key), new.get(&b.key));
    let like = match (x, y) {
        (Some(x), Some(y)) => 0.8 * shared(x, y) + 0.2 * names,
        (None, None) => {
            let near = 1.0 / (1.0 + f64::from((a.ordinal - b.ordinal).abs()));
            0.65 * values(&a.spec.json(), &b.spec.json()) + 0.25 * names + 0.1 * near
        }
        _ => 0.0,
    };
    (like * 100.0).round() as u8
}

/// How much two names are alike, from 0 to 1: by their letters, or as one that says more than the
/// other (`name`, `full_name`).
fn names_alike(a: &str, b: &str) -> f64 {
    let words = |name: &str| name.split('_').map(str::to_lowercase).collect::<BTreeSet<_>>();
    let (x, y) = (words(a), words(b));
    let more = if x.is_subset(&y) || y.is_subset(&x) { 0.9 } else { 0.0 };
    strsim::jaro_winkler(a, b).max(more)
}

/// The share of parts that both have.
fn shared(a: &[&Object], b: &[&Object]) -> f64 {
    let mut same = 0.0;
    for x in a {
        let twin = b
            .iter()
            .find(|y| x.key.kind() == y.key.kind() && x.key.base_name() == y.key.base_name());
        if let Some(y) = twin {
            same += if x.spec.same(y.spec.as_ref()) { 1.0 } else { 0.6 };
        }
    }
    same / (a.len() + b.len()) as f64 * 2.0
}

/// How much two sets of attributes are alike, from 0 to 1: a text that differs (a type) weighs more
/// than a switch, but for types of one sort.
fn values(a: &Value, b: &Value) -> f64 {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return f64::from(u8::from(a == b)) };
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names.into_iter().fold(1.0, |like, name| match (a.get(name), b.get(name)) {
        (a, b) if a == b => like,
        (Some(Value::String(x)), Some(Value::String(y))) => {
            let sort = category::of_type(x);
            like * if sort.is_some() && sort == category::of_type(y) { 0.8 } else { 0.5 }
        }
        _ => like * 0.8,
    })
}

/// Reads an argument of `--rename`: `public.account.mail=email`, `table public.a=b`,
/// `public.a=archive.a`, `type public.mood.sad=unhappy`.
pub fn parse(text: &str, old: &Snapshot, new: &Snapshot) -> Result<Rename, RenameError> {
    let wrong = |message: String| RenameError {
        message,
        hint: "write `--rename public.account.mail=email` or `--rename \"table public.a=b\"`"
            .into(),
    };
    let Some((left, right)) = halves(text) else {
        return Err(wrong(format!("`{text}` says no new name")));
    };
    let (of_kind, path) = kind_word(left);
    let (path, to) = (normal_name(path), normal_name(right));
    let fits = |key: &Key| of_kind.is_none_or(|kind| kind == key.kind());
    let named = |path: &[String]| -> Vec<&Object> {
        let all = old.objects().iter().map(AsRef::as_ref);
        all.filter(|o| fits(&o.key) && parts_of(&o.key) == path).collect()
    };
    let [.., last] = to.as_slice() else {
        return Err(wrong(format!("`{text}` says no new name")));
    };
    let mut found = Vec::new();
    for object in named(&path) {
        let key = with_name(&object.key, &to);
        if new.contains(&key) && key != object.key {
            found.push(Rename::Object { from: object.key.clone(), to: key });
        }
    }
    if let [whole @ .., name] = path.as_slice() {
        for object in named(whole) {
            if kind(object.key.kind()).names_within(object).contains(name) {
                let of = object.key.clone();
                found.push(Rename::Within { of, from: name.clone(), to: last.clone() });
            }
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] if named(&path).is_empty() => Err(RenameError {
            message: format!("`{}` is not in the old schema", left.trim()),
            hint: "name it with its schema, as in `public.account.mail`".into(),
        }),
        [] => Err(RenameError {
            message: format!("`{}` is not in the new schema", right.trim()),
            hint: "the right side is the new name, as the new schema has it".into(),
        }),
        several => Err(RenameError {
            message: format!("`{}` is several things", left.trim()),
            hint: format!("say which: `--rename \"{}\"`", several[0].argument()),
        }),
    }
}

/// Splits at the first `=` outside of quotes.
fn halves(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '=' && !quoted
    })?;
    let (left, right) = text.split_at(at.0);
    Some((left, &right[1..])).filter(|(l, r)| !l.trim().is_empty() && !r.trim().is_empty())
}

/// Takes the word for a kind off the front.
fn kind_word(text: &str) -> (Option<KindId>, &str) {
    let text = text.trim();
    let mut best: Option<(KindId, &str)> = None;
    for kind in KINDS {
        let word = kind.id();
        if let Some(rest) = text.strip_prefix(word.0)
            && rest.starts_with(' ')
            && best.is_none_or(|(known, _)| known.0.len() < word.0.len())
        {
            best = Some((word, rest));
        }
    }
    best.map_or((None, text), |(kind, rest)| (Some(kind), rest))
}

/// The parts of a key's name as a path has them; arguments do not count.
fn parts_of(key: &Key) -> Vec<String> {
    let schema = key.schema().into_iter();
    let parts = schema.chain(key.relation()).chain([key.base_name()]);
    parts.map(str::to_owned).collect()
}

/// The key with another name, and another schema where the path has one.
fn with_name(key: &Key, to: &[String]) -> Key {
    let Some(last) = to.last().cloned() else { return key.clone() };
    let other = to.len().checked_sub(2).and_then(|at| to.get(at)).cloned();
    let name = match key.name().clone() {
        Name::InSchema { schema, .. } => {
            Name::InSchema { schema: other.unwrap_or(schema), name: last }
        }
        Name::Routine { schema, args, .. } => {
            Name::Routine { schema: other.unwrap_or(schema), name: last, args }
        }
        Name::ForMethod { schema, method, .. } => {
            Name::ForMethod { schema: other.unwrap_or(schema), name: last, method }
        }
        Name::OnRelation { schema, relation, .. } => {
            Name::OnRelation { schema, relation, name: last }
        }
        Name::Global(_) => Name::Global(last),
        other => other,
    };
    Key::new(key.kind(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_taken_apart() {
        assert_eq!(halves("a.b=c"), Some(("a.b", "c")));
        assert_eq!(halves("\"a=b\".c=d"), Some(("\"a=b\".c", "d")));
        assert_eq!(halves("a"), None);
        assert_eq!(halves("a="), None);
        assert_eq!(kind_word("table public.a").0.map(|k| k.0), Some("table"));
        assert_eq!(kind_word("public.table").0, None);
        assert_eq!(kind_word("table").0, None);
    }

    #[test]
    fn a_name_may_say_more_than_another() {
        assert!(names_alike("name", "full_name") > names_alike("name", "phone"));
        assert!(names_alike("mail", "email") > 0.9 && names_alike("a_b", "b_a") > 0.8);
    }

    #[test]
    fn attributes_that_are_text_weigh_more() {
        let spec = |t: &str, n: bool| serde_json::json!({ "type": t, "not_null": n });
        assert!((values(&spec("a", true), &spec("a", true)) - 1.0).abs() < 1e-9);
        assert!(
            values(&spec("a", true), &spec("b", true))
                < values(&spec("a", true), &spec("a", false))
        );
    }
}
