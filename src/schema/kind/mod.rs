//! The kinds of objects: one file for each, all registered in one list.
//!
//! A kind's file holds, in this order: its spec (attributes only), its catalog query, `read`,
//! `address`, `create`, `alter`, `drop`, `respond`, helpers, tests. To add a kind: copy the nearest
//! neighbour, add its `mod` line and its entry in [`KINDS`], and cases under `tests/corpus/`.
//!
//! Kinds never run anything and never look at the order of a plan: they say what they are, what
//! one change of them takes, and how they answer when something that they need changes
//! ([`Kind::respond`]). The planner does the rest, the same way for all.

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

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

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

use super::{
    Digest, Key, KeyMap, KindId, Meta, Obj, Object, Snapshot, Spec, Step,
    mention::Mention,
    object::{Address, Found},
};

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

/// What DDL calls an object: `TABLE public.account`, `CONSTRAINT c ON public.account`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `TABLE`, `MATERIALIZED VIEW`.
    pub noun: &'static str,
    /// `public.account`, `c ON public.account`, `public.f(integer)`.
    pub name: String,
}

impl Call {
    /// Makes one.
    pub fn new(noun: &'static str, name: impl Into<String>) -> Self {
        Self { noun, name: name.into() }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.noun, self.name)
    }
}

/// What rights are granted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTarget {
    /// The letter of `acldefault`: `r` table, `c` column, `s` sequence, `f` function, `T` type,
    /// `n` schema, `l` language, `F` foreign-data wrapper, `S` server.
    pub class: char,
    /// What stands after ON: `TABLE public.account`. For a column, its table's.
    pub on: String,
    /// The column, quoted, for rights on a column: `SELECT (email)`.
    pub column: Option<String>,
}

/// What turns an old object into a new one.
#[derive(Debug)]
pub enum Alter {
    /// These steps; nothing that depends on it notices.
    InPlace(Vec<Step>),
    /// These steps, and what depends on it is asked how it answers to the change.
    Around(Vec<Step>, Change),
    /// It must be dropped and made again (or swapped, where it holds data).
    Replace,
    /// So must the whole that it is part of.
    ReplaceParent,
}

/// What happened to something that others depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is dropped for good.
    Gone,
    /// It is dropped and made again.
    Replaced,
    /// The old one was renamed, a new one was made beside it, the old one is dropped at the end.
    Swapped,
    /// A column's type changes (or an attribute's).
    Retyped {
        /// Only the type modifier or the like changed, and PostgreSQL keeps indexes and checks:
        /// `varchar(10)` to `varchar(20)`.
        compatible: bool,
    },
    /// It changes in place in a way that those which have its shape built in must be made again:
    /// a view whose columns change.
    Reshaped,
}

/// Something that an object needs, and what happens to it.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    /// As it was.
    pub old: &'a Object,
    /// As it will be; none when it goes.
    pub new: Option<&'a Object>,
    /// What happens.
    pub change: Change,
}

/// How an object answers when something that it needs changes.
#[derive(Debug)]
pub enum Response {
    /// It stays as it is; PostgreSQL takes care.
    Stay,
    /// It is dropped before and made again after.
    Rebuild,
    /// The same for what it stands on: an attribute whose composite type must be made again.
    RebuildParent,
    /// It takes these steps after the change (before the drop, when what it needed goes), and
    /// those that depend on it are asked in turn if it changes so itself.
    Adapt(Vec<Step>, Option<Change>),
    /// It lets go of what is dropped by the first steps, and takes up what is made again by the
    /// second: a domain's default that calls a function.
    Detach(Vec<Step>, Vec<Step>),
}

/// How an object with contents is exchanged for another of its name.
#[derive(Debug, Default)]
pub struct Swap {
    /// Renames the old one.
    pub aside: Vec<Step>,
    /// Takes the contents over, after the new one is built; may be empty.
    pub carry: Vec<Step>,
    /// What must be built before `carry` can run: the partitions that take the rows up.
    pub carry_after: Vec<Key>,
    /// What must not be dropped before `carry` has run: the partitions that hold the rows.
    pub carry_before: Vec<Key>,
    /// What the old one stands under no more once it stepped aside: its parts need nothing of that
    /// any longer.
    pub severs: Vec<Key>,
    /// Drops the old one under its temporary name.
    pub drop: Vec<Step>,
}

/// A name in a namespace that several kinds share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// "relation" (tables, views, sequences, indexes, composite types), "type", "routine",
    /// "constraint" (on a relation).
    pub space: &'static str,
    /// The name within: schema and name, relation where it matters.
    pub name: Vec<String>,
}

impl Slot {
    /// Makes one.
    pub fn new<const N: usize>(space: &'static str, name: [&str; N]) -> Self {
        Self { space, name: name.map(str::to_owned).to_vec() }
    }
}

/// What the functions of a kind may look at.
#[derive(Clone, Copy)]
pub struct Cx<'a> {
    /// The schema that the plan starts from.
    pub old: &'a Snapshot,
    /// The schema that it leads to.
    pub new: &'a Snapshot,
    /// Changes to existing tables take the form that lets others work meanwhile
    /// (`CONCURRENTLY`, `NOT VALID` and `VALIDATE`).
    pub online: bool,
    /// Relations whose changes take the direct form all the same.
    pub direct: &'a BTreeSet<Key>,
    /// Tells which objects are built by this plan; see [`Cx::fresh`].
    pub(crate) built: &'a (dyn Fn(&Key) -> bool + Sync),
    /// What was found out under these very circumstances.
    pub(crate) memo: &'a Memo,
}

/// Answers about one object that are asked for again by many: about the index of a partitioned table
/// by each of its partitions' indexes.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<KeyMap<bool>>);

impl Memo {
    /// The answer about an object, worked out once. There is one question only that is worth it.
    pub(crate) fn recall(&self, key: &Key, work_out: impl FnOnce() -> bool) -> bool {
        let answers = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It is let go of while others are asked.
        let known = answers().get(key).copied();
        known.unwrap_or_else(|| {
            let answer = work_out();
            answers().insert(key.clone(), answer);
            answer
        })
    }
}

/// No relation.
pub static NONE: BTreeSet<Key> = BTreeSet::new();

impl Cx<'_> {
    /// Whether this plan itself makes the object (usually a table), so that nobody can be using
    /// it yet and the direct form is right. Known for certain in `create` and `drop`; in `alter`
    /// and `respond` only for what the old schema has not.
    pub fn fresh(&self, key: &Key) -> bool {
        !self.old.contains(key) || (self.built)(key)
    }

    /// Whether the online form should be used for a change to `relation`.
    pub fn careful(&self, relation: &Key) -> bool {
        self.online && !self.direct.contains(relation) && !self.fresh(relation)
    }

    /// `server_version_num` of the server that the plan is for.
    pub fn version(&self) -> u32 {
        self.old.version
    }
}

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
struct Erased<K>(PhantomData<fn() -> K>);

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
