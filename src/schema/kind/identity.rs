//! Identities: what `GENERATED … AS IDENTITY` adds to a column, its sequence with it. The sequence
//! has a name, rights and a comment of its own, and no life apart from its column.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Column, Cx, GrantTarget, Kind, Table, lineage, succession};
use crate::schema::{
    Found, Key, KindId, Obj, Step,
    object::Address,
    sql::{ident, qualified},
    step::Group,
};

/// The identity of a column.
#[derive(Debug)]
pub struct Identity;

/// Attributes of an identity.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `GENERATED ALWAYS`, not `BY DEFAULT`.
    pub always: bool,
    /// The name of its sequence, which stands in the table's schema.
    pub sequence: String,
    /// The first value, where it is not the least one (the greatest, when it goes down).
    pub start: Option<i64>,
    /// The step from one value to the next.
    pub increment: i64,
    /// The least value, where it is not the usual one.
    pub min: Option<i64>,
    /// The greatest value, where it is not the usual one for the column's type.
    pub max: Option<i64>,
    /// How many values a session takes at once.
    pub cache: i64,
    /// Starts again at the end.
    pub cycle: bool,
}

impl Identity {
    /// The key of a column's identity.
    pub fn key(schema: &str, table: &str, column: &str) -> Key {
        Key::on(Self::ID, schema, table, column)
    }
}

impl Kind for Identity {
    type Spec = Spec;

    const ID: KindId = KindId("identity");
    const CATALOG: &'static str = "pg_class";
    const WEIGHT: u16 = 111;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT s.tableoid, s.oid, n.nspname::text, c.relname::text, a.attname::text,
                coalesce(s.relacl, acldefault('s', s.relowner))::text[],
                a.attidentity = 'a', s.relname::text,
                nullif(q.seqstart, CASE WHEN q.seqincrement > 0 THEN q.seqmin ELSE q.seqmax END),
                q.seqincrement,
                nullif(q.seqmin, CASE WHEN q.seqincrement > 0 THEN 1 ELSE b.least END),
                nullif(q.seqmax, CASE WHEN q.seqincrement > 0 THEN b.greatest ELSE -1 END),
                q.seqcache, q.seqcycle
           FROM pg_sequence q
           JOIN pg_class s ON s.oid = q.seqrelid
           JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.objsubid = 0
                AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
           JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
           JOIN pg_class c ON c.oid = a.attrelid
           JOIN pg_namespace n ON n.oid = c.relnamespace
           CROSS JOIN LATERAL (SELECT
                CASE q.seqtypid WHEN 'int2'::regtype THEN -32768 WHEN 'int4'::regtype THEN -2147483648
                     ELSE -9223372036854775808 END AS least,
                CASE q.seqtypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                     ELSE 9223372036854775807 END AS greatest) b
          WHERE a.attidentity <> '' AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, table): (&str, &str) = (row.try_get(2)?, row.try_get(3)?);
        let column: &str = row.try_get(4)?;
        let spec = Spec {
            always: row.try_get(6)?,
            sequence: row.try_get(7)?,
            start: row.try_get(8)?,
            increment: row.try_get(9)?,
            min: row.try_get(10)?,
            max: row.try_get(11)?,
            cache: row.try_get(12)?,
            cycle: row.try_get(13)?,
        };
        // Its owner is the table's, always.
        Ok(Found::new(at, Self::key(schema, table, column), spec)
            .parent(Column::key(schema, table, column))
            .acl(row.try_get(5)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("SEQUENCE", sequence(it))
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        let on = format!("SEQUENCE {}", sequence(it));
        Some(GrantTarget { class: 's', on, column: None })
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let text = definition(new);
        let clause = format!("ALTER COLUMN {} ADD {text}", ident(new.key.base_name()));
        let step = Step::clause(&new.key, table(new), Group::AlterColumn, clause);
        // A table made of a type takes one only once it is there.
        let table = cx.new.typed::<Table>(&lineage::table_of(&new.key));
        let of_type = table.is_some_and(|table| table.spec.of_type.is_some());
        let step = if of_type { step } else { step.suffix(format!(" {text}")) };
        let mut steps = vec![step];
        steps.extend(succession::take(new.object, &sequence(new), cx));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { always, sequence: name, start, increment, min, max, cache, cycle } = new.spec;
        let was = old.spec;
        let mut steps = Vec::new();
        if *name != was.sequence {
            let from = sequence(old);
            steps.push(Step::new(
                &new.key,
                format!("ALTER SEQUENCE {from} RENAME TO {}", ident(name)),
            ));
        }
        let mut parts = Vec::new();
        if *always != was.always {
            let how = if *always { "ALWAYS" } else { "BY DEFAULT" };
            parts.push(format!("SET GENERATED {how}"));
        }
        if *increment != was.increment {
            parts.push(format!("SET INCREMENT BY {increment}"));
        }
        // The usual bounds depend on the direction.
        let turned = (*increment < 0) != (was.increment < 0);
        if *min != was.min || turned {
            parts.push(min.map_or("SET NO MINVALUE".into(), |v| format!("SET MINVALUE {v}")));
        }
        if *max != was.max || turned {
            parts.push(max.map_or("SET NO MAXVALUE".into(), |v| format!("SET MAXVALUE {v}")));
        }
        if (*start, *min, *max) != (was.start, was.min, was.max) || turned {
            let start = start.or(if *increment > 0 { min.or(Some(1)) } else { max.or(Some(-1)) });
            parts.extend(start.map(|v| format!("SET START WITH {v}")));
        }
        if *cache != was.cache {
            parts.push(format!("SET CACHE {cache}"));
        }
        if *cycle != was.cycle {
            parts.push(if *cycle { "SET CYCLE".into() } else { "SET NO CYCLE".into() });
        }
        if turned {
            // The current value lies on the other side of the new bounds.
            parts.push("RESTART".into());
        }
        if !parts.is_empty() {
            let clause = format!("ALTER COLUMN {} {}", ident(new.key.base_name()), parts.join(" "));
            steps.push(Step::clause(&new.key, table(new), Group::AlterColumn, clause));
        }
        Alter::InPlace(steps)
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        succession::before(new.object, cx)
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let clause = format!("ALTER COLUMN {} DROP IDENTITY", ident(old.key.base_name()));
        let step = Step::clause(&old.key, table(old), Group::AlterColumn, clause);
        let Some(column) = &old.parent else { return vec![step] };
        if let Some(mut steps) = succession::copy(old.object, &sequence(old), cx) {
            steps.push(step);
            return steps;
        }
        if !cx.new.contains(column) || cx.new.contains(&old.key) {
            return vec![step];
        }
        vec![step.loses(format!("the current value of sequence {}", sequence(old)))]
    }
}

