//! What of a database is managed: the settings below `manage`, and what is limbeck's own.
//!
//! A filter works on snapshots, the same on both sides of a comparison; nothing else in the engine
//! knows that there is more than it sees.

use std::{collections::BTreeSet, sync::Arc};

use crate::schema::{
    Key, Kind, Name, Object, Snapshot,
    acl::Grant,
    grant,
    kind::{DefaultPrivileges, InstalledObject, Namespace},
};

/// Says which objects, and what of them, are looked at.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Always left out: schemas, and single tables as schema and name.
    pub hidden: Vec<(String, Option<String>)>,
    /// Patterns of schemas that are managed; none is all.
    pub schemas: Vec<String>,
    /// Patterns of objects that are left out, with the word for their kind before or without it;
    /// what stands on one goes with it.
    pub ignore: Vec<String>,
    /// Kinds of objects that are left out.
    pub ignore_kinds: Vec<String>,
    /// Owners are managed.
    pub owners: bool,
    /// Rights are managed.
    pub grants: bool,
}

impl Default for Filter {
    fn default() -> Self {
        let none = Vec::new;
        let (hidden, schemas, ignore, ignore_kinds) = (Vec::new(), none(), none(), none());
        Self { hidden, schemas, ignore, ignore_kinds, owners: true, grants: true }
    }
}

/// Whether `text` is what `pattern` says: `*` stands for any text, `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut p) = (0, 0);
    // Where the last star was, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, at));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[at] => {
                at += 1;
                p += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = taken + 1;
                p = place + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

impl Filter {
    /// Whether it leaves something out that is not limbeck's own.
    pub fn narrows(&self) -> bool {
        let lists = [&self.schemas, &self.ignore, &self.ignore_kinds];
        !self.owners || !self.grants || lists.into_iter().any(|list| !list.is_empty())
    }

    /// What is managed of a snapshot.
    pub fn apply(&self, snapshot: &Snapshot) -> Snapshot {
        let mut kept = snapshot.clone();
        kept.retain(|object| self.keeps(snapshot, object));
        if self.owners && self.grants {
            return kept;
        }
        let objects = kept.objects().iter().map(|object| {
            let mut changed = object.as_ref().clone();
            if !self.owners {
                disown(&mut changed, snapshot);
            }
            if !self.grants {
                changed.meta.acl = None;
            }
            Arc::new(changed)
        });
        // Whoever makes an object owns it, and no statement needs to say so.
        let role = if self.owners { kept.role.clone() } else { String::new() };
        let mut plain = Snapshot::new(objects.collect(), kept.version, role);
        plain.unmanaged = kept.unmanaged;
        plain
    }

    /// Whether an object is managed: it, and everything that it stands on.
    fn keeps(&self, snapshot: &Snapshot, object: &Object) -> bool {
        let kind = object.key.kind();
        let about_rights = kind == DefaultPrivileges::ID || kind == InstalledObject::ID;
        if about_rights && !self.grants {
            return false;
        }
        let mut line = BTreeSet::from([&object.key]);
        let mut next = object.parent.as_ref();
        while let Some(key) = next {
            // No object stands on itself, however far down; a name that comes back ends the walk.
            if !line.insert(key) {
                break;
            }
            next = snapshot.get(key).and_then(|parent| parent.parent.as_ref());
        }
        !line.iter().any(|key| self.hides(key) || self.leaves_out(key))
    }

    fn leaves_out(&self, key: &Key) -> bool {
        let kind = key.kind().0;
        let is_schema = key.kind() == Namespace::ID;
        let schema = if is_schema { Some(key.base_name()) } else { key.schema() };
        let wanted = |schema| self.schemas.iter().any(|pattern| matches(pattern, schema));
        if !self.schemas.is_empty() && schema.is_some_and(|schema| !wanted(schema)) {
            return true;
        }
        if self.ignore_kinds.iter().any(|ignored| ignored == kind) {
            return true;
        }
        let name = key.sql();
        let full = format!("{kind} {name}");
        self.ignore.iter().any(|pattern| matches(pattern, &name) || matches(pattern, &full))
    }

    fn hides(&self, key: &Key) -> bool {
        self.hidden.iter().any(|(schema, table)| match table {
            None => {
                let is_schema = matches!(key.name(), Name::Global(name) if name == schema);
                key.schema() == Some(schema) || (is_schema && key.kind() == Namespace::ID)
            }
            Some(table) => {
                let name = key.relation().unwrap_or_else(|| key.base_name());
                key.schema() == Some(schema) && name == table
            }
        })
    }
}

