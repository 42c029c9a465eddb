//! What is managed: which objects of a snapshot take part in a comparison.

use std::sync::Arc;

use crate::{
    config::ManageConfig,
    engine::Project,
    schema::{
        Key, Kind, Name, Object, Snapshot,
        kind::{DefaultPrivileges, Namespace},
    },
};

/// Decides which objects are looked at.
#[derive(Clone, Debug, Default)]
pub struct Manage {
    /// Limbeck's own schema.
    own: String,
    /// The version table, where it stands in another schema: schema and name.
    version: (String, String),
    /// What the settings say.
    config: ManageConfig,
}

impl Manage {
    /// What the settings of a project say.
    pub fn of(project: &Project) -> Self {
        let config = &project.config;
        let version = &config.version_table;
        Self {
            own: config.schema.clone(),
            version: (version.schema.clone(), version.name.clone()),
            config: config.manage.clone(),
        }
    }

    /// Takes out what is not managed.
    pub fn filter(&self, snapshot: &Snapshot) -> Snapshot {
        let kept = snapshot.objects().iter().filter(|object| self.keeps(snapshot, object));
        let kept = kept.map(|object| self.trimmed(object)).collect();
        let mut filtered = Snapshot::new(kept, snapshot.version, snapshot.role.clone());
        filtered.unmanaged.clone_from(&snapshot.unmanaged);
        filtered
    }

    /// Whether the settings leave anything out: a dump of the whole database would show it.
    pub(super) fn narrows(&self) -> bool {
        self.config != ManageConfig::default()
    }

    /// Whether an object and all that it stands on are managed.
    fn keeps(&self, snapshot: &Snapshot, object: &Object) -> bool {
        let mut key = Some(&object.key);
        while let Some(at) = key {
            if self.names_ours(at) || self.leaves_out(at) {
                return false;
            }
            key = snapshot.get(at).and_then(|object| object.parent.as_ref());
        }
        true
    }

    fn leaves_out(&self, key: &Key) -> bool {
        let config = &self.config;
        let kind = key.kind().0;
        let is_schema = key.kind() == Namespace::ID;
        let schema = if is_schema { Some(key.base_name()) } else { key.schema() };
        let wanted = |schema: &str| config.schemas.iter().any(|pattern| matches(pattern, schema));
        if !config.schemas.is_empty() && schema.is_some_and(|schema| !wanted(schema)) {
            return true;
        }
        if config.ignore_kinds.iter().any(|ignored| ignored == kind) {
            return true;
        }
        if !config.grants && key.kind() == DefaultPrivileges::ID {
            return true;
        }
        let name = key.sql();
        let full = format!("{kind} {name}");
        config.ignore.iter().any(|pattern| matches(pattern, &name) || matches(pattern, &full))
    }

    /// The object without what is not compared of it.
    fn trimmed(&self, object: &Arc<Object>) -> Arc<Object> {
        if self.config.owners && self.config.grants {
            return Arc::clone(object);
        }
        let mut trimmed = Object::clone(object);
        if !self.config.owners {
            trimmed.meta.owner = None;
        }
        if !self.config.grants {
            trimmed.meta.acl = None;
        }
        Arc::new(trimmed)
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

    /// Whether a name belongs to limbeck's own bookkeeping.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::kind::Table;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("public.t", "public.t", true),
            ("public.t", "public.tt", false),
            ("public.*", "public.t", true),
            ("*.t", "a.b.t", true),
            ("view *.v_*", "view public.v_1", true),
            ("view *.v_*", "table public.v_1", false),
            ("?", "é", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    fn kept(config: ManageConfig, keys: &[Key]) -> Vec<String> {
        let manage = Manage { own: "limbeck".into(), config, ..Manage::default() };
        keys.iter().filter(|k| !manage.leaves_out(k)).map(Key::to_string).collect()
    }

    #[test]
    fn settings_leave_out() {
        let keys = [
            Namespace::key("app"),
            Namespace::key("other"),
            Table::key("app", "t"),
            Table::key("app", "tmp_1"),
            Table::key("other", "t"),
        ];
        let names = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        let only = ManageConfig { schemas: names(&["ap?"]), ..ManageConfig::default() };
        assert_eq!(kept(only, &keys), ["schema app", "table app.t", "table app.tmp_1"]);
        let without = ManageConfig { ignore: names(&["table *.tmp_*"]), ..ManageConfig::default() };
        assert_eq!(kept(without, &keys).len(), 4);
        let kinds = ManageConfig { ignore_kinds: names(&["table"]), ..ManageConfig::default() };
        assert_eq!(kept(kinds, &keys), ["schema app", "schema other"]);
    }
}
