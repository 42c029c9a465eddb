//! Sequences, but for those of identity columns, which are part of their column.
//!
//! That a column owns a sequence is an object of its own (`owned_by`): the column's default needs
//! the sequence, and the ownership needs the column.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, GrantTarget, Kind, OwnedBy, Slot, succession};
use crate::schema::{
    Found, Key, KindId, Obj, Snapshot, Step,
    object::Address,
    sql::{ident, literal},
};

/// A sequence.
#[derive(Debug)]
pub struct Sequence;

/// Attributes of a sequence.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Its type: `smallint`, `integer`, `bigint`.
    pub r#type: String,
    /// The value it starts with.
    pub start: i64,
    /// The step between values.
    pub increment: i64,
    /// The least value.
    pub min: i64,
    /// The greatest value.
    pub max: i64,
    /// How many values a session takes at once.
    pub cache: i64,
    /// Starts again at the other end.
    pub cycle: bool,
    /// Not logged to the WAL (PostgreSQL 15).
    pub unlogged: bool,
}

impl Sequence {
    /// The key of a sequence.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Spec {
    /// The bounds and the start that PostgreSQL chooses for this type and direction.
    fn by_default(&self) -> (i64, i64, i64) {
        let (least, greatest) = match self.r#type.as_str() {
            "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
            "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let (min, max) = if self.increment > 0 { (1, greatest) } else { (least, -1) };
        (min, max, if self.increment > 0 { self.min } else { self.max })
    }
}

impl Kind for Sequence {
    type Spec = Spec;

