//! What is managed: which objects of a snapshot take part in a comparison.

use super::Side;
use crate::{
    catalog::filter::Filter,
    code::Code,
    engine::{Error, Project},
    schema::{KINDS, Key, Object, Snapshot},
};

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

    /// Refuses settings that name a kind of objects that there is not.
    pub fn check(project: &Project) -> Result<(), Error> {
        const NAME: &str = "manage.ignore_kinds";
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.id().0).collect();
        let named = &project.config.manage.ignore_kinds;
        let Some(wrong) = named.iter().find(|kind| !known.contains(&kind.as_str())) else {
            return Ok(());
        };
        let setting = project.config.settings.iter().find(|setting| setting.name == NAME);
        let place = setting.map(|setting| format!("{}: ", setting.origin)).unwrap_or_default();
        let mut all: Vec<String> = known.iter().map(|kind| format!("`{kind}`")).collect();
        all.sort_unstable();
        Err(Error::new(
            Code::Settings,
            format!("{place}`{NAME}` names `{wrong}`, which is no kind of object"),
        )
        .with_hint(format!("the kinds are {}", all.join(", "))))
    }

    /// Takes out what is not managed.
    pub fn filter(&self, snapshot: &Snapshot) -> Snapshot {
        self.0.apply(snapshot)
    }

    /// An object that is to be made, and what it needs that the settings leave out and the old schema
    /// does not have.
    pub(super) fn lacking<'a>(old: &Side, new: &'a Side) -> Option<(&'a Key, &'a Key)> {
        let missing = |key: &&Key| {
            new.full.contains(key) && !new.snapshot.contains(key) && !old.full.contains(key)
        };
        let fresh = new.snapshot.objects().iter().filter(|it| !old.snapshot.contains(&it.key));
        fresh
            .map(AsRef::as_ref)
            .find_map(|it: &Object| it.needs.iter().find(missing).map(|needed| (&it.key, needed)))
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
