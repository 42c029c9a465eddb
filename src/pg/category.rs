//! What sort of values a type has.

/// The letter of `pg_type.typcategory` for the built-in types that columns mostly have, by the name
/// that `format_type` prints; none for others. See the list of categories in the documentation of
/// `pg_type` (<https://www.postgresql.org/docs/current/catalog-pg-type.html>).
pub fn of_type(name: &str) -> Option<char> {
    if name.ends_with("[]") {
        return Some('A');
    }
    let plain = match name.split_once('(') {
        // `timestamp(3) with time zone`
        Some((before, after)) => {
            let rest = after.split_once(')').map_or("", |(_, rest)| rest);
            format!("{}{rest}", before.trim_end())
        }
        None => name.to_owned(),
    };
    Some(match plain.as_str() {
        "text" | "character varying" | "character" | "name" | "citext" => 'S',
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" | "money" => {
            'N'
        }
        "date"
        | "timestamp without time zone"
        | "timestamp with time zone"
        | "time without time zone"
        | "time with time zone" => 'D',
        "boolean" => 'B',
        "inet" | "cidr" => 'I',
        "interval" => 'T',
        "bit" | "bit varying" => 'V',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::of_type;

    #[test]
    fn modifiers_do_not_count() {
        for (name, category) in [
            ("text", Some('S')),
            ("character varying(20)", Some('S')),
            ("numeric(12,2)", Some('N')),
            ("timestamp(3) with time zone", Some('D')),
            ("integer[]", Some('A')),
            ("public.mood", None),
            ("", None),
        ] {
            assert_eq!(of_type(name), category, "{name}");
        }
    }
}
