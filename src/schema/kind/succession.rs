//! Who takes over the value of a sequence that goes: the identity of the column that used it or the
//! sequence that its column gets instead, or else what takes its name. The value is kept under
//! another name between the two statements.

use super::{Column, ColumnDefault, Cx, Identity, Kind, OwnedBy, Sequence, identity, lineage};
use crate::schema::{
    Key, Obj, Object, Snapshot, Step,
    sql::{ident, literal, qualified},
};

/// The sequence or identity of the old schema whose value a new one takes over.
pub(super) fn predecessor(new: &Object, cx: &Cx<'_>) -> Option<Key> {
    let found = first_predecessor(new, cx)?;
    // One value goes to one heir.
    let heirs = cx.new.of_kind::<Identity>().map(|it| it.object);
    let mut heirs = heirs.chain(cx.new.of_kind::<Sequence>().map(|it| it.object));
    let first = heirs.find(|heir| first_predecessor(heir, cx).as_ref() == Some(&found))?;
    (first.key == new.key).then_some(found)
}

fn first_predecessor(new: &Object, cx: &Cx<'_>) -> Option<Key> {
    if cx.old.contains(&new.key) {
        return None;
    }
    let (name, column) = match cx.new.typed::<Identity>(&new.key) {
        Some(identity) => (sequence_key(identity)?, new.parent.clone()),
        None => (new.key.clone(), OwnedBy::of(new, cx.new).map(|owned| owned.spec.column.clone())),
    };
    // From one sequence to another is a renaming, which is asked.
    let is_identity = new.key.kind() == Identity::ID;
    let column = column.filter(|column| is_kept(column, cx));
    let used = column.into_iter().flat_map(|column| used_by(&column, cx.old));
    let named = cx
        .old
        .of_kind::<Identity>()
        .filter(|identity| sequence_key(*identity).as_ref() == Some(&name))
        .map(|identity| identity.key.clone());
    used.chain([name.clone()].into_iter().filter(|key| cx.old.contains(key)))
        .chain(named)
        .filter(|key| is_identity || key.kind() == Identity::ID)
        .find(|key| !cx.new.contains(key) && ends_alone(key, cx))
}

/// What becomes of the sequences that go with an exchanged table.
#[derive(Debug, Default)]
pub(super) struct Exchanged {
    /// Renames them: the new table's may want their names.
    pub(super) aside: Vec<Step>,
    /// Gives their values to the new table's.
    pub(super) carry: Vec<Step>,
    /// The values that nobody takes, in words.
    pub(super) lost: Vec<String>,
}

/// What becomes of the identities of a table that is exchanged, and of the sequences that only the
/// old one owns.
pub(super) fn of_exchanged(table: &Key, cx: &Cx<'_>) -> Exchanged {
    let mut found = Exchanged::default();
    let columns = cx.old.parts(table).filter(|part| part.key.kind() == Column::ID);
    for column in columns.map(|column| &column.key) {
        let heir = used_by(column, cx.new)
            .into_iter()
            .find(|key| key.kind() == Identity::ID || !cx.old.contains(key));
        let heir = heir.as_ref().and_then(|key| sequence_sql(cx.new, key));
        let mut used = used_by(column, cx.old);
        used.sort_unstable();
        used.dedup();
        for key in used {
            let owned = cx.old.get(&key).and_then(|old| OwnedBy::of(old, cx.old));
            let goes = key.kind() == Identity::ID
                || !cx.new.contains(&key)
                    && owned.is_some_and(|owned| owned.spec.column == *column);
            let Some(old) = sequence_sql(cx.old, &key).filter(|_| goes) else { continue };
            let name = aside(cx.old.get(&key).map_or("", |old| kept_name(old)), "_old");
            let sql = format!("ALTER SEQUENCE {old} RENAME TO {}", ident(&name));
            found.aside.push(Step::new(table, sql));
            let kept = qualified(key.schema().unwrap_or_default(), &name);
            match &heir {
                Some(heir) => found.carry.push(Step::new(table, set_within(heir, &kept))),
                None if cx.new.contains(column) => {
                    found.lost.push(format!("the current value of sequence {old}"));
                }
                None => {}
            }
        }
    }
    found
}

/// The sequence of an identity, or the sequence itself, as SQL.
fn sequence_sql(schema: &Snapshot, key: &Key) -> Option<String> {
    match schema.typed::<Identity>(key) {
        Some(identity) => Some(sequence_key(identity)?.sql()),
        None => Some(key.sql()),
    }
}

/// Gives a sequence the value of another, where it lies within the bounds.
fn set_within(sequence: &str, from: &str) -> String {
    let to = literal(sequence);
    format!(
        "SELECT pg_catalog.setval({to}, last_value, is_called)\n    FROM {from}, \
         pg_catalog.pg_sequence\n    WHERE seqrelid = {to}::pg_catalog.regclass AND last_value \
         BETWEEN seqmin AND seqmax"
    )
}

