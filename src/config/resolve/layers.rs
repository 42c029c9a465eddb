//! Settings by name: options over a chosen profile over variables over `limbeck.toml` over what is
//! built in.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{Chosen, toml_path};
use crate::config::{
    Inputs, Origin,
    error::{ConfigError, did_you_mean},
    file::{self, Table},
    key::{self, KEYS, Value},
};

/// A variable of the environment, else of `.env`; an empty one counts as unset.
pub(super) fn variable<'a>(inputs: &'a Inputs, name: &str) -> Option<(&'a str, Origin)> {
    let nonempty = |value: &&str| !value.trim().is_empty();
    if let Some(value) = inputs.env.get(name).map(String::as_str).filter(nonempty) {
        return Some((value, Origin::Env(name.to_owned())));
    }
    let dotenv = inputs.dotenv.as_ref()?;
    let value = dotenv.get(name).filter(nonempty)?;
    Some((value, Origin::DotEnv(dotenv.path.clone())))
}

/// `POSTGRES_…` of the environment, else of `.env`.
pub(super) fn postgres(inputs: &Inputs, name: &str) -> Option<(String, Origin)> {
    variable(inputs, &format!("POSTGRES_{name}")).map(|(value, origin)| (value.to_owned(), origin))
}

pub(super) fn postgres_port(inputs: &Inputs) -> Result<Option<u16>, ConfigError> {
    let Some((text, origin)) = postgres(inputs, "PORT") else { return Ok(None) };
    match text.trim().parse() {
        Ok(port) if port != 0 => Ok(Some(port)),
        _ => Err(of(
            &origin,
            ConfigError::new(format!("`POSTGRES_PORT` is `{text}`, not a port number")),
        )),
    }
}

/// Settings by name, the strongest of each.
pub(super) struct Layers {
    pub(super) found: BTreeMap<&'static str, (Value, Origin)>,
}

impl Layers {
    pub(super) fn new(
        inputs: &Inputs,
        file: &file::File,
        chosen: Option<&Chosen<'_>>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, ConfigError> {
        let mut found = BTreeMap::new();
        for setting in &inputs.flags.settings {
            let key = key::find(&setting.key).ok_or_else(|| {
                ConfigError::new(format!("unknown setting `{}` ({})", setting.key, setting.flag))
            })?;
            let origin = Origin::Flag(setting.flag.clone());
            let value = key::read(key, &setting.value).map_err(|e| of(&origin, e))?;
            found.insert(key.name, (value, origin));
        }
        // Asking for a profile is an act of its own: nothing of the surroundings undoes it.
        if let Some(chosen) = chosen {
            fill(&mut found, &chosen.profile.settings, &chosen.path);
        }
        // `DATABASE_URL` ranks by rules of its own.
        for key in KEYS.iter().filter(|key| key.name != "database_url") {
            let Some(name) = key.variable() else { continue };
            if let Some((text, origin)) = variable(inputs, &name)
                && !found.contains_key(key.name)
            {
                let value = key::read(key, text).map_err(|e| of(&origin, e))?;
                found.insert(key.name, (value, origin));
            }
        }
        fill(&mut found, &file.settings, &toml_path(inputs));
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            if !found.contains_key(key.name) {
                found.insert(key.name, (key::read(key, key.default)?, Origin::Default));
            }
        }
        misspelt_variables(inputs, warnings);
        Ok(Self { found })
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.found.get(name) {
            Some((Value::Text(text), _)) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.found.get(name), Some((Value::Flag(true), _)))
    }

    pub(super) fn count(&self, name: &str) -> Option<u64> {
        match self.found.get(name) {
            Some((Value::Count(count), _)) => Some(*count),
            _ => None,
        }
    }

    pub(super) fn time(&self, name: &str) -> Duration {
        match self.found.get(name) {
            Some((Value::Time(time), _)) => *time,
            _ => Duration::ZERO,
        }
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        match self.found.get(name) {
            Some((Value::List(list), _)) => list.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn keys(&self) -> BTreeMap<String, Vec<String>> {
        match self.found.get("tui.keys") {
            Some((Value::Keys(keys), _)) => keys.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// An error about a setting, with its place.
    pub(super) fn located(&self, name: &str, error: ConfigError) -> ConfigError {
        match self.found.get(name) {
            Some((_, origin)) => of(origin, error),
            None => error,
        }
    }
}

/// Adds weaker settings of a file.
fn fill(found: &mut BTreeMap<&'static str, (Value, Origin)>, table: &Table, path: &Path) {
    for (name, (value, line)) in table {
        let origin = Origin::File(path.to_path_buf(), *line);
        found.entry(*name).or_insert_with(|| (value.clone(), origin));
    }
}

/// Adds to an error where the value came from.
pub(super) fn of(origin: &Origin, error: ConfigError) -> ConfigError {
    match origin {
        Origin::File(path, line) => error.at(path, *line),
        Origin::Default => error,
        other => ConfigError { message: format!("{other}: {}", error.message), ..error },
    }
}

/// `LIMBECK_*` variables that look like a misspelt one.
fn misspelt_variables(inputs: &Inputs, warnings: &mut Vec<String>) {
    let mut known: Vec<String> = KEYS.iter().filter_map(key::Key::variable).collect();
    known.push("LIMBECK_PROFILE".to_owned());
    let dotenv = inputs.dotenv.iter().flat_map(|dotenv| &dotenv.variables).map(|(name, _)| name);
    for name in inputs.env.keys().chain(dotenv) {
        if name.starts_with("LIMBECK_")
            && !known.contains(name)
            && let Some(near) = did_you_mean(name, known.iter().map(String::as_str))
        {
            warnings.push(format!("variable `{name}` is not a setting; {near}"));
        }
    }
}
