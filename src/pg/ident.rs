//! Quoting of identifiers and literals.

use std::fmt;

/// Returns `name` as an SQL identifier, quoted unless it is plain lower case and no keyword.
pub fn quote_ident(name: &str) -> String {
    let _ = name;
    todo!("helper A")
}

/// Returns `text` as an SQL string literal; `E''` when it holds a backslash.
pub fn quote_literal(text: &str) -> String {
    let _ = text;
    todo!("helper A")
}

/// A table name, always printed with its schema and quoted as needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    /// The schema.
    pub schema: String,
    /// The relation.
    pub name: String,
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
    }
}