fn table(it: Obj<'_, Spec>) -> String {
    format!("ALTER TABLE {}", it.key.relation_sql())
}

fn sequence(it: Obj<'_, Spec>) -> String {
    qualified(it.key.schema().unwrap_or_default(), &it.spec.sequence)
}

/// `GENERATED ALWAYS AS IDENTITY (…)`.
fn definition(it: Obj<'_, Spec>) -> String {
    let Spec { always, sequence: name, start, increment, min, max, cache, cycle } = it.spec;
    let mut options = Vec::new();
    let usual = format!("{}_{}_seq", it.key.relation().unwrap_or_default(), it.key.base_name());
    if *name != usual || usual.len() > 63 {
        options.push(format!("SEQUENCE NAME {}", sequence(it)));
    }
    options.extend(start.map(|v| format!("START WITH {v}")));
    if *increment != 1 {
        options.push(format!("INCREMENT BY {increment}"));
    }
    options.extend(min.map(|v| format!("MINVALUE {v}")));
    options.extend(max.map(|v| format!("MAXVALUE {v}")));
    if *cache != 1 {
        options.push(format!("CACHE {cache}"));
    }
    if *cycle {
        options.push("CYCLE".into());
    }
    let how = if *always { "ALWAYS" } else { "BY DEFAULT" };
    let options =
        if options.is_empty() { String::new() } else { format!(" ({})", options.join(" ")) };
    format!("GENERATED {how} AS IDENTITY{options}")
}
