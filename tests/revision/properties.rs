//! What holds for every history.

use std::{collections::BTreeSet, path::Path};

use limbeck::revision::{
    Direction, Graph, Node, Plan, RevisionId, Script, file, order,
    target::{self},
};
use proptest::prelude::*;

use crate::reference::{self, Random, braid, hung, random};

fn ids(graph: &Graph, nodes: impl IntoIterator<Item = Node>) -> Vec<RevisionId> {
    let mut ids: Vec<RevisionId> = nodes.into_iter().map(|node| graph.id(node).clone()).collect();
    ids.sort();
    ids
}

fn nodes(graph: &Graph, rows: &[RevisionId]) -> Vec<Node> {
    rows.iter().map(|row| graph.find(row.as_str()).expect("a row is a revision")).collect()
}

/// The applied revisions that nothing applied stands on, over `norm`.
fn tips(graph: &Graph, applied: &BTreeSet<Node>) -> Vec<Node> {
    let covered: BTreeSet<Node> =
        applied.iter().flat_map(|&node| graph.lower(node)).copied().collect();
    applied.difference(&covered).copied().collect()
}

/// Runs a plan revision by revision and checks it against the reference at each step.
fn follow(graph: &Graph, plan: &Plan) {
    let mut rows: BTreeSet<Node> = nodes(graph, &plan.before).into_iter().collect();
    let mut applied: BTreeSet<Node> =
        reference::ancestors(graph, &nodes(graph, &plan.before)).into_iter().collect();
    for (at, one) in plan.moves.iter().enumerate() {
        let node = one.node.expect("only stamps have moves without a revision");
        let expected = match one.direction {
            Direction::Up => {
                assert!(graph.all_lower(node).iter().all(|lower| applied.contains(lower)));
                assert!(applied.insert(node));
                reference::up(graph, &mut rows, node)
            }
            Direction::Down => {
                assert!(graph.all_children(node).iter().all(|above| !applied.contains(above)));
                assert!(applied.remove(&node));
                reference::down(graph, &mut rows, node)
            }
        };
        assert_eq!(one.rows, expected);
        let after = plan.rows_after(at + 1);
        assert_eq!(after, ids(graph, rows.iter().copied()));
        // The rows always stand for exactly what is applied.
        let covered: BTreeSet<Node> =
            reference::ancestors(graph, &nodes(graph, &after)).into_iter().collect();
        assert_eq!(covered, applied);
        if one.direction == Direction::Up {
            assert_eq!(after, ids(graph, tips(graph, &applied)));
        }
    }
}

/// A state of the database: some revisions applied, with rows at their tips.
fn state(graph: &Graph, pick: &[u16]) -> Vec<RevisionId> {
    let start: Vec<Node> =
        pick.iter().map(|&at| Node(u32::from(at) % graph.len() as u32)).collect();
    let applied: BTreeSet<Node> = reference::ancestors(graph, &start).into_iter().collect();
    ids(graph, tips(graph, &applied))
}

