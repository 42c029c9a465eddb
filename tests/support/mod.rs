//! What every integration test needs: a real PostgreSQL, a fresh database, the built program, and
//! a project folder to run it in.
//!
//! Each test crate says `mod support;`. Nothing here uses limbeck's own connections, so that a bug
//! there cannot hide itself.

#![allow(dead_code, unreachable_pub, reason = "no test crate uses every helper")]

mod cluster;
mod database;
pub mod kit;
mod own;
mod program;
mod project;
mod proxy;

#[allow(unused_imports, reason = "no test crate uses every helper")]
pub use self::{
    cluster::{Server, client_program, need_binaries, server},
    database::{TestDb, database},
    own::Cluster,
    program::{Ran, forked, on, run, three},
    project::{Project, limbeck, project},
    proxy::{At, Fault, Proxy, When},
};
