//! Domains: another type with a default and constraints, the latter objects of their own.

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Cx, Response, Type};
use crate::schema::{Key, Step};

/// Attributes of a domain.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Domain {
    /// The type under it as `format_type` prints it.
    pub base: String,
    /// Its collation as SQL, where it is not the base type's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Its default as SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// NOT NULL without a name: up to PostgreSQL 16. Later it is a constraint like others.
    pub not_null: bool,
}

impl Domain {
    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            base: row.try_get("base_type")?,
            collation: row.try_get("collation")?,
            default: row.try_get("default_value")?,
            not_null: row.try_get("not_null")?,
        })
    }

    pub(super) fn create(&self, name: &str) -> String {
        let Self { base, collation, default, not_null } = self;
        let mut sql = format!("CREATE DOMAIN {name} AS {base}");
        if let Some(collation) = collation {
            sql.extend([" COLLATE ", collation]);
        }
        if let Some(default) = default {
            sql.extend([" DEFAULT ", default]);
        }
        if *not_null {
            sql.push_str(" NOT NULL");
        }
        sql
    }

    pub(super) fn alter(key: &Key, old: &Self, new: &Self, cx: &Cx<'_>) -> Alter {
        let Self { base, collation, default, not_null } = new;
        let stricter = *not_null && !old.not_null;
        if *base != old.base || *collation != old.collation || stricter && Type::is_within(key, cx)
        {
            return Alter::Replace;
        }
        let mut actions = Vec::new();
        if *default != old.default {
            actions.push(match default {
                Some(default) => format!("SET DEFAULT {default}"),
                None => "DROP DEFAULT".to_owned(),
            });
        }
        if *not_null != old.not_null {
            actions.push(format!("{} NOT NULL", if *not_null { "SET" } else { "DROP" }));
        }
        let domain = format!("ALTER DOMAIN {}", key.sql());
        Alter::InPlace(actions.iter().map(|a| Step::new(key, format!("{domain} {a}"))).collect())
    }

    /// Whether it is made of the type or collation, rather than needing it for its default.
    pub(super) fn is_over(&self, key: &Key) -> bool {
        let name = key.sql();
        self.base.trim_end_matches("[]") == name || self.collation.as_ref() == Some(&name)
    }

    /// Its answer when something that its default needs is dropped and made again.
    pub(super) fn detach(&self, key: &Key, new: &Self) -> Response {
        let domain = format!("ALTER DOMAIN {}", key.sql());
        let step = |action: String| Step::new(key, format!("{domain} {action}"));
        let before = self.default.iter().map(|_| step("DROP DEFAULT".to_owned()));
        let after = new.default.iter().map(|default| step(format!("SET DEFAULT {default}")));
        Response::Detach(before.collect(), after.collect())
    }
}
