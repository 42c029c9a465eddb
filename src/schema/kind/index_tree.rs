//! The indexes of a partitioned table and those of its partitions, whether they stand alone or back
//! a constraint: which statement makes which.
//!
//! PostgreSQL makes what the partitions need with the whole table's index, and again when a table
//! takes its place - unless it finds an index of the same shape there, which it takes instead, by
//! whatever name. So where a partition has or gets another index of that shape, nothing is left to
//! it: the whole table's index is made alone (`ON ONLY`), and each partition's is attached to it; or
//! the other one steps aside while the table takes its place.
//!
//! Nothing detaches an index again but a detachment of its table. One that has to go while its
//! table stays takes the whole table's index with it.

use super::{
    Cx, Index, Partition, Table,
    backing::{Attached, keeps_place},
    constraint, index, lineage,
};
use crate::schema::{Key, Name, Object, Snapshot, Step};

/// An index, alone or with the constraint that it backs.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub(super) object: &'a Object,
    sort: Sort<'a>,
}

#[derive(Clone, Copy)]
enum Sort<'a> {
    Index(&'a index::Spec),
    Constraint(&'a constraint::Spec),
}

/// What makes an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// A statement of its own, and another that attaches it if it is to be attached.
    Itself,
    /// A statement of its own, before its table takes its place, which attaches it too.
    Ahead,
    /// PostgreSQL, with that of the whole table or when its table takes its place.
    Server,
}

impl<'a> Member<'a> {
    /// An object as one; none when it is something else.
    pub(super) fn new(object: &'a Object) -> Option<Self> {
        let sort = match object.spec::<index::Spec>() {
            Some(spec) => Sort::Index(spec),
            None => {
                Sort::Constraint(object.spec().filter(|s: &&constraint::Spec| s.index.is_some())?)
            }
        };
        Some(Self { object, sort })
    }

    fn get(schema: &'a Snapshot, key: &Key) -> Option<Self> {
        Self::new(schema.get(key)?)
    }

    /// Those on a table.
    fn on(schema: &'a Snapshot, table: &Key) -> impl Iterator<Item = Self> + use<'a> {
        schema.parts(table).filter_map(|object| Self::new(object))
    }

    fn table(&self) -> Option<&'a Key> {
        self.object.parent.as_ref()
    }