fn spec_for(graph: &Graph, at: u16) -> String {
    graph.id(Node(u32::from(at) % graph.len() as u32)).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn graphs_follow_the_specification(history in random(40)) {
        let graph = history.graph();
        for node in graph.nodes() {
            prop_assert_eq!(graph.dependencies(node), reference::normalised(&graph, node));
        }
        let labels = reference::labels(&graph);
        for node in graph.nodes() {
            let expected: Vec<&String> = labels[node.index()].iter().collect();
            prop_assert_eq!(graph.labels(node).iter().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_fast_order_is_the_specified_order(history in random(60), applied in prop::collection::vec(any::<u16>(), 0..4), goals in prop::collection::vec(any::<u16>(), 1..5)) {
        let graph = history.graph();
        let goals: Vec<Node> = goals.iter().map(|&at| Node(u32::from(at) % graph.len() as u32)).collect();
        let below: Vec<Node> = applied.iter().map(|&at| Node(u32::from(at) % graph.len() as u32)).collect();
        for goals in [goals, graph.real_heads()] {
            let mut set = graph.ancestors(&goals);
            for (wanted, applied) in set.iter_mut().zip(graph.ancestors(&below)) {
                *wanted &= !applied;
            }
            prop_assert_eq!(order::newest_first(&graph, &set, &goals), reference::newest_first(&graph, &set, &goals));
        }
    }

    #[test]
    fn up_to_anything_and_down_again(history in random(40), applied in prop::collection::vec(any::<u16>(), 0..3), goal in any::<u16>()) {
        let graph = history.graph();
        let rows = state(&graph, &applied);
        for spec in ["heads".to_owned(), spec_for(&graph, goal)] {
            let plan = target::upgrade(&graph, &rows, &spec).expect("an upgrade to a revision");
            follow(&graph, &plan);
            let back = target::downgrade(&graph, &plan.after(), "base").expect("a downgrade to base");
            follow(&graph, &back);
            prop_assert_eq!(back.after(), Vec::new());
        }
    }

    #[test]
    fn a_downgrade_undoes_what_stands_on_its_target(history in random(40), applied in prop::collection::vec(any::<u16>(), 1..4), goal in any::<u16>()) {
        let graph = history.graph();
        let rows = state(&graph, &applied);
        if let Ok(plan) = target::downgrade(&graph, &rows, &spec_for(&graph, goal)) {
            follow(&graph, &plan);
            if graph.overlap(&nodes(&graph, &plan.after())).is_none() {
                // What was undone can be done again, and leads back to the same rows.
                let mut again = plan.after();
                for row in &rows {
                    again = target::upgrade(&graph, &again, row.as_str()).expect("up again").after();
                }
                prop_assert_eq!(again, rows);
            }
        }
    }

    #[test]
    fn rows_of_a_downgrade_where_much_depends_on_much(history in prop_oneof![braid(60), hung(20)], goal in any::<u16>()) {
        let graph = history.graph();
        let rows = target::upgrade(&graph, &[], "heads").expect("an upgrade to the heads").after();
        for spec in ["base".to_owned(), spec_for(&graph, goal)] {
            if let Ok(plan) = target::downgrade(&graph, &rows, &spec) {
                follow(&graph, &plan);
            }
        }
    }

    #[test]
    fn a_merge_and_its_downgrade(history in random(30)) {
        let Random { mut vertices } = history;
        let heads = { let (graph, _) = Graph::build(vertices.clone()); ids(&graph, graph.heads()) };
        vertices.push(limbeck::revision::graph::Vertex { id: RevisionId::new("merged"), down: heads, depends_on: Vec::new(), labels: Vec::new() });
        let graph = Random { vertices }.graph();
        let up = target::upgrade(&graph, &[], "head").expect("one head");
        follow(&graph, &up);
        prop_assert_eq!(up.after(), vec![RevisionId::new("merged")]);
        follow(&graph, &target::downgrade(&graph, &up.after(), "base").expect("to base"));
    }

    #[test]
    fn no_identifier_panics(history in random(12), applied in prop::collection::vec(any::<u16>(), 0..3), spec in "(l00[0-9]@|r00[0-9]@|nosuch@)?(r00[0-9]|l00[0-9]|head|heads|base|current|r0|)?([+-][0-9]{1,2})?(:(r00[0-9]|[+-][1-4]|head|)?)?|\\PC{0,12}") {
        let graph = history.graph();
        let rows = state(&graph, &applied);
        let all = [
            target::upgrade(&graph, &rows, &spec),
            target::downgrade(&graph, &rows, &spec),
            target::stamp(&graph, &rows, &[&spec], false),
            target::offline(&graph, Direction::Up, &spec),
            target::offline(&graph, Direction::Down, &spec),
        ];
        for plan in all.into_iter().take(2).flatten() {
            follow(&graph, &plan);
        }
        for error in [target::history(&graph, &rows, Some(&spec)), target::resolve(&graph, &rows, &spec)].into_iter().filter_map(Result::err) {
            prop_assert!(!error.message.is_empty() && !error.message.ends_with('.'));
        }
    }

    #[test]
    fn stamps_end_where_they_say(history in random(30), applied in prop::collection::vec(any::<u16>(), 0..4), goal in any::<u16>()) {
        let graph = history.graph();
        let rows = state(&graph, &applied);
        let spec = spec_for(&graph, goal);
        if let Ok(plan) = target::stamp(&graph, &rows, &[&spec], false) {
            prop_assert!(plan.after().iter().any(|row| row.as_str() == spec));
        }
        let purged = target::stamp(&graph, &rows, &[&spec], true).expect("purged stamps always fit");
        prop_assert_eq!(purged.after(), vec![RevisionId::new(spec)]);
    }

    #[test]
    fn no_file_panics_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = file::read(Path::new("x.sql"), &bytes);
    }

    #[test]
    fn printing_and_parsing_agree(text in "(-- [a-zA-Z: ,0-9]{0,20}\n){0,3}(-- Revision ID: [a-z0-9 .]{1,8}\n)(-- (Revises|Depends On|Branch Labels): [a-z0-9, ]{0,12}\n){0,3}\n*(-- migrate:(up|down)( transaction:(true|false))?\n[a-z';$\n -]{0,30}\n){0,4}") {
        let reading = file::read(Path::new("x.sql"), text.as_bytes());
        if let (Some(one), true) = (reading.revision, reading.errors.is_empty()) {
            let printed = file::print(&one);
            let two = file::parse(Path::new("x.sql"), printed.as_bytes()).expect("what was printed is a revision");
            prop_assert_eq!((&one.id, &one.message, &one.down, &one.depends_on), (&two.id, &two.message, &two.down, &two.depends_on));
            prop_assert_eq!((&one.branch_labels, one.created), (&two.branch_labels, two.created));
            for direction in [Direction::Up, Direction::Down] {
                prop_assert_eq!(one.script.checksum(direction), two.script.checksum(direction));
                prop_assert_eq!(bodies(&one.script, direction), bodies(&two.script, direction));
            }
            prop_assert_eq!(file::print(&two), printed);
        }
    }
}

fn bodies(script: &Script, direction: Direction) -> Option<Vec<(bool, String)>> {
    let sections = script.sections(direction)?;
    Some(
        sections
            .iter()
            .map(|section| {
                (section.transactional, script.body(section).trim_matches('\n').to_owned())
            })
            .collect(),
    )
}
