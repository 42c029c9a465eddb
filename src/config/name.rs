//! Names of tables and schemas, and search paths, as settings write them.

use super::error::ConfigError;
use crate::pg::ident::QualifiedName;

/// PostgreSQL cuts longer identifiers off (`NAMEDATALEN` less one, in bytes).
const LONGEST: usize = 63;

/// Parses `schema.table` or `table` (then in `public`), quoted or not.
pub(super) fn qualified(setting: &str, text: &str) -> Result<QualifiedName, ConfigError> {
    let parts = split(setting, text, '.')?;
    let (schema, name) = match <[String; 2]>::try_from(parts) {
        Ok([schema, name]) => (schema, name),
        Err(mut parts) => match (parts.pop(), parts.is_empty()) {
            (Some(name), true) => ("public".to_owned(), name),
            _ => return Err(wrong(setting, text, "a name such as `limbeck.version`")),
        },
    };
    reserved(setting, &schema)?;
    Ok(QualifiedName { schema, name })
}

/// Parses the name of a schema.
pub(super) fn schema(setting: &str, text: &str) -> Result<String, ConfigError> {
    match <[String; 1]>::try_from(split(setting, text, '.')?) {
        Ok([name]) => {
            reserved(setting, &name)?;
            Ok(name)
        }
        Err(_) => Err(wrong(setting, text, "the name of a schema")),
    }
}

/// Parses a search path and prints it so that it can stand in `SET search_path = …` as it is.
pub(super) fn search_path(setting: &str, text: &str) -> Result<String, ConfigError> {
    let names = split(setting, text, ',')?;
    Ok(names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}

/// Always quoted: right for every name, keyword or not.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Where PostgreSQL lets nobody make tables, or they vanish with the session.
fn reserved(setting: &str, schema: &str) -> Result<(), ConfigError> {
    if schema.starts_with("pg_") || schema == "information_schema" {
        return Err(ConfigError::new(format!(
            "`{setting}` is in schema `{schema}`, which belongs to PostgreSQL"
        )));
    }
    Ok(())
}

fn wrong(setting: &str, text: &str, what: &str) -> ConfigError {
    ConfigError::new(format!("`{setting}` is `{}`, not {what}", text.trim()))
        .hint("put names that are not plain lower case into double quotes")
}

/// Identifiers divided by `separator`: quoted ones as they are, others in lower case.
fn split(setting: &str, text: &str, separator: char) -> Result<Vec<String>, ConfigError> {
    let bad = || wrong(setting, text, "a list of names");
    let mut names = Vec::new();
    let mut rest = text.trim();
    loop {
        let name = if let Some(inner) = rest.strip_prefix('"') {
            let (name, after) = unquote(inner).ok_or_else(bad)?;
            rest = after.trim_start();
            name
        } else {
            let end = rest.find([separator, '"']).unwrap_or(rest.len());
            let name = rest[..end].trim();
            rest = &rest[end..];
            if !plain(name) {
                return Err(bad());
            }
            name.to_ascii_lowercase()
        };
        if name.is_empty() || name.len() > LONGEST || name.contains('\0') {
            return Err(wrong(setting, text, "made of names of 1 to 63 bytes"));
        }
        names.push(name);
        if rest.is_empty() {
            return Ok(names);
        }
        rest = rest.strip_prefix(separator).ok_or_else(bad)?.trim_start();
    }
}

/// The text up to the closing quote, doubled quotes undone, and what follows it.
fn unquote(inner: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            name.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return Some((name, &inner[at + 1..]));
        }
    }
    None
}

/// A plain identifier, or the search path's `$user`.
fn plain(name: &str) -> bool {
    let body = name.strip_prefix('$').filter(|rest| *rest == "user").unwrap_or(name);
    body.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && body.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<(String, String), String> {
        qualified("version_table", text).map(|q| (q.schema, q.name)).map_err(|e| e.message)
    }

    #[test]
    fn tables() {
        let pair = |schema: &str, name: &str| Ok((schema.to_owned(), name.to_owned()));
        assert_eq!(table("limbeck.version"), pair("limbeck", "version"));
        assert_eq!(table("alembic_version"), pair("public", "alembic_version"));
        assert_eq!(table(" Ops.Version "), pair("ops", "version"));
        assert_eq!(table(r#""My ""Ops""".v"#), pair(r#"My "Ops""#, "v"));
        assert_eq!(table(r#""a.b"."c.d""#), pair("a.b", "c.d"));
        for text in [
            "",
            ".",
            "a.",
            ".b",
            "a.b.c",
            "a b",
            "1a",
            r#""a"#,
            r#""a"b"#,
            r#""""#,
            "a;drop table x",
            "a,b",
        ] {
            assert!(table(text).is_err(), "{text}");
        }
        assert!(table(&"x".repeat(64)).is_err());
        assert!(table(&"x".repeat(63)).is_ok());
        assert_eq!(
            table("pg_temp.version").expect_err("temporary"),
            "`version_table` is in schema `pg_temp`, which belongs to PostgreSQL"
        );
    }

    #[test]
    fn search_paths() {
        let path = |text| search_path("search_path", text).map_err(|e| e.message);
        assert_eq!(path("app, public").as_deref(), Ok(r#""app", "public""#));
        assert_eq!(
            path(r#""$user",App,"My Schema""#).as_deref(),
            Ok(r#""$user", "app", "My Schema""#)
        );
        assert_eq!(path("$user").as_deref(), Ok(r#""$user""#));
        assert!(path("a; drop table x").is_err());
        assert!(path("a,").is_err());
    }
}
