//! Columns of views and materialized views, and attributes of composite types: made and dropped by
//! what they stand on, they carry comments, rights and settings of their own.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Cx, GrantTarget, Kind, MaterializedView, Response, Type, View,
    column::Settings,
};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A column of a view or of a composite type.
#[derive(Debug)]
pub struct ViewColumn;

/// Attributes of such a column: what does not come with the definition of its view or type.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Settings that a materialized view's columns have as a table's do.
    pub settings: Settings,
}

impl ViewColumn {
    /// The key of such a column.
    pub fn key(schema: &str, relation: &str, name: &str) -> Key {
        Key::on(Self::ID, schema, relation, name)
    }
}

impl Kind for ViewColumn {
    type Spec = Spec;

    const ID: KindId = KindId("view column");
    const CATALOG: &'static str = "pg_attribute";
    const WEIGHT: u16 = 101;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;
    const PART: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        let settings = Settings::columns(version);
        format!(
            "SELECT c.tableoid, c.oid, a.attnum::int4, n.nspname::text, c.relname::text,
                    a.attname::text, c.relkind::text, a.attacl::text[], {settings}
               FROM pg_attribute a
               JOIN pg_type t ON t.oid = a.atttypid
               JOIN pg_class c ON c.oid = a.attrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('v', 'm', 'c') AND c.relpersistence <> 't'
                AND a.attnum > 0 AND NOT a.attisdropped
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let sub: i32 = row.try_get(2)?;
        let at = Address { class: row.try_get(0)?, object: row.try_get(1)?, sub };
        let (schema, relation): (&str, &str) = (row.try_get(3)?, row.try_get(4)?);
        let parent = match row.try_get(6)? {
            "v" => View::key(schema, relation),
            "m" => MaterializedView::key(schema, relation),
            _ => Type::key(schema, relation),
        };
        // A view's storage is nobody's, and a type's attributes are granted with the type.
        let view = parent.kind() != Type::ID;
        let settings = Settings::read(row, 8)?;
        let stored = parent.kind() == MaterializedView::ID;
        let settings = if stored { settings } else { settings.none() };
        let acl = view.then(|| row.try_get::<_, Option<_>>(7)).transpose()?;
        Ok(Found::new(at, Self::key(schema, relation, row.try_get(5)?), Spec { settings })
            .parent(parent)
            .acl(acl.map(Option::unwrap_or_default))
            .ordinal(sub))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("COLUMN", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        it.meta.acl.as_ref()?;
        let on = format!("TABLE {}", it.key.relation_sql());
        Some(GrantTarget { class: 'c', on, column: Some(ident(it.key.base_name())) })
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { settings } = new.spec;
        settings.steps(&new.key, &settings.none())
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { settings } = new.spec;
        Alter::InPlace(settings.steps(&new.key, &old.spec.settings))
    }

    fn drop(_: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        Vec::new()
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        // A view is made again with other names; values of a type are stored.
        let r#type = it.parent.as_ref().filter(|parent| parent.kind() == Type::ID)?.sql();
        let (from, to) = (ident(it.key.base_name()), ident(to.base_name()));
        let sql = format!("ALTER TYPE {type} RENAME ATTRIBUTE {from} TO {to} CASCADE");
        Some(vec![Step::new(&it.key, sql)])
    }

    fn respond(old: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        // What happens to its view or type happens to it; the rest, its view answers for.
        let own = old.parent.as_ref() == Some(&cause.old.key);
        match cause.change {
            change @ (Change::Retyped { .. } | Change::Reshaped) if own => {
                Response::Adapt(Vec::new(), Some(change))
            }
            Change::Gone | Change::Replaced | Change::Swapped if own => Response::Rebuild,
            _ => Response::Stay,
        }
    }
}
