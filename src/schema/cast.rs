//! How the values of a column get from one type to another.
//!
//! An assignment is preferred to an explicit cast: it refuses a string that is too long where the
//! cast would cut it. The table holds the casts that PostgreSQL 13 to 18 have alike; what it does
//! not know goes through text, which every type can be read from and written to.

/// A type as `format_type` prints it, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    /// `character varying`, `timestamp without time zone`, `public.mood`.
    base: String,
    /// What stands in its parentheses.
    modifiers: Vec<i64>,
    array: bool,
}

/// How a value is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// PostgreSQL does it when a value is assigned.
    Assigned,
    /// `value::type`.
    Cast,
    /// `value::text::type`.
    Text,
    /// One value becomes an array of one.
    Wrapped,
    /// An array becomes its first element.
    First,
}

/// What is assigned to what without being asked.
const ASSIGNED: &[(&str, &[&str])] = &[
    ("bigint", &["smallint", "integer", "real", "double precision", "money", "numeric", "oid"]),
    ("bit", &["bit varying"]),
    ("bit varying", &["bit"]),
    ("box", &["polygon"]),
    ("character", &["\"char\""]),
    ("character varying", &["\"char\"", "regclass"]),
    ("cidr", &["inet"]),
    ("date", &["timestamp without time zone", "timestamp with time zone"]),
    ("double precision", &["bigint", "smallint", "integer", "real", "numeric"]),
    ("inet", &["cidr"]),
    ("integer", &["bigint", "smallint", "real", "double precision", "money", "numeric", "oid"]),
    ("interval", &["time without time zone"]),
    ("json", &["jsonb"]),
    ("jsonb", &["json"]),
    ("macaddr", &["macaddr8"]),
    ("macaddr8", &["macaddr"]),
    ("money", &["numeric"]),
    ("numeric", &["bigint", "smallint", "integer", "real", "double precision", "money"]),
    ("oid", &["bigint", "integer"]),
    ("path", &["polygon"]),
    ("point", &["box"]),
    ("polygon", &["path"]),
    ("real", &["bigint", "smallint", "integer", "double precision", "numeric"]),
    ("smallint", &["bigint", "integer", "real", "double precision", "numeric", "oid"]),
    ("text", &["\"char\"", "regclass"]),
    ("time with time zone", &["time without time zone"]),
    ("time without time zone", &["interval", "time with time zone"]),
    (
        "timestamp with time zone",
        &["date", "time without time zone", "timestamp without time zone", "time with time zone"],
    ),
    (
        "timestamp without time zone",
        &["date", "time without time zone", "timestamp with time zone"],
    ),
];

/// What is converted when asked.
const CAST: &[(&str, &[&str])] = &[
    ("\"char\"", &["integer"]),
    ("bigint", &["bit"]),
    ("bit", &["bigint", "integer"]),
    ("boolean", &["integer"]),
    ("box", &["point", "lseg", "circle"]),
    ("circle", &["point", "box", "polygon"]),
    ("daterange", &["datemultirange"]),
    ("int4range", &["int4multirange"]),
    ("int8range", &["int8multirange"]),
    ("integer", &["boolean", "\"char\"", "bit"]),
    ("jsonb", &["boolean", "bigint", "smallint", "integer", "real", "double precision", "numeric"]),
    ("lseg", &["point"]),
    ("numrange", &["nummultirange"]),
    ("polygon", &["point", "box", "circle"]),
    ("tsrange", &["tsmultirange"]),
    ("tstzrange", &["tstzmultirange"]),
];

/// Types that every value is assigned to in its text form.
const STRINGS: &[&str] = &["text", "character varying", "character", "name"];

/// Numbers and times, the wider first: going down the list loses something.
const NARROWING: &[&[&str]] = &[
    &["numeric", "double precision", "real", "bigint", "integer", "smallint"],
    &["timestamp with time zone", "timestamp without time zone", "date"],
    &["timestamp with time zone", "timestamp without time zone", "time with time zone"],
    &["timestamp with time zone", "timestamp without time zone", "time without time zone"],
];

/// The expression after `USING` that turns the values of `column` (as SQL) from one type into the
/// other; none when PostgreSQL does it by itself. `base` gives the type below a domain.
pub fn using(
    column: &str,
    old: &str,
    new: &str,
    base: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    match way(old, new, base) {
        Way::Assigned => None,
        Way::Cast => Some(format!("{column}::{new}")),
        Way::Text if Parts::of(new).array && Parts::of(old).array => {
            Some(format!("{column}::text[]::{new}"))
        }
        Way::Text => Some(format!("{column}::text::{new}")),
        Way::Wrapped => {
            let cast = if plain(old) == plain(new) { String::new() } else { format!("::{new}") };
            Some(format!("CASE WHEN {column} IS NULL THEN NULL ELSE ARRAY[{column}]{cast} END"))
        }
        Way::First => {
            let first = format!("({column})[1]");
            let (old, _) = old.rsplit_once("[]").unwrap_or((old, ""));
            Some(using(&first, old, new, base).unwrap_or(first))
        }
    }
}