    pub(super) fn attached(&self) -> Option<&'a Attached> {
        match self.sort {
            Sort::Index(spec) => spec.attached.as_ref(),
            Sort::Constraint(spec) => spec.index.as_ref()?.attached.as_ref(),
        }
    }

    /// What it is attached to.
    fn whole(&self) -> Option<&'a Key> {
        Some(&self.attached()?.to)
    }

    fn partitioned(&self) -> bool {
        match self.sort {
            Sort::Index(spec) => spec.partitioned,
            Sort::Constraint(spec) => spec.partitioned,
        }
    }

    fn valid(&self) -> bool {
        match self.sort {
            Sort::Index(spec) => spec.valid,
            Sort::Constraint(spec) => spec.index.as_ref().is_none_or(|index| index.valid),
        }
    }

    /// What two of them have alike when PostgreSQL may take one for a part of the other; it does not
    /// look at the order of the columns' values.
    fn shape(&self) -> (bool, String) {
        match self.sort {
            Sort::Index(spec) => {
                let mut text = spec.definition.clone();
                for order in [" DESC", " NULLS FIRST", " NULLS LAST"] {
                    text = text.replace(order, "");
                }
                (spec.unique, text)
            }
            Sort::Constraint(spec) => match constraint::as_index(spec) {
                Some(columns) => (true, format!("USING btree {columns}")),
                None => (false, spec.definition.clone()),
            },
        }
    }

    /// Whether PostgreSQL could take this one for the part of `whole` on its table.
    fn fits(&self, whole: &Member<'_>) -> bool {
        let backs = matches!(self.sort, Sort::Constraint(_));
        (backs || matches!(whole.sort, Sort::Index(_))) && self.shape() == whole.shape()
    }

    /// Whether it is as PostgreSQL would make it with `whole`.
    fn is_usual(&self, whole: &Member<'_>) -> bool {
        let named = |attached: &Attached| attached.generated == self.object.key.base_name();
        match (self.sort, whole.sort) {
            (Sort::Index(own), Sort::Index(whole)) => {
                own.attached.as_ref().is_some_and(named)
                    && own.definition == whole.definition
                    && own.storage.tablespace == whole.storage.tablespace
            }
            (Sort::Constraint(_), Sort::Constraint(_)) => true,
            _ => false,
        }
    }

    /// What it is attached to, and that to, and so on.
    fn above(self, schema: &'a Snapshot) -> impl Iterator<Item = Self> + use<'a> {
        let next = move |it: &Self| Self::get(schema, it.whole()?);
        std::iter::successors(next(&self), next)
    }

    /// Those that are attached to it.
    fn parts(self, schema: &'a Snapshot) -> impl Iterator<Item = Self> + use<'a> {
        let key = self.object.key.clone();
        schema
            .dependents(&self.object.key)
            .filter_map(|object| Self::new(object))
            .filter(move |part| part.whole() == Some(&key))
    }
}

/// What makes an index of the new schema.
pub(super) fn maker(object: &Object, cx: &Cx<'_>) -> Maker {
    let Some(it) = Member::new(object) else { return Maker::Itself };
    let Some(above) = it.above(cx.new).next() else { return Maker::Itself };
    let placed = it.table().is_some_and(|table| comes_to_place(table, cx));
    if placed && stands_before(&above, cx) {
        // What is made beforehand can be made while others work, and has its name at once.
        let kept = it.table().is_some_and(|table| Table::is_kept(cx, table));
        return if kept { Maker::Ahead } else { Maker::Server };
    }
    if !is_made(&above, cx) {
        return Maker::Itself;
    }
    match maker(above.object, cx) {
        Maker::Itself if above.attached().is_some() => Maker::Itself,
        Maker::Itself | Maker::Ahead if alone(above.object, cx) => Maker::Itself,
        _ => Maker::Server,
    }
}

/// Whether an index of a partitioned table is made without those of the partitions (`ON ONLY`).
pub(super) fn alone(object: &Object, cx: &Cx<'_>) -> bool {
    cx.memo.recall(&object.key, || is_alone(object, cx))
}

fn is_alone(object: &Object, cx: &Cx<'_>) -> bool {
    let Some(it) = Member::new(object).filter(Member::partitioned) else { return false };
    if it.attached().is_some() && maker(object, cx) == Maker::Itself || !it.valid() {
        return true;
    }
    let table = it.table();
    let careful = table.is_some_and(|table| cx.careful(table));
    let online = careful && matches!(it.sort, Sort::Index(spec) if !spec.unique);
    online
        || !folded(&it, cx)
            && (has_own_parts(it, cx) || table.is_some_and(|t| has_others(&it, t, cx)))
}

/// Whether parts of an index are there already, or are not as PostgreSQL would make them.
fn has_own_parts(it: Member<'_>, cx: &Cx<'_>) -> bool {
    it.parts(cx.new).any(|part| {
        !is_made(&part, cx)
            || !part.is_usual(&it)
            || constraint::takes_index(part.object, cx)
            || has_own_parts(part, cx)
    })
}

/// Whether a partition has another index that PostgreSQL would take for a part of this one.
fn has_others(it: &Member<'_>, table: &Key, cx: &Cx<'_>) -> bool {
    lineage::partitions(cx.new, table).any(|(_, child)| {
        Member::on(cx.new, &child).any(|other| other.attached().is_none() && other.fits(it))
            || has_others(it, &child, cx)
    })
}

/// Whether it is built in the statement that makes its table, before there are partitions.
fn folded(it: &Member<'_>, cx: &Cx<'_>) -> bool {
    let Sort::Constraint(spec) = it.sort else { return false };
    spec.is_folded() && it.table().is_some_and(|table| !Table::is_kept(cx, table))
}

/// Whether this plan makes an index of the new schema, now or as far as its attributes tell.
fn is_made(it: &Member<'_>, cx: &Cx<'_>) -> bool {
    let replaced = |old: Member<'_>| match (old.sort, it.sort) {
        (Sort::Index(was), Sort::Index(now)) => index::is_replaced(was, now),
        (Sort::Constraint(was), Sort::Constraint(now)) => constraint::is_replaced(was, now),
        _ => true,
    };
    cx.fresh(&it.object.key)
        || it.table().is_some_and(|table| !Table::is_kept(cx, table))
        || Member::get(cx.old, &it.object.key)
            .is_none_or(|old| replaced(old) || must_be_replaced(old.object, it.object, cx))
}

