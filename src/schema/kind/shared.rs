//! Answers that several kinds give alike.

use super::{Alter, Call, Cause, Change, Cx, Kind, Response};
use crate::schema::{Key, Obj, Step, sql::ident};

/// The steps that give an object in a schema the name and the schema of `to`.
pub(super) fn rename(key: &Key, call: &Call, to: &Key) -> Vec<Step> {
    let mut steps = Vec::new();
    if key.base_name() != to.base_name() {
        let name = ident(to.base_name());
        steps.push(Step::new(key, format!("ALTER {call} RENAME TO {name}")));
    }
    if let Some(schema) = to.schema().filter(|s| key.schema() != Some(s)) {
        // What follows the name in `call` (an operator class's access method) stays behind it.
        let rest = call.name.strip_prefix(&key.sql()).unwrap_or_default();
        let renamed = Key::in_schema(key.kind(), key.schema().unwrap_or_default(), to.base_name());
        let (noun, schema) = (call.noun, ident(schema));
        let sql = format!("ALTER {noun} {}{rest} SET SCHEMA {schema}", renamed.sql());
        steps.push(Step::new(key, sql));
    }
    steps
}

/// The answer of an object whose own alteration, when it is one in place, lets go of what it no
/// longer needs: then it stays; else it steps aside for whatever is dropped or exchanged.
pub(super) fn rebuild_or_let_go<K: Kind>(
    old: Obj<'_, K::Spec>,
    new: Obj<'_, K::Spec>,
    cause: &Cause<'_>,
    cx: &Cx<'_>,
) -> Response {
    match cause.change {
        Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        Change::Gone | Change::Replaced | Change::Swapped => {
            // What is in the way of something new must be let go of before that is made.
            let in_the_way = cause.change == Change::Replaced && cause.new.is_none();
            // What follows under the same name is no change of its own.
            let name = cause.old.key.sql();
            let follows = |need: &Key| *need == cause.old.key || need.sql() == name;
            let lets_go = !in_the_way
                && !new.needs.iter().any(follows)
                && !matches!(K::alter(old, new, cx), Alter::Replace);
            if lets_go { Response::Stay } else { Response::Rebuild }
        }
    }
}
