//! What is managed: which objects of a snapshot take part in a comparison.

use crate::{catalog::filter::Filter, engine::Project, schema::Snapshot};

/// Decides which objects are looked at.
#[derive(Clone, Debug, Default)]
pub struct Manage(Filter);

impl Manage {
    /// What the settings of a project say.
    pub fn of(project: &Project) -> Self {
        let config = &project.config;
        let mut hidden = vec![(config.schema.clone(), None)];
        let version = &config.version_table;
        if version.schema != config.schema {
            hidden.push((version.schema.clone(), Some(version.name.clone())));
        }
        // Alembic's own table, which a project that moved on from Alembic still has.
        let alembic = ("public".to_owned(), Some("alembic_version".to_owned()));
        if !hidden.contains(&alembic) {
            hidden.push(alembic);
        }
        let manage = config.manage.clone();
        Self(Filter {
            hidden,
            schemas: manage.schemas,
            ignore: manage.ignore,
            ignore_kinds: manage.ignore_kinds,
            owners: manage.owners,
            grants: manage.grants,
        })
    }

    /// Takes out what is not managed.
    pub fn filter(&self, snapshot: &Snapshot) -> Snapshot {
        self.0.apply(snapshot)
    }

    /// Whether the settings leave anything out: a dump of the whole database would show it.
    pub(super) fn narrows(&self) -> bool {
        self.0.narrows()
    }

    /// What a dump leaves out for it: schemas, and tables as schema and name.
    pub(super) fn hidden(&self) -> Vec<(String, Option<String>)> {
        self.0.hidden.clone()
    }
}
