//! Range types, their multirange types, and the functions that make values of both.

use serde::Serialize;
use tokio_postgres::Row;

use super::Alter;
use crate::schema::{
    Key, Step,
    sql::{ident, qualified},
};

/// Attributes of a range type.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
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
                Alter::InPlace(Self::rename_multirange(key, schema, from, to))
            }
            _ => Alter::Replace,
        }
    }

    /// Schema and name of the multirange type.
    pub(super) fn multirange_name<'a>(&'a self, key: &'a Key) -> Option<(&'a str, &'a str)> {
        let schema = self.multirange_schema.as_deref().or_else(|| key.schema());
        Some((schema.unwrap_or_default(), self.multirange.as_deref()?))
    }

    /// The steps that rename what was made with it, once it is called `temporary` itself.
    pub(super) fn parts_aside(&self, key: &Key, temporary: &str) -> Vec<Step> {
        let range = Key::in_schema(key.kind(), key.schema().unwrap_or_default(), temporary);
        let mut steps = self.follow(key, &range);
        if let Some((schema, name)) = self.multirange_name(key) {
            let to = multirange_of(temporary);
            steps.extend(Self::rename_multirange(&range, schema, name, &to));
        }
        steps
    }

    /// The steps that take what belongs to it along, once it is called `to`: renaming a range type
    /// leaves the functions that make its values where they are, and moving it to another schema
    /// leaves its multirange type there too.
    pub(super) fn follow(&self, key: &Key, to: &Key) -> Vec<Step> {
        let (schema, subtype) = (key.schema().unwrap_or_default(), &self.subtype);
        let own = [format!("({subtype}, {subtype})"), format!("({subtype}, {subtype}, text)")];
        let mut steps = Vec::new();
        if to.base_name() != key.base_name() {
            let (name, new) = (key.sql(), ident(to.base_name()));
            steps.extend(own.iter().map(|arguments| {
                Step::new(key, format!("ALTER FUNCTION {name}{arguments} RENAME TO {new}"))
            }));
        }
        let Some(new_schema) = to.schema().filter(|s| *s != schema) else { return steps };
        let name = qualified(schema, to.base_name());
        let mut moved: Vec<_> = own.iter().map(|a| format!("FUNCTION {name}{a}")).collect();
        if let Some(multirange) = &self.multirange
            && self.multirange_schema.is_none()
        {
            let name = qualified(schema, multirange);
            moved.push(format!("TYPE {name}"));
            moved.extend(constructors(&to.sql()).map(|a| format!("FUNCTION {name}{a}")));
        }
        let new_schema = ident(new_schema);
        let sql = |what: String| format!("ALTER {what} SET SCHEMA {new_schema}");
        steps.extend(moved.into_iter().map(|what| Step::new(key, sql(what))));
        steps
    }

    /// The steps that rename the multirange type of the range `key`, with its functions.
    fn rename_multirange(key: &Key, schema: &str, from: &str, to: &str) -> Vec<Step> {
        let (range, name) = (key.sql(), qualified(schema, from));
        let to = ident(to);
        let mut steps = vec![Step::new(key, format!("ALTER TYPE {name} RENAME TO {to}"))];
        steps.extend(constructors(&range).map(|arguments| {
            Step::new(key, format!("ALTER FUNCTION {name}{arguments} RENAME TO {to}"))
        }));
        steps
    }
}

/// The arguments of the functions that make multiranges of a range type.
fn constructors(range: &str) -> [String; 3] {
    ["()".to_owned(), format!("({range})"), format!("(VARIADIC {range}[])")]
}

/// A temporary name for a multirange type, as long as PostgreSQL allows at most.
fn multirange_of(range: &str) -> String {
    let mut name = format!("m_{range}");
    while name.len() > 63 {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::kind::Type;

    fn range() -> Range {
        Range {
            subtype: "real".to_owned(),
            opclass: None,
            collation: None,
            canonical: None,
            subtype_diff: None,
            multirange: Some("mr".to_owned()),
            multirange_schema: None,
        }
    }

    fn check(steps: &[Step], expected: &[&str]) {
        assert_eq!(steps.iter().map(Step::sql).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_left_behind_follows() {
        let key = Type::key("a", "r");
        check(
            &range().follow(&key, &Type::key("a", "q")),
            &[
                "ALTER FUNCTION a.r(real, real) RENAME TO q",
                "ALTER FUNCTION a.r(real, real, text) RENAME TO q",
            ],
        );
        check(
            &range().follow(&key, &Type::key("b", "r")),
            &[
                "ALTER FUNCTION a.r(real, real) SET SCHEMA b",
                "ALTER FUNCTION a.r(real, real, text) SET SCHEMA b",
                "ALTER TYPE a.mr SET SCHEMA b",
                "ALTER FUNCTION a.mr() SET SCHEMA b",
                "ALTER FUNCTION a.mr(b.r) SET SCHEMA b",
                "ALTER FUNCTION a.mr(VARIADIC b.r[]) SET SCHEMA b",
            ],
        );
    }

    #[test]
    fn temporary_names_are_cut_between_characters() {
        let name = multirange_of(&"ä".repeat(31));
        assert_eq!(name, format!("m_{}", "ä".repeat(30)));
    }
}
