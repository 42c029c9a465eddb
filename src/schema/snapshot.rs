//! The objects of a database at one moment.

use std::sync::{Arc, OnceLock};

use super::{Key, Kind, Obj, Object, kind::AnyKind, links::Links};

/// The objects of a database at one moment, sorted by key; a plain value.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    objects: Vec<Arc<Object>>,
    /// `server_version_num` of the server it was read from.
    pub version: u32,
    /// The role that read it, which owns what it creates.
    pub role: String,
    /// User objects of kinds that limbeck does not manage, as PostgreSQL describes them, sorted.
    pub unmanaged: Vec<String>,
    /// Of `objects`, made when it is first asked for.
    links: OnceLock<Arc<Links>>,
}

impl Snapshot {
    /// Makes a snapshot of objects in any order.
    pub fn new(mut objects: Vec<Arc<Object>>, version: u32, role: String) -> Self {
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Self { objects, version, role, unmanaged: Vec::new(), links: OnceLock::new() }
    }

    /// All objects, sorted by key.
    pub fn objects(&self) -> &[Arc<Object>] {
        &self.objects
    }

    /// The object with this key.
    pub fn get(&self, key: &Key) -> Option<&Arc<Object>> {
        self.links().position(key).map(|at| &self.objects[at])
    }

    fn links(&self) -> &Links {
        self.links.get_or_init(|| Arc::new(Links::new(&self.objects)))
    }

    /// Those that need the object with this key, sorted by key.
    pub fn dependents<'a>(&'a self, key: &Key) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
        self.links().dependents(key).iter().map(|at| &self.objects[*at as usize])
    }

    /// Those that stand on the object with this key (see [`Object::parent`]), sorted by key.
    pub fn parts<'a>(&'a self, key: &Key) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
        self.links().parts(key).iter().map(|at| &self.objects[*at as usize])
    }

    /// Whether there is one.
    pub fn contains(&self, key: &Key) -> bool {
        self.get(key).is_some()
    }

    /// The object with this key, with its attributes, when it is of the kind `K`.
    pub fn typed<K: Kind>(&self, key: &Key) -> Option<Obj<'_, K::Spec>> {
        let object = self.get(key)?;
        Some(Obj { object, spec: object.spec()? })
    }

    /// All objects of the kind `K`.
    pub fn of_kind<K: Kind>(&self) -> impl Iterator<Item = Obj<'_, K::Spec>> {
        self.objects[self.links().kind(K::ID)]
            .iter()
            .filter_map(|object| Some(Obj { object: object.as_ref(), spec: object.spec()? }))
    }

    /// All objects of the kind `K` that stand on one relation, sorted by name.
    pub fn on_relation<'a, K: Kind>(
        &'a self,
        schema: &'a str,
        relation: &'a str,
    ) -> impl Iterator<Item = Obj<'a, K::Spec>> {
        let objects = &self.objects[self.links().kind(K::ID)];
        let here = (Some(schema), Some(relation));
        let from = objects.partition_point(|o| (o.key.schema(), o.key.relation()) < here);
        objects[from..]
            .iter()
            .take_while(move |o| (o.key.schema(), o.key.relation()) == here)
            .filter_map(|object| Some(Obj { object: object.as_ref(), spec: object.spec()? }))
    }

    /// All routines of the kind `K` that share a name.
    pub fn overloads<'a, K: Kind>(
        &'a self,
        schema: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = Obj<'a, K::Spec>> {
        let objects = &self.objects[self.links().kind(K::ID)];
        let here = (Some(schema), name);
        let from = objects.partition_point(|o| (o.key.schema(), o.key.base_name()) < here);
        objects[from..]
            .iter()
            .take_while(move |o| (o.key.schema(), o.key.base_name()) == here)
            .filter_map(|object| Some(Obj { object: object.as_ref(), spec: object.spec()? }))
    }

    /// Keeps the objects that `keep` accepts, with those that stand on them only.
    pub fn retain(&mut self, mut keep: impl FnMut(&Object) -> bool) {
        self.objects.retain(|o| keep(o));
        self.links = OnceLock::new();
    }

    /// The kind of an object.
    pub fn kind_of(object: &Object) -> &'static dyn AnyKind {
        super::kind::kind(object.key.kind())
    }

    /// A hash of all objects with their attributes, owners, comments and rights: equal for equal
    /// schemas, whatever server they are on. Unmanaged objects do not count.
    pub fn fingerprint(&self) -> String {
        use std::fmt::Write as _;

        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        for object in &self.objects {
            let meta = serde_json::to_string(&object.meta).unwrap_or_default();
            hash.update(format!("{}\0{}\0{meta}\0", object.key, object.spec.json()));
        }
        hash.finalize().iter().fold(String::from("sha256:"), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
    }
}