/// What gives a column its values: its identity, the sequence it owns, those its default names.
fn used_by(column: &Key, schema: &Snapshot) -> Vec<Key> {
    let (within, table) = (column.schema().unwrap_or_default(), column.relation());
    let (table, name) = (table.unwrap_or_default(), column.base_name());
    let identity = Identity::key(within, table, name);
    let owned = schema.dependents(column).filter(|o| o.key.kind() == OwnedBy::ID);
    let default = schema.get(&ColumnDefault::key(within, table, name));
    let named = default.into_iter().flat_map(|default| &default.needs);
    let sequences = owned.filter_map(|owned| owned.parent.as_ref()).chain(named);
    let sequences = sequences.filter(|key| key.kind() == Sequence::ID);
    schema.get(&identity).map(|it| &it.key).into_iter().chain(sequences).cloned().collect()
}

/// Whether it is dropped by a statement of its own, before which its value can be kept: it does not
/// go with its column.
fn ends_alone(key: &Key, cx: &Cx<'_>) -> bool {
    let Some(old) = cx.old.get(key) else { return false };
    match OwnedBy::of(old, cx.old) {
        _ if key.kind() == Identity::ID => old.parent.as_ref().is_some_and(|c| is_kept(c, cx)),
        Some(owned) => !owned.spec.column_goes(cx),
        None => true,
    }
}

fn is_kept(column: &Key, cx: &Cx<'_>) -> bool {
    let kept = |key: &Key| cx.old.contains(key) && !cx.fresh(key) && cx.new.contains(key);
    kept(column) && kept(&lineage::table_of(column))
}

/// The key that the sequence of an identity would have as a sequence.
fn sequence_key(identity: Obj<'_, identity::Spec>) -> Option<Key> {
    Some(Sequence::key(identity.key.schema()?, &identity.spec.sequence))
}

/// Whether something takes the value of an old sequence or identity over.
pub(super) fn has_heir(old: &Object, cx: &Cx<'_>) -> bool {
    let heirs = cx.new.of_kind::<Identity>().map(|it| it.object);
    heirs
        .chain(cx.new.of_kind::<Sequence>().map(|it| it.object))
        .any(|heir| first_predecessor(heir, cx).as_ref() == Some(&old.key))
}

/// What has to go before a new sequence or identity is made: who leaves it the value or the name.
pub(super) fn before(new: &Object, cx: &Cx<'_>) -> Vec<Key> {
    predecessor(new, cx).into_iter().collect()
}

/// Schema and name under which the value is kept.
fn kept(old: &Object) -> (&str, String) {
    (old.key.schema().unwrap_or_default(), aside(kept_name(old), "_limbeck_kept"))
}

/// The name of a sequence, or of an identity's.
fn kept_name(old: &Object) -> &str {
    match old.spec::<identity::Spec>() {
        Some(identity) => identity.sequence.as_str(),
        None => old.key.base_name(),
    }
}

/// A name with an end that says why it has it, in 63 bytes.
fn aside(name: &str, end: &str) -> String {
    let mut length = name.len().min(63 - end.len());
    while !name.is_char_boundary(length) {
        length -= 1;
    }
    format!("{}{end}", &name[..length])
}

/// Keeps a sequence under another name, in place of dropping it.
pub(super) fn keep(sequence: &Object, cx: &Cx<'_>) -> Option<Vec<Step>> {
    if !has_heir(sequence, cx) {
        return None;
    }
    let mut steps = Vec::new();
    let key = &sequence.key;
    if OwnedBy::of(sequence, cx.old).is_some() {
        steps.push(Step::new(key, format!("ALTER SEQUENCE {} OWNED BY NONE", key.sql())));
    }
    let name = ident(&kept(sequence).1);
    steps.push(Step::new(key, format!("ALTER SEQUENCE {} RENAME TO {name}", key.sql())));
    Some(steps)
}

/// Keeps the value of an identity, before it is dropped.
pub(super) fn copy(old: &Object, sequence: &str, cx: &Cx<'_>) -> Option<Vec<Step>> {
    if !has_heir(old, cx) {
        return None;
    }
    let (schema, name) = kept(old);
    let kept = qualified(schema, &name);
    let set = format!(
        "SELECT pg_catalog.setval({}, last_value, is_called) FROM {sequence}",
        literal(&kept)
    );
    let make = format!("CREATE SEQUENCE {kept} MINVALUE {}", i64::MIN);
    Some(vec![Step::new(&old.key, make), Step::new(&old.key, set)])
}

/// Takes a kept value over, where it lies within the bounds, and drops what kept it.
pub(super) fn take(new: &Object, sequence: &str, cx: &Cx<'_>) -> Vec<Step> {
    let old = predecessor(new, cx).and_then(|key| cx.old.get(&key));
    let Some(old) = old else { return Vec::new() };
    let (schema, name) = kept(old);
    let kept = qualified(schema, &name);
    let set = set_within(sequence, &kept);
    vec![Step::new(&new.key, set), Step::new(&new.key, format!("DROP SEQUENCE {kept}"))]
}
