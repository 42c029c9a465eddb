//! Text that only looks different.
//!
//! What PostgreSQL prints of an expression is not always what it prints of that text once more:
//! casts move, nested ORs flatten. A live database and one that was built from files may so differ
//! in text alone. Whatever differs only in such text is built once more from *both* texts, with what
//! it needs and nothing else, and the second generation is compared.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{Bench, run::run, source};
use crate::{
    engine::Error,
    pg::lex::{Lexer, TokenKind},
    plan::{Options, plan},
    schema::{
        Key, Object, Snapshot,
        diff::{Delta, diff},
    },
};

/// Returns `old` with the objects that differ from `new` only in the form of their text replaced by
/// those of `new`.
pub async fn settle(bench: &Bench, old: Snapshot, new: &Snapshot) -> Result<Snapshot, Error> {
    let doubtful: BTreeSet<Key> = diff(&old, new)
        .iter()
        .filter(|delta| matches!(delta, Delta::Changed(a, b) if may_be_equal(a, b)))
        .map(|delta| delta.key().clone())
        .collect();
    if doubtful.is_empty() {
        return Ok(old);
    }
    bench.stage("comparing definitions that differ in form");
    let (a, b) = tokio::try_join!(again(bench, &old, &doubtful), again(bench, new, &doubtful))?;
    let (Some(a), Some(b)) = (a, b) else { return Ok(old) };
    let same = |key: &Key| matches!((a.get(key), b.get(key)), (Some(a), Some(b)) if a.equal(b));
    let settled: BTreeSet<Key> = doubtful.into_iter().filter(same).collect();
    let objects = old.objects().iter().map(|object| {
        let other = new.get(&object.key).filter(|_| settled.contains(&object.key));
        Arc::clone(other.unwrap_or(object))
    });
    let unmanaged = old.unmanaged.clone();
    let mut result = Snapshot::new(objects.collect(), old.version, old.role.clone());
    result.unmanaged = unmanaged;
    Ok(result)
}

/// Builds the objects and what they need in a scratch database and reads them back; none where that
/// does not work out.
async fn again(
    bench: &Bench,
    schema: &Snapshot,
    keys: &BTreeSet<Key>,
) -> Result<Option<Snapshot>, Error> {
    let scratch = source::make(bench).await?;
    let empty = source::read(bench, scratch.connector(), &"a scratch database").await?;
    let mut wanted: BTreeSet<&Key> = empty.objects().iter().map(|o| &o.key).collect();
    let mut open: Vec<&Key> = keys.iter().collect();
    while let Some(key) = open.pop() {
        if let Some(object) = schema.get(key)
            && wanted.insert(key)
        {
            open.extend(object.needs.iter().chain(&object.parent));
        }
    }
    let mut part = schema.clone();
    part.retain(|object| wanted.contains(&object.key));
    let Ok(plan) = plan(&empty, &part, Options { online: false }) else { return Ok(None) };
    let session = scratch.open().await?;
    if run(&session.client, &plan).await?.is_err() {
        return Ok(None);
    }
    drop(session);
    let read = source::read(bench, scratch.connector(), &"a scratch database").await?;
    scratch.remove().await;
    Ok(Some(read))
}

/// Whether two objects differ in nothing but the text of expressions, and in that so that they may
/// mean the same.
fn may_be_equal(a: &Object, b: &Object) -> bool {
    a.meta == b.meta && a.parent == b.parent && values(&a.spec.json(), &b.spec.json())
}

fn values(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b || texts(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| values(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| values(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Whether two texts are expressions over the same literals.
fn texts(a: &str, b: &str) -> bool {
    let form = |text: &str| text.contains('(') || text.contains("::");
    let literals = |text: &str| -> BTreeSet<String> {
        Lexer::new(text)
            .filter(|t| matches!(t.kind, TokenKind::String | TokenKind::Number))
            .map(|t| t.text(text).to_owned())
            .collect()
    };
    (form(a) || form(b)) && literals(a) == literals(b)
}
