//! `limbeck.toml`: a table of settings, each with its line.

use std::{collections::BTreeMap, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    error::{ConfigError, did_you_mean},
    key::{self, Form, Key, Value},
};

/// What the file says.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    /// Settings of the project.
    pub(super) settings: Table,
    /// Settings by profile; `database_url_env` of a profile stands beside them.
    pub(super) profiles: BTreeMap<String, Profile>,
}

/// Settings by name, each with its 1-based line.
pub(super) type Table = BTreeMap<&'static str, (Value, u32)>;

/// `[profile.NAME]`.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) settings: Table,
    /// Name of the variable that holds the URL.
    pub(super) url_variable: Option<(String, u32)>,
}

/// The one key that only profiles have.
pub(super) const URL_VARIABLE: &str = "database_url_env";

/// Settings that belong to the project and not to one of its databases.
const NOT_IN_PROFILES: [&str; 8] = [
    "name",
    "migrations",
    "recursive",
    "file_template",
    "models",
    "models_command",
    "models_timeout",
    "server.provider",
];

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

/// Parses the text of `limbeck.toml`.
pub(super) fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    let reader = Reader { path, text };
    let root = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
        ConfigError::new(message.trim_end_matches('.')).at(path, line)
    })?;
    let mut file = File::default();
    for (name, value) in root.get_ref() {
        let (line, name) = (reader.line(name.span().start), name.get_ref().as_ref());
        if name == "profile" {
            let profiles = reader.table(name, value.get_ref(), line)?;
            for (profile, value) in profiles {
                let line = reader.line(profile.span().start);
                let profile = profile.get_ref().as_ref();
                let table = reader.table(&format!("profile.{profile}"), value.get_ref(), line)?;
                let mut found = Profile::default();
                reader.settings("", Some(profile), table, &mut found)?;
                file.profiles.insert(profile.to_owned(), found);
            }
        } else {
            let mut found = Profile::default();
            reader.setting(name, None, value.get_ref(), line, &mut found)?;
            file.settings.extend(found.settings);
        }
    }
    Ok(file)
}

impl Reader<'_> {
    fn line(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().iter().take(at);
        before.filter(|byte| **byte == b'\n').count() as u32 + 1
    }

    fn table<'t, 'i>(
        &self,
        name: &str,
        value: &'t DeValue<'i>,
        line: u32,
    ) -> Result<&'t DeTable<'i>, ConfigError> {
        value.as_table().ok_or_else(|| {
            ConfigError::new(format!("`{name}` is not a table"))
                .hint(format!("write `[{name}]` and its settings below"))
                .at(self.path, line)
        })
    }

    fn settings(
        &self,
        prefix: &str,
        profile: Option<&str>,
        table: &DeTable<'_>,
        out: &mut Profile,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let line = self.line(name.span().start);
            let name = format!("{prefix}{}", name.get_ref());
            self.setting(&name, profile, value.get_ref(), line, out)?;
        }
        Ok(())
    }

    fn setting(
        &self,
        name: &str,
        profile: Option<&str>,
        value: &DeValue<'_>,
        line: u32,
        out: &mut Profile,
    ) -> Result<(), ConfigError> {
        if profile.is_some() && name == URL_VARIABLE {
            let DeValue::String(variable) = value else {
                return Err(ConfigError::new(format!("`{name}` is not the name of a variable"))
                    .at(self.path, line));
            };
            out.url_variable = Some((variable.to_string(), line));
            return Ok(());
        }
        if let Some(key) = key::find(name) {
            if profile.is_some() && (NOT_IN_PROFILES.contains(&name) || name.starts_with("tui.")) {
                return Err(ConfigError::new(format!("`{name}` cannot differ between profiles"))
                    .hint("set it outside of `[profile]`")
                    .at(self.path, line));
            }
            let value = convert(key, value).map_err(|e| e.at(self.path, line))?;
            out.settings.insert(key.name, (value, line));
            return Ok(());
        }
        let section = format!("{name}.");
        if key::KEYS.iter().any(|key| key.name.starts_with(&section)) {
            return self.settings(&section, profile, self.table(name, value, line)?, out);
        }
        let sections = key::KEYS
            .iter()
            .flat_map(|key| key.name.match_indices('.').map(|(end, _)| &key.name[..end]));
        let known = key::KEYS.iter().map(|key| key.name).chain(sections).chain(["profile"]);
        let shown = match profile {
            Some(profile) => format!("profile.{profile}.{name}"),
            None => name.to_owned(),
        };
        let error = ConfigError::new(format!("unknown setting `{shown}`")).at(self.path, line);
        let near = did_you_mean(name, known).or_else(|| same_ending(name));
        Err(error.hint(near.unwrap_or_else(|| "see docs/settings.md for all settings".to_owned())))
    }
}

/// A setting of the same last name in another section.
fn same_ending(name: &str) -> Option<String> {
    let last = name.rsplit('.').next()?;
    let found = key::KEYS.iter().find(|key| key.name.rsplit('.').next() == Some(last))?;
    Some(format!("did you mean `{}`?", found.name))
}

