//! Base types: made of functions that read and write their values, usually in C.

use serde::Serialize;
use tokio_postgres::Row;

use super::Alter;
use crate::schema::{Key, Step, sql::literal};

/// Attributes of a base type. Functions are written as `regproc` prints them.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Base {
    /// Reads its text form.
    pub input: String,
    /// Writes its text form.
    pub output: String,
    /// What can be changed in place.
    #[serde(flatten)]
    pub settings: Settings,
    /// Size in bytes; -1 for a varying one, -2 for a C string.
    pub length: i16,
    /// Passed by value.
    pub by_value: bool,
    /// The letter of `pg_type.typalign`.
    pub alignment: String,
    /// The letter of `pg_type.typcategory`.
    pub category: String,
    /// Preferred in its category.
    pub preferred: bool,
    /// Its default as SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The type of what a subscript gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// Between the elements of its arrays.
    pub delimiter: String,
    /// Whether values have a collation.
    pub collatable: bool,
}

/// What `ALTER TYPE … SET` changes: all but the storage are functions, none where there is none.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Settings {
    /// Reads its binary form.
    pub receive: Option<String>,
    /// Writes its binary form.
    pub send: Option<String>,
    /// Reads its modifiers.
    pub typmod_in: Option<String>,
    /// Writes its modifiers.
    pub typmod_out: Option<String>,
    /// Gathers statistics.
    pub analyze: Option<String>,
    /// Answers to subscripts; from PostgreSQL 14.
    pub subscript: Option<String>,
    /// The letter of `pg_type.typstorage`.
    pub storage: String,
}

impl Settings {
    /// Names of the options that hold functions, with their values.
    fn functions(&self) -> [(&'static str, Option<&String>); 6] {
        let Self { receive, send, typmod_in, typmod_out, analyze, subscript, storage: _ } = self;
        [
            ("RECEIVE", receive.as_ref()),
            ("SEND", send.as_ref()),
            ("TYPMOD_IN", typmod_in.as_ref()),
            ("TYPMOD_OUT", typmod_out.as_ref()),
            ("ANALYZE", analyze.as_ref()),
            ("SUBSCRIPT", subscript.as_ref()),
        ]
    }

    fn storage(&self) -> &'static str {
        match self.storage.as_str() {
            "e" => "external",
            "x" => "extended",
            "m" => "main",
            _ => "plain",
        }
    }
}

impl Base {
    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            input: row.try_get("input")?,
            output: row.try_get("output")?,
            settings: Settings {
                receive: row.try_get("receive")?,
                send: row.try_get("send")?,
                typmod_in: row.try_get("typmod_in")?,
                typmod_out: row.try_get("typmod_out")?,
                analyze: row.try_get("analyze_function")?,
                subscript: row.try_get("subscript")?,
                storage: row.try_get("typstorage")?,
            },
            length: row.try_get("typlen")?,
            by_value: row.try_get("typbyval")?,
            alignment: row.try_get("typalign")?,
            category: row.try_get("typcategory")?,
            preferred: row.try_get("typispreferred")?,
            default: row.try_get("default_value")?,
            element: row.try_get("element")?,
            delimiter: row.try_get("typdelim")?,
            collatable: row.try_get("collatable")?,
        })
    }

    pub(super) fn create(&self, name: &str) -> String {
        let Self {
            input,
            output,
            settings,
            length,
            by_value,
            alignment,
            category,
            preferred,
            default,
            element,
            delimiter,
            collatable,
        } = self;
        let length = if *length < 0 { "variable".to_owned() } else { length.to_string() };
        let alignment = match alignment.as_str() {
            "c" => "char",
            "s" => "int2",
            "d" => "double",
            _ => "int4",
        };
        let mut options = vec![format!("INPUT = {input}"), format!("OUTPUT = {output}")];
        let functions = settings.functions();
        options.extend(functions.iter().filter_map(|(n, v)| Some(format!("{n} = {}", (*v)?))));
        options.push(format!("INTERNALLENGTH = {length}"));
        if *by_value {
            options.push("PASSEDBYVALUE".to_owned());
        }
        options.push(format!("ALIGNMENT = {alignment}"));
        options.push(format!("STORAGE = {}", settings.storage()));
        options.push(format!("CATEGORY = {}", literal(category)));
        if *preferred {
            options.push("PREFERRED = true".to_owned());
        }
        if let Some(default) = default {
            options.push(format!("DEFAULT = {default}"));
        }
        if let Some(element) = element {
            options.push(format!("ELEMENT = {element}"));
        }
        options.push(format!("DELIMITER = {}", literal(delimiter)));
        if *collatable {
            options.push("COLLATABLE = true".to_owned());
        }
        format!("CREATE TYPE {name} (\n    {}\n)", options.join(",\n    "))
    }

    pub(super) fn alter(key: &Key, old: &Self, new: &Self) -> Alter {
        // All that is not a setting is fixed when the type is made.
        let fixed = Self { settings: old.settings.clone(), ..new.clone() };
        // TOAST-able storage cannot be taken away.
        let plain = |it: &Self| it.settings.storage == "p";
        if fixed != *old || (plain(new) && !plain(old)) {
            return Alter::Replace;
        }
        let mut options: Vec<_> = old
            .settings
            .functions()
            .into_iter()
            .zip(new.settings.functions())
            .filter(|((_, before), (_, after))| before != after)
            .map(|(_, (name, value))| format!("{name} = {}", value.map_or("NONE", |v| v)))
            .collect();
        if new.settings.storage != old.settings.storage {
            options.push(format!("STORAGE = {}", new.settings.storage()));
        }
        let sql = format!("ALTER TYPE {} SET ({})", key.sql(), options.join(", "));
        Alter::InPlace(vec![Step::new(key, sql)])
    }
}
