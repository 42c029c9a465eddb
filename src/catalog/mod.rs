//! Reading databases: one snapshot of everything, and scratch databases to build things in.

pub mod filter;
mod gather;
mod lanes;
mod load;
mod reader;
pub mod rows;
pub mod scratch;
pub mod sizes;
mod unmanaged;

pub use load::{LoadError, load, load_wide};
pub use reader::Reader;
pub use scratch::{Owner, Scratch, ScratchError};
