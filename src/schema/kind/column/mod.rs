//! Columns of tables. Defaults and identities are objects of their own.

mod added;
mod generated;
mod named_not_null;
mod not_null;
mod settings;

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use self::added::{Origin, add, add_below, mend, origin};
pub(super) use self::generated::Generated;
pub(super) use self::{not_null::NotNull, settings::Settings};
use super::{
    Alter, Call, Cause, Change, Cx, GrantTarget, Kind, Partition, Response, Table, Type,
    carry::carry, lineage, types,
};
use crate::schema::{
    Found, Key, KindId, Obj, Options, Step, cast,
    fact::Fact,
    object::Address,
    sql::{fdw_option_changes, ident, options},
    step::Group,
};

/// A column of a table.
#[derive(Debug)]
pub struct Column;

/// Attributes of a column.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Its type as `format_type` prints it.
    pub r#type: String,
    /// Its collation as SQL, where it is not the type's own.
    pub collation: Option<String>,
    /// NOT NULL.
    pub not_null: Option<NotNull>,
    /// What it is computed from.
    pub generated: Option<Generated>,
    /// Storage, compression, statistics.
    pub settings: Settings,
    /// Options for the wrapper of a foreign table.
    pub foreign_options: Options,
    /// Stands on a table that inherits (no partition), and comes from a parent.
    pub heir: bool,
    /// Declared on this table; false for what only comes from parents. A partition's columns are
    /// its own here: it is made as a table of its own and then attached.
    pub local: bool,
}

impl Column {
    /// The key of a column.
    pub fn key(schema: &str, table: &str, name: &str) -> Key {
        Key::on(Self::ID, schema, table, name)
    }

    /// The type below a domain, by its SQL name.
    pub(super) fn below_domain(name: &str, cx: &Cx<'_>) -> Option<String> {
        if !name.contains('.') {
            return None;
        }
        let domain = |schema: &crate::schema::Snapshot| {
            schema.of_kind::<Type>().find_map(|it| match it.spec {
                types::Spec::Domain(domain) if it.key.sql() == name => Some(domain.base.clone()),
                _ => None,
            })
        };
        domain(cx.old).or_else(|| domain(cx.new))
    }

    /// Whether the column of the new schema with this key is made by a statement about another
    /// object than itself or its table.
    pub(super) fn is_made_above(cx: &Cx<'_>, key: &Key) -> bool {
        cx.new.typed::<Self>(key).is_some_and(|column| match origin(column, cx) {
            Origin::Own => false,
            Origin::Above(_) => true,
            // A new table of the type has an element for it.
            Origin::Type => !cx.fresh(&lineage::table_of(key)),
        })
    }
}

impl Kind for Column {
    type Spec = Spec;

    const ID: KindId = KindId("column");
    const CATALOG: &'static str = "pg_attribute";
    const WEIGHT: u16 = 101;
    const DATA: bool = true;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;

    fn holds_data(it: Obj<'_, Spec>) -> bool {
        it.spec.generated.is_none()
    }

