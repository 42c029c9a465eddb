//! The types that columns have as the scripts of a history tell, where no database is asked.
//!
//! The newest statement that says a column's type is looked for, from a place in a plan back to the
//! first revision. Where a statement may have changed it in a way that its words do not tell (a rename, a
//! copied definition, a DO block), nothing is known.

use super::retype;
use crate::{
    pg::{
        impact::{Keeps, Name, Retyped},
        words::{Words, normal_name},
    },
    revision::{Direction, History, Node, RevisionId, Script},
};

/// The scripts that ran before a plan, the newest first.
#[derive(Debug)]
pub struct Told<'a> {
    history: &'a History,
    before: Vec<Node>,
}

impl<'a> Told<'a> {
    /// Before whatever starts from these version rows.
    pub fn at(history: &'a History, rows: &[RevisionId]) -> Self {
        let graph = history.graph();
        let rows: Vec<Node> = rows.iter().filter_map(|row| graph.find(row.as_str())).collect();
        let applied = graph.ancestors(&rows);
        let upward = graph.upward().iter().rev().copied();
        Self { history, before: upward.filter(|node| applied[node.index()]).collect() }
    }

    /// Before a revision runs in this direction; looks at no more than `most` revisions.
    pub fn below(history: &'a History, node: Node, direction: Direction, most: usize) -> Self {
        let graph = history.graph();
        let ran = graph.ancestors(&[node]);
        let upward = graph.upward().iter().rev().copied();
        let before = upward
            .filter(|one| ran[one.index()] && (*one != node || direction == Direction::Down))
            .take(most)
            .collect();
        Self { history, before }
    }

    /// What the new type of a column keeps of the old one; `texts` are the statements of the plan.
    pub fn keeps(&self, texts: &[impl AsRef<str>], retyped: Retyped<'_>) -> Keeps {
        let of = Wanted {
            table: Name::new(retyped.table),
            column: normal_name(retyped.column).pop().unwrap_or_default(),
        };
        let earlier = texts.get(..retyped.statement).unwrap_or_default().iter().rev();
        let mut said =
            earlier.map(|text| of.said(text.as_ref())).find(|said| *said != Said::Nothing);
        if said.is_none() {
            let scripts = self.before.iter().map(|node| &self.history.revision(*node).script);
            said = scripts.map(|script| of.said_by(script)).find(|said| *said != Said::Nothing);
        }
        match said {
            Some(Said::Type(old)) => Keeps {
                values: retype::holds(&old, retyped.target),
                rows: retype::stays(&old, retyped.target),
            },
            _ => Keeps::default(),
        }
    }
}

/// What a statement says of the type.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Type(String),
    /// It may have become another column, or come from elsewhere.
    Unsure,
    Nothing,
}

struct Wanted {
    table: Name,
    column: String,
}

impl Wanted {
    /// What the up script says, its last word first.
    fn said_by(&self, script: &Script) -> Said {
        let lower = script.text.to_ascii_lowercase();
        if !lower.contains(&self.column.to_ascii_lowercase())
            && !lower.contains(&self.table.base().to_ascii_lowercase())
        {
            return Said::Nothing;
        }
        for section in script.sections(Direction::Up).unwrap_or_default().iter().rev() {
            let Ok(statements) = script.statements(section) else { return Said::Unsure };
            for statement in statements.iter().rev() {
                let said = self.said(&script.text[statement.range.clone()]);
                if said != Said::Nothing {
                    return said;
                }
            }
        }
        Said::Nothing
    }

    fn is_column(&self, words: &mut Words<'_>) -> bool {
        words.ident().is_some_and(|name| normal_name(name).pop().as_ref() == Some(&self.column))
    }

    fn said(&self, statement: &str) -> Said {
        let mut words = Words::new(statement);
        match words.accept_any(&["create", "alter", "drop", "do", "call", "select", "execute"]) {
            Some("create") => self.created(words),
            Some("alter") => {
                words.accept("foreign");
                if words.accept("table") { self.altered(words) } else { Said::Nothing }
            }
            Some("drop") if words.accept("table") => {
                words.accept("if exists");
                while let Some(name) = words.name() {
                    if Name::new(&name) == self.table {
                        return Said::Unsure;
                    }
                    if !words.sign(",") {
                        break;
                    }
                }
                Said::Nothing
            }
            // What it runs stands in a text.
            Some("do" | "call" | "select" | "execute")
                if statement.to_ascii_lowercase().contains("alter") =>
            {
                Said::Unsure
            }
            _ => Said::Nothing,
        }
    }

    fn created(&self, mut words: Words<'_>) -> Said {
        while words
            .accept_any(&["global", "local", "temporary", "temp", "unlogged", "foreign"])
            .is_some()
        {}
        if !words.accept("table") {
            return Said::Nothing;
        }
        words.accept("if not exists");
        if words.name().is_none_or(|name| Name::new(&name) != self.table) {
            return Said::Nothing;
        }
        let Some(mut columns) = words.group() else { return Said::Unsure };
        while let Some(mut item) = columns.item() {
            if self.is_column(&mut item) {
                return Said::Type(item.type_name().to_owned());
            }
        }
        Said::Unsure
    }

