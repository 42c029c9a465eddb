//! An object of a snapshot, and how a kind reports one that it has read.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Debug,
    hash::{BuildHasherDefault, Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use serde::Serialize;

use super::{Acl, Key, digest::Digest, key::Hashed, mention::Mention};

/// Attributes of an object: compared, printed, never holding its own name or an OID.
pub trait Spec: Any + Debug + Send + Sync {
    /// Whether `other` is the same type with equal attributes.
    fn same(&self, other: &dyn Spec) -> bool;
    /// Feeds the attributes to a hasher: everything that [`Spec::same`] compares.
    fn digest(&self, state: &mut dyn Hasher);
    /// The attributes as JSON, for `--json` and for fingerprints.
    fn json(&self) -> serde_json::Value;
    /// For the downcast to the kind's own type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Any + Debug + PartialEq + Hash + Serialize + Send + Sync> Spec for T {
    fn same(&self, other: &dyn Spec) -> bool {
        other.as_any().downcast_ref::<T>().is_some_and(|other| self == other)
    }

    fn digest(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }

    fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What every kind of object has alike; the DDL for it is written in one place, `plan::meta`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Meta {
    /// The owner; none where the kind has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The rights in force, an absent list replaced by what it means; none where the kind has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// Security labels by provider.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Extensions it is marked to depend on (`DEPENDS ON EXTENSION`), sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
}

/// One object of a database.
#[derive(Clone, Debug)]
pub struct Object {
    /// What it is called.
    pub key: Key,
    /// What it stands on: a column's table; it goes when that goes, if its kind says so.
    pub parent: Option<Key>,
    /// Its attributes.
    pub spec: Arc<dyn Spec>,
    /// Owner, comment, grants, labels.
    pub meta: Meta,
    /// What it needs to exist, sorted, from `pg_depend`; its parent and schema included.
    pub needs: Vec<Key>,
    /// Of what it is linked to, what takes it along when it is dropped (`deptype` `a`, `i` and `P`
    /// of `pg_depend`): an index goes with a column of it, a partition's with the whole table's.
    pub goes_with: Vec<Key>,
    /// What its text names, sorted, though the catalogs do not know that it needs it: what a
    /// quoted function body touches. Other objects (an index expression, a check, a default) may
    /// run or inline such a body when they are built, so this one is built or changed after what
    /// it wishes for - unless that closes a circle: a wish may be ignored, and is then. It never
    /// makes anything step aside, and drops do not heed it.
    pub wishes: Vec<Key>,
    /// Where it stands among its siblings: a column's position.
    pub ordinal: i32,
    /// Of all that is compared.
    pub digest: Digest,
}

impl Object {
    /// Whether two objects are certainly the same one with the same attributes, owner, comment and
    /// rights: quick, and true of nearly all that are. See [`Digest`].
    pub fn alike(&self, other: &Self) -> bool {
        let alike = self.digest.of(self) == other.digest.of(other);
        debug_assert!(!alike || self.key == other.key && self.equal(other));
        alike
    }

    /// Whether two objects of one key have the same attributes, owner, comment and rights; what they
    /// need is no attribute.
    pub fn equal(&self, other: &Self) -> bool {
        self.spec.same(other.spec.as_ref())
            && self.meta == other.meta
            && self.parent == other.parent
    }

    /// The attributes as the type `S`; none when it is of another kind.
    pub fn spec<S: Spec>(&self) -> Option<&S> {
        // `Arc<dyn Spec>` is itself no `Spec`: the call goes to what is inside.
        self.spec.as_ref().as_any().downcast_ref()
    }
}

/// An object together with its attributes in their own type: what the functions of a kind get.
#[derive(Debug)]
pub struct Obj<'a, S> {
    /// The object.
    pub object: &'a Object,
    /// Its attributes.
    pub spec: &'a S,
}

impl<S> Clone for Obj<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Obj<'_, S> {}

impl<S> Deref for Obj<'_, S> {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.object
    }
}

/// Where an object stands in the catalogs (`classid`, `objid`, `objsubid` of `pg_depend`); never
/// leaves the loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// OID of the catalog.
    pub class: u32,
    /// OID of the row.
    pub object: u32,
    /// Column number, or 0.
    pub sub: i32,
}

