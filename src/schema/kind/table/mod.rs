//! Tables: plain, partitioned and foreign. Their columns are objects of their own, and so is their
//! place under a parent.

mod persistence;
mod swap;

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Column, Cx, GrantTarget, Kind, Response, Slot, Swap, lineage,
};
use crate::schema::{
    Found, Key, KindId, Obj, Options, Snapshot, Step,
    object::Address,
    sql::{
        fdw_option_changes, fdw_option_list, ident, option_changes, option_list, options, qualified,
    },
};

/// A table.
#[derive(Debug)]
pub struct Table;

/// Attributes of a table.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Its server and options, when it is a foreign table.
    pub foreign: Option<Foreign>,
    /// Not logged to the WAL.
    pub unlogged: bool,
    /// The composite type that gives it its columns (`OF type`), as SQL.
    pub of_type: Option<String>,
    /// `PARTITION BY`'s argument (`pg_get_partkeydef`); none for a plain table.
    pub partition_by: Option<String>,
    /// What the partition key stands on, so that it cannot change: columns with types and
    /// collations, and functions, whose names alone the key's text has. Sorted.
    pub partition_types: Vec<String>,
    /// The access method, where it is not `heap`.
    pub method: Option<String>,
    /// The tablespace, where it is not the database's own.
    pub tablespace: Option<String>,
    /// Storage parameters, those of the TOAST table with `toast.` before them.
    pub options: Options,
    /// What the WAL says of rows that change. `USING INDEX` counts as the default here: it is an
    /// object of its own, because it needs its index.
    pub replica: Replica,
    /// Columns that only come from parents it inherits from, sorted. One that the table declares
    /// can never become such a one again in place.
    pub inherited: Vec<String>,
    /// `ENABLE ROW LEVEL SECURITY`.
    pub row_security: bool,
    /// `FORCE ROW LEVEL SECURITY`.
    pub force_row_security: bool,
}

/// What makes a table foreign.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Foreign {
    /// The server.
    pub server: String,
    /// Options for the wrapper.
    pub options: Options,
}

/// `REPLICA IDENTITY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replica {
    /// The primary key, or an index that another object names.
    Default,
    /// The whole row.
    Full,
    /// Nothing.
    Nothing,
}

impl Replica {
    /// Reads `pg_class.relreplident`.
    pub(super) fn read(letter: &str) -> Self {
        match letter {
            "f" => Self::Full,
            "n" => Self::Nothing,
            _ => Self::Default,
        }
    }

    /// What stands after `REPLICA IDENTITY`.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::Full => "FULL",
            Self::Nothing => "NOTHING",
        }
    }
}

impl Spec {
    /// Whether it keeps rows of its own.
    pub fn has_rows(&self) -> bool {
        self.foreign.is_none() && self.partition_by.is_none()
    }
}

impl Table {
    /// The key of the table with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }

    /// Whether one attribute at least can only change by making the table again.
    pub(super) fn must_be_replaced(key: &Key, old: &Spec, new: &Spec, cx: &Cx<'_>) -> bool {
        old.partition_by != new.partition_by
            || old.partition_types != new.partition_types
            // PostgreSQL takes the words and changes nothing.
            || (new.partition_by.is_some() && old.unlogged != new.unlogged)
            || old.foreign.as_ref().map(|f| &f.server) != new.foreign.as_ref().map(|f| &f.server)
            || (old.method != new.method && cx.version() < 15_00_00)
            || Self::leaves_or_takes_a_type(key, old, new, cx)
            || new.inherited.iter().any(|column| !Self::stays_inherited(key, column, old, cx))
            || old.inherited.iter().any(|column| {
                let (schema, table) = (key.schema().unwrap_or_default(), key.base_name());
                !new.inherited.contains(column)
                    && cx.new.contains(&Column::key(schema, table, column))
                    && lineage::has_standing_parent(cx, key, column)
            })
    }