    const ID: KindId = KindId("sequence");
    const CATALOG: &'static str = "pg_class";
    const WEIGHT: u16 = 90;
    const DATA: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT c.tableoid, c.oid, n.nspname::text, c.relname::text, r.rolname::text,
                coalesce(c.relacl, acldefault('s', c.relowner))::text[],
                format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
                s.seqcache, s.seqcycle, c.relpersistence = 'u',
                d.refclassid, d.refobjid, d.refobjsubid
           FROM pg_sequence s
           JOIN pg_class c ON c.oid = s.seqrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_roles r ON r.oid = c.relowner
           LEFT JOIN pg_depend d ON d.classid = c.tableoid AND d.objid = c.oid AND d.objsubid = 0
                AND d.refclassid = c.tableoid AND d.deptype IN ('a', 'i')
          WHERE c.relpersistence <> 't' AND d.deptype IS DISTINCT FROM 'i'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            r#type: row.try_get(6)?,
            start: row.try_get(7)?,
            increment: row.try_get(8)?,
            min: row.try_get(9)?,
            max: row.try_get(10)?,
            cache: row.try_get(11)?,
            cycle: row.try_get(12)?,
            unlogged: row.try_get(13)?,
        };
        let column = match (row.try_get(14)?, row.try_get(15)?, row.try_get(16)?) {
            (Some(class), Some(object), Some(sub)) => Some(Address { class, object, sub }),
            _ => None,
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec)
            .owner(row.try_get(4)?)
            .acl(row.try_get(5)?)
            .apart(column))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("SEQUENCE", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 's', on: Self::address(it).to_string(), column: None })
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let Spec { r#type, start, increment, min, max, cache, cycle, unlogged } = new.spec;
        let unlogged = if *unlogged { "UNLOGGED " } else { "" };
        let mut sql = format!("CREATE {unlogged}SEQUENCE {}", new.key.sql());
        let by_default = new.spec.by_default();
        if r#type != "bigint" {
            sql.push_str(&format!(" AS {type}"));
        }
        for (word, value, usual) in [
            ("INCREMENT BY", increment, 1),
            ("MINVALUE", min, by_default.0),
            ("MAXVALUE", max, by_default.1),
            ("START WITH", start, by_default.2),
            ("CACHE", cache, 1),
        ] {
            if *value != usual {
                sql.push_str(&format!(" {word} {value}"));
            }
        }
        if *cycle {
            sql.push_str(" CYCLE");
        }
        let mut steps = vec![Step::new(&new.key, sql)];
        steps.extend(succession::take(new.object, &new.key.sql(), cx));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { r#type, start, increment, min, max, cache, cycle, unlogged } = new.spec;
        let was = old.spec;
        let name = new.key.sql();
        let mut steps = Vec::new();
        if *unlogged != was.unlogged {
            let word = if *unlogged { "UNLOGGED" } else { "LOGGED" };
            steps.push(format!("ALTER SEQUENCE {name} SET {word}"));
        }
        // The current value has to lie within the new bounds.
        if *min > was.min || *max < was.max {
            let text = literal(&name);
            if *min > was.max || *max < was.min {
                let (least, greatest) = (was.min.min(*min), was.max.max(*max));
                // Either type may be too narrow for both.
                let wide = if *r#type == was.r#type { "" } else { " AS bigint" };
                steps.push(format!(
                    "ALTER SEQUENCE {name}{wide} MINVALUE {least} MAXVALUE {greatest}"
                ));
            }
            steps.push(format!(
                "SELECT pg_catalog.setval({text}, least(greatest(last_value, {min}), {max}), false) \
                 FROM {name} WHERE last_value NOT BETWEEN {min} AND {max}"
            ));
        }
        let mut changes = String::new();
        if *r#type != was.r#type {
            changes.push_str(&format!(" AS {type}"));
            // The bounds that are those of a type would follow the type.
            changes.push_str(&format!(" MINVALUE {min} MAXVALUE {max}"));
        }
        for (word, value, before) in [
            ("INCREMENT BY", increment, was.increment),
            ("MINVALUE", min, was.min),
            ("MAXVALUE", max, was.max),
            ("START WITH", start, was.start),
            ("CACHE", cache, was.cache),
        ] {
            if *value != before && !changes.contains(word) {
                changes.push_str(&format!(" {word} {value}"));
            }
        }
        if *cycle != was.cycle {
            changes.push_str(if *cycle { " CYCLE" } else { " NO CYCLE" });
        }
        if !changes.is_empty() {
            steps.push(format!("ALTER SEQUENCE {name}{changes}"));
        }
        Alter::InPlace(steps.into_iter().map(|sql| Step::new(&new.key, sql)).collect())
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        succession::before(new.object, cx)
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        if OwnedBy::of(old.object, cx.old).is_some_and(|owned| owned.spec.column_goes(cx)) {
            return Vec::new();
        }
        if let Some(steps) = succession::keep(old.object, cx) {
            return steps;
        }
        let step = Step::new(&old.key, format!("DROP {}", Self::address(old)));
        vec![step.loses(format!("the current value of {}", old.key))]
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        vec![Slot::new("relation", [it.key.schema().unwrap_or_default(), it.key.base_name()])]
    }

    fn owner_follows(it: Obj<'_, Spec>, schema: &Snapshot) -> Option<Key> {
        OwnedBy::of(it.object, schema).map(|owned| owned.spec.table())
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        let mut from = it.key.clone();
        if let (Some(old), Some(new)) = (it.key.schema(), to.schema())
            && old != new
        {
            let sql = format!("ALTER SEQUENCE {} SET SCHEMA {}", it.key.sql(), ident(new));
            steps.push(Step::new(&it.key, sql));
            from = Self::key(new, it.key.base_name());
        }
        if it.key.base_name() != to.base_name() {
            let name = ident(to.base_name());
            let sql = format!("ALTER SEQUENCE {} RENAME TO {name}", from.sql());
            steps.push(Step::new(&it.key, sql));
        }
        Some(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Meta, Object};

    fn spec(min: i64, max: i64) -> Spec {
        Spec {
            r#type: "bigint".into(),
            start: min,
            increment: 1,
            min,
            max,
            cache: 1,
            cycle: false,
            unlogged: false,
        }
    }

    fn altered(old: &Spec, new: &Spec) -> Vec<String> {
        let object = Object {
            key: Sequence::key("public", "s"),
            parent: None,
            spec: std::sync::Arc::new(new.clone()),
            meta: Meta::default(),
            needs: Vec::new(),
            goes_with: Vec::new(),
            wishes: Vec::new(),
            ordinal: 0,
            digest: crate::schema::Digest::default(),
        };
        let (a, b) = (Snapshot::default(), Snapshot::default());
        let cx = Cx {
            old: &a,
            new: &b,
            online: false,
            direct: &crate::schema::kind::NONE,
            built: &|_| false,
            memo: &crate::schema::kind::Memo::default(),
        };
        let at = |spec| Obj { object: &object, spec };
        match Sequence::alter(at(old), at(new), &cx) {
            Alter::InPlace(steps) => steps.iter().map(Step::sql).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_current_value_is_brought_within_narrower_bounds_first() {
        let wide = spec(1, i64::MAX);
        assert_eq!(
            altered(&wide, &spec(100, i64::MAX)),
            [
                "SELECT pg_catalog.setval('public.s', least(greatest(last_value, 100), \
                 9223372036854775807), false) FROM public.s WHERE last_value NOT BETWEEN 100 AND \
                 9223372036854775807",
                "ALTER SEQUENCE public.s MINVALUE 100 START WITH 100",
            ]
        );
        assert_eq!(
            altered(&spec(1, 10), &spec(20, 30))[0],
            "ALTER SEQUENCE public.s MINVALUE 1 MAXVALUE 30"
        );
        let small = Spec { r#type: "smallint".into(), ..spec(-100, -1) };
        assert_eq!(
            altered(&small, &spec(10, 100_000))[0],
            "ALTER SEQUENCE public.s AS bigint MINVALUE -100 MAXVALUE 100000"
        );
        assert_eq!(
            altered(&spec(100, 200), &wide),
            ["ALTER SEQUENCE public.s MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1"]
        );
    }
}