    fn query(version: u32) -> Cow<'static, str> {
        let (fields, join) = if version >= 18_00_00 {
            (
                "a.attnotnull, nullif(k.conname, c.relname || '_' || a.attname || '_not_null')::text,
                 coalesce(k.conislocal, true), coalesce(k.connoinherit, false),
                 coalesce(k.convalidated, true), k.tableoid, k.oid, kd.description",
                "LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n'
                        AND k.conkey = ARRAY[a.attnum]
               LEFT JOIN pg_description kd ON kd.classoid = 'pg_constraint'::regclass
                        AND kd.objoid = k.oid",
            )
        } else {
            ("a.attnotnull, NULL::text, true, false, true, NULL::oid, NULL::oid, NULL::text", "")
        };
        let settings = Settings::columns(version);
        format!(
            "SELECT c.tableoid, c.oid, a.attnum::int4, n.nspname::text, c.relname::text,
                    a.attname::text, a.attacl::text[], format_type(a.atttypid, a.atttypmod),
                    CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation
                         THEN (SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                                 FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                                WHERE co.oid = a.attcollation) END,
                    a.attgenerated::text, CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                    CASE WHEN a.attgenerated <> '' THEN d.tableoid END, CASE WHEN a.attgenerated <> '' THEN d.oid END,
                    a.attfdwoptions::text[], a.attislocal, a.attinhcount > 0, c.relispartition,
                    CASE WHEN a.attinhcount > 0 THEN
                         ARRAY(SELECT pn.nspname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                                 JOIN pg_namespace pn ON pn.oid = p.relnamespace
                                 JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attname = a.attname
                                WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) END,
                    CASE WHEN a.attinhcount > 0 THEN
                         ARRAY(SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                                 JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attname = a.attname
                                WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) END,
                    {fields},
                    {settings}
               FROM pg_attribute a
               JOIN pg_type t ON t.oid = a.atttypid
               JOIN pg_class c ON c.oid = a.attrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
               LEFT JOIN pg_attrdef d ON a.attgenerated <> '' AND d.adrelid = a.attrelid AND d.adnum = a.attnum
               {join}
              WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
                AND a.attnum > 0 AND NOT a.attisdropped
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let sub: i32 = row.try_get(2)?;
        let at = Address { class: row.try_get(0)?, object: row.try_get(1)?, sub };
        let (schema, table): (&str, &str) = (row.try_get(3)?, row.try_get(4)?);
        let name: &str = row.try_get(5)?;
        let generated = match row.try_get(9)? {
            "" => None,
            kind => Some(Generated { expression: row.try_get(10)?, r#virtual: kind == "v" }),
        };
        let (local, inherited): (bool, bool) = (row.try_get(14)?, row.try_get(15)?);
        let partition: bool = row.try_get(16)?;
        let is_not_null: bool = row.try_get(19)?;
        let not_null = NotNull {
            name: row.try_get(20)?,
            local: partition || row.try_get(21)?,
            no_inherit: row.try_get(22)?,
            valid: row.try_get(23)?,
            comment: row.try_get(26)?,
            inherited: Fact(!row.try_get::<_, bool>(21)?),
        };
        let spec = Spec {
            r#type: row.try_get(7)?,
            collation: row.try_get(8)?,
            not_null: is_not_null.then_some(not_null),
            generated,
            settings: Settings::read(row, 27)?,
            foreign_options: options(row.try_get(13)?),
            heir: inherited && !partition,
            local: partition || local,
        };
        let address = |class: Option<u32>, oid: Option<u32>| {
            class.zip(oid).map(|(class, oid)| Address::new(class, oid))
        };
        let schemas: Option<Vec<&str>> = row.try_get(17)?;
        let names: Option<Vec<&str>> = row.try_get(18)?;
        let above: Vec<Key> = schemas
            .into_iter()
            .flatten()
            .zip(names.into_iter().flatten())
            .map(|(schema, table)| Self::key(schema, table, name))
            .collect();
        Ok(Found::new(at, Self::key(schema, table, name), spec)
            .also(address(row.try_get(11)?, row.try_get(12)?))
            .also(address(row.try_get(24)?, row.try_get(25)?))
            .parent(Table::key(schema, table))
            .needs(above)
            .acl(Some(row.try_get::<_, Option<_>>(6)?.unwrap_or_default()))
            .ordinal(sub))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("COLUMN", it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        let on = format!("TABLE {}", it.key.relation_sql());
        Some(GrantTarget { class: 'c', on, column: Some(ident(it.key.base_name())) })
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        match origin(new, cx) {
            Origin::Own => {
                // A column that an heir declares itself must be there before its parent's comes.
                add_below(&new.key, cx, &mut steps);
                steps.push(add(new, cx));
                steps.extend(new.spec.settings.steps(&new.key, &new.spec.settings.none()));
            }
            Origin::Type => {
                let has_table = cx.fresh(&lineage::table_of(&new.key));
                if has_table {
                    steps.push(add(new, cx));
                } else if new.spec.not_null.is_some() {
                    steps.extend(not_null::set(new, cx));
                }
                steps.extend(new.spec.settings.steps(&new.key, &new.spec.settings.none()));
            }
            Origin::Above(above) => steps.extend(mend(new, above, cx)),
        }
        if let Some(not_null) = &new.spec.not_null
            && !not_null.valid
            && not_null.local
        {
            steps.extend(not_null::set(new, cx));
        }
        steps.extend(not_null::comment(&new.key, None, new.spec.not_null.as_ref()));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec {
            r#type,
            collation,
            not_null: _,
            generated,
            settings,
            foreign_options,
            heir: _,
            local: _,
        } = new.spec;
        let was = old.spec;
        let column = ident(new.key.base_name());
        let retyped = *r#type != was.r#type || *collation != was.collation;
        if retyped && generated::must_be_made_again(old, new, cx) {
            return Alter::Replace;
        }
        let mut steps = Vec::new();
        match (&was.generated, generated) {
            (a, b) if a == b => {}
            (Some(old), None) if !old.r#virtual => {
                if !follows(new, cx, |spec| spec.generated.is_none()) {
                    let clause = format!("ALTER COLUMN {column} DROP EXPRESSION");
                    steps.push(Step::clause(&new.key, table(new), Group::Alone, clause));
                }
            }
            (Some(old), Some(new_one))
                if old.r#virtual == new_one.r#virtual
                    && was.r#type == *r#type
                    && generated::settable(new, cx) =>
            {
                if !follows(new, cx, |spec| spec.generated == *generated) {
                    steps.push(generated::set(new, &new_one.expression));
                }
            }
            _ => return Alter::Replace,
        }
        if retyped {
            let same = |spec: &Spec| spec.r#type == *r#type && spec.collation == *collation;
            if !follows(new, cx, same) && !follows_type(new, cx) {
                steps.extend(retype(old, new, cx));
            }
        }
        steps.extend(not_null::steps(old, new, cx));
        let mut settings_were = was.settings.clone();
        if retyped {
            // A new type brings its own way of storage.
            settings_were.storage = None;
            settings_were.usual_storage.clone_from(&settings.usual_storage);
        }
        steps.extend(settings.steps(&new.key, &settings_were));
        if let Some(change) = fdw_option_changes(&was.foreign_options, foreign_options) {
            let table = new.key.relation_sql();
            let sql = format!("ALTER FOREIGN TABLE {table} ALTER COLUMN {column} {change}");
            steps.push(Step::new(&new.key, sql));
        }
        if retyped {
            let compatible = was.collation == *collation && cast::compatible(&was.r#type, r#type);
            Alter::Around(steps, Change::Retyped { compatible })
        } else {
            Alter::InPlace(steps)
        }
    }

    fn goes_along(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<Key> {
        let goes = |key: &Key| !cx.new.contains(key) || (cx.built)(key);
        lineage::led(cx, old.object, goes).cloned()
    }

    fn freed_by(old: Obj<'_, Spec>, need: &Key, cx: &Cx<'_>) -> Option<Key> {
        let above = lineage::parent_columns(old.object).find(|above| *above == need)?;
        lineage::left(cx, &lineage::table_of(&old.key), &lineage::table_of(above))
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        if Self::goes_along(old, cx).is_some() || follows_type(old, cx) {
            return Vec::new();
        }
        dropped(old, cx)
    }

    fn respond(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        let of_parent = lineage::parent_columns(old.object).any(|key| *key == cause.old.key);
        if of_parent {
            // What happens to a parent's column is in this one's own difference.
            return match cause.change {
                Change::Retyped { .. } if follows(new, cx, |_| true) => {
                    Response::Adapt(Vec::new(), Some(cause.change))
                }
                _ => Response::Stay,
            };
        }
        let generated = old.spec.generated.is_some();
        match cause.change {
            Change::Swapped if !generated => {
                // A change to another type is in the column's own difference.
                if old.spec.r#type != new.spec.r#type || old.spec.collation != new.spec.collation {
                    return Response::Stay;
                }
                // The table must be made anew.
                if is_partition_key(&old.key, cx) || rows_are_stored(&old.key, cx) {
                    return Response::RebuildParent;
                }
                let step =
                    |steps| Response::Adapt(steps, Some(Change::Retyped { compatible: false }));
                // One that is made again does not carry its change down.
                let leads = |above: &Key| {
                    !is_partition_key(above, cx) && !(cx.built)(&lineage::table_of(above))
                };
                if lineage::led(cx, new.object, leads).is_some() || follows_type(new, cx) {
                    return step(Vec::new());
                }
                let column = ident(new.key.base_name());
                let carry = carry(old.object, new.object, &column, &new.spec.r#type, cx);
                let change = type_step(new, Some(carry.expression));
                let mut steps = carry.before;
                steps.extend(named_not_null::around_retype(&new.key, change, cx));
                steps.extend(carry.after);
                step(steps)
            }
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            Change::Retyped { .. }
                if generated && !generated::lets_go(old, new, &cause.old.key, cx) =>
            {
                Response::Rebuild
            }
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        // PostgreSQL does not look for the rows of a table in others: the table is exchanged.
        let Some(old) = cx.old.typed::<Self>(&new.key) else { return Vec::new() };
        let retyped =
            old.spec.r#type != new.spec.r#type || old.spec.collation != new.spec.collation;
        let table = || lineage::table_of(&new.key);
        if retyped && rows_are_stored(&new.key, cx) { vec![table()] } else { Vec::new() }
    }

    fn ahead_of(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        // A table has the columns of the whole one before it takes its place.
        let (schema, table) = (new.key.schema().unwrap_or_default(), new.key.relation());
        let places = cx.new.on_relation::<Partition>(schema, table.unwrap_or_default());
        places.filter(|place| cx.fresh(&place.key)).map(|place| place.key.clone()).collect()
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let (from, to) = (ident(it.key.base_name()), ident(to.base_name()));
        Some(vec![Step::new(&it.key, format!("{} RENAME COLUMN {from} TO {to}", table(it)))])
    }
}

/// Whether the table of a column is partitioned by it.
fn is_partition_key(column: &Key, cx: &Cx<'_>) -> bool {
    let table = cx.old.typed::<Table>(&lineage::table_of(column));
    let column = cx.old.typed::<Column>(column);
    table.zip(column).is_some_and(|(table, column)| {
        Table::is_partitioned_by(table.spec, column.key.base_name(), &column.spec.r#type)
    })
}

/// Whether rows of a column's table are stored elsewhere, and the column is no attribute of a type.
fn rows_are_stored(column: &Key, cx: &Cx<'_>) -> bool {
    let table = lineage::table_of(column);
    cx.old.contains(&table) && lineage::rows_are_stored(cx, &table)
}

/// `ALTER TABLE` for a change that goes down to children.
fn table(it: Obj<'_, Spec>) -> String {
    format!("ALTER TABLE {}", it.key.relation_sql())
}

/// Whether a parent that stays above has the same change made to this column.
fn follows(new: Obj<'_, Spec>, cx: &Cx<'_>, ends: impl Fn(&Spec) -> bool) -> bool {
    let does = |above: &Key| {
        cx.old.contains(above) && cx.new.typed::<Column>(above).is_some_and(|a| ends(a.spec))
    };
    lineage::led(cx, new.object, does).is_some()
}

/// Whether the table's composite type makes the change.
fn follows_type(it: Obj<'_, Spec>, cx: &Cx<'_>) -> bool {
    let key = lineage::table_of(&it.key);
    let of = |schema: &crate::schema::Snapshot| {
        schema.typed::<Table>(&key).and_then(|t| t.spec.of_type.clone())
    };
    of(cx.old).is_some_and(|old| of(cx.new) == Some(old))
}

/// Changes the type of a column, with its collation.
fn retype(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
    let column = ident(new.key.base_name());
    let (was, r#type) = (&old.spec.r#type, &new.spec.r#type);
    let base = |name: &str| Column::below_domain(name, cx);
    let using = cast::using(&column, was, r#type, &base);
    let mut step = type_step(new, using.filter(|_| new.spec.generated.is_none()));
    if new.spec.generated.is_none() && cast::loses(was, r#type) {
        step = step.loses(format!("details of the values of {} that {type} cannot hold", new.key));
    }
    let (mut steps, again) = generated::around(&new.key, cx);
    steps.extend(named_not_null::around_retype(&new.key, step, cx));
    steps.extend(again);
    steps
}

fn type_step(new: Obj<'_, Spec>, using: Option<String>) -> Step {
    let column = ident(new.key.base_name());
    let mut clause = format!("ALTER COLUMN {column} TYPE {}", new.spec.r#type);
    if let Some(collation) = &new.spec.collation {
        clause.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(using) = using {
        clause.push_str(&format!(" USING {using}"));
    }
    Step::clause(&new.key, table(new), Group::AlterType, clause)
}

fn drop_step(old: Obj<'_, Spec>, only: bool) -> Step {
    let clause = format!("DROP COLUMN {}", ident(old.key.base_name()));
    let table =
        if only { format!("ALTER TABLE ONLY {}", old.key.relation_sql()) } else { table(old) };
    let step = Step::clause(&old.key, table, Group::DropColumn, clause);
    if old.spec.generated.is_some() {
        return step;
    }
    step.loses(format!("the values of {}", old.key))
}

/// Whether the column of a table below is to stay, though this one goes.
fn outlived(column: &Key, cx: &Cx<'_>) -> bool {
    // One that comes again comes again below too.
    !cx.new.contains(column)
        && lineage::columns_below(cx, column)
            .iter()
            .any(|child| cx.new.contains(child) || outlived(child, cx))
}

/// Drops a column, from the children too that are not to keep it: those that declare it themselves
/// outlive their parent's, and so do all where one at least is to stay.
fn dropped(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
    let below = lineage::columns_below(cx, &old.key);
    let stays = outlived(&old.key, cx);
    let mut steps = vec![drop_step(old, stays)];
    for child in below.iter().filter_map(|child| cx.old.typed::<Column>(child)) {
        let outlives = child.spec.heir && (child.spec.local || stays);
        if outlives && !cx.new.contains(&child.key) {
            steps.extend(dropped(child, cx));
        } else if !stays {
            // It goes along; what is declared below it does not.
            steps.extend(dropped(child, cx).into_iter().skip(1));
        }
    }
    steps
}
