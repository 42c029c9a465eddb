//! Publications. Their tables and schemas are objects of their own (`publication_member`), so that
//! a table can leave one before it is dropped.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, literal},
};

/// A publication.
#[derive(Debug)]
pub struct Publication;

/// Attributes of a publication.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `FOR ALL TABLES`.
    pub all_tables: bool,
    /// `publish`: what is published, in PostgreSQL's order.
    pub publish: String,
    /// `publish_via_partition_root`.
    pub via_root: bool,
    /// `publish_generated_columns` (18): `none` or `stored`.
    pub generated: String,
}

/// What a publication publishes when nobody says otherwise.
const ALL: &str = "insert, update, delete, truncate";

impl Publication {
    /// The key of the publication with this name.
    pub fn key(name: &str) -> Key {
        Key::global(Self::ID, name)
    }
}

impl Kind for Publication {
    type Spec = Spec;

    const ID: KindId = KindId("publication");
    const CATALOG: &'static str = "pg_publication";
    const WEIGHT: u16 = 192;

    fn query(version: u32) -> Cow<'static, str> {
        let generated = if version >= 180_000 {
            "CASE p.pubgencols WHEN 's' THEN 'stored' ELSE 'none' END"
        } else {
            "'none'"
        };
        format!(
            "SELECT p.tableoid, p.oid, p.pubname::text, r.rolname::text, p.puballtables,
                    concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                                    CASE WHEN p.pubupdate THEN 'update' END,
                                    CASE WHEN p.pubdelete THEN 'delete' END,
                                    CASE WHEN p.pubtruncate THEN 'truncate' END),
                    p.pubviaroot, {generated}
               FROM pg_publication p JOIN pg_roles r ON r.oid = p.pubowner"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            all_tables: row.try_get(4)?,
            publish: row.try_get(5)?,
            via_root: row.try_get(6)?,
            generated: row.try_get(7)?,
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?), spec).owner(row.try_get(3)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("PUBLICATION", ident(it.key.base_name()))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let ordinary = Spec {
            all_tables: false,
            publish: ALL.to_owned(),
            via_root: false,
            generated: "none".to_owned(),
        };
        let mut words = vec![format!("CREATE {}", Self::address(new))];
        if new.spec.all_tables {
            words.push("FOR ALL TABLES".to_owned());
        }
        let options = options(&ordinary, new.spec);
        if !options.is_empty() {
            words.push(format!("WITH ({})", options.join(", ")));
        }
        vec![Step::new(&new.key, words.join(" "))]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        if new.spec.all_tables != old.spec.all_tables {
            return Alter::Replace;
        }
        let options = options(old.spec, new.spec).join(", ");
        let sql = format!("ALTER {} SET ({options})", Self::address(new));
        Alter::InPlace(vec![Step::new(&new.key, sql)])
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}

/// The options that differ, as they stand in parentheses.
fn options(old: &Spec, new: &Spec) -> Vec<String> {
    let Spec { all_tables: _, publish, via_root, generated } = new;
    let mut out = Vec::new();
    if *publish != old.publish {
        out.push(format!("publish = {}", literal(publish)));
    }
    if *via_root != old.via_root {
        out.push(format!("publish_via_partition_root = {via_root}"));
    }
    if *generated != old.generated {
        out.push(format!("publish_generated_columns = {generated}"));
    }
    out
}
