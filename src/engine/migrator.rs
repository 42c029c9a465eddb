//! The library's front door: run what is pending, on start-up.

use super::{Error, Link, Report};
use crate::revision::Source;

/// Runs pending revisions; see `examples/migrate_on_startup.rs`.
#[derive(Clone, Debug)]
pub struct Migrator {}

impl Migrator {
    /// A migrator for these revisions and this database.
    pub fn new(source: Source, link: impl Into<Link>) -> Self {
        let _ = (source, link.into());
        todo!("helper E")
    }

    /// Upgrades to all heads; waits for another runner. Safe to call from many processes at once.
    pub async fn run(&self) -> Result<Report, Error> {
        todo!("helper E")
    }
}
