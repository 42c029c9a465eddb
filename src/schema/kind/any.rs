//! All kinds behind one face, so that nobody but a kind itself needs to know which it is.

use std::{borrow::Cow, collections::BTreeSet, marker::PhantomData, sync::Arc};

use tokio_postgres::Row;

use super::{Alter, Call, Cause, Cx, GrantTarget, Kind, Response, Slot, Swap};
use crate::schema::{
    Digest, Key, KindId, Meta, Obj, Object, Snapshot, Step,
    mention::Mention,
    object::{Address, Found},
};

/// The object-safe face of a kind.
pub trait AnyKind: Send + Sync {
    /// [`Kind::ID`].
    fn id(&self) -> KindId;
    /// [`Kind::CATALOG`].
    fn catalog(&self) -> &'static str;
    /// [`Kind::WEIGHT`].
    fn weight(&self) -> u16;
    /// [`Kind::DATA`].
    fn data(&self) -> bool;
    /// [`Kind::holds_data`].
    fn holds_data(&self, it: &Object) -> bool;
    /// [`Kind::PART`].
    fn part(&self) -> bool;
    /// [`Kind::DIES_WITH_PARENT`].
    fn dies_with_parent(&self) -> bool;
    /// [`Kind::folds`].
    fn folds(&self, it: &Object) -> bool;
    /// [`Kind::DETACHABLE`].
    fn detachable(&self) -> bool;
    /// [`Kind::CONCERNS_NEW`].
    fn concerns_new(&self) -> bool;
    /// [`Kind::query`].
    fn query(&self, version: u32) -> Cow<'static, str>;
    /// Reads one row into an object (its comment and most of its needs are not known yet) and its
    /// addresses.
    fn read(&self, row: &Row) -> Result<Filed, tokio_postgres::Error>;
    /// [`Kind::address`].
    fn address(&self, it: &Object) -> Call;
    /// [`Kind::grants`].
    fn grants(&self, it: &Object) -> Option<GrantTarget>;
    /// [`Kind::create`].
    fn create(&self, new: &Object, cx: &Cx<'_>) -> Vec<Step>;
    /// [`Kind::first_comment`].
    fn first_comment(&self, new: &Object) -> Option<String>;
    /// [`Kind::alter`].
    fn alter(&self, old: &Object, new: &Object, cx: &Cx<'_>) -> Alter;
    /// [`Kind::drop`].
    fn drop(&self, old: &Object, cx: &Cx<'_>) -> Vec<Step>;
    /// [`Kind::goes_along`].
    fn goes_along(&self, old: &Object, cx: &Cx<'_>) -> Option<Key>;
    /// [`Kind::held_by`].
    fn held_by(&self, old: &Object, cx: &Cx<'_>) -> Option<Key>;
    /// [`Kind::freed_by`].
    fn freed_by(&self, old: &Object, need: &Key, cx: &Cx<'_>) -> Option<Key>;
    /// [`Kind::shares`].
    fn shares(&self, it: &Object) -> Option<Slot>;
    /// [`Kind::in_the_way`].
    fn in_the_way(&self, new: &Object, cx: &Cx<'_>) -> Vec<Key>;
    /// [`Kind::ahead_of`].
    fn ahead_of(&self, new: &Object, cx: &Cx<'_>) -> Vec<Key>;
    /// [`Kind::respond`].
    fn respond(&self, old: &Object, new: &Object, cause: &Cause<'_>, cx: &Cx<'_>) -> Response;
    /// [`Kind::occupies`].
    fn occupies(&self, it: &Object) -> Vec<Slot>;
    /// [`Kind::owner_follows`].
    fn owner_follows(&self, it: &Object, schema: &Snapshot) -> Option<Key>;
    /// [`Kind::swap`].
    fn swap(&self, old: &Object, new: &Object, temporary: &str, cx: &Cx<'_>) -> Option<Swap>;
    /// [`Kind::rename`].
    fn rename(&self, it: &Object, to: &Key) -> Option<Vec<Step>>;
    /// [`Kind::names_within`].
    fn names_within(&self, it: &Object) -> Vec<String>;
    /// [`Kind::rename_within`].
    fn rename_within(&self, it: &Object, from: &str, to: &str) -> Option<Step>;
    /// [`Kind::stub`].
    fn stub(&self, new: &Object, cx: &Cx<'_>) -> Option<Vec<Step>>;
}

/// An object as it was read, and where the catalogs know it.
#[derive(Debug)]
pub struct Filed {
    /// [`Found::at`].
    pub at: Vec<Address>,
    /// [`Found::apart`].
    pub apart: Vec<Address>,
    /// [`Found::takes`].
    pub takes: Vec<Address>,
    /// [`Found::mentions`].
    pub mentions: BTreeSet<Mention>,
    /// [`Found::acl`].
    pub acl: Option<Vec<String>>,
    /// The object; its rights, its comment and most of its needs are not known yet.
    pub object: Object,
}

/// A kind behind its object-safe face; the only place of a downcast.
pub(super) struct Erased<K>(pub(super) PhantomData<fn() -> K>);

/// The object with its attributes in the kind's own type.
fn obj<K: Kind>(object: &Object) -> Obj<'_, K::Spec> {
    let spec = object.spec().expect("the registry pairs each kind with its own objects");
    Obj { object, spec }
}

impl<K: Kind> AnyKind for Erased<K> {
    fn id(&self) -> KindId {
        K::ID
    }

    fn catalog(&self) -> &'static str {
        K::CATALOG
    }

    fn weight(&self) -> u16 {
        K::WEIGHT
    }

    fn data(&self) -> bool {
        K::DATA
    }

    fn holds_data(&self, it: &Object) -> bool {
        K::holds_data(obj::<K>(it))
    }

    fn part(&self) -> bool {
        K::PART
    }

    fn dies_with_parent(&self) -> bool {
        K::DIES_WITH_PARENT
    }

    fn folds(&self, it: &Object) -> bool {
        K::folds(obj::<K>(it))
    }

    fn detachable(&self) -> bool {
        K::DETACHABLE
    }

    fn concerns_new(&self) -> bool {
        K::CONCERNS_NEW
    }

    fn query(&self, version: u32) -> Cow<'static, str> {
        K::query(version)
    }

    fn read(&self, row: &Row) -> Result<Filed, tokio_postgres::Error> {
        let found = K::read(row)?;
        let meta = Meta { owner: found.owner, ..Meta::default() };
        let object = Object {
            key: found.key,
            parent: found.parent,
            spec: Arc::new(found.spec),
            meta,
            needs: found.needs,
            goes_with: Vec::new(),
            wishes: found.wishes,
            ordinal: found.ordinal,
            digest: Digest::default(),
        };
        let Found { at, apart, takes, mentions, acl, .. } = found;
        Ok(Filed { at, apart, takes, mentions, acl, object })
    }

    fn address(&self, it: &Object) -> Call {
        K::address(obj::<K>(it))
    }

    fn grants(&self, it: &Object) -> Option<GrantTarget> {
        K::grants(obj::<K>(it))
    }

    fn create(&self, new: &Object, cx: &Cx<'_>) -> Vec<Step> {
        K::create(obj::<K>(new), cx)
    }

    fn first_comment(&self, new: &Object) -> Option<String> {
        K::first_comment(obj::<K>(new))
    }

    fn alter(&self, old: &Object, new: &Object, cx: &Cx<'_>) -> Alter {
        K::alter(obj::<K>(old), obj::<K>(new), cx)
    }

    fn drop(&self, old: &Object, cx: &Cx<'_>) -> Vec<Step> {
        K::drop(obj::<K>(old), cx)
    }

    fn goes_along(&self, old: &Object, cx: &Cx<'_>) -> Option<Key> {
        K::goes_along(obj::<K>(old), cx)
    }

    fn held_by(&self, old: &Object, cx: &Cx<'_>) -> Option<Key> {
        K::held_by(obj::<K>(old), cx)
    }

    fn freed_by(&self, old: &Object, need: &Key, cx: &Cx<'_>) -> Option<Key> {
        K::freed_by(obj::<K>(old), need, cx)
    }

    fn shares(&self, it: &Object) -> Option<Slot> {
        K::shares(obj::<K>(it))
    }

    fn in_the_way(&self, new: &Object, cx: &Cx<'_>) -> Vec<Key> {
        K::in_the_way(obj::<K>(new), cx)
    }

    fn ahead_of(&self, new: &Object, cx: &Cx<'_>) -> Vec<Key> {
        K::ahead_of(obj::<K>(new), cx)
    }

    fn respond(&self, old: &Object, new: &Object, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        K::respond(obj::<K>(old), obj::<K>(new), cause, cx)
    }

    fn occupies(&self, it: &Object) -> Vec<Slot> {
        K::occupies(obj::<K>(it))
    }

    fn owner_follows(&self, it: &Object, schema: &Snapshot) -> Option<Key> {
        K::owner_follows(obj::<K>(it), schema)
    }

    fn swap(&self, old: &Object, new: &Object, temporary: &str, cx: &Cx<'_>) -> Option<Swap> {
        K::swap(obj::<K>(old), obj::<K>(new), temporary, cx)
    }

    fn rename(&self, it: &Object, to: &Key) -> Option<Vec<Step>> {
        K::rename(obj::<K>(it), to)
    }

    fn names_within(&self, it: &Object) -> Vec<String> {
        K::names_within(obj::<K>(it))
    }

    fn rename_within(&self, it: &Object, from: &str, to: &str) -> Option<Step> {
        K::rename_within(obj::<K>(it), from, to)
    }

    fn stub(&self, new: &Object, cx: &Cx<'_>) -> Option<Vec<Step>> {
        K::stub(obj::<K>(new), cx)
    }
}
