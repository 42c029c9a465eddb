//! What an identifier, a target or a range means in a history with branches, a merge, labels and a
//! dependency.

use std::{collections::BTreeSet, path::Path, sync::LazyLock};

use limbeck::revision::{Direction, History, RevisionId, file, target};

/// a1 - b2 - c3 - m4, with s5 beside c3, joined by m4; label `shop` from s5; x6 stands alone and needs b2.
static HISTORY: LazyLock<History> = LazyLock::new(|| {
    let one = |id: &str, revises: &str, more: &str| {
        let text = format!(
            "-- {id}\n--\n-- Revision ID: {id}\n-- Revises: {revises}\n{more}\n-- migrate:up\n\n-- migrate:down\n"
        );
        file::parse(Path::new(id), text.as_bytes()).unwrap()
    };
    let history = History::from_revisions(vec![
        one("a1", "", ""),
        one("b2", "a1", ""),
        one("c3", "b2", ""),
        one("s5", "b2", "-- Branch Labels: shop\n"),
        one("m4", "c3, s5", ""),
        one("x6", "", "-- Depends On: b2\n"),
    ]);
    assert!(history.problems().is_empty());
    history
});

/// It means something whose plan fits the rows it starts from, or is refused in one line.
pub(crate) fn holds(spec: &str) {
    let graph = HISTORY.graph();
    let refused = |error: &target::TargetError| {
        let said = error.to_string();
        assert!(
            !said.is_empty() && said.lines().count() <= 1 + spec.lines().count(),
            "{spec:?}: {said}"
        );
    };
    for rows in [&[][..], &["b2"], &["c3", "s5"], &["m4", "x6"], &["nowhere"]] {
        let rows: Vec<RevisionId> = rows.iter().map(|id| RevisionId::new(*id)).collect();
        match target::resolve(graph, &rows, spec) {
            Ok(nodes) => assert!(nodes.iter().all(|node| node.index() < graph.len())),
            Err(error) => refused(&error),
        }
        match target::history(graph, &rows, Some(spec)) {
            Ok(nodes) => {
                let different: BTreeSet<usize> = nodes.iter().map(|node| node.index()).collect();
                assert_eq!(different.len(), nodes.len(), "{spec:?} lists one twice");
            }
            Err(error) => refused(&error),
        }
        for plan in [
            target::upgrade(graph, &rows, spec),
            target::downgrade(graph, &rows, spec),
            target::stamp(graph, &rows, &[spec], false),
            target::stamp(graph, &rows, &[spec], true),
            target::offline(graph, Direction::Up, spec),
            target::offline(graph, Direction::Down, spec),
            target::offline_stamp(graph, &[spec]),
        ] {
            match plan {
                Ok(plan) => {
                    let mut at: BTreeSet<RevisionId> = plan.before.iter().cloned().collect();
                    for op in plan.moves.iter().flat_map(|step| &step.rows) {
                        assert!(op.apply(&mut at), "{spec:?} from {rows:?}: {op:?} does not fit");
                    }
                }
                Err(error) => refused(&error),
            }
        }
    }
}