    /// Whether it is no longer of the composite type that it was of, or is to be of another, and the columns
    /// that the type gives are not there on the other side: as long as it is of a type it keeps
    /// them all, and it can only become one of a type whose columns it has.
    fn leaves_or_takes_a_type(key: &Key, old: &Spec, new: &Spec, cx: &Cx<'_>) -> bool {
        let has = |columns: &Snapshot, wanted: &Snapshot| {
            wanted.parts(key).filter_map(|part| wanted.typed::<Column>(&part.key)).all(|want| {
                let found = columns.typed::<Column>(&want.key);
                found.is_some_and(|found| found.spec.r#type == want.spec.r#type)
            })
        };
        old.of_type != new.of_type
            && (old.of_type.is_some() && !has(cx.new, cx.old)
                || new.of_type.is_some() && !has(cx.old, cx.new))
    }

    /// Whether a column that only comes from parents in the new schema is one that a parent gives all
    /// the while, or is going to give.
    fn stays_inherited(key: &Key, column: &str, old: &Spec, cx: &Cx<'_>) -> bool {
        let (schema, table) = (key.schema().unwrap_or_default(), key.base_name());
        let declared = cx.old.contains(&Column::key(schema, table, column))
            && !old.inherited.iter().any(|name| name == column);
        !declared && lineage::has_standing_parent(cx, key, column)
    }

    /// Whether it stands in both schemas, but cannot change from one to the other in place.
    pub(super) fn must_be_made_again(cx: &Cx<'_>, key: &Key) -> bool {
        let both = cx.old.typed::<Self>(key).zip(cx.new.typed::<Self>(key));
        both.is_some_and(|(old, new)| Self::must_be_replaced(key, old.spec, new.spec, cx))
    }

    /// Whether the partition key names a column of this name and type.
    pub(super) fn is_partitioned_by(spec: &Spec, column: &str, r#type: &str) -> bool {
        let named = format!("{column} {type} ");
        spec.partition_types.iter().any(|entry| entry.starts_with(&named))
    }

    /// Whether it stands in both schemas and is kept, altered or not.
    pub(super) fn is_kept(cx: &Cx<'_>, key: &Key) -> bool {
        let both = cx.old.contains(key) && cx.new.contains(key);
        both && !Self::must_be_made_again(cx, key) && !(cx.built)(key)
    }
}

impl Kind for Table {
    type Spec = Spec;

    const ID: KindId = KindId("table");
    const CATALOG: &'static str = "pg_class";
    const WEIGHT: u16 = 100;
    const DATA: bool = true;

