//! Reading databases: one snapshot of everything, and scratch databases to build things in.

mod load;

pub use load::{LoadError, load};
