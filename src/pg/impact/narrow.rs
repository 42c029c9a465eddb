//! What a column may lose by another type, told from the new type alone: in words that are true whatever
//! the old type was.

use crate::pg::words::Words;

/// A type as written, taken apart.
struct Target<'a> {
    base: &'static str,
    modifiers: Vec<i64>,
    written: &'a str,
}

/// Types that some value of another common type does not fit in.
const SMALL: &[&str] = &[
    "double precision",
    "float8",
    "float4",
    "float",
    "real",
    "smallint",
    "int2",
    "integer",
    "int4",
    "int",
    "date",
    "timestamptz",
    "timestamp",
    "timetz",
    "time",
    "interval",
    "boolean",
    "bool",
    "money",
    "numeric",
    "decimal",
    "dec",
    "character varying",
    "char varying",
    "varchar",
    "character",
    "char",
    "bpchar",
    "bit varying",
    "varbit",
    "bit",
];

impl<'a> Target<'a> {
    fn of(written: &'a str) -> Option<Self> {
        let mut words = Words::new(written);
        words.accept("pg_catalog");
        words.sign(".");
        let base = words.accept_any(SMALL)?;
        let mut modifiers = Vec::new();
        while words.peek().is_some() {
            match words.group() {
                Some(inside) => modifiers = numbers(inside.rest()),
                None => {
                    words.advance();
                }
            }
        }
        Some(Self { base, modifiers, written })
    }

    /// Its length: none when it has no bounds.
    fn length(&self) -> Option<i64> {
        let single = matches!(self.base, "character" | "char" | "bit");
        self.modifiers.first().copied().or_else(|| single.then_some(1))
    }

    /// What it measures its length in, for types that have one.
    fn unit(&self) -> Option<&'static str> {
        match self.base {
            "character varying" | "char varying" | "varchar" | "character" | "char" | "bpchar" => {
                Some("character")
            }
            "bit varying" | "varbit" | "bit" => Some("bit"),
            _ => None,
        }
    }
}

fn numbers(text: &str) -> Vec<i64> {
    text.split(',').filter_map(|part| part.trim().parse().ok()).collect()
}

/// What `column` loses of the values that the type does not hold. A length is no loss by itself: the
/// server refuses what is longer, and only a cast after USING cuts it.
pub(super) fn loss(column: &str, target: &str, using: bool) -> Option<String> {
    let target = Target::of(target)?;
    let fraction = |digits: Option<&i64>| match digits {
        Some(digits) if *digits < 6 => Some(format!(
            "rounds values of {column} with more than {digits} digits after the seconds"
        )),
        _ => None,
    };
    if let Some(unit) = target.unit() {
        let length = target.length().filter(|_| using)?;
        return Some(format!("cuts values of {column} longer than {}", counted(length, unit)));
    }
    match target.base {
        "double precision" | "float8" | "float" => {
            Some(format!("rounds values of {column} with more than 15 digits"))
        }
        "real" | "float4" => Some(format!("rounds values of {column} with more than 6 digits")),
        "smallint" | "int2" | "integer" | "int4" | "int" => {
            Some(format!("rounds values of {column} that have decimals"))
        }
        "date" => Some(format!("drops the time of day of {column}, where it has one")),
        "time" | "timetz" => Some(format!("drops the date of {column}, where it has one")),
        "boolean" | "bool" => Some(format!("leaves of {column} only true and false")),
        "money" => Some(format!("rounds values of {column} with more decimals than money has")),
        "numeric" | "decimal" | "dec" => {
            target.modifiers.first()?;
            Some(match target.modifiers.get(1).copied().unwrap_or(0) {
                0 => format!("rounds values of {column} that have decimals"),
                1 => format!("rounds values of {column} with more than 1 decimal"),
                scale @ 2.. => format!("rounds values of {column} with more than {scale} decimals"),
                scale => format!("rounds the last {} digits of {column}", -scale),
            })
        }
        "interval" if fields(target.written) => {
            Some(format!("cuts from values of {column} what {} has no field for", target.written))
        }
        _ => fraction(target.modifiers.first()),
    }
}

/// What of `column` the server refuses to put into the type: it is told where nothing is lost.
pub(super) fn refusal(column: &str, target: &str) -> Option<String> {
    let target = Target::of(target)?;
    let (length, unit) = (target.length()?, target.unit()?);
    let longer = if target.base == "bit" { "not of" } else { "longer than" };
    Some(format!("fails if a value of {column} is {longer} {}", counted(length, unit)))
}

fn counted(n: i64, unit: &str) -> String {
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}

/// An interval that keeps some of its fields only: `INTERVAL DAY TO HOUR`.
fn fields(written: &str) -> bool {
    let words = Words::new(written);
    ["year", "month", "day", "hour", "minute", "second"].iter().any(|field| words.contains(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_true_of_any_old_type() {
        for (target, using, expected) in [
            ("numeric(12,2)", false, "rounds values of c with more than 2 decimals"),
            ("numeric( 12 , 1 )", false, "rounds values of c with more than 1 decimal"),
            ("NUMERIC(12)", false, "rounds values of c that have decimals"),
            ("numeric(3,-2)", false, "rounds the last 2 digits of c"),
            ("numeric", false, ""),
            ("varchar(10)", false, ""),
            ("varchar(10)", true, "cuts values of c longer than 10 characters"),
            ("varchar", true, ""),
            ("char", true, "cuts values of c longer than 1 character"),
            ("bit(4)", true, "cuts values of c longer than 4 bits"),
            ("bit varying(4)", false, ""),
            ("timestamp(3)", false, "rounds values of c with more than 3 digits after the seconds"),
            (
                "timestamp(0) with time zone",
                false,
                "rounds values of c with more than 0 digits after the seconds",
            ),
            ("timestamptz(6)", false, ""),
            ("timestamptz", false, ""),
            ("interval(2)", false, "rounds values of c with more than 2 digits after the seconds"),
            ("interval", false, ""),
            (
                "interval year to month",
                false,
                "cuts from values of c what interval year to month has no field for",
            ),
            ("time(3)", false, "drops the date of c, where it has one"),
            ("pg_catalog.date", false, "drops the time of day of c, where it has one"),
            ("integer[]", false, "rounds values of c that have decimals"),
            ("real", false, "rounds values of c with more than 6 digits"),
            ("text", true, ""),
            ("bigint", false, ""),
            ("s.my_enum", true, ""),
        ] {
            assert_eq!(loss("c", target, using).unwrap_or_default(), expected, "{target}");
        }
    }

    #[test]
    fn a_length_is_refused() {
        let says = |target| refusal("c", target).unwrap_or_default();
        assert_eq!(says("varchar(5)"), "fails if a value of c is longer than 5 characters");
        assert_eq!(says("bit(5)"), "fails if a value of c is not of 5 bits");
        assert_eq!(says("text"), "");
        assert_eq!(says("numeric(5,2)"), "");
    }
}
