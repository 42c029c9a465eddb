//! The sample project of this repository: its history leads to its models, and back to nothing.

mod support;

use std::{path::PathBuf, process::Command, sync::Arc};

use limbeck::{
    db::Connector,
    engine::{Actor, Control, Engine, Project},
};
use support::{TestDb, client_program, database};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn engine(db: &TestDb) -> Engine {
    let config = limbeck::config::Config::default_for(root());
    let project = Project::new(config, Actor::default());
    let history = project.history();
    history.check().expect("the sample has no problems");
    project.engine(Arc::new(history), Connector::new(db.connection()))
}

/// The schema as `pg_dump` sees it, without limbeck's own tables and without psql commands. Nothing
/// where there is no such program: then the runs alone are the test.
fn dump(db: &TestDb) -> Vec<String> {
    let server = db.server();
    let Some(pg_dump) = client_program("pg_dump", server) else { return Vec::new() };
    let output = Command::new(pg_dump)
        .args(["--schema-only", "--exclude-schema=limbeck"])
        .env("PGPASSWORD", &server.password)
        .args(["-h", &server.host, "-p", &server.port.to_string()])
        .args(["-U", &server.user, &db.name])
        .output()
        .expect("pg_dump told its version before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut entries: Vec<String> = text
        .split("\n\n\n")
        .map(|entry| {
            entry
                .lines()
                .filter(|l| !l.starts_with("--") && !l.starts_with('\\'))
                .collect::<Vec<_>>()
                .join("\n")
        })
        .filter(|entry| !entry.trim().is_empty())
        .collect();
    entries.sort();
    entries
}

/// The models as one script, in an order that works: by file name, tables others need first.
fn models() -> String {
    ["account", "catalog", "orders", "payments", "reporting"]
        .map(|name| {
            std::fs::read_to_string(root().join(format!("models/{name}.sql"))).expect("a model")
        })
        .join("\n")
}

#[tokio::test]
async fn the_history_leads_to_the_models_and_back() {
    let (migrated, declared) = (database().await, database().await);
    let empty = dump(&migrated);
    let engine = engine(&migrated);

    let up = engine.upgrade("head", &Control::silent()).await.expect("upgrade");
    assert_eq!(up.done.len(), engine.history.revisions().len());
    declared.client().await.batch_execute(&models()).await.expect("the models load");
    assert_eq!(dump(&migrated), dump(&declared));

    engine.downgrade("base", &Control::silent()).await.expect("downgrade");
    assert_eq!(dump(&migrated), empty);

    // And once more: nothing was left behind that would be in the way.
    engine.upgrade("head", &Control::silent()).await.expect("second upgrade");
    assert_eq!(dump(&migrated), dump(&declared));
}

#[tokio::test]
async fn each_revision_goes_up_down_and_up() {
    let db = database().await;
    let engine = engine(&db);
    let mut before = dump(&db);
    let plan =
        limbeck::revision::target::upgrade(engine.history.graph(), &[], "head").expect("a plan");
    for step in &plan.moves {
        let id = engine.history.graph().id(step.node.expect("an upgrade names revisions")).clone();
        engine.upgrade(id.as_str(), &Control::silent()).await.expect("up");
        let after = dump(&db);
        // A merge has two parents: one step down would be two ways.
        if engine.history.graph().parents(step.node.expect("as above")).len() < 2 {
            let parent = engine.history.graph().parents(step.node.expect("as above"));
            let to = parent
                .first()
                .map_or("base".to_owned(), |p| engine.history.graph().id(*p).to_string());
            // Of a fork only the branch of this revision goes down.
            let spec = format!("{id}@{to}");
            engine.downgrade(&spec, &Control::silent()).await.expect("down");
            assert_eq!(dump(&db), before, "{id} does not undo what it did");
            engine.upgrade(id.as_str(), &Control::silent()).await.expect("up again");
            assert_eq!(dump(&db), after, "{id} differs the second time");
        }
        before = after;
    }
}
