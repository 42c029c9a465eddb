//! The one list of settings: name, form, default, meaning. Everything else is drawn from it:
//! what `limbeck.toml` may hold, the `LIMBECK_*` variables, `status -v`, `docs/settings.md`.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::error::ConfigError;

/// A setting that there is.
#[derive(Debug)]
pub struct Key {
    /// Its name in `limbeck.toml`, sections before the dot.
    pub name: &'static str,
    /// What it may be.
    pub form: Form,
    /// Its value when nobody sets it, as it would be written; empty is none.
    pub default: &'static str,
    /// What it does, one line.
    pub help: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// A path, relative to the project folder.
    Path,
    /// One path or several.
    Paths,
    /// One name or pattern, or several.
    Names,
    /// `true` or `false`.
    Flag,
    /// A whole number between these.
    Count(u64, u64),
    /// A duration with its unit: `500ms`, `2s`, `5min`, `1h`; or `0`.
    Time,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A connection URL without a password.
    Url,
    /// A table of action names, each with a key, a list of keys, or `false`.
    Keys,
}

const fn key(name: &'static str, form: Form, default: &'static str, help: &'static str) -> Key {
    Key { name, form, default, help }
}

/// Every setting, in the order of `docs/settings.md`.
pub const KEYS: &[Key] = &[
    key("name", Form::Text, "", "project name; the folder's name when unset"),
    key("migrations", Form::Paths, "migrations", "folder of revision files, or several"),
    key("recursive", Form::Flag, "false", "look for revision files in sub-folders too"),
    key(
        "file_template",
        Form::Text,
        "{id}_{slug}",
        "file name of new revisions, from `{id}`, `{slug}`, `{date}`, `{time}`",
    ),
    key(
        "models",
        Form::Paths,
        "models",
        "the declared schema: SQL files, folders of them, SQLAlchemy's `models.py` or a package of them",
    ),
    key(
        "models_command",
        Form::Text,
        "",
        "program that prints the declared schema as SQL, run instead of reading `models`",
    ),
    key(
        "models_timeout",
        Form::Time,
        "60s",
        "how long such a program, or python for `models.py`, may take; `0` is no limit",
    ),
    key("database_url", Form::Url, "", "the database, without its password"),
    key(
        "scratch_url",
        Form::Url,
        "",
        "database beside which scratch databases are made, without its password; `database_url`'s \
         server when unset",
    ),
    key(
        "guard",
        Form::Choice(&["dev", "staging", "prod"]),
        "dev",
        "how careful to be with this database",
    ),
    key(
        "version_table",
        Form::Text,
        "limbeck.version",
        "table of the version rows; `public.alembic_version` shares Alembic's",
    ),
    key("schema", Form::Text, "limbeck", "schema of the tables `history`, `step` and `meta`"),
    key("search_path", Form::Text, "", "`search_path` of revisions; the role's own when unset"),
    key(
        "manage.schemas",
        Form::Names,
        "",
        "schemas that are compared, `*` for any text; all when unset",
    ),
    key(
        "manage.ignore",
        Form::Names,
        "",
        "objects that are not compared: `public.spatial_*`, `view *.v_*`",
    ),
    key(
        "manage.ignore_kinds",
        Form::Names,
        "",
        "kinds of objects that are not compared: `publication`",
    ),
    key("manage.owners", Form::Flag, "true", "whether owners are compared"),
    key("manage.grants", Form::Flag, "true", "whether rights are compared"),
    key("lint.off", Form::Names, "", "rules that `limbeck lint` does not look at"),
    key("lint.on", Form::Names, "", "rules whose notes count as findings"),
    key(
        "lint.small_table",
        Form::Count(0, 1_000_000_000_000),
        "0",
        "tables of fewer rows in the database are no worry of locks and rewrites",
    ),
    key(
        "runner.lock_timeout",
        Form::Time,
        "2s",
        "how long a statement may wait for a lock before the revision is rolled back and tried again",
    ),
    key(
        "runner.lock_tries",
        Form::Count(1, 1000),
        "10",
        "how often a revision is tried before it fails",
    ),
    key(
        "runner.statement_timeout",
        Form::Time,
        "0",
        "how long one statement may run; `0` is no limit",
    ),
    key("runner.wait", Form::Time, "60s", "how long to wait for another runner"),
    key(
        "server.provider",
        Form::Choice(&["auto", "local", "compose", "external"]),
        "auto",
        "who runs the server",
    ),
    key(
        "server.local.bin_dir",
        Form::Path,
        "",
        "folder of `initdb`, `postgres` and `pg_ctl`; found when unset",
    ),
    key(
        "server.local.port",
        Form::Count(1, 65535),
        "",
        "TCP port of the local cluster; a free one when unset",
    ),
    key(
        "server.local.version",
        Form::Text,
        "",
        "PostgreSQL version to download when the machine has none",
    ),
    key("server.local.download_url", Form::Text, "", "where it is downloaded from"),
    key("server.compose.file", Form::Path, "", "compose file; found when unset"),
    key(
        "server.compose.service",
        Form::Text,
        "",
        "its database service; the one with a PostgreSQL image when unset",
    ),
    key("tui.theme", Form::Text, "auto", "colour theme; `auto` follows the terminal's background"),
    key(
        "tui.glyphs",
        Form::Choice(&["unicode", "ascii"]),
        "unicode",
        "which characters draw lines and marks",
    ),
    key("tui.mouse", Form::Flag, "true", "whether the mouse is captured"),
    key("tui.motion", Form::Flag, "true", "whether spinners move"),
    key("tui.keys", Form::Keys, "", "keys of actions: a key, a list, or `false` for none"),
];

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

