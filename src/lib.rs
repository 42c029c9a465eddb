//! limbeck: a schema manager for PostgreSQL that shows what it is about to do.
//!
//! The library is the engine behind the `limbeck` program: revision files and their graph
//! ([`revision`]), the runner that applies them without losing anything ([`engine`]), connections
//! ([`db`]), and the servers a project may run ([`server`]). A program that migrates on start-up
//! needs only [`Migrator`].
//!
//! # Layers
//!
//! Each module may use only modules of a lower rank; `tests/architecture.rs` enforces it.
//!
//! | rank | module | what it knows |
//! |---|---|---|
//! | 0 | [`code`], [`pg`] | error codes; PostgreSQL's lexical rules, statements, locks: pure |
//! | 1 | [`revision`], [`config`] | the history of revisions without a database; settings |
//! | 1 | [`schema`] | what a database contains: kinds of objects, snapshots, differences |
//! | 2 | [`present`], [`db`] | text for people (graph lanes, diffs, colours of SQL); connections |
//! | 2 | [`plan`] | differences to ordered statements |
//! | 3 | [`catalog`] | reading databases, scratch databases |
//! | 3 | [`models`] | the declared schema, built in a scratch database |
//! | 3 | [`server`] | running a PostgreSQL server |
//! | 4 | [`engine`] | the verbs: upgrade, downgrade, stamp, status, …; the public error |
//! | 5 | `worker` | the engine on tasks, for the interface |
//! | 6 | `tui`, `cli` | the two interfaces; neither knows the other |
//!
//! The library is silent: it never prints, never reads the environment, never ends the process.

pub mod catalog;
pub mod code;
pub mod config;
pub mod db;
pub mod engine;
pub mod hazard;
pub mod models;
pub mod pg;
pub mod plan;
pub mod present;
pub mod revision;
pub mod schema;
#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "tui")]
pub mod tui;
#[cfg(feature = "tui")]
pub mod worker;

pub use engine::{Error, Migrator};

/// The program of `docs/library.md`, so that it goes on compiling.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct LibraryGuide;
