//! What a database contains: objects of many kinds, as plain values that can be compared.
//!
//! A [`Snapshot`] is a sorted list of [`Object`]s, each with a [`Key`] (what it is called), a spec
//! (its attributes, a type of its kind's own), a [`Meta`] (owner, comment, grants: what every kind
//! has alike) and the keys it needs. Everything that is particular to a kind of object - the
//! catalog query, the attributes, the DDL - stands in that kind's file below [`kind`].
//!
//! Nothing here runs a query: `catalog` does, with the queries of the kinds.

pub mod acl;
pub mod cast;
pub mod diff;
mod digest;
pub mod fact;
pub mod foreign;
pub mod grant;
pub mod key;
pub mod kind;
mod links;
pub mod mention;
pub mod object;
pub mod options;
pub mod snapshot;
pub mod sql;
pub mod step;

pub use self::{
    acl::Acl,
    diff::{Delta, diff},
    digest::Digest,
    key::{Key, KeyMap, KeySet, KindId, Name},
    kind::{AnyKind, KINDS, Kind},
    object::{Found, Meta, Obj, Object, Spec},
    options::Options,
    snapshot::Snapshot,
    step::{Body, Run, Step},
};
