//! Range types, their multirange types, and the functions that make values of both.

use serde::Serialize;
use tokio_postgres::Row;

use super::Alter;
use crate::schema::{
    Key, Step,
    sql::{ident, qualified},
};

/// Attributes of a range type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Range {
    /// The type of its bounds as `format_type` prints it.
    pub subtype: String,
    /// The operator class that orders the bounds as SQL, where it is not the subtype's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opclass: Option<String>,
    /// The collation of the bounds as SQL, where it is not the subtype's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The function that brings values to one form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    /// The function that tells how far two bounds are apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtype_diff: Option<String>,
    /// The name of its multirange type; none before PostgreSQL 14.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multirange: Option<String>,
    /// The schema of its multirange type, where it is another than its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multirange_schema: Option<String>,
}

impl Range {
    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let schema: &str = row.try_get("schema")?;
        let multirange_schema: Option<String> = row.try_get("multirange_schema")?;
        Ok(Self {
            subtype: row.try_get("subtype")?,
            opclass: row.try_get("subtype_opclass")?,
            collation: row.try_get("subtype_collation")?,
            canonical: row.try_get("canonical")?,
            subtype_diff: row.try_get("subtype_diff")?,
            multirange: row.try_get("multirange")?,
            multirange_schema: multirange_schema.filter(|other| other != schema),
        })
    }

    pub(super) fn create(&self, key: &Key) -> String {
        let Self { subtype, opclass, collation, canonical, subtype_diff, .. } = self;
        let multirange = self.multirange_name(key).map(|(schema, name)| qualified(schema, name));
        let options: Vec<_> = [
            ("subtype", Some(subtype)),
            ("multirange_type_name", multirange.as_ref()),
            ("subtype_opclass", opclass.as_ref()),
            ("collation", collation.as_ref()),
            ("canonical", canonical.as_ref()),
            ("subtype_diff", subtype_diff.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("\n    {name} = {}", value?)))
        .collect();
        format!("CREATE TYPE {} AS RANGE ({}\n)", key.sql(), options.join(","))
    }

    pub(super) fn alter(key: &Key, old: &Self, new: &Self) -> Alter {
        let Self {
            subtype,
            opclass,
            collation,
            canonical,
            subtype_diff,
            multirange: _,
            multirange_schema: _,
        } = new;
        let same = *subtype == old.subtype
            && *opclass == old.opclass
            && *collation == old.collation
            && *canonical == old.canonical
            && *subtype_diff == old.subtype_diff;
        match (same, old.multirange_name(key), new.multirange_name(key)) {
            (true, Some((schema, from)), Some((to_schema, to))) if schema == to_schema => {
                Alter::InPlace(old.rename_multirange(key, schema, from, to))
            }
            _ => Alter::Replace,
        }
    }

    /// Schema and name of the multirange type.
    pub(super) fn multirange_name<'a>(&'a self, key: &'a Key) -> Option<(&'a str, &'a str)> {
        let schema = self.multirange_schema.as_deref().or_else(|| key.schema());
        Some((schema.unwrap_or_default(), self.multirange.as_deref()?))
    }

    /// The steps that rename what was made with it, once it is called `temporary` itself: renaming
    /// a range type leaves its multirange type and the functions of both where they are.
    pub(super) fn parts_aside(&self, key: &Key, temporary: &str) -> Vec<Step> {
        let schema = key.schema().unwrap_or_default();
        let (own, subtype) = (qualified(schema, key.base_name()), &self.subtype);
        let mut steps: Vec<_> = [String::new(), ", text".to_owned()]
            .iter()
            .map(|third| {
                let function = format!("{own}({subtype}, {subtype}{third})");
                Step::new(key, format!("ALTER FUNCTION {function} RENAME TO {}", ident(temporary)))
            })
            .collect();
        if let Some((multirange_schema, name)) = self.multirange_name(key) {
            let range = Key::in_schema(key.kind(), schema, temporary);
            let other = multirange_of(temporary);
            steps.extend(self.rename_multirange(&range, multirange_schema, name, &other));
        }
        steps
    }

    /// The steps that rename the multirange type of the range `key`, with its functions.
    fn rename_multirange(&self, key: &Key, schema: &str, from: &str, to: &str) -> Vec<Step> {
        let (range, name) = (key.sql(), qualified(schema, from));
        let to = ident(to);
        let functions = ["()".to_owned(), format!("({range})"), format!("(VARIADIC {range}[])")];
        let mut steps = vec![Step::new(key, format!("ALTER TYPE {name} RENAME TO {to}"))];
        steps.extend(functions.iter().map(|arguments| {
            Step::new(key, format!("ALTER FUNCTION {name}{arguments} RENAME TO {to}"))
        }));
        steps
    }
}

/// A temporary name for a multirange type, as long as PostgreSQL allows at most.
fn multirange_of(range: &str) -> String {
    let mut name = format!("m_{range}");
    while name.len() > 63 {
        name.pop();
    }
    name
}
