//! Type names as people write them to the form in which `format_type` prints them, and what a
//! change from one to the other costs.

use crate::{pg::words::Words, schema::cast};

/// What a change of type does to the values there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retype {
    /// Rows and indexes stay as they are.
    pub keeps: bool,
    /// Some values may come out other than they were: rounded, cut short.
    pub loses: bool,
    /// It hangs on the session's time zone whether the rows stay as they are.
    pub zone: bool,
}

/// Short names, and what they stand for.
const ALIASES: &[(&str, &str)] = &[
    ("int", "integer"),
    ("int4", "integer"),
    ("int2", "smallint"),
    ("int8", "bigint"),
    ("float8", "double precision"),
    ("float", "double precision"),
    ("float4", "real"),
    ("bool", "boolean"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("varchar", "character varying"),
    ("char varying", "character varying"),
    ("char", "character"),
    ("bpchar", "character"),
    ("varbit", "bit varying"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timetz", "time with time zone"),
    ("time", "time without time zone"),
    ("serial", "integer"),
    ("serial4", "integer"),
    ("serial2", "smallint"),
    ("smallserial", "smallint"),
    ("serial8", "bigint"),
    ("bigserial", "bigint"),
];

/// The name of a type as `format_type` prints it.
fn normal(written: &str) -> String {
    let text = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = if text.contains('"') { text } else { text.to_ascii_lowercase() };
    let lower = lower.replace("pg_catalog.", "").replace(" (", "(").replace(", ", ",");
    let (body, array) = match lower.strip_suffix("[]") {
        Some(body) => (body.to_owned(), "[]"),
        None => (lower, ""),
    };
    let (base, modifier, rest) = match body.split_once('(') {
        Some((base, more)) => match more.split_once(')') {
            Some((inner, rest)) => (base, format!("({inner})"), rest),
            None => (base, String::new(), ""),
        },
        None => (body.as_str(), String::new(), ""),
    };
    let whole = format!("{base}{rest}");
    let full = ALIASES.iter().find(|(short, _)| *short == whole).map_or(whole.as_str(), |(_, f)| f);
    // A time's precision stands after its first word.
    match full.split_once(" with") {
        Some((first, rest)) if !modifier.is_empty() => {
            format!("{first}{modifier} with{rest}{array}")
        }
        _ => format!("{full}{modifier}{array}"),
    }
}

/// What a change of type does. The old type is as `format_type` prints it, the new one as written.
pub(crate) fn judge(old: &str, new: &str) -> Retype {
    let new = normal(new);
    let naive = |name: &str| name.starts_with("timestamp") && name.ends_with("without time zone");
    let aware = |name: &str| name.starts_with("timestamp") && name.ends_with("with time zone");
    let zone = naive(old) && aware(&new) || aware(old) && naive(&new);
    Retype { keeps: cast::compatible(old, &new), loses: cast::loses(old, &new) && !zone, zone }
}

/// Whether every value of one type has its place in the other, or is refused; both as written.
pub(crate) fn holds(old: &str, new: &str) -> bool {
    cast::holds(&normal(old), &normal(new))
}

/// Whether the rows stay as they are; both as written.
pub(crate) fn stays(old: &str, new: &str) -> bool {
    cast::compatible(&normal(old), &normal(new))
}

/// The column that an action of `ALTER TABLE` gives another type, and the type as written.
pub(crate) fn target(statement: &str, action: usize) -> Option<(String, String)> {
    let mut words = Words::new(statement);
    if !words.accept("alter table") {
        return None;
    }
    words.accept("if exists");
    words.accept("only");
    words.name()?;
    words.sign("*");
    for _ in 0..action {
        words.item()?;
    }
    let mut item = words.item()?;
    if !item.accept("alter") {
        return None;
    }
    item.accept("column");
    let column = item.ident()?.to_owned();
    item.accept_any(&["type", "set data type"])?;
    Some((column, item.type_name().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_types_become_the_catalog_s() {
        for (written, normal_form) in [
            ("INT8", "bigint"),
            ("varchar ( 20 )", "character varying(20)"),
            ("varchar(20)[]", "character varying(20)[]"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("timestamp", "timestamp without time zone"),
            ("numeric(10, 2)", "numeric(10,2)"),
            ("pg_catalog.int4", "integer"),
            ("double precision", "double precision"),
            ("public.mood", "public.mood"),
            ("\"Mood\"", "\"Mood\""),
        ] {
            let got = normal(written);
            assert_eq!(got.replace("( ", "(").replace(" )", ")"), normal_form, "{written}");
        }
    }

    #[test]
    fn changes_are_judged() {
        let says = |old, new| {
            let it = judge(old, new);
            (it.keeps, it.loses, it.zone)
        };
        assert_eq!(says("character varying(10)", "varchar(20)"), (true, false, false));
        assert_eq!(says("integer", "int8"), (false, false, false));
        assert_eq!(says("numeric(10,4)", "numeric(10,2)"), (false, true, false));
        assert_eq!(says("timestamp without time zone", "timestamptz"), (false, false, true));
        assert_eq!(says("timestamp with time zone", "date"), (false, true, false));
    }
}
