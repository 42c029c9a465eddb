//! The schema before and after one revision.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{Bench, Manage, source};
use crate::{
    engine::{Control, Error, Event},
    revision::Node,
    schema::Snapshot,
};

/// Builds the schema that a revision starts from and the one that it makes, in one scratch database:
/// everything it stands on is run, then the revision itself.
pub async fn around(bench: &Bench, node: Node) -> Result<(Snapshot, Snapshot), Error> {
    let graph = bench.history.graph();
    let manage = Manage::of(&bench.project);
    let scratch = source::make(bench).await?;
    for below in graph.parents(node).iter().chain(graph.dependencies(node)) {
        source::upgrade(bench, &scratch, graph.id(*below).as_str(), &counted(bench)).await?;
    }
    let before = source::read(bench, scratch.connector(), &"the schema before").await?;
    bench.stage("running the revision");
    let silent = bench.control.clone().observed(|_| {});
    source::upgrade(bench, &scratch, graph.id(node).as_str(), &silent).await?;
    let after = source::read(bench, scratch.connector(), &"the schema after").await?;
    scratch.remove().await;
    Ok((manage.filter(&before), manage.filter(&after)))
}

/// Tells which of the revisions runs.
fn counted(bench: &Bench) -> Control {
    let (tell, all) = (bench.control.clone(), Arc::new(AtomicUsize::new(0)));
    bench.control.clone().observed(move |event| match event {
        Event::Planned(plan) => all.store(plan.len(), Ordering::Relaxed),
        Event::RevisionStarted { index, attempt: 1 } => {
            let all = all.load(Ordering::Relaxed);
            tell.emit(Event::Stage(format!("running revision {} of {all}", index + 1)));
        }
        _ => {}
    })
}
