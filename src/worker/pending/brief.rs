//! What is different about an object, in a few words. No kind is named here: what is made is told
//! by the statement that makes it, what changes by the attributes that differ.

use serde_json::Value;

use crate::{
    present::safe::display_safe,
    schema::{
        Body, Delta, Key, Name, Object, Snapshot,
        kind::{Cx, Memo},
        sql::ident,
        step::Inside,
    },
};

/// Longest text, in characters.
const LONGEST: usize = 160;
/// Longest value that is shown as it is.
const VALUE: usize = 48;

/// What a whole object is called: without the schema that everything stands in.
pub(super) fn title(key: &Key) -> String {
    let plain = match key.name() {
        Name::InSchema { schema, name } | Name::ForMethod { schema, name, .. }
            if schema == "public" =>
        {
            ident(name)
        }
        Name::Routine { schema, name, args } if schema == "public" => {
            format!("{}({args})", ident(name))
        }
        _ => key.sql(),
    };
    display_safe(&plain).into_owned()
}

/// What an object is called with its kind: `table orders`.
pub fn heading(key: &Key) -> String {
    format!("{} {}", key.kind(), title(key))
}

/// Several objects of a kind.
pub fn plural(kind: &str) -> String {
    if kind.ends_with('s') {
        kind.to_owned()
    } else if let Some(stem) = kind.strip_suffix('y') {
        format!("{stem}ies")
    } else if kind.ends_with('x') || kind.ends_with("ch") {
        format!("{kind}es")
    } else {
        format!("{kind}s")
    }
}

/// What a part is called below its whole.
pub(super) fn name(key: &Key) -> String {
    match key.name() {
        Name::OnRelation { name, .. } => display_safe(&ident(name)).into_owned(),
        _ => title(key),
    }
}

/// What is different.
pub(super) fn text(delta: &Delta<'_>) -> String {
    let text = match delta {
        Delta::Added(object) | Delta::Removed(object) => made(object),
        Delta::Changed(old, new) => changed(old, new),
    };
    let line = tight(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let line = display_safe(&line).into_owned();
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// Without the blanks that a line break after a parenthesis leaves; literals stay as they are.
fn tight(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        quoted ^= c == '\'' || c == '"';
        let inner = c == ' ' && (out.ends_with('(') || rest.peek() == Some(&')'));
        if quoted || !inner {
            out.push(c);
        }
    }
    out
}

/// What makes an object, without what its name says already.
fn made(object: &Object) -> String {
    let none = Snapshot::default();
    let cx = Cx {
        old: &none,
        new: &none,
        online: false,
        direct: &crate::schema::kind::NONE,
        built: &|_| true,
        memo: &Memo::default(),
    };
    let steps = Snapshot::kind_of(object).create(object, &cx);
    let Some(step) = steps.first() else { return String::new() };
    let key = &object.key;
    let own = ident(key.base_name());
    let text = match &step.body {
        Body::Container { .. } => return String::new(),
        Body::Clause { inside: Some(Inside::Element(text) | Inside::Suffix(text)), .. } => text,
        Body::Clause { clause, .. } => clause,
        Body::Text(sql) => {
            let on = format!(" ON {} ", key.relation_sql());
            let after = |mark: &str| sql.split_once(mark).map(|(_, rest)| rest.to_owned());
            let rest = if key.relation().is_some() { after(&on) } else { after(&key.sql()) };
            return rest.unwrap_or_default();
        }
    };
    let text = text.trim();
    let text = text.strip_prefix("ADD ").unwrap_or(text);
    let text = text.strip_prefix("CONSTRAINT ").unwrap_or(text);
    text.strip_prefix(own.as_str()).unwrap_or(text).trim().to_owned()
}

/// The attributes that differ.
fn changed(old: &Object, new: &Object) -> String {
    let mut words = Vec::new();
    match (old.spec.json(), new.spec.json()) {
        (Value::Object(old), Value::Object(new)) => {
            for (field, now) in &new {
                let before = old.get(field).unwrap_or(&Value::Null);
                if before != now {
                    words.push(field_changed(&field.replace('_', " "), before, now));
                }
            }
            let gone = old.keys().filter(|field| !new.contains_key(*field));
            words.extend(gone.map(|field| format!("no {}", field.replace('_', " "))));
        }
        (old, new) if old != new => words.push("definition".to_owned()),
        _ => {}
    }
    let (before, now) = (&old.meta, &new.meta);
    if before.owner != now.owner {
        let name = |owner: &Option<String>| owner.clone().unwrap_or_default();
        words.push(format!("owner {} → {}", name(&before.owner), name(&now.owner)));
    }
    if before.comment != now.comment {
        words.push(match (&before.comment, &now.comment) {
            (None, Some(_)) => "new comment".to_owned(),
            (Some(_), None) => "no comment".to_owned(),
            _ => "comment".to_owned(),
        });
    }
    if before.acl != now.acl {
        words.push("grants".to_owned());
    }
    if before.labels != now.labels {
        words.push("security labels".to_owned());
    }
    if before.extensions != now.extensions {
        words.push("extensions it depends on".to_owned());
    }
    if old.parent != new.parent {
        words.push("where it belongs".to_owned());
    }
    words.join(", ")
}

fn field_changed(label: &str, old: &Value, new: &Value) -> String {
    let label = label.trim();
    match (old, new) {
        (_, Value::Bool(true)) => label.to_owned(),
        (_, Value::Bool(false)) => format!("no longer {label}"),
        (Value::Array(old), Value::Array(new)) => {
            let only = |a: &[Value], b: &[Value], sign: char| {
                let lone = a.iter().filter(|value| !b.contains(value));
                lone.filter_map(short).map(|text| format!("{sign}{text}")).collect::<Vec<_>>()
            };
            let mut parts = only(new, old, '+');
            parts.extend(only(old, new, '-'));
            match parts.len() {
                0 => label.to_owned(),
                1..=4 => format!("{label} {}", parts.join(" ")),
                n => format!("{label} ({n} differ)"),
            }
        }
        _ => match (short(old), short(new)) {
            // The type is what a column is about: it needs no label.
            (Some(old), Some(new)) if label == "type" => format!("{old} → {new}"),
            (Some(old), Some(new)) => format!("{label} {old} → {new}"),
            _ => label.to_owned(),
        },
    }
}

/// A value that fits into a line.
fn short(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("none".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if text.chars().count() <= VALUE && !text.contains('\n') => {
            Some(if text.is_empty() { "''".to_owned() } else { text.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parentheses_are_tight_and_literals_are_not_touched() {
        assert_eq!(tight("AS ENUM ( 'new', '( x )' )"), "AS ENUM ('new', '( x )')");
        assert_eq!(tight("a ( b )"), "a (b)");
        assert_eq!(tight("\"a ( b\" ( c )"), "\"a ( b\" (c)");
    }

    #[test]
    fn fields_are_told_as_people_say_them() {
        let check = |label, old, new, expected: &str| {
            assert_eq!(field_changed(label, &old, &new), expected);
        };
        check("type", json!("text"), json!("order_status"), "text → order_status");
        check("not null", json!(false), json!(true), "not null");
        check("not null", json!(true), json!(false), "no longer not null");
        check("default", Value::Null, json!("0"), "default none → 0");
        check("labels", json!(["a", "b"]), json!(["a", "c"]), "labels +c -b");
        check("labels", json!(["a", "b"]), json!(["b", "a"]), "labels");
        check("body", json!("one\ntwo"), json!("three"), "body");
    }
}
