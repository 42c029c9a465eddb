//! What `pg_dump --schema-only` prints, taken apart so that two dumps can be compared.

use std::{collections::BTreeMap, fmt::Write as _};

use similar::TextDiff;

/// A dump as entries by heading; `pg_dump`'s own order depends on names and object numbers.
#[derive(Clone, Debug, Default)]
pub struct Dump {
    entries: BTreeMap<String, Vec<String>>,
    /// The text it was taken from.
    pub text: String,
}

impl PartialEq for Dump {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

/// How alike two dumps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alike {
    /// Entry by entry the same.
    Same,
    /// Only the columns of tables stand in another order.
    ColumnOrder,
    /// Something else differs.
    Different,
}

impl Dump {
    /// Takes a dump apart at its `-- Name: …; Type: …; Schema: …; Owner: …` headings.
    pub fn parse(text: &str) -> Self {
        let mut dump = Self { text: text.to_owned(), ..Self::default() };
        let mut heading = String::new();
        let mut body: Vec<&str> = Vec::new();
        // Settings are printed when they change, wherever that happens to be.
        let mut settings: BTreeMap<&str, &str> = BTreeMap::new();
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let near = |d: usize| at.checked_sub(1).and_then(|prev| lines.get(prev + d));
            let fenced = near(0) == Some(&"--") && near(2) == Some(&"--");
            if fenced && line.starts_with("-- Name: ") {
                dump.close(&heading, &body);
                (*line).clone_into(&mut heading);
                body.clear();
                for (name, value) in &settings {
                    if !value.is_empty() && applies(name, line) {
                        write!(heading, "; {name} = {value}").expect("a string takes text");
                    }
                }
            } else if let Some((name, value)) = setting(line) {
                settings.insert(name, value);
                // The heading it was printed for is the next one.
            } else if !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict") {
                body.push(line);
            }
        }
        dump.close(&heading, &body);
        dump
    }

    fn close(&mut self, heading: &str, body: &[&str]) {
        // What stands before the first heading are the settings of the session.
        if !heading.is_empty() {
            let text: Vec<&str> =
                body.iter().filter(|line| **line != "--" && !is_end(line)).copied().collect();
            let text = text.join("\n").trim().to_owned();
            let bodies = self.entries.entry(heading.to_owned()).or_default();
            bodies.push(text);
            bodies.sort();
        }
    }

    /// Without the order of columns in tables.
    fn loose(&self) -> Self {
        let entries = self.entries.iter().map(|(heading, bodies)| {
            let bodies = if heading.contains("; Type: TABLE; ")
                || heading.contains("; Type: FOREIGN TABLE; ")
            {
                let mut bodies: Vec<String> =
                    bodies.iter().map(|body| sorted_lines(body)).collect();
                bodies.sort();
                bodies
            } else if heading.contains("; Type: STATISTICS; ") {
                // PostgreSQL keeps their columns in the table's order.
                bodies.iter().map(|body| sorted_list(body)).collect()
            } else {
                bodies.clone()
            };
            (heading.clone(), bodies)
        });
        Self { entries: entries.collect(), text: String::new() }
    }

    /// How alike two dumps are.
    pub fn alike(&self, other: &Self) -> Alike {
        if self == other {
            Alike::Same
        } else if self.loose() == other.loose() {
            Alike::ColumnOrder
        } else {
            Alike::Different
        }
    }

    /// The entries that differ otherwise than in the order of columns, as a difference of text.
    pub fn differences(&self, want: &Self) -> Vec<String> {
        let (got, want) = (self.loose(), want.loose());
        let headings: std::collections::BTreeSet<&String> =
            got.entries.keys().chain(want.entries.keys()).collect();
        let mut out = Vec::new();
        for heading in headings {
            let text = |dump: &Self| {
                let mut text =
                    dump.entries.get(heading).map(|b| b.join("\n\n")).unwrap_or_default();
                text.push('\n');
                text
            };
            let (got, want) = (text(&got), text(&want));
            if got != want {
                let diff = TextDiff::from_lines(&got, &want);
                let mut shown = heading.trim_start_matches("-- Name: ").to_owned();
                for change in diff.iter_all_changes() {
                    let sign = match change.tag() {
                        similar::ChangeTag::Delete => "got ",
                        similar::ChangeTag::Insert => "want",
                        similar::ChangeTag::Equal => continue,
                    };
                    let line = change.value().trim_end();
                    if !line.is_empty() {
                        write!(shown, "\n      {sign} {line}").expect("a string takes text");
                    }
                }
                out.push(shown);
            }
        }
        out
    }
}