/// A TOML value in the form of its key.
fn convert(key: &Key, value: &DeValue<'_>) -> Result<Value, ConfigError> {
    match (key.form, value) {
        (Form::Keys, DeValue::Table(table)) => {
            let mut keys = BTreeMap::new();
            for (action, value) in table {
                let action = action.get_ref().as_ref();
                let name = format!("tui.keys.{action}");
                keys.insert(action.to_owned(), key_list(&name, value.get_ref())?);
            }
            Ok(Value::Keys(keys))
        }
        (Form::Paths | Form::Names, DeValue::Array(list)) => {
            let items = list.iter().map(|item| match item.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => Ok(text.to_string()),
                other => Err(key::wrong(key, other.type_str())),
            });
            let items = items.collect::<Result<Vec<_>, _>>()?;
            if items.is_empty() {
                return Err(ConfigError::new(format!("`{}` is empty", key.name)));
            }
            Ok(Value::List(items))
        }
        (Form::Flag, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
        (Form::Count(..) | Form::Time, DeValue::Integer(number)) if number.radix() == 10 => {
            key::read(key, number.as_str())
        }
        // One path, not a list with commas: a comma in a folder's name is possible here.
        (Form::Paths | Form::Names, DeValue::String(text)) if !text.trim().is_empty() => {
            Ok(Value::List(vec![text.to_string()]))
        }
        (Form::Flag | Form::Count(..) | Form::Keys, DeValue::String(text)) => {
            Err(key::wrong(key, text))
        }
        (_, DeValue::String(text)) => key::read(key, text),
        (_, other) => Err(key::wrong(key, &shown(other))),
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        other => other.type_str().to_owned(),
    }
}

/// The keys of one action.
fn key_list(name: &str, value: &DeValue<'_>) -> Result<Vec<String>, ConfigError> {
    let wrong = || {
        ConfigError::new(format!("`{name}` is not a key, a list of keys, or `false`"))
            .hint(format!("write `{name} = [\"u\", \"ctrl-u\"]`"))
    };
    match value {
        DeValue::String(key) if !key.is_empty() => Ok(vec![key.to_string()]),
        DeValue::Boolean(false) => Ok(Vec::new()),
        DeValue::Array(list) => list
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(key) if !key.is_empty() => Ok(key.to_string()),
                _ => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> File {
        parse(Path::new("limbeck.toml"), text).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Message with place, and hint.
    fn refused(text: &str) -> (String, Option<String>) {
        let error = parse(Path::new("limbeck.toml"), text).expect_err("it is wrong");
        (error.to_string(), error.hint)
    }

    #[test]
    fn settings_carry_their_lines() {
        let file = parsed(
            "# ours\nversion_table = \"public.alembic_version\"\nmigrations = [\"a\", \"b\"]\n\n\
             [runner]\nlock_timeout = \"500ms\"\nlock_tries = 3\nstatement_timeout = 0\n\n\
             [server]\nlocal.port = 5433\n[tui.keys]\nupgrade = [\"u\", \"U\"]\nquit = false\nhelp = \"?\"\n",
        );
        let shown: Vec<_> = file
            .settings
            .iter()
            .map(|(name, (value, line))| format!("{line} {name} = {value}"))
            .collect();
        assert_eq!(
            shown,
            [
                "3 migrations = a, b",
                "6 runner.lock_timeout = 500ms",
                "7 runner.lock_tries = 3",
                "8 runner.statement_timeout = 0",
                "11 server.local.port = 5433",
                "12 tui.keys = help = ?, quit = , upgrade = u U",
                "2 version_table = public.alembic_version",
            ]
        );
    }

    #[test]
    fn profiles_hold_settings_and_a_variable() {
        let file = parsed(
            "[profile.staging]\nguard = \"staging\"\ndatabase_url_env = \"STAGING_URL\"\n\
             [profile.staging.runner]\nlock_timeout = \"1s\"\n",
        );
        let staging = &file.profiles["staging"];
        assert_eq!(staging.settings["guard"].0.to_string(), "staging");
        assert_eq!(
            staging.settings["runner.lock_timeout"],
            (Value::Time(std::time::Duration::from_secs(1)), 5)
        );
        assert_eq!(staging.url_variable, Some(("STAGING_URL".to_owned(), 3)));
        assert!(file.settings.is_empty());
    }

    #[test]
    fn mistakes_have_a_line_and_a_hint() {
        for (text, message, hint) in [
            ("\nlock_timeot = 1", "limbeck.toml:2: unknown setting `lock_timeot`", None),
            (
                "lock_timeout = \"1s\"",
                "limbeck.toml:1: unknown setting `lock_timeout`",
                Some("did you mean `runner.lock_timeout`?"),
            ),
            (
                "[runner]\nlock_timeot = \"1s\"",
                "limbeck.toml:2: unknown setting `runner.lock_timeot`",
                Some("did you mean `runner.lock_timeout`?"),
            ),
            (
                "[profile.x]\ngard = \"dev\"",
                "limbeck.toml:2: unknown setting `profile.x.gard`",
                Some("did you mean `guard`?"),
            ),
            (
                "[runer]\nwait = \"1s\"",
                "limbeck.toml:1: unknown setting `runer`",
                Some("did you mean `runner`?"),
            ),
            (
                "[profile.x]\nname = \"y\"",
                "limbeck.toml:2: `name` cannot differ between profiles",
                None,
            ),
            (
                "runner = 3",
                "limbeck.toml:1: `runner` is not a table",
                Some("write `[runner]` and its settings below"),
            ),
            (
                "[runner]\nwait = 60",
                "limbeck.toml:2: `runner.wait` is `60`, not a duration",
                Some("write a number and a unit: `500ms`, `2s`, `5min`, `1h`"),
            ),
            (
                "recursive = \"yes\"",
                "limbeck.toml:1: `recursive` is `yes`, not `true` or `false`",
                None,
            ),
            ("migrations = []", "limbeck.toml:1: `migrations` is empty", None),
            ("name = 1\n", "limbeck.toml:1: `name` is `1`, not text", None),
            ("a = 1\na = 2\n", "limbeck.toml:2: duplicate key", None),
        ] {
            let (found, found_hint) = refused(text);
            assert_eq!(found, message, "{text}");
            if hint.is_some() {
                assert_eq!(found_hint.as_deref(), hint, "{text}");
            }
        }
    }
}