impl Key {
    /// Its environment variable; the table of keys has none.
    pub fn variable(&self) -> Option<String> {
        match self.form {
            Form::Keys => None,
            Form::Url if self.name == "database_url" => Some("DATABASE_URL".to_owned()),
            _ => Some(format!("LIMBECK_{}", self.name.to_ascii_uppercase().replace('.', "_"))),
        }
    }
}

/// A setting's value in its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
    Count(u64),
    Time(Duration),
    List(Vec<String>),
    Keys(BTreeMap<String, Vec<String>>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Flag(flag) => flag.fmt(f),
            Self::Count(count) => count.fmt(f),
            Self::Time(time) => f.write_str(&time_text(*time)),
            Self::List(list) => f.write_str(&list.join(", ")),
            Self::Keys(keys) => {
                let keys = keys.iter().map(|(name, keys)| format!("{name} = {}", keys.join(" ")));
                f.write_str(&keys.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Reads a value from text, as variables, flags and TOML strings give it.
pub(super) fn read(key: &Key, text: &str) -> Result<Value, ConfigError> {
    let name = key.name;
    let trimmed = text.trim();
    Ok(match key.form {
        Form::Text | Form::Path => Value::Text(nonempty(name, text)?),
        // Never trimmed into an error that repeats it: a URL may hold a password.
        Form::Url => Value::Text(trimmed.to_owned()),
        Form::Paths | Form::Names => Value::List(
            trimmed.split(',').map(|path| nonempty(name, path.trim())).collect::<Result<_, _>>()?,
        ),
        Form::Flag => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Value::Flag(true),
            "false" | "0" | "no" | "off" => Value::Flag(false),
            _ => return Err(wrong(key, text)),
        },
        Form::Count(low, high) => match trimmed.parse() {
            Ok(count) if (low..=high).contains(&count) => Value::Count(count),
            _ => return Err(wrong(key, text)),
        },
        Form::Time => Value::Time(parse_time(trimmed).ok_or_else(|| wrong(key, text))?),
        Form::Choice(words) => match words.iter().find(|word| **word == trimmed) {
            Some(word) => Value::Text((*word).to_owned()),
            None => return Err(wrong(key, text)),
        },
        Form::Keys => return Err(wrong(key, text)),
    })
}

fn nonempty(name: &str, text: &str) -> Result<String, ConfigError> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err(ConfigError::new(format!("`{name}` is empty"))
            .hint("leave the setting out to get its default"));
    }
    Ok(text.to_owned())
}

