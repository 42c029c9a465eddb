//! PostgreSQL's own rules, as pure functions: tokens, statements, names, locks.
//!
//! Nothing here knows limbeck's files or a connection. Facts carry their source: the PostgreSQL
//! documentation or source file they were taken from.

pub mod category;
pub mod ident;
pub mod impact;
pub mod keyword;
pub mod lex;
pub(crate) mod secret;
pub mod split;
pub mod statement;
pub(crate) mod words;