impl Address {
    /// A whole object.
    pub fn new(class: u32, object: u32) -> Self {
        Self { class, object, sub: 0 }
    }

    /// The whole object that it is a part of.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { sub: 0, ..self }
    }
}

/// A map from addresses, of which a large database has millions.
pub type AddressMap<V> = HashMap<Address, V, BuildHasherDefault<Hashed>>;

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Numbers one after the other come to lie far apart, in the upper bits and the lower.
        let one = u64::from(self.object) << 32
            | u64::from(self.sub.cast_unsigned() ^ self.class.rotate_left(16));
        let spread = one.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state.write_u64(spread ^ spread >> 32);
    }
}

/// An object as its kind has read it; the loader adds comment, labels and needs.
#[derive(Debug)]
pub struct Found<S> {
    /// Its addresses, its own first: the one that comments and labels are filed under. The others
    /// are those of parts that stand for it: a view's rule, a constraint's index.
    pub at: Vec<Address>,
    /// Its key.
    pub key: Key,
    /// What it stands on.
    pub parent: Option<Key>,
    /// Its attributes.
    pub spec: S,
    /// Its owner; none where the kind has none.
    pub owner: Option<String>,
    /// Its rights as `aclitem` text, `acldefault` filled in by the query where the list is absent;
    /// none where the kind has none.
    pub acl: Option<Vec<String>>,
    /// Names in its text that may be those of objects; see [`Object::wishes`].
    pub mentions: BTreeSet<Mention>,
    /// Where it stands among its siblings.
    pub ordinal: i32,
    /// What it needs beside what `pg_depend` says of its addresses.
    pub needs: Vec<Key>,
    /// What it comes after where it can; see [`Object::wishes`].
    pub wishes: Vec<Key>,
    /// What it does not need although `pg_depend` says so: an object of its own stands for the
    /// link, as `OWNED BY` does between a sequence and its column.
    pub apart: Vec<Address>,
    /// What its own `DROP` takes along although it needs it: the functions that read and write the
    /// values of a base type.
    pub takes: Vec<Address>,
}

impl<S> Found<S> {
    /// An object without owner, rights, parent.
    pub fn new(at: Address, key: Key, spec: S) -> Self {
        Self { at: vec![at], ..Self::nowhere(key, spec) }
    }

    /// An object that no catalog row stands for alone: a table's place under its parent.
    pub fn nowhere(key: Key, spec: S) -> Self {
        Self {
            at: Vec::new(),
            key,
            parent: None,
            spec,
            owner: None,
            acl: None,
            mentions: BTreeSet::new(),
            ordinal: 0,
            needs: Vec::new(),
            wishes: Vec::new(),
            apart: Vec::new(),
            takes: Vec::new(),
        }
    }

    /// Says what it stands on.
    #[must_use]
    pub fn parent(mut self, parent: Key) -> Self {
        self.parent = Some(parent);
        self
    }

    /// Says who owns it.
    #[must_use]
    pub fn owner(mut self, owner: String) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Gives its rights.
    #[must_use]
    pub fn acl(mut self, acl: Option<Vec<String>>) -> Self {
        self.acl = acl;
        self
    }

    /// Claims another address.
    #[must_use]
    pub fn also(mut self, at: Option<Address>) -> Self {
        self.at.extend(at);
        self
    }

    /// Says what it needs beside what `pg_depend` says.
    #[must_use]
    pub fn needs(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.needs.extend(keys);
        self
    }

    /// Says what it comes after where it can.
    #[must_use]
    pub fn wishes(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.wishes.extend(keys);
        self
    }

    /// Says what it does not need although `pg_depend` says so.
    #[must_use]
    pub fn apart(mut self, at: Option<Address>) -> Self {
        self.apart.extend(at);
        self
    }

    /// Says what its own `DROP` takes along although it needs it.
    #[must_use]
    pub fn takes(mut self, at: impl IntoIterator<Item = Address>) -> Self {
        self.takes.extend(at);
        self
    }

    /// Gives the names in its text.
    #[must_use]
    pub fn mentions(mut self, mentions: BTreeSet<Mention>) -> Self {
        self.mentions = mentions;
        self
    }

    /// Says where it stands among its siblings.
    #[must_use]
    pub fn ordinal(mut self, ordinal: i32) -> Self {
        self.ordinal = ordinal;
        self
    }
}
