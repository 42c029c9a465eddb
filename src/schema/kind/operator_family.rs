//! Operator families, with the members that belong to none of their operator classes.

use std::{
    borrow::Cow,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Serialize};
use tokio_postgres::{Row, types::Json};

use super::{
    AccessMethod, Alter, Call, Cause, Cx, Kind, Namespace, Response,
    shared::{rebuild_or_let_go, rename},
};
use crate::schema::{Found, Key, KindId, Name, Obj, Step, object::Address};

/// An operator family.
#[derive(Debug)]
pub struct OperatorFamily;

/// Attributes of an operator family.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Members that hang on the family itself.
    #[serde(flatten)]
    pub members: Members,
}

/// Operators and functions of a family or a class, in the order in which they were added; the
/// order is no attribute.
#[derive(Clone, Debug, Serialize)]
pub struct Members {
    /// The operators.
    pub operators: Vec<OperatorMember>,
    /// The support functions.
    pub functions: Vec<FunctionMember>,
}

/// An operator of a family.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OperatorMember {
    /// The number of its strategy.
    pub strategy: i16,
    /// The type of its left argument.
    pub left: String,
    /// The type of its right argument.
    pub right: String,
    /// The operator as `regoperator` prints it.
    pub operator: String,
    /// The family that sorts its results, for one that orders instead of selecting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
}

/// A support function of a family.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FunctionMember {
    /// The number of what it is for.
    pub number: i16,
    /// The first type it is for.
    pub left: String,
    /// The second type it is for.
    pub right: String,
    /// The function as `regprocedure` prints it.
    pub function: String,
}

/// Addresses of the members' own rows: class and row of each.
pub(super) type MemberRows = (Vec<u32>, Vec<u32>);

impl Members {
    /// The columns that read the members which hang on the row `owner` of `catalog` in the family
    /// `family` (SQL expressions): operators, functions, and the addresses of all.
    pub(super) fn columns(catalog: &str, owner: &str, family: &str) -> String {
        let hangs = |members: &str, row: &str| {
            format!(
                "EXISTS (SELECT 1 FROM pg_depend d
                          WHERE d.classid = '{members}'::regclass AND d.objid = {row}.oid
                            AND d.refclassid = '{catalog}'::regclass AND d.refobjid = {owner})"
            )
        };
        let (operators, functions) = (hangs("pg_amop", "m"), hangs("pg_amproc", "m"));
        format!(
            "(SELECT coalesce(json_agg(json_build_object('strategy', m.amopstrategy,
                         'left', format_type(m.amoplefttype, NULL), 'right', format_type(m.amoprighttype, NULL),
                         'operator', m.amopopr::regoperator::text,
                         'order_by', quote_ident(sn.nspname) || '.' || quote_ident(sf.opfname))
                         ORDER BY m.amopstrategy, m.oid), '[]'::json)
                FROM pg_amop m
                LEFT JOIN pg_opfamily sf ON sf.oid = m.amopsortfamily
                LEFT JOIN pg_namespace sn ON sn.oid = sf.opfnamespace
               WHERE m.amopfamily = {family} AND {operators}) AS operators,
             (SELECT coalesce(json_agg(json_build_object('number', m.amprocnum,
                         'left', format_type(m.amproclefttype, NULL), 'right', format_type(m.amprocrighttype, NULL),
                         'function', m.amproc::regprocedure::text)
                         ORDER BY m.amprocnum, m.oid), '[]'::json)
                FROM pg_amproc m
               WHERE m.amprocfamily = {family} AND {functions}) AS functions,
             ARRAY(SELECT m.tableoid FROM pg_amop m WHERE m.amopfamily = {family} AND {operators}
                   UNION ALL
                   SELECT m.tableoid FROM pg_amproc m WHERE m.amprocfamily = {family} AND {functions})
                AS member_classes,
             ARRAY(SELECT m.oid FROM pg_amop m WHERE m.amopfamily = {family} AND {operators}
                   UNION ALL
                   SELECT m.oid FROM pg_amproc m WHERE m.amprocfamily = {family} AND {functions})
                AS member_oids"
        )
    }

    pub(super) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let Json(operators) = row.try_get("operators")?;
        let Json(functions) = row.try_get("functions")?;
        Ok(Self { operators, functions })
    }

    /// Lets the members' addresses stand for what they belong to.
    pub(super) fn claim<S>(row: &Row, found: Found<S>) -> Result<Found<S>, tokio_postgres::Error> {
        let (classes, oids): MemberRows =
            (row.try_get("member_classes")?, row.try_get("member_oids")?);
        Ok(classes
            .into_iter()
            .zip(oids)
            .fold(found, |found, (class, oid)| found.also(Some(Address::new(class, oid)))))
    }

    /// The members as they stand in `CREATE OPERATOR CLASS` and `ALTER OPERATOR FAMILY … ADD`.
    pub(super) fn items(&self) -> Vec<String> {
        let operators = self.operators.iter().map(OperatorMember::item);
        operators.chain(self.functions.iter().map(FunctionMember::item)).collect()
    }

    fn sorted(&self) -> (Vec<&OperatorMember>, Vec<&FunctionMember>) {
        let mut operators: Vec<_> = self.operators.iter().collect();
        let mut functions: Vec<_> = self.functions.iter().collect();
        operators.sort();
        functions.sort();
        (operators, functions)
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.sorted() == other.sorted()
    }
}

