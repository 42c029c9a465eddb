//! The kinds of objects: one file for each, all registered in one list.
//!
//! A kind's file holds, in this order: its spec (attributes only), its catalog query, `read`,
//! `address`, `create`, `alter`, `drop`, `respond`, helpers, tests. To add a kind: copy the nearest
//! neighbour, add its `mod` line and its entry in [`KINDS`], and cases under `tests/corpus/`.
//!
//! Kinds never run anything and never look at the order of a plan: they say what they are, what
//! one change of them takes, and how they answer when something that they need changes
//! ([`Kind::respond`]). The planner does the rest, the same way for all.

// What every kind has to do with.
mod answer;
mod any;
mod cx;

// Tables and what they are made of.
mod column;
mod column_default;
mod identity;
mod inheritance;
mod lineage;
mod partition;
mod table;
mod view_column;

// Constraints, indexes, sequences.
mod backing;
mod constraint;
mod constraint_state;
mod foreign_key;
mod index;
mod index_text;
mod index_tree;
mod index_use;
mod owned_by;
mod sequence;
mod statistics;
mod succession;

// Routines, views, triggers, policies.
mod aggregate;
mod event_trigger;
mod matview;
mod policy;
mod relation;
mod routine;
mod rule;
mod trigger;
mod view;

// Types, operators and what belongs to them.
mod access_method;
mod cast;
mod collation;
mod conversion;
mod domain_constraint;
mod language;
mod operator;
mod operator_class;
mod operator_family;
mod transform;
pub mod types;

// What several of them share.
mod carry;
mod shared;

// Everything around: extensions, foreign data, publications, text search, grants by default.
mod default_privileges;
mod extension;
mod foreign_data_wrapper;
mod installed_object;
mod namespace;
mod publication;
mod publication_member;
mod server;
mod subscription;
mod text_search_configuration;
mod text_search_dictionary;
mod text_search_parser;
mod text_search_template;
mod user_mapping;

use std::{borrow::Cow, collections::HashMap, marker::PhantomData, sync::LazyLock};

use tokio_postgres::Row;

// Tables and what they are made of.
pub use self::{
    column::Column, column_default::ColumnDefault, identity::Identity, inheritance::Inheritance,
    partition::Partition, table::Table, view_column::ViewColumn,
};

// Constraints, indexes, sequences.
pub use self::{
    backing::{Attached, Storage},
    constraint::Constraint,
    foreign_key::ForeignKey,
    index::Index,
    index_use::{Cluster, ReplicaIdentity},
    owned_by::OwnedBy,
    sequence::Sequence,
    statistics::Statistics,
};

// Routines, views, triggers, policies.
pub use self::{
    aggregate::Aggregate,
    event_trigger::EventTrigger,
    matview::MaterializedView,
    policy::Policy,
    routine::{Function, Procedure},
    rule::Rule,
    trigger::{PartitionTrigger, Trigger},
    view::View,
};

// Types, operators and what belongs to them.
pub use self::{
    access_method::AccessMethod, cast::Cast, collation::Collation, conversion::Conversion,
    domain_constraint::DomainConstraint, language::Language, operator::Operator,
    operator_class::OperatorClass, operator_family::OperatorFamily, transform::Transform,
    types::Type,
};

// Everything around.
pub use self::{
    default_privileges::{DefaultPrivileges, InForce, defaults_in_force},
    extension::Extension,
    foreign_data_wrapper::ForeignDataWrapper,
    installed_object::InstalledObject,
    namespace::Namespace,
    publication::Publication,
    publication_member::{PublicationSchema, PublicationTable},
    server::Server,
    subscription::Subscription,
    text_search_configuration::TextSearchConfiguration,
    text_search_dictionary::TextSearchDictionary,
    text_search_parser::TextSearchParser,
    text_search_template::TextSearchTemplate,
    user_mapping::UserMapping,
};

