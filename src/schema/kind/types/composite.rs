//! Composite types: attributes in order.
//!
//! The attributes are part of the type. The `column` objects that stand on it carry their comments
//! and tell views which attributes they need.

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Cx, Type};
use crate::schema::{Key, Step, kind::Change, sql::ident};

/// Attributes of a composite type.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Composite {
    /// In their order; PostgreSQL allows none at all.
    pub attributes: Vec<Attribute>,
}

/// One attribute of a composite type.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type as `format_type` prints it.
    pub r#type: String,
    /// Its collation as SQL, where it is not its type's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
}

impl Attribute {
    /// Type and collation, as they stand after the name.
    fn definition(&self) -> String {
        match &self.collation {
            Some(collation) => format!("{} COLLATE {collation}", self.r#type),
            None => self.r#type.clone(),
        }
    }
}

impl Composite {
    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let names: Option<Vec<String>> = row.try_get("attribute_names")?;
        let types: Option<Vec<String>> = row.try_get("attribute_types")?;
        let collations: Option<Vec<Option<String>>> = row.try_get("attribute_collations")?;
        let attributes = names
            .unwrap_or_default()
            .into_iter()
            .zip(types.unwrap_or_default())
            .zip(collations.unwrap_or_default())
            .map(|((name, r#type), collation)| Attribute { name, r#type, collation })
            .collect();
        Ok(Self { attributes })
    }

    /// The attributes that another one has no longer.
    pub(super) fn lost<'a>(&'a self, new: &'a Self) -> impl Iterator<Item = &'a str> {
        let kept = |name: &str| new.attributes.iter().any(|a| a.name == name);
        self.attributes.iter().map(|a| a.name.as_str()).filter(move |name| !kept(name))
    }

    /// What is lost with an attribute.
    pub(super) fn values(attribute: &str, key: &Key) -> String {
        format!("the values of attribute {} of {key}", ident(attribute))
    }

    pub(super) fn create(&self, name: &str) -> String {
        if self.attributes.is_empty() {
            return format!("CREATE TYPE {name} AS ()");
        }
        let list: Vec<_> = self
            .attributes
            .iter()
            .map(|a| format!("\n    {} {}", ident(&a.name), a.definition()))
            .collect();
        format!("CREATE TYPE {name} AS ({}\n)", list.join(","))
    }

    /// `CASCADE` takes the change to tables made `OF` the type; without any it does nothing.
    pub(super) fn alter(key: &Key, old: &Self, new: &Self, cx: &Cx<'_>) -> Alter {
        let Self { attributes } = new;
        let find = |list: &[Attribute], name: &str| list.iter().position(|a| a.name == name);
        let (kept, gone): (Vec<_>, Vec<_>) =
            old.attributes.iter().partition(|a| find(attributes, &a.name).is_some());
        // New attributes can only come last.
        if !kept.iter().zip(attributes).all(|(a, b)| a.name == b.name) {
            return Alter::Replace;
        }
        let retyped: Vec<_> =
            kept.iter().zip(attributes).filter(|(a, b)| **a != *b).map(|(_, b)| b).collect();
        let stored = (!retyped.is_empty() || !gone.is_empty()) && Type::stored(key, cx);
        // PostgreSQL does not rewrite what columns have stored.
        if stored && !retyped.is_empty() {
            return Alter::Replace;
        }
        let step =
            |action: String| Step::new(key, format!("ALTER TYPE {} {action} CASCADE", key.sql()));
        let mut steps = Vec::new();
        for attribute in &gone {
            let name = ident(&attribute.name);
            let drop = step(format!("DROP ATTRIBUTE {name}"));
            let what = Self::values(&attribute.name, key);
            steps.push(if stored { drop.loses(what) } else { drop });
        }
        for attribute in &retyped {
            let (name, definition) = (ident(&attribute.name), attribute.definition());
            steps.push(step(format!("ALTER ATTRIBUTE {name} TYPE {definition}")));
        }
        for attribute in &attributes[kept.len()..] {
            let (name, definition) = (ident(&attribute.name), attribute.definition());
            steps.push(step(format!("ADD ATTRIBUTE {name} {definition}")));
        }
        if !retyped.is_empty() {
            Alter::Around(steps, Change::Retyped { compatible: false })
        } else if !gone.is_empty() {
            Alter::Around(steps, Change::Reshaped)
        } else {
            Alter::InPlace(steps)
        }
    }
}
