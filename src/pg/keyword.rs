//! PostgreSQL's keywords (`src/include/parser/kwlist.h`).

/// Tells whether `word` (any case) is a keyword of PostgreSQL.
pub fn is_keyword(word: &str) -> bool {
    let _ = word;
    todo!("helper A")
}
