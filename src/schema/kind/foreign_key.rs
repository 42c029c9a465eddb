//! Foreign keys: constraints that need another table's key. They come after all that they could
//! refer to, and are what circles between tables are broken at.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{
    Alter, Call, Cause, Change, Constraint, Cx, Index, Kind, Partition, Response, Slot, Table,
    backing::keeps_place,
    constraint::{dropped, renamed, table, validate},
    constraint_state::{State, enforced},
    lineage,
};
use crate::schema::{
    Found, Key, KindId, Obj, Step, fact::Fact, object::Address, sql::ident, step::Group,
};

/// A foreign key.
#[derive(Debug)]
pub struct ForeignKey;

/// Attributes of a foreign key.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `pg_get_constraintdef` without what the other attributes say.
    pub definition: String,
    /// When it is checked.
    #[serde(flatten)]
    pub state: State,
    /// It is the partitioned table's, seen on a partition.
    pub inherited: bool,
    /// Its table is partitioned.
    pub partitioned: bool,
    /// Its table is a partition.
    pub on_partition: Fact<bool>,
}

impl ForeignKey {
    /// The foreign keys of a table's partitions that PostgreSQL would take for parts of the table's.
    pub(super) fn alike(whole: Obj<'_, Spec>, table: &Key, cx: &Cx<'_>) -> Vec<Key> {
        lineage::partitions(cx.new, table)
            .flat_map(|(_, child)| Self::alike_on(whole, &child, cx))
            .collect()
    }

    /// Those on one partition and below it.
    pub(super) fn alike_on(whole: Obj<'_, Spec>, child: &Key, cx: &Cx<'_>) -> Vec<Key> {
        let own = cx.new.on_relation::<Self>(child.schema().unwrap_or_default(), child.base_name());
        let same =
            |it: &Obj<'_, Spec>| !it.spec.inherited && it.spec.definition == whole.spec.definition;
        let own: Vec<Key> = own.filter(same).map(|it| it.key.clone()).collect();
        own.into_iter().chain(Self::alike(whole, child, cx)).collect()
    }

    /// The key of a foreign key.
    pub fn key(schema: &str, table: &str, name: &str) -> Key {
        Key::on(Self::ID, schema, table, name)
    }
}

impl Kind for ForeignKey {
    type Spec = Spec;

    const ID: KindId = KindId("foreign key");
    const CATALOG: &'static str = "pg_constraint";
    const WEIGHT: u16 = 160;
    const DIES_WITH_PARENT: bool = true;
    const FOLDS: bool = true;
    const DETACHABLE: bool = true;