impl Hash for Members {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sorted().hash(state);
    }
}

impl OperatorMember {
    fn item(&self) -> String {
        let Self { strategy, operator, order_by, .. } = self;
        let order_by = order_by.as_ref().map(|f| format!(" FOR ORDER BY {f}")).unwrap_or_default();
        format!("OPERATOR {strategy} {operator}{order_by}")
    }
}

impl FunctionMember {
    fn item(&self) -> String {
        let Self { number, left, right, function } = self;
        format!("FUNCTION {number} ({left}, {right}) {function}")
    }
}

impl Kind for OperatorFamily {
    type Spec = Spec;

    const ID: KindId = KindId("operator family");
    const CATALOG: &'static str = "pg_opfamily";
    const WEIGHT: u16 = 68;

    fn query(_: u32) -> Cow<'static, str> {
        format!(
            "SELECT f.tableoid, f.oid, n.nspname::text, f.opfname::text, a.amname::text, r.rolname::text,
                    {}
               FROM pg_opfamily f
               JOIN pg_namespace n ON n.oid = f.opfnamespace
               JOIN pg_am a ON a.oid = f.opfmethod
               JOIN pg_roles r ON r.oid = f.opfowner
              WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            Members::columns("pg_opfamily", "f.oid", "f.oid")
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let name = Name::ForMethod {
            schema: row.try_get(2)?,
            name: row.try_get(3)?,
            method: row.try_get(4)?,
        };
        let spec = Spec { members: Members::read(row)? };
        let found = Found::new(at, Key::new(Self::ID, name), spec).owner(row.try_get(5)?);
        Members::claim(row, found)
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("OPERATOR FAMILY", for_method(&it.key))
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { members } = new.spec;
        let address = Self::address(new);
        let mut steps = vec![Step::new(&new.key, format!("CREATE {address}"))];
        steps.extend(add(new, members));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { members } = new.spec;
        let before = &old.spec.members;
        let gone = Members {
            operators: new_ones(&members.operators, &before.operators),
            functions: new_ones(&members.functions, &before.functions),
        };
        let added = Members {
            operators: new_ones(&before.operators, &members.operators),
            functions: new_ones(&before.functions, &members.functions),
        };
        Alter::InPlace(remove(new, &gone).into_iter().chain(add(new, &added)).collect())
    }

    fn respond(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, cx: &Cx<'_>) -> Response {
        match rebuild_or_let_go::<Self>(old, new, cause, cx) {
            // What it needs, but for its schema and access method, its loose members need.
            Response::Rebuild
                if old.spec == new.spec
                    && ![Namespace::ID, AccessMethod::ID].contains(&cause.old.key.kind()) =>
            {
                let before = remove(old, &old.spec.members).into_iter().collect();
                Response::Detach(before, add(new, &new.spec.members).into_iter().collect())
            }
            response => response,
        }
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        Some(rename(&it.key, &Self::address(it), to))
    }
}

/// `public.name USING btree`.
pub(super) fn for_method(key: &Key) -> String {
    match key.name() {
        Name::ForMethod { method, .. } => {
            format!("{} USING {}", key.sql(), crate::schema::sql::ident(method))
        }
        _ => key.sql(),
    }
}

fn add(family: Obj<'_, Spec>, members: &Members) -> Option<Step> {
    change(family, "ADD", &members.items())
}

/// Members are taken away by their places.
fn remove(family: Obj<'_, Spec>, members: &Members) -> Option<Step> {
    let operators = members.operators.iter();
    let operators = operators.map(|m| format!("OPERATOR {} ({}, {})", m.strategy, m.left, m.right));
    let functions = members.functions.iter();
    let functions = functions.map(|m| format!("FUNCTION {} ({}, {})", m.number, m.left, m.right));
    change(family, "DROP", &operators.chain(functions).collect::<Vec<_>>())
}

fn change(family: Obj<'_, Spec>, verb: &str, items: &[String]) -> Option<Step> {
    let address = OperatorFamily::address(family);
    (!items.is_empty()).then(|| {
        Step::new(&family.key, format!("ALTER {address} {verb}\n    {}", items.join(",\n    ")))
    })
}

/// The members of `new` that `old` has not.
fn new_ones<T: Clone + PartialEq>(old: &[T], new: &[T]) -> Vec<T> {
    new.iter().filter(|m| !old.contains(m)).cloned().collect()
}
