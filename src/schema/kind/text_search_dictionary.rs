//! Text search dictionaries.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A text search dictionary.
#[derive(Debug)]
pub struct TextSearchDictionary;

/// Attributes of a text search dictionary.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Its template, as SQL.
    pub template: String,
    /// Its options in order, as they stand in parentheses: `language = 'english'`.
    pub options: Option<String>,
}

impl TextSearchDictionary {
    /// The key of the dictionary with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for TextSearchDictionary {
    type Spec = Spec;

    const ID: KindId = KindId("text search dictionary");
    const CATALOG: &'static str = "pg_ts_dict";
    const WEIGHT: u16 = 72;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT d.tableoid, d.oid, n.nspname::text, d.dictname::text, r.rolname::text,
                format('%I.%I', tn.nspname, t.tmplname), d.dictinitoption
           FROM pg_ts_dict d
           JOIN pg_namespace n ON n.oid = d.dictnamespace
           JOIN pg_roles r ON r.oid = d.dictowner
           JOIN pg_ts_template t ON t.oid = d.dicttemplate
           JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec { template: row.try_get(5)?, options: row.try_get(6)? };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec).owner(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TEXT SEARCH DICTIONARY", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { template, options } = new.spec;
        let options = options.as_ref().map(|o| format!(", {o}")).unwrap_or_default();
        let sql = format!("CREATE {} (TEMPLATE = {template}{options})", Self::address(new));
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { template, options } = new.spec;
        if *template != old.spec.template {
            return Alter::Replace;
        }
        // An option named without a value is removed, one with a value goes to the end: all of
        // them, named in order, leave that order.
        let names = |text: &Option<String>| option_names(text.as_deref().unwrap_or_default());
        let kept = names(options);
        let gone = names(&old.spec.options).into_iter().filter(|name| !kept.contains(name));
        let parts: Vec<String> = gone.chain(options.clone()).collect();
        let sql = format!("ALTER {} ({})", Self::address(new), parts.join(", "));
        Alter::InPlace(vec![Step::new(&new.key, sql)])
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let call = Self::address(it);
        let sql = if it.key.schema() == to.schema() {
            format!("ALTER {call} RENAME TO {}", ident(to.base_name()))
        } else {
            format!("ALTER {call} SET SCHEMA {}", ident(to.schema().unwrap_or_default()))
        };
        Some(vec![Step::new(&it.key, sql)])
    }
}

/// The names in `language = 'english', "My Option" = 'a, b'`, as they are written.
fn option_names(options: &str) -> Vec<String> {
    let (mut names, mut name) = (Vec::new(), String::new());
    // The quote that is open, and whether the value was reached.
    let (mut open, mut value) = (None, false);
    let mut chars = options.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (Some(quote), c) if c == quote => open = None,
            (None, '\'' | '"') => open = Some(c),
            (None, '=') => value = true,
            (None, ',') => {
                names.push(std::mem::take(&mut name).trim().to_owned());
                value = false;
                continue;
            }
            // Only values that hold a backslash are written `E'…'`, with each doubled.
            (Some('\''), '\\') => drop(chars.next()),
            _ => {}
        }
        if !value {
            name.push(c);
        }
    }
    names.push(name.trim().to_owned());
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_options() {
        for (text, names) in [
            ("", &[] as &[&str]),
            ("language = 'english'", &["language"]),
            ("a = 'x, y = z', \"B c,=\" = E'\\\\', d = 5", &["a", "\"B c,=\"", "d"]),
            ("a = 'it''s', b = ''", &["a", "b"]),
        ] {
            assert_eq!(option_names(text), names, "{text}");
        }
    }
}