/// Through text, whatever casts there are: for two types of one name.
pub fn through_text(column: &str, new: &str) -> String {
    let text = if Parts::of(new).array { "text[]" } else { "text" };
    format!("{column}::{text}::{new}")
}

/// Whether some values may come out other than they were: rounded, cut short.
pub fn loses(old: &str, new: &str) -> bool {
    let (a, b) = (Parts::of(old), Parts::of(new));
    if a.array && !b.array {
        return true;
    }
    let narrower = NARROWING.iter().any(|row| {
        let place = |base: &str| row.iter().position(|t| *t == base);
        place(&a.base).zip(place(&b.base)).is_some_and(|(a, b)| a < b)
    });
    // A whole number does not lose by becoming a smaller one: it is refused.
    let whole = |base: &str| matches!(base, "bigint" | "integer" | "smallint");
    let rounds = a.base == b.base
        && match b.base.as_str() {
            "numeric" => match (a.modifiers.as_slice(), b.modifiers.as_slice()) {
                (_, []) => false,
                ([], _) => true,
                (a, b) => b.get(1).unwrap_or(&0) < a.get(1).unwrap_or(&0),
            },
            "timestamp with time zone"
            | "timestamp without time zone"
            | "interval"
            | "time with time zone"
            | "time without time zone" => {
                b.modifiers.first().unwrap_or(&6) < a.modifiers.first().unwrap_or(&6)
            }
            _ => false,
        };
    let scale = b.base == "numeric" && matches!(a.base.as_str(), "real" | "double precision");
    (narrower && !(whole(&a.base) && whole(&b.base)))
        || rounds
        || (scale && !b.modifiers.is_empty())
}

/// Whether no value comes out other than it was, for types that are known to be alike: false where that
/// is not known.
pub fn holds(old: &str, new: &str) -> bool {
    let (a, b) = (Parts::of(old), Parts::of(new));
    let whole = |base: &str| matches!(base, "bigint" | "integer" | "smallint");
    let scale = *b.modifiers.get(1).unwrap_or(&0);
    let wider = match (a.base.as_str(), b.base.as_str()) {
        (x, y) if x == y => true,
        (x, "numeric") => whole(x) && scale >= 0,
        (x, y) if whole(x) && whole(y) => true,
        ("integer" | "smallint" | "real", "double precision") | ("smallint", "real") => true,
        _ => false,
    };
    a.array == b.array && wider && !loses(old, new)
}

/// Whether PostgreSQL keeps the stored values, indexes and checks as they are.
pub fn compatible(old: &str, new: &str) -> bool {
    let (a, b) = (Parts::of(old), Parts::of(new));
    if a.array != b.array {
        return false;
    }
    let grows = |unlimited: i64| match (a.modifiers.as_slice(), b.modifiers.as_slice()) {
        (_, []) => true,
        ([], [b]) => *b >= unlimited,
        ([a], [b]) => b >= a,
        _ => false,
    };
    match (a.base.as_str(), b.base.as_str()) {
        _ if a == b => true,
        ("character varying", "character varying" | "text") | ("text", "character varying") => {
            grows(i64::MAX)
        }
        ("bit varying", "bit varying") => grows(i64::MAX),
        ("numeric", "numeric") => match (a.modifiers.as_slice(), b.modifiers.as_slice()) {
            (_, []) => true,
            ([p, s], [q, t]) => q >= p && s == t,
            _ => false,
        },
        ("cidr", "inet") => true,
        (x, y) if x == y && (x.starts_with("time") || x == "interval") => grows(6),
        _ => false,
    }
}

fn way(old: &str, new: &str, base: &dyn Fn(&str) -> Option<String>) -> Way {
    let (a, b) = (Parts::of(old), Parts::of(new));
    if a.base == b.base && a.array == b.array {
        return Way::Assigned;
    }
    // The type below a domain; the domain itself is assigned to it and from it.
    let below = |parts: &Parts| {
        let mut under = parts.base.clone();
        while let Some(next) = base(&under) {
            under = next;
        }
        Parts { array: parts.array || Parts::of(&under).array, ..Parts::of(&under) }
    };
    let (a, b) = (below(&a), below(&b));
    match (a.array, b.array) {
        (false, true) if !is_string(&a) && a.base != "json" && a.base != "jsonb" => {
            return if is_string(&b) || element(&a, &b) != Way::Text {
                Way::Wrapped
            } else {
                Way::Text
            };
        }
        (true, false) if !is_string(&b) => return Way::First,
        (true, false) => return Way::Assigned,
        (false, true) => return Way::Text,
        _ => {}
    }
    element(&a, &b)
}

fn element(a: &Parts, b: &Parts) -> Way {
    let within = |table: &[(&str, &[&str])]| {
        table.iter().any(|(from, to)| *from == a.base && to.contains(&b.base.as_str()))
    };
    if a.base == b.base || is_string(b) || within(ASSIGNED) || citext(a) && is_string(b) {
        Way::Assigned
    } else if is_string(a) || citext(a) || citext(b) || within(CAST) || extension_cast(a, b) {
        Way::Cast
    } else {
        Way::Text
    }
}

fn is_string(parts: &Parts) -> bool {
    STRINGS.contains(&parts.base.as_str())
}