/// The lines in order, without what separates them.
fn sorted_lines(body: &str) -> String {
    let mut lines: Vec<&str> = body.lines().map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// The items after ` ON ` in order.
fn sorted_list(body: &str) -> String {
    let Some((head, list)) = body.split_once(" ON ") else { return body.to_owned() };
    let (list, tail) = list.split_once(" FROM ").unwrap_or((list, ""));
    let mut items: Vec<&str> = list.split(", ").collect();
    items.sort_unstable();
    format!("{head} ON {} FROM {tail}", items.join(", "))
}

fn is_end(line: &str) -> bool {
    line == "-- PostgreSQL database dump complete"
}

/// `SET default_tablespace = '';` between entries.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("SET ")?.strip_suffix(';')?.split_once(" = ")?;
    ["default_tablespace", "default_table_access_method"]
        .contains(&name)
        .then_some((name, if matches!(value, "''" | "heap") { "" } else { value }))
}

/// Whether a setting matters for what a heading names.
fn applies(name: &str, heading: &str) -> bool {
    let is = |kind: &str| heading.contains(&format!("; Type: {kind}; "));
    match name {
        "default_table_access_method" => is("TABLE") || is("MATERIALIZED VIEW"),
        _ => is("TABLE") || is("MATERIALIZED VIEW") || is("INDEX") || is("CONSTRAINT"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &str, tail: &str) -> Dump {
        Dump::parse(&format!(
            "SET a = 1;\n\n--\n-- Name: t; Type: TABLE; Schema: public; Owner: o\n--\n\n\
             CREATE TABLE public.t (\n{columns}\n);\n\n{tail}"
        ))
    }

    #[test]
    fn the_order_of_columns_is_told_from_other_differences() {
        let (ab, ba) =
            (table("    a integer,\n    b text", ""), table("    b text,\n    a integer", ""));
        assert_eq!(ab.alike(&ab), Alike::Same);
        assert_eq!(ab.alike(&ba), Alike::ColumnOrder);
        assert_eq!(ab.alike(&table("    a integer", "")), Alike::Different);
        assert_eq!(ab.differences(&ba), Vec::<String>::new());
    }

    #[test]
    fn entries_may_come_in_any_order_but_must_all_be_there() {
        let entry = |name: &str| {
            format!(
                "--\n-- Name: {name}; Type: VIEW; Schema: s; Owner: o\n--\n\nCREATE VIEW {name};\n\n\n"
            )
        };
        let (a, b) = (entry("a"), entry("b"));
        assert_eq!(Dump::parse(&format!("{a}{b}")), Dump::parse(&format!("{b}{a}")));
        let lacks = Dump::parse(&a).differences(&Dump::parse(&format!("{a}{b}")));
        assert_eq!(lacks.len(), 1);
        assert!(lacks[0].contains("want CREATE VIEW b"), "{lacks:?}");
    }

    #[test]
    fn a_setting_counts_for_the_entries_it_is_in_force_for() {
        let heap = table("    a integer", "SET default_table_access_method = heap;\n");
        assert_eq!(heap.alike(&table("    a integer", "")), Alike::Same);
        let entry = "--\n-- Name: t; Type: TABLE; Schema: s; Owner: o\n--\n\nCREATE TABLE t ();\n";
        let set = "SET default_table_access_method = columnar;\n\n";
        let other = Dump::parse(&format!("{set}{entry}"));
        assert_eq!(other.alike(&Dump::parse(entry)), Alike::Different);
    }
}
