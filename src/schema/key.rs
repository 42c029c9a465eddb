//! What an object is called: its kind and its name, in the few shapes that PostgreSQL's names have.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    fmt,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use serde::{Serialize, Serializer};

use super::sql::{ident, qualified};

/// The tag of a kind of object ("table", "index"); each kind owns its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindId(pub &'static str);

/// The identity of an object: equal keys in two snapshots are the same object. Cheap to clone, to
/// hash, and to compare with a clone of itself.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

struct Inner {
    /// Of the other two, so that maps of keys need not read names.
    hash: u64,
    kind: KindId,
    name: Name,
}

/// A map from keys, which are hashed already.
pub type KeyMap<V> = HashMap<Key, V, BuildHasherDefault<Hashed>>;

/// A set of keys, which are hashed already.
pub type KeySet = HashSet<Key, BuildHasherDefault<Hashed>>;

/// The ways in which PostgreSQL names things.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// One name in the whole database: a schema, an extension, a language.
    Global(String),
    /// A name in a schema: a table, a type.
    InSchema {
        /// The schema.
        schema: String,
        /// The name.
        name: String,
    },
    /// A name that is unique on a relation (or a domain, for its constraints) only: a column, a
    /// constraint, a trigger.
    OnRelation {
        /// The relation's schema.
        schema: String,
        /// The relation, or the domain.
        relation: String,
        /// The name.
        name: String,
    },
    /// A name with the types of its arguments: a function, an aggregate, an operator.
    Routine {
        /// The schema.
        schema: String,
        /// The name.
        name: String,
        /// Types of the input arguments as `format_type` prints them, separated by ", ".
        args: String,
    },
    /// A name in a schema for one access method: an operator class or family.
    ForMethod {
        /// The schema.
        schema: String,
        /// The name.
        name: String,
        /// The access method.
        method: String,
    },
    /// Two names, printed as SQL already: a cast's types, a user mapping's role and server.
    Pair(String, String),
    /// What holds for the objects of a role: default privileges.
    ForRole {
        /// The role.
        role: String,
        /// The schema, where it holds in one only.
        schema: Option<String>,
        /// The sort of objects: `TABLES`.
        objects: String,
    },
}

impl Key {
    /// Makes a key.
    pub fn new(kind: KindId, name: Name) -> Self {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((kind, &name));
        Self(Arc::new(Inner { hash, kind, name }))
    }

    /// A key with one global name.
    pub fn global(kind: KindId, name: impl Into<String>) -> Self {
        Self::new(kind, Name::Global(name.into()))
    }

    /// A key with a name in a schema.
    pub fn in_schema(kind: KindId, schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(kind, Name::InSchema { schema: schema.into(), name: name.into() })
    }

    /// A key with a name on a relation.
    pub fn on(
        kind: KindId,
        schema: impl Into<String>,
        relation: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self::new(
            kind,
            Name::OnRelation {
                schema: schema.into(),
                relation: relation.into(),
                name: name.into(),
            },
        )
    }

    /// A key with argument types.
    pub fn routine(
        kind: KindId,
        schema: impl Into<String>,
        name: impl Into<String>,
        args: impl Into<String>,
    ) -> Self {
        Self::new(
            kind,
            Name::Routine { schema: schema.into(), name: name.into(), args: args.into() },
        )
    }

    /// The kind.
    pub fn kind(&self) -> KindId {
        self.0.kind
    }

    /// The name.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// The schema it stands in, where it stands in one.
    pub fn schema(&self) -> Option<&str> {
        match self.name() {
            Name::InSchema { schema, .. }
            | Name::OnRelation { schema, .. }
            | Name::Routine { schema, .. }
            | Name::ForMethod { schema, .. } => Some(schema),
            Name::ForRole { schema, .. } => schema.as_deref(),
            Name::Global(_) | Name::Pair(..) => None,
        }
    }

    /// The relation (or domain) it stands on, where it stands on one.
    pub fn relation(&self) -> Option<&str> {
        match self.name() {
            Name::OnRelation { relation, .. } => Some(relation),
            _ => None,
        }
    }

    /// The last part of the name, unquoted.
    pub fn base_name(&self) -> &str {
        match self.name() {
            Name::Global(name)
            | Name::InSchema { name, .. }
            | Name::OnRelation { name, .. }
            | Name::Routine { name, .. }
            | Name::ForMethod { name, .. }
            | Name::Pair(name, _)
            | Name::ForRole { role: name, .. } => name,
        }
    }

    /// The name as SQL: `public.account`, `public.f(integer)`; for what stands on a relation, the
    /// last part alone is `ident(key.base_name())`.
    pub fn sql(&self) -> String {
        match self.name() {
            Name::Global(name) => ident(name),
            Name::InSchema { schema, name } | Name::ForMethod { schema, name, .. } => {
                qualified(schema, name)
            }
            Name::OnRelation { schema, relation, name } => {
                format!("{}.{}", qualified(schema, relation), ident(name))
            }
            Name::Routine { schema, name, args } => format!("{}({args})", qualified(schema, name)),
            Name::Pair(a, b) => format!("{a} {b}"),
            Name::ForRole { role, schema: None, objects } => {
                format!("of {} on {objects}", ident(role))
            }
            Name::ForRole { role, schema: Some(schema), objects } => {
                format!("of {} in {} on {objects}", ident(role), ident(schema))
            }
        }
    }

    /// The relation it stands on as SQL: `public.account`; empty where it stands on none.
    pub fn relation_sql(&self) -> String {
        match self.name() {
            Name::OnRelation { schema, relation, .. } => qualified(schema, relation),
            _ => String::new(),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        Arc::ptr_eq(&self.0, &other.0) || a.hash == b.hash && a.kind == b.kind && a.name == b.name
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

/// By kind, then by name.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        (self.0.kind, &self.0.name).cmp(&(other.0.kind, &other.0.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Takes the hash that a [`Key`] holds as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // No key comes here; whatever else does is hashed all the same.
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher.write(bytes);
        self.0 = hasher.finish();
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl fmt::Display for KindId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// For people: `table public.account`, `column public.account.email`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.sql())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