    fn holds_data(it: Obj<'_, Spec>) -> bool {
        it.spec.foreign.is_none()
    }

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT c.tableoid, c.oid, n.nspname::text, c.relname::text, r.rolname::text,
                coalesce(c.relacl, acldefault('r', c.relowner))::text[],
                c.relpersistence = 'u', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, c.reloptions::text[],
                (SELECT t.reloptions::text[] FROM pg_class t WHERE t.oid = c.reltoastrelid),
                (SELECT am.amname::text FROM pg_am am WHERE am.oid = c.relam AND am.amname <> 'heap'),
                CASE WHEN c.reltablespace <> 0 THEN
                     (SELECT s.spcname::text FROM pg_tablespace s WHERE s.oid = c.reltablespace) END,
                c.relreplident::text, c.relrowsecurity, c.relforcerowsecurity,
                CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
                CASE WHEN c.relkind = 'f' THEN
                     (SELECT s.srvname::text FROM pg_foreign_server s WHERE s.oid = ft.ftserver) END,
                ft.ftoptions::text[],
                'pg_type'::regclass::oid, c.reltype,
                (SELECT t.typarray FROM pg_type t WHERE t.oid = c.reltype),
                CASE WHEN c.relkind = 'p' THEN
                ARRAY(SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attcollation::regcollation::text
                        FROM pg_partitioned_table p
                        JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum > 0
                       WHERE p.partrelid = c.oid AND (a.attnum = ANY (p.partattrs::int2[])
                             -- In an expression: the column goes with the table only.
                             OR EXISTS (SELECT FROM pg_depend d
                                         WHERE d.classid = c.tableoid AND d.objid = c.oid
                                           AND d.objsubid = a.attnum AND d.refclassid = c.tableoid
                                           AND d.refobjid = c.oid AND d.refobjsubid = 0
                                           AND d.deptype = 'i'))
                       UNION ALL
                      SELECT 'function ' || d.refobjid::regprocedure::text FROM pg_depend d
                       WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.objsubid = 0
                         AND d.refclassid = 'pg_proc'::regclass
                       ORDER BY 1) ELSE '{}' END,
                CASE WHEN c.oid IN (SELECT i.inhrelid FROM pg_inherits i) THEN
                ARRAY(SELECT a.attname::text FROM pg_attribute a
                       WHERE a.attrelid = c.oid AND NOT a.attislocal AND NOT c.relispartition
                         AND NOT a.attisdropped ORDER BY 1) ELSE '{}' END,
                ARRAY(SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid)
           FROM pg_class c
           JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_roles r ON r.oid = c.relowner
           LEFT JOIN pg_foreign_table ft ON ft.ftrelid = c.oid
          WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let mut parameters = options(row.try_get(8)?);
        let toast = options(row.try_get(9)?);
        parameters.extend(toast.into_iter().map(|(key, value)| (format!("toast.{key}"), value)));
        let server: Option<String> = row.try_get(16)?;
        let foreign_options = options(row.try_get(17)?);
        let foreign = server.is_some();
        let spec = Spec {
            foreign: server.map(|server| Foreign { server, options: foreign_options }),
            unlogged: row.try_get(6)?,
            of_type: row.try_get(15)?,
            partition_by: row.try_get(7)?,
            partition_types: row.try_get(21)?,
            method: row.try_get(10)?,
            tablespace: row.try_get(11)?,
            options: parameters,
            // PostgreSQL says NOTHING of a foreign table, which takes no such clause.
            replica: if foreign { Replica::Default } else { Replica::read(row.try_get(12)?) },
            inherited: row.try_get(22)?,
            row_security: row.try_get(13)?,
            force_row_security: row.try_get(14)?,
        };
        let types: u32 = row.try_get(18)?;
        let (row_type, array): (u32, Option<u32>) = (row.try_get(19)?, row.try_get(20)?);
        let mut found = Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec)
            .owner(row.try_get(4)?)
            .acl(row.try_get(5)?)
            .also(Some(Address::new(types, row_type)))
            .also(array.map(|array| Address::new(types, array)));
        // Its place under a parent is an object of its own.
        let parents: Vec<u32> = row.try_get(23)?;
        for parent in parents {
            found = found.apart(Some(Address::new(at.class, parent)));
        }
        Ok(found)
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new(noun(it.spec), it.key.sql())
    }

    fn grants(it: Obj<'_, Spec>) -> Option<GrantTarget> {
        Some(GrantTarget { class: 'r', on: format!("TABLE {}", it.key.sql()), column: None })
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let Spec {
            foreign,
            unlogged,
            of_type,
            partition_by,
            partition_types: _,
            method,
            tablespace,
            options,
            replica,
            inherited: _,
            row_security,
            force_row_security,
        } = new.spec;
        let unlogged = if *unlogged { "UNLOGGED " } else { "" };
        let mut head = format!("CREATE {unlogged}{} {}", noun(new.spec), new.key.sql());
        if let Some(of_type) = of_type {
            head.push_str(&format!(" OF {of_type}"));
        }
        let mut tail = Vec::new();
        let parents = lineage::parents(cx.new, new.object);
        if !parents.is_empty() {
            let parents: Vec<_> = parents.iter().map(Key::sql).collect();
            tail.push(format!("INHERITS ({})", parents.join(", ")));
        }
        if let Some(key) = partition_by {
            tail.push(format!("PARTITION BY {key}"));
        }
        if let Some(method) = method {
            tail.push(format!("USING {}", ident(method)));
        }
        if !options.is_empty() {
            tail.push(format!("WITH ({})", option_list(options)));
        }
        if let Some(tablespace) = tablespace {
            tail.push(format!("TABLESPACE {}", ident(tablespace)));
        }
        if let Some(foreign) = foreign {
            tail.push(format!("SERVER {}", ident(&foreign.server)));
            tail.extend(fdw_option_list(&foreign.options));
        }
        let mut steps = vec![Step::container(&new.key, head, tail.join("\n"))];
        let table = format!("ALTER TABLE ONLY {}", new.key.sql());
        if *replica != Replica::Default {
            steps.push(Step::new(&new.key, format!("{table} REPLICA IDENTITY {}", replica.sql())));
        }
        if *row_security {
            let sql = format!("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", new.key.sql());
            steps.push(Step::new(&new.key, sql));
        }
        if *force_row_security {
            steps.push(Step::new(&new.key, format!("{table} FORCE ROW LEVEL SECURITY")));
        }
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        if Self::must_be_replaced(&new.key, old.spec, new.spec, cx) {
            return Alter::Replace;
        }
        let Spec {
            foreign,
            unlogged,
            of_type,
            partition_by: _,
            partition_types: _,
            method,
            tablespace,
            options,
            replica,
            inherited: _,
            row_security,
            force_row_security,
        } = new.spec;
        let was = old.spec;
        let mut clauses = Vec::new();
        if *of_type != was.of_type {
            clauses.push(of_type.as_ref().map_or("NOT OF".into(), |t| format!("OF {t}")));
        }
        if *method != was.method {
            let default = if new.spec.partition_by.is_some() { "DEFAULT" } else { "heap" };
            let method = method.as_ref().map_or(default.into(), |m| ident(m));
            clauses.push(format!("SET ACCESS METHOD {method}"));
        }
        if *tablespace != was.tablespace {
            let tablespace = tablespace.as_deref().unwrap_or("pg_default");
            clauses.push(format!("SET TABLESPACE {}", ident(tablespace)));
        }
        if *unlogged != was.unlogged {
            clauses.push(format!("SET {}", if *unlogged { "UNLOGGED" } else { "LOGGED" }));
        }
        let (own, toast) = apart(options);
        let (own_was, toast_was) = apart(&was.options);
        clauses.extend(option_changes(&own_was, &own));
        if *replica != was.replica {
            clauses.push(format!("REPLICA IDENTITY {}", replica.sql()));
        }
        if *row_security != was.row_security {
            let verb = if *row_security { "ENABLE" } else { "DISABLE" };
            clauses.push(format!("{verb} ROW LEVEL SECURITY"));
        }
        if *force_row_security != was.force_row_security {
            let verb = if *force_row_security { "FORCE" } else { "NO FORCE" };
            clauses.push(format!("{verb} ROW LEVEL SECURITY"));
        }
        let none = Options::new();
        clauses.extend(fdw_option_changes(
            was.foreign.as_ref().map_or(&none, |f| &f.options),
            foreign.as_ref().map_or(&none, |f| &f.options),
        ));
        let table = format!("ALTER {} {}", noun(new.spec), new.key.sql());
        let step = |clause: &String| Step::new(&new.key, format!("{table} {clause}"));
        let mut steps: Vec<_> = clauses.iter().map(step).collect();
        // They are lost on a table whose columns need no TOAST table yet.
        steps.extend(option_changes(&toast_was, &toast).iter().map(step).map(Step::late));
        Alter::InPlace(steps)
    }

    fn drop(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let step = Step::new(&old.key, format!("DROP {}", Self::address(old)));
        let loses = old.spec.has_rows() && !swap::is_emptied(&old.key, cx);
        let drop = if loses { step.loses(format!("the rows of {}", old.key)) } else { step };
        // Foreign keys that refer to the whole hold on to each partition.
        let whole = lineage::whole(cx.old, &old.key)
            .filter(|whole| Self::is_kept(cx, whole) && lineage::is_referred_to(cx.old, whole));
        let detach = whole.map(|whole| {
            let (whole, part) = (whole.sql(), old.key.sql());
            Step::new(&old.key, format!("ALTER TABLE ONLY {whole} DETACH PARTITION {part}"))
        });
        detach.into_iter().chain([drop]).collect()
    }

    fn respond(_: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
            // Its own change lets go of it.
            _ if !new.needs.contains(&cause.old.key) => Response::Stay,
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
        }
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        let name = [it.key.schema().unwrap_or_default(), it.key.base_name()];
        vec![Slot::new("relation", name), Slot::new("type", name)]
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        persistence::in_the_way(&new.key, cx)
    }

    fn ahead_of(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        persistence::ahead_of(&new.key, cx)
    }

    fn swap(old: Obj<'_, Spec>, new: Obj<'_, Spec>, temporary: &str, cx: &Cx<'_>) -> Option<Swap> {
        swap::swap(old, new, temporary, cx)
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let noun = noun(it.spec);
        let mut steps = Vec::new();
        let mut schema = it.key.schema().unwrap_or_default();
        if let Some(new) = to.schema().filter(|new| *new != schema) {
            let sql = format!("ALTER {noun} {} SET SCHEMA {}", it.key.sql(), ident(new));
            steps.push(Step::new(&it.key, sql));
            schema = new;
        }
        if to.base_name() != it.key.base_name() {
            let from = qualified(schema, it.key.base_name());
            let sql = format!("ALTER {noun} {from} RENAME TO {}", ident(to.base_name()));
            steps.push(Step::new(&it.key, sql));
        }
        Some(steps)
    }
}

/// Storage parameters: those of the table, and those of its TOAST table.
fn apart(options: &Options) -> (Options, Options) {
    options.clone().into_iter().partition(|(name, _)| !name.starts_with("toast."))
}

fn noun(spec: &Spec) -> &'static str {
    if spec.foreign.is_some() { "FOREIGN TABLE" } else { "TABLE" }
}