/// Whether an index is there when tables take their places below it.
fn stands_before(it: &Member<'_>, cx: &Cx<'_>) -> bool {
    !is_made(it, cx)
        || folded(it, cx)
        || it.attached().is_some() && maker(it.object, cx) != Maker::Itself
}

/// Whether this plan puts a table in its place under a partitioned one.
fn comes_to_place(table: &Key, cx: &Cx<'_>) -> bool {
    place(cx.new, table).is_some_and(|place| cx.fresh(&place.key))
}

fn place<'a>(schema: &'a Snapshot, table: &'a Key) -> Option<&'a Object> {
    let (within, name) = (table.schema()?, table.base_name());
    schema.on_relation::<Partition>(within, name).map(|place| place.object).next()
}

/// The place that a table takes after an index is made: its own, or that of the one above whose
/// index this one completes.
pub(super) fn ahead_of(object: &Object, cx: &Cx<'_>) -> Option<Key> {
    match maker(object, cx) {
        Maker::Server => None,
        Maker::Ahead => Some(place(cx.new, object.parent.as_ref()?)?.key.clone()),
        Maker::Itself => {
            let above = Member::new(object)?.above(cx.new).next()?;
            ahead_of(above.object, cx).filter(|_| is_made(&above, cx))
        }
    }
}

/// Attaches an index to that of the whole table.
pub(super) fn attach(new: &Object, above: &Attached) -> Step {
    let index = match new.key.name() {
        Name::OnRelation { schema, name, .. } => Index::key(schema, name),
        _ => new.key.clone(),
    };
    let whole = match above.to.name() {
        Name::OnRelation { schema, name, .. } => Index::key(schema, name),
        _ => above.to.clone(),
    };
    let sql = format!("ALTER INDEX {} ATTACH PARTITION {}", whole.sql(), index.sql());
    Step::new(&new.key, sql)
}

/// What attaches an index that stays; none when it is attached, or when its table's place does it.
pub(super) fn joins(old: &Object, new: &Object, cx: &Cx<'_>) -> Option<Step> {
    let (was, it) = (Member::new(old)?, Member::new(new)?);
    let above = it.attached()?;
    let same = was.whole() == it.whole();
    let by_place = it.table().is_some_and(|table| comes_to_place(table, cx))
        && it.above(cx.new).next().is_some_and(|above| stands_before(&above, cx));
    (!same && !by_place).then(|| attach(new, above))
}

/// Whether an index would have to leave the one that it is attached to, which it cannot while its
/// table has its place; or would have to come into use, with nothing left to attach to it.
pub(super) fn must_be_replaced(old: &Object, new: &Object, cx: &Cx<'_>) -> bool {
    let (Some(was), Some(it)) = (Member::new(old), Member::new(new)) else { return true };
    if was.whole().is_some() && was.whole() != it.whole() && stays_in_place(old, cx) {
        return true;
    }
    it.partitioned() && !was.valid() && it.valid() && !is_completed(&it, cx)
}

fn stays_in_place(old: &Object, cx: &Cx<'_>) -> bool {
    let table = old.parent.as_ref();
    table.is_some_and(|t| keeps_place(cx, t.schema().unwrap_or_default(), t.base_name()))
}

