//! Owner, comment, grants and labels: the same for every kind of object.
//!
//! A new object belongs to whoever makes it and has the rights that PostgreSQL gives by itself:
//! those of its class, changed by default privileges of the role that makes it. Who that will be
//! is not known for sure (a revision may be written by one role and run by another), so a new
//! object's rights are written in full: what any default privilege in force may have given is
//! revoked, and nothing is left to default privileges to grant.

use crate::schema::{
    Acl, Meta, Object, Snapshot, Step,
    acl::{Grant, Rights},
    grant::{self, About},
    kind::{AnyKind, GrantTarget, defaults_in_force},
    sql::{ident, literal},
};

/// The steps that give a newly made object its owner, comment, grants, labels and marks.
///
/// A new object belongs to the role that makes it (`old.role`) and has the rights that PostgreSQL
/// gives by default, changed by the default privileges in force in `old`.
pub fn create(new: &Object, old_schema: &Snapshot, new_schema: &Snapshot) -> Vec<Step> {
    let kind = Snapshot::kind_of(new);
    let maker = old_schema.role.as_str();
    let mut out = Out { object: new, kind, steps: Vec::new() };
    if let Some(owner) = &new.meta.owner
        && owner != maker
    {
        out.owner(owner);
    }
    let given = Meta { comment: kind.first_comment(new), ..Meta::default() };
    out.texts(&Object { meta: given, ..new.clone() });
    if let (Some(want), Some(on)) = (&new.meta.acl, kind.grants(new)) {
        let owner = owner_of(new, new_schema);
        let (may, sure) = first_rights(new, &on, old_schema);
        let moved = |acl: &Acl| match owner {
            Some(owner) => grant::with_owner(acl, maker, owner),
            None => acl.clone(),
        };
        let about = About { on: &on, owner, version: old_schema.version, prefix: "" };
        out.say(grant::changes(about, &moved(&may), &moved(&sure), want));
    }
    out.steps
}

/// The steps that lead from the old owner, comment, grants, labels and marks to the new ones.
pub fn alter(
    old: &Object,
    new: &Object,
    old_schema: &Snapshot,
    new_schema: &Snapshot,
) -> Vec<Step> {
    let kind = Snapshot::kind_of(new);
    let mut out = Out { object: new, kind, steps: Vec::new() };
    if let Some(owner) = &new.meta.owner
        && old.meta.owner.as_ref() != Some(owner)
        && !follows(old, new, old_schema, new_schema)
    {
        out.owner(owner);
    }
    out.texts(old);
    if let (Some(want), Some(on)) = (&new.meta.acl, kind.grants(new)) {
        let about = About {
            on: &on,
            owner: owner_of(new, new_schema),
            version: old_schema.version,
            prefix: "",
        };
        let had = rights_before(old, new, old_schema, new_schema);
        out.say(grant::changes(about, &had, &had, want));
        if on.class == 'r' && had != *want {
            columns_again(&mut out, about, &had, want, old_schema, new_schema);
        }
    }
    out.steps
}

/// Whether the object's owner changes by itself, with that of another object.
fn follows(old: &Object, new: &Object, old_schema: &Snapshot, new_schema: &Snapshot) -> bool {
    let kind = Snapshot::kind_of(new);
    let Some(leader) = kind.owner_follows(new, new_schema) else { return false };
    kind.owner_follows(old, old_schema).as_ref() == Some(&leader)
        && old_schema.get(&leader).is_some_and(|l| l.meta.owner == old.meta.owner)
        && new_schema.get(&leader).is_some_and(|l| l.meta.owner == new.meta.owner)
}

/// The owner: the object's own, or that of what it stands on.
fn owner_of<'a>(object: &'a Object, schema: &'a Snapshot) -> Option<&'a str> {
    match (&object.meta.owner, &object.parent) {
        (Some(owner), _) => Some(owner),
        (None, Some(parent)) => owner_of(schema.get(parent)?, schema),
        (None, None) => None,
    }
}