    fn altered(&self, mut words: Words<'_>) -> Said {
        words.accept("if exists");
        words.accept("only");
        let Some(name) = words.name() else { return Said::Unsure };
        words.sign("*");
        let table = Name::new(&name);
        let mut said = Said::Nothing;
        while let Some(mut item) = words.item() {
            if item.accept("rename") {
                if item.accept("to") {
                    let to = item.ident().unwrap_or_default();
                    if table == self.table || table.clone().renamed(to) == self.table {
                        return Said::Unsure;
                    }
                } else if table == self.table && !item.accept("constraint") {
                    item.accept("column");
                    let from = self.is_column(&mut item);
                    item.accept("to");
                    if from || self.is_column(&mut item) {
                        return Said::Unsure;
                    }
                }
                continue;
            }
            if item.clone().accept("set schema") && table.base() == self.table.base() {
                return Said::Unsure;
            }
            if table != self.table {
                continue;
            }
            match item.accept_any(&["add", "alter", "drop"]) {
                Some("add") => {
                    item.accept("column");
                    let perhaps = item.accept("if not exists");
                    if self.is_column(&mut item) {
                        said = if perhaps {
                            Said::Unsure
                        } else {
                            Said::Type(item.type_name().to_owned())
                        };
                    }
                }
                Some("alter") => {
                    item.accept("column");
                    if self.is_column(&mut item)
                        && item.accept_any(&["type", "set data type"]).is_some()
                    {
                        said = Said::Type(item.type_name().to_owned());
                    }
                }
                Some("drop") => {
                    item.accept("column");
                    item.accept("if exists");
                    if self.is_column(&mut item) {
                        said = Said::Unsure;
                    }
                }
                _ => {}
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(statements: &[&str], target: &str) -> bool {
        let history = History::from_revisions(Vec::new());
        let told = Told::at(&history, &[]);
        let retyped = Retyped { statement: statements.len(), table: "shop.t", column: "c", target };
        told.keeps(statements, retyped).values
    }

    #[test]
    fn the_last_word_on_a_type_counts() {
        let made = "CREATE TABLE shop.t (id int, c numeric(10,2) NOT NULL, CHECK (c > 0))";
        assert!(said(&[made], "numeric(12,2)"), "wider");
        assert!(said(&[made], "decimal(8, 2)"), "what does not fit is refused");
        assert!(!said(&[made], "numeric(12,1)"), "rounded");
        assert!(!said(&[made], "integer"));
        assert!(!said(&[], "numeric(12,2)"), "unknown");
        let narrower = "ALTER TABLE shop.t ALTER COLUMN c TYPE numeric(10,1), ADD d int";
        assert!(said(&[made, narrower], "numeric(12,1)"));
        assert!(said(&[made, "ALTER TABLE shop.t ADD d int, DROP e"], "numeric(12,2)"));
        assert!(said(&[made, "ALTER TABLE t ALTER c TYPE numeric(10,4)"], "numeric(12,2)"));
        for (old, new, holds) in [
            ("bigserial", "integer", true),
            ("bigint", "int", true),
            ("double precision", "int", false),
            ("timestamp(3)", "timestamp(6)", true),
            ("timestamptz", "timestamptz(3)", false),
            ("interval(3)", "interval(4)", true),
            ("interval", "interval year to month", false),
            ("time(2)", "time(4)", true),
            ("timestamp", "time", false),
            ("numeric", "numeric(10,2)", false),
            ("int", "numeric(10,2)", true),
            ("shop.cents", "numeric(10,2)", false),
        ] {
            assert_eq!(
                said(&[&format!("CREATE TABLE shop.t (c {old})")], new),
                holds,
                "{old} {new}"
            );
        }
    }

    #[test]
    fn what_may_be_another_column_is_not_known() {
        let made = "CREATE TABLE shop.t (c numeric(10,2))";
        for after in [
            "ALTER TABLE shop.t RENAME c TO d",
            "ALTER TABLE shop.t RENAME COLUMN d TO c",
            "ALTER TABLE shop.u RENAME TO t",
            "ALTER TABLE public.t SET SCHEMA shop",
            "ALTER TABLE shop.t DROP COLUMN c",
            "ALTER TABLE shop.t ADD COLUMN IF NOT EXISTS c numeric(10,4)",
            "DROP TABLE a, shop.t",
            "CREATE TABLE shop.t (LIKE shop.u)",
            "CREATE TABLE shop.t AS SELECT 1.5 AS c",
            "DO $$ BEGIN EXECUTE 'ALTER TABLE shop.t ALTER c TYPE numeric'; END $$",
        ] {
            assert!(!said(&[made, after], "numeric(12,2)"), "{after}");
        }
    }
}