fn citext(parts: &Parts) -> bool {
    parts.base.rsplit('.').next() == Some("citext")
}

/// Casts of common extensions whose text forms differ.
fn extension_cast(a: &Parts, b: &Parts) -> bool {
    let name = |parts: &Parts| parts.base.rsplit('.').next().unwrap_or_default().to_owned();
    matches!(
        (name(a).as_str(), name(b).as_str()),
        ("hstore", "json" | "jsonb")
            | ("geometry", "geography")
            | ("geography", "geometry")
            | ("ltree" | "vector" | "halfvec", "vector" | "halfvec" | "sparsevec")
    )
}

/// A type's name without modifiers and brackets.
fn plain(text: &str) -> String {
    Parts::of(text).base
}

impl Parts {
    fn of(text: &str) -> Self {
        let bare = text.trim_end_matches("[]");
        let array = bare.len() != text.len();
        let mut quoted = false;
        let open = bare.char_indices().find(|(_, c)| {
            quoted ^= *c == '"';
            *c == '(' && !quoted
        });
        let Some((open, _)) = open else {
            return Self { base: bare.to_owned(), modifiers: Vec::new(), array };
        };
        let close = bare[open..].find(')').map_or(bare.len(), |at| open + at);
        let inner = &bare[open + 1..close];
        let modifiers: Vec<i64> =
            inner.split(',').filter_map(|part| part.trim().parse().ok()).collect();
        let rest = bare.get(close + 1..).unwrap_or_default();
        Self { base: format!("{}{rest}", &bare[..open]), modifiers, array }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(old: &str, new: &str) -> String {
        let base = |name: &str| (name == "public.email").then(|| String::from("text"));
        using("x", old, new, &base).unwrap_or_default()
    }

    #[test]
    fn what_postgres_assigns_needs_no_expression() {
        for (old, new) in [
            ("integer", "bigint"),
            ("text", "character varying(10)"),
            ("character varying(10)", "text"),
            ("integer", "text"),
            ("public.mood", "text"),
            ("integer[]", "bigint[]"),
            ("numeric(10,2)", "numeric(5,1)"),
            ("timestamp(3) without time zone", "timestamp with time zone"),
            ("public.email", "character varying(5)"),
            ("text", "public.email"),
            ("jsonb", "json"),
            ("integer[]", "text"),
        ] {
            assert_eq!(says(old, new), "", "{old} to {new}");
        }
    }

    #[test]
    fn what_must_be_asked_for() {
        assert_eq!(says("text", "integer"), "x::integer");
        assert_eq!(says("text", "public.mood"), "x::public.mood");
        assert_eq!(says("text[]", "public.mood[]"), "x::public.mood[]");
        assert_eq!(says("integer", "boolean"), "x::boolean");
        assert_eq!(says("public.email", "integer"), "x::integer");
        assert_eq!(says("public.a", "public.b"), "x::text::public.b");
        assert_eq!(says("public.a[]", "public.b[]"), "x::text[]::public.b[]");
        assert_eq!(says("smallint", "boolean"), "x::text::boolean");
        assert_eq!(says("uuid", "integer"), "x::text::integer");
        assert_eq!(says("public.hstore", "jsonb"), "x::jsonb");
        assert_eq!(says("integer", "integer[]"), "CASE WHEN x IS NULL THEN NULL ELSE ARRAY[x] END");
        assert_eq!(
            says("integer", "text[]"),
            "CASE WHEN x IS NULL THEN NULL ELSE ARRAY[x]::text[] END"
        );
        assert_eq!(says("integer[]", "integer"), "(x)[1]");
        assert_eq!(says("text[]", "integer"), "(x)[1]::integer");
    }

    #[test]
    fn what_keeps_the_stored_values() {
        for (old, new, keeps) in [
            ("character varying(10)", "character varying(20)", true),
            ("character varying(20)", "character varying(10)", false),
            ("character varying(20)", "character varying", true),
            ("character varying", "text", true),
            ("text", "character varying", true),
            ("text", "character varying(10)", false),
            ("numeric(10,2)", "numeric(12,2)", true),
            ("numeric(10,2)", "numeric(12,3)", false),
            ("numeric(10,2)", "numeric", true),
            ("numeric", "numeric(10,2)", false),
            ("integer", "bigint", false),
            ("character(4)", "character(8)", false),
            ("timestamp(3) without time zone", "timestamp without time zone", true),
            ("timestamp without time zone", "timestamp(3) without time zone", false),
            ("character varying(10)[]", "character varying(20)[]", true),
        ] {
            assert_eq!(compatible(old, new), keeps, "{old} to {new}");
        }
    }

    #[test]
    fn what_is_rounded_is_said() {
        assert!(loses("numeric(10,2)", "integer"));
        assert!(loses("timestamp with time zone", "date"));
        assert!(loses("numeric(10,4)", "numeric(10,2)"));
        assert!(loses("double precision", "real"));
        assert!(!loses("bigint", "integer"));
        assert!(!loses("integer", "numeric"));
        assert!(!loses("character varying(20)", "character varying(10)"));
    }
}
