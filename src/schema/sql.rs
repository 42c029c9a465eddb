//! Small pieces of SQL text that all kinds write alike.

use super::options::Options;
use crate::pg::{ident::quote_literal, keyword};

/// Returns `name` as an SQL identifier, quoted where PostgreSQL's own `quote_ident` would quote it:
/// words that are keywords but may stand bare as a column or table name stay bare, as in `name`.
pub fn ident(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !keyword::needs_quotes(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Returns `schema.name`, quoted as needed.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

/// Returns a string literal.
pub fn literal(text: &str) -> String {
    quote_literal(text)
}

/// Returns names as SQL, separated by commas.
pub fn ident_list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|n| ident(n)).collect::<Vec<_>>().join(", ")
}

/// Reads options as the catalogs store them (`{key=value,key=value}`) into a map.
pub fn options(stored: Option<Vec<String>>) -> Options {
    stored
        .unwrap_or_default()
        .into_iter()
        .map(|entry| match entry.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => (entry, String::new()),
        })
        .collect()
}

/// Writes storage parameters as they stand in parentheses: `fillfactor='70', toast.x='1'`.
pub fn option_list(options: &Options) -> String {
    options
        .iter()
        .map(|(key, value)| format!("{}={}", option_name(key), literal(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A storage parameter's name; the namespace `toast.` stays apart.
fn option_name(key: &str) -> String {
    key.split('.').map(ident).collect::<Vec<_>>().join(".")
}

/// What to write to get from one set of storage parameters to another: `SET (…)`, `RESET (…)`.
pub fn option_changes(old: &Options, new: &Options) -> Vec<String> {
    // The server appends what is set: from the first option on that is not where it should be, all
    // are set, so that their order comes out right.
    let mut before = old.keys();
    let kept = new
        .iter()
        .take_while(|(key, value)| {
            old.get(key) == Some(value) && before.by_ref().any(|earlier| earlier == *key)
        })
        .count();
    let changed = old != new;
    let set: Options = new
        .iter()
        .skip(if changed { kept } else { usize::MAX })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let gone: Vec<_> =
        old.keys().filter(|key| !new.contains_key(key)).map(|k| option_name(k)).collect();
    let mut out = Vec::new();
    if !set.is_empty() {
        out.push(format!("SET ({})", option_list(&set)));
    }
    if !gone.is_empty() {
        out.push(format!("RESET ({})", gone.join(", ")));
    }
    out
}

/// What to write in `OPTIONS (…)` of a foreign-data object: `ADD a '1', SET b '2', DROP c`; none
/// when nothing changes.
pub fn fdw_option_changes(old: &Options, new: &Options) -> Option<String> {
    let mut parts = Vec::new();
    for (key, value) in new {
        match old.get(key) {
            None => parts.push(format!("ADD {} {}", ident(key), literal(value))),
            Some(was) if was != value => {
                parts.push(format!("SET {} {}", ident(key), literal(value)));
            }
            Some(_) => {}
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(key)) {
        parts.push(format!("DROP {}", ident(key)));
    }
    (!parts.is_empty()).then(|| format!("OPTIONS ({})", parts.join(", ")))
}

/// What to write in `OPTIONS (…)` when a foreign-data object is made; none without options.
pub fn fdw_option_list(options: &Options) -> Option<String> {
    let list: Vec<_> =
        options.iter().map(|(key, value)| format!("{} {}", ident(key), literal(value))).collect();
    (!list.is_empty()).then(|| format!("OPTIONS ({})", list.join(", ")))
}
