//! How values get from a type that steps aside to the one that takes its name.
//!
//! Their text will do, as long as rows within them have the same columns in the same order. Where
//! those have changed, text would lead values to other columns, or to none: rows are put together
//! by the names of their columns then, by functions that are there for the one statement only.

use super::{
    Column, Cx, Kind, MaterializedView, Table, Type, View, column, types, view,
    view_column::ViewColumn,
};
use crate::schema::{Key, Object, Snapshot, Step, cast, sql::ident};

/// How the values of a column are carried over.
pub(super) struct Carry {
    /// Makes what the expression calls.
    pub(super) before: Vec<Step>,
    /// The new value.
    pub(super) expression: String,
    /// Drops it again.
    pub(super) after: Vec<Step>,
}

/// A column's name, and its type where that is known.
type Field<'a> = (&'a str, Option<&'a str>);

/// What a type is made of.
enum Shape<'a> {
    /// Columns in their order.
    Row(Vec<Field<'a>>),
    /// A domain's type.
    Over(&'a str),
    /// The type of a range's bounds.
    Between(&'a str),
    /// Nothing that has a shape.
    Plain,
}

/// A type in both schemas.
type Pair<'a> = (&'a Object, &'a Object);

/// Carries the values of a column from one type to another of the same name; `value` is the
/// column as SQL.
pub(super) fn carry(old: &Object, new: &Object, value: &str, r#type: &str, cx: &Cx<'_>) -> Carry {
    let mut carrier = Carrier { cx, functions: Vec::new() };
    let by_name = carrier.element((old, new), r#type).filter(|pair| carrier.is_moved(*pair));
    let expression = match by_name {
        Some(pair) => {
            let call = carrier.call(pair, value, r#type);
            // A domain takes what its type takes.
            format!("{call}::{type}")
        }
        None => cast::through_text(value, r#type),
    };
    let step = |sql: &String| Step::new(&new.key, sql.clone());
    let drop = |function: &Function| step(&format!("DROP FUNCTION {}", function.signature()));
    Carry {
        before: carrier.functions.iter().map(|function| step(&function.definition)).collect(),
        expression,
        after: carrier.functions.iter().rev().map(drop).collect(),
    }
}

struct Carrier<'a, 'c> {
    cx: &'c Cx<'a>,
    functions: Vec<Function>,
}

struct Function {
    /// The new type, and whether it takes arrays of it.
    of: (Key, bool),
    number: usize,
    definition: String,
}

impl Function {
    fn name(&self) -> String {
        name(self.number)
    }

    fn signature(&self) -> String {
        let argument = if self.of.1 { "anyarray" } else { "anyelement" };
        format!("{}({argument})", self.name())
    }
}

fn name(number: usize) -> String {
    format!("pg_temp.limbeck_carry_{number}")
}

impl<'a> Carrier<'a, '_> {
    /// The type named by `type` (or by an array's element) that two objects need, in both schemas.
    fn element(&self, owners: Pair<'a>, r#type: &str) -> Option<Pair<'a>> {
        let name = r#type.trim_end_matches("[]");
        let find = |schema: &'a Snapshot, owner: &Object| {
            let kinds = [Type::ID, Table::ID, View::ID, MaterializedView::ID];
            let mut needs = owner.needs.iter().filter(|need| kinds.contains(&need.kind()));
            needs.find(|need| need.sql() == name).and_then(|need| schema.get(need))
        };
        Some((find(self.cx.old, owners.0)?.as_ref(), find(self.cx.new, owners.1)?.as_ref()))
    }

    /// Whether rows somewhere within values of a type have other columns than before.
    fn is_moved(&self, (old, new): Pair<'a>) -> bool {
        match (shape(self.cx.old, old), shape(self.cx.new, new)) {
            (Shape::Row(a), Shape::Row(b)) => {
                let names =
                    |row: &[Field<'a>]| row.iter().map(|(name, _)| *name).collect::<Vec<_>>();
                let within = |(a, b): (&Field<'_>, &Field<'_>)| {
                    a.1.filter(|_| a.1 == b.1)
                        .and_then(|r#type| self.element((old, new), r#type))
                        .is_some_and(|pair| self.is_moved(pair))
                };
                names(&a) != names(&b) || a.iter().zip(&b).any(within)
            }
            (Shape::Over(a), Shape::Over(b)) | (Shape::Between(a), Shape::Between(b)) if a == b => {
                self.element((old, new), a).is_some_and(|pair| self.is_moved(pair))
            }
            _ => false,
        }
    }

    /// The call that carries a value of a type whose rows have moved.
    fn call(&mut self, pair: Pair<'a>, value: &str, r#type: &str) -> String {
        if r#type.ends_with("[]") {
            return format!("{}({value})", name(self.function(pair, true)));
        }
        match shape(self.cx.old, pair.0) {
            Shape::Over(base) => match self.element(pair, base) {
                Some(below) => self.call(below, value, base),
                None => value.to_owned(),
            },
            _ => format!("{}({value})", name(self.function(pair, false))),
        }
    }

    /// The function for a type, or for arrays of it.
    fn function(&mut self, pair: Pair<'a>, array: bool) -> usize {
        let (old, new) = pair;
        let of = (new.key.clone(), array);
        if let Some(function) = self.functions.iter().find(|function| function.of == of) {
            return function.number;
        }
        let r#type = new.key.sql();
        let definition = if array {
            let element = self.call(pair, "$1[i]", &r#type);
            format!(
                "(anyarray) RETURNS {type}[] LANGUAGE plpgsql STRICT AS $carry$\nBEGIN\n    IF \
                 array_ndims($1) > 1 OR array_lower($1, 1) <> 1 THEN\n        RAISE EXCEPTION 'an \
                 array with several dimensions or bounds of its own cannot be carried over';\n    \
                 END IF;\n    RETURN ARRAY(SELECT {element} FROM generate_subscripts($1, 1) AS i \
                 ORDER BY i);\nEND\n$carry$"
            )
        } else if let Shape::Between(bounds) = shape(self.cx.old, old) {
            let mut bound = |side: &str| {
                let value = format!("{side}($1)");
                match self.element(pair, bounds) {
                    Some(below) => self.call(below, &value, bounds),
                    None => value,
                }
            };
            let (lower, upper) = (bound("lower"), bound("upper"));
            format!(
                "(anyelement) RETURNS {type} LANGUAGE sql STRICT AS $carry$\n    SELECT CASE WHEN \
                 isempty($1) THEN 'empty'::{type}\n        ELSE {type}({lower}, {upper},\n            \
                 CASE WHEN lower_inc($1) THEN '[' ELSE '(' END || CASE WHEN upper_inc($1) THEN ']' \
                 ELSE ')' END) END\n$carry$"
            )
        } else {
            let (was, is) = match (shape(self.cx.old, old), shape(self.cx.new, new)) {
                (Shape::Row(was), Shape::Row(is)) => (was, is),
                _ => (Vec::new(), Vec::new()),
            };
            let columns: Vec<_> = is
                .iter()
                .map(|(name, to)| {
                    let from = was.iter().find(|(old, _)| old == name);
                    from.map_or_else(
                        || "NULL".into(),
                        |(_, from)| self.field(pair, name, *from, *to),
                    )
                })
                .collect();
            let row = columns.join(", ");
            format!(
                "(anyelement) RETURNS {type} LANGUAGE sql STRICT AS $carry$\n    SELECT \
                 ROW({row})::{type}\n$carry$"
            )
        };
        // Those that it calls were made before.
        let number = self.functions.len() + 1;
        let definition = format!("CREATE FUNCTION {}{definition}", name(number));
        self.functions.push(Function { of, number, definition });
        number
    }

    /// The new value of a column within a row.
    fn field(&mut self, row: Pair<'a>, name: &str, from: Option<&str>, to: Option<&str>) -> String {
        let value = format!("($1).{}", ident(name));
        let (Some(from), Some(to)) = (from, to) else { return value };
        if from != to {
            let base = |name: &str| Column::below_domain(name, self.cx);
            return cast::using(&value, from, to, &base).unwrap_or(value);
        }
        match self.element(row, to) {
            Some(pair) if self.is_moved(pair) => self.call(pair, &value, to),
            Some(_) => cast::through_text(&value, to),
            None => value,
        }
    }
}

fn shape<'a>(schema: &'a Snapshot, object: &'a Object) -> Shape<'a> {
    match object.spec::<types::Spec>() {
        Some(types::Spec::Composite(it)) => {
            let attributes = it.attributes.iter();
            return Shape::Row(attributes.map(|a| (&*a.name, Some(&*a.r#type))).collect());
        }
        Some(types::Spec::Domain(it)) => return Shape::Over(&it.base),
        Some(types::Spec::Range(it)) => return Shape::Between(&it.subtype),
        Some(_) => return Shape::Plain,
        None => {}
    }
    if let Some(view) = object.spec::<view::Spec>() {
        let columns = view.columns.iter();
        return Shape::Row(columns.map(|c| (&*c.name, Some(&*c.r#type))).collect());
    }
    let kinds = [Column::ID, ViewColumn::ID];
    let mut parts: Vec<_> =
        schema.parts(&object.key).filter(|part| kinds.contains(&part.key.kind())).collect();
    parts.sort_by_key(|part| part.ordinal);
    let column = |part: &'a std::sync::Arc<Object>| {
        let r#type = part.spec::<column::Spec>().map(|column| &*column.r#type);
        (part.key.base_name(), r#type)
    };
    Shape::Row(parts.into_iter().map(column).collect())
}