/// The error for a value that is not of the key's form.
pub(super) fn wrong(key: &Key, shown: &str) -> ConfigError {
    let (what, hint) = match key.form {
        Form::Text | Form::Path | Form::Url => ("text".to_owned(), None),
        Form::Paths => ("a path or a list of paths".to_owned(), None),
        Form::Names => ("a name or a list of names".to_owned(), None),
        Form::Flag => ("`true` or `false`".to_owned(), None),
        Form::Count(low, high) => (format!("a whole number from {low} to {high}"), None),
        Form::Time => (
            "a duration".to_owned(),
            Some("write a number and a unit: `500ms`, `2s`, `5min`, `1h`"),
        ),
        Form::Choice(words) => {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            (format!("one of {}", words.join(", ")), None)
        }
        Form::Keys => (
            "a table".to_owned(),
            Some("write `[tui.keys]` and below it lines such as `upgrade = [\"u\", \"ctrl-u\"]`"),
        ),
    };
    let error = ConfigError::new(format!("`{}` is `{}`, not {what}", key.name, shown.trim()));
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

const UNITS: [(&str, u64); 8] = [
    ("ms", 1),
    ("s", 1000),
    ("sec", 1000),
    ("min", 60_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("hour", 3_600_000),
    ("d", 86_400_000),
];

/// `2s`, `500ms`, `1.5s`; a bare number only when it is `0`, since units differ between tools.
fn parse_time(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit.trim())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let part: u64 = if fraction.is_empty() {
        0
    } else {
        let digits = u32::try_from(fraction.len()).ok().filter(|n| *n <= 6)?;
        fraction.parse::<u64>().ok()?.checked_mul(factor)? / 10_u64.pow(digits)
    };
    let millis = whole.checked_mul(factor)?.checked_add(part)?;
    // The server's timeouts are 32-bit milliseconds.
    (millis <= u64::from(i32::MAX.unsigned_abs())).then(|| Duration::from_millis(millis))
}

/// A duration as a person would write it in `limbeck.toml`.
pub(super) fn time_text(time: Duration) -> String {
    match u64::try_from(time.as_millis()).unwrap_or(u64::MAX) {
        0 => "0".to_owned(),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 && ms > 60_000 => format!("{}min", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_of_its_form() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            let value = read(key, key.default).unwrap_or_else(|e| panic!("{}: {e}", key.name));
            assert_eq!(value.to_string(), key.default, "{}", key.name);
        }
    }

    #[test]
    fn names_and_variables_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for key in KEYS {
            assert!(seen.insert(key.name.to_owned()), "{}", key.name);
            assert!(key.variable().is_none_or(|name| seen.insert(name)), "{}", key.name);
        }
    }

    #[test]
    fn times() {
        for (text, ms) in [
            ("0", Some(0)),
            ("500ms", Some(500)),
            ("2s", Some(2000)),
            ("2 s", Some(2000)),
            ("1.5s", Some(1500)),
            ("0.25min", Some(15_000)),
            ("5min", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("24d", Some(2_073_600_000)),
            ("25d", None),
            ("2", None),
            ("s", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("2 weeks", None),
            ("99999999999999999999s", None),
            ("", None),
        ] {
            assert_eq!(parse_time(text), ms.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let key = |name| find(name).expect("a known setting");
        let message = |name, text| read(key(name), text).expect_err("wrong").message;
        assert_eq!(
            message("guard", "production"),
            "`guard` is `production`, not one of `dev`, `staging`, `prod`"
        );
        assert_eq!(
            message("runner.lock_timeout", "2"),
            "`runner.lock_timeout` is `2`, not a duration"
        );
        assert_eq!(
            message("runner.lock_tries", "0"),
            "`runner.lock_tries` is `0`, not a whole number from 1 to 1000"
        );
        assert_eq!(message("models", "a,,b"), "`models` is empty");
    }
}
