//! The schema engine against real servers: scratch databases, models, comparisons, proofs.

mod support;

#[path = "schema/diff.rs"]
mod diff;
#[path = "schema/models.rs"]
mod models;
#[path = "schema/proof.rs"]
mod proof;
#[path = "schema/reading.rs"]
mod reading;
#[path = "schema/renames.rs"]
mod renames;
#[path = "schema/scratch.rs"]
mod scratch;

use std::{path::PathBuf, sync::Arc};

use limbeck::{
    config::Config,
    db::Connector,
    engine::{
        Actor, Control, Project,
        schema::{self, Bench, Comparison, Source, Wishes},
    },
    revision::History,
};

use self::support::{TestDb, client_program, server};

/// A workbench beside a test's database, on an empty project, with `pg_dump` where there is one.
fn bench(db: &TestDb, root: impl Into<PathBuf>) -> Bench {
    let actor = Actor { host: Some("test".into()), ..Actor::default() };
    let project = Project::new(Config::default_for(root), actor);
    let history = Arc::new(History::from_revisions(Vec::new()));
    let home = Connector::new(db.connection());
    let mut bench = Bench::new(project, history, home, Control::silent());
    bench.pg_dump = client_program("pg_dump", server()).into_iter().collect();
    bench
}

/// Compares two texts of SQL.
async fn compare(bench: &Bench, old: &str, new: &str, renames: &[&str]) -> Comparison {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let source = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("our own folder");
        Source::Files(path)
    };
    let (old, new) = (source("old.sql", old), source("new.sql", new));
    let renames = renames.iter().map(|&text| text.to_owned()).collect();
    let wishes = Wishes { renames, ..Wishes::default() };
    schema::compare(bench, &old, &new, &wishes).await.expect("both can be built")
}

/// The scratch databases that a process has left.
async fn left_by(db: &TestDb, pid: u32) -> Vec<String> {
    let rows = db
        .client()
        .await
        .query(
            "SELECT datname::text FROM pg_database
              WHERE shobj_description(oid, 'pg_database') LIKE '%process ' || $1 || ' %'",
            &[&pid.to_string()],
        )
        .await
        .expect("pg_database can be read");
    rows.iter().map(|row| row.get(0)).collect()
}
