//! What is managed: which objects of a snapshot take part in a comparison.

use crate::{
    engine::Project,
    schema::{Key, Kind, Name, Object, Snapshot, kind::Namespace},
};

/// Decides which objects are looked at.
#[derive(Clone, Debug, Default)]
pub struct Manage {
    /// Limbeck's own schema.
    own: String,
    /// The version table, where it stands in another schema: schema and name.
    version: (String, String),
}

impl Manage {
    /// What the settings of a project say.
    pub fn of(project: &Project) -> Self {
        let config = &project.config;
        let version = &config.version_table;
        Self { own: config.schema.clone(), version: (version.schema.clone(), version.name.clone()) }
    }

    /// Takes out what is not managed.
    pub fn filter(&self, snapshot: &Snapshot) -> Snapshot {
        let mut kept = snapshot.clone();
        kept.retain(|object| !self.is_ours(snapshot, object));
        kept
    }

    /// What a dump leaves out for it: schemas, and tables as schema and name.
    pub(super) fn hidden(&self) -> Vec<(String, Option<String>)> {
        let (schema, table) = self.version.clone();
        let mut hidden = vec![(self.own.clone(), None)];
        if schema != self.own {
            hidden.push((schema, Some(table)));
        }
        hidden
    }

    /// Whether an object is part of limbeck's own bookkeeping.
    fn is_ours(&self, snapshot: &Snapshot, object: &Object) -> bool {
        let mut key = Some(&object.key);
        while let Some(at) = key {
            if self.names_ours(at) {
                return true;
            }
            key = snapshot.get(at).and_then(|object| object.parent.as_ref());
        }
        false
    }

    fn names_ours(&self, key: &Key) -> bool {
        if let Name::Global(name) = key.name() {
            return key.kind() == Namespace::ID && *name == self.own;
        }
        let (schema, table) = (&self.version.0, &self.version.1);
        let version = key.schema() == Some(schema)
            && (key.relation() == Some(table)
                || (key.relation().is_none() && key.base_name() == table));
        key.schema() == Some(&self.own) || version
    }
}