/// The index that one which goes is attached to, while its table keeps its place.
pub(super) fn held_by(old: &Object, cx: &Cx<'_>) -> Option<Key> {
    let attached = Member::new(old)?.attached()?;
    stays_in_place(old, cx).then(|| attached.to.clone())
}

/// The place of its table that ties an index to another: one that has to leave it while the table
/// stays there is made again, and any other is free when the table has left.
pub(super) fn freed_by(old: &Object, need: &Key, cx: &Cx<'_>) -> Option<Key> {
    let it = Member::new(old).filter(|it| it.whole() == Some(need))?;
    let place = &place(cx.old, it.table()?)?.key;
    (!cx.new.contains(place) || (cx.built)(place)).then(|| place.clone())
}

/// What takes one along that goes: that of the whole table, or its table's place.
pub(super) fn goes_along(old: &Object, cx: &Cx<'_>) -> Option<Key> {
    let attached = Member::new(old)?.attached()?;
    let goes = |key: &Key| !cx.new.contains(key) || (cx.built)(key);
    if goes(&attached.to) {
        return Some(attached.to.clone());
    }
    place(cx.old, old.parent.as_ref()?).map(|place| place.key.clone()).filter(|key| goes(key))
}

/// Whether an index of the old schema takes constraints of partitions along when it goes, which
/// must be said.
pub(super) fn takes_constraints(old: &Object, cx: &Cx<'_>) -> bool {
    let parts = |it: Member<'_>| {
        it.parts(cx.old).any(|part| {
            matches!(part.sort, Sort::Constraint(_)) || takes_constraints(part.object, cx)
        })
    };
    Member::new(old).is_some_and(parts)
}

/// Whether one that is not in use comes to be by what this plan attaches to it.
fn is_completed(it: &Member<'_>, cx: &Cx<'_>) -> bool {
    it.parts(cx.new).any(|part| {
        let was = Member::get(cx.old, &part.object.key).and_then(|old| old.whole());
        let table = part.table();
        was != part.whole() && !table.is_some_and(|table| comes_to_place(table, cx))
            || is_completed(&part, cx)
    })
}

/// The indexes of a table that would be taken for parts of the whole table's when it takes this
/// place, and are not.
pub(super) fn in_the_way(table: &Key, whole: &Key, cx: &Cx<'_>) -> Vec<Key> {
    if !cx.old.contains(table) || !cx.new.contains(table) {
        return Vec::new();
    }
    let wholes = Member::on(cx.new, whole).filter(|it| it.partitioned() && stands_before(it, cx));
    wholes
        .flat_map(|whole| {
            Member::on(cx.old, table)
                .filter(move |it| cx.new.contains(&it.object.key) && it.fits(&whole))
                .filter(move |it| {
                    let new = Member::get(cx.new, &it.object.key);
                    new.and_then(|it| it.whole()) != Some(&whole.object.key)
                })
        })
        .map(|it| it.object.key.clone())
        .collect()
}

/// The index of the old schema, attached like a new constraint's, that can become the constraint's.
pub(super) fn predecessor<'a>(constraint: &Object, cx: &Cx<'a>) -> Option<&'a Object> {
    let it = Member::new(constraint)?;
    let same = |other: &Member<'_>| {
        let attached = other.whole().is_some() && other.whole() == it.whole();
        attached && matches!(other.sort, Sort::Index(_))
    };
    Member::on(cx.old, it.table()?).find(same).map(|it| it.object)
}

/// The constraint of the new schema, attached like an old index, that it can become the index of.
pub(super) fn successor<'a>(index: &Object, cx: &Cx<'a>) -> Option<&'a Object> {
    let to = Member::new(index)?.whole()?;
    let same =
        |other: &Member<'_>| matches!(other.sort, Sort::Constraint(_)) && other.whole() == Some(to);
    Member::on(cx.new, index.parent.as_ref()?).find(same).map(|it| it.object)
}
