//! The runner of schema pairs: what `tests/corpus.rs` and `examples/corpus.rs` share.
//!
//! A pair is two scripts that describe a schema before and after a change. Both are loaded into
//! databases of their own; limbeck plans from one to the other and back; psql runs the plans; and
//! `pg_dump` says whether the result is what was asked for. limbeck's own snapshots are compared
//! too, but never decide alone: what the reader does not see, the writer forgets as well.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "no user needs everything")]
#![allow(clippy::print_stderr, reason = "what is not compared is said")]

pub mod arguments;
pub mod case;
pub mod dump;
pub mod host;
pub mod kept;
pub mod mutate;
pub mod pool;
pub mod run;

pub use self::{
    case::Case,
    host::Host,
    run::{Options, Report, Verdict},
};