// What the planner asks a kind, and what it is told.
pub(crate) use self::cx::Memo;
pub use self::{
    answer::{Alter, Call, Cause, Change, GrantTarget, Response, Slot, Swap},
    any::{AnyKind, Filed},
    cx::{Cx, NONE},
};

use self::any::Erased;
use super::{Key, KindId, Obj, Snapshot, Spec, Step, object::Found};

/// Every kind there is. The order has no meaning.
pub static KINDS: &[&dyn AnyKind] = &[
    // Tables and what they are made of.
    &Erased::<Table>(PhantomData),
    &Erased::<Column>(PhantomData),
    &Erased::<ColumnDefault>(PhantomData),
    &Erased::<Identity>(PhantomData),
    &Erased::<Partition>(PhantomData),
    &Erased::<Inheritance>(PhantomData),
    &Erased::<ViewColumn>(PhantomData),
    // Constraints, indexes, sequences.
    &Erased::<Constraint>(PhantomData),
    &Erased::<ForeignKey>(PhantomData),
    &Erased::<Index>(PhantomData),
    &Erased::<Cluster>(PhantomData),
    &Erased::<ReplicaIdentity>(PhantomData),
    &Erased::<Statistics>(PhantomData),
    &Erased::<Sequence>(PhantomData),
    &Erased::<OwnedBy>(PhantomData),
    // Routines, views, triggers, policies.
    &Erased::<Function>(PhantomData),
    &Erased::<Procedure>(PhantomData),
    &Erased::<Aggregate>(PhantomData),
    &Erased::<View>(PhantomData),
    &Erased::<MaterializedView>(PhantomData),
    &Erased::<Rule>(PhantomData),
    &Erased::<Trigger>(PhantomData),
    &Erased::<PartitionTrigger>(PhantomData),
    &Erased::<EventTrigger>(PhantomData),
    &Erased::<Policy>(PhantomData),
    // Types, operators and what belongs to them.
    &Erased::<AccessMethod>(PhantomData),
    &Erased::<Cast>(PhantomData),
    &Erased::<Collation>(PhantomData),
    &Erased::<Conversion>(PhantomData),
    &Erased::<DomainConstraint>(PhantomData),
    &Erased::<Language>(PhantomData),
    &Erased::<Operator>(PhantomData),
    &Erased::<OperatorClass>(PhantomData),
    &Erased::<OperatorFamily>(PhantomData),
    &Erased::<Transform>(PhantomData),
    &Erased::<Type>(PhantomData),
    // Everything around.
    &Erased::<Namespace>(PhantomData),
    &Erased::<Extension>(PhantomData),
    &Erased::<ForeignDataWrapper>(PhantomData),
    &Erased::<Server>(PhantomData),
    &Erased::<UserMapping>(PhantomData),
    &Erased::<TextSearchParser>(PhantomData),
    &Erased::<TextSearchTemplate>(PhantomData),
    &Erased::<TextSearchDictionary>(PhantomData),
    &Erased::<TextSearchConfiguration>(PhantomData),
    &Erased::<Publication>(PhantomData),
    &Erased::<PublicationTable>(PhantomData),
    &Erased::<PublicationSchema>(PhantomData),
    &Erased::<Subscription>(PhantomData),
    &Erased::<DefaultPrivileges>(PhantomData),
    &Erased::<InstalledObject>(PhantomData),
];