/// What a new object's rights may be, and which of them are there for sure, in the name of the
/// role that the plan is made for.
fn first_rights(new: &Object, on: &GrantTarget, old: &Snapshot) -> (Acl, Acl) {
    let given = grant::by_default(on.class, &old.role, old.version);
    let (mut may, mut sure) = (given.clone(), given);
    for default in defaults_in_force(old, on.class, new.key.schema()) {
        let acl = grant::with_owner(default.rights, default.role, &old.role);
        may = grant::union(&may, &acl);
        // Without a schema it stands in the place of what the class gives; with one it adds.
        if default.schema.is_none() {
            sure = grant::common(&sure, &acl);
        }
    }
    (may, sure)
}

/// The old rights as a change of the owner, the object's own or its parent's, leaves them.
fn rights_before(old: &Object, new: &Object, old_schema: &Snapshot, new_schema: &Snapshot) -> Acl {
    let had = old.meta.acl.clone().unwrap_or_default();
    match (owner_of(old, old_schema), owner_of(new, new_schema)) {
        (Some(from), Some(to)) if from != to => grant::with_owner(&had, from, to),
        _ => had,
    }
}

/// A `REVOKE` on a table takes the same right on its columns along: columns that keep it get it
/// again.
fn columns_again(
    out: &mut Out<'_>,
    about: About<'_>,
    had: &Acl,
    want: &Acl,
    old_schema: &Snapshot,
    new_schema: &Snapshot,
) {
    let remade = grant::remade(about, had, want);
    let lost = |grant: &Grant, letter: &char, option: bool| {
        let now = want.get(grant).and_then(|rights| rights.get(letter));
        let before = had.get(grant).and_then(|rights| rights.get(letter));
        match (before, now) {
            (Some(_), None) => true,
            (Some(_), _) if remade.contains(grant) => true,
            (Some(before), Some(now)) => option && before > now,
            (None, _) => false,
        }
    };
    for column in old_schema.parts(&out.object.key) {
        let kind = Snapshot::kind_of(column);
        let Some(new) = new_schema.get(&column.key) else { continue };
        let (Some(on), Some(wanted)) = (kind.grants(new), &new.meta.acl) else { continue };
        if on.class != 'c' {
            continue;
        }
        let kept = grant::common(&rights_before(column, new, old_schema, new_schema), wanted);
        let (none, mut again) = (Acl::default(), Acl::default());
        for (grant, rights) in kept.iter() {
            let rights: Rights =
                rights.iter().filter(|(l, o)| lost(grant, l, **o)).map(|(l, o)| (*l, *o)).collect();
            again.add(grant.clone(), &rights);
        }
        out.say(grant::changes(About { on: &on, ..about }, &none, &none, &again));
    }
}

/// Steps being written for one object.
struct Out<'a> {
    object: &'a Object,
    kind: &'static dyn AnyKind,
    steps: Vec<Step>,
}

impl Out<'_> {
    fn say(&mut self, statements: impl IntoIterator<Item = String>) {
        let key = &self.object.key;
        self.steps.extend(statements.into_iter().map(|sql| Step::new(key, sql)));
    }

    fn owner(&mut self, owner: &str) {
        let call = self.kind.address(self.object);
        self.say([format!("ALTER {call} OWNER TO {}", ident(owner))]);
    }

    /// Comment, labels, marks, where they differ from those of `old`.
    fn texts(&mut self, old: &Object) {
        let call = self.kind.address(self.object);
        let (was, now) = (&old.meta, &self.object.meta);
        let text = |text: Option<&String>| text.map_or_else(|| "NULL".to_owned(), |t| literal(t));
        let mut out = Vec::new();
        if was.comment != now.comment {
            out.push(format!("COMMENT ON {call} IS {}", text(now.comment.as_ref())));
        }
        for provider in was.labels.keys().filter(|p| !now.labels.contains_key(*p)) {
            out.push(format!("SECURITY LABEL FOR {} ON {call} IS NULL", ident(provider)));
        }
        for (provider, label) in &now.labels {
            if was.labels.get(provider) != Some(label) {
                let label = literal(label);
                out.push(format!("SECURITY LABEL FOR {} ON {call} IS {label}", ident(provider)));
            }
        }
        for gone in was.extensions.iter().filter(|e| !now.extensions.contains(e)) {
            out.push(format!("ALTER {call} NO DEPENDS ON EXTENSION {}", ident(gone)));
        }
        for added in now.extensions.iter().filter(|e| !was.extensions.contains(e)) {
            out.push(format!("ALTER {call} DEPENDS ON EXTENSION {}", ident(added)));
        }
        self.say(out);
    }
}