    fn query(version: u32) -> Cow<'static, str> {
        // Those that a reference to a partitioned table has for each of its partitions are inner
        // parts of the one that is written.
        format!(
            "SELECT c.tableoid, c.oid, n.nspname::text, t.relname::text, c.conname::text,
                    pg_get_constraintdef(c.oid),
                    c.condeferrable, c.condeferred, c.convalidated, {},
                    c.conparentid <> 0, t.relkind = 'p', u.conname::text, un.nspname::text, ut.relname::text,
                    pn.nspname::text, p.relname::text
               FROM pg_constraint c
               JOIN pg_class t ON t.oid = c.conrelid
               JOIN pg_namespace n ON n.oid = t.relnamespace
               LEFT JOIN pg_inherits h ON h.inhrelid = t.oid AND t.relispartition
               LEFT JOIN pg_class p ON p.oid = h.inhparent
               LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
               LEFT JOIN pg_constraint u ON u.oid = c.conparentid
               LEFT JOIN pg_class ut ON ut.oid = u.conrelid
               LEFT JOIN pg_namespace un ON un.oid = ut.relnamespace
              WHERE c.contype = 'f' AND t.relpersistence <> 't'
                AND (c.conparentid = 0 OR u.conrelid <> c.conrelid AND u.confrelid = c.confrelid)
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            enforced(version)
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let (schema, table, name): (&str, &str, &str) =
            (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let place = match (row.try_get(15)?, row.try_get(16)?) {
            (Some(above), Some(whole)) => {
                Some(Partition::key(schema, table, &Table::key(above, whole)))
            }
            _ => None,
        };
        let spec = Spec {
            definition: State::strip(row.try_get(5)?).to_owned(),
            state: State::read(row, 6)?,
            inherited: row.try_get(10)?,
            partitioned: row.try_get(11)?,
            on_partition: Fact(place.is_some()),
        };
        let above = match (row.try_get(13)?, row.try_get(14)?, row.try_get(12)?) {
            (Some(schema), Some(table), Some(name)) => Some(Self::key(schema, table, name)),
            _ => None,
        };
        Ok(Found::new(at, Self::key(schema, table, name), spec)
            .parent(Table::key(schema, table))
            .needs(above)
            .wishes(place))
    }

    fn folds(it: Obj<'_, Spec>) -> bool {
        // On a partition it would be taken for the whole table's when that takes the partition.
        !it.spec.inherited && !*it.spec.on_partition
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        let name = ident(it.key.base_name());
        Call::new("CONSTRAINT", format!("{name} ON {}", it.key.relation_sql()))
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let Spec { definition, state, inherited, partitioned, on_partition: _ } = new.spec;
        if *inherited {
            return named(new, cx).into_iter().collect();
        }
        let (name, head) = (ident(new.key.base_name()), table(&new.key));
        // On a partitioned table it can be added without a check since PostgreSQL 18 only.
        let careful = new.parent.as_ref().is_some_and(|table| cx.careful(table))
            && (!*partitioned || cx.version() >= 180_000);
        if careful && state.enforced && state.validated {
            let timing = state.timing();
            let clause = format!("ADD CONSTRAINT {name} {definition}{timing} NOT VALID");
            let add = Step::clause(&new.key, head, Group::AddConstraint, clause);
            return vec![add, validate(&new.key, cx)];
        }
        let text = format!("CONSTRAINT {name} {definition}{}", state.suffix());
        let step = Step::clause(&new.key, head, Group::AddConstraint, format!("ADD {text}"));
        vec![if state.not_valid() { step } else { step.inside(text) }]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cx: &Cx<'_>) -> Alter {
        let Spec { definition, state, inherited, partitioned, on_partition: _ } = new.spec;
        let was = &old.spec.state;
        if old.spec.definition != *definition || old.spec.partitioned != *partitioned {
            return Alter::Replace;
        }
        if *inherited || old.spec.inherited {
            let (schema, table) = (new.key.schema(), new.key.relation());
            let below = keeps_place(cx, schema.unwrap_or_default(), table.unwrap_or_default());
            // It goes with the whole one's, unless the partition is detached.
            if !*inherited && below {
                return Alter::Replace;
            }
            return Alter::InPlace(Vec::new());
        }
        let mut said = Vec::new();
        if (was.deferrable, was.deferred) != (state.deferrable, state.deferred) {
            said.push(if state.deferrable { state.timing() } else { " NOT DEFERRABLE" });
        }
        let mut validated = was.validated;
        if was.enforced != state.enforced {
            said.push(if state.enforced { " ENFORCED" } else { " NOT ENFORCED" });
            validated = state.enforced;
        }
        if validated && !state.validated {
            return Alter::Replace;
        }
        let mut steps = Vec::new();
        if !said.is_empty() {
            let clause =
                format!("ALTER CONSTRAINT {}{}", ident(new.key.base_name()), said.concat());
            steps.push(Step::clause(&new.key, table(&new.key), Group::Alone, clause));
        }
        if !validated && state.validated {
            steps.push(validate(&new.key, cx));
        }
        Alter::InPlace(steps)
    }

    fn in_the_way(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Key> {
        match &new.parent {
            Some(table) if new.spec.partitioned && cx.fresh(&new.key) => {
                Self::alike(new, table, cx)
            }
            _ => Vec::new(),
        }
    }

    fn goes_along(old: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<Key> {
        let (schema, table) = (old.key.schema()?, old.key.relation()?);
        let place = cx.old.on_relation::<Partition>(schema, table).next()?.key.clone();
        let goes = !cx.new.contains(&place) || (cx.built)(&place);
        (old.spec.inherited && goes).then_some(place)
    }

    fn freed_by(old: Obj<'_, Spec>, need: &Key, cx: &Cx<'_>) -> Option<Key> {
        let whole = Table::key(need.schema()?, need.relation()?);
        let table = old.parent.as_ref().filter(|_| need.kind() == Self::ID)?;
        lineage::left(cx, table, &whole)
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        if old.spec.inherited { Vec::new() } else { vec![dropped(&old.key)] }
    }

    fn respond(old: Obj<'_, Spec>, _: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        match cause.change {
            // The unique index that it refers to lives on as that of a constraint.
            Change::Gone if Index::becomes_constraint(cause.old, cx) => Response::Stay,
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            // Both sides may change, one after the other, with no operator for what is between.
            Change::Retyped { compatible: false } if !old.spec.inherited => Response::Rebuild,
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    fn occupies(it: Obj<'_, Spec>) -> Vec<Slot> {
        let schema = it.key.schema().unwrap_or_default();
        let (table, name) = (it.key.relation().unwrap_or_default(), it.key.base_name());
        vec![Slot::new("constraint", [schema, table, name])]
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(vec![renamed(&it.key, to)])
    }
}

/// The name that it has, where PostgreSQL has given it that of the whole table's.
fn named(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Option<Step> {
    let whole = new.needs.iter().find(|need| need.kind() == ForeignKey::ID)?;
    let (schema, table) = (new.key.schema()?, new.key.relation()?);
    let given = ForeignKey::key(schema, table, whole.base_name());
    // With another of that name in the way, it has got the name that it gets there, too.
    let taken = cx.new.contains(&given)
        || cx.new.contains(&Constraint::key(schema, table, whole.base_name()));
    (!taken).then(|| renamed(&given, &new.key))
}