/// A kind of object.
///
/// # What a kind must promise
///
/// - `QUERY` returns its user objects in all schemas but `pg_*` and `information_schema`, members
///   of extensions included (the loader knows them and leaves them to their extension), and its
///   text does not depend on the session: the loader sets `search_path` to `pg_catalog`, so that
///   `pg_get_*def` and `format_type` qualify every name.
/// - The spec holds attributes only: no name that the key has already, no OID, no text that is
///   equal to another only by chance. Two databases built from the same script give equal specs.
/// - `create` of a spec that was read gives the same spec again, on every supported version.
pub trait Kind: Send + Sync + 'static {
    /// Its attributes.
    type Spec: Spec;

    /// Its tag, which people read too: "table", "text search dictionary".
    const ID: KindId;
    /// The catalog its objects' own addresses stand in ("`pg_class`").
    const CATALOG: &'static str;
    /// Where it stands among builds when nothing else decides, as in `pg_dump_sort.c`: schemas 10,
    /// types 40, functions 60, sequences 90, tables 100, defaults 110, constraints 120, indexes
    /// 140, foreign keys 160, triggers 180, policies 190, grants by default 900. Drops go the
    /// other way round.
    const WEIGHT: u16;
    /// Dropping one loses rows or values: never done to satisfy order.
    const DATA: bool = false;
    /// Goes when its parent goes: no drop of its own is needed then.
    const DIES_WITH_PARENT: bool = false;
    /// Is built in the statement that builds its parent (its steps give an `inside`).
    const FOLDS: bool = false;
    /// May be built after its parent, and dropped before it, to break a circle.
    const DETACHABLE: bool = false;
    /// It says how new objects begin, so that it changes only when all others are made.
    const CONCERNS_NEW: bool = false;
    /// PostgreSQL refuses to change the type of a column while one of these depends on it (views,
    /// rules, policies, triggers with WHEN, …): it steps aside and comes back.
    const PINS: bool = false;

    /// Made and dropped by the statements of its parent (a view's column): what it needs, its
    /// parent needs too.
    const PART: bool = false;

    /// Whether this one is built in the statement that builds its parent, where [`Kind::FOLDS`] is
    /// not true of all: what a partition has from the whole table comes with its attachment.
    fn folds(_it: Obj<'_, Self::Spec>) -> bool {
        Self::FOLDS
    }

    /// Whether dropping this one loses rows or values, where [`Kind::DATA`] is not true of all: a
    /// generated column and a foreign table hold none.
    fn holds_data(_it: Obj<'_, Self::Spec>) -> bool {
        Self::DATA
    }

    /// The only SQL that reads this kind. `version` is `server_version_num`.
    fn query(version: u32) -> Cow<'static, str>;

    /// Reads one row.
    fn read(row: &Row) -> Result<Found<Self::Spec>, tokio_postgres::Error>;

    /// What DDL calls it: noun and name after `DROP`, `COMMENT ON`, `ALTER … OWNER TO`.
    fn address(it: Obj<'_, Self::Spec>) -> Call;

    /// What `GRANT … ON` calls it, with the letter that `acldefault` knows it by; none where the
    /// kind has no rights. By default what `address` says, with the given letter.
    fn grants(_it: Obj<'_, Self::Spec>) -> Option<GrantTarget> {
        None
    }

    /// The statements that make it, without owner, comment and grants (the planner adds those).
    fn create(new: Obj<'_, Self::Spec>, cx: &Cx<'_>) -> Vec<Step>;

    /// The comment that its creation gives it.
    fn first_comment(_new: Obj<'_, Self::Spec>) -> Option<String> {
        None
    }

    /// What turns the old one into the new one; called when the specs differ.
    fn alter(_old: Obj<'_, Self::Spec>, _new: Obj<'_, Self::Spec>, _cx: &Cx<'_>) -> Alter {
        Alter::Replace
    }

    /// The statements that drop it.
    fn drop(old: Obj<'_, Self::Spec>, _cx: &Cx<'_>) -> Vec<Step> {
        let call = Self::address(old);
        let step = Step::new(&old.key, format!("DROP {call}"));
        vec![if Self::DATA { step.loses(format!("{}", old.key)) } else { step }]
    }

    /// What the plan drops that takes this one along, beyond what the catalogs say: the column of
    /// a parent that stays above takes the partitions' columns along. Asked when it is to go.
    fn goes_along(_old: Obj<'_, Self::Spec>, _cx: &Cx<'_>) -> Option<Key> {
        None
    }

    /// What has to go with it, though it stays, and comes again: PostgreSQL lets go of an attached
    /// index only together with the index of the partitioned table.
    fn held_by(_old: Obj<'_, Self::Spec>, _cx: &Cx<'_>) -> Option<Key> {
        None
    }

    /// What the plan drops that frees it of `need`, so that its own change need not come first: a
    /// column is tied to its parent's only while its table has its place there.
    fn freed_by(_old: Obj<'_, Self::Spec>, _need: &Key, _cx: &Cx<'_>) -> Option<Key> {
        None
    }

    /// What it shares with others of its kind, of which none may come while one is there that goes:
    /// the values that a partitioned table spreads over its partitions.
    fn shares(_it: Obj<'_, Self::Spec>) -> Option<Slot> {
        None
    }

    /// What has to step aside before it is built or changed, and comes again after it if it stays:
    /// PostgreSQL would take it for something else.
    fn in_the_way(_new: Obj<'_, Self::Spec>, _cx: &Cx<'_>) -> Vec<Key> {
        Vec::new()
    }

    /// What is built or changed only after this one, though it does not need it: a table that has
    /// its indexes takes its place under another with them.
    fn ahead_of(_new: Obj<'_, Self::Spec>, _cx: &Cx<'_>) -> Vec<Key> {
        Vec::new()
    }

    /// How it answers when something that it needed in the old schema changes. `new` is none when
    /// it is to go anyway; then nobody asks.
    fn respond(
        _old: Obj<'_, Self::Spec>,
        _new: Obj<'_, Self::Spec>,
        cause: &Cause<'_>,
        _cx: &Cx<'_>,
    ) -> Response {
        match cause.change {
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            Change::Retyped { .. } | Change::Reshaped if Self::PINS => Response::Rebuild,
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    /// The names it takes up, beside its own key, in namespaces that kinds share: what leaves such
    /// a name is dropped before what comes to it is built.
    fn occupies(_it: Obj<'_, Self::Spec>) -> Vec<Slot> {
        Vec::new()
    }

    /// Whose owner is its owner too: PostgreSQL changes both together, and refuses to change this one
    /// alone. A sequence follows the table of the column that owns it.
    fn owner_follows(_it: Obj<'_, Self::Spec>, _schema: &Snapshot) -> Option<Key> {
        None
    }

    /// Steps aside with its contents under the name `temporary`, so that a new one can be built
    /// beside it and take the contents over; none where PostgreSQL cannot.
    fn swap(
        _old: Obj<'_, Self::Spec>,
        _new: Obj<'_, Self::Spec>,
        _temporary: &str,
        _cx: &Cx<'_>,
    ) -> Option<Swap> {
        None
    }

    /// The statement that renames it to the name in `to`, or moves it to the schema in `to`; none
    /// where PostgreSQL cannot.
    fn rename(_it: Obj<'_, Self::Spec>, _to: &Key) -> Option<Vec<Step>> {
        None
    }

    /// Names within it that are no objects of their own and can be changed in place, in their order:
    /// the values of an enum.
    fn names_within(_it: Obj<'_, Self::Spec>) -> Vec<String> {
        Vec::new()
    }

    /// The statement that renames one of [`Kind::names_within`].
    fn rename_within(_it: Obj<'_, Self::Spec>, _from: &str, _to: &str) -> Option<Step> {
        None
    }

    /// A statement that makes something of its name and shape which needs nothing else, and that
    /// `create` can replace in place: for views and functions that need each other.
    fn stub(_new: Obj<'_, Self::Spec>, _cx: &Cx<'_>) -> Option<Vec<Step>> {
        None
    }
}

/// The kind with this tag.
///
/// # Panics
///
/// When no such kind is registered, which a key that was read cannot show.
pub fn kind(id: KindId) -> &'static dyn AnyKind {
    static BY_ID: LazyLock<HashMap<KindId, &'static dyn AnyKind>> =
        LazyLock::new(|| KINDS.iter().map(|kind| (kind.id(), *kind)).collect());
    *BY_ID.get(&id).expect("keys are made by registered kinds")
}