/// Takes the owner out of an object, and out of its rights: the empty name stands for whoever it
/// is, as it does for the role that makes a new one, and has what an owner has.
fn disown(object: &mut Object, snapshot: &Snapshot) {
    fn owner<'a>(object: &'a Object, snapshot: &'a Snapshot) -> Option<&'a str> {
        match (&object.meta.owner, &object.parent) {
            (Some(owner), _) => Some(owner),
            (None, Some(parent)) => owner(snapshot.get(parent)?, snapshot),
            (None, None) => None,
        }
    }
    let was = snapshot.get(&object.key).and_then(|object| owner(object, snapshot));
    if let Some(was) = was
        && let Some(mut acl) = object.meta.acl.take()
    {
        acl = grant::with_owner(&acl, was, "");
        let own = Grant { grantee: Some(String::new()), grantor: String::new() };
        acl.remove(&own);
        let class = Snapshot::kind_of(object).grants(object).map(|target| target.class);
        let ordinary = class.map(|class| grant::by_default(class, "", snapshot.version));
        if let Some(rights) = ordinary.as_ref().and_then(|ordinary| ordinary.get(&own)) {
            acl.add(own, rights);
        }
        object.meta.acl = Some(acl);
    }
    if let Some(owner) = &mut object.meta.owner {
        owner.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{
        Digest, Meta,
        kind::{Column, Extension, Table},
    };

    fn names(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&t| t.to_owned()).collect()
    }

    fn object(key: Key, parent: Option<Key>) -> Arc<Object> {
        Arc::new(Object {
            key,
            parent,
            spec: Arc::new(()),
            meta: Meta { owner: Some("me".into()), ..Meta::default() },
            needs: Vec::new(),
            wishes: Vec::new(),
            goes_with: Vec::new(),
            ordinal: 0,
            digest: Digest::default(),
        })
    }

    fn snapshot() -> Snapshot {
        let table = |schema, name| object(Table::key(schema, name), None);
        let column =
            |schema, name| object(Column::key(schema, name, "a"), Some(Table::key(schema, name)));
        let objects = vec![
            object(Namespace::key("public"), None),
            object(Namespace::key("limbeck"), None),
            object(Extension::key("hstore"), None),
            table("public", "alembic_version"),
            column("public", "alembic_version"),
            table("limbeck", "history"),
            table("public", "account"),
            column("public", "account"),
            table("audit", "log"),
            table("audit", "log_old"),
        ];
        Snapshot::new(objects, 150_000, "me".into())
    }

    #[track_caller]
    fn check(filter: Filter, expected: &[&str]) {
        let hidden = vec![
            ("limbeck".to_owned(), None),
            ("public".to_owned(), Some("alembic_version".to_owned())),
        ];
        let kept = Filter { hidden, ..filter }.apply(&snapshot());
        let keys: Vec<_> = kept.objects().iter().map(|o| o.key.to_string()).collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn names_fit_patterns() {
        for (pattern, text, expected) in [
            ("public.t", "public.t", true),
            ("public.t", "public.tt", false),
            ("public.*", "public.t", true),
            ("*.t", "a.b.t", true),
            ("view *.v_*", "view public.v_1", true),
            ("view *.v_*", "table public.v_1", false),
            ("?", "é", true),
            ("?", "", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_limbecks_own_is_left_out() {
        let all = [
            "column public.account.a",
            "extension hstore",
            "schema public",
            "table audit.log",
            "table audit.log_old",
            "table public.account",
        ];
        check(Filter::default(), &all);
    }

    #[test]
    fn schemas_objects_and_kinds() {
        let schemas = names(&["aud?t"]);
        check(
            Filter { schemas, ..Filter::default() },
            &["extension hstore", "table audit.log", "table audit.log_old"],
        );
        let ignore = names(&["table *.log_*", "public.account", "hstore"]);
        check(Filter { ignore, ..Filter::default() }, &["schema public", "table audit.log"]);
        let ignore_kinds = names(&["table"]);
        check(Filter { ignore_kinds, ..Filter::default() }, &["extension hstore", "schema public"]);
    }

    #[test]
    fn owners_are_nobody() {
        let kept = Filter { owners: false, ..Filter::default() }.apply(&snapshot());
        assert_eq!(kept.role, "");
        assert!(kept.objects().iter().all(|o| o.meta.owner.as_deref() == Some("")));
    }
}
